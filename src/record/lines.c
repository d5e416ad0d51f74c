/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines of other recorders: the kernel's audit records, strace, perf trace. A line that is none of them is skipped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"
#include "policy/foreign.h"
#include "record/import.h"
#include "record/recording.h"

enum { PIDS = 4096 };

struct lines {
	struct callgate_record *record;
	struct callgate_err *err;
	const char *method;
	struct {              /* strace tells once which ABI a process has from then on; by pid modulo their number */
		uint64_t pid; /* and 1: 0 is nobody's */
		enum callgate_abi abi;
	} abis[PIDS];
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Where a text stands in a line; NULL. */
static const char *find(struct slice line, const char *text)
{
	return line.size ? memmem(line.at, line.size, text, strlen(text)) : NULL;
}

static bool parse_number(struct slice text, unsigned base, uint64_t *out)
{
	uint64_t value = 0;
	bool negative = base == 0 && text.size > 1 && text.at[0] == '-';
	size_t i = negative;

	if (base == 0)
		base = text.size > 2 && text.at[0] == '0' && text.at[1] == 'x' ? (i = 2, 16) : 10;
	if (i == text.size)
		return false;
	for (; i < text.size; i++) {
		unsigned c = (unsigned char)text.at[i], digit = is_digit(text.at[i]) ? c - '0'
								: (c | 0x20) >= 'a'  ? (c | 0x20) - 'a' + 10
										     : 99;

		if (digit >= base || value > UINT64_MAX / base - 1)
			return false;
		value = value * base + digit;
	}
	*out = negative ? 0 - value : value;
	return true;
}

/* ------------------------------------------------------------------ audit */

/* The word behind "key=", which begins a word itself; quotes do not count. */
static bool field(struct slice line, const char *key, struct slice *out)
{
	const char *end = line.at + line.size;

	for (const char *at = line.at; (at = memmem(at, (size_t)(end - at), key, strlen(key))); at++) {
		const char *first = at + strlen(key), *last = first;

		if (at > line.at && at[-1] != ' ' && at[-1] != '\x1d')
			continue;
		if (first < end && *first == '"')
			last = ++first;
		while (last < end && *last != ' ' && *last != '"' && *last != '\x1d')
			last++;
		*out = (struct slice){ first, (size_t)(last - first) };
		return true;
	}
	return false;
}

static bool number_field(struct slice line, const char *key, unsigned base, uint64_t *out)
{
	struct slice text;

	return field(line, key, &text) && parse_number(text, base, out);
}

/* "audit(SECONDS.MS:SERIAL)"; 0 for what a record's times cannot be. */
static uint64_t time_of(struct slice line)
{
	const char *at = find(line, "audit("), *end = line.at + line.size;
	uint64_t seconds = 0, ms = 0;

	for (at = at ? at + 6 : end; at < end && is_digit(*at) && seconds < RECORD_SECONDS; at++)
		seconds = seconds * 10 + (uint64_t)(*at - '0');
	if (at + 3 < end && *at == '.')
		for (int i = 1; i <= 3 && is_digit(at[i]); i++)
			ms = ms * 10 + (uint64_t)(at[i] - '0');
	return seconds < RECORD_SECONDS ? (seconds * 1000 + ms) * 1000000 : 0;
}

static void set_answer(uint64_t code, struct record_event *event)
{
	struct callgate_action action = action_from_word((uint32_t)code);

	if (action.kind == CALLGATE_ERRNO) {
		event->answer = RECORD_ERRNO;
		event->data = action.data;
	} else if (action.kind < CALLGATE_ERRNO) {
		event->answer = RECORD_SIGSYS;
	}
}

static int take_audit(struct lines *lines, struct slice line, bool *taken)
{
	struct record_event event = { .count = 1 };
	uint64_t audit, nr, code;
	struct slice exe;
	char name[RECORD_EXE_SIZE];

	*taken = find(line, "audit(") && number_field(line, "arch=", 16, &audit) &&
		 number_field(line, "syscall=", 10, &nr) && nr <= UINT32_MAX;
	if (!*taken)
		return 0;
	lines->method = "audit";
	event.abi = abi_by_audit((uint32_t)audit, (uint32_t)nr);
	event.nr = (uint32_t)nr;
	event.first = event.last = time_of(line);
	if (event.abi == CALLGATE_ABI_NONE) {
		lines->record->lost++;
		return 0;
	}
	if (number_field(line, "code=", 0, &code))
		set_answer(code, &event);
	for (unsigned i = 0; i < 4; i++) {
		const char key[] = { 'a', (char)('0' + i), '=', '\0' };

		if (number_field(line, key, 16, &event.args[i]))
			event.known |= (uint8_t)(1u << i);
	}
	if (field(line, "comm=", &exe)) {
		snprintf(name, sizeof(name), "%.*s", (int)(exe.size < sizeof(name) ? exe.size : sizeof(name) - 1),
			 exe.at);
		event.exe = name;
	}
	return record_add_call(lines->record, &event, lines->err);
}

/* ------------------------------------------------------------------ strace and perf trace */

static enum callgate_abi *abi_slot(struct lines *lines, uint64_t pid)
{
	unsigned at = (unsigned)(pid % PIDS);

