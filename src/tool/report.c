/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Report: messages in GNU form with the source line and the range, findings and origins as text and JSON, output that
 * is checked. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/private.h"
#include "tool/tool.h"

static const char *const severity_words[] = {
	[CALLGATE_NOTE] = "note",
	[CALLGATE_WARNING] = "warning",
	[CALLGATE_ERROR] = "error",
};
static const char *const severity_colors[] = {
	[CALLGATE_NOTE] = "\033[1;36m",
	[CALLGATE_WARNING] = "\033[1;35m",
	[CALLGATE_ERROR] = "\033[1;31m",
};

enum { TEXT_SIZE = 4096 };

void report(const char *format, ...)
{
	char text[TEXT_SIZE], shown[2 * TEXT_SIZE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fprintf(stderr, "callgate: error: %s\n", callgate_escape(text, shown, sizeof(shown)));
}

void report_err(const struct callgate_err *err)
{
	char text[TEXT_SIZE], file[TEXT_SIZE];

	callgate_escape(err->text, text, sizeof(text));
	callgate_escape(err->file, file, sizeof(file));
	if (!err->file[0])
		fprintf(stderr, "callgate: error: %s\n", text);
	else if (!err->line)
		fprintf(stderr, "%s: error: %s\n", file, text);
	else
		fprintf(stderr, "%s:%u:%u: error: %s\n", file, err->line, err->column, text);
}

static bool has_color(const struct options *options, int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (options->color != COLOR_AUTO)
		return options->color == COLOR_ALWAYS;
	return isatty(fd) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

bool report_color(const struct options *options)
{
	return has_color(options, STDERR_FILENO);
}

bool output_color(const struct options *options)
{
	return has_color(options, STDOUT_FILENO);
}

/* The source line, and below it what the finding is about: ^~~~ */
static void report_range(const struct callgate_note *note, bool color)
{
	fprintf(stderr, "  %s\n  %*s%s^", note->source_line, (int)note->caret, "", color ? "\033[1;32m" : "");
	for (unsigned i = 1; i < note->length; i++)
		fputc('~', stderr);
	fputs(color ? "\033[0m\n" : "\n", stderr);
}

void report_note(const struct callgate_note *note, enum callgate_severity severity, bool color)
{
	const char *file = note->file ? note->file : "callgate";

	if (note->line)
		fprintf(stderr, "%s:%u:%u: ", file, note->line, note->column);
	else
		fprintf(stderr, "%s: ", file);
	fprintf(stderr, "%s%s:%s %s [CG-%03u]\n", color ? severity_colors[severity] : "", severity_words[severity],
		color ? "\033[0m" : "", note->text, note->id);
	if (note->source_line)
		report_range(note, color);
}

void report_errors(const struct options *options, const struct callgate_notes *notes)
{
	bool color = report_color(options);
	size_t said = 0;

	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);

		if (note->severity == CALLGATE_ERROR)
			report_note(note, note->severity, color);
	}
	for (int s = CALLGATE_NOTE; s <= CALLGATE_ERROR; s++)
		said += callgate_notes_total(notes, (enum callgate_severity)s);
	if (said > callgate_notes_count(notes))
		fprintf(stderr, "callgate: note: %zu more findings are not shown\n",
			said - callgate_notes_count(notes));
}

void report_losses(const struct callgate_text *text, const char *prefix, const char *severity)
{
	const struct callgate_loss *loss;

	for (size_t i = 0; (loss = callgate_text_loss_at(text, i)); i++) {
		const char *abi = callgate_abi_name(loss->abi);

		fprintf(stderr, "%s: %s: %s %s: %s becomes %s: %s [CG-303]\n", prefix, severity, abi ? abi : "other",
			loss->calls, loss->profile, loss->text, loss->why);
	}
}

struct json_object *document(const char *verb)
{
	struct json_object *object = json_object_new_object();
	char schema[64];

