/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracing programs. Registers: 6 the tracepoint's arguments, 7 the task's state, 8 the number of the call, 9 its
 * class. */
#include <stddef.h>

#include "kernel/trace.h"
#include "names/abi.h"
#include "names/selector.h"

/* A task is outside of calls, in one, or new: then the next exit belongs to no call that was seen. */
enum { STATE_OUTSIDE = 0, STATE_INSIDE = 1, STATE_NEW = 2 };
enum { SIGNAL_SYS = 1, SIGNAL_DELIVERED = 2 };
enum { SIGSYS_NUMBER = 31, SI_CODE_SECCOMP = 1, SI_CODE_AT = 8, MAX_DATA = 4095 };

/* Places in the frame. */
enum {
	AT_TASK = -8,
	AT_NEW = -24,
	AT_SCRATCH = -32,
	AT_CLASS = -40,
	AT_SPILL = -36,
	AT_KEY = -88,
	AT_COUNT = -120,
	AT_COMM = -136,
	AT_EXE = -144,
	AT_REGS = -152,
	AT_INFO = -168,
};
#define KEY(field) (AT_KEY + (int)offsetof(struct trace_key, field))
#define TASK(field) ((int)offsetof(struct trace_task, field))
#define NEW(field) (AT_NEW + TASK(field))
#define COUNT(field) ((int)offsetof(struct trace_count, field))
#define CLASS(field) ((int)offsetof(struct trace_class, field))
#define SPILL(field) ((int)offsetof(struct trace_spill, field))

#if defined(__x86_64__)
enum {
	TI_STATUS = 16,
	STATUS_COMPAT = 2
};                          /* struct thread_info, first in the task since 4.9, so laid out since 5.11 */
enum { REGS_NUMBER = 120 }; /* orig_ax */
const enum callgate_abi trace_abis[TRACE_ABIS] = { CALLGATE_ABI_X86_64, CALLGATE_ABI_X32, CALLGATE_ABI_X86 };
/* Offsets into struct pt_regs of the six arguments (entry_64.S, entry_64_compat.S). */
static const uint32_t arguments_64[RECORD_ARGS] = { 112, 104, 96, 56, 72, 64 };
static const uint32_t arguments_32[RECORD_ARGS] = { 40, 88, 96, 104, 112, 32 };

int trace_class_init(struct trace_class *class, enum callgate_abi abi, uint32_t nr)
{
	const uint32_t *offsets = abi == CALLGATE_ABI_X86 ? arguments_32 : arguments_64;
	struct selector selectors[SELECTORS];
	unsigned count = selectors_of(abi, nr, selectors);

	*class = (struct trace_class){ .count = count };
	for (unsigned i = 0; i < count; i++) {
		class->offset[i] = offsets[selectors[i].arg];
		class->mask[i] = selectors[i].mask;
	}
	return 0;
}
#else
enum { TI_STATUS = 0, STATUS_COMPAT = 0, REGS_NUMBER = 0 };
const enum callgate_abi trace_abis[TRACE_ABIS] = { CALLGATE_ABI_NONE, CALLGATE_ABI_NONE, CALLGATE_ABI_NONE };

int trace_class_init(struct trace_class *class, enum callgate_abi abi, uint32_t nr)
{
	(void)class;
	(void)abi;
	(void)nr;
	return CALLGATE_E_UNSUPPORTED;
}
#endif

/* ------------------------------------------------------------------ pieces */

/* Register 0: the value under the key at a place in the frame, or 0. */
static void look_up(struct ebpf *code, int map, int key)
{
	ebpf_set_map(code, 1, map);
	ebpf_move(code, 2, 10);
	ebpf_do_value(code, BPF_ADD, 2, key);
	ebpf_call(code, BPF_FUNC_map_lookup_elem);
}

static void put(struct ebpf *code, int map, int key, int value, int flags)
{
	ebpf_set_map(code, 1, map);
	ebpf_move(code, 2, 10);
	ebpf_do_value(code, BPF_ADD, 2, key);
	ebpf_move(code, 3, 10);
	ebpf_do_value(code, BPF_ADD, 3, value);
	ebpf_set(code, 4, flags);
	ebpf_call(code, BPF_FUNC_map_update_elem);
}

