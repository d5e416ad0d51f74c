/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A task under ptrace: attaching, waiting with a deadline, keeping signals, memory. */
#include "kernel/tracee.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "kernel/status.h"

enum {
	SYSCALL_STOP = SIGTRAP | 0x80,
	EVENT_STOP = PTRACE_EVENT_STOP << 8,
	SPIN_NS = 300000,
	NAP_MAX_NS = 2000000,
	GRACE_NS = 500000000
};

long tracee_ptrace(int request, pid_t tid, uintptr_t addr, void *data)
{
	return ptrace(request, tid, (void *)addr, data);
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
	int r;

	if (saved == ESRCH || task_read_id(tracee->tid, &task, &detail, NULL) < 0)
		return ended(tracee, err);
	r = task_refuse_tracing(tracee->tid, &detail, err);
	if (r < 0)
		return r;
	return err_set_errno(err, saved == EPERM ? CALLGATE_E_PERM : CALLGATE_E_KERNEL, saved, NULL,
			     "cannot trace process %ld", (long)tracee->tid);
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

/* No wait call has a deadline, so this looks again and again: a stop takes some 20 us, a frozen task for ever. limit 0:
 * none. */
static int wait_until(const struct tracee *tracee, uint64_t limit, int *stop, struct callgate_err *err)
{
	uint64_t start = tracee_now_ns();
	struct timespec nap = { .tv_nsec = 20000 };

	for (;;) {
		int r = peek(tracee, limit ? WNOHANG : 0, stop, err);
		uint64_t now;

		if (r)
			return r < 0 ? r : 0;
		if (!limit)
			continue;
		now = tracee_now_ns();
		if (now > limit)
			return err_set(err, CALLGATE_E_LIMIT,
				       "process %ld did not stop within %u ms: is its cgroup frozen?",
				       (long)tracee->tid, tracee->deadline_ms);
		if (now < start + SPIN_NS) {
			sched_yield();
			continue;
		}
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < NAP_MAX_NS)
			nap.tv_nsec *= 2;
	}
}

static uint64_t limit_of(struct tracee *tracee)
{
	if (tracee->deadline_ms && !tracee->limit_ns)
		tracee->limit_ns = tracee_now_ns() + (uint64_t)tracee->deadline_ms * 1000000u;
	return tracee->limit_ns;
}

/* *stop is the signal with the event in the second byte (SIGTRAP | 0x80: a system call). E_NOTFOUND: it ended; its
 * status is left for whoever waits for it. E_LIMIT: the deadline passed, nothing has changed. */
static int tracee_wait(struct tracee *tracee, int *stop, struct callgate_err *err)
{
	return wait_until(tracee, limit_of(tracee), stop, err);
}

static int resume(const struct tracee *tracee, int request, int signal_number, struct callgate_err *err)
{
	if (tracee_ptrace(request, tracee->tid, 0, (void *)(uintptr_t)signal_number) < 0)
		return refused(tracee, "resume", errno, err);
	return 0;
}

