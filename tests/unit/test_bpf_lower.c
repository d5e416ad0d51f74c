/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prog_lower(): every program is run against the filter that it was made from, and keeps the kernel's allow bitmap. */
#include <criterion/criterion.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "bpf/prog.h"
#include "filter/filter.h"
#include "names/words.h"
#include "tests/unit/agree.h"
#include "tests/unit/bitmap.h"

#define LOW 0xffffffffu
#define FULL UINT64_MAX

static const struct callgate_action allow = { CALLGATE_ALLOW, 0 }, eperm = { CALLGATE_ERRNO, 1 },
				    badarch = { CALLGATE_KILL_THREAD, 0 };

static struct callgate_filter *new_filter(struct callgate_action other)
{
	struct callgate_filter *filter;

	cr_assert_eq(filter_new("test", &filter, NULL), 0);
	filter->other_arch = filter_leaf(filter, other, (struct callgate_origin){ CALLGATE_BY_ABI });
	return filter;
}

static const struct node *leaf(struct callgate_filter *filter, struct callgate_action action)
{
	return filter_leaf(filter, action, (struct callgate_origin){ CALLGATE_BY_DEFAULT });
}

static const struct node *made(const struct node *node)
{
	cr_assert_not_null(node);
	return node;
}
#define TEST_OF(a, o, m, v) ((struct test){ .mask = (m), .value = (v), .arg = (uint8_t)(a), .op = (uint8_t)(o) })
#define when(filter, arg, op, mask, value, yes, no) made(filter_test(filter, TEST_OF(arg, op, mask, value), yes, no))

static void add_span(struct span_map *map, uint32_t first, const struct node *node)
{
	span_map_add(map, &(struct span){ .first = first, .node = node });
}

/* One call (number 5) with a decision, everything else ALLOW. */
static struct callgate_filter *one_decision(uint32_t audit, struct callgate_filter *filter, const struct node *node)
{
	struct span_map map = { 0 };

	add_span(&map, 0, leaf(filter, allow));
	add_span(&map, 5, node);
	add_span(&map, 6, leaf(filter, allow));
	cr_assert_eq(filter_add_arch(filter, audit, &map, NULL), 0);
	return filter;
}

static struct callgate_prog *lower(const struct callgate_filter *filter, const char *what)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = NULL;

	cr_assert_eq(prog_lower(filter, &prog, &err), 0, "%s: %s", what, err.text);
	cr_assert_eq(prog_check(prog, &err), 0, "%s: %s", what, err.text);
	cr_assert_eq(prog_agree(prog, filter, &err), 0, "%s: %s", what, err.text);
	return prog;
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

/* ------------------------------------------------------------------ the shape of programs */

struct wanted {
	uint16_t code;
	uint32_t k;
};

static void expect(const char *what, const struct callgate_prog *prog, const struct wanted *wanted, unsigned count)
{
	cr_assert_eq(prog->count, count, "%s: %u instructions instead of %u", what, prog->count, count);
	for (unsigned i = 0; i < count; i++)
		cr_assert(prog->insns[i].code == wanted[i].code && prog->insns[i].k == wanted[i].k,
			  "%s: instruction %u is %#x %#x", what, i, prog->insns[i].code, prog->insns[i].k);
}

enum {
	LD = BPF_LD | BPF_W | BPF_ABS,
	JEQ = BPF_JMP | BPF_JEQ | BPF_K,
	JGT = BPF_JMP | BPF_JGT | BPF_K,
	JSET = BPF_JMP | BPF_JSET | BPF_K,
	AND = BPF_ALU | BPF_AND | BPF_K,
	RET = BPF_RET | BPF_K,
};
#define RET_ALLOW \
	{ \
		RET, SECCOMP_RET_ALLOW \
	}
#define RET_EPERM \
	{ \
		RET, SECCOMP_RET_ERRNO | 1 \
	}

Test(bpf_lower, needs_one_instruction_for_one_answer)
{
	struct callgate_filter *filter = new_filter(allow);
	struct span_map map = { 0 };
	struct callgate_prog *prog;

	add_span(&map, 0, leaf(filter, allow));
	/* Another origin is another node, but not another answer. */
	add_span(&map, 7, filter_leaf(filter, allow, (struct callgate_origin){ CALLGATE_BY_RULE, NULL, 3, 1 }));
	cr_assert_eq(filter_add_arch(filter, AUDIT_ARCH_X86_64, &map, NULL), 0);
	prog = lower(filter, "allow");
	expect("allow", prog, (struct wanted[]){ RET_ALLOW }, 1);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
}

