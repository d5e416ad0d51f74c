/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Proof of coverage, both ways: what was recorded and is not permitted, what is permitted and was not recorded. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "record/recording.h"
#include "record/region.h"

struct covering {
	const struct callgate_record *record;
	callgate_uncovered_visit *visit;
	void *data;
	bool all;
};

static int check_row(struct region_check *check, const struct record_row *row, struct covering *covering,
		     struct callgate_err *err)
{
	for (unsigned i = 0; i < region_count(row); i++) {
		struct callgate_uncovered told;
		uint64_t args[RECORD_ARGS];
		bool permitted;
		int r = region_check(check, row, i, &permitted, args, err);

		if (r < 0)
			return r;
		if (permitted)
			continue;
		covering->all = false;
		region_tell(check->filter, row, i, args, &told);
		told.program = record_program(covering->record, row);
		if (covering->visit)
			covering->visit(covering->data, &told);
	}
	return 0;
}

int callgate_record_covered(const struct callgate_record *record, const struct callgate_filter *filter,
			    callgate_uncovered_visit *visit, void *data, bool *covered, struct callgate_err *err)
{
	struct covering covering = { record, visit, data, true };
	struct region_check check;
	int r;

	if (!record || !filter || !covered)
		return err_missing(err);
	r = region_check_start(&check, filter, err);
	for (size_t i = 0; i < record->count && r == 0; i++)
		r = check_row(&check, &record->rows[i], &covering, err);
	region_check_release(&check);
	if (r == 0)
		*covered = covering.all;
	return r;
}

/* ------------------------------------------------------------------ the other way round */

struct recorded {
	const struct record_row **rows; /* by audit architecture and number */
	size_t count;
	struct callgate_filter *filter;
	const struct node *inside, *outside;
};

static int compare(const void *left, const void *right)
{
	const struct record_row *a = *(const struct record_row *const *)left,
				*b = *(const struct record_row *const *)right;
	uint32_t audit_a = abi_of(a->abi)->audit, audit_b = abi_of(b->abi)->audit;

	if (audit_a != audit_b)
		return audit_a < audit_b ? -1 : 1;
	return a->nr < b->nr ? -1 : a->nr > b->nr;
}

/* One architecture's map, from row *at on, which becomes the row behind it. */
static int add_arch(struct recorded *recorded, size_t *at, struct callgate_err *err)
{
	uint32_t audit = abi_of(recorded->rows[*at]->abi)->audit;
	struct span_map map = { 0 };
	size_t i = *at;

	if (recorded->rows[i]->nr)
		span_map_add(&map, &(struct span){ .first = 0, .node = recorded->outside });
	while (i < recorded->count && abi_of(recorded->rows[i]->abi)->audit == audit) {
		const struct node *node = recorded->outside;
		uint32_t nr = recorded->rows[i]->nr;

		for (; i < recorded->count && recorded->rows[i]->nr == nr &&
		       abi_of(recorded->rows[i]->abi)->audit == audit;
		     i++)
			for (unsigned j = 0; j < region_count(recorded->rows[i]) && node; j++)
				node = region_node(recorded->filter, recorded->rows[i], j, recorded->inside, node);
		if (!node) {
			span_map_release(&map);
			return err_nomem(err);
		}
		span_map_add(&map, &(struct span){ .first = nr, .node = node });
		if (nr != UINT32_MAX && (i == recorded->count || recorded->rows[i]->nr != nr + 1 ||
					 abi_of(recorded->rows[i]->abi)->audit != audit))
			span_map_add(&map, &(struct span){ .first = nr + 1, .node = recorded->outside });
	}
	*at = i;
	return filter_add_arch(recorded->filter, audit, &map, err);
}

/* Recorded calls are allowed; all others get TRACE, which is stricter than whatever permits and looser than whatever
 * does not. */
static int recorded_filter(const struct callgate_record *record, const struct callgate_filter *like,
			   struct recorded *recorded, struct callgate_err *err)
{
	struct callgate_action allow = { .kind = CALLGATE_ALLOW }, trace = { .kind = CALLGATE_TRACE };
	struct callgate_origin nobody = { .why = CALLGATE_BY_DEFAULT };
	int r = filter_new("record", &recorded->filter, err);

	if (r < 0)
		return r;
	recorded->rows = calloc(record->count + 1, sizeof(*recorded->rows));
	recorded->inside = filter_leaf(recorded->filter, allow, nobody);
	recorded->outside = filter_leaf(recorded->filter, trace, nobody);
	if (!recorded->rows || !recorded->inside || !recorded->outside)
		return err_nomem(err);
	recorded->count = record->count;
	for (size_t i = 0; i < record->count; i++)
		recorded->rows[i] = &record->rows[i];
	qsort(recorded->rows, record->count, sizeof(*recorded->rows), compare);
	for (size_t at = 0; at < record->count && r == 0;)
		r = add_arch(recorded, &at, err);
	if (r < 0)
		return r;
	recorded->filter->other_arch = recorded->filter->fallback = recorded->outside;
	memcpy(recorded->filter->abis, like->abis, sizeof(like->abis));
	recorded->filter->abi_count = like->abi_count;
	return 0;
}

int callgate_record_unused(const struct callgate_record *record, const struct callgate_filter *filter,
			   struct callgate_diff **out, struct callgate_err *err)
{
	struct recorded recorded = { 0 };
	struct callgate_filter *both = NULL;
	int r;

	if (!record || !filter || !out)
		return err_missing(err);
	r = recorded_filter(record, filter, &recorded, err);
	if (r == 0) {
		const struct callgate_filter *filters[] = { recorded.filter, filter };

		r = callgate_filter_meet(filters, 2, &both, err);
	}
	if (r == 0)
		r = callgate_filter_diff(filter, both, 0, out, err);
	callgate_filter_free(both);
	callgate_filter_free(recorded.filter);
	free(recorded.rows);
	return r;
}
