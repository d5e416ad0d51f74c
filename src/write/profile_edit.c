/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profile edit: one pass finds the places; arrays are written anew with the blanks and line ends that stood before each
 * element. */
#include "write/profile_edit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/json_scan.h"

/* ------------------------------------------------------------------ places */

static int add_element(struct arena *arena, struct edit_array *array, size_t first, size_t last,
		       struct callgate_err *err)
{
	if ((array->count & (array->count - 1)) == 0) {
		struct edit_element *grown = arena_grow(arena, array->elements, array->count,
							array->count ? array->count * 2 : 1, sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		array->elements = grown;
	}
	array->elements[array->count++] = (struct edit_element){ .first = first, .last = last };
	return 0;
}

static int no_profile(struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_UNSUPPORTED, "only the JSON text of a profile can be edited");
}

static int scan_names(struct profile_edit *edit, struct json *json, struct edit_array *out, struct callgate_err *err)
{
	struct json_token token;
	int r = 0;

	while (r == 0 && json_next(json, &token) == JSON_STRING)
		r = add_element(edit->arena, out, token.first, token.last, err);
	out->last = token.last;
	return r < 0 || token.kind == JSON_ARRAY_END ? r : no_profile(err);
}

static int scan_rule(struct profile_edit *edit, struct json *json, struct edit_array *names, size_t *last,
		     struct callgate_err *err)
{
	struct json_token key, value;
	int r = 0;

	while (r == 0 && json_next(json, &key) == JSON_KEY) {
		bool is_names = slice_is(key.text, "names");

		if (json_next(json, &value) == JSON_ARRAY && is_names) {
			names->first = value.first;
			r = scan_names(edit, json, names, err);
		} else if (!json_skip(json, &value, last)) {
			r = no_profile(err);
		}
	}
	*last = key.last;
	return r < 0 || key.kind == JSON_OBJECT_END ? r : no_profile(err);
}

static int scan_rules(struct profile_edit *edit, struct json *json, unsigned rules, struct callgate_err *err)
{
	struct json_token token;
	int r = 0;

	edit->names = arena_array(edit->arena, rules ? rules : 1, sizeof(*edit->names));
	if (!edit->names)
		return err_nomem(err);
	while (r == 0 && json_next(json, &token) == JSON_OBJECT) {
		size_t first = token.first, last;

		if (edit->rules.count == rules)
			return no_profile(err);
		r = scan_rule(edit, json, &edit->names[edit->rules.count], &last, err);
		if (r == 0)
			r = add_element(edit->arena, &edit->rules, first, last, err);
	}
	edit->rules.last = token.last;
	return r < 0 || (token.kind == JSON_ARRAY_END && edit->rules.count == rules) ? r : no_profile(err);
}

static int add_key(struct profile_edit *edit, const struct json_token *key, size_t first, size_t last,
		   struct callgate_err *err)
{
	struct edit_key *grown =
		arena_grow(edit->arena, edit->keys, edit->key_count, edit->key_count + 1, sizeof(*grown));

	if (!grown)
		return err_nomem(err);
	edit->keys = grown;
	grown[edit->key_count++] = (struct edit_key){ key->text, key->first, first, last };
	return 0;
}

int profile_edit_open(const struct callgate_policy *policy, struct arena *arena, struct profile_edit *out,
		      struct callgate_err *err)
{
	struct profile_edit edit = { .source = &policy->source, .arena = arena };
	struct json_token key, value;
	struct json json;
	size_t last;
	int r = 0;

	if (policy->dialect != DIALECT_OCI && policy->dialect != DIALECT_DOCKER)
		return no_profile(err);
	json_start(&json, &policy->source, policy->value_first, arena);
	if (json_next(&json, &value) != JSON_OBJECT)
		return no_profile(err);
	while (r == 0 && json_next(&json, &key) == JSON_KEY) {
		json_next(&json, &value);
		if (value.kind == JSON_ARRAY && slice_is(key.text, "syscalls")) {
			edit.rules.first = value.first;
			r = scan_rules(&edit, &json, policy->rule_count, err);
			last = edit.rules.last;
		} else if (!json_skip(&json, &value, &last)) {
			return no_profile(err);
		}
		if (r == 0)
			r = add_key(&edit, &key, value.first, last, err);
	}
	if (r == 0 && (key.kind != JSON_OBJECT_END || !edit.rules.last))
		r = no_profile(err);
	if (r == 0)
		*out = edit;
	return r;
}

const struct edit_key *profile_edit_key(const struct profile_edit *edit, const char *key)
{
	for (unsigned i = 0; i < edit->key_count; i++)
		if (slice_is(edit->keys[i].key, key))
			return &edit->keys[i];
	return NULL;
}

/* ------------------------------------------------------------------ writing */

int edit_array_add(struct arena *arena, struct edit_array *array, struct slice text, struct callgate_err *err)
{
	struct slice *grown =
		arena_grow(arena, array->added, array->added_count, array->added_count + 1, sizeof(*grown));

	if (!grown)
		return err_nomem(err);
	array->added = grown;
	grown[array->added_count++] = text;
	return 0;
}

