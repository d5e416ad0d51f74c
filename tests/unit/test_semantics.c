/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a profile means, rule by rule (src/filter/semantics.md): a profile, a target, and what calls get. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "callgate.h"

/* abi, call name or #number, a0, a1, the action as it is written. */
struct row {
	const char *abi, *call;
	uint64_t a0, a1;
	const char *want;
};

static struct callgate_target x86_64(void)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;

	target.host = CALLGATE_ABI_X86_64;
	target.kernel_major = 6;
	target.kernel_minor = 1;
	return target;
}

static struct callgate_filter *resolve(const char *profile, const struct callgate_target *target,
				       struct callgate_notes *notes, int *r)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;

	*r = callgate_policy_parse(profile, strlen(profile), "test.json", &policy, notes, &err);
	if (*r == 0)
		*r = callgate_filter_resolve(policy, target, &filter, notes, &err);
	callgate_policy_free(policy);
	return filter;
}

static uint32_t number(enum callgate_abi abi, const char *call)
{
	uint32_t nr = 0;

	if (call[0] == '#')
		return (uint32_t)strtoul(call + 1, NULL, 0);
	cr_assert_eq(callgate_syscall_number(abi, call, &nr), 0, "%s", call);
	return nr;
}

static void expect(const char *profile, struct callgate_target target, const struct row *rows, size_t count)
{
	struct callgate_notes *notes;
	struct callgate_filter *filter;
	int r;

	cr_assert_eq(callgate_notes_new(&notes), 0);
	filter = resolve(profile, &target, notes, &r);
	for (size_t i = 0; i < callgate_notes_count(notes) && r < 0; i++)
		cr_log_error("%s", callgate_notes_at(notes, i)->text);
	cr_assert_eq(r, 0, "%s", profile);
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct callgate_call call = { .args = { row->a0, row->a1 } };
		struct callgate_action action;
		char got[32];

		cr_assert_eq(callgate_abi_parse(row->abi, &call.abi), 0);
		call.nr = number(call.abi, row->call);
		cr_assert_eq(callgate_filter_decide(filter, &call, &action, NULL), 0);
		callgate_action_format(action, got, sizeof(got));
		cr_expect_str_eq(got, row->want, "%s %s(0x%llx,0x%llx): %s, not %s\nin %s", row->abi, row->call,
				 (unsigned long long)row->a0, (unsigned long long)row->a1, got, row->want, profile);
	}
	callgate_filter_free(filter);
	callgate_notes_free(notes);
}

#define EXPECT(profile, target, ...) \
	do { \
		static const struct row rows[] = { __VA_ARGS__ }; \
		expect(profile, target, rows, sizeof(rows) / sizeof(rows[0])); \
	} while (0)

/* The finding with this id whose text has this word; fails when there is none. */
static void expect_note(const char *profile, struct callgate_target target, unsigned id, const char *word, int want)
{
	struct callgate_notes *notes;
	bool found = false;
	int r;

	cr_assert_eq(callgate_notes_new(&notes), 0);
	callgate_filter_free(resolve(profile, &target, notes, &r));
	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);

		found |= note->id == id && strstr(note->text, word);
	}
	cr_expect(found, "no CG-%03u with '%s' for %s", id, word, profile);
	cr_expect_eq(r, want, "%d for %s", r, profile);
	callgate_notes_free(notes);
}

#define ALLOW "\"action\":\"SCMP_ACT_ALLOW\""
#define ERRNO "\"action\":\"SCMP_ACT_ERRNO\""
#define DENYING(rules) "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" rules "]}"
#define ALLOWING(rules) "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" rules "]}"
#define WITH_X86(rules) \
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"]," \
	"\"syscalls\":[" rules "]}"
#define ALLOWING_X86(rules) \
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],\"syscalls\":[" rules "]}"

