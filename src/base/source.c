/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source: reading bytes once, with a bound, and counting lines only on demand. */
#include "base/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

struct slice slice_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

bool slice_is(struct slice slice, const char *word)
{
	return slice.size == strlen(word) && memcmp(slice.at, word, slice.size) == 0;
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool slice_is_nocase(struct slice slice, const char *word)
{
	if (slice.size != strlen(word))
		return false;
	for (size_t i = 0; i < slice.size; i++)
		if (ascii_lower(slice.at[i]) != ascii_lower(word[i]))
			return false;
	return true;
}

void source_locate(const struct source *source, size_t offset, unsigned *line, unsigned *column)
{
	const char *at = source->text, *end;

	if (offset > source->size)
		offset = source->size;
	end = source->text + offset;
	*line = 1;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline)
			break;
		*line += 1;
		at = newline + 1;
	}
	*column = (unsigned)(end - at) + 1;
}

static int read_all(int fd, const char *name, struct source *out, struct callgate_err *err)
{
	size_t size = 0, room = 0;
	char *text = NULL;

	for (;;) {
		ssize_t n;

		if (size == room) {
			char *grown;

			room = room ? room * 2 : 32 * 1024;
			grown = realloc(text, room);
			if (!grown) {
				free(text);
				return err_nomem(err);
			}
			text = grown;
		}
		n = read(fd, text + size, room - size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int saved = errno;

			free(text);
			return err_set_errno(err, CALLGATE_E_IO, saved, name, "cannot read");
		}
		if (n == 0)
			break;
		size += (size_t)n;
		if (size > SOURCE_LIMIT) {
			free(text);
			err_set(err, CALLGATE_E_LIMIT, "larger than %d MiB", SOURCE_LIMIT >> 20);
			err_set_place(err, name, 0, 0);
			return CALLGATE_E_LIMIT;
		}
	}
	*out = (struct source){ .name = name, .text = text, .size = size };
	return 0;
}

int source_read(const char *path, enum source_trust trust, struct source *out, struct callgate_err *err)
{
	int fd, r;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "<stdin>", out, err);
	if (trust == SOURCE_TRUSTED) {
		r = fd_open_trusted(path, &fd, err);
		if (r < 0)
			return r;
	} else {
		struct stat st;

		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot open");
		if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
			close(fd);
			return err_set_errno(err, CALLGATE_E_IO, EISDIR, path, "cannot read");
		}
	}
	r = read_all(fd, path, out, err);
	close(fd);
	return r;
}

void source_release(struct source *source)
{
	free((char *)source->text);
	*source = (struct source){ 0 };
}
