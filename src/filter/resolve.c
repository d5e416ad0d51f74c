/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resolve: policy + target -> filter. This file and its helpers (policy/specialise.c, filter/candidates.c, filter/overlap.c,
 * filter/decide.c) are the law; HACKING.md states it clause by clause, tests/unit/test_law.c tests it the same way.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "filter/candidates.h"
#include "filter/decide.h"
#include "filter/overlap.h"
#include "names/abi.h"
#include "names/syscall.h"

enum { X32_BIT = 0x40000000, ERRNO_ENOSYS = 38, CLAUSE_LIMIT = 8192 };
#define WORD_32 ((uint64_t)0xffffffff)

/* The constant leaves of one resolution. */
struct leaves {
	const struct node *fallback, *enosys, *unlisted;
};

/* ------------------------------------------------------------------ conditions (laws 3 and 6) */

static struct test condition_test(const struct condition *condition, uint8_t word)
{
	struct test test = { .mask = UINT64_MAX, .value = condition->value, .arg = condition->index };

	switch (condition->op) {
	case OP_NE:
		test.negate = 1;
		test.op = TEST_EQ;
		break;
	case OP_EQ:
		test.op = TEST_EQ;
		break;
	case OP_LT:
		test.negate = 1;
		test.op = TEST_GE;
		break;
	case OP_GE:
		test.op = TEST_GE;
		break;
	case OP_LE:
		test.negate = 1;
		test.op = TEST_GT;
		break;
	case OP_GT:
		test.op = TEST_GT;
		break;
	case OP_MASKED_EQ:
		test.op = TEST_EQ;
		/* What stands outside the mask does not count: that is how libseccomp compares, and so every runtime. */
		test.mask = condition->value;
		test.value = condition->value_two & condition->value;
		break;
	}
	if (word == 32) {
		test.mask &= WORD_32;
		test.value &= WORD_32;
	}
	return test;
}

static bool repeats_index(const struct rule *rule)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < rule->condition_count; i++) {
		if (seen >> rule->conditions[i].index & 1)
			return true;
		seen |= 1u << rule->conditions[i].index;
	}
	return false;
}

static bool sign_or_zero(uint64_t value)
{
	uint64_t upper = value >> 32;

	return upper == 0 || (upper == WORD_32 && (value >> 31 & 1));
}

/* Says, once per condition, what law 6 cuts off on a 32-bit ABI. */
static void report_cut(const struct resolution *res)
{
	const struct active *active = res->active;
	const char *narrow = NULL;

	for (unsigned i = 0; i < active->abi_count && !narrow; i++)
		if (abi_of(active->abis[i])->word == 32)
			narrow = abi_of(active->abis[i])->name;
	for (unsigned i = 0; narrow && i < active->rule_count; i++) {
		const struct rule *rule = active->rules[i].rule;

		for (unsigned j = 0; j < rule->condition_count; j++) {
			const struct condition *condition = &rule->conditions[j];

			if (!sign_or_zero(condition->value) || !sign_or_zero(condition->value_two))
				note_at(res->notes, CALLGATE_WARNING, NOTE_CUT, &res->policy->source, condition->at.offset,
				        "on %s only the lower 32 bits of this condition count", narrow);
		}
	}
}

/* ------------------------------------------------------------------ one call's rules (laws 1 and 2) */

struct clause_list {
	struct clause *clauses;
	unsigned count, room;
};

static bool clause_add(struct arena *arena, struct clause_list *list, const struct candidate *candidate,
                       const struct test *tests, unsigned count)
{
	struct test *copy = arena_grow(arena, tests, count, count, sizeof(*copy));

	if (list->count == list->room) {
		unsigned room = list->room ? list->room * 2 : 4;
		struct clause *clauses = arena_grow(arena, list->clauses, list->count, room, sizeof(*clauses));

		if (!clauses)
			return false;
		list->clauses = clauses;
		list->room = room;
	}
	if (!copy)
		return false;
	list->clauses[list->count++] = (struct clause){
		.tests = copy,
		.test_count = count,
		.action = candidate->rule->action,
		.origin = candidate->origin,
	};
	return true;
}

static bool clause_add_rule(struct arena *arena, struct clause_list *list, const struct candidate *candidate, uint8_t word)
{
	const struct rule *rule = candidate->rule->rule;
	struct test tests[6];

	for (unsigned i = 0; i < rule->condition_count; i++)
		tests[i] = condition_test(&rule->conditions[i], word);
	if (!repeats_index(rule))
		return clause_add(arena, list, candidate, tests, rule->condition_count);
	for (unsigned i = 0; i < rule->condition_count; i++) /* law 3: then all of them are alternatives */
		if (!clause_add(arena, list, candidate, &tests[i], 1))
			return false;
	return true;
}

