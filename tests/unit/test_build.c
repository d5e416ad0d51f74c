/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies made by calls: what they mean, what is refused, and where findings have their place. */
#include <criterion/criterion.h>
#include <errno.h>

#include "callgate.h"
#include "names/abi.h"

static const struct callgate_action allow = { CALLGATE_ALLOW, 0 }, eperm = { CALLGATE_ERRNO, EPERM },
				    eacces = { CALLGATE_ERRNO, EACCES };

static struct callgate_builder *builder_of(struct callgate_action fallback, enum callgate_overlap overlap)
{
	struct callgate_build how = CALLGATE_BUILD_INIT;
	struct callgate_builder *builder;
	struct callgate_err err = CALLGATE_ERR_INIT;

	how.fallback = fallback;
	how.overlap = overlap;
	cr_assert_eq(callgate_builder_new(&how, &builder, &err), 0, "%s", err.text);
	return builder;
}

static int add(struct callgate_builder *builder, const char *call, struct callgate_action action,
	       const struct callgate_condition *conditions, unsigned count)
{
	struct callgate_rule rule = CALLGATE_RULE_INIT;

	rule.call = call;
	rule.action = action;
	rule.conditions = conditions;
	rule.condition_count = count;
	return callgate_builder_rule(builder, &rule, NULL);
}

static int add_number(struct callgate_builder *builder, enum callgate_abi abi, uint32_t nr,
		      struct callgate_action action)
{
	struct callgate_rule rule = CALLGATE_RULE_INIT;

	rule.abi = abi;
	rule.nr = nr;
	rule.action = action;
	return callgate_builder_rule(builder, &rule, NULL);
}

/* Takes the builder. */
static struct callgate_filter *filter_of(struct callgate_builder *builder)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy;
	struct callgate_filter *filter;

	cr_assert_eq(callgate_target_host(&target, &err), 0);
	target.host = CALLGATE_ABI_X86_64;
	cr_assert_eq(callgate_builder_policy(builder, &policy, NULL, &err), 0, "%s", err.text);
	callgate_builder_free(builder);
	cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, NULL, &err), 0, "%s", err.text);
	callgate_policy_free(policy);
	return filter;
}

