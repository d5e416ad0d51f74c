/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notes: the list of findings. Text that comes from a profile is made printable here, in one place. */
#include "base/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/note_ids.h"

enum { SOURCE_LINE_LIMIT = 160, CARET_CONTEXT = 100 };

/* The place that was looked up last. */
struct located {
	const char *text;
	size_t offset;
	unsigned line, column, character;
};

struct callgate_notes {
	struct arena arena;
	struct callgate_note *kept[NOTES_LIMIT];
	size_t count;
	size_t said[3];
	struct located located;
	bool last_kept; /* the finding before: what is attached to one that was dropped is dropped too */
};

int callgate_notes_new(struct callgate_notes **out)
{
	struct callgate_notes *notes;

	REQUIRE(NULL, out);
	notes = calloc(1, sizeof(*notes));
	if (!notes)
		return CALLGATE_E_NOMEM;
	notes->arena.limit = (size_t)4 << 20;
	*out = notes;
	return 0;
}

struct callgate_notes *callgate_notes_free(struct callgate_notes *notes)
{
	if (notes)
		arena_free(&notes->arena);
	free(notes);
	return NULL;
}

size_t callgate_notes_count(const struct callgate_notes *notes)
{
	return notes ? notes->count : 0;
}

size_t callgate_notes_total(const struct callgate_notes *notes, enum callgate_severity severity)
{
	return notes && severity <= CALLGATE_ERROR ? notes->said[severity] : 0;
}

const struct callgate_note *callgate_notes_at(const struct callgate_notes *notes, size_t index)
{
	return notes && index < notes->count ? notes->kept[index] : NULL;
}

/* The registry, ids ascending as there. */
static const struct callgate_note_kind kinds[] = {
#define NOTE(number, name, about, why) { number, #name, about, why },
	NOTE_IDS(NOTE)
#undef NOTE
};

int callgate_note_kind(size_t index, struct callgate_note_kind *out)
{
	REQUIRE(NULL, out);
	if (index >= sizeof(kinds) / sizeof(kinds[0]))
		return CALLGATE_E_NOTFOUND;
	*out = kinds[index];
	return 0;
}

/* Printable ASCII stays; everything else becomes \xNN, so that no terminal or log is steered by a profile. */
static char *printable(struct arena *arena, const char *text)
{
	size_t size = strlen(text), used = 0;
	char *out = arena_alloc(arena, size * 4 + 1);

	if (!out)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c < 0x7f)
			out[used++] = (char)c;
		else
			used += (size_t)snprintf(out + used, 5, "\\x%02x", c);
	}
	return out;
}

static bool word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("_.+-", c)) ||
	       (unsigned char)c >= 0x80;
}

/* The end of a string, or of a bracket that is closed on the same line; text[0] opens it. 0: it is not closed. */
static size_t closed_length(const char *text, size_t size)
{
	char open = text[0], close = open == '[' ? ']' : open == '{' ? '}' : '"';
	bool quoted = open == '"';
	unsigned depth = 1;

	for (size_t i = 1; i < size && text[i] != '\n'; i++) {
		if (quoted && text[i] == '\\') {
			i++;
		} else if (text[i] == close && (open == '"' || !quoted)) {
			if (--depth == 0)
				return i + 1;
		} else if (text[i] == '"') {
			quoted = !quoted;
		} else if (text[i] == open && !quoted) {
			depth++;
		}
	}
	return 0;
}

/* How far the thing at the offset reaches on its line: a string, a word, a number, a bracketed group; else one byte. */
static size_t token_length(const struct source *source, size_t offset)
{
	const char *text = source->text + offset;
	size_t size = source->size - offset, length = 0;

	if (size > SOURCE_LINE_LIMIT)
		size = SOURCE_LINE_LIMIT;
	if (size && (*text == '"' || *text == '[' || *text == '{'))
		length = closed_length(text, size);
	else
		while (length < size && word_byte(text[length]))
			length++;
	return length ? length : 1;
}

