/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Diff and meet: every difference is found, classed and witnessed; a stack of filters is one filter. */
#include <criterion/criterion.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

#include "bpf/prog.h"
#include "filter/filter.h"
#include "names/abi.h"
#include "names/words.h"
#include "random_filter.h"

static const struct callgate_action allow = { CALLGATE_ALLOW, 0 }, eperm = { CALLGATE_ERRNO, 1 },
				    enosys = { CALLGATE_ERRNO, 38 }, kill = { CALLGATE_KILL_PROCESS, 0 },
				    trace = { CALLGATE_TRACE, 7 };

struct rule {
	uint32_t first;
	struct callgate_action action; /* where a0 == value does not hold */
	uint64_t value;                /* 0: no condition */
	struct callgate_action matching;
};

static const struct node *leaf(struct callgate_filter *filter, struct callgate_action action, unsigned line)
{
	return filter_leaf(filter, action,
			   (struct callgate_origin){ .why = CALLGATE_BY_RULE, .file = filter->name, .line = line });
}

/* One architecture (x86_64 with x32), rules by ascending number up to one with the last number. */
static struct callgate_filter *make(const char *name, const struct rule *rules, unsigned count)
{
	struct callgate_filter *filter;
	struct span_map map = { 0 };

	cr_assert_eq(filter_new(name, &filter, NULL), 0);
	for (unsigned i = 0; i < count; i++) {
		struct test test = { .mask = UINT64_MAX, .value = rules[i].value, .op = TEST_EQ };
		const struct node *node = leaf(filter, rules[i].action, i + 1);

		if (rules[i].value)
			node = filter_test(filter, test, leaf(filter, rules[i].matching, i + 101), node);
		span_map_add(&map, &(struct span){ .first = rules[i].first, .node = node });
	}
	cr_assert_eq(filter_add_arch(filter, AUDIT_ARCH_X86_64, &map, NULL), 0);
	filter->other_arch = leaf(filter, kill, 99);
	filter->abis[filter->abi_count++] = CALLGATE_ABI_X86_64;
	return filter;
}
#define MAKE(name, ...) \
	make(name, (const struct rule[]){ __VA_ARGS__ }, \
	     sizeof((const struct rule[]){ __VA_ARGS__ }) / sizeof(struct rule))

static struct callgate_diff *diff(const struct callgate_filter *a, const struct callgate_filter *b)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_diff *list = NULL;

	cr_assert_eq(callgate_filter_diff(a, b, 0, &list, &err), 0, "%s", err.text);
	return list;
}

