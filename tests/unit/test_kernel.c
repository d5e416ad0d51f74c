/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel and runtime rooms against the running kernel: what needs root or a capability is skipped aloud. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf/prog.h"
#include "callgate.h"
#include "kernel/command.h"
#include "kernel/dump.h"
#include "kernel/hold.h"
#include "kernel/load.h"
#include "kernel/status.h"
#include "names/abi.h"
#include "runtime/hooks.h"
#include "runtime/tasks.h"
#include "tests/unit/filtered.h"

static bool can_dump(void)
{
	struct callgate_kernel kernel = CALLGATE_KERNEL_INIT;
	bool admin = false;

	return callgate_kernel_probe(&kernel, NULL) == 0 && kernel.filter_dump && kernel_has_admin(&admin, NULL) == 0 &&
	       admin;
}

Test(probe, agrees_with_the_kernel_that_runs)
{
	struct callgate_kernel kernel = CALLGATE_KERNEL_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct utsname name;
	char release[32];

	cr_assert_eq(callgate_kernel_probe(&kernel, &err), 0, "%s", err.text);
	uname(&name);
	snprintf(release, sizeof(release), "%u.%u", kernel.major, kernel.minor);
	cr_assert_eq(strncmp(name.release, release, strlen(release)), 0);
	cr_assert(kernel.seccomp);
	cr_assert(kernel.actions & 1u << CALLGATE_ERRNO && kernel.actions & 1u << CALLGATE_KILL_THREAD);
	cr_assert(kernel.flags & SECCOMP_FILTER_FLAG_TSYNC);
	cr_assert_eq(kernel.flags & 1u << 15, 0, "a flag that no kernel has");
	cr_assert_eq(callgate_kernel_probe(NULL, &err), CALLGATE_E_ARG);
}

/* Runs f in a child and gives its exit status: filters stay. */
static int in_child(int (*f)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(f());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int load_and_look(void)
{
	struct callgate_prog *prog = deny(SYS_getppid, SECCOMP_RET_ERRNO | 91);
	struct callgate_task task;

	if (callgate_prog_load(prog, CALLGATE_NNP_YES, NULL) != 0)
		return 1;
	if (syscall(SYS_getppid) != -1 || errno != 91)
		return 2;
	if (task_read_id(getpid(), &task, NULL, NULL) < 0 || task.mode != CALLGATE_MODE_FILTER || !task.no_new_privs)
		return 3;
	return task.filters == 1 || task.filters == -1 ? 0 : 4;
}

static int load_without_privilege(void)
{
	struct callgate_prog *prog = deny(SYS_getppid, SECCOMP_RET_ERRNO | 91);
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (geteuid() == 0 && setuid(65534) < 0)
		return 1;
	if (callgate_prog_load(prog, CALLGATE_NNP_NO, &err) != CALLGATE_E_PERM)
		return 2;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0)
		return 3;
	if (callgate_prog_load(prog, CALLGATE_NNP_AUTO, &err) != 0)
		return 4;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 5;
}

static int load_odd_flags(void)
{
	struct callgate_prog *prog = deny(SYS_getppid, SECCOMP_RET_ERRNO | 91);
	struct callgate_err err = CALLGATE_ERR_INIT;

	prog->flags = 1u << 15;
	if (callgate_prog_load(prog, CALLGATE_NNP_YES, &err) != CALLGATE_E_UNSUPPORTED || err.sys_errno != EINVAL)
		return 1;
	prog->flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	if (callgate_prog_load(prog, CALLGATE_NNP_YES, &err) != CALLGATE_E_UNSUPPORTED)
		return 2;
	return syscall(SYS_getppid) > 0 ? 0 : 3;
}

Test(load, puts_exactly_the_program_on_the_thread)
{
	cr_assert_eq(in_child(load_and_look), 0);
}

Test(load, needs_no_new_privs_or_the_capability)
{
	cr_assert_eq(in_child(load_without_privilege), 0);
}

Test(load, never_tries_with_fewer_flags)
{
	cr_assert_eq(in_child(load_odd_flags), 0);
}

static int run_argv(const struct callgate_prog *prog, char *argv[], int *status, struct callgate_err *err)
{
	struct callgate_start how = CALLGATE_START_INIT;
	struct callgate_command *command;
	bool ended;
	int r;

	how.at = CALLGATE_AT_LOAD;
	how.nnp = CALLGATE_NNP_YES;
	r = callgate_command_start(prog, &how, argv, &command, err);
	if (r < 0)
		return r;
	r = callgate_command_wait(command, -1, &ended, status, err);
	callgate_command_free(command);
	return r;
}

