/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Environment reader: SECCOMP_SYSCALL_ALLOW, SECCOMP_SYSCALL_DENY, SECCOMP_DEFAULT_ACTION, as cloudflare's sandbox has
 * them. */
#include <string.h>

#include "base/err.h"
#include "names/syscall.h"
#include "policy/lint.h"
#include "policy/list.h"
#include "policy/list_item.h"

enum { ITEMS_LIMIT = 1 << 17 };

struct env {
	struct callgate_policy *policy;
	struct report report;
	struct arena scratch;
	bool denies; /* the list names what is refused */
};

/*
 * Writes "KEY=value\n" and returns the offset behind it; *value_at is where the value begins. NULL is not there at all.
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

/* What an item says is checked; the name of the call too. False: no rule comes of it, the error was reported. */
static bool read_item(struct env *env, struct slice text, struct item *item)
{
	size_t at = (size_t)(text.at - env->policy->source.text);

	if (!item_parse(text, &env->report, item))
		return false;
	if (item->name.size > ITEM_NAME_MAX) {
		report_error(&env->report, NOTE_LIMIT, at, "syscall name is longer than %d bytes", ITEM_NAME_MAX);
		return false;
	}
	if (item->any || syscall_find(item->name) != SYSCALL_NONE)
		return true;
	report_error(&env->report, NOTE_SYSCALL, at, "unknown syscall '%.*s'" REPORT_MEANT, report_width(item->name),
		     item->name.at, report_meant(report_listens(&env->report) ? syscall_nearest(item->name) : NULL));
	return false;
}

/*
 * *=ACTION: what the list leaves open. Where the list names what is denied, that is everything else, which is allowed.
 */
static void take_fallback(struct env *env, const struct item *item)
{
	if (env->denies)
		report_error(&env->report, NOTE_ACTION, item->name_at.offset,
			     "'*' is only possible in SECCOMP_SYSCALL_ALLOW");
	else
		env->policy->fallback = item->verdict;
}

/* Elements are separated by colons, nothing is trimmed, empty ones are skipped. Bare names make one rule, every other
 * item one of its own. False: no memory. */
static bool read_items(struct env *env, struct slice list, const struct verdict *verdict)
{
	struct rule plain = { .verdict = *verdict, .section = CALLGATE_ABI_NONE, .at = verdict->at }, *rule;
	struct list words = { 0 }, rules = { 0 };
	struct slice text;
	struct item item;
	struct word *word;

	for (size_t at = 0; item_next(list, ':', &at, &text);) {
		if (words.count + rules.count >= ITEMS_LIMIT) {
			report_error(&env->report, NOTE_LIMIT, (size_t)(text.at - env->policy->source.text),
				     "more than %d names", ITEMS_LIMIT);
			break;
		}
		if (!read_item(env, text, &item))
			continue;
		if (item.any) {
			take_fallback(env, &item);
		} else if (item.condition_count || item.has_action) {
			rule = list_add(&env->scratch, &rules, sizeof(*rule));
			if (!rule || !item_rule(&item, &env->policy->arena, verdict, rule))
				return false;
		} else {
			word = list_add(&env->scratch, &words, sizeof(*word));
			if (!word)
				return false;
			*word = (struct word){ item.name, item.name_at };
		}
	}
	plain.name_count = (unsigned)words.count;
	plain.names = list_take(&env->policy->arena, &words, sizeof(*word));
	if (plain.name_count) {
		rule = list_add(&env->scratch, &rules, sizeof(*rule));
		if (!rule || !plain.names)
			return false;
		*rule = plain;
	}
	env->policy->rule_count = (unsigned)rules.count;
	env->policy->rules = list_take(&env->policy->arena, &rules, sizeof(*rule));
	return env->policy->rules || !env->policy->rule_count;
}

/* Only the very word log counts; it takes the place of killing, in both kinds of list. */
static enum callgate_action_kind denied(struct env *env, struct slice action)
{
	if (slice_is(action, "log"))
		return CALLGATE_LOG;
	if (action.at)
		report_warning(&env->report, NOTE_ACTION, (size_t)(action.at - env->policy->source.text),
			       "SECCOMP_DEFAULT_ACTION '%.*s' is ignored; the only value is log", report_width(action),
			       action.at);
	return CALLGATE_KILL_PROCESS;
}

static bool fill(struct env *env, struct slice allow, struct slice deny, struct slice action)
{
	struct callgate_policy *policy = env->policy;
	struct slice list = allow.at ? allow : deny;
	struct place at = { (uint32_t)(list.at - policy->source.text) };
	struct verdict refused = { .kind = denied(env, action), .at = at },
		       allowed = { .kind = CALLGATE_ALLOW, .at = at };

	env->denies = !allow.at;
	policy->dialect = DIALECT_ENV;
	policy->fallback = env->denies ? allowed : refused;
	if (allow.at && deny.at)
		report_warning(&env->report, NOTE_SHADOWED, (size_t)(deny.at - policy->source.text),
			       "SECCOMP_SYSCALL_DENY is ignored: SECCOMP_SYSCALL_ALLOW is set");
	return read_items(env, list, env->denies ? &refused : &allowed) &&
	       policy_lint(policy, &env->report, &env->scratch);
}

int callgate_policy_env(const char *allow, const char *deny, const char *action, struct callgate_policy **out,
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

	REQUIRE(err, out);
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
