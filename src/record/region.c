/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regions of calls as decisions, and the question whether a filter permits all of one. */
#include "record/region.h"

#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/selector.h"
#include "record/recording.h"

enum { CHECKS_AT_ONCE = 2048 }; /* then tables begin anew, so that they stay small however long the record is */

unsigned region_count(const struct record_row *row)
{
	return row->spread ? 1 : row->combination_count;
}

uint64_t region_calls(const struct record_row *row, unsigned index)
{
	return row->spread ? row->count : row->combinations[index].count;
}

/* The bits that were looked at. A 32-bit ABI's upper halves are 0 for filters too. */
static uint64_t mask_of(const struct record_row *row, unsigned arg)
{
	struct selector selectors[SELECTORS];
	unsigned count = selectors_of(row->abi, row->nr, selectors);

	for (unsigned i = 0; i < count; i++)
		if (selectors[i].arg == arg && selectors[i].mask != UINT32_MAX)
			return selectors[i].mask;
	return UINT64_MAX;
}

static const struct node *one_of(struct callgate_filter *scratch, const struct record_values *values, struct test test,
				 const struct node *inside, const struct node *outside)
{
	const struct node *node = outside;

	for (unsigned i = 0; i < values->count && node; i++) {
		test.value = values->values[i] & test.mask;
		node = filter_test(scratch, test, inside, node);
	}
	return node;
}

/* Between the least and the most, and only with bits that were seen. */
static const struct node *within_hull(struct callgate_filter *scratch, const struct record_values *values,
				      struct test test, const struct node *inside, const struct node *outside)
{
	struct test least = { UINT64_MAX, values->least, test.arg, TEST_GE, 0 },
		    most = { UINT64_MAX, values->most, test.arg, TEST_GT, 0 };
	const struct node *node;

	test.value = values->all & test.mask;
	test.mask &= ~values->any | values->all;
	test.value &= test.mask;
	node = filter_test(scratch, test, inside, outside);
	if (node && values->least)
		node = filter_test(scratch, least, node, outside);
	return node && values->most != UINT64_MAX ? filter_test(scratch, most, outside, node) : node;
}

const struct node *region_node(struct callgate_filter *scratch, const struct record_row *row, unsigned index,
			       const struct node *inside, const struct node *outside)
{
	unsigned known = row->spread ? row->known : row->combinations[index].known;
	const struct node *node = inside;

	for (unsigned arg = 0; arg < RECORD_ARGS && node; arg++) {
		struct test test = { .mask = mask_of(row, arg), .arg = (uint8_t)arg, .op = TEST_EQ };

		if (!(known >> arg & 1))
			continue;
		if (row->spread) {
			node = row->spread[arg].count ? one_of(scratch, &row->spread[arg], test, node, outside)
						      : within_hull(scratch, &row->spread[arg], test, node, outside);
		} else {
			test.value = row->combinations[index].args[arg] & test.mask;
			node = filter_test(scratch, test, node, outside);
		}
	}
	return node;
}

/* ------------------------------------------------------------------ against a filter */

static int begin(struct region_check *check, struct callgate_err *err)
{
	int r = filter_new("record", &check->scratch, err);

	check->used = 0;
	return r < 0 ? r : meaning_new(&check->meaning, err);
}

int region_check_start(struct region_check *check, const struct callgate_filter *filter, struct callgate_err *err)
{
	*check = (struct region_check){ .filter = filter };
	return begin(check, err);
}

void region_check_release(struct region_check *check)
{
	check->meaning = meaning_free(check->meaning);
	check->scratch = callgate_filter_free(check->scratch);
}

static const struct node *node_of(const struct callgate_filter *filter, const struct record_row *row)
{
	const struct filter_arch *arch = filter_arch_of(filter, abi_of(row->abi)->audit);

	return arch ? arch->spans[span_at(arch, row->nr)].node : filter->other_arch;
}

/* Inside the region LOG, which is the strictest that still lets a call go: where the filter is stricter, their meet is
 * not the region. */
static int region_meaning(struct region_check *check, const struct record_row *row, unsigned index, meaning_ref *out,
			  struct callgate_err *err)
{
	struct callgate_action log = { .kind = CALLGATE_LOG }, kill = { .kind = CALLGATE_KILL_PROCESS };
	struct callgate_origin nobody = { .why = CALLGATE_BY_DEFAULT };
	const struct node *inside = filter_leaf(check->scratch, log, nobody),
			  *outside = filter_leaf(check->scratch, kill, nobody);
	const struct node *node = inside && outside ? region_node(check->scratch, row, index, inside, outside) : NULL;

	return node ? meaning_of(check->meaning, check->scratch, node, out, err) : err_nomem(err);
}

int region_check(struct region_check *check, const struct record_row *row, unsigned index, bool *permitted,
		 uint64_t args[RECORD_ARGS], struct callgate_err *err)
{
	meaning_ref region, filter, both;
	unsigned pc;
	int r = 0;

	if (check->used++ >= CHECKS_AT_ONCE) {
		region_check_release(check);
		r = begin(check, err);
	}
	if (r == 0)
		r = region_meaning(check, row, index, &region, err);
	if (r == 0)
		r = meaning_of(check->meaning, check->filter, node_of(check->filter, row), &filter, err);
	if (r == 0)
		r = meaning_meet(check->meaning, region, filter, &both, err);
	if (r)
		return r;
	*permitted = !meaning_witness(check->meaning, region, both, args);
	if (meaning_is_opaque(check->meaning, both, &pc))
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "what instruction %u of the filter does to a recorded call is unknown", pc);
	return 0;
}

void region_tell(const struct callgate_filter *filter, const struct record_row *row, unsigned index,
		 const uint64_t args[RECORD_ARGS], struct callgate_uncovered *out)
{
	const struct node *leaf = filter_walk(filter, abi_of(row->abi)->audit, row->nr, args);

	*out = (struct callgate_uncovered){ .call = { .abi = row->abi, .nr = row->nr },
					    .phase = row->phase,
					    .program = "" };
	memcpy(out->call.args, args, sizeof(out->call.args));
	out->count = region_calls(row, index);
	out->action = leaf->action;
	out->origin = leaf->origin;
	out->denied = row->answer == RECORD_ERRNO || row->answer == RECORD_SIGSYS;
}
