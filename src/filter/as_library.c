/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * As libseccomp: rules of one call are chains of comparisons, arguments ascending, that share what they begin with.
 * Where its order of trying them decides, nothing is predicted here.
 */
#include "filter/as_library.h"

#include <string.h>

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "filter/overlap.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

int library_refuse_errno(const struct resolution *res, struct callgate_action action, struct place at,
			 struct callgate_err *err)
{
	if (res->lenient || !res->traits->through_library || action.kind != CALLGATE_ERRNO || action.data < ERRNO_MAX)
		return 0;
	note_at(res->notes, CALLGATE_ERROR, NOTE_ERRNO, &res->policy->source, at.offset,
		"%s rejects errno %u: libseccomp takes 0 to %d", reader_name(res->target->reader), action.data,
		ERRNO_MAX - 1);
	return err_set(err, CALLGATE_E_PROFILE, "%s rejects errno %u", reader_name(res->target->reader), action.data);
}

/* ------------------------------------------------------------------ the rules of one call */

static int refuse(const struct resolution *res, const struct candidate_list *list, const struct clause *clause,
		  const struct clause *earlier, struct callgate_err *err)
{
	const struct word *name = overlap_word(list, clause);

	note_at(res->notes, CALLGATE_ERROR, NOTE_CONFLICT, &res->policy->source, name->at.offset,
		"conflicting rules for '%.*s': %s rejects conditions that begin another rule's and have another action",
		(int)name->text.size, name->text.at, reader_name(res->target->reader));
	note_attach(res->notes, &res->policy->source, overlap_word(list, earlier)->at.offset, "the other rule is here");
	return err_set(err, CALLGATE_E_PROFILE, "two rules for '%.*s' contradict each other", (int)name->text.size,
		       name->text.at);
}

/* Comparisons under a mask of 0 are none. */
static bool strip(struct arena *arena, struct clause *clause)
{
	struct test *kept = arena_array(arena, clause->test_count + 1, sizeof(*kept));
	unsigned count = 0;

	if (!kept)
		return false;
	for (unsigned i = 0; i < clause->test_count; i++)
		if (clause->tests[i].mask)
			kept[count++] = clause->tests[i];
	clause->tests = kept;
	clause->test_count = count;
	return true;
}

/* Clauses of which one begins the other have the same first comparison: there may be thousands of others. */
static uint64_t first_comparison(const struct clause *clause)
{
	const struct test *first = clause->tests;

	for (unsigned i = 1; i < clause->test_count; i++)
		if (clause->tests[i].arg < first->arg)
			first = &clause->tests[i];
	return clause->test_count
		       ? (first->value * 31 + first->mask) * 31 + first->arg * 8u + first->op * 2u + first->negate
		       : 0;
}

int library_settle(const struct resolution *res, const struct candidate_list *list, struct rule_clauses *clauses,
		   struct callgate_err *err)
{
	struct clause *kept = clauses->clauses;
	unsigned count = 0;
	uint64_t *keys;

	if (res->lenient)
		return 0;
	keys = arena_array(res->scratch, clauses->count + 1, sizeof(*keys));
	if (!keys)
		return err_nomem(err);
	for (unsigned i = 0; i < clauses->count; i++) {
		struct clause clause = clauses->clauses[i];
		unsigned left = 0, looks = count / 16; /* most look at a key only */
		bool narrower = false;
		uint64_t key;

		if (!strip(&res->filter->arena, &clause))
			return err_nomem(err);
		key = first_comparison(&clause);
		for (unsigned j = 0; j < count; j++)
			looks += keys[j] == key;
		if (!filter_spend(res->filter, looks))
			return err_set(
				err, CALLGATE_E_LIMIT,
				"too complex: too many conditional rules of one call to compare with one another");
		for (unsigned j = 0; j < count && !narrower; j++)
			narrower =
				keys[j] == key && clause_begins(&clause, &kept[j]) && !clause_begins(&kept[j], &clause);
		for (unsigned j = 0; j < count && !narrower; j++) {
			if (keys[j] != key || !clause_begins(&kept[j], &clause)) {
				keys[left] = keys[j];
				kept[left++] = kept[j];
			} else if (!action_equal(clause.action, kept[j].action))
				return refuse(res, list, &clause, &kept[j], err);
		}
		if (narrower)
			continue;
		keys[left] = key;
		kept[left++] = clause;
		count = left;
	}
	clauses->count = count;
	return 0;
}

static bool orders(const struct test *test)
{
	return test->op != TEST_EQ;
}

/* What the rules for a call compare one argument with. */
struct compared {
	const struct test *first;
	bool orders;             /* one of them does more than to look for a value */
	bool halves, comparison; /* of two of them, they differ: the mask or the upper half, anything at all */
	bool more;               /* one of the rules compares other arguments too */
};