/* name, command, what must come of it; status: exit status, or minus the signal. */
static int run(const struct callgate_prog *prog, const char *command, int *status, struct callgate_err *err)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	int r = run_argv(prog, argv, status, err);

	if (r == 0)
		*status = WIFEXITED(*status) ? WEXITSTATUS(*status) : -WTERMSIG(*status);
	return r;
}

Test(launch, gives_the_commands_own_status)
{
	static const struct {
		const char *command;
		int status;
	} rows[] = {
		{ "exit 0", 0 },
		{ "exit 42", 42 },
		{ "kill -9 $$", -SIGKILL },
		{ "kill -TERM $$", -SIGTERM },
		{ "grep -q '^Seccomp:.*2' /proc/self/status", 0 },
		{ "mkdir /tmp/callgate-never 2>/dev/null", 1 },
	};
	struct callgate_prog *prog = deny(SYS_mkdir, SECCOMP_RET_ERRNO | EPERM);
	struct callgate_err err = CALLGATE_ERR_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = 0;

		cr_assert_eq(run(prog, rows[i].command, &status, &err), 0, "%s: %s", rows[i].command, err.text);
		cr_assert_eq(status, rows[i].status, "%s: %d", rows[i].command, status);
	}
	cr_assert_neq(access("/tmp/callgate-never", F_OK), 0);
	free(prog);
}

Test(launch, tells_what_kept_the_command_from_running)
{
	struct callgate_prog *prog = deny(SYS_mkdir, SECCOMP_RET_ERRNO | EPERM);
	struct callgate_prog *no_exec = deny(SYS_execve, SECCOMP_RET_KILL_PROCESS);
	struct callgate_prog *no_write = deny(SYS_write, SECCOMP_RET_KILL_PROCESS);
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *missing[] = { (char *)"callgate-no-such-command", NULL }, *dir[] = { (char *)"/tmp", NULL };
	char text[] = "/tmp/callgate-text-XXXXXX", *odd[] = { text, NULL };
	int status = 77, fd = mkstemp(text);

	cr_assert_eq(run_argv(prog, missing, &status, &err), CALLGATE_E_NOTFOUND);
	cr_assert_eq(run_argv(prog, dir, &status, &err), CALLGATE_E_IO);
	cr_assert(fchmod(fd, 0755) == 0 && write(fd,
						 "\x7f"
						 "ELF",
						 4) == 4);
	close(fd);
	/* The exec fails under a filter that forbids writing: it is told all the same. */
	cr_assert_eq(run_argv(no_write, odd, &status, &err), CALLGATE_E_IO);
	cr_assert_eq(err.sys_errno, ENOEXEC);
	unlink(text);
	cr_assert_eq(run(no_exec, "exit 0", &status, &err), CALLGATE_E_UNSUPPORTED);
	cr_assert_not_null(strstr(err.text, "execve with KILL_PROCESS"), "%s", err.text);
	prog->flags = 1u << 15;
	cr_assert_eq(run(prog, "exit 0", &status, &err), CALLGATE_E_UNSUPPORTED);
	cr_assert_eq(err.sys_errno, EINVAL);
	cr_assert_eq(status, 77, "written although nothing ran");
	free(prog);
	free(no_exec);
	free(no_write);
}

