/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exhausted memory: each request for memory of each task is refused once, alone and with all later ones. */
#include <criterion/criterion.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/private.h"
#include "callgate.h"
#ifndef UNIT_CORE /* tests/machines/emulate has not what reads processes */
#include "kernel/witness_read.h"
#endif
#include "names/abi.h"
#include "record/recording.h"
#include "tests/unit/memory.h"

/* The linker sends what the objects of this program ask for through here: tests_unit_unit_LDFLAGS. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long requests, refuse_from, refuse_to; /* from 1; 0: none */

long memory_requests(void)
{
	return requests;
}

static bool is_refused(void)
{
	requests++;
	return requests >= refuse_from && requests < refuse_to;
}

void *__wrap_malloc(size_t size)
{
	return is_refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return is_refused() ? NULL : __real_realloc(old, size);
}

/* What a task has found out, as one number: the same with and without a refusal that it gets over. */
static uint64_t found;

static void find(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		found = (found ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3;
}

static int find_text(int r, char *text, size_t size)
{
	if (r == 0)
		find(text, size);
	else
		cr_assert_null(text);
	free(text);
	return r;
}

static int find_filter(int r, struct callgate_filter *made)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	long so_far = requests, to = refuse_to;
	char hex[65];

	if (r < 0) {
		cr_assert_null(made);
		return r;
	}
	refuse_to = 0;
	r = callgate_filter_digest(made, hex, &err);
	cr_assert_eq(r, 0, "%s", err.text);
	find(hex, 64);
	callgate_filter_free(made);
	requests = so_far;
	refuse_to = to;
	return 0;
}

static int find_written(int r, struct callgate_text *text)
{
	size_t size;
	const char *bytes;

	if (r < 0) {
		cr_assert_null(text);
		return r;
	}
	bytes = callgate_text_bytes(text, &size);
	find(bytes, size);
	for (size_t i = 0; i < callgate_text_loss_count(text); i++) {
		const struct callgate_loss *loss = callgate_text_loss_at(text, i);

		find(loss->calls, strlen(loss->calls));
		find(loss->why, strlen(loss->why));
	}
	callgate_text_free(text);
	return 0;
}

static int find_diff(int r, struct callgate_diff *diff)
{
	if (r < 0) {
		cr_assert_null(diff);
		return r;
	}
	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *row = callgate_diff_at(diff, i);
		const uint32_t numbers[] = { (uint32_t)row->abi, row->first, row->last, (uint32_t)row->change };

		find(numbers, sizeof(numbers));
	}
	callgate_diff_free(diff);
	return 0;
}

/* ---------------------------------------------------------------- what the tasks work on */

static const char docker[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_"
	"64\","
	"\"subArchitectures\":[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]}],\"comment\":\"\\u00e9\",\"odd\":1,\"syscalls\":["
	"{\"names\":[\"read\",\"write\",\"exit\",\"exit_group\",\"execve\",\"rt_sigreturn\"],\"action\":\"SCMP_ACT_"
	"ALLOW\"},"
	"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":40,\"op\":\"SCMP_CMP_"
	"NE\"}]},"
	"{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":8,\"op\":\"SCMP_"
	"CMP_EQ\"}]},"
	"{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":131072,"
	"\"op\":\"SCMP_CMP_EQ\"}]},"
	"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":2114060288,\"valueTwo\":"
	"0,"
	"\"op\":\"SCMP_CMP_MASKED_EQ\"}],\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
	"{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,\"value\":21505,\"op\":\"SCMP_CMP_"
	"GT\"}]},"
	"{\"names\":[\"bpf\",\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"],"
	"\"minKernel\":\"4.8\"}},"
	"{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"}]}";
static const char lxc[] = "2\ndenylist\n[x86_64]\nmkdir errno 13\nsocket errno 97 [0,40,SCMP_CMP_EQ]\npersonality kill "
			  "[0,8,SCMP_CMP_NE]\n[x86]\nbpf errno 38\n[all]\nbpf errno 38\nclone errno 1 [0,268435456,"
			  "SCMP_CMP_MASKED_EQ,268435456]\nkeyctl errno 12\n";
