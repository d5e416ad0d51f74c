/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outcomes: a decision as people read it, for a call of which some arguments are known. */
#ifndef CALLGATE_FILTER_OUTCOMES_H
#define CALLGATE_FILTER_OUTCOMES_H

#include "filter/filter.h"

/* The span that a call falls into; NULL: no map for its architecture, filter->other_arch answers. */
const struct span *outcomes_span(const struct callgate_filter *filter, const struct callgate_pattern *pattern);

/* Writes ANDed tests, "" for none; longer text ends in "...". */
void tests_format(const struct test *tests, unsigned count, char *buf, size_t size);

#endif
