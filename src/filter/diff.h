/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Diff: where two filters mean something else, exactly: for every architecture, number and argument. */
#ifndef CALLGATE_FILTER_DIFF_H
#define CALLGATE_FILTER_DIFF_H

#include "filter/filter.h"

struct callgate_diff {
	struct callgate_difference *rows; /* by ABI, then by number */
	size_t count, room;
};

#endif
