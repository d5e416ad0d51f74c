/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filter: what a profile or a program means on one target. Per audit architecture, an interval map over all 2^32
 * syscall numbers; each interval has a decision over the arguments. This is the meeting place: resolve and lift make
 * filters, diff, explain, verify and the compiler take them, and never ask where one came from.
 *
 * x86_64 and x32 share an audit architecture, so they share a map: x32 numbers are intervals from 0x40000000 on.
 */
#ifndef CALLGATE_FILTER_FILTER_H
#define CALLGATE_FILTER_FILTER_H

#include "base/arena.h"
#include "callgate.h"

/* The one test shape: (argument & mask) op value, perhaps negated. Unsigned. For EQ, value has no bits outside mask. */
enum test_op { TEST_EQ, TEST_GT, TEST_GE };
struct test {
	uint64_t mask, value;
	uint8_t arg;    /* 0..5 */
	uint8_t op;     /* enum test_op */
	uint8_t negate; /* only in clauses: a node swaps its branches instead */
};

/*
 * A decision is a graph of nodes without cycles: leaves are actions, inner nodes are tests. Nodes are made once per
 * filter (hash-consed: equal nodes are one pointer), immutable, and live in the filter's arena. id counts from 0 in
 * order of making, so that children have smaller ids than their parents: passes keep tables indexed by id.
 */
struct node {
	uint32_t id;
	bool leaf;
	bool opaque;                   /* leaf: what no profile can say happens here; origin.line is the pc */
	struct callgate_action action; /* leaf */
	struct callgate_origin origin; /* leaf: who decided. Leaves of equal action and other origin are other nodes */
	struct test test;              /* inner */
	const struct node *yes, *no;   /* inner */
};

/* For people: conditions ANDed, the action, its origin; ordered, the first that matches counts. */
struct clause {
	const struct test *tests;
	unsigned test_count;
	struct callgate_action action;
	struct callgate_origin origin;
};

/* Numbers from first up to the next interval's first - 1 (the last one: up to 2^32 - 1). */
struct span {
	uint32_t first;
	const struct node *node;
	/* The argument conditions that made node, when they are known; else NULL and 0: node alone speaks (lifted
	 * programs). */
	const struct clause *clauses;
	unsigned clause_count;
	uint8_t weight; /* a wish of whoever made the policy: the greater, the sooner a program's search comes here */
	bool overlap;   /* clauses of different actions match one call: their order, strictest first, decides */
};

/* One audit architecture. spans are sorted, spans[0].first is 0, so they cover every number. */
struct filter_arch {
	uint32_t audit;
	const struct span *spans;
	size_t span_count;
};

/* A name in a rule that denies and that is no system call known here. */
struct unknown_name {
	const char *name; /* at most 64 bytes */
	struct callgate_origin origin;
	struct unknown_name *next;
};

struct callgate_filter {
	struct arena arena;
	struct filter_arch *arches; /* the target's native one first, otherwise in the order listed */
	size_t arch_count;
	const struct node
		*other_arch; /* what every other audit architecture gets; may test arguments (lifted programs) */
	const struct node *fallback; /* leaf: the profile's default action; NULL for lifted programs */
	uint32_t flags;              /* SECCOMP_FILTER_FLAG_* wanted at load; 0 for lifted programs */
	bool has_flags;
	enum callgate_abi
		abis[CALLGATE_ABI_COUNT]; /* ABIs that are answered for, native first; x32 only where listed */
	unsigned abi_count;
	const char *name; /* of the source, for messages */
	struct unknown_name
		*unknown; /* of rules that deny, in the profile's order: compilers and writers refuse (rule 4) */
	struct unknown_name *unknown_last;
	uint32_t node_count;      /* ids run from 0 to node_count - 1 */
	bool incomplete;          /* lifted programs: too complex, some numbers have filter_too_complex() */
	struct filter_work *work; /* of its own memory: questions about a const filter cost, too */
	/* hash-consing; private to filter.c */
	const struct node **table;
	size_t table_size;
	size_t arch_room;
};

enum { FILTER_NODE_LIMIT = 1 << 18, FILTER_WORK_LIMIT = 1 << 23 };

/*
 * What has been worked out about a filter since its last operation began: one budget for everything that an operation
 * does with it (diagrams, conditions, rows), so that no program keeps us busy. A step is some tens of nanoseconds.
 */
struct filter_work {
	uint64_t spent;
	void *kept; /* of a former question, for the next one: filter/clauses.c */
	void (*release)(void *kept);
};
/* An operation begins. */
void filter_work_start(const struct callgate_filter *filter);
/* False: the budget is used up, what is asked is too complex. */
bool filter_spend(const struct callgate_filter *filter, uint64_t steps);
uint64_t filter_work_left(const struct callgate_filter *filter);

/* E_PROFILE with the place of the first unknown name; 0: there is none. */
int filter_refuse_unknown(const struct callgate_filter *filter, struct callgate_err *err);

int filter_new(const char *name, struct callgate_filter **out, struct callgate_err *err);
/* NULL: out of memory or past FILTER_NODE_LIMIT. */
const struct node *filter_leaf(struct callgate_filter *filter, struct callgate_action action,
			       struct callgate_origin origin);
const struct node *filter_opaque(struct callgate_filter *filter, unsigned pc);
/* Opaque too: what happens there would take too much work to find out. */
const struct node *filter_too_complex(struct callgate_filter *filter);
/* Answers yes when both branches are the same node; folds tests that are always or never true (mask 0, GE 0, GT mask
 * ...). */
const struct node *filter_test(struct callgate_filter *filter, struct test test, const struct node *yes,
			       const struct node *no);

/* The map of an audit architecture, NULL when the filter has none (other_arch answers). */
const struct filter_arch *filter_arch_of(const struct callgate_filter *filter, uint32_t audit);
/* Index of the span that holds nr. */
size_t span_at(const struct filter_arch *arch, uint32_t nr);
/* Last number of span i. */
static inline uint32_t span_last(const struct filter_arch *arch, size_t i)
{
	return i + 1 < arch->span_count ? arch->spans[i + 1].first - 1 : UINT32_MAX;
}

/* The leaf that a call reaches. audit, nr and arguments as the kernel would hand them over. */
const struct node *filter_walk(const struct callgate_filter *filter, uint32_t audit, uint32_t nr,
			       const uint64_t args[6]);
bool test_holds(const struct test *test, const uint64_t args[6]);
/* Written alike; tests that only mean the same are not found out here. negate does not count. */
bool test_same(const struct test *a, const struct test *b);

/*
 * A map under construction: spans are added in ascending order. Neighbours with the same node and no clauses become
 * one. On failure the map remembers it: filter_add_arch() answers. Start from { 0 }.
 */
struct span_map {
	struct span *spans; /* malloc'ed */
	size_t count, room;
	bool failed;
};
void span_map_add(struct span_map *map, const struct span *span);
/* Puts a finished map into the filter (copied into its arena) and releases it, on failure too. The first span starts at
 * 0. Architectures keep the order in which they are added. */
int filter_add_arch(struct callgate_filter *filter, uint32_t audit, struct span_map *map, struct callgate_err *err);
void span_map_release(struct span_map *map);
/* A program need not ask for the architecture of a call, and a task need not have a filter. Where other architectures
 * are not simply denied, calls of this machine's other ABIs may pass: these are then listed, with a map of their own,
 * so that whoever asks about each ABI does not pass over them. */
int filter_list_open(struct callgate_filter *filter, enum callgate_abi native, struct callgate_err *err);

#endif
