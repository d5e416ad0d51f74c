/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Assembling eBPF and handing it to the kernel. */
#include "kernel/ebpf.h"

#include <errno.h>
#include <linux/btf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

enum { LOAD_WIDE = BPF_LD | BPF_DW }; /* and BPF_IMM, which is 0 */

static void add(struct ebpf *code, struct bpf_insn insn)
{
	if (code->count == EBPF_INSNS)
		code->failed = true;
	else
		code->insns[code->count++] = insn;
}

static struct bpf_insn insn_of(int op, int to, int from, int offset, int32_t value)
{
	return (struct bpf_insn){ .code = (__u8)op,
				  .dst_reg = (__u8)(to & 15),
				  .src_reg = (__u8)(from & 15),
				  .off = (__s16)offset,
				  .imm = value };
}

void ebpf_move(struct ebpf *code, int to, int from)
{
	add(code, insn_of(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0));
}

void ebpf_set(struct ebpf *code, int to, int32_t value)
{
	add(code, insn_of(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value));
}

static void set_wide(struct ebpf *code, int to, int kind, uint64_t value)
{
	add(code, insn_of(LOAD_WIDE, to, kind, 0, (int32_t)(uint32_t)value));
	add(code, insn_of(0, 0, 0, 0, (int32_t)(uint32_t)(value >> 32)));
}

void ebpf_set64(struct ebpf *code, int to, uint64_t value)
{
	set_wide(code, to, 0, value);
}

void ebpf_set_map(struct ebpf *code, int to, int map)
{
	set_wide(code, to, BPF_PSEUDO_MAP_FD, (uint32_t)map);
}

void ebpf_do(struct ebpf *code, int op, int to, int from)
{
	add(code, insn_of(BPF_ALU64 | op | BPF_X, to, from, 0, 0));
}

void ebpf_do_value(struct ebpf *code, int op, int to, int32_t value)
{
	add(code, insn_of(BPF_ALU64 | op | BPF_K, to, 0, 0, value));
}

void ebpf_load_from(struct ebpf *code, int size, int to, int base, int offset)
{
	add(code, insn_of(BPF_LDX | BPF_MEM | size, to, base, offset, 0));
}

void ebpf_store(struct ebpf *code, int size, int base, int offset, int from)
{
	add(code, insn_of(BPF_STX | BPF_MEM | size, base, from, offset, 0));
}

void ebpf_store_value(struct ebpf *code, int size, int base, int offset, int32_t value)
{
	add(code, insn_of(BPF_ST | BPF_MEM | size, base, 0, offset, value));
}

void ebpf_atomic(struct ebpf *code, int op, int size, int base, int offset)
{
	add(code, insn_of(BPF_STX | BPF_ATOMIC | size, base, BPF_REG_1, offset, op));
}

void ebpf_call(struct ebpf *code, int helper)
{
	add(code, insn_of(BPF_JMP | BPF_CALL, 0, 0, 0, helper));
}

unsigned ebpf_label(struct ebpf *code)
{
	if (code->label_count == EBPF_LABELS) {
		code->failed = true;
		return 0;
	}
	return code->label_count++;
}

void ebpf_place(struct ebpf *code, unsigned label)
{
	code->label_at[label] = code->count + 1;
}

static void add_jump(struct ebpf *code, struct bpf_insn insn, unsigned label)
{
	if (code->jump_count == EBPF_JUMPS) {
		code->failed = true;
		return;
	}
	code->jumps[code->jump_count].at = code->count;
	code->jumps[code->jump_count++].label = label;
	add(code, insn);
}

void ebpf_goto(struct ebpf *code, unsigned label)
{
	add_jump(code, insn_of(BPF_JMP | BPF_JA, 0, 0, 0, 0), label);
}

void ebpf_if(struct ebpf *code, int op, int left, int right, unsigned label)
{
	add_jump(code, insn_of(BPF_JMP | op | BPF_X, left, right, 0, 0), label);
}

void ebpf_if_value(struct ebpf *code, int op, int left, int32_t right, unsigned label)
{
	add_jump(code, insn_of(BPF_JMP | op | BPF_K, left, 0, 0, right), label);
}

