/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Build: a policy made by calls instead of read from a text. The text that findings quote is made afterwards, a line
 * per rule, so that a rule's place is its index: "mkdir(a0==1)=ERRNO(EPERM)".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/sized.h"
#include "base/text.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "policy/lint.h"
#include "policy/list.h"
#include "policy/policy.h"
#include "policy/report.h"

enum { RULES_LIMIT = 1 << 16, NAME_LIMIT = 255, REACH = 1 << 16 };

/* A rule as it was added: small, because a filter may have thousands, and made into a struct rule at the end. */
struct record {
	const char *call; /* the table's own text; NULL: by number */
	const struct condition *conditions;
	uint32_t nr;
	struct callgate_action action;
	int8_t abi; /* enum callgate_abi; NONE: all */
	uint8_t condition_count, weight;
};

struct callgate_builder {
	struct arena arena; /* conditions */
	struct list rules;  /* struct record */
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned abi_count;
	uint32_t highest_nr;
	struct callgate_build how;
	char name[NAME_LIMIT + 1];
};

/* ------------------------------------------------------------------ what callers may say */

static int check_action(struct callgate_action action, struct callgate_err *err)
{
	if ((unsigned)action.kind > CALLGATE_ALLOW)
		return err_set(err, CALLGATE_E_ARG, "unknown action %d", (int)action.kind);
	if (action.kind == CALLGATE_ERRNO && action.data > ERRNO_MAX)
		return err_set(err, CALLGATE_E_ARG, "errno %u is above %d", action.data, ERRNO_MAX);
	return 0;
}

static int check_flags(uint32_t flags, struct callgate_err *err)
{
	for (uint32_t left = flags; left; left &= left - 1)
		if (!flag_oci(left & -left))
			return err_set(err, CALLGATE_E_ARG, "unknown filter flag 0x%x", left & -left);
	return 0;
}

static int check_conditions(const struct callgate_rule *rule, struct callgate_err *err)
{
	unsigned seen = 0;

	if (rule->condition_count > 6 || (rule->condition_count && !rule->conditions))
		return err_set(err, CALLGATE_E_ARG, "a rule has at most six conditions");
	for (unsigned i = 0; i < rule->condition_count; i++) {
		const struct callgate_condition *condition = &rule->conditions[i];

		if (condition->arg > 5 || (unsigned)condition->op > CALLGATE_MASKED_EQ)
			return err_set(err, CALLGATE_E_ARG, "condition %u: unknown argument or operator", i + 1);
		if (seen >> condition->arg & 1)
			return err_set(err, CALLGATE_E_ARG, "two conditions on argument %u: make them two rules",
				       condition->arg);
		seen |= 1u << condition->arg;
	}
	return 0;
}

/* x86_64 and x32 share an architecture: bit 30 parts them, but -1 is what x86_64's tracers skip a call by. */
static bool is_number_of(enum callgate_abi abi, uint32_t nr)
{
	if (abi == CALLGATE_ABI_X86_64)
		return nr < X32_BIT || nr == UINT32_MAX;
	return nr >= abi_of(abi)->first_nr;
}

static int check_call(const struct callgate_rule *rule, struct callgate_err *err)
{
	const char *nearest;

	if (rule->abi != CALLGATE_ABI_NONE && !abi_of(rule->abi))
		return err_set(err, CALLGATE_E_ARG, "unknown ABI");
	if (!rule->call) {
		if (rule->abi == CALLGATE_ABI_NONE)
			return err_set(err, CALLGATE_E_ARG, "a rule by number needs an ABI");
		if (!is_number_of(rule->abi, rule->nr))
			return err_set(err, CALLGATE_E_ARG, "0x%x is not a syscall number of %s", rule->nr,
				       abi_of(rule->abi)->name);
		return 0;
	}
	if (syscall_find((struct slice){ rule->call, strlen(rule->call) }) != SYSCALL_NONE)
		return 0;
	nearest = callgate_syscall_nearest(rule->call);
	return err_set(err, CALLGATE_E_NOTFOUND, "unknown syscall '%.64s'" REPORT_MEANT, rule->call,
		       report_meant(nearest));
}

/* ------------------------------------------------------------------ the parts of a rule */