Test(semantics, rule_0_guards_are_answered_first)
{
	static const char profile[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\","
		"\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],\"syscalls\":["
		"{\"names\":[\"mount\"]," ALLOW ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"clone3\"]," ERRNO ",\"errnoRet\":38,\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"clone3\"]," ALLOW ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"ptrace\"]," ALLOW ",\"includes\":{\"minKernel\":\"4.8\"}},"
		"{\"names\":[\"bpf\"]," ALLOW ",\"includes\":{\"minKernel\":\"6.2\"}},"
		"{\"names\":[\"arch_prctl\"]," ALLOW ",\"includes\":{\"arches\":[\"amd64\",\"x32\"]}},"
		"{\"names\":[\"modify_ldt\"]," ALLOW ",\"includes\":{\"arches\":[\"arm64\"]}},"
		"{\"names\":[\"socketcall\"]," ALLOW ",\"excludes\":{\"arches\":[\"amd64\"]}}]}";
	struct callgate_target admin = x86_64(), podman = x86_64(), runc = x86_64();

	admin.caps = UINT64_C(1) << 21;
	podman.reader = CALLGATE_AS_PODMAN;
	runc.reader = CALLGATE_AS_RUNC;
	EXPECT(profile, x86_64(), { "x86_64", "mount", 0, 0, "ERRNO(EPERM)" },
	       { "x86_64", "clone3", 0, 0, "ERRNO(ENOSYS)" }, { "x86_64", "ptrace", 0, 0, "ALLOW" },
	       { "x86_64", "bpf", 0, 0, "ERRNO(EPERM)" }, { "x86_64", "arch_prctl", 0, 0, "ALLOW" },
	       { "x86_64", "modify_ldt", 0, 0, "ERRNO(EPERM)" }, { "x86", "socketcall", 1, 0, "ERRNO(EPERM)" });
	EXPECT(profile, admin, { "x86_64", "mount", 0, 0, "ALLOW" }, { "x86_64", "clone3", 0, 0, "ALLOW" });
	EXPECT(profile, podman, { "x86_64", "bpf", 0, 0, "ALLOW" }); /* minKernel is not read there */
	EXPECT(profile, runc, { "x86_64", "mount", 0, 0, "ALLOW" }, { "x86", "mount", 0, 0, "KILL_THREAD" });
}

Test(semantics, rule_0_what_equals_the_default_is_gone)
{
	EXPECT(DENYING("{\"names\":[\"mkdir\"]," ERRNO "},{\"names\":[\"mkdir\"]," ALLOW
		       ",\"includes\":{\"minKernel\":\"4.8\"}}"),
	       x86_64(), { "x86_64", "mkdir", 0, 0, "ALLOW" });
	/* Another errno is another action. */
	EXPECT(DENYING("{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":13},{\"names\":[\"read\"]," ALLOW "}"), x86_64(),
	       { "x86_64", "mkdir", 0, 0, "ERRNO(EACCES)" });
}

Test(semantics, rule_1_unconditional_beats_conditional_and_the_first_wins)
{
	static const char guarded[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
		"{\"names\":[\"bpf\"]," ERRNO ",\"errnoRet\":2,\"excludes\":{\"caps\":[\"CAP_BPF\"]}},"
		"{\"names\":[\"bpf\"]," ALLOW "}]}";

	EXPECT(DENYING("{\"names\":[\"ioctl\"]," ERRNO
		       ",\"errnoRet\":25,\"args\":[{\"index\":1,\"value\":5,\"op\":\"SCMP_CMP_EQ\"}]},"
		       "{\"names\":[\"ioctl\"]," ALLOW "}"),
	       x86_64(), { "x86_64", "ioctl", 0, 5, "ALLOW" }, { "x86_64", "ioctl", 0, 6, "ALLOW" });
	EXPECT(guarded, x86_64(), { "x86_64", "bpf", 0, 0, "ERRNO(ENOENT)" });
	expect_note(guarded, x86_64(), 202, "has no effect on this target", 0);
	expect_note(guarded, x86_64(), 202, "this rule decides", 0);
	expect_note(DENYING("{\"names\":[\"bpf\"]," ALLOW "},{\"names\":[\"bpf\"]," ERRNO
			    ",\"errnoRet\":2,\"excludes\":{\"caps\":[\"CAP_BPF\"]}}"),
		    x86_64(), 202, "has no effect on this target", 0);
	expect_note(DENYING("{\"names\":[\"bpf\"]," ERRNO ",\"errnoRet\":2},{\"names\":[\"bpf\"]," ALLOW "}"), x86_64(),
		    203, "bpf", CALLGATE_E_PROFILE);
}

Test(semantics, rule_2_of_overlapping_conditions_the_stricter_action_decides)
{
	static const char socket_family[] = DENYING(
		"{\"names\":[\"socket\"]," ERRNO
		",\"errnoRet\":13,\"args\":[{\"index\":0,\"value\":40,\"op\":\"SCMP_CMP_EQ\"}]},\n"
		"{\"names\":[\"socket\"]," ALLOW ",\"args\":[{\"index\":0,\"value\":16,\"op\":\"SCMP_CMP_NE\"}]}");
	static const char allow_first[] = DENYING("{\"names\":[\"ioctl\"]," ALLOW
						  ",\"args\":[{\"index\":1,\"value\":8,\"op\":\"SCMP_CMP_GE\"}]},\n"
						  "{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_KILL\",\"args\":[{"
						  "\"index\":1,\"value\":8,\"op\":\"SCMP_CMP_LE\"}]}");
	static const char two_errnos[] =
		ALLOWING("{\"names\":[\"ioctl\"]," ERRNO
			 ",\"errnoRet\":9,\"args\":[{\"index\":1,\"value\":8,\"op\":\"SCMP_CMP_GE\"}]},\n"
			 "{\"names\":[\"ioctl\"]," ERRNO
			 ",\"errnoRet\":2,\"args\":[{\"index\":1,\"value\":10,\"op\":\"SCMP_CMP_GE\"}]},\n"
			 "{\"names\":[\"ioctl\"]," ERRNO
			 ",\"errnoRet\":9,\"args\":[{\"index\":0,\"value\":3,\"op\":\"SCMP_CMP_EQ\"}]},\n"
			 "{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":0,\"value\":4,"
			 "\"op\":\"SCMP_CMP_EQ\"}]},\n"
			 "{\"names\":[\"ioctl\"]," ERRNO
			 ",\"errnoRet\":2,\"args\":[{\"index\":0,\"value\":3,\"op\":\"SCMP_CMP_LE\"}]}");

	EXPECT(socket_family, x86_64(), { "x86_64", "socket", 40, 0, "ERRNO(EACCES)" },
	       { "x86_64", "socket", 2, 0, "ALLOW" }, { "x86_64", "socket", 16, 0, "ERRNO(EPERM)" });
	expect_note(socket_family, x86_64(), 213, "socket(AF_VSOCK)", 0);
	expect_note(socket_family, x86_64(), 213, "the stricter action decides: ERRNO(EACCES)", 0);
	expect_note(socket_family, x86_64(), 213, "ERRNO(EACCES) given here", 0);
	EXPECT(allow_first, x86_64(), { "x86_64", "ioctl", 0, 8, "KILL_THREAD" }, { "x86_64", "ioctl", 0, 9, "ALLOW" },
	       { "x86_64", "ioctl", 0, 7, "KILL_THREAD" });
	expect_note(allow_first, x86_64(), 213, "ioctl(0x0,0x8", 0);
	EXPECT(two_errnos, x86_64(), { "x86_64", "ioctl", 5, 9, "ERRNO(EBADF)" },
	       { "x86_64", "ioctl", 5, 11, "ERRNO(EBADF)" }, { "x86_64", "ioctl", 4, 11, "TRAP" },
	       { "x86_64", "ioctl", 3, 0, "ERRNO(EBADF)" }, { "x86_64", "ioctl", 2, 0, "ERRNO(ENOENT)" },
	       { "x86_64", "ioctl", 5, 0, "ALLOW" });
	/* Neighbours that do not touch are no overlap; nor are overlaps of one action. */
	EXPECT(DENYING("{\"names\":[\"ioctl\"]," ALLOW ",\"args\":[{\"index\":1,\"value\":8,\"op\":\"SCMP_CMP_GE\"}]},"
		       "{\"names\":[\"ioctl\"]," ERRNO
		       ",\"errnoRet\":9,\"args\":[{\"index\":1,\"value\":8,\"op\":\"SCMP_CMP_LT\"}]},"
		       "{\"names\":[\"ioctl\"]," ALLOW ",\"args\":[{\"index\":1,\"value\":9,\"op\":\"SCMP_CMP_EQ\"}]}"),
	       x86_64(), { "x86_64", "ioctl", 0, 7, "ERRNO(EBADF)" }, { "x86_64", "ioctl", 0, 8, "ALLOW" },
	       { "x86_64", "ioctl", 0, 9, "ALLOW" });
}

Test(semantics, rule_2_is_decided_after_the_cut_of_rule_6)
{
	static const char profile[] = WITH_X86(
		"{\"names\":[\"ioctl\"]," ALLOW ",\"args\":[{\"index\":1,\"value\":5,\"op\":\"SCMP_CMP_EQ\"}]},"
		"{\"names\":[\"ioctl\"]," ERRNO
		",\"errnoRet\":9,\"args\":[{\"index\":1,\"value\":4294967301,\"op\":\"SCMP_CMP_EQ\"}]}");

	EXPECT(profile, x86_64(), { "x86_64", "ioctl", 0, 5, "ALLOW" }, { "x86", "ioctl", 0, 5, "ERRNO(EBADF)" });
	expect_note(profile, x86_64(), 213, "ioctl(0x0,0x5", 0);
}

/*
 * Values of one argument are searched, not tried one by one: of rules that overlap the order must not be lost in that.
 */
Test(semantics, rule_2_holds_for_lists_of_values)
{
	static const char profile[] =
		DENYING("{\"names\":[\"ioctl\"]," ALLOW ",\"args\":[{\"index\":1,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
			"{\"names\":[\"ioctl\"]," ALLOW ",\"args\":[{\"index\":1,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]},"
			"{\"names\":[\"ioctl\"]," ALLOW ",\"args\":[{\"index\":1,\"value\":3,\"op\":\"SCMP_CMP_EQ\"}]},"
			"{\"names\":[\"ioctl\"]," ALLOW ",\"args\":[{\"index\":1,\"value\":4,\"op\":\"SCMP_CMP_EQ\"}]},"
			"{\"names\":[\"ioctl\"]," ERRNO
			",\"errnoRet\":2,\"args\":[{\"index\":1,\"value\":3,\"op\":\"SCMP_CMP_EQ\"}]},"
			"{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":0,\"value\":7,\"op\":"
			"\"SCMP_CMP_EQ\"}]}");

	EXPECT(profile, x86_64(), { "x86_64", "ioctl", 0, 1, "ALLOW" }, { "x86_64", "ioctl", 0, 3, "ERRNO(ENOENT)" },
	       { "x86_64", "ioctl", 7, 3, "TRAP" }, { "x86_64", "ioctl", 7, 1, "TRAP" },
	       { "x86_64", "ioctl", 7, 9, "TRAP" }, { "x86_64", "ioctl", 0, 4, "ALLOW" },
	       { "x86_64", "ioctl", 0, 5, "ERRNO(EPERM)" });
}

Test(semantics, what_is_always_or_never_true_is_folded_the_right_way_round)
{
	EXPECT(ALLOWING("{\"names\":[\"umask\"]," ERRNO
			",\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_LT\",\"value\":0}]}"),
	       x86_64(), { "x86_64", "umask", 0, 0, "ALLOW" }, { "x86_64", "umask", 5, 0, "ALLOW" });
	EXPECT(ALLOWING("{\"names\":[\"umask\"]," ERRNO ",\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_LE\","
			"\"value\":18446744073709551615}]}"),
	       x86_64(), { "x86_64", "umask", 0, 0, "ERRNO(EPERM)" },
	       { "x86_64", "umask", UINT64_MAX, 0, "ERRNO(EPERM)" });
}

Test(semantics, rule_3_conditions_are_anded_repeats_are_ored)
{
	EXPECT(DENYING("{\"names\":[\"socket\"]," ALLOW ",\"args\":[{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"},"
		       "{\"index\":1,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}"),
	       x86_64(), { "x86_64", "socket", 2, 1, "ALLOW" }, { "x86_64", "socket", 2, 2, "ERRNO(EPERM)" },
	       { "x86_64", "socket", 1, 1, "ERRNO(EPERM)" });
	EXPECT(DENYING("{\"names\":[\"socket\"]," ALLOW ",\"args\":[{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"},"
		       "{\"index\":0,\"value\":10,\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":1,\"op\":\"SCMP_CMP_"
		       "EQ\"}]}"),
	       x86_64(), { "x86_64", "socket", 2, 9, "ALLOW" }, { "x86_64", "socket", 10, 9, "ALLOW" },
	       { "x86_64", "socket", 7, 1, "ALLOW" }, { "x86_64", "socket", 7, 9, "ERRNO(EPERM)" });
}

