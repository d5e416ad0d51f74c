/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edit of a rebase: the author's text with the names and rules that were chosen, every other byte as it was. */
#ifndef CALLGATE_WRITE_REBASE_EDIT_H
#define CALLGATE_WRITE_REBASE_EDIT_H

#include "write/profile_edit.h"
#include "write/rebase_rules.h"

enum { REBASE_KEYS = 5 };

struct key_edit {
	struct slice value; /* in place of mine's; .at NULL: taken away */
	bool changed;
};

struct rebase_edit {
	const struct callgate_policy *const *policies; /* by enum side */
	struct arena *arena;
	struct profile_edit old, mine, theirs;
	struct slice *pending; /* per rule of the new default: names for a copy of it */
	struct key_edit keys[REBASE_KEYS];
};

/* policies and arena are there already. new_arches: the result has the new default's architectures. E_UNSUPPORTED: each
 * side changed a key of the profile in its own way. */
int rebase_edit_open(struct rebase_edit *edit, bool new_arches, struct callgate_err *err);
/* The name goes from rules of mine that are not wanted, and into those that are. */
int rebase_edit_name(struct rebase_edit *edit, struct slice name, const struct refs *mine, const struct refs *wanted,
		     struct callgate_err *err);
int rebase_edit_write(struct rebase_edit *edit, struct text *out, struct callgate_err *err);

#endif
