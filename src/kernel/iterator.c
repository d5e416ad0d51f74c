/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's task iterator: the filters of every task of the machine in one reading, nobody stopped. */
#include "kernel/iterator.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "kernel/iterator_parts.h"

enum { STORE_FIRST = 1 << 20, STORE_LIMIT = 1 << 28 };
#define INITIAL_PID_NAMESPACE 0xeffffffcu /* its inode */

static bool is_full(const struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		if (!rows->at[i].is_task && rows->at[i].place == NOT_STORED && rows->at[i].count)
			return true;
	return false;
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
	struct rows first = { 0 }, second = { 0 };
	int r = iterator_look(it, &first, err);

	*full = r == 0 && is_full(&first);
	if (r == 0 && !*full)
		r = iterator_look(it, &second, err);
	if (r == 0 && !*full)
		r = take_programs(it, out, err);
	if (r == 0 && !*full)
		r = iterator_join(&first, &second, out, err);
	free(first.at);
	free(second.at);
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
