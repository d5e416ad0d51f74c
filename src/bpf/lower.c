/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lower: a filter becomes a program.
 *
 *   ld [4]; jeq ARCH ...        one after the other, the native one first
 *   ld [0]                      the number
 *   jge, jeq ...                search among intervals of numbers
 *   ld [16..]; jeq, jgt, jset   arguments (lower_args.c), only where they decide
 *   ret
 *
 * The search tree is split by weight: numbers that exist are counted, so that wide, busy intervals lie near the top; an
 * interval whose decision is long counts more, so that the longest way stays short.
 */
#include "bpf/lower.h"

#include <linux/audit.h>
#include <linux/elf-em.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* ------------------------------------------------------------------ intervals */

struct interval {
	uint32_t first, last;
	asm_ref to;
	uint8_t wish; /* span.weight */
	bool lone;    /* is_lone() among all */
	uint64_t weight;
};

struct search {
	struct asm_graph *graph;
	struct interval *intervals;
	uint64_t *before; /* before[i]: weight of all intervals left of i */
	unsigned count;
};

enum {
	CALLS = 480, /* numbers that an ABI has, about */
	CALLS_X32 = 560,
	WEIGHT_NATIVE = 16, /* of one number that exists */
	WEIGHT_X32 = 1,     /* the same for x32, which few programs use */
	DEPTH_WISHED = 12,  /* of the tree: an interval weighs at least total / 2^(DEPTH_WISHED - its length) */
};

static uint64_t overlap(const struct interval *interval, uint32_t base, uint32_t count)
{
	uint64_t first = interval->first > base ? interval->first : base;
	uint64_t end = (uint64_t)interval->last + 1 < (uint64_t)base + count ? (uint64_t)interval->last + 1
									     : (uint64_t)base + count;

	return first < end ? end - first : 0;
}

static uint64_t calls_weight(const struct interval *interval, uint32_t audit)
{
	switch (audit & 0xffff) {
	case EM_X86_64:
		return overlap(interval, 0, CALLS) * WEIGHT_NATIVE +
		       overlap(interval, 0x40000000, CALLS_X32) * WEIGHT_X32;
	case EM_MIPS: /* the three ABIs count from 4000, 5000 and 6000 */
		return (overlap(interval, 4000, CALLS) + overlap(interval, 5000, CALLS) +
			overlap(interval, 6000, CALLS)) *
		       WEIGHT_NATIVE;
	default:
		return overlap(interval, 0, CALLS) * WEIGHT_NATIVE;
	}
}

/* A lone number between equal neighbours goes by one jeq. */
static bool is_lone(const struct interval *intervals, unsigned i, unsigned count)
{
	return i > 0 && i + 1 < count && intervals[i].first == intervals[i].last &&
	       intervals[i - 1].to == intervals[i + 1].to;
}

static void weigh(struct search *search, uint32_t audit)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < search->count; i++) {
		search->intervals[i].weight =
			1 + calls_weight(&search->intervals[i], audit) + (uint64_t)search->intervals[i].wish * CALLS;
		search->intervals[i].lone = is_lone(search->intervals, i, search->count);
		total += search->intervals[i].weight;
	}
	search->before[0] = 0;
	for (unsigned i = 0; i < search->count; i++) {
		struct interval *interval = &search->intervals[i];
		unsigned longest = search->graph->nodes[interval->to].longest;
		uint64_t least = longest < DEPTH_WISHED ? total >> (DEPTH_WISHED - longest) : total;

		if (interval->weight < least)
			interval->weight = least;
		search->before[i + 1] = search->before[i] + interval->weight;
	}
}

/* ------------------------------------------------------------------ the search tree */

/* Intervals are laid out as a chain that takes no more instructions than this. A chain tests every second interval at
 * best: more than FEW take more. */
enum { CHAIN_COST = 3, FEW = 2 * CHAIN_COST + 1 };

static asm_ref tree(struct search *search, unsigned from, unsigned to);

