/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tracee: a task under ptrace. Stops are waited for with a deadline, signals that come meanwhile are never lost, and
 * what is asked of the task is asked by one thread, its tracer.
 */
#ifndef CALLGATE_KERNEL_TRACEE_H
#define CALLGATE_KERNEL_TRACEE_H

#include "callgate.h"

enum { TRACEE_DEADLINE_MS = 1000 };

struct tracee {
	pid_t tid;
	unsigned deadline_ms; /* of the whole, from the first interruption on; 0: none */
	uint64_t limit_ns;    /* the moment that this makes; 0: not begun */
	bool runs;            /* it was let go and has not been seen to stop */
	unsigned options;     /* PTRACE_O_*, without what suspends its filters; in force again from tracee_back() on */
	uint64_t held;        /* signals that came while it worked for us: bit N - 1; sent again by tracee_detach() */
};

long tracee_ptrace(int request, pid_t tid, uintptr_t addr, void *data);

/* Attaches without stopping. E_NOTFOUND: gone. E_PERM: the text says who is in the way. */
int tracee_seize(const struct tracee *tracee, unsigned options, struct callgate_err *err);

/* Stops it where it is. Signals on the way are delivered. It is then in a PTRACE_EVENT_STOP. */
int tracee_interrupt(struct tracee *tracee, struct callgate_err *err);

/* From a stop to the next one of system call (entry or exit). Signals meanwhile are held, but for SIGSTOP, which the
 * kernel keeps: the task stops by it when it is let go. E_KERNEL: it faulted.
 * E_LIMIT: it did not come there in time; tracee_back() stops it wherever it is. */
int tracee_next_call(struct tracee *tracee, struct callgate_err *err);

/* At a stop of system call: what the kernel takes, whatever instruction brought the task there. False: the kernel does
 * not say (before Linux 5.3), or it stands elsewhere. */
struct tracee_call {
	bool entry;
	uint32_t arch; /* AUDIT_ARCH_* */
	uint64_t nr, args[6];
};
bool tracee_call(pid_t tid, struct tracee_call *out);

/* Its own filters hold again: for every resume behind which it may make a call that nobody has looked at. */
void tracee_filters_hold(const struct tracee *tracee);

/* From an exit stop, or from wherever it runs, back to a PTRACE_EVENT_STOP, the only place where the kernel decides
 * about restarting a call. Signals as with tracee_next_call(). Has some time of its own past the deadline: a task
 * should not be left with our registers. */
int tracee_back(struct tracee *tracee, struct callgate_err *err);

/* Sends again what was held, and lets go. */
int tracee_detach(struct tracee *tracee, struct callgate_err *err);

/* Memory of the task. All or an error. */
int tracee_read(pid_t tid, uint64_t address, void *out, size_t size, struct callgate_err *err);
int tracee_write(pid_t tid, uint64_t address, const void *bytes, size_t size, struct callgate_err *err);
/* Also where the task itself may only read: code. At most four bytes. */
int tracee_patch(pid_t tid, uint64_t address, const void *bytes, size_t size, struct callgate_err *err);

/* What a tracer does, with a copy of its data that the caller gets back. */
struct tracer_job {
	int (*run)(void *data, struct callgate_err *err);
	void *data;
	size_t size;
	unsigned deadline_ms;        /* 0: none */
	void (*release)(void *data); /* what data points to, whenever it fails; NULL: nothing */
};
/* Runs in a thread of its own, which so becomes the tracer: when it ends the kernel lets go of the task, and the caller
 * never becomes anybody's tracer. Signals of the caller wait until it has ended, if there is a deadline. E_LIMIT: it
 * hangs, some time past its deadline, in memory that another process serves; it is left behind, and lets go of the task
 * when it goes on or this process ends. */
int tracee_in_thread(const struct tracer_job *job, struct callgate_err *err);

uint64_t tracee_now_ns(void);

#endif
