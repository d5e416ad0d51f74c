/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OCI reader, the grammar half: objects by table, arrays, exact integers; what a key may hold and what it is mistaken
 * for. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/read_oci.h"

struct place oci_place(const struct json_token *value)
{
	return (struct place){ (uint32_t)value->first };
}

bool oci_out_of_memory(struct oci *oci)
{
	oci->out_of_memory = true;
	return false;
}

static bool fault(struct oci *oci)
{
	report_error(&oci->report, (enum note_id)oci->json.fault.id, oci->json.fault.at, "%s", oci->json.fault.text);
	return false;
}

static bool skip(struct oci *oci, const struct json_token *value)
{
	size_t last;

	return json_skip(&oci->json, value, &last) || fault(oci);
}

/* ------------------------------------------------------------------ keys */

struct keys {
	uint32_t met;    /* bit per field */
	uint32_t at[32]; /* where a field that was met has its key */
	struct slice unknown[OCI_UNKNOWN_KEYS_LIMIT];
	unsigned unknown_count;
};

static bool same_nocase(struct slice a, struct slice b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++) {
		unsigned char x = (unsigned char)a.at[i], y = (unsigned char)b.at[i];

		x = x >= 'A' && x <= 'Z' ? x | 0x20 : x;
		y = y >= 'A' && y <= 'Z' ? y | 0x20 : y;
		if (x != y)
			return false;
	}
	return true;
}

/* Go's encoding/json compares keys by Unicode's simple folding: two signs beyond ASCII are letters to it. */
static bool key_folds(struct slice key, const char *word)
{
	static const struct {
		char letter;
		struct slice sign;
	} signs[] = { { 's', SLICE("\xc5\xbf") }, { 'k', SLICE("\xe2\x84\xaa") } };
	char plain[32];
	size_t size = 0;

	for (size_t i = 0; i < key.size && size < sizeof(plain); i++) {
		plain[size] = key.at[i];
		for (size_t j = 0; j < sizeof(signs) / sizeof(signs[0]); j++) {
			if (key.size - i < signs[j].sign.size ||
			    memcmp(key.at + i, signs[j].sign.at, signs[j].sign.size) != 0)
				continue;
			plain[size] = signs[j].letter;
			i += signs[j].sign.size - 1;
		}
		size++;
	}
	return size < sizeof(plain) && slice_is_nocase((struct slice){ plain, size }, word);
}

static const struct oci_field *field_exact(const struct oci_schema *schema, struct slice key)
{
	for (unsigned i = 0; i < schema->count; i++)
		if (key.size == schema->fields[i].size && memcmp(key.at, schema->fields[i].key, key.size) == 0)
			return &schema->fields[i];
	return NULL;
}

/* A field whose key this may be meant for: the same but for case, or (in a profile) one or two letters off. */
static const struct oci_field *field_near(const struct oci_schema *schema, struct slice key)
{
	struct near near = near_start(key);

	for (unsigned i = 0; i < schema->count; i++)
		if (key_folds(key, schema->fields[i].key))
			return &schema->fields[i];
	if (schema->unknown == ANY_KEYS)
		return NULL;
	for (unsigned i = 0; i < schema->count; i++)
		if (!(schema->fields[i].flags & CONTENT))
			near_offer(&near, schema->fields[i].key);
	return near.found ? field_exact(schema, (struct slice){ near.found, strlen(near.found) }) : NULL;
}

/* False: too many to remember, the reading stops. */
static bool unknown_key(struct oci *oci, const struct oci_schema *schema, struct keys *keys,
			const struct json_token *key)
{
	for (unsigned i = 0; i < keys->unknown_count; i++) {
		if (same_nocase(keys->unknown[i], key->text)) {
			report_error(&oci->report, NOTE_DUPLICATE_KEY, key->first, "duplicate key '%.*s'",
				     report_width(key->text), key->text.at);
			return true;
		}
	}
	if (keys->unknown_count == OCI_UNKNOWN_KEYS_LIMIT) {
		report_error(&oci->report, NOTE_LIMIT, key->first, "more than %d unknown keys in one object",
			     OCI_UNKNOWN_KEYS_LIMIT);
		return false;
	}
	keys->unknown[keys->unknown_count++] = key->text;
	if (oci->operator&& slice_is(key->text, "baseProfileName")) {
		report_error(&oci->report, NOTE_UNKNOWN_KEY, key->first,
			     "baseProfileName is not followed; add the base profile's rules to this one");
		return true;
	}
	report_warning(&oci->report, NOTE_UNKNOWN_KEY, key->first, "unknown key '%.*s' in %s is ignored",
		       report_width(key->text), key->text.at, schema->what);
	return true;
}

