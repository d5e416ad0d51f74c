/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small vocabularies: ABIs, actions, errnos, capabilities, operators, flags, readers, versions. */
#include <criterion/criterion.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "names/abi.h"
#include "names/words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct slice slice(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

Test(abi, rows_agree_with_libseccomp)
{
	int known = 0;

	for (int i = 0; i < CALLGATE_ABI_COUNT; i++) {
		enum callgate_abi abi = (enum callgate_abi)i;
		const struct abi *row = abi_of(abi);
		uint32_t arch = seccomp_arch_resolve_name(row->name);
		bool n32 = abi == CALLGATE_ABI_X32 || abi == CALLGATE_ABI_MIPS64N32 || abi == CALLGATE_ABI_MIPSEL64N32;

		cr_assert_str_eq(callgate_abi_name(abi), row->name);
		cr_assert_eq(row->width, (row->audit & 0x80000000u) && !n32 ? 64 : 32, "%s", row->name);
		cr_assert_eq(row->big_endian, !(row->audit & 0x40000000u), "%s", row->name);
		if (!arch)
			continue;
		known++;
		/* libseccomp's own token for x32 is x86_64's without the 64. */
		cr_assert_eq(row->audit, abi == CALLGATE_ABI_X32 ? (uint32_t)SCMP_ARCH_X86_64 : arch, "%s", row->name);
	}
	cr_assert_geq(known, 18);
	cr_assert_null(abi_of(CALLGATE_ABI_NONE));
	cr_assert_null(abi_of(CALLGATE_ABI_COUNT));
	cr_assert_null(callgate_abi_name((enum callgate_abi)77));
	cr_assert_eq(seccomp_arch_resolve_name(abi_of(abi_native())->name), seccomp_arch_native());
}

Test(abi, is_known_by_the_words_of_every_format)
{
	static const struct {
		const char *word;
		enum callgate_abi abi;
	} facts[] = {
		{ "x86_64", CALLGATE_ABI_X86_64 },
		{ "amd64", CALLGATE_ABI_X86_64 },
		{ "386", CALLGATE_ABI_X86 },
		{ "SCMP_ARCH_X86_64", CALLGATE_ABI_X86_64 },
		{ "i686", CALLGATE_ABI_X86 },
		{ "armv7l", CALLGATE_ABI_ARM },
		{ "arm64", CALLGATE_ABI_AARCH64 },
		{ "aarch64", CALLGATE_ABI_AARCH64 },
		{ "loong64", CALLGATE_ABI_LOONGARCH64 },
		{ "mips64p32le", CALLGATE_ABI_MIPSEL64N32 },
		{ "mipsle", CALLGATE_ABI_MIPSEL },
		{ "mipsel64", CALLGATE_ABI_MIPSEL64 },
		{ "ppc64le", CALLGATE_ABI_PPC64LE },
		{ "SCMP_ARCH_SHEB", CALLGATE_ABI_SHEB },
		{ "sh4", CALLGATE_ABI_SH },
	};
	static const char *const unknown[] = { "",           "X86_64",           "AMD64", "scmp_arch_x86",
					       "SCMP_ARCH_", "SCMP_ARCH_NATIVE", "x86 ",  "ia64" };
	enum callgate_abi abi;

	for (size_t i = 0; i < COUNT(facts); i++) {
		abi = CALLGATE_ABI_NONE;
		cr_assert_eq(callgate_abi_parse(facts[i].word, &abi), 0, "%s", facts[i].word);
		cr_assert_eq(abi, facts[i].abi, "%s", facts[i].word);
	}
	for (size_t i = 0; i < COUNT(unknown); i++) {
		abi = CALLGATE_ABI_S390;
		cr_assert_eq(callgate_abi_parse(unknown[i], &abi), CALLGATE_E_NOTFOUND, "%s", unknown[i]);
		cr_assert_eq(abi, CALLGATE_ABI_S390);
	}
	cr_assert_eq(callgate_abi_parse(NULL, &abi), CALLGATE_E_ARG);
	cr_assert_eq(abi_by_docker(SLICE("x86_64")), CALLGATE_ABI_NONE, "guards say amd64");
	cr_assert_eq(abi_by_docker(SLICE("amd64")), CALLGATE_ABI_X86_64);
	cr_assert_eq(abi_by_name(SLICE("amd64")), CALLGATE_ABI_NONE);
	cr_assert_eq(abi_by_oci(SLICE("x86_64")), CALLGATE_ABI_NONE);
}