static const char recorded[] =
	"{\"schema\":\"callgate.record/1\",\"runs\":1,\"lost\":0,\"calls\":["
	"{\"abi\":\"x86_64\",\"nr\":0,\"count\":3,\"denied\":false,\"phase\":\"program\"},"
	"{\"abi\":\"x86_64\",\"nr\":41,\"count\":5,\"denied\":false,\"phase\":\"program\",\"exe\":{\"nginx\":5},"
	"\"args\":[{\"count\":5,\"a0\":2,\"a1\":1,\"a2\":0}]},"
	"{\"abi\":\"x86_64\",\"nr\":59,\"count\":1,\"denied\":false,\"phase\":\"runtime\"},"
	"{\"abi\":\"x86\",\"nr\":102,\"count\":9,\"answer\":\"SIGSYS\",\"phase\":\"program\"}]}";

static struct callgate_target target = CALLGATE_TARGET_INIT;
static struct callgate_policy *policy, *newer, *mine;
static struct callgate_filter *filter, *other, *plain, *own;
static struct callgate_prog *prog;
#ifndef UNIT_CORE
static pid_t confined; /* a process with the program as its filter */
#endif
static char record_path[] = "/tmp/callgate-memory-XXXXXX";

static struct callgate_policy *policy_of(const char *text)
{
	struct callgate_policy *made = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;

	cr_assert_eq(callgate_policy_parse(text, strlen(text), "a", &made, NULL, &err), 0, "%s", err.text);
	return made;
}

/* The profile with one of its words changed. */
static struct callgate_policy *policy_with(const char *word, const char *with)
{
	char text[sizeof(docker) + 64];
	const char *at = strstr(docker, word);

	cr_assert_not_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - docker), docker, with, at + strlen(word));
	return policy_of(text);
}

#ifndef UNIT_CORE
static pid_t start_confined(void)
{
	struct callgate_prog *allow = NULL;
	struct callgate_policy *small =
		policy_of("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"],"
			  "\"action\":\"SCMP_ACT_ERRNO\"}]}");
	struct callgate_target here = CALLGATE_TARGET_INIT;
	struct callgate_filter *made = NULL;
	int pipes[2];
	char byte;
	pid_t pid;

	here.host = abi_native();
	cr_assert_eq(callgate_filter_resolve(small, &here, &made, NULL, NULL), 0);
	cr_assert_eq(callgate_filter_compile(made, &allow, NULL), 0);
	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		if (callgate_prog_load(allow, CALLGATE_NNP_YES, NULL) < 0)
			_exit(1);
		close(pipes[1]);
		for (;;)
			pause();
	}
	close(pipes[1]);
	(void)!read(pipes[0], &byte, 1); /* ends when it is there, or has gone */
	close(pipes[0]);
	callgate_prog_free(allow);
	callgate_filter_free(made);
	callgate_policy_free(small);
	return pid;
}

#endif

static void prepare(void)
{
	struct callgate_policy *small;
	struct callgate_target as;
	int fd;

	target.host = CALLGATE_ABI_X86_64;
	target.kernel_major = 6;
	target.kernel_minor = 1;
	policy = policy_of(docker);
	newer = policy_with("\"mkdir\"", "\"rmdir\",\"mkdir\"");
	mine = policy_with("\"read\",", "\"read\",\"openat\",");
	cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, NULL, NULL), 0);
	cr_assert_eq(callgate_filter_resolve(mine, &target, &other, NULL, NULL), 0);
	cr_assert_eq(callgate_filter_compile(filter, &prog, NULL), 0);
	small = policy_of("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\",\"write\"],"
			  "\"action\":\"SCMP_ACT_ALLOW\"}]}");
	as = target;
	as.enosys = CALLGATE_ENOSYS_NEVER;
	cr_assert_eq(callgate_filter_resolve(small, &as, &plain, NULL, NULL), 0);
	callgate_policy_free(small);
	small = policy_of(lxc);
	cr_assert_eq(callgate_filter_resolve(small, &as, &own, NULL, NULL), 0);
	callgate_policy_free(small);
	fd = mkstemp(record_path);
	cr_assert(fd >= 0 && write(fd, recorded, strlen(recorded)) == (ssize_t)strlen(recorded));
	close(fd);
