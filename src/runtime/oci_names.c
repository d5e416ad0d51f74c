/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of containers: podman keeps lists of ids and names in its storage, Docker a file per container; containerd's
 * and CRI-O's bundles have them as annotations. All of it is read as one list, which answers either way.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "runtime/hooks.h"
#include "runtime/oci.h"

struct pair {
	const char *id, *name;
	size_t order; /* an engine's own name comes first */
};

struct callgate_oci_names {
	struct arena arena;
	struct pair *list; /* by id */
	size_t count, room;
	bool failed; /* out of memory */
};

static void add(struct callgate_oci_names *names, struct slice id, struct slice name)
{
	struct pair *pair;

	if (!name.size)
		return;
	if (names->count == names->room) {
		size_t room = names->room ? names->room * 2 : 64;
		struct pair *grown = arena_grow(&names->arena, names->list, names->count, room, sizeof(*grown));

		if (!grown) {
			names->failed = true;
			return;
		}
		names->list = grown;
		names->room = room;
	}
	pair = &names->list[names->count];
	pair->id = id.size ? arena_strndup(&names->arena, id.at, id.size) : "";
	pair->name = arena_strndup(&names->arena, name.at, name.size);
	pair->order = names->count;
	if (pair->id && pair->name)
		names->count++;
	else
		names->failed = true;
}

/* ------------------------------------------------------------------ files */

/* What is being read, and what has been found in it so far. */
struct entry {
	struct callgate_oci_names *names;
	struct slice id, name;
	struct slice pod[3], other; /* namespace, pod, container; nerdctl's */
};

static void read_file(struct entry *entry, const char *path,
		      int (*read)(struct members_reader *reader, struct entry *entry))
{
	struct members_reader reader = { .out = entry };
	struct arena arena = ARENA_INIT;
	struct source source;

	if (source_read(path, SOURCE_TRUSTED, &source, NULL) < 0)
		return;
	reader.source = &source;
	json_start(&reader.json, &source, 0, &arena);
	(void)read(&reader, entry); /* a file of another form has no names */
	arena_free(&arena);
	source_release(&source);
}

static int take(struct members_reader *reader, const struct json_token *token, struct slice *out)
{
	if (token->kind == JSON_STRING)
		*out = token->text;
	return members_skip(reader, token, NULL);
}

static int take_id(struct members_reader *reader, const struct json_token *token)
{
	return take(reader, token, &((struct entry *)reader->out)->id);
}

static int take_name(struct members_reader *reader, const struct json_token *token)
{
	return take(reader, token, &((struct entry *)reader->out)->name);
}

/* ------------------------------------------------------------------ podman */

/* The id may come before or after the names. */
static int take_names(struct members_reader *reader, const struct json_token *token)
{
	struct entry *entry = reader->out;
	struct json_token name;

	if (token->kind != JSON_ARRAY)
		return members_skip(reader, token, NULL);
	while (json_next(&reader->json, &name) != JSON_ARRAY_END) {
		int r = members_skip(reader, &name, NULL);

		if (r < 0)
			return r;
		if (name.kind == JSON_STRING)
			add(entry->names, (struct slice){ NULL, 0 }, name.text);
	}
	return 0;
}

static void name_id(struct callgate_oci_names *names, struct pair *pair, struct slice id)
{
	const char *copy = arena_strndup(&names->arena, id.at, id.size);

	pair->id = copy ? copy : "";
	names->failed |= !copy;
}

static int read_list(struct members_reader *reader, struct entry *entry)
{
	static const struct member fields[] = { { "id", take_id }, { "names", take_names }, { NULL, NULL } };
	struct json_token token;
	int r = 0;

	if (json_next(&reader->json, &token) != JSON_ARRAY)
		return -1;
	while (r == 0 && json_next(&reader->json, &token) != JSON_ARRAY_END) {
		struct callgate_oci_names *names = entry->names;
		size_t first = names->count;

		entry->id = (struct slice){ NULL, 0 };
		r = members_read(reader, &token, fields, NULL);
		if (r < 0 || !entry->id.size)
			names->count = first;
		for (size_t i = first; i < names->count; i++)
			name_id(names, &names->list[i], entry->id);
	}
	return r;
}

