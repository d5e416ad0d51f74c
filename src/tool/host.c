/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host: reads tasks, records and filters of the whole machine, nobody is stopped, and puts them in order. */
#include "tool/host.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ID_SIZE = 64, ID_SHOWN = 12 };

/* ------------------------------------------------------------------ which unit a process is in */

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

static void place_task(const struct host *host, struct host_task *row)
{
	const struct host_record *record;
	struct callgate_place place;

	if (callgate_task_place(row->task->pid, &place) < 0)
		place = (struct callgate_place){ .engine = NULL };
	row->engine = place.engine;
	row->kind = HOST_CONTAINER;
	memcpy(row->id, place.id, sizeof(row->id));
	record = place.container[0] ? NULL : host_record_in(host, place.path, row->task->pid);
	if (!place.container[0] && !record)
		record = host_record_named(host, place.path);
	if (place.container[0] || record) {
		const char *name = record ? record->container : place.container;
		bool whole = strlen(name) == 4 + ID_SIZE;

		if (whole)
			memcpy(row->id, name + 4, sizeof(row->id));
		/* As it is called where its cgroup has the name. */
		snprintf(row->unit, sizeof(row->unit), "%.*s", whole ? 4 + ID_SHOWN : (int)sizeof(row->unit), name);
		row->engine = record ? "oci" : place.engine;
		return;
	}
	row->kind = HOST_SERVICE;
	if (service_of(place.path, row->unit, sizeof(row->unit)))
		return;
	row->kind = HOST_REST;
	snprintf(row->unit, sizeof(row->unit), "-");
}

/* ------------------------------------------------------------------ who joined by its namespace alone */

/* Of the first task of each process that its cgroup puts into a container; 0 of all others. */
static ino_t *container_namespaces(const struct host *host, size_t count)
{
	ino_t *spaces = calloc(count + 1, sizeof(*spaces));

	for (size_t i = 0; spaces && i < count; i++)
		if (host->tasks[i].kind == HOST_CONTAINER && host->tasks[i].task->tid == host->tasks[i].task->pid)
			spaces[i] = host_pid_namespace(host->tasks[i].task->pid);
	return spaces;
}

static void move_task(const struct host *host, const ino_t *spaces, size_t count, ino_t space, struct host_task *row)
{
	for (size_t i = 0; i < count; i++) {
		const struct callgate_task *task = row->task;

		if (spaces[i] != space)
			continue;
		*row = host->tasks[i];
		row->task = task;
		return;
	}
}

/* nsenter(1) and the like leave a process in the cgroup it came from: it is in the container all the same. */
static int place_by_namespace(struct host *host, size_t count)
{
	ino_t own = host_pid_namespace(getpid()), space = 0, *spaces = NULL;

	for (size_t i = 0; i < count; i++) {
		struct host_task *row = &host->tasks[i];

		if (row->kind == HOST_CONTAINER)
			continue;
		if (!i || row[-1].task->pid != row->task->pid)
			space = host_pid_namespace(row->task->pid);
		if (!space || space == own)
			continue;
		if (!spaces)
			spaces = container_namespaces(host, count);
		if (!spaces) {
			report("out of memory");
			return EXIT_CANNOT;
		}
		move_task(host, spaces, count, space, row);
	}
	free(spaces);
	return EXIT_YES;
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
		host->tasks[i].stack = r == 0 ? (long)stack : r == CALLGATE_E_NOTFOUND ? STACK_ENDED : STACK_UNKNOWN;
	}
	return EXIT_YES;
}

static bool has_no_filter(const struct host *host, const struct host_task *row)
{
	size_t count = 0;

	/* As the list has it, also of one that has ended since, or has taken a filter. */
	if (row->stack < 0 || row->task->mode == CALLGATE_MODE_NONE)
		return row->task->mode == CALLGATE_MODE_NONE;
	callgate_witness_stack(host->witness, (size_t)row->stack, &count);
	return count == 0 && row->task->mode != CALLGATE_MODE_STRICT;
}

static bool has_process(const struct host_unit *unit, pid_t pid)
{
	for (size_t i = 0; i < unit->count; i++)
		if (unit->tasks[i].task->pid == pid)
			return true;
	return false;
}

