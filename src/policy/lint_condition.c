/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint: conditions that always or never hold, masks, pointers, upper halves, one argument asked twice. */
#include <string.h>

#include "names/syscall.h"
#include "policy/lint.h"

#define PUT_HEX "0x%llx"

static unsigned long long hex(uint64_t value)
{
	return (unsigned long long)value;
}

static void check_mask(struct lint *lint, const struct condition *condition)
{
	uint64_t mask = condition->value, wanted = condition->value_two;
	const char *what = lint->policy->dialect == DIALECT_LXC ? "the value" : "valueTwo";

	if (!(condition->said & SAID_VALUE_TWO))
		report_warning(lint->report, NOTE_MASK, condition->at.offset,
			       "SCMP_CMP_MASKED_EQ without valueTwo compares with 0: the condition holds when no bit of the "
			       "mask is set");
	if (wanted & ~mask)
		report_warning(lint->report, NOTE_MASK, condition->at.offset,
			       "this condition never holds: %s " PUT_HEX " has bits outside the mask " PUT_HEX, what,
			       hex(wanted), hex(mask));
	else if (!mask)
		report_warning(lint->report, NOTE_ALWAYS, condition->at.offset,
			       "this condition always holds: its mask is 0");
}

static void check_bounds(struct lint *lint, const struct condition *condition)
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
		check_mask(lint, condition);
		break;
	case OP_EQ:
	case OP_NE:
		break;
	}
}

/* On s390 clone takes its flags second and the stack first. */
static bool for_s390(const struct rule *rule)
{
	for (unsigned i = 0; i < rule->includes.arch_count; i++)
		if (!slice_is(rule->includes.arches[i].text, "s390") &&
		    !slice_is(rule->includes.arches[i].text, "s390x"))
			return false;
	return rule->includes.arch_count != 0;
}

/* The first of the rule's calls whose argument has this kind; NULL: none. */
static const char *call_with(const struct rule *rule, unsigned index, char kind)
{
	for (unsigned i = 0; i < rule->name_count; i++) {
		int id = syscall_find(rule->names[i].text);
		const char *args = id == SYSCALL_NONE ? "" : syscall_args(id);
		unsigned at = index;

		if (index < 2 && slice_is(rule->names[i].text, "clone") && for_s390(rule))
			at = 1 - index;
		if (at < strlen(args) && args[at] == kind)
			return syscall_id_name(id);
	}
	return NULL;
}

/* A call of the rule that has fewer arguments than the condition asks for; NULL: none. */
static const char *call_without(const struct rule *rule, unsigned index)
{
	for (unsigned i = 0; i < rule->name_count; i++) {
		int id = syscall_find(rule->names[i].text);
		size_t count = id == SYSCALL_NONE ? 0 : strlen(syscall_args(id));

		if (count && index >= count)
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
	const char *call = call_with(rule, condition->index, 'p');

	if (call)
		report_warning(lint->report, NOTE_POINTER, condition->at.offset,
			       "argument %u of '%s' is a pointer: a filter sees the address, not what it points to",
			       condition->index, call);
	call = bits >> 32 ? call_with(rule, condition->index, 'i') : NULL;
	if (call)
		report_warning(lint->report, NOTE_UPPER_BITS, condition->at.offset,
			       "argument %u of '%s' is a 32-bit integer: the kernel ignores its upper 32 bits, which this "
			       "condition compares with " PUT_HEX,
			       condition->index, call, hex(bits >> 32));
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

		check_bounds(lint, condition);
		if (condition->op != OP_MASKED_EQ && condition->value_two)
			report_warning(lint->report, NOTE_ARGUMENT, condition->at.offset,
				       "valueTwo is ignored with %s", op_oci(condition->op));
		check_argument(lint, rule, condition);
		check_arity(lint, rule, condition);
		check_repeat(lint, rule, condition);
	}
}
