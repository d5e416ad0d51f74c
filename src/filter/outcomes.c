/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Outcomes: known arguments answer their tests, what is left are conditions. Where the author's clauses are known they are
 * shown as they were written; a lifted decision is shown path by path.
 */
#include "filter/outcomes.h"

#include <stdio.h>
#include <string.h>

#include "names/abi.h"

const struct span *outcomes_span(const struct callgate_filter *filter, const struct callgate_pattern *pattern)
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

void tests_format(const struct test *tests, unsigned count, char *buf, size_t size)
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

		*out = (struct callgate_outcome){ .action = leaf->action, .origin = leaf->origin, .opaque = leaf->opaque };
		tests_format(tests, count, out->conditions, sizeof(out->conditions));
	}
	list->count++;
}

/* The clauses that may still match. True when one of them surely does, so that nothing comes after it. */
static bool list_clauses(struct listing *list, const struct span *span)
{
	for (unsigned i = 0; i < span->clause_count; i++) {
		const struct clause *clause = &span->clauses[i];
		struct node leaf = { .leaf = true, .action = clause->action, .origin = clause->origin };
		struct test left[16];
		unsigned open = 0;
		bool fails = false;

		for (unsigned j = 0; j < clause->test_count && !fails; j++) {
			if (!is_known(list, &clause->tests[j]))
				left[open++] = clause->tests[j];
			else
				fails = !test_holds(&clause->tests[j], list->pattern->args);
		}
		if (fails)
			continue;
		add(list, &leaf, left, open);
		if (!open)
			return true;
	}
	return false;
}

enum { PATH_LIMIT = 64 };

/* Every path to a leaf is an outcome; the last one reached stands for "otherwise". False: too many. */
static bool list_paths(struct listing *list, const struct node *node)
{
	struct {
		const struct node *node;
		bool took_no;
	} path[PATH_LIMIT];
	struct test tests[PATH_LIMIT];
	unsigned depth = 0, open = 0;

	for (;;) {
		while (!node->leaf) {
			if (is_known(list, &node->test)) {
				node = test_holds(&node->test, list->pattern->args) ? node->yes : node->no;
				continue;
			}
			if (depth == PATH_LIMIT)
				return false;
			path[depth].node = node;
			path[depth++].took_no = false;
			tests[open++] = node->test;
			node = node->yes;
		}
		add(list, node, tests, open);
		if (list->count > OUTCOME_LIMIT)
			return false;
		while (depth && path[depth - 1].took_no) {
			depth--;
			open--;
		}
		if (!depth)
			break;
		path[depth - 1].took_no = true;
		tests[open - 1].negate = 1;
		node = path[depth - 1].node->no;
	}
	if (list->count <= list->room)
		list->out[list->count - 1].conditions[0] = '\0';
	return true;
}

int callgate_filter_outcomes(const struct callgate_filter *filter, const struct callgate_pattern *pattern,
                             struct callgate_outcome *out, size_t room, size_t *count)
{
	struct listing list = { .pattern = pattern, .out = out, .room = room };
	const struct span *span = outcomes_span(filter, pattern);
	const struct node *node = span ? span->node : filter->other_arch;

	if (!abi_of(pattern->abi))
		return CALLGATE_E_ARG;
	if (span && span->clauses && filter->fallback) {
		if (!list_clauses(&list, span))
			add(&list, filter->fallback, NULL, 0);
	} else if (!list_paths(&list, node)) {
		return CALLGATE_E_LIMIT;
	}
	*count = list.count;
	return 0;
}

/* ------------------------------------------------------------------ the rest of the public view */

int callgate_filter_decide(const struct callgate_filter *filter, const struct callgate_call *call,
                           struct callgate_action *action, struct callgate_origin *origin)
{
	const struct abi *abi = abi_of(call->abi);
	const struct node *leaf;

	if (!abi)
		return CALLGATE_E_ARG;
	leaf = filter_walk(filter, abi->audit, call->nr, call->args);
	if (leaf->opaque)
		return CALLGATE_E_UNSUPPORTED;
	if (action)
		*action = leaf->action;
	if (origin)
		*origin = leaf->origin;
	return 0;
}

unsigned callgate_filter_abis(const struct callgate_filter *filter, enum callgate_abi out[CALLGATE_ABI_COUNT])
{
	memcpy(out, filter->abis, filter->abi_count * sizeof(*out));
	return filter->abi_count;
}

uint32_t callgate_filter_flags(const struct callgate_filter *filter)
{
	return filter->flags;
}

unsigned callgate_filter_dropped(const struct callgate_filter *filter, const char **name, struct callgate_origin *origin)
{
	if (filter->dropped_count) {
		*name = filter->dropped_name;
		*origin = filter->dropped_at;
	}
	return filter->dropped_count;
}

/* An ABI's part of its architecture's map: x86_64 and x32 share one, split at bit 30. False: no map. */
struct abi_view {
	const struct filter_arch *arch;
	size_t first, last;          /* spans */
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

	return abi_view(filter, abi, &view) ? view.last - view.first + 1 : 0;
}

int callgate_filter_row(const struct callgate_filter *filter, enum callgate_abi abi, size_t index, struct callgate_row *out)
{
	struct abi_view view;
	uint32_t first, last;

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
