/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --as: what other programs make of a profile. libseccomp itself is asked where it decides; readings by table. */
#include <criterion/criterion.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/private.h"
#include "bpf/prog.h"
#include "callgate.h"
#include "names/abi.h"

static struct callgate_target target_as(enum callgate_reader reader)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;

	target.host = CALLGATE_ABI_X86_64;
	target.kernel_major = 6;
	target.kernel_minor = 1;
	target.reader = reader;
	return target;
}

/* A file in memory: callgate_policy_read_as() takes paths. */
static int read_as(const char *text, enum callgate_reader reader, struct callgate_policy **out,
		   struct callgate_notes *notes)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char path[64];
	int fd = memfd_create("profile", 0), r;

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = callgate_policy_read_as(path, reader, out, notes, &err);
	close(fd);
	return r;
}

/* ------------------------------------------------------------------ against libseccomp */

static const struct {
	const char *word;
	uint32_t action;
} actions[] = {
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(1) },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
};

/* Profiles with names of multiplexers' members, of calls that some ABI lacks, and several rules for one call. */
static const char *const names[] = { "mkdir",  "socket",     "connect", "accept4", "semtimedop",
				     "shmget", "newfstatat", "send",    "stat64" };
static const struct {
	const char *word;
	enum scmp_compare op;
} ops[] = {
	{ "EQ", SCMP_CMP_EQ },
	{ "NE", SCMP_CMP_NE },
	{ "LT", SCMP_CMP_LT },
	{ "LE", SCMP_CMP_LE },
	{ "GT", SCMP_CMP_GT },
	{ "GE", SCMP_CMP_GE },
	{ "MASKED_EQ", SCMP_CMP_MASKED_EQ },
};
static const uint64_t values[] = { 0,         1, 2, 40, UINT64_C(1) << 31, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 2,
				   UINT64_MAX };

struct maker {
	uint64_t state;
	scmp_filter_ctx seccomp;
	uint32_t fallback;
	int refused;
	char text[4096];
	int used;
};

static unsigned draw(struct maker *maker, unsigned limit)
{
	maker->state = maker->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(maker->state >> 33) % limit;
}

/* As runc and crun hand a rule to libseccomp: one argument twice makes each condition a rule. */
static void add_rule(struct maker *maker, const char *name, unsigned action)
{
	struct scmp_arg_cmp conditions[3];
	unsigned count = draw(maker, 4), seen = 0, twice = 0;

	maker->used += sprintf(maker->text + maker->used, "{\"names\":[\"%s\"],\"action\":\"%s\",\"args\":[", name,
			       actions[action].word);
	for (unsigned i = 0; i < count; i++) {
		unsigned index = draw(maker, 3), op = draw(maker, 3) ? 0 : draw(maker, 7);
		uint64_t value = values[op ? draw(maker, 8) : draw(maker, 3)],
			 two = op == 6 ? values[draw(maker, 4)] : 0;

		twice |= seen >> index & 1;
		seen |= 1u << index;
		conditions[i] = (struct scmp_arg_cmp){ index, ops[op].op, value, two };
		maker->used +=
			sprintf(maker->text + maker->used,
				"%s{\"index\":%u,\"op\":\"SCMP_CMP_%s\",\"value\":%llu,\"valueTwo\":%llu}",
				i ? "," : "", index, ops[op].word, (unsigned long long)value, (unsigned long long)two);
	}
	maker->used += sprintf(maker->text + maker->used, "]}");
	if (actions[action].action == maker->fallback)
		return;
	for (unsigned i = 0; i < (twice ? count : 1); i++) {
		int r = seccomp_rule_add_array(maker->seccomp, actions[action].action,
					       seccomp_syscall_resolve_name(name), twice ? 1 : count,
					       twice ? &conditions[i] : conditions);

		maker->refused |= r < 0;
	}
}

static void make(struct maker *maker)
{
	unsigned fallback = draw(maker, 3), rules = 1 + draw(maker, 4);
	const char *same = draw(maker, 2) ? names[draw(maker, 9)] : NULL;

	maker->fallback = actions[fallback].action;
	maker->seccomp = seccomp_init(maker->fallback);
	maker->refused = 0;
	seccomp_arch_add(maker->seccomp, SCMP_ARCH_X86);
	seccomp_arch_add(maker->seccomp, SCMP_ARCH_X32);
	maker->used = sprintf(
		maker->text,
		"{\"defaultAction\":\"%s\",\"architectures\":[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],\"syscalls\":[",
		actions[fallback].word);
	for (unsigned i = 0; i < rules; i++) {
		maker->used += sprintf(maker->text + maker->used, i ? "," : "");
		add_rule(maker, same ? same : names[draw(maker, 9)], draw(maker, 3));
	}
	sprintf(maker->text + maker->used, "]}");
}

static struct callgate_prog *export(scmp_filter_ctx seccomp)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	int fd = memfd_create("program", 0);
	struct callgate_prog *prog = NULL;
	static char bytes[1 << 15];
	ssize_t size;

	cr_assert_eq(seccomp_export_bpf(seccomp, fd), 0);
	size = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	cr_assert_eq(callgate_prog_parse(bytes, (size_t)size, CALLGATE_ABI_X86_64, &prog, &err), 0, "%s", err.text);
	return prog;
}

/* True when both gave a filter, and then the same. What callgate says it cannot predict is skipped. */
static bool agrees(struct maker *maker)
{
	struct callgate_target target = target_as(CALLGATE_AS_CRUN);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_prog *prog;
	int r = read_as(maker->text, CALLGATE_AS_CRUN, &policy, NULL);

	target.libseccomp = callgate_libseccomp_release();
	cr_assert_eq(r, 0, "%s", maker->text);
	r = callgate_filter_resolve(policy, &target, &filter, NULL, &err);
	callgate_policy_free(policy);
	if (r < 0) {
		cr_expect(r == CALLGATE_E_UNSUPPORTED || maker->refused, "libseccomp takes it, callgate: %s\n%s",
			  err.text, maker->text);
		return false;
	}
	cr_expect(!maker->refused, "libseccomp refuses it, callgate does not\n%s", maker->text);
	prog = export(maker->seccomp);
	cr_expect_eq(prog_prove(prog, filter, &err), 0, "%s\n%s", err.text, maker->text);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
	return true;
}

Test(as, rules_are_what_libseccomp_makes_of_them)
{
	struct maker maker = { .state = 20260701 };
	unsigned same = 0;

	if (abi_native() != CALLGATE_ABI_X86_64)
		cr_skip_test("libseccomp's filters here are x86_64's");
	for (unsigned i = 0; i < 500; i++) {
		make(&maker);
		same += agrees(&maker);
		seccomp_release(maker.seccomp);
	}
	cr_expect_gt(same, 250, "only %u of 500 were compared", same);
}

/* ------------------------------------------------------------------ readings */

#define TEST_A0(value) "{\"index\":0,\"value\":" value ",\"op\":\"SCMP_CMP_EQ\"}"
#define SEVEN \
	"{\"names\":[\"mkdir\"]," ERRNO ",\"args\":[" TEST_A0("1") "," TEST_A0("2") "," TEST_A0("3") "," TEST_A0( \
		"4") "," TEST_A0("5") "," TEST_A0("6") "," TEST_A0("0") "]}"
