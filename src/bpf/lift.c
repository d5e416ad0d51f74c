/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lift: from a program to what it means, by partial evaluation. For one audit architecture at a time, sets of syscall
 * numbers walk through the program and part where it compares the number; where it compares an argument, the rest is
 * turned into a decision graph. What no profile can say becomes an opaque leaf at that instruction, for those calls
 * only.
 */

#include "base/err.h"
#include "bpf/lift_walk.h"
#include "names/abi.h"
#include "names/words.h"

enum {
	LIFT_MEMORY = 20 << 20,
	/* What joining neighbours may leave of the filter's budget. Most of it is for questions that somebody has. */
	LIFT_LEAVES = FILTER_WORK_LIMIT / 8 * 7,
};

/* Neighbours mean the same: one action from two instructions, or two graphs with one diagram. */
static bool same_meaning(struct lift *lift, struct meaning **meaning, const struct node *a, const struct node *b)
{
	meaning_ref ref_a, ref_b;
	unsigned pc;

	if (a == b)
		return true;
	if (a->leaf != b->leaf || (a->leaf && (a->opaque || b->opaque)))
		return false;
	if (a->leaf)
		return action_equal(a->action, b->action);
	/* Too complex here is no failure: the neighbours only stay two. */
	if (filter_work_left(lift->filter) < LIFT_LEAVES || (!*meaning && meaning_new(meaning, NULL)))
		return false;
	return !meaning_of(*meaning, lift->filter, a, &ref_a, NULL) &&
	       !meaning_of(*meaning, lift->filter, b, &ref_b, NULL) && ref_a == ref_b &&
	       !meaning_is_opaque(*meaning, ref_a, &pc);
}

static void pieces_to_map(struct lift *lift, struct span_map *map)
{
	struct meaning *meaning = NULL;

	for (size_t i = 0; i < lift->piece_count; i++) {
		const struct piece *piece = &lift->pieces[i];

		if (!map->count || !same_meaning(lift, &meaning, map->spans[map->count - 1].node, piece->node))
			span_map_add(map, &(struct span){ .first = piece->range.first, .node = piece->node });
	}
	meaning_free(meaning);
}

static bool arch_listed(const struct lift *lift, uint32_t audit)
{
	return filter_arch_of(lift->filter, audit) != NULL;
}

/* One the program never asks for by number has the map of all others. */
static int add_arch(struct lift *lift, const struct span_map *other, uint32_t audit, struct callgate_err *err)
{
	struct span_map map = { 0 };
	bool named = lift->arch_odd;
	int code = 0;

	for (size_t i = 0; i < lift->arch_count; i++)
		named |= lift->arches[i] == audit;
	if (named) {
		code = lift_walk(lift, audit, err);
		if (!code)
			pieces_to_map(lift, &map);
	} else {
		for (size_t i = 0; i < other->count; i++)
			span_map_add(&map, &other->spans[i]);
	}
	return code ? code : filter_add_arch(lift->filter, audit, &map, err);
}

static void add_abis(struct lift *lift, uint32_t audit)
{
	struct callgate_filter *filter = lift->filter;

	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
		bool there = abi_of((enum callgate_abi)abi)->audit != audit;

		for (unsigned i = 0; i < filter->abi_count && !there; i++)
			there = filter->abis[i] == (enum callgate_abi)abi;
		if (!there)
			filter->abis[filter->abi_count++] = (enum callgate_abi)abi;
	}
}

/* The architectures that the program asks for by number, each with its own map. */
static int lift_named(struct lift *lift, const struct span_map *other, enum callgate_abi native,
		      struct callgate_err *err)
{
	int code = add_arch(lift, other, abi_of(native)->audit, err);

	lift->filter->abis[lift->filter->abi_count++] = native;
	add_abis(lift, abi_of(native)->audit);
	for (size_t i = 0; i < lift->arch_count && !code; i++) {
		if (arch_listed(lift, lift->arches[i]))
			continue;
		add_abis(lift, lift->arches[i]);
		code = add_arch(lift, other, lift->arches[i], err);
	}
	return code;
}

/* All other architectures. Where the number matters there too, the known ones get maps, and no unknown one exists. */
static int lift_others(struct lift *lift, const struct span_map *other, enum callgate_abi native,
		       struct callgate_err *err)
{
	struct callgate_filter *filter = lift->filter;
	enum callgate_abi family[3];
	unsigned count = abi_family(native, family);

	filter->other_arch = other->count == 1 ? other->spans[0].node : filter_opaque(filter, lift->number_pc);
	if (!filter->other_arch)
		return err_nomem(err);
	if (other->count == 1 && !lift->arch_odd)
		return 0;
	for (unsigned i = 0; i < count; i++)
		add_abis(lift, abi_of(family[i])->audit);
	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
		uint32_t audit = abi_of((enum callgate_abi)abi)->audit;
		int code = arch_listed(lift, audit) ? 0 : add_arch(lift, other, audit, err);

		if (code)
			return code;
	}
	return 0;
}

static int lift_all(struct lift *lift, enum callgate_abi native, struct callgate_err *err)
{
	struct span_map other = { 0 };
	int code = lift_walk(lift, LIFT_OTHER_ARCH, err); /* also finds the architectures that are asked for */

	if (code)
		return code;
	pieces_to_map(lift, &other);
	if (other.failed)
		code = err_nomem(err);
	if (!code)
		code = lift_named(lift, &other, native, err);
	if (!code)
		code = lift_others(lift, &other, native, err);
	span_map_release(&other);
	return code;
}

static int lift_prog(const struct callgate_prog *prog, const char *name, enum callgate_abi native,
		     struct callgate_filter **out, struct callgate_err *err)
{
	struct lift *lift = NULL;
	int code = prog_check(prog, err);

	if (code)
		return code;
	if (!abi_of(native))
		return err_set(err, CALLGATE_E_ARG, "no such ABI");
	code = lift_new(prog, &lift, err);
	if (code)
		return code;
	code = filter_new(name, &lift->filter, err);
	if (!code) {
		lift->filter->arena.limit = LIFT_MEMORY;
		lift->unknown = filter_too_complex(lift->filter);
		code = lift->unknown ? lift_all(lift, native, err) : err_nomem(err);
	}
	if (!code)
		code = filter_list_open(lift->filter, native, err);
	if (code) {
		callgate_filter_free(lift->filter);
	} else {
		lift->filter->arena.limit = 0;
		*out = lift->filter;
	}
	lift_free(lift);
	return code;
}

int callgate_filter_lift(const struct callgate_prog *prog, const char *name, enum callgate_abi native,
			 struct callgate_filter **out, struct callgate_err *err)
{
	REQUIRE(err, prog && out && abi_of(native));
	return lift_prog(prog, name ? name : "a program", native, out, err);
}
