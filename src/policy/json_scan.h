/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON scanner: RFC 8259 to the letter, pulled token by token, each with its place. Knows nothing of profiles. */
#ifndef CALLGATE_POLICY_JSON_SCAN_H
#define CALLGATE_POLICY_JSON_SCAN_H

#include "base/arena.h"
#include "base/source.h"

enum json_kind {
	JSON_BAD, /* struct json's fault says why; every further call answers the same */
	JSON_END,
	JSON_OBJECT, /* { */
	JSON_OBJECT_END,
	JSON_ARRAY, /* [ */
	JSON_ARRAY_END,
	JSON_KEY, /* with its colon; the value follows */
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

struct json_token {
	enum json_kind kind;
	struct slice text;  /* key, string: decoded, without quotes; number: as written */
	size_t first, last; /* [first, last) in the source, quotes included */
};

enum { JSON_DEPTH = 64 };

struct json {
	const struct source *source;
	struct arena *arena; /* takes strings that have escapes; NULL: they are checked but not decoded */
	size_t at;
	int expect;
	unsigned depth;
	uint64_t objects; /* bit N: level N is an object, else an array */
	struct {
		unsigned id; /* enum note_id; 0: none */
		size_t at;
		char text[120];
	} fault;
};

/* Starts at offset, behind a byte order mark when the caller saw one. */
void json_start(struct json *json, const struct source *source, size_t offset, struct arena *arena);
enum json_kind json_next(struct json *json, struct json_token *token);
/* Reads over the value that token began; *last is the offset behind it. False: JSON_BAD. */
bool json_skip(struct json *json, const struct json_token *token, size_t *last);
/* "object", "a number" ...: for messages. */
const char *json_kind_name(enum json_kind kind);

#endif
