/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running a command under a filter. The filter may deny everything but execve: whatever can fail is done before the load, and
 * what fails after it is told through a shared page, which needs no system call. */
#include "kernel/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "kernel/load.h"
#include "names/abi.h"
#include "names/words.h"

/* What the child tells. Only it writes, and the parent reads once the child is gone. */
struct report {
	enum { REPORT_SET_UP, REPORT_EXEC, REPORT_EXEC_FAILED, REPORT_LOAD_FAILED } stage;
	int sys_errno;
	struct callgate_err err;
};

struct launch {
	const struct callgate_prog *prog;
	enum callgate_nnp nnp;
	const char *path;
	char *const *argv;
	struct report *report;
};

/* A regular file that we may execute; errno says what is wrong. */
static bool is_command(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EACCES;
		return false;
	}
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

static int not_executable(const char *name, int saved, struct callgate_err *err)
{
	if (saved == ENOENT || saved == ENOTDIR)
		return err_set(err, CALLGATE_E_NOTFOUND, "no command '%s'", name);
	return err_set_errno(err, CALLGATE_E_IO, saved, NULL, "cannot execute '%s'", name);
}

/* As execvp(3): a name with a slash is a path, any other is looked for in PATH. */
static int find_command(const char *name, char path[PATH_MAX], struct callgate_err *err)
{
	const char *dirs = getenv("PATH");
	int saved = ENOENT;

	if (*name == '\0')
		return not_executable(name, ENOENT, err);
	if (strchr(name, '/')) {
		if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
			return not_executable("...", ENAMETOOLONG, err);
		return is_command(path) ? 0 : not_executable(name, errno, err);
	}
	if (!dirs)
		dirs = "/bin:/usr/bin";
	for (const char *at = dirs;; at++) {
		int size = (int)strcspn(at, ":");

		if (snprintf(path, PATH_MAX, "%.*s%s%s", size, at, size ? "/" : "", name) < PATH_MAX) {
			if (is_command(path))
				return 0;
			if (errno == EACCES)
				saved = EACCES;
		}
		at += size;
		if (*at == '\0')
			return not_executable(name, saved, err);
	}
}

/* The very call that the child will make, asked of the program beforehand. */
static int check_exec(const struct launch *launch, struct callgate_err *err)
{
	struct prog_data data = { .nr = SYS_execve, .audit = abi_of(abi_native())->audit,
				  .args = { (uintptr_t)launch->path, (uintptr_t)launch->argv, (uintptr_t)environ } };
	struct callgate_action action = action_from_word(prog_eval(launch->prog, &data, NULL));
	char word[64];

	if (action.kind == CALLGATE_ALLOW || action.kind == CALLGATE_LOG)
		return 0;
	callgate_action_format(action, word, sizeof(word));
	return err_set(err, CALLGATE_E_UNSUPPORTED, "the filter answers execve with %s: no command could be started under it",
		       word);
}

static _Noreturn void child(const struct launch *launch, const sigset_t *mask)
{
	struct report *report = launch->report;

	report->err = (struct callgate_err)CALLGATE_ERR_INIT;
	sigprocmask(SIG_SETMASK, mask, NULL);
	report->stage = REPORT_LOAD_FAILED;
	if (kernel_load(launch->prog, launch->nnp, &report->err) < 0)
		_exit(125);
	report->stage = REPORT_EXEC;
	execve(launch->path, launch->argv, environ);
	report->sys_errno = errno;
	report->stage = REPORT_EXEC_FAILED;
	_exit(126); /* the filter may refuse this too: then it is a signal, and the page has said why */
}

static void watched_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGQUIT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGCHLD);
}

/* No handlers: the signals are blocked and taken one by one, so that the library keeps no global state. */
static int wait_for(pid_t pid, const sigset_t *watched, struct callgate_err *err, int *status)
{
	for (;;) {
		siginfo_t info;
		pid_t r = waitpid(pid, status, WNOHANG);

		if (r == pid)
			return 0;
		if (r < 0 && errno != EINTR)
			return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot wait for the command");
		if (sigwaitinfo(watched, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD && info.si_code <= 0) /* by a process; the kernel's codes are positive */
			kill(pid, info.si_signo);
	}
}

static int read_report(const struct launch *launch, struct callgate_err *err)
{
	const struct report *report = launch->report;

	if (report->stage == REPORT_SET_UP)
		return err_set(err, CALLGATE_E_KERNEL, "the child ended before it had loaded the filter");
	if (report->stage == REPORT_EXEC_FAILED)
		return not_executable(launch->argv[0], report->sys_errno, err);
	if (report->stage == REPORT_LOAD_FAILED) {
		int code = report->err.code ? report->err.code : CALLGATE_E_KERNEL;

		err_set(err, code, "%s", report->err.code ? report->err.text : "the child ended while it loaded the filter");
		if (err)
			err->sys_errno = report->err.sys_errno;
		return code;
	}
	return 0;
}

static int start_and_wait(const struct launch *launch, int *status, struct callgate_err *err)
{
	struct sigaction as_default = { .sa_handler = SIG_DFL }, before_chld;
	sigset_t watched, before;
	int r = 0;
	pid_t pid;

	watched_signals(&watched);
	sigprocmask(SIG_BLOCK, &watched, &before);
	sigaction(SIGCHLD, &as_default, &before_chld); /* ignored, the kernel would reap the child itself */
	pid = fork();
	if (pid == 0) {
		sigaction(SIGCHLD, &before_chld, NULL);
		child(launch, &before);
	}
	if (pid < 0)
		r = err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot fork");
	else
		r = wait_for(pid, &watched, err, status);
	sigaction(SIGCHLD, &before_chld, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r < 0 ? r : read_report(launch, err);
}

int kernel_launch(const struct callgate_prog *prog, enum callgate_nnp nnp, char *const argv[], int *status,
		  struct callgate_err *err)
{
	struct launch launch = { .prog = prog, .nnp = nnp, .argv = argv };
	char path[PATH_MAX];
	int r, got = 0;

	r = find_command(argv[0], path, err);
	if (r < 0)
		return r;
	launch.path = path;
	r = check_exec(&launch, err);
	if (r < 0)
		return r;
	launch.report = mmap(NULL, sizeof(*launch.report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (launch.report == MAP_FAILED)
		return err_nomem(err);
	r = start_and_wait(&launch, &got, err);
	munmap(launch.report, sizeof(*launch.report));
	if (r == 0)
		*status = got;
	return r;
}
