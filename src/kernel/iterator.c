/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A BPF program, put together here, that writes a row for each task and one for each of its filters, and copies each
 * program once. */
#include "kernel/iterator.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/btf.h"

enum { SEEN_ROOM = 16384, STORE_FIRST = 1 << 20, STORE_LIMIT = 1 << 28, PROGRAM_BYTES = 4096 * 8, TICK_NS = 10000000 };
enum { NOT_STORED = 0xffffffff, TASK_EXITING = 4 /* PF_EXITING */ };
#define INITIAL_PID_NAMESPACE 0xeffffffcu /* its inode */

/* What the program writes: a task, then its filters, the newest first. */
struct row {
	uint64_t id;   /* of the filter; of a task, its newest one */
	uint64_t time; /* of a task: start, ns since boot */
	uint32_t is_task;
	int32_t pid, tid;
	int32_t mode, filters; /* of a filter: filters is how long its compiled program is */
	uint32_t flags;        /* of a task; of a filter, whether it logs */
	uint32_t place, count; /* of a filter: where its program was put, and how many instructions that are */
};

struct store {
	uint64_t used;
	unsigned char bytes[];
};

enum place {
	TASK_PID,
	TASK_TGID,
	TASK_START,
	TASK_FLAGS,
	TASK_SECCOMP,
	SECCOMP_MODE,
	SECCOMP_COUNT,
	SECCOMP_FILTER,
	FILTER_PREV,
	FILTER_PROG,
	FILTER_LOG,
	PROG_ORIG,
	PROG_JITED,
	ORIG_LEN,
	ORIG_FILTER,
	ITER_FUNC,
	PLACES
};

struct iterator {
	uint32_t at[PLACES];
	bool asked;
	int seen, store_map, prog, link;
	struct store *store;
	size_t store_size;
};

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int refused(const char *what, struct callgate_err *err)
{
	int saved = errno;

	if (saved == EPERM || saved == EACCES)
		return err_set_errno(err, CALLGATE_E_PERM, saved, NULL, "%s takes CAP_BPF and CAP_PERFMON", what);
	return err_set_errno(err, CALLGATE_E_UNSUPPORTED, saved, NULL, "the kernel refuses %s", what);
}

/* ------------------------------------------------------------------ the program */

enum { INSNS = 256 };

struct assembly {
	struct bpf_insn insns[INSNS];
	unsigned count;
};

/* The stack, below r10: the row that is written, then single words. */
enum {
	ROW = -(int)sizeof(struct row),
	FILTER = ROW - 8,
	POINTER = ROW - 16,
	WORD = ROW - 24,
	KEY = ROW - 32,
	VALUE = ROW - 40
};
#define FIELD(name) (ROW + (int)offsetof(struct row, name))

static unsigned emit(struct assembly *a, struct bpf_insn insn)
{
	a->insns[a->count] = insn;
	return a->count++;
}

#define EMIT(...) emit(a, (struct bpf_insn){ __VA_ARGS__ })
#define MOVE(dst, src) EMIT(.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (dst)&15, .src_reg = (src)&15)
#define SET(dst, value) EMIT(.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (dst)&15, .imm = (value))
#define ADD(dst, value) EMIT(.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (dst)&15, .imm = (value))
#define ADD_REG(dst, src) EMIT(.code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = (dst)&15, .src_reg = (src)&15)
#define SHIFT(dst, value) EMIT(.code = BPF_ALU64 | BPF_LSH | BPF_K, .dst_reg = (dst)&15, .imm = (value))
#define LOAD(size, dst, src, at) \
	EMIT(.code = BPF_LDX | BPF_MEM | (size), .dst_reg = (dst)&15, .src_reg = (src)&15, .off = (int16_t)(at))
#define STORE(size, dst, at, src) \
	EMIT(.code = BPF_STX | BPF_MEM | (size), .dst_reg = (dst)&15, .src_reg = (src)&15, .off = (int16_t)(at))
#define STORE_K(size, dst, at, value) \
	EMIT(.code = BPF_ST | BPF_MEM | (size), .dst_reg = (dst)&15, .off = (int16_t)(at), .imm = (value))
