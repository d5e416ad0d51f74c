/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Outcomes: known arguments answer their tests, what is left are conditions. Where the author's clauses are known they
 * are shown as they were written; those of a lifted decision are derived from what it means.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/private.h"
#include "filter/clauses.h"
#include "names/abi.h"

/* The span that a call falls into; NULL: no map for its architecture, filter->other_arch answers. */
static const struct span *outcomes_span(const struct callgate_filter *filter, const struct callgate_pattern *pattern)
{
	const struct abi *abi = abi_of(pattern->abi);
	const struct filter_arch *arch = abi ? filter_arch_of(filter, abi->audit) : NULL;

	return arch ? &arch->spans[span_at(arch, pattern->nr)] : NULL;
}

static const char *op_text(const struct test *test)
{
	switch ((enum test_op)test->op) {
	case TEST_EQ:
		return test->negate ? "!=" : "==";
	case TEST_GT:
		return test->negate ? "<=" : ">";
	case TEST_GE:
		return test->negate ? "<" : ">=";
	}
	return "?";
}

/* A mask that takes the whole word, or its lower half where nothing else counts, goes without saying. */
static int test_format(const struct test *test, char *buf, size_t size)
{
	unsigned long long value = test->value, mask = test->mask;

	if (mask == UINT64_MAX || mask == UINT32_MAX)
		return snprintf(buf, size, "a%u %s 0x%llx", test->arg, op_text(test), value);
	return snprintf(buf, size, "a%u & 0x%llx %s 0x%llx", test->arg, mask, op_text(test), value);
}

/* Writes ANDed tests, "" for none; longer text ends in "...". */
static void tests_format(const struct test *tests, unsigned count, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		char text[96];
		int n = test_format(&tests[i], text, sizeof(text));

		if (used + (size_t)n + 8 > size) {
			snprintf(buf + used, size - used, ", ...");
			return;
		}
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "", text);
	}
}

enum { ALL_KNOWN = 0x3f, OUTCOME_COST = 16 /* of a row's text, in steps of the filter's work */ };

struct listing {
	const struct callgate_pattern *pattern;
	struct callgate_outcome *out;
	size_t room, count;
};

static bool is_known(const struct listing *list, const struct test *test)
{
	return list->pattern->known >> test->arg & 1;
}

static void add(struct listing *list, const struct node *leaf, const struct test *tests, unsigned count)
{
	if (list->count < list->room) {
		struct callgate_outcome *out = &list->out[list->count];

		*out = (struct callgate_outcome){ .action = leaf->action,
						  .origin = leaf->origin,
						  .opaque = leaf->opaque };
		tests_format(tests, count, out->conditions, sizeof(out->conditions));
	}
	list->count++;
}

/* One clause, unless a known argument fails it. True when it surely matches, so that nothing comes after it. */
static bool list_clause(struct listing *list, const struct node *leaf, const struct test *tests, unsigned count)
{
	struct test left[32];
	unsigned open = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!is_known(list, &tests[i]))
			left[open++] = tests[i];
		else if (!test_holds(&tests[i], list->pattern->args))
			return false;
	}
	add(list, leaf, left, open);
	return !open;
}

/* The author's clauses. True when one of them surely matches. */
static bool list_clauses(struct listing *list, const struct span *span)
{
	for (unsigned i = 0; i < span->clause_count; i++) {
		const struct clause *clause = &span->clauses[i];
		struct node leaf = { .leaf = true, .action = clause->action, .origin = clause->origin };

		if (list_clause(list, &leaf, clause->tests, clause->test_count))
			return true;
	}
	return false;
}

/* The same for a decision whose clauses nobody wrote down. */
static int list_derived(struct listing *list, const struct callgate_filter *filter, const struct node *node)
{
	struct clause_list derived;
	bool sure = false;
	int code;

	if (list->pattern->known == ALL_KNOWN || node->leaf) {
		while (!node->leaf)
			node = test_holds(&node->test, list->pattern->args) ? node->yes : node->no;
		add(list, node, NULL, 0);
		return 0;
	}
	code = clauses_derive(filter, node, &derived, NULL);
	if (code)
		return code;
	filter_spend(filter, OUTCOME_COST * derived.count);
	for (size_t i = 0; i < derived.count && !sure; i++)
		sure = list_clause(list, derived.clauses[i].leaf, derived.clauses[i].tests,
				   derived.clauses[i].test_count);
	clauses_release(&derived);
	return 0;
}

int callgate_filter_outcomes(const struct callgate_filter *filter, const struct callgate_pattern *pattern,
			     struct callgate_outcome *out, size_t room, size_t *count)
{
	struct listing list = { .pattern = pattern, .out = out, .room = room };
	const struct span *span;
	const struct node *node;