void ebpf_return(struct ebpf *code, int32_t value)
{
	ebpf_set(code, 0, value);
	add(code, insn_of(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

void ebpf_set_callback(struct ebpf *code, int to, unsigned label)
{
	add_jump(code, insn_of(LOAD_WIDE, to, BPF_PSEUDO_FUNC, 0, 0), label);
	add(code, insn_of(0, 0, 0, 0, 0));
}

void ebpf_begin_callback(struct ebpf *code, unsigned label)
{
	code->callback = code->count;
	ebpf_place(code, label);
}

/* ------------------------------------------------------------------ bpf(2) */

static int bpf(enum bpf_cmd command, union bpf_attr *attr, size_t size)
{
	return (int)syscall(SYS_bpf, command, attr, size);
}

static int refused(int saved, const char *what, struct callgate_err *err)
{
	if (saved == EPERM)
		return err_set_errno(err, CALLGATE_E_PERM, saved, NULL,
				     "no right to load %s (CAP_BPF and CAP_PERFMON are needed)", what);
	if (saved == ENOSYS || saved == ENOENT)
		return err_set_errno(err, CALLGATE_E_UNSUPPORTED, saved, NULL, "the kernel has no %s", what);
	return err_set_errno(err, CALLGATE_E_KERNEL, saved, NULL, "the kernel refuses %s", what);
}

static void resolve_jumps(struct ebpf *code)
{
	for (unsigned i = 0; i < code->jump_count; i++) {
		unsigned at = code->jumps[i].at, to = code->label_at[code->jumps[i].label];
		int distance = (int)to - 1 - (int)at - 1;

		if (!to)
			code->failed = true;
		else if (code->insns[at].src_reg == BPF_PSEUDO_FUNC && BPF_CLASS(code->insns[at].code) == BPF_LD)
			code->insns[at].imm = distance;
		else
			code->insns[at].off = (__s16)distance;
	}
}

/* The verifier's last words but one: the last line is statistics. */
static int rejected(union bpf_attr *attr, const char *name, int saved, struct callgate_err *err)
{
	enum { LOG_SIZE = 256 * 1024 };
	char *log = calloc(1, LOG_SIZE), *last = NULL, *line, *rest;

	if (log) {
		attr->log_buf = (uintptr_t)log;
		attr->log_size = LOG_SIZE;
		attr->log_level = 1;
		fd_close(bpf(BPF_PROG_LOAD, attr, sizeof(*attr)));
		for (line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			if (strncmp(line, "processed ", 10) != 0)
				last = line;
	}
	err_set_errno(err, CALLGATE_E_UNSUPPORTED, saved, NULL, "the kernel refuses the tracing program %s (%s)", name,
		      last ? last : "no reason given");
	free(log);
	return CALLGATE_E_UNSUPPORTED;
}

/*
 * The kernel takes a callback from those alone who describe the program's functions to it: both are int (void), static,
 * and of one name here. btf: a descriptor, to be open until the program is loaded.
 */
static int describe_functions(const struct ebpf *code, struct bpf_func_info *functions, int *btf,
			      struct callgate_err *err)
{
	enum { INT = 1, PROTO = 2, FUNCTION = 3 };
	static const char names[] = "\0int\0callgate";
	struct description {
		struct btf_header header;
		struct btf_type number;
		uint32_t number_is;
		struct btf_type proto, function;
		char names[sizeof(names)];
	} described = {
		.header = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(struct btf_header) },
		.number = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 },
		.number_is = BTF_INT_SIGNED << 24 | 32,
		.proto = { .info = BTF_KIND_FUNC_PROTO << 24, .type = INT },
		.function = { .name_off = 5, .info = BTF_KIND_FUNC << 24 | BTF_FUNC_STATIC, .type = PROTO },
	};
	union bpf_attr attr;

	memcpy(described.names, names, sizeof(names));
	described.header.type_len = offsetof(struct description, names) - sizeof(described.header);
	described.header.str_off = described.header.type_len;
	described.header.str_len = sizeof(names);
	functions[0] = (struct bpf_func_info){ 0, FUNCTION };
	functions[1] = (struct bpf_func_info){ code->callback, FUNCTION };
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&described;
	attr.btf_size = offsetof(struct description, names) + sizeof(names);
	*btf = bpf(BPF_BTF_LOAD, &attr, sizeof(attr));
	return *btf < 0 ? refused(errno, "the description of a tracing program", err) : 0;
}

/* attr: the kind of program. */
static int load_code(struct ebpf *code, union bpf_attr *attr, const char *name, int *out, struct callgate_err *err)
{
	/* The helpers that read the kernel's memory are given to GPL programs only; LGPL 2.1 lets this one be that
	 * (section 3). */
	static const char license[] = "GPL";
	int fd;

	resolve_jumps(code);
	if (code->failed)
		return err_set(err, CALLGATE_E_LIMIT, "the program '%s' does not fit", name);
	attr->insns = (uintptr_t)code->insns;
	attr->insn_cnt = code->count;
	attr->license = (uintptr_t)license;
	snprintf(attr->prog_name, sizeof(attr->prog_name), "%s", name);
	fd = bpf(BPF_PROG_LOAD, attr, sizeof(*attr));
	if (fd < 0 && (errno == EINVAL || errno == EACCES))
		return rejected(attr, name, errno, err);
	if (fd < 0)
		return refused(errno, "a tracing program", err);
	*out = fd;
	return 0;
}

static int load(struct ebpf *code, union bpf_attr *attr, const char *name, int *out, struct callgate_err *err)
{
	struct bpf_func_info functions[2];
	int btf = -1, r = code->callback ? describe_functions(code, functions, &btf, err) : 0;

	if (r < 0)
		return r;
	if (code->callback) {
		attr->prog_btf_fd = (__u32)btf;
		attr->func_info = (uintptr_t)functions;
		attr->func_info_cnt = 2;
		attr->func_info_rec_size = sizeof(functions[0]);
	}
	r = load_code(code, attr, name, out, err);
	attr->func_info = 0;
	fd_close(btf);
	return r;
}

int ebpf_load(struct ebpf *code, const char *name, int *out, struct callgate_err *err)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	return load(code, &attr, name, out, err);
}

int ebpf_iterate(struct ebpf *code, uint32_t function, int *program, int *link, struct callgate_err *err)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_TRACING;
	attr.expected_attach_type = BPF_TRACE_ITER;
	attr.attach_btf_id = function;
	r = load(code, &attr, "callgate", program, err);
	if (r < 0)
		return r;
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (__u32)*program;
	attr.link_create.attach_type = BPF_TRACE_ITER;
	*link = bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
	return *link < 0 ? refused(errno, "a BPF iterator", err) : 0;
}

