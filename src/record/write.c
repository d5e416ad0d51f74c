/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record as JSON, schema callgate.record/1: one line for each row, so that people and diff(1) can read it. */
#include "base/err.h"
#include "base/text.h"
#include "names/abi.h"
#include "names/words.h"
#include "record/record.h"

enum { MS = 1000000 };

static void add_number(struct text *text, uint64_t value)
{
	text_add(text, "%llu", (unsigned long long)value);
}

/* Seconds since the epoch with milliseconds. */
static void add_time(struct text *text, const char *key, uint64_t ns)
{
	if (ns)
		text_add(text, ", \"%s\": %llu.%03u", key, (unsigned long long)(ns / MS / 1000),
			 (unsigned)(ns / MS % 1000));
}

static void add_values(struct text *text, const struct record_values *values)
{
	if (!values->count) {
		text_add(text, "{\"least\": %llu, \"most\": %llu, \"any\": %llu, \"all\": %llu}",
			 (unsigned long long)values->least, (unsigned long long)values->most,
			 (unsigned long long)values->any, (unsigned long long)values->all);
		return;
	}
	text_add(text, "[");
	for (unsigned i = 0; i < values->count; i++) {
		text_add(text, "%s", i ? ", " : "");
		add_number(text, values->values[i]);
	}
	text_add(text, "]");
}

static void add_combination(struct text *text, const struct record_combination *combination)
{
	text_add(text, "{\"count\": %llu", (unsigned long long)combination->count);
	for (unsigned i = 0; i < RECORD_ARGS; i++) {
		if (!(combination->known >> i & 1))
			continue;
		text_add(text, ", \"a%u\": ", i);
		add_number(text, combination->args[i]);
	}
	text_add(text, "}");
}

static void add_args(struct text *text, const struct record_row *row)
{
	const char *comma = "";

	text_add(text, ", \"args\": [");
	for (unsigned i = 0; i < row->combination_count; i++) {
		if (row->combinations[i].known == 0 && row->combination_count == 1)
			continue;
		text_add(text, "%s", comma);
		add_combination(text, &row->combinations[i]);
		comma = ", ";
	}
	if (row->spread && row->known) {
		text_add(text, "{\"count\": %llu", (unsigned long long)row->count);
		for (unsigned i = 0; i < RECORD_ARGS; i++) {
			if (!(row->known >> i & 1))
				continue;
			text_add(text, ", \"a%u\": ", i);
			add_values(text, &row->spread[i]);
		}
		text_add(text, "}");
	}
	text_add(text, "]");
}

static void add_answer(struct text *text, const struct record_row *row)
{
	struct callgate_action action = { .kind = CALLGATE_ERRNO, .data = row->data };
	char word[64];

	text_add(text, ", \"denied\": %s",
		 row->answer == RECORD_ERRNO || row->answer == RECORD_SIGSYS ? "true" : "false");
	if (row->answer == RECORD_ERRNO) {
		callgate_action_format(action, word, sizeof(word));
		text_add(text, ", \"answer\": \"%s\"", word);
	} else if (row->answer != RECORD_RAN) {
		text_add(text, ", \"answer\": \"%s\"", row->answer == RECORD_SIGSYS ? "SIGSYS" : "EMULATED");
	}
}

static void add_exes(struct text *text, const struct callgate_record *record, const struct record_row *row)
{
	if (!row->exe_count)
		return;
	text_add(text, ", \"exe\": {");
	for (unsigned i = 0; i < row->exe_count; i++) {
		text_add(text, "%s", i ? ", " : "");
		text_add_json(text, record_exe(record, row->exes[i].name));
		text_add(text, ": %llu", (unsigned long long)row->exes[i].count);
	}
	text_add(text, "}");
}

static void add_row(struct text *text, const struct callgate_record *record, const struct record_row *row)
{
	const char *name = callgate_syscall_name(row->abi, row->nr);

	text_add(text, "    {\"abi\": \"%s\", \"nr\": %u, \"name\": ", abi_of(row->abi)->name, row->nr);
	if (name)
		text_add_json(text, name);
	else
		text_add(text, "null");
	text_add(text, ", \"count\": %llu", (unsigned long long)row->count);
	add_answer(text, row);
	text_add(text, ", \"phase\": \"%s\"", record_phase_name(row->phase));
	add_args(text, row);
	add_exes(text, record, row);
	add_time(text, "first", row->first);
	add_time(text, "last", row->last);
	text_add(text, "}");
}

int callgate_record_write(struct callgate_record *record, char **out, size_t *size, struct callgate_err *err)
{
	struct text text = { 0 };

	if (!record || !out || !size)
		return err_missing(err);
	record_sort(record);
	text_add(&text, "{\n  \"schema\": \"callgate.record/1\",\n  \"of\": ");
	text_add_json(&text, record->origin);
	text_add(&text, ", \"by\": ");
	text_add_json(&text, record->method);
	text_add(&text, ", \"runs\": %llu, \"lost\": %llu", (unsigned long long)record->runs,
		 (unsigned long long)record->lost);
	add_time(&text, "first", record->first);
	add_time(&text, "last", record->last);
	text_add(&text, ",\n  \"calls\": [\n");
	for (size_t i = 0; i < record->count; i++) {
		add_row(&text, record, &record->rows[i]);
		text_add(&text, "%s\n", i + 1 < record->count ? "," : "");
	}
	text_add(&text, "  ]\n}\n");
	return text_take(&text, out, size, err);
}
