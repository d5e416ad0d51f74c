/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compile: a filter becomes a program that is checked and proved equal to it; programs read, run, measured and written.
 */
#include <linux/filter.h>

#include "base/err.h"
#include "bpf/prog.h"
#include "bpf/text.h"
#include "callgate.h"
#include "filter/filter.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

/* The proof over a compiled program's own bytes is here, and only here: whatever compiles comes this way. */
static int compiled_is_right(const struct callgate_prog *prog, const struct callgate_filter *filter,
			     struct callgate_err *err)
{
	return prog_check(prog, err) ? CALLGATE_E_MISMATCH : prog_prove(prog, filter, err);
}

int callgate_filter_compile(const struct callgate_filter *filter, struct callgate_prog **out, struct callgate_err *err)
{
	struct callgate_prog *prog = NULL;
	int r;

	REQUIRE(err, filter && out);
	r = filter_refuse_unknown(filter, err);
	if (r == 0)
		r = prog_lower(filter, &prog, err);
	if (r < 0)
		return r;
	r = compiled_is_right(prog, filter, err);
	if (r) {
		callgate_prog_free(prog);
		return err_negative(r);
	}
	*out = prog;
	return 0;
}

const struct sock_filter *callgate_prog_instructions(const struct callgate_prog *prog)
{
	return prog ? prog->insns : NULL;
}

unsigned callgate_prog_count(const struct callgate_prog *prog)
{
	return prog ? prog->count : 0;
}

/* Declared in runtime/hooks.h, for hooks that make denials visible. */
void callgate_prog_add_flags(struct callgate_prog *prog, uint32_t flags);
void callgate_prog_add_flags(struct callgate_prog *prog, uint32_t flags)
{
	prog->flags |= flags;
}

uint32_t callgate_prog_flags(const struct callgate_prog *prog)
{
	return prog ? prog->flags : 0;
}

int callgate_prog_parse(const void *bytes, size_t size, enum callgate_abi native, struct callgate_prog **out,
			struct callgate_err *err)
{
	REQUIRE(err, bytes && out && abi_of(native));
	return prog_from_bytes(bytes, size, abi_of(native)->big_endian, out, err);
}

int callgate_prog_eval(const struct callgate_prog *prog, const struct callgate_call *call,
		       struct callgate_action *action, unsigned *steps)
{
	const struct abi *abi = call ? abi_of(call->abi) : NULL;
	struct prog_data data;

	REQUIRE(NULL, prog && abi && action);
	data = (struct prog_data){ .nr = call->nr, .audit = abi->audit };
	for (unsigned i = 0; i < 6; i++)
		data.args[i] = call->args[i];
	*action = action_from_word(prog_eval(prog, &data, steps));
	return 0;
}

/* Instructions on the longest way through, wherever it leads. Ways only go forward: from the last to the first. */
static unsigned longest_path(const struct callgate_prog *prog)
{
	uint16_t longest[PROG_LIMIT] = { 0 };

	for (unsigned pc = prog->count; pc-- > 0;) {
		const struct sock_filter *insn = &prog->insns[pc];
		const uint16_t *next = &longest[pc] + 1;

		if (BPF_CLASS(insn->code) == BPF_RET)
			longest[pc] = 1;
		else if (insn->code == (BPF_JMP | BPF_JA))
			longest[pc] = next[insn->k] + 1;
		else if (BPF_CLASS(insn->code) == BPF_JMP)
			longest[pc] = (next[insn->jt] > next[insn->jf] ? next[insn->jt] : next[insn->jf]) + 1;
		else
			longest[pc] = next[0] + 1;
	}
	return longest[0];
}

int callgate_prog_measure(const struct callgate_prog *prog, enum callgate_abi native, struct callgate_prog_stats *out)
{
	uint64_t steps_all = 0;
	unsigned calls = 0;

	REQUIRE(NULL, prog && out && abi_of(native));
	for (int id = 0; id < syscall_count(); id++) {
		int64_t nr = syscall_nr(id, native);
		unsigned steps;

		if (nr == SYSCALL_NONE)
			continue;
		prog_eval(prog, &(struct prog_data){ .nr = (uint32_t)nr, .audit = abi_of(native)->audit }, &steps);
		steps_all += steps;
		calls++;
	}
	out->instructions = prog->count;
	out->longest_path = longest_path(prog);
	out->mean_path_x100 = calls ? (unsigned)(steps_all * 100 / calls) : 0;
	return 0;
}

int callgate_prog_write(const struct callgate_prog *prog, enum callgate_prog_format format, char **out, size_t *size,
			struct callgate_err *err)
{
	REQUIRE(err, prog && out && size);
	switch (format) {
	case CALLGATE_PROG_RAW:
		return prog_write_raw(prog, out, size, err);
	case CALLGATE_PROG_ASM:
		return prog_write_asm(prog, out, size, err);
	case CALLGATE_PROG_C:
		return prog_write_c(prog, out, size, err);
	case CALLGATE_PROG_BASE64:
		return prog_write_base64(prog, out, size, err);
	}
	return err_set(err, CALLGATE_E_ARG, "no such format");
}

int callgate_filter_write_pfc(const struct callgate_filter *filter, char **out, size_t *size, struct callgate_err *err)
{
	REQUIRE(err, filter && out && size);
	return filter_write_pfc(filter, out, size, err);
}
