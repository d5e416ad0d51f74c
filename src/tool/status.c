/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate status: who is confined, task by task. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/host.h"
#include "tool/status_differ.h"
#include "tool/terminal.h"

enum { OPT_FORMAT = OPT_VERB, OPT_ALL, OPT_WATCH };
enum format { FORMAT_AUTO, FORMAT_TABLE, FORMAT_TSV, FORMAT_JSON, FORMAT_OPENMETRICS };

static const char *const mode_words[] = {
	[CALLGATE_MODE_NONE] = "none",
	[CALLGATE_MODE_STRICT] = "strict",
	[CALLGATE_MODE_FILTER] = "filter",
};

/* One task with the container it is in; -1 filters: the kernel does not say. */
struct shown {
	const struct callgate_task *task;
	char container[128];
	char filters[16];
};

struct table {
	struct shown *rows;
	size_t count, room;
	/* What the rows point into. */
	struct callgate_tasks **lists;
	size_t list_count;
	struct attached *attached;
	size_t attached_count;
	struct differing_list *differing; /* one for each source */
	size_t differing_count;
};

static void table_release(struct table *table)
{
	for (size_t i = 0; i < table->list_count; i++)
		callgate_tasks_free(table->lists[i]);
	free(table->lists);
	free(table->attached);
	for (size_t i = 0; i < table->differing_count; i++)
		differing_release(&table->differing[i]);
	free(table->differing);
	free(table->rows);
}

static int table_add(struct table *table, const struct callgate_task *task)
{
	struct shown *row;

	if (table->count == table->room) {
		size_t room = table->room ? table->room * 2 : 64;
		struct shown *rows = realloc(table->rows, room * sizeof(*rows));

		if (!rows)
			return -1;
		table->rows = rows;
		table->room = room;
	}
	row = &table->rows[table->count++];
	row->task = task;
	if (task->filters < 0)
		snprintf(row->filters, sizeof(row->filters), "-");
	else
		snprintf(row->filters, sizeof(row->filters), "%d", task->filters);
	if (callgate_task_container(task->pid, row->container, sizeof(row->container)) < 0)
		snprintf(row->container, sizeof(row->container), "-");
	return 0;
}

enum selection { SELECT_ALL, SELECT_CONFINED };

/* A container that its cgroups do not name (containerd's with ctr) is called as the user calls it. */
static void table_name(struct table *table, size_t first, const char *source)
{
	if (strncmp(source, "oci:", 4) != 0 && strncmp(source, "lxc:", 4) != 0)
		return;
	for (size_t i = first; i < table->count; i++)
		if (strcmp(table->rows[i].container, "-") == 0)
			snprintf(table->rows[i].container, sizeof(table->rows[i].container), "%s", source);
}

static int table_fill(struct table *table, enum callgate_scope scope, pid_t pid, enum selection selection)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_tasks *tasks = NULL, **lists;

	if (callgate_tasks_list(scope, pid, &tasks, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	lists = realloc(table->lists, (table->list_count + 1) * sizeof(*lists));
	if (!lists) {
		callgate_tasks_free(tasks);
		report("out of memory");
		return EXIT_CANNOT;
	}
	table->lists = lists;
	table->lists[table->list_count++] = tasks;
	for (size_t i = 0; i < callgate_tasks_count(tasks); i++) {
		const struct callgate_task *task = callgate_tasks_at(tasks, i);

		if (selection == SELECT_CONFINED && task->mode == CALLGATE_MODE_NONE)
			continue;
		if (table_add(table, task) < 0) {
			report("out of memory");
			return EXIT_CANNOT;
		}
	}
	return EXIT_YES;
}

/* The tasks of the list that was filled last. */
static int table_note_attached(struct table *table, const char *source, pid_t init)
{
	const struct callgate_tasks *tasks = table->lists[table->list_count - 1];
	struct attached attached, *grown;

	if (!attached_read(source, init, &attached))
		return EXIT_YES;
	for (size_t i = 0; i < callgate_tasks_count(tasks); i++)
		attached.tasks += attached_is(&attached, callgate_tasks_at(tasks, i));
	grown = realloc(table->attached, (table->attached_count + 1) * sizeof(*grown));
	if (!grown) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	table->attached = grown;
	grown[table->attached_count++] = attached;
	return EXIT_YES;
}

/* The same. */
static int table_note_differing(struct table *table, const char *source, pid_t first)
{
	const struct callgate_tasks *tasks = table->lists[table->list_count - 1];
	struct differing_list *grown =
		reallocarray(table->differing, table->differing_count + 1, sizeof(*table->differing));

	if (grown)
		table->differing = grown;
	if (!grown || differing_find(source, tasks, first, &grown[table->differing_count++]) < 0) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

static int by_container(const void *a, const void *b)
{
	const struct shown *one = a, *other = b;
	int order = strcmp(one->container, other->container);

	if (order)
		return order;
	if (one->task->pid != other->task->pid)
		return one->task->pid < other->task->pid ? -1 : 1;
	return (one->task->tid > other->task->tid) - (one->task->tid < other->task->tid);
}

/* ------------------------------------------------------------------ forms of output */

static void print_rows(const struct table *table, enum format format)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct shown *row = &table->rows[i];
		const char *mode = mode_words[row->task->mode], *nnp = row->task->no_new_privs ? "yes" : "no";
		char container[4 * sizeof(row->container)], command[4 * sizeof(row->task->command)];
		int pid = (int)row->task->pid, tid = (int)row->task->tid;

		/* A task chooses its own name: nothing in it may steer a terminal or break a row. */
		callgate_escape(row->container, container, sizeof(container));
		callgate_escape(row->task->command, command, sizeof(command));
		if (format == FORMAT_TABLE)
			printf("%-24.24s %7d %7d %-7s %7s %-5s %s%s\n", container, pid, tid, mode, row->filters, nnp,
			       pid == tid ? "" : "`-", command);
		else
			printf("%s\t%d\t%d\t%s\t%s\t%s\t%s\n", container, pid, tid, mode, row->filters, nnp, command);
	}
}