/* No architecture is told apart: nobody asks for one. Words lie as in this machine's memory. */
Test(bpf_lower, asks_for_no_architecture_where_none_is_told_apart)
{
	struct callgate_filter *filter = new_filter(allow);
	bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	struct callgate_prog *prog;

	filter->other_arch = when(filter, 0, TEST_EQ, LOW, 7, leaf(filter, eperm), leaf(filter, allow));
	prog = lower(filter, "no architecture");
	expect("no architecture", prog, (struct wanted[]){ { LD, big ? 20 : 16 }, { JEQ, 7 }, RET_ALLOW, RET_EPERM },
	       4);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
}

static void expect_test(const char *what, struct test test, const struct wanted *wanted, unsigned count)
{
	struct callgate_filter *filter = new_filter(allow);
	struct callgate_prog *prog;
	static const struct wanted head[] = { { LD, 4 }, { JEQ, AUDIT_ARCH_X86_64 }, { LD, 0 }, { JEQ, 5 } };
	struct wanted all[16];

	memcpy(all, head, sizeof(head));
	memcpy(all + 4, wanted, count * sizeof(*wanted));
	one_decision(AUDIT_ARCH_X86_64, filter,
		     made(filter_test(filter, test, leaf(filter, eperm), leaf(filter, allow))));
	prog = lower(filter, what);
	expect(what, prog, all, count + 4);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
}
#define EXPECT_TEST(op, mask, value, ...) \
	expect_test(#op " " #mask " " #value, TEST_OF(1, op, mask, value), (struct wanted[]){ __VA_ARGS__ }, \
		    sizeof((struct wanted[]){ __VA_ARGS__ }) / sizeof(struct wanted))

/* Argument 1: its lower word is at 24, its upper one at 28. */
Test(bpf_lower, says_each_test_in_few_words)
{
	EXPECT_TEST(TEST_EQ, FULL, 0x500000007, { LD, 28 }, { JEQ, 5 }, { LD, 24 }, { JEQ, 7 }, RET_ALLOW, RET_EPERM);
	EXPECT_TEST(TEST_EQ, LOW, 7, { LD, 24 }, { JEQ, 7 }, RET_ALLOW, RET_EPERM);
	EXPECT_TEST(TEST_EQ, (uint64_t)LOW << 32, (uint64_t)7 << 32, { LD, 28 }, { JEQ, 7 }, RET_ALLOW, RET_EPERM);
	EXPECT_TEST(TEST_EQ, 0x7e020000, 0, { LD, 24 }, { JSET, 0x7e020000 }, RET_EPERM, RET_ALLOW);
	EXPECT_TEST(TEST_EQ, 0x10000000, 0x10000000, { LD, 24 }, { JSET, 0x10000000 }, RET_ALLOW, RET_EPERM);
	EXPECT_TEST(TEST_EQ, 0xff, 0x12, { LD, 24 }, { AND, 0xff }, { JEQ, 0x12 }, RET_ALLOW, RET_EPERM);
	EXPECT_TEST(TEST_EQ, 0x100000001, 0, { LD, 28 }, { JSET, 1 }, { LD, 24 }, { JSET, 1 }, RET_EPERM, RET_ALLOW);
	EXPECT_TEST(TEST_GT, 0xff, 0, { LD, 24 }, { JSET, 0xff }, RET_ALLOW, RET_EPERM);
	EXPECT_TEST(TEST_GT, LOW, 9, { LD, 24 }, { JGT, 9 }, RET_ALLOW, RET_EPERM);
	EXPECT_TEST(TEST_GT, FULL, 9, { LD, 28 }, { JEQ, 0 }, { LD, 24 }, { JGT, 9 }, RET_ALLOW, RET_EPERM);
	EXPECT_TEST(TEST_GE, FULL, (uint64_t)3 << 32, { LD, 28 }, { BPF_JMP | BPF_JGE | BPF_K, 3 }, RET_ALLOW,
		    RET_EPERM);
	EXPECT_TEST(TEST_GT, FULL, 0x3ffffffff, { LD, 28 }, { JGT, 3 }, RET_ALLOW, RET_EPERM);
	EXPECT_TEST(TEST_GE, FULL, 0x300000002, { LD, 28 }, { JGT, 3 }, { JEQ, 3 }, { LD, 24 },
		    { BPF_JMP | BPF_JGE | BPF_K, 2 }, RET_ALLOW, RET_EPERM);
}

