/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of calls: items with conditions and actions, what is refused in them and where; the same filter complaining. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "filter/log_only.h"
#include "policy/list_item.h"

static struct callgate_filter *list_filter(const char *allow, const char *deny, const char *action)
{
	struct callgate_target target = { .size = sizeof(target), .host = CALLGATE_ABI_X86_64, .kernel_major = 6 };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	int r = callgate_policy_env(allow, deny, action, &policy, NULL, &err);

	cr_assert_eq(r, 0, "%s%s: %s", allow ? allow : "", deny ? deny : "", err.text);
	r = callgate_filter_resolve(policy, &target, &filter, NULL, &err);
	cr_assert_eq(r, 0, "%s%s: %s", allow ? allow : "", deny ? deny : "", err.text);
	callgate_policy_free(policy);
	return filter;
}

static void expect(const struct callgate_filter *filter, const char *list, const char *name, uint64_t a0, uint64_t a1,
		   const char *want)
{
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64, .args = { a0, a1 } };
	struct callgate_action action;
	struct callgate_origin origin;
	char got[64];

	cr_assert_eq(callgate_syscall_number(CALLGATE_ABI_X86_64, name, &call.nr), 0, "%s", name);
	cr_assert_eq(callgate_filter_decide(filter, &call, &action, &origin), 0);
	callgate_action_format(action, got, sizeof(got));
	cr_assert_str_eq(got, want, "%s: %s(%#llx, %#llx) gets %s, not %s", list, name, (unsigned long long)a0,
			 (unsigned long long)a1, got, want);
}

