/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of arguments by name: the tables against the kernel's headers, reading and writing, and lists of calls. */
#include <criterion/criterion.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "callgate.h"

static const char *text_of(enum callgate_abi abi, const char *call, unsigned index, uint64_t value)
{
	static char buf[256];

	cr_assert_geq(callgate_value_format(abi, call, index, value, buf, sizeof(buf)), 0);
	return buf;
}

Test(value, names_have_the_numbers_of_the_headers)
{
	static const struct {
		const char *call;
		unsigned index;
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "socket", 0, "AF_ALG", AF_ALG },
		{ "socket", 0, "AF_VSOCK", AF_VSOCK },
		{ "socket", 1, "SOCK_STREAM|SOCK_CLOEXEC", SOCK_STREAM | SOCK_CLOEXEC },
		{ "clone", 0, "CLONE_NEWUSER|SIGCHLD", CLONE_NEWUSER | SIGCHLD },
		{ "unshare", 0, "CLONE_NEWNS|CLONE_NEWPID", CLONE_NEWNS | CLONE_NEWPID },
		{ "ioctl", 1, "TIOCSTI", TIOCSTI },
		{ "prctl", 0, "PR_SET_SECCOMP", PR_SET_SECCOMP },
		{ "personality", 0, "ADDR_NO_RANDOMIZE", 0x40000 },
		{ "kill", 1, "SIGKILL", SIGKILL },
		{ "mmap", 2, "PROT_READ|PROT_EXEC", PROT_READ | PROT_EXEC },
		{ "keyctl", 0, "KEYCTL_JOIN_SESSION_KEYRING", KEYCTL_JOIN_SESSION_KEYRING },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum callgate_abi abi = CALLGATE_ABI_X86_64;
		uint64_t value = 0;

		cr_expect_eq(callgate_value_parse(abi, rows[i].call, rows[i].index, rows[i].name, &value), 0, "%s",
			     rows[i].name);
		cr_expect_eq(value, rows[i].value, "%s", rows[i].name);
		cr_expect_eq(callgate_value_parse(abi, rows[i].call, rows[i].index,
						  text_of(abi, rows[i].call, rows[i].index, value), &value),
			     0);
		cr_expect_eq(value, rows[i].value, "%s comes back as %s", rows[i].name,
			     text_of(abi, rows[i].call, rows[i].index, value));
	}
}

Test(value, what_has_no_name_is_hex)
{
	cr_expect_str_eq(text_of(CALLGATE_ABI_X86_64, "socket", 0, 38), "AF_ALG");
	cr_expect_str_eq(text_of(CALLGATE_ABI_X86_64, "socket", 0, 0x100000026), "0x100000026");
	cr_expect_str_eq(text_of(CALLGATE_ABI_X86_64, "unshare", 0, 0x110000000), "CLONE_NEWUSER|0x100000000");
	cr_expect_str_eq(text_of(CALLGATE_ABI_X86_64, "clone", 0, 0x11), "SIGCHLD");
	cr_expect_str_eq(text_of(CALLGATE_ABI_X86_64, "mmap", 2, 0), "PROT_NONE");
	cr_expect_str_eq(text_of(CALLGATE_ABI_X86_64, "read", 0, 3), "0x3");
	cr_expect_eq(callgate_value_format(CALLGATE_ABI_X86_64, "socket", 0, 38, NULL, 0), 6);
}

Test(value, other_abis_have_other_numbers)
{
	uint64_t value;

	/* MIPS: SOCK_STREAM is 2 there; s390: clone takes its flags second. */
	cr_expect_str_eq(text_of(CALLGATE_ABI_MIPS, "socket", 1, 1), "0x1");
	cr_expect_str_eq(text_of(CALLGATE_ABI_MIPS, "socket", 0, 38), "AF_ALG");
	cr_expect_str_eq(text_of(CALLGATE_ABI_PPC64LE, "ioctl", 1, 0x5412), "0x5412");
	cr_expect_str_eq(text_of(CALLGATE_ABI_S390X, "clone", 1, 0x10000000), "CLONE_NEWUSER");
	cr_expect_str_eq(text_of(CALLGATE_ABI_S390X, "clone", 0, 0x10000000), "0x10000000");
	cr_expect_eq(callgate_value_parse(CALLGATE_ABI_MIPS, "socket", 1, "SOCK_STREAM", &value), CALLGATE_E_NOTFOUND);
}

Test(value, reads_numbers_and_refuses_the_rest)
{
	static const char *const wrong[] = {
		"", "AF_ALGO", "AF_ALG|", "|AF_ALG", "0x", "1e3", "18446744073709551616", "af_alg"
	};
	uint64_t value = 0;

	cr_expect_eq(callgate_value_parse(CALLGATE_ABI_X86_64, "socket", 0, "-1", &value), 0);
	cr_expect_eq(value, UINT64_MAX);
	cr_expect_eq(callgate_value_parse(CALLGATE_ABI_X86_64, "read", 5, "0x10|1", &value), 0);
	cr_expect_eq(value, 0x11);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_eq(callgate_value_parse(CALLGATE_ABI_X86_64, "socket", 0, wrong[i], &value),
			     CALLGATE_E_NOTFOUND, "%s", wrong[i]);
	cr_expect_str_eq(callgate_value_nearest(CALLGATE_ABI_X86_64, "socket", 0, "AF_ALGG"), "AF_ALG");
}

/* What a list of calls makes of a call. */
static enum callgate_action_kind decide(const char *deny, uint64_t a0)
{
	struct callgate_lists words = CALLGATE_LISTS_INIT;
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64, .args = { a0 } };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_action action = { .kind = CALLGATE_TRACE };

	words.deny = deny;
	cr_assert_eq(callgate_target_host(&target, NULL), 0);
	target.host = CALLGATE_ABI_X86_64;
	cr_assert_eq(callgate_policy_lists(&words, &policy, NULL, &err), 0, "%s: %s", deny, err.text);
	cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_syscall_number(call.abi, "socket", &call.nr), 0);
	cr_assert_eq(callgate_filter_decide(filter, &call, &action, NULL), 0);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return action.kind;
}

Test(value, lists_of_calls_take_names)
{
	static const char *const lists[] = { "socket(AF_ALG)=EPERM", "socket(a0==AF_ALG)=EPERM", "socket(38,*)=EPERM",
					     "socket(a0 & 0xff == AF_ALG)=EPERM" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		cr_expect_eq(decide(lists[i], AF_ALG), CALLGATE_ERRNO, "%s", lists[i]);
		cr_expect_eq(decide(lists[i], AF_INET), CALLGATE_ALLOW, "%s", lists[i]);
	}
}

Test(value, lists_of_calls_refuse_what_is_ambiguous)
{
	static const struct {
		const char *deny, *text;
	} rows[] = {
		{ "clone(CLONE_NEWUSER)", "flags by position are ambiguous" },
		{ "socket(AF_ALGG)", "unknown value 'AF_ALGG'; did you mean 'AF_ALG'?" },
		{ "socket(1,", "expected" },
		{ "socket(1,2,3,4,5,6,7)", "at most six" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_lists words = CALLGATE_LISTS_INIT;
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_policy *policy = NULL;

		words.deny = rows[i].deny;
		cr_expect_eq(callgate_policy_lists(&words, &policy, NULL, &err), CALLGATE_E_PROFILE, "%s",
			     rows[i].deny);
		cr_expect_not_null(strstr(err.text, rows[i].text), "%s: %s", rows[i].deny, err.text);
	}
}