/* Reads size bytes from the kernel's address in register 3. */
static void read_kernel(struct ebpf *code, int to, int size)
{
	ebpf_move(code, 1, 10);
	ebpf_do_value(code, BPF_ADD, 1, to);
	ebpf_set(code, 2, size);
	ebpf_call(code, BPF_FUNC_probe_read_kernel);
}

static void count_lost(struct ebpf *code, const struct trace_maps *maps)
{
	unsigned none = ebpf_label(code);

	ebpf_store_value(code, BPF_W, 10, AT_SCRATCH, 0);
	look_up(code, maps->lost, AT_SCRATCH);
	ebpf_if_value(code, BPF_JEQ, 0, 0, none);
	ebpf_set(code, 1, 1);
	ebpf_atomic(code, BPF_ADD, BPF_DW, 0, 0);
	ebpf_place(code, none);
}

/* Leaves a number for the task's command in the frame; 0 when there are too many of them. */
static void name_exe(struct ebpf *code, const struct trace_maps *maps)
{
	unsigned known = ebpf_label(code), other = ebpf_label(code), end = ebpf_label(code);

	ebpf_move(code, 1, 10);
	ebpf_do_value(code, BPF_ADD, 1, AT_COMM);
	ebpf_set(code, 2, 16);
	ebpf_call(code, BPF_FUNC_get_current_comm);
	ebpf_load_from(code, BPF_DW, 1, 10, AT_COMM);
	ebpf_load_from(code, BPF_DW, 2, 10, AT_COMM + 8);
	ebpf_set64(code, 3, 0x9e3779b97f4a7c15u);
	ebpf_do(code, BPF_MUL, 2, 3);
	ebpf_do(code, BPF_XOR, 1, 2);
	ebpf_do(code, BPF_MUL, 1, 3);
	ebpf_do_value(code, BPF_RSH, 1, 32);
	ebpf_store(code, BPF_W, 10, AT_EXE, 1);
	look_up(code, maps->exes, AT_EXE);
	ebpf_if_value(code, BPF_JNE, 0, 0, known);
	put(code, maps->exes, AT_EXE, AT_COMM, BPF_NOEXIST);
	ebpf_if_value(code, BPF_JEQ, 0, 0, end);
	ebpf_goto(code, other);
	ebpf_place(code, known);
	for (int half = 0; half < 16; half += 8) {
		ebpf_load_from(code, BPF_DW, 1, 0, half);
		ebpf_load_from(code, BPF_DW, 2, 10, AT_COMM + half);
		ebpf_if(code, BPF_JNE, 1, 2, other);
	}
	ebpf_goto(code, end);
	ebpf_place(code, other);
	ebpf_store_value(code, BPF_W, 10, AT_EXE, 0);
	ebpf_place(code, end);
}

/* Goes to wanted when a task that is not known yet belongs to the scope. */
static void ask_scope(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope,
		      unsigned wanted)
{
	if (scope->cgroup_level) {
		ebpf_set(code, 1, (int32_t)scope->cgroup_level);
		ebpf_call(code, BPF_FUNC_get_current_ancestor_cgroup_id);
		ebpf_set64(code, 1, scope->cgroup_id);
		ebpf_if(code, BPF_JEQ, 0, 1, wanted);
	}
	if (scope->pidns_ino) {
		ebpf_set64(code, 1, scope->pidns_dev);
		ebpf_set64(code, 2, scope->pidns_ino);
		ebpf_move(code, 3, 10);
		ebpf_do_value(code, BPF_ADD, 3, AT_SCRATCH);
		ebpf_set(code, 4, sizeof(struct bpf_pidns_info));
		ebpf_call(code, BPF_FUNC_get_ns_current_pid_tgid);
		ebpf_if_value(code, BPF_JEQ, 0, 0, wanted);
	}
	ebpf_call(code, BPF_FUNC_get_current_pid_tgid);
	ebpf_do_value(code, BPF_RSH, 0, 32);
	ebpf_store(code, BPF_W, 10, AT_SCRATCH, 0);
	look_up(code, maps->seeds, AT_SCRATCH);
	ebpf_if_value(code, BPF_JNE, 0, 0, wanted);
}

