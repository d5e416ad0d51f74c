/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deciding LXC text: a name's rule holds on all ABIs of the host, so each name gets the action that all of them can bear, and
 * conditions are kept where every ABI bears them.
 */
#include "filter/lxc_decide.h"

#include <stdlib.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

enum { EPERM_NUMBER = 1, ENOSYS_NUMBER = 38, KEEP_LIMIT = 4096, X32_BIT = 0x40000000 };
#define WORD_32 ((uint64_t)UINT32_MAX)

/* ------------------------------------------------------------------ vocabulary */

struct callgate_action lxc_nearest(struct callgate_action action)
{
	switch (action.kind) {
	case CALLGATE_KILL_PROCESS:
	case CALLGATE_KILL_THREAD:
		return (struct callgate_action){ .kind = CALLGATE_KILL_THREAD };
	case CALLGATE_TRAP:
		return (struct callgate_action){ .kind = CALLGATE_TRAP };
	case CALLGATE_ERRNO:
		if (action.data > LXC_ERRNO_MAX)
			action.data = EPERM_NUMBER;
		return action;
	case CALLGATE_ALLOW:
		return action;
	case CALLGATE_NOTIFY: /* with nobody who listens or traces the kernel answers ENOSYS */
	case CALLGATE_TRACE:
	case CALLGATE_LOG:
		break;
	}
	return (struct callgate_action){ .kind = CALLGATE_ERRNO, .data = ENOSYS_NUMBER };
}

bool lxc_passes_over(int id, enum callgate_abi abi)
{
	uint32_t selector;
	int mux;

	return syscall_behind_mux(id, abi, &mux, &selector);
}

void lxc_range(enum callgate_abi abi, uint32_t *first, uint32_t *last)
{
	*first = abi_of(abi)->first_nr;
	*last = abi == CALLGATE_ABI_X86_64 ? X32_BIT - 1 : UINT32_MAX;
}

/* The number that LXC gives a name on an ABI, or SYSCALL_NONE. */
static int64_t lxc_number(const struct lxc_writer *writer, int id, enum callgate_abi abi)
{
	if (!syscall_in_release(id, writer->target->libseccomp) || lxc_passes_over(id, abi))
		return SYSCALL_NONE;
	return syscall_nr(id, abi);
}

/* ------------------------------------------------------------------ decisions */

/* Copies one node of the filter whose children are copied already. */
static int copy_node(struct lxc_writer *writer, const struct node *node)
{
	struct callgate_action action = node->action;

	if (node->leaf && node->opaque)
		return err_set(writer->err, CALLGATE_E_UNSUPPORTED, "instruction %u does what no profile can say", node->origin.line);
	if (node->leaf && action.kind == CALLGATE_KILL_PROCESS)
		action.kind = CALLGATE_KILL_THREAD;
	writer->ceiling[node->id] =
		node->leaf ? filter_leaf(writer->scratch, action, (struct callgate_origin){ 0 })
			   : filter_test(writer->scratch, node->test, writer->ceiling[node->yes->id], writer->ceiling[node->no->id]);
	return writer->ceiling[node->id] ? 0 : err_nomem(writer->err);
}

/* Copied by a stack of our own, as a list of values may be thousands of tests deep. */
int lxc_ceiling(struct lxc_writer *writer, const struct node *node, const struct node **out)
{
	const struct node **stack;
	size_t depth = 1, room = 2 * (size_t)writer->filter->node_count + 2;
	int r = 0;

	if (!writer->ceiling[node->id]) {
		stack = calloc(room, sizeof(*stack));
		if (!stack)
			return err_nomem(writer->err);
		stack[0] = node;
		while (depth && r == 0) {
			const struct node *at = stack[depth - 1];

			if (!at->leaf && !writer->ceiling[at->yes->id] && depth < room)
				stack[depth++] = at->yes;
			else if (!at->leaf && !writer->ceiling[at->no->id] && depth < room)
				stack[depth++] = at->no;
			else {
				r = copy_node(writer, at);
				depth--;
			}
		}
		free(stack);
	}
	*out = writer->ceiling[node->id];
	return r;
}

