/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * List item: one element of a list of calls, as the SECCOMP_SYSCALL_* variables and the command line have them.
 *
 *   NAME                        the call, whatever its arguments
 *   NAME(CONDITION, ...)        only when all conditions hold: aN OP VALUE, or aN & MASK == VALUE
 *   NAME=ACTION                 ERRNO(EIO), or EIO for short, or any other action word; behind the conditions if there
 * are any
 *   *=ACTION                    what happens to calls that the list does not name
 *
 * OP is one of == != < <= > >=, N is 0 to 5, numbers are decimal or 0x. Blanks may stand between the words of a
 * condition and only there. Neither '(' nor '=' is part of any call's name, so that a list of bare names means what
 * it always meant, and an item holds no ':' so that lists may be separated by it.
 */
#ifndef CALLGATE_POLICY_LIST_ITEM_H
#define CALLGATE_POLICY_LIST_ITEM_H

#include "policy/policy.h"
#include "policy/report.h"

enum { ITEM_CONDITIONS = 6, ITEM_NAME_MAX = 127 /* what a name in SECCOMP_SYSCALL_* may have */ };

struct item {
	struct slice name;
	struct place name_at;
	bool any;        /* "*" */
	bool has_action; /* else the list's own counts */
	struct verdict verdict;
	struct condition conditions[ITEM_CONDITIONS];
	unsigned condition_count;
};

/* text lies in the report's source. False: an error was reported. Whether the call exists is not looked at. */
bool item_parse(struct slice text, struct report *report, struct item *out);

/* An action alone, as behind the '=' of an item. */
bool item_verdict(struct slice text, struct report *report, struct verdict *out);

/* The element that begins at *at, up to the next separator that is not in parentheses, and moves *at behind that; false
 * at the end. Empty elements are skipped. */
bool item_next(struct slice list, char separator, size_t *at, struct slice *out);

/*
 * The rule that an item makes; verdict counts where the item has none of its own. Copies into arena; false: no memory.
 */
bool item_rule(const struct item *item, struct arena *arena, const struct verdict *verdict, struct rule *out);

#endif
