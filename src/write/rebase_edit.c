/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edit of a rebase: names go and come in the author's rules, the new default's rules are copied behind them, and the
 * keys of the profile itself are merged. */
#include "write/rebase_edit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* ------------------------------------------------------------------ rules and names */

static void drop_name(struct rebase_edit *edit, struct ref ref, struct slice name)
{
	const struct rule *rule = ref.rule;
	const struct edit_array *names = &edit->mine.names[ref.index];

	for (unsigned i = 0; i < rule->name_count && i < names->count; i++)
		if (slice_equal(rule->names[i].text, name))
			names->elements[i].dropped = true;
	/* The old "name" key holds one: the rule goes with it. */
	if (rule->single_name)
		edit->mine.rules.elements[ref.index].dropped = true;
}

static int quoted(struct rebase_edit *edit, struct slice name, struct slice *out, struct callgate_err *err)
{
	char *copy = arena_alloc(edit->arena, name.size + 3);

	if (!copy)
		return err_nomem(err);
	copy[0] = copy[name.size + 1] = '"';
	memcpy(copy + 1, name.at, name.size);
	*out = (struct slice){ copy, name.size + 2 };
	return 0;
}

/* Rules of the author's from from up to to - 1. */
struct gap {
	unsigned from, to;
};

/* Into a rule of the author's that says the same, above and below which the name's other rules are, else into a copy of
 * the new default's rule: of rules that overlap the order may decide. *where: its place in the author's text. */
static int add_name(struct rebase_edit *edit, struct ref ref, struct slice name, const struct gap *gap, unsigned *where,
		    struct callgate_err *err)
{
	const struct callgate_policy *mine = edit->policies[SIDE_MINE];
	struct slice text, *grown;
	int r = quoted(edit, name, &text, err);

	if (r < 0)
		return r;
	for (unsigned i = gap->from; i < mine->rule_count && i < gap->to; i++) {
		if (edit->mine.names[i].last && rule_same(&mine->rules[i], ref.rule) &&
		    !rule_name(&mine->rules[i], name)) {
			*where = i;
			return edit_array_add(edit->arena, &edit->mine.names[i], text, err);
		}
	}
	*where = mine->rule_count;
	grown = arena_grow(edit->arena, edit->pending[ref.index].at, edit->pending[ref.index].size,
			   edit->pending[ref.index].size + 1, sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	grown[edit->pending[ref.index].size++] = name;
	edit->pending[ref.index].at = (const char *)grown;
	return 0;
}

int rebase_edit_name(struct rebase_edit *edit, struct slice name, const struct refs *mine, const struct refs *wanted,
		     struct callgate_err *err)
{
	uint64_t kept = 0, placed = 0;
	unsigned where[REFS];
	int r = 0;

