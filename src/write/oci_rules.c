/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing linux.seccomp: the rules that are left for a target once its conditions on the target are evaluated, in their
 * order. */
#include "write/oci_rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "names/abi.h"
#include "names/words.h"

enum { DEFAULT_DATA = 1 }; /* EPERM: what readers take when no number is said, and old ones know no defaultErrnoRet */

static bool has_data(struct callgate_action action)
{
	return action.kind == CALLGATE_ERRNO || action.kind == CALLGATE_TRACE;
}

static void add_slice(struct text *text, struct slice slice)
{
	char *copy = malloc(slice.size + 1);

	if (!copy) {
		text->failed = true;
		return;
	}
	for (size_t i = 0; i < slice.size; i++)
		copy[i] = slice.at[i];
	copy[slice.size] = '\0';
	text_add_json(text, copy);
	free(copy);
}

/* ------------------------------------------------------------------ which rule counts for a name */

/*
 * Names with an unconditional rule, and the first such rule: it beats all others (rule 1), which readers disagree
 * about.
 */
struct entry {
	struct slice name; /* .at NULL: free */
	unsigned rule;
};
struct winners {
	struct entry *table;
	size_t size; /* a power of two, at most half full; 0: no names */
};

static struct entry *find(const struct winners *winners, struct slice name)
{
	uint32_t hash = 2166136261u;
	size_t at;

	for (size_t i = 0; i < name.size; i++)
		hash = (hash ^ (unsigned char)name.at[i]) * 16777619u;
	at = (hash ^ hash >> 15) & (winners->size - 1);
	while (winners->table[at].name.at && (winners->table[at].name.size != name.size ||
					      memcmp(winners->table[at].name.at, name.at, name.size) != 0))
		at = (at + 1) & (winners->size - 1);
	return &winners->table[at];
}

static bool is_written(const struct active *active, unsigned i)
{
	/* Runtimes drop what does as the default does; callgate does too. */
	return !action_equal(active->rules[i].action, active->fallback);
}

static int find_winners(const struct active *active, struct arena *arena, struct winners *out, struct callgate_err *err)
{
	size_t names = 0;

	for (unsigned i = 0; i < active->rule_count; i++)
		names += active->rules[i].rule->name_count;
	for (out->size = 64; out->size < 2 * names;)
		out->size *= 2;
	out->table = arena_array(arena, out->size, sizeof(*out->table));
	if (!out->table)
		return err_nomem(err);
	for (unsigned i = 0; i < active->rule_count; i++) {
		const struct rule *rule = active->rules[i].rule;

		for (unsigned j = 0; !rule->condition_count && is_written(active, i) && j < rule->name_count; j++) {
			struct entry *entry = find(out, rule->names[j].text);

			if (!entry->name.at)
				*entry = (struct entry){ rule->names[j].text, i };
		}
	}
	return 0;
}

static bool counts(const struct winners *winners, unsigned i, struct slice name)
{
	const struct entry *entry = find(winners, name);

	return !entry->name.at || entry->rule == i;
}

/* ------------------------------------------------------------------ the text */

static void add_conditions(struct text *text, const struct rule *rule)
{
	text_add(text, ",\"args\":[");
	for (unsigned i = 0; i < rule->condition_count; i++) {
		const struct condition *condition = &rule->conditions[i];

		text_add(text, "%s{\"index\":%u,\"value\":%llu,\"valueTwo\":%llu,\"op\":\"%s\"}", i ? "," : "",
			 condition->index, (unsigned long long)condition->value,
			 (unsigned long long)condition->value_two, op_oci(condition->op));
	}
	text_add(text, "]");
}

/* False: other rules count for all of its names. */
static bool add_rule(struct text *text, const struct active *active, unsigned at, const struct winners *winners,
		     const char *comma)
{
	const struct rule *rule = active->rules[at].rule;
	struct callgate_action action = active->rules[at].action;
	unsigned names = 0;

	for (unsigned i = 0; i < rule->name_count; i++) {
		if (!counts(winners, at, rule->names[i].text))
			continue;
		text_add(text, "%s", names++ ? "," : "");
		if (names == 1)
			text_add(text, "%s{\"names\":[", comma);
		add_slice(text, rule->names[i].text);
	}
	if (!names)
		return false;
	text_add(text, "],\"action\":\"%s\"", action_oci(action.kind));
	if (has_data(action))
		text_add(text, ",\"errnoRet\":%u", action.data);
	if (rule->condition_count)
		add_conditions(text, rule);
	text_add(text, "}");
	return true;
}

