/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Process ids: a growing array, sorted and made unique at the end. */
#include "runtime/pids.h"

#include <stdlib.h>

#include "base/err.h"

int pids_add(struct pids *pids, pid_t pid, struct callgate_err *err)
{
	if (pids->count == pids->room) {
		size_t room = pids->room ? pids->room * 2 : 64;
		pid_t *grown = realloc(pids->pids, room * sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		pids->pids = grown;
		pids->room = room;
	}
	pids->pids[pids->count++] = pid;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

void pids_sort(struct pids *pids)
{
	size_t kept = 0;

	if (pids->count)
		qsort(pids->pids, pids->count, sizeof(*pids->pids), by_pid);
	for (size_t i = 0; i < pids->count; i++)
		if (i == 0 || pids->pids[i] != pids->pids[i - 1])
			pids->pids[kept++] = pids->pids[i];
	pids->count = kept;
}

void pids_free(struct pids *pids)
{
	free(pids->pids);
	*pids = (struct pids){ 0 };
}