Test(item, says_what_calls_get)
{
	static const struct {
		const char *allow, *deny, *action, *call;
		uint64_t a0, a1;
		const char *want;
	} rows[] = {
		{ "read:write", NULL, NULL, "write", 1, 0, "ALLOW" },
		{ "read:write", NULL, NULL, "open", 0, 0, "KILL_PROCESS" },
		{ "", NULL, NULL, "open", 0, 0, "KILL_PROCESS" },
		{ "::read::", NULL, "log", "read", 0, 0, "ALLOW" },
		{ "::read::", NULL, "log", "write", 0, 0, "LOG" },
		{ "read", NULL, "Log", "write", 0, 0, "KILL_PROCESS" },
		{ NULL, "mkdir", NULL, "mkdir", 0, 0, "KILL_PROCESS" },
		{ NULL, "mkdir", "log", "mkdir", 0, 0, "LOG" },
		{ NULL, "mkdir", NULL, "rmdir", 0, 0, "ALLOW" },
		{ "read", "read", NULL, "read", 0, 0, "ALLOW" },
		/* conditions */
		{ "write(a0 == 1)", NULL, NULL, "write", 1, 0, "ALLOW" },
		{ "write(a0 == 1)", NULL, NULL, "write", 2, 0, "KILL_PROCESS" },
		{ "write(a0==0x1):write(a0==2)", NULL, NULL, "write", 2, 0, "ALLOW" },
		{ "write( a0 <= 2 )", NULL, NULL, "write", 3, 0, "KILL_PROCESS" },
		{ "write(a0<3)", NULL, NULL, "write", 2, 0, "ALLOW" },
		{ "write(a0>3)", NULL, NULL, "write", 3, 0, "KILL_PROCESS" },
		{ "write(a0>=3)", NULL, NULL, "write", 3, 0, "ALLOW" },
		{ "write(a0!=3)", NULL, NULL, "write", 3, 0, "KILL_PROCESS" },
		{ "write(a0 == 18446744073709551615)", NULL, NULL, "write", UINT64_MAX, 0, "ALLOW" },
		{ "open(a1 & 3 == 0)", NULL, NULL, "open", 9, 0x80000, "ALLOW" },
		{ "open(a1 & 3 == 0)", NULL, NULL, "open", 9, 0x80001, "KILL_PROCESS" },
		{ "dup2(a0 == 1, a1 == 2)", NULL, NULL, "dup2", 1, 2, "ALLOW" },
		{ "dup2(a0 == 1, a1 == 2)", NULL, NULL, "dup2", 1, 3, "KILL_PROCESS" },
		{ "dup2(a0 == 1, a1 == 2)", NULL, NULL, "dup2", 2, 2, "KILL_PROCESS" },
		/* actions */
		{ NULL, "mkdir=EIO", NULL, "mkdir", 0, 0, "ERRNO(EIO)" },
		{ NULL, "mkdir=ERRNO(EIO):rmdir", NULL, "rmdir", 0, 0, "KILL_PROCESS" },
		{ NULL, "mkdir=ERRNO(5)", "log", "mkdir", 0, 0, "ERRNO(EIO)" },
		{ NULL, "socket(a0 != 1)=EACCES", NULL, "socket", 2, 0, "ERRNO(EACCES)" },
		{ NULL, "socket(a0 != 1)=EACCES", NULL, "socket", 1, 0, "ALLOW" },
		{ "read:mkdir=LOG", NULL, NULL, "mkdir", 0, 0, "LOG" },
		{ "read:*=EPERM", NULL, NULL, "mkdir", 0, 0, "ERRNO(EPERM)" },
		{ "*=ERRNO(ENOSYS):read", NULL, NULL, "read", 0, 0, "ALLOW" },
		{ "read:*=ALLOW:open=TRAP", NULL, NULL, "open", 0, 0, "TRAP" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_filter *filter = list_filter(rows[i].allow, rows[i].deny, rows[i].action);

		expect(filter, rows[i].allow ? rows[i].allow : rows[i].deny, rows[i].call, rows[i].a0, rows[i].a1,
		       rows[i].want);
		callgate_filter_free(filter);
	}
}

Test(item, refuses_with_place_and_reason)
{
	/* column: in the line SECCOMP_SYSCALL_ALLOW=..., whose value begins at column 23 */
	static const struct {
		const char *list;
		unsigned column;
		const char *text;
	} rows[] = {
		{ "raed", 23, "unknown syscall 'raed'; did you mean 'read'?" },
		{ " read", 23, "unknown syscall ' read'" },
		{ "read ", 23, "unknown syscall 'read '" },
		{ "read:(a0==1)", 28, "unexpected '(a0==1)'; expected a syscall name" },
		{ "=EIO", 23, "expected a syscall name" },
		{ "write(a6==1)", 29, "unexpected 'a6==1)'; expected an argument, a0 to a5" },
		{ "write()", 29, "unexpected ')'; expected an argument" },
		{ "write(a0=1)", 31, "unexpected '=1)'; expected one of == != < <= > >= &" },
		{ "write(a0==)", 33, "unexpected ')'; expected a number" },
		{ "write(a0==1", 34, "unexpected end of the item; expected ',' or ')'" },
		{ "write(a0==1;a1==2)", 34, "unexpected ';a1==2)'; expected ',' or ')'" },
		{ "write(a0==18446744073709551616)", 33, "expected a number below 2^64" },
		{ "write(a0==0x)", 33, "expected a number" },
		{ "write(a0 & 3 != 0)", 36, "unexpected '!= 0)'; expected '==' after a mask" },
		{ "write(a0==1,a0==2)", 35, "duplicate argument a0" },
		{ "write(a0==1)EIO", 35, "unexpected 'EIO'; expected '=' or nothing" },
		{ "write=", 29, "unknown action ''" },
		{ "write=EFOO", 29, "unknown action 'EFOO'" },
		{ "write=eio", 29, "unknown action 'eio'" },
		{ "write=ERRNO(4096)", 29, "unknown action" },
		{ "write=NOTIFY", 29, "NOTIFY is not possible in a list" },
		{ "write=TRAP(7)", 29, "action 'TRAP(7)' is not possible in a list" },
		{ "write=EIO=EIO", 29, "unknown action 'EIO=EIO'" },
		{ "*", 23, "'*' takes an action and no conditions" },
		{ "*(a0==1)=EIO", 23, "'*' takes an action and no conditions" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_policy *policy = NULL;
		int r = callgate_policy_env(rows[i].list, NULL, NULL, &policy, NULL, &err);

		cr_assert_eq(r, CALLGATE_E_PROFILE, "%s: %d", rows[i].list, r);
		cr_assert_null(policy);
		cr_assert(strstr(err.text, rows[i].text), "%s: %s", rows[i].list, err.text);
		cr_assert_eq(err.column, rows[i].column, "%s: column %u", rows[i].list, err.column);
	}
}

Test(item, star_belongs_to_the_allowed)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;

	cr_assert_eq(callgate_policy_env(NULL, "*=EIO", NULL, &policy, NULL, &err), CALLGATE_E_PROFILE);
	cr_assert(strstr(err.text, "only possible in SECCOMP_SYSCALL_ALLOW"), "%s", err.text);
}

Test(item, names_up_to_127_bytes)
{
	char name[129];

	memset(name, 'x', sizeof(name));
	for (unsigned size = 127; size <= 128; size++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_policy *policy = NULL;

		name[size] = '\0';
		cr_assert_eq(callgate_policy_env(name, NULL, NULL, &policy, NULL, &err), CALLGATE_E_PROFILE);
		cr_assert_eq(strstr(err.text, "longer than 127 bytes") != NULL, size > 127, "%s", err.text);
		name[size] = 'x';
	}
}

Test(item, next_passes_over_empty_elements_and_parentheses)
{
	static const char text[] = ",,a(b,c),d,,e(f";
	static const char *const want[] = { "a(b,c)", "d", "e(f" };
	struct slice got;
	size_t at = 0;

	for (size_t i = 0; i < 3; i++) {
		cr_assert(item_next(SLICE(text), ',', &at, &got));
		cr_assert(slice_is(got, want[i]), "%.*s", (int)got.size, got.at);
	}
	cr_assert_not(item_next(SLICE(text), ',', &at, &got));
	at = 0;
	cr_assert_not(item_next(SLICE(":::"), ':', &at, &got));
}

Test(complain, logs_what_is_not_allowed)
{
	struct callgate_filter *filter =
		list_filter("read:write(a0 == 1):open(a1 & 3 == 0)=EIO:*=KILL_THREAD", NULL, NULL);
	struct callgate_filter *logging = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_call foreign = { .abi = CALLGATE_ABI_ARM, .nr = 3 };
	struct callgate_action action;
	struct callgate_origin origin;
	struct callgate_prog *prog;

	expect(filter, "strict", "open", 0, 0, "ERRNO(EIO)");
	cr_assert_eq(filter_log_only(filter, &logging, &err), 0, "%s", err.text);
	callgate_filter_free(filter); /* nothing of it is needed any more, the names of files included */
	expect(logging, "complaining", "read", 0, 0, "ALLOW");
	expect(logging, "complaining", "write", 1, 0, "ALLOW");
	expect(logging, "complaining", "write", 2, 0, "LOG");
	expect(logging, "complaining", "open", 0, 0, "LOG");
	expect(logging, "complaining", "open", 0, 1, "LOG");
	expect(logging, "complaining", "mkdir", 0, 0, "LOG");
	cr_assert_eq(callgate_filter_decide(logging, &foreign, &action, &origin), 0);
	cr_assert_eq(action.kind, CALLGATE_LOG, "an architecture that is not listed");
	cr_assert_eq(callgate_filter_compile(logging, &prog, &err), 0, "%s", err.text);
	callgate_prog_free(prog);
	callgate_filter_free(logging);
}

/* Whatever is in a list: an answer, and for a refusal a place inside the list. */
Test(item, any_bytes_at_all, .timeout = 20)
{
	static const char *const parts[] = { "open(a1 & 3 == 0)=EIO:",
					     "close:",
					     "brk:",
					     "read",
					     "write",
					     "(",
					     "a0",
					     "a5",
					     "a6",
					     " ",
					     "&",
					     "==",
					     "!=",
					     "<=",
					     ">",
					     "=",
					     "0x",
					     "7",
					     "18446744073709551615",
					     "EIO",
					     "ERRNO(5)",
					     ")",
					     ",",
					     ":",
					     "*",
					     "LOG",
					     "\t",
					     "\xc3\xa9",
					     "\x01",
					     "ERRNO(" };
	uint64_t random = 0x9e3779b97f4a7c15;
	unsigned accepted = 0, refused = 0;

	for (unsigned i = 0; i < 30000; i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_policy *policy = NULL;
		char list[256] = "";
		int r;

		for (unsigned j = 0; j < 1 + i % 12; j++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			strcat(list, parts[random % (sizeof(parts) / sizeof(parts[0]))]);
		}
		r = callgate_policy_env(list, NULL, NULL, &policy, NULL, &err);
		if (r == 0) {
			accepted++;
		} else {
			cr_assert_eq(r, CALLGATE_E_PROFILE, "%s: %d %s", list, r, err.text);
			cr_assert(err.line == 1 && err.column >= 23 && err.column <= 23 + strlen(list),
				  "%s: column %u of %s", list, err.column, err.text);
			refused++;
		}
		callgate_policy_free(policy);
	}
	cr_assert(accepted > 500 && refused > 500, "%u accepted, %u refused", accepted, refused);
}
