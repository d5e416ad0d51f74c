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

/* Reads a whole file into malloc'ed memory; "-" is standard input. Release with source_release().
 * trust: the file must pass fd_check_trust() (base/fd.h). name must outlive the source.
 * Errors: E_IO (sys_errno), E_LIMIT past SOURCE_LIMIT, E_UNTRUSTED, E_NOMEM. */
enum source_trust { SOURCE_ANYONE, SOURCE_TRUSTED };
int source_read(const char *path, enum source_trust trust, struct source *out, struct callgate_err *err);
void source_release(struct source *source);

#endif
