/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host: reads tasks, records and filters of the whole machine, nobody is stopped, and puts them in order. */
#include "tool/host.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ records */

static void copy_word(struct json_object *root, const char *key, char *out, size_t size)
{
	struct json_object *value;

	snprintf(out, size, "%s", json_object_object_get_ex(root, key, &value) ? json_object_get_string(value) : "");
}

static uint64_t caps_of(struct json_object *root)
{
	struct json_object *list;
	uint64_t caps = 0, cap;

	if (!json_object_object_get_ex(root, "caps", &list) || !json_object_is_type(list, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (callgate_caps_parse(json_object_get_string(json_object_array_get_idx(list, i)), &cap, NULL) == 0)
			caps |= cap;
	return caps;
}

static int add_record(struct host *host, const char *engine, const char *path)
{
	struct json_object *root = json_object_from_file(path), *pid;
	struct host_record *grown, *record;
	char id[128];

	if (!root)
		return EXIT_YES; /* it went with its container */
	grown = reallocarray(host->records, host->record_count + 1, sizeof(*grown));
	if (!grown) {
		json_object_put(root);
		report("out of memory");
		return EXIT_CANNOT;
	}
	host->records = grown;
	record = &grown[host->record_count++];
	*record = (struct host_record){ .caps = caps_of(root) };
	copy_word(root, "id", id, sizeof(id));
	snprintf(record->container, sizeof(record->container), "%s:%s", engine, id);
	copy_word(root, "profile", record->profile, sizeof(record->profile));
	copy_word(root, "result", record->result, sizeof(record->result));
	copy_word(root, "digest", record->digest, sizeof(record->digest));
	if (json_object_object_get_ex(root, "pid", &pid))
		record->pid = json_object_get_int(pid);
	json_object_put(root);
	return EXIT_YES;
}

static int add_records(struct host *host, const char *engine)
{
	char directory[4096], path[8192];
	struct dirent *entry;
	int code = EXIT_YES;
	DIR *dir;

	if (callgate_state_path(engine, "x", directory, sizeof(directory), NULL) < 0)
		return EXIT_YES;
	*strrchr(directory, '/') = '\0';
	dir = opendir(directory);
	while (dir && code == EXIT_YES && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] == '.' || !dot || strcmp(dot, ".json") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		code = add_record(host, engine, path);
	}
	if (dir)
		closedir(dir);
	return code;
}

static int by_record(const void *a, const void *b)
{
	const struct host_record *one = a, *other = b;

	return strcmp(one->container, other->container);
}

/* A cgroup names an OCI container by the first digits of its id. */
static const struct host_record *record_of(const struct host *host, const char *unit)
{
	size_t low = 0, high = host->record_count, size = strlen(unit);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(host->records[middle].container, unit) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == host->record_count)
		return NULL;
	if (strcmp(host->records[low].container, unit) == 0)
		return &host->records[low];
	return strncmp(unit, "oci:", 4) == 0 && strncmp(host->records[low].container, unit, size) == 0
		       ? &host->records[low]
		       : NULL;
}

/* ------------------------------------------------------------------ which unit a process is in */

/* The path of a process's cgroup: version 2's, else systemd's own hierarchy. False: it has gone. */
static bool cgroup_path(pid_t pid, char *out, size_t size)
{
	char name[64], line[4096];
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	file = fopen(name, "re");
	*out = '\0';
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) == 0 && (line[4] || !*out))
			snprintf(out, size, "%s", line + 3);
		else if (strstr(line, ":name=systemd:"))
			snprintf(out, size, "%s", strstr(line, ":name=systemd:") + strlen(":name=systemd:"));
	}
	if (file)
		fclose(file);
	return file != NULL;
}

