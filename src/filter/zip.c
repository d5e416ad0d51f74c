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

bool zip_next(struct zip *step)
{
	uint32_t last_a, last_b;

	if (step->started) {
		if (step->last == UINT32_MAX)
			return false;
		step->at_a += step->arch_a && span_last(step->arch_a, step->at_a) == step->last;
		step->at_b += step->arch_b && span_last(step->arch_b, step->at_b) == step->last;
		step->first = step->last + 1;
	}
	step->started = true;
	last_a = step->arch_a ? span_last(step->arch_a, step->at_a) : UINT32_MAX;
	last_b = step->arch_b ? span_last(step->arch_b, step->at_b) : UINT32_MAX;
	step->last = last_a < last_b ? last_a : last_b;
	step->a = step->arch_a ? step->arch_a->spans[step->at_a].node : step->filter_a->other_arch;
	step->b = step->arch_b ? step->arch_b->spans[step->at_b].node : step->filter_b->other_arch;
	return true;
}

uint32_t zip_foreign(const struct callgate_filter *a, const struct callgate_filter *b)
{
	uint32_t audit = 1;

	while (filter_arch_of(a, audit) || filter_arch_of(b, audit))
		audit++;
	return audit;
}