int tracee_interrupt(struct tracee *tracee, struct callgate_err *err)
{
	int r, stop = 0;

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

/* The signal to go on with. SIGSTOP takes effect where it came: the process is a stopped one from then on, the task
 * runs for us all the same, and stops when it is let go, unless a SIGCONT came after it. Held and sent again it would
 * come after that one. */
static int passed_on(int stop)
{
	return stop == SIGSTOP ? SIGSTOP : 0;
}

static bool is_held(int stop)
{
	return !(stop & 0xff00) && stop != SYSCALL_STOP && stop != SIGSTOP;
}

/* Signals that an instruction of our making causes are our failure; any other one has to wait. */
static int hold(struct tracee *tracee, int signal_number, struct callgate_err *err)
{
	siginfo_t info = { 0 };

	if (tracee_ptrace(PTRACE_GETSIGINFO, tracee->tid, 0, &info) == 0 && info.si_code > 0)
		return err_set(err, CALLGATE_E_KERNEL, "process %ld got signal %d for a call that it was made to make",
			       (long)tracee->tid, signal_number);
	tracee->held |= (uint64_t)1 << (signal_number - 1);
	return 0;
}

int tracee_next_call(struct tracee *tracee, struct callgate_err *err)
{
	int r, stop = 0;

	for (;;) {
		r = resume(tracee, PTRACE_SYSCALL, passed_on(stop), err);
		if (r == 0)
			r = tracee_wait(tracee, &stop, err);
		tracee->runs = r == CALLGATE_E_LIMIT;
		if (r < 0 || stop == SYSCALL_STOP)
			return r;
		if (is_held(stop))
			r = hold(tracee, stop & 0x7f, err);
		if (r < 0)
			return r;
	}
}

/* PTRACE_GET_SYSCALL_INFO; linux/ptrace.h and sys/ptrace.h do not go together everywhere. */
bool tracee_call(pid_t tid, struct tracee_call *out)
{
	enum { GET_SYSCALL_INFO = 0x420e, ENTRY = 1, EXIT = 2 };
	struct {
		uint8_t op, pad[3];
		uint32_t arch;
		uint64_t ip, sp, nr, args[6];
	} info = { 0 };

	if (tracee_ptrace(GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0 || (info.op != ENTRY && info.op != EXIT))
		return false;
	*out = (struct tracee_call){ .entry = info.op == ENTRY, .arch = info.arch };
	if (out->entry) {
		out->nr = info.nr;
		memcpy(out->args, info.args, sizeof(out->args));
	}
	return true;
}

/* In a stop before a call the kernel asks the filters after the tracer. */
void tracee_filters_hold(const struct tracee *tracee)
{
	(void)tracee_ptrace(PTRACE_SETOPTIONS, tracee->tid, 0, (void *)(uintptr_t)tracee->options);
}

int tracee_back(struct tracee *tracee, struct callgate_err *err)
{
	uint64_t limit = limit_of(tracee) ? tracee_now_ns() + GRACE_NS : 0;
	int r, stop = 0;

	if (!tracee->runs)
		tracee_filters_hold(tracee);
	if (tracee_ptrace(PTRACE_INTERRUPT, tracee->tid, 0, NULL) < 0)
		return refused(tracee, "interrupt", errno, err);
	for (;;) {
		if (limit)
			tracee->limit_ns = limit;
		r = tracee->runs ? 0 : resume(tracee, PTRACE_CONT, passed_on(stop), err);
		tracee->runs = false;
		if (r == 0)
			r = wait_until(tracee, limit, &stop, err);
		if (r < 0 || (stop & 0xff00) == EVENT_STOP)
			return r;
		tracee_filters_hold(tracee);
		if (is_held(stop))
			(void)hold(tracee, stop & 0x7f, NULL); /* of our own making: dropped */
	}
}

/* Before it is let go: until then its number cannot be another one's. */
static void send_held(struct tracee *tracee)
{
	struct callgate_task task;

	if (!tracee->held || task_read_id(tracee->tid, &task, NULL, NULL) < 0)
		return;
	for (int n = 1; n <= 64; n++)
		if (tracee->held & (uint64_t)1 << (n - 1))
			syscall(SYS_tgkill, (long)task.pid, (long)tracee->tid, (long)n);
	tracee->held = 0;
}

int tracee_detach(struct tracee *tracee, struct callgate_err *err)
{
	send_held(tracee);
	if (tracee_ptrace(PTRACE_DETACH, tracee->tid, 0, NULL) < 0)
		return refused(tracee, "let go of", errno, err);
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
	struct tracer_job job; /* with data of its own */
	struct callgate_err err;
	int result;
	enum { BODY_RUNS, BODY_ENDED, BODY_ABANDONED } stage;
	pthread_mutex_t lock;
};

static void give_up(const struct tracer_job *job, void *data)
{
	if (job->release)
		job->release(data);
}

static void body_free(struct body *body)
{
	pthread_mutex_destroy(&body->lock);
	free(body->job.data);
	free(body);
}

/* What it was told to give up it lets go of by ending. */
static void *thread_main(void *data)
{
	struct body *body = data;
	bool abandoned;

	body->result = body->job.run(body->job.data, &body->err);
	pthread_mutex_lock(&body->lock);
	abandoned = body->stage == BODY_ABANDONED;
	body->stage = BODY_ENDED;
	pthread_mutex_unlock(&body->lock);
	if (abandoned) {
		give_up(&body->job, body->job.data);
		body_free(body);
	}
	return NULL;
}

static struct body *body_new(const struct tracer_job *job)
{
	struct body *body = calloc(1, sizeof(*body));
	void *data = malloc(job->size);

	if (!body || !data) {
		free(body);
		free(data);
		return NULL;
	}
	memcpy(data, job->data, job->size);
	body->job = *job;
	body->job.data = data;
	body->err = (struct callgate_err)CALLGATE_ERR_INIT;
	pthread_mutex_init(&body->lock, NULL);
	return body;
}

static struct timespec in_ms(unsigned ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return ts;
}

/* A thread that waits for somebody else's memory cannot be called back: it is left to itself. */
static int join(struct body *body, pthread_t thread, struct callgate_err *err)
{
	struct timespec limit = in_ms(body->job.deadline_ms + GRACE_NS / 500000);
	bool ended;

	if (!body->job.deadline_ms || pthread_timedjoin_np(thread, NULL, &limit) == 0) {
		if (!body->job.deadline_ms)
			pthread_join(thread, NULL);
		return 0;
	}
	pthread_mutex_lock(&body->lock);
	ended = body->stage == BODY_ENDED;
	body->stage = ended ? BODY_ENDED : BODY_ABANDONED;
	pthread_mutex_unlock(&body->lock);
	if (ended) {
		pthread_join(thread, NULL);
		return 0;
	}
	pthread_detach(thread);
	return err_set(err, CALLGATE_E_LIMIT,
		       "nothing came of it within %u ms: is memory of the process served by another one (userfaultfd, "
		       "FUSE)?",
		       body->job.deadline_ms);
}

/* A signal that ended or stopped us meanwhile would leave the task in the midst of what it is made to do, with
 * registers that are not its own and its signals blocked: all wait until it is let go, where that is bound to come. */
static int run(struct body *body, struct callgate_err *err)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, thread_main, body);
	if (r) {
		give_up(&body->job, body->job.data);
		body_free(body);
		r = err_set_errno(err, CALLGATE_E_KERNEL, r, NULL, "cannot start a thread");
	} else {
		if (!body->job.deadline_ms)
			pthread_sigmask(SIG_SETMASK, &before, NULL);
		r = join(body, thread, err);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int tracee_in_thread(const struct tracer_job *job, struct callgate_err *err)
{
	struct body *body = body_new(job);
	int r;

	if (!body) {
		give_up(job, job->data);
		return err_nomem(err);
	}
	r = run(body, err);
	if (r < 0)
		return r;
	r = body->result;
	if (r < 0)
		give_up(job, body->job.data);
	else
		memcpy(job->data, body->job.data, job->size);
	if (r < 0 && err)
		*err = body->err;
	body_free(body);
	return r;
}
