/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc says of one process: its parent, its user. */
#include <stdio.h>

#include "tool/tool.h"

pid_t process_parent(pid_t pid, uid_t *uid)
{
	char path[64], line[256];
	unsigned real = 0;
	long parent = 0;
	bool has_user = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	/* The parent stands before the user. */
	while (file && !has_user && fgets(line, sizeof(line), file))
		if (sscanf(line, "PPid: %ld", &parent) != 1)
			has_user = sscanf(line, "Uid: %u", &real) == 1;
	if (file)
		fclose(file);
	if (uid)
		*uid = real;
	return has_user ? (pid_t)parent : -1;
}