Test(abi, words_mean_one_abi_in_all_vocabularies)
{
	for (int i = 0; i < CALLGATE_ABI_COUNT; i++) {
		const struct abi *row = abi_of((enum callgate_abi)i);
		const char *const words[] = { row->name, row->oci, row->docker, row->go };

		for (size_t j = 0; j < COUNT(words); j++)
			if (words[j])
				cr_assert_eq(abi_by_word(slice(words[j])), i, "%s", words[j]);
		cr_assert_eq(abi_by_name(slice(row->name)), i);
		cr_assert_eq(abi_by_oci(slice(row->oci)), i);
		cr_assert_eq(abi_by_docker(slice(row->docker)), i);
	}
}

Test(abi, is_told_by_audit_architecture_and_number)
{
	cr_assert_eq(abi_by_audit(SCMP_ARCH_X86_64, 0), CALLGATE_ABI_X86_64);
	cr_assert_eq(abi_by_audit(SCMP_ARCH_X86_64, 0x3fffffff), CALLGATE_ABI_X86_64);
	cr_assert_eq(abi_by_audit(SCMP_ARCH_X86_64, 0x40000000), CALLGATE_ABI_X32);
	cr_assert_eq(abi_by_audit(SCMP_ARCH_X86_64, UINT32_MAX), CALLGATE_ABI_X86_64);
	cr_assert_eq(abi_by_audit(SCMP_ARCH_X86_64, UINT32_MAX - 1), CALLGATE_ABI_X32);
	cr_assert_eq(abi_by_audit(SCMP_ARCH_X86, 0x40000000), CALLGATE_ABI_X86);
	cr_assert_eq(abi_by_audit(SCMP_ARCH_S390X, 1), CALLGATE_ABI_S390X);
	cr_assert_eq(abi_by_audit(0, 0), CALLGATE_ABI_NONE);
}

Test(abi, has_a_family)
{
	static const struct {
		enum callgate_abi host;
		unsigned count;
		enum callgate_abi abi[3];
	} facts[] = {
		{ CALLGATE_ABI_X86_64, 3, { CALLGATE_ABI_X86_64, CALLGATE_ABI_X86, CALLGATE_ABI_X32 } },
		{ CALLGATE_ABI_AARCH64, 2, { CALLGATE_ABI_AARCH64, CALLGATE_ABI_ARM } },
		{ CALLGATE_ABI_S390X, 2, { CALLGATE_ABI_S390X, CALLGATE_ABI_S390 } },
		{ CALLGATE_ABI_MIPS64, 3, { CALLGATE_ABI_MIPS64, CALLGATE_ABI_MIPS, CALLGATE_ABI_MIPS64N32 } },
		{ CALLGATE_ABI_MIPSEL64, 3, { CALLGATE_ABI_MIPSEL64, CALLGATE_ABI_MIPSEL, CALLGATE_ABI_MIPSEL64N32 } },
		{ CALLGATE_ABI_PPC64, 2, { CALLGATE_ABI_PPC64, CALLGATE_ABI_PPC } },
		{ CALLGATE_ABI_PPC64LE, 1, { CALLGATE_ABI_PPC64LE } },
		{ CALLGATE_ABI_RISCV64, 1, { CALLGATE_ABI_RISCV64 } },
		{ CALLGATE_ABI_X86, 1, { CALLGATE_ABI_X86 } },
	};

	for (size_t i = 0; i < COUNT(facts); i++) {
		enum callgate_abi out[3];
		unsigned count = abi_family(facts[i].host, out);

		cr_assert_eq(count, facts[i].count, "%s", callgate_abi_name(facts[i].host));
		for (unsigned j = 0; j < count; j++)
			cr_assert_eq(out[j], facts[i].abi[j], "%s %u", callgate_abi_name(facts[i].host), j);
	}
}

