/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Agree: a program run against a filter, at every place where either may change its mind.
 *
 * Numbers: both ends of every interval, every constant that the program compares with, and their neighbours. Arguments:
 * from a first call, every comparison that either side met is answered the other way (and just beside), one argument at
 * a time; a call that took a way not seen before is the start of further ones. So every way through both is tried, up
 * to a bound.
 */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/agree.h"

#include "base/err.h"
#include "filter/filter.h"
#include "names/abi.h"
#include "names/words.h"

enum {
	CALLS_QUEUED = 512,     /* ways that further calls start from, per number */
	WAYS_SEEN = 1024,       /* slots of the table of ways, a power of two */
	FILTER_STEPS = 256,     /* tests of a filter's way whose neighbours are tried */
	CALLS_NUMBER = 1 << 14, /* calls tried with one number */
	CALLS_ALL = 1 << 19,    /* calls after which each number gets its first two only */
};

struct agreement {
	const struct callgate_prog *prog;
	const struct callgate_filter *filter;
	struct callgate_err *err;
	uint32_t *numbers; /* constants of the program and neighbours, sorted */
	size_t number_count;
	uint64_t queue[CALLS_QUEUED][6];
	unsigned queued;
	uint64_t ways[WAYS_SEEN];
	unsigned way_count;
	unsigned calls, calls_number; /* tried, of the number at hand */
	bool number_counts;           /* some call's way depended on the number */
};

/* ------------------------------------------------------------------ one call */

struct way {
	struct prog_trace trace;
	const struct test *tests[FILTER_STEPS];
	unsigned test_count;
	uint64_t signature;
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 31);
}

static const struct node *start_of(const struct callgate_filter *filter, uint32_t audit, uint32_t nr)
{
	const struct filter_arch *arch = filter_arch_of(filter, audit);

	return arch ? arch->spans[span_at(arch, nr)].node : filter->other_arch;
}

static int run_call(struct agreement *agreement, const struct node *node, const struct prog_data *call, struct way *way)
{
	struct callgate_action got;

	way->trace.count = 0;
	way->test_count = 0;
	got = action_from_word(prog_eval_traced(agreement->prog, call, NULL, &way->trace));
	way->signature = mix(mix(1, call->audit), call->nr);
	way->signature = mix(way->signature, action_word(got));
	while (!node->leaf) {
		if (way->test_count < FILTER_STEPS)
			way->tests[way->test_count++] = &node->test;
		node = test_holds(&node->test, call->args) ? node->yes : node->no;
		way->signature = mix(way->signature, node->id);
	}
	for (unsigned i = 0; i < way->trace.count; i++) {
		const struct prog_compare *compare = &way->trace.seen[i];

		way->signature = mix(way->signature, (uint64_t)compare->offset << 32 | compare->k);
		if (compare->offset == offsetof(struct seccomp_data, nr))
			agreement->number_counts = true;
	}
	if (!way->signature)
		way->signature = mix(mix(1, call->audit), call->nr);
	way->signature = mix(way->signature, action_word(got));
	if (!node->opaque && action_equal(got, node->action))
		return 0;
	return prog_disagree(call, got, node->action, agreement->err);
}

/* ------------------------------------------------------------------ ways through the arguments */

/* True when this way is new and there is room to remember it. */
static bool way_is_new(struct agreement *agreement, uint64_t signature)
{
	size_t at = signature & (WAYS_SEEN - 1);

	for (unsigned i = 0; i < 16; i++, at = (at + 1) & (WAYS_SEEN - 1)) {
		if (agreement->ways[at] == signature)
			return false;
		if (!agreement->ways[at]) {
			agreement->ways[at] = signature;
			agreement->way_count++;
			return true;
		}
	}
	return false;
}

/* Tries a call; where its way is new, it is a start for others. */
static int try_call(struct agreement *agreement, const struct node *node, const struct prog_data *call)
{
	struct way way;
	int r = run_call(agreement, node, call, &way);

	agreement->calls++;
	agreement->calls_number++;
	if (!r && way_is_new(agreement, way.signature) && agreement->queued < CALLS_QUEUED) {
		for (unsigned i = 0; i < 6; i++)
			agreement->queue[agreement->queued][i] = call->args[i];
		agreement->queued++;
	}
	return r;
}

/* Values of one argument around (argument & mask) == value, the bits outside mask as they are and turned over. */
static int try_around(struct agreement *agreement, const struct node *node, struct prog_data call,
		      const struct test *test)
{
	uint64_t mask = test->mask, value = test->value;
	unsigned arg = test->arg;
	uint64_t outside = call.args[arg] & ~mask, lowest = mask & -mask;
	const uint64_t tries[] = {
		(value & mask) | outside,
		(value & mask) | ~mask,
		value & mask,
		value + 1,
		value - 1,
		((value + lowest) & mask) | outside,
		((value - lowest) & mask) | outside,
		(~value & mask) | outside,
		value ^ lowest,
		value ^ (mask & ~(mask >> 1)),
		value ^ ((uint64_t)1 << 32),
		value ^ ((uint64_t)1 << 63),
		value | (uint64_t)UINT32_MAX << 32,
		(uint32_t)value,
	};
	int r = 0;

	if (agreement->calls_number > CALLS_NUMBER || agreement->calls > CALLS_ALL)
		return 0;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]) && !r; i++) {
		call.args[arg] = tries[i];
		r = try_call(agreement, node, &call);
	}
	return r;
}

