/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A BPF program, put together here, that writes a row for each task and one for each of its filters, and copies each
 * program once. */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/btf.h"
#include "kernel/ebpf.h"
#include "kernel/iterator_parts.h"

enum { SEEN_ROOM = 16384, PROGRAM_BYTES = 4096 * 8 };

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
	PLACES = ITERATOR_PLACES
};

/* ------------------------------------------------------------------ the program */

enum { FRAME = 9 }; /* the register that the program and its callback both have it in */

/* The frame: the row that is written, then single words. */
enum {
	ROW = -(int)sizeof(struct row),
	FILTER = ROW - 8,
	POINTER = ROW - 16,
	WORD = ROW - 24,
	KEY = ROW - 32,
	VALUE = ROW - 40,
	SEQ_FILE = ROW - 48
};
#define FIELD(name) (ROW + (int)offsetof(struct row, name))

static void frame_address(struct ebpf *code, int to, int at)
{
	ebpf_move(code, to, FRAME);
	ebpf_do_value(code, BPF_ADD, to, at);
}

/* To the frame at to: size bytes of the kernel's memory at the address in a register, plus offset. */
static void read_at(struct ebpf *code, int to, int size, int address, uint32_t offset)
{
	ebpf_move(code, 3, address);
	ebpf_do_value(code, BPF_ADD, 3, (int32_t)offset);
	frame_address(code, 1, to);
	ebpf_set(code, 2, size);
	ebpf_call(code, BPF_FUNC_probe_read_kernel);
}

/* The same through a pointer in the frame. */
static void follow(struct ebpf *code, int to, int size, int pointer, uint32_t offset)
{
	ebpf_load_from(code, BPF_DW, 4, FRAME, pointer);
	read_at(code, to, size, 4, offset);
}

static void write_row(struct ebpf *code)
{
	ebpf_load_from(code, BPF_DW, 1, FRAME, SEQ_FILE);
	frame_address(code, 2, ROW);
	ebpf_set(code, 3, sizeof(struct row));
	ebpf_call(code, BPF_FUNC_seq_write);
}

static void look_up(struct ebpf *code, int map, int key)
{
	ebpf_set_map(code, 1, map);
	frame_address(code, 2, key);
	ebpf_call(code, BPF_FUNC_map_lookup_elem);
}

static void write_task(struct ebpf *code, const uint32_t *at)
{
	for (int i = VALUE; i < 0; i += 8)
		ebpf_store_value(code, BPF_DW, FRAME, i, 0);
	ebpf_store_value(code, BPF_W, FRAME, FIELD(is_task), 1);
	read_at(code, FIELD(tid), 4, 7, at[TASK_PID]);
	read_at(code, FIELD(pid), 4, 7, at[TASK_TGID]);
	read_at(code, FIELD(time), 8, 7, at[TASK_START]);
	read_at(code, FIELD(flags), 4, 7, at[TASK_FLAGS]);
	read_at(code, FIELD(mode), 4, 7, at[TASK_SECCOMP] + at[SECCOMP_MODE]);
	read_at(code, FIELD(filters), 4, 7, at[TASK_SECCOMP] + at[SECCOMP_COUNT]);
	read_at(code, FIELD(id), 8, 7, at[TASK_SECCOMP] + at[SECCOMP_FILTER]);
	ebpf_load_from(code, BPF_DW, 1, FRAME, FIELD(id));
	ebpf_store(code, BPF_DW, FRAME, FILTER, 1);
	write_row(code);
	ebpf_store_value(code, BPF_W, FRAME, FIELD(is_task), 0);
}

/* Copies the program behind POINTER (a struct sock_fprog_kern) into the store and leaves its place in VALUE: place,
 * count. */