static const struct candidate *first_unconditional(const struct candidate_list *list)
{
	for (const struct candidate *at = list->first; at; at = at->next)
		if (!at->rule->rule->condition_count)
			return at;
	return NULL;
}

/* Law 1's losers, with both lines. What no guard had a part in, the reader has said already. */
static void report_losers(const struct resolution *res, const struct candidate_list *list, const struct candidate *winner)
{
	for (const struct candidate *at = list->first; at; at = at->next) {
		if (at == winner || action_equal(at->rule->action, winner->rule->action))
			continue;
		if (!at->rule->guarded && !winner->rule->guarded)
			continue;
		note_at(res->notes, CALLGATE_WARNING, NOTE_SHADOWED, &res->policy->source, at->name->at.offset,
		        "'%.*s': this rule has no effect here, the one on line %u decides", (int)at->name->text.size,
		        at->name->text.at, winner->origin.line);
	}
}

/*
 * What a call's rules come to. Fills node; clauses when it depends on arguments.
 * E_PROFILE: two conditional rules contradict each other (said in the notes).
 */
static int decide_call(const struct resolution *res, const struct leaves *leaves, const struct candidate_list *list, uint8_t word,
                       struct span *span, struct callgate_err *err)
{
	const struct candidate *winner = first_unconditional(list);
	struct clause_list clauses = { 0 };
	int r;

	if (winner) {
		span->node = filter_leaf(res->filter, winner->rule->action, winner->origin);
		return span->node ? 0 : err_nomem(err);
	}
	for (const struct candidate *at = list->first; at; at = at->next) {
		if (!clause_add_rule(&res->filter->arena, &clauses, at, word))
			return err_nomem(err);
		if (clauses.count > CLAUSE_LIMIT) {
			note_at(res->notes, CALLGATE_ERROR, NOTE_LIMIT, &res->policy->source, at->name->at.offset,
			        "more than %d conditions for '%.*s'", CLAUSE_LIMIT, (int)at->name->text.size, at->name->text.at);
			return err_set(err, CALLGATE_E_LIMIT, "too many conditional rules for one syscall");
		}
	}
	r = overlap_check(res, list, clauses.clauses, clauses.count, word, err);
	if (r < 0)
		return r;
	span->node = decide(res->filter, clauses.clauses, clauses.count, leaves->fallback, res->scratch);
	span->clauses = clauses.clauses;
	span->clause_count = clauses.count;
	return span->node ? 0 : err_set(err, CALLGATE_E_LIMIT, "too complex, or out of memory");
}

/* ------------------------------------------------------------------ multiplexers (law 7) */

/* The action that all of a member gets behind its multiplexer; false: the default. */
static bool member_action(const struct resolution *res, const struct candidate_list *list, const struct candidate **out)
{
	const struct candidate *winner = first_unconditional(list);

	if (!winner && res->target->reader != CALLGATE_AS_LAW)
		winner = list->first; /* libseccomp-based readers add the selector's rule and drop the conditions */
	for (const struct candidate *at = list->first; at && !winner; at = at->next) {
		bool opens = candidate_direction(&at->rule->action, &res->active->fallback) > 0;

		note_at(res->notes, CALLGATE_WARNING, NOTE_MUX, &res->policy->source, at->name->at.offset,
		        "'%.*s' is also reached through a multiplexed call whose arguments no filter can see: there this rule %s",
		        (int)at->name->text.size, at->name->text.at, opens ? "opens nothing" : "denies all of it");
		if (!opens)
			winner = at;
	}
	*out = winner;
	return winner != NULL;
}

/* The kernel takes ipc's version from the upper half of its first argument (ipc/syscall.c): whatever it is, the call is the same.
 * A rule that opens matches one spelling, a rule that tightens must match all. */
static struct test selector_test(const struct resolution *res, const struct mux_members *mux, uint32_t selector, bool opens,
                                 uint8_t word)
{
	struct test test = { .mask = word == 32 ? WORD_32 : UINT64_MAX, .value = selector, .op = TEST_EQ };

	if (!opens && res->target->reader == CALLGATE_AS_LAW)
		test.mask = strcmp(syscall_id_name(mux->id), "ipc") == 0 ? 0xffff : WORD_32;
	return test;
}

