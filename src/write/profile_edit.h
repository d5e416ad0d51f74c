/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profile edit: the JSON text of a profile with the places of its rules and names, and the same text with some of them
 * left out or added; everything else stays byte for byte. */
#ifndef CALLGATE_WRITE_PROFILE_EDIT_H
#define CALLGATE_WRITE_PROFILE_EDIT_H

#include "base/arena.h"
#include "base/text.h"
#include "policy/policy.h"

/* One element of an array, [first, last) in the text. */
struct edit_element {
	size_t first, last;
	bool dropped;
	const char *instead; /* in its place; NULL: as it is */
	size_t instead_size;
};

struct edit_array {
	size_t first, last; /* with its brackets; 0, 0: there is none */
	struct edit_element *elements;
	unsigned count;
	struct slice *added; /* texts of new elements */
	unsigned added_count;
};

struct edit_key {
	struct slice key; /* without quotes */
	size_t first;     /* of the key */
	size_t value_first, value_last;
};

struct profile_edit {
	const struct source *source;
	struct arena *arena;
	struct edit_array rules;
	struct edit_array *names; /* per rule */
	struct edit_key *keys;    /* of the profile itself */
	unsigned key_count;
};

/* E_UNSUPPORTED: the text is not the JSON of a bare profile, or has other rules than the policy. */
int profile_edit_open(const struct callgate_policy *policy, struct arena *arena, struct profile_edit *out,
		      struct callgate_err *err);
const struct edit_key *profile_edit_key(const struct profile_edit *edit, const char *key);
/* A name that a rule has already is not added again by the caller. */
int edit_array_add(struct arena *arena, struct edit_array *array, struct slice text, struct callgate_err *err);
/* One rule with its names as they are now. */
void profile_edit_rule(const struct profile_edit *edit, unsigned rule, struct text *out);
/* The array of rules as it is now: a rule without names is left out. */
int profile_edit_rules(const struct profile_edit *edit, struct text *out, struct callgate_err *err);

#endif