#define MAPPING(rest) "{\"defaultAction\":\"SCMP_ACT_ALLOW\"," rest "}"
#define IF_0 ",\"args\":[{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]"
#define ALLOWING(rules) \
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"]," rules "}"
#define ERRNO "\"action\":\"SCMP_ACT_ERRNO\""
#define MKDIR(condition) ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"args\":[" condition "]}]")

static const struct {
	enum callgate_reader reader;
	const char *text, *call, *want; /* NULL: the reader refuses the profile */
} readings[] = {
	/* Of a duplicate key Go takes the last, crun the first; Go does not look at case. */
	{ CALLGATE_AS_RUNC,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":95,\"errnoRet\":28}]"), "mkdir",
	  "ERRNO(ENOSPC)" },
	{ CALLGATE_AS_CRUN,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":95,\"errnoRet\":28}]"), "mkdir",
	  "ERRNO(EOPNOTSUPP)" },
	{ CALLGATE_AS_CALLGATE,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":95,\"errnoRet\":28}]"), "mkdir", NULL },
	{ CALLGATE_AS_DOCKER, ALLOWING("\"Syscalls\":[{\"NAMES\":[\"mkdir\"]," ERRNO ",\"ErrnoRet\":7}]"), "mkdir",
	  "ERRNO(E2BIG)" },
	{ CALLGATE_AS_CRUN, ALLOWING("\"Syscalls\":[{\"NAMES\":[\"mkdir\"]," ERRNO ",\"ErrnoRet\":7}]"), "mkdir",
	  "ALLOW" },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}],\"syscalls\":[]"), "mkdir",
	  "ALLOW" },
	{ CALLGATE_AS_CRUN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}],\"syscalls\":[]"), "mkdir",
	  "ERRNO(EPERM)" },
	/* Go reads a second list, object or null over the first one, element by element: that is not predicted. */
	{ CALLGATE_AS_RUNC,
	  ALLOWING("\"syscalls\":[{\"names\":[\"acct\"]," ERRNO "}],\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"),
	  "mkdir", NULL },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"names\":null," ERRNO "}]"), "mkdir",
	  NULL },
	{ CALLGATE_AS_CRUN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"names\":null," ERRNO "}]"), "mkdir",
	  "ERRNO(EPERM)" },
	{ CALLGATE_AS_DOCKER,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":5,\"errnoRet\":null}]"), "mkdir",
	  NULL },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"action\":null}]"), "mkdir",
	  "ERRNO(EPERM)" },
	/* An empty listenerPath is none to Go's readers; crun refuses it. */
	{ CALLGATE_AS_RUNC, ALLOWING("\"listenerPath\":\"\",\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"), "mkdir",
	  "ERRNO(EPERM)" },
	{ CALLGATE_AS_CRUN, ALLOWING("\"listenerPath\":\"\",\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"), "mkdir",
	  NULL },
	/* An argument twice in one rule: LXC alone hands that to libseccomp, which rejects it. */
	{ CALLGATE_AS_RUNC,
	  MKDIR("{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_NE\"},{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_NE\"}"),
	  "mkdir", "ERRNO(EPERM)" },
	/* The old key, empty lists, and keys that only Docker's and containers-common's readers know. */
	{ CALLGATE_AS_DOCKER, ALLOWING("\"syscalls\":[{\"name\":\"mkdir\"," ERRNO "}]"), "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[{\"name\":\"mkdir\"," ERRNO "}]"), "mkdir", "ALLOW" },
	{ CALLGATE_AS_CRUN, ALLOWING("\"syscalls\":[{\"name\":\"mkdir\"," ERRNO "}]"), "mkdir", NULL },
	{ CALLGATE_AS_CRUN, ALLOWING("\"syscalls\":[{\"names\":[]," ERRNO "}]"), "mkdir", "ALLOW" },
	{ CALLGATE_AS_CONTAINERD,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"includes\":{\"caps\":[\"CAP_BPF\"]}}]"), "mkdir",
	  "ERRNO(EPERM)" },
	{ CALLGATE_AS_DOCKER,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"includes\":{\"caps\":[\"CAP_BPF\"]}}]"), "mkdir",
	  "ALLOW" },
	{ CALLGATE_AS_DOCKER,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"includes\":{\"minKernel\":\"9.0\"}}]"), "mkdir",
	  "ALLOW" },
	{ CALLGATE_AS_PODMAN,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"includes\":{\"minKernel\":\"9.0\"}}]"), "mkdir",
	  "ERRNO(EPERM)" },
	{ CALLGATE_AS_PODMAN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errno\":\"EBADF\"}]"), "mkdir",
	  "ERRNO(EBADF)" },
	{ CALLGATE_AS_DOCKER, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errno\":\"EBADF\"}]"), "mkdir",
	  "ERRNO(EPERM)" },
	/* An errno where none is taken. */
	{ CALLGATE_AS_RUNC,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":5}]"), "mkdir",
	  "KILL_THREAD" },
	{ CALLGATE_AS_CRUN,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":5}]"), "mkdir",
	  NULL },
	/*
	 * Of two unconditional rules the first counts, but not behind socketcall: there libseccomp refuses the second.
	 */
	{ CALLGATE_AS_RUNC,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "},{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":9}]"),
	  "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_RUNC,
	  ALLOWING("\"syscalls\":[{\"names\":[\"socket\"]," ERRNO "},{\"names\":[\"socket\"]," ERRNO
		   ",\"errnoRet\":9}]"),
	  "mkdir", NULL },
	/* LXC: no rule may do what the default does; sections of other machines do not count, those of this one do not
	   scope. */
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir allow\n", "mkdir", NULL },
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir kill_process\n", "mkdir", "KILL_THREAD" },
	{ CALLGATE_AS_CALLGATE, "2\ndenylist\nmkdir kill_process\n", "mkdir", NULL },
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir\terrno 2\numask errno 3\n", "mkdir", "ALLOW" },
	{ CALLGATE_AS_CALLGATE, "2\ndenylist\nmkdir\terrno 2\numask errno 3\n", "mkdir", NULL },
	{ CALLGATE_AS_LXC, "2\ndenylist\n[arm]\nmkdir errno 2\n", "mkdir", "ALLOW" },
	{ CALLGATE_AS_LXC, "2\ndenylist\n[x86]\nmkdir errno 2\n", "mkdir", "ERRNO(ENOENT)" },
	/* Lines for other machines are not looked at; arguments that are named twice only for calls that the host has.
	 */
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir errno 2\n[arm64]\nmkdir log\numask errno 3 [9,1,==]\n", "mkdir",
	  "ERRNO(ENOENT)" },
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir errno 2\n[x86_64]\nmkdir log\n", "mkdir", NULL },
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir errno 2\n[all]\nmkdir log\n", "mkdir", NULL },
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir errno 2\nriscv_hwprobe errno 1 [0,3,>][0,9,<]\n", "mkdir",
	  "ERRNO(ENOENT)" },
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir errno 2\numask errno 1 [0,3,>][0,9,<]\n", "mkdir", NULL },
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir errno 2\nwaitpid errno 1 [0,3,>][0,9,<]\n", "mkdir", NULL },
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir errno 2\nmkdir errno 3\n", "mkdir", "ERRNO(ENOENT)" },
	{ CALLGATE_AS_LXC, "2\ndenylist\numask errno 2 [0,1,==]\numask errno 3 [0,1,==]\n", "mkdir", NULL },
	/* A redundant rule for a call that no ABI of the host has is not put to libseccomp. */
	{ CALLGATE_AS_LXC, "2\ndenylist\nrtas allow\nmkdir errno 2\n", "mkdir", "ERRNO(ENOENT)" },
	/* null is absent to engines; a byte order mark is an error to them. */
	{ CALLGATE_AS_CRUN,
	  "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":null,\"flags\":null,\"listenerPath\":null,"
	  "\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":null}]}",
	  "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":null"), "mkdir", "ALLOW" },
	{ CALLGATE_AS_CALLGATE, ALLOWING("\"syscalls\":null"), "mkdir", NULL },
	{ CALLGATE_AS_DOCKER, "\xef\xbb\xbf" ALLOWING("\"syscalls\":[]"), "mkdir", NULL },
	{ CALLGATE_AS_CRUN, "\xef\xbb\xbf" ALLOWING("\"syscalls\":[]"), "mkdir", NULL },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[{\"names\":null," ERRNO "}]"), "mkdir", "ALLOW" },
	{ CALLGATE_AS_CRUN, ALLOWING("\"syscalls\":[{\"names\":null," ERRNO "}]"), "mkdir", NULL },
	/* What is missing in a condition is 0, but for its operator; crun takes what is of another type for missing. */
	{ CALLGATE_AS_RUNC, MKDIR("{\"op\":\"SCMP_CMP_EQ\",\"value\":0}"), "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_RUNC, MKDIR("{\"op\":\"SCMP_CMP_EQ\",\"index\":0,\"value\":null}"), "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_CALLGATE, MKDIR("{\"op\":\"SCMP_CMP_EQ\",\"value\":0}"), "mkdir", NULL },
	{ CALLGATE_AS_RUNC, MKDIR("{\"index\":0,\"value\":0}"), "mkdir", NULL },
	{ CALLGATE_AS_CRUN, MKDIR("{\"index\":0,\"value\":0}"), "mkdir", NULL },
	{ CALLGATE_AS_CRUN, MKDIR("{\"op\":\"SCMP_CMP_EQ\",\"index\":\"5\",\"value\":[7]}"), "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_RUNC, MKDIR("{\"op\":\"SCMP_CMP_EQ\",\"index\":\"5\",\"value\":0}"), "mkdir", NULL },
	{ CALLGATE_AS_CRUN, "{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":{\"names\":5}}", "mkdir", "LOG" },
	{ CALLGATE_AS_RUNC, "{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":{\"names\":5}}", "mkdir", NULL },
	{ CALLGATE_AS_CRUN, ALLOWING("\"syscalls\":[{\"names\":[5,\"\",\"mkdir\"]," ERRNO "}]"), "mkdir",
	  "ERRNO(EPERM)" },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[{\"names\":[\"\",\"mkdir\"]," ERRNO "}]"), "mkdir", NULL },
	{ CALLGATE_AS_PODMAN, ALLOWING("\"syscalls\":[{\"names\":[\"\",\"mkdir\"]," ERRNO "}]"), "mkdir",
	  "ERRNO(EPERM)" },
	/* Values below 0 count from 2^64 for crun, errnos have 16 bits; libseccomp takes those up to 4094. */
	{ CALLGATE_AS_CRUN, MKDIR("{\"op\":\"SCMP_CMP_GT\",\"index\":0,\"value\":-1}"), "mkdir", "ALLOW" },
	{ CALLGATE_AS_CRUN, MKDIR("{\"op\":\"SCMP_CMP_EQ\",\"index\":0,\"value\":-0}"), "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_PODMAN, MKDIR("{\"op\":\"SCMP_CMP_GT\",\"index\":0,\"value\":-1}"), "mkdir", NULL },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":65540}]"), "mkdir",
	  "ERRNO(EINTR)" },
	{ CALLGATE_AS_CRUN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":4294967295}]"),
	  "mkdir", NULL },
	{ CALLGATE_AS_CRUN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":4294967297}]"),
	  "mkdir", NULL },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":4294967297}]"),
	  "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errnoRet\":4095}]"), "mkdir",
	  NULL },
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[{\"names\":[\"mkdirr\"]," ERRNO ",\"errnoRet\":4095}]"), "mkdir",
	  "ALLOW" },
	{ CALLGATE_AS_RUNC,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":5000}]"), "mkdir",
	  "KILL_THREAD" },
	{ CALLGATE_AS_LXC, "2\ndenylist\nmkdir errno 4095\n", "mkdir", NULL },
	{ CALLGATE_AS_LXC, "2\ndenylist\nrtas errno 4095\n", "mkdir", "ALLOW" },
	/* crun takes names of architectures in any case and without their beginning. */
	{ CALLGATE_AS_CRUN, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"x86\",\"Scmp_ARCH_X32\"]}",
	  "mkdir", NULL },
	{ CALLGATE_AS_CRUN, "{\"defaultAction\":\"SCMP_ACT_LOG\",\"architectures\":[\"SCMP_ARCH_x86\",\"X32\"]}",
	  "x86:mkdir", "LOG" },
	{ CALLGATE_AS_RUNC, "{\"defaultAction\":\"SCMP_ACT_LOG\",\"architectures\":[\"SCMP_ARCH_x86\",\"X32\"]}",
	  "x86:mkdir", NULL },
	/* Words for hosts that Docker and podman do not know match none. */
	{ CALLGATE_AS_DOCKER,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"excludes\":{\"arches\":[\"vax\"]}}]"), "mkdir",
	  "ERRNO(EPERM)" },
	/* TRACE's message has 16 bits. */
	{ CALLGATE_AS_CALLGATE,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":4096}]"), "mkdir",
	  "TRACE(4096)" },
	{ CALLGATE_AS_CALLGATE,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096}]"), "mkdir",
	  NULL },
	/* The first row of archMap for the host counts. */
	{ CALLGATE_AS_DOCKER,
	  "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\","
	  "\"subArchitectures\":[]},"
	  "{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],\"syscalls\":[]}",
	  "x86:mkdir", "KILL_THREAD" },
	/* More than six conditions: runc makes a rule of each, crun reads six, and neither is ours. */
	{ CALLGATE_AS_RUNC, ALLOWING("\"syscalls\":[" SEVEN "]"), "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_DOCKER, ALLOWING("\"syscalls\":[" SEVEN "]"), "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_RUNSC, ALLOWING("\"syscalls\":[" SEVEN "]"), "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_CRUN, ALLOWING("\"syscalls\":[" SEVEN "]"), "mkdir", "ALLOW" },
	{ CALLGATE_AS_PODMAN, ALLOWING("\"syscalls\":[" SEVEN "]"), "mkdir", "ALLOW" },
	{ CALLGATE_AS_CALLGATE, ALLOWING("\"syscalls\":[" SEVEN "]"), "mkdir", NULL },
	/* Go takes two signs beyond ASCII for letters of a key. */
	{ CALLGATE_AS_RUNC, ALLOWING("\"\xc5\xbfyscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"), "mkdir",
	  "ERRNO(EPERM)" },
	{ CALLGATE_AS_CRUN, ALLOWING("\"\xc5\xbfyscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"), "mkdir", "ALLOW" },
	{ CALLGATE_AS_CALLGATE, ALLOWING("\"\xc5\xbfyscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"), "mkdir", NULL },
	{ CALLGATE_AS_PODMAN,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO
		   ",\"in\\u212acludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}]"),
	  "mkdir", "ERRNO(EPERM)" },
	/* What a rule with guards holds is looked at only where it is for the container, but for two keys of one field
	   by Docker. */
	{ CALLGATE_AS_DOCKER,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NONE\",\"includes\":{\"caps\":[\"CAP_"
		   "SYS_ADMIN\"]}}]"),
	  "mkdir", "ALLOW" },
	{ CALLGATE_AS_DOCKER, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NONE\"}]"), "mkdir",
	  NULL },
	{ CALLGATE_AS_DOCKER,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"args\":[{\"index\":0,\"value\":0,\"op\":\"none\"}]"
		   ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}]"),
	  "mkdir", "ALLOW" },
	{ CALLGATE_AS_DOCKER,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO
		   ",\"args\":[{\"index\":0,\"value\":0,\"op\":\"none\"}]}]"),
	  "mkdir", NULL },
	{ CALLGATE_AS_DOCKER, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"name\":\"\"," ERRNO "}]"), "mkdir",
	  "ERRNO(EPERM)" },
	{ CALLGATE_AS_DOCKER,
	  MAPPING("\"archMap\":[null,{\"subArchitectures\":[]},{\"architecture\":\"SCMP_ARCH_VAX\"}],\"syscalls\":[{"
		  "\"names\":[\"mkdir\"]," ERRNO "}]"),
	  "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_DOCKER,
	  MAPPING("\"archMap\":[{\"architecture\":\"SCMP_ARCH_ARM\",\"subArchitectures\":[\"SCMP_ARCH_VAX\"]}],"
		  "\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"),
	  "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_DOCKER,
	  MAPPING("\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_VAX\"]}],"
		  "\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"),
	  "mkdir", NULL },
	{ CALLGATE_AS_DOCKER, MAPPING("\"archMap\":[\"SCMP_ARCH_X86\"],\"syscalls\":[]"), "mkdir", NULL },
	{ CALLGATE_AS_PODMAN,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NONE\",\"includes\":{\"caps\":[\"CAP_"
		   "SYS_ADMIN\"]}}]"),
	  "mkdir", "ALLOW" },
	{ CALLGATE_AS_PODMAN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NONE\"}]"), "mkdir",
	  NULL },
	{ CALLGATE_AS_PODMAN,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"args\":[{\"index\":0,\"value\":0,\"op\":\"none\"}]"
		   ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}]"),
	  "mkdir", "ALLOW" },
	{ CALLGATE_AS_PODMAN,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO
		   ",\"args\":[{\"index\":0,\"value\":0,\"op\":\"none\"}]}]"),
	  "mkdir", NULL },
	{ CALLGATE_AS_PODMAN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"name\":\"\"," ERRNO "}]"), "mkdir",
	  "ERRNO(EPERM)" },
	{ CALLGATE_AS_PODMAN,
	  MAPPING("\"archMap\":[null,{\"subArchitectures\":[]},{\"architecture\":\"SCMP_ARCH_VAX\"}],\"syscalls\":[{"
		  "\"names\":[\"mkdir\"]," ERRNO "}]"),
	  "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_PODMAN,
	  MAPPING("\"archMap\":[{\"architecture\":\"SCMP_ARCH_ARM\",\"subArchitectures\":[\"SCMP_ARCH_VAX\"]}],"
		  "\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"),
	  "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_PODMAN,
	  MAPPING("\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_VAX\"]}],"
		  "\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"),
	  "mkdir", NULL },
	{ CALLGATE_AS_PODMAN, MAPPING("\"archMap\":[\"SCMP_ARCH_X86\"],\"syscalls\":[]"), "mkdir", NULL },
	{ CALLGATE_AS_PODMAN,
	  MAPPING("\"archMap\":[{\"architecture\":\"x86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],\"syscalls\":["
		  "]"),
	  "x86:mkdir", "KILL_THREAD" },
	{ CALLGATE_AS_PODMAN,
	  MAPPING("\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"x86\"]}],\"syscalls\":["
		  "]"),
	  "x86:mkdir", "ALLOW" },
	{ CALLGATE_AS_PODMAN,
	  ALLOWING("\"syscalls\":[{\"name\":\"mkdir\",\"names\":[\"mkdir\"]," ERRNO
		   ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}]"),
	  "mkdir", "ALLOW" },
	{ CALLGATE_AS_PODMAN, ALLOWING("\"syscalls\":[{\"name\":\"mkdir\",\"names\":[\"mkdir\"]," ERRNO "}]"), "mkdir",
	  NULL },
	{ CALLGATE_AS_DOCKER,
	  ALLOWING("\"syscalls\":[{\"name\":\"mkdir\",\"names\":[\"mkdir\"]," ERRNO
		   ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}]"),
	  "mkdir", NULL },
	{ CALLGATE_AS_CALLGATE,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NONE\",\"includes\":{\"caps\":[\"CAP_"
		   "SYS_ADMIN\"]}}]"),
	  "mkdir", NULL },
	{ CALLGATE_AS_PODMAN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\",null]," ERRNO "}]"), "mkdir",
	  "ERRNO(EPERM)" },
	{ CALLGATE_AS_PODMAN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\",5]," ERRNO "}]"), "mkdir", NULL },
	/* What contradicts is rejected before a rule without conditions would hide it. */
	{ CALLGATE_AS_RUNC,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO IF_0
		   "},{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_TRAP\"" IF_0
		   "},{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_LOG\"}]"),
	  "mkdir", NULL },
	{ CALLGATE_AS_RUNC,
	  ALLOWING(
		  "\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_LOG\"},{\"names\":[\"umask\"]," ERRNO IF_0
		  "},{\"names\":[\"umask\"]," ERRNO IF_0 "}]"),
	  "mkdir", "LOG" },
	/* podman has errnos of its own list. */
	{ CALLGATE_AS_PODMAN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errno\":\"ENOSYS\"}]"),
	  "mkdir", "ERRNO(ENOSYS)" },
	{ CALLGATE_AS_PODMAN, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errno\":\"EINTR\"}]"), "mkdir",
	  NULL },
	{ CALLGATE_AS_PODMAN,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO
		   ",\"errno\":\"EINTR\",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}]"),
	  "mkdir", "ALLOW" },
	/* The empty minKernel is 0.0 to Docker. */
	{ CALLGATE_AS_DOCKER,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"excludes\":{\"minKernel\":\"\"}}]"), "mkdir",
	  "ALLOW" },
	{ CALLGATE_AS_DOCKER,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"includes\":{\"minKernel\":\"\"}}]"), "mkdir",
	  "ERRNO(EPERM)" },
	/* gVisor: EPERM whatever errnoRet says, the native ABI alone. */
	{ CALLGATE_AS_RUNSC,
	  ALLOWING("\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],\"syscalls\":[{\"names\":[\"mkdir\"]"
		   "," ERRNO ",\"errnoRet\":9}]"),
	  "mkdir", "ERRNO(EPERM)" },
	{ CALLGATE_AS_RUNSC, ALLOWING("\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],\"syscalls\":[]"),
	  "x86:mkdir", "KILL_THREAD" },
	/* It does not look at architectures and flags. */
	{ CALLGATE_AS_RUNSC,
	  ALLOWING("\"architectures\":[\"SCMP_ARCH_VAX\",\"SCMP_ARCH_S390X\",\"SCMP_ARCH_X86\"],\"flags\":[\"NONE\"],"
		   "\"syscalls\":[{\"names\":[\"mkdir\",\"\"]," ERRNO "}]"),
	  "mkdir", "ERRNO(EPERM)" },
	/* Of its rules the first that matches decides, also where it does what the default does. */
	{ CALLGATE_AS_RUNSC,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_ALLOW\"},{\"names\":[\"mkdir\"]," ERRNO
		   "}]"),
	  "mkdir", "ALLOW" },
	{ CALLGATE_AS_RUNSC,
	  ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_TRAP\",\"args\":[{\"index\":0,\"value\":"
		   "0,"
		   "\"op\":\"SCMP_CMP_EQ\"}]},{\"names\":[\"mkdir\"]," ERRNO "}]"),
	  "mkdir", "TRAP" },
	/* It knows five actions, and the calls of its own kernel. */
	{ CALLGATE_AS_RUNSC, ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_LOG\"}]"), "mkdir",
	  NULL },
	{ CALLGATE_AS_RUNSC,
	  ALLOWING("\"syscalls\":[{\"names\":[\"no_such_call\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"}]"), "mkdir",
	  NULL },
	{ CALLGATE_AS_RUNSC, "{\"defaultAction\":\"SCMP_ACT_KILL_THREAD\"}", "mkdir", NULL },
	{ CALLGATE_AS_RUNSC, ALLOWING("\"syscalls\":[{\"names\":[\"epoll_pwait2\",\"process_madvise\"]," ERRNO "}]"),
	  "epoll_pwait2", "ERRNO(EPERM)" },
	{ CALLGATE_AS_RUNSC, ALLOWING("\"syscalls\":[{\"names\":[\"epoll_pwait2\",\"process_madvise\"]," ERRNO "}]"),
	  "process_madvise", "ALLOW" },
	{ CALLGATE_AS_RUNSC, ALLOWING("\"syscalls\":[{\"names\":[\"_sysctl\"]," ERRNO "}]"), "_sysctl", "ALLOW" },
};