#define JUMP_K(op, reg, value) EMIT(.code = BPF_JMP | (op) | BPF_K, .dst_reg = (reg)&15, .imm = (int32_t)(value))
#define JUMP() EMIT(.code = BPF_JMP | BPF_JA)
#define CALL(function) EMIT(.code = BPF_JMP | BPF_CALL, .imm = (function))

/* The jump at from goes to the instruction that is put down next. */
static void land(struct assembly *a, unsigned from)
{
	a->insns[from].off = (int16_t)(a->count - from - 1);
}

static void emit_map(struct assembly *a, int fd)
{
	EMIT(.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = fd);
	EMIT(.code = 0);
}

/* To the stack at to: size bytes of the kernel's memory at the address in reg, plus offset. */
static void emit_read(struct assembly *a, int to, unsigned size, int reg, uint32_t offset)
{
	MOVE(BPF_REG_3, reg);
	ADD(BPF_REG_3, (int32_t)offset);
	MOVE(BPF_REG_1, BPF_REG_10);
	ADD(BPF_REG_1, to);
	SET(BPF_REG_2, (int32_t)size);
	CALL(BPF_FUNC_probe_read_kernel);
}

/* The same through a pointer on the stack. */
static void emit_follow(struct assembly *a, int to, unsigned size, int pointer, uint32_t offset)
{
	LOAD(BPF_DW, BPF_REG_4, BPF_REG_10, pointer);
	emit_read(a, to, size, BPF_REG_4, offset);
}

static void emit_row(struct assembly *a)
{
	MOVE(BPF_REG_1, BPF_REG_8);
	MOVE(BPF_REG_2, BPF_REG_10);
	ADD(BPF_REG_2, ROW);
	SET(BPF_REG_3, sizeof(struct row));
	CALL(BPF_FUNC_seq_write);
}

static void emit_lookup(struct assembly *a, int map, int key)
{
	emit_map(a, map);
	MOVE(BPF_REG_2, BPF_REG_10);
	ADD(BPF_REG_2, key);
	CALL(BPF_FUNC_map_lookup_elem);
}

static void emit_task(struct assembly *a, const struct iterator *it)
{
	const uint32_t *at = it->at;

	for (int i = VALUE; i < 0; i += 8)
		STORE_K(BPF_DW, BPF_REG_10, i, 0);
	STORE_K(BPF_W, BPF_REG_10, FIELD(is_task), 1);
	emit_read(a, FIELD(tid), 4, BPF_REG_7, at[TASK_PID]);
	emit_read(a, FIELD(pid), 4, BPF_REG_7, at[TASK_TGID]);
	emit_read(a, FIELD(time), 8, BPF_REG_7, at[TASK_START]);
	emit_read(a, FIELD(flags), 4, BPF_REG_7, at[TASK_FLAGS]);
	emit_read(a, FIELD(mode), 4, BPF_REG_7, at[TASK_SECCOMP] + at[SECCOMP_MODE]);
	emit_read(a, FIELD(filters), 4, BPF_REG_7, at[TASK_SECCOMP] + at[SECCOMP_COUNT]);
	emit_read(a, FIELD(id), 8, BPF_REG_7, at[TASK_SECCOMP] + at[SECCOMP_FILTER]);
	LOAD(BPF_DW, BPF_REG_1, BPF_REG_10, FIELD(id));
	STORE(BPF_DW, BPF_REG_10, FILTER, BPF_REG_1);
	emit_row(a);
	STORE_K(BPF_W, BPF_REG_10, FIELD(is_task), 0);
}

/* Copies the program behind POINTER (a struct sock_fprog_kern) into the store and leaves its place in VALUE: place,
 * count. */
