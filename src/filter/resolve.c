/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resolve: policy + target -> filter. This file and its helpers (policy/specialise.c, filter/candidates.c,
 * filter/overlap.c, filter/mux.c, filter/decide.c) decide what a profile means; filter/semantics.md states it rule by
 * rule, tests/unit/test_semantics.c tests it the same way. What other programs do stands beside it, in filter/as_*.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "base/sized.h"
#include "filter/as_library.h"
#include "filter/as_runc.h"
#include "filter/conditions.h"
#include "filter/decide.h"
#include "filter/mux.h"
#include "filter/overlap.h"
#include "filter/resolve.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

enum {
	CLAUSE_LIMIT = 8192, /* of one call */
	TEST_STEPS = 64,     /* of the filter's budget, for each comparison and for what it leads to */
};

/* The constant leaves of one resolution. */
struct leaves {
	const struct node *fallback, *unlisted;
	const struct node *enosys; /* rule 5; NULL: nothing gets it */
	const struct node *stub;   /* the same before all rules, for those who read through runc */
};

/* ------------------------------------------------------------------ what rule 6 cuts off */

static bool sign_or_zero(uint64_t value)
{
	uint64_t upper = value >> 32;

	return upper == 0 || (upper == UINT32_MAX && (value >> 31 & 1));
}

/* Says, once per condition, what rule 6 cuts off on a 32-bit ABI. */
static void report_cut(const struct resolution *res)
{
	const struct active *active = res->active;
	const char *narrow = NULL;

	for (unsigned i = 0; i < active->abi_count && !narrow; i++)
		if (abi_of(active->abis[i])->width == 32)
			narrow = abi_of(active->abis[i])->name;
	for (unsigned i = 0; narrow && i < active->rule_count; i++) {
		const struct rule *rule = active->rules[i].rule;

		for (unsigned j = 0; j < rule->condition_count; j++) {
			const struct condition *condition = &rule->conditions[j];

			if (!sign_or_zero(condition->value) || !sign_or_zero(condition->value_two))
				note_at(res->notes, CALLGATE_WARNING, NOTE_CUT, &res->policy->source,
					condition->at.offset, "only the lower 32 bits of this condition count on %s",
					narrow);
		}
	}
}

/* ------------------------------------------------------------------ one call's rules (rules 1 and 2) */

/* Rule 1's losers, with both lines. What no guard had a part in, the reader has reported already. */
static void report_losers(const struct resolution *res, const struct candidate_list *list,
			  const struct candidate *winner)
{
	for (const struct candidate *at = list->first; at; at = at->next) {
		if (at == winner || action_equal(at->rule->action, winner->rule->action))
			continue;
		if (!at->rule->guarded && !winner->rule->guarded)
			continue;
		note_at(res->notes, CALLGATE_WARNING, NOTE_SHADOWED, &res->policy->source, at->name->at.offset,
			"rule for '%.*s' has no effect on this target", (int)at->name->text.size, at->name->text.at);
		note_attach(res->notes, &res->policy->source, winner->name->at.offset, "this rule decides");
	}
}

/* Whether rules for one call are what libseccomp makes of them. */
static bool settles(const struct resolution *res)
{
	return !res->traits->own_rules && !res->traits->in_order;
}

static int too_many_clauses(const struct resolution *res, const struct candidate *at, struct callgate_err *err)
{
	note_at(res->notes, CALLGATE_ERROR, NOTE_LIMIT, &res->policy->source, at->name->at.offset,
		"too complex: more than %d conditions, counted for each name and ABI", FILTER_WORK_LIMIT / TEST_STEPS);
	return err_set(err, CALLGATE_E_LIMIT, "too complex: too many conditional rules");
}

/* The clauses of the rules before end (NULL: of all). */
static int list_clauses(const struct resolution *res, const struct candidate_list *list, const struct candidate *end,
			uint8_t word, struct rule_clauses *out, struct callgate_err *err)
{
	for (const struct candidate *at = list->first; at && at != end; at = at->next) {
		if (!clause_add_rule(&res->filter->arena, out, at, word))
			return err_nomem(err);
		if (out->count > CLAUSE_LIMIT) {
			note_at(res->notes, CALLGATE_ERROR, NOTE_LIMIT, &res->policy->source, at->name->at.offset,
				"more than %d conditions for '%.*s'", CLAUSE_LIMIT, (int)at->name->text.size,
				at->name->text.at);
			return err_set(err, CALLGATE_E_LIMIT, "too many conditional rules for one syscall");
		}
		if (!filter_spend(res->filter, TEST_STEPS * (UINT64_C(1) + at->rule->rule->condition_count)))
			return too_many_clauses(res, at, err);
	}
	return settles(res) ? library_settle(res, list, out, err) : 0;
}