/* Register 7: the current task's state; goes to out when it is not in the scope. */
static void find_task(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope, unsigned out)
{
	unsigned known = ebpf_label(code), wanted = ebpf_label(code), made = ebpf_label(code);

	ebpf_move(code, 6, 1);
	ebpf_call(code, BPF_FUNC_get_current_task);
	ebpf_store(code, BPF_DW, 10, AT_TASK, 0);
	look_up(code, maps->tasks, AT_TASK);
	ebpf_if_value(code, BPF_JNE, 0, 0, known);
	ask_scope(code, maps, scope, wanted);
	ebpf_goto(code, out);
	ebpf_place(code, wanted);
	name_exe(code, maps);
	ebpf_store_value(code, BPF_W, 10, NEW(state), STATE_NEW);
	ebpf_store_value(code, BPF_W, 10, NEW(phase), (int32_t)scope->phase);
	ebpf_load_from(code, BPF_W, 1, 10, AT_EXE);
	ebpf_store(code, BPF_W, 10, NEW(exe), 1);
	ebpf_store_value(code, BPF_W, 10, NEW(signals), 0);
	put(code, maps->tasks, AT_TASK, AT_NEW, BPF_ANY);
	look_up(code, maps->tasks, AT_TASK);
	ebpf_if_value(code, BPF_JNE, 0, 0, made);
	count_lost(code, maps);
	ebpf_goto(code, out);
	ebpf_place(code, made);
	ebpf_place(code, known);
	ebpf_move(code, 7, 0);
}

/* Register 7: the state of a task that is known already, whose address is an argument of the tracepoint. */
static void find_known(struct ebpf *code, const struct trace_maps *maps, int argument, unsigned out)
{
	ebpf_move(code, 6, 1);
	ebpf_load_from(code, BPF_DW, 1, 6, 8 * argument);
	ebpf_store(code, BPF_DW, 10, AT_TASK, 1);
	look_up(code, maps->tasks, AT_TASK);
	ebpf_if_value(code, BPF_JEQ, 0, 0, out);
	ebpf_move(code, 7, 0);
}

/* ------------------------------------------------------------------ counting a call */

/* Register 9: an index from the number in register 8 and the way into the kernel; left in the frame too. */
static void classify(struct ebpf *code)
{
	unsigned compat = ebpf_label(code), x32 = ebpf_label(code), end = ebpf_label(code);
	unsigned other[TRACE_ABIS], last = TRACE_ABIS * TRACE_NUMBERS;

	for (unsigned i = 0; i < TRACE_ABIS; i++)
		other[i] = ebpf_label(code);
	ebpf_load_from(code, BPF_DW, 3, 10, AT_TASK);
	ebpf_do_value(code, BPF_ADD, 3, TI_STATUS);
	read_kernel(code, AT_SCRATCH, 4);
	ebpf_load_from(code, BPF_W, 1, 10, AT_SCRATCH);
	ebpf_do_value(code, BPF_AND, 1, STATUS_COMPAT);
	ebpf_move(code, 9, 8);
	ebpf_if_value(code, BPF_JNE, 1, 0, compat);
	ebpf_move(code, 1, 8);
	ebpf_do_value(code, BPF_AND, 1, (int32_t)X32_BIT);
	ebpf_if_value(code, BPF_JNE, 1, 0, x32);
	ebpf_if_value(code, BPF_JGE, 9, TRACE_NUMBERS, other[0]);
	ebpf_goto(code, end);
	ebpf_place(code, x32);
	ebpf_do_value(code, BPF_XOR, 9, (int32_t)X32_BIT);
	ebpf_if_value(code, BPF_JGE, 9, TRACE_NUMBERS, other[1]);
	ebpf_do_value(code, BPF_ADD, 9, TRACE_NUMBERS);
	ebpf_goto(code, end);
	ebpf_place(code, compat);
	ebpf_if_value(code, BPF_JGE, 9, TRACE_NUMBERS, other[2]);
	ebpf_do_value(code, BPF_ADD, 9, 2 * TRACE_NUMBERS);
	ebpf_goto(code, end);
	for (unsigned i = 0; i < TRACE_ABIS; i++) {
		ebpf_place(code, other[i]);
		ebpf_set(code, 9, (int32_t)(last + i));
		ebpf_goto(code, end);
	}
	ebpf_place(code, end);
	ebpf_store(code, BPF_W, 10, AT_CLASS, 9);
}