Test(semantics, all_operators_mean_what_they_say)
{
	static const struct {
		const char *op;
		const char *below, *at, *above;
	} ops[] = {
		{ "NE", "ALLOW", "ERRNO(EPERM)", "ALLOW" }, { "LT", "ALLOW", "ERRNO(EPERM)", "ERRNO(EPERM)" },
		{ "LE", "ALLOW", "ALLOW", "ERRNO(EPERM)" }, { "EQ", "ERRNO(EPERM)", "ALLOW", "ERRNO(EPERM)" },
		{ "GE", "ERRNO(EPERM)", "ALLOW", "ALLOW" }, { "GT", "ERRNO(EPERM)", "ERRNO(EPERM)", "ALLOW" },
	};
	static const uint64_t values[] = { 5, UINT64_C(0x80000000), UINT64_C(0x100000000),
					   UINT64_C(0x8000000000000000) };

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
			struct row rows[] = { { "x86_64", "umask", values[j] - 1, 0, ops[i].below },
					      { "x86_64", "umask", values[j], 0, ops[i].at },
					      { "x86_64", "umask", values[j] + 1, 0, ops[i].above } };
			char profile[256];

			snprintf(profile, sizeof(profile),
				 DENYING("{\"names\":[\"umask\"]," ALLOW
					 ",\"args\":[{\"index\":0,\"value\":%llu,\"op\":\"SCMP_CMP_%s\"}]}"),
				 (unsigned long long)values[j], ops[i].op);
			expect(profile, x86_64(), rows, 3);
		}
	}
	EXPECT(DENYING("{\"names\":[\"clone\"]," ALLOW ",\"args\":[{\"index\":0,\"value\":2114060288,\"valueTwo\":0,"
		       "\"op\":\"SCMP_CMP_MASKED_EQ\"}]}"),
	       x86_64(), { "x86_64", "clone", 0x11, 0, "ALLOW" }, { "x86_64", "clone", 0x10000000, 0, "ERRNO(EPERM)" },
	       { "x86_64", "clone", 0x100000000, 0, "ALLOW" });
}

