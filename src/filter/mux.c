/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Multiplexers: rule 7 of semantics.md; filter/as_library.c has what libseccomp does instead. */
#include "filter/mux.h"

#include <string.h>

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "filter/as_library.h"
#include "names/abi.h"
#include "names/syscall.h"

/* The rule that all of a member gets behind its multiplexer, where conditions are the strictest one that denies; NULL:
 * the default. */
static const struct candidate *member_winner(const struct resolution *res, const struct candidate_list *list,
					     uint8_t word)
{
	const struct candidate *winner = candidates_unconditional(res, list, word);

	if (winner)
		return winner;
	for (const struct candidate *at = list->first; at; at = at->next) {
		bool opens = candidate_direction(&at->rule->action, &res->active->fallback) > 0;

		note_at(res->notes, CALLGATE_WARNING, NOTE_MUX, &res->policy->source, at->name->at.offset,
			"conditions on '%.*s' cannot be checked behind its multiplexed call; there the rule %s",
			(int)at->name->text.size, at->name->text.at, opens ? "allows nothing" : "denies all of it");
		if (!opens && (!winner || at->rule->action.kind < winner->rule->action.kind))
			winner = at;
	}
	return winner;
}

/* The kernel takes ipc's version from the upper half of its first argument (ipc/syscall.c): whatever it is, the call is
 * the same. A rule that opens matches one spelling, a rule that tightens must match all. */
static struct test law_selector(const struct mux_members *mux, uint32_t selector, bool opens, uint8_t word)
{
	struct test test = { .mask = word_mask(word), .value = selector, .op = TEST_EQ };

	if (!opens)
		test.mask = strcmp(syscall_id_name(mux->id), "ipc") == 0 ? 0xffff : UINT32_MAX;
	return test;
}

static int law_member(const struct resolution *res, const struct mux_members *mux, uint32_t selector, uint8_t word,
		      struct rule_clauses *out, struct callgate_err *err)
{
	const struct candidate *winner = member_winner(res, &mux->by_selector[selector], word);
	struct candidate as;
	struct test test;

	if (!winner)
		return 0;
	test = law_selector(mux, selector, candidate_direction(&winner->rule->action, &res->active->fallback) > 0,
			    word);
	as = *winner;
	as.origin.why = CALLGATE_BY_MUX;
	return clause_add(&res->filter->arena, out, &as, &test, 1) ? 0 : err_nomem(err);
}

int mux_clauses(const struct resolution *res, const struct abi_candidates *space, const struct mux_members *mux,
		struct rule_clauses *out, struct callgate_err *err)
{
	uint8_t word = abi_of(space->abi)->width;
	int r = 0;

	for (uint32_t selector = 0; selector < MUX_SELECTORS && r == 0; selector++) {
		struct test test = { .mask = word_mask(word), .value = selector, .op = TEST_EQ };

		if (!mux->by_selector[selector].first)
			continue;
		if (res->traits->own_rules)
			r = law_member(res, mux, selector, word, out, err);
		else
			r = library_add_member(res, &mux->by_selector[selector], test, word, out, err);
	}
	return r;
}
