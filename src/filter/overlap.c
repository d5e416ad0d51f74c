/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overlap: the clauses, grouped by action, are tried group by group from the first on and from the last on. Where one call
 * matches two groups, both orders answer differently, and nowhere else: their meanings are equal exactly when nothing overlaps.
 */
#include "filter/overlap.h"

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "filter/conditions.h"
#include "filter/meaning.h"
#include "names/words.h"

/* The number of different actions; group[i] is the one of clause i. */
static unsigned group_actions(const struct clause *clauses, unsigned count, unsigned *group)
{
	unsigned groups = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned j;

		for (j = 0; j < i; j++)
			if (action_equal(clauses[j].action, clauses[i].action))
				break;
		group[i] = j < i ? group[j] : groups++;
	}
	return groups;
}

/* One clause before what is already there. */
static const struct node *prepend(struct callgate_filter *scratch, const struct clause *clause, const struct node *rest)
{
	const struct node *node = filter_leaf(scratch, clause->action, (struct callgate_origin){ 0 });

	for (unsigned i = clause->test_count; i-- > 0;)
		node = filter_test(scratch, clause->tests[i], node, rest);
	return node;
}

enum order { FIRST_GROUP_FIRST, LAST_GROUP_FIRST };

static const struct node *chain(struct callgate_filter *scratch, const struct clause *clauses, const unsigned *group,
                                const unsigned counts[2], enum order order)
{
	/* Stands for "none of them": an opaque leaf equals no action. */
	const struct node *node = filter_opaque(scratch, 0);
	unsigned count = counts[0], groups = counts[1];

	for (unsigned step = 0; step < groups; step++) {
		unsigned wanted = order == FIRST_GROUP_FIRST ? groups - 1 - step : step; /* prepending reverses */

		for (unsigned i = 0; i < count && node; i++)
			if (group[i] == wanted)
				node = prepend(scratch, &clauses[i], node);
	}
	return node;
}

static bool clause_matches(const struct clause *clause, const uint64_t args[6])
{
	for (unsigned i = 0; i < clause->test_count; i++)
		if (!test_holds(&clause->tests[i], args))
			return false;
	return true;
}

/* The word of list that clause was made from. */
static const struct word *name_of(const struct candidate_list *list, const struct clause *clause)
{
	for (const struct candidate *at = list->first; at; at = at->next)
		if (at->origin.line == clause->origin.line && at->origin.column == clause->origin.column)
			return at->name;
	return list->first->name;
}

static int report(const struct resolution *res, const struct candidate_list *list, const struct clause *clauses, unsigned count,
                  const uint64_t args[6])
{
	const struct clause *first = NULL, *second = NULL;
	const struct word *name;
	char words[2][32];

	for (unsigned i = 0; i < count; i++) {
		if (!clause_matches(&clauses[i], args))
			continue;
		if (!first)
			first = &clauses[i];
		else if (!second && !action_equal(first->action, clauses[i].action))
			second = &clauses[i];
	}
	if (!first || !second)
		return CALLGATE_E_PROFILE;
	callgate_action_format(first->action, words[0], sizeof(words[0]));
	callgate_action_format(second->action, words[1], sizeof(words[1]));
	name = name_of(list, second);
	return note_at(res->notes, CALLGATE_ERROR, res->target->reader == CALLGATE_AS_LAW ? NOTE_CONFLICT : NOTE_READER,
	               &res->policy->source, name->at.offset,
	               "%.*s(0x%llx,0x%llx,0x%llx,0x%llx,0x%llx,0x%llx) matches this rule (%s) and the one on line %u (%s)",
	               (int)name->text.size, name->text.at, (unsigned long long)args[0], (unsigned long long)args[1],
	               (unsigned long long)args[2], (unsigned long long)args[3], (unsigned long long)args[4],
	               (unsigned long long)args[5], words[1], first->origin.line, words[0]);
}