static void emit_copy(struct assembly *a, const struct iterator *it)
{
	unsigned absent, full, large, done;

	STORE_K(BPF_W, BPF_REG_10, VALUE, -1);
	STORE_K(BPF_W, BPF_REG_10, VALUE + 4, 0);
	STORE_K(BPF_DW, BPF_REG_10, WORD, 0);
	emit_follow(a, WORD, 2, POINTER, it->at[ORIG_LEN]);
	emit_follow(a, POINTER, 8, POINTER, it->at[ORIG_FILTER]);
	STORE_K(BPF_DW, BPF_REG_10, KEY, 0);
	emit_lookup(a, it->store_map, KEY);
	absent = JUMP_K(BPF_JEQ, BPF_REG_0, 0);
	LOAD(BPF_DW, BPF_REG_2, BPF_REG_10, WORD);
	large = JUMP_K(BPF_JGT, BPF_REG_2, PROGRAM_BYTES / 8);
	STORE(BPF_W, BPF_REG_10, VALUE + 4, BPF_REG_2);
	SHIFT(BPF_REG_2, 3);
	LOAD(BPF_DW, BPF_REG_4, BPF_REG_0, 0);
	full = JUMP_K(BPF_JGT, BPF_REG_4, it->store_size - sizeof(struct store) - PROGRAM_BYTES);
	STORE(BPF_W, BPF_REG_10, VALUE, BPF_REG_4);
	MOVE(BPF_REG_5, BPF_REG_4);
	ADD_REG(BPF_REG_5, BPF_REG_2);
	STORE(BPF_DW, BPF_REG_0, 0, BPF_REG_5);
	MOVE(BPF_REG_1, BPF_REG_0);
	ADD(BPF_REG_1, sizeof(struct store));
	ADD_REG(BPF_REG_1, BPF_REG_4);
	LOAD(BPF_DW, BPF_REG_3, BPF_REG_10, POINTER);
	CALL(BPF_FUNC_probe_read_kernel);
	done = JUMP_K(BPF_JEQ, BPF_REG_0, 0);
	STORE_K(BPF_W, BPF_REG_10, VALUE, -1);
	STORE_K(BPF_W, BPF_REG_10, VALUE + 4, 0);
	land(a, absent);
	land(a, large);
	land(a, full);
	land(a, done);
}

/* One filter: its program is copied unless that has been done. */
static void emit_filter(struct assembly *a, const struct iterator *it)
{
	unsigned known, next;

	emit_lookup(a, it->seen, FILTER);
	known = JUMP_K(BPF_JNE, BPF_REG_0, 0);
	emit_follow(a, POINTER, 8, FILTER, it->at[FILTER_PROG]);
	emit_follow(a, POINTER, 8, POINTER, it->at[PROG_ORIG]);
	emit_copy(a, it);
	emit_map(a, it->seen);
	MOVE(BPF_REG_2, BPF_REG_10);
	ADD(BPF_REG_2, FILTER);
	MOVE(BPF_REG_3, BPF_REG_10);
	ADD(BPF_REG_3, VALUE);
	SET(BPF_REG_4, BPF_ANY);
	CALL(BPF_FUNC_map_update_elem);
	LOAD(BPF_DW, BPF_REG_1, BPF_REG_10, VALUE);
	next = JUMP();
	land(a, known);
	LOAD(BPF_DW, BPF_REG_1, BPF_REG_0, 0);
	land(a, next);
	STORE(BPF_DW, BPF_REG_10, FIELD(place), BPF_REG_1);
	LOAD(BPF_DW, BPF_REG_1, BPF_REG_10, FILTER);
	STORE(BPF_DW, BPF_REG_10, FIELD(id), BPF_REG_1);
	STORE_K(BPF_W, BPF_REG_10, FIELD(flags), 0);
	emit_follow(a, FIELD(flags), 1, FILTER, it->at[FILTER_LOG]);
	emit_follow(a, POINTER, 8, FILTER, it->at[FILTER_PROG]);
	emit_follow(a, FIELD(filters), 4, POINTER, it->at[PROG_JITED]);
	emit_row(a);
	emit_follow(a, FILTER, 8, FILTER, it->at[FILTER_PREV]);
}

