/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a command: with a bound, its end or its next stop, signals handed on meanwhile. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/err.h"
#include "kernel/launch.h"

void launch_signals(struct callgate_command *command)
{
	static const int watched[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD };
	struct sigaction as_default = { .sa_handler = SIG_DFL };

	sigemptyset(&command->watched);
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		sigaddset(&command->watched, watched[i]);
	sigprocmask(SIG_BLOCK, &command->watched, &command->before);
	sigaction(SIGCHLD, &as_default, &command->before_chld); /* ignored, the kernel would reap the child itself */
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int launch_next(struct callgate_command *command, int timeout_ms, bool *got, int *status, struct callgate_err *err)
{
	uint64_t end = now_ns() + (timeout_ms > 0 ? (uint64_t)timeout_ms * 1000000u : 0);

	for (;;) {
		pid_t r = waitpid(command->pid, status, WNOHANG | __WALL);
		struct timespec left = { 0 };
		siginfo_t info;
		uint64_t now;

		*got = r == command->pid;
		if (*got)
			return 0;
		if (r < 0 && errno != EINTR)
			return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot wait for the command");
		now = now_ns();
		if (timeout_ms >= 0 && now >= end)
			return 0;
		if (timeout_ms >= 0)
			left = to_timespec(end - now);
		if (sigtimedwait(&command->watched, &info, timeout_ms < 0 ? NULL : &left) < 0)
			continue;
		if (info.si_signo != SIGCHLD && info.si_code <= 0) /* by a process; the kernel's codes are positive */
			kill(command->pid, info.si_signo);
	}
}

int callgate_command_wait(struct callgate_command *command, int timeout_ms, bool *ended, int *status,
			  struct callgate_err *err)
{
	int r = 0;

	REQUIRE(err, command && ended && status);
	if (!command->ended)
		r = launch_next(command, timeout_ms, &command->ended, &command->status, err);
	if (r < 0)
		return r;
	*ended = command->ended;
	if (command->ended)
		*status = command->status;
	return 0;
}

pid_t callgate_command_pid(const struct callgate_command *command)
{
	return command ? command->pid : 0;
}

void launch_kill(struct callgate_command *command)
{
	if (command->ended)
		return;
	kill(command->pid, SIGKILL);
	do
		command->ended =
			waitpid(command->pid, &command->status, __WALL) == command->pid && !WIFSTOPPED(command->status);
	while (!command->ended && errno != ECHILD);
	command->ended = true;
}
