/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inject: loads a program into another task, by making it call seccomp(2), and leaves nothing else behind. */
#ifndef CALLGATE_KERNEL_INJECT_H
#define CALLGATE_KERNEL_INJECT_H

#include "bpf/prog.h"
#include "kernel/tracee.h"

/* What it takes where filters of the process's own are in the way. */
#define INJECT_AROUND "CAP_SYS_ADMIN in the initial user namespace and a caller without filters"

struct injection {
	const struct callgate_prog *prog;
	uint32_t flags; /* at load */
	bool set_nnp;   /* before it */
	int before;     /* how many filters the task has; -1: the kernel does not say */
	/* Below the stack pointer, what was there is put back: of a command that has just begun. Else another might use
	 * that memory, a thread or a process that shares it: a mapping is made and given back. The program may not let
	 * it be given back; a process of one thread then lends its stack. */
	enum inject_memory { INJECT_STACK, INJECT_MAPPING, INJECT_MAPPING_OR_STACK } memory;
	/* Behind a stop of execve or of a breakpoint nothing is restarted; out of a blocked call it goes back to the
	 * trap. */
	enum inject_leave { INJECT_GO_ON, INJECT_RESTART } leave;
	bool suspended;  /* PTRACE_O_SUSPEND_SECCOMP holds */
	int64_t blocked; /* INJECT_RESTART: the call it was seen in; -1 */
	bool read_back;  /* answer: the kernel showed the very program, which it does to privileged tracers only */
};

/* The task is in a ptrace stop, PTRACE_O_TRACESYSGOOD is set. Whatever comes out, its registers, signal mask and memory
 * are as before, and it is still stopped. E_MISMATCH: what the kernel shows is another program. E_PERM: its rights or
 * its filters do not let it. E_NOTFOUND: it ended. */
int inject_stopped(struct tracee *tracee, struct injection *injection, struct callgate_err *err);

/* As callgate_process_inject(). one: a thread of the process that is meant, as a list has it; NULL: whoever has the id
 * now. E_NOTFOUND: that thread has ended, and somebody else may have the process's id. */
int inject_process(pid_t pid, const struct callgate_task *one, const struct callgate_prog *prog,
		   const struct callgate_inject *how, struct callgate_injected *out, struct callgate_err *err);

#endif
