/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles that other recorders wrote, as records: each call that they allow was seen, how often is unknown. */
#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "policy/foreign.h"
#include "policy/json_scan.h"
#include "policy/policy.h"
#include "record/import.h"
#include "record/recording.h"

/* The profile inside a Kubernetes object (spec), or the whole text. */
static struct slice profile_of(const struct source *source)
{
	struct slice found = { source->text, source->size };
	struct arena arena = ARENA_INIT;
	struct json_token key, value;
	struct json json;
	size_t last;

	json_start(&json, source, 0, &arena);
	if (json_next(&json, &key) == JSON_OBJECT)
		while (json_next(&json, &key) == JSON_KEY && json_next(&json, &value) != JSON_BAD) {
			bool spec = slice_is(key.text, "spec") && value.kind == JSON_OBJECT;
			size_t first = value.first;

			if (!json_skip(&json, &value, &last))
				break;
			if (spec)
				found = (struct slice){ source->text + first, last - first };
		}
	arena_free(&arena);
	return found;
}

/* Only equality says which value was seen. */
static void set_args(const struct rule *rule, struct record_event *event)
{
	for (unsigned i = 0; i < rule->condition_count; i++) {
		const struct condition *condition = &rule->conditions[i];

		if (condition->op != OP_EQ)
			continue;
		event->args[condition->index] = condition->value;
		event->known |= (uint8_t)(1u << condition->index);
	}
}

static int add_name(const struct rule *rule, unsigned name, enum callgate_abi abi, struct callgate_record *record,
		    struct callgate_err *err)
{
	struct record_event event = { .abi = abi, .count = 1 };
	uint32_t nr;
	int id = syscall_find(rule->names[name].text);

	if (id == SYSCALL_NONE || syscall_nr(id, abi) < 0)
		return 0;
	nr = (uint32_t)syscall_nr(id, abi);
	event.nr = nr;
	set_args(rule, &event);
	return record_add_call(record, &event, err);
}

static int add_rule(const struct rule *rule, const enum callgate_abi *abis, unsigned count,
		    struct callgate_record *record, struct callgate_err *err)
{
	int r = 0;

	if (rule->verdict.kind != CALLGATE_ALLOW && rule->verdict.kind != CALLGATE_LOG)
		return 0;
	for (unsigned i = 0; i < count && r == 0; i++)
		for (unsigned j = 0; j < rule->name_count && r == 0; j++)
			r = add_name(rule, j, abis[i], record, err);
	return r;
}

static int no_profile(const struct source *source, struct callgate_err *err)
{
	const char *begin = memchr(source->text, '{', source->size);
	size_t at;
	const char *what = begin ? foreign_json(source, (size_t)(begin - source->text), &at) : NULL;

	if (what)
		return err_set(err, CALLGATE_E_FORMAT, "%s: this is %s", source->name, what);
	return err_set(err, CALLGATE_E_FORMAT, "%s: neither callgate.record/1 nor a profile that a recorder wrote",
		       source->name);
}

int record_from_profile(const struct source *source, struct callgate_record *record, struct callgate_err *err)
{
	struct slice text = profile_of(source);
	enum callgate_abi native = abi_native();
	struct callgate_policy *policy;
	int r = callgate_policy_parse(text.at, text.size, source->name, &policy, NULL, err);

	if (r == CALLGATE_E_PROFILE || r == CALLGATE_E_FORMAT)
		return no_profile(source, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < policy->rule_count && r == 0; i++)
		r = add_rule(&policy->rules[i], policy->abi_count ? policy->abis : &native,
			     policy->abi_count ? policy->abi_count : 1, record, err);
	strcpy(record->method, "profile");
	callgate_policy_free(policy);
	return r;
}