Test(as, texts_are_read_as_that_program_reads_them)
{
	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
		struct callgate_target target = target_as(readings[i].reader);
		struct callgate_call call = { .abi = CALLGATE_ABI_X86_64 };
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_policy *policy = NULL;
		struct callgate_filter *filter = NULL;
		struct callgate_action action;
		char got[32] = "";
		int r = read_as(readings[i].text, readings[i].reader, &policy, NULL);

		if (r == 0)
			r = callgate_filter_resolve(policy, &target, &filter, NULL, &err);
		cr_expect_eq(r, readings[i].want ? 0 : CALLGATE_E_PROFILE, "row %zu: %d for %s", i, r,
			     readings[i].text);
		if (r == 0 && readings[i].want) {
			const char *name = readings[i].call;

			if (strncmp(name, "x86:", 4) == 0) {
				call.abi = CALLGATE_ABI_X86;
				name += 4;
			}
			cr_assert_eq(callgate_syscall_number(call.abi, name, &call.nr), 0);
			cr_assert_eq(callgate_filter_decide(filter, &call, &action, NULL), 0);
			callgate_action_format(action, got, sizeof(got));
			cr_expect_str_eq(got, readings[i].want, "row %zu: %s, not %s, for %s", i, got, readings[i].want,
					 readings[i].text);
		}
		callgate_filter_free(filter);
		callgate_policy_free(policy);
	}
}