/* r6 counts, r7 is the task, r8 the file that is written. */
static void assemble(struct assembly *a, const struct iterator *it)
{
	unsigned none, loop, last, deep, back;

	LOAD(BPF_DW, BPF_REG_7, BPF_REG_1, 8);
	none = JUMP_K(BPF_JEQ, BPF_REG_7, 0);
	LOAD(BPF_DW, BPF_REG_8, BPF_REG_1, 0);
	LOAD(BPF_DW, BPF_REG_8, BPF_REG_8, 0);
	emit_task(a, it);
	SET(BPF_REG_6, 0);
	loop = a->count;
	LOAD(BPF_DW, BPF_REG_1, BPF_REG_10, FILTER);
	last = JUMP_K(BPF_JEQ, BPF_REG_1, 0);
	deep = JUMP_K(BPF_JGE, BPF_REG_6, ITERATOR_DEPTH);
	ADD(BPF_REG_6, 1);
	emit_filter(a, it);
	back = JUMP();
	a->insns[back].off = (int16_t)((int)loop - (int)back - 1);
	land(a, none);
	land(a, last);
	land(a, deep);
	SET(BPF_REG_0, 0);
	EMIT(.code = BPF_JMP | BPF_EXIT);
}

/* ------------------------------------------------------------------ opening */

static int ask_places(struct iterator *it, struct callgate_err *err)
{
	struct btf_query queries[PLACES] = {
		[TASK_PID] = { "task_struct", "pid", 0 },
		[TASK_TGID] = { "task_struct", "tgid", 0 },
		[TASK_START] = { "task_struct", "start_boottime", 0 },
		[TASK_FLAGS] = { "task_struct", "flags", 0 },
		[TASK_SECCOMP] = { "task_struct", "seccomp", 0 },
		[SECCOMP_MODE] = { "seccomp", "mode", 0 },
		[SECCOMP_COUNT] = { "seccomp", "filter_count", 0 },
		[SECCOMP_FILTER] = { "seccomp", "filter", 0 },
		[FILTER_PREV] = { "seccomp_filter", "prev", 0 },
		[FILTER_PROG] = { "seccomp_filter", "prog", 0 },
		[FILTER_LOG] = { "seccomp_filter", "log", 0 },
		[PROG_ORIG] = { "bpf_prog", "orig_prog", 0 },
		[PROG_JITED] = { "bpf_prog", "jited_len", 0 },
		[ORIG_LEN] = { "sock_fprog_kern", "len", 0 },
		[ORIG_FILTER] = { "sock_fprog_kern", "filter", 0 },
		[ITER_FUNC] = { "bpf_iter_task", NULL, 0 },
	};
	int r = btf_ask(queries, PLACES, err);

	for (int i = 0; r == 0 && i < PLACES; i++)
		it->at[i] = queries[i].answer;
	return r;
}

static int make_maps(struct iterator *it, struct callgate_err *err)
{
	union bpf_attr seen = { .map_type = BPF_MAP_TYPE_HASH,
				.key_size = 8,
				.value_size = 8,
				.max_entries = SEEN_ROOM,
				.map_flags = BPF_F_NO_PREALLOC };
	union bpf_attr store = { .map_type = BPF_MAP_TYPE_ARRAY,
				 .key_size = 4,
				 .value_size = (uint32_t)it->store_size,
				 .max_entries = 1,
				 .map_flags = BPF_F_MMAPABLE };
	void *mapped;

	it->seen = (int)bpf(BPF_MAP_CREATE, &seen);
	it->store_map = it->seen < 0 ? -1 : (int)bpf(BPF_MAP_CREATE, &store);
	if (it->store_map < 0)
		return refused("a BPF map", err);
	mapped = mmap(NULL, it->store_size, PROT_READ, MAP_SHARED, it->store_map, 0);
	if (mapped == MAP_FAILED)
		return refused("to share a BPF map", err);
	it->store = mapped;
	return 0;
}

