/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Argument values of a row: combinations as long as they are few, then a set for each argument, then its hull and bits.
 */
#include <stdlib.h>

#include "record/record.h"

void record_values_add(struct record_values *values, uint64_t value, bool first)
{
	unsigned at = 0;

	if (first) {
		*values = (struct record_values){
			.count = 1, .values = { value }, .least = value, .most = value, .any = value, .all = value
		};
		return;
	}
	values->least = value < values->least ? value : values->least;
	values->most = value > values->most ? value : values->most;
	values->any |= value;
	values->all &= value;
	while (at < values->count && values->values[at] != value)
		at++;
	if (at < values->count || !values->count)
		return;
	if (values->count == RECORD_VALUES)
		values->count = 0;
	else
		values->values[values->count++] = value;
}

void record_values_join(struct record_values *values, const struct record_values *other, bool first)
{
	if (first) {
		*values = *other;
		return;
	}
	for (unsigned i = 0; i < other->count; i++)
		record_values_add(values, other->values[i], false);
	if (other->count)
		return;
	values->count = 0;
	values->least = other->least < values->least ? other->least : values->least;
	values->most = other->most > values->most ? other->most : values->most;
	values->any |= other->any;
	values->all &= other->all;
}

/* An argument that one of the combinations does not know may have been anything. */
static void add_to_spread(struct record_row *row, const struct record_combination *combination, bool first)
{
	row->known = first ? combination->known : row->known & combination->known;
	for (unsigned i = 0; i < RECORD_ARGS; i++)
		if (row->known >> i & 1)
			record_values_add(&row->spread[i], combination->args[i], first);
}

bool record_spread(struct record_row *row)
{
	if (row->spread)
		return true;
	row->spread = calloc(RECORD_ARGS, sizeof(*row->spread));
	if (!row->spread)
		return false;
	for (unsigned i = 0; i < row->combination_count; i++)
		add_to_spread(row, &row->combinations[i], i == 0);
	row->combination_count = 0;
	return true;
}

static bool same(const struct record_combination *a, const struct record_combination *b)
{
	if (a->known != b->known)
		return false;
	for (unsigned i = 0; i < RECORD_ARGS; i++)
		if (a->known >> i & 1 && a->args[i] != b->args[i])
			return false;
	return true;
}

void record_combine(struct record_row *row, const struct record_combination *combination)
{
	for (unsigned i = 0; i < row->combination_count; i++) {
		if (same(&row->combinations[i], combination)) {
			row->combinations[i].count += combination->count;
			return;
		}
	}
	if (!row->spread && row->combination_count < RECORD_COMBINATIONS) {
		row->combinations[row->combination_count++] = *combination;
		return;
	}
	if (record_spread(row))
		add_to_spread(row, combination, false);
}
