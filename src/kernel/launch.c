/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting a command under a filter and waiting for it. Where the child loads the filter itself, that may deny
 * everything but execve: whatever can fail is done before the load, and what fails after it is told through a shared
 * page, which needs no system call. */
#include "kernel/launch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sized.h"
#include "kernel/command.h"
#include "kernel/load.h"
#include "names/abi.h"
#include "names/words.h"

/* What the child tells. Only it writes, and the parent reads once the child is gone or has become the command. */
struct report {
	enum { REPORT_SET_UP, REPORT_LOAD_FAILED, REPORT_EXEC, REPORT_EXEC_FAILED } stage;
	int sys_errno;
	struct callgate_err err;
};

struct launch {
	const struct callgate_prog *prog;
	const struct callgate_start *how;
	const char *path;
	char *const *argv;
	struct report *report;
	int ours, theirs; /* a pair of sockets: closed by execve and by death */
};

/* The very call that the child will make, asked of the program beforehand. */
static int check_exec(const struct launch *launch, struct callgate_err *err)
{
	struct prog_data data = { .nr = SYS_execve,
				  .audit = abi_of(abi_native())->audit,
				  .args = { (uintptr_t)launch->path, (uintptr_t)launch->argv, (uintptr_t)environ } };
	struct callgate_action action = action_from_word(prog_eval(launch->prog, &data, NULL));
	char word[64];

	if (action.kind == CALLGATE_ALLOW || action.kind == CALLGATE_LOG)
		return 0;
	callgate_action_format(action, word, sizeof(word));
	return err_set(err, CALLGATE_E_UNSUPPORTED,
		       "the filter answers execve with %s: no command could be started under it", word);
}

/* ------------------------------------------------------------------ the child */

static void child_load(const struct launch *launch)
{
	struct report *report = launch->report;

	report->stage = REPORT_LOAD_FAILED;
	if (callgate_prog_load(launch->prog, launch->how->nnp, &report->err) < 0)
		_exit(125);
}

/* Set before execve, so that a set-user-id program is what it would be without us. Then it waits until somebody traces
 * it; nobody does any more when the other end is closed. */
static void child_wait(const struct launch *launch)
{
	struct report *report = launch->report;
	char go;
	ssize_t n;

	report->stage = REPORT_LOAD_FAILED;
	if (kernel_set_nnp(launch->how->nnp, &report->err) < 0)
		_exit(125);
	close(launch->ours);
	do
		n = recv(launch->theirs, &go, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(125);
}

static _Noreturn void child(const struct launch *launch, const struct callgate_command *command)
{
	struct report *report = launch->report;

	report->err = (struct callgate_err)CALLGATE_ERR_INIT;
	sigaction(SIGCHLD, &command->before_chld, NULL);
	sigprocmask(SIG_SETMASK, &command->before, NULL);
	if (launch->how->at == CALLGATE_AT_LOAD)
		child_load(launch);
	else
		child_wait(launch);
	report->stage = REPORT_EXEC;
	execve(launch->path, launch->argv, environ);
	report->sys_errno = errno;
	report->stage = REPORT_EXEC_FAILED;
	_exit(126); /* the filter may refuse this too: then it is a signal, and the page has reported why */
}

/* ------------------------------------------------------------------ the parent */

struct callgate_command *callgate_command_free(struct callgate_command *command)
{
	if (command) {
		sigaction(SIGCHLD, &command->before_chld, NULL);
		sigprocmask(SIG_SETMASK, &command->before, NULL);
	}
	free(command);
	return NULL;
}

/* Why the child did not become the command. */
static int read_report(const struct launch *launch, struct callgate_err *err)
{
	const struct report *report = launch->report;

	if (report->stage == REPORT_EXEC_FAILED)
		return command_refused(launch->argv[0], report->sys_errno, err);
	if (report->stage == REPORT_LOAD_FAILED && report->err.code) {
		err_set(err, report->err.code, "%s", report->err.text);
		if (err)
			err->sys_errno = report->err.sys_errno;
		return report->err.code;
	}
	return err_set(err, CALLGATE_E_KERNEL, "the child ended before it was the command");
}

/* The socket closes when the child has become the command, or is gone. */
static int wait_for_exec(const struct launch *launch, struct callgate_command *command, struct callgate_err *err)
{
	char nothing;
	ssize_t n;

	do
		n = recv(launch->ours, &nothing, 1, 0);
	while (n < 0 && errno == EINTR);
	if (launch->report->stage == REPORT_EXEC)
		return 0;
	launch_kill(command);
	return read_report(launch, err);
}

static int start(struct launch *launch, struct callgate_command *command, struct callgate_err *err)
{
	int r;

	command->pid = fork();
	if (command->pid == 0)
		child(launch, command);
	launch->theirs = fd_close(launch->theirs);
	if (command->pid < 0)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot fork");
	if (launch->how->at == CALLGATE_AT_LOAD)
		return wait_for_exec(launch, command, err);
	r = launch_trace(command, launch->prog, launch->how->at, launch->ours, err);
	return r == CALLGATE_E_NOTFOUND ? read_report(launch, err) : r;
}

static int start_in(struct launch *launch, struct callgate_command **out, struct callgate_err *err)
{
	struct callgate_command *command = calloc(1, sizeof(*command));
	int pair[2], r;

	if (!command)
		return err_nomem(err);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		r = errno;
		free(command);
		return err_set_errno(err, CALLGATE_E_KERNEL, r, NULL, "cannot make a pair of sockets");
	}
	launch->ours = pair[0];
	launch->theirs = pair[1];
	launch_signals(command);
	r = start(launch, command, err);
	fd_close(launch->ours);
	fd_close(launch->theirs);
	if (r < 0)
		callgate_command_free(command);
	else
		*out = command;
	return r;
}

static int start_command(const struct callgate_prog *prog, const struct callgate_start *how, char *const argv[],
			 struct callgate_command **out, struct callgate_err *err)
{
	struct launch launch = { .prog = prog, .how = how, .argv = argv, .ours = -1, .theirs = -1 };
	char path[PATH_MAX];
	int r;

	r = kernel_load_check(prog, err);
	if (r == 0)
		r = command_find(argv[0], path, err);
	launch.path = path;
	if (r == 0 && how->at == CALLGATE_AT_LOAD)
		r = check_exec(&launch, err);
	if (r < 0)
		return r;
	launch.report = mmap(NULL, sizeof(*launch.report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (launch.report == MAP_FAILED)
		return err_nomem(err);
	r = start_in(&launch, out, err);
	munmap(launch.report, sizeof(*launch.report));
	return r;
}

int callgate_command_start(const struct callgate_prog *prog, const struct callgate_start *how, char *const argv[],
			   struct callgate_command **out, struct callgate_err *err)
{
	struct callgate_start chosen = CALLGATE_START_INIT;
	int r;

	REQUIRE(err, prog && argv && argv[0] && out);
	r = how ? sized_in(&chosen, sizeof(chosen), how, err) : 0;
	return r < 0 ? r : start_command(prog, &chosen, argv, out, err);
}
