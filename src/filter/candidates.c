/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Candidates: names become numbers, on every ABI at once, so that places are counted in one pass over the text. */
#include "filter/candidates.h"

#include <stdio.h>

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "filter/as_library.h"
#include "filter/as_lxc.h"
#include "filter/as_runsc.h"
#include "filter/conditions.h"
#include "names/abi.h"
#include "names/syscall.h"

/* Rules come in the text's order: counting lines and columns goes on from the last place. */
struct line_cursor {
	uint32_t offset;
	unsigned line, column;
};

static void cursor_locate(struct line_cursor *cursor, const struct source *source, struct place at,
			  struct callgate_origin *origin)
{
	struct source rest;

	if (!cursor->line || at.offset < cursor->offset)
		*cursor = (struct line_cursor){ .line = 1, .column = 1 };
	rest = (struct source){ .text = source->text + cursor->offset, .size = source->size - cursor->offset };
	source_locate(&rest, at.offset - cursor->offset, &origin->line, &origin->column);
	if (origin->line == 1)
		origin->column += cursor->column - 1;
	origin->line += cursor->line - 1;
	*cursor = (struct line_cursor){ at.offset, origin->line, origin->column };
}

int candidate_direction(const struct callgate_action *action, const struct callgate_action *fallback)
{
	return (action->kind > fallback->kind) - (action->kind < fallback->kind);
}

static bool list_append(struct arena *scratch, struct candidate_list *list, const struct candidate *like)
{
	struct candidate *candidate = list ? arena_copy(scratch, like, sizeof(*like)) : NULL;

	if (!candidate)
		return false;
	if (list->last)
		list->last->next = candidate;
	else
		list->first = candidate;
	list->last = candidate;
	return true;
}

static bool has_muxes(enum callgate_abi abi)
{
	static const struct slice muxes[] = { SLICE("socketcall"), SLICE("ipc") };

	for (size_t i = 0; i < sizeof(muxes) / sizeof(muxes[0]); i++)
		if (syscall_nr(syscall_find(muxes[i]), abi) != SYSCALL_NONE)
			return true;
	return false;
}

static int space_init(const struct resolution *res, struct abi_candidates *space, enum callgate_abi abi)
{
	uint32_t highest = syscall_max_nr(abi);

	*space = (struct abi_candidates){ .abi = abi, .base = abi_of(abi)->first_nr, .has_muxes = has_muxes(abi) };
	space->size = highest - space->base + 1;
	/* LXC's version 1 lists bare numbers, known to the table or not. */
	if (res->policy->dialect == DIALECT_LXC && res->policy->lxc_version == 1)
		space->size = NUMBER_LIMIT;
	if (res->policy->highest_nr && space->base == 0 && space->size <= res->policy->highest_nr)
		space->size = res->policy->highest_nr + 1;
	space->pages = arena_array(res->scratch, space->size / PAGE_SIZE + 1, sizeof(struct candidate_page *));
	return space->pages ? 0 : CALLGATE_E_NOMEM;
}

const struct abi_candidates *candidates_of(const struct candidates *all, enum callgate_abi abi)
{
	for (unsigned i = 0; i < all->abi_count; i++)
		if (all->abis[i].abi == abi)
			return &all->abis[i];
	return NULL;
}

const struct candidate_list *candidates_at(const struct abi_candidates *space, uint32_t i)
{
	const struct candidate_page *page = space->pages[i / PAGE_SIZE];

	return page && page->lists[i % PAGE_SIZE].first ? &page->lists[i % PAGE_SIZE] : NULL;
}

/* libseccomp passes over comparisons under a mask that is 0, or becomes 0 where words have 32 bits. */
static bool is_conditional(const struct resolution *res, const struct candidate *candidate, uint8_t word)
{
	return candidate->conditional &&
	       !(res->traits->through_library && rule_asks_nothing(candidate->rule->rule, word));
}

const struct candidate *candidates_unconditional(const struct resolution *res, const struct candidate_list *list,
						 uint8_t word)
{
	for (const struct candidate *at = list->first; at; at = at->next)
		if (!is_conditional(res, at, word))
			return at;
	return NULL;
}

static struct candidate_list *space_list(const struct resolution *res, struct abi_candidates *space, uint32_t i)
{
	struct candidate_page **page = &space->pages[i / PAGE_SIZE];

	if (!*page)
		*page = arena_alloc(res->scratch, sizeof(**page));
	return *page ? &(*page)->lists[i % PAGE_SIZE] : NULL;
}

/* A number's list wherever it is; NULL: no memory, or below the ABI's first number. */
static struct candidate_list *number_list(const struct resolution *res, struct abi_candidates *space, uint32_t nr)
{
	struct far_number **at = &space->far, *far;

	if (nr - space->base < space->size)
		return space_list(res, space, nr - space->base);
	while (*at && (*at)->nr < nr)
		at = &(*at)->next;
	if (*at && (*at)->nr == nr)
		return &(*at)->list;
	far = arena_alloc(res->scratch, sizeof(*far));
	if (!far)
		return NULL;
	*far = (struct far_number){ .nr = nr, .next = *at };
	*at = far;
	return &far->list;
}