Test(semantics, rule_4_a_lost_name_never_loosens)
{
	struct callgate_target old = x86_64();
	struct callgate_notes *notes;
	struct callgate_filter *filter;
	struct callgate_origin origin;
	const char *name;
	int r;

	old.libseccomp = 0x020504;
	EXPECT(DENYING("{\"names\":[\"mseal\",\"read\"]," ALLOW "}"), x86_64(), { "x86_64", "mseal", 0, 0, "ALLOW" });
	EXPECT(DENYING("{\"names\":[\"mseal\",\"write\"]," ALLOW "}"), old,
	       { "x86_64", "#462", 0, 0, "ERRNO(ENOSYS)" });
	expect_note(DENYING("{\"names\":[\"mseal\"]," ALLOW "}"), old, 113, "mseal", 0);
	cr_assert_eq(callgate_notes_new(&notes), 0);
	filter = resolve(ALLOWING("{\"names\":[\"mkdirr\",\"chmod\"]," ERRNO "}"), &old, notes, &r);
	cr_assert_eq(r, 0);
	cr_assert_eq(callgate_filter_dropped(filter, &name, &origin), 1);
	cr_assert_str_eq(name, "mkdirr");
	cr_assert_eq(origin.line, 1);
	callgate_filter_free(filter);
	filter = resolve(DENYING("{\"names\":[\"mkdirr\"]," ALLOW "}"), &old, notes, &r);
	cr_assert_eq(callgate_filter_dropped(filter, &name, &origin), 0);
	callgate_filter_free(filter);
	callgate_notes_free(notes);
}

