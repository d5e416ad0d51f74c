/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judge: the worlds of a name one by one; in each, filters of that name alone are compared, decision by decision. */
#include "write/rebase_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "filter/meaning.h"
#include "names/abi.h"
#include "names/syscall.h"

enum { CAPS = 8, KERNELS = 8, FILTERS = 3 + JUDGE_CANDIDATES, WALK_LIMIT = 1 << 16 };
enum { SHORT_WALK = 1 << 10, SEEN_SLOTS = WALK_LIMIT * 2 };

/* What the guards of a name ask. */
struct questions {
	unsigned caps[CAPS], cap_count;
	enum callgate_abi hosts[CALLGATE_ABI_COUNT];
	unsigned host_count;
	struct {
		unsigned major, minor;
	} kernels[KERNELS];
	unsigned kernel_count;
	bool more; /* than there is room for */
};

/* Decisions that were judged together; all zero: a free slot. */
struct seen {
	meaning_ref refs[FILTERS];
	bool used;
};

struct walk {
	struct meaning *meaning;
	struct judgement *out;
	unsigned count, steps; /* candidates */
	struct seen *seen;     /* SEEN_SLOTS, of a walk that is not short; NULL: none yet */
	bool met;              /* the witness is of this world: its places are to be asked for */
	struct callgate_call call;
	const struct callgate_target *target;
	struct callgate_err *err;
};

/* ------------------------------------------------------------------ worlds */

static void ask_cap(struct questions *questions, const struct word *word)
{
	unsigned cap;

	if (!cap_by_name(word->text, &cap))
		return;
	for (unsigned i = 0; i < questions->cap_count; i++)
		if (questions->caps[i] == cap)
			return;
	if (questions->cap_count == CAPS)
		questions->more = true;
	else
		questions->caps[questions->cap_count++] = cap;
}

static void ask_host(struct questions *questions, enum callgate_abi abi)
{
	for (unsigned i = 0; i < questions->host_count; i++)
		if (questions->hosts[i] == abi)
			return;
	if (abi != CALLGATE_ABI_NONE)
		questions->hosts[questions->host_count++] = abi;
}

static void ask_kernel(struct questions *questions, unsigned major, unsigned minor)
{
	for (unsigned i = 0; i < questions->kernel_count; i++)
		if (questions->kernels[i].major == major && questions->kernels[i].minor == minor)
			return;
	if (questions->kernel_count == KERNELS) {
		questions->more = true;
		return;
	}
	questions->kernels[questions->kernel_count].major = major;
	questions->kernels[questions->kernel_count++].minor = minor;
}

static void ask(struct questions *questions, const struct callgate_policy *policy)
{
	for (unsigned i = 0; i < policy->rule_count; i++) {
		const struct guard *guards[2] = { &policy->rules[i].includes, &policy->rules[i].excludes };

		for (unsigned g = 0; g < 2; g++) {
			for (unsigned k = 0; k < guards[g]->cap_count; k++)
				ask_cap(questions, &guards[g]->caps[k]);
			for (unsigned k = 0; k < guards[g]->arch_count; k++)
				ask_host(questions, abi_by_docker(guards[g]->arches[k].text));
			if (guards[g]->said & SAID_MIN_KERNEL)
				ask_kernel(questions, guards[g]->min_major, guards[g]->min_minor);
		}
	}
}

static uint64_t caps_of(const struct questions *questions, unsigned world)
{
	uint64_t caps = 0;

	for (unsigned i = 0; i < questions->cap_count; i++)
		if (world >> i & 1)
			caps |= (uint64_t)1 << questions->caps[i];
	return caps;
}

/* ------------------------------------------------------------------ one decision */

static void keep_witness(struct walk *walk, const struct callgate_action action[3])
{
	const struct callgate_target *target = walk->target;
	size_t used;

	walk->met = true;
	walk->out->witness = walk->call;
	memcpy(walk->out->action, action, sizeof(walk->out->action));
	used = (size_t)snprintf(walk->out->target, sizeof(walk->out->target), "--arch %s --kernel %u.%u --caps ",
				callgate_abi_name(target->host), target->kernel_major, target->kernel_minor);
	if (!target->caps)
		snprintf(walk->out->target + used, sizeof(walk->out->target) - used, "none");
	for (unsigned cap = 0; cap < cap_count() && used < sizeof(walk->out->target); cap++)
		if (target->caps >> cap & 1)
			used += (size_t)snprintf(walk->out->target + used, sizeof(walk->out->target) - used, "%s%s",
						 walk->out->target[used - 1] == ' ' ? "" : ",", cap_name(cap));
}