/* overlay-containers, vfs-containers ...: one per storage driver. */
static void read_storage(struct callgate_oci_names *names, const char *storage)
{
	static const char ending[] = "-containers";
	static const char *const lists[] = { "containers.json", "volatile-containers.json" };
	DIR *dir = opendir(storage);
	struct dirent *found;
	char path[PATH_MAX];

	while (dir && (found = readdir(dir))) {
		size_t size = strlen(found->d_name);

		if (size < sizeof(ending) || strcmp(found->d_name + size - (sizeof(ending) - 1), ending) != 0)
			continue;
		for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
			struct entry entry = { .names = names };

			if (snprintf(path, sizeof(path), "%s/%s/%s", storage, found->d_name, lists[i]) <
			    (int)sizeof(path))
				read_file(&entry, path, read_list);
		}
	}
	if (dir)
		closedir(dir);
}

/* A user's own storage, where the variable says, else below another one. */
static void read_users(struct callgate_oci_names *names, const char *variable, const char *home, const char *below)
{
	const char *base = getenv(variable);
	char path[PATH_MAX];

	if ((base || (base = home)) && base[0] == '/' &&
	    snprintf(path, sizeof(path), "%s/%s", base, below) < (int)sizeof(path))
		read_storage(names, path);
}

/* ------------------------------------------------------------------ Docker */

/* "Name" is "/web". */
static int read_docker(struct members_reader *reader, struct entry *entry)
{
	static const struct member fields[] = { { "ID", take_id }, { "Name", take_name }, { NULL, NULL } };
	int r = members_document(reader, fields, NULL);

	if (r == 0 && entry->name.size > 1 && entry->name.at[0] == '/')
		add(entry->names, entry->id, (struct slice){ entry->name.at + 1, entry->name.size - 1 });
	return r;
}

/* ------------------------------------------------------------------ containerd and CRI-O */

static int take_namespace(struct members_reader *reader, const struct json_token *token)
{
	return take(reader, token, &((struct entry *)reader->out)->pod[0]);
}

static int take_pod(struct members_reader *reader, const struct json_token *token)
{
	return take(reader, token, &((struct entry *)reader->out)->pod[1]);
}

static int take_container(struct members_reader *reader, const struct json_token *token)
{
	return take(reader, token, &((struct entry *)reader->out)->pod[2]);
}

static int take_other(struct members_reader *reader, const struct json_token *token)
{
	return take(reader, token, &((struct entry *)reader->out)->other);
}

static int take_annotations(struct members_reader *reader, const struct json_token *token)
{
	static const struct member fields[] = {
		{ "io.kubernetes.cri.sandbox-namespace", take_namespace },
		{ "io.kubernetes.cri.sandbox-name", take_pod },
		{ "io.kubernetes.cri.container-name", take_container },
		{ "io.kubernetes.pod.namespace", take_namespace },
		{ "io.kubernetes.pod.name", take_pod },
		{ "io.kubernetes.container.name", take_container },
		{ "nerdctl/name", take_other },
		{ NULL, NULL },
	};

	return token->kind == JSON_OBJECT ? members_read(reader, token, fields, NULL)
					  : members_skip(reader, token, NULL);
}

/* A pod's container is NAMESPACE/POD/CONTAINER; what holds the pod's namespaces has no name in it. */
static int read_bundle(struct members_reader *reader, struct entry *entry)
{
	static const struct member fields[] = { { "annotations", take_annotations }, { NULL, NULL } };
	const struct slice *pod = entry->pod;
	char name[1024];
	int r = members_document(reader, fields, NULL);

	if (r < 0)
		return r;
	if (!pod[1].size && !pod[2].size) {
		add(entry->names, entry->id, entry->other);
		return 0;
	}
	snprintf(name, sizeof(name), "%.*s/%.*s/%.*s", (int)pod[0].size, pod[0].size ? pod[0].at : "", (int)pod[1].size,
		 pod[1].size ? pod[1].at : "", pod[2].size ? (int)pod[2].size : 3, pod[2].size ? pod[2].at : "POD");
	add(entry->names, entry->id, slice_of(name));
	return 0;
}

