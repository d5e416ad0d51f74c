/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading /proc/TID/maps and /proc/TID/auxv. */
#include "kernel/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

static bool parse(const char *line, struct mapping *out)
{
	char perms[5];
	int name = 0;
	size_t size;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n", &out->first, &out->last, perms, &name) < 3)
		return false;
	out->read = perms[0] == 'r';
	out->write = perms[1] == 'w';
	out->execute = perms[2] == 'x';
	out->is_private = perms[3] == 'p';
	size = name ? strcspn(line + name, "\n") : 0;
	if (size >= sizeof(out->name))
		size = sizeof(out->name) - 1;
	memcpy(out->name, line + name, size);
	out->name[size] = '\0';
	return true;
}

static int cannot_open(const char *path, struct callgate_err *err)
{
	return err_set_errno(err, errno == ENOENT || errno == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_IO, errno, path,
			     "cannot open");
}

int maps_walk(pid_t tid, int (*visit)(const struct mapping *mapping, void *data), void *data, struct callgate_err *err)
{
	char path[64], line[4096 + 128];
	FILE *file;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%ld/maps", (long)tid);
	file = fopen(path, "re");
	if (!file)
		return cannot_open(path, err);
	while (r == 0 && fgets(line, sizeof(line), file)) {
		struct mapping mapping;

		if (parse(line, &mapping)) /* the tail of an overlong name is no mapping */
			r = visit(&mapping, data);
	}
	if (r == 0 && ferror(file))
		r = err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot read");
	fclose(file);
	return r;
}

int auxv_read(pid_t tid, uint64_t type, unsigned word, uint64_t *out, struct callgate_err *err)
{
	unsigned char bytes[4096];
	char path[64];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/auxv", (long)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cannot_open(path, err);
	size = read(fd, bytes, sizeof(bytes));
	fd_close(fd);
	if (size < 0)
		return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot read");
	*out = 0;
	for (size_t at = 0; at + 2 * word <= (size_t)size; at += 2 * word) {
		uint64_t key = 0, value = 0;

		if (word == 4) {
			uint32_t narrow[2];

			memcpy(narrow, bytes + at, sizeof(narrow));
			key = narrow[0];
			value = narrow[1];
		} else {
			memcpy(&key, bytes + at, sizeof(key));
			memcpy(&value, bytes + at + sizeof(key), sizeof(value));
		}
		if (key == type) {
			*out = value;
			return 0;
		}
	}
	return 0;
}
