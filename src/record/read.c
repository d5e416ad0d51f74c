/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading records: which format it is, and our own one. Linear in the input; bounds as in record.h, past them calls
 * count as lost. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/words.h"
#include "policy/json_scan.h"
#include "record/import.h"
#include "record/recording.h"

struct reader {
	const struct source *source;
	struct json json;
	struct arena arena;
	struct callgate_record *record;
	struct record_row row;
	struct record_combination combination;
	struct record_values spread[RECORD_ARGS];
	bool is_spread, has_abi, has_nr, has_schema;
	struct callgate_err *err;
};

typedef int member_fn(struct reader *reader, struct slice key, const struct json_token *value);

static int(fault)(struct reader *reader, size_t at, const char *text)
{
	unsigned line, column;

	source_locate(reader->source, at, &line, &column);
	err_set(reader->err, CALLGATE_E_FORMAT, "%s", text);
	err_set_place(reader->err, reader->source->name, line, column);
	return CALLGATE_E_FORMAT;
}
/* As in base/err.h. */
#define fault(reader, at, text) ((void)(fault)(reader, at, text), CALLGATE_E_FORMAT)

static int bad_json(struct reader *reader)
{
	return fault(reader, reader->json.fault.at, reader->json.fault.text);
}

static int skip(struct reader *reader, const struct json_token *value)
{
	size_t last;

	return json_skip(&reader->json, value, &last) ? 0 : bad_json(reader);
}

static int each_member(struct reader *reader, const struct json_token *object, member_fn *visit)
{
	struct json_token key, value;

	if (object->kind != JSON_OBJECT)
		return object->kind == JSON_BAD ? bad_json(reader)
						: fault(reader, object->first, "an object is expected here");
	while (json_next(&reader->json, &key) == JSON_KEY) {
		int r;

		if (json_next(&reader->json, &value) == JSON_BAD)
			return bad_json(reader);
		r = visit(reader, key.text, &value);
		if (r < 0)
			return r;
	}
	return key.kind == JSON_OBJECT_END ? 0 : bad_json(reader);
}