/* The boundary, from + 1 .. to - 1, that halves the weight best; of nearly equal ones, one that does not part a lone
 * number from a neighbour. */
static unsigned split_at(const struct search *search, unsigned from, unsigned to)
{
	uint64_t first = search->before[from], last = search->before[to], best = UINT64_MAX;
	unsigned at = to;

	for (unsigned i = from + 1; i < to; i++) {
		uint64_t left = search->before[i] - first, right = last - search->before[i];
		uint64_t cost = left > right ? left - right : right - left;

		if (search->intervals[i].lone || search->intervals[i - 1].lone)
			cost += (last - first) / 4;
		if (cost < best) {
			best = cost;
			at = i;
		}
	}
	return at;
}

/* Few intervals: lone numbers one after the other, then what is left. */
static asm_ref chain(struct search *search, const struct interval *intervals, unsigned count)
{
	struct interval rest[FEW];
	unsigned heaviest = 0, middle = (count + 1) / 2;

	if (count == 1)
		return intervals[0].to;
	for (unsigned i = 0; i < count; i++)
		if (is_lone(intervals, i, count) && (!heaviest || intervals[i].weight > intervals[heaviest].weight))
			heaviest = i;
	if (!heaviest)
		return asm_jump(search->graph, BPF_JGE, intervals[middle].first,
				chain(search, intervals + middle, count - middle), chain(search, intervals, middle));
	memcpy(rest, intervals, heaviest * sizeof(*rest));
	rest[heaviest - 1].last = intervals[heaviest + 1].last;
	memcpy(rest + heaviest, intervals + heaviest + 2, (count - heaviest - 2) * sizeof(*rest));
	return asm_jump(search->graph, BPF_JEQ, intervals[heaviest].first, intervals[heaviest].to,
			chain(search, rest, count - 2));
}

/* Instructions that chain() takes. */
static unsigned chain_cost(const struct interval *intervals, unsigned count)
{
	unsigned cost = count - 1;

	for (unsigned i = 0; i < count; i++)
		if (is_lone(intervals, i, count)) {
			cost--;
			i++; /* its right neighbour becomes one with its left one */
		}
	return cost;
}

static asm_ref tree(struct search *search, unsigned from, unsigned to)
{
	unsigned count = to - from, at;
	asm_ref yes;

	if (chain_cost(search->intervals + from, count) <= CHAIN_COST)
		return chain(search, search->intervals + from, count);
	at = split_at(search, from, to);
	yes = tree(search, at, to);
	return asm_jump(search->graph, BPF_JGE, search->intervals[at].first, yes, tree(search, from, at));
}

/* ------------------------------------------------------------------ the filter */

static asm_ref lower_arch(struct lowering *lowering, const struct filter_arch *arch, struct search *search)
{
	search->count = 0;
	for (size_t i = 0; i < arch->span_count; i++) {
		asm_ref to = lower_decision(lowering, arch->spans[i].node);
		struct interval *last = search->count ? &search->intervals[search->count - 1] : NULL;

		if (to == ASM_NONE)
			return ASM_NONE;
		if (last && last->to == to) {
			last->last = span_last(arch, i);
			last->wish = last->wish > arch->spans[i].weight ? last->wish : arch->spans[i].weight;
		} else
			search->intervals[search->count++] = (struct interval){ .first = arch->spans[i].first,
										.last = span_last(arch, i),
										.wish = arch->spans[i].weight,
										.to = to };
	}
	weigh(search, arch->audit);
	return asm_load(&lowering->graph, offsetof(struct seccomp_data, nr), tree(search, 0, search->count));
}

static asm_ref lower_filter(struct lowering *lowering, const struct callgate_filter *filter, struct search *search)
{
	struct asm_graph *graph = &lowering->graph;
	asm_ref root = lower_decision(lowering, filter->other_arch);

	for (size_t i = filter->arch_count; i-- > 0;)
		root = asm_jump(graph, BPF_JEQ, filter->arches[i].audit,
				lower_arch(lowering, &filter->arches[i], search), root);
	return asm_load(graph, offsetof(struct seccomp_data, arch), root);
}