/* The same on every ABI: made once. */
static const struct node *leaf_of(const struct resolution *res, const struct candidate *candidate)
{
	if (!*candidate->leaf)
		*candidate->leaf = filter_leaf(res->filter, candidate->rule->action, candidate->origin);
	return *candidate->leaf;
}

/*
 * Rule 1: an unconditional rule decides. What stands before it has been added to libseccomp by the others, or refused.
 */
static int decide_unconditional(const struct resolution *res, const struct candidate_list *list,
				const struct candidate *winner, uint8_t word, struct span *span,
				struct callgate_err *err)
{
	struct rule_clauses before = { 0 };
	int r = 0;

	if (!res->traits->own_rules)
		r = list_clauses(res, list, winner, word, &before, err);
	if (r < 0)
		return r;
	span->node = leaf_of(res, winner);
	return span->node ? 0 : err_nomem(err);
}

/* Rules that were made to be tried one after the other: nothing is settled, nothing contradicts. */
static int decide_in_turn(const struct resolution *res, const struct leaves *leaves, const struct candidate_list *list,
			  uint8_t word, struct span *span, struct callgate_err *err)
{
	struct rule_clauses clauses = { 0 };
	int r;

	/* Most calls: the first rule asks for nothing. */
	if (!settles(res) && candidates_unconditional(res, list, word) == list->first) {
		span->node = leaf_of(res, list->first);
		return span->node ? 0 : err_nomem(err);
	}
	r = list_clauses(res, list, NULL, word, &clauses, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < clauses.count; i++)
		if (!clauses.clauses[i].test_count)
			clauses.count = i + 1;
	span->node = decide_in_order(res->filter, clauses.clauses, clauses.count, leaves->fallback, res->scratch);
	if (clauses.count > 1 || clauses.clauses[0].test_count) {
		span->clauses = clauses.clauses;
		span->clause_count = clauses.count;
		span->overlap = true;
	}
	return span->node ? 0 : err_set(err, CALLGATE_E_LIMIT, "too complex, or out of memory");
}

/* Rule 7's first half: who names the multiplexer itself means all of it. libseccomp adds the members' rules to that. */
static bool wants_members(const struct resolution *res, const struct candidate_list *list)
{
	return !list || !res->traits->own_rules;
}

/* One ABI's candidates on their way into its architecture's map. */
struct abi_mapping {
	const struct resolution *res;
	const struct leaves *leaves;
	const struct abi_candidates *space;
	struct span_map *map;
};

/*
 * What the rules for a call come to: those that name it, those for members behind it. Either may be NULL. winner: the
 * first without conditions; NULL for none. Fills node; clauses when it depends on arguments.
 */
static int decide_call(const struct abi_mapping *mapping, const struct candidate_list *list,
		       const struct candidate *winner, const struct mux_members *mux, struct span *span,
		       struct callgate_err *err)
{
	const struct resolution *res = mapping->res;
	uint8_t word = abi_of(mapping->space->abi)->width;
	struct rule_clauses clauses = { 0 };
	int r = 0;

	if (list && resolution_in_order(res))
		return decide_in_turn(res, mapping->leaves, list, word, span, err);
	if (winner)
		return decide_unconditional(res, list, winner, word, span, err);
	if (list)
		r = list_clauses(res, list, NULL, word, &clauses, err);
	if (r == 0 && mux && wants_members(res, list))
		r = mux_clauses(res, mapping->space, mux, &clauses, err);
	if (r == 0 && list && res->traits->own_rules)
		r = overlap_order(res, list, &clauses, &span->overlap, err);
	else if (r == 0 && list)
		r = library_refuse_unsure(res, list, &clauses, err);
	if (r < 0)
		return r;
	span->node = (span->overlap ? decide_in_order : decide)(res->filter, clauses.clauses, clauses.count,
								mapping->leaves->fallback, res->scratch);
	span->clauses = clauses.clauses;
	span->clause_count = clauses.count;
	return span->node ? 0 : err_set(err, CALLGATE_E_LIMIT, "too complex, or out of memory");
}