static void compare(struct compared *compared, const struct test *test, bool more)
{
	const struct test *first = compared->first ? compared->first : test;

	compared->first = first;
	compared->orders |= orders(test);
	compared->halves |= first->mask != test->mask || first->value >> 32 != test->value >> 32;
	compared->comparison |= first->op != test->op || first->value != test->value;
	compared->more |= more;
}

/*
 * On 64-bit ABIs a comparison is one of the upper halves and one of the lower, and comparisons of one argument share
 * what they have in common. Where one of them orders and the halves differ, or more is compared behind them, some of
 * what they ask for may get lost.
 */
static bool may_lose_some(const struct rule_clauses *clauses)
{
	struct compared arguments[6] = { { .first = NULL } };

	for (unsigned i = 0; i < clauses->count; i++)
		for (unsigned j = 0; j < clauses->clauses[i].test_count; j++) {
			const struct test *test = &clauses->clauses[i].tests[j];

			compare(&arguments[test->arg], test, clauses->clauses[i].test_count > 1);
		}
	for (unsigned i = 0; i < 6; i++)
		if (arguments[i].orders && (arguments[i].halves || (arguments[i].more && arguments[i].comparison)))
			return true;
	return false;
}

int library_refuse_unsure(const struct resolution *res, const struct candidate_list *list,
			  const struct rule_clauses *clauses, struct callgate_err *err)
{
	const struct word *word = list->first->name;
	const struct slice *name = &word->text;
	bool found;
	int r;

	if (res->lenient)
		return 0;
	if (may_lose_some(clauses)) {
		note_at(res->notes, CALLGATE_ERROR, NOTE_READER, &res->policy->source, word->at.offset,
			"cannot predict what libseccomp makes for %s of several comparisons of one argument of '%.*s'",
			reader_name(res->target->reader), (int)name->size, name->at);
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "cannot predict what %s makes of several comparisons of one argument of '%.*s'",
			       reader_name(res->target->reader), (int)name->size, name->at);
	}
	r = overlap_report_unsure(res, list, clauses, &found, err);
	if (r < 0 || !found)
		return r;
	return err_set(err, CALLGATE_E_UNSUPPORTED, "cannot predict which of two rules for '%.*s' %s would follow",
		       (int)name->size, name->at, reader_name(res->target->reader));
}

/* ------------------------------------------------------------------ multiplexers */

/* Its rule for the multiplexer is the member's with the first argument's test replaced by the selector's. */
static bool add_replaced(struct arena *arena, struct rule_clauses *list, const struct candidate *candidate,
			 struct test selector, uint8_t word)
{
	const struct rule *rule = candidate->rule->rule;
	struct test tests[7] = { selector };
	unsigned count = 1;

	for (unsigned i = 0; i < rule->condition_count; i++) {
		if (repeats_index(rule))
			count = 1;
		if (rule->conditions[i].index)
			tests[count++] = condition_test(&rule->conditions[i], word);
		if (repeats_index(rule) && !clause_add(arena, list, candidate, tests, count))
			return false;
	}
	return repeats_index(rule) || clause_add(arena, list, candidate, tests, count);
}

/* One member. Where some rule asks for nothing but the selector, the others have no effect. */
int library_add_member(const struct resolution *res, const struct candidate_list *list, struct test selector,
		       uint8_t word, struct rule_clauses *out, struct callgate_err *err)
{
	struct rule_clauses mine = { 0 };
	int r;

	for (const struct candidate *at = list->first; at; at = at->next) {
		struct candidate as = *at;

		as.origin.why = CALLGATE_BY_MUX;
		if (!add_replaced(&res->filter->arena, &mine, &as, selector, word))
			return err_nomem(err);
	}
	r = library_settle(res, list, &mine, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < mine.count; i++) {
		if (mine.clauses[i].test_count == 1) {
			mine.clauses[0] = mine.clauses[i];
			mine.count = 1;
		}
	}
	r = library_refuse_unsure(res, list, &mine, err);
	for (unsigned i = 0; i < mine.count && r == 0; i++) {
		const struct clause *clause = &mine.clauses[i];
		struct candidate as = { .rule = &(struct active_rule){ .action = clause->action },
					.origin = clause->origin };

		if (!clause_add(&res->filter->arena, out, &as, clause->tests, clause->test_count))
			r = err_nomem(err);
	}
	return r;
}

/* ------------------------------------------------------------------ an ABI */