/* The line around the offset, cut to a window and with one '?' per byte that is not printable ASCII. */
static void quote_line(struct callgate_notes *notes, struct callgate_note *note, const struct source *source,
		       size_t offset)
{
	size_t first, last, start;
	char *line;

	if (!source->size)
		return;
	if (offset > source->size)
		offset = source->size;
	for (first = offset; first && source->text[first - 1] != '\n' && offset - first < SOURCE_LINE_LIMIT * 16;
	     first--)
		;
	for (last = offset; last < source->size && source->text[last] != '\n' && last - offset < SOURCE_LINE_LIMIT;
	     last++)
		;
	start = offset - first > CARET_CONTEXT ? offset - CARET_CONTEXT : first;
	if (last - start > SOURCE_LINE_LIMIT)
		last = start + SOURCE_LINE_LIMIT;
	line = arena_strndup(&notes->arena, source->text + start, last - start);
	if (!line)
		return;
	for (size_t i = 0; i < last - start; i++) {
		if (line[i] == '\t')
			line[i] = ' ';
		else if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] >= 0x7f)
			line[i] = '?';
	}
	note->source_line = line;
	note->caret = (unsigned)(offset - start);
	note->length = (unsigned)token_length(source, offset);
	if (note->caret + note->length > last - start)
		note->length = last - start > note->caret ? (unsigned)(last - start) - note->caret : 1;
	note->characters = offset < source->size ? (unsigned)source_characters(source->text + offset, note->length) : 1;
	if (!note->characters)
		note->characters = 1;
}

CALLGATE_PRINTF(5, 0)
static struct callgate_note *keep(struct callgate_notes *notes, enum callgate_severity severity, unsigned id,
				  const char *file, const char *format, va_list ap)
{
	struct callgate_note *note;
	char text[1024];

	notes->last_kept = false;
	notes->said[severity]++;
	/* Errors must not be lost behind a flood of warnings: a quarter of the list is theirs. */
	if (notes->count >= (severity == CALLGATE_ERROR ? NOTES_LIMIT : NOTES_LIMIT * 3 / 4))
		return NULL;
	vsnprintf(text, sizeof(text), format, ap);
	note = arena_alloc(&notes->arena, sizeof(*note));
	if (!note)
		return NULL;
	note->severity = severity;
	note->id = id;
	note->file = file ? printable(&notes->arena, file) : NULL;
	note->text = printable(&notes->arena, text);
	if (!note->text || (file && !note->file))
		return NULL;
	notes->kept[notes->count++] = note;
	note->length = note->characters = 1;
	notes->last_kept = true;
	return note;
}

/* A place from the one before: lines may be megabytes long, and findings are mostly near each other. */
static void locate(struct callgate_notes *notes, struct callgate_note *note, const struct source *source, size_t offset)
{
	struct located *last = &notes->located;
	const char *text = source->text, *newline;

	if (offset > source->size)
		offset = source->size;
	if (last->text != text || offset + last->column - 1 < last->offset)
		*last = (struct located){ text, 0, 1, 1, 1 };
	if (offset < last->offset) {
		last->character -= (unsigned)source_characters(text + offset, last->offset - offset);
		last->column -= (unsigned)(last->offset - offset);
		last->offset = offset;
	}
	while (last->offset < offset && (newline = memchr(text + last->offset, '\n', offset - last->offset))) {
		last->offset = (size_t)(newline - text) + 1;
		last->line++;
		last->column = last->character = 1;
	}
	last->character += (unsigned)source_characters(text + last->offset, offset - last->offset);
	last->column += (unsigned)(offset - last->offset);
	last->offset = offset;
	note->line = last->line;
	note->column = last->column;
	note->character = last->character;
}

int note_at(struct callgate_notes *notes, enum callgate_severity severity, unsigned id, const struct source *source,
	    size_t offset, const char *format, ...)
{
	int r = severity == CALLGATE_ERROR ? CALLGATE_E_PROFILE : 0;
	struct callgate_note *note;
	va_list ap;

	if (!notes)
		return r;
	va_start(ap, format);
	note = keep(notes, severity, id, source->name, format, ap);
	va_end(ap);
	if (!note)
		return r;
	locate(notes, note, source, offset);
	quote_line(notes, note, source, offset);
	return r;
}

void note_attach(struct callgate_notes *notes, const struct source *source, size_t offset, const char *format, ...)
{
	struct callgate_note *note;
	va_list ap;

	if (!notes || !notes->last_kept)
		return;
	va_start(ap, format);
	note = keep(notes, CALLGATE_NOTE, notes->kept[notes->count - 1]->id, source->name, format, ap);
	va_end(ap);
	if (!note)
		return;
	note->attached = true;
	locate(notes, note, source, offset);
	quote_line(notes, note, source, offset);
}
