/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Source: the bytes of a profile and the name that people know it by. Places are byte offsets until someone complains.
 */
#ifndef CALLGATE_BASE_SOURCE_H
#define CALLGATE_BASE_SOURCE_H

#include "callgate.h"

struct source {
	const char *name; /* as given by the user; "<stdin>" for - */
	const char *text; /* size bytes, not NUL-terminated */
	size_t size;
};

enum { SOURCE_LIMIT = 16 << 20 };

/* A slice of a source: names, words and numbers are never copied while reading. */
struct slice {
	const char *at;
	size_t size;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })
struct slice slice_of(const char *text);
bool slice_is(struct slice slice, const char *word);
bool slice_equal(struct slice a, struct slice b);
bool slice_is_nocase(struct slice slice, const char *word); /* ASCII only */

/* 1-based line and column (in bytes) of an offset; an offset past the end is the end. */
void source_locate(const struct source *source, size_t offset, unsigned *line, unsigned *column);
/* How many characters (Unicode code points) UTF-8 has. */
size_t source_characters(const char *text, size_t size);

/* Whose file it may be, and whether somebody may be writing it. */
enum source_trust {
	SOURCE_ANYONE = 0,
	SOURCE_TRUSTED = 1 << 0,  /* fd_open_trusted() (base/fd.h) must let it pass */
	SOURCE_FINISHED = 1 << 1, /* a program wrote it and has ended, or puts whole files in its place: no waiting for
				     what has just been written to stand still */
};
/* Reads a whole file into malloc'ed memory; "-" is standard input. Release with source_release().
 * path must outlive the source. Errors: E_IO (sys_errno), E_LIMIT past SOURCE_LIMIT, E_UNTRUSTED, E_NOMEM. */
int source_read(const char *path, unsigned trust, struct source *out, struct callgate_err *err);
/* The same of a file that is open at its beginning; it stays so. */
int source_read_open(int fd, const char *name, struct source *out, struct callgate_err *err);
void source_release(struct source *source);

#endif
