/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second back end: what libseccomp can say means the same, what it cannot say is refused with its reason. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/prog.h"
#include "callgate.h"
#include "filter/filter.h"

static struct callgate_filter *resolve(const char *json, enum callgate_enosys enosys)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	int r;

	target.host = CALLGATE_ABI_X86_64;
	target.kernel_major = 6;
	target.kernel_minor = 1;
	target.enosys = enosys;
	target.libseccomp = 0x020500;
	r = callgate_policy_parse(json, strlen(json), "test.json", &policy, NULL, &err);
	cr_assert_eq(r, 0, "%s: %s", json, err.text);
	r = callgate_filter_resolve(policy, &target, &filter, NULL, &err);
	cr_assert_eq(r, 0, "%s: %s", json, err.text);
	callgate_policy_free(policy);
	return filter;
}

#define HEAD "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]," \
	"\"syscalls\":["
#define RULE(name, action, more) "{\"names\":[\"" name "\"],\"action\":\"SCMP_ACT_" action "\"" more "}"
#define ARG(index, value, two, op) \
	"{\"index\":" #index ",\"value\":" #value ",\"valueTwo\":" #two ",\"op\":\"SCMP_CMP_" op "\"}"
#define TAIL "]}"

Test(libseccomp, says_the_same)
{
	static const char *const profiles[] = {
		HEAD RULE("read", "ALLOW", "") "," RULE("mkdir", "ERRNO", ",\"errnoRet\":13") TAIL,
		HEAD RULE("personality", "ALLOW", ",\"args\":[" ARG(0, 8, 0, "EQ") "]") ","
		     RULE("ioctl", "LOG", ",\"args\":[" ARG(1, 21505, 0, "NE") "]") TAIL,
		HEAD RULE("clone", "ALLOW", ",\"args\":[" ARG(0, 2114060288, 0, "MASKED_EQ") "]") ","
		     RULE("fcntl", "TRAP", ",\"args\":[" ARG(1, 3, 0, "GT") "," ARG(2, 9, 0, "LE") "]") TAIL,
		HEAD RULE("kill", "KILL_PROCESS", "") "," RULE("open", "TRACE", ",\"errnoRet\":7") TAIL,
	};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct callgate_filter *filter = resolve(profiles[i], CALLGATE_ENOSYS_NEVER);
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_prog *prog = NULL;
		int r = callgate_filter_compile_libseccomp(filter, 0, &prog, &err);

		cr_assert_eq(r, 0, "profile %zu: %d %s", i, r, err.text);
		/* It is libseccomp's program, not ours, and agrees where both can be looked at. */
		cr_assert_eq(prog_agree(prog, filter, &err), 0, "profile %zu: %s", i, err.text);
		callgate_prog_free(prog);
		callgate_filter_free(filter);
	}
}

Test(libseccomp, refuses_what_it_cannot_say)
{
	static const struct {
		const char *profile;
		enum callgate_enosys enosys;
		const char *reason;
	} rows[] = {
		{ HEAD RULE("read", "ALLOW", "") "," RULE("mkdir", "ALLOW", ",\"args\":[" ARG(0, 1, 0, "EQ") "]") TAIL,
		  CALLGATE_ENOSYS_PROFILE, "no rule for a range of numbers" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_filter *filter = resolve(rows[i].profile, rows[i].enosys);
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_prog *prog = NULL;
		int r = callgate_filter_compile_libseccomp(filter, 0, &prog, &err);

		cr_assert_eq(r, CALLGATE_E_UNSUPPORTED, "row %zu: %d %s", i, r, err.text);
		cr_assert_not_null(strstr(err.text, rows[i].reason), "row %zu: %s", i, err.text);
		callgate_filter_free(filter);
	}
}
