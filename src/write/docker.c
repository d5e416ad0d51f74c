/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Docker writer: key by key what the policy says. */
#include "write/docker.h"

#include "base/err.h"
#include "names/words.h"

static void add_words(struct text *out, const struct word *words, unsigned count)
{
	text_add(out, "[");
	for (unsigned i = 0; i < count; i++) {
		text_add(out, i ? ", " : "");
		text_add_json_bytes(out, words[i].text.at, words[i].text.size);
	}
	text_add(out, "]");
}

static void add_verdict(struct text *out, const char *key, const char *errno_key, const struct verdict *verdict)
{
	text_add(out, "\"%s\": \"%s\"", key, action_oci(verdict->kind));
	if (verdict->kind != CALLGATE_ERRNO && verdict->kind != CALLGATE_TRACE)
		return;
	if (verdict->said & SAID_ERRNO_WORD)
		text_add(out, ", \"%s\": %u", errno_key, verdict->errno_word);
	else if (verdict->said & SAID_ERRNO_RET)
		text_add(out, ", \"%s\": %u", errno_key, verdict->errno_ret);
}

static void add_arches(struct text *out, const struct callgate_policy *policy)
{
	if (policy->has_architectures) {
		text_add(out, ",\n\t\"architectures\": ");
		add_words(out, policy->abi_words, policy->abi_count);
	}
	if (!policy->has_arch_map)
		return;
	text_add(out, ",\n\t\"archMap\": [");
	for (unsigned i = 0; i < policy->arch_map_count; i++) {
		const struct arch_row *row = &policy->arch_map[i];

		text_add(out, "%s\n\t\t{ \"architecture\": ", i ? "," : "");
		text_add_json_bytes(out, row->architecture.text.at, row->architecture.text.size);
		text_add(out, ", \"subArchitectures\": ");
		add_words(out, row->sub_words, row->sub_count);
		text_add(out, " }");
	}
	text_add(out, "\n\t]");
}

static void add_flags(struct text *out, const struct callgate_policy *policy)
{
	const char *comma = "";

	if (!policy->has_flags)
		return;
	text_add(out, ",\n\t\"flags\": [");
	for (uint32_t bit = 1; bit; bit <<= 1) {
		if (!(policy->flags & bit) || !flag_oci(bit))
			continue;
		text_add(out, "%s\"%s\"", comma, flag_oci(bit));
		comma = ", ";
	}
	text_add(out, "]");
}

static void add_text_key(struct text *out, const char *key, struct slice value)
{
	if (!value.at || !value.size)
		return;
	text_add(out, ",\n\t\"%s\": ", key);
	text_add_json_bytes(out, value.at, value.size);
}

static void add_conditions(struct text *out, const struct rule *rule)
{
	if (!rule->condition_count)
		return;
	text_add(out, ",\n\t\t  \"args\": [");
	for (unsigned i = 0; i < rule->condition_count; i++) {
		const struct condition *condition = &rule->conditions[i];

		text_add(out, "%s{ \"index\": %u, \"value\": %llu, ", i ? ", " : "", condition->index,
			 (unsigned long long)condition->value);
		if (condition->said & SAID_VALUE_TWO)
			text_add(out, "\"valueTwo\": %llu, ", (unsigned long long)condition->value_two);
		text_add(out, "\"op\": \"%s\" }", op_oci(condition->op));
	}
	text_add(out, "]");
}

static void add_guard(struct text *out, const char *key, const struct guard *guard)
{
	const char *comma = "";

	if (!guard->cap_count && !guard->arch_count && !(guard->said & SAID_MIN_KERNEL))
		return;
	text_add(out, ",\n\t\t  \"%s\": { ", key);
	if (guard->cap_count) {
		text_add(out, "\"caps\": ");
		add_words(out, guard->caps, guard->cap_count);
		comma = ", ";
	}
	if (guard->arch_count) {
		text_add(out, "%s\"arches\": ", comma);
		add_words(out, guard->arches, guard->arch_count);
		comma = ", ";
	}
	if (guard->said & SAID_MIN_KERNEL)
		text_add(out, "%s\"minKernel\": \"%u.%u\"", comma, guard->min_major, guard->min_minor);
	text_add(out, " }");
}

static void add_rule(struct text *out, const struct rule *rule)
{
	text_add(out, "{ \"names\": ");
	add_words(out, rule->names, rule->name_count);
	text_add(out, ",\n\t\t  ");
	add_verdict(out, "action", "errnoRet", &rule->verdict);
	add_conditions(out, rule);
	if (rule->comment.size) {
		text_add(out, ",\n\t\t  \"comment\": ");
		text_add_json_bytes(out, rule->comment.at, rule->comment.size);
	}
	add_guard(out, "includes", &rule->includes);
	add_guard(out, "excludes", &rule->excludes);
	text_add(out, " }");
}

int docker_write(const struct callgate_policy *policy, struct text *out, struct callgate_err *err)
{
	const char *comma = "\n\t\t";

	if (policy->dialect != DIALECT_OCI && policy->dialect != DIALECT_DOCKER)
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "only OCI and Docker profiles have includes and excludes to keep");
	text_add(out, "{\n\t");
	add_verdict(out, "defaultAction", "defaultErrnoRet", &policy->fallback);
	add_arches(out, policy);
	add_flags(out, policy);
	add_text_key(out, "listenerPath", policy->listener_path);
	add_text_key(out, "listenerMetadata", policy->listener_metadata);
	text_add(out, ",\n\t\"syscalls\": [");
	for (unsigned i = 0; i < policy->rule_count; i++) {
		if (!policy->rules[i].name_count)
			continue;
		text_add(out, "%s", comma);
		add_rule(out, &policy->rules[i]);
		comma = ",\n\t\t";
	}
	text_add(out, "\n\t]\n}\n");
	return out->failed ? err_nomem(err) : 0;
}
