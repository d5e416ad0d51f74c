/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prog: classic BPF words and the flags that they want. One flat copy. */
#ifndef CALLGATE_BPF_PROG_H
#define CALLGATE_BPF_PROG_H

#include <linux/filter.h>

#include "callgate.h"

enum { PROG_LIMIT = 4096 }; /* BPF_MAXINSNS */

struct callgate_prog {
	unsigned count;
	uint32_t flags;  /* SECCOMP_FILTER_FLAG_* wanted at load */
	bool big_endian; /* byte order of the target: argument offsets follow it */
	struct sock_filter insns[];
};

int prog_new(const struct sock_filter *insns, unsigned count, struct callgate_prog **out, struct callgate_err *err);

/* bpf/check.c: what seccomp_check_filter() and bpf_check_classic() of the kernel ask (kernel/seccomp.c,
 * net/core/filter.c): 1..4096 instructions, opcodes that seccomp admits, aligned loads inside struct seccomp_data,
 * jumps inside the program, no division by constant zero, shifts below 32, memory read only after it was written, the
 * last instruction returns. E_PROFILE with the pc in err->line. */
int prog_check(const struct callgate_prog *prog, struct callgate_err *err);

/* bpf/eval.c: the interpreter, with the kernel's semantics (A and X start at 0, division by zero returns 0).
 * Runs any program that prog_check() passes. steps may be NULL: instructions executed. */
struct prog_data { /* struct seccomp_data, in host values */
	uint32_t nr, audit;
	uint64_t ip;
	uint64_t args[6];
};
uint32_t prog_eval(const struct callgate_prog *prog, const struct prog_data *data, unsigned *steps);

/* The same, and which comparisons of words with constants were met on the way (the first PROG_TRACE of them). */
enum { PROG_TRACE = 128 };
struct prog_compare {
	uint32_t offset; /* of the word in struct seccomp_data */
	uint32_t mask, k;
};
struct prog_trace {
	struct prog_compare seen[PROG_TRACE];
	unsigned count;
};
uint32_t prog_eval_traced(const struct callgate_prog *prog, const struct prog_data *data, unsigned *steps,
			  struct prog_trace *trace);

/* E_MISMATCH with the call and both actions: got is the program's, want the filter's. */
int prog_disagree(const struct prog_data *call, struct callgate_action got, struct callgate_action want,
		  struct callgate_err *err);

/* bpf/lower.c: filter -> prog. Emits backwards with memoised nodes; on every path to an unconditional ALLOW only the
 * instructions that the kernel's allow bitmap understands. E_LIMIT past 4096 instructions, E_UNSUPPORTED for opaque
 * leaves. */
int prog_lower(const struct callgate_filter *filter, struct callgate_prog **out, struct callgate_err *err);

/* bpf/prove.c: does prog mean exactly what filter says, for every architecture, number and argument? E_MISMATCH names
 * the syscall and a call that distinguishes them; also where the program is opaque, because then the answer is unknown.
 */
int prog_prove(const struct callgate_prog *prog, const struct callgate_filter *filter, struct callgate_err *err);

#endif
