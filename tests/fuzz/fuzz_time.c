/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: no program, however random, keeps lifting, comparing and listing busy for more than two seconds. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bpf/prog.h"
#include "random_prog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The sanitizers that targets are built with make everything several times slower. */
enum { SECONDS = 2, SLOWER = 5, OUTCOMES = 64 };

/* The bytes, and when they are used up what a generator makes of the last ones. */
struct bytes {
	const uint8_t *at;
	size_t left;
	uint32_t state;
};

static uint32_t next_word(void *data)
{
	struct bytes *bytes = data;

	if (bytes->left >= 4) {
		memcpy(&bytes->state, bytes->at, 4);
		bytes->at += 4;
		bytes->left -= 4;
	}
	bytes->state = bytes->state * 1664525u + 1013904223u;
	return bytes->state >> 8;
}

static struct callgate_filter *lift(const struct random_source *from)
{
	static struct sock_filter insns[BPF_MAXINSNS];
	uint32_t count = 1 + random_below(from, BPF_MAXINSNS);
	struct callgate_filter *filter = NULL;
	struct callgate_prog *prog;

	random_prog(from, random_below(from, 4), insns, count);
	if (callgate_prog_parse(insns, count * sizeof(*insns), CALLGATE_ABI_X86_64, &prog, NULL) < 0)
		abort();
	if (callgate_filter_lift(prog, "fuzz", CALLGATE_ABI_X86_64, &filter, NULL) < 0)
		filter = NULL;
	callgate_prog_free(prog);
	return filter;
}

static void list_all(const struct callgate_filter *filter)
{
	static struct callgate_outcome outcomes[OUTCOMES];
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = callgate_filter_abis(filter, abis);

	for (unsigned i = 0; i < count; i++) {
		struct callgate_row row;

		for (size_t k = 0; callgate_filter_row(filter, abis[i], k, &row) == 0; k++) {
			struct callgate_pattern pattern = { .abi = abis[i], .nr = row.first };
			size_t found;

			(void)callgate_filter_outcomes(filter, &pattern, outcomes, OUTCOMES, &found);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { .at = data, .left = size, .state = (uint32_t)size };
	struct random_source from = { next_word, &bytes };
	struct callgate_filter *a = lift(&from), *b = lift(&from), *met = NULL;
	struct callgate_diff *diff = NULL;
	clock_t start = clock();

	if (a && b) {
		(void)!callgate_filter_meet((const struct callgate_filter *const[]){ a, b }, 2, &met, NULL);
		(void)!callgate_filter_diff(a, b, 0, &diff, NULL);
		list_all(a);
	}
	callgate_diff_free(diff);
	callgate_filter_free(met);
	callgate_filter_free(a);
	callgate_filter_free(b);
	if (clock() - start > SECONDS * SLOWER * CLOCKS_PER_SEC)
		abort();
	return 0;
}