#ifndef UNIT_CORE
	confined = start_confined();
#endif
}

static void clean_up(void)
{
#ifndef UNIT_CORE
	kill(confined, SIGKILL);
	waitpid(confined, NULL, 0);
#endif
	unlink(record_path);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
	callgate_filter_free(other);
	callgate_filter_free(plain);
	callgate_filter_free(own);
	callgate_policy_free(policy);
	callgate_policy_free(newer);
	callgate_policy_free(mine);
}

/* ---------------------------------------------------------------- tasks: 0, or why not */

/* The findings are part of what is found: none may be lost without a word. */
static int read_text(const char *text)
{
	struct callgate_policy *made = NULL;
	struct callgate_notes *notes = NULL;
	int r = callgate_notes_new(&notes);

	if (r < 0)
		return r;
	r = callgate_policy_parse(text, strlen(text), "a", &made, notes, NULL);
	cr_assert_eq(r == 0, made != NULL);
	if (r == 0) {
		size_t errors = callgate_notes_total(notes, CALLGATE_ERROR);

		find(&errors, sizeof(errors));
	}
	callgate_policy_free(made);
	callgate_notes_free(notes);
	return r;
}

static int read_docker(void)
{
	return read_text(docker);
}

static int read_lxc(void)
{
	return read_text(lxc);
}

static int read_lists(void)
{
	struct callgate_lists lists = CALLGATE_LISTS_INIT;
	struct callgate_policy *made = NULL;
	int r;

	lists.allow = "read,write,socket(a0==2,a1!=3),exit_group";
	lists.deny = "mkdir=EACCES";
	r = callgate_policy_lists(&lists, &made, NULL, NULL);
	callgate_policy_free(made);
	return r;
}

static int read_env(void)
{
	struct callgate_policy *made = NULL;
	int r = callgate_policy_env("read:write:exit_group", NULL, "log", &made, NULL, NULL);

	callgate_policy_free(made);
	return r;
}

static int build(void)
{
	struct callgate_build how = CALLGATE_BUILD_INIT;
	struct callgate_rule rule = CALLGATE_RULE_INIT;
	const struct callgate_condition condition = { .arg = 0, .op = CALLGATE_EQ, .value = 2 };
	struct callgate_builder *builder = NULL;
	struct callgate_policy *made = NULL;
	struct callgate_filter *out = NULL;
	int r = callgate_builder_new(&how, &builder, NULL);

	rule.conditions = &condition;
	rule.action.kind = CALLGATE_ALLOW;
	for (uint32_t nr = 0; nr < 40 && r == 0; nr++) {
		rule.call = nr % 2 ? NULL : "socket";
		rule.abi = nr % 2 ? CALLGATE_ABI_X86_64 : CALLGATE_ABI_NONE;
		rule.nr = nr;
		rule.condition_count = nr % 3 == 0;
		r = callgate_builder_rule(builder, &rule, NULL);
	}
	if (r == 0)
		r = callgate_builder_policy(builder, &made, NULL, NULL);
	if (r == 0) {
		r = callgate_filter_resolve(made, &target, &out, NULL, NULL);
		r = find_filter(r, out);
	}
	callgate_policy_free(made);
	callgate_builder_free(builder);
	return r;
}

static int resolve(void)
{
	struct callgate_filter *out = NULL;
	int r = callgate_filter_resolve(policy, &target, &out, NULL, NULL);

	return find_filter(r, out);
}

/* As each reader does: the emulations have allocations of their own. */
static int resolve_as(void)
{
	static const char *const readers[] = { "docker", "runc", "crun", "lxc" };
	int r = 0;

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]) && r == 0; i++) {
		struct callgate_target as = target;
		struct callgate_filter *out = NULL;

		as.libseccomp = 0x020504;
		cr_assert_eq(callgate_target_reader(&as, readers[i]), 0);
		r = callgate_filter_resolve(policy, &as, &out, NULL, NULL);
		r = find_filter(r, out);
	}
	return r;
}

