/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trace: counts the system calls of some tasks in the kernel, by raw tracepoints. An exit of a call without its enter
 * is a call that seccomp kept from running, because filters come before the tracepoint. Counting happens in hash maps,
 * so that no event can be lost between kernel and reader; what finds no place in them any more is counted too.
 */
#ifndef CALLGATE_KERNEL_TRACE_H
#define CALLGATE_KERNEL_TRACE_H

#include "kernel/ebpf.h"
#include "record/record.h"
#include "record/recording.h"

/* Which tasks: any of these that is given, and all that they start. */
struct trace_scope {
	unsigned cgroup_level; /* of version 2, 1 is below the root; 0: none given */
	uint64_t cgroup_id;
	uint64_t pidns_dev, pidns_ino; /* ino 0: none given */
	const pid_t *pids;             /* processes, of the initial pid namespace */
	size_t pid_count;
	enum callgate_phase phase; /* that they are in */
};

enum { TRACE_PROGRAMS = 7 };

struct trace_maps {
	int tasks, calls, classes, spill, exes, seeds, lost;
};

struct trace {
	struct trace_maps maps;
	int programs[TRACE_PROGRAMS], links[TRACE_PROGRAMS];
	bool sees_killed_threads; /* a thread killed alone leaves no signal; seen where the kernel has its BTF */
};

/*
 * From when it returns 0, every call of theirs counts. E_PERM, E_UNSUPPORTED (kernel before 5.11, machine), E_KERNEL.
 */
int trace_start(struct trace *trace, const struct trace_scope *scope, struct callgate_err *err);
/* More processes, while it runs. */
int trace_add_pids(struct trace *trace, const pid_t *pids, size_t count, struct callgate_err *err);
/* Adds what has been counted so far. */
int trace_collect(const struct trace *trace, struct callgate_record *record, struct callgate_err *err);
/* No call counts any more; the counts can still be collected. */
void trace_stop(struct trace *trace);
void trace_release(struct trace *trace);

/* ------------------------------------------------------------------ kernel/trace_program.c: the programs */

/* Numbers that are looked at one by one, for each ABI of the machine; the others of an ABI share a class. */
enum { TRACE_NUMBERS = 1024, TRACE_ABIS = 3, TRACE_CLASSES = TRACE_ABIS * TRACE_NUMBERS + TRACE_ABIS };
/* Among the seeds while enters are seen: no process has this id. */
enum { TRACE_OPEN = 0x7fffffff };
enum { TRACE_KEYS_PER_CLASS = 512, TRACE_KEYS = 32768, TRACE_TASKS = 65536, TRACE_SEEDS = 8192, TRACE_EXES = 256 };
extern const enum callgate_abi trace_abis[TRACE_ABIS];

/* Which registers of a class are looked at. */
struct trace_class {
	uint32_t count, keys; /* keys: how many rows it has in calls */
	uint32_t offset[3];   /* into struct pt_regs */
	uint32_t pad;
	uint64_t mask[3];
};
struct trace_task {
	uint32_t state, phase, exe, signals;
};
struct trace_key {
	uint32_t class, nr, exe;
	uint16_t phase, answer;
	uint32_t data, pad;
	uint64_t args[3];
};
/* The clock takes a fifth of what a recorded call costs, so it is read for the first call alone, and for the others the
 * kernel's ticks since then. */
struct trace_count {
	uint64_t count;
	uint64_t first; /* ns */
	uint64_t born_tick, last_tick;
};
/* What no longer gets rows of its own: by class, phase and whether it was denied. ones, zeros: bits that some value
 * has, has not. */
struct trace_spill {
	struct trace_count count;
	uint32_t answer, data; /* the last one's */
	uint64_t ones[3], zeros[3];
};

/* E_UNSUPPORTED: not for this machine. */
int trace_class_init(struct trace_class *class, enum callgate_abi abi, uint32_t nr);
typedef void trace_build(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope);
struct trace_program {
	const char *tracepoint;
	trace_build *build,
		*otherwise; /* otherwise: where the kernel does not take it; NULL: then recording is not possible */
};
extern const struct trace_program trace_programs[TRACE_PROGRAMS];

#endif