/* A reader that does not know a field skips it as over any other key. */
static bool knows(const struct oci *oci, const struct oci_field *field)
{
	return !(field->flags & NOT_BARE && report_reader(&oci->report, READS_BARE | READS_CRUN)) &&
	       !(field->flags & NOT_DOCKER && report_reader(&oci->report, READS_DOCKER)) &&
	       !(field->flags & NOT_PODMAN && report_reader(&oci->report, READS_PODMAN));
}

/* The field that another program takes the key for; NULL: none. Go compares without case, crun exactly. */
static const struct oci_field *field_as(struct oci *oci, const struct oci_schema *schema, const struct json_token *key)
{
	const struct oci_field *field = field_exact(schema, key->text);

	if (field)
		return knows(oci, field) ? field : NULL;
	for (unsigned i = 0; i < schema->count && report_reader(&oci->report, READS_GO); i++) {
		field = &schema->fields[i];
		if (!key_folds(key->text, field->key) || !knows(oci, field))
			continue;
		report_warning(&oci->report, NOTE_KEY_CASE, key->first, "key '%.*s' in %s is read as '%s'",
			       report_width(key->text), key->text.at, schema->what, field->key);
		return field;
	}
	return NULL;
}

/* which_field() for another reader than callgate: nothing is refused. Of a duplicate key Go's
 * readers take the last, crun the first. */
static void which_field_as(struct oci *oci, const struct oci_schema *schema, struct keys *keys,
			   const struct json_token *key, const struct oci_field **field)
{
	uint32_t bit;

	*field = field_as(oci, schema, key);
	if (!*field) {
		if (schema->unknown != ANY_KEYS)
			report_warning(&oci->report, NOTE_UNKNOWN_KEY, key->first,
				       "unknown key '%.*s' in %s is ignored", report_width(key->text), key->text.at,
				       schema->what);
		return;
	}
	bit = (uint32_t)1 << (*field - schema->fields);
	if (keys->met & bit) {
		bool last = report_reader(&oci->report, READS_GO);

		report_warning(&oci->report, NOTE_DUPLICATE_KEY, key->first,
			       "duplicate key '%s' in %s; the %s one is used", (*field)->key, schema->what,
			       last ? "last" : "first");
		if (!last)
			*field = NULL;
	}
	keys->met |= bit;
}

/* *field is NULL when the value is to be skipped. False: the reading stops. */
static bool which_field(struct oci *oci, const struct oci_schema *schema, struct keys *keys,
			const struct json_token *key, const struct oci_field **field)
{
	uint32_t bit;

	if (report_reader(&oci->report, READS_ANY)) {
		which_field_as(oci, schema, keys, key, field);
		return true;
	}
	*field = field_exact(schema, key->text);
	if (!*field) {
		*field = field_near(schema, key->text);
		if (!*field)
			return schema->unknown == ANY_KEYS || unknown_key(oci, schema, keys, key);
		report_error(&oci->report, NOTE_KEY_CASE, key->first, "unknown key '%.*s' in %s; did you mean '%s'?",
			     report_width(key->text), key->text.at, schema->what, (*field)->key);
	}
	bit = (uint32_t)1 << (*field - schema->fields);
	if (keys->met & bit) {
		report_error(&oci->report, NOTE_DUPLICATE_KEY, key->first,
			     "duplicate key '%s' in %s; readers differ in which one they use", (*field)->key,
			     schema->what);
		report_attach(&oci->report, keys->at[*field - schema->fields], "'%s' first given here", (*field)->key);
		*field = NULL;
		return true;
	}
	keys->met |= bit;
	keys->at[*field - schema->fields] = (uint32_t)key->first;
	return true;
}

