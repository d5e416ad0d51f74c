/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A load that is answered with success and loads nothing is no success, whoever answers; strict filters are looked at
 * from outside. */
#include <criterion/criterion.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asleep.h"
#include "bpf/prog.h"
#include "callgate.h"
#include "kernel/load.h"
#include "tests/unit/filtered.h"

/* Runs body in a child; its exit status, or 128 and the signal. */
static int in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int load_word(uint32_t others, uint32_t flags)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = answer(SYS_exit_group, SECCOMP_RET_ALLOW, others);
	int r;

	prog->flags = flags;
	r = callgate_prog_load(prog, CALLGATE_NNP_YES, &err);
	return r == 0 ? 0 : -r;
}

/* What the kernel says of a process is longer then than what is read of it at once. */
static int in_many_groups(void)
{
	gid_t groups[3000];

	for (unsigned i = 0; i < 3000; i++)
		groups[i] = 1000000 + i;
	return setgroups(3000, groups) < 0 ? 77 : load_word(SECCOMP_RET_ALLOW, 0);
}

Test(load, works_in_many_groups)
{
	int status = in_child(in_many_groups);

	if (status == 77)
		cr_skip_test("needs CAP_SETGID");
	cr_assert_eq(status, 0);
}

static void lie(void)
{
	struct callgate_prog *prog = answer(SYS_seccomp, SECCOMP_RET_ERRNO | 0, SECCOMP_RET_ALLOW);

	if (callgate_prog_load(prog, CALLGATE_NNP_YES, NULL) < 0)
		_exit(99);
}

static int lied_to(void)
{
	lie();
	return load_word(SECCOMP_RET_ALLOW, 0);
}

static int lied_to_strict(void)
{
	lie();
	return load_word(SECCOMP_RET_KILL_PROCESS, 0);
}

static int lied_to_all_threads(void)
{
	lie();
	return load_word(SECCOMP_RET_KILL_PROCESS, SECCOMP_FILTER_FLAG_TSYNC);
}

Test(load, is_refused_where_a_filter_answers_success_for_it)
{
	cr_assert_eq(in_child(lied_to), -CALLGATE_E_MISMATCH);
	cr_assert_eq(in_child(lied_to_strict), -CALLGATE_E_MISMATCH);
	cr_assert_eq(in_child(lied_to_all_threads), -CALLGATE_E_MISMATCH);
}

static int plain(void)
{
	return load_word(SECCOMP_RET_ALLOW, 0);
}

static int strict(void)
{
	return load_word(SECCOMP_RET_KILL_PROCESS, 0);
}

static int strict_twice(void)
{
	struct callgate_prog *first = answer(SYS_mkdir, SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ALLOW);

	return callgate_prog_load(first, CALLGATE_NNP_YES, NULL) < 0 ? 98 : strict();
}

static void *wait_for_ever(void *data)
{
	__atomic_store_n((pid_t *)data, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;)
		pause();
	return data;
}

static int strict_with_threads(void)
{
	static pid_t tids[5];
	pthread_t thread;

	for (int i = 0; i < 5; i++)
		if (pthread_create(&thread, NULL, wait_for_ever, &tids[i]))
			return 98;
	/* Each call but the one that they wait in would be their end. */
	for (int i = 0; i < 5; i++) {
		while (!__atomic_load_n(&tids[i], __ATOMIC_ACQUIRE))
			usleep(1000);
		await_asleep(tids[i]);
	}
	return load_word(SECCOMP_RET_KILL_PROCESS, SECCOMP_FILTER_FLAG_TSYNC);
}

Test(load, succeeds_with_filters_that_forbid_to_look)
{
#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("a sanitizer's runtime makes calls of its own, which these filters kill for");
#endif
	cr_assert_eq(in_child(plain), 0);
	cr_assert_eq(in_child(strict), 0);
	cr_assert_eq(in_child(strict_twice), 0);
	cr_assert_eq(in_child(strict_with_threads), 0);
}

/* ------------------------------------------------------------------ a supervisor */

static void *supervise(void *data)
{
	int fd = *(int *)data;

	for (;;) {
		struct seccomp_notif asked = { 0 };
		struct seccomp_notif_resp answered = { 0 };

		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
			return NULL;
		answered.id = asked.id; /* val 0, error 0 */
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answered);
	}
}

static int supervised(void)
{
	struct callgate_prog *prog = answer(SYS_seccomp, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_ALLOW);
	struct sock_fprog raw = { (unsigned short)prog->count, prog->insns };
	pthread_t thread;
	int fd;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &raw);
	if (fd < 0 || pthread_create(&thread, NULL, supervise, &fd))
		return 97;
	return load_word(SECCOMP_RET_ALLOW, 0);
}

Test(load, is_refused_where_a_supervisor_answers_success_for_it)
{
	cr_assert_eq(in_child(supervised), -CALLGATE_E_MISMATCH);
}

/* ------------------------------------------------------------------ a tracer */