/* Register 1: the class's argument at index, masked. The address of the registers is in the frame. */
static void read_argument(struct ebpf *code, int index)
{
	ebpf_load_from(code, BPF_DW, 3, 10, AT_REGS);
	ebpf_load_from(code, BPF_W, 1, 9, CLASS(offset) + 4 * index);
	ebpf_do(code, BPF_ADD, 3, 1);
	read_kernel(code, AT_SCRATCH, 8);
	ebpf_load_from(code, BPF_DW, 1, 10, AT_SCRATCH);
	ebpf_load_from(code, BPF_DW, 2, 9, CLASS(mask) + 8 * index);
	ebpf_do(code, BPF_AND, 1, 2);
}

static void make_key(struct ebpf *code)
{
	unsigned end = ebpf_label(code);

	ebpf_store(code, BPF_W, 10, KEY(nr), 8);
	ebpf_load_from(code, BPF_W, 1, 10, AT_CLASS);
	ebpf_store(code, BPF_W, 10, KEY(class), 1);
	ebpf_load_from(code, BPF_W, 1, 7, TASK(exe));
	ebpf_store(code, BPF_W, 10, KEY(exe), 1);
	ebpf_load_from(code, BPF_W, 1, 7, TASK(phase));
	ebpf_store(code, BPF_H, 10, KEY(phase), 1);
	ebpf_store_value(code, BPF_W, 10, KEY(pad), 0);
	for (int i = 0; i < SELECTORS; i++)
		ebpf_store_value(code, BPF_DW, 10, KEY(args) + 8 * i, 0);
	for (int i = 0; i < SELECTORS; i++) {
		ebpf_load_from(code, BPF_W, 1, 9, CLASS(count));
		ebpf_if_value(code, BPF_JLE, 1, i, end);
		read_argument(code, i);
		ebpf_store(code, BPF_DW, 10, KEY(args) + 8 * i, 1);
	}
	ebpf_place(code, end);
}

/* One more at the count that register 0 points to. */
static void count_here(struct ebpf *code)
{
	ebpf_move(code, 8, 0);
	ebpf_set(code, 1, 1);
	ebpf_atomic(code, BPF_ADD, BPF_DW, 8, COUNT(count));
	ebpf_call(code, BPF_FUNC_jiffies64);
	ebpf_store(code, BPF_DW, 8, COUNT(last_tick), 0);
}

/* The class has too many rows, or there are too many in all: counted with others of its kind. */
static void count_spilled(struct ebpf *code, const struct trace_maps *maps, unsigned out)
{
	unsigned undenied = ebpf_label(code), dated = ebpf_label(code);

	ebpf_load_from(code, BPF_W, 1, 10, AT_CLASS);
	ebpf_do_value(code, BPF_LSH, 1, 2);
	ebpf_load_from(code, BPF_H, 2, 10, KEY(phase));
	ebpf_do_value(code, BPF_LSH, 2, 1);
	ebpf_do(code, BPF_ADD, 1, 2);
	ebpf_load_from(code, BPF_H, 2, 10, KEY(answer));
	ebpf_if_value(code, BPF_JEQ, 2, RECORD_RAN, undenied);
	ebpf_do_value(code, BPF_ADD, 1, 1);
	ebpf_place(code, undenied);
	ebpf_store(code, BPF_W, 10, AT_SPILL, 1);
	look_up(code, maps->spill, AT_SPILL);
	ebpf_if_value(code, BPF_JEQ, 0, 0, out);
	count_here(code);
	ebpf_load_from(code, BPF_DW, 1, 8, COUNT(first));
	ebpf_if_value(code, BPF_JNE, 1, 0, dated);
	ebpf_store(code, BPF_DW, 8, COUNT(born_tick), 0);
	ebpf_call(code, BPF_FUNC_ktime_get_ns);
	ebpf_store(code, BPF_DW, 8, COUNT(first), 0);
	ebpf_place(code, dated);
	ebpf_load_from(code, BPF_H, 1, 10, KEY(answer));
	ebpf_store(code, BPF_W, 8, SPILL(answer), 1);
	ebpf_load_from(code, BPF_W, 1, 10, KEY(data));
	ebpf_store(code, BPF_W, 8, SPILL(data), 1);
	for (int i = 0; i < SELECTORS; i++) {
		ebpf_load_from(code, BPF_DW, 1, 10, KEY(args) + 8 * i);
		ebpf_atomic(code, BPF_OR, BPF_DW, 8, SPILL(ones) + 8 * i);
		ebpf_do_value(code, BPF_XOR, 1, -1);
		ebpf_atomic(code, BPF_OR, BPF_DW, 8, SPILL(zeros) + 8 * i);
	}
	ebpf_goto(code, out);
}