static int each_item(struct reader *reader, const struct json_token *array,
		     int (*visit)(struct reader *reader, const struct json_token *item))
{
	struct json_token item;

	if (array->kind != JSON_ARRAY)
		return fault(reader, array->first, "an array is expected here");
	while (json_next(&reader->json, &item) != JSON_ARRAY_END) {
		int r = item.kind == JSON_BAD ? bad_json(reader) : visit(reader, &item);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ------------------------------------------------------------------ values */

static int read_u64(struct reader *reader, const struct json_token *value, uint64_t *out)
{
	uint64_t number = 0;

	if (value->kind != JSON_NUMBER)
		return fault(reader, value->first, "a number is expected here");
	for (size_t i = 0; i < value->text.size; i++) {
		unsigned digit = (unsigned)(value->text.at[i] - '0');

		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return fault(reader, value->first, "a whole number from 0 to 2^64 - 1 is expected here");
		number = number * 10 + digit;
	}
	*out = number;
	return 0;
}

/* Seconds, with up to nine digits behind the point. */
static int read_time(struct reader *reader, const struct json_token *value, uint64_t *out)
{
	uint64_t seconds = 0, fraction = 0, scale = 1000000000;
	size_t i = 0;

	if (value->kind != JSON_NUMBER)
		return fault(reader, value->first, "seconds since 1970 are expected here");
	for (; i < value->text.size && value->text.at[i] >= '0' && value->text.at[i] <= '9' && seconds < RECORD_SECONDS;
	     i++)
		seconds = seconds * 10 + (uint64_t)(value->text.at[i] - '0');
	if (i < value->text.size && value->text.at[i] == '.')
		for (i++; i < value->text.size && value->text.at[i] >= '0' && value->text.at[i] <= '9' && scale > 1;
		     i++) {
			fraction = fraction * 10 + (uint64_t)(value->text.at[i] - '0');
			scale /= 10;
		}
	if (i < value->text.size || seconds >= RECORD_SECONDS)
		return fault(reader, value->first, "seconds since 1970 are expected here");
	*out = seconds * 1000000000u + fraction * scale;
	return 0;
}

static int read_string(struct reader *reader, const struct json_token *value, char *out, size_t size)
{
	size_t n = value->text.size < size ? value->text.size : size - 1;

	if (value->kind != JSON_STRING)
		return fault(reader, value->first, "a string is expected here");
	memcpy(out, value->text.at, n);
	out[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)out[i] < ' ' || (unsigned char)out[i] > '~')
			out[i] = '?';
	return 0;
}

/* ------------------------------------------------------------------ a row */

static int hull_member(struct reader *reader, struct slice key, const struct json_token *value)
{
	struct record_values *values = &reader->spread[0];

	/* spread[0] is the one being read: read_argument() moves it to its place. */
	if (slice_is(key, "least"))
		return read_u64(reader, value, &values->least);
	if (slice_is(key, "most"))
		return read_u64(reader, value, &values->most);
	if (slice_is(key, "any"))
		return read_u64(reader, value, &values->any);
	if (slice_is(key, "all"))
		return read_u64(reader, value, &values->all);
	return skip(reader, value);
}

static int value_item(struct reader *reader, const struct json_token *item)
{
	struct record_values *values = &reader->spread[0];
	uint64_t value;
	int r = read_u64(reader, item, &value);

	if (r == 0)
		record_values_add(values, value, !values->count && !values->any && !values->most);
	return r;
}

static int read_spread(struct reader *reader, unsigned arg, const struct json_token *value)
{
	struct record_values before = reader->spread[0];
	int r;

	reader->spread[0] = (struct record_values){ 0 };
	r = value->kind == JSON_ARRAY ? each_item(reader, value, value_item) : each_member(reader, value, hull_member);
	if (r < 0)
		return r;
	if (reader->spread[0].least > reader->spread[0].most || (reader->spread[0].all & ~reader->spread[0].any))
		return fault(reader, value->first, "values that no argument can have");
	reader->is_spread = true;
	if (arg) {
		reader->spread[arg] = reader->spread[0];
		reader->spread[0] = before;
	}
	return 0;
}

static int combination_member(struct reader *reader, struct slice key, const struct json_token *value)
{
	struct record_combination *combination = &reader->combination;
	unsigned arg;
	int r = 0;

	if (slice_is(key, "count"))
		return read_u64(reader, value, &combination->count);
	if (key.size != 2 || key.at[0] != 'a' || key.at[1] < '0' || key.at[1] > '5')
		return skip(reader, value);
	arg = (unsigned)(key.at[1] - '0');
	if (combination->known >> arg & 1)
		return fault(reader, value->first, "an argument is given twice");
	combination->known |= (uint8_t)(1u << arg);
	if (value->kind == JSON_NUMBER) {
		r = read_u64(reader, value, &combination->args[arg]);
		record_values_add(&reader->spread[arg], combination->args[arg], true);
		return r;
	}
	return read_spread(reader, arg, value);
}

static int take_spread(struct reader *reader)
{
	struct record_row other = { .known = reader->combination.known, .spread = reader->spread };
	struct record_row *row = &reader->row;
	bool empty = !row->combination_count && !row->spread;

	if (!record_spread(row))
		return err_nomem(reader->err);
	row->known = empty ? other.known : row->known & other.known;
	for (unsigned i = 0; i < RECORD_ARGS; i++)
		if (row->known >> i & 1)
			record_values_join(&row->spread[i], &other.spread[i], empty);
	return 0;
}

static int args_item(struct reader *reader, const struct json_token *item)
{
	int r;

	reader->combination = (struct record_combination){ 0 };
	memset(reader->spread, 0, sizeof(reader->spread));
	reader->is_spread = false;
	r = each_member(reader, item, combination_member);
	if (r < 0)
		return r;
	if (reader->is_spread)
		return take_spread(reader);
	record_combine(&reader->row, &reader->combination);
	return 0;
}

static int exe_member(struct reader *reader, struct slice key, const struct json_token *value)
{
	struct record_row *row = &reader->row;
	char name[RECORD_EXE_SIZE];
	struct json_token token = { .kind = JSON_STRING, .text = key };
	uint64_t count;
	int r = read_u64(reader, value, &count);

	if (r < 0 || row->exe_count == RECORD_EXES)
		return r;
	r = read_string(reader, &token, name, sizeof(name));
	if (r == 0 && record_exe_index(reader->record, name) < RECORD_EXE_NAMES)
		row->exes[row->exe_count++] =
			(struct record_exe){ (uint16_t)record_exe_index(reader->record, name), count };
	return r;
}

static int read_answer(struct reader *reader, const struct json_token *value)
{
	struct callgate_action action;

	struct record_row *row = &reader->row;

	if (value->kind == JSON_STRING && slice_is(value->text, "SIGSYS")) {
		row->answer = RECORD_SIGSYS;
	} else if (value->kind == JSON_STRING && slice_is(value->text, "EMULATED")) {
		row->answer = RECORD_EMULATED;
	} else if (value->kind == JSON_STRING && action_by_name(value->text, &action) &&
		   action.kind == CALLGATE_ERRNO) {
		row->answer = RECORD_ERRNO;
		row->data = action.data;
	} else {
		return fault(reader, value->first, "an answer is ERRNO(NAME), SIGSYS or EMULATED");
	}
	return 0;
}

static int row_member(struct reader *reader, struct slice key, const struct json_token *value)
{
	struct record_row *row = &reader->row;
	uint64_t number = 0;
	int r;

	if (slice_is(key, "abi")) {
		row->abi = value->kind == JSON_STRING ? abi_by_name(value->text) : CALLGATE_ABI_NONE;
		reader->has_abi = true;
		return row->abi == CALLGATE_ABI_NONE
			       ? fault(reader, value->first, "this is no name of an ABI; expected one such as x86_64")
			       : 0;
	}
	if (slice_is(key, "nr")) {
		r = read_u64(reader, value, &number);
		row->nr = (uint32_t)number;
		reader->has_nr = true;
		return r == 0 && number > UINT32_MAX ? fault(reader, value->first, "a syscall number has 32 bits") : r;
	}
	if (slice_is(key, "count"))
		return read_u64(reader, value, &row->count);
	if (slice_is(key, "answer"))
		return read_answer(reader, value);
	if (slice_is(key, "phase")) {
		row->phase = value->kind == JSON_STRING && slice_is(value->text, "runtime") ? CALLGATE_PHASE_RUNTIME
											    : CALLGATE_PHASE_PROGRAM;
		return skip(reader, value);
	}
	if (slice_is(key, "args"))
		return each_item(reader, value, args_item);
	if (slice_is(key, "exe"))
		return each_member(reader, value, exe_member);
	if (slice_is(key, "first"))
		return read_time(reader, value, &row->first);
	if (slice_is(key, "last"))
		return read_time(reader, value, &row->last);
	return skip(reader, value);
}

static int calls_item(struct reader *reader, const struct json_token *item)
{
	struct record_combination nothing = { 0 };
	int r;

	reader->row = (struct record_row){ 0 };
	reader->has_abi = reader->has_nr = false;
	r = each_member(reader, item, row_member);
	if (r == 0 && (!reader->has_abi || !reader->has_nr))
		r = fault(reader, item->first, "a call without abi or nr");
	nothing.count = reader->row.count;
	if (r == 0 && !reader->row.combination_count && !reader->row.spread)
		record_combine(&reader->row, &nothing);
	if (r == 0)
		r = record_add_row(reader->record, &reader->row, reader->record, reader->err);
	free(reader->row.spread);
	reader->row.spread = NULL;
	return r;
}

/* ------------------------------------------------------------------ the document */

static int top_member(struct reader *reader, struct slice key, const struct json_token *value)
{
	struct callgate_record *record = reader->record;

	if (slice_is(key, "schema")) {
		reader->has_schema = value->kind == JSON_STRING && slice_is(value->text, "callgate.record/1");
		return reader->has_schema ? 0 : fault(reader, value->first, "the schema is not callgate.record/1");
	}
	if (slice_is(key, "of"))
		return read_string(reader, value, record->origin, sizeof(record->origin));
	if (slice_is(key, "by"))
		return read_string(reader, value, record->method, sizeof(record->method));
	if (slice_is(key, "runs"))
		return read_u64(reader, value, &record->runs);
	if (slice_is(key, "lost"))
		return read_u64(reader, value, &record->lost);
	if (slice_is(key, "calls"))
		return each_item(reader, value, calls_item);
	return skip(reader, value);
}

int record_parse(const struct source *source, struct callgate_record *record, struct callgate_err *err)
{
	struct reader reader = { .source = source, .record = record, .arena = ARENA_INIT, .err = err };
	struct json_token token;
	int r;

	json_start(&reader.json, source, 0, &reader.arena);
	json_next(&reader.json, &token);
	r = each_member(&reader, &token, top_member);
	if (r == 0 && json_next(&reader.json, &token) != JSON_END)
		r = bad_json(&reader);
	if (r == 0 && !reader.has_schema)
		r = fault(&reader, 0, "no schema: a record says callgate.record/1");
	free(reader.row.spread);
	arena_free(&reader.arena);
	return r;
}

/* The members that tell formats apart, looked for at the top only. */
static int tell_json(const struct source *source, bool *ours)
{
	struct arena arena = ARENA_INIT;
	struct json_token key, value;
	struct json json;
	size_t last;

	*ours = false;
	json_start(&json, source, 0, &arena);
	if (json_next(&json, &key) == JSON_OBJECT)
		while (json_next(&json, &key) == JSON_KEY && json_next(&json, &value) != JSON_BAD) {
			*ours |= slice_is(key.text, "schema");
			if (*ours || !json_skip(&json, &value, &last))
				break;
		}
	arena_free(&arena);
	return 0;
}

static int read_any(const struct source *source, struct callgate_record *record, struct callgate_err *err)
{
	const char *at = source->text, *end = source->text + source->size;
	bool ours;

	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
		at++;
	record->runs = 1;
	if (at == end || *at != '{')
		return record_from_lines(source, record, err);
	tell_json(source, &ours);
	return ours ? record_parse(source, record, err) : record_from_profile(source, record, err);
}

int callgate_record_read(const char *path, struct callgate_record **out, struct callgate_err *err)
{
	struct callgate_record *record = NULL;
	struct source source;
	int r;

	if (!path || !out)
		return err_missing(err);
	r = source_read(path, SOURCE_ANYONE, &source, err);
	if (r < 0)
		return r;
	r = record_new(&record, err);
	if (r == 0)
		r = read_any(&source, record, err);
	source_release(&source);
	if (r < 0)
		callgate_record_free(record);
	else
		*out = record;
	return r;
}