static int compare_text(const char *a, size_t a_size, struct slice b)
{
	int order = memcmp(a, b.at, a_size < b.size ? a_size : b.size);

	return order ? order : (a_size > b.size) - (a_size < b.size);
}

struct writing {
	const struct source *source;
	const struct edit_array *array;
	struct text *out;
	unsigned written;
	uint64_t *placed; /* bit per added element */
};

static void add_source(struct writing *writing, size_t first, size_t last)
{
	text_add_bytes(writing->out, writing->source->text + first, last - first);
}

/* What stands before element i: behind the bracket, or comma and blanks. */
static void add_before(struct writing *writing, unsigned i)
{
	const struct edit_array *array = writing->array;
	const char *text = writing->source->text;
	size_t first = array->first + 1, last = array->count ? array->elements[0].first : array->first + 1;

	if (!writing->written++) {
		add_source(writing, first, last);
		return;
	}
	/* As before this element, where there is one; else as before the second, or the first behind a comma. */
	if (i >= array->count && array->count)
		i = array->count - 1;
	if (i && i < array->count) {
		add_source(writing, array->elements[i - 1].last, array->elements[i].first);
	} else if (array->count > 1) {
		add_source(writing, array->elements[0].last, array->elements[1].first);
	} else {
		text_add(writing->out, ",%s", last > first ? "" : " ");
		text_add_bytes(writing->out, text + first, last - first);
	}
}

/* Whether a new element goes before element at: it stands between that and the one before it. */
static bool belongs_before(const struct writing *writing, unsigned at, struct slice added)
{
	const struct edit_element *element = &writing->array->elements[at];
	const char *text = writing->source->text;

	if (compare_text(text + element->first, element->last - element->first, added) < 0)
		return false;
	return at == 0 || compare_text(text + element[-1].first, element[-1].last - element[-1].first, added) < 0;
}

/* All that belongs before an element; at the end, all that has found no place. */
static void add_new(struct writing *writing, unsigned at)
{
	const struct edit_array *array = writing->array;

	for (unsigned k = 0; k < array->added_count; k++) {
		if (writing->placed[k / 64] >> k % 64 & 1)
			continue;
		if (at < array->count && !belongs_before(writing, at, array->added[k]))
			continue;
		writing->placed[k / 64] |= (uint64_t)1 << k % 64;
		add_before(writing, at);
		text_add_bytes(writing->out, array->added[k].at, array->added[k].size);
	}
}

static void write_array(const struct profile_edit *edit, const struct edit_array *array, struct text *out)
{
	bool sorted = array != &edit->rules; /* rules have no order of their own */
	uint64_t *placed = arena_array(edit->arena, array->added_count / 64 + 1, sizeof(*placed));
	struct writing writing = { edit->source, array, out, 0, placed };

	if (!placed) {
		out->failed = true;
		return;
	}
	text_add(out, "[");
	for (unsigned i = 0; i < array->count; i++) {
		const struct edit_element *element = &array->elements[i];

		if (sorted)
			add_new(&writing, i);
		if (element->dropped)
			continue;
		add_before(&writing, i);
		if (element->instead)
			text_add_bytes(out, element->instead, element->instead_size);
		else
			add_source(&writing, element->first, element->last);
	}
	add_new(&writing, array->count);
	if (array->count)
		add_source(&writing, array->elements[array->count - 1].last, array->last);
	else
		text_add(out, "]");
}

static bool is_changed(const struct edit_array *array)
{
	bool changed = array->added_count != 0;

	for (unsigned i = 0; i < array->count; i++)
		changed |= array->elements[i].dropped || array->elements[i].instead;
	return changed;
}

static bool is_empty(const struct edit_array *array)
{
	bool empty = array->last && !array->added_count;

	for (unsigned i = 0; i < array->count; i++)
		empty &= array->elements[i].dropped;
	return empty;
}

void profile_edit_rule(const struct profile_edit *edit, unsigned rule, struct text *out)
{
	const struct edit_element *element = &edit->rules.elements[rule];
	const struct edit_array *names = &edit->names[rule];
	const char *text = edit->source->text;

	if (!is_changed(names)) {
		text_add_bytes(out, text + element->first, element->last - element->first);
		return;
	}
	text_add_bytes(out, text + element->first, names->first - element->first);
	write_array(edit, names, out);
	text_add_bytes(out, text + names->last, element->last - names->last);
}

int profile_edit_rules(const struct profile_edit *edit, struct text *out, struct callgate_err *err)
{
	for (unsigned i = 0; i < edit->rules.count; i++) {
		struct edit_element *element = &edit->rules.elements[i];
		struct text rule = { 0 };
		char *bytes;
		size_t size;
		int r;

		if (!is_changed(&edit->names[i]))
			continue;
		if (is_empty(&edit->names[i])) {
			element->dropped = true;
			continue;
		}
		profile_edit_rule(edit, i, &rule);
		r = text_take(&rule, &bytes, &size, err);
		if (r < 0)
			return r;
		element->instead = arena_strndup(edit->arena, bytes, size);
		element->instead_size = size;
		free(bytes);
		if (!element->instead)
			return err_nomem(err);
	}
	write_array(edit, &edit->rules, out);
	return out->failed ? err_nomem(err) : 0;
}
