/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Environment reader: SECCOMP_SYSCALL_ALLOW, SECCOMP_SYSCALL_DENY, SECCOMP_DEFAULT_ACTION, as cloudflare's sandbox has
 * them. */
#include <string.h>

#include "base/err.h"
#include "names/syscall.h"
#include "policy/lint.h"
#include "policy/list.h"
#include "policy/read.h"

enum { NAME_MAX_SIZE = 127, NAMES_LIMIT = 1 << 17 };

struct env {
	struct callgate_policy *policy;
	struct report report;
	struct arena scratch;
};

/* Writes "KEY=value\n" and returns the offset behind it; *value_at is where the value begins. NULL is not there at all.
 */
static size_t append(char *text, size_t at, const char *key, const char *value, size_t *value_at)
{
	if (!value)
		return at;
	*value_at = at + strlen(key) + 1;
	memcpy(text + at, key, strlen(key));
	text[at + strlen(key)] = '=';
	memcpy(text + *value_at, value, strlen(value));
	text[*value_at + strlen(value)] = '\n';
	return *value_at + strlen(value) + 1;
}

/* The names of a list: separated by colons, nothing trimmed, empty ones skipped. */
static bool read_names(struct env *env, struct slice list, struct rule *rule)
{
	const char *text = env->policy->source.text;
	struct list words = { 0 };

	for (size_t first = 0, i = 0; i <= list.size; i++) {
		struct slice name = { list.at + first, i - first };
		struct word *word;

		if (i < list.size && list.at[i] != ':')
			continue;
		first = i + 1;
		if (!name.size)
			continue;
		if (name.size > NAME_MAX_SIZE)
			report_error(&env->report, NOTE_LIMIT, (size_t)(name.at - text),
				     "a syscall name of more than %d bytes", NAME_MAX_SIZE);
		else if (syscall_find(name) == SYSCALL_NONE)
			report_error(&env->report, NOTE_SYSCALL, (size_t)(name.at - text),
				     "unknown syscall '%.*s'" REPORT_MEANT, report_width(name), name.at,
				     report_meant(report_listens(&env->report) ? syscall_nearest(name) : NULL));
		if (words.count == NAMES_LIMIT) {
			report_error(&env->report, NOTE_LIMIT, (size_t)(name.at - text), "more than %d names",
				     NAMES_LIMIT);
			return true;
		}
		word = list_add(&env->scratch, &words, sizeof(*word));
		if (!word)
			return false;
		*word = (struct word){ name, { (uint32_t)(name.at - text) } };
	}
	rule->name_count = (unsigned)words.count;
	rule->names = list_take(&env->policy->arena, &words, sizeof(struct word));
	return rule->names || !rule->name_count;
}

/* Only the very word log counts; it takes the place of killing, in both kinds of list. */
static enum callgate_action_kind denied(struct env *env, struct slice action)
{
	if (slice_is(action, "log"))
		return CALLGATE_LOG;
	if (action.at)
		report_warning(&env->report, NOTE_ACTION, (size_t)(action.at - env->policy->source.text),
			       "SECCOMP_DEFAULT_ACTION '%.*s' has no effect: only log is known", report_width(action),
			       action.at);
	return CALLGATE_KILL_PROCESS;
}

static bool fill(struct env *env, struct slice allow, struct slice deny, struct slice action)
{
	struct callgate_policy *policy = env->policy;
	struct slice list = allow.at ? allow : deny;
	struct place at = { (uint32_t)(list.at - policy->source.text) };
	enum callgate_action_kind kind = denied(env, action);
	struct rule rule = { .verdict = { .kind = allow.at ? CALLGATE_ALLOW : kind, .at = at },
			     .section = CALLGATE_ABI_NONE,
			     .at = at };

	policy->dialect = DIALECT_ENV;
	policy->fallback = (struct verdict){ .kind = allow.at ? kind : CALLGATE_ALLOW, .at = at };
	if (allow.at && deny.at)
		report_warning(&env->report, NOTE_SHADOWED, (size_t)(deny.at - policy->source.text),
			       "SECCOMP_SYSCALL_DENY has no effect: SECCOMP_SYSCALL_ALLOW is set");
	if (!read_names(env, list, &rule))
		return false;
	if (rule.name_count) {
		policy->rules = arena_grow(&policy->arena, &rule, 1, 1, sizeof(rule));
		policy->rule_count = 1;
		if (!policy->rules)
			return false;
	}
	return policy_lint(policy, &env->report, &env->scratch);
}

int policy_from_env(const char *allow, const char *deny, const char *action, struct callgate_policy **out,
		    struct callgate_notes *notes, struct callgate_err *err)
{
	static const char *const keys[] = { "SECCOMP_SYSCALL_ALLOW", "SECCOMP_SYSCALL_DENY", "SECCOMP_DEFAULT_ACTION" };
	const char *values[] = { allow, deny, action };
	struct source source = { .name = "environment" };
	struct slice parts[3] = { { NULL, 0 } };
	struct env env = { .report = { .notes = notes, .err = err } };
	size_t room = 1, used = 0, at[3] = { 0 };
	char *text;
	int r;

	if (!allow && !deny)
		return err_set(err, CALLGATE_E_NOTFOUND,
			       "neither SECCOMP_SYSCALL_ALLOW nor SECCOMP_SYSCALL_DENY is set");
	for (int i = 0; i < 3; i++)
		room += values[i] ? strlen(keys[i]) + strlen(values[i]) + 2 : 0;
	if (room > SOURCE_LIMIT)
		return err_set(err, CALLGATE_E_LIMIT, "larger than %d MiB", SOURCE_LIMIT >> 20);
	text = arena_alloc(&env.scratch, room);
	if (!text)
		return err_nomem(err);
	for (int i = 0; i < 3; i++)
		used = append(text, used, keys[i], values[i], &at[i]);
	source.text = text;
	source.size = used;
	r = policy_new(&source, &env.policy, err);
	if (r == 0) {
		env.report.source = &env.policy->source;
		for (int i = 0; i < 3; i++)
			if (values[i])
				parts[i] = (struct slice){ env.policy->source.text + at[i], strlen(values[i]) };
		r = fill(&env, parts[0], parts[1], parts[2]) ? report_result(&env.report) : err_nomem(err);
	}
	arena_free(&env.scratch);
	if (r < 0)
		callgate_policy_free(env.policy);
	else
		*out = env.policy;
	return r;
}
