/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: any bytes that the kernel would take as a program are lifted to what the interpreter says that they do.
 */
#include <stdlib.h>
#include <string.h>

#include "bpf/prog.h"
#include "names/abi.h"
#include "names/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void compare_at(const struct callgate_prog *prog, const struct callgate_filter *filter,
		       const struct callgate_call *call)
{
	struct callgate_action want, got;
	int r = callgate_filter_decide(filter, call, &got, NULL);

	demand(callgate_prog_eval(prog, call, &want, NULL) == 0);
	demand(r == CALLGATE_E_UNSUPPORTED || (r == 0 && action_equal(got, want)));
}

/* Where the program may change its mind: at each of its constants and beside it, in each word of the call. */
static void compare(const struct callgate_prog *prog, const struct callgate_filter *filter, enum callgate_abi abi)
{
	for (unsigned i = 0; i < prog->count && i < 64; i++) {
		for (int step = -1; step <= 1; step++) {
			struct callgate_call call = { .abi = abi, .nr = prog->insns[i].k + (uint32_t)step };
			uint64_t k = call.nr;

			for (unsigned arg = 0; arg < 6; arg++)
				call.args[arg] = (i + arg) % 3 == 0 ? k : (i + arg) % 3 == 1 ? k << 32 : k << 32 | k;
			compare_at(prog, filter, &call);
			call.nr = prog->insns[prog->count - 1 - i].k;
			compare_at(prog, filter, &call);
		}
	}
}

static void write_all(const struct callgate_prog *prog, const struct callgate_filter *filter)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t size;
	char *text;

	demand(callgate_prog_write(prog, CALLGATE_PROG_ASM, &text, &size, &err) == 0);
	free(text);
	if (callgate_filter_write_pfc(filter, &text, &size, &err) == 0)
		free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog, *again;
	struct callgate_filter *filter;
	int r;

	if (callgate_prog_parse(data, size, CALLGATE_ABI_X86_64, &prog, &err) < 0)
		return 0;
	r = callgate_filter_lift(prog, "fuzz", CALLGATE_ABI_X86_64, &filter, &err);
	demand(r == 0 || (r == CALLGATE_E_LIMIT && strstr(err.text, "too complex")));
	if (r == 0) {
		for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++)
			compare(prog, filter, (enum callgate_abi)abi);
		write_all(prog, filter);
		/* What was lifted compiles to a program that is proved, or is beyond a profile, or too long. */
		r = callgate_filter_compile(filter, &again, &err);
		demand(r == 0 || r == CALLGATE_E_UNSUPPORTED || r == CALLGATE_E_LIMIT);
		if (r == 0)
			callgate_prog_free(again);
		callgate_filter_free(filter);
	}
	callgate_prog_free(prog);
	return 0;
}
