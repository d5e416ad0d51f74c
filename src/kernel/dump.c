/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading filters back by PTRACE_SECCOMP_GET_FILTER. A thread of our own is the tracer: when it ends the kernel lets go of
 * the task, also of one that did not stop in time, and the caller never becomes anybody's tracer. */
#include "kernel/dump.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "kernel/status.h"

#ifndef PTRACE_SECCOMP_GET_METADATA
#define PTRACE_SECCOMP_GET_METADATA 0x420d
#endif

/* linux/ptrace.h and sys/ptrace.h do not go together everywhere. */
struct filter_metadata {
	uint64_t index, flags;
};

struct dump {
	pid_t tid;
	unsigned deadline_ms;
	struct callgate_prog **progs;
	size_t count, room;
	struct sock_filter *buffer; /* PROG_LIMIT instructions: one call fetches any filter */
	struct callgate_err err;
	int result;
};

static long ptrace_call(int request, pid_t tid, uintptr_t addr, void *data)
{
	return ptrace((enum __ptrace_request)request, tid, (void *)addr, data);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Polls, because no wait call has a deadline: spins gently at first (a stop takes some 20 us), then sleeps. */
static int wait_for_stop(struct dump *dump)
{
	uint64_t start = now_ns(), limit = start + (uint64_t)dump->deadline_ms * 1000000u;
	struct timespec nap = { .tv_nsec = 20000 };

	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_PID, (id_t)dump->tid, &info, WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) < 0) {
			if (errno == EINTR)
				continue;
			if (errno == ECHILD)
				return err_set(&dump->err, CALLGATE_E_NOTFOUND, "process %ld has ended", (long)dump->tid);
			return err_set_errno(&dump->err, CALLGATE_E_KERNEL, errno, NULL, "cannot wait for process %ld",
					     (long)dump->tid);
		}
		if (info.si_pid && (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED))
			return 0;
		if (info.si_pid)
			return err_set(&dump->err, CALLGATE_E_NOTFOUND, "process %ld has ended", (long)dump->tid);
		if (now_ns() > limit)
			return err_set(&dump->err, CALLGATE_E_LIMIT,
				       "process %ld did not stop within %u ms: is its cgroup frozen?", (long)dump->tid,
				       dump->deadline_ms);
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 2000000)
			nap.tv_nsec *= 2;
	}
}

static bool caller_is_confined(void)
{
	struct callgate_task self;

	return task_read_id(getpid(), &self, NULL, NULL) == 0 && self.mode != CALLGATE_MODE_NONE;
}

static int filter_refused(struct dump *dump, int saved)
{
	long tid = (long)dump->tid;

	if (saved == EACCES && caller_is_confined())
		return err_set(&dump->err, CALLGATE_E_PERM,
			       "the kernel shows no filters to a caller that is under a filter itself");
	if (saved == EACCES)
		return err_set(&dump->err, CALLGATE_E_PERM,
			       "reading filters back needs CAP_SYS_ADMIN in the initial user namespace");
	if (saved == EINVAL) /* the task is in filter mode: that was asked first */
		return err_set(&dump->err, CALLGATE_E_UNSUPPORTED,
			       "the kernel cannot show filters: it lacks CONFIG_CHECKPOINT_RESTORE");
	if (saved == ESRCH)
		return err_set(&dump->err, CALLGATE_E_NOTFOUND, "process %ld has ended", tid);
	return err_set_errno(&dump->err, CALLGATE_E_KERNEL, saved, NULL, "cannot read the filters of process %ld", tid);
}

static int keep(struct dump *dump, unsigned count, uint32_t flags)
{
	int r;

	if (dump->count == dump->room) {
		size_t room = dump->room ? dump->room * 2 : 4;
		struct callgate_prog **grown = realloc(dump->progs, room * sizeof(*grown));

		if (!grown)
			return err_nomem(&dump->err);
		dump->progs = grown;
		dump->room = room;
	}
	r = prog_new(dump->buffer, count, &dump->progs[dump->count], &dump->err);
	if (r < 0)
		return r;
	dump->progs[dump->count++]->flags = flags;
	return 0;
}

