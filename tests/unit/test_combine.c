/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Meet, join and subtract: 2,000 random pairs of profiles against what each call gets from the two, and what is written
 * of them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "callgate.h"
#include "random_filter.h"

enum { PAIRS = 2000, NAMES = 6, TEXT = 8192 };

static const char *const names[NAMES] = { "socket", "clone", "mkdir", "ioctl", "personality", "exit_group" };
static const uint64_t values[] = { 0,          1,          2,           0x28,        0x29,      0x7fffffff,
				   0x80000000, 0xffffffff, 0x100000000, 0x100000028, UINT64_MAX };
enum { VALUES = sizeof(values) / sizeof(values[0]) };

static const char *random_verdict(struct rng *rng)
{
	static const char *const verdicts[] = {
		"SCMP_ACT_ALLOW", "SCMP_ACT_ALLOW",        "SCMP_ACT_ERRNO",
		"SCMP_ACT_LOG",   "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL",
	};

	return verdicts[rng_below(rng, sizeof(verdicts) / sizeof(verdicts[0]))];
}

/* Rules of one call share their action, so that no profile contradicts itself. */
static void random_profile(struct rng *rng, char text[TEXT])
{
	static const char *const ops[] = { "EQ", "NE", "LT", "LE", "GT", "GE", "MASKED_EQ" };
	size_t used = (size_t)snprintf(
		text, TEXT, "{\"defaultAction\":\"%s\",\"architectures\":[\"SCMP_ARCH_X86_64\"%s],\"syscalls\":[",
		random_verdict(rng), rng_below(rng, 2) ? ",\"SCMP_ARCH_X86\"" : "");
	const char *comma = "";

	for (unsigned i = 0; i < NAMES; i++) {
		const char *verdict = random_verdict(rng);

		for (unsigned k = rng_below(rng, 3); k; k--) {
			unsigned arg = rng_below(rng, 2), op = rng_below(rng, 7);

			used += (size_t)snprintf(text + used, TEXT - used,
						 "%s{\"names\":[\"%s\"],\"action\":\"%s\",\"args\":[", comma, names[i],
						 verdict);
			if (rng_below(rng, 4))
				used += (size_t)snprintf(
					text + used, TEXT - used,
					"{\"index\":%u,\"value\":%llu,\"valueTwo\":%llu,\"op\":\"SCMP_CMP_%s\"}", arg,
					(unsigned long long)values[rng_below(rng, VALUES)],
					(unsigned long long)(op == 6 ? values[rng_below(rng, VALUES)] : 0), ops[op]);
			used += (size_t)snprintf(text + used, TEXT - used, "]}");
			comma = ",";
		}
	}
	snprintf(text + used, TEXT - used, "]}");
}

static struct callgate_target x86_64(void)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;

	target.host = CALLGATE_ABI_X86_64;
	target.kernel_major = 6;
	target.kernel_minor = 1;
	return target;
}

static struct callgate_filter *random_resolved(struct rng *rng)
{
	const struct callgate_target target = x86_64();
	struct callgate_filter *filter = NULL;

	while (!filter) {
		struct callgate_policy *policy = NULL;
		char text[TEXT];

		random_profile(rng, text);
		if (callgate_policy_parse(text, strlen(text), "random", &policy, NULL, NULL) == 0 &&
		    callgate_filter_resolve(policy, &target, &filter, NULL, NULL) < 0)
			filter = NULL;
		callgate_policy_free(policy);
	}
	return filter;
}

static bool permits(struct callgate_action action)
{
	return action.kind == CALLGATE_ALLOW || action.kind == CALLGATE_LOG;
}

/* The definition, for one call. */
static enum callgate_action_kind combined(enum callgate_combination op, struct callgate_action a,
					  struct callgate_action b, struct callgate_action fallback)
{
	if (op == CALLGATE_MEET)
		return a.kind < b.kind ? a.kind : b.kind;
	if (op == CALLGATE_JOIN)
		return a.kind > b.kind ? a.kind : b.kind;
	if (!permits(a) || !permits(b))
		return a.kind;
	return permits(fallback) ? CALLGATE_ERRNO : fallback.kind;
}

static struct callgate_action decide(const struct callgate_filter *filter, const struct callgate_call *call)
{
	struct callgate_action action;

	cr_assert_eq(callgate_filter_decide(filter, call, &action, NULL), 0);
	return action;
}

/*
 * Every pair of boundary values of the two arguments that the rules ask, on both ABIs, and numbers that no rule names.
 */