/* ------------------------------------------------------------------ other hosts */

static const char *decide_for(const struct callgate_target *target, const char *text, const struct callgate_call *call)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_action action;
	static char got[32];

	cr_assert_eq(read_as(text, target->reader, &policy, NULL), 0, "%s", text);
	strcpy(got, "refused");
	if (callgate_filter_resolve(policy, target, &filter, NULL, &err) == 0) {
		cr_assert_eq(callgate_filter_decide(filter, call, &action, NULL), 0);
		callgate_action_format(action, got, sizeof(got));
	}
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return got;
}

static const char *decide_on(enum callgate_abi host, const char *text, enum callgate_reader reader,
			     enum callgate_abi abi, const char *name)
{
	struct callgate_target target = target_as(reader);
	struct callgate_call call = { .abi = abi };

	target.host = host;
	cr_assert_eq(callgate_syscall_number(abi, name, &call.nr), 0);
	return decide_for(&target, text, &call);
}

/* Which of LXC's contexts a rule reaches: those that the host has. All others are killed. */
Test(as, lxc_has_compat_contexts_where_it_makes_them)
{
	static const char text[] = "2\ndenylist\nmkdirat errno 2\n";
	static const struct {
		enum callgate_abi host, abi;
		bool reached;
	} rows[] = {
		{ CALLGATE_ABI_X86_64, CALLGATE_ABI_X86, true },
		{ CALLGATE_ABI_X86_64, CALLGATE_ABI_X32, true },
		{ CALLGATE_ABI_AARCH64, CALLGATE_ABI_ARM, true },
		{ CALLGATE_ABI_PPC64, CALLGATE_ABI_PPC, true },
		{ CALLGATE_ABI_PPC64LE, CALLGATE_ABI_PPC64LE, true },
		{ CALLGATE_ABI_MIPS64, CALLGATE_ABI_MIPS, true },
		{ CALLGATE_ABI_MIPS64, CALLGATE_ABI_MIPS64N32, true },
		{ CALLGATE_ABI_MIPSEL64, CALLGATE_ABI_MIPSEL, true },
		{ CALLGATE_ABI_MIPSEL64, CALLGATE_ABI_MIPSEL64N32, true },
		{ CALLGATE_ABI_S390X, CALLGATE_ABI_S390X, true },
		{ CALLGATE_ABI_S390X, CALLGATE_ABI_S390, false },
		{ CALLGATE_ABI_PARISC64, CALLGATE_ABI_PARISC, false },
		{ CALLGATE_ABI_MIPS64N32, CALLGATE_ABI_MIPS64, false },
		{ CALLGATE_ABI_MIPS64N32, CALLGATE_ABI_MIPS, false },
		{ CALLGATE_ABI_MIPSEL64N32, CALLGATE_ABI_MIPSEL, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_str_eq(decide_on(rows[i].host, text, CALLGATE_AS_LXC, rows[i].abi, "mkdirat"),
				 rows[i].reached ? "ERRNO(ENOENT)" : "KILL_THREAD", "%s on %s",
				 callgate_abi_name(rows[i].abi), callgate_abi_name(rows[i].host));
}

Test(as, lxc_passes_over_lines_on_hosts_that_it_does_not_know)
{
	static const enum callgate_abi unknown[] = { CALLGATE_ABI_RISCV64,  CALLGATE_ABI_M68K, CALLGATE_ABI_PARISC,
						     CALLGATE_ABI_PARISC64, CALLGATE_ABI_SH,   CALLGATE_ABI_SHEB };
	static const char before[] = "2\ndenylist\nmkdirat errno 2\n", all[] = "2\ndenylist\n[all]\nmkdirat errno 2\n",
			  other[] = "2\ndenylist\n[x86]\nmkdirat errno 2\n", allow[] = "2\nallowlist\nmkdirat\n";

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		enum callgate_abi host = unknown[i];
		const char *name = callgate_abi_name(host);

		cr_expect_str_eq(decide_on(host, before, CALLGATE_AS_LXC, host, "mkdirat"), "ALLOW", "%s", name);
		cr_expect_str_eq(decide_on(host, all, CALLGATE_AS_LXC, host, "mkdirat"), "ERRNO(ENOENT)", "%s", name);
		cr_expect_str_eq(decide_on(host, other, CALLGATE_AS_LXC, host, "mkdirat"), "ALLOW", "%s", name);
		cr_expect_str_eq(decide_on(host, allow, CALLGATE_AS_LXC, host, "mkdirat"), "KILL_THREAD", "%s", name);
		/* To callgate itself such lines are for every host. */
		cr_expect_str_eq(decide_on(host, before, CALLGATE_AS_CALLGATE, host, "mkdirat"), "ERRNO(ENOENT)", "%s",
				 name);
	}
	cr_expect_str_eq(decide_on(CALLGATE_ABI_S390X, "2\ndenylist\n[s390]\nmkdirat errno 2\n", CALLGATE_AS_LXC,
				   CALLGATE_ABI_S390X, "mkdirat"),
			 "ALLOW");
}

/* Docker finds the row of archMap by a word of its own on one host, and compares the same word with arches. */
Test(as, docker_and_podman_know_hosts_by_their_own_words)
{
#define ROW(arch, sub) \
	"\"archMap\":[{\"architecture\":\"SCMP_ARCH_" arch "\",\"subArchitectures\":[\"SCMP_ARCH_" sub "\"]}],"
#define ON(word) "\"syscalls\":[{\"names\":[\"mkdirat\"]," ERRNO ",\"includes\":{\"arches\":[\"" word "\"]}}]}"
	static const char start[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",";
	static const struct {
		enum callgate_reader reader;
		enum callgate_abi host, sub;
		const char *row, *rule;
		bool mapped, included;
	} rows[] = {
		{ CALLGATE_AS_DOCKER, CALLGATE_ABI_MIPSEL64N32, CALLGATE_ABI_MIPSEL, ROW("MIPSEL64N32", "MIPSEL"),
		  ON("mips3l64n32"), true, true },
		{ CALLGATE_AS_DOCKER, CALLGATE_ABI_MIPSEL64N32, CALLGATE_ABI_MIPSEL, ROW("MIPSEL64N32", "MIPSEL"),
		  ON("mipsel64n32"), true, false },
		{ CALLGATE_AS_PODMAN, CALLGATE_ABI_MIPSEL64N32, CALLGATE_ABI_MIPSEL, ROW("MIPSEL64N32", "MIPSEL"),
		  ON("mipsel64n32"), true, true },
		{ CALLGATE_AS_PODMAN, CALLGATE_ABI_MIPSEL64N32, CALLGATE_ABI_MIPSEL, ROW("MIPSEL64N32", "MIPSEL"),
		  ON("mips3l64n32"), true, false },
		{ CALLGATE_AS_DOCKER, CALLGATE_ABI_MIPS64N32, CALLGATE_ABI_MIPS, ROW("MIPS64N32", "MIPS"),
		  ON("mips64n32"), true, true },
		{ CALLGATE_AS_DOCKER, CALLGATE_ABI_MIPSEL, CALLGATE_ABI_MIPSEL64N32, ROW("MIPSEL", "MIPSEL64N32"),
		  ON("mipsel"), false, true },
		{ CALLGATE_AS_PODMAN, CALLGATE_ABI_MIPSEL, CALLGATE_ABI_MIPSEL64N32, ROW("MIPSEL", "MIPSEL64N32"),
		  ON("mipsel"), false, true },
		{ CALLGATE_AS_DOCKER, CALLGATE_ABI_PPC64, CALLGATE_ABI_PPC, ROW("PPC64", "PPC"), ON("ppc64"), true,
		  true },
		{ CALLGATE_AS_PODMAN, CALLGATE_ABI_PPC64, CALLGATE_ABI_PPC, ROW("PPC64", "PPC"), ON("ppc64"), false,
		  true },
		{ CALLGATE_AS_PODMAN, CALLGATE_ABI_S390X, CALLGATE_ABI_S390, ROW("S390X", "S390"), ON("s390x"), true,
		  true },
	};
#undef ROW
#undef ON

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "%s%s%s", start, rows[i].row, rows[i].rule);
		cr_expect_str_eq(decide_on(rows[i].host, text, rows[i].reader, rows[i].host, "mkdirat"),
				 rows[i].included ? "ERRNO(EPERM)" : "ALLOW", "row %zu", i);
		cr_expect_str_eq(decide_on(rows[i].host, text, rows[i].reader, rows[i].sub, "umask"),
				 rows[i].mapped ? "ALLOW" : "KILL_THREAD", "row %zu: %s", i,
				 callgate_abi_name(rows[i].sub));
	}
}