static int read_filters(struct dump *dump)
{
	for (;;) {
		struct filter_metadata meta = { .index = dump->count };
		long n = ptrace_call(PTRACE_SECCOMP_GET_FILTER, dump->tid, dump->count, dump->buffer);
		int r;

		if (n < 0 && errno == ENOENT && dump->count > 0)
			return 0;
		if (n <= 0 || n > PROG_LIMIT)
			return filter_refused(dump, n < 0 ? errno : EMSGSIZE);
		/* Since Linux 4.16; an older kernel says no flags. */
		if (ptrace_call(PTRACE_SECCOMP_GET_METADATA, dump->tid, sizeof(meta), &meta) < 0)
			meta.flags = 0;
		r = keep(dump, (unsigned)n, (uint32_t)meta.flags);
		if (r < 0)
			return r;
	}
}

static int seize_refused(struct dump *dump, int saved)
{
	struct callgate_task task;
	struct task_detail detail;
	long tid = (long)dump->tid;

	if (saved == ESRCH || task_read_id(dump->tid, &task, &detail, NULL) < 0)
		return err_set(&dump->err, CALLGATE_E_NOTFOUND, "process %ld has ended", tid);
	if (detail.state == 'Z' || detail.state == 'X')
		return err_set(&dump->err, CALLGATE_E_NOTFOUND, "process %ld has ended and waits for its parent", tid);
	if (detail.tracer)
		return err_set(&dump->err, CALLGATE_E_PERM, "process %ld is traced by process %ld already", tid,
			       (long)detail.tracer);
	return err_set_errno(&dump->err, saved == EPERM ? CALLGATE_E_PERM : CALLGATE_E_KERNEL, saved, NULL,
			     "cannot trace process %ld", tid);
}

static void *dump_thread(void *data)
{
	struct dump *dump = data;

	if (ptrace_call(PTRACE_SEIZE, dump->tid, 0, NULL) < 0) {
		dump->result = seize_refused(dump, errno);
		return NULL;
	}
	if (ptrace_call(PTRACE_INTERRUPT, dump->tid, 0, NULL) < 0)
		dump->result = seize_refused(dump, errno);
	else
		dump->result = wait_for_stop(dump);
	if (dump->result == 0)
		dump->result = read_filters(dump);
	ptrace_call(PTRACE_DETACH, dump->tid, 0, NULL);
	return NULL;
}

/* Signals of the caller are none of the tracer's business. */
static int run_thread(struct dump *dump)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, dump_thread, dump);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return err_set_errno(&dump->err, CALLGATE_E_KERNEL, r, NULL, "cannot start a thread");
	pthread_join(thread, NULL);
	return dump->result;
}

struct callgate_prog **kernel_dump_free(struct callgate_prog **progs, size_t count)
{
	if (progs)
		for (size_t i = 0; i < count; i++)
			free(progs[i]);
	free(progs);
	return NULL;
}

int kernel_dump(pid_t tid, unsigned deadline_ms, struct callgate_prog ***out, size_t *count, struct callgate_err *err)
{
	struct dump dump = { .tid = tid, .deadline_ms = deadline_ms ? deadline_ms : DUMP_DEADLINE_MS,
			     .err = CALLGATE_ERR_INIT };
	struct callgate_task task;
	int r;

	r = task_read_id(tid, &task, NULL, err);
	if (r < 0)
		return r;
	if (task.mode == CALLGATE_MODE_STRICT)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "process %ld is in strict mode, which has no filter", (long)tid);
	if (task.mode == CALLGATE_MODE_NONE) {
		*out = NULL;
		*count = 0;
		return 0;
	}
	dump.buffer = malloc(PROG_LIMIT * sizeof(*dump.buffer));
	if (!dump.buffer)
		return err_nomem(err);
	r = run_thread(&dump);
	free(dump.buffer);
	if (r < 0) {
		kernel_dump_free(dump.progs, dump.count);
		if (err) {
			size_t size = err->size;

			*err = dump.err;
			err->size = size;
		}
		return r;
	}
	*out = dump.progs;
	*count = dump.count;
	return 0;
}