/* ------------------------------------------------------------------ one ABI */

static const struct mux_members *mux_of(const struct abi_candidates *space, uint32_t nr)
{
	for (unsigned i = 0; i < space->mux_count; i++)
		if (space->mux[i].nr == nr)
			return &space->mux[i];
	return NULL;
}

/* The rules of one call that say how soon the search should come to it: the greatest counts. */
static uint8_t weight_of(const struct candidate_list *list)
{
	uint8_t weight = 0;

	for (const struct candidate *at = list ? list->first : NULL; at; at = at->next)
		if (at->weight > weight)
			weight = at->weight;
	return weight;
}

/* Leaves span->node NULL for a number that no rule is about. */
static int decide_number(const struct abi_mapping *mapping, const struct candidate_list *list, struct span *span,
			 struct callgate_err *err)
{
	const struct abi_candidates *space = mapping->space;
	const struct mux_members *mux = space->mux_count ? mux_of(space, span->first) : NULL;
	const struct candidate *winner =
		list ? candidates_unconditional(mapping->res, list, abi_of(space->abi)->width) : NULL;

	if (!list && !mux)
		return 0;
	if (winner && !resolution_in_order(mapping->res) && space->abi == mapping->res->active->abis[0])
		report_losers(mapping->res, list, winner);
	span->weight = weight_of(list);
	return decide_call(mapping, list, winner, mux, span, err);
}

/* Takes back what begins at first or above (a span of the default that has turned out empty); puts node there, if any.
 */
static void replace_from(struct span_map *map, uint32_t first, const struct node *node)
{
	while (map->count && map->spans[map->count - 1].first >= first)
		map->count--;
	if (node)
		span_map_add(map, &(struct span){ .first = first, .node = node });
}

/* Rule 5: numbers above the highest one that is named. */
static bool has_tail(const struct leaves *leaves, const struct abi_candidates *space)
{
	return leaves->enosys && space->any;
}

/* -1, which x86_64 has beside x32's numbers. */
static bool is_skipped_call(const struct abi_candidates *space, uint32_t nr)
{
	return space->abi == CALLGATE_ABI_X86_64 && nr == UINT32_MAX;
}

/* One number's decision, if any rule is about it, and the default behind it. */
static int map_number(const struct abi_mapping *mapping, const struct candidate_list *list, uint32_t nr,
		      struct callgate_err *err)
{
	struct span span = { .first = nr };
	int r = decide_number(mapping, list, &span, err);

	if (r < 0 || !span.node)
		return r;
	replace_from(mapping->map, span.first, NULL);
	span_map_add(mapping->map, &span);
	if (nr != UINT32_MAX)
		span_map_add(mapping->map, &(struct span){ .first = nr + 1, .node = mapping->leaves->fallback });
	return 0;
}

/* The numbers that rules are about, each with its decision, and the default between them. */
static int map_numbers(const struct abi_mapping *mapping, struct callgate_err *err)
{
	const struct abi_candidates *space = mapping->space;
	int r = 0;

	for (uint32_t i = 0; i < space->size && r == 0; i++) {
		if (space->pages[i / PAGE_SIZE])
			r = map_number(mapping, candidates_at(space, i), space->base + i, err);
		else
			i |= PAGE_SIZE - 1;
	}
	/* A tracer's skipped call is behind x32's numbers: map_x86_64() comes to it. */
	for (const struct far_number *far = space->far; far && r == 0; far = far->next)
		if (!is_skipped_call(space, far->nr))
			r = map_number(mapping, &far->list, far->nr, err);
	return r;
}

/* What number 0xffffffff of x86_64 gets: the default, or what a rule by number says. */
static int map_skipped_call(const struct abi_mapping *lp64, struct callgate_err *err)
{
	const struct far_number *far = lp64->space->far;

	while (far && !is_skipped_call(lp64->space, far->nr))
		far = far->next;
	if (far)
		return map_number(lp64, &far->list, UINT32_MAX, err);
	span_map_add(lp64->map, &(struct span){ .first = UINT32_MAX, .node = lp64->leaves->fallback });
	return 0;
}

