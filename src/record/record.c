/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record in memory: rows found by their key, counts added up, records merged. */
#include "record/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/selector.h"

enum { FIRST_TABLE = 1024, FIRST_ROWS = 256 };

int record_new(struct callgate_record **out, struct callgate_err *err)
{
	struct callgate_record *record = calloc(1, sizeof(*record));

	if (record) {
		record->table = calloc(FIRST_TABLE, sizeof(*record->table));
		record->table_size = FIRST_TABLE;
		record->exes = calloc(RECORD_EXE_NAMES, sizeof(*record->exes));
	}
	if (!record || !record->table || !record->exes) {
		callgate_record_free(record);
		return err_nomem(err);
	}
	*out = record;
	return 0;
}

struct callgate_record *callgate_record_free(struct callgate_record *record)
{
	if (!record)
		return NULL;
	for (size_t i = 0; i < record->count; i++)
		free(record->rows[i].spread);
	free(record->rows);
	free(record->table);
	free(record->exes);
	free(record);
	return NULL;
}

/* ------------------------------------------------------------------ finding a row */

static uint32_t hash_of(const struct record_row *row)
{
	uint32_t hash = row->nr * 2654435761u ^ (uint32_t)row->abi << 24 ^ (uint32_t)row->phase << 20 ^
			(uint32_t)row->answer << 16 ^ row->data;

	hash ^= hash >> 15;
	return hash * 2246822519u;
}

static bool same_key(const struct record_row *a, const struct record_row *b)
{
	return a->abi == b->abi && a->nr == b->nr && a->phase == b->phase && a->answer == b->answer &&
	       a->data == b->data;
}

static uint32_t *slot_of(const struct callgate_record *record, const struct record_row *key)
{
	size_t at = hash_of(key) & (record->table_size - 1);

	while (record->table[at] && !same_key(&record->rows[record->table[at] - 1], key))
		at = (at + 1) & (record->table_size - 1);
	return &record->table[at];
}

static bool rehash(struct callgate_record *record, size_t size)
{
	uint32_t *table = calloc(size, sizeof(*table));

	if (!table)
		return false;
	free(record->table);
	record->table = table;
	record->table_size = size;
	for (size_t i = 0; i < record->count; i++)
		*slot_of(record, &record->rows[i]) = (uint32_t)i + 1;
	return true;
}

static bool make_room(struct callgate_record *record)
{
	size_t room = record->room ? record->room * 2 : FIRST_ROWS;
	struct record_row *rows;

	if (record->count < record->room)
		return true;
	rows = realloc(record->rows, room * sizeof(*rows));
	if (!rows)
		return false;
	record->rows = rows;
	record->room = room;
	return record->table_size >= 2 * room || rehash(record, 2 * room);
}

/* The row of this key, made when missing. *out NULL: there are too many. */
static int row_for(struct callgate_record *record, const struct record_row *key, struct record_row **out,
		   struct callgate_err *err)
{
	uint32_t *slot = slot_of(record, key);

	*out = *slot ? &record->rows[*slot - 1] : NULL;
	if (*out || record->count == RECORD_ROWS)
		return 0;
	if (!make_room(record))
		return err_nomem(err);
	slot = slot_of(record, key);
	record->rows[record->count] = (struct record_row){
		.abi = key->abi, .nr = key->nr, .phase = key->phase, .answer = key->answer, .data = key->data
	};
	*out = &record->rows[record->count++];
	*slot = (uint32_t)record->count;
	return 0;
}

/* ------------------------------------------------------------------ executables */

unsigned record_exe_index(struct callgate_record *record, const char *name)
{
	char clean[RECORD_EXE_SIZE] = "";
	unsigned i;

	for (i = 0; name[i] && i + 1 < sizeof(clean); i++)
		clean[i] = name[i] > ' ' && name[i] <= '~' ? name[i] : '?';
	for (i = 0; i < record->exe_count; i++)
		if (strcmp(record->exes[i], clean) == 0)
			return i;
	if (i < RECORD_EXE_NAMES)
		memcpy(record->exes[record->exe_count++], clean, sizeof(clean));
	return i;
}

const char *record_exe(const struct callgate_record *record, unsigned name)
{
	return name < record->exe_count ? record->exes[name] : "";
}

static void add_exe(struct record_row *row, unsigned name, uint64_t count)
{
	for (unsigned i = 0; i < row->exe_count; i++) {
		if (row->exes[i].name == name) {
			row->exes[i].count += count;
			return;
		}
	}
	if (row->exe_count < RECORD_EXES && name < RECORD_EXE_NAMES)
		row->exes[row->exe_count++] = (struct record_exe){ (uint16_t)name, count };
}

/* ------------------------------------------------------------------ adding */

static void widen(uint64_t *first, uint64_t *last, uint64_t other_first, uint64_t other_last)
{
	if (other_first && (!*first || other_first < *first))
		*first = other_first;
	if (other_last > *last)
		*last = other_last;
}

static void add_times(struct callgate_record *record, struct record_row *row, uint64_t count, uint64_t first,
		      uint64_t last)
{
	row->count += count;
	widen(&row->first, &row->last, first, last);
	widen(&record->first, &record->last, first, last);
}

int record_add(struct callgate_record *record, const struct record_event *event, struct callgate_err *err)
{
	struct record_row key = {
		.abi = event->abi, .nr = event->nr, .phase = event->phase, .answer = event->answer, .data = event->data
	};
	struct record_row *row;
	struct record_combination combination = { .count = event->count, .known = event->known };
	int r = row_for(record, &key, &row, err);

	if (r < 0)
		return r;
	if (!row) {
		record->lost += event->count;
		return 0;
	}
	memcpy(combination.args, event->args, sizeof(combination.args));
	add_times(record, row, event->count, event->first, event->last);
	record_combine(row, &combination);
	if (event->exe && event->exe[0])
		add_exe(row, record_exe_index(record, event->exe), event->count);
	return 0;
}

