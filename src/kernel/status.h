/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Status: what /proc says about one task. Everything is read through one directory, so that a reused pid is never mixed
 * in. */
#ifndef CALLGATE_KERNEL_STATUS_H
#define CALLGATE_KERNEL_STATUS_H

#include "callgate.h"

/* What is wanted besides the public fields. */
struct task_detail {
	pid_t tracer; /* 0: nobody */
	char state;   /* R S D T t Z X I */
	bool kernel_thread;
	uint64_t effective; /* capabilities, in the task's own user namespace */
	unsigned threads;   /* of its process */
};

/* dir: a descriptor of /proc/PID/task/TID (or /proc/PID, which shows the first thread). detail may be NULL.
 * E_NOTFOUND: the task is gone. */
int task_read(int dir, struct callgate_task *out, struct task_detail *detail, struct callgate_err *err);

/* A thread by its name in tasks, a descriptor of /proc/PID/task. */
int task_read_in(int tasks, const char *name, struct callgate_task *out, struct task_detail *detail,
		 struct callgate_err *err);

/* Opens /proc/TID (any thread's id will do) and reads it. */
int task_read_id(pid_t tid, struct callgate_task *out, struct task_detail *detail, struct callgate_err *err);

/* E_NOTFOUND, E_ARG, E_PERM: why nobody can trace such a task (it has ended, is the kernel's, is traced). 0: somebody
 * may. */
int task_refuse_tracing(pid_t pid, const struct task_detail *detail, struct callgate_err *err);

/* A zombie: its letter in stat. It runs nothing any more. */
bool state_has_ended(char state);

/* Opens a directory of /proc. E_NOTFOUND: it is gone. E_IO: anything else, which must not be taken for that. */
int proc_open(int dir, const char *name, int *out, struct callgate_err *err);

/* Reads a small file of /proc into buf and ends it with a NUL. E_NOTFOUND, E_IO, E_LIMIT when it does not fit. */
int proc_read(int dir, const char *name, char *buf, size_t size, struct callgate_err *err);

/* Of /proc/PID/stat; all 0 where it is not ours to see. E_NOTFOUND: no such process. */
struct process_stat {
	pid_t parent;
	char state; /* of the first thread: it may be Z while others live */
	long threads;
};
int process_stat(pid_t pid, struct process_stat *out, struct callgate_err *err);

#endif
