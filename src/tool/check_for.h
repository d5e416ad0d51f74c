/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Consumers: who is to take a profile, and what it asks beyond the profile's meaning. */
#ifndef CALLGATE_TOOL_CHECK_FOR_H
#define CALLGATE_TOOL_CHECK_FOR_H

#include "callgate.h"

/* -1 after a message. */
int consumer_take(const char *word, const char **out);
/* A profile, as it was named, and what was made of it. */
struct consumed {
	const char *profile;
	const struct callgate_policy *policy;
	const struct callgate_filter *filter;
	enum callgate_abi host;
};
/* Findings go to notes. E_PROFILE: the consumer would refuse it. */
int consumer_check(const char *consumer, const struct consumed *of, struct callgate_notes *notes,
		   struct callgate_err *err);

#endif