static int lint(void)
{
	struct callgate_notes *notes = NULL;
	int r = callgate_notes_new(&notes);

	if (r == 0)
		r = callgate_filter_lint(policy, filter, &target, notes, NULL);
	callgate_notes_free(notes);
	return r;
}

static int leave_out(void)
{
	struct callgate_policy *made = NULL;
	struct callgate_left_out what;
	struct callgate_filter *out = NULL;
	int r = callgate_policy_without(policy, 2, &made, &what, NULL);

	if (r == 0) {
		r = callgate_filter_resolve(made, &target, &out, NULL, NULL);
		r = find_filter(r, out);
	}
	callgate_policy_free(made);
	return r;
}

static int compile(void)
{
	struct callgate_prog *out = NULL;
	int r = callgate_filter_compile(filter, &out, NULL);

	cr_assert_eq(r == 0, out != NULL);
	if (out)
		find(callgate_prog_instructions(out), 8 * callgate_prog_count(out));
	callgate_prog_free(out);
	return r;
}

static int compile_by_libseccomp(void)
{
	struct callgate_prog *out = NULL;
	int r = callgate_filter_compile_libseccomp(plain, 0, &out, NULL);

	callgate_prog_free(out);
	return r == CALLGATE_E_UNSUPPORTED ? 0 : r; /* not installed, or too old for this filter */
}

static int write_prog(void)
{
	static const enum callgate_prog_format formats[] = { CALLGATE_PROG_RAW, CALLGATE_PROG_ASM, CALLGATE_PROG_C,
							     CALLGATE_PROG_BASE64 };
	int r = 0;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]) && r == 0; i++) {
		char *text = NULL;
		size_t size = 0;

		r = callgate_prog_write(prog, formats[i], &text, &size, NULL);
		r = find_text(r, text, size);
	}
	return r;
}

static int write_pfc(void)
{
	char *text = NULL;
	size_t size = 0;
	int r = callgate_filter_write_pfc(filter, &text, &size, NULL);

	return find_text(r, text, size);
}

static int parse_prog(void)
{
	struct callgate_prog *out = NULL;
	int r = callgate_prog_parse(callgate_prog_instructions(prog), 8 * callgate_prog_count(prog), abi_native(), &out,
				    NULL);

	callgate_prog_free(out);
	return r;
}

static int lift(void)
{
	struct callgate_filter *out = NULL;
	int r = callgate_filter_lift(prog, "a", CALLGATE_ABI_X86_64, &out, NULL);

	return find_filter(r, out);
}

static int diff(void)
{
	struct callgate_diff *out = NULL;
	int r = callgate_filter_diff(filter, other, 0, &out, NULL);

	return find_diff(r, out);
}

static int digest(void)
{
	char hex[65] = "";
	int r = callgate_filter_digest(filter, hex, NULL);

	find(hex, r == 0 ? 64 : 0);
	return r;
}

static int combine(void)
{
	const struct callgate_filter *both[] = { filter, other };
	int r = 0;

	for (int op = CALLGATE_MEET; op <= CALLGATE_SUBTRACT && r == 0; op++) {
		struct callgate_filter *out = NULL;

		r = callgate_filter_combine((enum callgate_combination)op, both, 2, &out, NULL);
		r = find_filter(r, out);
	}
	return r;
}

static int log_only(void)
{
	struct callgate_filter *out = NULL;
	int r = callgate_filter_log_only(filter, &out, NULL);

	return find_filter(r, out);
}

static int outcomes(void)
{
	const struct callgate_pattern pattern = { .abi = CALLGATE_ABI_X86_64, .nr = 135 };
	struct callgate_outcome list[8];
	size_t count = 0;
	int r = callgate_filter_outcomes(filter, &pattern, list, 8, &count);

	find(&count, r == 0 ? sizeof(count) : 0);
	return r;
}

static int write_policy(void)
{
	int r = 0;

	for (int format = CALLGATE_FORMAT_OCI; format <= CALLGATE_FORMAT_DOCKER && r == 0; format++) {
		struct callgate_text *text = NULL;

		r = callgate_policy_write(policy, &target, (enum callgate_format)format, &text, NULL);
		r = find_written(r, text);
	}
	return r;
}