/* In a child, for a directory that root may search and others may not. */
Test(launch, finds_nothing_where_it_may_not_search)
{
	char hidden[] = "/tmp/callgate-hidden-XXXXXX", command[PATH_MAX], path[PATH_MAX];
	struct callgate_err err = CALLGATE_ERR_INIT;
	int fd, status;
	pid_t pid;

	cr_assert_not_null(mkdtemp(hidden));
	snprintf(command, sizeof(command), "%s/hidden", hidden);
	fd = open(command, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(chmod(hidden, 0), 0);
	pid = fork();
	if (pid == 0) {
		setenv("PATH", hidden, 1);
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		_exit(command_find("hidden", path, &err) == CALLGATE_E_NOTFOUND &&
				      command_find(command, path, &err) == CALLGATE_E_IO
			      ? 0
			      : 2);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	chmod(hidden, 0700);
	unlink(command);
	rmdir(hidden);
	cr_assert_eq(status, 0, "%x", (unsigned)status);
}

static void *send_term(void *data)
{
	struct timespec nap = { .tv_nsec = 200000000 };

	(void)data;
	nanosleep(&nap, NULL);
	kill(getpid(), SIGTERM);
	return NULL;
}

static int run_and_be_terminated(void)
{
	struct callgate_prog *prog = deny(SYS_mkdir, SECCOMP_RET_ERRNO | EPERM);
	int status = 0;
	pthread_t thread;
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	pthread_create(&thread, NULL, send_term, NULL);
	pthread_sigmask(SIG_UNBLOCK, &term, NULL);
	return run(prog, "trap 'exit 33' TERM; while :; do sleep 0.05; done", &status, NULL) == 0 ? status : 99;
}

Test(launch, hands_signals_on)
{
	cr_assert_eq(in_child(run_and_be_terminated), 33);
}

/* A child under count filters that sleeps until it is killed. */
static pid_t confined_child(const struct callgate_prog *const progs[], size_t count)
{
	int ready[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < count; i++)
			if (callgate_prog_load(progs[i], CALLGATE_NNP_YES, NULL) < 0)
				_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(dump, gives_back_what_was_loaded_oldest_first)
{
	struct callgate_prog *first = deny(SYS_mkdir, SECCOMP_RET_ERRNO | 11),
			     *second = deny(SYS_rmdir, SECCOMP_RET_ERRNO | 12);
	const struct callgate_prog *const both[] = { first, second };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog **progs;
	struct callgate_task task;
	size_t count = 0;
	pid_t pid;

	if (!can_dump())
		cr_skip("needs CAP_SYS_ADMIN and CONFIG_CHECKPOINT_RESTORE");
	second->flags = SECCOMP_FILTER_FLAG_LOG;
	pid = confined_child(both, 2);
	for (int again = 0; again < 2; again++) {
		cr_assert_eq(callgate_task_dump(pid, &progs, &count, &err), 0, "%s", err.text);
		cr_assert_eq(count, 2);
		for (size_t i = 0; i < 2; i++) {
			cr_assert_eq(progs[i]->count, 4);
			cr_assert_arr_eq(progs[i]->insns, both[i]->insns, 4 * sizeof(both[i]->insns[0]));
			cr_assert_eq(progs[i]->flags, both[i]->flags);
		}
		callgate_task_dump_free(progs, count);
	}
	kill(pid, SIGSTOP);
	cr_assert_eq(callgate_task_dump(pid, &progs, &count, &err), 0, "stopped: %s", err.text);
	callgate_task_dump_free(progs, count);
	cr_assert_eq(task_read_id(pid, &task, NULL, &err), 0);
	cr_assert_eq(task.filters, 2);
	end_child(pid);
	free(first);
	free(second);
}

/* Whoever asks about each ABI of a task without filters hears of all that the machine has, and that everything passes.
 */
Test(dump, no_filter_answers_for_every_abi_of_the_machine)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum callgate_abi family[3], abis[CALLGATE_ABI_COUNT];
	struct callgate_filter *filter = NULL;
	struct callgate_row row = { .first = 1 };

	cr_assert_eq(kernel_dump_lift(NULL, 0, "nobody", &filter, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_filter_abis(filter, abis), abi_family(abi_native(), family));
	cr_assert_eq(abis[0], abi_native());
	cr_assert_eq(callgate_filter_row(filter, abi_native(), 0, &row), 0);
	cr_assert(row.first == 0 && !row.conditional);
	filter = callgate_filter_free(filter);
}

Test(dump, says_what_is_in_the_way)
{
	struct callgate_prog *prog = deny(SYS_mkdir, SECCOMP_RET_ERRNO | 11), **progs;
	const struct callgate_prog *const one[] = { prog };
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t count = 9;
	pid_t pid = confined_child(one, 0);

	cr_assert_eq(callgate_task_dump(pid, &progs, &count, &err), 0, "%s", err.text);
	cr_assert_eq(count, 0, "no filters, none dumped");
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0)
		;
	cr_assert_eq(callgate_task_dump(pid, &progs, &count, &err), CALLGATE_E_NOTFOUND);
	cr_assert_eq(callgate_task_dump(0, &progs, &count, &err), CALLGATE_E_ARG);
	free(prog);
}

/* A caller under a filter, and one without the capability, are distinguished. */
static pid_t watched;
static int dump_confined(void)
{
	struct callgate_prog *prog = deny(SYS_mkdir, SECCOMP_RET_ERRNO | 11), **progs;
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t count;

	if (callgate_prog_load(prog, CALLGATE_NNP_YES, NULL) < 0)
		return 1;
	if (callgate_task_dump(watched, &progs, &count, &err) != CALLGATE_E_PERM)
		return 2;
	return strstr(err.text, "under a filter itself") ? 0 : 3;
}

static int dump_unprivileged(void)
{
	struct callgate_prog *prog = deny(SYS_mkdir, SECCOMP_RET_ERRNO | 11), **progs;
	const struct callgate_prog *const one[] = { prog };
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t count;
	pid_t pid;

	if (setuid(65534) < 0)
		return 1;
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	pid = confined_child(one, 1);
	if (callgate_task_dump(pid, &progs, &count, &err) != CALLGATE_E_PERM)
		return 2;
	kill(pid, SIGKILL);
	return strstr(err.text, "CAP_SYS_ADMIN") ? 0 : 3;
}

Test(dump, tells_a_confined_caller_from_one_without_privilege)
{
	struct callgate_prog *prog = deny(SYS_mkdir, SECCOMP_RET_ERRNO | 11);
	const struct callgate_prog *const one[] = { prog };

	if (!can_dump())
		cr_skip("needs CAP_SYS_ADMIN and CONFIG_CHECKPOINT_RESTORE");
	watched = confined_child(one, 1);
	cr_assert_eq(in_child(dump_confined), 0);
	cr_assert_eq(in_child(dump_unprivileged), 0);
	end_child(watched);
	free(prog);
}

static bool freeze(const char *value)
{
	int fd = open("/sys/fs/cgroup/freezer/callgate-test/freezer.state", O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, value, strlen(value)) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

Test(dump, leaves_a_frozen_task_alone)
{
	struct callgate_prog *prog = deny(SYS_mkdir, SECCOMP_RET_ERRNO | 11), **progs;
	const struct callgate_prog *const one[] = { prog };
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t count;
	FILE *file;
	pid_t pid;

	if (!can_dump() || mkdir("/sys/fs/cgroup/freezer/callgate-test", 0755) < 0)
		cr_skip("needs CAP_SYS_ADMIN and a version 1 freezer");
	pid = confined_child(one, 1);
	file = fopen("/sys/fs/cgroup/freezer/callgate-test/cgroup.procs", "w");
	cr_assert(file && fprintf(file, "%d", pid) > 0 && fclose(file) == 0);
	cr_assert(freeze("FROZEN"));
	cr_assert_eq(kernel_dump(pid, &progs, &count, &err), CALLGATE_E_LIMIT, "%s", err.text);
	cr_assert(freeze("THAWED"));
	cr_assert_eq(kernel_dump(pid, &progs, &count, &err), 0, "%s", err.text);
	cr_assert_eq(count, 1);
	kernel_dump_free(progs, count);
	end_child(pid);
	rmdir("/sys/fs/cgroup/freezer/callgate-test");
	free(prog);
}

static void *wait_for_ever(void *data)
{
	(void)data;
	for (;;)
		pause();
	return NULL;
}

Test(tasks, are_all_threads_of_a_process)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	const struct callgate_task *task;
	struct callgate_tasks *tasks;
	pthread_t thread[3];
	size_t before;

	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, getpid(), &tasks, &err), 0, "%s", err.text);
	before = callgate_tasks_count(tasks); /* Criterion may have threads of its own */
	callgate_tasks_free(tasks);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, wait_for_ever, NULL);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, getpid(), &tasks, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_tasks_count(tasks), before + 3);
	cr_assert_null(callgate_tasks_at(tasks, before + 3));
	task = callgate_tasks_at(tasks, 0);
	cr_assert_eq(task->tid, getpid());
	cr_assert_eq(task->mode, CALLGATE_MODE_NONE);
	cr_assert_gt(task->start_time, 0);
	for (size_t i = 0; i < before + 3; i++)
		cr_assert_eq(callgate_tasks_at(tasks, i)->pid, getpid());
	callgate_tasks_free(tasks);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, -4, &tasks, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_CONTAINER, getpid(), &tasks, &err), CALLGATE_E_UNSUPPORTED);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_ALL, 0, &tasks, &err), 0);
	cr_assert_geq(callgate_tasks_count(tasks), 5);
	callgate_tasks_free(tasks);
}