/* A range that is known answers tests beside it, and is still known after them. */
Test(bpf_lower, does_not_ask_what_is_known)
{
	static const struct {
		uint64_t mask, upper; /* of values: the lower word's are below it */
		uint32_t offset;
	} words[] = { { LOW, 0, 24 }, { FULL, 32, 28 } };

	for (size_t i = 0; i < 4; i++) {
		struct callgate_filter *filter = new_filter(allow);
		const struct node *yes = leaf(filter, eperm), *no = leaf(filter, allow), *never = leaf(filter, badarch);
		struct callgate_prog *prog;
		bool above = i % 2;
		/* Beside 20: one that is farther off, then one between them. */
		static const uint64_t beside[2][2] = { { 25, 30 }, { 15, 10 } };

		for (size_t j = 0; j < 2; j++) {
			uint64_t value = beside[above][j] << words[i / 2].upper | (words[i / 2].upper ? LOW : 0);

			if (above)
				yes = when(filter, 1, TEST_GT, words[i / 2].mask, value, yes, never);
			else
				no = when(filter, 1, TEST_GT, words[i / 2].mask, value, never, no);
		}
		one_decision(AUDIT_ARCH_X86_64, filter,
			     when(filter, 1, TEST_GT, words[i / 2].mask,
				  (uint64_t)20 << words[i / 2].upper | (words[i / 2].upper ? LOW : 0), yes, no));
		prog = lower(filter, "known");
		expect("known", prog,
		       (struct wanted[]){ { LD, 4 },
					  { JEQ, AUDIT_ARCH_X86_64 },
					  { LD, 0 },
					  { JEQ, 5 },
					  { LD, words[i / 2].offset },
					  { JGT, 20 },
					  RET_ALLOW,
					  RET_EPERM },
		       8);
		callgate_prog_free(prog);
		callgate_filter_free(filter);
	}
}

/* Docker's personality: five values of one 64-bit argument. Its upper word is asked for once. */
Test(bpf_lower, asks_for_an_upper_word_once)
{
	static const uint64_t values[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };
	struct callgate_filter *filter = new_filter(badarch);
	const struct node *node = leaf(filter, eperm);
	struct callgate_prog *prog;
	unsigned loads = 0;

	for (size_t i = 0; i < 5; i++)
		node = when(filter, 0, TEST_EQ, FULL, values[i], leaf(filter, allow), node);
	one_decision(AUDIT_ARCH_X86_64, filter, node);
	prog = lower(filter, "personality");
	for (unsigned pc = 0; pc < prog->count; pc++)
		loads += prog->insns[pc].code == LD;
	cr_assert_eq(loads, 4, "%u loads", loads);
	cr_assert_leq(prog->count, 15, "%u instructions", prog->count);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
}

/* Pairs of values of two arguments: having learned one of them, nobody asks again. */
Test(bpf_lower, follows_a_list_of_pairs)
{
	struct callgate_filter *filter = new_filter(badarch);
	const struct node *node = leaf(filter, eperm);
	struct callgate_prog *prog;
	struct prog_data call = { .nr = 5, .audit = AUDIT_ARCH_X86_64, .args = { 1, 99 } };
	unsigned steps;

	for (uint64_t domain = 1; domain <= 3; domain++)
		for (uint64_t type = 1; type <= 5; type++) {
			const struct node *yes = when(filter, 1, TEST_EQ, 0xf, type, leaf(filter, allow), node);

			node = when(filter, 0, TEST_EQ, LOW, domain, yes, node);
		}
	one_decision(AUDIT_ARCH_X86_64, filter, node);
	prog = lower(filter, "pairs");
	cr_assert_leq(prog->count, 20, "%u instructions", prog->count);
	/* ld, jeq, ld, jeq; ld and three domains; ld, and, five types; ret */
	call.args[0] = 1;
	prog_eval(prog, &call, &steps);
	cr_assert_leq(steps, 16, "%u steps", steps);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
}