/* "/system.slice/nginx.service" is nginx.service; of nested ones the innermost. */
static bool service_of(const char *path, char *out, size_t size)
{
	static const char *const endings[] = { ".service", ".scope", ".socket", ".mount" };
	bool found = false;

	for (const char *at = path; *at; at += strcspn(at, "/"), at += *at == '/') {
		size_t length = strcspn(at, "/");

		for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
			size_t end = strlen(endings[i]);

			if (length > end && strncmp(at + length - end, endings[i], end) == 0) {
				snprintf(out, size, "%.*s", (int)length, at);
				found = true;
			}
		}
	}
	return found;
}

/* runc and crun called by hand name cgroups as they are told: the process that a hook saw is in one, and so are the
 * others of its container. */
static const struct host_record *record_by_cgroup(const struct host *host, const char *path)
{
	char theirs[4096];

	for (size_t i = 0; i < host->record_count; i++)
		if (host->records[i].pid > 0 && strncmp(host->records[i].container, "oci:", 4) == 0 &&
		    strlen(host->records[i].container) != 4 + 64 &&
		    cgroup_path(host->records[i].pid, theirs, sizeof(theirs)) && strcmp(theirs, "/") != 0 &&
		    strcmp(theirs, path) == 0)
			return &host->records[i];
	return NULL;
}

/* The name that docker gave to the container with this id: "/web" in its configuration. */
static void docker_name(const char *path, char *out, size_t size)
{
	const char *at = strstr(path, "docker");
	char file[256], word[64];
	struct json_object *root;

	*out = '\0';
	for (; at && *at && strspn(at, "0123456789abcdef") != 64; at++)
		;
	if (!at || !*at)
		return;
	snprintf(file, sizeof(file), "/var/lib/docker/containers/%.64s/config.v2.json", at);
	root = json_object_from_file(file);
	if (!root)
		return;
	copy_word(root, "Name", word, sizeof(word));
	snprintf(out, size, "%s", word[0] == '/' ? word + 1 : word);
	json_object_put(root);
}

static void name_unit(const struct host *host, struct host_task *row)
{
	const struct host_record *record;
	char path[4096];

	row->kind = HOST_CONTAINER;
	if (callgate_task_container(row->task->pid, row->unit, sizeof(row->unit)) == 0) {
		if (strncmp(row->unit, "oci:", 4) == 0 && cgroup_path(row->task->pid, path, sizeof(path)))
			docker_name(path, row->name, sizeof(row->name));
		return;
	}
	if (!cgroup_path(row->task->pid, path, sizeof(path)))
		*path = '\0';
	record = record_by_cgroup(host, path);
	if (record) {
		snprintf(row->unit, sizeof(row->unit), "%s", record->container);
		return;
	}
	row->kind = HOST_SERVICE;
	if (service_of(path, row->unit, sizeof(row->unit)))
		return;
	row->kind = HOST_REST;
	snprintf(row->unit, sizeof(row->unit), "-");
}

/* ------------------------------------------------------------------ order */

static int by_unit(const void *a, const void *b)
{
	const struct host_task *one = a, *other = b;
	int order = strcmp(one->unit, other->unit);

	if (order)
		return order;
	return (one->task->tid > other->task->tid) - (one->task->tid < other->task->tid);
}

const char *host_unit_name(const struct host_unit *unit)
{
	return unit->tasks[0].unit;
}

enum host_kind host_unit_kind(const struct host_unit *unit)
{
	return unit->tasks[0].kind;
}

static int by_need(const void *a, const void *b)
{
	const struct host_unit *one = a, *other = b;
	enum host_kind kinds[] = { host_unit_kind(one), host_unit_kind(other) };

	if (kinds[0] != kinds[1])
		return kinds[0] < kinds[1] ? -1 : 1;
	if (kinds[0] == HOST_CONTAINER && !one->unconfined != !other->unconfined)
		return one->unconfined ? -1 : 1;
	return strcmp(host_unit_name(one), host_unit_name(other));
}

/* ------------------------------------------------------------------ reading */

