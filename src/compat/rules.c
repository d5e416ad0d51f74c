/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules: those of one architecture, found by number, each put into its call's tree as soon as it is added. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compat/context.h"

struct rules *rules_new(const struct arch *arch)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	if (rules)
		rules->arch = arch;
	return rules;
}

struct rules *rules_free(struct rules *rules)
{
	if (!rules)
		return NULL;
	free(rules->calls);
	free(rules->index);
	free(rules->list);
	free(rules->conditions);
	free(rules->tree.nodes);
	free(rules);
	return NULL;
}

/* Of an array; false: no memory. An empty one stays NULL. */
static bool copy_array(void **to, const void *from, size_t count, size_t size)
{
	*to = count ? malloc(count * size) : NULL;
	if (*to)
		memcpy(*to, from, count * size);
	return *to || !count;
}

struct rules *rules_copy(const struct rules *from)
{
	struct rules *rules = rules_new(from->arch);
	bool good;

	if (!rules)
		return NULL;
	*rules = *from;
	good = copy_array((void **)&rules->calls, from->calls, from->call_count, sizeof(*from->calls));
	good &= copy_array((void **)&rules->index, from->index, from->index_size, sizeof(*from->index));
	good &= copy_array((void **)&rules->list, from->list, from->rule_count, sizeof(*from->list));
	good &= copy_array((void **)&rules->conditions, from->conditions, from->condition_count,
			   sizeof(*from->conditions));
	good &= copy_array((void **)&rules->tree.nodes, from->tree.nodes, (size_t)from->tree.count,
			   sizeof(*from->tree.nodes));
	rules->call_room = from->call_count;
	rules->rule_room = from->rule_count;
	rules->condition_room = from->condition_count;
	rules->tree.room = from->tree.count;
	return good ? rules : rules_free(rules);
}

/* ------------------------------------------------------------------ calls by number */

static unsigned *slot_of(const struct rules *rules, int nr)
{
	unsigned at = (unsigned)nr * 0x9e3779b1u;

	for (at >>= 7;; at++) {
		unsigned *slot = &rules->index[at & (rules->index_size - 1)];

		if (!*slot || rules->calls[*slot - 1].nr == nr)
			return slot;
	}
}

/* The entry of a number; NULL: no rule and no priority is about it. */
static struct call *rules_call(const struct rules *rules, int nr)
{
	unsigned found = rules->index_size ? *slot_of(rules, nr) : 0;

	return found ? &rules->calls[found - 1] : NULL;
}

static bool index_grow(struct rules *rules)
{
	unsigned size = rules->index_size ? rules->index_size * 2 : 256;
	unsigned *index = calloc(size, sizeof(*index));

	if (!index)
		return false;
	free(rules->index);
	rules->index = index;
	rules->index_size = size;
	for (unsigned i = 0; i < rules->call_count; i++)
		*slot_of(rules, rules->calls[i].nr) = i + 1;
	return true;
}

/* Room for more elements; false: no memory. */
static bool make_room(void **array, unsigned wanted, unsigned *room, size_t size)
{
	unsigned grown_to = *room ? *room * 2 : 64;
	void *grown;

	if (wanted <= *room)
		return true;
	grown = realloc(*array, grown_to * size);
	if (!grown)
		return false;
	*array = grown;
	*room = grown_to;
	return true;
}

/* The entry of a number, made when there is none. NULL: no memory. */
static struct call *call_at(struct rules *rules, int nr)
{
	struct call *call = rules_call(rules, nr);

	if (call)
		return call;
	if (rules->call_count * 2 >= rules->index_size && !index_grow(rules))
		return NULL;
	if (!make_room((void **)&rules->calls, rules->call_count + 1, &rules->call_room, sizeof(*rules->calls)))
		return NULL;
	call = &rules->calls[rules->call_count];
	*call = (struct call){ .nr = nr, .plain = RULE_NONE, .root = NODE_NONE, .first = RULE_NONE, .last = RULE_NONE };
	*slot_of(rules, nr) = ++rules->call_count;
	return call;
}

int rules_prioritise(struct rules *rules, int nr, uint8_t priority)
{
	struct call *call = call_at(rules, nr);

	if (!call)
		return -ENOMEM;
	if (priority > call->priority)
		call->priority = priority;
	return 0;
}

/* ------------------------------------------------------------------ rules */

struct chain rules_chain(const struct rules *rules, int rule)
{
	const struct rule *from = &rules->list[rule];
	struct chain chain = { .action = from->action, .rule = rule, .wide = rules->arch->wide };

