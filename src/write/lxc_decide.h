/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each name gets in LXC text: the half between a filter and its text. Private to write/lxc.c, lxc_decide.c and
 * lxc_clauses.c. */
#ifndef CALLGATE_WRITE_LXC_DECIDE_H
#define CALLGATE_WRITE_LXC_DECIDE_H

#include "base/text.h"
#include "filter/actions.h"
#include "write/lxc.h"

enum { LXC_ABI_MAX = 3 };

enum lxc_style { STYLE_ALLOWLIST, STYLE_DENYLIST };

struct lxc_writer {
	const struct callgate_filter *filter;
	const struct callgate_target *target;
	enum callgate_lxc_bound bound;
	enum callgate_abi abis[LXC_ABI_MAX]; /* that LXC makes the text for, the host first */
	unsigned abi_count;
	enum lxc_style style;
	/* PLAIN: libseccomp would refuse the rules, or what it makes of rules that overlap is not predicted. Where the
	 * text may be looser, names with conditions and those around a multiplexer stay open; where it may be stricter,
	 * names whose conditions lead to different actions get the strictest. */
	enum { EFFORT_FULL, EFFORT_PLAIN } effort;
	struct callgate_action fallback;
	struct callgate_filter *scratch; /* decisions of the text, and the filter's with KILL_PROCESS as KILL_THREAD */
	const struct node **ceiling;     /* by the id of the filter's nodes: the same in scratch */
	const struct node **copying;     /* lxc_ceiling()'s stack: a path, so never more than the filter has nodes */
	struct meaning *meaning;
	struct text text; /* what is written so far */
	struct callgate_err *err;
};

/* What one name gets. */
struct lxc_verdict {
	enum { NAME_ABSENT, NAME_DEFAULT, NAME_ACTION, NAME_CLAUSES } kind;
	struct callgate_action action;
	const struct clause *clauses; /* of an ABI with this argument width */
	uint8_t word;
	bool *kept; /* which of them */
	unsigned clause_count;
};

/* One condition in LXC's words, made from a clause's test. */
struct lxc_condition {
	const char *op;
	uint64_t value, mask;
	struct test test; /* what it means where words have 64 bits */
};

/* False: LXC has no words for a test of a clause from an ABI with that argument width. */
bool lxc_condition_of(const struct test *test, uint8_t word, struct lxc_condition *out);

/* The nearest action that the text has on the right side. LOG, TRACE and NOTIFY, which it cannot say, become a denial
 * or ALLOW. */
struct callgate_action lxc_nearest(const struct lxc_writer *writer, struct callgate_action action);
/* Whether something of the text that stands so to the filter (enum meaning_relation) is on the right side of it. */
bool lxc_within(const struct lxc_writer *writer, unsigned relation);
/* The number that LXC gives a name on an ABI, or SYSCALL_NONE. */
int64_t lxc_number(const struct lxc_writer *writer, int id, enum callgate_abi abi);
/* NULL: the filter has no map for the ABI. */
const struct span *lxc_span_of(const struct lxc_writer *writer, enum callgate_abi abi, uint32_t nr);

/* The clauses of the first ABI on which the name depends on arguments, and denials that follow from them. */
int lxc_find_clauses(struct lxc_writer *writer, int id, struct lxc_verdict *out);
/* LXC has no words for a clause that asks one argument twice. */
bool lxc_is_expressible(const struct clause *clause, uint8_t word);
/* All that a name's kept clauses come to on an ABI of that word. only: one of them, or -1. NULL: out of memory. */
const struct node *lxc_clauses_node(struct lxc_writer *writer, const struct lxc_verdict *verdict, uint8_t word,
				    int only);

/*
 * The default answers for all numbers that no name reaches: those that are newer than libseccomp, gaps, what LXC passes
 * over. It is what the host's highest numbers get (ENOSYS where the profile says so: libraries then fall back), unless
 * a number without a name is to get something stricter, or looser. Where that is ALLOW the text is a denylist.
 */
int lxc_choose_default(struct lxc_writer *writer);

int lxc_decide_name(struct lxc_writer *writer, int id, struct lxc_verdict *out);

/* The strictness that the text may not go below: the filter's decision in writer->scratch, with KILL_PROCESS, which LXC
 * has no word for, as KILL_THREAD. */
int lxc_ceiling(struct lxc_writer *writer, const struct node *node, const struct node **out);

#endif
