/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --allow, --deny and --default of a command line. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "callgate.h"

static struct callgate_filter *filter_of(struct callgate_lists words)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy;
	struct callgate_filter *filter;

	words.size = sizeof(words);
	cr_assert_eq(callgate_target_host(&target, &err), 0);
	target.host = CALLGATE_ABI_X86_64;
	cr_assert_eq(callgate_policy_lists(&words, &policy, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, NULL, &err), 0, "%s", err.text);
	callgate_policy_free(policy);
	return filter;
}

static void check(struct callgate_lists words, const char *name, uint64_t first, const char *want)
{
	struct callgate_filter *filter = filter_of(words);
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64, .args = { first } };
	struct callgate_action action;
	char got[64];

	cr_assert_eq(callgate_syscall_number(call.abi, name, &call.nr), 0);
	cr_assert_eq(callgate_filter_decide(filter, &call, &action, NULL), 0);
	callgate_action_format(action, got, sizeof(got));
	cr_assert_str_eq(got, want, "%s(%d) gives %s, not %s", name, (int)first, got, want);
	callgate_filter_free(filter);
}

Test(words, say_what_passes_and_what_does_not)
{
	struct callgate_lists allow = { .allow = "read:write,socket(a0==2,a1<=3):mkdir=EACCES" },
			      deny = { .deny = "mkdir,rmdir=LOG" };
	struct callgate_lists both = { .allow = "read", .deny = "write=EIO", .fallback = "ERRNO(ENOSYS)" },
			      only = { .fallback = "EPERM" };

	check(allow, "read", 0, "ALLOW");
	check(allow, "write", 0, "ALLOW");
	check(allow, "socket", 2, "ALLOW");
	check(allow, "socket", 3, "KILL_PROCESS");
	check(allow, "mkdir", 0, "ERRNO(EACCES)");
	check(allow, "rmdir", 0, "KILL_PROCESS");
	check(deny, "mkdir", 0, "KILL_PROCESS");
	check(deny, "rmdir", 0, "LOG");
	check(deny, "read", 0, "ALLOW");
	check(both, "read", 0, "ALLOW");
	check(both, "write", 0, "ERRNO(EIO)");
	check(both, "mkdir", 0, "ERRNO(ENOSYS)");
	check(only, "mkdir", 0, "ERRNO(EPERM)");
}

Test(words, are_refused_with_their_column)
{
	static const struct {
		struct callgate_lists words;
		unsigned line, column;
		const char *text;
	} rows[] = {
		{ { .allow = "read,wrte" }, 1, 14, "unknown syscall 'wrte'" },
		{ { .deny = "mkdri" }, 1, 8, "did you mean 'mkdir'?" },
		{ { .allow = "read", .deny = "socket(a6==1)" }, 2, 15, "" },
		{ { .allow = "*=EPERM" }, 1, 9, "--default" },
		{ { .fallback = "NOTIFY" }, 1, 11, "NOTIFY is not possible in a list" },
		{ { .allow = "read=NOTIFY" }, 1, 14, "NOTIFY is not possible in a list" },
		{ { .allow = "read", .fallback = "FORBID" }, 2, 11, "unknown action" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_policy *policy = NULL;
		struct callgate_lists words = rows[i].words;
		int r;

		words.size = sizeof(words);
		r = callgate_policy_lists(&words, &policy, NULL, &err);
		cr_assert_eq(r, CALLGATE_E_PROFILE, "row %zu: %d", i, r);
		cr_assert(err.line == rows[i].line && err.column == rows[i].column, "row %zu: %u:%u: %s", i, err.line,
			  err.column, err.text);
		cr_assert(strstr(err.text, rows[i].text), "row %zu: %s", i, err.text);
	}
	cr_assert_eq(callgate_policy_lists(&(struct callgate_lists)CALLGATE_LISTS_INIT,
					   &(struct callgate_policy *){ NULL }, NULL, NULL),
		     CALLGATE_E_ARG);
}
