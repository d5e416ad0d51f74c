/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Candidates: per ABI and syscall number, the rules that name it, in the profile's order. The intermediate form of
 * resolve. */
#ifndef CALLGATE_FILTER_CANDIDATES_H
#define CALLGATE_FILTER_CANDIDATES_H

#include "filter/filter.h"
#include "policy/policy.h"
#include "policy/traits.h"

/* One rule naming one call. */
struct candidate {
	const struct active_rule *rule;
	const struct word *name;
	struct callgate_origin origin; /* of the name */
	const struct node **leaf;      /* of a rule without conditions: what the call gets, once that is made; shared */
	bool is_default;               /* its action is the default one */
	bool conditional;              /* the rule has conditions */
	uint8_t weight;                /* the rule's */
	const struct candidate *next;
};

struct candidate_list {
	const struct candidate *first;
	struct candidate *last;
};

enum { MUX_COUNT = 2, MUX_SELECTORS = 32, NUMBER_LIMIT = 1 << 16, PAGE_SIZE = 64 };

/* Numbers are dense but for a few far away (ARM's private calls from 0xf0001 on): pages are made when a rule names a
 * number. */
struct candidate_page {
	struct candidate_list lists[PAGE_SIZE];
};

/* A number that lies beyond the table's reach: rules by number may name any. */
struct far_number {
	uint32_t nr;
	struct candidate_list list;
	struct far_number *next; /* the next higher one */
};

/* The members of one multiplexer (socketcall, ipc), by its first argument. */
struct mux_members {
	int id; /* the multiplexer's row in names/syscall */
	uint32_t nr;
	struct candidate_list by_selector[MUX_SELECTORS];
};

/*
 * libseccomp knows a call that an ABI does not have by a pseudo number below 0, and keeps a rule for it all the same.
 */
enum candidate_kind {
	HAS_UNCONDITIONAL = 1 << 0,
	HAS_CONDITIONAL = 1 << 1,
	HAS_PSEUDO_UNCONDITIONAL = 1 << 2,
	HAS_PSEUDO_CONDITIONAL = 1 << 3,
};

struct abi_candidates {
	enum callgate_abi abi;
	uint32_t base;                 /* number base + i is in pages[i / PAGE_SIZE] */
	struct candidate_page **pages; /* in the scratch arena; NULL where no rule names a number */
	uint32_t size;                 /* numbers, not pages */
	struct far_number *far;        /* ascending, all above base + size - 1 */
	uint32_t highest;              /* the highest number that a rule names */
	bool any;                      /* highest means something */
	struct mux_members mux[MUX_COUNT];
	unsigned mux_count;
	bool has_muxes; /* the ABI: calls may be members of socketcall or ipc */
	unsigned has;   /* enum candidate_kind: what rules there are */
};

struct candidates {
	struct abi_candidates abis[CALLGATE_ABI_COUNT];
	unsigned abi_count;
};

/* What candidates_collect() works on. */
struct resolution {
	const struct callgate_policy *policy;
	const struct callgate_target *target;
	const struct reader_traits *traits; /* of the target's reader */
	const struct active *active;
	struct callgate_filter *filter; /* takes file names of origins, and the dropped names */
	struct arena *scratch;
	struct callgate_notes *notes;
	struct overlap_report **overlaps; /* what has been reported so far; in scratch */
	bool lenient;                     /* filter_resolve_lenient() */
};

/* Whether of rules for one call the first that matches decides: the policy asks for it, or the reader does so. */
bool resolution_in_order(const struct resolution *res);

/* A rule that overlaps with an earlier one of another action. */
struct overlap_report {
	const struct word *name; /* of the later rule */
	unsigned line;           /* of the earlier one */
	struct overlap_report *next;
};

/* NULL: the target does not have this ABI. */
const struct abi_candidates *candidates_of(const struct candidates *all, enum callgate_abi abi);

/* The rules that name base + i; NULL for none. */
const struct candidate_list *candidates_at(const struct abi_candidates *space, uint32_t i);

/* The first rule without conditions; NULL for none. */
const struct candidate *candidates_unconditional(const struct resolution *res, const struct candidate_list *list,
						 uint8_t word);

int candidates_collect(const struct resolution *res, struct candidates *out, struct callgate_err *err);

/* Whether a rule's action permits more (positive) or less (negative) than the default. */
int candidate_direction(const struct callgate_action *action, const struct callgate_action *fallback);

#endif
