/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tree: a process and all that it has started. */
#ifndef CALLGATE_RUNTIME_TREE_H
#define CALLGATE_RUNTIME_TREE_H

#include "runtime/pids.h"

/* Adds root, unless that is the caller, and all its descendants. */
int tree_pids(pid_t root, struct pids *pids, struct callgate_err *err);

#endif
