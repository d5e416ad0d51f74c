/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arena: memory that is given back all at once, with a bound. One owner, no thread safety. */
#ifndef CALLGATE_BASE_ARENA_H
#define CALLGATE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *block;
	size_t total; /* bytes asked of malloc so far */
	size_t limit; /* arena_alloc answers NULL past it; 0: ARENA_LIMIT */
	bool full;    /* it has */
};

#define ARENA_LIMIT ((size_t)48 << 20)
#define ARENA_INIT \
	{ \
		0 \
	}

/* Zeroed, aligned for any type. NULL: no memory, or past the limit. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size); /* overflow answers NULL */
/* A copy of size bytes. */
void *arena_copy(struct arena *arena, const void *like, size_t size);
/* A copy with a NUL behind it. */
char *arena_strndup(struct arena *arena, const char *text, size_t size);
/* Copies an array of old_count elements into a larger one; the old one stays until arena_free(). */
void *arena_grow(struct arena *arena, const void *old, size_t old_count, size_t new_count, size_t size);
void arena_free(struct arena *arena);

#endif