	REQUIRE(NULL, filter && pattern && (out || !room) && count && abi_of(pattern->abi));
	span = outcomes_span(filter, pattern);
	node = span ? span->node : filter->other_arch;
	if (span && span->clauses && filter->fallback) {
		if (!list_clauses(&list, span))
			add(&list, filter->fallback, NULL, 0);
	} else {
		int code = list_derived(&list, filter, node);

		if (code)
			return code;
	}
	*count = list.count;
	return 0;
}

/* ------------------------------------------------------------------ the rest of the public view */

int callgate_filter_decide_arch(const struct callgate_filter *filter, uint32_t audit, const struct callgate_call *call,
				struct callgate_action *action, struct callgate_origin *origin)
{
	const struct node *leaf;

	REQUIRE(NULL, filter && call);
	leaf = filter_walk(filter, audit, call->nr, call->args);
	if (leaf->opaque)
		return CALLGATE_E_UNSUPPORTED;
	if (action)
		*action = leaf->action;
	if (origin)
		*origin = leaf->origin;
	return 0;
}

int callgate_filter_decide(const struct callgate_filter *filter, const struct callgate_call *call,
			   struct callgate_action *action, struct callgate_origin *origin)
{
	const struct abi *abi = call ? abi_of(call->abi) : NULL;

	REQUIRE(NULL, filter && abi);
	return callgate_filter_decide_arch(filter, abi->audit, call, action, origin);
}

unsigned callgate_filter_abis(const struct callgate_filter *filter, enum callgate_abi out[CALLGATE_ABI_COUNT])
{
	if (!filter || !out)
		return 0;
	memcpy(out, filter->abis, filter->abi_count * sizeof(*out));
	return filter->abi_count;
}

uint32_t callgate_filter_flags(const struct callgate_filter *filter)
{
	return filter ? filter->flags : 0;
}

unsigned callgate_filter_dropped(const struct callgate_filter *filter, const char **name,
				 struct callgate_origin *origin)
{
	unsigned count = 0;

	if (!filter || !filter->unknown)
		return 0;
	if (name)
		*name = filter->unknown->name;
	if (origin)
		*origin = filter->unknown->origin;
	for (const struct unknown_name *unknown = filter->unknown; unknown; unknown = unknown->next)
		count++;
	return count;
}

int callgate_filter_accept_dropped(struct callgate_filter *filter, const char *name)
{
	struct unknown_name **at;
	int r = CALLGATE_E_NOTFOUND;

	REQUIRE(NULL, filter && name);
	for (at = &filter->unknown; *at;) {
		if (strcmp((*at)->name, name) == 0) {
			*at = (*at)->next;
			r = 0;
		} else {
			at = &(*at)->next;
		}
	}
	return r;
}

/* An ABI's part of its architecture's map: x86_64 and x32 share one, split at bit 30. False: no map. */
struct abi_view {
	const struct filter_arch *arch;
	size_t first, last; /* spans */
	uint32_t first_nr, last_nr;
};

static bool abi_view(const struct callgate_filter *filter, enum callgate_abi abi, struct abi_view *out)
{
	const struct abi *row = abi_of(abi);

	out->arch = row ? filter_arch_of(filter, row->audit) : NULL;
	if (!out->arch)
		return false;
	out->first_nr = abi == CALLGATE_ABI_X32 ? row->first_nr : 0;
	out->last_nr = abi == CALLGATE_ABI_X86_64 ? abi_of(CALLGATE_ABI_X32)->first_nr - 1 : UINT32_MAX;
	out->first = span_at(out->arch, out->first_nr);
	out->last = span_at(out->arch, out->last_nr);
	return true;
}

size_t callgate_filter_row_count(const struct callgate_filter *filter, enum callgate_abi abi)
{
	struct abi_view view;

	return filter && abi_view(filter, abi, &view) ? view.last - view.first + 1 : 0;
}

int callgate_filter_row(const struct callgate_filter *filter, enum callgate_abi abi, size_t index,
			struct callgate_row *out)
{
	struct abi_view view;
	uint32_t first, last;

	REQUIRE(NULL, filter && out);
	if (!abi_view(filter, abi, &view) || index > view.last - view.first)
		return CALLGATE_E_NOTFOUND;
	index += view.first;
	first = view.arch->spans[index].first;
	last = span_last(view.arch, index);
	*out = (struct callgate_row){
		.first = first > view.first_nr ? first : view.first_nr,
		.last = last < view.last_nr ? last : view.last_nr,
		.conditional = !view.arch->spans[index].node->leaf,
	};
	return 0;
}