static int write_filter(void)
{
	struct callgate_writing how = CALLGATE_WRITING_INIT;
	struct callgate_text *text = NULL;
	int r;

	how.target = target;
	r = callgate_filter_write(filter, &how, &text, NULL);
	return find_written(r, text);
}

static int write_lxc(void)
{
	struct callgate_target as = target;
	int r = 0;

	as.libseccomp = 0x020504;
	for (int bound = CALLGATE_LXC_NEVER_LOOSER; bound <= CALLGATE_LXC_NEVER_STRICTER && r == 0; bound++) {
		struct callgate_text *text = NULL;
		struct callgate_err err = CALLGATE_ERR_INIT;

		r = callgate_lxc_write(own, &as, (enum callgate_lxc_bound)bound, &text, &err);
		cr_assert(r == 0 || r == CALLGATE_E_NOMEM, "%s", err.text);
		r = find_written(r, text);
	}
	return r;
}

static void count_conflict(void *data, const struct callgate_conflict *conflict)
{
	find(conflict->name, strlen(conflict->name));
	++*(unsigned *)data;
}

static int rebase(void)
{
	struct callgate_rebase how = { 0 };
	unsigned conflicts = 0;
	char *text = NULL;
	size_t size = 0;
	int r;

	how.from = policy;
	how.to = newer;
	how.mine = mine;
	how.conflict = count_conflict;
	how.data = &conflicts;
	r = callgate_policy_rebase(&how, &text, &size, NULL);
	return find_text(r, text, size);
}

static int record_read(void)
{
	struct callgate_record *a = NULL, *b = NULL;
	char *text = NULL;
	size_t size = 0;
	int r = callgate_record_read(record_path, &a, NULL);

	if (r == 0)
		r = callgate_record_read(record_path, &b, NULL);
	if (r == 0)
		r = callgate_record_merge(a, b, NULL);
	if (r == 0) {
		r = callgate_record_write(a, &text, &size, NULL);
		r = find_text(r, text, size);
	}
	callgate_record_free(a);
	callgate_record_free(b);
	return r;
}

static void ignore_uncovered(void *data, const struct callgate_uncovered *uncovered)
{
	(void)data;
	find(&uncovered->call.nr, sizeof(uncovered->call.nr));
}

static int record_compare(void)
{
	struct callgate_record *record = NULL;
	struct callgate_diff *unused = NULL;
	bool covered = false;
	int r = callgate_record_read(record_path, &record, NULL);

	if (r == 0)
		r = callgate_record_covered(record, filter, ignore_uncovered, NULL, &covered, NULL);
	if (r == 0) {
		r = callgate_record_unused(record, filter, &unused, NULL);
		r = find_diff(r, unused);
	}
	if (r == 0)
		r = callgate_filter_weigh(other, record, NULL);
	callgate_record_free(record);
	return r;
}

static int record_learn(void)
{
	struct callgate_learn how = { 0 };
	struct callgate_record *record = NULL;
	int r = callgate_record_read(record_path, &record, NULL);

	how.twins = CALLGATE_LEARN_TWINS;
	for (int widen = 0; widen < 2 && r == 0; widen++) {
		char *text = NULL;
		size_t size = 0;

		how.base = widen ? docker : NULL;
		how.base_size = widen ? strlen(docker) : 0;
		how.base_filter = widen ? filter : NULL;
		how.within = widen ? NULL : other;
		r = callgate_record_learn(record, &how, &text, &size, NULL);
		r = find_text(r, text, size);
	}
	callgate_record_free(record);
	return r;
}