/* Rules on three arguments in turn: what is learned of two must not make the third one's code many times over. */
Test(bpf_lower, stays_small_where_facts_multiply)
{
	struct callgate_filter *filter = new_filter(badarch);
	const struct node *node = leaf(filter, eperm);
	struct callgate_prog *prog;

	for (uint64_t i = 1; i <= 60; i++) {
		const struct node *yes =
			when(filter, (unsigned)(i + 1) % 3, TEST_EQ, LOW, i * 7, leaf(filter, allow), node);

		node = when(filter, (unsigned)i % 3, TEST_EQ, LOW, i, yes, node);
	}
	one_decision(AUDIT_ARCH_X86_64, filter, node);
	prog = lower(filter, "in turn");
	cr_assert_leq(prog->count, 4 * 60 + 10, "%u instructions", prog->count);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
}

/* A list of values of one argument: each is asked for once, and the upper word once for all. */
Test(bpf_lower, asks_for_each_of_many_values_once)
{
	struct callgate_filter *filter = new_filter(badarch);
	const struct node *node = leaf(filter, eperm);
	struct callgate_prog *prog;

	for (uint64_t i = 0; i < 600; i++)
		node = when(filter, 0, TEST_EQ, FULL, i * 3, leaf(filter, allow), node);
	one_decision(AUDIT_ARCH_X86_64, filter, node);
	prog = lower(filter, "many values");
	cr_assert_leq(prog->count, 620, "%u instructions", prog->count);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
}

Test(bpf_lower, shares_what_architectures_have_in_common)
{
	struct callgate_filter *filter = new_filter(badarch);
	const struct node *node =
		when(filter, 0, TEST_EQ, FULL, 0x123400005678, leaf(filter, allow), leaf(filter, eperm));
	struct callgate_prog *prog;

	one_decision(AUDIT_ARCH_X86_64, filter, node);
	one_decision(AUDIT_ARCH_I386, filter, node);
	prog = lower(filter, "two architectures");
	/* ld, jeq, jeq; once: ld, jeq, ld, jeq, ld, jeq and three answers */
	cr_assert_eq(prog->count, 12, "%u instructions", prog->count);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
}

/* ------------------------------------------------------------------ limits */

/* More numbers than 8-bit jumps span: answers that differ from number to number. */
Test(bpf_lower, jumps_far)
{
	for (unsigned count = 100; count <= 1000; count += 300) {
		struct callgate_filter *filter = new_filter(badarch);
		struct span_map map = { 0 };
		struct callgate_prog *prog;

		for (unsigned i = 0; i < count; i++) {
			const struct node *node = leaf(filter, (struct callgate_action){ CALLGATE_TRACE, (uint16_t)i });

			if (i % 5 == 0)
				node = when(filter, i % 6, TEST_EQ, FULL, i * 7919, node, leaf(filter, allow));
			if (i % 7 == 0)
				node = when(filter, i % 3, TEST_GT, FULL, (uint64_t)i << 31, node, leaf(filter, eperm));
			add_span(&map, i * 2, node);
			if (i % 3)
				add_span(&map, i * 2 + 1, leaf(filter, allow));
		}
		cr_assert_eq(filter_add_arch(filter, AUDIT_ARCH_X86_64, &map, NULL), 0);
		prog = lower(filter, "far");
		cr_assert_gt(prog->count, count * 2);
		callgate_prog_free(prog);
		callgate_filter_free(filter);
	}
}

Test(bpf_lower, refuses_what_does_not_fit)
{
	struct callgate_filter *filter = new_filter(badarch);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = NULL;
	struct span_map map = { 0 };

	for (unsigned i = 0; i < 3000; i++)
		add_span(&map, i, leaf(filter, (struct callgate_action){ CALLGATE_TRACE, (uint16_t)i }));
	cr_assert_eq(filter_add_arch(filter, AUDIT_ARCH_X86_64, &map, NULL), 0);
	cr_assert_eq(prog_lower(filter, &prog, &err), CALLGATE_E_LIMIT);
	cr_assert_not_null(strstr(err.text, "4096"), "%s", err.text);
	cr_assert_null(prog);
	callgate_filter_free(filter);
}