Test(diff, rows_group_class_and_witness)
{
	struct callgate_filter *a =
		MAKE("a", { 0, eperm }, { 10, allow }, { 20, eperm }, { 30, eperm, 5, allow }, { 31, eperm },
		     { 40, allow, 7, eperm }, { 41, eperm, 3, allow }, { 42, eperm }, { 0x40000000, enosys });
	struct callgate_filter *b =
		MAKE("b", { 0, eperm }, { 12, eperm }, { 20, allow }, { 22, enosys }, { 25, eperm }, { 30, eperm },
		     { 40, allow }, { 41, allow, 3, eperm }, { 42, eperm }, { 0x40000000, enosys });
	static const struct {
		uint32_t first, last;
		enum callgate_change change;
		bool depends_a, depends_b, looser, tighter;
		struct callgate_action a, b;
		uint64_t arg;
	} rows[] = {
		{ 10, 19, CALLGATE_TIGHTER, 0, 0, 0, 1, { CALLGATE_ALLOW, 0 }, { CALLGATE_ERRNO, 1 }, 0 },
		{ 20, 21, CALLGATE_LOOSER, 0, 0, 1, 0, { CALLGATE_ERRNO, 1 }, { CALLGATE_ALLOW, 0 }, 0 },
		{ 22, 24, CALLGATE_OTHER, 0, 0, 0, 0, { CALLGATE_ERRNO, 1 }, { CALLGATE_ERRNO, 38 }, 0 },
		{ 30, 30, CALLGATE_TIGHTER, 1, 0, 0, 1, { CALLGATE_ALLOW, 0 }, { CALLGATE_ERRNO, 1 }, 5 },
		{ 40, 40, CALLGATE_LOOSER, 1, 0, 1, 0, { CALLGATE_ERRNO, 1 }, { CALLGATE_ALLOW, 0 }, 7 },
		{ 41, 41, CALLGATE_OTHER, 1, 1, 1, 1, { CALLGATE_ERRNO, 1 }, { CALLGATE_ALLOW, 0 }, 0 },
	};
	struct callgate_diff *list = diff(a, b);

	cr_assert_eq(callgate_diff_count(list), sizeof(rows) / sizeof(*rows), "%zu", callgate_diff_count(list));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct callgate_difference *row = callgate_diff_at(list, i);

		cr_assert_eq(row->abi, CALLGATE_ABI_X86_64, "row %zu", i);
		cr_assert_eq(row->first, rows[i].first, "row %zu: %u", i, row->first);
		cr_assert_eq(row->last, rows[i].last, "row %zu: %u", i, row->last);
		cr_assert_eq(row->change, rows[i].change, "row %zu: %d", i, row->change);
		cr_assert_eq(row->depends_a, rows[i].depends_a, "row %zu", i);
		cr_assert_eq(row->depends_b, rows[i].depends_b, "row %zu", i);
		cr_assert_eq(row->looser, rows[i].looser, "row %zu", i);
		cr_assert_eq(row->tighter, rows[i].tighter, "row %zu", i);
		cr_assert(action_equal(row->a, rows[i].a) && action_equal(row->b, rows[i].b), "row %zu", i);
		cr_assert_eq(row->witness.nr, rows[i].first, "row %zu", i);
		cr_assert_eq(row->witness.args[0], rows[i].arg, "row %zu", i);
		cr_assert_not(row->opaque_a || row->opaque_b, "row %zu", i);
	}
	cr_assert_null(callgate_diff_at(list, sizeof(rows) / sizeof(*rows)));
	list = callgate_diff_free(list);
	list = diff(a, a);
	cr_assert_eq(callgate_diff_count(list), 0);
	list = callgate_diff_free(list);
	a = callgate_filter_free(a);
	b = callgate_filter_free(b);
}

Test(diff, abis_of_one_architecture_are_told_apart)
{
	struct callgate_filter *a = MAKE("a", { 0, allow }),
			       *b = MAKE("b", { 0, allow }, { 0x3ffffffe, eperm }, { 0x40000002, allow });
	struct callgate_diff *list = diff(a, b);

	cr_assert_eq(callgate_diff_count(list), 2);
	cr_assert_eq(callgate_diff_at(list, 0)->abi, CALLGATE_ABI_X86_64);
	cr_assert_eq(callgate_diff_at(list, 0)->last, 0x3fffffff);
	cr_assert_eq(callgate_diff_at(list, 1)->abi, CALLGATE_ABI_X32);
	cr_assert_eq(callgate_diff_at(list, 1)->first, 0x40000000);
	cr_assert_eq(callgate_diff_at(list, 1)->last, 0x40000001);
	list = callgate_diff_free(list);
	cr_assert_eq(callgate_filter_diff(a, b, 1u << CALLGATE_ABI_X32, &list, NULL), 0);
	cr_assert_eq(callgate_diff_count(list), 1);
	list = callgate_diff_free(list);
	/* Only an architecture that nobody lists differs. */
	b = callgate_filter_free(b);
	b = MAKE("b", { 0, allow });
	b->other_arch = leaf(b, eperm, 1);
	list = diff(a, b);
	cr_assert_eq(callgate_diff_count(list), 1);
	cr_assert_eq(callgate_diff_at(list, 0)->abi, CALLGATE_ABI_NONE);
	cr_assert_neq(callgate_diff_at(list, 0)->witness.abi, CALLGATE_ABI_X86_64);
	cr_assert_eq(callgate_diff_at(list, 0)->change, CALLGATE_LOOSER);
	list = callgate_diff_free(list);
	a = callgate_filter_free(a);
	b = callgate_filter_free(b);
}

