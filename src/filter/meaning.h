/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Meaning: the canonical form of a decision. A reduced, ordered, hash-consed binary decision diagram over the 6 x 64
 * argument bits, with actions as terminals (origins do not count: equality of meaning is equality of actions). In one
 * table two decisions mean the same exactly when they are the same reference. One table serves many filters.
 */
#ifndef CALLGATE_FILTER_MEANING_H
#define CALLGATE_FILTER_MEANING_H

#include "filter/filter.h"

struct meaning;
typedef uint32_t meaning_ref;

enum { MEANING_LIMIT = 1 << 18 };

int meaning_new(struct meaning **out, struct callgate_err *err);
struct meaning *meaning_free(struct meaning *meaning);

/* The reference of a decision; memoised per node of a filter. E_LIMIT "too complex" past MEANING_LIMIT nodes. */
int meaning_of(struct meaning *meaning, const struct callgate_filter *filter, const struct node *node, meaning_ref *out,
	       struct callgate_err *err);

/* Whether a reference may reach an opaque leaf; *pc is one of them. */
bool meaning_is_opaque(const struct meaning *meaning, meaning_ref ref, unsigned *pc);
/* The action when the reference is one action for all arguments. */
bool meaning_is_constant(const struct meaning *meaning, meaning_ref ref, struct callgate_action *out);
/* One step into the diagram: the argument bit that is asked first (0 is argument 0's highest) and what is left where it
 * is 0 and where it is 1. False: the reference is an action, or opaque, for all arguments. */
bool meaning_split(const struct meaning *meaning, meaning_ref ref, unsigned *bit, meaning_ref *low, meaning_ref *high);
/* Arguments on which two references differ (false: they are the same). Unconstrained bits are 0. */
bool meaning_witness(const struct meaning *meaning, meaning_ref a, meaning_ref b, uint64_t args[6]);
/* How b stands to a over all arguments: a set of these bits. Strictness is the kernel's precedence of kinds. */
enum meaning_relation {
	MEANING_SAME = 1 << 0,    /* somewhere the same action */
	MEANING_TIGHTER = 1 << 1, /* somewhere b is stricter */
	MEANING_LOOSER = 1 << 2,  /* somewhere a is stricter */
	MEANING_OTHER = 1 << 3,   /* somewhere the same kind with other data */
	MEANING_UNKNOWN = 1 << 4, /* somewhere one of them is opaque */
};
int meaning_relate(struct meaning *meaning, meaning_ref a, meaning_ref b, unsigned *out, struct callgate_err *err);
/* Arguments at which one of the wanted relations holds, preferring small numbers; one of them must hold somewhere. */
int meaning_witness_of(struct meaning *meaning, meaning_ref a, meaning_ref b, unsigned wanted, uint64_t args[6],
		       struct callgate_err *err);
/* The kernel's precedence, pointwise: of two filters' actions the stricter one, of equal kinds newer's data. */
int meaning_meet(struct meaning *meaning, meaning_ref older, meaning_ref newer, meaning_ref *out,
		 struct callgate_err *err);

#endif
