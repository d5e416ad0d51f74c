/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing linux.seccomp: the rules that are left for a target once its guards are answered, in their order. */
#include "policy/write_oci.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/text.h"
#include "names/abi.h"

enum { ERRNO_ENOSYS = 38 };
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

static void add_names(struct text *text, const struct rule *rule)
{
	text_add(text, "\"names\":[");
	for (unsigned i = 0; i < rule->name_count; i++) {
		text_add(text, "%s", i ? "," : "");
		add_slice(text, rule->names[i].text);
	}
	text_add(text, "]");
}

static void add_conditions(struct text *text, const struct rule *rule)
{
	text_add(text, ",\"args\":[");
	for (unsigned i = 0; i < rule->condition_count; i++) {
		const struct condition *condition = &rule->conditions[i];

		text_add(text, "%s{\"index\":%u,\"value\":%llu,\"valueTwo\":%llu,\"op\":\"%s\"}", i ? "," : "", condition->index,
			 (unsigned long long)condition->value, (unsigned long long)condition->value_two, op_oci(condition->op));
	}
	text_add(text, "]");
}

static void add_rule(struct text *text, const struct active_rule *active)
{
	text_add(text, "{");
	add_names(text, active->rule);
	text_add(text, ",\"action\":\"%s\"", action_oci(active->action.kind));
	if (has_data(active->action))
		text_add(text, ",\"errnoRet\":%u", active->action.data);
	if (active->rule->condition_count)
		add_conditions(text, active->rule);
	text_add(text, "}");
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
		text_add(text, "%s{\"names\":[\"%s\"],\"action\":\"%s\",\"errnoRet\":%u}", first ? "" : ",", wish->closed[i],
			 action_oci(action.kind), action.data);
		first = false;
	}
	return first;
}

static int add_rules(struct text *text, const struct active *active, const struct oci_wish *wish, struct callgate_err *err)
{
	bool first;

	text_add(text, ",\"syscalls\":[");
	first = add_closed(text, active, wish);
	for (unsigned i = 0; i < active->rule_count; i++) {
		const struct active_rule *rule = &active->rules[i];

		/* Runtimes drop what does as the default does; the law too. */
		if (action_equal(rule->action, active->fallback))
			continue;
		if (rule->rule->section != CALLGATE_ABI_NONE)
			return err_set(err, CALLGATE_E_UNSUPPORTED, "a rule holds for %s only: OCI text gives every rule to all ABIs",
				       callgate_abi_name(rule->rule->section));
		text_add(text, "%s", first ? "" : ",");
		add_rule(text, rule);
		first = false;
	}
	text_add(text, "]}");
	return 0;
}

int policy_write_oci(const struct callgate_policy *policy, const struct callgate_target *target, const struct oci_wish *wish,
		     char **out, size_t *size, struct callgate_err *err)
{
	struct arena arena = ARENA_INIT;
	struct text text = { 0 };
	struct active active;
	int r;

	r = policy_specialise(policy, target, &arena, &active, err);
	if (r == 0) {
		add_head(&text, policy, &active, wish);
		r = add_rules(&text, &active, wish, err);
	}
	if (r == 0)
		r = text_take(&text, out, size, err);
	text_release(&text);
	arena_free(&arena);
	return r;
}