Test(diff, opaque_is_unknown_even_against_itself)
{
	static const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *filter = NULL;
	struct callgate_prog *prog = NULL;
	struct callgate_diff *list;

	cr_assert_eq(prog_new(insns, sizeof(insns) / sizeof(*insns), &prog, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_filter_lift(prog, "ip", CALLGATE_ABI_X86_64, &filter, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_filter_diff(filter, filter, 1u << CALLGATE_ABI_X86_64, &list, &err), 0);
	cr_assert_eq(callgate_diff_count(list), 1);
	cr_assert_eq(callgate_diff_at(list, 0)->first, 3);
	cr_assert_eq(callgate_diff_at(list, 0)->last, 3);
	cr_assert_eq(callgate_diff_at(list, 0)->change, CALLGATE_UNKNOWN);
	cr_assert(callgate_diff_at(list, 0)->opaque_a && callgate_diff_at(list, 0)->opaque_b);
	list = callgate_diff_free(list);
	filter = callgate_filter_free(filter);
	prog = callgate_prog_free(prog);
}

/* The list says exactly where sampled calls differ. */
Test(diff, random_filters_differ_where_their_walks_do)
{
	struct rng rng = { 11 };
	unsigned different = 0, same = 0;

	for (unsigned round = 0; round < 300; round++) {
		struct callgate_filter *a = random_filter(&rng), *b = random_filter(&rng);
		struct callgate_diff *list = diff(a, b);

		for (size_t i = 0; i < callgate_diff_count(list); i++) {
			const struct callgate_difference *row = callgate_diff_at(list, i);
			uint32_t audit = abi_of(row->abi)->audit;
			struct callgate_action x = filter_walk(a, audit, row->witness.nr, row->witness.args)->action;
			struct callgate_action y = filter_walk(b, audit, row->witness.nr, row->witness.args)->action;

			cr_assert(action_equal(x, row->a) && action_equal(y, row->b) && !action_equal(x, y));
		}
		for (unsigned k = 0; k < 200; k++) {
			uint32_t audit = k & 1 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386, nr = rng_below(&rng, 30);
			enum callgate_abi abi = abi_by_audit(audit, nr);
			const struct filter_arch *arch = filter_arch_of(k & 2 ? a : b, audit);
			uint64_t args[6];
			struct callgate_action x, y;
			bool covered = false;

			random_args(&rng, arch->spans[span_at(arch, nr)].node, args);
			x = filter_walk(a, audit, nr, args)->action;
			y = filter_walk(b, audit, nr, args)->action;
			for (size_t i = 0; i < callgate_diff_count(list); i++) {
				const struct callgate_difference *row = callgate_diff_at(list, i);

				if (row->abi != abi || nr < row->first || nr > row->last)
					continue;
				covered = true;
				cr_assert(row->looser || y.kind <= x.kind, "round %u: looser, and not said", round);
				cr_assert(row->tighter || y.kind >= x.kind, "round %u: tighter, and not said", round);
			}
			cr_assert(covered || action_equal(x, y), "round %u: a difference is not in the list", round);
			different += !action_equal(x, y);
			same += action_equal(x, y);
		}
		list = callgate_diff_free(list);
		a = callgate_filter_free(a);
		b = callgate_filter_free(b);
	}
	cr_assert(different > 10000 && same > 5000, "%u %u", different, same);
}

/* ------------------------------------------------------------------ meet */

static struct callgate_filter *meet(const struct callgate_filter *const filters[], size_t count)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *filter = NULL;

	cr_assert_eq(callgate_filter_meet(filters, count, &filter, &err), 0, "%s", err.text);
	return filter;
}

/* What the kernel does: newest first, a strictly stricter kind takes over. */
static struct callgate_action run_all(const struct callgate_filter *const filters[], size_t count, uint32_t audit,
				      uint32_t nr, const uint64_t args[6])
{
	struct callgate_action result = { CALLGATE_ALLOW, 0 };

	while (count--) {
		struct callgate_action action = filter_walk(filters[count], audit, nr, args)->action;

		if (action.kind < result.kind)
			result = action;
	}
	return result;
}

Test(meet, random_stacks_do_what_the_kernel_does)
{
	struct rng rng = { 12 };

	for (unsigned round = 0; round < 300; round++) {
		const struct callgate_filter *stack[4];
		size_t count = rng_below(&rng, 5);
		struct callgate_filter *met;

		for (size_t i = 0; i < count; i++)
			stack[i] = random_filter(&rng);
		met = meet(stack, count);
		for (unsigned k = 0; k < 100; k++) {
			uint32_t audit = k % 3 == 0 ? AUDIT_ARCH_I386 : k % 3 == 1 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_ARM;
			uint32_t nr = rng_below(&rng, 30);
			const struct callgate_filter *guide = count ? stack[rng_below(&rng, (unsigned)count)] : met;
			const struct filter_arch *arch = filter_arch_of(guide, audit);
			uint64_t args[6];

			random_args(&rng, arch ? arch->spans[span_at(arch, nr)].node : guide->other_arch, args);
			cr_assert(action_equal(filter_walk(met, audit, nr, args)->action,
					       run_all(stack, count, audit, nr, args)),
				  "round %u, %zu filters", round, count);
		}
		met = callgate_filter_free(met);
		for (size_t i = 0; i < count; i++)
			callgate_filter_free((struct callgate_filter *)stack[i]);
	}
}

Test(meet, the_deciding_filter_gives_data_and_origin)
{
	struct callgate_filter *older = MAKE("older", { 0, allow }, { 5, eperm }, { 6, trace }, { 7, kill });
	struct callgate_filter *newer = MAKE("newer", { 0, allow }, { 5, enosys }, { 6, allow });
	const struct callgate_filter *stack[] = { older, newer };
	struct callgate_filter *met = meet(stack, 2);
	const uint64_t args[6] = { 0 };
	const struct node *node;

	older = callgate_filter_free(older); /* nothing of the met filter is theirs */
	newer = callgate_filter_free(newer);
	node = filter_walk(met, AUDIT_ARCH_X86_64, 5, args);
	cr_assert_eq(node->action.data, 38);
	cr_assert_str_eq(node->origin.file, "newer");
	node = filter_walk(met, AUDIT_ARCH_X86_64, 6, args);
	cr_assert_eq(node->action.kind, CALLGATE_TRACE);
	cr_assert_str_eq(node->origin.file, "older");
	cr_assert_eq(node->origin.line, 3);
	cr_assert_eq(filter_walk(met, AUDIT_ARCH_X86_64, 8, args)->action.kind, CALLGATE_KILL_PROCESS);
	cr_assert_eq(met->abi_count, 1);
	met = callgate_filter_free(met);
}

Test(meet, no_filter_allows_and_one_is_itself)
{
	struct callgate_filter *one = MAKE("one", { 0, eperm }, { 3, enosys, 9, allow }, { 4, eperm }), *met;
	const struct callgate_filter *stack[] = { one, one };
	const uint64_t args[6] = { 0 };
	struct callgate_diff *list;

	met = meet(NULL, 0);
	cr_assert_eq(filter_walk(met, AUDIT_ARCH_X86_64, 1, args)->action.kind, CALLGATE_ALLOW);
	met = callgate_filter_free(met);
	for (size_t count = 1; count <= 2; count++) {
		met = meet(stack, count);
		list = diff(one, met);
		cr_assert_eq(callgate_diff_count(list), 0);
		list = callgate_diff_free(list);
		met = callgate_filter_free(met);
	}
	one = callgate_filter_free(one);
}