static int load(struct iterator *it, struct callgate_err *err)
{
	struct assembly assembly = { .count = 0 };
	union bpf_attr attr = { 0 };

	assemble(&assembly, it);
	attr.prog_type = BPF_PROG_TYPE_TRACING;
	attr.expected_attach_type = BPF_TRACE_ITER;
	attr.attach_btf_id = it->at[ITER_FUNC];
	attr.insns = (uintptr_t)assembly.insns;
	attr.insn_cnt = assembly.count;
	attr.license = (uintptr_t) "GPL"; /* which LGPL lets one choose, and some of the kernel's functions ask for */
	memcpy(attr.prog_name, "callgate", 8);
	it->prog = (int)bpf(BPF_PROG_LOAD, &attr);
	if (it->prog < 0)
		return refused("a BPF program that reads tasks", err);
	attr = (union bpf_attr){ .link_create = { .prog_fd = (uint32_t)it->prog, .attach_type = BPF_TRACE_ITER } };
	it->link = (int)bpf(BPF_LINK_CREATE, &attr);
	return it->link < 0 ? refused("a BPF task iterator", err) : 0;
}

static void iterator_close(struct iterator *it)
{
	if (it->store)
		munmap(it->store, it->store_size);
	it->store = NULL;
	it->link = fd_close(it->link);
	it->prog = fd_close(it->prog);
	it->store_map = fd_close(it->store_map);
	it->seen = fd_close(it->seen);
}

static int iterator_open(struct iterator *it, struct callgate_err *err)
{
	int r = make_maps(it, err); /* first, because it tells at once who may not do this */

	if (r == 0 && !it->asked)
		r = ask_places(it, err);
	it->asked = r == 0;
	return r < 0 ? r : load(it, err);
}

/* ------------------------------------------------------------------ reading */

struct rows {
	struct row *at;
	size_t count;
};

