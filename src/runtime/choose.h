/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Choice: which profile a container gets. */
#ifndef CALLGATE_RUNTIME_CHOOSE_H
#define CALLGATE_RUNTIME_CHOOSE_H

#include "callgate.h"

/* E_PERM when narrow permits what wide does not, or when that is unknown. */
int choose_check_narrow(const struct callgate_filter *wide, const struct callgate_filter *narrow,
			struct callgate_err *err);

#endif