int ebpf_iteration(int link, int *out, struct callgate_err *err)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (__u32)link;
	*out = bpf(BPF_ITER_CREATE, &attr, sizeof(attr));
	return *out < 0 ? refused(errno, "to read a BPF iterator", err) : 0;
}

int ebpf_attach(int program, const char *tracepoint, int *out, struct callgate_err *err)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = (uintptr_t)tracepoint;
	attr.raw_tracepoint.prog_fd = (__u32)program;
	fd = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
	if (fd < 0)
		return refused(errno, tracepoint, err);
	*out = fd;
	return 0;
}

int ebpf_map_new(const struct ebpf_map *map, int *out, struct callgate_err *err)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = map->type;
	attr.key_size = map->key;
	attr.value_size = map->value;
	attr.max_entries = map->entries;
	attr.map_flags = map->flags;
	snprintf(attr.map_name, sizeof(attr.map_name), "%s", map->name);
	fd = bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		return refused(errno, "a BPF map", err);
	*out = fd;
	return 0;
}

static int map_do(enum bpf_cmd command, int map, const void *key, void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (__u32)map;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value; /* next_key is the same member */
	return bpf(command, &attr, sizeof(attr));
}

int ebpf_map_get(int map, const void *key, void *value)
{
	return map_do(BPF_MAP_LOOKUP_ELEM, map, key, value);
}

int ebpf_map_put(int map, const void *key, const void *value)
{
	return map_do(BPF_MAP_UPDATE_ELEM, map, key, (void *)value);
}

int ebpf_map_remove(int map, const void *key)
{
	return map_do(BPF_MAP_DELETE_ELEM, map, key, NULL);
}

int ebpf_map_next(int map, const void *key, void *next)
{
	return map_do(BPF_MAP_GET_NEXT_KEY, map, key, next);
}