/* ------------------------------------------------------------------ objects and arrays */

/* A value that reads as if the key were not there: null, and for crun whatever is of another type. */
static bool is_absent(struct oci *oci, const struct oci_field *field, const struct json_token *value)
{
	if (value->kind == JSON_NULL)
		return (field->flags & NULLABLE) || report_reader(&oci->report, READS_GO | READS_CRUN);
	if (value->kind == field->kind || !report_reader(&oci->report, READS_CRUN))
		return false;
	report_warning(&oci->report, NOTE_TYPE, value->first, "'%s' must be %s, not %s; crun ignores it", field->key,
		       json_kind_name(field->kind), json_kind_name(value->kind));
	return true;
}

/*
 * Go reads a second value over the first: members and elements that the second has not got stay as they were, null
 * clears lists and numbers. Of two words the last counts, and a list of words is only that list.
 */
static bool is_merged(const struct oci *oci, const struct oci_field *field, const struct json_token *value)
{
	struct json ahead = oci->json;
	struct json_token item = { .kind = JSON_BAD };

	if (!report_reader(&oci->report, READS_GO) || field->kind == JSON_STRING)
		return false;
	if (value->kind != JSON_ARRAY)
		return value->kind == JSON_NULL || field->kind == JSON_OBJECT;
	ahead.arena = NULL;
	while (json_next(&ahead, &item) == JSON_STRING)
		;
	return item.kind != JSON_ARRAY_END;
}

static bool member(struct oci *oci, const struct oci_field *field, void *object, const struct json_token *value)
{
	if (value->kind != field->kind) {
		report_error(&oci->report, NOTE_TYPE, value->first, "'%s' must be %s, not %s", field->key,
			     json_kind_name(field->kind), json_kind_name(value->kind));
		return skip(oci, value);
	}
	return field->read(oci, object, value);
}

bool oci_object(struct oci *oci, const struct oci_schema *schema, void *object, uint32_t *seen)
{
	struct keys keys;
	uint32_t met = 0;

	keys.met = 0;
	keys.unknown_count = 0;
	for (;;) {
		const struct oci_field *field;
		struct json_token key, value;

		if (json_next(&oci->json, &key) == JSON_BAD)
			return fault(oci);
		if (key.kind == JSON_OBJECT_END)
			break;
		if (json_next(&oci->json, &value) == JSON_BAD)
			return fault(oci);
		if (!which_field(oci, schema, &keys, &key, &field))
			return false;
		if (field && (met >> (field - schema->fields) & 1) && is_merged(oci, field, &value))
			report_error(&oci->report, NOTE_DUPLICATE_KEY, key.first,
				     "cannot predict what comes of two '%s' in %s: the second is read over the first",
				     field->key, schema->what);
		if (field && is_absent(oci, field, &value))
			field = NULL;
		if (field)
			met |= (uint32_t)1 << (field - schema->fields);
		if (field ? !member(oci, field, object, &value) : !skip(oci, &value))
			return false;
	}
	*seen = met;
	return true;
}

bool oci_array(struct oci *oci, const struct oci_items *items, void *object)
{
	for (;;) {
		struct json_token value;

		if (json_next(&oci->json, &value) == JSON_BAD)
			return fault(oci);
		if (value.kind == JSON_ARRAY_END)
			return true;
		if (value.kind != items->kind) {
			/* Go takes null for what is empty, and nothing else. */
			bool skips = value.kind == JSON_NULL || report_reader(&oci->report, READS_CRUN);

			report_unless(&oci->report, skips ? items->skipping : 0, NOTE_TYPE, value.first,
				      "each element of '%s' must be %s, not %s", items->key,
				      json_kind_name(items->kind), json_kind_name(value.kind));
			if (!skip(oci, &value))
				return false;
			continue;
		}
		if (!items->read(oci, object, &value))
			return false;
	}
}

/* ------------------------------------------------------------------ values */

