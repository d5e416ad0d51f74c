/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON scanner: what RFC 8259 has and has not, token places, escapes, limits. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/note_ids.h"
#include "policy/json_scan.h"

/* Scans a whole text. 0: well-formed; else the note id of the fault, its offset in *at. */
static unsigned scan(const char *text, size_t size, size_t *at)
{
	struct source source = { .name = "t", .text = text, .size = size };
	struct arena arena = ARENA_INIT;
	struct json_token token;
	struct json json;

	json_start(&json, &source, 0, &arena);
	while (json_next(&json, &token) > JSON_END)
		;
	arena_free(&arena);
	if (at)
		*at = json.fault.at;
	return token.kind == JSON_END ? 0 : json.fault.id;
}

#define TEXT(literal) literal, sizeof(literal) - 1

Test(json, accepts_what_the_standard_has)
{
	static const struct {
		const char *text;
		size_t size;
	} good[] = {
		{ TEXT("{}") },
		{ TEXT("[]") },
		{ TEXT(" \t\r\n[ ] \n") },
		{ TEXT("null") },
		{ TEXT("true") },
		{ TEXT("\"\"") },
		{ TEXT("0") },
		{ TEXT("-0") },
		{ TEXT("-1.5e+10") },
		{ TEXT("1E400") },
		{ TEXT("0.0") },
		{ TEXT("10") },
		{ TEXT("[1,[2,{\"a\":[]}],\"b\"]") },
		{ TEXT("{\"a\":1,\"a\":2}") },
		{ TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"") },
		{ TEXT("\"\\ud83d\\ude00\"") },
		{ TEXT("\"\xf4\x8f\xbf\xbf\"") },
		{ TEXT("\"\xed\x9f\xbf\"") },
		{ TEXT("\"\xee\x80\x80\"") },
		{ TEXT("\"\x7f\"") },
		{ TEXT("\"eight bytes and a quote: \\\" and more\"") },
	};
	size_t at;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_assert_eq(scan(good[i].text, good[i].size, &at), 0, "%s: refused at %zu", good[i].text, at);
}

Test(json, refuses_the_rest_where_it_begins)
{
	static const struct {
		const char *text;
		size_t size, at;
		unsigned id;
	} bad[] = {
		{ TEXT(""), 0, NOTE_SYNTAX },
		{ TEXT("{"), 1, NOTE_SYNTAX },
		{ TEXT("[1,]"), 3, NOTE_SYNTAX },
		{ TEXT("[,1]"), 1, NOTE_SYNTAX },
		{ TEXT("[1 2]"), 3, NOTE_SYNTAX },
		{ TEXT("[1}"), 2, NOTE_SYNTAX },
		{ TEXT("{\"a\":1]"), 6, NOTE_SYNTAX },
		{ TEXT("{\"a\":1,}"), 7, NOTE_SYNTAX },
		{ TEXT("{\"a\"1}"), 4, NOTE_SYNTAX },
		{ TEXT("{\"a\":}"), 5, NOTE_SYNTAX },
		{ TEXT("{1:2}"), 1, NOTE_SYNTAX },
		{ TEXT("{a:2}"), 1, NOTE_SYNTAX },
		{ TEXT("{} {}"), 3, NOTE_SYNTAX },
		{ TEXT("{}\0"), 2, NOTE_UTF8 },
		{ TEXT("[\0]"), 1, NOTE_UTF8 },
		{ TEXT("nul"), 0, NOTE_SYNTAX },
		{ TEXT("nulll"), 4, NOTE_SYNTAX },
		{ TEXT("True"), 0, NOTE_SYNTAX },
		{ TEXT("NaN"), 0, NOTE_SYNTAX },
		{ TEXT("-"), 0, NOTE_SYNTAX },
		{ TEXT("+1"), 0, NOTE_SYNTAX },
		{ TEXT(".5"), 0, NOTE_SYNTAX },
		{ TEXT("5."), 0, NOTE_SYNTAX },
		{ TEXT("01"), 0, NOTE_SYNTAX },
		{ TEXT("-01"), 0, NOTE_SYNTAX },
		{ TEXT("1e"), 0, NOTE_SYNTAX },
		{ TEXT("1e+"), 0, NOTE_SYNTAX },
		{ TEXT("0x10"), 0, NOTE_SYNTAX },
		{ TEXT("1_000"), 1, NOTE_SYNTAX },
		{ TEXT("'a'"), 0, NOTE_SYNTAX },
		{ TEXT("\"a"), 0, NOTE_SYNTAX },
		{ TEXT("\"a\nb\""), 2, NOTE_SYNTAX },
		{ TEXT("\"0123456\x1f\""), 8, NOTE_SYNTAX },
		{ TEXT("\"a\0b\""), 2, NOTE_UTF8 },
		{ TEXT("\"\\x41\""), 1, NOTE_SYNTAX },
		{ TEXT("\"\\u12g4\""), 1, NOTE_SYNTAX },
		{ TEXT("\"\\u12"), 1, NOTE_SYNTAX },
		{ TEXT("\"\\u0000\""), 1, NOTE_UTF8 },
		{ TEXT("\"\\ud800\""), 1, NOTE_SYNTAX },
		{ TEXT("\"\\ud800\\u0041\""), 1, NOTE_SYNTAX },
		{ TEXT("\"\\udc00\""), 1, NOTE_SYNTAX },
		{ TEXT("\"\\"), 1, NOTE_SYNTAX },
		{ TEXT("\"\x80\""), 1, NOTE_UTF8 },
		{ TEXT("\"\xc1\xbf\""), 1, NOTE_UTF8 },
		{ TEXT("\"\xe0\x9f\xbf\""), 1, NOTE_UTF8 },
		{ TEXT("\"\xed\xa0\x80\""), 1, NOTE_UTF8 },
		{ TEXT("\"\xf0\x8f\xbf\xbf\""), 1, NOTE_UTF8 },
		{ TEXT("\"\xf4\x90\x80\x80\""), 1, NOTE_UTF8 },
		{ TEXT("\"abc\xe2\x82\""), 4, NOTE_UTF8 },
		{ TEXT("/* */ {}"), 0, NOTE_SYNTAX },
		{ TEXT("{} // x"), 3, NOTE_SYNTAX },
		{ TEXT("\xef\xbb\xbf{}"), 0, NOTE_SYNTAX },
		{ TEXT("\f{}"), 0, NOTE_SYNTAX },
	};
	size_t at;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned id = scan(bad[i].text, bad[i].size, &at);

		cr_assert_eq(id, bad[i].id, "row %zu '%s': id %u", i, bad[i].text, id);
		cr_assert_eq(at, bad[i].at, "row %zu '%s': offset %zu", i, bad[i].text, at);
	}
}

