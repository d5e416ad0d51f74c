/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host, recorded: the state files of all containers, found by the container's name or by its cgroup. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/host.h"
#include "tool/state_record.h"

/* A time of change cannot be set back: a file that is older than its record is what the record tells of. */
static bool is_touched(const char *path, const char *record)
{
	struct stat file, state;

	if (stat(record, &state) < 0 || stat(path, &file) < 0)
		return true;
	return file.st_ctim.tv_sec > state.st_mtim.tv_sec ||
	       (file.st_ctim.tv_sec == state.st_mtim.tv_sec && file.st_ctim.tv_nsec > state.st_mtim.tv_nsec);
}

static void fill_output(struct host_record *record, const char *path, const struct state_record *state)
{
	snprintf(record->output_digest, sizeof(record->output_digest), "%s", state->output_digest);
	if (strncmp(record->container, "lxc:", 4) != 0)
		return;
	record->output_touched = record->output && record->output[0] && is_touched(record->output, path);
	record->attach_differs = state->attached > 0;
}

static int fill(struct host_record *record, const char *engine, const char *path, const struct state_record *state)
{
	*record = (struct host_record){ .caps = state->caps, .pid = state->pid, .profile = strdup(state->profile) };
	record->output = strdup(state->output);
	snprintf(record->container, sizeof(record->container), "%s:%s", engine, state->id);
	snprintf(record->result, sizeof(record->result), "%s", state->complains ? "complain" : state->result);
	snprintf(record->digest, sizeof(record->digest), "%s", state->digest);
	fill_output(record, path, state);
	return record->profile && record->output ? 0 : -1;
}

static int add_record(struct host *host, const char *engine, const char *path)
{
	struct host_record *grown;
	struct state_record state;
	int r = -1;

	if (!state_record_read(path, &state))
		return EXIT_YES; /* it went with its container */
	grown = host->record_count & (host->record_count - 1)
			? host->records /* room is a power of two */
			: reallocarray(host->records, host->record_count ? host->record_count * 2 : 1, sizeof(*grown));
	if (grown) {
		host->records = grown;
		r = fill(&grown[host->record_count++], engine, path, &state);
	}
	state_record_release(&state);
	if (r < 0)
		report("out of memory");
	return r < 0 ? EXIT_CANNOT : EXIT_YES;
}

static int add_directory(struct host *host, const char *engine, const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	int code = EXIT_YES;
	char path[8192];

	host->records_hidden |= !dir && errno == EACCES;
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

/* Of the caller's own containers, and of root's. */
static int add_records(struct host *host, const char *engine)
{
	char directory[4096];
	int code = EXIT_YES;

	if (callgate_state_path(engine, "x", directory, sizeof(directory), NULL) == 0) {
		*strrchr(directory, '/') = '\0';
		code = add_directory(host, engine, directory);
	}
	if (geteuid() == 0 || code != EXIT_YES)
		return code;
	snprintf(directory, sizeof(directory), "/run/callgate/%s", engine);
	return add_directory(host, engine, directory);
}

static int by_record(const void *a, const void *b)
{
	const struct host_record *one = a, *other = b;

	return strcmp(one->container, other->container);
}

const struct host_record *host_record_of(const struct host *host, const char *unit)
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

/* runc and crun called by hand name cgroups as they are told, and without cgroups (--cgroups=disabled, a user's podman)
 * nothing names the container: the process that a hook saw is in its cgroup, and so are the others of its container. */
static bool needs_cgroup(const struct host_record *record, const struct callgate_place *place)
{
	return place->path[0] && (strlen(record->container) != 4 + 64 || !place->container[0]);
}

ino_t host_pid_namespace(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* What runtimes call a cgroup after, unless they are told: the container's id. */
static bool is_named_by(const char *cgroup, const struct host_record *record)
{
	const char *id = record->container + 4, *slash = strrchr(cgroup, '/');
	size_t size = strcspn(id, "@");

	return slash && strncmp(slash + 1, id, size) == 0 && slash[1 + size] == '\0';
}

static bool is_of_parent(const char *cgroup, pid_t pid)
{
	struct callgate_place parent;

	return strcmp(cgroup, "/") == 0 ||
	       (callgate_task_place(process_parent(pid, NULL), &parent) == 0 && strcmp(cgroup, parent.path) == 0);
}

static int by_cgroup(const void *a, const void *b)
{
	const struct host_record *const *one = a, *const *other = b;

	return strcmp((*one)->cgroup, (*other)->cgroup);
}

static int index_cgroups(struct host *host)
{
	host->by_cgroup = calloc(host->record_count + 1, sizeof(*host->by_cgroup));
	if (!host->by_cgroup)
		return -1;
	for (size_t i = 0; i < host->record_count; i++) {
		struct host_record *record = &host->records[i];
		struct callgate_place place;

		if (record->pid <= 0 || strncmp(record->container, "oci:", 4) != 0 ||
		    callgate_task_place(record->pid, &place) < 0 || !needs_cgroup(record, &place))
			continue;
		record->shares_cgroup = !is_named_by(place.path, record) && is_of_parent(place.path, record->pid);
		if (record->shares_cgroup)
			record->pid_namespace = host_pid_namespace(record->pid);
		record->cgroup = strdup(place.path);
		if (!record->cgroup)
			return -1;
		host->by_cgroup[host->cgroup_count++] = record;
	}
	if (host->cgroup_count)
		qsort(host->by_cgroup, host->cgroup_count, sizeof(*host->by_cgroup), by_cgroup);
	return 0;
}

/* A container without a cgroup of its own (--cgroups=disabled, or one that is only being made) is its pid namespace. */
static bool is_of(const struct host_record *record, pid_t pid)
{
	ino_t own;

	if (!record->shares_cgroup || pid == record->pid)
		return true;
	own = host_pid_namespace(getpid());
	return record->pid_namespace && record->pid_namespace != own &&
	       host_pid_namespace(pid) == record->pid_namespace;
}

const struct host_record *host_record_in(const struct host *host, const char *cgroup, pid_t pid)
{
	size_t low = 0, high = host->cgroup_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(host->by_cgroup[middle]->cgroup, cgroup) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i < host->cgroup_count && strcmp(host->by_cgroup[i]->cgroup, cgroup) == 0; i++)
		if (is_of(host->by_cgroup[i], pid))
			return host->by_cgroup[i];
	return NULL;
}

const struct host_record *host_record_named(const struct host *host, const char *cgroup)
{
	const char *slash = strrchr(cgroup, '/');
	const struct host_record *record;
	char unit[160];
	size_t size;

	if (!slash || !slash[1])
		return NULL;
	size = (size_t)snprintf(unit, sizeof(unit), "oci:%s", slash + 1);
	record = size < sizeof(unit) ? host_record_of(host, unit) : NULL;
	/* Behind the id may stand which of several runtime directories knows it. */
	return record && (record->container[size] == '\0' || record->container[size] == '@') ? record : NULL;
}

int host_records_read(struct host *host)
{
	int code = add_records(host, "lxc");

	if (code == EXIT_YES)
		code = add_records(host, "oci");
	if (host->record_count)
		qsort(host->records, host->record_count, sizeof(*host->records), by_record);
	if (code == EXIT_YES && index_cgroups(host) < 0) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	return code;
}

void host_records_cleanup(struct host *host)
{
	for (size_t i = 0; i < host->record_count; i++) {
		free(host->records[i].cgroup);
		free(host->records[i].profile);
		free(host->records[i].output);
	}
	free(host->records);
	free(host->by_cgroup);
}
