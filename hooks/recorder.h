/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recorder: a process of its own that records a container from its first call on, until its first process ends. */
#ifndef CALLGATE_HOOKS_RECORDER_H
#define CALLGATE_HOOKS_RECORDER_H

#include <sys/types.h>

#include "hooks/say.h"

/* Begins to record the container of pid, which has not executed its program yet; returns when every call counts. The
 * record is added to what was recorded under that name before. 0, or -1 after messages: it is not recorded. */
int recorder_start(const char *engine, const char *id, pid_t pid, struct messages *messages);

#endif