static void check(const struct callgate_filter *filter, enum callgate_abi abi, uint32_t nr, uint64_t first,
		  const char *want)
{
	struct callgate_call call = { .abi = abi, .nr = nr, .args = { first } };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_action action;
	struct callgate_prog *prog;
	char got[64];

	cr_assert_eq(callgate_filter_decide(filter, &call, &action, NULL), 0);
	callgate_action_format(action, got, sizeof(got));
	cr_assert_str_eq(got, want, "filter: %u(0x%llx)", nr, (unsigned long long)first);
	cr_assert_eq(callgate_filter_compile(filter, &prog, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_prog_eval(prog, &call, &action, NULL), 0);
	callgate_action_format(action, got, sizeof(got));
	cr_assert_str_eq(got, want, "program: %u(0x%llx)", nr, (unsigned long long)first);
	callgate_prog_free(prog);
}

Test(build, rules_by_name_mean_what_they_say_in_a_profile)
{
	struct callgate_builder *builder = builder_of(eperm, CALLGATE_OVERLAP_STRICTEST);
	const struct callgate_condition unix_only = { .arg = 0, .op = CALLGATE_EQ, .value = 1 };
	const struct callgate_condition flags = {
		.arg = 0, .op = CALLGATE_MASKED_EQ, .mask = 0x7e020000, .value = 0xff
	};
	struct callgate_filter *filter;

	cr_assert_eq(callgate_builder_abi(builder, CALLGATE_ABI_X86, NULL), 0);
	cr_assert_eq(add(builder, "read", allow, NULL, 0), 0);
	cr_assert_eq(add(builder, "socket", allow, &unix_only, 1), 0);
	cr_assert_eq(add(builder, "clone", allow, &flags, 1), 0);
	filter = filter_of(builder);
	check(filter, CALLGATE_ABI_X86_64, 0, 0, "ALLOW");
	check(filter, CALLGATE_ABI_X86_64, 1, 0, "ERRNO(EPERM)");
	check(filter, CALLGATE_ABI_X86_64, 41, 1, "ALLOW");
	check(filter, CALLGATE_ABI_X86_64, 41, 2, "ERRNO(EPERM)");
	check(filter, CALLGATE_ABI_X86_64, 56, 0x1ff, "ALLOW"); /* bits of the value outside the mask do not count */
	check(filter, CALLGATE_ABI_X86_64, 56, 0x20000, "ERRNO(EPERM)");
	check(filter, CALLGATE_ABI_X86, 3, 0, "ALLOW");
	check(filter, CALLGATE_ABI_X86, 102, 1, "ERRNO(EPERM)"); /* a conditional rule opens nothing of socketcall */
	check(filter, CALLGATE_ABI_X86_64, 9999, 0, "ERRNO(EPERM)"); /* never ENOSYS */
	callgate_filter_free(filter);
}

Test(build, rules_by_number_are_about_that_number_alone)
{
	struct callgate_builder *builder = builder_of(allow, CALLGATE_OVERLAP_STRICTEST);
	struct callgate_filter *filter;

	cr_assert_eq(callgate_builder_abi(builder, CALLGATE_ABI_X32, NULL), 0);
	cr_assert_eq(callgate_builder_abi(builder, CALLGATE_ABI_X86, NULL), 0);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X86_64, 83, eperm), 0);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X86_64, 5000, eperm), 0);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X86_64, 70000, eperm), 0);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X86_64, 0x3fffffff, eacces), 0);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X86_64, 66000, eacces), 0);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X86_64, UINT32_MAX, eacces), 0);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X32, 0x40000053, eacces), 0);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X86, 359, eperm), 0); /* socket: socketcall stays as it is */
	filter = filter_of(builder);
	check(filter, CALLGATE_ABI_X86_64, 83, 0, "ERRNO(EPERM)");
	check(filter, CALLGATE_ABI_X86_64, 82, 0, "ALLOW");
	check(filter, CALLGATE_ABI_X86_64, 5000, 0, "ERRNO(EPERM)");
	check(filter, CALLGATE_ABI_X86_64, 66000, 0, "ERRNO(EACCES)");
	check(filter, CALLGATE_ABI_X86_64, 70000, 0, "ERRNO(EPERM)");
	check(filter, CALLGATE_ABI_X86_64, 70001, 0, "ALLOW");
	check(filter, CALLGATE_ABI_X86_64, 0x3fffffff, 0, "ERRNO(EACCES)");
	check(filter, CALLGATE_ABI_X86_64, UINT32_MAX, 0, "ERRNO(EACCES)");
	check(filter, CALLGATE_ABI_X32, 0x40000053, 0, "ERRNO(EACCES)");
	check(filter, CALLGATE_ABI_X32, 0x40000052, 0, "ALLOW");
	check(filter, CALLGATE_ABI_X86, 83, 0, "ALLOW");
	check(filter, CALLGATE_ABI_X86, 359, 0, "ERRNO(EPERM)");
	check(filter, CALLGATE_ABI_X86, 102, 1, "ALLOW");
	callgate_filter_free(filter);
}

Test(build, the_first_rule_decides_where_that_is_asked_for)
{
	struct callgate_builder *builder = builder_of(allow, CALLGATE_OVERLAP_FIRST);
	struct callgate_condition least = { .arg = 0, .op = CALLGATE_GE, .value = 10 };
	struct callgate_filter *filter;

	for (unsigned i = 0; i < 6; i++) { /* values that are searched, around one that is not theirs */
		struct callgate_condition is = { .arg = 0, .op = CALLGATE_EQ, .value = 20 + i };

		cr_assert_eq(
			add(builder, "ioctl", (struct callgate_action){ CALLGATE_ERRNO, (uint16_t)(20 + i) }, &is, 1),
			0);
		if (i == 2)
			cr_assert_eq(add(builder, "ioctl", eacces, &least, 1), 0);
	}
	least.value = 5;
	cr_assert_eq(add(builder, "ioctl", allow, &least, 1),
		     0); /* what the default does, and yet it hides the next one */
	cr_assert_eq(add(builder, "ioctl", eperm, NULL, 0), 0);
	cr_assert_eq(add(builder, "ioctl", eacces, NULL, 0), 0);
	filter = filter_of(builder);
	check(filter, CALLGATE_ABI_X86_64, 16, 20, "ERRNO(ENOTDIR)");
	check(filter, CALLGATE_ABI_X86_64, 16, 22, "ERRNO(EINVAL)");
	check(filter, CALLGATE_ABI_X86_64, 16, 23, "ERRNO(EACCES)");
	check(filter, CALLGATE_ABI_X86_64, 16, 9, "ALLOW");
	check(filter, CALLGATE_ABI_X86_64, 16, 4, "ERRNO(EPERM)");
	callgate_filter_free(filter);
}

