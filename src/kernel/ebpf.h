/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* eBPF: a small assembler with labels, and the few commands of bpf(2) that recording and reading tasks need. Nothing is
 * pinned: what is loaded goes away with its descriptors. */
#ifndef CALLGATE_KERNEL_EBPF_H
#define CALLGATE_KERNEL_EBPF_H

#include <linux/bpf.h>

#include "callgate.h"

enum { EBPF_INSNS = 512, EBPF_LABELS = 64, EBPF_JUMPS = 128 };

/* A program under construction. Start from { 0 }; what does not fit is remembered and answered by ebpf_load(). */
struct ebpf {
	struct bpf_insn insns[EBPF_INSNS];
	unsigned count;
	unsigned label_at[EBPF_LABELS], label_count; /* index + 1 of the instruction; 0: not placed */
	struct {
		unsigned at, label;
	} jumps[EBPF_JUMPS];
	unsigned jump_count;
	unsigned callback; /* where its second function begins; 0: it has one alone */
	bool failed;
};

/* size: BPF_B, BPF_H, BPF_W or BPF_DW. op: BPF_ADD ... or BPF_JEQ ... Registers are 0 to 10, 10 is the frame. */
void ebpf_move(struct ebpf *code, int to, int from);
void ebpf_set(struct ebpf *code, int to, int32_t value);
void ebpf_set64(struct ebpf *code, int to, uint64_t value);
void ebpf_set_map(struct ebpf *code, int to, int map);
void ebpf_do(struct ebpf *code, int op, int to, int from);
void ebpf_do_value(struct ebpf *code, int op, int to, int32_t value);
void ebpf_load_from(struct ebpf *code, int size, int to, int base, int offset);
void ebpf_store(struct ebpf *code, int size, int base, int offset, int from);
void ebpf_store_value(struct ebpf *code, int size, int base, int offset, int32_t value);
/* op (BPF_ADD, BPF_OR) with the value in register 1. */
void ebpf_atomic(struct ebpf *code, int op, int size, int base, int offset);
void ebpf_call(struct ebpf *code, int helper);
unsigned ebpf_label(struct ebpf *code);
void ebpf_place(struct ebpf *code, unsigned label);
void ebpf_goto(struct ebpf *code, unsigned label);
void ebpf_if(struct ebpf *code, int op, int left, int right, unsigned label);
void ebpf_if_value(struct ebpf *code, int op, int left, int32_t right, unsigned label);
void ebpf_return(struct ebpf *code, int32_t value);
/* A callback, the function that follows the program's own: its address into a register for a helper that calls it, and
 * its beginning. A program has one at most. */
void ebpf_set_callback(struct ebpf *code, int to, unsigned label);
void ebpf_begin_callback(struct ebpf *code, unsigned label);

/* A raw tracepoint program of this code; a descriptor in *out. E_PERM, E_UNSUPPORTED, E_KERNEL. */
int ebpf_load(struct ebpf *code, const char *name, int *out, struct callgate_err *err);
int ebpf_attach(int program, const char *tracepoint, int *out, struct callgate_err *err);
/* A program that an iterator runs for each of its objects, by the BTF id of the iterator's function; a descriptor of a
 * text for each ebpf_iteration(), to be read to its end. The same errors. */
int ebpf_iterate(struct ebpf *code, uint32_t function, int *program, int *link, struct callgate_err *err);
int ebpf_iteration(int link, int *out, struct callgate_err *err);

struct ebpf_map {
	enum bpf_map_type type;
	unsigned key, value, entries;
	const char *name;
	unsigned flags; /* BPF_F_... */
};
int ebpf_map_new(const struct ebpf_map *map, int *out, struct callgate_err *err);
/* -1 and errno. */
int ebpf_map_get(int map, const void *key, void *value);
int ebpf_map_put(int map, const void *key, const void *value);
int ebpf_map_remove(int map, const void *key);
int ebpf_map_next(int map, const void *key, void *next); /* key NULL: the first one */

#endif
