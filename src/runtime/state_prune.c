/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State files of containers that have gone: podman has no stage at which a hook could take them away, so the next
 * container does. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/hooks.h"

/* What "key" is followed by in a state file, which is our own writing; NULL: the file has no such key. */
static const char *value_of(const char *text, const char *key)
{
	char quoted[32];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\": ", key);
	at = strstr(text, quoted);
	return at ? at + strlen(quoted) : NULL;
}

/* Whether it tells of a failure, which stays for people, or of a process that lives. */
static bool is_wanted(const char *path, enum callgate_stale stale)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	const char *result, *pid;
	bool wanted = false;
	char *text;
	size_t size;

	if (callgate_file_read_trusted(path, &text, &size, &err) < 0)
		return true;
	result = value_of(text, "result");
	pid = value_of(text, "pid");
	if (stale == CALLGATE_STALE_DAY && result && strncmp(result, "\"failed\"", 8) == 0)
		wanted = true;
	if (pid && (kill((pid_t)strtol(pid, NULL, 10), 0) == 0 || errno != ESRCH))
		wanted = true;
	free(text);
	return wanted;
}

/* A JSON string up to its end, as it was written: names of files seldom need more than that. */
static void take_string(const char *at, char *out, size_t size)
{
	size_t used = 0;

	for (at += at && *at == '"'; at && *at && *at != '"' && used + 1 < size; at++) {
		at += *at == '\\' && at[1];
		out[used++] = *at;
	}
	out[used] = '\0';
}

bool callgate_state_is_namesake(const char *id, const char *config, char *other, size_t size)
{
	char path[PATH_MAX], unit[300], place[300] = "", *text;
	const char *pid;
	size_t length;

	if (callgate_state_path("lxc", id, path, sizeof(path), NULL) < 0 ||
	    callgate_file_read_trusted(path, &text, &length, NULL) < 0)
		return false;
	pid = value_of(text, "pid");
	take_string(value_of(text, "config"), other, size);
	snprintf(unit, sizeof(unit), "lxc:%s", id);
	if (pid && callgate_task_container((pid_t)strtol(pid, NULL, 10), place, sizeof(place)) < 0)
		place[0] = '\0';
	free(text);
	length = strlen(unit);
	/* "-1" is LXC's for the second of one name. */
	return other[0] && strcmp(other, config) != 0 && strncmp(place, unit, length) == 0 &&
	       (!place[length] || place[length] == '-');
}

void callgate_bundle_forget(const char *path)
{
	char copy[PATH_MAX], config[PATH_MAX + 16];

	snprintf(copy, sizeof(copy), "%.*s.d", (int)(strrchr(path, '.') - path), path);
	snprintf(config, sizeof(config), "%s/config.json", copy);
	if (unlink(config) == 0)
		rmdir(copy);
}

void callgate_state_prune(const char *engine, enum callgate_stale stale)
{
	enum { DAY = 24 * 60 * 60 };
	char directory[PATH_MAX], path[PATH_MAX + 300];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (callgate_state_path(engine, "x", directory, sizeof(directory), NULL) < 0)
		return;
	*strrchr(directory, '/') = '\0';
	dir = opendir(directory);
	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] == '.' || !dot || strcmp(dot, ".json") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
		    (stale == CALLGATE_STALE_DAY && time(NULL) - st.st_mtime < DAY) || is_wanted(path, stale))
			continue;
		unlink(path);
		callgate_bundle_forget(path);
	}
	if (dir)
		closedir(dir);
}