static unsigned compare(enum callgate_combination op, const struct callgate_filter *of[2],
			const struct callgate_filter *got, const struct callgate_filter *written)
{
	struct callgate_action fallback =
		decide(of[0], &(struct callgate_call){ .abi = CALLGATE_ABI_X86_64, .nr = 400 });
	unsigned calls = 0;

	for (unsigned n = 0; n < (NAMES + 2) * 2; n++) {
		struct callgate_call call = { .abi = n % 2 ? CALLGATE_ABI_X86 : CALLGATE_ABI_X86_64,
					      .nr = n / 2 == NAMES ? 400 : 100000 };

		if (n / 2 < NAMES)
			cr_assert_eq(callgate_syscall_number(call.abi, names[n / 2], &call.nr), 0);
		for (unsigned i = 0; i < VALUES * 2 * VALUES; i++, calls++) {
			struct callgate_action a, b, c, w;

			call.args[0] = values[i / 2 % VALUES] + i % 2;
			call.args[1] = values[i / 2 / VALUES];
			a = decide(of[0], &call);
			b = decide(of[1], &call);
			c = decide(got, &call);
			w = decide(written ? written : got, &call);
			cr_assert_eq(c.kind, combined(op, a, b, fallback),
				     "op %d, nr %u, a0 %llx, a1 %llx: %d and %d give %d", op, call.nr,
				     (unsigned long long)call.args[0], (unsigned long long)call.args[1], a.kind, b.kind,
				     c.kind);
			cr_assert(op == CALLGATE_MEET ? w.kind <= c.kind : w.kind == c.kind);
		}
	}
	return calls;
}

Test(combine, two_thousand_random_pairs_are_exact)
{
	struct callgate_writing how = CALLGATE_WRITING_INIT;
	unsigned written[3] = { 0 }, calls = 0;
	struct rng rng = { 15 };

	how.target = x86_64();
	for (unsigned i = 0; i < PAIRS; i++) {
		struct callgate_filter *a = random_resolved(&rng), *b = random_resolved(&rng);
		const struct callgate_filter *of[2] = { a, b };

		for (int op = CALLGATE_MEET; op <= CALLGATE_SUBTRACT; op++) {
			struct callgate_filter *got = NULL;
			struct callgate_text *text = NULL;

			how.side = op == CALLGATE_MEET ? CALLGATE_SIDE_STRICTER : CALLGATE_SIDE_EXACT;
			cr_assert_eq(callgate_filter_combine((enum callgate_combination)op, of, 2, &got, NULL), 0);
			/* Writing takes longer than all the rest: one operation of each pair. */
			if (i % 3 == (unsigned)op && callgate_filter_write(got, &how, &text, NULL) == 0)
				written[op]++;
			calls += compare((enum callgate_combination)op, of, got, callgate_text_filter(text));
			callgate_text_free(text);
			callgate_filter_free(got);
		}
		callgate_filter_free(a);
		callgate_filter_free(b);
	}
	cr_log_info("%u calls compared; written: meet %u, join %u, subtract %u", calls, written[0], written[1],
		    written[2]);
	cr_assert(written[CALLGATE_MEET] > PAIRS / 12 && written[CALLGATE_JOIN] > PAIRS / 12 &&
			  written[CALLGATE_SUBTRACT] > PAIRS / 12,
		  "written: %u %u %u", written[0], written[1], written[2]);
}

Test(combine, nothing_and_wrong_arguments)
{
	struct callgate_writing how = CALLGATE_WRITING_INIT;
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64 };
	struct callgate_filter *filter = NULL;
	struct callgate_text *text;

	cr_assert_eq(callgate_filter_combine(CALLGATE_JOIN, NULL, 0, &filter, NULL), 0);
	cr_assert_eq(decide(filter, &call).kind, CALLGATE_KILL_PROCESS);
	cr_assert_eq(callgate_filter_write(filter, NULL, &text, NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_filter_write(filter, &how, &text, NULL), CALLGATE_E_UNSUPPORTED,
		     "it has no ABI to write for");
	callgate_filter_free(filter);
	cr_assert_eq(callgate_filter_combine(CALLGATE_MEET, NULL, 0, &filter, NULL), 0);
	cr_assert_eq(decide(filter, &call).kind, CALLGATE_ALLOW);
	callgate_filter_free(filter);
	cr_assert_eq(callgate_filter_combine(CALLGATE_MEET, NULL, 2, &filter, NULL), CALLGATE_E_ARG);
}