static struct verdict make_verdict(struct callgate_action action)
{
	struct verdict verdict = { .kind = action.kind };

	if (action.kind == CALLGATE_ERRNO || action.kind == CALLGATE_TRACE) {
		verdict.said = SAID_ERRNO_RET;
		verdict.errno_ret = action.data;
	}
	return verdict;
}

static struct condition make_condition(const struct callgate_condition *from)
{
	static const enum op ops[] = {
		[CALLGATE_NE] = OP_NE,
		[CALLGATE_LT] = OP_LT,
		[CALLGATE_LE] = OP_LE,
		[CALLGATE_EQ] = OP_EQ,
		[CALLGATE_GE] = OP_GE,
		[CALLGATE_GT] = OP_GT,
		[CALLGATE_MASKED_EQ] = OP_MASKED_EQ,
	};
	struct condition condition = { .index = (uint8_t)from->arg, .op = ops[from->op], .value = from->value };

	if (from->op == CALLGATE_MASKED_EQ) {
		condition.value = from->mask;
		condition.value_two = from->value & from->mask;
		condition.said = SAID_VALUE_TWO;
	}
	return condition;
}

static bool set_conditions(struct arena *arena, const struct callgate_rule *from, struct record *record)
{
	struct condition *conditions;

	if (!from->condition_count)
		return true;
	conditions = arena_array(arena, from->condition_count, sizeof(*conditions));
	if (!conditions)
		return false;
	for (unsigned i = 0; i < from->condition_count; i++)
		conditions[i] = make_condition(&from->conditions[i]);
	record->conditions = conditions;
	record->condition_count = (uint8_t)from->condition_count;
	return true;
}

/* Room for "mipsel64n32:4294967295"; the digits are written by hand, because a filter may have thousands of numbers. */
static struct slice number_text(struct arena *arena, enum callgate_abi abi, uint32_t nr)
{
	const char *name = abi_of(abi)->name;
	size_t size = strlen(name), digits = 1;
	char *text;

	for (uint32_t left = nr; left >= 10; left /= 10)
		digits++;
	text = arena_alloc(arena, size + 1 + digits);
	if (!text)
		return (struct slice){ 0 };
	memcpy(text, name, size);
	text[size] = ':';
	for (size_t i = digits; i-- > 0; nr /= 10)
		text[size + 1 + i] = (char)('0' + nr % 10);
	return (struct slice){ text, size + 1 + digits };
}

static struct slice call_text(struct arena *arena, const struct record *record)
{
	if (!record->call)
		return number_text(arena, (enum callgate_abi)record->abi, record->nr);
	return (struct slice){ record->call, strlen(record->call) };
}

/* A name's own text is the table's: it outlives everybody. */
static const char *table_name(const char *call)
{
	return call ? syscall_id_name(syscall_find((struct slice){ call, strlen(call) })) : NULL;
}

/* ------------------------------------------------------------------ the builder */

int callgate_builder_new(const struct callgate_build *given, struct callgate_builder **out, struct callgate_err *err)
{
	struct callgate_builder *builder;
	struct callgate_build how;
	int r;

	REQUIRE(err, given && out);
	r = sized_in(&how, sizeof(how), given, err);
	if (r == 0 && (unsigned)how.overlap > CALLGATE_OVERLAP_FIRST)
		r = err_set(err, CALLGATE_E_ARG, "unknown rule for overlaps");
	if (r == 0)
		r = check_action(how.fallback, err);
	if (r == 0)
		r = check_action(how.unlisted, err);
	if (r == 0)
		r = check_flags(how.flags, err);
	if (r < 0)
		return r;
	builder = calloc(1, sizeof(*builder));
	if (!builder)
		return err_nomem(err);
	builder->how = how;
	snprintf(builder->name, sizeof(builder->name), "%s", how.name ? how.name : "policy");
	*out = builder;
	return 0;
}

struct callgate_builder *callgate_builder_free(struct callgate_builder *builder)
{
	if (builder)
		arena_free(&builder->arena);
	free(builder);
	return NULL;
}

int callgate_builder_abi(struct callgate_builder *builder, enum callgate_abi abi, struct callgate_err *err)
{
	REQUIRE(err, builder && abi_of(abi));
	for (unsigned i = 0; i < builder->abi_count; i++)
		if (builder->abis[i] == abi)
			return 0;
	builder->abis[builder->abi_count++] = abi;
	return 0;
}

