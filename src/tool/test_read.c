/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Expectations read: header lines, then rows of call, action, ABI and reason, separated by tabs. */
#include <stdlib.h>
#include <string.h>

#include "base/private.h"
#include "tool/test.h"

/* No profile has as many, and each is asked and kept. */
enum { ROWS_MAX = 50000, SECTIONS_MAX = 1000 };

struct reading {
	const char *file;
	const struct options *options;
	struct sections *out;
	char profile[4096];
	struct options target;
	unsigned line;
	size_t rows;
	bool fresh; /* a header line came: the next row begins a section */
};

/* word: what it is about; NULL: the line. */
static int complain(const struct reading *reading, const char *what, const char *word)
{
	char file[1024], shown[61 * 4], cut[61];

	snprintf(cut, sizeof(cut), "%s", word ? word : "");
	fprintf(stderr, "%s:%u: error: %s", callgate_escape(reading->file, file, sizeof(file)), reading->line, what);
	fprintf(stderr, word ? " '%s'\n" : "%s\n", callgate_escape(cut, shown, sizeof(shown)));
	return -1;
}

static int take_action(const struct reading *reading, const char *word, struct expectation *out)
{
	const char *at = word;
	size_t length;

	if (*at == '!') {
		out->negated = true;
		at++;
	}
	length = strcspn(at, "(");
	out->has_data = at[length] == '(';
	if (strlen(word) >= sizeof(out->want))
		return complain(reading, "unknown action", word);
	strcpy(out->want, word);
	for (int kind = CALLGATE_KILL_PROCESS; kind <= CALLGATE_ALLOW; kind++) {
		struct callgate_action action = { .kind = (enum callgate_action_kind)kind, .data = 0 };
		char name[32];

		callgate_action_format(action, name, sizeof(name));
		if (strcspn(name, "(") == length && strncmp(name, at, length) == 0) {
			out->kind = (enum callgate_action_kind)kind;
			if (out->negated && kind == CALLGATE_KILL_PROCESS)
				return complain(reading,
						"nothing is stricter than KILL_PROCESS: this can never be met:", word);
			if (!out->has_data || at[strlen(at) - 1] == ')')
				return 0;
		}
	}
	return complain(reading,
			"expected ALLOW, LOG, ERRNO(EPERM), TRAP, TRACE, NOTIFY, KILL_THREAD or KILL_PROCESS, not",
			word);
}

static struct expectation *expectation_new(struct section *section)
{
	struct expectation *list = section->list;

	/* By doubling: full at each power of two. */
	if ((section->count & (section->count - 1)) == 0)
		list = reallocarray(list, section->count ? section->count * 2 : 1, sizeof(*list));
	if (!list)
		return NULL;
	section->list = list;
	list[section->count] = (struct expectation){ .abi = CALLGATE_ABI_NONE };
	return &list[section->count++];
}

static struct section *section_of(struct reading *reading)
{
	struct sections *out = reading->out;
	struct section *list;

	if (!reading->fresh && out->count)
		return &out->list[out->count - 1];
	list = realloc(out->list, (out->count + 1) * sizeof(*list));
	if (!list)
		return NULL;
	out->list = list;
	list[out->count] = (struct section){ .file = reading->file, .options = reading->target };
	strcpy(list[out->count].profile, reading->profile);
	reading->fresh = false;
	return &list[out->count++];
}

/* A new expectation of the line that is being read. NULL after a message. */
static struct expectation *row_of(struct reading *reading, const char *word)
{
	struct section *section;
	struct expectation *row;

	if (!reading->profile[0]) {
		complain(reading, "no 'profile: PATH' line before", word);
		return NULL;
	}
	if (reading->rows++ == ROWS_MAX || (reading->fresh && reading->out->count == SECTIONS_MAX)) {
		complain(reading, "more than 50000 expectations, or 1000 profiles and targets, in one file", NULL);
		return NULL;
	}
	section = section_of(reading);
	row = section ? expectation_new(section) : NULL;
	if (row)
		row->line = reading->line;
	else
		complain(reading, "out of memory at", word);
	return row;
}