/* False: not a plain integer, or past 2^64 - 1 (*range). */
static bool plain_integer(struct slice text, uint64_t *out, bool *range)
{
	uint64_t value = 0;

	*range = false;
	for (size_t i = 0; i < text.size; i++) {
		unsigned digit = (unsigned)(text.at[i] - '0');

		if (digit > 9) {
			*range = i == 0 && text.at[0] == '-' && memchr(text.at, '.', text.size) == NULL &&
				 !slice_is(text, "-0");
			return false;
		}
		if (value > UINT64_MAX / 10 || value * 10 > UINT64_MAX - digit)
			*range = true;
		value = value * 10 + digit;
	}
	*out = value;
	return !*range;
}

/* crun reads numbers with strtoull(): those below 0 count from 2^64. */
static bool wrapped_integer(struct oci *oci, const struct json_token *value, const struct oci_integer *kind,
			    uint64_t *out)
{
	struct slice digits = { value->text.at + 1, value->text.size - 1 };
	uint64_t number;
	bool range;

	if (!report_reader(&oci->report, READS_CRUN) || !digits.size || *value->text.at != '-' ||
	    !plain_integer(digits, &number, &range) || -number > kind->max)
		return false;
	report_warning(&oci->report, kind->id, value->first, "%s %.*s is read as %llu by crun", kind->key,
		       report_width(value->text), value->text.at, (unsigned long long)-number);
	*out = -number;
	return true;
}

bool oci_integer(struct oci *oci, const struct json_token *value, const struct oci_integer *kind, uint64_t *out)
{
	uint64_t number;
	bool range;

	if (wrapped_integer(oci, value, kind, out))
		return true;
	if (plain_integer(value->text, &number, &range) && number <= kind->max) {
		*out = number;
		return true;
	}
	if (!range && (memchr(value->text.at, '.', value->text.size) || memchr(value->text.at, 'e', value->text.size) ||
		       memchr(value->text.at, 'E', value->text.size) || slice_is(value->text, "-0")))
		report_error(&oci->report, kind->id, value->first, "%s %.*s is not a plain decimal integer", kind->key,
			     report_width(value->text), value->text.at);
	else if (kind->range)
		report_error(&oci->report, kind->id, value->first, "%s %.*s is out of range (%s)", kind->key,
			     report_width(value->text), value->text.at, kind->range);
	else
		report_error(&oci->report, kind->id, value->first, "%s %.*s is out of range (0 to %llu)", kind->key,
			     report_width(value->text), value->text.at, (unsigned long long)kind->max);
	return false;
}

bool oci_word(struct oci *oci, const struct json_token *value)
{
	struct word *word;

	if (oci->word_total++ == OCI_WORDS_LIMIT) {
		report_error(&oci->report, NOTE_LIMIT, value->first, "more than %d names in one profile",
			     OCI_WORDS_LIMIT);
		return false;
	}
	word = list_add(&oci->scratch, &oci->words, sizeof(*word));
	if (!word)
		return oci_out_of_memory(oci);
	word->text = value->text;
	word->at = oci_place(value);
	return true;
}

const struct word *oci_take_words(struct oci *oci, unsigned *count)
{
	*count = (unsigned)oci->words.count;
	return list_take(&oci->policy->arena, &oci->words, sizeof(struct word));
}

const struct refusal *oci_refusal(struct oci *oci, size_t at, const char *text)
{
	struct refusal *refusal = arena_alloc(&oci->policy->arena, sizeof(*refusal));

	if (refusal)
		refusal->text = arena_strndup(&oci->policy->arena, text, strlen(text));
	if (!refusal || !refusal->text) {
		oci_out_of_memory(oci);
		return NULL;
	}
	policy_line(oci->policy, (struct place){ .offset = (uint32_t)at }, &refusal->line, &refusal->column);
	return refusal;
}

void oci_rule_error(struct oci *oci, enum note_id id, size_t at, const char *format, ...)
{
	enum reader_set guards = oci->in_rule ? READS_GUARDS : 0;
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report_unless(&oci->report, guards, id, at, "%s", text);
	if (report_reader(&oci->report, guards) && !oci->refusal)
		oci->refusal = oci_refusal(oci, at, text);
}
