/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Diff: two maps walked in step; where nodes are not the same action, their diagrams are compared. */
#include "filter/diff.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/private.h"
#include "filter/meaning.h"
#include "filter/zip.h"
#include "names/abi.h"
#include "names/words.h"

enum { ROW_LIMIT = 1 << 14 }; /* past it the rest is one row: not known */

struct differ {
	const struct callgate_filter *a, *b;
	struct callgate_diff *diff;
	struct meaning *meaning;
	struct callgate_err *err;
	meaning_ref last_a, last_b; /* of the row that was added last */
	uint32_t audit;
	enum callgate_abi foreign; /* the ABI that rows of an unlisted architecture show in their witness */
	bool listed;               /* rows carry their own ABI */
};

/* ------------------------------------------------------------------ one interval of numbers */

static void witness_side(const struct node *node, struct callgate_difference *row, bool is_b)
{
	while (!node->leaf)
		node = test_holds(&node->test, row->witness.args) ? node->yes : node->no;
	if (is_b) {
		row->b = node->action;
		row->opaque_b = node->opaque;
	} else {
		row->a = node->action;
		row->opaque_a = node->opaque;
	}
}

static enum callgate_change change_of(unsigned relation)
{
	if (relation & MEANING_UNKNOWN)
		return CALLGATE_UNKNOWN;
	if (relation & MEANING_LOOSER && relation & MEANING_TIGHTER)
		return CALLGATE_OTHER;
	return relation & MEANING_LOOSER    ? CALLGATE_LOOSER
	       : relation & MEANING_TIGHTER ? CALLGATE_TIGHTER
					    : CALLGATE_OTHER;
}

/*
 * What a reader wants to see first: a call that is permitted more, else less, else otherwise, else what is unknown.
 */
static unsigned wanted(unsigned relation)
{
	static const unsigned order[] = { MEANING_LOOSER, MEANING_TIGHTER, MEANING_OTHER, MEANING_UNKNOWN };

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (relation & order[i])
			return order[i];
	return 0;
}

static struct callgate_difference *row_new(const struct differ *differ)
{
	struct callgate_diff *diff = differ->diff;

	if (diff->count == diff->room) {
		size_t room = diff->room ? diff->room * 2 : 32;
		struct callgate_difference *rows = realloc(diff->rows, room * sizeof(*rows));
		uint32_t *arches = rows ? realloc(diff->arches, room * sizeof(*arches)) : NULL;

		if (rows)
			diff->rows = rows;
		if (!arches)
			return NULL;
		diff->arches = arches;
		diff->room = room;
	}
	diff->rows[diff->count] = (struct callgate_difference){ 0 };
	diff->arches[diff->count] = differ->audit;
	return &diff->rows[diff->count];
}

/* The same difference on the next number makes the last row longer. */
static bool row_extends(struct differ *differ, enum callgate_abi abi, const struct zip *step, meaning_ref a,
			meaning_ref b)
{
	struct callgate_difference *last;

	if (!differ->diff->count || differ->last_a != a || differ->last_b != b || abi == CALLGATE_ABI_NONE)
		return false;
	last = &differ->diff->rows[differ->diff->count - 1];
	if (last->abi != abi || last->last + 1 != step->first)
		return false;
	last->last = step->last;
	return true;
}

/* What cannot be compared within the budget is a row of its own. */
static int add_unknown(struct differ *differ, enum callgate_abi abi, const struct zip *step)
{
	struct callgate_difference *row = row_new(differ);

	if (!row)
		return err_nomem(differ->err);
	*row = (struct callgate_difference){
		.abi = abi,
		.first = step->first,
		.last = step->last,
		.change = CALLGATE_UNKNOWN,
		.opaque_a = true,
		.opaque_b = true,
		.depends_a = !step->a->leaf,
		.depends_b = !step->b->leaf,
		.witness = { .abi = differ->listed ? abi : differ->foreign, .nr = step->first },
	};
	differ->last_a = differ->last_b = UINT32_MAX; /* no row goes on from here */
	differ->diff->count++;
	return 0;
}

static int relate(struct differ *differ, const struct zip *step, meaning_ref refs[2], unsigned *relation)
{
	int r = meaning_of(differ->meaning, differ->a, step->a, &refs[0], differ->err);

	if (r == 0)
		r = meaning_of(differ->meaning, differ->b, step->b, &refs[1], differ->err);
	return r < 0 ? r : meaning_relate(differ->meaning, refs[0], refs[1], relation, differ->err);
}