/* libseccomp tries rules in an order of its own: it is told what they come to, not they themselves. */
Test(build, libseccomp_is_told_what_rules_in_turn_come_to)
{
	struct callgate_builder *builder = builder_of(allow, CALLGATE_OVERLAP_FIRST);
	struct callgate_condition third = { .arg = 2, .op = CALLGATE_EQ, .value = 7 };
	struct callgate_condition second = { .arg = 1, .op = CALLGATE_EQ, .value = 5 };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *filter;
	struct callgate_prog *prog;

	if (abi_native() != CALLGATE_ABI_X86_64)
		cr_skip_test("libseccomp starts with this machine's ABI");
	cr_assert_eq(add(builder, "ioctl", eperm, &second, 1), 0);
	cr_assert_eq(add(builder, "ioctl", eacces, &third, 1), 0);
	filter = filter_of(builder);
	cr_assert_eq(callgate_filter_compile_libseccomp(filter, 0, &prog, &err), 0, "%s", err.text);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
}

Test(build, conflicts_are_findings_at_the_index_of_the_rule)
{
	struct callgate_builder *builder = builder_of(allow, CALLGATE_OVERLAP_STRICTEST);
	struct callgate_policy *policy;
	struct callgate_notes *notes;
	const struct callgate_note *note;

	cr_assert_eq(callgate_notes_new(&notes), 0);
	cr_assert_eq(add(builder, "read", eperm, NULL, 0), 0);
	cr_assert_eq(add(builder, "mkdir", eperm, NULL, 0), 0);
	cr_assert_eq(add(builder, "mkdir", eacces, NULL, 0), 0);
	cr_assert_eq(callgate_builder_policy(builder, &policy, notes, NULL), CALLGATE_E_PROFILE);
	cr_assert_eq(callgate_notes_count(notes), 2);
	note = callgate_notes_at(notes, 0);
	cr_assert_eq(note->line, 3);
	cr_assert_str_eq(note->source_line, "mkdir=ERRNO(EACCES)");
	note = callgate_notes_at(notes, 1);
	cr_assert(note->attached && note->line == 2, "%s", note->text);
	callgate_notes_free(notes);
	callgate_builder_free(builder);
}

Test(build, one_number_on_two_abis_is_no_duplicate)
{
	struct callgate_builder *builder = builder_of(allow, CALLGATE_OVERLAP_STRICTEST);
	struct callgate_policy *policy;
	struct callgate_notes *notes;

	cr_assert_eq(callgate_notes_new(&notes), 0);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X86_64, 83, eperm), 0);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X86, 83, eacces), 0);
	cr_assert_eq(callgate_builder_policy(builder, &policy, notes, NULL), 0);
	cr_assert_eq(callgate_notes_count(notes), 0, "%s", callgate_notes_at(notes, 0)->text);
	callgate_policy_free(policy);
	callgate_notes_free(notes);
	callgate_builder_free(builder);
}

Test(build, unlisted_abis_get_what_is_asked_for)
{
	struct callgate_build how = CALLGATE_BUILD_INIT;
	struct callgate_builder *builder;
	struct callgate_filter *filter;

	how.fallback = allow;
	how.unlisted = eacces;
	cr_assert_eq(callgate_builder_new(&how, &builder, NULL), 0);
	filter = filter_of(builder);
	check(filter, CALLGATE_ABI_X86, 3, 0, "ERRNO(EACCES)");
	check(filter, CALLGATE_ABI_X32, 0x40000000, 0, "ERRNO(EACCES)");
	check(filter, CALLGATE_ABI_X86_64, 0, 0, "ALLOW");
	callgate_filter_free(filter);
}

/* How many instructions the program runs for a call. */
static unsigned steps_to(uint32_t favourite, uint32_t nr)
{
	struct callgate_builder *builder = builder_of(allow, CALLGATE_OVERLAP_STRICTEST);
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64, .nr = nr };
	struct callgate_filter *filter;
	struct callgate_action action;
	struct callgate_prog *prog;
	unsigned steps;

	for (uint32_t i = 0; i < 400; i += 2) {
		struct callgate_rule rule = CALLGATE_RULE_INIT;

		rule.abi = CALLGATE_ABI_X86_64;
		rule.nr = i;
		rule.action = (struct callgate_action){ CALLGATE_ERRNO, (uint16_t)(1 + i % 100) };
		rule.weight = i == favourite ? 255 : 0;
		cr_assert_eq(callgate_builder_rule(builder, &rule, NULL), 0);
	}
	filter = filter_of(builder);
	cr_assert_eq(callgate_filter_compile(filter, &prog, NULL), 0);
	cr_assert_eq(callgate_prog_eval(prog, &call, &action, &steps), 0);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
	return steps;
}