/*
 * Adds the spans of one ABI to its architecture's map: [base, last], the tail above the highest named number included.
 */
static int map_abi(const struct abi_mapping *mapping, uint32_t last, struct callgate_err *err)
{
	const struct abi_candidates *space = mapping->space;
	const struct leaves *leaves = mapping->leaves;
	struct span_map unmet = { 0 };
	struct abi_mapping rules = *mapping;
	enum library_load load = LIBRARY_LOAD_KEPT;
	int r = 0;

	if (!mapping->res->traits->stub || !runc_wants_tree(mapping->res->active, mapping->res->target))
		r = library_load(mapping->res, space, &load, err);
	if (r == 0)
		r = library_refuse_absent(mapping->res, space, err);
	if (r < 0)
		return r;
	span_map_add(mapping->map, &(struct span){ .first = space->base, .node = leaves->fallback });
	/* Rules that are never met may still make the reader refuse the profile. */
	if (load != LIBRARY_LOAD_KEPT)
		rules.map = &unmet;
	r = map_numbers(&rules, err);
	span_map_release(&unmet);
	if (r == 0 && has_tail(leaves, space) && space->highest < last)
		replace_from(mapping->map, space->highest + 1, leaves->enosys);
	return r;
}

/* x86_64 and x32 in one map (rule 8). The native ABI is always there. */
static int map_x86_64(const struct resolution *res, const struct leaves *leaves, const struct candidates *all,
		      struct span_map *map, struct callgate_err *err)
{
	struct abi_mapping lp64 = { res, leaves, candidates_of(all, CALLGATE_ABI_X86_64), map };
	struct abi_mapping x32 = { res, leaves, candidates_of(all, CALLGATE_ABI_X32), map };
	int r = 0;

	if (lp64.space)
		r = map_abi(&lp64, X32_BIT - 1, err);
	else
		span_map_add(map, &(struct span){ .first = 0, .node = leaves->unlisted });
	if (r == 0 && x32.space)
		r = map_abi(&x32, UINT32_MAX, err);
	if (r < 0)
		return r;
	if (!x32.space)
		span_map_add(map,
			     &(struct span){ .first = X32_BIT,
					     .node = res->traits->native_only ? leaves->fallback : leaves->unlisted });
	/* x32, where it is listed, answers for it too unless a rule is about it. */
	return !lp64.space || (x32.space && !lp64.space->far) ? 0 : map_skipped_call(&lp64, err);
}

