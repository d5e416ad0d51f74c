/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whoever is to be caught in a call must be there first. */
#ifndef CALLGATE_TEST_ASLEEP_H
#define CALLGATE_TEST_ASLEEP_H

#include <sys/types.h>

/* Returns when the process or thread sleeps: it is in a call that waits. */
void await_asleep(pid_t id);

#endif
