/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One process: its parent, its user and its sockets, as /proc says; and the end of a command, which becomes ours. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

bool process_has_socket(pid_t pid, unsigned long inode, bool *known)
{
	char path[64], wanted[64], link[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	dir = opendir(path);
	if (known)
		*known = dir != NULL;
	while (dir && !found && (entry = readdir(dir))) {
		ssize_t size = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);

		link[size > 0 ? size : 0] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	if (dir)
		closedir(dir);
	return found;
}

int process_end_like(int status)
{
	struct rlimit no_core = { 0 };
	int signal_number;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	signal_number = WTERMSIG(status);
	setrlimit(RLIMIT_CORE, &no_core);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
	return EXIT_SIGNAL + signal_number; /* blocked or ignored by whoever started us */
}
