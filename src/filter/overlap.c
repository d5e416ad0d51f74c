/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overlap: the clauses, grouped by action, are tried group by group from the first on and from the last on. Where one
 * call matches two groups, both orders answer differently, and only there: their meanings are equal exactly when
 * nothing overlaps.
 */
#include "filter/overlap.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "filter/conditions.h"
#include "filter/meaning.h"
#include "names/value.h"
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
const struct word *overlap_word(const struct candidate_list *list, const struct clause *clause)
{
	for (const struct candidate *at = list->first; at; at = at->next)
		if (at->origin.line == clause->origin.line && at->origin.column == clause->origin.column)
			return at->name;
	return list->first->name;
}

/* The first two clauses of different actions that the call matches. False: there are none. */
static bool matching_pair(const struct rule_clauses *list, const uint64_t args[6], const struct clause *pair[2])
{
	pair[0] = NULL;
	for (unsigned i = 0; i < list->count; i++) {
		const struct clause *clause = &list->clauses[i];

		if (!clause_matches(clause, args))
			continue;
		if (!pair[0]) {
			pair[0] = clause;
		} else if (!action_equal(pair[0]->action, clause->action)) {
			pair[1] = clause;
			return true;
		}
	}
	return false;
}

/* A pair of rules is reported once, however many ABIs it overlaps on. */
static bool is_reported(const struct resolution *res, const struct word *name, unsigned line)
{
	struct overlap_report *report;

	for (report = *res->overlaps; report; report = report->next)
		if (report->name == name && report->line == line)
			return true;
	report = arena_alloc(res->scratch, sizeof(*report));
	if (report) {
		*report = (struct overlap_report){ name, line, *res->overlaps };
		*res->overlaps = report;
	}
	return false;
}

/* "socket(AF_ALG,0x1)", up to the last argument that is not 0. */
static void call_format(struct slice name, const uint64_t args[6], char *buf, size_t size)
{
	unsigned last = 0;
	size_t used = (size_t)snprintf(buf, size, "%.*s", (int)(name.size > 64 ? 64 : name.size), name.at);

	for (unsigned i = 0; i < 6; i++)
		if (args[i])
			last = i;
	for (unsigned i = 0; i <= last && used < size; i++) {
		char value[96];

		value_format(value_set_of(name, i, CALLGATE_ABI_NONE), args[i], value, sizeof(value));
		used += (size_t)snprintf(buf + used, size - used, "%c%s", i ? ',' : '(', value);
	}
	if (used < size)
		snprintf(buf + used, size - used, ")");
}

/* What has been found, for messages. */
struct overlap {
	const struct clause *pair[2];
	uint64_t args[6];
	const struct word *name, *other;
	char words[2][32], call[256];
};

/* False: this pair of rules was reported before. */
static bool describe(const struct resolution *res, const struct candidate_list *list, struct overlap *overlap)
{
	overlap->name = overlap_word(list, overlap->pair[1]);
	overlap->other = overlap_word(list, overlap->pair[0]);
	if (is_reported(res, overlap->name, overlap->pair[0]->origin.line))
		return false;
	for (int i = 0; i < 2; i++)
		callgate_action_format(overlap->pair[i]->action, overlap->words[i], sizeof(overlap->words[i]));
	call_format(overlap->name->text, overlap->args, overlap->call, sizeof(overlap->call));
	return true;
}

/* Rule 2 of semantics.md decides. */
static void report_decided(const struct resolution *res, const struct candidate_list *list, struct overlap *overlap)
{
	const struct slice *name;

	if (!describe(res, list, overlap))
		return;
	name = &overlap->name->text;
	note_at(res->notes, CALLGATE_WARNING, NOTE_OVERLAP, &res->policy->source, overlap->name->at.offset,
		"overlapping rules for '%.*s': %s matches both %s and %s; the stricter action decides: %s",
		(int)name->size, name->at, overlap->call, overlap->words[1], overlap->words[0],
		overlap->words[overlap->pair[1]->action.kind < overlap->pair[0]->action.kind]);
	note_attach(res->notes, &res->policy->source, overlap->other->at.offset, "%s given here", overlap->words[0]);
}