static int print_json(const struct table *table)
{
	struct json_object *root = document("status"), *array = json_object_new_array();

	json_object_object_add(root, "tasks", array);
	for (size_t i = 0; i < table->count; i++) {
		const struct shown *row = &table->rows[i];
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "container", text_to_json(row->container));
		json_object_object_add(object, "pid", json_object_new_int(row->task->pid));
		json_object_object_add(object, "tid", json_object_new_int(row->task->tid));
		json_object_object_add(object, "command", text_to_json(row->task->command));
		json_object_object_add(object, "seccomp", json_object_new_string(mode_words[row->task->mode]));
		if (row->task->filters >= 0)
			json_object_object_add(object, "filters", json_object_new_int(row->task->filters));
		json_object_object_add(object, "no_new_privs", json_object_new_boolean(row->task->no_new_privs));
		json_object_array_add(array, object);
	}
	if (table->differing_count) {
		array = json_object_new_array();
		json_object_object_add(root, "differing", array);
	}
	for (size_t i = 0; i < table->differing_count; i++)
		differing_to_json(&table->differing[i], array);
	if (table->attached_count) {
		array = json_object_new_array();
		json_object_object_add(root, "attached", array);
	}
	for (size_t i = 0; i < table->attached_count; i++)
		json_object_array_add(array, attached_to_json(&table->attached[i]));
	return print_document(root);
}

static void print_openmetrics(const struct table *table)
{
	printf("# TYPE callgate_task_seccomp_filters gauge\n"
	       "# HELP callgate_task_seccomp_filters Seccomp filters of a task.\n");
	for (size_t i = 0; i < table->count; i++) {
		const struct shown *row = &table->rows[i];

		printf("callgate_task_seccomp_filters{container=\"");
		print_label(stdout, row->container);
		printf("\",pid=\"%d\",tid=\"%d\",command=\"", (int)row->task->pid, (int)row->task->tid);
		print_label(stdout, row->task->command);
		printf("\",mode=\"%s\",no_new_privs=\"%s\"} %d\n", mode_words[row->task->mode],
		       row->task->no_new_privs ? "yes" : "no", row->task->filters < 0 ? 0 : row->task->filters);
	}
	printf("# EOF\n");
}

static int print_table(const struct table *table, enum format format)
{
	switch (format) {
	case FORMAT_JSON:
		return print_json(table);
	case FORMAT_OPENMETRICS:
		print_openmetrics(table);
		break;
	case FORMAT_TABLE:
		printf("%-24s %7s %7s %-7s %7s %-5s %s\n", "CONTAINER", "PID", "TID", "SECCOMP", "FILTERS", "NNP",
		       "COMMAND");
		print_rows(table, format);
		break;
	case FORMAT_AUTO:
	case FORMAT_TSV:
		print_rows(table, format);
		break;
	}
	return finish_output(EXIT_YES);
}

