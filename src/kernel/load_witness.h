/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Load_witness: that a filter which seccomp(2) says it has loaded is there. A filter beneath, a tracer or a supervisor
 * can answer the call in the kernel's place. */
#ifndef CALLGATE_KERNEL_LOAD_WITNESS_H
#define CALLGATE_KERNEL_LOAD_WITNESS_H

#include "bpf/prog.h"

enum { LOAD_TEXT = 8192 };
struct load_shared;

struct load_seen {
	int mode, filters; /* filters -1: the kernel does not say */
	unsigned threads;
	bool whole; /* was read by one call */
};

struct load_witness {
	const struct callgate_prog *prog;
	struct load_seen before;
	int status;                 /* /proc/thread-self/status, which is read again; -1: an observer looks */
	struct load_shared *shared; /* with the observer; NULL: none */
	char text[LOAD_TEXT];
};

/* Before the load, while every call is still allowed. E_IO, E_UNSUPPORTED: there would be no way to check afterwards,
 * so nothing may be loaded. */
int load_witness_open(struct load_witness *witness, const struct callgate_prog *prog, struct callgate_err *err);

/* After seccomp(2) has answered with success. Makes only calls that the program allows. E_MISMATCH: the calling thread,
 * or with TSYNC another one, has no filter more than before. */
int load_witness_check(struct load_witness *witness, struct callgate_err *err);

/* Where nothing was loaded. */
void load_witness_abandon(struct load_witness *witness);

#endif
