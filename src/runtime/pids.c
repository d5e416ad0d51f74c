/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Process ids: a growing array, sorted and made unique at the end. */
#include "runtime/pids.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
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

int pids_add_everybody(struct pids *pids, struct callgate_err *err)
{
	DIR *dir = opendir("/proc");
	int r = dir ? 0 : err_set_errno(err, CALLGATE_E_IO, errno, "/proc", "cannot open");

	for (struct dirent *entry; r == 0 && dir && (entry = readdir(dir));)
		if (isdigit((unsigned char)entry->d_name[0]))
			r = pids_add(pids, (pid_t)strtol(entry->d_name, NULL, 10), err);
	if (dir)
		closedir(dir);
	return r;
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

bool pids_has(const struct pids *sorted, pid_t pid)
{
	return sorted->count && bsearch(&pid, sorted->pids, sorted->count, sizeof(pid), by_pid);
}

void pids_free(struct pids *pids)
{
	free(pids->pids);
	*pids = (struct pids){ 0 };
}