static const struct span *span_of(const struct lxc_writer *writer, enum callgate_abi abi, uint32_t nr)
{
	const struct filter_arch *arch = filter_arch_of(writer->filter, abi_of(abi)->audit);

	return arch ? &arch->spans[span_at(arch, nr)] : NULL;
}

static const struct node *decision_of(const struct lxc_writer *writer, enum callgate_abi abi, uint32_t nr)
{
	const struct span *span = span_of(writer, abi, nr);

	return span ? span->node : writer->filter->other_arch;
}

/* Whether a decision of the text is nowhere looser than one of the filter. */
static int bears(struct lxc_writer *writer, const struct node *decision, const struct node *text, bool *out)
{
	const struct node *ceiling;
	meaning_ref mine, theirs;
	unsigned relation;
	int r;

	r = lxc_ceiling(writer, decision, &ceiling);
	if (r == 0)
		r = meaning_of(writer->meaning, writer->scratch, ceiling, &theirs, writer->err);
	if (r == 0)
		r = meaning_of(writer->meaning, writer->scratch, text, &mine, writer->err);
	if (r == 0)
		r = meaning_relate(writer->meaning, theirs, mine, &relation, writer->err);
	if (r == 0)
		*out = !(relation & (MEANING_LOOSER | MEANING_UNKNOWN));
	return r;
}

/* ------------------------------------------------------------------ conditions */

bool lxc_condition_of(const struct test *test, uint8_t word, struct lxc_condition *out)
{
	uint64_t full = word == 32 ? WORD_32 : UINT64_MAX;

	*out = (struct lxc_condition){ .value = test->value, .test = *test };
	if (!test->mask) /* LXC cannot tell a mask of 0 from none */
		return false;
	if (test->mask == full) {
		out->test.mask = UINT64_MAX;
		switch ((enum test_op)test->op) {
		case TEST_EQ:
			out->op = test->negate ? "!=" : "==";
			return true;
		case TEST_GT:
			out->op = test->negate ? "<=" : ">";
			return true;
		case TEST_GE:
			out->op = test->negate ? "<" : ">=";
			return true;
		}
	}
	if (test->op != TEST_EQ)
		return false;
	out->op = "&=";
	out->mask = test->mask;
	if (test->negate) { /* of one bit the other value is meant */
		if (test->mask & (test->mask - 1))
			return false;
		out->value = out->test.value = test->value ^ test->mask;
		out->test.negate = 0;
	}
	return true;
}

/* LXC has no words for a clause that asks one argument twice. */
static bool is_expressible(const struct clause *clause, uint8_t word)
{
	struct lxc_condition condition;
	unsigned seen = 0;

	for (unsigned i = 0; i < clause->test_count; i++) {
		const struct test *test = &clause->tests[i];

		if (seen >> test->arg & 1 || !lxc_condition_of(test, word, &condition))
			return false;
		seen |= 1u << test->arg;
	}
	return clause->test_count > 0 && clause->test_count <= 6;
}

/* "tests hold: action, else otherwise", as it is understood on an ABI of that word. */
static const struct node *clause_node(struct lxc_writer *writer, const struct lxc_verdict *verdict, unsigned index, uint8_t word,
				      const struct node *otherwise)
{
	const struct clause *clause = &verdict->clauses[index];
	const struct node *node = filter_leaf(writer->scratch, lxc_nearest(clause->action), (struct callgate_origin){ 0 });

	for (unsigned i = clause->test_count; i-- && node && otherwise;) {
		struct lxc_condition condition;
		struct test test;

		lxc_condition_of(&clause->tests[i], verdict->word, &condition);
		test = condition.test;
		if (word == 32) {
			test.mask &= WORD_32;
			test.value &= WORD_32;
		}
		test.negate = 0;
		node = condition.test.negate ? filter_test(writer->scratch, test, otherwise, node)
					     : filter_test(writer->scratch, test, node, otherwise);
	}
	return otherwise ? node : NULL;
}

/* All that a name's kept clauses come to. only: one of them, or -1. */
static const struct node *clauses_node(struct lxc_writer *writer, const struct lxc_verdict *verdict, uint8_t word, int only)
{
	const struct node *node = filter_leaf(writer->scratch, writer->fallback, (struct callgate_origin){ 0 });

	for (unsigned i = verdict->clause_count; i-- && node;)
		if (only < 0 ? verdict->kept[i] : (unsigned)only == i)
			node = clause_node(writer, verdict, i, word, node);
	return node;
}

