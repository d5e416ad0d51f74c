/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resolve, for callers that ask libseccomp itself. */
#ifndef CALLGATE_FILTER_RESOLVE_H
#define CALLGATE_FILTER_RESOLVE_H

#include "filter/filter.h"
#include "policy/traits.h"

/*
 * callgate_filter_resolve() for a reader through libseccomp, but what libseccomp would refuse, leave out or decide by
 * its own order is skipped. Only filter_attribute() may make use of the result.
 */
int filter_resolve_lenient(const struct callgate_policy *policy, const struct callgate_target *target,
			   struct callgate_filter **out, struct callgate_notes *notes, struct callgate_err *err);

#endif
