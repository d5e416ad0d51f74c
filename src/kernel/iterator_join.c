/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From two looks to a reading: what both of them saw alike. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/iterator_parts.h"

enum { TICK_NS = 10000000, TASK_EXITING = 4 /* PF_EXITING */ };

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

int iterator_join(const struct rows *first, const struct rows *second, struct iterator_reading *out,
		  struct callgate_err *err)
{
	struct looks looks = { .first = *first, .second = *second };
	int r = index_second(&looks, err);

	for (size_t i = 0; r == 0 && i < first->count; i++)
		looks.confirmed[i] = first->at[i].is_task && is_confirmed(&looks, i);
	if (r == 0)
		r = drop_doubtful(&looks, err);
	if (r == 0)
		r = add_tasks(&looks, out, err);
	if (r == 0)
		r = add_filters(&looks, out, err);
	free(looks.places);
	free(looks.confirmed);
	return r;
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