/* Nobody knows. */
static void report_unsure(const struct resolution *res, const struct candidate_list *list, struct overlap *overlap)
{
	const struct slice *name;

	if (!describe(res, list, overlap))
		return;
	name = &overlap->name->text;
	note_at(res->notes, CALLGATE_ERROR, NOTE_READER, &res->policy->source, overlap->name->at.offset,
		"cannot predict which of two overlapping rules for '%.*s' %s follows: %s matches both %s and %s",
		(int)name->size, name->at, reader_name(res->target->reader), overlap->call, overlap->words[1],
		overlap->words[0]);
	note_attach(res->notes, &res->policy->source, overlap->other->at.offset, "%s given here", overlap->words[0]);
}

/* Whether two decisions differ, and a call for which they do. */
static int compare(const struct callgate_filter *scratch, const struct node *forward, const struct node *backward,
		   uint64_t args[6], bool *differ, struct callgate_err *err)
{
	meaning_ref one = 0, other = 0;
	struct meaning *meaning;
	int r = meaning_new(&meaning, err);

	if (r < 0)
		return r;
	r = meaning_of(meaning, scratch, forward, &one, err);
	if (r == 0)
		r = meaning_of(meaning, scratch, backward, &other, err);
	if (r == 0)
		*differ = meaning_witness(meaning, one, other, args);
	meaning_free(meaning);
	return r;
}

static int find(const struct resolution *res, const struct rule_clauses *list, uint64_t args[6], bool *found,
		struct callgate_err *err)
{
	unsigned *group = arena_array(res->scratch, list->count + 1, sizeof(*group)), counts[2] = { list->count };
	const struct node *forward, *backward;
	struct callgate_filter *scratch;
	int r;

	*found = false;
	if (!group)
		return err_nomem(err);
	counts[1] = group_actions(list->clauses, list->count, group);
	if (counts[1] < 2)
		return 0;
	r = filter_new("", &scratch, err);
	if (r < 0)
		return r;
	forward = chain(scratch, list->clauses, group, counts, FIRST_GROUP_FIRST);
	backward = chain(scratch, list->clauses, group, counts, LAST_GROUP_FIRST);
	if (!forward || !backward)
		r = err_set(err, CALLGATE_E_LIMIT, "too complex: conditional rules for one syscall");
	else
		r = compare(scratch, forward, backward, args, found, err);
	callgate_filter_free(scratch);
	return r;
}

/* By the kernel's precedence, strictest first; of one kind the earlier rule stays first. spare has room for all. */
static void sort_clauses(struct rule_clauses *list, struct clause *spare)
{
	unsigned count = 0;

	for (int kind = CALLGATE_KILL_PROCESS; kind <= CALLGATE_ALLOW; kind++)
		for (unsigned i = 0; i < list->count; i++)
			if (list->clauses[i].action.kind == (enum callgate_action_kind)kind)
				spare[count++] = list->clauses[i];
	memcpy(list->clauses, spare, count * sizeof(*spare));
}

int overlap_order(const struct resolution *res, const struct candidate_list *list, struct rule_clauses *clauses,
		  bool *found, struct callgate_err *err)
{
	struct overlap overlap = { 0 };
	struct clause *spare;
	int r = find(res, clauses, overlap.args, found, err);

	if (r < 0 || !*found)
		return r;
	spare = arena_array(res->scratch, clauses->count, sizeof(*spare));
	if (!spare)
		return err_nomem(err);
	if (matching_pair(clauses, overlap.args, overlap.pair))
		report_decided(res, list, &overlap);
	sort_clauses(clauses, spare);
	return 0;
}

int overlap_report_unsure(const struct resolution *res, const struct candidate_list *list,
			  const struct rule_clauses *clauses, bool *found, struct callgate_err *err)
{
	struct overlap overlap = { 0 };
	int r = find(res, clauses, overlap.args, found, err);

	if (r == 0 && *found && matching_pair(clauses, overlap.args, overlap.pair))
		report_unsure(res, list, &overlap);
	return r;
}
