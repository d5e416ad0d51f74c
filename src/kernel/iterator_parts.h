/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the task iterator share: the program that writes rows, and the join of two looks. */
#ifndef CALLGATE_KERNEL_ITERATOR_PARTS_H
#define CALLGATE_KERNEL_ITERATOR_PARTS_H

#include "kernel/iterator.h"

enum { ITERATOR_PLACES = 16, NOT_STORED = 0xffffffff };

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

struct iterator {
	uint32_t at[ITERATOR_PLACES]; /* what the program reads, by enum place */
	int seen, store_map, prog, link;
	struct store *store;
	size_t store_size;
};

struct rows {
	struct row *at;
	size_t count;
};

/* kernel/iterator_program.c: the program is loaded, with maps of its own. */
int iterator_open(struct iterator *it, struct callgate_err *err);
void iterator_close(struct iterator *it);
/* A look: all rows, in the order of tasks. The caller frees out->at. */
int iterator_look(const struct iterator *it, struct rows *out, struct callgate_err *err);

/* kernel/iterator_join.c: what both looks saw alike; the programs are in out already. */
int iterator_join(const struct rows *first, const struct rows *second, struct iterator_reading *out,
		  struct callgate_err *err);

#endif