#ifndef UNIT_CORE
/* What cannot be looked at here is no question of memory. */
static int witness_of(enum callgate_evidence how)
{
	struct callgate_witness *witness = NULL;
	struct callgate_tasks *list = NULL;
	const struct callgate_filter *meant;
	size_t stack, count;
	int r = callgate_tasks_list(CALLGATE_SCOPE_PROCESS, confined, &list, NULL);

	if (r == 0)
		r = callgate_witness_read(callgate_tasks_at(list, 0), callgate_tasks_count(list), how, &witness, NULL);
	cr_assert_eq(r == 0, witness != NULL);
	if (r == 0)
		r = callgate_witness_task(witness, 0, &stack, NULL);
	if (r == 0) {
		const struct callgate_prog *const *progs = callgate_witness_stack(witness, stack, &count);

		find(callgate_prog_instructions(progs[0]), 8 * callgate_prog_count(progs[0]));
		r = callgate_witness_filter(witness, stack, &meant, NULL);
	}
	callgate_witness_free(witness);
	callgate_tasks_free(list);
	return r == CALLGATE_E_PERM || r == CALLGATE_E_UNSUPPORTED ? 0 : r;
}

static int witness_at_once(void)
{
	return witness_of(CALLGATE_EVIDENCE_ITERATOR);
}

static int witness_by_ptrace(void)
{
	return witness_of(CALLGATE_EVIDENCE_PTRACE);
}

#endif

/* CAREFUL: what cannot be found out about a program, for want of memory too, counts as the worst: it is refused, or its
 * filter is opaque. */
enum care { EXACT = 0, CAREFUL };
static const struct task {
	const char *name;
	int (*work)(void);
	enum care care;
} tasks[] = {
	{ "read docker", read_docker },
	{ "read lxc", read_lxc },
	{ "lists", read_lists },
	{ "environment", read_env },
	{ "build", build },
	{ "resolve", resolve },
	{ "resolve as", resolve_as },
	{ "lint", lint },
	{ "without", leave_out },
	{ "compile", compile, CAREFUL },
	{ "libseccomp", compile_by_libseccomp, CAREFUL },
	{ "write program", write_prog },
	{ "pfc", write_pfc },
	{ "parse program", parse_prog },
	{ "lift", lift, CAREFUL },
	{ "diff", diff },
	{ "digest", digest },
	{ "combine", combine },
	{ "log only", log_only },
	{ "outcomes", outcomes },
	{ "write policy", write_policy },
	{ "write filter", write_filter },
	{ "write lxc", write_lxc },
	{ "rebase", rebase },
	{ "read record", record_read },
	{ "compare record", record_compare },
	{ "learn", record_learn },
#ifndef UNIT_CORE
	{ "witness at once", witness_at_once, CAREFUL },
	{ "witness by ptrace", witness_by_ptrace, CAREFUL },
#endif
};

static int attempt(const struct task *task, long from, long to)
{
	int r;

	found = 0xcbf29ce484222325;
	requests = 0;
	refuse_from = from;
	refuse_to = to;
	r = task->work();
	refuse_to = 0;
	return r;
}

static bool is_allowed(const struct task *task, int r, uint64_t expected)
{
	if (task->care == CAREFUL &&
	    (r == CALLGATE_E_LIMIT || r == CALLGATE_E_MISMATCH || (r == 0 && task->work == lift)))
		return true;
	return r == CALLGATE_E_NOMEM || (r == 0 && found == expected);
}

/* How many requests there were. */
static long refuse_each(const struct task *task, uint64_t expected, long count)
{
	long n = 0;
	int r;

	do {
		n++;
		r = attempt(task, n, n + count);
		cr_assert(is_allowed(task, r, expected), "%s, request %ld of %ld: %d, %s result", task->name, n,
			  requests, r, found == expected ? "the same" : "another");
	} while (requests >= n);
	cr_assert(r == 0 && found == expected, "%s, nothing refused: %d", task->name, r);
	return n - 1;
}

Test(memory, each_request_may_be_refused, .timeout = 120)
{
	long all = 0;

	prepare();
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
		uint64_t expected;

		int r = attempt(&tasks[i], 0, 0);

		cr_assert_eq(r, 0, "%s: %d", tasks[i].name, r);
		cr_assert_eq(attempt(&tasks[i], 0, 0), 0, "%s", tasks[i].name);
		expected = found;
		all += refuse_each(&tasks[i], expected, 1);
		all += refuse_each(&tasks[i], expected, LONG_MAX / 2);
	}
	cr_assert_gt(all, 1000);
	clean_up();
}
