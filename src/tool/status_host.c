/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate status without a source: the whole machine, one row per container and systemd unit. */
#include <stdlib.h>
#include <string.h>

#include "tool/host.h"
#include "tool/terminal.h"

/* A row: what there is to say of a unit, as words. */
struct row {
	char unit[4 * 160], name[4 * 256]; /* escaped */
	const char *engine, *profile, *result, *verdict;
	bool edited;         /* the profile's file means something else than what was loaded */
	bool attach_differs; /* what is attached from now on gets another filter */
	const struct host_unit *of;
};

static const char *kind_word(enum host_kind kind)
{
	return kind == HOST_CONTAINER ? "container" : kind == HOST_SERVICE ? "unit" : "rest";
}

static struct row row_of(struct host_verifier *verifier, const struct host_unit *unit)
{
	const struct host_record *record = unit->record;
	struct row row = { .of = unit, .engine = unit->tasks[0].engine };

	callgate_escape(host_unit_name(unit), row.unit, sizeof(row.unit));
	callgate_escape(unit->name, row.name, sizeof(row.name));
	row.profile = record && record->profile[0] ? record->profile : "-";
	row.result = record && record->result[0] ? record->result : "-";
	row.edited = record && host_has_drifted(verifier, unit);
	row.attach_differs = record && host_attach_differs(verifier, unit);
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

static const char *drift_word(const struct row *row)
{
	if (!row->of->record)
		return "-";
	if (row->edited)
		return row->attach_differs ? "file,attach" : "file";
	return row->attach_differs ? "attach" : "no";
}

/* In four columns. */
static const char *short_number(size_t number, char out[24])
{
	snprintf(out, 24, number < 10000 ? "%zu" : "%zuk", number < 10000 ? number : number / 1000);
	return out;
}

static const char *verdict_color(const char *verdict)
{
	static const struct {
		const char *word, *color;
	} colors[] = {
		{ "none", "\033[1;31m" },      { "weaker", "\033[1;31m" }, { "partly", "\033[1;31m" },
		{ "cannot tell", "\033[33m" }, { "exact", "\033[32m" },    { "stricter", "\033[32m" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(colors); i++)
		if (strcmp(verdict, colors[i].word) == 0)
			return colors[i].color;
	return "";
}

/* 80 columns: a row of the tree below its kind. */
static void print_table_row(const struct row *row, bool is_last, bool color)
{
	const struct host_unit *unit = row->of;
	const char *start = color ? verdict_color(row->verdict) : "";
	char profile[16], numbers[4][24];

	snprintf(profile, sizeof(profile), "%.9s%s%s", short_name(row->profile), row->edited ? "*" : "",
		 row->attach_differs ? "+" : "");
	printf("%s %-18.18s %-7.7s %-11s %-8.8s %4s %3s %4s %4s %s%s%s\n", is_last ? "`" : "|",
	       row->name[0] ? row->name : row->unit, row->engine ? row->engine : "-", profile, row->result,
	       short_number(unit->count, numbers[0]), short_number(unit->stacks, numbers[1]),
	       short_number(unit->unconfined, numbers[2]), short_number(unit->no_new_privs, numbers[3]), start,
	       row->verdict, *start ? "\033[0m" : "");
}

static void print_table(const struct row *rows, size_t count, bool color)
{
	static const char *const kinds[] = {
		[HOST_CONTAINER] = "containers", [HOST_SERVICE] = "units", [HOST_REST] = "in neither"
	};
	bool edited = false, attach = false;

	printf("%-20s %-7s %-11s %-8s %4s %3s %4s %4s %s\n", "CONTAINER OR UNIT", "ENGINE", "PROFILE", "HOOK", "TASK",
	       "SET", "BARE", "NNP", "VERDICT");
	for (size_t i = 0; i < count; i++) {
		enum host_kind kind = host_unit_kind(rows[i].of);

		if (!i || host_unit_kind(rows[i - 1].of) != kind)
			printf("%s\n", kinds[kind]);
		print_table_row(&rows[i], i + 1 == count || host_unit_kind(rows[i + 1].of) != kind, color);
		edited |= rows[i].edited;
		attach |= rows[i].attach_differs;
	}
	if (edited)
		printf("* the profile's file means something else now than when the container was started\n");
	if (attach)
		printf("+ a process that is attached gets another filter than the container was started with\n");
}

static void print_tsv_row(const struct row *row)
{
	const struct host_unit *unit = row->of;

	printf("%s\t%s\t%s\t%s\t%zu\t%zu\t%zu\t%zu\t%s\t%s\t%s\n", row->unit, row->name[0] ? row->name : "-",
	       row->profile, row->result, unit->count, unit->unconfined, unit->stacks, unit->no_new_privs,
	       drift_word(row), row->verdict, row->engine ? row->engine : "-");
}

static struct json_object *row_to_json(const struct row *row)
{
	const struct host_unit *unit = row->of;
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "unit", text_to_json(host_unit_name(unit)));
	json_object_object_add(object, "kind", json_object_new_string(kind_word(host_unit_kind(unit))));
	if (row->engine)
		json_object_object_add(object, "engine", json_object_new_string(row->engine));
	if (unit->name[0])
		json_object_object_add(object, "name", text_to_json(unit->name));
	if (unit->record) {
		json_object_object_add(object, "profile", text_to_json(unit->record->profile));
		json_object_object_add(object, "result", text_to_json(unit->record->result));
		json_object_object_add(object, "drift", json_object_new_boolean(row->edited));
		json_object_object_add(object, "attach_differs", json_object_new_boolean(row->attach_differs));
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

struct metrics {
	FILE *to;
	const struct host *host;
	const struct row *rows;
	size_t count;
	struct host_denials denials;
};

static size_t tasks_of(const struct metrics *metrics, const struct row *row)
{
	(void)metrics;
	return row->of->count;
}

static size_t unconfined_of(const struct metrics *metrics, const struct row *row)
{
	(void)metrics;
	return row->of->unconfined;
}

static size_t filters_of(const struct metrics *metrics, const struct row *row)
{
	(void)metrics;
	return row->of->stacks;
}

static size_t one_of(const struct metrics *metrics, const struct row *row)
{
	(void)metrics;
	(void)row;
	return 1;
}

static size_t edited_of(const struct metrics *metrics, const struct row *row)
{
	(void)metrics;
	return row->edited;
}

static size_t attach_of(const struct metrics *metrics, const struct row *row)
{
	(void)metrics;
	return row->attach_differs;
}

static size_t denials_of(const struct metrics *metrics, const struct row *row)
{
	return metrics->denials.of_units[row->of - metrics->host->units];
}

enum labels { LABEL_CONTAINER, LABEL_VERDICT };

/* One value per container. Labels are bounded: as many as there are containers. */
static const struct family {
	const char *name, *help;
	size_t (*value)(const struct metrics *metrics, const struct row *row);
	enum labels labels;
	bool of_records; /* of containers that a hook has recorded */
} families[] = {
	{ "container_tasks", "Tasks of a container.", tasks_of, LABEL_CONTAINER, false },
	{ "container_unconfined_tasks", "Tasks of a container without a seccomp filter.", unconfined_of,
	  LABEL_CONTAINER, false },
	{ "container_filters", "Different sets of filters of a container's tasks.", filters_of, LABEL_CONTAINER,
	  false },
	{ "container_verdict", "1 for what the container's filters are, compared with its profile.", one_of,
	  LABEL_VERDICT, false },
	{ "container_drift", "Whether the profile's file means something else than when the container was started.",
	  edited_of, LABEL_CONTAINER, true },
	{ "container_attach_drift",
	  "Whether a process that is attached gets another filter than the container was started with.", attach_of,
	  LABEL_CONTAINER, true },
};
static const struct family denials = {
	"denials",
	"Records of denied calls that the system's log holds now, by container; - for all that is in none, or has "
	"ended.",
	denials_of,
	LABEL_CONTAINER,
	false,
};

static void print_family(const struct metrics *metrics, const struct family *family)
{
	fprintf(metrics->to, "# TYPE callgate_%s gauge\n# HELP callgate_%s %s\n", family->name, family->name,
		family->help);
	for (size_t i = 0; i < metrics->count; i++) {
		const struct row *row = &metrics->rows[i];

		if (host_unit_kind(row->of) != HOST_CONTAINER || (family->of_records && !row->of->record))
			continue;
		fprintf(metrics->to, "callgate_%s{container=\"", family->name);
		print_label(metrics->to, host_unit_name(row->of));
		fputc('"', metrics->to);
		if (family->labels == LABEL_VERDICT)
			fprintf(metrics->to, ",verdict=\"%s\"", row->verdict);
		fprintf(metrics->to, "} %zu\n", family->value(metrics, row));
	}
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

static void print_openmetrics(FILE *to, const struct host *host, const struct row *rows, size_t count)
{
	struct metrics metrics = { .to = to, .host = host, .rows = rows, .count = count };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		print_family(&metrics, &families[i]);
	print_compiled(to, host);
	if (host_denials_read(host, &metrics.denials)) {
		print_family(&metrics, &denials);
		fprintf(to, "callgate_denials{container=\"-\"} %zu\n", metrics.denials.others);
	} else {
		fputs("callgate: note: denials are not counted: the system's log needs CAP_SYSLOG, or the group that "
		      "may read /dev/kmsg\n",
		      stderr);
	}
	host_denials_cleanup(&metrics.denials);
	fprintf(to, "# EOF\n");
}

/* ------------------------------------------------------------------ the whole */

static int print_json(const struct row *rows, size_t count)
{
	struct json_object *root = document("status"), *list = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, row_to_json(&rows[i]));
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

static int print_as(const struct options *options, const struct host *host, const struct row *rows,
		    enum host_format format)
{
	size_t count = host->unit_count;

	if (format == HOST_OPENMETRICS)
		return write_openmetrics(options, host, rows, count);
	if (format == HOST_JSON)
		return print_json(rows, count);
	if (format == HOST_TABLE)
		print_table(rows, count, output_color(options));
	for (size_t i = 0; format == HOST_TSV && i < count; i++)
		print_tsv_row(&rows[i]);
	return finish_output(EXIT_YES);
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
	host_report_unseen(&host);
	code = print_as(options, &host, rows, format);
	free(rows);
	return code;
}
