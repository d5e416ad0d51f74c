/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rebase: a three-way merge of what profiles mean. Each name is decided by itself: the rules that name it, in every
 * world (host, capabilities, kernel) that their guards distinguish, mean a filter of their own. Where only one side
 * changed it, that side's rules are taken; where both did, rules are looked for that mean what the definition says in
 * every world, or it is a conflict. The result is an edit of the author's text, and is judged again at the end.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/private.h"
#include "filter/meaning.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "write/profile_edit.h"
#include "write/rebase_judge.h"

enum { LIST = 64 };

/* A rule of one of the three policies. */
struct ref {
	enum side side;
	unsigned rule;
};
struct refs {
	struct ref at[LIST];
	unsigned count;
};

struct rebase {
	const struct callgate_policy *policies[3];
	struct arena arena;
	struct profile_edit edit;   /* of mine */
	struct profile_edit theirs; /* of the new default: where new rules are copied from */
	struct judge judge;
	callgate_conflict_visit *visit;
	void *data;
	unsigned conflicts;
	struct slice *pending; /* per rule of the new default: names for a copy of it, NUL-separated */
	struct callgate_err *err;
};

/* ------------------------------------------------------------------ rules of a name */

static bool has_name(const struct rule *rule, struct slice name)
{
	for (unsigned i = 0; i < rule->name_count; i++)
		if (rule->names[i].text.size == name.size && memcmp(rule->names[i].text.at, name.at, name.size) == 0)
			return true;
	return false;
}

static int refs_of(const struct rebase *rebase, enum side side, struct slice name, struct refs *out)
{
	const struct callgate_policy *policy = rebase->policies[side];

	out->count = 0;
	for (unsigned i = 0; i < policy->rule_count; i++) {
		if (!has_name(&policy->rules[i], name))
			continue;
		if (out->count == LIST)
			return err_set(rebase->err, CALLGATE_E_LIMIT, "more than %d rules for one call", LIST);
		out->at[out->count++] = (struct ref){ side, i };
	}
	return 0;
}

static const struct rule *rule_of(const struct rebase *rebase, struct ref ref)
{
	return &rebase->policies[ref.side]->rules[ref.rule];
}

static bool same_words(const struct word *a, unsigned a_count, const struct word *b, unsigned b_count)
{
	for (unsigned i = 0; i < a_count; i++) {
		bool found = false;

		for (unsigned k = 0; k < b_count && !found; k++)
			found = a[i].text.size == b[k].text.size &&
				memcmp(a[i].text.at, b[k].text.at, a[i].text.size) == 0;
		if (!found)
			return false;
	}
	return a_count == b_count;
}

static bool same_guard(const struct guard *a, const struct guard *b)
{
	return same_words(a->caps, a->cap_count, b->caps, b->cap_count) &&
	       same_words(a->arches, a->arch_count, b->arches, b->arch_count) &&
	       (a->said & SAID_MIN_KERNEL) == (b->said & SAID_MIN_KERNEL) && a->min_major == b->min_major &&
	       a->min_minor == b->min_minor;
}

static unsigned errno_of(const struct verdict *verdict)
{
	if (verdict->kind != CALLGATE_ERRNO && verdict->kind != CALLGATE_TRACE)
		return 0;
	return verdict->said & SAID_ERRNO_WORD  ? verdict->errno_word
	       : verdict->said & SAID_ERRNO_RET ? verdict->errno_ret
						: ERRNO_EPERM;
}

static bool same_rule(const struct rule *a, const struct rule *b)
{
	if (a->verdict.kind != b->verdict.kind || errno_of(&a->verdict) != errno_of(&b->verdict) ||
	    a->condition_count != b->condition_count || !same_guard(&a->includes, &b->includes) ||
	    !same_guard(&a->excludes, &b->excludes))
		return false;
	for (unsigned i = 0; i < a->condition_count; i++) {
		const struct condition *x = &a->conditions[i], *y = &b->conditions[i];

		if (x->index != y->index || x->op != y->op || x->value != y->value || x->value_two != y->value_two)
			return false;
	}
	return true;
}

