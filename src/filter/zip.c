/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zip: two interval maps as one sequence of intervals. */
#include "filter/zip.h"

struct zip zip_start(const struct callgate_filter *a, const struct callgate_filter *b, uint32_t audit)
{
	return (struct zip){
		.filter_a = a,
		.filter_b = b,
		.arch_a = filter_arch_of(a, audit),
		.arch_b = filter_arch_of(b, audit),
	};
}

/* Without a map all numbers are one span. */
static const struct node *span_of(const struct callgate_filter *filter, const struct filter_arch *arch, size_t at,
				  uint32_t *last)
{
	*last = arch ? span_last(arch, at) : UINT32_MAX;
	return arch ? arch->spans[at].node : filter->other_arch;
}

bool zip_next(struct zip *step)
{
	bool next_a = !step->started, next_b = next_a;

	if (step->started) {
		if (step->last == UINT32_MAX)
			return false;
		next_a = step->last == step->last_a;
		next_b = step->last == step->last_b;
		step->at_a += next_a;
		step->at_b += next_b;
		step->first = step->last + 1;
	}
	step->started = true;
	if (next_a)
		step->a = span_of(step->filter_a, step->arch_a, step->at_a, &step->last_a);
	if (next_b)
		step->b = span_of(step->filter_b, step->arch_b, step->at_b, &step->last_b);
	step->last = step->last_a < step->last_b ? step->last_a : step->last_b;
	return true;
}

uint32_t zip_foreign(const struct callgate_filter *a, const struct callgate_filter *b)
{
	uint32_t audit = 1;

	while (filter_arch_of(a, audit) || filter_arch_of(b, audit))
		audit++;
	return audit;
}