/* As many tests as a filter may have, one behind the other. */
Test(bpf_lower, is_not_felled_by_depth)
{
	struct callgate_filter *filter = new_filter(badarch);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = NULL;
	const struct node *node = leaf(filter, allow);

	for (uint64_t i = 0; i < FILTER_NODE_LIMIT - 10; i++)
		node = when(filter, i % 2, TEST_EQ, FULL, i * 0x100000001, leaf(filter, eperm), node);
	one_decision(AUDIT_ARCH_X86_64, filter, node);
	cr_assert_eq(prog_lower(filter, &prog, &err), CALLGATE_E_LIMIT);
	cr_assert_neq(err.text[0], '\0');
	callgate_filter_free(filter);
}

Test(bpf_lower, refuses_opaque_leaves)
{
	struct callgate_filter *filter = new_filter(badarch);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = NULL;

	one_decision(AUDIT_ARCH_X86_64, filter,
		     when(filter, 0, TEST_EQ, LOW, 1, filter_opaque(filter, 17), leaf(filter, eperm)));
	cr_assert_eq(prog_lower(filter, &prog, &err), CALLGATE_E_UNSUPPORTED);
	cr_assert_not_null(strstr(err.text, "17"), "%s", err.text);
	callgate_filter_free(filter);
}

Test(bpf_agree, finds_a_difference)
{
	struct callgate_filter *filter = new_filter(badarch), *other = new_filter(badarch);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog;

	one_decision(AUDIT_ARCH_X86_64, filter,
		     when(filter, 2, TEST_GE, FULL, 0x100000005, leaf(filter, eperm), leaf(filter, allow)));
	one_decision(AUDIT_ARCH_X86_64, other,
		     when(other, 2, TEST_GE, FULL, 0x100000006, leaf(other, eperm), leaf(other, allow)));
	prog = lower(filter, "agrees with itself");
	cr_assert_eq(prog_agree(prog, other, &err), CALLGATE_E_MISMATCH);
	cr_assert_not_null(strstr(err.text, "0x100000005"), "%s", err.text);
	cr_assert_not_null(strstr(err.text, "ERRNO(EPERM)"), "%s", err.text);
	callgate_filter_free(other);
	/* A program that decides by an argument where the filter does not. */
	other = new_filter(badarch);
	one_decision(AUDIT_ARCH_X86_64, other, leaf(other, allow));
	cr_assert_eq(prog_agree(prog, other, &err), CALLGATE_E_MISMATCH);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
	callgate_filter_free(other);
}

/* ------------------------------------------------------------------ any filter */

static uint64_t random_value(uint64_t *state)
{
	static const uint64_t bases[] = {
		0,           1,           0x7fffffff,         0x80000000,         0xffffffff,
		0x100000000, 0x1ffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffff00000000,
		UINT64_MAX
	};
	uint64_t value = bases[next_random(state) % 11];

	switch (next_random(state) % 4) {
	case 0:
		return value + next_random(state) % 4;
	case 1:
		return value ^ (uint64_t)1 << next_random(state) % 64;
	case 2:
		return value - next_random(state) % 3;
	default:
		return value;
	}
}

static uint64_t random_mask(uint64_t *state)
{
	static const uint64_t masks[] = { UINT64_MAX,  UINT64_MAX,    LOW, 0xffffffff00000000,
					  0xff,        0x7e020000,    1,   0x8000000000000000,
					  0x100000001, 0xffff0000ffff };

	return next_random(state) % 8 ? masks[next_random(state) % 10]
				      : (uint64_t)next_random(state) << 32 | next_random(state);
}

static struct callgate_action random_action(uint64_t *state)
{
	static const struct callgate_action actions[] = { { CALLGATE_ALLOW, 0 },        { CALLGATE_ALLOW, 0 },
							  { CALLGATE_ERRNO, 1 },        { CALLGATE_ERRNO, 38 },
							  { CALLGATE_KILL_PROCESS, 0 }, { CALLGATE_TRACE, 9 },
							  { CALLGATE_LOG, 0 } };

	return actions[next_random(state) % 7];
}

/* A graph: tests take any earlier node for their branches. */
static const struct node *random_decision(struct callgate_filter *filter, uint64_t *state)
{
	const struct node *nodes[40];
	unsigned count = 2 + next_random(state) % 2,
		 tests = next_random(state) % 4 ? next_random(state) % 4 : next_random(state) % 30;
	unsigned args = 1 + next_random(state) % 3;
	uint64_t value = random_value(state);

	for (unsigned i = 0; i < count; i++)
		nodes[i] = leaf(filter, random_action(state));
	for (unsigned i = 0; i < tests; i++) {
		enum test_op op = (enum test_op)(next_random(state) % 3);
		uint64_t mask = random_mask(state);
		unsigned back = count > 4 && next_random(state) % 2 ? 3 : count;

		value = next_random(state) % 3 ? random_value(state) : value + 1;
		nodes[count] = when(filter, next_random(state) % args, op, mask, op == TEST_EQ ? value & mask : value,
				    nodes[count - 1 - next_random(state) % back],
				    nodes[count - 1 - next_random(state) % back]);
		count++;
	}
	return nodes[count - 1];
}

