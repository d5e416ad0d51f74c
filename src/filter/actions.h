/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Actions: which different ones a decision may come to, whatever its arguments. */
#ifndef CALLGATE_FILTER_ACTIONS_H
#define CALLGATE_FILTER_ACTIONS_H

#include "filter/filter.h"

/* The loosest first. When there are more than fit, the loosest and the strictest are among those kept. */
struct action_set {
	struct callgate_action actions[8];
	unsigned count;
	bool opaque, more; /* more: there are others */
};
/* E_NOMEM. */
int action_set_of(const struct callgate_filter *filter, const struct node *node, struct action_set *out);

#endif