	if (lines->abis[at].pid != pid + 1) {
		lines->abis[at].pid = pid + 1;
		lines->abis[at].abi = abi_native();
	}
	return &lines->abis[at].abi;
}

/*
 * Numbers among the arguments, up to the end of the list or of the line; words, strings and structures are skipped.
 */
static void read_args(struct slice text, struct record_event *event)
{
	unsigned depth = 0, index = 0;
	bool quoted = false;
	size_t first = 0;

	for (size_t i = 0; i <= text.size && index < RECORD_ARGS; i++) {
		char c = i < text.size ? text.at[i] : ')';

		if (quoted || c == '"') {
			quoted = c == '"' ? !quoted : quoted;
			i += c == '\\';
			continue;
		}
		if (!depth && (c == ',' || c == ')')) {
			struct slice word = { text.at + first, i - first };
			const char *colon = memchr(word.at, ':', word.size);

			if (colon) /* perf: "fd: 3" */
				word = (struct slice){ colon + 1, (size_t)(word.at + word.size - colon - 1) };
			for (; word.size && *word.at == ' '; word.size--)
				word.at++;
			if (parse_number(word, 0, &event->args[index]))
				event->known |= (uint8_t)(1u << index);
			index++;
			first = i + 1;
			if (c == ')')
				return;
		}
		depth += c == '(' || c == '[' || c == '{';
		depth -= depth && (c == ')' || c == ']' || c == '}');
	}
}

static bool name_to_nr(struct slice name, enum callgate_abi abi, uint32_t *out)
{
	int id = syscall_find(name);
	uint64_t number;

	if (id != SYSCALL_NONE && syscall_nr(id, abi) >= 0) {
		*out = (uint32_t)syscall_nr(id, abi);
		return true;
	}
	/* "syscall_0x1f4": a number that strace has no name for. */
	if (name.size < 9 || memcmp(name.at, "syscall_", 8) != 0 ||
	    !parse_number((struct slice){ name.at + 8, name.size - 8 }, 0, &number))
		return false;
	*out = (uint32_t)number;
	return number <= UINT32_MAX;
}

/* "name(arguments" at the beginning of text. */
static int take_call(struct lines *lines, struct slice text, enum callgate_abi abi, const char *exe, bool *taken)
{
	struct record_event event = { .abi = abi, .count = 1, .exe = exe };
	size_t size = 0;

	while (size < text.size && is_word(text.at[size]))
		size++;
	*taken = size && size < text.size && text.at[size] == '(' &&
		 name_to_nr((struct slice){ text.at, size }, abi, &event.nr);
	if (!*taken)
		return 0;
	read_args((struct slice){ text.at + size + 1, text.size - size - 1 }, &event);
	return record_add_call(lines->record, &event, lines->err);
}

/* "--- SIGSYS {..., si_syscall=__NR_mkdir, si_arch=AUDIT_ARCH_X86_64} ---": the call that it is about has a line of its
 * own, as one that ran; here is the answer. */
static int take_sigsys(struct lines *lines, struct slice line, enum callgate_abi abi)
{
	const char *at = find(line, "si_syscall=__NR_"), *end = line.at + line.size;
	struct record_event event = { .abi = abi, .count = 1, .answer = RECORD_SIGSYS };
	struct slice name;

	if (!at)
		return 0;
	name.at = at += strlen("si_syscall=__NR_");
	while (at < end && is_word(*at))
		at++;
	name.size = (size_t)(at - name.at);
	return name_to_nr(name, abi, &event.nr) ? record_add(lines->record, &event, lines->err) : 0;
}

static void trim(struct slice *line)
{
	for (; line->size && (*line->at == ' ' || *line->at == '\t'); line->size--)
		line->at++;
}

/* "[pid  12] " or "12 ", which -o writes; 0: neither. */
static uint64_t take_pid(struct slice *line)
{
	uint64_t pid = 0;
	size_t size = 0;

	if (line->size > 5 && memcmp(line->at, "[pid", 4) == 0) {
		*line = (struct slice){ line->at + 4, line->size - 4 };
		trim(line);
	}
	while (size < line->size && is_digit(line->at[size]))
		size++;
	if (!size || size == line->size || (line->at[size] != ' ' && line->at[size] != ']'))
		return 0;
	parse_number((struct slice){ line->at, size }, 10, &pid);
	*line = (struct slice){ line->at + size + 1, line->size - size - 1 };
	trim(line);
	return pid;
}

/* -t, -tt, -ttt and -r write a time in front. */
static void skip_time(struct slice *line)
{
	size_t size = 0;

	while (size < line->size && (is_digit(line->at[size]) || line->at[size] == ':' || line->at[size] == '.'))
		size++;
	if (size && size < line->size && line->at[size] == ' ')
		*line = (struct slice){ line->at + size, line->size - size };
	trim(line);
}

static int take_strace(struct lines *lines, struct slice line, bool *taken)
{
	const char *mode = find(line, " runs in "), *process = find(line, "Process PID=");
	enum callgate_abi *abi;
	uint64_t pid;
	int r;

	*taken = false;
	trim(&line);
	if (mode && process) {
		struct slice rest = { process + 12, (size_t)(line.at + line.size - process) - 12 };

		abi = abi_slot(lines, take_pid(&rest));
		*abi = find(line, "32 bit") ? abi_native_narrow() : find(line, "x32") ? CALLGATE_ABI_X32 : abi_native();
		return 0;
	}
	pid = take_pid(&line);
	skip_time(&line);
	abi = abi_slot(lines, pid);
	if (line.size > 3 && memcmp(line.at, "---", 3) == 0)
		return take_sigsys(lines, line, *abi);
	r = take_call(lines, line, *abi, NULL, taken);
	if (*taken)
		lines->method = "strace";
	return r;
}

/* "   0.045 ( 0.003 ms): cat/1234 openat(dfd: CWD, ...) = 3" */
static int take_perf(struct lines *lines, struct slice line, bool *taken)
{
	const char *at = find(line, "): "), *end = line.at + line.size, *slash, *call;
	char exe[RECORD_EXE_SIZE];
	int r;

	*taken = false;
	if (!at || !find((struct slice){ line.at, (size_t)(at - line.at) }, "("))
		return 0;
	at += 3;
	call = memchr(at, '(', (size_t)(end - at));
	slash = call ? memrchr(at, '/', (size_t)(call - at)) : NULL;
	if (!slash)
		return 0;
	snprintf(exe, sizeof(exe), "%.*s", (int)(slash - at < (long)sizeof(exe) ? slash - at : (long)sizeof(exe) - 1),
		 at);
	while (call > slash && is_word(call[-1]))
		call--;
	r = take_call(lines, (struct slice){ call, (size_t)(end - call) }, abi_native(), exe, taken);
	if (*taken)
		lines->method = "perf trace";
	return r;
}

/* ------------------------------------------------------------------ the whole */

static int take_line(struct lines *lines, struct slice line, size_t *taken_count)
{
	bool taken;
	int r = take_audit(lines, line, &taken);

	if (r == 0 && !taken)
		r = take_perf(lines, line, &taken);
	if (r == 0 && !taken)
		r = take_strace(lines, line, &taken);
	*taken_count += taken;
	return r;
}

static int no_lines(const struct source *source, struct callgate_err *err)
{
	size_t at;
	const char *what = foreign_text(source, &at);

	if (what)
		return err_set(err, CALLGATE_E_FORMAT, "%s: this is %s", source->name, what);
	return err_set(err, CALLGATE_E_FORMAT, "%s: neither a record nor lines of audit, strace or perf trace",
		       source->name);
}

int record_from_lines(const struct source *source, struct callgate_record *record, struct callgate_err *err)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	const char *at = source->text, *end = source->text + source->size;
	size_t taken = 0;
	int r = 0;

	if (!lines)
		return err_nomem(err);
	lines->record = record;
	lines->err = err;
	while (at < end && r == 0) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct slice line = { at, (size_t)((newline ? newline : end) - at) };

		r = take_line(lines, line, &taken);
		at = newline ? newline + 1 : end;
	}
	if (r == 0 && taken)
		strcpy(record->method, lines->method);
	else if (r == 0)
		r = no_lines(source, err);
	free(lines);
	return r;
}