/* ------------------------------------------------------------------ the verb */

static int take_format(const char *value, enum format *out)
{
	static const char *const words[] = { "table", "tsv", "json", "openmetrics", NULL };
	static const enum format formats[] = { FORMAT_TABLE, FORMAT_TSV, FORMAT_JSON, FORMAT_OPENMETRICS };
	int word;

	if (take_choice(value, words, "format", &word) < 0)
		return -1;
	*out = formats[word];
	return 0;
}

static int status_sources(const struct options *options, char **words, int count, enum format format)
{
	struct table table = { 0 };
	int code = EXIT_YES;

	if (!count)
		code = table_fill(&table, CALLGATE_SCOPE_ALL, 0, SELECT_CONFINED);
	for (int i = 0; i < count && code == EXIT_YES; i++) {
		enum callgate_scope scope;
		size_t first = table.count;
		pid_t pid;

		code = live_source(options, words[i], &pid, &scope);
		if (code == EXIT_YES)
			code = table_fill(&table, scope, pid, SELECT_ALL);
		if (code == EXIT_YES)
			table_name(&table, first, words[i]);
		if (code == EXIT_YES)
			code = table_note_attached(&table, words[i], pid);
		if (code == EXIT_YES)
			code = table_note_differing(&table, words[i], pid);
	}
	if (code == EXIT_YES && table.count)
		qsort(table.rows, table.count, sizeof(*table.rows), by_container);
	if (code == EXIT_YES)
		code = print_table(&table, format);
	for (size_t i = 0; code == EXIT_YES && format != FORMAT_JSON && i < table.differing_count; i++)
		differing_print(&table.differing[i], format == FORMAT_TABLE);
	for (size_t i = 0; code == EXIT_YES && format != FORMAT_JSON && i < table.attached_count; i++)
		attached_report(&table.attached[i]);
	table_release(&table);
	return code;
}

struct request {
	enum format format;
	bool all;   /* each task of the machine that has a filter */
	bool watch; /* again and again */
};

static int take_own(void *data, int option, const char *value)
{
	struct request *request = data;

	if (option == OPT_FORMAT)
		return take_format(value, &request->format);
	if (option == OPT_ALL)
		request->all = true;
	else
		request->watch = true;
	return 0;
}

static enum host_format host_format_of(enum format format)
{
	switch (format) {
	case FORMAT_JSON:
		return HOST_JSON;
	case FORMAT_OPENMETRICS:
		return HOST_OPENMETRICS;
	case FORMAT_TABLE:
		return HOST_TABLE;
	default:
		return HOST_TSV;
	}
}

static int status_once(const struct options *options, const struct request *request, char **words, int count)
{
	if (!count && !request->all)
		return status_host(options, host_format_of(request->format));
	return status_sources(options, words, count, request->format);
}

/* Until it is interrupted, or cannot go on. */
static int status_watch(const struct options *options, const struct request *request, char **words, int count)
{
	int code = EXIT_YES;

	if (request->format != FORMAT_TABLE) {
		report("--watch is for a terminal");
		return EXIT_CANNOT;
	}
	while (code == EXIT_YES) {
		printf("\033[H\033[2J");
		code = status_once(options, request, words, count);
		sleep(2);
	}
	return code;
}

int verb_status(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_LIVE,
		{ "format", required_argument, NULL, OPT_FORMAT },
		{ "all", no_argument, NULL, OPT_ALL },
		{ "watch", no_argument, NULL, OPT_WATCH },
		{ "output", required_argument, NULL, OPT_OUTPUT },
		OPTIONS_END,
	};
	struct request request = { 0 };
	struct command_line line = { known, "ho:", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (request.all && optind < argc)
		return verb_usage(verb, "--all takes no source");
	if (options.output && (request.format != FORMAT_OPENMETRICS || request.all || optind < argc)) {
		report("-o is for the metrics of the whole machine: --format openmetrics, without a source");
		return EXIT_CANNOT;
	}
	if (options.json)
		request.format = FORMAT_JSON;
	if (request.format == FORMAT_AUTO)
		request.format = isatty(STDOUT_FILENO) ? FORMAT_TABLE : FORMAT_TSV;
	if (request.watch)
		return status_watch(&options, &request, argv + optind, argc - optind);
	return status_once(&options, &request, argv + optind, argc - optind);
}