static int decide_mux(const struct resolution *res, const struct leaves *leaves, const struct abi_candidates *space,
                      const struct mux_members *mux, struct span *span, struct callgate_err *err)
{
	uint8_t word = abi_of(space->abi)->word;
	struct clause_list clauses = { 0 };

	for (uint32_t selector = 0; selector < MUX_SELECTORS; selector++) {
		const struct candidate *winner;
		struct candidate as;
		struct test test;

		if (!mux->by_selector[selector].first || !member_action(res, &mux->by_selector[selector], &winner))
			continue;
		test = selector_test(res, mux, selector,
		                     candidate_direction(&winner->rule->action, &res->active->fallback) > 0, word);
		as = *winner;
		as.origin.why = CALLGATE_BY_MUX;
		if (!clause_add(&res->filter->arena, &clauses, &as, &test, 1))
			return err_nomem(err);
	}
	span->node = decide(res->filter, clauses.clauses, clauses.count, leaves->fallback, res->scratch);
	span->clauses = clauses.clauses;
	span->clause_count = clauses.count;
	return span->node ? 0 : err_nomem(err);
}

/* ------------------------------------------------------------------ one ABI */

static const struct mux_members *mux_of(const struct abi_candidates *space, uint32_t nr)
{
	for (unsigned i = 0; i < space->mux_count; i++)
		if (syscall_nr(space->mux[i].id, space->abi) == (int64_t)nr)
			return &space->mux[i];
	return NULL;
}

/* Leaves span->node NULL for a number that no rule is about. */
static int decide_number(const struct resolution *res, const struct leaves *leaves, const struct abi_candidates *space, uint32_t i,
                         struct span *span, struct callgate_err *err)
{
	const struct candidate_list *list = candidates_at(space, i);
	const struct mux_members *mux = space->mux_count ? mux_of(space, span->first) : NULL;
	const struct candidate *winner;

	if (!list)
		return mux ? decide_mux(res, leaves, space, mux, span, err) : 0;
	winner = first_unconditional(list);
	if (winner && space->abi == res->active->abis[0])
		report_losers(res, list, winner);
	return decide_call(res, leaves, list, abi_of(space->abi)->word, span, err);
}

/* Takes back a span of the default that began at first and has turned out empty; puts node there, if any. */
static void replace_from(struct span_map *map, uint32_t first, const struct node *node)
{
	if (map->count && map->spans[map->count - 1].first == first)
		map->count--;
	if (node)
		span_map_add(map, (struct span){ .first = first, .node = node });
}

/* runc also answers ENOSYS for number 0 of the s390 ABIs, where setup(2) once was. */
static bool hides_setup(const struct resolution *res, const struct abi_candidates *space)
{
	return reads_through_runc(res->target->reader) &&
	       (space->abi == CALLGATE_ABI_S390 || space->abi == CALLGATE_ABI_S390X);
}

/* Adds the spans of one ABI to its architecture's map: [base, last], the tail above the highest named number included. */
static int map_abi(const struct resolution *res, const struct leaves *leaves, const struct abi_candidates *space, uint32_t last,
                   struct span_map *map, struct callgate_err *err)
{
	if (leaves->enosys && space->any && hides_setup(res, space)) {
		span_map_add(map, (struct span){ .first = 0, .node = leaves->enosys });
		span_map_add(map, (struct span){ .first = 1, .node = leaves->fallback });
	} else {
		span_map_add(map, (struct span){ .first = space->base, .node = leaves->fallback });
	}
	for (uint32_t i = 0; i < space->size; i++) {
		struct span span = { .first = space->base + i };
		int r;

		if (!space->pages[i / PAGE_SIZE]) {
			i |= PAGE_SIZE - 1;
			continue;
		}
		r = decide_number(res, leaves, space, i, &span, err);
		if (r < 0)
			return r;
		if (!span.node)
			continue;
		replace_from(map, span.first, NULL);
		span_map_add(map, span);
		if (span.first != last)
			span_map_add(map, (struct span){ .first = span.first + 1, .node = leaves->fallback });
	}
	if (leaves->enosys && space->any && space->highest < last)
		replace_from(map, space->highest + 1, leaves->enosys);
	return 0;
}

static const struct abi_candidates *space_of(const struct candidates *all, enum callgate_abi abi)
{
	for (unsigned i = 0; i < all->abi_count; i++)
		if (all->abis[i].abi == abi)
			return &all->abis[i];
	return NULL;
}

/* x86_64 and x32 in one map (law 8). */
static int map_x86_64(const struct resolution *res, const struct leaves *leaves, const struct candidates *all,
                      struct span_map *map, struct callgate_err *err)
{
	const struct abi_candidates *lp64 = space_of(all, CALLGATE_ABI_X86_64), *x32 = space_of(all, CALLGATE_ABI_X32);
	int r = 0;