Test(json, has_places_and_decoded_text)
{
	static const char text[] = "{ \"k\\u0065y\" : [ \"a\\n\\ud83d\\ude00\", -12.5 ] }";
	struct source source = { .name = "t", .text = text, .size = sizeof(text) - 1 };
	struct arena arena = ARENA_INIT;
	struct json_token token;
	struct json json;

	json_start(&json, &source, 0, &arena);
	cr_assert_eq(json_next(&json, &token), JSON_OBJECT);
	cr_assert(token.first == 0 && token.last == 1);
	cr_assert_eq(json_next(&json, &token), JSON_KEY);
	cr_assert(slice_is(token.text, "key"));
	cr_assert(token.first == 2 && token.last == 12);
	cr_assert_eq(json_next(&json, &token), JSON_ARRAY);
	cr_assert_eq(json_next(&json, &token), JSON_STRING);
	cr_assert(slice_is(token.text, "a\n\xf0\x9f\x98\x80"));
	cr_assert_eq(token.first, 17);
	cr_assert_eq(json_next(&json, &token), JSON_NUMBER);
	cr_assert(slice_is(token.text, "-12.5"));
	cr_assert_eq(json_next(&json, &token), JSON_ARRAY_END);
	cr_assert_eq(json_next(&json, &token), JSON_OBJECT_END);
	cr_assert_eq(json_next(&json, &token), JSON_END);
	cr_assert_eq(json_next(&json, &token), JSON_END);
	arena_free(&arena);
}

Test(json, plain_strings_are_slices_of_the_source)
{
	static const char text[] = "\"a plain string of some length\"";
	struct source source = { .name = "t", .text = text, .size = sizeof(text) - 1 };
	struct json_token token;
	struct json json;

	json_start(&json, &source, 0, NULL);
	cr_assert_eq(json_next(&json, &token), JSON_STRING);
	cr_assert_eq(token.text.at, text + 1);
	cr_assert_eq(token.text.size, sizeof(text) - 3);
}

Test(json, skips_whole_values)
{
	static const char text[] = "[{\"a\":[1,{\"b\":\"\\n\"}]},2]";
	struct source source = { .name = "t", .text = text, .size = sizeof(text) - 1 };
	struct json_token token;
	struct json json;
	size_t last;

	json_start(&json, &source, 0, NULL);
	json_next(&json, &token);
	json_next(&json, &token);
	cr_assert(json_skip(&json, &token, &last));
	cr_assert_eq(last, 21);
	cr_assert_eq(json_next(&json, &token), JSON_NUMBER);
	cr_assert(json_skip(&json, &token, &last));
	cr_assert_eq(last, 23);
}

Test(json, bounds_depth_to_the_level)
{
	char text[2 * JSON_DEPTH + 2];
	size_t at;

	memset(text, '[', JSON_DEPTH);
	memset(text + JSON_DEPTH, ']', JSON_DEPTH);
	cr_assert_eq(scan(text, 2 * JSON_DEPTH, &at), 0);
	memset(text, '[', JSON_DEPTH + 1);
	memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
	cr_assert_eq(scan(text, 2 * JSON_DEPTH + 2, &at), NOTE_LIMIT);
	cr_assert_eq(at, JSON_DEPTH);
}

Test(json, every_cut_of_a_text_is_refused)
{
	static const char text[] = "{\"defaultAction\":\"SCMP\\u0041\",\"n\":[1.5e3,true,null,\"\xc3\xa9\"]}";

	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		char *cut = malloc(size + 1); /* exactly as long, so that a sanitizer sees a read past the end */

		memcpy(cut, text, size);
		cr_assert_neq(scan(cut, size, NULL), 0, "cut at %zu", size);
		free(cut);
	}
	cr_assert_eq(scan(text, sizeof(text) - 1, NULL), 0);
}
