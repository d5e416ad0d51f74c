/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Context: what a scmp_filter_ctx points to. Attributes, and per architecture the rules in the order in which they were
 * added. */
#ifndef CALLGATE_COMPAT_CONTEXT_H
#define CALLGATE_COMPAT_CONTEXT_H

#include "compat/arch.h"
#include "compat/interface.h"
#include "compat/tree.h"

/* The rules for one number of one architecture. */
struct call {
	int nr;           /* below 0: a pseudo number, about which no program is made, or -1 */
	bool valid;       /* false: only a priority was said */
	uint8_t priority; /* as the caller wants it */
	uint32_t action;  /* of a rule without conditions, which decides alone */
	int plain;        /* that rule; RULE_NONE */
	int root;         /* of the tree of the others */
	unsigned weight;  /* nodes in it */
	int first, last;  /* its rules, by their index in rules.list; RULE_NONE */
};

struct rule {
	int conditions; /* where its ARG_COUNT conditions begin in rules.conditions; RULE_NONE: it has none */
	uint32_t action;
	int nr;
	int next; /* of the same call */
};

struct rules {
	const struct arch *arch;
	struct call *calls;
	unsigned call_count, call_room;
	unsigned *index; /* of a call plus one, by number: open addressing, index_size is a power of two */
	unsigned index_size;
	struct rule *list;
	unsigned rule_count, rule_room;
	struct condition *conditions; /* ARG_COUNT for each rule that has any */
	unsigned condition_count, condition_room;
	struct tree tree;
};

/* What seccomp_attr_set() sets. */
struct attributes {
	uint32_t act_default, act_badarch;
	uint32_t nnp, tsync, tskip, log, ssb, optimize, sysrawrc, waitkill;
};

/* A state to go back to: copies of the filters as they were. */
struct snapshot {
	struct rules **filters;
	unsigned count;
	struct snapshot *next;
};

struct program {
	struct sock_filter *words;
	size_t count;
};

struct context {
	uint32_t magic; /* CONTEXT_MAGIC while it lives */
	struct attributes attributes;
	struct rules **filters;
	unsigned filter_count;
	struct snapshot *snapshots;
	bool notifies;          /* some action is NOTIFY */
	struct program program; /* what was computed last; words NULL: nothing since the last change */
};
enum { CONTEXT_MAGIC = 0x63617467 };

/* NULL unless it is one that seccomp_init() made and that has an architecture. */
struct context *context_of(scmp_filter_ctx ctx);

/* One rule as the caller has it, for the native architecture's number. */
struct request {
	struct condition args[ARG_COUNT];
	uint32_t action;
	int nr;
	bool exact;
};

struct rules *rules_new(const struct arch *arch);
struct rules *rules_free(struct rules *rules);
struct rules *rules_copy(const struct rules *from);
/* 0, -EEXIST, -EDOM, -EINVAL, -EFAULT, -ENOMEM. On failure the filter may have got a part of the rule. */
int rules_add(struct rules *rules, const struct request *request);
struct chain rules_chain(const struct rules *rules, int rule);
/* Takes the rules from count on away again. */
int rules_cut(struct rules *rules, unsigned count);
int rules_prioritise(struct rules *rules, int nr, uint8_t priority);

/* Writes the context as pseudo code. */
int pfc_write(const struct context *context, int fd);

#endif