	if (from->conditions != RULE_NONE)
		memcpy(chain.args, &rules->conditions[from->conditions], sizeof(chain.args));
	return chain;
}

/* Of rules without conditions the first counts; none with conditions counts beside it. */
static int settle(struct rules *rules, struct call *call, int rule)
{
	const struct rule *added = &rules->list[rule];
	struct chain chain;

	call->valid = true;
	if (call->plain != RULE_NONE)
		return 0;
	if (added->conditions != RULE_NONE) {
		chain = rules_chain(rules, rule);
		if (chain_asks(&chain))
			return tree_add(&rules->tree, &call->root, &chain, &call->weight);
	}
	call->plain = rule;
	call->action = added->action;
	call->root = NODE_NONE;
	call->weight = 0;
	return 0;
}

static bool has_conditions(const struct request *request)
{
	for (int i = 0; i < ARG_COUNT; i++)
		if (request->args[i].op)
			return true;
	return false;
}

/* Where the conditions are kept; -ENOMEM. */
static int keep_conditions(struct rules *rules, const struct request *request)
{
	int at = (int)rules->condition_count;

	if (!make_room((void **)&rules->conditions, rules->condition_count + ARG_COUNT, &rules->condition_room,
		       sizeof(*rules->conditions)))
		return -ENOMEM;
	memcpy(&rules->conditions[at], request->args, sizeof(request->args));
	rules->condition_count += ARG_COUNT;
	return at;
}

static int add_number(struct rules *rules, const struct request *request, int nr)
{
	int added = (int)rules->rule_count,
	    conditions = has_conditions(request) ? keep_conditions(rules, request) : RULE_NONE;
	struct call *call = call_at(rules, nr);

	if (conditions == -ENOMEM || !call ||
	    !make_room((void **)&rules->list, rules->rule_count + 1, &rules->rule_room, sizeof(*rules->list)))
		return -ENOMEM;
	rules->list[rules->rule_count++] = (struct rule){ conditions, request->action, nr, RULE_NONE };
	if (call->last == RULE_NONE)
		call->first = added;
	else
		rules->list[call->last].next = added;
	call->last = added;
	return settle(rules, call, added);
}

/* A member of socketcall or ipc: a rule on the multiplexer, whose first argument is the selector, and one on the call
 * itself. */
static int add_member(struct rules *rules, const struct request *request, const struct member *member)
{
	struct request behind = *request;
	int r;

	if (request->exact && has_conditions(request))
		return -EINVAL;
	behind.args[0] = (struct condition){ .op = SCMP_CMP_EQ, .mask = UINT64_MAX, .datum = member->selector };
	r = add_number(rules, &behind, member->mux_nr);
	return r < 0 || member->direct == NR_ERROR ? r : add_number(rules, request, member->direct);
}

int rules_add(struct rules *rules, const struct request *request)
{
	struct member member;
	int nr = request->nr;

	/* What has a name, and neither a number here nor a pseudo number, is skipped as what has one. */
	if (!arch_translate(rules->arch, &nr))
		return !arch_call(arch_native(), nr) ? -EFAULT : request->exact ? -EDOM : 0;
	if (nr == -1)
		return add_number(rules, request, nr);
	member = arch_member(rules->arch, nr);
	if (member.mux)
		return add_member(rules, request, &member);
	if (nr < 0 && request->exact)
		return -EDOM;
	/* Where there are multiplexers, what has no number is skipped; elsewhere it is kept, and meets its like. */
	return nr < 0 && rules->arch->socketcall ? 0 : add_number(rules, request, nr);
}

/* Builds one call's tree anew from the rules that it has left. */
static int rebuild(struct rules *rules, struct call *call)
{
	int r = 0;

	call->plain = RULE_NONE;
	call->root = NODE_NONE;
	call->weight = 0;
	call->valid = call->first != RULE_NONE;
	for (int at = call->first; at != RULE_NONE && r == 0; at = rules->list[at].next)
		r = settle(rules, call, at);
	return r;
}

int rules_cut(struct rules *rules, unsigned count)
{
	int r = 0;

	while (rules->rule_count > count) {
		int last = (int)rules->rule_count - 1, before = RULE_NONE;
		struct call *call = call_at(rules, rules->list[last].nr);

		if (!call)
			return -ENOMEM;
		for (int at = call->first; at != last; at = rules->list[at].next)
			before = at;
		if (before == RULE_NONE)
			call->first = RULE_NONE;
		else
			rules->list[before].next = RULE_NONE;
		call->last = before;
		rules->rule_count--;
		if (rebuild(rules, call) < 0)
			r = -ENOMEM;
	}
	return r;
}
