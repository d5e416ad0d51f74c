/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading: tells dialects apart by content, calls the reader, refuses other tools' formats by name. */
#include "policy/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/private.h"
#include "names/words.h"
#include "policy/foreign.h"
#include "policy/report.h"

typedef int reads(struct callgate_policy *policy, struct callgate_notes *notes, struct callgate_err *err);

/* What a look at the text tells. start: offset of the first byte that counts. */
static bool looks_like_json(const struct source *source, size_t start)
{
	static const char *const words[] = { "{", "[", "\"", "//", "/*", "null", "true", "false" };
	struct slice rest = { source->text + start, source->size - start };

	/* "[all]", "[Service]": a section of some text. */
	if (rest.size > 1 && rest.at[0] == '[' && (rest.at[1] | 0x20) >= 'a' && (rest.at[1] | 0x20) <= 'z')
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (line_starts(rest, words[i]))
			return true;
	return false;
}

static bool policy_style(struct slice line)
{
	static const char *const styles[] = { "denylist", "allowlist", "blacklist", "whitelist" };

	while (line.size && (*line.at == ' ' || *line.at == '\t'))
		line = (struct slice){ line.at + 1, line.size - 1 };
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (line.size >= strlen(styles[i]) &&
		    slice_is_nocase((struct slice){ line.at, strlen(styles[i]) }, styles[i]))
			return true;
	return false;
}

static bool starts_with_number(const struct source *source, size_t start)
{
	const char *text = source->text + start;

	if (*text == '-' || *text == '+')
		text++;
	return text < source->text + source->size && *text >= '0' && *text <= '9';
}

/* A number first, or a policy style on one of the first lines that are not comments. */
static bool looks_like_lxc(const struct source *source, size_t start)
{
	size_t at = 0;
	struct slice line;

	if (starts_with_number(source, start))
		return true;
	for (int told = 0; told < 3 && line_next(source, &at, &line);) {
		if (!line.size || line.at[0] == '#')
			continue;
		told++;
		if (policy_style(line) || (told > 1 && line.at[0] >= '1' && line.at[0] <= '2' && line.size == 1))
			return true;
	}
	return false;
}

static size_t first_byte(const struct source *source)
{
	size_t at = source->size >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (at < source->size && (source->text[at] == ' ' || source->text[at] == '\t' || source->text[at] == '\r' ||
				     source->text[at] == '\n'))
		at++;
	return at;
}

CALLGATE_PRINTF(5, 6)
static int refuse(const struct source *source, size_t at, struct callgate_notes *notes, struct callgate_err *err,
		  const char *format, ...)
{
	unsigned line, column;
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	note_at(notes, CALLGATE_ERROR, NOTE_FORMAT, source, at, "%s", text);
	err_set(err, CALLGATE_E_FORMAT, "%s", text);
	source_locate(source, at, &line, &column);
	err_set_place(err, source->name, line, column);
	return CALLGATE_E_FORMAT;
}

static int refuse_foreign(const struct source *source, size_t at, const char *what, struct callgate_notes *notes,
			  struct callgate_err *err)
{
	return refuse(source, at, notes, err, "this is %s", what);
}

static int read_as(reads *read, const struct source *source, enum callgate_reader as, struct callgate_policy **out,
		   struct callgate_notes *notes, struct callgate_err *err)
{
	struct callgate_policy *policy;
	int r = policy_new(source, &policy, err);

	if (r < 0)
		return r;
	policy->reader = as;
	r = read(policy, notes, err);
	if (r < 0) {
		callgate_policy_free(policy);
		return r;
	}
	*out = policy;
	return 0;
}

/* With a byte order mark, or a brace of two bytes. */
static bool is_utf16(const struct source *source)
{
	static const char starts[][2] = { { '\xff', '\xfe' }, { '\xfe', '\xff' }, { '{', '\0' }, { '\0', '{' } };

	for (size_t i = 0; source->size >= 2 && i < sizeof(starts) / sizeof(starts[0]); i++)
		if (memcmp(source->text, starts[i], 2) == 0)
			return true;
	return false;
}