	for (unsigned i = 0; i < wanted->count; i++) {
		unsigned at = refs_find(mine, wanted->at[i], kept);

		if (at == REFS)
			continue;
		kept |= (uint64_t)1 << at;
		placed |= (uint64_t)1 << i;
		where[i] = mine->at[at].index;
	}
	for (unsigned i = 0; i < mine->count; i++)
		if (!(kept >> i & 1))
			drop_name(edit, mine->at[i], name);
	for (unsigned i = 0; i < wanted->count && r == 0; i++) {
		struct gap gap = { 0, UINT_MAX };

		if (placed >> i & 1)
			continue;
		for (unsigned k = 0; k < wanted->count; k++) {
			if (k < i && where[k] >= gap.from)
				gap.from = where[k] + 1;
			if (k > i && placed >> k & 1 && where[k] < gap.to)
				gap.to = where[k];
		}
		r = add_name(edit, wanted->at[i], name, &gap, &where[i], err);
	}
	return r;
}

static bool is_pending(const struct slice *pending, struct slice name)
{
	const struct slice *names = (const struct slice *)(const void *)pending->at;

	for (size_t i = 0; i < pending->size; i++)
		if (slice_equal(names[i], name))
			return true;
	return false;
}

/* Copies of the new default's rules, with the names that are wanted of them. */
static int add_rules(struct rebase_edit *edit, struct callgate_err *err)
{
	const struct callgate_policy *theirs = edit->policies[SIDE_NEW];

	for (unsigned i = 0; i < theirs->rule_count; i++) {
		struct text text = { 0 };
		struct slice copy;
		char *bytes;
		int r;

		if (!edit->pending[i].size)
			continue;
		for (unsigned k = 0; k < edit->theirs.names[i].count; k++)
			edit->theirs.names[i].elements[k].dropped =
				!is_pending(&edit->pending[i], theirs->rules[i].names[k].text);
		profile_edit_rule(&edit->theirs, i, &text);
		r = text_take(&text, &bytes, &copy.size, err);
		if (r < 0)
			return r;
		copy.at = arena_strndup(edit->arena, bytes, copy.size);
		free(bytes);
		r = copy.at ? edit_array_add(edit->arena, &edit->mine.rules, copy, err) : err_nomem(err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ------------------------------------------------------------------ the profile's own keys */

static const char *const merged_keys[REBASE_KEYS] = { "defaultAction", "defaultErrnoRet", "architectures", "archMap",
						      "flags" };

static struct slice value_of(const struct profile_edit *profile, const char *key)
{
	const struct edit_key *at = profile_edit_key(profile, key);

	return at ? (struct slice){ profile->source->text + at->value_first, at->value_last - at->value_first }
		  : (struct slice){ 0 };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Alike but for blanks. defaultErrnoRet has a default. */
static bool same_value(struct slice a, struct slice b, const char *key)
{
	size_t i = 0, k = 0;

	if (strcmp(key, "defaultErrnoRet") == 0) {
		a = a.at ? a : SLICE("1");
		b = b.at ? b : SLICE("1");
	}
	if (!a.at || !b.at)
		return !a.at && !b.at;
	for (;;) {
		while (i < a.size && is_blank(a.at[i]))
			i++;
		while (k < b.size && is_blank(b.at[k]))
			k++;
		if (i == a.size || k == b.size)
			return i == a.size && k == b.size;
		if (a.at[i++] != b.at[k++])
			return false;
	}
}

static int merge_keys(struct rebase_edit *edit, bool new_arches, struct callgate_err *err)
{
	for (unsigned i = 0; i < REBASE_KEYS; i++) {
		struct slice o = value_of(&edit->old, merged_keys[i]), n = value_of(&edit->theirs, merged_keys[i]);
		struct slice m = value_of(&edit->mine, merged_keys[i]);

		edit->keys[i] = (struct key_edit){ 0 };
		if (strncmp(merged_keys[i], "arch", 4) == 0) {
			edit->keys[i] = (struct key_edit){ n, new_arches && !same_value(m, n, merged_keys[i]) };
			continue;
		}
		if (same_value(m, n, merged_keys[i]) || same_value(o, n, merged_keys[i]))
			continue;
		if (!same_value(o, m, merged_keys[i]))
			return err_set(err, CALLGATE_E_UNSUPPORTED, "both sides changed \"%s\", each in its own way",
				       merged_keys[i]);
		edit->keys[i] = (struct key_edit){ .value = n, .changed = true };
	}
	return 0;
}

/* The text up to and from the array of rules, with the keys edited. */
static void add_span(const struct rebase_edit *edit, size_t first, size_t last, struct text *out)
{
	const char *text = edit->mine.source->text;

	for (unsigned i = 0; i < edit->mine.key_count; i++) {
		const struct edit_key *key = &edit->mine.keys[i];

		for (unsigned k = 0; k < REBASE_KEYS; k++) {
			size_t end = i + 1 < edit->mine.key_count ? edit->mine.keys[i + 1].first : key->value_last;

			if (!edit->keys[k].changed || !slice_is(key->key, merged_keys[k]) || key->first < first ||
			    key->value_last > last)
				continue;
			text_add_bytes(out, text + first,
				       (edit->keys[k].value.at ? key->value_first : key->first) - first);
			text_add_bytes(out, edit->keys[k].value.at ? edit->keys[k].value.at : "",
				       edit->keys[k].value.size);
			first = edit->keys[k].value.at ? key->value_last : end;
		}
	}
	text_add_bytes(out, text + first, last - first);
}

/* Keys that mine has not, before the rules. */
static void add_missing(const struct rebase_edit *edit, struct text *out)
{
	for (unsigned k = 0; k < REBASE_KEYS; k++)
		if (edit->keys[k].changed && edit->keys[k].value.at && !profile_edit_key(&edit->mine, merged_keys[k])) {
			text_add(out, "\"%s\": ", merged_keys[k]);
			text_add_bytes(out, edit->keys[k].value.at, edit->keys[k].value.size);
			text_add(out, ",\n\t");
		}
}

int rebase_edit_write(struct rebase_edit *edit, struct text *out, struct callgate_err *err)
{
	const struct profile_edit *mine = &edit->mine;
	const struct edit_key *rules = profile_edit_key(mine, "syscalls");
	int r = add_rules(edit, err);

	if (r < 0)
		return r;
	add_span(edit, 0, rules->first, out);
	add_missing(edit, out);
	text_add_bytes(out, mine->source->text + rules->first, mine->rules.first - rules->first);
	r = profile_edit_rules(mine, out, err);
	add_span(edit, mine->rules.last, mine->source->size, out);
	return r;
}

int rebase_edit_open(struct rebase_edit *edit, bool new_arches, struct callgate_err *err)
{
	const struct callgate_policy *const *policies = edit->policies;
	int r = profile_edit_open(policies[SIDE_OLD], edit->arena, &edit->old, err);

	if (r == 0)
		r = profile_edit_open(policies[SIDE_NEW], edit->arena, &edit->theirs, err);
	if (r == 0)
		r = profile_edit_open(policies[SIDE_MINE], edit->arena, &edit->mine, err);
	if (r < 0)
		return r;
	edit->pending = arena_array(edit->arena, policies[SIDE_NEW]->rule_count + 1, sizeof(*edit->pending));
	return edit->pending ? merge_keys(edit, new_arches, err) : err_nomem(err);
}