/* A row of its own, as long as the class may have another. */
static void count_first(struct ebpf *code, const struct trace_maps *maps, unsigned hit, unsigned spilled, unsigned out)
{
	ebpf_load_from(code, BPF_W, 1, 9, CLASS(keys));
	ebpf_if_value(code, BPF_JGE, 1, TRACE_KEYS_PER_CLASS, spilled);
	ebpf_set(code, 1, 1);
	ebpf_atomic(code, BPF_ADD, BPF_W, 9, CLASS(keys));
	ebpf_store_value(code, BPF_DW, 10, AT_COUNT + COUNT(count), 1);
	ebpf_call(code, BPF_FUNC_ktime_get_ns);
	ebpf_store(code, BPF_DW, 10, AT_COUNT + COUNT(first), 0);
	ebpf_call(code, BPF_FUNC_jiffies64);
	ebpf_store(code, BPF_DW, 10, AT_COUNT + COUNT(born_tick), 0);
	ebpf_store(code, BPF_DW, 10, AT_COUNT + COUNT(last_tick), 0);
	put(code, maps->calls, AT_KEY, AT_COUNT, BPF_NOEXIST);
	ebpf_if_value(code, BPF_JEQ, 0, 0, out);
	look_up(code, maps->calls, AT_KEY); /* another CPU may have been first */
	ebpf_if_value(code, BPF_JNE, 0, 0, hit);
	ebpf_goto(code, spilled);
}

/* Counts the call whose number is in register 8; its answer and data are in the key already. */
static void count_call(struct ebpf *code, const struct trace_maps *maps, unsigned out)
{
	unsigned hit = ebpf_label(code), spilled = ebpf_label(code);

	classify(code);
	look_up(code, maps->classes, AT_CLASS);
	ebpf_if_value(code, BPF_JEQ, 0, 0, out);
	ebpf_move(code, 9, 0);
	make_key(code);
	look_up(code, maps->calls, AT_KEY);
	ebpf_if_value(code, BPF_JNE, 0, 0, hit);
	count_first(code, maps, hit, spilled, out);
	ebpf_place(code, hit);
	count_here(code);
	ebpf_goto(code, out);
	ebpf_place(code, spilled);
	count_spilled(code, maps, out);
}

/* ------------------------------------------------------------------ the programs */

static void build_enter(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope)
{
	unsigned out = ebpf_label(code);

	find_task(code, maps, scope, out);
	ebpf_store_value(code, BPF_W, 7, TASK(state), STATE_INSIDE);
	ebpf_store_value(code, BPF_W, 7, TASK(signals), 0);
	ebpf_load_from(code, BPF_DW, 1, 6, 0);
	ebpf_store(code, BPF_DW, 10, AT_REGS, 1);
	ebpf_load_from(code, BPF_W, 8, 6, 8);
	ebpf_store_value(code, BPF_H, 10, KEY(answer), RECORD_RAN);
	ebpf_store_value(code, BPF_W, 10, KEY(data), 0);
	count_call(code, maps, out);
	ebpf_place(code, out);
	ebpf_return(code, 0);
}

/* Answer and data of a call that did not run, from the task's signals and the result in the tracepoint's second
 * argument. */
