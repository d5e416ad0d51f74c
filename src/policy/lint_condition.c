/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint: conditions that always or never hold, masks, pointers, upper halves, one argument asked twice. */
#include <string.h>

#include "base/private.h"
#include "names/abi.h"
#include "names/arguments.h"
#include "names/syscall.h"
#include "names/value.h"
#include "names/words.h"
#include "policy/lint.h"

#define PUT_HEX "0x%llx"

static unsigned long long hex(uint64_t value)
{
	return (unsigned long long)value;
}

enum { VALUE_TEXT = 256 };

/* By name where the rule's first call has names for the argument. */
static const char *value_words(const struct rule *rule, unsigned index, uint64_t value, char buf[VALUE_TEXT])
{
	value_format(value_set_of(rule->names[0].text, index, CALLGATE_ABI_NONE), value, buf, VALUE_TEXT);
	return buf;
}

static void check_mask(struct lint *lint, const struct rule *rule, const struct condition *condition)
{
	uint64_t mask = condition->value, wanted = condition->value_two;
	const char *what = lint->policy->dialect == DIALECT_LXC ? "the value" : "valueTwo";
	char outside[VALUE_TEXT], words[VALUE_TEXT];

	if (!(condition->said & SAID_VALUE_TWO))
		report_warning(
			lint->report, NOTE_MASK, condition->at.offset,
			"SCMP_CMP_MASKED_EQ without valueTwo compares with 0: the condition holds when no bit of the "
			"mask is set");
	if (wanted & ~mask)
		report_warning(lint->report, NOTE_MASK, condition->at.offset,
			       "%s has bits outside the mask, %s: runtimes ignore them; the mask is %s", what,
			       value_words(rule, condition->index, wanted & ~mask, outside),
			       value_words(rule, condition->index, mask, words));
	else if (!mask)
		report_warning(lint->report, NOTE_ALWAYS, condition->at.offset,
			       "this condition always holds: its mask is 0");
}

static void check_bounds(struct lint *lint, const struct rule *rule, const struct condition *condition)
{
	uint64_t value = condition->value;

	switch (condition->op) {
	case OP_GE:
		if (value == 0)
			report_warning(lint->report, NOTE_ALWAYS, condition->at.offset,
				       "this condition always holds: no unsigned value is below 0");
		break;
	case OP_LT:
		if (value == 0)
			report_warning(lint->report, NOTE_NEVER, condition->at.offset,
				       "this condition never holds: no unsigned value is below 0");
		break;
	case OP_LE:
		if (value == UINT64_MAX)
			report_warning(lint->report, NOTE_ALWAYS, condition->at.offset,
				       "this condition always holds: no value is above 2^64 - 1");
		break;
	case OP_GT:
		if (value == UINT64_MAX)
			report_warning(lint->report, NOTE_NEVER, condition->at.offset,
				       "this condition never holds: no value is above 2^64 - 1");
		break;
	case OP_MASKED_EQ:
		check_mask(lint, rule, condition);
		break;
	case OP_EQ:
	case OP_NE:
		break;
	}
}

static uint32_t host_set(const struct word *hosts, unsigned count)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < count; i++) {
		enum callgate_abi abi = abi_by_docker(hosts[i].text);

		if (abi != CALLGATE_ABI_NONE)
			set |= UINT32_C(1) << abi;
	}
	return set;
}

/* The ABIs that a rule is surely about: what the profile lists, as far as the rule's own conditions leave it. 0: not
 * said. */
static uint32_t abis_of(const struct lint *lint, const struct rule *rule)
{
	const struct callgate_policy *policy = lint->policy;
	uint32_t set = 0;

	if (rule->includes.arch_count)
		return host_set(rule->includes.arches, rule->includes.arch_count);
	for (unsigned i = 0; i < policy->abi_count; i++)
		set |= UINT32_C(1) << policy->abis[i];
	for (unsigned i = 0; i < policy->arch_map_count; i++) {
		const struct arch_row *row = &policy->arch_map[i];

		if (row->abi == CALLGATE_ABI_NONE ||
		    (host_set(rule->excludes.arches, rule->excludes.arch_count) >> row->abi & 1))
			continue;
		set |= UINT32_C(1) << row->abi;
		for (unsigned j = 0; j < row->sub_count; j++)
			set |= UINT32_C(1) << row->sub[j];
	}
	return set;
}