static int add_row(struct differ *differ, enum callgate_abi abi, const struct zip *step, const meaning_ref refs[2],
		   unsigned relation)
{
	struct callgate_difference *row = row_new(differ);
	struct callgate_action ignored;
	int r;

	if (!row)
		return err_nomem(differ->err);
	row->abi = abi;
	row->first = step->first;
	row->last = step->last;
	row->change = change_of(relation);
	row->looser = (relation & MEANING_LOOSER) != 0;
	row->tighter = (relation & MEANING_TIGHTER) != 0;
	row->depends_a = !step->a->leaf && !meaning_is_constant(differ->meaning, refs[0], &ignored);
	row->depends_b = !step->b->leaf && !meaning_is_constant(differ->meaning, refs[1], &ignored);
	row->witness.abi = differ->listed ? abi : differ->foreign;
	row->witness.nr = step->first;
	r = meaning_witness_of(differ->meaning, refs[0], refs[1], wanted(relation), row->witness.args, differ->err);
	if (r < 0)
		return r;
	witness_side(step->a, row, false);
	witness_side(step->b, row, true);
	differ->last_a = refs[0];
	differ->last_b = refs[1];
	differ->diff->count++;
	return 0;
}

static int compare(struct differ *differ, enum callgate_abi abi, const struct zip *step)
{
	meaning_ref refs[2];
	unsigned relation = 0;
	int r;

	if (step->a->leaf && step->b->leaf && !step->a->opaque && !step->b->opaque &&
	    action_equal(step->a->action, step->b->action))
		return 0;
	r = relate(differ, step, refs, &relation);
	if (r == 0 && (relation == MEANING_SAME || row_extends(differ, abi, step, refs[0], refs[1])))
		return 0;
	if (r == 0 && differ->diff->count < ROW_LIMIT)
		r = add_row(differ, abi, step, refs, relation);
	else if (r == 0)
		r = CALLGATE_E_LIMIT;
	return r == CALLGATE_E_LIMIT ? add_unknown(differ, abi, step) : r;
}

/* ------------------------------------------------------------------ architectures */

/* The last number from nr on that belongs to the same ABI: x86_64 and x32 share an architecture, split by bit 30. */
static uint32_t abi_last(uint32_t audit, uint32_t nr)
{
	static const uint32_t cuts[] = { 0x3fffffff, 0x7fffffff, 0xbfffffff, 0xfffffffe };

	if (audit == abi_of(CALLGATE_ABI_X32)->audit)
		for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++)
			if (nr <= cuts[i])
				return cuts[i];
	return UINT32_MAX;
}

/* Numbers of one ABI, or of all in an architecture that is not listed: then one row is enough. */
static int compare_arch(struct differ *differ, enum callgate_abi abi)
{
	struct zip step = zip_start(differ->a, differ->b, differ->audit);
	size_t before = differ->diff->count;
	int code = 0;

	while (!code && differ->diff->count <= ROW_LIMIT && zip_next(&step)) {
		struct zip part = step;

		for (;;) {
			part.last = abi_last(differ->audit, part.first);
			if (part.last > step.last)
				part.last = step.last;
			if (!differ->listed || abi_by_audit(differ->audit, part.first) == abi)
				code = compare(differ, abi, &part);
			if (code || part.last == step.last)
				break;
			part.first = part.last + 1;
		}
		if (!differ->listed && differ->diff->count > before)
			break;
	}
	return code;
}

static bool answers(const struct callgate_filter *filter, enum callgate_abi abi)
{
	for (unsigned i = 0; i < filter->abi_count; i++)
		if (filter->abis[i] == abi)
			return true;
	return false;
}

static bool has_row(const struct differ *differ, enum callgate_abi abi)
{
	return answers(differ->a, abi) || answers(differ->b, abi);
}

/* Listed ABIs, and those that share an architecture with one: their numbers are in the same map. */
static bool is_listed(const struct differ *differ, enum callgate_abi abi)
{
	for (int other = 0; other < CALLGATE_ABI_COUNT; other++)
		if (abi_of((enum callgate_abi)other)->audit == abi_of(abi)->audit &&
		    has_row(differ, (enum callgate_abi)other))
			return true;
	return false;
}