/* As many as the kernel takes make /proc's status 720 KiB long. */
static _Noreturn void wait_in_groups(int ready)
{
	enum { GROUPS = 65536 };
	static gid_t groups[GROUPS];

	for (gid_t i = 0; i < GROUPS; i++)
		groups[i] = 4000000000u + i;
	if (setgroups(GROUPS, groups) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

Test(hold, keeps_no_descriptor_where_a_pipe_cannot_be_made)
{
	char *argv[] = { (char *)"/bin/true", NULL };
	const int lowest = 100;

	/* All below it are taken, none from it on. */
	for (int fd = 0; fd >= 0 && fd < lowest - 1;)
		fd = dup(0);
	for (int room = 0; room < 4; room++) {
		struct rlimit few = { .rlim_cur = (rlim_t)(lowest + room) }, before;
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct hold hold;

		cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
		few.rlim_max = before.rlim_max;
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		cr_expect_eq(hold_start(argv, HOLD_PLAIN, &hold, &err), CALLGATE_E_KERNEL, "%d: %s", room, err.text);
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
		for (int fd = lowest; fd < lowest + room; fd++)
			cr_expect_eq(fcntl(fd, F_GETFD), -1, "%d: %d is open", room, fd);
	}
}

/* What it does before it waits must not be seen by who watches it from then on. */
Test(hold, has_the_command_wait_when_it_returns, .timeout = 60)
{
	char word[] = "true", *argv[] = { word, NULL };

	for (int i = 0; i < 50; i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct process_stat stat;
		struct hold hold;

		cr_assert_eq(hold_start(argv, HOLD_PLAIN, &hold, &err), 0, "%s", err.text);
		cr_assert_eq(process_stat(hold.command->pid, &stat, NULL), 0);
		cr_expect_eq(stat.state, 'S', "%d: %c", i, stat.state);
		launch_kill(hold.command);
		callgate_command_free(hold.command);
		hold_release(&hold);
	}
}

/* Callers take the first row for the process's own, also where the numbers of threads have begun anew. */
Test(tasks, come_by_process_the_first_thread_first)
{
	struct callgate_task tasks[] = {
		{ .pid = 9, .tid = 4 }, { .pid = 9, .tid = 9, .start_time = 2 }, { .pid = 9, .tid = 12 },
		{ .pid = 5, .tid = 7 }, { .pid = 9, .tid = 9, .start_time = 1 }, { .pid = 5, .tid = 5 },
	};
	static const pid_t tids[] = { 5, 7, 9, 9, 4, 12 };

	qsort(tasks, sizeof(tasks) / sizeof(tasks[0]), sizeof(tasks[0]), tasks_by_key);
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++)
		cr_expect_eq(tasks[i].tid, tids[i], "row %zu: %d", i, (int)tasks[i].tid);
	cr_expect_eq(tasks[2].start_time, 1);
}

Test(tasks, may_be_in_any_number_of_groups, .timeout = 20)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_tasks *tasks;
	int ready[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0)
		wait_in_groups(ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		cr_skip("needs CAP_SETGID");
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_tasks_count(tasks), 1);
	cr_assert_eq(callgate_tasks_at(tasks, 0)->tid, pid);
	cr_assert_eq(callgate_tasks_at(tasks, 0)->mode, CALLGATE_MODE_NONE);
	callgate_tasks_free(tasks);
	end_child(pid);
}

