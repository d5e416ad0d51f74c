/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Consumers: who is to take a profile, and what it asks beyond the profile's meaning. */
#ifndef CALLGATE_TOOL_CHECK_FOR_H
#define CALLGATE_TOOL_CHECK_FOR_H

#include "callgate.h"

/* -1 after a message. */
int consumer_take(const char *word, const char **out);
/* path: of a profile that was read and resolved to filter. E_PROFILE: the consumer would refuse it. */
int consumer_check(const char *consumer, const char *path, const struct callgate_filter *filter, enum callgate_abi host,
		   struct callgate_err *err);

#endif