/* ------------------------------------------------------------------ runc, by release; runsc */

static const char *decide(const char *text, const char *as, enum callgate_abi abi, uint32_t nr)
{
	struct callgate_target target = target_as(CALLGATE_AS_CALLGATE);

	cr_assert_eq(callgate_target_reader(&target, as), 0, "%s", as);
	return decide_for(&target, text, &(struct callgate_call){ .abi = abi, .nr = nr });
}

Test(as, runc_answers_enosys_by_release)
{
	static const char bare[] = "{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[{\"names\":[\"write\"],"
				   "\"action\":\"SCMP_ACT_ALLOW\"}]}";
	static const char listed[] = "{\"defaultAction\":\"SCMP_ACT_KILL\",\"architectures\":[\"SCMP_ARCH_X86_64\"],"
				     "\"syscalls\":[{\"names\":[\"write\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";
	static const char flags[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]}";

	cr_expect_str_eq(decide(bare, "runc-1.1.5", CALLGATE_ABI_X86_64, 100), "KILL_THREAD");
	cr_expect_str_eq(decide(bare, "runc-1.1.15", CALLGATE_ABI_X86_64, 100), "ERRNO(ENOSYS)");
	cr_expect_str_eq(decide(bare, "runc", CALLGATE_ABI_X86_64, 100), "ERRNO(ENOSYS)");
	cr_expect_str_eq(decide(bare, "crun", CALLGATE_ABI_X86_64, 100), "KILL_THREAD");
	cr_expect_str_eq(decide(listed, "runc-1.1.5", CALLGATE_ABI_X86_64, 100), "ERRNO(ENOSYS)");
	/* Bit 30 tells x32, nothing else does. */
	cr_expect_str_eq(decide(listed, "runc-1.1.5", CALLGATE_ABI_X32, 0x40000064), "KILL_THREAD");
	cr_expect_str_eq(decide(listed, "runc-1.1.5", CALLGATE_ABI_X86_64, 0x80000064), "ERRNO(ENOSYS)");
	cr_expect_str_eq(decide(flags, "runc-1.1.5", CALLGATE_ABI_X86_64, 100), "refused");
	cr_expect_str_eq(decide(flags, "runc-1.2.0", CALLGATE_ABI_X86_64, 100), "ALLOW");
	/* The stub has no entry for number 0, which read has on x86_64 alone. */
	cr_expect_str_eq(decide("{\"defaultAction\":\"SCMP_ACT_KILL\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_"
				"ARCH_X32\"],"
				"\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
				"runc", CALLGATE_ABI_X86_64, 100),
			 "KILL_THREAD");
	cr_expect_str_eq(decide("{\"defaultAction\":\"SCMP_ACT_KILL\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_"
				"ARCH_X32\"],"
				"\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
				"runc", CALLGATE_ABI_X32, 0x40000064),
			 "ERRNO(ENOSYS)");
	cr_expect_str_eq(decide("{\"defaultAction\":\"SCMP_ACT_KILL\",\"architectures\":[\"SCMP_ARCH_X32\"],"
				"\"syscalls\":[{\"names\":[\"write\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
				"runc-1.1.5", CALLGATE_ABI_X32, 0x40000064),
			 "ERRNO(ENOSYS)");
	/* It comes before the rules, also where it answers what the default does: socket is number 359 of x86. */
	cr_expect_str_eq(decide("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"architectures\":["
				"\"SCMP_ARCH_X86\"],"
				"\"syscalls\":[{\"names\":[\"write\",\"socket\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
				"runc", CALLGATE_ABI_X86, 359),
			 "ERRNO(ENOSYS)");
}

