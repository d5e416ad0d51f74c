/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Report: one door from readers and lint to the list of findings. */
#include "policy/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"

enum { TEXT_SIZE = 480, WIDTH = 64 };

bool report_listens(const struct report *report)
{
	return report->errors + report->warnings < NOTES_LIMIT;
}

int report_width(struct slice word)
{
	return word.size > WIDTH ? WIDTH : (int)word.size;
}

int report_result(const struct report *report)
{
	return report->errors ? CALLGATE_E_PROFILE : 0;
}

static void first_error(const struct report *report, size_t at, char *text)
{
	unsigned line, column;

	if (!report->err)
		return;
	for (char *c = text; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	err_set(report->err, CALLGATE_E_PROFILE, "%s", text);
	source_locate(report->source, at, &line, &column);
	err_set_place(report->err, report->source->name, line, column);
}

CALLGATE_PRINTF(5, 0)
static void say(struct report *report, enum callgate_severity severity, enum note_id id, size_t at, const char *format,
		va_list ap)
{
	unsigned *said = severity == CALLGATE_ERROR ? &report->errors : &report->warnings;
	char text[TEXT_SIZE] = "";

	/* A flood is counted, not composed: the list keeps no more than NOTES_LIMIT. */
	if (*said < NOTES_LIMIT)
		vsnprintf(text, sizeof(text), format, ap);
	note_at(report->notes, severity, id, report->source, at, "%s", text);
	if (severity == CALLGATE_ERROR && *said == 0)
		first_error(report, at, text);
	*said += 1;
}

void report_error(struct report *report, enum note_id id, size_t at, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(report, CALLGATE_ERROR, id, at, format, ap);
	va_end(ap);
}

void report_error_and_go_on(struct report *report, enum note_id id, size_t at, const char *format, ...)
{
	char text[TEXT_SIZE] = "";
	va_list ap;

	va_start(ap, format);
	if (report->warnings++ < NOTES_LIMIT)
		vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	note_at(report->notes, CALLGATE_ERROR, id, report->source, at, "%s", text);
}

void report_warning(struct report *report, enum note_id id, size_t at, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(report, CALLGATE_WARNING, id, at, format, ap);
	va_end(ap);
}

void report_attach(struct report *report, size_t at, const char *format, ...)
{
	char text[TEXT_SIZE] = "";
	va_list ap;

	if (report->errors > NOTES_LIMIT && report->warnings > NOTES_LIMIT)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	note_attach(report->notes, report->source, at, "%s", text);
}

bool report_reader(const struct report *report, enum reader_set set)
{
	return (unsigned)set >> report->reader & 1;
}

void report_unless(struct report *report, enum reader_set accepting, enum note_id id, size_t at, const char *format,
		   ...)
{
	va_list ap;

	va_start(ap, format);
	say(report, report_reader(report, accepting) ? CALLGATE_WARNING : CALLGATE_ERROR, id, at, format, ap);
	va_end(ap);
}