static int read_rows(const struct iterator *it, struct rows *out, struct callgate_err *err)
{
	union bpf_attr attr = { .iter_create = { .link_fd = (uint32_t)it->link } };
	int fd = (int)bpf(BPF_ITER_CREATE, &attr), saved = 0;
	size_t used = 0, room = 0;
	char *bytes = NULL;

	if (fd < 0)
		return refused("to read a BPF task iterator", err);
	for (;;) {
		ssize_t n;

		if (room - used < 1 << 16) {
			char *grown = realloc(bytes, room + (1 << 20));

			if (!grown) {
				free(bytes);
				fd_close(fd);
				return err_nomem(err);
			}
			bytes = grown;
			room += 1 << 20;
		}
		n = read(fd, bytes + used, room - used);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		saved = n < 0 ? errno : 0;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	fd_close(fd);
	if (saved) {
		free(bytes);
		return err_set_errno(err, CALLGATE_E_KERNEL, saved, NULL, "cannot read the BPF task iterator");
	}
	*out = (struct rows){ (struct row *)bytes, used / sizeof(struct row) };
	return 0;
}

static bool is_full(const struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		if (!rows->at[i].is_task && rows->at[i].place == NOT_STORED && rows->at[i].count)
			return true;
	return false;
}

/* ------------------------------------------------------------------ from rows to a reading */

static int by_id(const void *a, const void *b)
{
	const struct iterator_filter *one = a, *other = b;

	return (one->id > other->id) - (one->id < other->id);
}

static int by_tid(const void *a, const void *b)
{
	const struct iterator_task *one = a, *other = b;

	return (one->tid > other->tid) - (one->tid < other->tid);
}

static struct iterator_task to_task(const struct row *row)
{
	return (struct iterator_task){ .pid = row->pid,
				       .tid = row->tid,
				       .start_time = row->time / TICK_NS,
				       .mode = row->mode,
				       .filters = row->filters,
				       .newest = row->id,
				       .ending = row->flags & TASK_EXITING };
}

/* How many rows of filters follow the row of a task. */
static size_t stack_size(const struct rows *rows, size_t at)
{
	size_t count = 0;

	while (at + 1 + count < rows->count && !rows->at[at + 1 + count].is_task)
		count++;
	return count;
}

/* The second look as a table by tid: where each task's row stands. */
struct place_of {
	pid_t tid;
	uint32_t at;
};

static int by_place(const void *a, const void *b)
{
	const struct place_of *one = a, *other = b;

	return (one->tid > other->tid) - (one->tid < other->tid);
}

struct looks {
	struct rows first, second;
	struct place_of *places;
	size_t place_count;
	bool *confirmed; /* of each row of a task in the first look */
};

static int index_second(struct looks *looks, struct callgate_err *err)
{
	const struct rows *rows = &looks->second;

	looks->places = malloc((rows->count + 1) * sizeof(*looks->places));
	looks->confirmed = calloc(looks->first.count + 1, sizeof(*looks->confirmed));
	if (!looks->places || !looks->confirmed)
		return err_nomem(err);
	for (size_t i = 0; i < rows->count; i++)
		if (rows->at[i].is_task)
			looks->places[looks->place_count++] = (struct place_of){ rows->at[i].tid, (uint32_t)i };
	if (looks->place_count)
		qsort(looks->places, looks->place_count, sizeof(*looks->places), by_place);
	return 0;
}

/* Whether the task still has, at the second look, the stack that the first one saw; it may have put more on top. */
static bool is_confirmed(const struct looks *looks, size_t at)
{
	const struct row *row = &looks->first.at[at], *now;
	struct place_of key = { .tid = row->tid };
	const struct place_of *place = bsearch(&key, looks->places, looks->place_count, sizeof(key), by_place);
	size_t count = stack_size(&looks->first, at), above;

	if (!place)
		return false;
	now = &looks->second.at[place->at];
	above = stack_size(&looks->second, place->at);
	/* A stack that was cut off, or walked while it was taken down, has not as many filters as the kernel counts. */
	if (now->time != row->time || now->pid != row->pid || row->filters != (int)count || above < count)
		return false;
	return memcmp(&now[1 + above - count], &row[1], count * sizeof(*row)) == 0;
}

static int add_filters(struct looks *looks, struct iterator_reading *out, struct callgate_err *err)
{
	struct iterator_filter *filters = malloc((looks->first.count + 1) * sizeof(*filters));
	size_t count = 0, kept = 0;

	if (!filters)
		return err_nomem(err);
	for (size_t i = 0; i < looks->first.count; i++) {
		size_t size = looks->first.at[i].is_task ? stack_size(&looks->first, i) : 0;

		for (size_t j = 1; looks->confirmed[i] && j <= size; j++) {
			const struct row *row = &looks->first.at[i + j];

			filters[count] = (struct iterator_filter){ .id = row->id,
								   .log = row->flags & 0xff,
								   .compiled = (uint32_t)row->filters,
								   .count = row->count };
			filters[count].below = j < size ? row[1].id : 0;
			if (row->count && row->place != NOT_STORED)
				filters[count].insns = (const char *)out->bytes + row->place;
			count++;
		}
	}
	if (count)
		qsort(filters, count, sizeof(*filters), by_id);
	for (size_t i = 0; i < count; i++)
		if (!kept || filters[kept - 1].id != filters[i].id)
			filters[kept++] = filters[i];
	out->filters = filters;
	out->filter_count = kept;
	return 0;
}

/*
 * Which task brought a filter's program into the store: the first in the order of reading. It must be among the
 * confirmed ones, or the memory may have been given to another filter between it and the others. Those that show an
 * unconfirmed filter are left out.
 */
static int drop_doubtful(struct looks *looks, struct callgate_err *err)
{
	struct iterator_filter *seen = malloc((looks->first.count + 1) * sizeof(*seen));
	const struct rows *rows = &looks->first;
	size_t count = 0;

	if (!seen)
		return err_nomem(err);
	/* Ids with the place of their first row; sorting is not stable, so the place decides between equals. */
	for (size_t i = 0, task = 0; i < rows->count; i++) {
		if (rows->at[i].is_task)
			task = i;
		else if (!looks->confirmed[task])
			seen[count++] = (struct iterator_filter){ .id = rows->at[i].id, .below = i };
	}
	if (count)
		qsort(seen, count, sizeof(*seen), by_id);
	for (size_t i = 0, task = 0; count && i < rows->count; i++) {
		struct iterator_filter key = { .id = rows->at[i].id }, *found;

		if (rows->at[i].is_task) {
			task = i;
			continue;
		}
		found = bsearch(&key, seen, count, sizeof(key), by_id);
		while (found && found > seen && found[-1].id == key.id)
			found--;
		for (; found && found < seen + count && found->id == key.id; found++)
			if (found->below < i)
				looks->confirmed[task] = false;
	}
	free(seen);
	return 0;
}

static int add_tasks(const struct looks *looks, struct iterator_reading *out, struct callgate_err *err)
{
	out->tasks = malloc((looks->first.count + 1) * sizeof(*out->tasks));
	if (!out->tasks)
		return err_nomem(err);
	for (size_t i = 0; i < looks->first.count; i++)
		if (looks->confirmed[i])
			out->tasks[out->task_count++] = to_task(&looks->first.at[i]);
		else if (looks->first.at[i].is_task)
			out->unconfirmed++;
	if (out->task_count)
		qsort(out->tasks, out->task_count, sizeof(*out->tasks), by_tid);
	return 0;
}

static int join(struct looks *looks, struct iterator_reading *out, struct callgate_err *err)
{
	int r = index_second(looks, err);

	for (size_t i = 0; r == 0 && i < looks->first.count; i++)
		looks->confirmed[i] = looks->first.at[i].is_task && is_confirmed(looks, i);
	if (r == 0)
		r = drop_doubtful(looks, err);
	if (r == 0)
		r = add_tasks(looks, out, err);
	return r < 0 ? r : add_filters(looks, out, err);
}

/* Programs outlive the map that they were copied into. */
static int take_programs(const struct iterator *it, struct iterator_reading *out, struct callgate_err *err)
{
	out->size = (size_t)it->store->used;
	out->bytes = malloc(out->size ? out->size : 1);
	if (!out->bytes)
		return err_nomem(err);
	memcpy(out->bytes, it->store->bytes, out->size);
	return 0;
}

static int look_twice(struct iterator *it, struct iterator_reading *out, bool *full, struct callgate_err *err)
{
	struct looks looks = { .place_count = 0 };
	int r = read_rows(it, &looks.first, err);

	*full = r == 0 && is_full(&looks.first);
	if (r == 0 && !*full)
		r = read_rows(it, &looks.second, err);
	if (r == 0 && !*full)
		r = take_programs(it, out, err);
	if (r == 0 && !*full)
		r = join(&looks, out, err);
	free(looks.first.at);
	free(looks.second.at);
	free(looks.places);
	free(looks.confirmed);
	return r;
}

/* Task ids mean something else in another pid namespace than the first. */
static int check_namespace(struct callgate_err *err)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == INITIAL_PID_NAMESPACE)
		return 0;
	return err_set(err, CALLGATE_E_PERM,
		       "a BPF task iterator shows the initial pid namespace, and this is another one");
}

