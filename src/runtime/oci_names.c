/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The id of a container that podman or Docker knows by a name. podman keeps lists of ids and names in its storage,
 * Docker a file per container; containerd's names are ids already.
 */
#include "runtime/oci_names.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/oci.h"

struct search {
	const char *name;
	char *id;
	size_t size;
	unsigned found;
};

static void add(struct search *search, struct slice id)
{
	if (!id.size || id.size >= search->size)
		return;
	/* A storage's two lists name different containers, but a path may lead to one of them twice. */
	if (search->found && strlen(search->id) == id.size && memcmp(search->id, id.at, id.size) == 0)
		return;
	if (!search->found++)
		snprintf(search->id, search->size, "%.*s", (int)id.size, id.at);
}

/* ------------------------------------------------------------------ podman */

/* One container of a list. */
struct entry {
	struct search *search;
	struct slice id;
	bool named;
};

static int read_id(struct members_reader *reader, const struct json_token *token)
{
	struct entry *entry = reader->out;

	if (token->kind == JSON_STRING)
		entry->id = token->text;
	return members_skip(reader, token, NULL);
}

static int read_names(struct members_reader *reader, const struct json_token *token)
{
	struct entry *entry = reader->out;
	struct json_token name;

	if (token->kind != JSON_ARRAY)
		return members_skip(reader, token, NULL);
	while (json_next(&reader->json, &name) != JSON_ARRAY_END) {
		int r = members_skip(reader, &name, NULL);

		if (r < 0)
			return r;
		entry->named |= name.kind == JSON_STRING && slice_is(name.text, entry->search->name);
	}
	return 0;
}

static int read_list(struct members_reader *reader, struct search *search)
{
	static const struct member fields[] = { { "id", read_id }, { "names", read_names }, { NULL, NULL } };
	struct json_token token;
	int r = 0;

	if (json_next(&reader->json, &token) != JSON_ARRAY)
		return -1;
	while (r == 0 && json_next(&reader->json, &token) != JSON_ARRAY_END) {
		struct entry entry = { .search = search };

		reader->out = &entry;
		r = members_read(reader, &token, fields, NULL);
		if (r == 0 && entry.named)
			add(search, entry.id);
	}
	return r;
}

/* ------------------------------------------------------------------ Docker */

struct docker {
	struct slice id, name;
};

static int read_docker_id(struct members_reader *reader, const struct json_token *token)
{
	if (token->kind == JSON_STRING)
		((struct docker *)reader->out)->id = token->text;
	return members_skip(reader, token, NULL);
}

static int read_docker_name(struct members_reader *reader, const struct json_token *token)
{
	if (token->kind == JSON_STRING)
		((struct docker *)reader->out)->name = token->text;
	return members_skip(reader, token, NULL);
}

/* "Name" is "/web". */
static int read_docker(struct members_reader *reader, struct search *search)
{
	static const struct member fields[] = { { "ID", read_docker_id },
						{ "Name", read_docker_name },
						{ NULL, NULL } };
	struct docker container = { 0 };
	struct slice name;
	int r;

	reader->out = &container;
	r = members_document(reader, fields, NULL);
	name = container.name;
	if (r == 0 && name.size > 1 && name.at[0] == '/' &&
	    slice_is((struct slice){ name.at + 1, name.size - 1 }, search->name))
		add(search, container.id);
	return r;
}

/* ------------------------------------------------------------------ files */

static void read_file(struct search *search, const char *path,
		      int (*read)(struct members_reader *reader, struct search *search))
{
	struct members_reader reader = { .out = NULL };
	struct arena arena = ARENA_INIT;
	struct source source;

	if (source_read(path, SOURCE_TRUSTED, &source, NULL) < 0)
		return;
	reader.source = &source;
	json_start(&reader.json, &source, 0, &arena);
	(void)read(&reader, search); /* a file of another form has no names */
	arena_free(&arena);
	source_release(&source);
}

/* overlay-containers, vfs-containers ...: one per storage driver. */
static void search_storage(struct search *search, const char *storage)
{
	static const char ending[] = "-containers";
	static const char *const lists[] = { "containers.json", "volatile-containers.json" };
	DIR *dir = opendir(storage);
	struct dirent *entry;
	char path[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		size_t size = strlen(entry->d_name);

		if (size < sizeof(ending) || strcmp(entry->d_name + size - (sizeof(ending) - 1), ending) != 0)
			continue;
		for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
			if (snprintf(path, sizeof(path), "%s/%s/%s", storage, entry->d_name, lists[i]) <
			    (int)sizeof(path))
				read_file(search, path, read_list);
	}
	if (dir)
		closedir(dir);
}

static void search_docker(struct search *search)
{
	static const char containers[] = "/var/lib/docker/containers";
	DIR *dir = opendir(containers);
	struct dirent *entry;
	char path[PATH_MAX];

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    snprintf(path, sizeof(path), "%s/%s/config.v2.json", containers, entry->d_name) < (int)sizeof(path))
			read_file(search, path, read_docker);
	if (dir)
		closedir(dir);
}

/* A user's own storage, where the variable says, else below another one. */
static void search_users(struct search *search, const char *variable, const char *home, const char *below)
{
	const char *base = getenv(variable);
	char path[PATH_MAX];

	if ((base || (base = home)) && base[0] == '/' &&
	    snprintf(path, sizeof(path), "%s/%s", base, below) < (int)sizeof(path))
		search_storage(search, path);
}

unsigned oci_name_find(const char *name, char *id, size_t size)
{
	struct search search = { .name = name, .id = id, .size = size };
	const char *home = getenv("HOME");
	char share[PATH_MAX];

	snprintf(share, sizeof(share), "%s/.local/share", home ? home : "");
	search_storage(&search, "/var/lib/containers/storage");
	search_storage(&search, "/run/containers/storage");
	search_users(&search, "XDG_DATA_HOME", home ? share : NULL, "containers/storage");
	search_users(&search, "XDG_RUNTIME_DIR", NULL, "containers");
	search_docker(&search);
	return search.found;
}