static void random_map(struct callgate_filter *filter, uint32_t audit, uint64_t *state)
{
	const struct node *nodes[6];
	struct span_map map = { 0 };
	uint32_t first = 0;
	unsigned spans = next_random(state) % 30;

	for (unsigned i = 0; i < 6; i++)
		nodes[i] = random_decision(filter, state);
	add_span(&map, 0, nodes[0]);
	for (unsigned i = 0; i < spans; i++) {
		first += 1 + (next_random(state) % 2 ? 0 : next_random(state) % 40);
		if (i == spans * 2 / 3 && first < 0x40000000)
			first = 0x40000000;
		add_span(&map, first, nodes[next_random(state) % 6]);
	}
	cr_assert_eq(filter_add_arch(filter, audit, &map, NULL), 0);
}

Test(bpf_lower, keeps_the_meaning_of_any_filter)
{
	static const uint32_t audits[][3] = { { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64 },
					      { AUDIT_ARCH_S390X, AUDIT_ARCH_S390, AUDIT_ARCH_PPC64 } };

	for (unsigned seed = 0; seed < 1200; seed++) {
		uint64_t state = seed * 7919 + 1;
		unsigned arches = next_random(&state) % 4;
		struct callgate_filter *filter = new_filter(badarch);
		char what[32];

		if (next_random(&state) % 8 == 0)
			filter->other_arch = random_decision(filter, &state);
		for (unsigned i = 0; i < arches; i++)
			random_map(filter, audits[seed % 2][i], &state);
		snprintf(what, sizeof(what), "seed %u", seed);
		callgate_prog_free(lower(filter, what));
		callgate_filter_free(filter);
	}
}

/* The numbers that the kernel's bitmap takes are those that are allowed whatever the arguments are. */
Test(bpf_lower, keeps_the_allow_bitmap)
{
	for (unsigned seed = 0; seed < 120; seed++) {
		uint64_t state = seed * 104729 + 3;
		struct callgate_filter *filter = new_filter(badarch);
		struct callgate_prog *prog;

		random_map(filter, AUDIT_ARCH_X86_64, &state);
		random_map(filter, AUDIT_ARCH_I386, &state);
		prog = lower(filter, "bitmap");
		for (unsigned i = 0; i < 2; i++) {
			const struct filter_arch *arch = &filter->arches[i];

			for (uint32_t nr = 0; nr < 600; nr++) {
				const struct node *node = arch->spans[span_at(arch, nr)].node;

				if (node->leaf)
					cr_assert_eq(prog_bitmap(prog, arch->audit, nr),
						     action_equal(node->action, allow), "seed %u, %u", seed, nr);
				else
					cr_assert_not(prog_bitmap(prog, arch->audit, nr) && node->yes->leaf &&
						      node->no->leaf &&
						      !action_equal(node->yes->action, node->no->action));
			}
		}
		callgate_prog_free(prog);
		callgate_filter_free(filter);
	}
}

/* ------------------------------------------------------------------ a real profile */

/* The shipped default, as large as Docker's, on x86_64, x86 and x32. Sizes and paths are facts of the program, not
 * times. */
