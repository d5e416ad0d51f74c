/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk of one audit architecture: sets of numbers part at jumps on the number, jumps on arguments become graphs. */
#include "bpf/lift_walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int lift_new(const struct callgate_prog *prog, struct lift **out, struct callgate_err *err)
{
	struct lift *lift = calloc(1, sizeof(*lift));

	if (!lift)
		return err_nomem(err);
	lift->prog = prog;
	lift->number_pc = prog->count;
	lift->memories = lift_room(lift, NULL, 0, &lift->memory_room, sizeof(*lift->memories));
	if (!lift->memories) {
		lift_free(lift);
		return err_nomem(err);
	}
	memset(lift->memories, 0, sizeof(*lift->memories)); /* all constant 0 */
	lift->memory_count = 1;
	lift_find_live(lift);
	*out = lift;
	return 0;
}

static void drop_waiting(struct lift *lift)
{
	for (size_t i = 0; i < lift->waiting_count; i++)
		ranges_release(&lift->waiting[i].set);
	lift->waiting_count = 0;
}

void lift_free(struct lift *lift)
{
	drop_waiting(lift);
	free(lift->arches);
	free(lift->waiting);
	free(lift->pieces);
	free(lift->memories);
	free(lift->jumps);
	free(lift->table);
	free(lift->open);
	free(lift);
}

static bool give(struct lift *lift, const struct ranges *set, const struct node *node)
{
	const struct range *range = ranges_at(set);

	for (uint32_t i = 0; i < set->count; i++) {
		struct piece *pieces =
			lift_room(lift, lift->pieces, lift->piece_count, &lift->piece_room, sizeof(*pieces));

		if (!pieces || lift->piece_count == PIECE_LIMIT || ++lift->piece_total > PIECE_TOTAL)
			return false;
		lift->pieces = pieces;
		pieces[lift->piece_count++] = (struct piece){ range[i], node };
	}
	return true;
}

/* Takes the set over, on failure too. */
static bool wait_at(struct lift *lift, uint32_t pc, const struct state *state, struct ranges *set)
{
	struct waiting *waiting =
		lift_room(lift, lift->waiting, lift->waiting_count, &lift->waiting_room, sizeof(*waiting));

	if (!waiting) {
		ranges_release(set);
		return false;
	}
	lift->waiting = waiting;
	waiting[lift->waiting_count++] = (struct waiting){ .pc = pc, .state = *state, .set = *set };
	return true;
}

/* ------------------------------------------------------------------ jumps on arguments, each state once */

static size_t jump_hash(uint32_t pc, const struct state *state, uint32_t context)
{
	const unsigned char *bytes = (const unsigned char *)state;
	uint64_t h = ((uint64_t)context << 32 | pc) * 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < sizeof(*state); i += 4) {
		uint32_t word;

		memcpy(&word, bytes + i, 4);
		h = (h ^ word ^ h >> 29) * 0xbf58476d1ce4e5b9u;
	}
	return (size_t)(h ^ h >> 32);
}

static bool table_add(struct lift *lift, uint32_t index)
{
	const struct jump *jump = &lift->jumps[index];
	size_t at;

	if (lift->table_used * 2 >= lift->table_size) {
		size_t size = lift->table_size ? lift->table_size * 2 : 256;
		uint32_t *table = calloc(size, sizeof(*table));

		if (!table) {
			lift->no_memory = true;
			return false;
		}
		free(lift->table);
		lift->table = table;
		lift->table_size = size;
		lift->table_used = 0;
		for (uint32_t i = 0; i < lift->jump_count; i++) /* index is among them */
			if (!table_add(lift, i))
				return false;
		return true;
	}
	for (at = jump_hash(jump->pc, &jump->state, jump->context) & (lift->table_size - 1); lift->table[at];)
		at = (at + 1) & (lift->table_size - 1);
	lift->table[at] = index + 1;
	lift->table_used++;
	return true;
}

static bool table_find(const struct lift *lift, uint32_t pc, const struct state *state, uint32_t context, uint32_t *out)
{
	size_t at;

	if (!lift->table_size)
		return false;
	for (at = jump_hash(pc, state, context) & (lift->table_size - 1); lift->table[at];
	     at = (at + 1) & (lift->table_size - 1)) {
		const struct jump *jump = &lift->jumps[lift->table[at] - 1];

		if (jump->pc == pc && jump->context == context && memcmp(&jump->state, state, sizeof(*state)) == 0) {
			*out = lift->table[at] - 1;
			return true;
		}
	}
	return false;
}

