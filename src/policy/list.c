/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* List: doubling arrays in an arena. */
#include "policy/list.h"

#include <string.h>

void *list_add(struct arena *arena, struct list *list, size_t size)
{
	void *item;

	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		void *grown = arena_grow(arena, list->items, list->count, room, size);

		if (!grown)
			return NULL;
		list->items = grown;
		list->room = room;
	}
	item = (char *)list->items + list->count++ * size;
	return memset(item, 0, size);
}

void *list_take(struct arena *keep, struct list *list, size_t size)
{
	void *taken = list->count ? arena_grow(keep, list->items, list->count, list->count, size) : NULL;

	list->count = 0;
	return taken;
}
