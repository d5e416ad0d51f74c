/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rootless: whether a user's engine has called us in a user namespace in which the host's root has no number. */
#ifndef CALLGATE_BASE_ROOTLESS_H
#define CALLGATE_BASE_ROOTLESS_H

#include <stdbool.h>
#include <sys/types.h>

/* A rootless engine calls its hooks in a user namespace that maps its user and some ids of his. The host's files belong
 * there to the id that stands for everybody else, "/" first. In a container with a root of its own "/" belongs to that.
 */
bool rootless_is_host(uid_t id);
bool rootless_is_here(void);

#endif