int callgate_builder_rule(struct callgate_builder *builder, const struct callgate_rule *given, struct callgate_err *err)
{
	struct callgate_rule rule;
	struct record made = { 0 }, *kept;
	int r;

	REQUIRE(err, builder && given);
	r = sized_in(&rule, sizeof(rule), given, err);
	if (r == 0)
		r = check_call(&rule, err);
	if (r == 0)
		r = check_action(rule.action, err);
	if (r == 0)
		r = check_conditions(&rule, err);
	if (r < 0)
		return r;
	if (builder->rules.count >= RULES_LIMIT)
		return err_set(err, CALLGATE_E_LIMIT, "more than %d rules", RULES_LIMIT);
	made.call = table_name(rule.call);
	made.nr = rule.nr;
	made.action = rule.action;
	made.abi = (int8_t)rule.abi;
	made.weight = rule.weight;
	kept = set_conditions(&builder->arena, &rule, &made) ? list_add(&builder->arena, &builder->rules, sizeof(made))
							     : NULL;
	if (!kept)
		return err_nomem(err);
	*kept = made;
	if (!made.call && made.nr < REACH && made.nr > builder->highest_nr)
		builder->highest_nr = made.nr;
	return 0;
}

/* ------------------------------------------------------------------ the policy */

static void write_conditions(struct text *text, const struct record *record)
{
	for (unsigned i = 0; i < record->condition_count; i++) {
		const struct condition *condition = &record->conditions[i];
		const char *begin = i ? "," : "(";

		if (condition->op == OP_MASKED_EQ)
			text_add(text, "%sa%u&0x%llx==0x%llx", begin, condition->index,
				 (unsigned long long)condition->value, (unsigned long long)condition->value_two);
		else
			text_add(text, "%sa%u%s0x%llx", begin, condition->index, op_lxc(condition->op),
				 (unsigned long long)condition->value);
	}
	if (record->condition_count)
		text_add_bytes(text, ")", 1);
}

/* What findings quote: whole rules, or just enough for places when nobody listens. False: no memory. */
static bool write_text(const struct callgate_builder *builder, bool quoted, struct arena *scratch, struct text *text)
{
	const struct record *records = builder->rules.items;

	for (size_t i = 0; i < builder->rules.count; i++) {
		char action[32];

		if (quoted) {
			struct slice name = call_text(scratch, &records[i]);

			text_add_bytes(text, name.at ? name.at : "", name.size);
			write_conditions(text, &records[i]);
			callgate_action_format(records[i].action, action, sizeof(action));
			text_add(text, "=%s", action);
		}
		text_add_bytes(text, "\n", 1);
	}
	return !text->failed;
}

/* Whether two rules by number say the same of two numbers: where the first rule decides, they may be one with two
 * names. */
static bool is_same_rule(const struct callgate_builder *builder, const struct record *a, const struct record *b)
{
	return builder->how.overlap == CALLGATE_OVERLAP_FIRST && !a->call && !b->call && a->abi == b->abi &&
	       a->weight == b->weight && !a->condition_count && !b->condition_count &&
	       action_equal(a->action, b->action);
}

/* The arrays that a policy's rules point into. */
struct arrays {
	struct rule *rules;
	struct word *words;
	uint32_t *numbers;
	struct condition *conditions;
};

static bool make_arrays(const struct callgate_builder *builder, struct arena *arena, struct arrays *out)
{
	const struct record *records = builder->rules.items;
	size_t rules = 1, conditions = 1;

	for (size_t i = 0; i < builder->rules.count; i++) {
		rules += !i || !is_same_rule(builder, &records[i - 1], &records[i]);
		conditions += records[i].condition_count;
	}
	out->rules = arena_array(arena, rules, sizeof(*out->rules));
	out->words = arena_array(arena, builder->rules.count + 1, sizeof(*out->words));
	out->numbers = arena_array(arena, builder->rules.count + 1, sizeof(*out->numbers));
	out->conditions = arena_array(arena, conditions, sizeof(*out->conditions));
	return out->rules && out->words && out->numbers && out->conditions;
}