static int compare_listed(struct differ *differ, uint32_t abis)
{
	int code = 0;

	differ->listed = true;
	for (int abi = 0; abi < CALLGATE_ABI_COUNT && !code; abi++) {
		differ->audit = abi_of((enum callgate_abi)abi)->audit;
		if (abis ? abis >> abi & 1 : is_listed(differ, (enum callgate_abi)abi))
			code = compare_arch(differ, (enum callgate_abi)abi);
	}
	return code;
}

/* The rest of the known architectures, and those that do not exist yet. One row is for them all. */
static int compare_others(struct differ *differ)
{
	size_t before = differ->diff->count;
	bool bare = false;
	int code = 0;

	differ->listed = false;
	for (int abi = 0; abi < CALLGATE_ABI_COUNT && !code && differ->diff->count == before; abi++) {
		differ->audit = abi_of((enum callgate_abi)abi)->audit;
		differ->foreign = (enum callgate_abi)abi;
		if (is_listed(differ, (enum callgate_abi)abi))
			continue;
		bare |= !filter_arch_of(differ->a, differ->audit) && !filter_arch_of(differ->b, differ->audit);
		code = compare_arch(differ, CALLGATE_ABI_NONE);
	}
	/* Architectures that a program names and that are not in our table. */
	for (int side = 0; side < 2; side++) {
		const struct callgate_filter *filter = side ? differ->b : differ->a;

		for (size_t i = 0; i < filter->arch_count && !code && differ->diff->count == before; i++) {
			differ->audit = filter->arches[i].audit;
			differ->foreign = CALLGATE_ABI_NONE;
			if (abi_by_audit(differ->audit, 0) == CALLGATE_ABI_NONE)
				code = compare_arch(differ, CALLGATE_ABI_NONE);
		}
	}
	/* A filter with a map for every known architecture says nothing of unknown ones, and no kernel has any. */
	if (code || differ->diff->count != before ||
	    (!bare && (differ->a->other_arch->opaque || differ->b->other_arch->opaque)))
		return code;
	differ->audit = zip_foreign(differ->a, differ->b);
	differ->foreign = CALLGATE_ABI_NONE;
	return compare_arch(differ, CALLGATE_ABI_NONE);
}

static int compare_all(const struct callgate_filter *a, const struct callgate_filter *b, uint32_t abis,
		       struct callgate_diff **out, struct callgate_err *err)
{
	struct differ differ = { .a = a, .b = b, .err = err };
	int code;

	filter_work_start(a);
	filter_work_start(b);
	differ.diff = calloc(1, sizeof(*differ.diff));
	if (!differ.diff)
		return err_nomem(err);
	code = meaning_new(&differ.meaning, err);
	if (!code)
		code = compare_listed(&differ, abis);
	if (!code && !abis)
		code = compare_others(&differ);
	meaning_free(differ.meaning);
	if (code) {
		callgate_diff_free(differ.diff);
		return err_negative(code);
	}
	*out = differ.diff;
	return 0;
}

struct callgate_diff *callgate_diff_free(struct callgate_diff *diff)
{
	if (diff) {
		free(diff->rows);
		free(diff->arches);
	}
	free(diff);
	return NULL;
}

int callgate_filter_diff(const struct callgate_filter *a, const struct callgate_filter *b, uint32_t abis,
			 struct callgate_diff **out, struct callgate_err *err)
{
	REQUIRE(err, a && b && out && !(abis >> CALLGATE_ABI_COUNT));
	return compare_all(a, b, abis, out, err);
}

size_t callgate_diff_count(const struct callgate_diff *diff)
{
	return diff ? diff->count : 0;
}

const struct callgate_difference *callgate_diff_at(const struct callgate_diff *diff, size_t index)
{
	return diff && index < diff->count ? &diff->rows[index] : NULL;
}

uint32_t callgate_diff_arch(const struct callgate_diff *diff, size_t index)
{
	return diff && index < diff->count ? diff->arches[index] : 0;
}

const char *callgate_change_name(enum callgate_change change)
{
	static const char *const names[] = { "tighter", "looser", "other", "unknown" };

	return (unsigned)change < sizeof(names) / sizeof(*names) ? names[change] : NULL;
}
