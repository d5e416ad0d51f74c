/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Seccomp's user notification, used to look on. */
#include "kernel/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/status.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "record/recording.h"

/* Newer than some headers: the answer wakes the caller on the same CPU, which halves the cost. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
enum { SYNC_WAKE_UP = 1, ANSWERS_AT_ONCE = 4096 };

int listen_start(struct listen *listen, int fd, const struct callgate_command *command, struct callgate_err *err)
{
	*listen = (struct listen){ .fd = fd, .first = command->pid };
	listen->signals = signalfd(-1, &command->watched, SFD_CLOEXEC | SFD_NONBLOCK);
	if (listen->signals < 0)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot watch signals");
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP); /* slower without, else the same */
	return 0;
}

void listen_release(struct listen *listen)
{
	listen->fd = fd_close(listen->fd);
	listen->signals = fd_close(listen->signals);
}

static bool is_exec(enum callgate_abi abi, uint32_t nr)
{
	int id = syscall_by_nr(abi, nr);

	return id != SYSCALL_NONE && (id == syscall_find(SLICE("execve")) || id == syscall_find(SLICE("execveat")));
}

/* The command's name, read when the task is first seen and after it has asked for execve. */
static const char *exe_of(struct listen *listen, pid_t tid)
{
	unsigned at = (unsigned)tid % LISTEN_TASKS;
	char path[64], text[64];

	if (listen->tasks[at].tid == tid && !listen->tasks[at].stale)
		return listen->tasks[at].exe;
	listen->tasks[at].tid = tid;
	listen->tasks[at].stale = false;
	listen->tasks[at].exe[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)tid);
	if (proc_read(AT_FDCWD, path, text, sizeof(text), NULL) == 0)
		snprintf(listen->tasks[at].exe, sizeof(listen->tasks[at].exe), "%.*s", (int)strcspn(text, "\n"), text);
	return listen->tasks[at].exe;
}

static int keep(struct listen *listen, const struct seccomp_notif *asked, struct callgate_record *record,
		struct callgate_err *err)
{
	enum callgate_abi abi = abi_by_audit(asked->data.arch, (uint32_t)asked->data.nr);
	struct record_event event = {
		.abi = abi, .nr = (uint32_t)asked->data.nr, .count = 1, .known = (1u << RECORD_ARGS) - 1
	};
	struct timespec now;

	if (abi == CALLGATE_ABI_NONE) {
		record->lost++;
		return 0;
	}
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	event.first = event.last = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	event.exe = exe_of(listen, (pid_t)asked->pid);
	for (unsigned i = 0; i < RECORD_ARGS; i++)
		event.args[i] = asked->data.args[i];
	if (!listen->is_started)
		event.phase = CALLGATE_PHASE_RUNTIME;
	if (is_exec(abi, event.nr)) {
		listen->tasks[(unsigned)asked->pid % LISTEN_TASKS].stale = true;
		listen->is_started = true;
	}
	return record_add_call(record, &event, err);
}

/* One question. ENOENT: who asked is gone, or was interrupted. */
static int answer(struct listen *listen, struct callgate_record *record, struct callgate_err *err)
{
	struct seccomp_notif_resp response = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	struct seccomp_notif asked;
	int r = 0;

	memset(&asked, 0, sizeof(asked));
	if (ioctl(listen->fd, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
		return errno == ENOENT || errno == EINTR
			       ? 0
			       : err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot receive calls");
	if (record)
		r = keep(listen, &asked, record, err);
	response.id = asked.id;
	if (ioctl(listen->fd, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 && errno != ENOENT && r == 0)
		r = err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot let a call go on");
	return r;
}

static void take_signals(struct listen *listen, struct callgate_command *command)
{
	struct signalfd_siginfo info;

	while (read(listen->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD && info.ssi_code <= 0)
			kill(command->pid, (int)info.ssi_signo);
	if (!command->ended && waitpid(command->pid, &command->status, WNOHANG | __WALL) == command->pid)
		command->ended = true;
}

int listen_step(struct listen *listen, struct callgate_command *command, int timeout_ms, struct callgate_record *record,
		struct callgate_err *err)
{
	struct pollfd polled[] = { { .fd = listen->signals, .events = POLLIN },
				   { .fd = listen->is_over ? -1 : listen->fd, .events = POLLIN } };
	int r = 0;

	for (unsigned i = 0; i < ANSWERS_AT_ONCE && r == 0; i++) {
		int n = poll(polled, 2, timeout_ms);

		if (n < 0 && errno != EINTR)
			return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot wait for calls");
		if (n <= 0)
			return 0;
		if (polled[0].revents)
			take_signals(listen, command);
		if (polled[1].revents & POLLIN)
			r = answer(listen, record, err);
		else if (polled[1].revents & (POLLHUP | POLLERR)) {
			listen->is_over = true;
			polled[1].fd = -1;
			if (command->ended)
				return 0;
		}
		if (polled[0].revents)
			return r;
	}
	return r;
}
