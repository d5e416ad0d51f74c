/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tree: a process and all that it has started. */
#ifndef CALLGATE_RUNTIME_TREE_H
#define CALLGATE_RUNTIME_TREE_H

#include "runtime/pids.h"

/* Adds root, unless that is the caller, and all its descendants. */
int tree_pids(pid_t root, struct pids *pids, struct callgate_err *err);

/* Processes and their parents, side by side; parent 0: nobody's child. gone: who went before he could be asked. */
struct family {
	struct pids all, parents, gone;
};
/* Everybody. headless (sorted): who had no first thread before; one of them who has no other thread either is nobody's
 * child. */
int family_ask(struct family *family, const struct pids *headless, struct callgate_err *err);
/* Adds the descendants of those that stand in pids from an index on; each leaves the family. */
int family_descend(struct family *family, struct pids *pids, size_t from, struct callgate_err *err);
void family_free(struct family *family);

#endif