/* The rule of a list that says the same. LIST: none. */
static unsigned find_same(const struct rebase *rebase, const struct refs *list, struct ref like, uint64_t used)
{
	for (unsigned i = 0; i < list->count; i++)
		if (!(used >> i & 1) && same_rule(rule_of(rebase, list->at[i]), rule_of(rebase, like)))
			return i;
	return LIST;
}

static bool same_refs(const struct rebase *rebase, const struct refs *a, const struct refs *b)
{
	for (unsigned i = 0; i < a->count && i < b->count; i++)
		if (!same_rule(rule_of(rebase, a->at[i]), rule_of(rebase, b->at[i])))
			return false;
	return a->count == b->count;
}

/* Rule by rule: what both have, what only mine has and the old default had not, and the same of the new default. */
static void merge_refs(const struct rebase *rebase, const struct refs of[3], struct refs *out)
{
	const enum side sides[2][2] = { { SIDE_MINE, SIDE_NEW }, { SIDE_NEW, SIDE_MINE } };

	out->count = 0;
	for (unsigned s = 0; s < 2; s++) {
		for (unsigned i = 0; i < of[sides[s][0]].count; i++) {
			struct ref ref = of[sides[s][0]].at[i];
			bool other = find_same(rebase, &of[sides[s][1]], ref, 0) != LIST;
			bool old = find_same(rebase, &of[SIDE_OLD], ref, 0) != LIST;

			if (other ? s == 0 : !old)
				if (out->count < LIST)
					out->at[out->count++] = ref;
		}
	}
}

/* ------------------------------------------------------------------ judging a name */

/* The rules of a list with this name alone, as a policy. */
static int case_of(struct rebase *rebase, const struct refs *refs, enum side side, struct slice name,
		   struct callgate_policy *out)
{
	struct rule *rules = arena_array(&rebase->arena, refs->count ? refs->count : 1, sizeof(*rules));
	struct word *word = arena_alloc(&rebase->arena, sizeof(*word));

	if (!rules || !word)
		return err_nomem(rebase->err);
	*word = (struct word){ name, { 0 } };
	for (unsigned i = 0; i < refs->count; i++) {
		rules[i] = *rule_of(rebase, refs->at[i]);
		rules[i].names = word;
		rules[i].name_count = 1;
	}
	*out = *rebase->policies[side];
	out->rules = rules;
	out->rule_count = refs->count;
	return 0;
}

static void report_conflict(struct rebase *rebase, struct slice name, const struct refs of[3],
			    const struct judgement *judgement)
{
	struct callgate_conflict conflict = { .size = sizeof(conflict),
					      .call = judgement->witness,
					      .target = judgement->target };

	rebase->conflicts++;
	for (int side = 0; side < 3; side++) {
		const struct callgate_policy *policy = rebase->policies[side];
		struct place at = of[side].count ? rule_of(rebase, of[side].at[0])->at : policy->fallback.at;

		policy_line(policy, at, &conflict.line[side], &conflict.column[side]);
		conflict.action[side] = judgement->action[side];
	}
	snprintf(conflict.name, sizeof(conflict.name), "%.*s", (int)(name.size < 63 ? name.size : 63), name.at);
	rebase->visit(rebase->data, &conflict);
}

