/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON scanner: a state machine over the bytes; strings without escapes stay slices of the source. */
#include "policy/json_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/note_ids.h"

enum expect { VALUE, FIRST_VALUE, FIRST_KEY, KEY, COMMA, END };

void json_start(struct json *json, const struct source *source, size_t offset, struct arena *arena)
{
	memset(json, 0, sizeof(*json));
	json->source = source;
	json->arena = arena;
	json->at = offset;
	json->expect = VALUE;
}

const char *json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
		[JSON_NUMBER] = "a number",  [JSON_TRUE] = "true",      [JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return (size_t)kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind] : "nothing";
}

CALLGATE_PRINTF(4, 5)
static enum json_kind fault(struct json *json, unsigned id, size_t at, const char *format, ...)
{
	va_list ap;

	json->fault.id = id;
	json->fault.at = at;
	va_start(ap, format);
	vsnprintf(json->fault.text, sizeof(json->fault.text), format, ap);
	va_end(ap);
	return JSON_BAD;
}

static int byte_at(const struct json *json, size_t at)
{
	return at < json->source->size ? (unsigned char)json->source->text[at] : -1;
}

/* A byte that is not allowed here. wanted says what is. */
static enum json_kind unexpected(struct json *json, const char *wanted)
{
	int c = byte_at(json, json->at);

	if (c < 0)
		return fault(json, NOTE_SYNTAX, json->at, "unexpected end of file; %s", wanted);
	if (c == 0)
		return fault(json, NOTE_UTF8, json->at, "unexpected NUL byte; %s", wanted);
	if (c == '/' || c == '#')
		return fault(json, NOTE_SYNTAX, json->at, "unexpected '%c'; JSON has no comments", c);
	if (c == '\'')
		return fault(json, NOTE_SYNTAX, json->at,
			     "unexpected single quote; strings are written in double quotes");
	if (c < 0x20 || c >= 0x7f)
		return fault(json, NOTE_SYNTAX, json->at, "unexpected byte 0x%02x; %s", (unsigned)c, wanted);
	return fault(json, NOTE_SYNTAX, json->at, "unexpected '%c'; %s", c, wanted);
}

