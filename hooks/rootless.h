/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rootless: whether this hook was installed by the host's root, and an engine of a user without privilege calls it. */
#ifndef CALLGATE_HOOKS_ROOTLESS_H
#define CALLGATE_HOOKS_ROOTLESS_H

#include <stdbool.h>

/* Such a hook leaves the container as it is: it can read neither root's settings nor write root's records. In a
 * container whose own root has installed callgate it is at work as everywhere. */
bool hook_is_of_hosts_root(void);
/* Reads standard input to its end, and copies it to standard output or not. An engine whose hook ends before all of the
 * state is written to it may take that for a failure and end the start. 0, or -1. */
enum hook_output { HOOK_SAYS_NOTHING, HOOK_COPIES };
int hook_pass_through(enum hook_output output);

#endif