static int all_bear(struct lxc_writer *writer, int id, const struct lxc_verdict *verdict, int only, bool *out)
{
	*out = true;
	for (unsigned i = 0; i < writer->abi_count && *out; i++) {
		enum callgate_abi abi = writer->abis[i];
		int64_t nr = lxc_number(writer, id, abi);
		const struct node *text;
		int r;

		if (nr < 0)
			continue;
		text = clauses_node(writer, verdict, abi_of(abi)->word, only);
		if (!text)
			return err_nomem(writer->err);
		r = bears(writer, decision_of(writer, abi, (uint32_t)nr), text, out);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ------------------------------------------------------------------ one name */

/* Takes the strictest of two actions; of equal kinds the first, which is the host's. */
static void take_strictest(struct callgate_action action, struct callgate_action *strictest, bool *any)
{
	if (!*any || action.kind < strictest->kind)
		*strictest = action;
	*any = true;
}

/* The strictest action that any ABI gives the name, in the text's words; *same: it is all that they give it. */
static int strictest_of(struct lxc_writer *writer, int id, struct callgate_action *out, bool *same, bool *any)
{
	*same = true;
	*any = false;
	for (unsigned i = 0; i < writer->abi_count; i++) {
		int64_t nr = lxc_number(writer, id, writer->abis[i]);
		struct action_set set;

		if (nr < 0)
			continue;
		if (action_set_of(writer->filter, decision_of(writer, writer->abis[i], (uint32_t)nr), &set) < 0)
			return err_nomem(writer->err);
		if (set.opaque)
			return err_set(writer->err, CALLGATE_E_UNSUPPORTED, "the filter does what no profile can say");
		for (unsigned j = 0; j < set.count; j++) {
			struct callgate_action action = lxc_nearest(set.actions[j]);

			*same &= !*any || action_equal(action, *out);
			take_strictest(action, out, any);
		}
		*same &= !set.more;
	}
	return 0;
}

/* The clauses of the first ABI on which the name depends on arguments. */
static void find_clauses(const struct lxc_writer *writer, int id, struct lxc_verdict *out)
{
	out->clause_count = 0;
	for (unsigned i = 0; i < writer->abi_count && !out->clause_count; i++) {
		int64_t nr = lxc_number(writer, id, writer->abis[i]);
		const struct span *span = nr < 0 ? NULL : span_of(writer, writer->abis[i], (uint32_t)nr);

		if (!span || span->node->leaf || span->clause_count > KEEP_LIMIT)
			continue;
		out->clauses = span->clauses;
		out->clause_count = span->clause_count;
		out->word = abi_of(writer->abis[i])->word;
	}
}

/* Chooses clauses: in an allowlist those that open no more than every ABI bears, in a denylist all that deny. */
static int keep_clauses(struct lxc_writer *writer, int id, struct lxc_verdict *verdict, bool *out)
{
	unsigned kept = 0;
	int r = 0;

	verdict->kept = arena_array(&writer->scratch->arena, verdict->clause_count + 1, sizeof(*verdict->kept));
	if (!verdict->kept)
		return err_nomem(writer->err);
	for (unsigned i = 0; i < verdict->clause_count; i++) {
		struct callgate_action action = lxc_nearest(verdict->clauses[i].action);
		bool good = is_expressible(&verdict->clauses[i], verdict->word) && !action_equal(action, writer->fallback) &&
			    (action.kind == CALLGATE_ALLOW) == (writer->style == STYLE_ALLOWLIST);

		if (good && writer->style == STYLE_ALLOWLIST)
			r = all_bear(writer, id, verdict, (int)i, &good);
		if (r < 0)
			return r;
		verdict->kept[i] = good;
		kept += good;
	}
	*out = false;
	return kept ? all_bear(writer, id, verdict, -1, out) : 0;
}

int lxc_decide_name(struct lxc_writer *writer, int id, struct lxc_verdict *out)
{
	struct callgate_action strictest = { 0 };
	bool same, any, kept = false;
	int r;

	*out = (struct lxc_verdict){ .kind = NAME_ABSENT };
	r = strictest_of(writer, id, &strictest, &same, &any);
	if (r < 0 || !any)
		return r;
	if (!same) {
		find_clauses(writer, id, out);
		r = keep_clauses(writer, id, out, &kept);
		if (r < 0)
			return r;
	}
	out->action = strictest;
	if (kept)
		out->kind = NAME_CLAUSES;
	else
		out->kind = action_equal(strictest, writer->fallback) ? NAME_DEFAULT : NAME_ACTION;
	return 0;
}

/* ------------------------------------------------------------------ the default action */

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The numbers of an ABI that a name reaches, sorted, each once. */
static int named_numbers(const struct lxc_writer *writer, enum callgate_abi abi, uint32_t **out, size_t *count)
{
	uint32_t *numbers = calloc((size_t)syscall_count() + 1, sizeof(*numbers));
	size_t n = 0, kept = 0;

	if (!numbers)
		return err_nomem(writer->err);
	for (int id = 0; id < syscall_count(); id++) {
		int64_t nr = lxc_number(writer, id, abi);

		if (nr >= 0)
			numbers[n++] = (uint32_t)nr;
	}
	qsort(numbers, n, sizeof(*numbers), by_number);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || numbers[i] != numbers[i - 1])
			numbers[kept++] = numbers[i];
	*out = numbers;
	*count = kept;
	return 0;
}

/* The strictest action that any number of the ABI without a name gets. */
static int strictest_unnamed(struct lxc_writer *writer, enum callgate_abi abi, struct callgate_action *strictest, bool *any)
{
	const struct filter_arch *arch = filter_arch_of(writer->filter, abi_of(abi)->audit);
	uint32_t first, last, *numbers = NULL;
	size_t count = 0, at = 0;
	int r;

	lxc_range(abi, &first, &last);
	r = named_numbers(writer, abi, &numbers, &count);
	for (size_t i = arch ? span_at(arch, first) : 0; r == 0 && arch && i < arch->span_count && arch->spans[i].first <= last; i++) {
		uint32_t from = arch->spans[i].first > first ? arch->spans[i].first : first;
		uint32_t to = span_last(arch, i) < last ? span_last(arch, i) : last;
		size_t named = 0;
		struct action_set set;

		while (at < count && numbers[at] <= to)
			named += numbers[at++] >= from;
		if (named == (uint64_t)to - from + 1)
			continue;
		r = action_set_of(writer->filter, arch->spans[i].node, &set);
		for (unsigned j = 0; r == 0 && j < set.count; j++)
			take_strictest(lxc_nearest(set.actions[j]), strictest, any);
		if (r == 0 && set.opaque)
			r = err_set(writer->err, CALLGATE_E_UNSUPPORTED, "the filter does what no profile can say");
	}
	free(numbers);
	return r;
}

int lxc_choose_default(struct lxc_writer *writer)
{
	struct callgate_action strictest = { 0 };
	struct action_set tail;
	uint32_t first, last;
	bool any = false;

	lxc_range(writer->abis[0], &first, &last);
	if (action_set_of(writer->filter, decision_of(writer, writer->abis[0], last), &tail) < 0)
		return err_nomem(writer->err);
	writer->fallback = tail.count == 1 && !tail.opaque
				   ? lxc_nearest(tail.actions[0])
				   : (struct callgate_action){ .kind = CALLGATE_ERRNO, .data = ENOSYS_NUMBER };
	for (unsigned i = 0; i < writer->abi_count; i++) {
		int r = strictest_unnamed(writer, writer->abis[i], &strictest, &any);

		if (r < 0)
			return r;
	}
	if (any && strictest.kind < writer->fallback.kind)
		writer->fallback = writer->fallback.kind == CALLGATE_ALLOW && strictest.kind == CALLGATE_ERRNO
					   ? (struct callgate_action){ .kind = CALLGATE_ERRNO, .data = ENOSYS_NUMBER }
					   : strictest;
	writer->style = writer->fallback.kind == CALLGATE_ALLOW ? STYLE_DENYLIST : STYLE_ALLOWLIST;
	return 0;
}
