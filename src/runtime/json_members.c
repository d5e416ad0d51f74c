/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the few members that matter out of a runtime's JSON, strictly: a text that two readers could take differently
 * is refused. */
#include <string.h>

#include "base/err.h"
#include "runtime/oci.h"

int(members_fault)(struct members_reader *reader, size_t at, const char *text)
{
	unsigned line, column;

	source_locate(reader->source, at, &line, &column);
	err_set(reader->err, CALLGATE_E_FORMAT, "%s", text);
	err_set_place(reader->err, reader->source->name, line, column);
	return CALLGATE_E_FORMAT;
}

static int bad(struct members_reader *reader)
{
	return members_fault(reader, reader->json.fault.at, reader->json.fault.text);
}

int members_skip(struct members_reader *reader, const struct json_token *token, struct oci_value *value)
{
	size_t last;

	if (token->kind == JSON_BAD || !json_skip(&reader->json, token, &last))
		return bad(reader);
	if (value) {
		value->kind = token->kind;
		value->first = token->first;
		value->last = last;
	}
	return 0;
}

/* The next character as Go's encoding/json compares keys: ASCII without case, U+017F is s, U+212A is k. */
static int folded(const char **at, const char *end)
{
	static const char long_s[] = "\xc5\xbf", kelvin[] = "\xe2\x84\xaa";
	size_t left = (size_t)(end - *at);
	int c;

	if (left >= 2 && memcmp(*at, long_s, 2) == 0) {
		*at += 2;
		return 's';
	}
	if (left >= 3 && memcmp(*at, kelvin, 3) == 0) {
		*at += 3;
		return 'k';
	}
	c = (unsigned char)*(*at)++;
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool folds_to(struct slice key, const char *name)
{
	const char *at = key.at, *end = key.at + key.size, *name_end = name + strlen(name);

	while (at < end && name < name_end)
		if (folded(&at, end) != folded(&name, name_end))
			return false;
	return at == end && name == name_end;
}

/* The field that a key names; NULL: none of those wanted. */
static int find_field(struct members_reader *reader, const struct json_token *key, const struct member *fields,
		      uint32_t *seen, const struct member **out)
{
	*out = NULL;
	for (unsigned i = 0; fields[i].name; i++) {
		if (!folds_to(key->text, fields[i].name))
			continue;
		if (!slice_is(key->text, fields[i].name))
			return members_fault(reader, key->first,
					     "a key that some runtimes take for another one, by its case");
		if (*seen >> i & 1)
			return members_fault(reader, key->first,
					     "duplicate key; runtimes differ in which one they use");
		*seen |= (uint32_t)1 << i;
		*out = &fields[i];
	}
	return 0;
}

int members_read(struct members_reader *reader, const struct json_token *token, const struct member *fields,
		 struct oci_value *object)
{
	struct json_token key, value;
	uint32_t seen = 0;
	bool empty = true;

	if (token->kind != JSON_OBJECT)
		return token->kind == JSON_BAD ? bad(reader)
					       : members_fault(reader, token->first, "an object is expected here");
	while (json_next(&reader->json, &key) == JSON_KEY) {
		const struct member *field;
		int r = find_field(reader, &key, fields, &seen, &field);

		empty = false;
		json_next(&reader->json, &value);
		if (r == 0)
			r = field ? field->read(reader, &value) : members_skip(reader, &value, NULL);
		if (r < 0)
			return r;
	}
	if (key.kind != JSON_OBJECT_END)
		return bad(reader);
	if (object)
		*object = (struct oci_value){
			.kind = JSON_OBJECT, .first = token->first, .last = key.last, .empty = empty
		};
	return 0;
}

int members_document(struct members_reader *reader, const struct member *fields, struct oci_value *document)
{
	struct json_token token;
	int r;

	json_next(&reader->json, &token);
	r = members_read(reader, &token, fields, document);
	if (r == 0 && json_next(&reader->json, &token) != JSON_END)
		r = bad(reader);
	return r;
}