/* Which rules the name shall have. *out is mine's own list where nothing has to be edited. */
static int choose(struct rebase *rebase, struct slice name, const struct refs of[3], struct refs *out)
{
	const struct refs *candidates[3] = { &of[SIDE_MINE], &of[SIDE_NEW], out };
	struct callgate_policy sides[3], made[3];
	struct judgement judgement;
	int r = 0;

	merge_refs(rebase, of, out);
	for (int i = 0; i < 3 && r == 0; i++) {
		r = case_of(rebase, &of[i], (enum side)i, name, &sides[i]);
		if (r == 0)
			r = case_of(rebase, candidates[i], SIDE_MINE, name, &made[i]);
	}
	if (r == 0)
		r = judge_name(&rebase->judge, sides, made, 3, &judgement, rebase->err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < 3; i++) {
		/* What nobody changed but in words stays as the author has it; what only they changed is taken as they
		 * have it. */
		if (!(judgement.fits >> i & 1) || judgement.conflict)
			continue;
		if (candidates[i] != out)
			*out = *candidates[i];
		return 0;
	}
	report_conflict(rebase, name, of, &judgement);
	*out = of[SIDE_MINE];
	return 0;
}

/* ------------------------------------------------------------------ editing the text */

static void drop_name(struct rebase *rebase, struct ref ref, struct slice name)
{
	const struct rule *rule = rule_of(rebase, ref);

	for (unsigned i = 0; i < rule->name_count && i < rebase->edit.names[ref.rule].count; i++)
		if (rule->names[i].text.size == name.size && memcmp(rule->names[i].text.at, name.at, name.size) == 0)
			rebase->edit.names[ref.rule].elements[i].dropped = true;
	/* The old "name" key holds one: the rule goes with it. */
	if (rule->single_name)
		rebase->edit.rules.elements[ref.rule].dropped = true;
}

static int quoted(struct rebase *rebase, struct slice name, struct slice *out)
{
	char *copy = arena_alloc(&rebase->arena, name.size + 3);

	if (!copy)
		return err_nomem(rebase->err);
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
static int add_name(struct rebase *rebase, struct ref ref, struct slice name, const struct gap *gap, unsigned *where)
{
	const struct callgate_policy *mine = rebase->policies[SIDE_MINE];
	struct slice text, *grown;
	int r = quoted(rebase, name, &text);

	if (r < 0)
		return r;
	for (unsigned i = gap->from; i < mine->rule_count && i < gap->to; i++) {
		if (rebase->edit.names[i].last && same_rule(&mine->rules[i], rule_of(rebase, ref)) &&
		    !has_name(&mine->rules[i], name)) {
			*where = i;
			return edit_array_add(&rebase->arena, &rebase->edit.names[i], text, rebase->err);
		}
	}
	*where = mine->rule_count;
	grown = arena_grow(&rebase->arena, rebase->pending[ref.rule].at, rebase->pending[ref.rule].size,
			   rebase->pending[ref.rule].size + 1, sizeof(*grown));
	if (!grown)
		return err_nomem(rebase->err);
	grown[rebase->pending[ref.rule].size++] = name;
	rebase->pending[ref.rule].at = (const char *)grown;
	return 0;
}

static int apply(struct rebase *rebase, struct slice name, const struct refs *mine, const struct refs *wanted)
{
	uint64_t kept = 0, placed = 0;
	unsigned where[LIST];
	int r = 0;

	for (unsigned i = 0; i < wanted->count; i++) {
		unsigned at = find_same(rebase, mine, wanted->at[i], kept);

		if (at == LIST)
			continue;
		kept |= (uint64_t)1 << at;
		placed |= (uint64_t)1 << i;
		where[i] = mine->at[at].rule;
	}
	for (unsigned i = 0; i < mine->count; i++)
		if (!(kept >> i & 1))
			drop_name(rebase, mine->at[i], name);
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
		r = add_name(rebase, wanted->at[i], name, &gap, &where[i]);
	}
	return r;
}

static bool is_pending(const struct slice *pending, struct slice name)
{
	const struct slice *names = (const struct slice *)(const void *)pending->at;

	for (size_t i = 0; i < pending->size; i++)
		if (names[i].size == name.size && memcmp(names[i].at, name.at, name.size) == 0)
			return true;
	return false;
}