Test(semantics, rule_5_errno_defaults)
{
	EXPECT("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":13,\"syscalls\":["
	       "{\"names\":[\"mkdir\"]," ERRNO "},{\"names\":[\"chmod\"]," ERRNO ",\"errnoRet\":95},"
	       "{\"names\":[\"rmdir\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":7},{\"names\":[\"futex_waitv\"]"
	       "," ALLOW "}]}",
	       x86_64(), { "x86_64", "mkdir", 0, 0, "ERRNO(EPERM)" }, { "x86_64", "chmod", 0, 0, "ERRNO(EOPNOTSUPP)" },
	       { "x86_64", "rmdir", 0, 0, "TRACE(7)" }, { "x86_64", "mount", 0, 0, "ERRNO(EACCES)" });
	EXPECT("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOENT\",\"defaultErrnoRet\":2,\"archMap\":[],"
	       "\"syscalls\":["
	       "{\"names\":[\"mkdir\"]," ERRNO ",\"errno\":\"EACCES\"},{\"names\":[\"futex_waitv\"]," ALLOW "}]}",
	       x86_64(), { "x86_64", "mkdir", 0, 0, "ERRNO(EACCES)" }, { "x86_64", "mount", 0, 0, "ERRNO(ENOENT)" });
}

Test(semantics, rule_5_newer_than_the_profile_is_enosys)
{
	static const char two[] = WITH_X86("{\"names\":[\"read\",\"openat2\"]," ALLOW "}");
	struct callgate_target never = x86_64(), crun = x86_64(), runc = x86_64();

	never.enosys = CALLGATE_ENOSYS_NEVER;
	crun.reader = CALLGATE_AS_CRUN;
	runc.reader = CALLGATE_AS_RUNC;
	EXPECT(two, x86_64(), { "x86_64", "#436", 0, 0, "ERRNO(EPERM)" }, { "x86_64", "openat2", 0, 0, "ALLOW" },
	       { "x86_64", "#438", 0, 0, "ERRNO(ENOSYS)" }, { "x86_64", "#99999", 0, 0, "ERRNO(ENOSYS)" },
	       { "x86", "#438", 0, 0, "ERRNO(ENOSYS)" }, { "x86", "#40", 0, 0, "ERRNO(EPERM)" });
	EXPECT(two, never, { "x86_64", "#438", 0, 0, "ERRNO(EPERM)" });
	EXPECT(two, crun, { "x86_64", "#438", 0, 0, "ERRNO(EPERM)" });
	/* A rule that does what the default does still names a call that is known. */
	EXPECT(DENYING("{\"names\":[\"read\"]," ALLOW "},{\"names\":[\"openat2\"]," ERRNO "}"), x86_64(),
	       { "x86_64", "#436", 0, 0, "ERRNO(EPERM)" }, { "x86_64", "openat2", 0, 0, "ERRNO(EPERM)" },
	       { "x86_64", "#438", 0, 0, "ERRNO(ENOSYS)" });
	/* A killing default kills, but runc answers ENOSYS there too. */
	EXPECT("{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[{\"names\":[\"openat2\"]," ALLOW "}]}", x86_64(),
	       { "x86_64", "#438", 0, 0, "KILL_THREAD" });
	EXPECT("{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[{\"names\":[\"openat2\"]," ALLOW "}]}", runc,
	       { "x86_64", "#438", 0, 0, "ERRNO(ENOSYS)" }, { "x86_64", "#436", 0, 0, "KILL_THREAD" });
}