static void skip_space(struct json *json)
{
	const char *text = json->source->text;
	size_t at = json->at, size = json->source->size;

	while (at < size && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
		at++;
	json->at = at;
}

/* Length of the UTF-8 sequence at text, 0 when it is not one (overlong, surrogate, past U+10FFFF, cut short). */
static size_t utf8_length(const unsigned char *text, size_t room)
{
	unsigned c = text[0], low = 0x80, high = 0xbf;
	size_t length = c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;

	if (!length || length > room)
		return 0;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return length;
}

/* Four hex digits at an offset; -1 when they are not. */
static int hex4(const struct json *json, size_t at)
{
	int value = 0;

	for (size_t i = 0; i < 4; i++) {
		int c = byte_at(json, at + i), digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (c | 0x20) - 'a' + 10;
		else
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static size_t utf8_encode(char *out, unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Checks the \u escape at `at` (its backslash), perhaps a pair of them. Answers its length, 0 for a fault. */
static size_t unicode_escape(struct json *json, size_t at, unsigned *out)
{
	int high = hex4(json, at + 2), low;

	if (high < 0) {
		fault(json, NOTE_SYNTAX, at, "bad escape: \\u needs four hexadecimal digits");
		return 0;
	}
	if (high == 0) {
		fault(json, NOTE_UTF8, at, "the escape \\u0000 (NUL) is not allowed in a profile");
		return 0;
	}
	*out = (unsigned)high;
	if (high < 0xd800 || high > 0xdfff)
		return 6;
	low = byte_at(json, at + 6) == '\\' && byte_at(json, at + 7) == 'u' ? hex4(json, at + 8) : -1;
	if (high > 0xdbff || low < 0xdc00 || low > 0xdfff) {
		fault(json, NOTE_SYNTAX, at, "bad escape: a lone surrogate \\u%04x", (unsigned)high);
		return 0;
	}
	*out = 0x10000 + ((unsigned)(high - 0xd800) << 10) + (unsigned)(low - 0xdc00);
	return 12;
}

/* Checks the escape at `at`, stores what it means, answers its length, 0 for a fault. */
static size_t escape(struct json *json, size_t at, unsigned *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int c = byte_at(json, at + 1);
	const char *known = c > 0 ? strchr(from, c) : NULL;

	if (known) {
		*out = (unsigned char)to[known - from];
		return 2;
	}
	if (c == 'u')
		return unicode_escape(json, at, out);
	if (c > 0x20 && c < 0x7f)
		fault(json, NOTE_SYNTAX, at, "bad escape '\\%c'", c);
	else
		fault(json, NOTE_SYNTAX, at, "bad escape: a lone backslash");
	return 0;
}

/* The body [first, last) is known to be good. */
static bool decode(struct json *json, size_t first, size_t last, struct slice *out)
{
	const char *text = json->source->text;
	char *to = arena_alloc(json->arena, last - first);
	size_t used = 0;

	if (!to) {
		fault(json, NOTE_LIMIT, first, "the strings of this profile are too large");
		return false;
	}
	for (size_t at = first; at < last;) {
		unsigned c;

		if (text[at] != '\\') {
			to[used++] = text[at++];
			continue;
		}
		at += escape(json, at, &c);
		used += utf8_encode(to + used, c);
	}
	*out = (struct slice){ to, used };
	return true;
}

/*
 * How many bytes from at on are plain text: no quote, backslash, control character or byte past ASCII. Eight at a time:
 * a byte below n is found by what n borrows from its neighbours, so a hit may be early in the word but is never missed.
 */
static size_t plain_run(const unsigned char *text, size_t at, size_t size)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	size_t first = at;

	for (; size - at >= 8; at += 8) {
		uint64_t word, quote, backslash;

		memcpy(&word, text + at, 8);
		quote = word ^ ones * '"';
		backslash = word ^ ones * '\\';
		if ((word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & tops)
			break;
	}
	while (at < size && text[at] >= 0x20 && text[at] < 0x80 && text[at] != '"' && text[at] != '\\')
		at++;
	return at - first;
}

/* A string from its first quote on. False: fault. */
static bool string(struct json *json, struct json_token *token)
{
	const unsigned char *text = (const unsigned char *)json->source->text;
	size_t size = json->source->size, at = json->at + 1;
	bool escaped = false;

	token->first = json->at;
	for (at += plain_run(text, at, size); at < size && text[at] != '"'; at += plain_run(text, at, size)) {
		size_t length = 1;

		if (text[at] == '\\') {
			unsigned unused;

			escaped = true;
			length = escape(json, at, &unused);
			if (!length)
				return false;
		} else if (text[at] < 0x20) {
			fault(json, text[at] ? NOTE_SYNTAX : NOTE_UTF8, at,
			      "unexpected %s in a string: 0x%02x must be escaped",
			      text[at] ? "control character" : "NUL byte", text[at]);
			return false;
		} else if (text[at] >= 0x80) {
			length = utf8_length(text + at, size - at);
			if (!length) {
				fault(json, NOTE_UTF8, at, "invalid UTF-8: byte 0x%02x", text[at]);
				return false;
			}
		}
		at += length;
	}
	if (at == size) {
		fault(json, NOTE_SYNTAX, json->at, "unexpected end of file; the string is not closed");
		return false;
	}
	token->text = (struct slice){ json->source->text + json->at + 1, at - json->at - 1 };
	token->last = at + 1;
	if (escaped && json->arena && !decode(json, json->at + 1, at, &token->text))
		return false;
	json->at = at + 1;
	return true;
}

static size_t digits(const struct json *json, size_t at)
{
	size_t first = at;

	while (byte_at(json, at) >= '0' && byte_at(json, at) <= '9')
		at++;
	return at - first;
}

static enum json_kind number(struct json *json, struct json_token *token)
{
	size_t at = json->at, whole;

	if (byte_at(json, at) == '-')
		at++;
	whole = digits(json, at);
	if (!whole)
		return fault(json, NOTE_SYNTAX, json->at, "unexpected '%c'; expected a number",
			     byte_at(json, json->at));
	if (whole > 1 && byte_at(json, at) == '0')
		return fault(json, NOTE_SYNTAX, json->at, "number has a leading zero");
	at += whole;
	if (byte_at(json, at) == '.') {
		if (!digits(json, at + 1))
			return fault(json, NOTE_SYNTAX, json->at, "number has no digits after its decimal point");
		at += 1 + digits(json, at + 1);
	}
	if (byte_at(json, at) == 'e' || byte_at(json, at) == 'E') {
		size_t sign = byte_at(json, at + 1) == '+' || byte_at(json, at + 1) == '-';

		if (!digits(json, at + 1 + sign))
			return fault(json, NOTE_SYNTAX, json->at, "number has no digits in its exponent");
		at += 1 + sign + digits(json, at + 1 + sign);
	}
	if ((byte_at(json, at) | 0x20) >= 'a' && (byte_at(json, at) | 0x20) <= 'z')
		return fault(json, NOTE_SYNTAX, json->at, "unexpected '%c' in a number", byte_at(json, at));
	token->first = json->at;
	token->last = at;
	token->text = (struct slice){ json->source->text + json->at, at - json->at };
	json->at = at;
	return JSON_NUMBER;
}

static enum json_kind literal(struct json *json, struct json_token *token)
{
	static const struct {
		const char *word;
		size_t size;
		enum json_kind kind;
	} words[] = { { "true", 4, JSON_TRUE }, { "false", 5, JSON_FALSE }, { "null", 4, JSON_NULL } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t size = words[i].size;

		if (json->source->size - json->at < size ||
		    !slice_is_nocase((struct slice){ json->source->text + json->at, size }, words[i].word))
			continue;
		if (memcmp(json->source->text + json->at, words[i].word, size) != 0)
			return fault(json, NOTE_SYNTAX, json->at, "unexpected '%.*s'; did you mean '%s'?", (int)size,
				     json->source->text + json->at, words[i].word);
		token->first = json->at;
		json->at += size;
		token->last = json->at;
		token->text = (struct slice){ words[i].word, size };
		return words[i].kind;
	}
	return unexpected(json, "expected a value");
}

static void value_done(struct json *json)
{
	json->expect = json->depth ? COMMA : END;
}

static enum json_kind open_level(struct json *json, struct json_token *token, enum json_kind kind)
{
	uint64_t bit;

	if (json->depth == JSON_DEPTH)
		return fault(json, NOTE_LIMIT, json->at, "nesting is too deep: more than %d levels", JSON_DEPTH);
	bit = (uint64_t)1 << json->depth++;
	json->objects = kind == JSON_OBJECT ? json->objects | bit : json->objects & ~bit;
	json->expect = kind == JSON_OBJECT ? FIRST_KEY : FIRST_VALUE;
	token->first = json->at++;
	token->last = json->at;
	return kind;
}

static bool in_object(const struct json *json)
{
	return json->depth && json->objects >> (json->depth - 1) & 1;
}

static enum json_kind close_level(struct json *json, struct json_token *token)
{
	enum json_kind kind = in_object(json) ? JSON_OBJECT_END : JSON_ARRAY_END;

	json->depth--;
	token->first = json->at++;
	token->last = json->at;
	value_done(json);
	return kind;
}

static enum json_kind value(struct json *json, struct json_token *token)
{
	int c = byte_at(json, json->at);
	enum json_kind kind;

	if (c == '{' || c == '[')
		return open_level(json, token, c == '{' ? JSON_OBJECT : JSON_ARRAY);
	if (c == '"')
		kind = string(json, token) ? JSON_STRING : JSON_BAD;
	else if (c == '-' || c == '+' || c == '.' || (c >= '0' && c <= '9'))
		kind = number(json, token);
	else if (c == ']' && json->expect == VALUE && json->depth)
		kind = fault(json, NOTE_SYNTAX, json->at, "trailing comma before ']'");
	else
		kind = literal(json, token);
	if (kind != JSON_BAD)
		value_done(json);
	return kind;
}

static enum json_kind key(struct json *json, struct json_token *token)
{
	if (byte_at(json, json->at) == '}')
		return fault(json, NOTE_SYNTAX, json->at, "trailing comma before '}'");
	if (byte_at(json, json->at) != '"')
		return unexpected(json, json->expect == KEY ? "expected a key in double quotes after the comma"
							    : "expected a key in double quotes or '}'");
	if (!string(json, token))
		return JSON_BAD;
	skip_space(json);
	if (byte_at(json, json->at) != ':')
		return unexpected(json, "expected a colon after the key");
	json->at++;
	json->expect = VALUE;
	return JSON_KEY;
}

static enum json_kind after_value(struct json *json, struct json_token *token)
{
	int c = byte_at(json, json->at);

	if (c == (in_object(json) ? '}' : ']'))
		return close_level(json, token);
	if (c != ',')
		return unexpected(json, in_object(json) ? "expected a comma or '}'" : "expected a comma or ']'");
	json->at++;
	json->expect = in_object(json) ? KEY : VALUE;
	skip_space(json);
	return json->expect == KEY ? key(json, token) : value(json, token);
}

static enum json_kind step(struct json *json, struct json_token *token)
{
	int c;

	skip_space(json);
	c = byte_at(json, json->at);
	switch ((enum expect)json->expect) {
	case FIRST_KEY:
		return c == '}' ? close_level(json, token) : key(json, token);
	case FIRST_VALUE:
		return c == ']' ? close_level(json, token) : value(json, token);
	case KEY:
		return key(json, token);
	case COMMA:
		return after_value(json, token);
	case END:
		token->first = token->last = json->at;
		if (c >= 0)
			return unexpected(json, "trailing text after the document");
		return JSON_END;
	case VALUE:
		break;
	}
	return value(json, token);
}

enum json_kind json_next(struct json *json, struct json_token *token)
{
	token->kind = json->fault.id ? JSON_BAD : step(json, token);
	return token->kind;
}

bool json_skip(struct json *json, const struct json_token *token, size_t *last)
{
	struct arena *arena = json->arena;
	struct json_token inner = *token;
	unsigned outside = json->depth - 1;

	if (token->kind == JSON_OBJECT || token->kind == JSON_ARRAY) {
		json->arena = NULL;
		do
			json_next(json, &inner);
		while (inner.kind != JSON_BAD && json->depth > outside);
		json->arena = arena;
	}
	*last = inner.last;
	return inner.kind != JSON_BAD;
}
