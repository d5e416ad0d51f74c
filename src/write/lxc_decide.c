/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deciding LXC text: a name's rule holds on all ABIs of the host, so each name gets the action that all of them can
 * bear, and conditions are kept where every ABI bears them. A decision bears a text that is not on the wrong side
 * anywhere of it: looser, or stricter.
 */
#include "write/lxc_decide.h"

#include <stdlib.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

/* ------------------------------------------------------------------ vocabulary */

/* ------------------------------------------------------------------ decisions */

/* Copies one node of the filter whose children are copied already. */
static int copy_node(struct lxc_writer *writer, const struct node *node)
{
	struct callgate_action action = node->action;

	if (node->leaf && node->opaque)
		return err_set(writer->err, CALLGATE_E_UNSUPPORTED, "instruction %u is not expressible as a profile",
			       node->origin.line);
	if (node->leaf && action.kind == CALLGATE_KILL_PROCESS)
		action.kind = CALLGATE_KILL_THREAD;
	writer->ceiling[node->id] = node->leaf
					    ? filter_leaf(writer->scratch, action, (struct callgate_origin){ 0 })
					    : filter_test(writer->scratch, node->test, writer->ceiling[node->yes->id],
							  writer->ceiling[node->no->id]);
	return writer->ceiling[node->id] ? 0 : err_nomem(writer->err);
}

/* Copied by a stack of our own, as a list of values may be thousands of tests deep. */
int lxc_ceiling(struct lxc_writer *writer, const struct node *node, const struct node **out)
{
	const struct node **stack = writer->copying;
	size_t depth = 0;
	int r = 0;

	if (!writer->ceiling[node->id])
		stack[depth++] = node;
	while (depth && r == 0) {
		const struct node *at = stack[depth - 1];

		if (!at->leaf && !writer->ceiling[at->yes->id])
			stack[depth++] = at->yes;
		else if (!at->leaf && !writer->ceiling[at->no->id])
			stack[depth++] = at->no;
		else {
			r = copy_node(writer, at);
			depth--;
		}
	}
	*out = writer->ceiling[node->id];
	return r;
}

bool lxc_within(const struct lxc_writer *writer, unsigned relation)
{
	unsigned wrong = writer->bound == CALLGATE_LXC_NEVER_LOOSER ? MEANING_LOOSER : MEANING_TIGHTER;

	return !(relation & (wrong | MEANING_UNKNOWN));
}

static const struct node *decision_of(const struct lxc_writer *writer, enum callgate_abi abi, uint32_t nr)
{
	const struct span *span = lxc_span_of(writer, abi, nr);

	return span ? span->node : writer->filter->other_arch;
}

/* Whether a decision of the text is not on the wrong side of one of the filter anywhere. */
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
		*out = lxc_within(writer, relation);
	return r;
}

/* ------------------------------------------------------------------ one name */

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
		text = lxc_clauses_node(writer, verdict, abi_of(abi)->width, only);
		if (!text)
			return err_nomem(writer->err);
		r = bears(writer, decision_of(writer, abi, (uint32_t)nr), text, out);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Takes the action that the text may not go beyond: the strictest of two, or the loosest; of equal kinds the first,
 * which is the host's. */
static void take_limit(const struct lxc_writer *writer, struct callgate_action action, struct callgate_action *limit,
		       bool *any)
{
	bool further =
		writer->bound == CALLGATE_LXC_NEVER_LOOSER ? action.kind < limit->kind : action.kind > limit->kind;

	if (!*any || further)
		*limit = action;
	*any = true;
}

/* The limit over all ABIs of what they give the name, in the text's words; *same: it is all that they give it. */
static int limit_of(struct lxc_writer *writer, int id, struct callgate_action *out, bool *same, bool *any)
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
			return err_set(writer->err, CALLGATE_E_UNSUPPORTED,
				       "the filter is not expressible as a profile");
		for (unsigned j = 0; j < set.count; j++) {
			struct callgate_action action = lxc_nearest(writer, set.actions[j]);

			*same &= !*any || action_equal(action, *out);
			take_limit(writer, action, out, any);
		}
		*same &= !set.more;
	}
	return 0;
}

static bool kept_actions_differ(const struct lxc_writer *writer, const struct lxc_verdict *verdict)
{
	const struct clause *first = NULL;

	for (unsigned i = 0; i < verdict->clause_count; i++) {
		const struct clause *clause = &verdict->clauses[i];

		if (verdict->kept[i] && !first)
			first = clause;
		else if (verdict->kept[i] &&
			 !action_equal(lxc_nearest(writer, first->action), lxc_nearest(writer, clause->action)))
			return true;
	}
	return false;
}

/* Chooses clauses: in an allowlist those that open, in a denylist those that deny. On the side where each of them alone
 * may go too far, those that every ABI bears; on the other one all of them, as what is left out goes too far. */
static int keep_clauses(struct lxc_writer *writer, int id, struct lxc_verdict *verdict, bool *out)
{
	bool looser = writer->bound == CALLGATE_LXC_NEVER_LOOSER;
	bool each = looser == (writer->style == STYLE_ALLOWLIST);
	unsigned kept = 0;
	int r = 0;

	verdict->kept = arena_array(&writer->scratch->arena, verdict->clause_count + 1, sizeof(*verdict->kept));
	if (!verdict->kept)
		return err_nomem(writer->err);
	for (unsigned i = 0; i < verdict->clause_count; i++) {
		struct callgate_action action = lxc_nearest(writer, verdict->clauses[i].action);
		bool good = lxc_is_expressible(&verdict->clauses[i], verdict->word) &&
			    !action_equal(action, writer->fallback) &&
			    (action.kind == CALLGATE_ALLOW) == (writer->style == STYLE_ALLOWLIST);

		if (good && each)
			r = all_bear(writer, id, verdict, (int)i, &good);
		if (r < 0)
			return r;
		verdict->kept[i] = good;
		kept += good;
	}
	*out = false;
	if (writer->effort == EFFORT_PLAIN && kept_actions_differ(writer, verdict))
		return 0;
	return kept ? all_bear(writer, id, verdict, -1, out) : 0;
}