static void copy_program(struct ebpf *code, const struct iterator *it)
{
	unsigned end = ebpf_label(code);

	ebpf_store_value(code, BPF_W, FRAME, VALUE, -1);
	ebpf_store_value(code, BPF_W, FRAME, VALUE + 4, 0);
	ebpf_store_value(code, BPF_DW, FRAME, WORD, 0);
	follow(code, WORD, 2, POINTER, it->at[ORIG_LEN]);
	follow(code, POINTER, 8, POINTER, it->at[ORIG_FILTER]);
	ebpf_store_value(code, BPF_DW, FRAME, KEY, 0);
	look_up(code, it->store_map, KEY);
	ebpf_if_value(code, BPF_JEQ, 0, 0, end);
	ebpf_load_from(code, BPF_DW, 2, FRAME, WORD);
	ebpf_if_value(code, BPF_JGT, 2, PROGRAM_BYTES / 8, end);
	ebpf_store(code, BPF_W, FRAME, VALUE + 4, 2);
	ebpf_do_value(code, BPF_LSH, 2, 3);
	ebpf_load_from(code, BPF_DW, 4, 0, 0);
	ebpf_if_value(code, BPF_JGT, 4, (int32_t)(it->store_size - sizeof(struct store) - PROGRAM_BYTES), end);
	ebpf_store(code, BPF_W, FRAME, VALUE, 4);
	ebpf_move(code, 5, 4);
	ebpf_do(code, BPF_ADD, 5, 2);
	ebpf_store(code, BPF_DW, 0, 0, 5);
	ebpf_move(code, 1, 0);
	ebpf_do_value(code, BPF_ADD, 1, sizeof(struct store));
	ebpf_do(code, BPF_ADD, 1, 4);
	ebpf_load_from(code, BPF_DW, 3, FRAME, POINTER);
	ebpf_call(code, BPF_FUNC_probe_read_kernel);
	ebpf_if_value(code, BPF_JEQ, 0, 0, end);
	ebpf_store_value(code, BPF_W, FRAME, VALUE, -1);
	ebpf_store_value(code, BPF_W, FRAME, VALUE + 4, 0);
	ebpf_place(code, end);
}

/* One filter: its program is copied unless that has been done. */
static void write_filter(struct ebpf *code, const struct iterator *it)
{
	unsigned known = ebpf_label(code), next = ebpf_label(code);

	look_up(code, it->seen, FILTER);
	ebpf_if_value(code, BPF_JNE, 0, 0, known);
	follow(code, POINTER, 8, FILTER, it->at[FILTER_PROG]);
	follow(code, POINTER, 8, POINTER, it->at[PROG_ORIG]);
	copy_program(code, it);
	ebpf_set_map(code, 1, it->seen);
	frame_address(code, 2, FILTER);
	frame_address(code, 3, VALUE);
	ebpf_set(code, 4, BPF_ANY);
	ebpf_call(code, BPF_FUNC_map_update_elem);
	ebpf_load_from(code, BPF_DW, 1, FRAME, VALUE);
	ebpf_goto(code, next);
	ebpf_place(code, known);
	ebpf_load_from(code, BPF_DW, 1, 0, 0);
	ebpf_place(code, next);
	ebpf_store(code, BPF_DW, FRAME, FIELD(place), 1);
	ebpf_load_from(code, BPF_DW, 1, FRAME, FILTER);
	ebpf_store(code, BPF_DW, FRAME, FIELD(id), 1);
	ebpf_store_value(code, BPF_W, FRAME, FIELD(flags), 0);
	follow(code, FIELD(flags), 1, FILTER, it->at[FILTER_LOG]);
	follow(code, POINTER, 8, FILTER, it->at[FILTER_PROG]);
	follow(code, FIELD(filters), 4, POINTER, it->at[PROG_JITED]);
	write_row(code);
	follow(code, FILTER, 8, FILTER, it->at[FILTER_PREV]);
}

/* The kernel's loop is verified once; one of our own would be verified as often as it can run, and that takes longer
 * than all else. */