/* One call on one ABI, by name; for messages. */
struct place_of_kind {
	const char *call, *on, *abi;
};

/* The first of the rule's calls whose argument has this kind. False: none. */
static bool call_with(const struct lint *lint, const struct rule *rule, const struct condition *condition, char kind,
		      struct place_of_kind *out)
{
	uint32_t abis = abis_of(lint, rule);

	for (unsigned i = 0; i < rule->name_count; i++) {
		int id = syscall_find(rule->names[i].text);
		bool common = argument_kind(id, CALLGATE_ABI_NONE, condition->index) == kind;

		*out = (struct place_of_kind){ syscall_id_name(id), "", "" };
		if (common && !abis)
			return true;
		for (int abi = 0; abi < CALLGATE_ABI_COUNT && id != SYSCALL_NONE; abi++) {
			if (!(abis >> abi & 1) || argument_kind(id, (enum callgate_abi)abi, condition->index) != kind)
				continue;
			if (!common)
				*out = (struct place_of_kind){ out->call, " on ",
							       abi_of((enum callgate_abi)abi)->name };
			return true;
		}
	}
	return false;
}

/* Of obsolete calls without a prototype nothing is known. That set is the last one of a call's list. */
static bool has_prototype(int id)
{
	static const char last[] = "obsolete";
	size_t size = strlen(syscall_sets(id));

	return *syscall_args(id) || size < sizeof(last) - 1 ||
	       strcmp(syscall_sets(id) + size - (sizeof(last) - 1), last) != 0;
}

/* A call of the rule that has fewer arguments than the condition asks for; NULL: none. */
static const char *call_without(const struct rule *rule, unsigned index)
{
	for (unsigned i = 0; i < rule->name_count; i++) {
		int id = syscall_find(rule->names[i].text);

		if (id != SYSCALL_NONE && has_prototype(id) && index >= strlen(syscall_args(id)))
			return syscall_id_name(id);
	}
	return NULL;
}

static void check_arity(struct lint *lint, const struct rule *rule, const struct condition *condition)
{
	const char *call = call_without(rule, condition->index);

	if (call)
		report_warning(lint->report, NOTE_ARITY, condition->at.offset,
			       "'%s' has no argument %u: the register holds whatever the caller left there", call,
			       condition->index);
}

static void check_argument(struct lint *lint, const struct rule *rule, const struct condition *condition)
{
	uint64_t bits = condition->value | (condition->op == OP_MASKED_EQ ? condition->value_two : 0);
	struct place_of_kind found;

	if (call_with(lint, rule, condition, 'p', &found))
		report_warning(lint->report, NOTE_POINTER, condition->at.offset,
			       "argument %u of '%s'%s%s is a pointer: a filter sees the address, not what it points to",
			       condition->index, found.call, found.on, found.abi);
	if (bits >> 32 && call_with(lint, rule, condition, 'i', &found))
		report_warning(
			lint->report, NOTE_UPPER_BITS, condition->at.offset,
			"argument %u of '%s'%s%s is a 32-bit integer: the kernel ignores its upper 32 bits, which this "
			"condition compares with " PUT_HEX,
			condition->index, found.call, found.on, found.abi, hex(bits >> 32));
}

static void check_repeat(struct lint *lint, const struct rule *rule, const struct condition *condition)
{
	const struct condition *first = rule->conditions;

	while (first < condition && first->index != condition->index)
		first++;
	if (first == condition)
		return;
	report_warning(lint->report, NOTE_ORED, condition->at.offset,
		       "argument %u is compared twice in one rule; runtimes then combine all of its conditions with OR",
		       condition->index);
	report_attach(lint->report, first->at.offset, "first comparison of argument %u", condition->index);
}

void lint_conditions(struct lint *lint, const struct rule *rule)
{

	for (unsigned i = 0; i < rule->condition_count; i++) {
		const struct condition *condition = &rule->conditions[i];

		check_bounds(lint, rule, condition);
		if (condition->op != OP_MASKED_EQ && condition->value_two)
			report_warning(lint->report, NOTE_ARGUMENT, condition->at.offset, "valueTwo is ignored with %s",
				       op_oci(condition->op));
		check_argument(lint, rule, condition);
		check_arity(lint, rule, condition);
		check_repeat(lint, rule, condition);
	}
}
