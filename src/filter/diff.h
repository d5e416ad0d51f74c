/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Diff: where two filters mean something else, exactly: for every architecture, number and argument. */
#ifndef CALLGATE_FILTER_DIFF_H
#define CALLGATE_FILTER_DIFF_H

#include "filter/filter.h"

struct callgate_diff {
	struct callgate_difference *rows; /* by ABI, then by number */
	uint32_t *arches;                 /* as many: the AUDIT_ARCH_ words of the rows' witnesses */
	size_t count, room;
};

#endif