int record_add_call(struct callgate_record *record, const struct record_event *event, struct callgate_err *err)
{
	struct selector selectors[SELECTORS];
	unsigned count = selectors_of(event->abi, event->nr, selectors);
	struct record_event kept = *event;

	memset(kept.args, 0, sizeof(kept.args));
	kept.known = 0;
	for (unsigned i = 0; i < count; i++) {
		unsigned arg = selectors[i].arg;

		if (!(event->known >> arg & 1))
			continue;
		kept.args[arg] = event->args[arg] & selectors[i].mask;
		kept.known |= (uint8_t)(1u << arg);
	}
	return record_add(record, &kept, err);
}

static bool join_spread(struct record_row *row, const struct record_row *from)
{
	bool empty = !row->combination_count && !row->spread;

	if (!record_spread(row))
		return false;
	row->known = empty ? from->known : row->known & from->known;
	for (unsigned i = 0; i < RECORD_ARGS; i++)
		if (row->known >> i & 1)
			record_values_join(&row->spread[i], &from->spread[i], empty);
	return true;
}

int record_add_row(struct callgate_record *record, const struct record_row *row, const struct callgate_record *from,
		   struct callgate_err *err)
{
	struct record_row *mine;
	int r = row_for(record, row, &mine, err);

	if (r < 0)
		return r;
	if (!mine) {
		record->lost += row->count;
		return 0;
	}
	add_times(record, mine, row->count, row->first, row->last);
	for (unsigned i = 0; i < row->combination_count; i++)
		record_combine(mine, &row->combinations[i]);
	if (row->spread && !join_spread(mine, row))
		return err_nomem(err);
	for (unsigned i = 0; i < row->exe_count; i++)
		add_exe(mine, record_exe_index(record, record_exe(from, row->exes[i].name)), row->exes[i].count);
	return 0;
}

int callgate_record_merge(struct callgate_record *record, const struct callgate_record *other, struct callgate_err *err)
{
	int r = 0;

	if (!record || !other || record == other)
		return err_missing(err);
	for (size_t i = 0; i < other->count && r == 0; i++)
		r = record_add_row(record, &other->rows[i], other, err);
	if (r < 0)
		return r;
	record->lost += other->lost;
	record->runs += other->runs;
	widen(&record->first, &record->last, other->first, other->last);
	if (!record->origin[0])
		memcpy(record->origin, other->origin, sizeof(record->origin));
	if (strcmp(record->method, other->method) != 0)
		strcpy(record->method, record->method[0] ? "several" : other->method);
	return 0;
}

/* ------------------------------------------------------------------ looking */

static int compare(const void *left, const void *right)
{
	const struct record_row *a = left, *b = right;

	if (a->abi != b->abi)
		return a->abi < b->abi ? -1 : 1;
	if (a->nr != b->nr)
		return a->nr < b->nr ? -1 : 1;
	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (a->answer != b->answer)
		return a->answer < b->answer ? -1 : 1;
	return a->data < b->data ? -1 : a->data > b->data;
}

void record_sort(struct callgate_record *record)
{
	/* Nothing recorded: no arrays either, which neither function takes. */
	if (!record->count)
		return;
	qsort(record->rows, record->count, sizeof(*record->rows), compare);
	memset(record->table, 0, record->table_size * sizeof(*record->table));
	for (size_t i = 0; i < record->count; i++)
		*slot_of(record, &record->rows[i]) = (uint32_t)i + 1;
}

const char *record_phase_name(enum callgate_phase phase)
{
	return phase == CALLGATE_PHASE_RUNTIME ? "runtime" : "program";
}

static void visit_row(const struct callgate_record *record, const struct record_row *row,
		      callgate_recorded_visit *visit, void *data)
{
	struct callgate_recorded recorded = { .abi = row->abi,
					      .nr = row->nr,
					      .phase = row->phase,
					      .denial = (enum callgate_denial)row->answer,
					      .errno_value = row->data };
	uint64_t left = row->count;

	for (unsigned i = 0; i < row->exe_count; i++) {
		recorded.program = record_exe(record, row->exes[i].name);
		recorded.count = row->exes[i].count < left ? row->exes[i].count : left;
		left -= recorded.count;
		visit(data, &recorded);
	}
	recorded.program = "";
	recorded.count = left;
	if (left)
		visit(data, &recorded);
}

void callgate_record_each(const struct callgate_record *record, callgate_recorded_visit *visit, void *data)
{
	for (size_t i = 0; i < record->count; i++)
		visit_row(record, &record->rows[i], visit, data);
}

const char *record_program(const struct callgate_record *record, const struct record_row *row)
{
	unsigned most = 0;

	for (unsigned i = 1; i < row->exe_count; i++)
		if (row->exes[i].count > row->exes[most].count)
			most = i;
	return row->exe_count ? record_exe(record, row->exes[most].name) : "";
}

int callgate_record_measure(const struct callgate_record *record, struct callgate_record_size *out)
{
	if (!record || !out)
		return CALLGATE_E_ARG;
	*out = (struct callgate_record_size){ .lost = record->lost, .runs = record->runs };
	for (size_t i = 0; i < record->count; i++) {
		out->calls += record->rows[i].count;
		out->denied += record->rows[i].answer == RECORD_ERRNO || record->rows[i].answer == RECORD_SIGSYS
				       ? record->rows[i].count
				       : 0;
	}
	out->rows = record->count;
	return 0;
}