Test(bpf_lower, is_small_and_fast_for_the_shipped_default)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_prog_stats stats;
	struct callgate_prog *prog;

	target.host = CALLGATE_ABI_X86_64;
	target.kernel_major = 6;
	target.kernel_minor = 1;
	cr_assert_eq(callgate_caps_parse("docker", &target.caps, &err), 0);
	cr_assert_eq(callgate_policy_read(TESTS_DIR "/../profiles/default.json", &policy, NULL, &err), 0, "%s",
		     err.text);
	cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(filter->arch_count, 2);
	prog = lower(filter, "default.json");
	cr_assert_eq(callgate_prog_measure(prog, CALLGATE_ABI_X86_64, &stats), 0);
	cr_assert_leq(stats.instructions, 240, "%u", stats.instructions);
	cr_assert_leq(stats.longest_path, 16, "%u", stats.longest_path);
	cr_assert_leq(stats.mean_path_x100, 1010, "%u", stats.mean_path_x100);
	for (unsigned i = 0; i < 2; i++) {
		const struct filter_arch *arch = &filter->arches[i];

		for (uint32_t nr = 0; nr < 600; nr++) {
			const struct node *node = arch->spans[span_at(arch, nr)].node;

			cr_assert_eq(prog_bitmap(prog, arch->audit, nr),
				     node->leaf && action_equal(node->action, allow), "%u", nr);
		}
	}
	callgate_prog_free(prog);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
}

/* What the search tree, its chains and its weights are worth: where a program becomes longer, or its ways, it is by
 * intention. Shorter ones are welcome. */
Test(bpf_lower, programs_become_no_longer)
{
	static const struct {
		const char *profile;
		enum callgate_abi host;
		struct callgate_prog_stats most;
	} rows[] = {
		{ "profiles/ceiling.json", CALLGATE_ABI_X86_64, { 233, 16, 1015 } },
		{ "profiles/ceiling.json", CALLGATE_ABI_AARCH64, { 176, 16, 1013 } },
		{ "profiles/ceiling.json", CALLGATE_ABI_MIPSEL64, { 238, 19, 1107 } },
		{ "profiles/ceiling.json", CALLGATE_ABI_S390X, { 183, 17, 1091 } },
		{ "profiles/lxc-ceiling.json", CALLGATE_ABI_X86_64, { 33, 11, 754 } },
		{ "profiles/lxc-ceiling.json", CALLGATE_ABI_AARCH64, { 23, 9, 732 } },
		{ "profiles/lxc-ceiling.json", CALLGATE_ABI_MIPSEL64, { 15, 8, 753 } },
		{ "profiles/lxc-ceiling.json", CALLGATE_ABI_S390X, { 16, 8, 766 } },
		{ "verdicts/small.json", CALLGATE_ABI_X86_64, { 95, 17, 923 } },
		{ "verdicts/small.json", CALLGATE_ABI_AARCH64, { 74, 17, 868 } },
		{ "verdicts/small.json", CALLGATE_ABI_MIPSEL64, { 52, 16, 990 } },
		{ "verdicts/small.json", CALLGATE_ABI_S390X, { 56, 17, 871 } },
		{ "verdicts/deny.json", CALLGATE_ABI_X86_64, { 67, 16, 744 } },
		{ "verdicts/deny.json", CALLGATE_ABI_AARCH64, { 76, 18, 688 } },
		{ "verdicts/deny.json", CALLGATE_ABI_MIPSEL64, { 77, 18, 604 } },
		{ "verdicts/deny.json", CALLGATE_ABI_S390X, { 75, 18, 733 } },
		/* What is learned of arguments would make it twice as long. */
		{ "profiles/many-rules.json", CALLGATE_ABI_X86_64, { 242, 80, 757 } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_target target = CALLGATE_TARGET_INIT;
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_policy *policy = NULL;
		struct callgate_filter *filter = NULL;
		struct callgate_prog_stats stats;
		struct callgate_prog *prog;
		char path[4096];

		target.host = rows[i].host;
		target.kernel_major = 6;
		target.kernel_minor = 1;
		snprintf(path, sizeof(path), "%s/%s", TESTS_DIR, rows[i].profile);
		cr_assert_eq(callgate_policy_read(path, &policy, NULL, &err), 0, "%s", err.text);
		cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, NULL, &err), 0, "%s", err.text);
		prog = lower(filter, rows[i].profile);
		cr_assert_eq(callgate_prog_measure(prog, rows[i].host, &stats), 0);
		cr_expect_leq(stats.instructions, rows[i].most.instructions, "row %zu: %u instructions", i,
			      stats.instructions);
		cr_expect_leq(stats.longest_path, rows[i].most.longest_path, "row %zu: %u at most", i,
			      stats.longest_path);
		cr_expect_leq(stats.mean_path_x100, rows[i].most.mean_path_x100, "row %zu: %u/100 on average", i,
			      stats.mean_path_x100);
		callgate_prog_free(prog);
		callgate_filter_free(filter);
		callgate_policy_free(policy);
	}
}
