/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges: sets of syscall numbers, split by conditions. */
#include "bpf/ranges.h"

#include <stdlib.h>
#include <string.h>

const struct range *ranges_at(const struct ranges *set)
{
	return set->many ? set->many : &set->one;
}

void ranges_init(struct ranges *set, uint32_t first, uint32_t last)
{
	*set = (struct ranges){ .count = 1, .one = { first, last } };
}

void ranges_release(struct ranges *set)
{
	free(set->many);
	*set = (struct ranges){ 0 };
}

static bool ranges_room(struct ranges *set, uint32_t count)
{
	struct range *many;
	uint32_t room = set->room ? set->room : 8;

	if (count <= (set->many ? set->room : 1))
		return true;
	if (count > RANGES_LIMIT)
		return false;
	while (room < count)
		room *= 2;
	many = realloc(set->many, room * sizeof(*many));
	if (!many)
		return false;
	if (!set->many && set->count)
		many[0] = set->one;
	set->many = many;
	set->room = room;
	return true;
}

static struct range *ranges_edit(struct ranges *set)
{
	return set->many ? set->many : &set->one;
}

/* Adds an interval behind all others; one that touches the last makes it longer. False: no memory or RANGES_LIMIT. */
static bool ranges_add(struct ranges *set, uint32_t first, uint32_t last)
{
	struct range *at = ranges_edit(set);

	if (set->count && at[set->count - 1].last + 1 == first) {
		at[set->count - 1].last = last;
		return true;
	}
	if (!ranges_room(set, set->count + 1))
		return false;
	ranges_edit(set)[set->count++] = (struct range){ first, last };
	return true;
}

/* ------------------------------------------------------------------ from conditions */

/* Halves the block until the condition is the same all over it. */
static bool add_block(struct ranges *set, const struct condition *condition, uint32_t base, unsigned bits,
		      unsigned *budget)
{
	enum answer answer = condition_on_block(condition, base, bits);

	if (!*budget)
		return false;
	--*budget;
	if (answer == ANSWER_NO)
		return true;
	if (answer == ANSWER_YES)
		return ranges_add(set, base, base | (bits >= 32 ? UINT32_MAX : ((uint32_t)1 << bits) - 1));
	return add_block(set, condition, base, bits - 1, budget) &&
	       add_block(set, condition, base | (uint32_t)1 << (bits - 1), bits - 1, budget);
}

bool ranges_of_condition(const struct condition *condition, unsigned *budget, struct ranges *out)
{
	const struct word_test *test = &condition->above;
	struct ranges set = { 0 };

	/* The plain comparisons, nearly all that there are. */
	if (condition->guard.op == WORD_YES && test->mask == UINT32_MAX && !condition->negate) {
		ranges_init(out, test->value, test->op == WORD_EQ ? test->value : UINT32_MAX);
		return true;
	}
	if (!add_block(&set, condition, 0, 32, budget)) {
		ranges_release(&set);
		return false;
	}
	*out = set;
	return true;
}

/* ------------------------------------------------------------------ sets against sets */

/* The first interval that does not end before number. */
static uint32_t find(const struct ranges *set, uint32_t number)
{
	const struct range *at = ranges_at(set);
	uint32_t low = 0, high = set->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (at[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum answer ranges_answer(const struct ranges *set, const struct ranges *holds)
{
	const struct range *in = ranges_at(set), *yes = ranges_at(holds);
	bool some = false, none = false;

	if (holds->count == 1) {
		uint32_t near = find(set, yes->first);

		if (near == set->count || in[near].first > yes->last)
			return ANSWER_NO;
		return in[0].first >= yes->first && in[set->count - 1].last <= yes->last ? ANSWER_YES : ANSWER_BOTH;
	}
	for (uint32_t i = 0; i < set->count && !(some && none); i++) {
		uint32_t k = find(holds, in[i].first);
		bool apart = k == holds->count || yes[k].first > in[i].last;
		bool inside = !apart && yes[k].first <= in[i].first && yes[k].last >= in[i].last;

		some |= !apart;
		none |= !inside;
	}
	return some && none ? ANSWER_BOTH : some ? ANSWER_YES : ANSWER_NO;
}

/* One interval is taken out: whole intervals between, and parts at both ends. */
static bool cut_one(struct ranges *set, struct range cut, struct ranges *out)
{
	uint32_t i = find(set, cut.first), j = i;
	struct range *at, left[2];
	uint32_t keep = 0;

	for (at = ranges_edit(set); j < set->count && at[j].first <= cut.last; j++)
		if (!ranges_add(out, at[j].first > cut.first ? at[j].first : cut.first,
				at[j].last < cut.last ? at[j].last : cut.last))
			return false;
	if (i == j)
		return true;
	if (at[i].first < cut.first)
		left[keep++] = (struct range){ at[i].first, cut.first - 1 };
	if (at[j - 1].last > cut.last)
		left[keep++] = (struct range){ cut.last + 1, at[j - 1].last };
	if (!ranges_room(set, set->count - (j - i) + keep))
		return false;
	at = ranges_edit(set);
	memmove(at + i + keep, at + j, (set->count - j) * sizeof(*at));
	memcpy(at + i, left, keep * sizeof(*at));
	set->count = set->count - (j - i) + keep;
	return true;
}

bool ranges_split(struct ranges *set, const struct ranges *holds, struct ranges *out)
{
	const struct range *in = ranges_at(set), *yes = ranges_at(holds);
	struct ranges kept = { 0 }, taken = { 0 };
	bool good = true;

	if (holds->count == 1) {
		good = cut_one(set, yes[0], &taken);
	} else {
		for (uint32_t i = 0; i < set->count && good; i++) {
			uint64_t from = in[i].first;

			for (uint32_t k = find(holds, in[i].first);
			     good && k < holds->count && yes[k].first <= in[i].last; k++) {
				uint32_t first = yes[k].first > from ? yes[k].first : (uint32_t)from;
				uint32_t last = yes[k].last < in[i].last ? yes[k].last : in[i].last;

				good = (first == from || ranges_add(&kept, (uint32_t)from, first - 1)) &&
				       ranges_add(&taken, first, last);
				from = (uint64_t)last + 1;
			}
			if (good && from <= in[i].last)
				good = ranges_add(&kept, (uint32_t)from, in[i].last);
		}
		if (good) {
			ranges_release(set);
			*set = kept;
			kept = (struct ranges){ 0 };
		}
	}
	ranges_release(&kept);
	if (!good)
		ranges_release(&taken);
	else
		*out = taken;
	return good;
}