static void build(struct ebpf *code, const struct iterator *it)
{
	unsigned walk = ebpf_label(code), more = ebpf_label(code), end = ebpf_label(code);

	ebpf_move(code, FRAME, 10);
	ebpf_load_from(code, BPF_DW, 7, 1, 8); /* the task */
	ebpf_if_value(code, BPF_JEQ, 7, 0, end);
	ebpf_load_from(code, BPF_DW, 2, 1, 0);
	ebpf_load_from(code, BPF_DW, 2, 2, 0);
	ebpf_store(code, BPF_DW, FRAME, SEQ_FILE, 2);
	write_task(code, it->at);
	ebpf_set(code, 1, ITERATOR_DEPTH);
	ebpf_set_callback(code, 2, walk);
	ebpf_move(code, 3, FRAME);
	ebpf_set(code, 4, 0);
	ebpf_call(code, BPF_FUNC_loop);
	ebpf_place(code, end);
	ebpf_return(code, 0);

	ebpf_begin_callback(code, walk);
	ebpf_move(code, FRAME, 2);
	ebpf_load_from(code, BPF_DW, 1, FRAME, FILTER);
	ebpf_if_value(code, BPF_JNE, 1, 0, more);
	ebpf_return(code, 1);
	ebpf_place(code, more);
	write_filter(code, it);
	ebpf_return(code, 0);
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
	/* A kernel keeps its answers, and finding them takes as long as reading a thousand tasks: whoever was first has
	 * asked for all. */
	static _Atomic uint32_t answers[PLACES];
	static atomic_bool answered;
	int r = atomic_load(&answered) ? 0 : btf_ask(queries, PLACES, err);

	if (r < 0)
		return r;
	for (int i = 0; i < PLACES; i++) {
		if (!atomic_load(&answered))
			atomic_store(&answers[i], queries[i].answer);
		it->at[i] = atomic_load(&answers[i]);
	}
	atomic_store(&answered, true);
	return 0;
}

static int make_maps(struct iterator *it, struct callgate_err *err)
{
	const struct ebpf_map seen = { .type = BPF_MAP_TYPE_HASH,
				       .key = 8,
				       .value = 8,
				       .entries = SEEN_ROOM,
				       .flags = BPF_F_NO_PREALLOC,
				       .name = "callgate_seen" };
	const struct ebpf_map store = { .type = BPF_MAP_TYPE_ARRAY,
					.key = 4,
					.value = (unsigned)it->store_size,
					.entries = 1,
					.flags = BPF_F_MMAPABLE,
					.name = "callgate_store" };
	int r = ebpf_map_new(&seen, &it->seen, err);
	void *mapped;

	if (r == 0)
		r = ebpf_map_new(&store, &it->store_map, err);
	if (r < 0)
		return r;
	mapped = mmap(NULL, it->store_size, PROT_READ, MAP_SHARED, it->store_map, 0);
	if (mapped == MAP_FAILED)
		return err_set_errno(err, CALLGATE_E_UNSUPPORTED, errno, NULL, "the kernel refuses to share a BPF map");
	it->store = mapped;
	return 0;
}

void iterator_close(struct iterator *it)
{
	if (it->store)
		munmap(it->store, it->store_size);
	it->store = NULL;
	it->link = fd_close(it->link);
	it->prog = fd_close(it->prog);
	it->store_map = fd_close(it->store_map);
	it->seen = fd_close(it->seen);
}

int iterator_open(struct iterator *it, struct callgate_err *err)
{
	struct ebpf code = { 0 };
	int r = make_maps(it, err); /* first, because it tells at once who may not do this */

	if (r == 0)
		r = ask_places(it, err);
	if (r < 0)
		return r;
	build(&code, it);
	return ebpf_iterate(&code, it->at[ITER_FUNC], &it->prog, &it->link, err);
}

int iterator_look(const struct iterator *it, struct rows *out, struct callgate_err *err)
{
	int fd, saved = 0, r = ebpf_iteration(it->link, &fd, err);
	size_t used = 0, room = 0;
	char *bytes = NULL;

	if (r < 0)
		return r;
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
