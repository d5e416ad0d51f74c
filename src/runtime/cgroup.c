/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes of a container by its cgroups, versions 1 and 2, all hierarchies that are mounted. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/status.h"
#include "runtime/cgroup_parts.h"

enum { CGROUP_DEPTH = 64 };

/* Takes the next row off *text and ends its words with NULs. */
bool cgroup_next_row(char **text, struct cgroup_row *row)
{
	char *line = *text, *first, *second, *end;

	if (*line == '\0')
		return false;
	end = line + strcspn(line, "\n");
	*text = *end ? end + 1 : end;
	*end = '\0';
	first = strchr(line, ':');
	second = first ? strchr(first + 1, ':') : NULL;
	if (!second)
		return cgroup_next_row(text, row);
	*first = *second = '\0';
	*row = (struct cgroup_row){ .controllers = first + 1,
				    .path = second + 1,
				    .id = (unsigned)strtoul(line, NULL, 10) };
	return true;
}

int cgroup_read(pid_t pid, char *text, struct callgate_err *err)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%ld/cgroup", (long)pid);
	return proc_read(AT_FDCWD, name, text, CGROUP_TEXT, err);
}

static bool is_below(const char *path, const char *top)
{
	size_t size = strlen(top);

	return strncmp(path, top, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

/* Whether the process sits in the cgroup or below it; one that cannot be read is not there. */
bool cgroup_has(pid_t pid, unsigned id, const char *path)
{
	char *text = malloc(CGROUP_TEXT), *at = text;
	struct cgroup_row row;
	bool inside = false;

	if (text && cgroup_read(pid, text, NULL) == 0)
		while (!inside && cgroup_next_row(&at, &row))
			inside = row.id == id && is_below(row.path, path);
	free(text);
	return inside;
}

/* Undoes mountinfo's \ooo in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++) {
		if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' &&
		    at[3] <= '7') {
			*to++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 3;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
}

/* Whether a comma-separated list of mount options has all words of another. */
static bool has_controllers(const char *options, const char *controllers)
{
	for (const char *word = controllers; *word;) {
		size_t size = strcspn(word, ",");
		bool found = false;

		for (const char *at = options; !found && *at;) {
			size_t length = strcspn(at, ",\n");

			found = length == size && strncmp(at, word, size) == 0;
			at += length;
			at += *at != '\0';
		}
		if (!found)
			return false;
		word += size;
		word += *word == ',';
	}
	return true;
}

/* Removed meanwhile, or not ours to read; anything else must not look like an empty one. */
static bool is_out_of_sight(int saved)
{
	return saved == ENOENT || saved == ENODEV || saved == EACCES;
}

/* *out: -1 when it is out of sight. */
static int open_directory(int dir, const char *path, int flags, int *out, struct callgate_err *err)
{
	*out = openat(dir, path, flags | O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out >= 0 || is_out_of_sight(errno)
		       ? 0
		       : err_set_errno(err, CALLGATE_E_IO, errno, NULL, "cannot open a cgroup");
}

int cgroup_open(const struct cgroup_row *row, const char *path, int *out, struct callgate_err *err)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	int r = 0;

	*out = -1;
	if (!file)
		return err_set_errno(err, CALLGATE_E_IO, errno, "/proc/self/mountinfo", "cannot open");
	while (r == 0 && *out < 0 && getline(&line, &room, file) > 0) {
		char *save, *root, *point, *dash = strstr(line, " - "), *kind, *options, place[PATH_MAX];

		if (!dash || !strtok_r(line, " ", &save) || !strtok_r(NULL, " ", &save) || !strtok_r(NULL, " ", &save))
			continue;
		root = strtok_r(NULL, " ", &save);
		point = strtok_r(NULL, " ", &save);
		kind = strtok_r(dash + 3, " ", &save);
		if (!root || !point || !kind || !strtok_r(NULL, " ", &save) || !(options = strtok_r(NULL, " ", &save)))
			continue;
		if (row->id == 0 ? strcmp(kind, "cgroup2") != 0
				 : strcmp(kind, "cgroup") != 0 || !has_controllers(options, row->controllers))
			continue;
		unescape(root);
		unescape(point);
		if (strcmp(root, "/") == 0)
			root = (char *)"";
		if (!is_below(path, root))
			continue;
		if (snprintf(place, sizeof(place), "%s%s", point, path + strlen(root)) < (int)sizeof(place))
			r = open_directory(AT_FDCWD, place, 0, out, err);
	}
	free(line);
	fclose(file);
	return r;
}

static int add_procs(int dir, struct pids *pids, struct callgate_err *err)
{
	int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC), r = 0;
	FILE *file;
	long pid;

	if (fd < 0 && !is_out_of_sight(errno))
		return err_set_errno(err, CALLGATE_E_IO, errno, NULL, "cannot read a cgroup");
	if (fd < 0)
		return 0;
	file = fdopen(fd, "r");
	if (!file) {
		fd_close(fd);
		return err_nomem(err);
	}
	/* A threaded cgroup of version 2 refuses to be read: its processes are listed above it. 0 is a process of
	 * another pid namespace, which we could not look at. */
	while (r == 0 && fscanf(file, "%ld", &pid) == 1)
		if (pid > 0)
			r = pids_add(pids, (pid_t)pid, err);
	fclose(file);
	return r;
}

/* Takes dir over. Names with a dot in front count too: lxc-attach lands in ".lxc". */
int cgroup_walk(int dir, int depth, struct pids *pids, struct callgate_err *err)
{
	struct dirent *entry;
	DIR *list;
	int r = add_procs(dir, pids, err);

	list = fdopendir(dir);
	if (!list) {
		fd_close(dir);
		return err_nomem(err);
	}
	while (r == 0 && (entry = readdir(list))) {
		int below;

		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = open_directory(dirfd(list), entry->d_name, O_NOFOLLOW, &below, err);
		if (r < 0 || below < 0)
			continue;
		if (depth < CGROUP_DEPTH) {
			r = cgroup_walk(below, depth + 1, pids, err);
		} else {
			fd_close(below);
			r = err_set(err, CALLGATE_E_LIMIT, "cgroups more than %d levels deep", CGROUP_DEPTH);
		}
	}
	closedir(list);
	return r;
}

/* Whether a path is first's alone: neither its parent nor we sit there. */
static bool is_its_own(pid_t first, const struct cgroup_row *row, const char *path)
{
	struct process_stat stat;

	(void)process_stat(first, &stat, NULL); /* one that has gone has none */
	return strcmp(path, "/") != 0 && strncmp(path, "/..", 3) != 0 && !cgroup_has(getpid(), row->id, path) &&
	       !(stat.parent && cgroup_has(stat.parent, row->id, path));
}

/* What engines call a container's own cgroup: "lxc.payload.NAME", or something with an id of 64 digits in it. */
static bool is_a_containers(const char *component, size_t size)
{
	static const char payload[] = "lxc.payload.";
	size_t run = 0;

	if (size > sizeof(payload) - 1 && memcmp(component, payload, sizeof(payload) - 1) == 0)
		return true;
	for (size_t i = 0; i < size && run < 64; i++)
		run = component[i] && strchr("0123456789abcdef", component[i]) ? run + 1 : 0;
	return run == 64;
}

/*
 * The container's own cgroup, from where its first process sits: that may be a cgroup which the container itself has
 * made below. The outermost that has a container's name and is this container's alone: what the container makes, of
 * whatever name, is further in, and containers nest.
 */
static void trim(pid_t first, const struct cgroup_row *row, char *out, size_t size)
{
	const char *path = row->path;
	size_t length = strlen(path);

	for (const char *at = path; *at == '/';) {
		size_t n = strcspn(at + 1, "/");

		snprintf(out, size, "%.*s", (int)(at + 1 + n - path), path);
		if (is_a_containers(at + 1, n) && is_its_own(first, row, out))
			return;
		at += 1 + n;
	}
	if (length > 11 && strcmp(path + length - 11, "/init.scope") == 0)
		length -= 11;
	snprintf(out, size, "%.*s", (int)length, path);
}

/* Levels count from the root of the hierarchy, which only the first cgroup namespace sees. */
static bool sees_root(void)
{
	enum { FIRST_NAMESPACE = 0xEFFFFFFB }; /* PROC_CGROUP_INIT_INO */
	struct stat mine;

	return stat("/proc/self/ns/cgroup", &mine) == 0 && mine.st_ino == (ino_t)FIRST_NAMESPACE;
}

int cgroup_each_own(pid_t first, cgroup_visit *visit, void *data, struct callgate_err *err)
{
	char *text = malloc(CGROUP_TEXT), *at = text, path[PATH_MAX];
	struct cgroup_row row;
	int r;

	if (!text)
		return err_nomem(err);
	*text = '\0';
	r = cgroup_read(first, text, err);
	while (r == 0 && cgroup_next_row(&at, &row)) {
		trim(first, &row, path, sizeof(path));
		if (is_its_own(first, &row, path))
			r = visit(data, &row, path, err);
	}
	free(text);
	return r;
}

struct level_and_id {
	unsigned *level;
	uint64_t *id;
};

static int take_level(void *data, const struct cgroup_row *row, const char *path, struct callgate_err *err)
{
	const struct level_and_id *out = data;
	struct stat found;
	int dir = -1, r = row->id == 0 ? cgroup_open(row, path, &dir, err) : 0;

	if (dir >= 0 && fstat(dir, &found) == 0) {
		*out->id = found.st_ino;
		for (const char *c = path; *c; c++)
			*out->level += c[0] == '/' && c[1] && c[1] != '/';
	}
	fd_close(dir);
	return r;
}

void cgroup_of_its_own(pid_t first, unsigned *level, uint64_t *id)
{
	if (sees_root())
		(void)cgroup_each_own(first, take_level, &(struct level_and_id){ level, id }, NULL);
}

struct gathered {
	struct pids *pids;
	bool *found;
};

static int gather(void *data, const struct cgroup_row *row, const char *path, struct callgate_err *err)
{
	const struct gathered *out = data;
	int dir, r = cgroup_open(row, path, &dir, err);

	if (r < 0 || dir < 0)
		return r;
	*out->found = true;
	return cgroup_walk(dir, 0, out->pids, err);
}

int cgroup_pids(pid_t first, struct pids *pids, bool *found, struct callgate_err *err)
{
	*found = false;
	return cgroup_each_own(first, gather, &(struct gathered){ pids, found }, err);
}