static struct candidate_list *mux_list(struct abi_candidates *space, int mux, uint32_t selector)
{
	unsigned i;

	for (i = 0; i < space->mux_count; i++)
		if (space->mux[i].id == mux)
			break;
	if (i == MUX_COUNT || selector >= MUX_SELECTORS)
		return NULL;
	if (i == space->mux_count)
		space->mux[space->mux_count++] =
			(struct mux_members){ .id = mux, .nr = (uint32_t)syscall_nr(mux, space->abi) };
	return &space->mux[i].by_selector[selector];
}

bool resolution_in_order(const struct resolution *res)
{
	return res->policy->overlap == CALLGATE_OVERLAP_FIRST || res->traits->in_order;
}

/* Rules that do what the default does are gone before anything else (rule 0), but where the first rule decides they
 * hide others. */
static bool drops(const struct resolution *res, const struct candidate *like)
{
	return !resolution_in_order(res) && like->is_default;
}

static void count_number(struct abi_candidates *space, uint32_t nr)
{
	if (space->any && nr <= space->highest)
		return;
	space->highest = nr;
	space->any = true;
}

static bool place_number(const struct resolution *res, struct abi_candidates *space, uint32_t nr,
			 const struct candidate *like, bool counts)
{
	if (counts)
		count_number(space, nr);
	/* What is dropped names a number that is known all the same. */
	if (drops(res, like))
		return true;
	return nr - space->base >= space->size ||
	       list_append(res->scratch, space_list(res, space, nr - space->base), like);
}

static bool is_member(const struct abi_candidates *space, int id, int *mux, uint32_t *selector)
{
	return space->has_muxes && syscall_behind_mux(id, space->abi, mux, selector);
}

static bool place_member(const struct resolution *res, struct abi_candidates *space, int id,
			 const struct candidate *like)
{
	struct candidate_list *list;
	uint32_t selector;
	int mux;

	if (!is_member(space, id, &mux, &selector))
		return true;
	/* What is above the multiplexer is newer than the profile, the multiplexer is not. */
	if (res->traits->own_rules)
		count_number(space, (uint32_t)syscall_nr(mux, space->abi));
	if (drops(res, like))
		return true;
	list = mux_list(space, mux, selector);
	if (!list)
		return true;
	/* The multiplexer's number gets a page even when no rule names it: resolve visits pages. */
	return space_list(res, space, (uint32_t)syscall_nr(mux, space->abi) - space->base) &&
	       list_append(res->scratch, list, like);
}

static void count_kind(const struct resolution *res, struct abi_candidates *space, bool pseudo,
		       const struct candidate *like)
{
	unsigned kind = is_conditional(res, like, abi_of(space->abi)->width) ? HAS_CONDITIONAL : HAS_UNCONDITIONAL;

	if (!like->is_default)
		space->has |= pseudo ? kind << 2 : kind;
}

static bool place_name(const struct resolution *res, struct candidates *out, int id, const struct candidate *like)
{
	bool good = true;

	for (unsigned i = 0; i < out->abi_count; i++) {
		struct abi_candidates *space = &out->abis[i];
		int64_t nr = syscall_nr(id, space->abi);
		uint32_t selector;
		int mux;

		if ((res->traits->exact && lxc_leaves_out(id, space->abi)) || library_misses(res, id, space->abi) ||
		    (res->traits->native_only && runsc_lacks(nr, space->abi)))
			continue;
		if (like->rule->rule->has_only && like->rule->rule->only != space->abi)
			continue;
		/* Where there are multiplexers libseccomp keeps rules for their members alone, elsewhere for every name
		 * that it knows. */
		if (nr >= 0 || !space->has_muxes || is_member(space, id, &mux, &selector))
			count_kind(res, space, nr < 0, like);
		/*
		 * runc's own count looks at libseccomp's number, which is a pseudo number for members of multiplexers.
		 */
		if (nr >= 0)
			good &= place_number(res, space, (uint32_t)nr, like,
					     !res->traits->stub || !is_member(space, id, &mux, &selector));
		good &= place_member(res, space, id, like);
	}
	return good;
}

/* A version 1 line of LXC's text: a number of the native ABI. */
static bool place_bare_number(const struct resolution *res, struct candidates *out, const struct candidate *like)
{
	uint32_t nr = 0;

	for (size_t i = 0; i < like->name->text.size; i++) {
		nr = nr * 10 + (uint32_t)(like->name->text.at[i] - '0');
		if (nr >= NUMBER_LIMIT)
			return true; /* no kernel has it; the default denies it */
	}
	return place_number(res, &out->abis[0], nr, like, true);
}

