/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The readers of LXC text and of the environment: what arrives in the policy. Refusals are in tests/bad/. */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/read.h"

static struct callgate_policy *parse(const char *text)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	int r = callgate_policy_parse(text, strlen(text), "p.seccomp", &policy, NULL, &err);

	cr_assert_eq(r, 0, "%u:%u %s", err.line, err.column, err.text);
	cr_assert_eq(policy->dialect, DIALECT_LXC);
	return policy;
}

Test(read_lxc, reads_the_policy_line)
{
	static const struct {
		const char *text;
		bool allowlist;
		enum callgate_action_kind kind;
		int number; /* -1: none */
	} rows[] = {
		{ "2\ndenylist\nmkdir\n", false, CALLGATE_ALLOW, -1 },
		{ "2\nblacklist\nmkdir", false, CALLGATE_ALLOW, -1 },
		{ "2\nallowlist\nexecve\n", true, CALLGATE_KILL_THREAD, -1 },
		{ "2\nwhitelist trap\nexecve\n", true, CALLGATE_TRAP, -1 },
		{ "2\nallowlist errno 38\nexecve\n", true, CALLGATE_ERRNO, 38 },
		{ "2\nallowlist kill # comment\nexecve\n", true, CALLGATE_KILL_THREAD, -1 },
		{ "2\ndenylist  errno 0\nmkdir errno 4095\n", false, CALLGATE_ERRNO, 0 },
		{ " +02 denylist\nmkdir\n", false, CALLGATE_ALLOW, -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_policy *policy = parse(rows[i].text);

		cr_assert_eq(policy->lxc_version, 2);
		cr_assert_eq(policy->lxc_allowlist, rows[i].allowlist, "row %zu", i);
		cr_assert_eq(policy->fallback.kind, rows[i].kind, "row %zu", i);
		cr_assert_eq((policy->fallback.said & SAID_ERRNO_RET) != 0, rows[i].number >= 0, "row %zu", i);
		if (rows[i].number >= 0)
			cr_assert_eq(policy->fallback.errno_ret, rows[i].number, "row %zu", i);
		callgate_policy_free(policy);
	}
}

Test(read_lxc, reads_rules_and_sections)
{
	static const char text[] = "2\ndenylist\n# comment\n\nmkdir\n[x86_64]\nrmdir  errno 5 # why\nmount "
				   "notify\n[ARM64]\nbpf trap \n[all]\n"
				   "reject_force_umount  # see lxc\n   \nptrace # [";
	struct callgate_policy *policy;
	const struct rule *rule;
	struct callgate_err err = CALLGATE_ERR_INIT;

	/* The last line's bracket makes LXC see an argument; without it the text is fine. */
	cr_assert_eq(callgate_policy_parse(text, sizeof(text) - 1, "p", &policy, NULL, &err), CALLGATE_E_PROFILE);
	cr_assert(err.line == 14 && err.column == 10, "%u:%u %s", err.line, err.column, err.text);
	cr_assert_eq(callgate_policy_parse(text, sizeof(text) - 2, "p", &policy, NULL, &err), 0, "%s", err.text);
	rule = policy->rules;
	cr_assert_eq(policy->rule_count, 6);
	cr_assert(slice_is(rule[0].names[0].text, "mkdir") && rule[0].verdict.kind == CALLGATE_KILL_THREAD);
	cr_assert(rule[0].section == CALLGATE_ABI_NONE && rule[0].at.offset == 22);
	cr_assert(rule[1].section == CALLGATE_ABI_X86_64 && rule[1].verdict.kind == CALLGATE_ERRNO &&
		  rule[1].verdict.errno_ret == 5);
	cr_assert(rule[2].verdict.kind == CALLGATE_NOTIFY && rule[2].section == CALLGATE_ABI_X86_64);
	cr_assert(rule[3].verdict.kind == CALLGATE_TRAP && rule[3].section == CALLGATE_ABI_AARCH64);
	cr_assert(slice_is(rule[4].names[0].text, "umount2") && rule[4].section == CALLGATE_ABI_NONE);
	cr_assert(rule[4].verdict.kind == CALLGATE_ERRNO && rule[4].verdict.errno_ret == 13 &&
		  rule[4].condition_count == 1);
	cr_assert(rule[4].conditions[0].index == 1 && rule[4].conditions[0].op == OP_MASKED_EQ);
	cr_assert(rule[4].conditions[0].value == 1 && rule[4].conditions[0].value_two == 1);
	cr_assert(slice_is(rule[5].names[0].text, "ptrace"));
	callgate_policy_free(policy);
}

Test(read_lxc, reads_arguments_as_lxc_orders_them)
{
	struct callgate_policy *policy =
		parse("2\nallowlist\nexecve\n"
		      "ioctl allow [1,0x5401,==]\n"
		      "clone allow[0,0,SCMP_CMP_MASKED_EQ,0x7e020000] [ 2,18446744073709551615,!=]\n"
		      "close errno 9 [0,3,<][1,+4,>=]\n");
	const struct rule *rule = policy->rules;

	cr_assert_eq(policy->rule_count, 4);
	cr_assert_eq(rule[0].verdict.kind, CALLGATE_ALLOW);
	cr_assert_eq(rule[1].condition_count, 1);
	cr_assert(rule[1].conditions[0].index == 1 && rule[1].conditions[0].op == OP_EQ &&
		  rule[1].conditions[0].value == 0x5401);
	cr_assert_eq(policy->source.text[rule[1].conditions[0].at.offset], '[');
	cr_assert_eq(rule[2].condition_count, 2);
	cr_assert(rule[2].conditions[0].value == 0x7e020000 && rule[2].conditions[0].value_two == 0);
	cr_assert(rule[2].conditions[1].op == OP_NE && rule[2].conditions[1].value == UINT64_MAX);
	cr_assert(rule[3].conditions[0].op == OP_LT && rule[3].conditions[1].op == OP_GE &&
		  rule[3].conditions[1].value == 4);
	callgate_policy_free(policy);
}

Test(read_lxc, reads_version_1_as_numbers)
{
	struct callgate_policy *policy = parse("1\nallowlist\n0\n 059 # execve\n1073741824\n");

	cr_assert_eq(policy->lxc_version, 1);
	cr_assert(policy->lxc_allowlist && policy->fallback.kind == CALLGATE_KILL_THREAD);
	cr_assert_eq(policy->rule_count, 3);
	cr_assert(slice_is(policy->rules[0].names[0].text, "0"));
	cr_assert(slice_is(policy->rules[1].names[0].text, "59"));
	cr_assert(slice_is(policy->rules[2].names[0].text, "1073741824"));
	cr_assert_eq(policy->rules[2].verdict.kind, CALLGATE_ALLOW);
	callgate_policy_free(policy);
}

/* ------------------------------------------------------------------ the environment */

Test(read_env, has_the_three_variables)
{
	static const struct {
		const char *allow, *deny, *action;
		enum callgate_action_kind fallback, rule;
		unsigned names;
	} rows[] = {
		{ "read:write", NULL, NULL, CALLGATE_KILL_PROCESS, CALLGATE_ALLOW, 2 },
		{ "", NULL, NULL, CALLGATE_KILL_PROCESS, CALLGATE_ALLOW, 0 },
		{ ":read::exit_group:", NULL, "log", CALLGATE_LOG, CALLGATE_ALLOW, 2 },
		{ "read", "write", "Log", CALLGATE_KILL_PROCESS, CALLGATE_ALLOW, 1 },
		{ NULL, "ptrace", NULL, CALLGATE_ALLOW, CALLGATE_KILL_PROCESS, 1 },
		{ NULL, "ptrace:bpf:bpf", "log", CALLGATE_ALLOW, CALLGATE_LOG, 3 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_policy *policy = NULL;

		cr_assert_eq(callgate_policy_env(rows[i].allow, rows[i].deny, rows[i].action, &policy, NULL, &err), 0,
			     "row %zu: %s", i, err.text);
		cr_assert_eq(policy->dialect, DIALECT_ENV);
		cr_assert_eq(policy->fallback.kind, rows[i].fallback, "row %zu", i);
		cr_assert_eq(policy->rule_count, rows[i].names ? 1 : 0, "row %zu", i);
		if (rows[i].names) {
			cr_assert_eq(policy->rules[0].name_count, rows[i].names, "row %zu", i);
			cr_assert_eq(policy->rules[0].verdict.kind, rows[i].rule, "row %zu", i);
		}
		callgate_policy_free(policy);
	}
}

Test(read_env, refuses_what_it_cannot_resolve)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	char longest[130];

	cr_assert_eq(callgate_policy_env(NULL, NULL, "log", &policy, NULL, &err), CALLGATE_E_NOTFOUND);
	cr_assert_eq(callgate_policy_env("read: write", NULL, NULL, &policy, NULL, &err), CALLGATE_E_PROFILE);
	cr_assert(err.line == 1 && err.column == sizeof("SECCOMP_SYSCALL_ALLOW=read:"), "%u:%u", err.line, err.column);
	cr_assert_not_null(strstr(err.text, "did you mean 'write'"), "%s", err.text);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	cr_assert_eq(callgate_policy_env(NULL, longest, NULL, &policy, NULL, &err), CALLGATE_E_PROFILE);
	cr_assert_not_null(strstr(err.text, "127"), "%s", err.text);
	cr_assert_eq(callgate_policy_env("read", NULL, NULL, NULL, NULL, &err), CALLGATE_E_ARG);
	cr_assert_null(policy);
}
