/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint of a filter: questions to its decisions, and what is made of the answers. */
#ifndef CALLGATE_FILTER_LINT_H
#define CALLGATE_FILTER_LINT_H

#include "callgate.h"

struct lint {
	const struct callgate_policy *policy;
	const struct callgate_filter *filter;
	struct callgate_notes *notes;
	enum callgate_abi host;
};

enum answer { ABSENT, ALLOWED, DENIED, MIXED };

struct reply {
	enum answer answer;
	struct callgate_action action; /* DENIED: the first one that denies, and where it comes from */
	struct callgate_origin origin;
};

bool lint_permits(enum callgate_action_kind kind);
/* What happens to a call with any arguments; ABSENT: the ABI has no such call. */
struct reply lint_ask(const struct lint *lint, enum callgate_abi abi, const char *call);
/* The same with the first argument given. */
struct reply lint_ask_first(const struct lint *lint, enum callgate_abi abi, const char *call, uint64_t value);
/* Some calls of it are allowed. */
bool may_pass(struct reply reply);
/* The author denies it by a rule; a default need not have been about this call. */
bool denied_by_rule(struct reply reply);
bool answers_enosys(struct reply reply);

/* Where in the profile's text a decision comes from. */
size_t lint_offset(const struct lint *lint, const struct callgate_origin *origin);

/* Names for a message. */
enum { NAMES = 12, NAMES_TEXT = 512 };
struct names {
	const char *of[NAMES];
	unsigned count;
};
void names_add(struct names *names, const char *name);
/* "'a', 'b' and 'c'" in buf; returns buf. */
const char *names_text(const struct names *names, char buf[NAMES_TEXT]);
const char *names_be(const struct names *names); /* "is" or "are" */

/* Calls that do what a rule denies. */
void lint_around(const struct lint *lint);
void lint_multiplexers(const struct lint *lint, enum callgate_abi abi);
/* Calls that runtimes and libraries make. */
void lint_needs(const struct lint *lint);
void lint_time64(const struct lint *lint, enum callgate_abi abi);

#endif