Test(build, a_weight_brings_a_call_nearer)
{
	cr_assert_lt(steps_to(302, 302), steps_to(1000, 302));
}

Test(build, what_cannot_be_is_refused)
{
	struct callgate_builder *builder = builder_of(allow, CALLGATE_OVERLAP_STRICTEST);
	struct callgate_condition twice[] = { { .arg = 1, .op = CALLGATE_GE, .value = 1 },
					      { .arg = 1, .op = CALLGATE_LE, .value = 2 } };
	struct callgate_condition seventh = { .arg = 6 }, odd = { .op = CALLGATE_MASKED_EQ + 1 };
	struct callgate_build how = CALLGATE_BUILD_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_rule rule = CALLGATE_RULE_INIT;
	struct callgate_policy *policy;

	rule.call = "mkdirr";
	rule.action = eperm;
	cr_assert_eq(callgate_builder_rule(builder, &rule, &err), CALLGATE_E_NOTFOUND);
	cr_assert_str_eq(err.text, "unknown syscall 'mkdirr'; did you mean 'mkdir'?");
	cr_assert_eq(add(builder, "mkdir", (struct callgate_action){ CALLGATE_ERRNO, 4096 }, NULL, 0), CALLGATE_E_ARG);
	cr_assert_eq(add(builder, "mkdir", (struct callgate_action){ CALLGATE_ALLOW + 1, 0 }, NULL, 0), CALLGATE_E_ARG);
	cr_assert_eq(add(builder, "mkdir", eperm, twice, 2), CALLGATE_E_ARG);
	cr_assert_eq(add(builder, "mkdir", eperm, &seventh, 1), CALLGATE_E_ARG);
	cr_assert_eq(add(builder, "mkdir", eperm, &odd, 1), CALLGATE_E_ARG);
	cr_assert_eq(add(builder, "mkdir", eperm, NULL, 1), CALLGATE_E_ARG);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_NONE, 1, eperm), CALLGATE_E_ARG);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X86_64, 0x40000001, eperm), CALLGATE_E_ARG);
	cr_assert_eq(add_number(builder, CALLGATE_ABI_X32, 1, eperm), CALLGATE_E_ARG);
	cr_assert_eq(callgate_builder_abi(builder, CALLGATE_ABI_COUNT, NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_builder_abi(NULL, CALLGATE_ABI_X86, NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_builder_rule(builder, NULL, NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_builder_policy(builder, NULL, NULL, NULL), CALLGATE_E_ARG);
	how.flags = 1u << 31;
	cr_assert_eq(callgate_builder_new(&how, &builder, NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_builder_policy(builder, &policy, NULL, NULL), 0,
		     "a rule that was refused leaves nothing behind");
	callgate_policy_free(policy);
	callgate_builder_free(builder);
}

/* As many conditions as programs that are written for libseccomp give: an allowance for work that is too small for them
 * would refuse what always compiled. */
Test(build, hundreds_of_conditions_are_within_the_budget)
{
	struct callgate_build how = CALLGATE_BUILD_INIT;
	const struct callgate_condition some = { .arg = 0, .op = CALLGATE_NE, .value = 0 };
	struct callgate_condition three[] = { { .arg = 0, .op = CALLGATE_EQ },
					      { .arg = 1, .op = CALLGATE_NE, .value = 0 },
					      { .arg = 2, .op = CALLGATE_LT, .value = INT64_MAX } };
	struct callgate_builder *builder;
	struct callgate_filter *filter;

	how.fallback = (struct callgate_action){ CALLGATE_KILL_THREAD, 0 };
	cr_assert_eq(callgate_builder_new(&how, &builder, NULL), 0);
	for (unsigned i = 0; i < 100; i++) {
		three[0].value = i;
		cr_assert_eq(add(builder, "chdir", allow, three, 3), 0);
	}
	for (uint32_t nr = 0; nr < 100; nr++) {
		struct callgate_rule rule = CALLGATE_RULE_INIT;

		rule.abi = CALLGATE_ABI_X86_64;
		rule.nr = nr;
		rule.action = allow;
		rule.conditions = &some;
		rule.condition_count = 1;
		if (nr != 80)
			cr_assert_eq(callgate_builder_rule(builder, &rule, NULL), 0);
	}
	filter = filter_of(builder);
	check(filter, CALLGATE_ABI_X86_64, 80, 99, "KILL_THREAD"); /* the second argument is 0 */
	check(filter, CALLGATE_ABI_X86_64, 79, 1, "ALLOW");
	check(filter, CALLGATE_ABI_X86_64, 79, 0, "KILL_THREAD");
	callgate_filter_free(filter);
}
