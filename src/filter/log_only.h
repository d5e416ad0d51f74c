/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log only: a filter that lets everything pass and has logged what another one would not have allowed. */
#ifndef CALLGATE_FILTER_LOG_ONLY_H
#define CALLGATE_FILTER_LOG_ONLY_H

#include "filter/filter.h"

/* Every action but ALLOW becomes LOG, on all architectures, the unlisted ones too. Nothing counts as dropped: what the
 * profile denies is not denied here. */
int filter_log_only(const struct callgate_filter *filter, struct callgate_filter **out, struct callgate_err *err);

#endif