static int read_filters(struct host *host, size_t count)
{
	const struct callgate_task *first = callgate_tasks_at(host->list, 0);
	struct callgate_err err = CALLGATE_ERR_INIT;
	/* Whom only ptrace could ask is not stopped for an overview: /proc tells how many filters it has. */
	int r = callgate_witness_read(first, count, CALLGATE_EVIDENCE_ITERATOR, &host->witness, &err);

	if (r == CALLGATE_E_NOMEM) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	for (size_t i = 0; i < count; i++) {
		size_t stack = 0;

		r = host->witness ? callgate_witness_task(host->witness, i, &stack, NULL) : CALLGATE_E_PERM;
		host->tasks[i].stack = r == 0 ? (long)stack : r == CALLGATE_E_NOTFOUND ? -1 : -2;
	}
	return EXIT_YES;
}

static bool has_no_filter(const struct host *host, const struct host_task *row)
{
	size_t count = 0;

	if (row->stack < 0)
		return row->stack == -2 && row->task->mode == CALLGATE_MODE_NONE;
	callgate_witness_stack(host->witness, (size_t)row->stack, &count);
	return count == 0 && row->task->mode != CALLGATE_MODE_STRICT;
}

static void sum_up(const struct host *host, struct host_unit *unit)
{
	for (size_t i = 0; i < unit->count; i++) {
		const struct host_task *row = &unit->tasks[i];
		bool seen = row->stack < 0;

		unit->unconfined += has_no_filter(host, row);
		unit->unknown += row->stack == -2;
		unit->no_new_privs += row->task->no_new_privs;
		for (size_t j = 0; j < i && !seen; j++)
			seen = unit->tasks[j].stack == row->stack;
		unit->stacks += !seen && !has_no_filter(host, row);
	}
	if (host_unit_kind(unit) == HOST_CONTAINER)
		unit->record = record_of(host, host_unit_name(unit));
}

static int group(struct host *host, size_t count)
{
	host->units = calloc(count ? count : 1, sizeof(*host->units));
	if (!host->units) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	for (size_t i = 0; i < count; i++) {
		struct host_unit *last = host->unit_count ? &host->units[host->unit_count - 1] : NULL;

		if (last && strcmp(host_unit_name(last), host->tasks[i].unit) == 0)
			last->count++;
		else
			host->units[host->unit_count++] = (struct host_unit){ .tasks = &host->tasks[i], .count = 1 };
	}
	for (size_t i = 0; i < host->unit_count; i++)
		sum_up(host, &host->units[i]);
	qsort(host->units, host->unit_count, sizeof(*host->units), by_need);
	return EXIT_YES;
}

static int read_tasks(struct host *host)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t count;
	int code;

	if (callgate_tasks_list(CALLGATE_SCOPE_ALL, 0, &host->list, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	count = callgate_tasks_count(host->list);
	host->tasks = calloc(count ? count : 1, sizeof(*host->tasks));
	if (!host->tasks) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	for (size_t i = 0; i < count; i++) {
		struct host_task *row = &host->tasks[i];

		row->task = callgate_tasks_at(host->list, i);
		if (i && row[-1].task->pid == row->task->pid) {
			*row = (struct host_task){ .task = row->task, .kind = row[-1].kind };
			memcpy(row->unit, row[-1].unit, sizeof(row->unit));
			memcpy(row->name, row[-1].name, sizeof(row->name));
		} else {
			name_unit(host, row);
		}
	}
	code = read_filters(host, count);
	qsort(host->tasks, count, sizeof(*host->tasks), by_unit);
	return code == EXIT_YES ? group(host, count) : code;
}

int host_read(struct host *host)
{
	int code;

	*host = (struct host){ 0 };
	code = add_records(host, "lxc");
	if (code == EXIT_YES)
		code = add_records(host, "oci");
	if (host->record_count)
		qsort(host->records, host->record_count, sizeof(*host->records), by_record);
	return code == EXIT_YES ? read_tasks(host) : code;
}

void host_cleanup(struct host *host)
{
	callgate_witness_free(host->witness);
	callgate_tasks_free(host->list);
	free(host->tasks);
	free(host->units);
	free(host->records);
}
