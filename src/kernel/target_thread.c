/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Choosing the thread to stop, by what /proc/PID/task/TID/syscall says it waits in. */
#include "kernel/target_thread.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/status.h"
#include "names/abi.h"
#include "names/syscall.h"

/* The lower, the less an interruption shows. */
enum rank {
	RANK_RESTARTED, /* the kernel repeats the call as it was */
	RANK_RESUMED,   /* it goes on by restart_syscall(2) with the time that is left */
	RANK_RUNNING,   /* in no call now, but perhaps in one when we come */
	RANK_UNKNOWN,
	RANK_SOCKET,     /* repeated, unless the socket has a time limit */
	RANK_INTERRUPTED /* answered with EINTR; what of these we repeat ourselves is in inject.c */
};

static const struct {
	const char *name;
	enum rank rank;
} calls[] = {
	{ "futex", RANK_RESTARTED },
	{ "wait4", RANK_RESTARTED },
	{ "waitid", RANK_RESTARTED },
	{ "pause", RANK_RESTARTED },
	{ "rt_sigsuspend", RANK_RESTARTED },
	{ "select", RANK_RESTARTED },
	{ "_newselect", RANK_RESTARTED },
	{ "pselect6", RANK_RESTARTED },
	{ "ppoll", RANK_RESTARTED },
	{ "flock", RANK_RESTARTED },
	{ "fcntl", RANK_RESTARTED },
	{ "mq_timedreceive", RANK_RESTARTED },
	{ "poll", RANK_RESUMED },
	{ "nanosleep", RANK_RESUMED },
	{ "clock_nanosleep", RANK_RESUMED },
	{ "restart_syscall", RANK_RESUMED },
	{ "recvfrom", RANK_SOCKET },
	{ "recvmsg", RANK_SOCKET },
	{ "recv", RANK_SOCKET },
	{ "recvmmsg", RANK_SOCKET },
	{ "accept", RANK_SOCKET },
	{ "accept4", RANK_SOCKET },
	{ "connect", RANK_SOCKET },
	{ "sendto", RANK_SOCKET },
	{ "sendmsg", RANK_SOCKET },
	{ "socketcall", RANK_SOCKET },
	{ "epoll_wait", RANK_INTERRUPTED },
	{ "epoll_pwait", RANK_INTERRUPTED },
	{ "epoll_pwait2", RANK_INTERRUPTED },
	{ "rt_sigtimedwait", RANK_INTERRUPTED },
	{ "semop", RANK_INTERRUPTED },
	{ "semtimedop", RANK_INTERRUPTED },
	{ "io_getevents", RANK_INTERRUPTED },
	{ "io_pgetevents", RANK_INTERRUPTED },
	{ "io_uring_enter", RANK_INTERRUPTED },
	{ "msgrcv", RANK_INTERRUPTED },
	{ "msgsnd", RANK_INTERRUPTED },
	{ "vfork", RANK_INTERRUPTED },
	{ "clone", RANK_INTERRUPTED },
	{ "clone3", RANK_INTERRUPTED },
	{ "ipc", RANK_INTERRUPTED },
	{ "semtimedop_time64", RANK_INTERRUPTED },
	{ "rt_sigtimedwait_time64", RANK_INTERRUPTED },
	{ "io_pgetevents_time64", RANK_INTERRUPTED },
	{ "futex_time64", RANK_RESTARTED },
	{ "ppoll_time64", RANK_RESTARTED },
	{ "pselect6_time64", RANK_RESTARTED },
	{ "clock_nanosleep_time64", RANK_RESUMED },
};

static enum rank rank_of(pid_t pid, enum callgate_abi abi, int64_t nr, uint64_t first)
{
	const char *name = syscall_id_name(syscall_by_nr(abi, (uint32_t)nr));
	char path[64], target[64];
	ssize_t size;

	if (!name)
		return RANK_UNKNOWN;
	if (strcmp(name, "read") == 0 || strcmp(name, "write") == 0) {
		snprintf(path, sizeof(path), "/proc/%ld/fd/%u", (long)pid, (unsigned)first);
		size = readlink(path, target, sizeof(target));
		return size > 7 && memcmp(target, "socket:", 7) == 0 ? RANK_SOCKET : RANK_RESTARTED;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].rank;
	return RANK_UNKNOWN;
}

/* A process of 32-bit code has no native numbers. The kernel keeps its auxiliary vector in pairs of 32-bit words, where
 * the second one is a value and not the upper half of a small key. The program's own file is not opened: it may be
 * served by a process that waits. */