/* A rule about one number of one ABI, of a policy made by calls. */
static bool place_exact_number(const struct resolution *res, struct candidates *out, uint32_t nr,
			       const struct candidate *like)
{
	const struct rule *rule = like->rule->rule;

	for (unsigned i = 0; i < out->abi_count; i++)
		if (out->abis[i].abi == rule->only)
			return drops(res, like) || list_append(res->scratch, number_list(res, &out->abis[i], nr), like);
	return true;
}

static bool keep_unknown(struct callgate_filter *filter, const struct slice *text, const struct callgate_origin *origin)
{
	struct unknown_name *unknown = arena_array(&filter->arena, 1, sizeof(*unknown));
	struct unknown_name **last = filter->unknown_last ? &filter->unknown_last->next : &filter->unknown;

	if (!unknown)
		return false;
	*unknown = (struct unknown_name){ .origin = *origin };
	unknown->name = arena_strndup(&filter->arena, text->at, text->size < 64 ? text->size : 64);
	*last = unknown;
	filter->unknown_last = unknown;
	return unknown->name != NULL;
}

/* A name that resolves nowhere may only ever make the filter stricter (rule 4). */
static bool drop_name(const struct resolution *res, const struct candidate *like)
{
	const struct slice *text = &like->name->text;
	bool tightens = candidate_direction(&like->rule->action, &res->active->fallback) < 0;

	/* The reader has said it of unknown names; here it is about names that the asked-for release does not
	 * know. */
	if (syscall_find(*text) >= 0)
		note_at(res->notes, CALLGATE_WARNING, NOTE_SYSCALL, &res->policy->source, like->name->at.offset,
			"syscall '%.*s' is unknown to that libseccomp release; %s", (int)text->size, text->at,
			tightens ? "the rule does not deny it" : "the rule does not allow it");
	/* Readers other than our own drop such names, and that is what was asked for. */
	return !tightens || !res->traits->own_rules || keep_unknown(res->filter, text, &like->origin);
}

/* libseccomp keeps the calls of x86_64 and x32 in one list. */
static void share_kinds(struct candidates *all)
{
	unsigned has = 0;

	for (unsigned i = 0; i < all->abi_count; i++)
		if (all->abis[i].abi == CALLGATE_ABI_X86_64 || all->abis[i].abi == CALLGATE_ABI_X32)
			has |= all->abis[i].has;
	for (unsigned i = 0; i < all->abi_count; i++)
		if (all->abis[i].abi == CALLGATE_ABI_X86_64 || all->abis[i].abi == CALLGATE_ABI_X32)
			all->abis[i].has = has;
}

/* One name of a rule. number: what it stands for, of a rule by number. */
static int collect(const struct resolution *res, struct candidates *out, const struct candidate *like,
		   const uint32_t *number, struct callgate_err *err)
{
	bool bare = res->policy->dialect == DIALECT_LXC && res->policy->lxc_version == 1, good;
	int id = bare || number ? SYSCALL_NONE : syscall_find(like->name->text);

	if (number)
		good = place_exact_number(res, out, *number, like);
	else if (bare)
		good = place_bare_number(res, out, like);
	else if (id >= 0 && syscall_in_release(id, res->target->libseccomp)) {
		if (!place_name(res, out, id, like))
			return err_nomem(err);
		return res->traits->exact ? lxc_refuse(res, id, like, err)
					  : library_refuse_errno(res, like->rule->action, like->name->at, err);
	} else
		good = drop_name(res, like);
	return good ? 0 : err_nomem(err);
}

static int collect_rule(const struct resolution *res, struct candidates *out, const struct active_rule *rule,
			struct line_cursor *cursor, struct callgate_err *err)
{
	unsigned count = rule->rule->name_count;
	const uint32_t *numbers = rule->rule->numbers;
	const struct node **leaves = arena_array(res->scratch, count, sizeof(*leaves));
	struct candidate like = {
		.rule = rule,
		.origin = { .why = CALLGATE_BY_RULE, .file = res->filter->name },
		.is_default = action_equal(rule->action, res->active->fallback),
		.conditional = rule->rule->condition_count,
		.weight = rule->rule->weight,
	};
	int r = leaves || !count ? 0 : err_nomem(err);

	for (unsigned i = 0; i < count && r == 0; i++) {
		like.name = &rule->rule->names[i];
		like.leaf = &leaves[i];
		cursor_locate(cursor, &res->policy->source, like.name->at, &like.origin);
		r = collect(res, out, &like, numbers ? &numbers[i] : NULL, err);
	}
	return r;
}

int candidates_collect(const struct resolution *res, struct candidates *out, struct callgate_err *err)
{
	struct line_cursor cursor = { 0 };
	int r = 0;

	out->abi_count = 0;
	for (unsigned i = 0; i < res->active->abi_count; i++)
		if (space_init(res, &out->abis[out->abi_count++], res->active->abis[i]) < 0)
			return err_nomem(err);
	for (unsigned i = 0; i < res->active->rule_count && r == 0; i++)
		r = collect_rule(res, out, &res->active->rules[i], &cursor, err);
	share_kinds(out);
	return r;
}
