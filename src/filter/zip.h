/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zip: the maps of two filters for one audit architecture, walked in parallel over all numbers. */
#ifndef CALLGATE_FILTER_ZIP_H
#define CALLGATE_FILTER_ZIP_H

#include "filter/filter.h"

/* The numbers first to last, and the decisions of both. A filter without a map for the architecture gives its
 * other_arch. */
struct zip {
	uint32_t first, last;
	const struct node *a, *b;
	/* private */
	const struct callgate_filter *filter_a, *filter_b;
	const struct filter_arch *arch_a, *arch_b;
	size_t at_a, at_b;
	uint32_t last_a, last_b; /* of the spans at_a and at_b */
	bool started;
};

struct zip zip_start(const struct callgate_filter *a, const struct callgate_filter *b, uint32_t audit);
/* False: all numbers have been seen. */
bool zip_next(struct zip *step);
/* A number that no architecture in either filter has: what it gets, every unlisted architecture gets. */
uint32_t zip_foreign(const struct callgate_filter *a, const struct callgate_filter *b);

#endif
