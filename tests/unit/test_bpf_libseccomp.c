/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second back end: what libseccomp can say means the same, what it cannot say is refused with its reason. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/lower_libseccomp.h"
#include "bpf/prog.h"
#include "callgate.h"
#include "filter/filter.h"
#include "names/abi.h"
#include "tests/unit/agree.h"

/* libseccomp starts every filter with this machine's ABI, and joins no other byte order to it. */
static void need_byte_order(void)
{
	if (abi_of(abi_native())->big_endian)
		cr_skip_test("libseccomp makes no filter for x86_64 on a big-endian machine");
}

TestSuite(libseccomp, .init = need_byte_order);

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

#define HEAD \
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_" \
	"X32\"]," \
	"\"syscalls\":["
#define RULE(name, action, more) "{\"names\":[\"" name "\"],\"action\":\"SCMP_ACT_" action "\"" more "}"
#define ARG(index, value, two, op) \
	"{\"index\":" #index ",\"value\":" #value ",\"valueTwo\":" #two ",\"op\":\"SCMP_CMP_" op "\"}"
#define TAIL "]}"

/* What libseccomp can say. */
static const char *const profiles[] = {
	HEAD RULE("read", "ALLOW", "") "," RULE("mkdir", "ERRNO", ",\"errnoRet\":13") TAIL,
	HEAD RULE("personality", "ALLOW", ",\"args\":[" ARG(0, 8, 0, "EQ") "]") "," RULE(
		"ioctl", "LOG", ",\"args\":[" ARG(1, 21505, 0, "NE") "]") TAIL,
	HEAD RULE("clone", "ALLOW", ",\"args\":[" ARG(0, 2114060288, 0, "MASKED_EQ") "]") "," RULE(
		"fcntl", "TRAP", ",\"args\":[" ARG(1, 3, 0, "GT") "," ARG(2, 9, 0, "LE") "]") TAIL,
	HEAD RULE("kill", "KILL_PROCESS", "") "," RULE("open", "TRACE", ",\"errnoRet\":7") TAIL,
};

