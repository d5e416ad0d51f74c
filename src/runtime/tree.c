/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The descendants of a process, by the parents that /proc shows. */
#include "runtime/tree.h"

#include <unistd.h>

#include "base/err.h"
#include "kernel/status.h"

int family_descend(struct family *family, struct pids *pids, size_t from, struct callgate_err *err)
{
	int r = 0;

	for (size_t i = from; r == 0 && i < pids->count; i++)
		for (size_t j = 0; r == 0 && j < family->all.count; j++) {
			if (family->parents.pids[j] != pids->pids[i])
				continue;
			family->parents.pids[j] = 0; /* numbers that are used again may go in a circle */
			r = pids_add(pids, family->all.pids[j], err);
		}
	return r;
}

void family_free(struct family *family)
{
	pids_free(&family->all);
	pids_free(&family->parents);
	pids_free(&family->gone);
}

int family_ask(struct family *family, const struct pids *headless, struct callgate_err *err)
{
	int r = pids_add_everybody(&family->all, err);

	for (size_t i = 0; r == 0 && i < family->all.count; i++) {
		pid_t pid = family->all.pids[i];
		struct process_stat stat;

		r = process_stat(pid, &stat, err);
		if (r == CALLGATE_E_NOTFOUND)
			r = pids_add(&family->gone, pid, err);
		if (stat.threads <= 1 && pids_has(headless, pid))
			stat.parent = 0;
		if (r == 0)
			r = pids_add(&family->parents, stat.parent, err);
	}
	return r;
}

int tree_pids(pid_t root, struct pids *pids, struct callgate_err *err)
{
	struct family family = { 0 };
	size_t known = pids->count;
	int r = pids_add(pids, root, err);

	if (r == 0)
		r = family_ask(&family, &(struct pids){ 0 }, err);
	if (r == 0)
		r = family_descend(&family, pids, known, err);
	if (r == 0 && root == getpid())
		pids->pids[known] = pids->pids[--pids->count];
	family_free(&family);
	return r;
}