#ifdef __x86_64__
/* Turns seccomp(2) into nothing, and its answer into 0. */
Test(load, is_refused_where_a_tracer_answers_success_for_it)
{
	bool inside = false;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(load_word(SECCOMP_RET_ALLOW, 0));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		struct user_regs_struct regs;

		ptrace(PTRACE_SYSCALL, pid, 0, 0);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		if (!inside && regs.orig_rax == SYS_seccomp) {
			regs.orig_rax = (unsigned long long)-1;
			inside = true;
			ptrace(PTRACE_SETREGS, pid, 0, &regs);
		} else if (inside) {
			regs.rax = 0;
			inside = false;
			ptrace(PTRACE_SETREGS, pid, 0, &regs);
		}
	}
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), -CALLGATE_E_MISMATCH);
}
#endif

/* ------------------------------------------------------------------ what loading asks, and what a failure means */

static int check_words(uint32_t word, uint32_t others, uint32_t flags, uint16_t last)
{
	struct callgate_prog *prog = answer(SYS_getpid, word, others);
	int r;

	prog->flags = flags;
	prog->insns[3].code = last;
	r = kernel_load_check(prog, NULL);
	callgate_prog_free(prog);
	return r;
}

Test(load, asks_for_a_program_that_needs_no_listener)
{
	const uint32_t allow = SECCOMP_RET_ALLOW, notify = SECCOMP_RET_USER_NOTIF;
	struct callgate_prog *prog = answer(SYS_getpid, allow, allow);

	cr_assert_eq(check_words(allow, allow, 0, BPF_RET | BPF_K), 0);
	cr_assert_eq(check_words(allow, allow, SECCOMP_FILTER_FLAG_LOG, BPF_RET | BPF_K), 0);
	cr_assert_eq(check_words(notify, allow, 0, BPF_RET | BPF_K), CALLGATE_E_UNSUPPORTED);
	cr_assert_eq(check_words(allow, notify | 7, 0, BPF_RET | BPF_K), CALLGATE_E_UNSUPPORTED);
	/* That number in another instruction is only a number. */
	cr_assert_eq(check_words(allow, notify, 0, BPF_LD | BPF_IMM), 0);
	cr_assert_eq(check_words(allow, allow, SECCOMP_FILTER_FLAG_NEW_LISTENER, BPF_RET | BPF_K),
		     CALLGATE_E_UNSUPPORTED);
	prog->count = 0;
	cr_assert_eq(kernel_load_check(prog, NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_prog_load(prog, CALLGATE_NNP_YES, NULL), CALLGATE_E_ARG);
	callgate_prog_free(prog);
}

Test(load, has_4096_instructions_at_most)
{
	static struct sock_filter insns[PROG_LIMIT];
	struct callgate_prog *prog;

	for (unsigned i = 0; i < PROG_LIMIT; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	cr_assert_eq(prog_new(insns, PROG_LIMIT, &prog, NULL), 0);
	cr_assert_eq(kernel_load_check(prog, NULL), 0);
	prog->count++;
	cr_assert_eq(kernel_load_check(prog, NULL), CALLGATE_E_ARG);
	callgate_prog_free(prog);
}

Test(load, says_what_a_failure_means)
{
	static const struct {
		int error, code;
		const char *words;
	} rows[] = {
		{ EACCES, CALLGATE_E_PERM, "no_new_privs or CAP_SYS_ADMIN" },
		{ ENOSYS, CALLGATE_E_UNSUPPORTED, "no seccomp(2)" },
		{ EINVAL, CALLGATE_E_UNSUPPORTED, "of 4 instructions with flags 0x2" },
		{ ENOMEM, CALLGATE_E_LIMIT, "no room for another filter" },
		{ EFAULT, CALLGATE_E_KERNEL, "cannot load the filter" },
	};
	struct callgate_prog *prog = answer(SYS_getpid, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW);
	struct callgate_err err = CALLGATE_ERR_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(kernel_load_failed(prog, rows[i].error, SECCOMP_FILTER_FLAG_LOG, &err), rows[i].code);
		cr_assert_not_null(strstr(err.text, rows[i].words), "%s", err.text);
		cr_assert(rows[i].error == EACCES || err.sys_errno == rows[i].error);
	}
	cr_assert_eq(kernel_load_diverged(42, &err), CALLGATE_E_KERNEL);
	cr_assert_not_null(strstr(err.text, "thread 42 "), "%s", err.text);
	callgate_prog_free(prog);
}

static int without_admin(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	bool admin = true;

	if (syscall(SYS_capget, &head, data) < 0)
		return 1;
	data[0].effective &= ~(1u << CAP_SYS_ADMIN);
	if (syscall(SYS_capset, &head, data) < 0)
		return 2;
	if (kernel_has_admin(&admin, NULL) != 0 || admin)
		return 3;
	return kernel_set_nnp(CALLGATE_NNP_AUTO, NULL) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 4;
}

static int with_choices(void)
{
	bool admin = false;

	if (kernel_has_admin(&admin, NULL) != 0 || kernel_set_nnp(CALLGATE_NNP_NO, NULL) != 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0)
		return 1;
	if (kernel_set_nnp(CALLGATE_NNP_AUTO, NULL) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != (admin ? 0 : 1))
		return 2;
	return kernel_set_nnp(CALLGATE_NNP_YES, NULL) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 3;
}

/* AUTO: where CAP_SYS_ADMIN is not effective. */
Test(load, sets_no_new_privs_as_chosen)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0)
		cr_skip_test("no_new_privs is set here");
	cr_assert_eq(in_child(with_choices), 0);
	cr_assert_eq(in_child(without_admin), 0);
}
