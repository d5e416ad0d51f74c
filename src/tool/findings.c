/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings of check: which count (-W), and text, JSON and GitHub's workflow commands. */
#include "tool/findings.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "tool/sarif.h"

/* ------------------------------------------------------------------ levels */

/* "duplicate-key" is DUPLICATE_KEY. */
static bool is_name(const char *word, const char *name)
{
	for (; *word && *name; word++, name++)
		if (toupper((unsigned char)*word) != *name && !(*word == '-' && *name == '_'))
			return false;
	return *word == *name;
}

/* "CG-201", "201" or "duplicate". 0: no such finding. */
static unsigned id_of(const char *word)
{
	struct callgate_note_kind kind;
	const char *digits = strncasecmp(word, "CG-", 3) == 0 ? word + 3 : word;

	for (size_t i = 0; callgate_note_kind(i, &kind) == 0; i++) {
		char number[16];

		snprintf(number, sizeof(number), "%03u", kind.id);
		if (strcmp(digits, number) == 0 || is_name(word, kind.name))
			return kind.id;
	}
	return 0;
}

int levels_take(struct levels *levels, const char *word)
{
	bool off = strncmp(word, "no-", 3) == 0;
	unsigned id;

	if (strcmp(word, "error") == 0) {
		levels->all_errors = true;
		return 0;
	}
	if (!off && strncmp(word, "error=", 6) != 0) {
		report("unknown -W '%s'; expected error, error=ID or no-ID", word);
		return -1;
	}
	id = id_of(word + (off ? 3 : 6));
	if (!id || id >= LEVEL_IDS) {
		report("unknown finding '%s'; 'callgate check --list' lists them", word + (off ? 3 : 6));
		return -1;
	}
	levels->of[id] = off ? LEVEL_NOTE : LEVEL_ERROR;
	return 0;
}

enum level level_of(const struct levels *levels, const struct callgate_note *note)
{
	enum level chosen = note->id < LEVEL_IDS ? levels->of[note->id] : LEVEL_NONE;

	if (note->severity == CALLGATE_ERROR)
		return LEVEL_ERROR;
	if (chosen == LEVEL_NOTE)
		return LEVEL_NONE;
	if (note->severity == CALLGATE_NOTE)
		return LEVEL_NOTE;
	return chosen == LEVEL_ERROR || levels->all_errors ? LEVEL_ERROR : LEVEL_WARNING;
}

const char *file_of(const struct callgate_note *note, const char *path)
{
	const char *shown = note->file ? note->file : "";

	for (const char *at = path; *at; at++) {
		char one[5];

		snprintf(one, sizeof(one), *at >= 0x20 && *at < 0x7f ? "%c" : "\\x%02x", (unsigned char)*at);
		if (strncmp(shown, one, strlen(one)) != 0)
			return note->file ? note->file : path;
		shown += strlen(one);
	}
	return !note->file || *shown == '\0' ? path : note->file;
}

static enum callgate_severity severity_at(enum level level)
{
	return level == LEVEL_ERROR ? CALLGATE_ERROR : level == LEVEL_WARNING ? CALLGATE_WARNING : CALLGATE_NOTE;
}

/* ------------------------------------------------------------------ text */

/* Of one kind of finding about one file no more are printed. */
enum { SHOWN_OF_A_KIND = 20 };

static void print_text(const struct findings *findings, const struct callgate_notes *notes)
{
	unsigned shown[LEVEL_IDS] = { 0 };
	size_t left = 0;
	bool skipped = false;

	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);
		enum level level = level_of(findings->levels, note);
		unsigned id = note->id < LEVEL_IDS ? note->id : 0;

		if (!note->attached) {
			bool flood = shown[id] >= SHOWN_OF_A_KIND && level != LEVEL_NONE;

			skipped = level == LEVEL_NONE || flood;
			left += flood;
			shown[id]++;
		}
		if (!skipped)
			report_note(note, severity_at(level), report_color(findings->options));
	}
	for (int s = CALLGATE_NOTE; s <= CALLGATE_ERROR; s++)
		left += callgate_notes_total(notes, (enum callgate_severity)s);
	left -= callgate_notes_count(notes);
	if (left)
		fprintf(stderr, "callgate: note: %zu more findings are not shown\n", left);
}

/* ------------------------------------------------------------------ GitHub */

/* As GitHub's workflow commands want values: %, CR and LF escaped, in properties : and , too. */
static void put_escaped(const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			printf("%%%02X", (unsigned char)*text);
		else
			putchar(*text);
	}
}

static void put_file(const char *path)
{
	char shown[4096 * 4];

	put_escaped(callgate_escape(path, shown, sizeof(shown)), "%\r\n:,");
}

static void print_github(const struct findings *findings, const char *path, const struct callgate_notes *notes)
{
	static const char *const commands[] = { "notice", "notice", "warning", "error" };

	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);
		enum level level = level_of(findings->levels, note);

		if (level == LEVEL_NONE || note->attached)
			continue;
		printf("::%s file=", commands[level]);
		put_file(file_of(note, path));
		if (note->line)
			printf(",line=%u,col=%u,endColumn=%u", note->line, note->character,
			       note->character + note->characters);
		printf(",title=CG-%03u::", note->id);
		put_escaped(note->text, "%\r\n");
		if (i + 1 < callgate_notes_count(notes) && callgate_notes_at(notes, i + 1)->attached) {
			printf("%%0Aline %u: ", callgate_notes_at(notes, i + 1)->line);
			put_escaped(callgate_notes_at(notes, i + 1)->text, "%\r\n");
		}
		putchar('\n');
	}
}