Test(as, runsc_takes_numbers_of_x32_for_numbers)
{
	static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],"
				   "\"action\":\"SCMP_ACT_ALLOW\"}]}";

	cr_expect_str_eq(decide(text, "runsc", CALLGATE_ABI_X32, 0x40000000), "ERRNO(EPERM)");
	cr_expect_str_eq(decide(text, "runsc", CALLGATE_ABI_X86, 3), "KILL_THREAD");
}

Test(as, runc_knows_architectures_and_flags_by_release)
{
	static const char riscv[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_RISCV64\"]}";
	static const char loongarch[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_LOONGARCH64\"]}";
	static const char sh[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_SH\"]}";
	static const char killable[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}";

	cr_expect_str_eq(decide(riscv, "runc-1.1.11", CALLGATE_ABI_X86_64, 100), "refused");
	cr_expect_str_eq(decide(riscv, "runc-1.1.12", CALLGATE_ABI_X86_64, 100), "ALLOW");
	cr_expect_str_eq(decide(loongarch, "runc-1.4.0", CALLGATE_ABI_X86_64, 100), "refused");
	cr_expect_str_eq(decide(loongarch, "runc-1.5.0", CALLGATE_ABI_X86_64, 100), "ALLOW");
	cr_expect_str_eq(decide(sh, "runc", CALLGATE_ABI_X86_64, 100), "refused");
	cr_expect_str_eq(decide(sh, "crun", CALLGATE_ABI_X86_64, 100), "ALLOW");
	cr_expect_str_eq(decide(killable, "runc-1.4.0", CALLGATE_ABI_X86_64, 100), "refused");
	cr_expect_str_eq(decide(killable, "runc-1.5.0", CALLGATE_ABI_X86_64, 100), "ALLOW");
}

Test(as, reader_words)
{
	struct callgate_target target = target_as(CALLGATE_AS_CALLGATE);

	cr_expect_eq(callgate_target_reader(&target, "crun-1.8.1"), 0);
	cr_expect_eq(target.reader, CALLGATE_AS_CRUN);
	cr_expect_eq(target.runtime, 0x010801);
	cr_expect_eq(callgate_target_reader(&target, "docker"), 0);
	cr_expect_eq(target.runtime, 0);
	cr_expect_eq(callgate_target_reader(&target, "docker-1.1.5"), CALLGATE_E_NOTFOUND);
	cr_expect_eq(callgate_target_reader(&target, "runc-1.1"), CALLGATE_E_NOTFOUND);
	cr_expect_eq(callgate_target_reader(&target, "runk"), CALLGATE_E_NOTFOUND);
}

/* ------------------------------------------------------------------ by libseccomp itself */

/* Resolves for the installed release. The action of mkdir(0), or "refused". */
static const char *answer(const char *text, const char *as, uint32_t libseccomp, struct callgate_answer *out)
{
	struct callgate_target target = target_as(CALLGATE_AS_CALLGATE);
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64, .nr = 83 };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_action action;
	static char got[64];

	cr_assert_eq(callgate_target_reader(&target, as), 0, "%s", as);
	target.libseccomp = libseccomp;
	cr_assert_eq(read_as(text, target.reader, &policy, NULL), 0, "%s", text);
	snprintf(got, sizeof(got), "refused");
	if (callgate_filter_resolve_as(policy, &target, &filter, out, NULL, &err) == 0) {
		struct callgate_origin origin;

		cr_assert_eq(callgate_filter_decide(filter, &call, &action, &origin), 0);
		callgate_action_format(action, got, sizeof(got));
		snprintf(got + strlen(got), sizeof(got) - strlen(got), " %d:%u", origin.why, origin.line);
	} else if (strstr(err.text, "cannot predict")) {
		snprintf(got, sizeof(got), "cannot predict");
	}
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return got;
}

#define RULE(action, op, value) \
	"{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_" action "\",\"args\":[{\"index\":0,\"op\":\"SCMP_CMP_" op "\"," \
	"\"value\":" value "}]}"

Test(as, the_installed_libseccomp_answers_for_its_own_release)
{
	static const char overlap[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[\n" RULE(
		"ALLOW", "LT", "9") ",\n" RULE("KILL", "GT", "2") "]}";
	static const char text[] = "2\ndenylist\nmkdir errno 1 [0,2,>]\nmkdir errno 2 [0,9,<]\n";
	uint32_t release = callgate_libseccomp_release();
	struct callgate_answer told;

	if (abi_native() != CALLGATE_ABI_X86_64)
		cr_skip_test("the profiles here are for x86_64");
	cr_expect_str_eq(answer(overlap, "crun", release, &told), "ALLOW 0:2");
	cr_expect(told.by_library && told.release == release && strcmp(told.reader, "crun") == 0);
	cr_expect_str_eq(answer(overlap, "docker", release, &told), "ALLOW 0:2");
	cr_expect(told.by_library);
	cr_expect_str_eq(answer(overlap, "crun", release + 1, &told), "cannot predict");
	cr_expect(!told.by_library && told.why[0]);
	cr_expect_str_eq(answer(text, "lxc", release, &told), "ERRNO(ENOENT) 0:4");
	cr_expect(told.by_library);
	cr_expect_str_eq(answer(text, "lxc", release + 1, &told), "cannot predict");
	/* A mask of 0, an errno that libseccomp does not take, a byte order that is not this machine's. */
	cr_expect_str_eq(
		answer("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" RULE("ERRNO", "MASKED_EQ", "0") "]}",
		       "crun", release, &told),
		"ERRNO(EPERM) 0:1");
	cr_expect_str_eq(answer("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":"
				"\"SCMP_ACT_ERRNO\",\"errnoRet\":4095}]}",
				"crun", release, &told),
			 "refused");
	cr_expect(told.by_library);
	cr_expect_str_eq(answer("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_S390X\"]}",
				"crun", release, &told),
			 "refused");
}

/* stat64 is none of x86_64's calls; ranked first it hides all others there, but for a tree, which runc 1.2 asks for
 * when it adds more than 32 names. */
Test(as, runc_has_a_tree_made_of_many_names)
{
#define LOST(more) \
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"," \
	"\"SCMP_ARCH_X32\"],\"syscalls\":[{\"names\":[\"stat64\"" more \
	"],\"action\":\"SCMP_ACT_TRAP\"}," RULE("ERRNO", "EQ", "0") "]}"
#define EIGHT ",\"no\",\"no\",\"no\",\"no\",\"no\",\"no\",\"no\",\"no\""
	static const char many[] = LOST(EIGHT EIGHT EIGHT EIGHT), few[] = LOST(EIGHT EIGHT EIGHT);
	static const struct {
		const char *text, *as, *want;
	} rows[] = {
		{ many, "runc-1.1.15", "ALLOW 1:1" },   { many, "runc-1.2.0", "ERRNO(EPERM) 0:1" },
		{ many, "docker", "ERRNO(EPERM) 0:1" }, { many, "crun", "ALLOW 1:1" },
		{ few, "runc-1.2.0", "ALLOW 1:1" },
	};
	uint32_t release = callgate_libseccomp_release();

	if (abi_native() != CALLGATE_ABI_X86_64 || release >> 8 != 0x0205)
		cr_skip_test("for the libseccomp 2.5 of an x86_64 machine");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_answer told;

		cr_expect_str_eq(answer(rows[i].text, rows[i].as, release, &told), rows[i].want, "%zu", i);
		cr_expect(told.by_library);
		cr_expect_str_eq(answer(rows[i].text, rows[i].as, release + 1, &told), rows[i].want, "%zu", i);
		cr_expect(!told.by_library);
	}
}

/* Where another release of libseccomp is asked for: what the model knows, and what it leaves open. */
Test(as, the_model_is_exact_or_says_that_it_is_not)
{
#define TWO(first, second) "{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[" first "," second "]}"
#define PLAIN(action) "{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_" action "\"}"
#define ABSENT(action, value) \
	"{\"names\":[\"stat64\"],\"action\":\"SCMP_ACT_" action "\",\"args\":[{\"index\":0,\"value\":" value "," \
	"\"op\":\"SCMP_CMP_EQ\"}]}"
#define ARCH(name) "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_" name "\"]}"
	static const struct {
		const char *text;
		uint32_t release;
		const char *want;
	} rows[] = {
		/* A mask of 0 is no comparison: the first rule without any decides. */
		{ TWO(RULE("ERRNO", "MASKED_EQ", "0"), PLAIN("TRAP")), 0x020500, "ERRNO(EPERM) 0:1" },
		{ TWO(PLAIN("TRAP"), RULE("ERRNO", "MASKED_EQ", "0")), 0x020500, "TRAP 0:1" },
		/* Comparisons of one argument that order, with other upper halves. */
		{ TWO(RULE("TRAP", "GT", "8589934592"), RULE("TRAP", "LT", "9")), 0x020500, "cannot predict" },
		{ TWO(RULE("TRAP", "GT", "9"), RULE("TRAP", "LT", "5")), 0x020500, "TRAP 0:1" },
		{ TWO(RULE("TRAP", "EQ", "8589934592"), RULE("TRAP", "EQ", "0")), 0x020500, "TRAP 0:1" },
		/* Conditions on calls that the machine lacks may contradict each other. */
		{ TWO(ABSENT("TRAP", "0"), ABSENT("ERRNO", "1")), 0x020500, "cannot predict" },
		{ TWO(ABSENT("TRAP", "0"), ABSENT("TRAP", "1")), 0x020500, "LOG 1:1" },
		/* Architectures by release, and by byte order. */
		{ ARCH("LOONGARCH64"), 0x020500, "refused" },
		{ ARCH("LOONGARCH64"), 0x0206ff, "ALLOW 1:1" },
		{ ARCH("SH"), 0x020500, "refused" },
		{ ARCH("S390X"), 0x020500, "refused" },
		{ ARCH("S390X"), 0x0206ff, "refused" },
	};

	if (abi_native() != CALLGATE_ABI_X86_64)
		cr_skip_test("the profiles here are for x86_64");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_answer told;

		cr_expect_str_eq(answer(rows[i].text, "crun", rows[i].release, &told), rows[i].want, "%zu", i);
		cr_expect(!told.by_library);
	}
}

/* ------------------------------------------------------------------ portable */

static unsigned differing(const char *text, const char *word)
{
	struct callgate_target target = target_as(CALLGATE_AS_CALLGATE);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_notes *notes;
	int fd = memfd_create("profile", 0);
	bool found = false;
	unsigned count = 0;
	char path[64];

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	cr_assert_eq(callgate_notes_new(&notes), 0);
	cr_assert_eq(callgate_policy_portable(path, &target, &count, notes, &err), 0, "%s", err.text);
	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		cr_expect_eq(callgate_notes_at(notes, i)->id, 302);
		found |= word && strstr(callgate_notes_at(notes, i)->text, word);
	}
	cr_expect_eq(found, word != NULL, "no note has '%s' for %s", word, text);
	callgate_notes_free(notes);
	close(fd);
	return count;
}

