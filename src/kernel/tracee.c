/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A task under ptrace: attaching, waiting with a deadline, keeping signals, memory. */
#include "kernel/tracee.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "kernel/status.h"

enum { SYSCALL_STOP = SIGTRAP | 0x80, EVENT_STOP = PTRACE_EVENT_STOP << 8, SPIN_NS = 300000, NAP_MAX_NS = 2000000 };

long tracee_ptrace(int request, pid_t tid, uintptr_t addr, void *data)
{
	return ptrace((enum __ptrace_request)request, tid, (void *)addr, data);
}

uint64_t tracee_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int ended(const struct tracee *tracee, struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_NOTFOUND, "process %ld has ended", (long)tracee->tid);
}

/* ESRCH of a task that stood still a moment ago: SIGKILL takes it out of any stop. */
static int refused(const struct tracee *tracee, const char *what, int saved, struct callgate_err *err)
{
	if (saved == ESRCH)
		return ended(tracee, err);
	return err_set_errno(err, CALLGATE_E_KERNEL, saved, NULL, "cannot %s process %ld", what, (long)tracee->tid);
}

static int seize_refused(const struct tracee *tracee, int saved, struct callgate_err *err)
{
	struct callgate_task task;
	struct task_detail detail;
	long tid = (long)tracee->tid;

	if (saved == ESRCH || task_read_id(tracee->tid, &task, &detail, NULL) < 0)
		return ended(tracee, err);
	if (detail.state == 'Z' || detail.state == 'X')
		return err_set(err, CALLGATE_E_NOTFOUND, "process %ld has ended and waits for its parent", tid);
	if (detail.kernel_thread)
		return err_set(err, CALLGATE_E_ARG, "process %ld is a thread of the kernel", tid);
	if (detail.tracer)
		return err_set(err, CALLGATE_E_PERM, "process %ld is traced by process %ld already", tid,
			       (long)detail.tracer);
	return err_set_errno(err, saved == EPERM ? CALLGATE_E_PERM : CALLGATE_E_KERNEL, saved, NULL,
			     "cannot trace process %ld", tid);
}

int tracee_seize(const struct tracee *tracee, unsigned options, struct callgate_err *err)
{
	if (tracee_ptrace(PTRACE_SEIZE, tracee->tid, 0, (void *)(uintptr_t)options) < 0)
		return seize_refused(tracee, errno, err);
	return 0;
}

/* Looks without taking. 1: it stands still, *stop says how; 0: not yet; negative: an error. */
static int peek(const struct tracee *tracee, int more, int *stop, struct callgate_err *err)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)tracee->tid, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL | more) < 0) {
		if (errno == EINTR)
			return 0;
		if (errno == ECHILD)
			return ended(tracee, err);
		return refused(tracee, "wait for", errno, err);
	}
	if (info.si_pid == 0)
		return 0;
	if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
		return ended(tracee, err);
	*stop = info.si_status;
	return 1;
}

/* No wait call has a deadline, so this looks again and again: a stop takes some 20 us, a frozen task for ever. */
static int wait_until(const struct tracee *tracee, unsigned deadline_ms, int *stop, struct callgate_err *err)
{
	uint64_t start = tracee_now_ns(), limit = start + (uint64_t)deadline_ms * 1000000u;
	struct timespec nap = { .tv_nsec = 20000 };

	for (;;) {
		int r = peek(tracee, deadline_ms ? WNOHANG : 0, stop, err);
		uint64_t now;

		if (r)
			return r < 0 ? r : 0;
		if (!deadline_ms)
			continue;
		now = tracee_now_ns();
		if (now > limit)
			return err_set(err, CALLGATE_E_LIMIT, "process %ld did not stop within %u ms: is its cgroup frozen?",
				       (long)tracee->tid, deadline_ms);
		if (now < start + SPIN_NS) {
			sched_yield();
			continue;
		}
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < NAP_MAX_NS)
			nap.tv_nsec *= 2;
	}
}

int tracee_wait(struct tracee *tracee, int *stop, struct callgate_err *err)
{
	return wait_until(tracee, tracee->deadline_ms, stop, err);
}

static int resume(const struct tracee *tracee, int request, int signal_number, struct callgate_err *err)
{
	if (tracee_ptrace(request, tracee->tid, 0, (void *)(uintptr_t)signal_number) < 0)
		return refused(tracee, "resume", errno, err);
	return 0;
}

int tracee_interrupt(struct tracee *tracee, struct callgate_err *err)
{
	int r, stop;

	if (tracee_ptrace(PTRACE_INTERRUPT, tracee->tid, 0, NULL) < 0)
		return refused(tracee, "interrupt", errno, err);
	for (;;) {
		r = tracee_wait(tracee, &stop, err);
		if (r < 0 || (stop & 0xff00) == EVENT_STOP)
			return r;
		/* A signal was quicker: it gets its signal, and the trap is still due. */
		r = resume(tracee, PTRACE_CONT, stop & 0xff00 ? 0 : stop & 0x7f, err);
		if (r < 0)
			return r;
	}
}

/* Signals that an instruction of our making causes are our failure; any other one has to wait. */
static int hold(struct tracee *tracee, int signal_number, struct callgate_err *err)
{
	siginfo_t info = { 0 };

	if (signal_number != SIGSTOP && tracee_ptrace(PTRACE_GETSIGINFO, tracee->tid, 0, &info) == 0 && info.si_code > 0)
		return err_set(err, CALLGATE_E_KERNEL, "process %ld got signal %d for a call that it was made to make",
			       (long)tracee->tid, signal_number);
	tracee->held |= (uint64_t)1 << (signal_number - 1);
	return 0;
}

