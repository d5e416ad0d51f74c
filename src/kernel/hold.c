/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting a command in two steps, so that no call of its own comes before it is watched. */
#include "kernel/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/command.h"
#include "kernel/status.h"

enum { NOT_YET = INT_MIN, WAITS = -1, LISTENER_MS = 2000, WAITS_MS = 10000, TRIES_A_MS = 5 };

struct child {
	const char *path;
	char *const *argv;
	enum hold_kind kind;
	int go, trouble;
};

/* Where the kernel can, a signal does not break a call off that has been asked about. */
static int listen_to_all(void)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	struct sock_fprog program = { .len = 1, .filter = &all };
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	long fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	return (int)fd;
}

/*
 * From the listener on, every call of the child waits for an answer: what it has to tell, it writes into shared memory.
 */
static _Noreturn void become(const struct child *child, const struct callgate_command *command, int *shared)
{
	char go;
	int saved;

	sigaction(SIGCHLD, &command->before_chld, NULL);
	sigprocmask(SIG_SETMASK, &command->before, NULL);
	__atomic_store_n(shared, WAITS, __ATOMIC_RELEASE);
	if (read(child->go, &go, 1) != 1)
		_exit(125);
	if (child->kind == HOLD_NOTIFY) {
		int fd = listen_to_all();

		__atomic_store_n(shared, fd < 0 ? -2 - errno : fd, __ATOMIC_RELEASE);
		if (fd < 0)
			_exit(125);
	}
	execve(child->path, child->argv, environ);
	saved = errno;
	if (write(child->trouble, &saved, sizeof(saved)) < 0)
		_exit(125);
	_exit(saved == ENOENT ? 127 : 126);
}

static int fork_child(struct child *child, struct hold *hold, struct callgate_err *err)
{
	struct callgate_command *command = calloc(1, sizeof(*command));

	if (!command)
		return err_nomem(err);
	launch_signals(command);
	command->pid = fork();
	if (command->pid == 0) {
		close(hold->go);
		close(hold->trouble);
		become(child, command, hold->shared);
	}
	if (command->pid < 0) {
		err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot fork");
		callgate_command_free(command);
		return CALLGATE_E_KERNEL;
	}
	hold->command = command;
	return 0;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 / TRIES_A_MS }, NULL);
}

/* What the child does before it waits is no call of the command, and would be taken for one by who watches from now on.
 * Asleep, it is in read(2); one that somebody has ended will not go on either. */
static int await_child(const struct hold *hold, struct callgate_err *err)
{
	struct process_stat stat = { .parent = 0 };

	for (unsigned tries = 0; tries < WAITS_MS * TRIES_A_MS; tries++) {
		if (__atomic_load_n(hold->shared, __ATOMIC_ACQUIRE) == WAITS) {
			int r = process_stat(hold->command->pid, &stat, err);

			if (r < 0 || strchr("SZX", stat.state))
				return r;
		}
		nap();
	}
	return err_set(err, CALLGATE_E_KERNEL, "the process that is to become the command does not run");
}

int hold_start(char *const argv[], enum hold_kind kind, struct hold *out, struct callgate_err *err)
{
	struct child child = { .argv = argv, .kind = kind };
	int go[2] = { -1, -1 }, trouble[2] = { -1, -1 }, r;
	char path[PATH_MAX];

	*out = (struct hold){
		.go = -1, .trouble = -1, .listener = -1, .shared = MAP_FAILED, .name = argv[0], .kind = kind
	};
	r = command_find(argv[0], path, err);
	if (r < 0)
		return r;
	child.path = path;
	out->shared = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (out->shared == MAP_FAILED || pipe2(go, O_CLOEXEC) < 0 || pipe2(trouble, O_CLOEXEC) < 0)
		r = err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot prepare a command");
	out->go = go[1];
	out->trouble = trouble[0];
	if (r == 0) {
		*out->shared = NOT_YET;
		child.go = go[0];
		child.trouble = trouble[1];
		r = fork_child(&child, out, err);
	}
	fd_close(go[0]);
	fd_close(trouble[1]);
	if (r == 0 && (r = await_child(out, err)) < 0) {
		launch_kill(out->command);
		out->command = callgate_command_free(out->command);
	}
	if (r < 0)
		hold_release(out);
	return r;
}

static int fetch_listener(struct hold *hold, struct callgate_err *err)
{
	int number = WAITS, pidfd;

	for (unsigned tries = 0; tries < LISTENER_MS * TRIES_A_MS && number == WAITS; tries++) {
		number = __atomic_load_n(hold->shared, __ATOMIC_ACQUIRE);
		if (number == WAITS)
			nap();
	}
	if (number < 0)
		return err_set_errno(err, CALLGATE_E_UNSUPPORTED, number == WAITS ? ETIMEDOUT : -2 - number, NULL,
				     "cannot listen to the command's calls");
	pidfd = (int)syscall(SYS_pidfd_open, hold->command->pid, 0);
	hold->listener = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	fd_close(pidfd);
	if (hold->listener < 0)
		return err_set_errno(err, CALLGATE_E_PERM, errno, NULL, "cannot fetch the command's listener");
	return 0;
}

int hold_let_go(struct hold *hold, struct callgate_err *err)
{
	if (write(hold->go, "g", 1) != 1)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot start the command");
	hold->go = fd_close(hold->go);
	return hold->kind == HOLD_NOTIFY ? fetch_listener(hold, err) : 0;
}

int hold_trouble(struct hold *hold, struct callgate_err *err)
{
	int saved;
	ssize_t n;

	do
		n = read(hold->trouble, &saved, sizeof(saved));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(saved) ? command_refused(hold->name, saved, err) : 0;
}

void hold_release(struct hold *hold)
{
	hold->go = fd_close(hold->go);
	hold->trouble = fd_close(hold->trouble);
	hold->listener = fd_close(hold->listener);
	if (hold->shared != MAP_FAILED)
		munmap(hold->shared, sizeof(int));
	hold->shared = MAP_FAILED;
}
