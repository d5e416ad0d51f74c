/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: what is read beside profiles. The first byte chooses: a record of ours, another recorder's profile,
 * lines of audit, strace and perf, callgate.conf, the kernel's type information. A refusal has a code and words; a
 * record that was read is written and read again with the same calls. */
#include <stdlib.h>
#include <string.h>

#include "kernel/btf.h"
#include "record/import.h"
#include "runtime/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int record_fn(const struct source *source, struct callgate_record *record, struct callgate_err *err);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void check_refused(int r, const struct callgate_err *err)
{
	demand(r < 0 && err->code == r && err->text[0]);
}

/* NULL: refused. */
static struct callgate_record *record_of(record_fn *read, const char *text, size_t size)
{
	struct source source = { .name = "fuzz", .text = text, .size = size };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_record *record;
	int r;

	if (record_new(&record, &err) < 0)
		return NULL;
	record->runs = 1;
	r = read(&source, record, &err);
	if (r == 0)
		return record;
	check_refused(r, &err);
	callgate_record_free(record);
	return NULL;
}

static void read_record(record_fn *read, const char *text, size_t size)
{
	struct callgate_record *record = record_of(read, text, size), *again;
	char *written = NULL;
	size_t length;

	if (record && callgate_record_write(record, &written, &length, NULL) == 0) {
		again = record_of(record_parse, written, length);
		demand(again && again->count == record->count && again->lost == record->lost);
		callgate_record_free(again);
		free(written);
	}
	callgate_record_free(record);
}

static void read_settings(const char *text, size_t size)
{
	struct callgate_settings *settings = calloc(1, sizeof(*settings));
	struct source source = { .name = "fuzz", .text = text, .size = size };
	struct callgate_err err = CALLGATE_ERR_INIT;
	int r;

	if (!settings)
		return;
	r = settings_parse(settings, &source, &err);
	if (r < 0)
		check_refused(r, &err);
	settings_free(settings);
}

static void read_btf(const char *bytes, size_t size)
{
	struct btf_query queries[] = { { "task_struct", "seccomp", 0 },
				       { "seccomp", "filter", 0 },
				       { "bpf_iter_task", NULL, 0 } };
	struct callgate_err err = CALLGATE_ERR_INIT;
	int r = btf_ask_bytes(bytes, size, queries, sizeof(queries) / sizeof(queries[0]), &err);

	if (r < 0)
		check_refused(r, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (size && text) {
		/* Readers get what they own, without a zero behind it that could hide a step too far. */
		memcpy(text, data + 1, size - 1);
		text = realloc(text, size > 1 ? size - 1 : 1);
		switch (data[0] % 5) {
		case 0:
			read_record(record_parse, text, size - 1);
			break;
		case 1:
			read_record(record_from_profile, text, size - 1);
			break;
		case 2:
			read_record(record_from_lines, text, size - 1);
			break;
		case 3:
			read_settings(text, size - 1);
			break;
		default:
			read_btf(text, size - 1);
		}
	}
	free(text);
	return 0;
}