/*
 * libseccomp 2.5 ranks an ABI's calls: those with unconditional rules first, then by number. The code of the first one
 * loads the number. When that is a call which the ABI does not have, there is no code for it and so no load: no rule is
 * ever met. x86_64 without x32 loads the number before, to distinguish them; with x32 both are in one list. LXC keeps
 * such names from libseccomp.
 */
int library_load(const struct resolution *res, const struct abi_candidates *space, enum library_load *out,
		 struct callgate_err *err)
{
	bool x32 = false;

	*out = LIBRARY_LOAD_KEPT;
	for (unsigned i = 0; i < res->active->abi_count; i++)
		x32 |= res->active->abis[i] == CALLGATE_ABI_X32;
	if (res->lenient || !res->traits->through_library || res->traits->exact ||
	    (space->abi == CALLGATE_ABI_X86_64 && !x32))
		return 0;
	if (space->has & HAS_UNCONDITIONAL)
		return 0;
	if (space->has & HAS_PSEUDO_UNCONDITIONAL)
		*out = LIBRARY_LOAD_LOST;
	else if ((space->has & HAS_PSEUDO_CONDITIONAL) && ((space->has & HAS_CONDITIONAL) || space->mux_count))
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "cannot predict what %s makes of conditions on calls that %s does not have",
			       reader_name(res->target->reader), abi_of(space->abi)->name);
	return 0;
}

static bool knows_arch(enum callgate_abi abi, uint32_t release)
{
	switch (abi) {
	case CALLGATE_ABI_LOONGARCH64:
	case CALLGATE_ABI_M68K:
	case CALLGATE_ABI_SH:
	case CALLGATE_ABI_SHEB:
		return !release || release >= 0x020600;
	default:
		return true;
	}
}

/* The action of the first conditional rule for each name; a call that the ABI lacks is added to libseccomp all the
 * same. */
int library_refuse_absent(const struct resolution *res, const struct abi_candidates *space, struct callgate_err *err)
{
	const struct active_rule **first;

	if (res->lenient || !res->traits->through_library || res->traits->exact || space->has_muxes ||
	    !(space->has & HAS_PSEUDO_CONDITIONAL))
		return 0;
	first = arena_array(res->scratch, (size_t)syscall_count(), sizeof(*first));
	if (!first)
		return err_nomem(err);
	for (unsigned i = 0; i < res->active->rule_count; i++) {
		const struct active_rule *rule = &res->active->rules[i];

		for (unsigned j = 0; rule->rule->condition_count && j < rule->rule->name_count; j++) {
			const struct slice *name = &rule->rule->names[j].text;
			int id = syscall_find(*name);

			if (id < 0 || syscall_nr(id, space->abi) >= 0 ||
			    action_equal(rule->action, res->active->fallback))
				continue;
			if (!first[id])
				first[id] = rule;
			else if (!action_equal(first[id]->action, rule->action))
				return err_set(err, CALLGATE_E_UNSUPPORTED,
					       "cannot predict what %s makes of conditions on '%.*s', which %s does "
					       "not have",
					       reader_name(res->target->reader), (int)name->size, name->at,
					       abi_of(space->abi)->name);
		}
	}
	return 0;
}

int library_refuse_arches(const struct resolution *res, struct callgate_err *err)
{
	const struct active *active = res->active;
	const char *reader = reader_name(res->target->reader);

	if (res->lenient || !res->traits->through_library)
		return 0;
	for (unsigned i = 1; i < active->abi_count; i++) {
		const struct abi *abi = abi_of(active->abis[i]);

		if (!knows_arch(active->abis[i], res->target->libseccomp))
			return err_set(err, CALLGATE_E_PROFILE,
				       "%s rejects the profile: its libseccomp does not know %s", reader, abi->oci);
		if (abi->big_endian != abi_of(active->abis[0])->big_endian)
			return err_set(err, CALLGATE_E_PROFILE,
				       "%s rejects the profile: libseccomp refuses %s, which has another byte order "
				       "than %s",
				       reader, abi->oci, abi_of(active->abis[0])->oci);
	}
	return 0;
}

bool library_misses(const struct resolution *res, int id, enum callgate_abi abi)
{
	static const struct {
		const char *name;
		enum callgate_abi abi;
		uint32_t until; /* the last release that lacks it there */
	} missing[] = {
		{ "map_shadow_stack", CALLGATE_ABI_X32, 0x020504 },
		{ "memfd_secret", CALLGATE_ABI_LOONGARCH64, 0x020600 },
	};

	if (res->traits->own_rules || !res->target->libseccomp)
		return false;
	for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++)
		if (abi == missing[i].abi && res->target->libseccomp <= missing[i].until &&
		    strcmp(syscall_id_name(id), missing[i].name) == 0)
			return true;
	return false;
}