/* LXC's names are unique below one lxcpath only: a record counts for the container whose first process it has seen. */
static const struct host_record *record_of(const struct host *host, const struct host_unit *unit)
{
	const char *name = host_unit_name(unit);
	const struct host_record *record = host_record_of(host, name), *end = host->records + host->record_count;

	if (strncmp(name, "lxc:", 4) != 0)
		return record;
	for (; record && record < end && strcmp(record->container, name) == 0; record++)
		if (record->pid > 0 ? has_process(unit, record->pid) : strcmp(record->result, "failed") != 0)
			return record;
	return NULL;
}

static void sum_up(const struct host *host, struct host_unit *unit)
{
	for (size_t i = 0; i < unit->count; i++) {
		const struct host_task *row = &unit->tasks[i];
		bool seen = row->stack < 0;

		unit->unconfined += has_no_filter(host, row);
		unit->unknown += row->stack == STACK_UNKNOWN && !has_no_filter(host, row);
		unit->no_new_privs += row->task->no_new_privs;
		unit->unseen += row->unseen;
		for (size_t j = 0; j < i && !seen; j++)
			seen = unit->tasks[j].stack == row->stack;
		unit->stacks += !seen && !has_no_filter(host, row);
	}
	if (host_unit_kind(unit) == HOST_CONTAINER)
		unit->record = record_of(host, unit);
}

/* A host without engines' ids never reads engines' lists. */
static int name_unit(struct host *host, struct host_unit *unit)
{
	const char *id = unit->tasks[0].id, *name = NULL;

	if (id[0] && !host->names) {
		host->names = callgate_oci_names_read();
		if (!host->names)
			return -1;
	}
	if (id[0])
		name = callgate_oci_names_of(host->names, id);
	unit->name = name ? name : "";
	return 0;
}

static int group(struct host *host)
{
	size_t count = host->task_count;

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
	for (size_t i = 0; i < host->unit_count; i++) {
		sum_up(host, &host->units[i]);
		if (name_unit(host, &host->units[i]) < 0) {
			report("out of memory");
			return EXIT_CANNOT;
		}
	}
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
			const struct callgate_task *task = row->task;

			*row = row[-1]; /* a thread */
			row->task = task;
		} else {
			place_task(host, row);
		}
	}
	host->task_count = count;
	code = place_by_namespace(host, count);
	if (code == EXIT_YES)
		code = read_filters(host, count);
	qsort(host->tasks, count, sizeof(*host->tasks), by_unit);
	if (code == EXIT_YES)
		code = host_roll(host);
	if (host->task_count > count)
		qsort(host->tasks, host->task_count, sizeof(*host->tasks), by_unit);
	return code == EXIT_YES ? group(host) : code;
}

static void report_unseen(const struct host_unit *unit)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char name[4 * 160];

	callgate_tasks_unseen(unit->unseen, &err);
	fprintf(stderr, "callgate: note: %s: %s\n", callgate_escape(host_unit_name(unit), name, sizeof(name)),
		err.text);
}

void host_report_unseen(const struct host *host)
{
	size_t unknown = 0;

	for (size_t i = 0; i < host->unit_count; i++) {
		unknown += host->units[i].unknown;
		if (host->units[i].unseen)
			report_unseen(&host->units[i]);
	}
	if (!host->witness)
		fprintf(stderr,
			"callgate: note: the filters of %zu tasks are counted, not read: that needs root and a kernel "
			"with BPF task iterators\n",
			unknown);
	if (access("/proc/1/status", R_OK) < 0)
		fputs("callgate: note: the processes of other users are hidden (hidepid): that needs root, or the "
		      "group that /proc was mounted for\n",
		      stderr);
	if (host->records_hidden)
		fputs("callgate: note: what hooks have recorded cannot be read: that needs root\n", stderr);
}

int host_read(struct host *host)
{
	int code;

	*host = (struct host){ 0 };
	code = host_records_read(host);
	return code == EXIT_YES ? read_tasks(host) : code;
}

void host_cleanup(struct host *host)
{
	callgate_witness_free(host->witness);
	callgate_tasks_free(host->list);
	callgate_oci_names_free(host->names);
	free(host->tasks);
	free(host->units);
	host_roll_cleanup(host);
	host_records_cleanup(host);
}