static void judge_actions(struct walk *walk, const struct callgate_action *action)
{
	bool mo = action_equal(action[SIDE_MINE], action[SIDE_OLD]),
	     no = action_equal(action[SIDE_NEW], action[SIDE_OLD]);
	bool mn = action_equal(action[SIDE_MINE], action[SIDE_NEW]);
	struct callgate_action wanted = mo ? action[SIDE_NEW] : action[SIDE_MINE];
	unsigned before = walk->out->fits;

	if (!mo && !no && !mn) {
		if (!walk->out->conflict)
			keep_witness(walk, action);
		walk->out->conflict = true;
		return;
	}
	for (unsigned i = 0; i < walk->count; i++)
		if (!action_equal(action[3 + i], wanted))
			walk->out->fits &= ~(1u << i);
	if (before && !walk->out->fits && !walk->out->conflict)
		keep_witness(walk, action);
}

/* What was judged on one way down need not be judged on another: *known. A short walk does without being remembered. */
static int remember(struct walk *walk, const meaning_ref *refs, bool *known)
{
	size_t size = (3 + walk->count) * sizeof(*refs), at = 0;

	*known = false;
	if (++walk->steps <= SHORT_WALK)
		return 0;
	if (walk->steps > WALK_LIMIT)
		return err_set(walk->err, CALLGATE_E_LIMIT, "too complex: the conditions of one call");
	if (!walk->seen)
		walk->seen = calloc(SEEN_SLOTS, sizeof(*walk->seen));
	if (!walk->seen)
		return err_nomem(walk->err);
	for (unsigned i = 0; i < 3 + walk->count; i++)
		at = (at ^ (size_t)refs[i]) * 0x9e3779b1u;
	at = (at ^ at >> 15) % SEEN_SLOTS;
	while (walk->seen[at].used && memcmp(walk->seen[at].refs, refs, size) != 0)
		at = (at + 1) % SEEN_SLOTS;
	*known = walk->seen[at].used;
	if (*known) {
		walk->steps--;
		return 0;
	}
	memcpy(walk->seen[at].refs, refs, size);
	walk->seen[at].used = true;
	return 0;
}