static void tell_answer(struct ebpf *code)
{
	unsigned emulated = ebpf_label(code), end = ebpf_label(code), by_signal = ebpf_label(code);

	ebpf_store_value(code, BPF_W, 10, KEY(data), 0);
	ebpf_load_from(code, BPF_W, 1, 7, TASK(signals));
	ebpf_store_value(code, BPF_W, 7, TASK(signals), 0);
	ebpf_do_value(code, BPF_AND, 1, SIGNAL_SYS);
	ebpf_if_value(code, BPF_JNE, 1, 0, by_signal);
	ebpf_set(code, 1, 0);
	ebpf_load_from(code, BPF_DW, 2, 6, 8);
	ebpf_do(code, BPF_SUB, 1, 2);
	ebpf_if_value(code, BPF_JEQ, 1, 0, emulated);
	ebpf_if_value(code, BPF_JGT, 1, MAX_DATA, emulated);
	ebpf_store(code, BPF_W, 10, KEY(data), 1);
	ebpf_store_value(code, BPF_H, 10, KEY(answer), RECORD_ERRNO);
	ebpf_goto(code, end);
	ebpf_place(code, emulated);
	ebpf_store_value(code, BPF_H, 10, KEY(answer), RECORD_EMULATED);
	ebpf_goto(code, end);
	ebpf_place(code, by_signal);
	ebpf_store_value(code, BPF_H, 10, KEY(answer), RECORD_SIGSYS);
	ebpf_place(code, end);
}

/* Register 8: the number that the registers in the frame still show. */
static void read_number(struct ebpf *code)
{
	ebpf_load_from(code, BPF_DW, 3, 10, AT_REGS);
	ebpf_do_value(code, BPF_ADD, 3, REGS_NUMBER);
	read_kernel(code, AT_SCRATCH, 4);
	ebpf_load_from(code, BPF_W, 8, 10, AT_SCRATCH);
}

static void build_exit(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope)
{
	unsigned out = ebpf_label(code);

	find_task(code, maps, scope, out);
	ebpf_load_from(code, BPF_W, 1, 7, TASK(state));
	ebpf_store_value(code, BPF_W, 7, TASK(state), STATE_OUTSIDE);
	ebpf_if_value(code, BPF_JNE, 1, STATE_OUTSIDE, out);
	ebpf_load_from(code, BPF_DW, 1, 6, 0);
	ebpf_store(code, BPF_DW, 10, AT_REGS, 1);
	tell_answer(code);
	read_number(code);
	count_call(code, maps, out);
	ebpf_place(code, out);
	ebpf_return(code, 0);
}

/* A child has its parent's phase and command, and its first exit is the fork's. */
static void build_fork(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope)
{
	unsigned out = ebpf_label(code);

	(void)scope;
	find_known(code, maps, 0, out);
	ebpf_store_value(code, BPF_W, 10, NEW(state), STATE_NEW);
	ebpf_load_from(code, BPF_W, 1, 7, TASK(phase));
	ebpf_store(code, BPF_W, 10, NEW(phase), 1);
	ebpf_load_from(code, BPF_W, 1, 7, TASK(exe));
	ebpf_store(code, BPF_W, 10, NEW(exe), 1);
	ebpf_store_value(code, BPF_W, 10, NEW(signals), 0);
	ebpf_load_from(code, BPF_DW, 1, 6, 8);
	ebpf_store(code, BPF_DW, 10, AT_TASK, 1);
	put(code, maps->tasks, AT_TASK, AT_NEW, BPF_ANY);
	ebpf_if_value(code, BPF_JEQ, 0, 0, out);
	count_lost(code, maps);
	ebpf_place(code, out);
	ebpf_return(code, 0);
}

static void build_exec(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope)
{
	unsigned out = ebpf_label(code);

	(void)scope;
	find_known(code, maps, 0, out);
	ebpf_store_value(code, BPF_W, 7, TASK(phase), CALLGATE_PHASE_PROGRAM);
	name_exe(code, maps);
	ebpf_load_from(code, BPF_W, 1, 10, AT_EXE);
	ebpf_store(code, BPF_W, 7, TASK(exe), 1);
	ebpf_place(code, out);
	ebpf_return(code, 0);
}