static enum callgate_abi process_abi(pid_t pid)
{
	uint32_t words[2] = { 0, 0 };
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/auxv", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, words, sizeof(words)) < (ssize_t)sizeof(words))
		words[1] = 0;
	fd_close(fd);
	return words[1] ? abi_native_narrow() : abi_native();
}

/* "running", or "NUMBER ARGUMENTS... SP PC"; -1 is the number of a task that waits outside any call. */
static int look(int dir, pid_t pid, struct target_thread *target, enum rank *rank, struct callgate_err *err)
{
	unsigned long long first = 0;
	long long nr = -1;
	char text[256];
	int r = proc_read(dir, "syscall", text, sizeof(text), err);

	if (r < 0)
		return r;
	target->blocked = -1;
	*rank = RANK_RUNNING;
	if (sscanf(text, "%lld %llx", &nr, &first) < 1 || nr < 0)
		return 0;
	target->blocked = nr;
	*rank = rank_of(pid, target->abi, nr, first);
	return 0;
}

static int weigh(int dir, pid_t pid, struct target_thread *target, enum rank *rank, struct callgate_err *err)
{
	enum { ADMIN = 21 }; /* CAP_SYS_ADMIN */
	struct callgate_task task;
	struct task_detail detail;
	int r = task_read(dir, &task, &detail, err);

	if (r < 0)
		return r;
	r = task_refuse_tracing(pid, &detail, err);
	if (r < 0)
		return r;
	if (task.mode == CALLGATE_MODE_STRICT)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "process %ld is in strict mode, which takes no filter",
			       (long)pid);
	*target = (struct target_thread){ .tid = task.tid,
					  .start_time = task.start_time,
					  .abi = target->abi,
					  .filters = task.filters,
					  .has_filters = task.mode == CALLGATE_MODE_FILTER,
					  .no_new_privs = task.no_new_privs,
					  .has_admin = detail.effective >> ADMIN & 1,
					  .threads = detail.threads };
	r = look(dir, pid, target, rank, err);
	if (r == CALLGATE_E_IO)
		return err_set(err, CALLGATE_E_PERM, "process %ld may not be traced by this caller", (long)pid);
	return r;
}

/* Calls visit with a descriptor of each thread's directory, until it answers other than 0 or E_NOTFOUND. */
static int each_thread(pid_t pid, int (*visit)(int dir, void *data, struct callgate_err *err), void *data,
		       struct callgate_err *err)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	dir = opendir(path);
	if (!dir && (errno == ENOENT || errno == ESRCH))
		return err_set(err, CALLGATE_E_NOTFOUND, "no process %ld", (long)pid);
	if (!dir)
		return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot open");
	while ((r == 0 || r == CALLGATE_E_NOTFOUND) && (entry = readdir(dir))) {
		int fd;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		r = proc_open(dirfd(dir), entry->d_name, &fd, err);
		if (r < 0)
			continue;
		r = visit(fd, data, err);
		fd_close(fd);
	}
	closedir(dir);
	return r == CALLGATE_E_NOTFOUND ? 0 : r;
}

struct choice {
	pid_t pid;
	enum callgate_abi abi;
	struct target_thread best;
	enum rank rank;
	bool found;
};

static int choose_visit(int dir, void *data, struct callgate_err *err)
{
	struct choice *choice = data;
	struct target_thread target = { .abi = choice->abi };
	enum rank rank = choice->rank; /* weigh() sets it; compilers do not see that errors are never 0 */
	int r = weigh(dir, choice->pid, &target, &rank, err);

	if (r < 0)
		return r;
	/* A thread with filters of its own would hand them to all others. Of equals the first thread. */
	if (!choice->found || target.filters < choice->best.filters ||
	    (target.filters == choice->best.filters &&
	     (rank < choice->rank || (rank == choice->rank && target.tid == choice->pid)))) {
		choice->best = target;
		choice->rank = rank;
		choice->found = true;
	}
	return 0;
}

int target_thread_choose(pid_t pid, struct target_thread *out, struct callgate_err *err)
{
	struct choice choice = { .pid = pid, .abi = process_abi(pid) };
	int r;

	if (pid == getpid())
		return err_set(err, CALLGATE_E_ARG, "process %ld is the one that asks", (long)pid);
	r = each_thread(pid, choose_visit, &choice, err);
	if (r < 0)
		return r;
	if (!choice.found)
		return CALLGATE_E_NOTFOUND; /* the last thread that was looked at has reported why */
	*out = choice.best;
	return 0;
}
