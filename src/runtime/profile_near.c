/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Did you mean: the installed profile whose name is nearest to one that is not installed. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "names/words.h"
#include "runtime/hooks.h"
#include "runtime/profile.h"

struct nearest {
	char name[256]; /* "": none */
	unsigned distance;
};

/* The file's name without ".json". */
static void offer(struct nearest *nearest, struct slice word, const char *file)
{
	size_t size = strlen(file);
	struct near near = near_start(word);
	char known[256];

	if (size > 5 && strcmp(file + size - 5, ".json") == 0)
		size -= 5;
	if (file[0] == '.' || size >= sizeof(known))
		return;
	snprintf(known, sizeof(known), "%.*s", (int)size, file);
	near_offer(&near, known);
	if (!near.found || (nearest->name[0] && nearest->distance <= near.best))
		return;
	memcpy(nearest->name, known, sizeof(known));
	nearest->distance = near.best;
}

static void find_nearest(struct nearest *nearest, const char *name)
{
	static const char *const directories[] = { PROFILE_DIRECTORIES };
	struct slice word = { name, strlen(name) };

	if (word.size > 5 && strcmp(name + word.size - 5, ".json") == 0)
		word.size -= 5;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		DIR *dir = opendir(directories[i]);
		struct dirent *entry;

		while (dir && (entry = readdir(dir)))
			offer(nearest, word, entry->d_name);
		if (dir)
			closedir(dir);
	}
}

int callgate_profile_lookup(const char *name, char *path, size_t size, struct callgate_err *err)
{
	struct nearest nearest = { .distance = 0 };
	int r = callgate_profile_find(name, path, size, err);
	size_t used;

	if (r != CALLGATE_E_NOTFOUND || !err)
		return r;
	find_nearest(&nearest, name);
	used = strlen(err->text);
	if (nearest.name[0])
		snprintf(err->text + used, sizeof(err->text) - used, "; did you mean '%s'?", nearest.name);
	return r;
}