/* What a task must be able to call for another to put a program on it. */
static bool is_needed_by_injection(const struct lxc_writer *writer, int id)
{
	return writer->bound == CALLGATE_LXC_NEVER_STRICTER && id == syscall_find(SLICE("seccomp"));
}

static bool is_multiplexed(const struct lxc_writer *writer, int id)
{
	for (unsigned i = 0; i < writer->abi_count; i++)
		if (lxc_passes_over(id, writer->abis[i]))
			return true;
	return id == syscall_find(SLICE("socketcall")) || id == syscall_find(SLICE("ipc"));
}

static bool opens_plainly(const struct lxc_writer *writer)
{
	return writer->effort == EFFORT_PLAIN && writer->bound == CALLGATE_LXC_NEVER_STRICTER;
}

int lxc_decide_name(struct lxc_writer *writer, int id, struct lxc_verdict *out)
{
	struct callgate_action limit = { 0 };
	bool same, any, kept = false;
	int r;

	*out = (struct lxc_verdict){ .kind = NAME_ABSENT };
	r = limit_of(writer, id, &limit, &same, &any);
	if (r < 0 || !any)
		return r;
	if (is_needed_by_injection(writer, id) || (opens_plainly(writer) && (!same || is_multiplexed(writer, id)))) {
		limit = (struct callgate_action){ .kind = CALLGATE_ALLOW };
		same = true;
	}
	if (!same && (writer->bound == CALLGATE_LXC_NEVER_LOOSER || limit.kind == CALLGATE_ALLOW)) {
		r = lxc_find_clauses(writer, id, out);
		if (r == 0)
			r = keep_clauses(writer, id, out, &kept);
		if (r < 0)
			return r;
	}
	out->action = limit;
	if (kept)
		out->kind = NAME_CLAUSES;
	else
		out->kind = action_equal(limit, writer->fallback) ? NAME_DEFAULT : NAME_ACTION;
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

/* Takes what all numbers of an ABI get that the filter closes or opens as a whole. */
static int limit_foreign(struct lxc_writer *writer, struct callgate_action *limit, bool *any)
{
	struct action_set set;

	if (action_set_of(writer->filter, writer->filter->other_arch, &set) < 0)
		return err_nomem(writer->err);
	for (unsigned j = 0; j < set.count; j++)
		take_limit(writer, lxc_nearest(writer, set.actions[j]), limit, any);
	return set.opaque ? err_set(writer->err, CALLGATE_E_UNSUPPORTED, "the filter is not expressible as a profile")
			  : 0;
}

/* The limit of what the numbers of the ABI without a name get. */
static int limit_unnamed(struct lxc_writer *writer, enum callgate_abi abi, struct callgate_action *limit, bool *any)
{
	const struct filter_arch *arch = filter_arch_of(writer->filter, abi_of(abi)->audit);
	uint32_t first, last, *numbers = NULL;
	size_t count = 0, at = 0;
	int r;

	if (!arch)
		return limit_foreign(writer, limit, any);
	lxc_range(abi, &first, &last);
	r = named_numbers(writer, abi, &numbers, &count);
	for (size_t i = span_at(arch, first); r == 0 && i < arch->span_count && arch->spans[i].first <= last; i++) {
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
			take_limit(writer, lxc_nearest(writer, set.actions[j]), limit, any);
		if (r == 0 && set.opaque)
			r = err_set(writer->err, CALLGATE_E_UNSUPPORTED, "the filter is not expressible as a profile");
	}
	free(numbers);
	return r;
}

/* What the host's highest numbers get, if they all get it. */
static int tail_action(struct lxc_writer *writer, struct callgate_action *out)
{
	struct action_set tail;
	uint32_t first, last;

	lxc_range(writer->abis[0], &first, &last);
	if (action_set_of(writer->filter, decision_of(writer, writer->abis[0], last), &tail) < 0)
		return err_nomem(writer->err);
	*out = tail.count == 1 && !tail.opaque
		       ? lxc_nearest(writer, tail.actions[0])
		       : (struct callgate_action){ .kind = CALLGATE_ERRNO, .data = ERRNO_ENOSYS };
	return 0;
}

/* The default that stays within the limit of all that it answers for. */
static struct callgate_action default_within(const struct lxc_writer *writer, struct callgate_action tail,
					     struct callgate_action limit)
{
	if (writer->bound == CALLGATE_LXC_NEVER_STRICTER)
		return tail.kind == limit.kind ? tail : limit;
	if (limit.kind >= tail.kind)
		return tail;
	if (tail.kind == CALLGATE_ALLOW && limit.kind == CALLGATE_ERRNO)
		return (struct callgate_action){ .kind = CALLGATE_ERRNO, .data = ERRNO_ENOSYS };
	return limit;
}

int lxc_choose_default(struct lxc_writer *writer)
{
	struct callgate_action limit = { 0 };
	bool any = false;
	int r = tail_action(writer, &writer->fallback);

	for (unsigned i = 0; i < writer->abi_count && r == 0; i++)
		r = limit_unnamed(writer, writer->abis[i], &limit, &any);
	if (r < 0)
		return r;
	if (any)
		writer->fallback = default_within(writer, writer->fallback, limit);
	writer->style = writer->fallback.kind == CALLGATE_ALLOW ? STYLE_DENYLIST : STYLE_ALLOWLIST;
	return 0;
}