static void write_at(int dir, const char *name, const char *text, long size)
{
	int fd = openat(dir, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	cr_assert(size == 0 || ftruncate(fd, size) == 0);
	close(fd);
}

Test(tasks, that_cannot_be_read_are_named)
{
	static const char stat_line[] = "4711 (odd) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 99 0\n";
	char path[] = "/tmp/callgate-proc-XXXXXX";
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_task task = { .tid = 7 };
	int dir;

	cr_assert_not_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_at(dir, "stat", stat_line, 0);
	write_at(dir, "status", "Seccomp:\t0\n", 1 << 20);
	cr_expect_eq(task_read(dir, &task, NULL, &err), CALLGATE_E_LIMIT);
	cr_expect_not_null(strstr(err.text, "process 4711: 'status' in /proc is longer than 1048575 bytes"), "%s",
			   err.text);
	cr_expect_eq(task.tid, 7);
	write_at(dir, "status", "Seccomp:\t0\n", (1 << 20) - 1);
	cr_expect_eq(task_read(dir, &task, NULL, &err), 0, "%s", err.text);
	cr_expect_eq(task.start_time, 99);
	unlinkat(dir, "stat", 0);
	unlinkat(dir, "status", 0);
	close(dir);
	rmdir(path);
}

/* Has the first process of a new pid namespace below it, and that one too; all three wait. */
static _Noreturn void sleep_in_namespaces(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int depth = 0; depth < 2 && unshare(CLONE_NEWPID) == 0 && fork() == 0; depth++) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "sleeper");
	}
	for (;;)
		pause();
}

