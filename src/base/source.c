/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source: reading bytes once, with a bound, and counting lines only on demand. */
#include "base/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

struct slice slice_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

bool slice_is(struct slice slice, const char *word)
{
	/* Tables are searched by this: most words differ in their first byte. */
	if (slice.size && slice.at[0] != word[0])
		return false;
	return slice.size == strlen(word) && memcmp(slice.at, word, slice.size) == 0;
}

bool slice_equal(struct slice a, struct slice b)
{
	return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
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

size_t source_characters(const char *text, size_t size)
{
	const uint64_t ones = 0x0101010101010101;
	size_t others = 0, i = 0;

	/* Bytes 10xxxxxx go on with a character, all others begin one: a line may be megabytes long, so eight at a
	 * time. */
	for (; i + 8 <= size; i += 8) {
		uint64_t eight;

		memcpy(&eight, text + i, sizeof(eight));
		others += (size_t)((((eight >> 7) & ~(eight >> 6) & ones) * ones) >> 56);
	}
	for (; i < size; i++)
		others += ((unsigned char)text[i] & 0xc0) == 0x80;
	return size - others;
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

/* ------------------------------------------------------------------ what kind of file, and whether it stands still */

enum { PIPE_MAGIC = 0x50495045, ATTEMPTS = 4, SETTLE_NS = 12000000, SET_FLAGS = 4 /* F_SETFL */ };

/* Descriptors that somebody has opened for us may be anything that can be read. */
static bool is_own_descriptor(const char *path)
{
	static const char *const places[] = { "/dev/stdin", "/dev/fd/", "/proc/self/fd/" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strncmp(path, places[i], strlen(places[i])) == 0)
			return true;
	return false;
}

static int refuse_kind(mode_t mode, const char *path, struct callgate_err *err)
{
	const char *kind = S_ISFIFO(mode)                   ? "a FIFO"
			   : S_ISSOCK(mode)                 ? "a socket"
			   : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
							    : "no file";

	if (S_ISDIR(mode))
		return err_set_errno(err, CALLGATE_E_IO, EISDIR, path, "cannot read");
	err_set(err, CALLGATE_E_IO, "this is %s, not a regular file", kind);
	err_set_place(err, path, 0, 0);
	return CALLGATE_E_IO;
}

/* Without waiting for whoever holds the other end of a FIFO. */
static int open_anyone(const char *path, int *out, struct callgate_err *err)
{
	struct stat st;
	int r = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	/* Sockets, and terminals that nobody has: only to see which of them it is. */
	if (fd < 0 && errno == ENXIO)
		fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot open");
	if (fstat(fd, &st) < 0)
		r = err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot stat");
	else if (!S_ISREG(st.st_mode) && (S_ISDIR(st.st_mode) || !is_own_descriptor(path)))
		r = refuse_kind(st.st_mode, path, err);
	else if (!S_ISREG(st.st_mode))
		syscall(SYS_fcntl, fd, SET_FLAGS, 0L); /* its writer may take his time */
	if (r < 0)
		close(fd);
	else
		*out = fd;
	return r;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Times of files go in steps of some milliseconds: what was written in the step that still runs can be written again
 * unseen. */
static void settle(const struct stat *st)
{
	struct timespec now = { 0 }, nap = { .tv_nsec = SETTLE_NS };
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (int64_t)(now.tv_sec - st->st_ctim.tv_sec) * 1000000000 + now.tv_nsec - st->st_ctim.tv_nsec;
	if (age >= SETTLE_NS)
		return;
	if (age > 0)
		nap.tv_nsec -= (long)age;
	nanosleep(&nap, NULL);
}

/* A text that is written in place while it is read is half the old one and half the new one. */
static int read_still(int fd, const char *path, bool finished, struct source *out, struct callgate_err *err)
{
	struct stat before, after;
	int r;

	for (int i = 0; i < ATTEMPTS; i++) {
		struct source found = { 0 };

		if (fstat(fd, &before) < 0)
			return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot stat");
		if (S_ISREG(before.st_mode) && !finished) {
			settle(&before);
			(void)fstat(fd, &before);
		}
		r = read_all(fd, path, &found, err);
		if (r < 0)
			return r;
		if (!S_ISREG(before.st_mode) || (fstat(fd, &after) == 0 && same_state(&before, &after) &&
						 (after.st_size == 0 || (size_t)after.st_size == found.size))) {
			*out = found;
			return 0;
		}
		source_release(&found);
		syscall(SYS_lseek, fd, 0L, (long)SEEK_SET);
	}
	err_set(err, CALLGATE_E_IO, "it is written while it is read");
	err_set_place(err, path, 0, 0);
	return CALLGATE_E_IO;
}

int source_read_open(int fd, const char *name, struct source *out, struct callgate_err *err)
{
	return read_still(fd, name, false, out, err);
}

int source_read(const char *path, unsigned trust, struct source *out, struct callgate_err *err)
{
	int fd, r;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "<stdin>", out, err);
	r = trust & SOURCE_TRUSTED ? fd_open_trusted(path, &fd, err) : open_anyone(path, &fd, err);
	if (r < 0)
		return r;
	r = read_still(fd, path, trust & SOURCE_FINISHED, out, err);
	close(fd);
	return r;
}

void source_release(struct source *source)
{
	free((char *)source->text);
	*source = (struct source){ 0 };
}
