/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Meet: the filters of a process, which the kernel runs all, as the one filter that they amount to. */
#ifndef CALLGATE_FILTER_MEET_H
#define CALLGATE_FILTER_MEET_H

#include "filter/filter.h"

/* filters: oldest first. The strictest action counts, of equal kinds the newest filter's data and origin; no filter at
 * all is ALLOW. The result keeps no pointer into them. E_LIMIT "too complex" past FILTER_NODE_LIMIT nodes. */
int filter_meet(const struct callgate_filter *const filters[], size_t count, struct callgate_filter **out,
		struct callgate_err *err);

#endif