	if (lp64)
		r = map_abi(res, leaves, lp64, X32_BIT - 1, map, err);
	else
		span_map_add(map, (struct span){ .first = 0, .node = leaves->unlisted });
	if (r < 0)
		return r;
	if (x32)
		return map_abi(res, leaves, x32, UINT32_MAX, map, err);
	span_map_add(map, (struct span){ .first = X32_BIT, .node = leaves->unlisted });
	span_map_add(map, (struct span){ .first = UINT32_MAX, .node = leaves->fallback });
	return 0;
}

static int map_all(const struct resolution *res, const struct leaves *leaves, const struct candidates *all,
                   struct callgate_err *err)
{
	for (unsigned i = 0; i < all->abi_count; i++) {
		const struct abi_candidates *space = &all->abis[i];
		uint32_t audit = abi_of(space->abi)->audit;
		struct span_map map = { 0 };
		int r;

		if (filter_arch_of(res->filter, audit))
			continue;
		if (audit == abi_of(CALLGATE_ABI_X86_64)->audit)
			r = map_x86_64(res, leaves, all, &map, err);
		else
			r = map_abi(res, leaves, space, UINT32_MAX, &map, err);
		if (r == 0)
			r = filter_add_arch(res->filter, audit, &map, err);
		span_map_release(&map);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ------------------------------------------------------------------ the whole */

/* Law 5. runc's stub is there for every default that does not let the call happen. */
static bool wants_enosys(const struct resolution *res)
{
	enum callgate_action_kind kind = res->active->fallback.kind;

	if (res->target->enosys == CALLGATE_ENOSYS_NEVER)
		return false;
	if (res->policy->dialect != DIALECT_OCI && res->policy->dialect != DIALECT_DOCKER)
		return false;
	if (reads_through_runc(res->target->reader))
		return kind != CALLGATE_ALLOW && kind != CALLGATE_LOG && kind != CALLGATE_TRACE;
	return res->target->reader == CALLGATE_AS_LAW && kind == CALLGATE_ERRNO;
}

static int make_leaves(const struct resolution *res, struct leaves *out, struct callgate_err *err)
{
	const struct callgate_policy *policy = res->policy;
	struct callgate_filter *filter = res->filter;
	struct callgate_origin origin = { .why = CALLGATE_BY_DEFAULT, .file = filter->name };
	struct callgate_action enosys = { .kind = CALLGATE_ERRNO, .data = ERRNO_ENOSYS };

	policy_line(policy, policy->fallback.at, &origin.line, &origin.column);
	*out = (struct leaves){ .fallback = filter_leaf(filter, res->active->fallback, origin) };
	if (wants_enosys(res) && !action_equal(enosys, res->active->fallback)) {
		origin.why = CALLGATE_BY_ENOSYS;
		out->enosys = filter_leaf(filter, enosys, origin);
		if (!out->enosys)
			return err_nomem(err);
	}
	origin = (struct callgate_origin){ .why = CALLGATE_BY_ABI, .file = filter->name };
	out->unlisted = filter_leaf(filter, (struct callgate_action){ .kind = CALLGATE_KILL_THREAD }, origin);
	return out->fallback && out->unlisted ? 0 : err_nomem(err);
}

static int resolve_into(const struct resolution *res, struct callgate_err *err)
{
	struct candidates candidates;
	struct leaves leaves;
	int r;

	r = make_leaves(res, &leaves, err);
	if (r < 0)
		return r;
	res->filter->fallback = leaves.fallback;
	res->filter->other_arch = leaves.unlisted;
	res->filter->flags = res->policy->flags;
	res->filter->has_flags = res->policy->has_flags;
	res->filter->abi_count = res->active->abi_count;
	memcpy(res->filter->abis, res->active->abis, sizeof(res->filter->abis));
	report_cut(res);
	r = candidates_collect(res, &candidates, err);
	return r < 0 ? r : map_all(res, &leaves, &candidates, err);
}

int callgate_filter_resolve(const struct callgate_policy *policy, const struct callgate_target *target,
                            struct callgate_filter **out, struct callgate_notes *notes, struct callgate_err *err)
{
	struct arena scratch = ARENA_INIT;
	struct callgate_filter *filter;
	struct active active;
	int r;

	if (!abi_of(target->host) || target->reader > CALLGATE_AS_LXC)
		return err_set(err, CALLGATE_E_ARG, "unknown target");
	r = filter_new(policy->source.name, &filter, err);
	if (r < 0)
		return r;
	r = policy_specialise(policy, target, &scratch, &active, err);
	if (r == 0) {
		struct resolution res = { policy, target, &active, filter, &scratch, notes };

		r = resolve_into(&res, err);
	}
	arena_free(&scratch);
	if (r < 0) {
		callgate_filter_free(filter);
		return r;
	}
	*out = filter;
	return 0;
}