/* Arguments: signal, info, task. Small values of info are no addresses. */
static void build_signal(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope)
{
	unsigned out = ebpf_label(code);

	(void)scope;
	ebpf_load_from(code, BPF_W, 2, 1, 0);
	ebpf_if_value(code, BPF_JNE, 2, SIGSYS_NUMBER, out);
	find_known(code, maps, 2, out);
	ebpf_load_from(code, BPF_DW, 3, 6, 8);
	ebpf_if_value(code, BPF_JLE, 3, 4095, out);
	read_kernel(code, AT_INFO, 16);
	ebpf_load_from(code, BPF_W, 1, 10, AT_INFO + SI_CODE_AT);
	ebpf_if_value(code, BPF_JNE, 1, SI_CODE_SECCOMP, out);
	ebpf_set(code, 1, SIGNAL_SYS);
	ebpf_atomic(code, BPF_OR, BPF_W, 7, TASK(signals));
	ebpf_place(code, out);
	ebpf_return(code, 0);
}

static void build_deliver(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope)
{
	unsigned out = ebpf_label(code);

	(void)scope;
	ebpf_call(code, BPF_FUNC_get_current_task);
	ebpf_store(code, BPF_DW, 10, AT_TASK, 0);
	look_up(code, maps->tasks, AT_TASK);
	ebpf_if_value(code, BPF_JEQ, 0, 0, out);
	ebpf_set(code, 1, SIGNAL_DELIVERED);
	ebpf_atomic(code, BPF_OR, BPF_W, 0, TASK(signals));
	ebpf_place(code, out);
	ebpf_return(code, 0);
}

/* Forgets the task. One that ends outside of a call, and not by a signal, was killed alone by seccomp: KILL_THREAD with
 * threads left, which neither a signal nor an exit of the call shows. That holds only while enters are seen. */
static void build_end(struct ebpf *code, const struct trace_maps *maps, bool killed)
{
	unsigned out = ebpf_label(code), forget = ebpf_label(code);

	find_known(code, maps, 0, out);
	if (killed) {
		ebpf_load_from(code, BPF_W, 1, 7, TASK(state));
		ebpf_if_value(code, BPF_JNE, 1, STATE_OUTSIDE, forget);
		ebpf_load_from(code, BPF_W, 1, 7, TASK(signals));
		ebpf_if_value(code, BPF_JNE, 1, 0, forget);
		ebpf_store_value(code, BPF_W, 10, AT_SCRATCH, TRACE_OPEN);
		look_up(code, maps->seeds, AT_SCRATCH);
		ebpf_if_value(code, BPF_JEQ, 0, 0, forget);
		ebpf_call(code, BPF_FUNC_get_current_task_btf);
		ebpf_move(code, 1, 0);
		ebpf_call(code, BPF_FUNC_task_pt_regs);
		ebpf_store(code, BPF_DW, 10, AT_REGS, 0);
		read_number(code);
		ebpf_store_value(code, BPF_H, 10, KEY(answer), RECORD_SIGSYS);
		ebpf_store_value(code, BPF_W, 10, KEY(data), 0);
		count_call(code, maps, forget);
	}
	ebpf_place(code, forget);
	ebpf_set_map(code, 1, maps->tasks);
	ebpf_move(code, 2, 10);
	ebpf_do_value(code, BPF_ADD, 2, AT_TASK);
	ebpf_call(code, BPF_FUNC_map_delete_elem);
	ebpf_place(code, out);
	ebpf_return(code, 0);
}

static void build_killed(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope)
{
	(void)scope;
	build_end(code, maps, true);
}

static void build_gone(struct ebpf *code, const struct trace_maps *maps, const struct trace_scope *scope)
{
	(void)scope;
	build_end(code, maps, false);
}

/* In the order of attaching: who forks and ends is known before the first call counts, and no exit is looked at before
 * enters are. Detached the other way round. */
const struct trace_program trace_programs[TRACE_PROGRAMS] = {
	{ "sched_process_exit", build_killed, build_gone },
	{ "sched_process_fork", build_fork, NULL },
	{ "sched_process_exec", build_exec, NULL },
	{ "signal_generate", build_signal, NULL },
	{ "signal_deliver", build_deliver, NULL },
	{ "sys_enter", build_enter, NULL },
	{ "sys_exit", build_exit, NULL },
};