Test(semantics, rule_6_a_32_bit_abi_compares_32_bits)
{
	static const char profile[] =
		WITH_X86("{\"names\":[\"personality\"]," ALLOW ",\"args\":[{\"index\":0,\"value\":4294967295,"
			 "\"op\":\"SCMP_CMP_EQ\"}]},{\"names\":[\"futex_waitv\"]," ALLOW "}");

	EXPECT(profile, x86_64(), { "x86", "personality", 0xffffffff, 0, "ALLOW" },
	       { "x86", "personality", 0x80000000ffffffff, 0, "ALLOW" },
	       { "x86", "personality", 0xfffffffe, 0, "ERRNO(EPERM)" },
	       { "x86_64", "personality", 0x80000000ffffffff, 0, "ERRNO(EPERM)" },
	       { "x86_64", "personality", 0xffffffff, 0, "ALLOW" });
	expect_note(WITH_X86("{\"names\":[\"ioctl\"]," ALLOW
			     ",\"args\":[{\"index\":1,\"value\":4294988818,\"op\":\"SCMP_CMP_EQ\"}]}"),
		    x86_64(), 300, "x86", 0);
	/* All ones above a lower half that is no negative number are cut off too. */
	expect_note(WITH_X86("{\"names\":[\"ioctl\"]," ALLOW
			     ",\"args\":[{\"index\":1,\"value\":18446744069414584321,\"op\":\"SCMP_CMP_EQ\"}]}"),
		    x86_64(), 300, "x86", 0);
}