static void add_flags(struct text *text, uint32_t flags)
{
	const char *comma = "";

	text_add(text, ",\"flags\":[");
	for (uint32_t bit = 1; bit; bit <<= 1) {
		if (!(flags & bit) || !flag_oci(bit))
			continue;
		text_add(text, "%s\"%s\"", comma, flag_oci(bit));
		comma = ",";
	}
	text_add(text, "]");
}

static void add_head(struct text *text, const struct callgate_policy *policy, const struct active *active,
		     const struct oci_wish *wish)
{
	text_add(text, "{\"defaultAction\":\"%s\"", action_oci(active->fallback.kind));
	if (has_data(active->fallback) && active->fallback.data != DEFAULT_DATA)
		text_add(text, ",\"defaultErrnoRet\":%u", active->fallback.data);
	text_add(text, ",\"architectures\":[");
	for (unsigned i = 0; i < active->abi_count; i++)
		text_add(text, "%s\"%s\"", i ? "," : "", abi_of(active->abis[i])->oci);
	text_add(text, "]");
	if (wish->flags)
		add_flags(text, wish->flags);
	if (policy->listener_path.at) {
		text_add(text, ",\"listenerPath\":");
		add_slice(text, policy->listener_path);
	}
	if (policy->listener_path.at && policy->listener_metadata.at) {
		text_add(text, ",\"listenerMetadata\":");
		add_slice(text, policy->listener_metadata);
	}
}

/* ENOSYS: libc then tries the calls themselves. Not the default's own number, or the rule would be dropped. */
static bool add_closed(struct text *text, const struct active *active, const struct oci_wish *wish)
{
	struct callgate_action action = { CALLGATE_ERRNO, ERRNO_ENOSYS };
	bool first = true;

	if (action_equal(action, active->fallback))
		action.data = DEFAULT_DATA;
	for (size_t i = 0; i < sizeof(wish->closed) / sizeof(wish->closed[0]); i++) {
		if (!wish->closed[i])
			continue;
		text_add(text, "%s{\"names\":[\"%s\"],\"action\":\"%s\",\"errnoRet\":%u}", first ? "" : ",",
			 wish->closed[i], action_oci(action.kind), action.data);
		first = false;
	}
	return first;
}

static int add_rules(struct text *text, const struct active *active, const struct winners *winners,
		     const struct oci_wish *wish, struct callgate_err *err)
{
	bool first;

	text_add(text, ",\"syscalls\":[");
	first = add_closed(text, active, wish);
	for (unsigned i = 0; i < active->rule_count; i++) {
		const struct rule *rule = active->rules[i].rule;

		if (!is_written(active, i))
			continue;
		if (rule->section != CALLGATE_ABI_NONE)
			return err_set(err, CALLGATE_E_UNSUPPORTED,
				       "a rule holds for %s only: OCI text gives every rule to all ABIs",
				       callgate_abi_name(rule->section));
		if (add_rule(text, active, i, winners, first ? "" : ","))
			first = false;
	}
	text_add(text, "]}");
	return 0;
}

int policy_write_oci(const struct callgate_policy *policy, const struct callgate_target *target,
		     const struct oci_wish *wish, char **out, size_t *size, struct callgate_err *err)
{
	struct arena arena = ARENA_INIT;
	struct text text = { 0 };
	struct winners winners;
	struct active active;
	int r;

	r = policy_specialise(policy, target, &arena, &active, err);
	if (r == 0)
		r = find_winners(&active, &arena, &winners, err);
	if (r == 0) {
		add_head(&text, policy, &active, wish);
		r = add_rules(&text, &active, &winners, wish, err);
	}
	if (r == 0)
		r = text_take(&text, out, size, err);
	text_release(&text);
	arena_free(&arena);
	return r;
}