int tracee_next_call(struct tracee *tracee, struct callgate_err *err)
{
	int r, stop;

	for (;;) {
		r = resume(tracee, PTRACE_SYSCALL, 0, err);
		if (r == 0)
			r = wait_until(tracee, 0, &stop, err);
		if (r < 0 || stop == SYSCALL_STOP)
			return r;
		if (!(stop & 0xff00))
			r = hold(tracee, stop & 0x7f, err);
		if (r < 0)
			return r;
	}
}

int tracee_back(struct tracee *tracee, struct callgate_err *err)
{
	int r, stop;

	if (tracee_ptrace(PTRACE_INTERRUPT, tracee->tid, 0, NULL) < 0)
		return refused(tracee, "interrupt", errno, err);
	for (;;) {
		r = resume(tracee, PTRACE_CONT, 0, err);
		if (r == 0)
			r = wait_until(tracee, 0, &stop, err);
		if (r < 0 || (stop & 0xff00) == EVENT_STOP)
			return r;
		if (!(stop & 0xff00) && stop != SYSCALL_STOP)
			(void)hold(tracee, stop & 0x7f, NULL); /* of our own making: dropped */
	}
}

int tracee_detach(struct tracee *tracee, struct callgate_err *err)
{
	struct callgate_task task;

	if (tracee_ptrace(PTRACE_DETACH, tracee->tid, 0, NULL) < 0)
		return refused(tracee, "let go of", errno, err);
	if (!tracee->held || task_read_id(tracee->tid, &task, NULL, NULL) < 0)
		return 0;
	for (int n = 1; n <= 64; n++)
		if (tracee->held & (uint64_t)1 << (n - 1))
			syscall(SYS_tgkill, (long)task.pid, (long)tracee->tid, (long)n);
	tracee->held = 0;
	return 0;
}

/* ------------------------------------------------------------------ memory */

/* One word at a time, for callers that may not use process_vm_readv(2). */
static int words(pid_t tid, uint64_t address, unsigned char *bytes, size_t size, int request)
{
	uint64_t at = address & ~(uint64_t)(sizeof(long) - 1);

	while (at < address + size) {
		size_t skip = at < address ? (size_t)(address - at) : 0, count = sizeof(long) - skip;
		long word;

		errno = 0;
		word = tracee_ptrace(PTRACE_PEEKDATA, tid, at, NULL);
		if (word == -1 && errno)
			return -1;
		if (count > size - (size_t)(at + skip - address))
			count = size - (size_t)(at + skip - address);
		if (request == PTRACE_PEEKDATA) {
			memcpy(bytes + (at + skip - address), (char *)&word + skip, count);
		} else {
			memcpy((char *)&word + skip, bytes + (at + skip - address), count);
			if (tracee_ptrace(PTRACE_POKEDATA, tid, at, (void *)word) < 0)
				return -1;
		}
		at += sizeof(long);
	}
	return 0;
}

static int memory_refused(pid_t tid, const char *what, uint64_t address, struct callgate_err *err)
{
	return err_set_errno(err, errno == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_KERNEL, errno, NULL,
			     "cannot %s memory of process %ld at 0x%llx", what, (long)tid, (unsigned long long)address);
}

/* A filter of ours or an old kernel. Memory that the task itself may not use is EFAULT: ptrace would go over that. */
static bool call_is_missing(void)
{
	return errno == EPERM || errno == ENOSYS || errno == EACCES;
}

int tracee_read(pid_t tid, uint64_t address, void *out, size_t size, struct callgate_err *err)
{
	struct iovec ours = { out, size }, theirs = { (void *)(uintptr_t)address, size };

	if (process_vm_readv(tid, &ours, 1, &theirs, 1, 0) == (ssize_t)size)
		return 0;
	if (call_is_missing() && words(tid, address, out, size, PTRACE_PEEKDATA) == 0)
		return 0;
	return memory_refused(tid, "read", address, err);
}

int tracee_write(pid_t tid, uint64_t address, const void *bytes, size_t size, struct callgate_err *err)
{
	struct iovec ours = { (void *)bytes, size }, theirs = { (void *)(uintptr_t)address, size };

	if (process_vm_writev(tid, &ours, 1, &theirs, 1, 0) == (ssize_t)size)
		return 0;
	if (call_is_missing() && words(tid, address, (unsigned char *)bytes, size, PTRACE_POKEDATA) == 0)
		return 0;
	return memory_refused(tid, "write", address, err);
}

int tracee_patch(pid_t tid, uint64_t address, const void *bytes, size_t size, struct callgate_err *err)
{
	if (words(tid, address, (unsigned char *)bytes, size, PTRACE_POKEDATA) < 0)
		return memory_refused(tid, "write", address, err);
	return 0;
}

/* ------------------------------------------------------------------ the tracer */

struct body {
	int (*run)(void *data, struct callgate_err *err);
	void *data;
	struct callgate_err err;
	int result;
};

static void *thread_main(void *data)
{
	struct body *body = data;

	body->result = body->run(body->data, &body->err);
	return NULL;
}

int tracee_in_thread(int (*run)(void *data, struct callgate_err *err), void *data, struct callgate_err *err)
{
	struct body body = { .run = run, .data = data, .err = CALLGATE_ERR_INIT };
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, thread_main, &body);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return err_set_errno(err, CALLGATE_E_KERNEL, r, NULL, "cannot start a thread");
	pthread_join(thread, NULL);
	if (body.result < 0 && err)
		*err = body.err;
	return body.result;
}
