/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate status without a source: the whole machine, one row per container and systemd unit. */
#include <stdlib.h>
#include <string.h>

#include "tool/host.h"

/* A row: what there is to say of a unit, as words. */
struct row {
	char unit[4 * 160]; /* escaped */
	const char *name, *engine, *profile, *result, *drift, *verdict;
	const struct host_unit *of;
};

static const char *kind_word(enum host_kind kind)
{
	return kind == HOST_CONTAINER ? "container" : kind == HOST_SERVICE ? "unit" : "rest";
}

static struct row row_of(struct host_verifier *verifier, const struct host_unit *unit)
{
	const struct host_record *record = unit->record;
	struct row row = { .of = unit, .name = unit->name, .engine = unit->tasks[0].engine };

	callgate_escape(host_unit_name(unit), row.unit, sizeof(row.unit));
	row.profile = record && record->profile[0] ? record->profile : "-";
	row.result = record && record->result[0] ? record->result : "-";
	row.drift = !record ? "-" : host_has_drifted(verifier, unit) ? "file" : "no";
	row.verdict = host_unit_verdict(verifier, unit);
	return row;
}

/* ------------------------------------------------------------------ forms of output */

/* The profile's name: what tells it from others, without its directory. */
static const char *short_name(const char *profile)
{
	const char *slash = strrchr(profile, '/');

	return slash ? slash + 1 : profile;
}

static void print_table_row(const struct row *row)
{
	const struct host_unit *unit = row->of;

	printf("%-24.24s %-16.16s %-8.8s %5zu %4zu/%-4zu %-11s%s\n", row->name[0] ? row->name : row->unit,
	       short_name(row->profile), row->result, unit->count, unit->stacks, unit->unconfined, row->verdict,
	       strcmp(row->drift, "file") == 0 ? " *" : "");
}

static void print_tsv_row(const struct row *row)
{
	const struct host_unit *unit = row->of;

	printf("%s\t%s\t%s\t%s\t%zu\t%zu\t%zu\t%zu\t%s\t%s\t%s\n", row->unit, row->name[0] ? row->name : "-",
	       row->profile, row->result, unit->count, unit->unconfined, unit->stacks, unit->no_new_privs, row->drift,
	       row->verdict, row->engine ? row->engine : "-");
}

static struct json_object *row_to_json(const struct row *row)
{
	const struct host_unit *unit = row->of;
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "unit", text_to_json(host_unit_name(unit)));
	json_object_object_add(object, "kind", json_object_new_string(kind_word(host_unit_kind(unit))));
	if (row->engine)
		json_object_object_add(object, "engine", json_object_new_string(row->engine));
	if (row->name[0])
		json_object_object_add(object, "name", text_to_json(row->name));
	if (unit->record) {
		json_object_object_add(object, "profile", text_to_json(unit->record->profile));
		json_object_object_add(object, "result", text_to_json(unit->record->result));
		json_object_object_add(object, "drift", json_object_new_boolean(strcmp(row->drift, "file") == 0));
	}
	json_object_object_add(object, "tasks", json_object_new_int64((int64_t)unit->count));
	json_object_object_add(object, "unconfined", json_object_new_int64((int64_t)unit->unconfined));
	json_object_object_add(object, "unknown", json_object_new_int64((int64_t)unit->unknown));
	json_object_object_add(object, "filters", json_object_new_int64((int64_t)unit->stacks));
	json_object_object_add(object, "no_new_privs", json_object_new_int64((int64_t)unit->no_new_privs));
	json_object_object_add(object, "verdict", json_object_new_string(row->verdict));
	return object;
}

/* ------------------------------------------------------------------ openmetrics */

static size_t tasks_of(const struct host_unit *unit)
{
	return unit->count;
}

static size_t unconfined_of(const struct host_unit *unit)
{
	return unit->unconfined;
}

static size_t filters_of(const struct host_unit *unit)
{
	return unit->stacks;
}

/* One value per container. Labels are bounded: as many as there are containers. */
static const struct family {
	const char *name, *help;
	size_t (*value)(const struct host_unit *unit);
} families[] = {
	{ "container_tasks", "Tasks of a container.", tasks_of },
	{ "container_unconfined_tasks", "Tasks of a container without a seccomp filter.", unconfined_of },
	{ "container_filters", "Different sets of filters of a container's tasks.", filters_of },
};

static void print_family(FILE *to, const struct family *family, const struct row *rows, size_t count)
{
	fprintf(to, "# TYPE callgate_%s gauge\n# HELP callgate_%s %s\n", family->name, family->name, family->help);
	for (size_t i = 0; i < count; i++)
		if (host_unit_kind(rows[i].of) == HOST_CONTAINER)
			fprintf(to, "callgate_%s{container=\"%s\"} %zu\n", family->name, rows[i].unit,
				family->value(rows[i].of));
}

static void print_gauge(FILE *to, const char *name, const char *help, double value)
{
	fprintf(to, "# TYPE callgate_%s gauge\n# HELP callgate_%s %s\ncallgate_%s %.17g\n", name, name, help, name,
		value);
}