/* The rule that begins with a record, at the next places of the arrays. */
static void start_rule(struct arrays *at, const struct record *record, struct place place, struct rule *rule)
{
	*rule = (struct rule){
		.names = at->words,
		.verdict = make_verdict(record->action),
		.section = CALLGATE_ABI_NONE,
		.has_only = record->abi != CALLGATE_ABI_NONE,
		.only = (enum callgate_abi)record->abi,
		.numbers = record->call ? NULL : at->numbers,
		.weight = record->weight,
		.at = place,
	};
	rule->verdict.at = place;
	if (!record->condition_count)
		return;
	memcpy(at->conditions, record->conditions, record->condition_count * sizeof(*at->conditions));
	rule->conditions = at->conditions;
	rule->condition_count = record->condition_count;
	at->conditions += record->condition_count;
}

/* Makes the rules, each name with the place of its line. False: no memory. */
static bool make_rules(const struct callgate_builder *builder, struct callgate_policy *policy)
{
	const struct record *records = builder->rules.items;
	const char *line = policy->source.text;
	struct rule *rule = NULL;
	struct arrays at;

	if (!make_arrays(builder, &policy->arena, &at))
		return false;
	policy->rules = at.rules;
	for (size_t i = 0; i < builder->rules.count; i++) {
		struct place place = { .offset = (uint32_t)(line - policy->source.text) };

		if (!i || !is_same_rule(builder, &records[i - 1], &records[i])) {
			rule = &at.rules[policy->rule_count++];
			start_rule(&at, &records[i], place, rule);
		}
		rule->name_count++;
		*at.numbers++ = records[i].nr;
		*at.words = (struct word){ .text = call_text(&policy->arena, &records[i]), .at = place };
		if (!at.words++->text.at)
			return false;
		line = (const char *)memchr(line, '\n', policy->source.size - place.offset) + 1;
	}
	return true;
}

static bool copy_rest(const struct callgate_builder *builder, struct callgate_policy *policy)
{
	policy->dialect = DIALECT_CALLS;
	policy->fallback = make_verdict(builder->how.fallback);
	policy->overlap = builder->how.overlap;
	policy->has_unlisted = true;
	policy->unlisted = builder->how.unlisted;
	policy->flags = builder->how.flags;
	policy->has_flags = builder->how.flags != 0;
	policy->highest_nr = builder->highest_nr;
	policy->abi_count = builder->abi_count;
	policy->has_architectures = builder->abi_count != 0;
	policy->abis = arena_grow(&policy->arena, builder->abis, builder->abi_count, builder->abi_count + 1,
				  sizeof(builder->abis[0]));
	return policy->abis != NULL;
}

/* Where the first rule decides, no two contradict each other, and what is shadowed was meant to be. */
static int lint_built(const struct callgate_policy *policy, struct callgate_notes *notes, struct callgate_err *err)
{
	struct report report = { .source = &policy->source, .notes = notes, .err = err };
	struct arena scratch = ARENA_INIT;
	bool good;

	if (policy->overlap == CALLGATE_OVERLAP_FIRST)
		return 0;
	good = policy_lint(policy, &report, &scratch);
	arena_free(&scratch);
	return good ? report_result(&report) : err_nomem(err);
}

int callgate_builder_policy(const struct callgate_builder *builder, struct callgate_policy **out,
			    struct callgate_notes *notes, struct callgate_err *err)
{
	struct callgate_policy *policy = NULL;
	struct arena scratch = ARENA_INIT;
	struct text text = { 0 };
	struct source source;
	int r = 0;

	REQUIRE(err, builder && out);
	if (!write_text(builder, notes != NULL, &scratch, &text))
		r = err_nomem(err);
	source = (struct source){ .name = builder->name, .text = text.bytes ? text.bytes : "", .size = text.size };
	if (r == 0)
		r = policy_new(&source, &policy, err);
	text_release(&text);
	arena_free(&scratch);
	if (r == 0 && (!make_rules(builder, policy) || !copy_rest(builder, policy)))
		r = err_nomem(err);
	if (r == 0)
		r = lint_built(policy, notes, err);
	if (r < 0)
		callgate_policy_free(policy);
	else
		*out = policy;
	return r;
}