Test(libseccomp, says_the_same)
{
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

static int compile(struct callgate_filter *filter, unsigned seconds, struct callgate_err *err)
{
	struct callgate_prog *prog = NULL;
	int r = callgate_filter_compile_libseccomp(filter, seconds, &prog, err);

	cr_assert(r == 0 || !prog);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
	return r;
}

/* A tail of ENOSYS: holes in the table of another ABI would need rules, and have no names. */
Test(libseccomp, refuses_holes_of_other_abis)
{
	static const char profile[] = HEAD RULE("read", "ALLOW", "") "," RULE("openat2", "ALLOW", "") TAIL;
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (abi_native() != CALLGATE_ABI_X86_64)
		cr_skip_test("x86_64 is one of the others here");
	cr_assert_eq(compile(resolve(profile, CALLGATE_ENOSYS_PROFILE), 0, &err), CALLGATE_E_UNSUPPORTED);
	cr_assert_not_null(strstr(err.text, "has no word for number"), "%s", err.text);
	cr_assert_not_null(strstr(err.text, "ERRNO(ENOSYS)"), "%s", err.text);
}

/* socket under a condition: on x86 libseccomp lets it through socketcall without the condition. The proof sees that. */
Test(libseccomp, is_not_believed)
{
	static const char profile[] = HEAD RULE("socket", "ALLOW", ",\"args\":[" ARG(0, 1, 0, "EQ") "]") TAIL;
	struct callgate_err err = CALLGATE_ERR_INIT;

	cr_assert_eq(compile(resolve(profile, CALLGATE_ENOSYS_NEVER), 0, &err), CALLGATE_E_MISMATCH, "%s", err.text);
	cr_assert_not_null(strstr(err.text, "socketcall"), "%s", err.text);
}

static struct callgate_filter *by_hand(struct test first, struct test second)
{
	const struct callgate_origin origin = { CALLGATE_BY_DEFAULT };
	struct callgate_filter *filter;
	const struct node *allow, *eperm;
	struct span_map map = { 0 };

	cr_assert_eq(filter_new("by hand", &filter, NULL), 0);
	filter->other_arch = filter_leaf(filter, (struct callgate_action){ CALLGATE_KILL_THREAD, 0 }, origin);
	allow = filter_leaf(filter, (struct callgate_action){ CALLGATE_ALLOW, 0 }, origin);
	eperm = filter_leaf(filter, (struct callgate_action){ CALLGATE_ERRNO, 1 }, origin);
	filter->abis[filter->abi_count++] = CALLGATE_ABI_X86;
	span_map_add(&map, &(struct span){ .first = 0, .node = eperm });
	span_map_add(&map, &(struct span){ .first = 54,
					   .node = filter_test(filter, first, filter_test(filter, second, allow, eperm),
							       eperm) });
	span_map_add(&map, &(struct span){ .first = 55, .node = eperm });
	cr_assert_eq(filter_add_arch(filter, 0x40000003, &map, NULL), 0);
	return filter;
}

Test(libseccomp, refuses_what_it_cannot_say)
{
	const struct test low = { .mask = UINT32_MAX, .value = 5, .arg = 1, .op = TEST_GE };
	const struct test high = { .mask = UINT32_MAX, .value = 9, .arg = 1, .op = TEST_GE, .negate = 1 };
	const struct test masked = { .mask = 0xff, .value = 5, .arg = 1, .op = TEST_GT };
	const struct test other = { .mask = UINT32_MAX, .value = 7, .arg = 2, .op = TEST_EQ };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *filter;

	cr_assert_eq(compile(by_hand(low, other), 0, &err), 0, "%s", err.text);
	cr_assert_eq(compile(by_hand(low, high), 0, &err), CALLGATE_E_UNSUPPORTED);
	cr_assert_not_null(strstr(err.text, "only once in a rule"), "%s", err.text);
	cr_assert_eq(compile(by_hand(masked, other), 0, &err), CALLGATE_E_UNSUPPORTED);
	cr_assert_not_null(strstr(err.text, "no such comparison"), "%s", err.text);
	filter = by_hand(low, other);
	filter->abi_count = 0;
	cr_assert_eq(compile(filter, 0, &err), CALLGATE_E_UNSUPPORTED);
	filter = by_hand(low, other);
	filter->other_arch = filter->arches[0].spans[1].node;
	cr_assert_eq(compile(filter, 0, &err), CALLGATE_E_UNSUPPORTED);
	cr_assert_not_null(strstr(err.text, "other architectures"), "%s", err.text);
}

/* So many values keep libseccomp busy for longer than anyone would wait. */
Test(libseccomp, is_stopped_in_time)
{
	enum { VALUES = 3000 };
	const struct callgate_action allow = { CALLGATE_ALLOW, 0 };
	struct callgate_filter *filter = by_hand((struct test){ .mask = 1, .value = 1, .op = TEST_EQ },
						 (struct test){ .mask = 1, .value = 1, .op = TEST_EQ, .arg = 1 });
	struct test *tests = arena_array(&filter->arena, VALUES, sizeof(*tests));
	struct clause *clauses = arena_array(&filter->arena, VALUES, sizeof(*clauses));
	struct span *span = (struct span *)&filter->arches[0].spans[1];
	struct callgate_err err = CALLGATE_ERR_INIT;

	for (unsigned i = 0; i < VALUES; i++) {
		tests[i] = (struct test){ .mask = UINT64_MAX, .arg = i % 6, .op = i & 1 ? TEST_GT : TEST_EQ };
		tests[i].value = (i * (uint64_t)7919 + i % 6 * 104729) << 30 | i;
		clauses[i] = (struct clause){ .tests = &tests[i], .test_count = 1, .action = allow };
	}
	filter->abis[0] = CALLGATE_ABI_X86_64;
	filter->arches[0].audit = 0xc000003e;
	span->clauses = clauses;
	span->clause_count = VALUES;
	filter->fallback = filter->arches[0].spans[0].node;
	cr_assert_eq(compile(filter, 1, &err), CALLGATE_E_LIMIT, "%s", err.text);
	cr_assert_not_null(strstr(err.text, "within 1 second"), "%s", err.text);
}

/* The same calls, put to our own library. */
Test(libseccomp, our_own_says_the_same)
{
	const char *build = getenv("top_builddir");
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct libseccomp library;
	char path[4096];
	void *ours;

	snprintf(path, sizeof(path), "%s/src/compat/.libs/libseccomp.so.2", build ? build : ".");
	ours = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!ours)
		cr_skip_test("our libseccomp.so.2 is not built");
	cr_assert_eq(libseccomp_take(ours, &library, &err), 0, "%s", err.text);
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct callgate_filter *filter = resolve(profiles[i], CALLGATE_ENOSYS_NEVER);
		struct callgate_prog *prog = NULL;
		int r = prog_lower_libseccomp(filter, &library, CALLGATE_LIBSECCOMP_SECONDS, &prog, &err);

		cr_assert_eq(r, 0, "profile %zu: %d %s", i, r, err.text);
		cr_assert_eq(prog_prove(prog, filter, &err), 0, "profile %zu: %s", i, err.text);
		callgate_prog_free(prog);
		callgate_filter_free(filter);
	}
}
