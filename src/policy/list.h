/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* List: an array that grows while a reader does not yet know its length. */
#ifndef CALLGATE_POLICY_LIST_H
#define CALLGATE_POLICY_LIST_H

#include "base/arena.h"

struct list {
	void *items;
	size_t count, room;
};

/* A zeroed item of size bytes at the end; NULL: no memory. Earlier items may have moved. */
void *list_add(struct arena *arena, struct list *list, size_t size);
/* Copies all items into keep and empties the list, which may be filled again. NULL: no memory, or no items. */
void *list_take(struct arena *keep, struct list *list, size_t size);

#endif