/* Copies of the new default's rules, with the names that are wanted of them. */
static int add_rules(struct rebase *rebase)
{
	const struct callgate_policy *theirs = rebase->policies[SIDE_NEW];

	for (unsigned i = 0; i < theirs->rule_count; i++) {
		struct text text = { 0 };
		struct slice copy;
		char *bytes;
		int r;

		if (!rebase->pending[i].size)
			continue;
		for (unsigned k = 0; k < rebase->theirs.names[i].count; k++)
			rebase->theirs.names[i].elements[k].dropped =
				!is_pending(&rebase->pending[i], theirs->rules[i].names[k].text);
		profile_edit_rule(&rebase->theirs, i, &text);
		r = text_take(&text, &bytes, &copy.size, rebase->err);
		if (r < 0)
			return r;
		copy.at = arena_strndup(&rebase->arena, bytes, copy.size);
		free(bytes);
		r = copy.at ? edit_array_add(&rebase->arena, &rebase->edit.rules, copy, rebase->err)
			    : err_nomem(rebase->err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ------------------------------------------------------------------ the profile's own keys */

static const char *const merged_keys[] = { "defaultAction", "defaultErrnoRet", "architectures", "archMap", "flags" };
enum { KEYS = sizeof(merged_keys) / sizeof(merged_keys[0]) };

struct key_edit {
	struct slice value; /* in place of mine's; .at NULL: taken away */
	bool changed;
};

static struct slice value_of(const struct profile_edit *edit, const char *key)
{
	const struct edit_key *at = profile_edit_key(edit, key);

	return at ? (struct slice){ edit->source->text + at->value_first, at->value_last - at->value_first }
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

static int merge_keys(struct rebase *rebase, const struct profile_edit *old, struct key_edit out[KEYS])
{
	for (unsigned i = 0; i < KEYS; i++) {
		struct slice o = value_of(old, merged_keys[i]), n = value_of(&rebase->theirs, merged_keys[i]);
		struct slice m = value_of(&rebase->edit, merged_keys[i]);

		out[i] = (struct key_edit){ 0 };
		if (strncmp(merged_keys[i], "arch", 4) == 0) {
			out[i] = (struct key_edit){ n, rebase->judge.arches == rebase->policies[SIDE_NEW] &&
							       !same_value(m, n, merged_keys[i]) };
			continue;
		}
		if (same_value(m, n, merged_keys[i]) || same_value(o, n, merged_keys[i]))
			continue;
		if (!same_value(o, m, merged_keys[i]))
			return err_set(rebase->err, CALLGATE_E_UNSUPPORTED,
				       "both sides changed \"%s\", each in its own way", merged_keys[i]);
		out[i] = (struct key_edit){ .value = n, .changed = true };
	}
	return 0;
}

/* The text up to and from the array of rules, with the keys edited. */
static void add_span(struct rebase *rebase, const struct key_edit keys[KEYS], size_t first, size_t last,
		     struct text *out)
{
	const char *text = rebase->edit.source->text;

	for (unsigned i = 0; i < rebase->edit.key_count; i++) {
		const struct edit_key *key = &rebase->edit.keys[i];

		for (unsigned k = 0; k < KEYS; k++) {
			size_t end = i + 1 < rebase->edit.key_count ? rebase->edit.keys[i + 1].first : key->value_last;

			if (!keys[k].changed || !slice_is(key->key, merged_keys[k]) || key->first < first ||
			    key->value_last > last)
				continue;
			text_add_bytes(out, text + first, (keys[k].value.at ? key->value_first : key->first) - first);
			text_add_bytes(out, keys[k].value.at ? keys[k].value.at : "", keys[k].value.size);
			first = keys[k].value.at ? key->value_last : end;
		}
	}
	text_add_bytes(out, text + first, last - first);
}

/* Keys that mine has not, before the rules. */
static void add_missing(struct rebase *rebase, const struct key_edit keys[KEYS], struct text *out)
{
	for (unsigned k = 0; k < KEYS; k++)
		if (keys[k].changed && keys[k].value.at && !profile_edit_key(&rebase->edit, merged_keys[k])) {
			text_add(out, "\"%s\": ", merged_keys[k]);
			text_add_bytes(out, keys[k].value.at, keys[k].value.size);
			text_add(out, ",\n\t");
		}
}

static int write_result(struct rebase *rebase, const struct key_edit keys[KEYS], struct text *out)
{
	const struct profile_edit *edit = &rebase->edit;
	const struct edit_key *rules = profile_edit_key(edit, "syscalls");
	int r;

	add_span(rebase, keys, 0, rules->first, out);
	add_missing(rebase, keys, out);
	text_add_bytes(out, edit->source->text + rules->first, edit->rules.first - rules->first);
	r = profile_edit_rules(edit, out, rebase->err);
	add_span(rebase, keys, edit->rules.last, edit->source->size, out);
	return r;
}

/* ------------------------------------------------------------------ the whole */

/* Each name of the three once: it is taken where the earlier policies and rules do not have it. */
static bool is_first(const struct rebase *rebase, int side, unsigned rule, unsigned name)
{
	const struct word *word = &rebase->policies[side]->rules[rule].names[name];

	for (int s = 0; s <= side; s++) {
		const struct callgate_policy *policy = rebase->policies[s];
		unsigned end = s == side ? rule : policy->rule_count;

		for (unsigned i = 0; i < end; i++)
			if (has_name(&policy->rules[i], word->text))
				return false;
	}
	for (unsigned i = 0; i < name; i++)
		if (word[-(int)(i + 1)].text.size == word->text.size &&
		    memcmp(word[-(int)(i + 1)].text.at, word->text.at, word->text.size) == 0)
			return false;
	return true;
}

typedef int each_name(struct rebase *rebase, struct slice name, const struct refs of[3], void *data);

static int for_each_name(struct rebase *rebase, each_name *each, void *data)
{
	struct refs of[3];
	int r = 0;

	for (int side = 0; side < 3; side++) {
		const struct callgate_policy *policy = rebase->policies[side];

		for (unsigned i = 0; i < policy->rule_count && r == 0; i++) {
			for (unsigned k = 0; k < policy->rules[i].name_count && r == 0; k++) {
				struct slice name = policy->rules[i].names[k].text;

				if (!is_first(rebase, side, i, k))
					continue;
				for (int s = 0; s < 3 && r == 0; s++)
					r = refs_of(rebase, (enum side)s, name, &of[s]);
				if (r == 0)
					r = each(rebase, name, of, data);
			}
		}
	}
	return r;
}

static int merge_name(struct rebase *rebase, struct slice name, const struct refs of[3], void *data)
{
	struct refs wanted;
	int r;

	(void)data;
	/* What means the same whatever the world is needs no judge. */
	if (same_refs(rebase, &of[SIDE_OLD], &of[SIDE_NEW]) || same_refs(rebase, &of[SIDE_MINE], &of[SIDE_NEW]))
		return 0;
	if (same_refs(rebase, &of[SIDE_OLD], &of[SIDE_MINE]))
		return apply(rebase, name, &of[SIDE_MINE], &of[SIDE_NEW]);
	r = choose(rebase, name, of, &wanted);
	return r < 0 ? r : apply(rebase, name, &of[SIDE_MINE], &wanted);
}

/* The last proof: what the result has for the name is what the definition says, in every world. */
static int prove_name(struct rebase *rebase, struct slice name, const struct refs of[3], void *data)
{
	const struct callgate_policy *result = data;
	struct callgate_policy sides[3], made;
	struct judgement judgement;
	struct refs refs = { .count = 0 };
	struct rule *rules;
	int r = 0;

	for (int i = 0; i < 3 && r == 0; i++)
		r = case_of(rebase, &of[i], (enum side)i, name, &sides[i]);
	rules = arena_array(&rebase->arena, LIST, sizeof(*rules));
	if (r < 0 || !rules)
		return r < 0 ? r : err_nomem(rebase->err);
	made = *result;
	made.rules = rules;
	for (unsigned i = 0; i < result->rule_count && refs.count < LIST; i++) {
		if (!has_name(&result->rules[i], name))
			continue;
		rules[refs.count] = result->rules[i];
		for (unsigned k = 0; k < result->rules[i].name_count; k++)
			if (result->rules[i].names[k].text.size == name.size &&
			    memcmp(result->rules[i].names[k].text.at, name.at, name.size) == 0)
				rules[refs.count].names = &result->rules[i].names[k];
		rules[refs.count++].name_count = 1;
	}
	made.rule_count = refs.count;
	r = judge_name(&rebase->judge, sides, &made, 1, &judgement, rebase->err);
	if (r < 0)
		return r;
	return judgement.fits ? 0
			      : err_set(rebase->err, CALLGATE_E_MISMATCH, "%.*s: the result would not mean the merge",
					(int)name.size, name.at);
}

static int prove(struct rebase *rebase, const char *bytes, size_t size)
{
	struct callgate_policy *result;
	int r = callgate_policy_parse(bytes, size, "the result", &result, NULL, rebase->err);

	if (r < 0)
		return r;
	r = for_each_name(rebase, prove_name, result);
	callgate_policy_free(result);
	return r;
}

static int rebase_all(struct rebase *rebase, char **bytes, size_t *size)
{
	struct profile_edit old;
	struct key_edit keys[KEYS];
	struct text out = { 0 };
	int r = profile_edit_open(rebase->policies[SIDE_OLD], &rebase->arena, &old, rebase->err);

	if (r == 0)
		r = profile_edit_open(rebase->policies[SIDE_NEW], &rebase->arena, &rebase->theirs, rebase->err);
	if (r == 0)
		r = profile_edit_open(rebase->policies[SIDE_MINE], &rebase->arena, &rebase->edit, rebase->err);
	rebase->pending =
		arena_array(&rebase->arena, rebase->policies[SIDE_NEW]->rule_count + 1, sizeof(*rebase->pending));
	if (r == 0 && !rebase->pending)
		r = err_nomem(rebase->err);
	if (r == 0)
		r = merge_keys(rebase, &old, keys);
	if (r == 0)
		r = for_each_name(rebase, merge_name, NULL);
	if (r == 0 && rebase->conflicts)
		r = err_set(rebase->err, CALLGATE_E_UNSUPPORTED, "%u conflicts", rebase->conflicts);
	if (r == 0)
		r = add_rules(rebase);
	if (r == 0)
		r = write_result(rebase, keys, &out);
	if (r == 0)
		r = text_take(&out, bytes, size, rebase->err);
	text_release(&out);
	return r;
}

int callgate_policy_rebase(const struct callgate_rebase *how, char **out, size_t *size, struct callgate_err *err)
{
	struct rebase rebase = { .err = err };
	char *bytes = NULL;
	int r;

	if (!how || how->size != sizeof(*how) || !how->from || !how->to || !how->mine || !how->conflict || !out ||
	    !size)
		return err_set(err, CALLGATE_E_ARG, "three policies, and whom to tell of conflicts, are needed");
	rebase.policies[SIDE_OLD] = how->from;
	rebase.policies[SIDE_NEW] = how->to;
	rebase.policies[SIDE_MINE] = how->mine;
	rebase.visit = how->conflict;
	rebase.data = how->data;
	r = judge_open(&rebase.judge, rebase.policies, err);
	if (r == 0)
		r = rebase_all(&rebase, &bytes, size);
	if (r == 0)
		r = prove(&rebase, bytes, *size);
	arena_free(&rebase.arena);
	if (r < 0) {
		free(bytes);
		return r;
	}
	*out = bytes;
	return 0;
}