/* Down all diagrams together, until the definition is settled by references alone. */
static int judge_refs(struct walk *walk, const meaning_ref *refs)
{
	struct callgate_action action[FILTERS];
	meaning_ref half[2][FILTERS];
	unsigned first = UINT32_MAX, bit;
	bool known;
	int r;

	for (unsigned i = 0; i < 3 + walk->count; i++) {
		if (meaning_split(walk->meaning, refs[i], &bit, &half[0][i], &half[1][i])) {
			first = bit < first ? bit : first;
			continue;
		}
		if (!meaning_is_constant(walk->meaning, refs[i], &action[i]))
			return err_set(walk->err, CALLGATE_E_UNSUPPORTED, "a profile that is opaque");
	}
	if (first == UINT32_MAX) {
		judge_actions(walk, action);
		return 0;
	}
	if (refs[SIDE_MINE] == refs[SIDE_OLD] || refs[SIDE_NEW] == refs[SIDE_OLD] ||
	    refs[SIDE_MINE] == refs[SIDE_NEW]) {
		meaning_ref wanted = refs[SIDE_MINE] == refs[SIDE_OLD] ? refs[SIDE_NEW] : refs[SIDE_MINE];
		bool all = true;

		for (unsigned i = 0; i < walk->count; i++)
			all &= refs[3 + i] == wanted || !(walk->out->fits >> i & 1);
		if (all)
			return 0;
	}
	r = remember(walk, refs, &known);
	if (r < 0 || known)
		return r;
	for (unsigned value = 0; value < 2; value++) {
		meaning_ref next[FILTERS], pair[2];

		for (unsigned i = 0; i < 3 + walk->count; i++)
			next[i] = meaning_split(walk->meaning, refs[i], &bit, &pair[0], &pair[1]) && bit == first
					  ? pair[value]
					  : refs[i];
		if (value)
			walk->call.args[first / 64] |= (uint64_t)1 << (63 - first % 64);
		r = judge_refs(walk, next);
		walk->call.args[first / 64] &= ~((uint64_t)1 << (63 - first % 64));
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct node *node_of(const struct callgate_filter *filter, enum callgate_abi abi, uint32_t nr)
{
	const struct filter_arch *arch = filter_arch_of(filter, abi_of(abi)->audit);

	return arch ? arch->spans[span_at(arch, nr)].node : filter->other_arch;
}

static int judge_number(struct walk *walk, struct callgate_filter *const filters[], enum callgate_abi abi, uint32_t nr)
{
	struct callgate_action action[FILTERS];
	meaning_ref refs[FILTERS];
	bool leaves = true;
	int r = 0;

	walk->call = (struct callgate_call){ .abi = abi, .nr = nr };
	for (unsigned i = 0; i < 3 + walk->count; i++) {
		const struct node *node = node_of(filters[i], abi, nr);

		leaves &= node->leaf && !node->opaque;
		action[i] = node->action;
	}
	if (leaves) {
		judge_actions(walk, action);
		return 0;
	}
	/* Filters come and go: what is remembered of one must not be believed of the next at its address. */
	r = meaning_new(&walk->meaning, walk->err);
	for (unsigned i = 0; i < 3 + walk->count && r == 0; i++)
		r = meaning_of(walk->meaning, filters[i], node_of(filters[i], abi, nr), &refs[i], walk->err);
	if (r == 0)
		r = judge_refs(walk, refs);
	walk->meaning = meaning_free(walk->meaning);
	free(walk->seen);
	walk->seen = NULL;
	return r;
}

/* ------------------------------------------------------------------ one world */

static int judge_filters(struct walk *walk, struct callgate_filter *const filters[], int id)
{
	int r = 0;

	for (unsigned i = 0; i < filters[0]->abi_count && r == 0 && id != SYSCALL_NONE; i++) {
		enum callgate_abi abi = filters[0]->abis[i];
		int64_t nr = syscall_nr(id, abi);
		uint32_t selector;
		int mux;

		if (nr >= 0)
			r = judge_number(walk, filters, abi, (uint32_t)nr);
		if (r == 0 && syscall_behind_mux(id, abi, &mux, &selector))
			r = judge_number(walk, filters, abi, (uint32_t)syscall_nr(mux, abi));
	}
	return r;
}

static void keep_places(struct walk *walk, struct callgate_filter *const filters[])
{
	for (unsigned i = 0; i < 3 && walk->met; i++) {
		struct callgate_origin origin = { 0 };
		struct callgate_action action;

		/* The walk over it has succeeded: it is not opaque there. */
		if (callgate_filter_decide(filters[i], &walk->out->witness, &action, &origin) < 0)
			continue;
		walk->out->line[i] = origin.line;
		walk->out->column[i] = origin.column;
	}
	walk->met = false;
}

static int judge_world(struct walk *walk, const struct callgate_policy *policies[], int id)
{
	struct callgate_filter *filters[FILTERS] = { NULL };
	int r = 0;

	for (unsigned i = 0; i < 3 + walk->count && r == 0; i++) {
		r = callgate_filter_resolve(policies[i], walk->target, &filters[i], NULL, i < 3 ? walk->err : NULL);
		/* A candidate that contradicts itself does not fit; it is judged no more. */
		if (r == CALLGATE_E_PROFILE && i >= 3) {
			walk->out->fits &= ~(1u << (i - 3));
			r = callgate_filter_resolve(policies[SIDE_MINE], walk->target, &filters[i], NULL, walk->err);
		}
	}
	if (r == 0)
		r = judge_filters(walk, filters, id);
	if (r == 0)
		keep_places(walk, filters);
	for (unsigned i = 0; i < FILTERS; i++)
		callgate_filter_free(filters[i]);
	return r;
}

static int judge_worlds(struct walk *walk, const struct questions *questions, const struct callgate_policy *policies[],
			int id)
{
	const struct callgate_target *given = walk->target;
	struct callgate_target target = *given;
	int r = 0;

	walk->target = &target;
	for (unsigned h = 0; h < questions->host_count; h++) {
		for (unsigned k = 0; k < questions->kernel_count; k++) {
			for (unsigned w = 0; w < 1u << questions->cap_count && r == 0; w++) {
				target.host = questions->hosts[h];
				target.kernel_major = questions->kernels[k].major;
				target.kernel_minor = questions->kernels[k].minor;
				target.caps = caps_of(questions, w);
				r = judge_world(walk, policies, id);
			}
		}
	}
	walk->target = given;
	return r;
}

static void take_arches(struct callgate_policy *policy, const struct callgate_policy *from)
{
	policy->abis = from->abis;
	policy->abi_words = from->abi_words;
	policy->abi_count = from->abi_count;
	policy->arch_map = from->arch_map;
	policy->arch_map_count = from->arch_map_count;
	policy->has_architectures = from->has_architectures;
	policy->has_arch_map = from->has_arch_map;
}

static struct slice name_of(const struct callgate_policy sides[3], const struct callgate_policy *made)
{
	for (int i = 0; i < 3; i++)
		if (sides[i].rule_count)
			return sides[i].rules[0].names[0].text;
	return made->rule_count ? made->rules[0].names[0].text : SLICE("");
}

int judge_name(const struct judge *judge, struct callgate_policy sides[3], struct callgate_policy made[],
	       unsigned count, struct judgement *out, struct callgate_err *err)
{
	struct walk walk = { .out = out, .count = count, .target = &judge->target, .err = err };
	const struct callgate_policy *policies[FILTERS];
	struct questions questions = { 0 };

	*out = (struct judgement){ .fits = (1u << count) - 1 };
	ask_host(&questions, CALLGATE_ABI_X86_64);
	ask_host(&questions, CALLGATE_ABI_AARCH64);
	ask_kernel(&questions, 2, 6);
	for (unsigned i = 0; i < 3 + count; i++) {
		struct callgate_policy *policy = i < 3 ? &sides[i] : &made[i - 3];

		take_arches(policy, judge->arches);
		if (i >= 3)
			policy->fallback = judge->fallback;
		ask(&questions, policy);
		policies[i] = policy;
	}
	if (questions.more)
		return err_set(err, CALLGATE_E_LIMIT,
			       "too complex: the rules of one call ask for more than %d capabilities in their includes "
			       "and excludes",
			       CAPS);
	return judge_worlds(&walk, &questions, policies,
			    syscall_find(judge->name.size ? judge->name : name_of(sides, made)));
}

/* ------------------------------------------------------------------ the merge's default */

static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
	unsigned x = a->said & SAID_ERRNO_RET ? a->errno_ret : ERRNO_EPERM,
		 y = b->said & SAID_ERRNO_RET ? b->errno_ret : ERRNO_EPERM;

	return a->kind == b->kind && (a->kind != CALLGATE_ERRNO || x == y);
}

/* The ABIs that a profile answers for on a host. */
static int abis_on(const struct callgate_policy *policy, struct callgate_target target, enum callgate_abi host,
		   uint32_t *out, struct callgate_err *err)
{
	struct arena arena = ARENA_INIT;
	struct active active;
	int r;

	target.host = host;
	r = policy_specialise(policy, &target, &arena, &active, err);
	*out = 0;
	for (unsigned i = 0; r == 0 && i < active.abi_count; i++)
		*out |= (uint32_t)1 << active.abis[i];
	arena_free(&arena);
	return r;
}

/* Lists of architectures are compared by what they come to on every host, not by their words. */
static int merge_arches(struct judge *judge, struct callgate_err *err)
{
	bool mine = true, new = true; /* it is right to have theirs */
	int r = 0;

	for (int host = 0; host < CALLGATE_ABI_COUNT && r == 0; host++) {
		uint32_t abis[3] = { 0 };

		for (int side = 0; side < 3 && r == 0; side++)
			r = abis_on(judge->policies[side], judge->target, (enum callgate_abi)host, &abis[side], err);
		mine &= abis[SIDE_NEW] == abis[SIDE_OLD] || abis[SIDE_MINE] == abis[SIDE_NEW];
		new &= abis[SIDE_MINE] == abis[SIDE_OLD] || abis[SIDE_MINE] == abis[SIDE_NEW];
	}
	if (r == 0 && !mine && !new)
		r = err_set(err, CALLGATE_E_UNSUPPORTED, "both sides changed the architectures, each in its own way");
	/* Where nothing but words changed, the new words name architectures that the old default did not know. */
	judge->arches = judge->policies[new ? SIDE_NEW : SIDE_MINE];
	return r;
}

int judge_open(struct judge *judge, const struct callgate_policy *const policies[3], struct callgate_err *err)
{
	const struct verdict *old = &policies[SIDE_OLD]->fallback, *new = &policies[SIDE_NEW]->fallback;
	const struct verdict *mine = &policies[SIDE_MINE]->fallback;
	int r;

	*judge = (struct judge){ .fallback = same_verdict(old, mine) ? *new : *mine, .target = CALLGATE_TARGET_INIT };
	memcpy(judge->policies, policies, sizeof(judge->policies));
	r = callgate_target_host(&judge->target, err);
	if (r < 0)
		return r;
	judge->target.enosys = CALLGATE_ENOSYS_NEVER;
	if (!same_verdict(old, mine) && !same_verdict(old, new) && !same_verdict(mine, new))
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "both sides changed the default action, each in its own way");
	return merge_arches(judge, err);
}
