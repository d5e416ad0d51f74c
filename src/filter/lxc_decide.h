/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each name gets in LXC text: the half between a filter and its text. Private to filter/write_lxc.c and filter/lxc_decide.c. */
#ifndef CALLGATE_FILTER_LXC_DECIDE_H
#define CALLGATE_FILTER_LXC_DECIDE_H

#include "base/text.h"
#include "filter/actions.h"
#include "filter/write_lxc.h"

enum { LXC_ABI_MAX = 3 };

enum lxc_style { STYLE_ALLOWLIST, STYLE_DENYLIST };

struct lxc_writer {
	const struct callgate_filter *filter;
	const struct callgate_target *target;
	enum callgate_abi abis[LXC_ABI_MAX]; /* that LXC makes the text for, the host first */
	unsigned abi_count;
	enum lxc_style style;
	struct callgate_action fallback;
	struct callgate_filter *scratch; /* decisions of the text, and the filter's with KILL_PROCESS as KILL_THREAD */
	const struct node **ceiling;     /* by the id of the filter's nodes: the same in scratch */
	struct meaning *meaning;
	struct text text;                /* what is written so far */
	struct callgate_err *err;
};

/* What one name gets. */
struct lxc_verdict {
	enum { NAME_ABSENT, NAME_DEFAULT, NAME_ACTION, NAME_CLAUSES } kind;
	struct callgate_action action;
	const struct clause *clauses; /* of an ABI with this argument width */
	uint8_t word;
	bool *kept;                   /* which of them */
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

/* The nearest action that the text has. What the text cannot say and what is no plain ALLOW becomes a denial. */
struct callgate_action lxc_nearest(struct callgate_action action);

/*
 * The default answers for all numbers that no name reaches: those that are newer than libseccomp, gaps, what LXC passes over.
 * It is what the host's highest numbers get (ENOSYS where the profile says so: libraries then fall back), unless a number
 * without a name is to get something stricter. Only where all of them are allowed is the text a denylist.
 */
int lxc_choose_default(struct lxc_writer *writer);

int lxc_decide_name(struct lxc_writer *writer, int id, struct lxc_verdict *out);

/* The strictness that the text may not go below: the filter's decision in writer->scratch, with KILL_PROCESS, which LXC has no
 * word for, as KILL_THREAD. */
int lxc_ceiling(struct lxc_writer *writer, const struct node *node, const struct node **out);

#endif