int policy_parse(const struct source *source, enum callgate_reader as, struct callgate_policy **out,
		 struct callgate_notes *notes, struct callgate_err *err)
{
	struct report report = { .source = source, .notes = notes, .err = err };
	const char *what;
	size_t start, at;

	if (source->size > SOURCE_LIMIT)
		return err_set(err, CALLGATE_E_LIMIT, "larger than %d MiB", SOURCE_LIMIT >> 20);
	start = first_byte(source);
	if (start == source->size) {
		report_error(&report, NOTE_SYNTAX, 0,
			     "empty profile; expected a JSON object or the version line of LXC text");
		return CALLGATE_E_PROFILE;
	}
	if (is_utf16(source)) {
		report_error(&report, NOTE_UTF8, 0, "UTF-16 text; profiles are UTF-8");
		return CALLGATE_E_PROFILE;
	}
	what = foreign_binary(source, &at);
	if (!what && source->text[start] == '{')
		what = foreign_json(source, start, &at);
	if (what)
		return refuse_foreign(source, at, what, notes, err);
	if (looks_like_json(source, start))
		return read_as(read_oci, source, as, out, notes, err);
	/* Firejail too has lines that begin with "blacklist". */
	what = starts_with_number(source, start) ? NULL : foreign_text(source, &at);
	if (what)
		return refuse_foreign(source, at, what, notes, err);
	if (looks_like_lxc(source, start))
		return read_as(read_lxc, source, as, out, notes, err);
	if ((unsigned char)source->text[start] >= 0xf5) {
		report_error(&report, NOTE_UTF8, start, "invalid UTF-8: byte 0x%02x",
			     (unsigned char)source->text[start]);
		return CALLGATE_E_PROFILE;
	}
	return refuse(source, start, notes, err,
		      "unknown format; expected a JSON object or the version number of LXC text");
}

static int read_file(const char *path, unsigned trust, enum callgate_reader as, struct callgate_policy **out,
		     struct callgate_notes *notes, struct callgate_err *err)
{
	struct source source;
	int r;

	REQUIRE(err, path && out);
	r = source_read(path, trust, &source, err);
	if (r < 0)
		return r;
	r = policy_parse(&source, as, out, notes, err);
	source_release(&source);
	return r;
}

int callgate_policy_read(const char *path, struct callgate_policy **out, struct callgate_notes *notes,
			 struct callgate_err *err)
{
	return read_file(path, SOURCE_ANYONE, CALLGATE_AS_CALLGATE, out, notes, err);
}

int callgate_policy_read_as(const char *path, enum callgate_reader reader, struct callgate_policy **out,
			    struct callgate_notes *notes, struct callgate_err *err)
{
	if (!reader_name(reader))
		return err_set(err, CALLGATE_E_ARG, "unknown reader");
	return read_file(path, SOURCE_ANYONE, reader, out, notes, err);
}

int callgate_policy_read_trusted(const char *path, struct callgate_policy **out, struct callgate_notes *notes,
				 struct callgate_err *err)
{
	return read_file(path, SOURCE_TRUSTED, CALLGATE_AS_CALLGATE, out, notes, err);
}

int callgate_policy_parse_as(const void *text, size_t size, const char *name, enum callgate_reader reader,
			     struct callgate_policy **out, struct callgate_notes *notes, struct callgate_err *err)
{
	struct source source = { .name = name ? name : "<memory>", .text = text, .size = size };

	REQUIRE(err, (text || !size) && out);
	if (!reader_name(reader))
		return err_set(err, CALLGATE_E_ARG, "unknown reader");
	return policy_parse(&source, reader, out, notes, err);
}

int callgate_policy_parse(const void *text, size_t size, const char *name, struct callgate_policy **out,
			  struct callgate_notes *notes, struct callgate_err *err)
{
	return callgate_policy_parse_as(text, size, name, CALLGATE_AS_CALLGATE, out, notes, err);
}