static int map_all(const struct resolution *res, const struct leaves *leaves, const struct candidates *all,
		   struct callgate_err *err)
{
	for (unsigned i = 0; i < all->abi_count; i++) {
		uint32_t audit = abi_of(all->abis[i].abi)->audit;
		struct span_map map = { 0 };
		int r;

		if (filter_arch_of(res->filter, audit))
			continue;
		if (audit == abi_of(CALLGATE_ABI_X86_64)->audit)
			r = map_x86_64(res, leaves, all, &map, err);
		else
			r = map_abi(&(struct abi_mapping){ res, leaves, &all->abis[i], &map }, UINT32_MAX, err);
		if (r == 0 && leaves->stub)
			runc_add_stub(res, all, audit, leaves->stub, &map);
		if (r == 0)
			r = filter_add_arch(res->filter, audit, &map, err);
		span_map_release(&map);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ------------------------------------------------------------------ the whole */

/* Rule 5, for its own rules only where it is not what the default does anyway. */
static bool wants_enosys(const struct resolution *res)
{
	enum callgate_action_kind kind = res->active->fallback.kind;

	if (res->target->enosys == CALLGATE_ENOSYS_NEVER)
		return false;
	if (res->policy->dialect != DIALECT_OCI && res->policy->dialect != DIALECT_DOCKER)
		return false;
	if (res->traits->stub)
		return runc_wants_stub(kind);
	return res->traits->own_rules && kind == CALLGATE_ERRNO && res->active->fallback.data != ERRNO_ENOSYS;
}

static int make_leaves(const struct resolution *res, struct leaves *out, struct callgate_err *err)
{
	const struct callgate_policy *policy = res->policy;
	struct callgate_filter *filter = res->filter;
	struct callgate_origin origin = { .why = CALLGATE_BY_DEFAULT, .file = filter->name };
	struct callgate_action enosys = { .kind = CALLGATE_ERRNO, .data = ERRNO_ENOSYS },
			       kill = { .kind = CALLGATE_KILL_THREAD };

	policy_line(policy, policy->fallback.at, &origin.line, &origin.column);
	*out = (struct leaves){ .fallback = filter_leaf(filter, res->active->fallback, origin) };
	if (wants_enosys(res)) {
		const struct node **tail = res->traits->stub ? &out->stub : &out->enosys;

		origin.why = CALLGATE_BY_ENOSYS;
		*tail = filter_leaf(filter, enosys, origin);
		if (!*tail)
			return err_nomem(err);
	}
	origin = (struct callgate_origin){ .why = CALLGATE_BY_ABI, .file = filter->name };
	out->unlisted = filter_leaf(filter, policy->has_unlisted ? policy->unlisted : kill, origin);
	return out->fallback && out->unlisted ? 0 : err_nomem(err);
}

static int resolve_into(const struct resolution *res, struct callgate_err *err)
{
	struct candidates candidates;
	struct leaves leaves;
	int r;

	r = res->traits->stub ? runc_refuse_late(res, err) : 0;
	if (r == 0)
		r = library_refuse_arches(res, err);
	if (r == 0)
		r = library_refuse_errno(res, res->active->fallback, res->policy->fallback.at, err);
	if (r == 0)
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

static bool has_call(const struct resolution *res, const struct rule *rule)
{
	int id = syscall_find(rule->names[0].text);

	for (unsigned i = 0; i < res->active->abi_count; i++)
		if (syscall_nr(id, res->active->abis[i]) != SYSCALL_NONE)
			return true;
	return false;
}

/* LXC hands a rule that names an argument twice to libseccomp, which rejects it, for calls that the host has. */
static int refuse_repeats(const struct resolution *res, struct callgate_err *err)
{
	if (res->lenient || !res->traits->exact || res->policy->dialect != DIALECT_LXC)
		return 0;
	for (unsigned i = 0; i < res->active->rule_count; i++) {
		const struct rule *rule = res->active->rules[i].rule;

		if (repeats_index(rule) && has_call(res, rule))
			return err_set(err, CALLGATE_E_PROFILE,
				       "an argument twice in one rule for '%.*s' is rejected by %s",
				       (int)rule->names[0].text.size, rule->names[0].text.at,
				       reader_name(res->target->reader));
	}
	return 0;
}

/* What is asked for; the rest is filled in here. */
static int resolve_for(const struct resolution *asked, struct callgate_err *err)
{
	struct resolution resolution = *asked, *res = &resolution;
	struct arena scratch = ARENA_INIT;
	struct overlap_report *overlaps = NULL;
	struct active active;
	int r = policy_specialise(res->policy, res->target, &scratch, &active, err);

	res->traits = target_traits(res->target);
	res->active = &active;
	res->scratch = &scratch;
	res->overlaps = &overlaps;
	if (r == 0)
		r = refuse_repeats(res, err);
	if (r == 0)
		r = resolve_into(res, err);
	arena_free(&scratch);
	return r;
}

static int resolve(struct resolution *res, struct callgate_filter **out, struct callgate_err *err)
{
	int r = filter_new(res->policy->source.name, &res->filter, err);

	if (r < 0)
		return r;
	r = resolve_for(res, err);
	if (r < 0) {
		callgate_filter_free(res->filter);
		return r;
	}
	*out = res->filter;
	return 0;
}

int callgate_filter_resolve(const struct callgate_policy *policy, const struct callgate_target *target,
			    struct callgate_filter **out, struct callgate_notes *notes, struct callgate_err *err)
{
	struct callgate_target known;
	struct resolution res = { .policy = policy, .target = &known, .notes = notes };
	int r;

	REQUIRE(err, policy && target && out);
	r = sized_in(&known, sizeof(known), target, err);
	if (r < 0)
		return r;
	if (!abi_of(known.host) || !reader_name(known.reader))
		return err_set(err, CALLGATE_E_ARG, "unknown host or reader of the target");
	return resolve(&res, out, err);
}

int filter_resolve_lenient(const struct callgate_policy *policy, const struct callgate_target *target,
			   struct callgate_filter **out, struct callgate_notes *notes, struct callgate_err *err)
{
	struct resolution res = { .policy = policy, .target = target, .notes = notes, .lenient = true };

	return resolve(&res, out, err);
}