static const struct {
	struct callgate_action action;
	const char *text;
	uint32_t word;
} actions[] = {
	{ { CALLGATE_ALLOW, 0 }, "ALLOW", SECCOMP_RET_ALLOW },
	{ { CALLGATE_LOG, 0 }, "LOG", SECCOMP_RET_LOG },
	{ { CALLGATE_TRACE, 0 }, "TRACE(0)", SECCOMP_RET_TRACE },
	{ { CALLGATE_TRACE, 65535 }, "TRACE(65535)", SECCOMP_RET_TRACE | 65535 },
	{ { CALLGATE_NOTIFY, 0 }, "NOTIFY", SECCOMP_RET_USER_NOTIF },
	{ { CALLGATE_ERRNO, 1 }, "ERRNO(EPERM)", SECCOMP_RET_ERRNO | 1 },
	{ { CALLGATE_ERRNO, 38 }, "ERRNO(ENOSYS)", SECCOMP_RET_ERRNO | 38 },
	{ { CALLGATE_ERRNO, 0 }, "ERRNO(0)", SECCOMP_RET_ERRNO },
	{ { CALLGATE_ERRNO, 41 }, "ERRNO(41)", SECCOMP_RET_ERRNO | 41 },
	{ { CALLGATE_ERRNO, 4095 }, "ERRNO(4095)", SECCOMP_RET_ERRNO | 4095 },
	{ { CALLGATE_TRAP, 0 }, "TRAP", SECCOMP_RET_TRAP },
	{ { CALLGATE_TRAP, 7 }, "TRAP(7)", SECCOMP_RET_TRAP | 7 },
	{ { CALLGATE_KILL_THREAD, 0 }, "KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ { CALLGATE_KILL_PROCESS, 0 }, "KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
};

Test(action, goes_to_text_and_kernel_word_and_back)
{
	char text[32];

	for (size_t i = 0; i < COUNT(actions); i++) {
		struct callgate_action back = { CALLGATE_LOG, 99 };

		cr_assert_eq(callgate_action_format(actions[i].action, text, sizeof(text)),
			     (int)strlen(actions[i].text));
		cr_assert_str_eq(text, actions[i].text);
		cr_assert(action_by_name(slice(text), &back) && action_equal(back, actions[i].action), "%s", text);
		cr_assert_eq(action_word(actions[i].action), actions[i].word, "%s", text);
		back = action_from_word(actions[i].word);
		cr_assert(back.kind == actions[i].action.kind && back.data == actions[i].action.data, "%s", text);
	}
	cr_assert_eq(callgate_action_format((struct callgate_action){ CALLGATE_ERRNO, 1 }, text, 4), 12);
	cr_assert_str_eq(text, "ERR");
	cr_assert_eq(callgate_action_format((struct callgate_action){ CALLGATE_ALLOW, 0 }, NULL, 0), 5);
}

Test(action, text_is_exact)
{
	static const char *const bad[] = {
		"",
		"(",
		")",
		"allow",
		"ALLOW()",
		"ALLOW(1)",
		"ERRNO(",
		"ERRNO()",
		"ERRNO(4096)",
		"ERRNO(EPERM",
		"ERRNO(eperm)",
		"ERRNO(-1)",
		"ERRNO(1)x",
		"ERRNO(1))",
		"ERRNO(0x)",
		"ERRNO(0xg)",
		"TRACE(65536)",
		"TRACE(EPERM)",
		"TRACE(99999999999999999999)",
		"KILL_",
		"SCMP_ACT_ALLOW",
		"NOTIFY(3)",
	};
	static const struct {
		const char *text;
		struct callgate_action action;
	} good[] = {
		{ "KILL", { CALLGATE_KILL_THREAD, 0 } },   { "ERRNO", { CALLGATE_ERRNO, 1 } },
		{ "ERRNO(0x26)", { CALLGATE_ERRNO, 38 } }, { "ERRNO(EWOULDBLOCK)", { CALLGATE_ERRNO, 11 } },
		{ "TRACE", { CALLGATE_TRACE, 0 } },        { "TRAP(0)", { CALLGATE_TRAP, 0 } },
	};
	struct callgate_action action = { CALLGATE_LOG, 99 };

	for (size_t i = 0; i < COUNT(bad); i++)
		cr_assert_not(action_by_name(slice(bad[i]), &action), "%s", bad[i]);
	cr_assert(action.kind == CALLGATE_LOG && action.data == 99);
	for (size_t i = 0; i < COUNT(good); i++) {
		cr_assert(action_by_name(slice(good[i].text), &action), "%s", good[i].text);
		cr_assert(action.kind == good[i].action.kind && action.data == good[i].action.data, "%s", good[i].text);
	}
}

Test(action, words_are_normalised_as_the_kernel_does)
{
	cr_assert_eq(action_from_word(SECCOMP_RET_ERRNO | 0xffff).data, 4095);
	cr_assert_eq(action_from_word(SECCOMP_RET_ALLOW | 7).data, 0);
	cr_assert_eq(action_from_word(SECCOMP_RET_KILL_THREAD | 7).data, 0);
	cr_assert_eq(action_from_word(0x12340000).kind, CALLGATE_KILL_PROCESS);
	cr_assert_eq(action_from_word(0xffffffff).kind, CALLGATE_KILL_PROCESS);
	cr_assert_eq(action_from_word(0x7ffe0000).kind, CALLGATE_KILL_PROCESS);
	cr_assert(action_equal((struct callgate_action){ CALLGATE_ALLOW, 1 },
			       (struct callgate_action){ CALLGATE_ALLOW, 2 }));
	cr_assert_not(action_equal((struct callgate_action){ CALLGATE_ERRNO, 1 },
				   (struct callgate_action){ CALLGATE_ERRNO, 2 }));
	/* Strictest first, as signed kernel words rise. */
	for (int kind = CALLGATE_KILL_PROCESS; kind < CALLGATE_ALLOW; kind++)
		cr_assert_lt(
			(int32_t)action_word((struct callgate_action){ (enum callgate_action_kind)kind, 0 }),
			(int32_t)action_word((struct callgate_action){ (enum callgate_action_kind)(kind + 1), 0 }));
}

Test(action, has_oci_words)
{
	enum callgate_action_kind kind = CALLGATE_ALLOW;

	for (int i = CALLGATE_KILL_PROCESS; i <= CALLGATE_ALLOW; i++) {
		const char *word = action_oci((enum callgate_action_kind)i);

		cr_assert(action_by_oci(slice(word), &kind) && (int)kind == i, "%s", word);
		cr_assert_str_eq(word + 9, action_name((enum callgate_action_kind)i));
	}
	cr_assert(action_by_oci(SLICE("SCMP_ACT_KILL"), &kind) && kind == CALLGATE_KILL_THREAD);
	cr_assert_not(action_by_oci(SLICE("SCMP_ACT_"), &kind));
	cr_assert_not(action_by_oci(SLICE("SCMP_ACT_ALLOWED"), &kind));
	cr_assert_not(action_by_oci(SLICE("scmp_act_allow"), &kind));
	cr_assert_null(action_oci((enum callgate_action_kind)8));
	cr_assert_str_eq(action_nearest_oci(SLICE("SCMP_ACT_ALOW")), "SCMP_ACT_ALLOW");
	cr_assert_str_eq(action_nearest_oci(SLICE("scmp_act_errno")), "SCMP_ACT_ERRNO");
	cr_assert_str_eq(action_nearest_oci(SLICE("ERRNO")), "SCMP_ACT_ERRNO");
	cr_assert_str_eq(action_nearest_oci(SLICE("kill")), "SCMP_ACT_KILL");
	cr_assert_null(action_nearest_oci(SLICE("reject")));
}

/* glibc names the build machine's numbers, and ENOTSUP for 95; other libcs name none. */
static bool is_libcs(unsigned number, const char *name)
{
#ifdef __GLIBC__
	const char *theirs = number ? strerrorname_np((int)number) : NULL;

	if (number != 95 && (abi_native() == CALLGATE_ABI_X86_64 || abi_native() == CALLGATE_ABI_AARCH64))
		return name ? theirs && strcmp(name, theirs) == 0 : !theirs;
#endif
	(void)number, (void)name;
	return true;
}

Test(errno, names_are_those_of_the_kernel)
{
	static const char *const unknown[] = { "",  "E",    "EPER",     "EPERMM",     "eperm",
					       "1", "EFOO", "ENOTSUPP", "ERESTARTSYS" };
	uint16_t value = 0;

	for (unsigned i = 0; i < 200; i++) {
		const char *name = errno_name(i);

		cr_assert(is_libcs(i, name), "%u: %s", i, name ? name : "none");
		if (name)
			cr_assert(errno_by_name(slice(name), &value) && value == i, "%s", name);
	}
	cr_assert_str_eq(errno_name(133), "EHWPOISON");
	cr_assert_str_eq(errno_name(95), "EOPNOTSUPP");
	cr_assert_null(errno_name(UINT32_MAX));
	cr_assert(errno_by_name(SLICE("ENOTSUP"), &value) && value == 95);
	cr_assert(errno_by_name(SLICE("EDEADLOCK"), &value) && value == 35);
	cr_assert(errno_by_name(SLICE("EWOULDBLOCK"), &value) && value == 11);
	for (size_t i = 0; i < COUNT(unknown); i++)
		cr_assert_not(errno_by_name(slice(unknown[i]), &value), "%s", unknown[i]);
}

Test(cap, names_are_those_of_the_kernel)
{
#define CAP(word) \
	{ \
#word, word \
	}
	static const struct {
		const char *name;
		unsigned number;
	} facts[] = {
		CAP(CAP_CHOWN),
		CAP(CAP_DAC_OVERRIDE),
		CAP(CAP_FOWNER),
		CAP(CAP_FSETID),
		CAP(CAP_KILL),
		CAP(CAP_SETGID),
		CAP(CAP_SETUID),
		CAP(CAP_SETPCAP),
		CAP(CAP_NET_BIND_SERVICE),
		CAP(CAP_NET_RAW),
		CAP(CAP_SYS_CHROOT),
		CAP(CAP_MKNOD),
		CAP(CAP_AUDIT_WRITE),
		CAP(CAP_SETFCAP),
		CAP(CAP_DAC_READ_SEARCH),
		CAP(CAP_LINUX_IMMUTABLE),
		CAP(CAP_NET_BROADCAST),
		CAP(CAP_NET_ADMIN),
		CAP(CAP_IPC_LOCK),
		CAP(CAP_IPC_OWNER),
		CAP(CAP_SYS_MODULE),
		CAP(CAP_SYS_RAWIO),
		CAP(CAP_SYS_PTRACE),
		CAP(CAP_SYS_PACCT),
		CAP(CAP_SYS_ADMIN),
		CAP(CAP_SYS_BOOT),
		CAP(CAP_SYS_NICE),
		CAP(CAP_SYS_RESOURCE),
		CAP(CAP_SYS_TIME),
		CAP(CAP_SYS_TTY_CONFIG),
		CAP(CAP_LEASE),
		CAP(CAP_AUDIT_CONTROL),
		CAP(CAP_MAC_OVERRIDE),
		CAP(CAP_MAC_ADMIN),
		CAP(CAP_SYSLOG),
		CAP(CAP_WAKE_ALARM),
		CAP(CAP_BLOCK_SUSPEND),
		CAP(CAP_AUDIT_READ),
		CAP(CAP_PERFMON),
		CAP(CAP_BPF),
		CAP(CAP_CHECKPOINT_RESTORE),
	};
#undef CAP
	uint64_t docker = 0;
	const char *name = NULL;

	cr_assert_eq(COUNT(facts), cap_count());
	for (size_t i = 0; i < COUNT(facts); i++) {
		unsigned cap = 99;

		cr_assert(cap_by_name(slice(facts[i].name), &cap) && cap == facts[i].number, "%s: %u", facts[i].name,
			  cap);
		cr_assert_str_eq(cap_name(facts[i].number), facts[i].name);
		docker |= i < 14 ? (uint64_t)1 << facts[i].number : 0;
	}
	cr_assert_eq(cap_docker14, docker);
	cr_assert_eq(callgate_cap_name(21, &name), 0);
	cr_assert_str_eq(name, "CAP_SYS_ADMIN");
	cr_assert_eq(callgate_cap_name(41, &name), CALLGATE_E_NOTFOUND);
}

Test(cap, lists_are_parsed)
{
	static const struct {
		const char *list;
		uint64_t caps;
	} good[] = {
		{ "none", 0 },
		{ "CAP_SYS_ADMIN", 1 << 21 },
		{ "CAP_CHOWN,CAP_KILL,CAP_CHOWN", 1 | 1 << 5 },
		{ "all", 0x1ffffffffff },
		{ "docker,CAP_SYS_ADMIN", 0xa80425fb | 1 << 21 },
		{ "none,CAP_CHOWN", 1 },
		{ "sys_admin,cap_chown,SYS_ADMIN", 1 | 1 << 21 },
	};
	static const struct {
		const char *list, *said;
	} bad[] = {
		{ "CAP_SYS_ADMN", "CAP_SYS_ADMIN" },
		{ "SYSADMIN", "'SYSADMIN'" },
		{ "CAP_CHOWN,", "''" },
		{ "", "''" },
		{ "CAP_CHOWN CAP_KILL", "CAP_CHOWN CAP_KILL" },
		{ "ALL", "'ALL'" },
	};
	struct callgate_err err = CALLGATE_ERR_INIT;
	uint64_t caps = 77;

	for (size_t i = 0; i < COUNT(bad); i++) {
		cr_assert_eq(callgate_caps_parse(bad[i].list, &caps, &err), CALLGATE_E_NOTFOUND, "%s", bad[i].list);
		cr_assert_not_null(strstr(err.text, bad[i].said), "%s", err.text);
		cr_assert_eq(caps, 77);
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		cr_assert_eq(callgate_caps_parse(good[i].list, &caps, NULL), 0, "%s", good[i].list);
		cr_assert_eq(caps, good[i].caps, "%s: %llx", good[i].list, (unsigned long long)caps);
	}
	cr_assert_eq(callgate_caps_parse(NULL, &caps, &err), CALLGATE_E_ARG);
}

Test(op, has_words_in_both_formats)
{
	enum op op = OP_NE;

	for (int i = OP_NE; i <= OP_MASKED_EQ; i++) {
		cr_assert(op_by_oci(slice(op_oci((enum op)i)), &op) && (int)op == i);
		cr_assert(op_by_lxc(slice(op_lxc((enum op)i)), &op) && (int)op == i);
		cr_assert(op_by_lxc(slice(op_oci((enum op)i)), &op) && (int)op == i);
	}
	cr_assert(op_by_lxc(SLICE("&="), &op) && op == OP_MASKED_EQ);
	cr_assert(op_by_oci(SLICE("SCMP_CMP_GE"), &op) && op == OP_GE);
	cr_assert_not(op_by_oci(SLICE("=="), &op));
	cr_assert_not(op_by_oci(SLICE("SCMP_CMP_EQUAL"), &op));
	cr_assert_not(op_by_lxc(SLICE("="), &op));
	cr_assert_null(op_oci((enum op)7));
	cr_assert_null(op_lxc((enum op) - 1));
}

Test(flag, words_are_those_of_the_kernel)
{
	uint32_t bit = 0;

	cr_assert(flag_by_oci(SLICE("SECCOMP_FILTER_FLAG_TSYNC"), &bit) && bit == SECCOMP_FILTER_FLAG_TSYNC);
	cr_assert(flag_by_oci(SLICE("SECCOMP_FILTER_FLAG_LOG"), &bit) && bit == SECCOMP_FILTER_FLAG_LOG);
	cr_assert(flag_by_oci(SLICE("SECCOMP_FILTER_FLAG_SPEC_ALLOW"), &bit) && bit == SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	cr_assert(flag_by_oci(SLICE("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"), &bit) && bit == 1 << 5);
	cr_assert_not(flag_by_oci(SLICE("SECCOMP_FILTER_FLAG_NEW_LISTENER"), &bit), "a profile asks by a path");
	cr_assert_not(flag_by_oci(SLICE("SECCOMP_FILTER_FLAG_TSYNC_ESRCH"), &bit));
	cr_assert_not(flag_by_oci(SLICE("LOG"), &bit));
	cr_assert_str_eq(flag_oci(SECCOMP_FILTER_FLAG_NEW_LISTENER), "SECCOMP_FILTER_FLAG_NEW_LISTENER");
	cr_assert_str_eq(flag_oci(SECCOMP_FILTER_FLAG_TSYNC_ESRCH), "SECCOMP_FILTER_FLAG_TSYNC_ESRCH");
	cr_assert_null(flag_oci(3));
	cr_assert_null(flag_oci(1u << 31));
}

Test(flag, and_other_words_are_given_for_people)
{
	struct callgate_action none = { 99, 0 };
	char text[16];

	cr_assert_str_eq(callgate_flag_name(SECCOMP_FILTER_FLAG_LOG), "SECCOMP_FILTER_FLAG_LOG");
	cr_assert_null(callgate_flag_name(0));
	cr_assert_str_eq(cap_nearest(SLICE("CAP_SYS_ADMN")), "CAP_SYS_ADMIN");
	cr_assert_str_eq(cap_nearest(SLICE("net_bind_service")), "CAP_NET_BIND_SERVICE", "LXC's spelling");
	cr_assert_null(cap_nearest(SLICE("nothing of the kind")));
	cr_assert_eq(action_word(none), SECCOMP_RET_KILL_PROCESS, "what is no action permits nothing");
	callgate_action_format(none, text, sizeof(text));
	cr_assert_str_eq(text, "?");
}

Test(reader, goes_to_text_and_back)
{
	enum callgate_reader reader = CALLGATE_AS_CALLGATE;

	for (int i = CALLGATE_AS_CALLGATE; i <= CALLGATE_AS_LXC; i++) {
		cr_assert_eq(reader_by_name(slice_of(reader_name((enum callgate_reader)i)), &reader), true);
		cr_assert_eq((int)reader, i);
	}
	cr_assert(reader_by_name(SLICE("docker"), &reader));
	cr_assert_eq(reader, CALLGATE_AS_DOCKER);
	cr_assert_not(reader_by_name(SLICE("Docker"), &reader));
	cr_assert_not(reader_by_name(SLICE(""), &reader));
	cr_assert_null(reader_name((enum callgate_reader)8));
}

Test(version, of_a_kernel_and_of_a_library)
{
	static const char *const bad_kernels[] = { "",      "6",    "6.",   ".1",   "6.x",          "256.1",
						   "6.256", "6.1x", " 6.1", "-6.1", "99999999999.1" };
	static const char *const bad_releases[] = {
		"",
		"2.5.4",
		"libseccomp-",
		"libseccomp-2.5",
		"libseccomp-2.5.4.1",
		"libseccomp-2.5.4 ",
		"libseccomp-2.5.256",
		"libseccomp-0.0.0",
		"libseccomp-2.2.3",
		"Libseccomp-2.5.4",
		"libseccomp-2..4",
	};
	static const struct {
		const char *text;
		unsigned major, minor;
	} kernels[] = { { "6.1", 6, 1 },
			{ "6.1.0-13-amd64", 6, 1 },
			{ "6.18-rc3", 6, 18 },
			{ "4.19.0+", 4, 19 },
			{ "255.255", 255, 255 } };
	unsigned major = 7, minor = 7;
	uint32_t release = 7;

	for (size_t i = 0; i < COUNT(bad_kernels); i++)
		cr_assert_eq(callgate_kernel_parse(bad_kernels[i], &major, &minor), CALLGATE_E_NOTFOUND, "%s",
			     bad_kernels[i]);
	for (size_t i = 0; i < COUNT(bad_releases); i++)
		cr_assert_eq(callgate_release_parse(bad_releases[i], &release), CALLGATE_E_NOTFOUND, "%s",
			     bad_releases[i]);
	cr_assert(major == 7 && minor == 7 && release == 7);
	for (size_t i = 0; i < COUNT(kernels); i++) {
		cr_assert_eq(callgate_kernel_parse(kernels[i].text, &major, &minor), 0, "%s", kernels[i].text);
		cr_assert(major == kernels[i].major && minor == kernels[i].minor, "%s", kernels[i].text);
	}
	cr_assert_eq(callgate_release_parse("libseccomp-2.5.4", &release), 0);
	cr_assert_eq(release, 0x020504);
}

Test(near, counts_edits)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} facts[] = {
		{ "", "", 0 },         { "a", "", 1 },        { "", "abc", 3 },
		{ "open", "open", 0 }, { "open", "opne", 1 }, { "open", "opeen", 1 },
		{ "open", "pen", 1 },  { "open", "opan", 1 }, { "kitten", "sitting", 3 },
		{ "abcd", "badc", 2 }, { "ca", "abc", 3 },    { "abcdef", "uvwxyz", 6 },
	};
	char longer[66];

	for (size_t i = 0; i < COUNT(facts); i++) {
		for (unsigned limit = 0; limit < 9; limit++) {
			unsigned want = facts[i].distance > limit ? limit + 1 : facts[i].distance;

			cr_assert_eq(near_distance(slice(facts[i].a), slice(facts[i].b), limit), want, "%s %s %u",
				     facts[i].a, facts[i].b, limit);
			cr_assert_eq(near_distance(slice(facts[i].b), slice(facts[i].a), limit), want, "%s %s %u",
				     facts[i].b, facts[i].a, limit);
		}
	}
	memset(longer, 'x', sizeof(longer));
	cr_assert_eq(near_distance((struct slice){ longer, 64 }, (struct slice){ longer, 64 }, 2), 0);
	cr_assert_eq(near_distance((struct slice){ longer, 65 }, (struct slice){ longer, 65 }, 2), 3);
	cr_assert_eq(near_distance((struct slice){ longer, 64 }, (struct slice){ longer, 0 }, UINT32_MAX), 64);
}