Test(as, portable_tells_who_differs)
{
	cr_expect_eq(differing(ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}]"), NULL), 0);
	cr_expect_eq(differing(ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO ",\"errno\":\"EBADF\"}]"),
			       "docker, containerd, runc, crun: x86 mkdir gives ERRNO(EPERM) and not ERRNO(EBADF)"),
		     4);
	/* callgate refuses this one: the others are compared among themselves. */
	cr_expect_eq(differing(ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"]," ERRNO "}],\"syscalls\":[]"),
			       "crun (to docker): x86 mkdir gives ERRNO(EPERM) and not ALLOW"),
		     1);
	cr_expect_eq(
		differing(
			ALLOWING("\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":5}]"),
			"crun rejects"),
		2);
	cr_expect_eq(differing("2\ndenylist\nmkdir errno 1\n", NULL), 0);
}

/* What the model does not predict, the library that is installed answers, as it does for --as. */
Test(as, portable_asks_the_installed_libseccomp)
{
	if (abi_native() != CALLGATE_ABI_X86_64)
		cr_skip_test("the profiles here are for x86_64");
	cr_expect_eq(differing("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"],"
			       "\"syscalls\":[" RULE("ALLOW", "LT", "9") "," RULE("KILL", "GT", "2") "]}",
			       "podman, crun: x86_64 mkdir gives ALLOW and not KILL_THREAD for some arguments"),
		     5);
}