Test(semantics, rule_7_multiplexed_calls)
{
	struct callgate_target crun = x86_64(), runc = x86_64();

	crun.reader = CALLGATE_AS_CRUN;
	runc.reader = CALLGATE_AS_RUNC;
	/* Members make rules on the multiplexer. */
	EXPECT(ALLOWING_X86("{\"names\":[\"socket\",\"shmget\"]," ERRNO ",\"errnoRet\":13}"), x86_64(),
	       { "x86", "socketcall", 1, 0, "ERRNO(EACCES)" }, { "x86", "socketcall", 2, 0, "ALLOW" },
	       { "x86", "socket", 0, 0, "ERRNO(EACCES)" }, { "x86", "ipc", 23, 0, "ERRNO(EACCES)" },
	       { "x86", "ipc", 0x10017, 0, "ERRNO(EACCES)" }, /* the version in the upper half changes nothing */
	       { "x86", "ipc", 24, 0, "ALLOW" }, { "x86_64", "socket", 0, 0, "ERRNO(EACCES)" });
	EXPECT(WITH_X86("{\"names\":[\"socket\",\"bind\",\"futex_waitv\"]," ALLOW "}"), x86_64(),
	       { "x86", "socketcall", 1, 0, "ALLOW" }, { "x86", "socketcall", 2, 0, "ALLOW" },
	       { "x86", "socketcall", 3, 0, "ERRNO(EPERM)" });
	/* A rule on the multiplexer itself wins. */
	EXPECT(WITH_X86("{\"names\":[\"socketcall\",\"futex_waitv\"]," ALLOW "},{\"names\":[\"socket\"]," ERRNO
			",\"errnoRet\":13}"),
	       x86_64(), { "x86", "socketcall", 1, 0, "ALLOW" }, { "x86", "socket", 0, 0, "ERRNO(EACCES)" });
	/* Arguments behind the pointer are out of sight: a conditional allow opens nothing, a conditional deny closes
	 * all. */
	EXPECT(WITH_X86("{\"names\":[\"socket\"]," ALLOW
			",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
			"{\"names\":[\"futex_waitv\"]," ALLOW "}"),
	       x86_64(), { "x86", "socket", 1, 0, "ALLOW" }, { "x86", "socketcall", 1, 0, "ERRNO(EPERM)" });
	EXPECT(ALLOWING_X86("{\"names\":[\"socket\"]," ERRNO
			    ",\"args\":[{\"index\":0,\"value\":38,\"op\":\"SCMP_CMP_EQ\"}]}"),
	       x86_64(), { "x86", "socket", 38, 0, "ERRNO(EPERM)" }, { "x86", "socket", 1, 0, "ALLOW" },
	       { "x86", "socketcall", 1, 0, "ERRNO(EPERM)" }, { "x86", "socketcall", 2, 0, "ALLOW" });
	/* runc's stub does not count members of multiplexers when it looks for the highest number, and answers before
	 * their rules. */
	EXPECT(WITH_X86("{\"names\":[\"socket\",\"utimensat\"]," ALLOW "}"), runc, { "x86", "#320", 0, 0, "ALLOW" },
	       { "x86", "#321", 0, 0, "ERRNO(ENOSYS)" }, { "x86", "socket", 0, 0, "ERRNO(ENOSYS)" },
	       { "x86", "socketcall", 1, 0, "ALLOW" }, { "x86_64", "socket", 0, 0, "ALLOW" });
	/* Other readers drop the condition. */
	EXPECT(WITH_X86("{\"names\":[\"socket\"]," ALLOW
			",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}"),
	       crun, { "x86", "socketcall", 1, 0, "ALLOW" });
}

Test(semantics, rule_7_is_not_overwritten_by_rule_5)
{
	EXPECT("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],\"syscalls\":["
	       "{\"names\":[\"read\",\"recv\"]," ALLOW "}]}",
	       x86_64(), { "x86", "socketcall", 10, 0, "ALLOW" }, { "x86", "socketcall", 1, 0, "ERRNO(EPERM)" },
	       { "x86", "#103", 0, 0, "ERRNO(ENOSYS)" }, { "x86_64", "#1", 0, 0, "ERRNO(ENOSYS)" });
	EXPECT(WITH_X86("{\"names\":[\"read\"]," ALLOW
			"},{\"names\":[\"recv\",\"semop\"],\"action\":\"SCMP_ACT_KILL\"}"),
	       x86_64(), { "x86", "socketcall", 10, 0, "KILL_THREAD" }, { "x86", "ipc", 1, 0, "KILL_THREAD" },
	       { "x86", "ipc", 0x10001, 0, "KILL_THREAD" }, { "x86", "ipc", 2, 0, "ERRNO(EPERM)" },
	       { "x86", "#118", 0, 0, "ERRNO(ENOSYS)" });
	/* Of conditional denies behind one selector the strictest, whatever their order. */
	EXPECT(ALLOWING_X86("{\"names\":[\"socket\"]," ERRNO
			    ",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
			    "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":0,\"value\":2,"
			    "\"op\":\"SCMP_CMP_EQ\"}]}"),
	       x86_64(), { "x86", "socket", 1, 0, "ERRNO(EPERM)" }, { "x86", "socket", 2, 0, "KILL_THREAD" },
	       { "x86", "socketcall", 1, 0, "KILL_THREAD" });
}