static int lower_said(const struct lowering *lowering, struct callgate_err *err)
{
	switch (lowering->code) {
	case 0:
		return 0;
	case CALLGATE_E_UNSUPPORTED:
		return err_set(
			err, CALLGATE_E_UNSUPPORTED,
			"the program that the filter was read from is not expressible as a profile at instruction %u",
			lowering->opaque_pc);
	case CALLGATE_E_LIMIT:
		return err_set(err, CALLGATE_E_LIMIT, "too complex: more than %d tests of arguments in a row",
			       LOWER_TESTS_LIMIT);
	default:
		return err_nomem(err);
	}
}

static size_t most_spans(const struct callgate_filter *filter)
{
	size_t most = 1;

	for (size_t i = 0; i < filter->arch_count; i++)
		if (filter->arches[i].span_count > most)
			most = filter->arches[i].span_count;
	return most;
}

/* The kernel hands over struct seccomp_data in its own byte order, which is the native architecture's. */
static bool filter_big_endian(const struct callgate_filter *filter)
{
	if (filter->arch_count)
		return !(filter->arches[0].audit & __AUDIT_ARCH_LE);
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

/* Scratch memory of one compilation. */
struct work {
	struct search search;
	struct sock_filter *insns, *spare;
};

static int lower_once(const struct callgate_filter *filter, enum lower_facts use, struct work *work, unsigned *count,
		      struct callgate_err *err)
{
	struct lowering lowering = { .big_endian = filter_big_endian(filter) };
	asm_ref root = ASM_NONE;
	int r = lowering_start(&lowering, filter, use);

	work->search.graph = &lowering.graph;
	if (!r)
		root = lower_filter(&lowering, filter, &work->search);
	r = lower_said(&lowering, err);
	if (!r)
		r = asm_assemble(&lowering.graph, root, work->insns, count, err);
	lowering_release(&lowering);
	work->search.graph = NULL;
	return r;
}

/* Programs of up to this many instructions are not tried the other way. */
enum { SMALL = 512 };

/* What is known of arguments makes short ways, and mostly less code. Where it makes much of it, the other way may make
 * less. */
static int lower_best(const struct callgate_filter *filter, struct work *work, unsigned *count,
		      struct callgate_err *err)
{
	struct sock_filter *first = work->insns;
	unsigned other;
	int r = lower_once(filter, FACTS_USED, work, count, err);

	if (r ? r != CALLGATE_E_LIMIT : *count <= SMALL)
		return r;
	work->insns = work->spare;
	work->spare = first;
	if (lower_once(filter, FACTS_UNUSED, work, &other, err) == 0 && (r || other < *count)) {
		*count = other;
		return 0;
	}
	work->spare = work->insns;
	work->insns = first;
	return r;
}

int prog_lower(const struct callgate_filter *filter, struct callgate_prog **out, struct callgate_err *err)
{
	size_t most = most_spans(filter);
	struct work work = {
		.search.intervals = malloc(most * sizeof(struct interval)),
		.search.before = malloc((most + 1) * sizeof(uint64_t)),
		.insns = malloc(PROG_LIMIT * sizeof(struct sock_filter)),
		.spare = malloc(PROG_LIMIT * sizeof(struct sock_filter)),
	};
	unsigned count;
	int r;

	if (work.insns && work.spare && work.search.intervals && work.search.before)
		r = lower_best(filter, &work, &count, err);
	else
		r = err_nomem(err);
	if (!r)
		r = prog_new(work.insns, count, out, err);
	if (!r) {
		(*out)->flags = filter->flags;
		(*out)->big_endian = filter_big_endian(filter);
	}
	free(work.insns);
	free(work.spare);
	free(work.search.intervals);
	free(work.search.before);
	return r;
}