/* What compiled filters take of the kernel's memory for programs of everybody who may not load more. */
static void print_compiled(FILE *to, const struct host *host)
{
	FILE *file = fopen("/proc/sys/net/core/bpf_jit_limit", "re");
	unsigned long long limit = 0;
	bool known = file && fscanf(file, "%llu", &limit) == 1;

	if (file)
		fclose(file);
	if (known)
		print_gauge(to, "bpf_jit_limit_bytes",
			    "Memory that compiled programs may take without privilege (net.core.bpf_jit_limit).",
			    (double)limit);
	if (!host->witness)
		return;
	print_gauge(to, "filters_jit_bytes", "Machine code of all seccomp filters.",
		    (double)callgate_witness_compiled(host->witness));
	if (limit)
		print_gauge(to, "filters_jit_ratio", "The share of net.core.bpf_jit_limit that they take.",
			    (double)callgate_witness_compiled(host->witness) / (double)limit);
}

static void print_denials(FILE *to, const struct host *host, const struct row *rows, size_t count)
{
	CALLGATE_CLEANUP(host_denials_cleanup) struct host_denials denials;

	if (!host_denials_read(host, &denials))
		return;
	fprintf(to,
		"# TYPE callgate_denials gauge\n# HELP callgate_denials Records of denied calls that the system's log "
		"holds now, by container; - for all that is in none, or has ended.\n");
	for (size_t i = 0; i < count; i++)
		if (host_unit_kind(rows[i].of) == HOST_CONTAINER)
			fprintf(to, "callgate_denials{container=\"%s\"} %zu\n", rows[i].unit,
				denials.of_units[rows[i].of - host->units]);
	fprintf(to, "callgate_denials{container=\"-\"} %zu\n", denials.others);
}

static void print_openmetrics(FILE *to, const struct host *host, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		print_family(to, &families[i], rows, count);
	fprintf(to,
		"# TYPE callgate_container_verdict gauge\n# HELP callgate_container_verdict 1 for what the container's "
		"filters are, compared with its profile.\n");
	for (size_t i = 0; i < count; i++)
		if (host_unit_kind(rows[i].of) == HOST_CONTAINER)
			fprintf(to, "callgate_container_verdict{container=\"%s\",verdict=\"%s\"} 1\n", rows[i].unit,
				rows[i].verdict);
	fprintf(to, "# TYPE callgate_container_drift gauge\n# HELP callgate_container_drift Whether the profile's file "
		    "means "
		    "something else than when the container was started.\n");
	for (size_t i = 0; i < count; i++)
		if (rows[i].of->record)
			fprintf(to, "callgate_container_drift{container=\"%s\"} %d\n", rows[i].unit,
				strcmp(rows[i].drift, "file") == 0);
	print_compiled(to, host);
	print_denials(to, host, rows, count);
	fprintf(to, "# EOF\n");
}

/* ------------------------------------------------------------------ the whole */

static int print_rows(const struct row *rows, size_t count, enum host_format format)
{
	struct json_object *root = format == HOST_JSON ? document("status") : NULL;
	struct json_object *list = root ? json_object_new_array() : NULL;

	if (format == HOST_TABLE)
		printf("%-24s %-16s %-8s %5s %4s/%-4s %s\n", "CONTAINER OR UNIT", "PROFILE", "HOOK", "TASKS", "SETS",
		       "BARE", "VERDICT");
	for (size_t i = 0; i < count; i++) {
		if (format == HOST_TABLE)
			print_table_row(&rows[i]);
		else if (format == HOST_TSV)
			print_tsv_row(&rows[i]);
		else if (format == HOST_JSON)
			json_object_array_add(list, row_to_json(&rows[i]));
	}
	if (!root)
		return finish_output(EXIT_YES);
	json_object_object_add(root, "units", list);
	return print_document(root);
}

/* As a whole: who collects it never sees half a file. */
static int write_openmetrics(const struct options *options, const struct host *host, const struct row *rows,
			     size_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	int code;

	if (memory)
		print_openmetrics(memory, host, rows, count);
	if (!memory || fclose(memory) != 0) {
		report("out of memory");
		code = EXIT_CANNOT;
	} else {
		code = write_output(options, text, size);
	}
	free(text);
	return code;
}

int status_host(const struct options *options, enum host_format format)
{
	CALLGATE_CLEANUP(host_cleanup) struct host host;
	CALLGATE_CLEANUP(host_verifier_cleanup) struct host_verifier *verifier = NULL;
	struct row *rows;
	int code = host_read(&host);

	if (code != EXIT_YES)
		return code;
	verifier = host_verifier_new(options, &host);
	rows = calloc(host.unit_count + 1, sizeof(*rows));
	if (!verifier || !rows) {
		free(rows);
		return EXIT_CANNOT;
	}
	for (size_t i = 0; i < host.unit_count; i++)
		rows[i] = row_of(verifier, &host.units[i]);
	if (!host.witness && format != HOST_OPENMETRICS)
		fprintf(stderr, "callgate: note: filters are counted, not read: that needs root and a kernel with BPF "
				"task iterators\n");
	code = format == HOST_OPENMETRICS ? write_openmetrics(options, &host, rows, host.unit_count)
					  : print_rows(rows, host.unit_count, format);
	free(rows);
	return code;
}
