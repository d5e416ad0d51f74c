/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint of a filter: what happens to a call, in one word, and where in the text that is said. */
#include <stdio.h>
#include <string.h>

#include "filter/lint.h"
#include "names/syscall.h"
#include "names/words.h"
#include "policy/policy.h"

enum { OUTCOMES = 32 };

/* ------------------------------------------------------------------ questions */

bool lint_permits(enum callgate_action_kind kind)
{
	return kind == CALLGATE_ALLOW || kind == CALLGATE_LOG;
}

static struct reply ask_pattern(const struct lint *lint, const struct callgate_pattern *pattern)
{
	struct callgate_outcome outcomes[OUTCOMES];
	struct reply reply = { .answer = MIXED };
	size_t count = 0, allowed = 0;

	if (callgate_filter_outcomes(lint->filter, pattern, outcomes, OUTCOMES, &count) < 0 || count > OUTCOMES)
		return reply;
	for (size_t i = 0; i < count; i++) {
		/* What a supervisor or tracer decides is neither allowed nor denied. */
		if (outcomes[i].opaque || outcomes[i].action.kind == CALLGATE_NOTIFY ||
		    outcomes[i].action.kind == CALLGATE_TRACE)
			return reply;
		if (lint_permits(outcomes[i].action.kind)) {
			allowed++;
		} else if (i == allowed) {
			reply.action = outcomes[i].action;
			reply.origin = outcomes[i].origin;
		}
	}
	reply.answer = allowed == count ? ALLOWED : allowed ? MIXED : DENIED;
	return reply;
}

static bool pattern_of(enum callgate_abi abi, const char *call, struct callgate_pattern *out)
{
	int64_t nr = syscall_nr(syscall_find((struct slice){ call, strlen(call) }), abi);

	*out = (struct callgate_pattern){ .abi = abi, .nr = (uint32_t)nr };
	return nr != SYSCALL_NONE;
}

struct reply lint_ask(const struct lint *lint, enum callgate_abi abi, const char *call)
{
	struct callgate_pattern pattern;

	return pattern_of(abi, call, &pattern) ? ask_pattern(lint, &pattern) : (struct reply){ .answer = ABSENT };
}

struct reply lint_ask_first(const struct lint *lint, enum callgate_abi abi, const char *call, uint64_t value)
{
	struct callgate_pattern pattern;

	if (!pattern_of(abi, call, &pattern))
		return (struct reply){ .answer = ABSENT };
	pattern.args[0] = value;
	pattern.known = 1;
	return ask_pattern(lint, &pattern);
}

bool may_pass(struct reply reply)
{
	return reply.answer == ALLOWED || reply.answer == MIXED;
}

bool denied_by_rule(struct reply reply)
{
	return reply.answer == DENIED && reply.origin.why == CALLGATE_BY_RULE;
}

bool answers_enosys(struct reply reply)
{
	return reply.answer == DENIED && reply.action.kind == CALLGATE_ERRNO && reply.action.data == ERRNO_ENOSYS;
}

/* ------------------------------------------------------------------ saying */

size_t lint_offset(const struct lint *lint, const struct callgate_origin *origin)
{
	const struct source *source = &lint->policy->source;
	const char *at = source->text, *end = at + source->size;

	if (origin->why != CALLGATE_BY_RULE || !origin->line)
		return lint->policy->fallback.at.offset;
	for (unsigned line = 1; line < origin->line && at < end; line++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return lint->policy->fallback.at.offset;
		at++;
	}
	return (size_t)(at - source->text) + origin->column - 1;
}

void names_add(struct names *names, const char *name)
{
	for (unsigned i = 0; i < names->count && i < NAMES; i++)
		if (strcmp(names->of[i], name) == 0)
			return;
	if (names->count < NAMES)
		names->of[names->count] = name;
	names->count++;
}

const char *names_text(const struct names *names, char buf[NAMES_TEXT])
{
	unsigned count = names->count < NAMES ? names->count : NAMES;
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < count && used < NAMES_TEXT; i++) {
		const char *between = i == 0 ? "" : i + 1 == names->count ? " and " : ", ";

		used += (size_t)snprintf(buf + used, NAMES_TEXT - used, "%s'%s'", between, names->of[i]);
	}
	if (names->count > NAMES && used < NAMES_TEXT)
		snprintf(buf + used, NAMES_TEXT - used, " and %u more", names->count - NAMES);
	return buf;
}

const char *names_be(const struct names *names)
{
	return names->count > 1 ? "are" : "is";
}