Test(semantics, rule_8_abis)
{
	static const char native[] = DENYING("{\"names\":[\"read\",\"futex_waitv\"]," ALLOW "}");

	EXPECT(native, x86_64(), { "x86_64", "read", 0, 0, "ALLOW" }, { "x86", "read", 0, 0, "KILL_THREAD" },
	       { "aarch64", "read", 0, 0, "KILL_THREAD" }, { "x32", "#0x40000000", 0, 0, "KILL_THREAD" },
	       { "x32", "#0xfffffffe", 0, 0, "KILL_THREAD" }, { "x86_64", "#0xffffffff", 0, 0, "ERRNO(EPERM)" });
	EXPECT("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X32\"],\"syscalls\":["
	       "{\"names\":[\"read\",\"openat2\"]," ALLOW "}]}",
	       x86_64(), { "x86_64", "read", 0, 0, "ALLOW" }, { "x32", "read", 0, 0, "ALLOW" },
	       { "x32", "#0x40000001", 0, 0, "ERRNO(EPERM)" }, { "x32", "#0x40000fff", 0, 0, "ERRNO(ENOSYS)" },
	       { "x86_64", "#0x3fffffff", 0, 0, "ERRNO(ENOSYS)" });
}

/* ------------------------------------------------------------------ what is said besides */

/* How many findings have these words. */
static unsigned said(const char *profile, const struct callgate_target *target, const char *words)
{
	struct callgate_filter *filter;
	struct callgate_notes *notes;
	unsigned found = 0;
	int r;

	cr_assert_eq(callgate_notes_new(&notes), 0);
	filter = resolve(profile, target, notes, &r);
	cr_assert_eq(r, 0, "%s", profile);
	for (size_t i = 0; i < callgate_notes_count(notes); i++)
		found += strstr(callgate_notes_at(notes, i)->text, words) != NULL;
	callgate_filter_free(filter);
	callgate_notes_free(notes);
	return found;
}

#define CONDITION(value, two) "{\"index\":0,\"value\":" value ",\"valueTwo\":" two ",\"op\":\"SCMP_CMP_MASKED_EQ\"}"
#define WITH(architectures, conditions) \
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[" architectures \
	"],\"syscalls\":[{\"names\":[\"rmdir\"]," \
	"\"action\":\"SCMP_ACT_ERRNO\"},{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[" conditions \
	"]}]}"
#define WIDE "\"SCMP_ARCH_X86_64\""
#define BOTH "\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\""

Test(semantics, what_rule_6_cuts_is_said_where_something_is_cut)
{
	static const char words[] = "only the lower 32 bits of this condition count on x86";
	const struct callgate_target target = x86_64();

	cr_expect_eq(said(WITH(BOTH, CONDITION("4294967297", "0")), &target, words), 1);
	cr_expect_eq(said(WITH(BOTH, CONDITION("1", "4294967296")), &target, words), 1);
	cr_expect_eq(said(WITH(BOTH, CONDITION("4294967297", "0") "," CONDITION("1", "8589934592")), &target, words),
		     2);
	/* All ones above a lower half that is no negative number; above one that is, they are its sign. */
	cr_expect_eq(said(WITH(BOTH, CONDITION("18446744069414584320", "0")), &target, words), 1);
	cr_expect_eq(said(WITH(BOTH, CONDITION("18446744071562067968", "0")), &target, words), 0);
	cr_expect_eq(said(WITH(BOTH, CONDITION("4294967295", "4294967295")), &target, words), 0);
	cr_expect_eq(said(WITH(WIDE, CONDITION("4294967297", "0")), &target, words), 0, "nothing is cut there");
}

#define TWO(guard, action) \
	"{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\",\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_" \
	"ALLOW\"" guard "}," \
	"{\"names\":[\"mkdir\"],\"action\":\"" action "\"}]}"
#define GUARD ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}"

Test(semantics, what_has_no_effect_on_a_target_is_said_there)
{
	static const char words[] = "has no effect on this target";
	struct callgate_target with = x86_64(), without = x86_64();

	with.caps = UINT64_MAX;
	cr_expect_eq(said(TWO(GUARD, "SCMP_ACT_ERRNO"), &with, words), 1);
	cr_expect_eq(said(TWO(GUARD, "SCMP_ACT_ERRNO"), &without, words), 0, "the first rule is not there");
	cr_expect_eq(said(TWO(GUARD, "SCMP_ACT_ALLOW"), &with, words), 0, "both say the same");
}

Test(semantics, hosts_and_readers_that_are_none_are_refused)
{
	struct callgate_target host = x86_64(), reader = x86_64();
	int r;

	host.host = CALLGATE_ABI_COUNT;
	cr_expect_null(resolve(WITH(WIDE, ""), &host, NULL, &r));
	cr_expect_eq(r, CALLGATE_E_ARG);
	reader.reader = (enum callgate_reader)99;
	cr_expect_null(resolve(WITH(WIDE, ""), &reader, NULL, &r));
	cr_expect_eq(r, CALLGATE_E_ARG);
}
