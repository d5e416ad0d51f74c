/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the LXC reader share. Private to read_lxc*.c. */
#ifndef CALLGATE_POLICY_READ_LXC_H
#define CALLGATE_POLICY_READ_LXC_H

#include "policy/list.h"
#include "policy/policy.h"
#include "policy/report.h"

enum { LXC_RULES_LIMIT = 1 << 15 };

struct lxc {
	struct callgate_policy *policy;
	struct report report;
	struct arena scratch;
	struct list rules;
	struct verdict rule_default; /* what a line without an action word means */
	enum callgate_abi section;
	bool in_section; /* a section was begun, [all] too */
	bool out_of_memory;
	bool cr_here; /* a carriage return stood behind the line at hand */
	bool cr_said; /* one complaint about them is enough */
};

size_t lxc_offset(const struct lxc *lxc, const char *at);
/* Splits off the text up to the first blank; *rest is behind the blanks. */
struct slice lxc_word(struct slice text, struct slice *rest);
struct slice lxc_trim_right(struct slice text);
/* "errno 5", "kill" ...: the whole text is the action, a comment may follow. False: it is none, and reported. */
bool lxc_action(struct lxc *lxc, struct slice text, struct verdict *out);
/* A rule of version 2 in one line that is neither blank nor comment nor section. False: stop, no memory or too many. */
bool lxc_rule(struct lxc *lxc, struct slice line);
bool lxc_add_rule(struct lxc *lxc, const struct rule *rule, struct word name);

#endif
