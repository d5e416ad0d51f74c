/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The descendants of a process, by the parents that /proc shows. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "kernel/status.h"
#include "runtime/tree.h"

struct child {
	pid_t pid, parent;
	bool taken;
};

struct children {
	struct child *at;
	size_t count, room;
};

/* stat's fourth field, behind the name in parentheses and the state; 0: gone, or not ours to see. */
static int parent_of(int proc, const char *name, pid_t *out, struct callgate_err *err)
{
	struct callgate_err why = CALLGATE_ERR_INIT;
	char path[32], text[1024], *at;
	int r;

	*out = 0;
	snprintf(path, sizeof(path), "%.16s/stat", name);
	r = proc_read(proc, path, text, sizeof(text), &why);
	if (r == CALLGATE_E_NOTFOUND || why.sys_errno == EACCES || why.sys_errno == EPERM)
		return 0;
	if (r < 0)
		return err_set(err, r, "%s", why.text);
	at = strrchr(text, ')');
	if (at && strlen(at) > 3)
		*out = (pid_t)strtol(at + 3, NULL, 10);
	return 0;
}

static int add(struct children *children, pid_t pid, pid_t parent, struct callgate_err *err)
{
	if (children->count == children->room) {
		size_t room = children->room ? children->room * 2 : 256;
		struct child *grown = realloc(children->at, room * sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		children->at = grown;
		children->room = room;
	}
	children->at[children->count++] = (struct child){ .pid = pid, .parent = parent };
	return 0;
}

static int read_children(struct children *children, struct callgate_err *err)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	int r = 0;

	if (!dir)
		return err_set_errno(err, CALLGATE_E_IO, errno, "/proc", "cannot open");
	while (r == 0 && (entry = readdir(dir))) {
		pid_t parent = 0;

		if (isdigit((unsigned char)entry->d_name[0]))
			r = parent_of(dirfd(dir), entry->d_name, &parent, err);
		if (r == 0 && parent)
			r = add(children, (pid_t)strtol(entry->d_name, NULL, 10), parent, err);
	}
	closedir(dir);
	return r;
}

int tree_pids(pid_t root, struct pids *pids, struct callgate_err *err)
{
	struct children children = { 0 };
	size_t known = pids->count;
	int r;

	r = pids_add(pids, root, err);
	if (r == 0)
		r = read_children(&children, err);
	for (size_t i = known; r == 0 && i < pids->count; i++) {
		for (size_t j = 0; r == 0 && j < children.count; j++) {
			if (children.at[j].taken || children.at[j].parent != pids->pids[i])
				continue;
			children.at[j].taken = true;
			r = pids_add(pids, children.at[j].pid, err);
		}
	}
	if (r == 0 && root == getpid())
		pids->pids[known] = pids->pids[--pids->count];
	free(children.at);
	return r;
}