/* The jump at pc in this state: known from before, or new. */
static bool jump_at(struct lift *lift, uint32_t pc, struct state state, uint32_t *out)
{
	struct jump *jumps;

	lift->steps += JUMP_COST;
	if (!lift_settle(lift, pc, &state))
		return false;
	if (table_find(lift, pc, &state, 0, out) || table_find(lift, pc, &state, lift->context, out))
		return true;
	if (lift->jump_count >= JUMP_LIMIT)
		return false;
	jumps = lift_room(lift, lift->jumps, lift->jump_count, &lift->jump_room, sizeof(*jumps));
	if (!jumps)
		return false;
	lift->jumps = jumps;
	*out = (uint32_t)lift->jump_count;
	jumps[lift->jump_count++] = (struct jump){ .pc = pc, .state = state, .context = lift->context };
	return table_add(lift, *out);
}

static bool open_push(struct lift *lift, uint32_t index)
{
	uint32_t *open = lift_room(lift, lift->open, lift->open_count, &lift->open_room, sizeof(*open));

	if (!open)
		return false;
	lift->open = open;
	open[lift->open_count++] = index;
	return true;
}

/* Runs to what stands behind one side of a jump. OUT_SPLIT is handed up: *step has the numbers. */
static enum outcome find_target(struct lift *lift, uint32_t index, unsigned distance, struct step *step,
				struct target *out)
{
	enum outcome outcome;

	step->pc = lift->jumps[index].pc + 1 + distance;
	step->state = lift->jumps[index].state;
	step->numbered = false;
	outcome = lift_step(lift, step);
	if (outcome == OUT_LEAF)
		*out = (struct target){ .node = step->node };
	else if (outcome == OUT_JUMP && !jump_at(lift, step->pc, step->state, &out->jump))
		outcome = OUT_FAIL;
	if (step->numbered)
		lift->jumps[index].numbered = true;
	return outcome;
}

static enum outcome open_jump(struct lift *lift, uint32_t index, struct step *step)
{
	const struct sock_filter *insn = &lift->prog->insns[lift->jumps[index].pc];
	struct target yes = { 0 }, no = { 0 };
	enum outcome outcome = find_target(lift, index, insn->jt, step, &yes);

	if (outcome == OUT_LEAF || outcome == OUT_JUMP)
		outcome = find_target(lift, index, insn->jf, step, &no);
	if (outcome != OUT_LEAF && outcome != OUT_JUMP)
		return outcome;
	lift->jumps[index].yes = yes;
	lift->jumps[index].no = no;
	lift->jumps[index].opened = true;
	return OUT_JUMP;
}

/* The node behind a target, or NULL after pushing the jump that is to be worked out first. */
static const struct node *target_node(struct lift *lift, uint32_t index, const struct target *target)
{
	const struct jump *below;

	if (target->node)
		return target->node;
	below = &lift->jumps[target->jump];
	if (below->node && below->numbered)
		lift->jumps[index].numbered = true;
	if (!below->node && !open_push(lift, target->jump))
		lift->no_memory = true;
	return below->node;
}

static bool finish_jump(struct lift *lift, uint32_t index, const struct node *yes, const struct node *no)
{
	struct jump *jump = &lift->jumps[index];
	struct condition condition = lift_condition(lift, jump->pc, &jump->state);

	jump->node = condition_node(lift->filter, &condition, yes, no);
	if (!jump->node)
		return false;
	if (jump->numbered)
		return true;
	jump->context = 0; /* good for every number and architecture */
	return table_add(lift, index);
}

/* What was worked out for one set of numbers only is of no use to another: makes room before it runs out. */
static bool purge(struct lift *lift)
{
	uint32_t kept = 0;

	if (lift->jump_count < JUMP_LIMIT / 2)
		return true;
	for (size_t i = 0; i < lift->jump_count; i++)
		if (lift->jumps[i].context == 0)
			lift->jumps[kept++] = lift->jumps[i];
	lift->jump_count = kept;
	memset(lift->table, 0, lift->table_size * sizeof(*lift->table));
	lift->table_used = 0;
	for (uint32_t i = 0; i < kept; i++)
		if (!table_add(lift, i))
			return false;
	return true;
}

/* The graph below a jump on an argument, for all numbers of the set at once: OUT_LEAF with step->node, or OUT_SPLIT
 * when they part ways somewhere below. */
static enum outcome decide(struct lift *lift, struct step *step)
{
	uint32_t root;