/* Neighbours of one call: every comparison that it met, the other way. */
static int try_neighbours(struct agreement *agreement, const struct node *node, const struct prog_data *call)
{
	struct way way;
	int r = run_call(agreement, node, call, &way);

	for (unsigned i = 0; i < way.test_count && !r; i++)
		r = try_around(agreement, node, *call, way.tests[i]);
	for (unsigned i = 0; i < way.trace.count && !r; i++) {
		const struct prog_compare *compare = &way.trace.seen[i];
		unsigned shift = (compare->offset % 8 == 4) != agreement->prog->big_endian ? 32 : 0;
		struct test test = { .mask = (uint64_t)compare->mask << shift, .value = (uint64_t)compare->k << shift };

		test.arg = (uint8_t)((compare->offset - offsetof(struct seccomp_data, args)) / 8);
		if (compare->offset >= offsetof(struct seccomp_data, args))
			r = try_around(agreement, node, *call, &test);
	}
	return r;
}

static int try_number(struct agreement *agreement, uint32_t audit, uint32_t nr)
{
	const struct node *node = start_of(agreement->filter, audit, nr);
	struct prog_data call = { .nr = nr, .audit = audit, .ip = 0x7f0012345678 };
	int r;

	if (agreement->way_count > WAYS_SEEN / 2) {
		for (unsigned i = 0; i < WAYS_SEEN; i++)
			agreement->ways[i] = 0;
		agreement->way_count = 0;
	}
	agreement->queued = 0;
	agreement->calls_number = 0;
	r = try_call(agreement, node, &call);
	for (unsigned i = 0; i < 6; i++)
		call.args[i] = UINT64_MAX;
	if (!r)
		r = try_call(agreement, node, &call);
	for (unsigned next = 0; next < agreement->queued && !r; next++) {
		for (unsigned i = 0; i < 6; i++)
			call.args[i] = agreement->queue[next][i];
		r = try_neighbours(agreement, node, &call);
	}
	return r;
}

/* ------------------------------------------------------------------ numbers */

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Sorts and makes each number stand once; returns how many are left. */
static size_t numbers_sort(uint32_t *numbers, size_t count)
{
	size_t kept = 0;

	qsort(numbers, count, sizeof(*numbers), by_number);
	for (size_t i = 0; i < count; i++)
		if (!kept || numbers[i] != numbers[kept - 1])
			numbers[kept++] = numbers[i];
	return kept;
}

static size_t numbers_around(uint32_t *numbers, size_t count, uint32_t value)
{
	numbers[count++] = value - 1;
	numbers[count++] = value;
	numbers[count++] = value + 1;
	return count;
}

static int try_arch(struct agreement *agreement, uint32_t audit)
{
	const struct filter_arch *arch = filter_arch_of(agreement->filter, audit);
	size_t spans = arch ? arch->span_count : 0, count = agreement->number_count;
	uint32_t *numbers = malloc((count + 3 * spans) * sizeof(*numbers));
	int r;

	if (!numbers)
		return err_nomem(agreement->err);
	for (size_t i = 0; i < count; i++)
		numbers[i] = agreement->numbers[i];
	for (size_t i = 0; i < spans; i++)
		count = numbers_around(numbers, count, arch->spans[i].first);
	count = numbers_sort(numbers, count);
	/* Where neither side looks at the number, as on most foreign architectures, one number is as good as all. */
	agreement->number_counts = spans > 1;
	r = try_number(agreement, audit, numbers[0]);
	for (size_t i = 1; i < count && agreement->number_counts && !r; i++)
		r = try_number(agreement, audit, numbers[i]);
	free(numbers);
	return r;
}

static int try_all(struct agreement *agreement)
{
	static const uint32_t foreign[] = {
		0, UINT32_MAX, AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_S390X, AUDIT_ARCH_MIPS
	};
	static const uint32_t always[] = { 0, 0x40000000, 0x80000000 };
	const struct callgate_prog *prog = agreement->prog;
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		count = numbers_around(agreement->numbers, count, always[i]);
	for (unsigned pc = 0; pc < prog->count; pc++)
		if (BPF_CLASS(prog->insns[pc].code) == BPF_JMP && BPF_OP(prog->insns[pc].code) != BPF_JA)
			count = numbers_around(agreement->numbers, count, prog->insns[pc].k);
	agreement->number_count = numbers_sort(agreement->numbers, count);
	for (size_t i = 0; i < agreement->filter->arch_count && !r; i++)
		r = try_arch(agreement, agreement->filter->arches[i].audit);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]) && !r; i++)
		if (!filter_arch_of(agreement->filter, foreign[i]))
			r = try_arch(agreement, foreign[i]);
	return r;
}

int prog_agree(const struct callgate_prog *prog, const struct callgate_filter *filter, struct callgate_err *err)
{
	struct agreement *agreement = calloc(1, sizeof(*agreement));
	int r;

	if (!agreement)
		return err_nomem(err);
	agreement->prog = prog;
	agreement->filter = filter;
	agreement->err = err;
	agreement->numbers = calloc(3 * (size_t)prog->count + 16, sizeof(*agreement->numbers));
	r = agreement->numbers ? try_all(agreement) : err_nomem(err);
	free(agreement->numbers);
	free(agreement);
	return r;
}