static int refuse(const struct resolution *res, const struct candidate_list *list, const struct clause *clause,
		  const struct clause *earlier, struct callgate_err *err)
{
	const struct word *name = name_of(list, clause);

	note_at(res->notes, CALLGATE_ERROR, NOTE_CONFLICT, &res->policy->source, name->at.offset,
		"'%.*s': this rule has the first conditions of the one on line %u and another action: %s refuses the profile",
		(int)name->text.size, name->text.at, earlier->origin.line, reader_name(res->target->reader));
	return err_set(err, CALLGATE_E_PROFILE, "two rules for '%.*s' contradict each other", (int)name->text.size,
		       name->text.at);
}

int overlap_settle(const struct resolution *res, const struct candidate_list *list, struct rule_clauses *clauses,
		   struct callgate_err *err)
{
	struct clause *kept = clauses->clauses;
	unsigned count = 0;

	for (unsigned i = 0; i < clauses->count; i++) {
		struct clause clause = clauses->clauses[i];
		unsigned left = 0;
		bool narrower = false;

		for (unsigned j = 0; j < count && !narrower; j++)
			narrower = clause_begins(&clause, &kept[j]) && !clause_begins(&kept[j], &clause);
		for (unsigned j = 0; j < count && !narrower; j++) {
			if (!clause_begins(&kept[j], &clause))
				kept[left++] = kept[j];
			else if (!action_equal(clause.action, kept[j].action))
				return refuse(res, list, &clause, &kept[j], err);
		}
		if (narrower)
			continue;
		kept[left++] = clause;
		count = left;
	}
	clauses->count = count;
	return 0;
}

static int compare(const struct callgate_filter *scratch, const struct node *forward, const struct node *backward,
                   uint64_t args[6], struct callgate_err *err)
{
	meaning_ref one = 0, other = 0;
	struct meaning *meaning;
	int r = meaning_new(&meaning, err);

	if (r < 0)
		return r;
	r = meaning_of(meaning, scratch, forward, &one, err);
	if (r == 0)
		r = meaning_of(meaning, scratch, backward, &other, err);
	if (r == 0 && meaning_witness(meaning, one, other, args))
		r = CALLGATE_E_PROFILE;
	meaning_free(meaning);
	return r;
}

int overlap_check(const struct resolution *res, const struct candidate_list *list, const struct clause *clauses, unsigned count,
                  uint8_t word, struct callgate_err *err)
{
	unsigned *group = arena_array(res->scratch, count ? count : 1, sizeof(*group));
	const struct node *forward, *backward;
	struct callgate_filter *scratch;
	uint64_t args[6] = { 0 };
	unsigned groups;
	int r;

	if (!group)
		return err_nomem(err);
	groups = group_actions(clauses, count, group);
	if (groups < 2)
		return 0;
	r = filter_new("", &scratch, err);
	if (r < 0)
		return r;
	forward = chain(scratch, clauses, group, (const unsigned[2]){ count, groups }, FIRST_GROUP_FIRST);
	backward = chain(scratch, clauses, group, (const unsigned[2]){ count, groups }, LAST_GROUP_FIRST);
	if (!forward || !backward)
		r = err_set(err, CALLGATE_E_LIMIT, "too complex: conditional rules for one syscall");
	else
		r = compare(scratch, forward, backward, args, err);
	callgate_filter_free(scratch);
	if (r != CALLGATE_E_PROFILE)
		return r;
	report(res, list, clauses, count, args);
	if (res->target->reader != CALLGATE_AS_LAW)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "cannot predict which of two rules for '%.*s' %s would follow",
		               (int)list->first->name->text.size, list->first->name->text.at, reader_name(res->target->reader));
	return err_set(err, CALLGATE_E_PROFILE, "two rules for '%.*s' contradict each other%s", (int)list->first->name->text.size,
	               list->first->name->text.at, word == 32 ? " on a 32-bit ABI" : "");
}