int iterator_read(struct iterator_reading *out, struct callgate_err *err)
{
	struct iterator it = { .seen = -1, .store_map = -1, .prog = -1, .link = -1, .store_size = STORE_FIRST };
	struct iterator_reading reading = { 0 };
	bool full = true;
	int r = check_namespace(err);

	while (r == 0 && full) {
		r = iterator_open(&it, err);
		if (r == 0)
			r = look_twice(&it, &reading, &full, err);
		iterator_close(&it);
		it.store_size *= 8;
		if (r == 0 && full && it.store_size > STORE_LIMIT)
			r = err_set(err, CALLGATE_E_LIMIT, "the filters of this machine's tasks take more than %d MiB",
				    STORE_LIMIT >> 20);
	}
	if (r < 0) {
		iterator_release(&reading);
		return r;
	}
	*out = reading;
	return 0;
}

void iterator_release(struct iterator_reading *reading)
{
	free(reading->tasks);
	free(reading->filters);
	free(reading->bytes);
	*reading = (struct iterator_reading){ 0 };
}

const struct iterator_task *iterator_task(const struct iterator_reading *reading, pid_t tid)
{
	struct iterator_task key = { .tid = tid };

	return reading->task_count ? bsearch(&key, reading->tasks, reading->task_count, sizeof(key), by_tid) : NULL;
}

const struct iterator_filter *iterator_filter(const struct iterator_reading *reading, uint64_t id)
{
	struct iterator_filter key = { .id = id };

	return reading->filter_count ? bsearch(&key, reading->filters, reading->filter_count, sizeof(key), by_id)
				     : NULL;
}