Test(words, syscalls_by_public_functions)
{
	uint32_t nr = 7;

	cr_assert_eq(callgate_syscall_number(CALLGATE_ABI_X86_64, "mseal", &nr), 0);
	cr_assert_eq(nr, 462);
	cr_assert_eq(callgate_syscall_number(CALLGATE_ABI_AARCH64, "open", &nr), CALLGATE_E_NOTFOUND);
	cr_assert_eq(callgate_syscall_number(CALLGATE_ABI_X86_64, "opne", &nr), CALLGATE_E_NOTFOUND);
	cr_assert_eq(callgate_syscall_number(CALLGATE_ABI_NONE, "open", &nr), CALLGATE_E_ARG);
	cr_assert_eq(callgate_syscall_number(CALLGATE_ABI_X86, NULL, &nr), CALLGATE_E_ARG);
	cr_assert_eq(nr, 462);
	cr_assert_str_eq(callgate_syscall_name(CALLGATE_ABI_X32, 0x40000001), "write");
	cr_assert_null(callgate_syscall_name(CALLGATE_ABI_X32, 1));
	cr_assert_null(callgate_syscall_name(CALLGATE_ABI_NONE, 1));
	cr_assert_str_eq(callgate_syscall_nearest("opne"), "open");
	cr_assert_null(callgate_syscall_nearest(NULL));
}