Test(tasks, of_a_pid_namespace_are_found_in_nested_ones_too)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct timespec nap = { .tv_nsec = 20000000 };
	struct callgate_tasks *tasks = NULL;
	size_t sleepers = 0;
	pid_t pid, first = 0;

	if (geteuid() != 0)
		cr_skip("needs root");
	pid = fork();
	if (pid == 0)
		sleep_in_namespaces();
	for (int tries = 0; tries < 100 && sleepers < 2; tries++) {
		char path[64], text[64] = "";

		nanosleep(&nap, NULL);
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
		if (proc_read(AT_FDCWD, path, text, sizeof(text), NULL) < 0 || (first = atoi(text)) <= 0)
			continue;
		sleepers = 0;
		tasks = callgate_tasks_free(tasks);
		if (callgate_tasks_list(CALLGATE_SCOPE_CONTAINER, first, &tasks, &err) < 0)
			continue;
		for (size_t i = 0; i < callgate_tasks_count(tasks); i++)
			sleepers += strcmp(callgate_tasks_at(tasks, i)->command, "sleeper") == 0;
	}
	cr_assert_eq(sleepers, 2, "%zu sleepers: %s", sleepers, err.text);
	for (size_t i = 0; i < callgate_tasks_count(tasks); i++)
		cr_assert_neq(callgate_tasks_at(tasks, i)->pid, pid, "the one outside is not of the container");
	callgate_tasks_free(tasks);
	end_child(pid);
}

/* A sleeper in a cgroup of the version 1 freezer; 0 where there is none. */
static pid_t sleeper_in(const char *cgroup)
{
	char path[128];
	FILE *file;
	pid_t pid;

	if (mkdir(cgroup, 0755) < 0)
		return 0;
	pid = confined_child(NULL, 0);
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	file = fopen(path, "w");
	cr_assert(file && fprintf(file, "%d", pid) > 0 && fclose(file) == 0);
	return pid;
}

Test(tasks, of_a_container_are_found_in_hidden_cgroups_too)
{
	static const char top[] = "/sys/fs/cgroup/freezer/lxc.payload.callgate-test",
			  below[] = "/sys/fs/cgroup/freezer/lxc.payload.callgate-test/.lxc";
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_tasks *tasks;
	bool found = false;
	pid_t first = sleeper_in(top), hidden;

	if (!first)
		cr_skip("needs root and a version 1 freezer");
	hidden = sleeper_in(below);
	cr_assert_gt(hidden, 0);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_CONTAINER, first, &tasks, &err), 0, "%s", err.text);
	for (size_t i = 0; i < callgate_tasks_count(tasks); i++) {
		found |= callgate_tasks_at(tasks, i)->pid == hidden;
		cr_assert_neq(callgate_tasks_at(tasks, i)->pid, getpid());
	}
	cr_assert(found);
	cr_assert_eq(callgate_tasks_count(tasks), 2);
	callgate_tasks_free(tasks);
	end_child(hidden);
	end_child(first);
	rmdir(below);
	rmdir(top);
}

Test(state, has_a_place_for_plain_names_only)
{
	static const char *const odd[] = { "", ".", "..", "a/b", "../../etc/passwd", ".hidden" };
	struct callgate_err err = CALLGATE_ERR_INIT;
	char path[256], text[256], small[16];

	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	cr_assert_eq(callgate_state_path("lxc", "web", path, sizeof(path), &err), 0);
	cr_assert_str_eq(path, geteuid() == 0 ? "/run/callgate/lxc/web.json" : "/run/user/7/callgate/lxc/web.json");
	cr_assert_eq(callgate_state_path("lxc", "web", small, sizeof(small), &err), CALLGATE_E_IO);
	cr_assert_eq(callgate_state_text_path("web", text, sizeof(text), &err), 0);
	cr_assert_str_eq(strrchr(text, '/'), "/web.seccomp");
	cr_assert_eq(strncmp(text, path, strlen(path) - strlen(".json")), 0, "beside %s: %s", path, text);
	cr_assert_eq(callgate_state_text_path("web", small, sizeof(small), &err), CALLGATE_E_IO);
	cr_assert_eq(callgate_state_text_path("a/b", text, sizeof(text), &err), CALLGATE_E_ARG);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		cr_assert_eq(callgate_state_path("lxc", odd[i], path, sizeof(path), &err), CALLGATE_E_ARG, "'%s'",
			     odd[i]);
}