static int take_row(struct reading *reading, char *line)
{
	char *at = line, *call = strsep(&at, "\t"), *action = strsep(&at, "\t"), *abi = strsep(&at, "\t"), *reason = at;
	struct expectation *row = row_of(reading, call);

	if (!row)
		return -1;
	if (!action)
		return complain(reading, "no expected action (columns are separated by tabs) for", call);
	snprintf(row->text, sizeof(row->text), "%s", call);
	if (call_parse(call, &row->call) < 0)
		return complain(reading, "not understood:", call);
	if (reason && strchr(reason, '\t'))
		return complain(reading, "more than four columns for", call);
	if (abi && *abi && callgate_abi_parse(abi, &row->abi) < 0) {
		/* Three columns: the ABI was left out. One word is more likely a mistyped ABI than a reason. */
		if (reason || !strchr(abi, ' '))
			return complain(reading, "unknown ABI (a reason of one word stands in the fourth column)", abi);
		reason = abi;
	}
	snprintf(row->reason, sizeof(row->reason), "%s", reason ? reason : "");
	return take_action(reading, action, row);
}

/* A path is relative to the file of expectations; a name without '.' or '/' is a shipped profile's. */
static int take_profile(struct reading *reading, const char *value)
{
	const char *slash = strrchr(reading->file, '/');
	bool relative = value[0] != '/' && !strchr(value, ':') && strpbrk(value, "./") && slash;
	int size = snprintf(reading->profile, sizeof(reading->profile), "%.*s%s",
			    relative ? (int)(slash - reading->file + 1) : 0, reading->file, value);

	reading->fresh = true;
	return size < (int)sizeof(reading->profile) ? 0 : complain(reading, "too long:", value);
}

/* Every call that ran in a record is expected to be allowed. The path is relative to the file of expectations. */
static int take_record(struct reading *reading, const char *value)
{
	const char *slash = value[0] == '/' ? NULL : strrchr(reading->file, '/');
	struct expectation *row = row_of(reading, value);
	int size;

	if (!row)
		return -1;
	row->recorded = true;
	row->kind = CALLGATE_ALLOW;
	strcpy(row->want, "ALLOW");
	size = snprintf(row->text, sizeof(row->text), "%.*s%s", slash ? (int)(slash - reading->file + 1) : 0,
			reading->file, value);
	return size < (int)sizeof(row->text) ? 0 : complain(reading, "too long:", value);
}

static const char *header_value(const char *line, const char *key)
{
	size_t size = strlen(key);

	if (strncmp(line, key, size) != 0)
		return NULL;
	line += size;
	return line + strspn(line, " \t");
}

static int take_line(struct reading *reading, char *line)
{
	const char *value;

	if (!line[0] || line[0] == '#')
		return 0;
	if ((value = header_value(line, "profile:")))
		return take_profile(reading, value);
	if ((value = header_value(line, "record:")))
		return take_record(reading, value);
	if ((value = header_value(line, "target:"))) {
		reading->fresh = true;
		return target_words(value, reading->options, &reading->target) < 0
			       ? complain(reading, "target not understood:", value)
			       : 0;
	}
	if (header_value(line, "call\t"))
		return 0; /* the columns' names */
	return take_row(reading, line);
}

int sections_read(const char *file, const struct options *options, struct sections *out)
{
	struct reading reading = { .file = file, .options = options, .out = out, .target = *options, .fresh = true };
	FILE *from = input_open(file);
	char line[INPUT_LINE];
	bool more = from;
	int r = from ? 0 : -1;

	while (r == 0 && more) {
		const char *wrong = input_line(from, line, &more);

		reading.line++;
		if (wrong)
			r = complain(&reading, wrong, NULL);
		else if (more)
			r = take_line(&reading, line);
	}
	if (r == 0 && ferror(from)) {
		report("%s: cannot read", file);
		r = -1;
	}
	if (from && from != stdin)
		fclose(from);
	if (r == 0 && !out->count) {
		report("%s: no expectation in this file", file);
		r = -1;
	}
	return r;
}

void sections_release(struct sections *sections)
{
	for (size_t i = 0; i < sections->count; i++)
		free(sections->list[i].list);
	free(sections->list);
	*sections = (struct sections){ 0 };
}