	snprintf(schema, sizeof(schema), "callgate.%s/1", verb);
	json_object_object_add(object, "schema", json_object_new_string(schema));
	return object;
}

int print_document(struct json_object *object)
{
	printf("%s\n",
	       json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return finish_output(EXIT_YES);
}

const char *text_member(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : NULL;
}

struct json_object *text_to_json(const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *shown = malloc(size);
	struct json_object *object = shown ? json_object_new_string(callgate_escape(text, shown, size)) : NULL;

	free(shown);
	return object;
}

static const char *why_text(enum callgate_why why)
{
	switch (why) {
	case CALLGATE_BY_RULE:
		return "rule";
	case CALLGATE_BY_DEFAULT:
		return "default";
	case CALLGATE_BY_ENOSYS:
		return "newer than the profile";
	case CALLGATE_BY_ABI:
		return "ABI not listed";
	case CALLGATE_BY_MUX:
		return "multiplexed";
	case CALLGATE_BY_PC:
		return "pc";
	case CALLGATE_BY_LIMIT:
		return "too complex";
	}
	return "?";
}

void origin_format(const struct callgate_origin *origin, char *buf, size_t size)
{
	char file[512];

	callgate_escape(origin->file ? origin->file : "", file, sizeof(file));
	if (origin->why == CALLGATE_BY_PC)
		snprintf(buf, size, "pc %u", origin->line);
	else if (origin->why == CALLGATE_BY_LIMIT)
		snprintf(buf, size, "too complex");
	else if (origin->why == CALLGATE_BY_RULE)
		snprintf(buf, size, "%s:%u:%u", file, origin->line, origin->column);
	else if (origin->line)
		snprintf(buf, size, "%s:%u:%u (%s)", file, origin->line, origin->column, why_text(origin->why));
	else
		snprintf(buf, size, "%s (%s)", file, why_text(origin->why));
}

struct json_object *origin_to_json(const struct callgate_origin *origin)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "why", json_object_new_string(why_text(origin->why)));
	if (origin->file)
		json_object_object_add(object, "file", text_to_json(origin->file));
	if (origin->line || origin->why == CALLGATE_BY_PC)
		json_object_object_add(object, origin->why == CALLGATE_BY_PC ? "pc" : "line",
				       json_object_new_int64(origin->line));
	if (origin->column)
		json_object_object_add(object, "column", json_object_new_int64(origin->column));
	return object;
}

int finish_output(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	report("cannot write to standard output: %s", strerror(errno));
	return EXIT_CANNOT;
}

static int write_whole(int fd, const char *at, size_t size)
{
	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A device, a FIFO: written as it is. Renaming a file over /dev/null would be a surprise. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static int write_in_place(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int r = fd < 0 || write_whole(fd, bytes, size) < 0 ? -1 : 0;

	if (fd >= 0 && close(fd) < 0)
		r = -1;
	return r;
}

static int write_beside(const char *path, const void *bytes, size_t size)
{
	mode_t mask = umask(0);
	char temp[4096];
	int fd, saved;

	umask(mask);
	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >= (int)sizeof(temp)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (write_whole(fd, bytes, size) == 0 && fchmod(fd, 0666 & ~mask) == 0 && fsync(fd) == 0 &&
	    rename(temp, path) == 0) {
		close(fd);
		return 0;
	}
	saved = errno;
	close(fd);
	unlink(temp);
	errno = saved;
	return -1;
}

int write_output(const struct options *options, const void *bytes, size_t size)
{
	const char *path = options->output;
	int r;

	if (!path || strcmp(path, "-") == 0) {
		fwrite(bytes, 1, size, stdout);
		return finish_output(EXIT_YES);
	}
	r = is_special(path) ? write_in_place(path, bytes, size) : write_beside(path, bytes, size);
	if (r == 0)
		return EXIT_YES;
	report("%s: cannot write: %s", path, strerror(errno));
	return EXIT_CANNOT;
}
