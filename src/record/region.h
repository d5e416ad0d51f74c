/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Region: the calls that a row of a record means, as decisions over arguments, so that filters can be held against
 * it. */
#ifndef CALLGATE_RECORD_REGION_H
#define CALLGATE_RECORD_REGION_H

#include "filter/filter.h"
#include "filter/meaning.h"
#include "record/record.h"
#include "record/recording.h"

/* A combination of a row, or all that it has when they are spread: indices run to region_count() - 1. */
unsigned region_count(const struct record_row *row);
uint64_t region_calls(const struct record_row *row, unsigned index);
/* inside for the region's calls, outside for the others. NULL: no memory. */
const struct node *region_node(struct callgate_filter *scratch, const struct record_row *row, unsigned index,
			       const struct node *inside, const struct node *outside);

/* Holding one region after another against a filter. */
struct region_check {
	const struct callgate_filter *filter;
	struct callgate_filter *scratch;
	struct meaning *meaning;
	unsigned used;
};
/* filter: not owned. Release in any case. */
int region_check_start(struct region_check *check, const struct callgate_filter *filter, struct callgate_err *err);
void region_check_release(struct region_check *check);
/* Whether the filter permits every call of the region; if not, args is one that it does not. */
int region_check(struct region_check *check, const struct record_row *row, unsigned index, bool *permitted,
		 uint64_t args[RECORD_ARGS], struct callgate_err *err);
/* Fills what is told of a region that a filter does not permit. */
void region_tell(const struct callgate_filter *filter, const struct record_row *row, unsigned index,
		 const uint64_t args[RECORD_ARGS], struct callgate_uncovered *out);

#endif
