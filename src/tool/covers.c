/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate covers: does a profile permit all that was recorded, and what does it permit besides. */
#include <stdlib.h>
#include <string.h>

#include "record/recording.h"
#include "tool/tool.h"

enum { OPT_UNUSED = OPT_VERB };

struct uncovered_rows {
	FILE *to;
	struct json_object *rows; /* NULL: text */
};

static const char *phase_word(enum callgate_phase phase)
{
	return phase == CALLGATE_PHASE_RUNTIME ? "runtime" : "program";
}

static void add_uncovered(void *data, const struct callgate_uncovered *told)
{
	struct uncovered_rows *rows = data;
	struct json_object *row;
	char call[192], word[64], origin[512];

	call_text(&told->call, call, sizeof(call));
	callgate_action_format(told->action, word, sizeof(word));
	origin_format(&told->origin, origin, sizeof(origin));
	if (!rows->rows) {
		fprintf(rows->to, "%s\t%s\t%llu\t%s\t%s\n", callgate_abi_name(told->call.abi), call,
			(unsigned long long)told->count, word, origin);
		return;
	}
	row = json_object_new_object();
	json_object_object_add(row, "abi", json_object_new_string(callgate_abi_name(told->call.abi)));
	json_object_object_add(row, "call", json_object_new_string(call));
	json_object_object_add(row, "count", json_object_new_int64((int64_t)told->count));
	json_object_object_add(row, "action", json_object_new_string(word));
	json_object_object_add(row, "origin", origin_to_json(&told->origin));
	json_object_object_add(row, "phase", json_object_new_string(phase_word(told->phase)));
	json_object_object_add(row, "denied", json_object_new_boolean(told->denied));
	json_object_array_add(rows->rows, row);
}

/* What a call is about, for grouping. */
static const char *topic_of(const char *name, char *buf, size_t size)
{
	struct callgate_syscall_info info;
	size_t length;

	if (callgate_syscall_info(name, &info) < 0)
		return "other";
	length = strcspn(info.sets, ",");
	snprintf(buf, size, "%.*s", (int)length, length ? info.sets : "other");
	return length ? buf : "other";
}

struct unused {
	const char *abi, *name;
	char topic[40];
	bool partly; /* with other arguments than those recorded */
};

static int by_topic(const void *left, const void *right)
{
	const struct unused *a = left, *b = right;
	int r = strcmp(a->abi, b->abi);

	if (r == 0)
		r = strcmp(a->topic, b->topic);
	return r ? r : strcmp(a->name, b->name);
}

/* The named calls of the rows; numbers without a name open nothing that anybody could say. */
static size_t list_unused(const struct callgate_diff *diff, struct unused *out, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *row = callgate_diff_at(diff, i);

		for (uint32_t nr = row->first; nr - row->first < 4096; nr++) {
			const char *name = row->abi == CALLGATE_ABI_NONE ? NULL : callgate_syscall_name(row->abi, nr);
			char buf[40];

			if (name && count < room) {
				out[count] = (struct unused){ .abi = callgate_abi_name(row->abi),
							      .name = name,
							      .partly = row->depends_b };
				snprintf(out[count].topic, sizeof(out[count].topic), "%s",
					 topic_of(name, buf, sizeof(buf)));
				count++;
			}
			if (nr == row->last)
				break;
		}
	}
	qsort(out, count, sizeof(*out), by_topic);
	return count;
}

static void print_unused(const struct unused *unused, size_t count, struct json_object *rows)
{
	for (size_t i = 0; i < count; i++) {
		if (rows) {
			struct json_object *row = json_object_new_object();

			json_object_object_add(row, "abi", json_object_new_string(unused[i].abi));
			json_object_object_add(row, "topic", json_object_new_string(unused[i].topic));
			json_object_object_add(row, "call", json_object_new_string(unused[i].name));
			json_object_object_add(row, "other_arguments", json_object_new_boolean(unused[i].partly));
			json_object_array_add(rows, row);
			continue;
		}
		if (i == 0 || strcmp(unused[i].topic, unused[i - 1].topic) != 0 ||
		    strcmp(unused[i].abi, unused[i - 1].abi) != 0)
			printf("%s%s\t%s\t", i ? "\n" : "", unused[i].abi, unused[i].topic);
		else
			printf(", ");
		printf("%s%s", unused[i].name, unused[i].partly ? "(other arguments)" : "");
	}
	if (count && !rows)
		printf("\n");
}

enum { UNUSED_ROOM = 8192 };

static int show_unused(const struct callgate_record *record, const struct callgate_filter *filter,
		       struct json_object *rows)
{
	struct unused *unused = calloc(UNUSED_ROOM, sizeof(*unused));
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_diff *diff;
	int code = EXIT_CANNOT;

	if (!unused)
		report("out of memory");
	else if (callgate_record_unused(record, filter, &diff, &err) < 0)
		report_err(&err);
	else {
		print_unused(unused, list_unused(diff, unused, UNUSED_ROOM), rows);
		callgate_diff_free(diff);
		code = EXIT_YES;
	}
	free(unused);
	return code;
}

static int covers(const struct options *options, const struct callgate_record *record,
		  const struct callgate_filter *filter, bool unused)
{
	struct uncovered_rows rows = { .to = stdout };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct json_object *root = NULL, *left = NULL;
	bool covered;
	int code;

	if (options->json) {
		root = document("covers");
		rows.rows = json_object_new_array();
		left = json_object_new_array();
	}
	if (callgate_record_covered(record, filter, unused && !root ? NULL : add_uncovered, &rows, &covered, &err) <
	    0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	code = covered ? EXIT_YES : EXIT_NO;
	if ((unused || root) && show_unused(record, filter, left) != EXIT_YES)
		return EXIT_CANNOT;
	if (!root)
		return finish_output(code);
	json_object_object_add(root, "covered", json_object_new_boolean(covered));
	json_object_object_add(root, "uncovered", rows.rows);
	json_object_object_add(root, "unused", left);
	return print_document(root) ? EXIT_CANNOT : code;
}

static int take_own(void *data, int option, const char *value)
{
	(void)option;
	(void)value;
	*(bool *)data = true;
	return 0;
}

int verb_covers(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON, OPTIONS_TARGET, OPTIONS_LIVE, { "unused", no_argument, NULL, OPT_UNUSED }, OPTIONS_END
	};
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	struct callgate_record *record = NULL;
	bool unused = false;
	struct command_line line = { known, "h", take_own, &unused };
	struct options options;
	enum source_kind kind;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (argc - optind < 2)
		return verb_usage(verb, "a profile and at least one record are needed");
	code = source_open(&options, argv[optind], &filter, &kind);
	if (code == EXIT_YES)
		code = records_open(argv + optind + 1, &record);
	if (code == EXIT_YES)
		code = covers(&options, record, filter, unused);
	callgate_record_free(record);
	return code;
}