/* Directories that are called by a container's id, each with a file in it. */
static void read_each(struct callgate_oci_names *names, const char *parent, const char *file,
		      int (*read)(struct members_reader *reader, struct entry *entry))
{
	DIR *dir = opendir(parent);
	struct dirent *found;
	char path[PATH_MAX];

	while (dir && (found = readdir(dir))) {
		struct entry entry = { .names = names, .id = slice_of(found->d_name) };

		if (found->d_name[0] != '.' &&
		    snprintf(path, sizeof(path), "%s/%s/%s", parent, found->d_name, file) < (int)sizeof(path))
			read_file(&entry, path, read);
	}
	if (dir)
		closedir(dir);
}

/* One directory per namespace: "k8s.io", "default", "moby". */
static void read_containerd(struct callgate_oci_names *names, const char *tasks)
{
	DIR *dir = opendir(tasks);
	struct dirent *found;
	char path[PATH_MAX];

	/* Docker's containers are named by Docker. */
	while (dir && (found = readdir(dir)))
		if (found->d_name[0] != '.' && strcmp(found->d_name, "moby") != 0 &&
		    snprintf(path, sizeof(path), "%s/%s", tasks, found->d_name) < (int)sizeof(path))
			read_each(names, path, "config.json", read_bundle);
	if (dir)
		closedir(dir);
}

/* ------------------------------------------------------------------ the list */

static int by_id(const void *a, const void *b)
{
	const struct pair *one = a, *other = b;
	int order = strcmp(one->id, other->id);

	return order ? order : (one->order > other->order) - (one->order < other->order);
}

struct callgate_oci_names *callgate_oci_names_read(void)
{
	struct callgate_oci_names *names = calloc(1, sizeof(*names));
	const char *home = getenv("HOME");
	char share[PATH_MAX];

	if (!names)
		return NULL;
	names->arena = (struct arena)ARENA_INIT;
	snprintf(share, sizeof(share), "%s/.local/share", home ? home : "");
	read_storage(names, "/var/lib/containers/storage");
	read_storage(names, "/run/containers/storage");
	read_users(names, "XDG_DATA_HOME", home ? share : NULL, "containers/storage");
	read_users(names, "XDG_RUNTIME_DIR", NULL, "containers");
	read_each(names, "/var/lib/docker/containers", "config.v2.json", read_docker);
	read_containerd(names, "/run/containerd/io.containerd.runtime.v2.task");
	read_each(names, "/run/containers/storage/overlay-containers", "userdata/config.json", read_bundle);
	if (names->failed)
		return callgate_oci_names_free(names);
	if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), by_id);
	return names;
}

struct callgate_oci_names *callgate_oci_names_free(struct callgate_oci_names *names)
{
	if (names)
		arena_free(&names->arena);
	free(names);
	return NULL;
}

const char *callgate_oci_names_of(const struct callgate_oci_names *names, const char *id)
{
	size_t low = 0, high = names->count;
	const char *pod = NULL;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(names->list[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* CRI-O's storage has a name of its own making for a pod's container, its bundle the pod's. */
	for (size_t i = low; !pod && i < names->count && strcmp(names->list[i].id, id) == 0; i++)
		if (strchr(names->list[i].name, '/'))
			pod = names->list[i].name;
	if (pod)
		return pod;
	return low < names->count && strcmp(names->list[low].id, id) == 0 ? names->list[low].name : NULL;
}

int callgate_oci_id(const char *name, char *id, size_t size, struct callgate_err *err)
{
	struct callgate_oci_names *names = callgate_oci_names_read();
	const char *first = NULL;
	unsigned found = 0;

	if (!names)
		return err_nomem(err);
	/* A container may be in several lists, and a path may lead to one of them twice. */
	for (size_t i = 0; i < names->count; i++) {
		const struct pair *pair = &names->list[i];

		if (strcmp(pair->name, name) != 0 || strlen(pair->id) >= size ||
		    (first && strcmp(first, pair->id) == 0))
			continue;
		if (!found++)
			snprintf(id, size, "%s", pair->id);
		first = pair->id;
	}
	callgate_oci_names_free(names);
	if (found == 1)
		return 0;
	return found ? err_set(err, CALLGATE_E_ARG, "%u containers are called '%s'; name the one by its id", found,
			       name)
		     : err_set(err, CALLGATE_E_NOTFOUND, "no engine knows a container called '%s'", name);
}
