/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arena: chained blocks, bump allocation. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SMALL = 4096, BLOCK_LARGE = 256 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

/* Blocks double, so that a small profile stays small and a large one makes few calls. */
static struct arena_block *arena_add_block(struct arena *arena, size_t wanted)
{
	size_t limit = arena->limit ? arena->limit : ARENA_LIMIT;
	size_t size = arena->block ? arena->block->size * 2 : BLOCK_SMALL;
	struct arena_block *block;

	if (size > BLOCK_LARGE)
		size = BLOCK_LARGE;
	if (size < wanted)
		size = wanted;
	arena->full |= size > limit || arena->total > limit - size;
	if (arena->full)
		return NULL;
	block = malloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	block->next = arena->block;
	block->used = 0;
	block->size = size;
	arena->block = block;
	arena->total += size;
	return block;
}

/* Memory that holds anything. */
static void *arena_take(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *block = arena->block;
	void *at;

	if (size > SIZE_MAX - align)
		return NULL;
	size = (size + align - 1) & ~(align - 1);
	if (!block || block->size - block->used < size)
		block = arena_add_block(arena, size);
	if (!block)
		return NULL;
	at = block->bytes + block->used;
	block->used += size;
	return at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *at = arena_take(arena, size);

	return at ? memset(at, 0, size) : NULL;
}

void *arena_copy(struct arena *arena, const void *like, size_t size)
{
	void *at = arena_take(arena, size);

	return at ? memcpy(at, like, size) : NULL;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	return arena_alloc(arena, count * size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t size)
{
	char *copy;

	if (size == SIZE_MAX)
		return NULL;
	copy = arena_alloc(arena, size + 1);
	if (copy && size)
		memcpy(copy, text, size);
	return copy;
}

void *arena_grow(struct arena *arena, const void *old, size_t old_count, size_t new_count, size_t size)
{
	size_t kept = old_count * size;
	char *grown;

	if (size && new_count > SIZE_MAX / size)
		return NULL;
	grown = arena_take(arena, new_count * size);
	if (!grown)
		return NULL;
	if (kept)
		memcpy(grown, old, kept);
	memset(grown + kept, 0, new_count * size - kept);
	return grown;
}

void arena_free(struct arena *arena)
{
	struct arena_block *block = arena->block;

	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena->block = NULL;
	arena->total = 0;
}