	lift->context++;
	lift->open_count = 0;
	if (!purge(lift) || !jump_at(lift, step->pc, step->state, &root) || !open_push(lift, root))
		return OUT_FAIL;
	while (lift->open_count) {
		uint32_t index = lift->open[lift->open_count - 1];
		struct target yes, no;
		const struct node *yes_node, *no_node;

		if (lift->jumps[index].node) {
			lift->open_count--;
			continue;
		}
		if (!lift->jumps[index].opened) {
			enum outcome outcome = open_jump(lift, index, step);

			if (outcome != OUT_JUMP)
				return outcome;
		}
		yes = lift->jumps[index].yes;
		no = lift->jumps[index].no;
		yes_node = target_node(lift, index, &yes);
		no_node = target_node(lift, index, &no);
		if (lift->no_memory || (yes_node && no_node && !finish_jump(lift, index, yes_node, no_node)))
			return OUT_FAIL;
	}
	step->node = lift->jumps[root].node;
	return OUT_LEAF;
}

/* ------------------------------------------------------------------ sets of numbers */

/* Parts the set where a jump on the number does; holds is used up. */
static bool split(struct lift *lift, struct ranges *set, struct ranges *holds, struct ranges *taken)
{
	bool good = ranges_split(set, holds, taken);

	lift->steps += (set->count + holds->count) / 16;
	ranges_release(holds);
	return good;
}

static bool run(struct lift *lift, struct waiting *item)
{
	struct step step = { .set = &item->set, .pc = item->pc, .state = item->state };

	for (;;) {
		enum outcome outcome = lift_step(lift, &step);
		struct ranges taken;
		uint32_t taken_to = 0;

		if (outcome == OUT_JUMP) {
			item->pc = step.pc;
			item->state = step.state;
			outcome = decide(lift, &step);
			if (outcome == OUT_SPLIT) {
				/* Both parts come back to the jump that they have in common. */
				step.pc = taken_to = item->pc;
				step.state = item->state;
			}
		} else if (outcome == OUT_SPLIT) {
			const struct sock_filter *insn = &lift->prog->insns[step.pc];

			taken_to = step.pc + 1u + insn->jt;
			step.pc += 1u + insn->jf;
		}
		if (outcome == OUT_LEAF)
			return give(lift, &item->set, step.node);
		if (outcome != OUT_SPLIT || !split(lift, &item->set, &step.holds, &taken) ||
		    !wait_at(lift, taken_to, &step.state, &taken))
			return false;
	}
}

static int order_pieces(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return (x->range.first > y->range.first) - (x->range.first < y->range.first);
}

/* The walk comes to most numbers in order, so that most pieces stand a few places from their own. */
static void sort_pieces(struct piece *pieces, size_t count)
{
	size_t moves = count * 8;

	for (size_t i = 1; i < count; i++) {
		struct piece piece = pieces[i];
		size_t at = i;

		for (; at && pieces[at - 1].range.first > piece.range.first && moves; at--, moves--)
			pieces[at] = pieces[at - 1];
		pieces[at] = piece;
	}
	if (count && !moves)
		qsort(pieces, count, sizeof(*pieces), order_pieces);
}

static void add_unknown(struct lift *lift, uint64_t first, uint64_t last)
{
	struct piece *pieces = lift_room(lift, lift->pieces, lift->piece_count, &lift->piece_room, sizeof(*pieces));

	if (!pieces)
		return;
	lift->pieces = pieces;
	pieces[lift->piece_count++] = (struct piece){ { (uint32_t)first, (uint32_t)last }, lift->unknown };
}

/* What was not worked out stays unknown. */
static void give_up(struct lift *lift)
{
	size_t count = lift->piece_count;
	uint64_t next = 0;

	lift->filter->incomplete = true;
	sort_pieces(lift->pieces, count);
	for (size_t i = 0; i < count && !lift->no_memory; i++) {
		struct range range = lift->pieces[i].range;

		if (range.first > next)
			add_unknown(lift, next, range.first - UINT64_C(1));
		next = range.last + UINT64_C(1);
	}
	if (next <= UINT32_MAX)
		add_unknown(lift, next, UINT32_MAX);
}

int lift_walk(struct lift *lift, uint32_t audit, struct callgate_err *err)
{
	struct state start = { .a = value_const(0), .x = value_const(0) };
	struct ranges all;
	bool good;

	lift->audit = audit;
	lift->piece_count = 0;
	ranges_init(&all, 0, UINT32_MAX);
	good = wait_at(lift, 0, &start, &all);
	while (good && lift->waiting_count) {
		struct waiting item = lift->waiting[--lift->waiting_count];

		good = run(lift, &item);
		ranges_release(&item.set);
	}
	drop_waiting(lift);
	if (!good && !lift->no_memory)
		give_up(lift);
	sort_pieces(lift->pieces, lift->piece_count);
	return lift->no_memory ? err_nomem(err) : 0;
}
