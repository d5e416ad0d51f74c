/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attribute: gives the decisions of a lifted program the lines of the profile that it was made of. */
#ifndef CALLGATE_FILTER_ATTRIBUTE_H
#define CALLGATE_FILTER_ATTRIBUTE_H

#include "filter/filter.h"

/*
 * filter, from filter_resolve_lenient(), comes to mean what lifted means: where both agree it stays as it is, elsewhere
 * lifted's decision takes its place, with the lines of rules for the call that have these actions. What a runtime's
 * stub answers before the program stays.
 */
int filter_attribute(struct callgate_filter *filter, const struct callgate_filter *lifted, struct callgate_err *err);

#endif
