/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Users' containers: those of rootless podman, by their names, for root. No file of a user's is read. What the monitor
 * of a container (conmon) was told on its command line is its user's word; whose process the monitor is, which process
 * it watches and in whose user namespace that runs is the kernel's.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/status.h"
#include "runtime/hooks.h"
#include "runtime/tree.h"

enum { WORDS = 16 * 1024, SHORT_ID = 12, MONITORS = 256 /* that are looked at: anybody can call processes so */ };

/* ------------------------------------------------------------------ what a monitor was told */

static bool is_id(const char *id, const char *name)
{
	size_t size = strlen(name);

	return strcmp(id, name) == 0 ||
	       (size >= SHORT_ID && strspn(name, "0123456789abcdef") == size && strncmp(id, name, size) == 0);
}

/* "conmon ... -c ID ... -n NAME ...", without "-e": that is a command which came in later. */
static bool says_name(const char *words, size_t size, const char *name)
{
	const char *slash = strrchr(words, '/'), *before = "";
	bool is_named = false;

	if (strcmp(slash ? slash + 1 : words, "conmon") != 0)
		return false;
	for (size_t at = 0; at < size; at += strlen(words + at) + 1) {
		const char *word = words + at;

		if (strcmp(word, "-e") == 0)
			return false;
		is_named |= (strcmp(before, "-n") == 0 && strcmp(word, name) == 0) ||
			    (strcmp(before, "-c") == 0 && is_id(word, name));
		before = word;
	}
	return is_named;
}

/* ------------------------------------------------------------------ what the kernel says */

/* The owner of the outermost user namespace below ours that the process runs in; false: it runs in ours. */
static bool owner_of(pid_t pid, uid_t *owner)
{
	char path[64];
	int fd, up;
	bool is_known = false;

	snprintf(path, sizeof(path), "/proc/%ld/ns/user", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (up = ioctl(fd, NS_GET_PARENT)) >= 0) { /* EPERM at the top of what we may see */
		is_known = ioctl(fd, NS_GET_OWNER_UID, owner) == 0;
		fd_close(fd);
		fd = up;
	}
	fd_close(fd);
	return is_known;
}

static bool have_same_mounts(pid_t one, pid_t other)
{
	struct stat a, b;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/ns/mnt", (long)one);
	if (stat(path, &a) < 0)
		return true;
	snprintf(path, sizeof(path), "/proc/%ld/ns/mnt", (long)other);
	return stat(path, &b) < 0 || (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* The first process behind the monitor that has mounts of its own: until then it is the runtime. 0: none of the user's.
 */
static pid_t watched(pid_t monitor, uid_t uid)
{
	struct pids pids = { 0 };
	uid_t owner;
	pid_t found = 0;

	if (tree_pids(monitor, &pids, NULL) == 0)
		for (size_t i = 1; i < pids.count && !found; i++)
			if (!have_same_mounts(monitor, pids.pids[i]))
				found = pids.pids[i];
	pids_free(&pids);
	return found && owner_of(found, &owner) && owner == uid ? found : 0;
}

/* A user's monitor of such a container; *uid: whose. */
static bool is_monitor(int proc, const char *entry, const char *name, char *words, uid_t *uid)
{
	char path[64];
	struct stat st;
	size_t size = WORDS;

	if (!isdigit((unsigned char)entry[0]) || fstatat(proc, entry, &st, 0) < 0 || st.st_uid == 0)
		return false;
	snprintf(path, sizeof(path), "%.16s/cmdline", entry);
	memset(words, 0, WORDS);
	if (proc_read(proc, path, words, WORDS, NULL) < 0)
		return false;
	while (size && !words[size - 1])
		size--;
	*uid = st.st_uid;
	return says_name(words, size, name);
}

int callgate_oci_users(const char *name, const uid_t *of, struct callgate_users_container *list, size_t room,
		       size_t *count, struct callgate_err *err)
{
	char *words = malloc(WORDS);
	unsigned looked = 0;
	struct dirent *entry;
	DIR *dir;

	*count = 0;
	if (!words)
		return err_nomem(err);
	dir = opendir("/proc");
	if (!dir) {
		free(words);
		return err_set_errno(err, CALLGATE_E_IO, errno, "/proc", "cannot open");
	}
	while (*count < room && (entry = readdir(dir))) {
		struct callgate_users_container found;

		if (!is_monitor(dirfd(dir), entry->d_name, name, words, &found.uid) || (of && found.uid != *of))
			continue;
		if (looked++ == MONITORS)
			break;
		found.pid = watched((pid_t)strtol(entry->d_name, NULL, 10), found.uid);
		if (found.pid)
			list[(*count)++] = found;
	}
	closedir(dir);
	free(words);
	if (looked > MONITORS)
		return err_set(err, CALLGATE_E_LIMIT, "more than %d processes call themselves the monitor of '%.200s'",
			       MONITORS, name);
	return 0;
}
