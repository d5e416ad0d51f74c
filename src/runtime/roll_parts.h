/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two files of the roll call share: who is named. */
#ifndef CALLGATE_RUNTIME_ROLL_PARTS_H
#define CALLGATE_RUNTIME_ROLL_PARTS_H

#include "runtime/pids.h"

/* Who is called, and which of them had no first thread any more when they were named. Who has ended since then may have
 * started the next since then. Both are to be freed. */
struct named {
	struct pids pids, headless;
};
/* Who ends while names are gathered comes to the roll itself. */
int roll_name_all(enum callgate_scope scope, pid_t pid, struct callgate_tasks *roll, struct named *named,
		  struct callgate_err *err);

#endif