/* ------------------------------------------------------------------ JSON */

static struct json_object *note_to_json(const struct callgate_note *note, enum level level)
{
	static const char *const words[] = { "note", "note", "warning", "error" };
	struct json_object *row = json_object_new_object();
	char id[16];

	snprintf(id, sizeof(id), "CG-%03u", note->id);
	json_object_object_add(row, "severity", json_object_new_string(words[level]));
	json_object_object_add(row, "id", json_object_new_string(id));
	if (note->file)
		json_object_object_add(row, "file", json_object_new_string(note->file));
	if (note->line) {
		json_object_object_add(row, "line", json_object_new_int64(note->line));
		json_object_object_add(row, "column", json_object_new_int64(note->column));
		json_object_object_add(row, "length", json_object_new_int64(note->length));
	}
	json_object_object_add(row, "text", json_object_new_string(note->text));
	return row;
}

/* Other places stand in "related" of their finding. */
static struct json_object *notes_to_json(const struct callgate_notes *notes, const struct levels *levels)
{
	struct json_object *array = json_object_new_array(), *last = NULL, *related;

	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);
		enum level level = level_of(levels, note);

		if (!note->attached) {
			last = level == LEVEL_NONE ? NULL : note_to_json(note, level);
			if (last)
				json_object_array_add(array, last);
		} else if (last) {
			if (!json_object_object_get_ex(last, "related", &related)) {
				related = json_object_new_array();
				json_object_object_add(last, "related", related);
			}
			json_object_array_add(related, note_to_json(note, LEVEL_NOTE));
		}
	}
	return array;
}

static void add_json(struct findings *findings, const char *path, const char *verdict,
		     const struct callgate_notes *notes, const struct callgate_err *err)
{
	struct json_object *row = json_object_new_object();

	json_object_object_add(row, "file", text_to_json(path));
	json_object_object_add(row, "verdict", json_object_new_string(verdict));
	json_object_object_add(row, "findings", notes_to_json(notes, findings->levels));
	if (err)
		json_object_object_add(row, "error", text_to_json(err->text));
	json_object_array_add(findings->rows, row);
}

/* ------------------------------------------------------------------ the whole */

int findings_form_parse(const char *word, enum findings_form *out)
{
	static const char *const words[] = { "text", "json", "sarif", "github", NULL };
	int form;

	if (take_choice(word, words, "format", &form) < 0)
		return -1;
	*out = (enum findings_form)form;
	return 0;
}

void findings_start(struct findings *findings, const struct options *options, const struct levels *levels,
		    enum findings_form form)
{
	*findings = (struct findings){ .options = options, .levels = levels, .form = form };
	if (form == FINDINGS_JSON) {
		findings->root = document("check");
		findings->rows = json_object_new_array();
		json_object_object_add(findings->root, "files", findings->rows);
	} else if (form == FINDINGS_SARIF) {
		findings->root = sarif_document(&findings->rows);
	}
}

void findings_add(struct findings *findings, const char *path, const char *verdict, const struct callgate_notes *notes,
		  const struct callgate_err *err)
{
	switch (findings->form) {
	case FINDINGS_TEXT:
		print_text(findings, notes);
		if (err)
			report_err(err);
		break;
	case FINDINGS_JSON:
		add_json(findings, path, verdict, notes, err);
		break;
	case FINDINGS_SARIF:
		sarif_add(findings, path, notes, err);
		break;
	case FINDINGS_GITHUB:
		print_github(findings, path, notes);
		if (err) {
			printf("::error file=");
			put_file(path);
			printf("::");
			put_escaped(err->text, "%\r\n");
			putchar('\n');
		}
		break;
	}
}

int findings_end(struct findings *findings)
{
	if (findings->root && findings->form == FINDINGS_JSON)
		answers_to_json(findings->root);
	return findings->root ? print_document(findings->root) : finish_output(EXIT_YES);
}

int findings_list(const struct options *options)
{
	struct json_object *root = options->json ? document("check") : NULL, *rows = json_object_new_array();
	struct callgate_note_kind kind;

	for (size_t i = 0; callgate_note_kind(i, &kind) == 0; i++) {
		struct json_object *row;
		char id[16];

		snprintf(id, sizeof(id), "CG-%03u", kind.id);
		if (!root) {
			printf("%s\t%s\t%s\t%s\n", id, kind.name, kind.about, kind.why);
			continue;
		}
		row = json_object_new_object();
		json_object_object_add(row, "id", json_object_new_string(id));
		json_object_object_add(row, "name", json_object_new_string(kind.name));
		json_object_object_add(row, "about", json_object_new_string(kind.about));
		json_object_object_add(row, "why", json_object_new_string(kind.why));
		json_object_array_add(rows, row);
	}
	if (!root) {
		json_object_put(rows);
		return finish_output(EXIT_YES);
	}
	json_object_object_add(root, "kinds", rows);
	return print_document(root);
}
