/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The budget of work: random programs of any length are lifted, compared and listed in bounded time, and what is known
 * is known. CALLGATE_RANDOM_PROGRAMS says how many (24), CALLGATE_RANDOM_SEED which (20261128). */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "../fuzz/random_prog.h"
#include "bpf/prog.h"
#include "callgate.h"

enum { OUTCOMES = 64, SECONDS = 2, MEMORY = 64 << 10 /* KiB */ };

static uint32_t next_word(void *data)
{
	uint64_t *state = data;

	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

static struct callgate_prog *make_prog(const struct random_source *from)
{
	static struct sock_filter insns[BPF_MAXINSNS];
	uint32_t count = 1 + random_below(from, BPF_MAXINSNS);
	struct callgate_prog *prog = NULL;

	random_prog(from, random_below(from, 4), insns, count);
	cr_assert_eq(prog_new(insns, count, &prog, NULL), 0);
	prog->big_endian = false; /* x86_64's, whatever machine this is */
	return prog;
}

/* Whatever is not opaque is what the program does. */
static unsigned agree(const struct random_source *from, const struct callgate_prog *prog,
		      const struct callgate_filter *filter)
{
	unsigned known = 0;

	for (unsigned i = 0; i < 200; i++) {
		struct callgate_call call = { .abi = i % 2 ? CALLGATE_ABI_X86 : CALLGATE_ABI_X86_64,
					      .nr = random_below(from, 460) };
		struct callgate_action got, want;

		for (unsigned k = 0; k < 6; k++)
			call.args[k] = (uint64_t)random_constant(from) << 32 | random_constant(from);
		if (callgate_filter_decide(filter, &call, &got, NULL) < 0)
			continue;
		known++;
		cr_assert_eq(callgate_prog_eval(prog, &call, &want, NULL), 0);
		cr_assert(got.kind == want.kind && got.data == want.data, "call %u", call.nr);
	}
	return known;
}

static void list_all(const struct callgate_filter *filter)
{
	static struct callgate_outcome outcomes[OUTCOMES];
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = callgate_filter_abis(filter, abis);

	for (unsigned i = 0; i < count; i++) {
		struct callgate_row row;

		for (size_t k = 0; callgate_filter_row(filter, abis[i], k, &row) == 0; k++) {
			struct callgate_pattern pattern = { .abi = abis[i], .nr = row.first };
			size_t found;

			(void)callgate_filter_outcomes(filter, &pattern, outcomes, OUTCOMES, &found);
		}
	}
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 10) : otherwise;
}

/* What the process has ever had, KiB. */
static long most_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

Test(budget, random_programs_take_bounded_time_and_memory)
{
	uint64_t state = setting("CALLGATE_RANDOM_SEED", 20261128), count = setting("CALLGATE_RANDOM_PROGRAMS", 24);
	struct random_source from = { next_word, &state };
	struct callgate_filter *last = NULL;
	long before = most_memory(), took, longest = 0;
	unsigned known = 0;

	for (uint64_t i = 0; i < count; i++) {
		struct callgate_prog *prog = make_prog(&from);
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_filter *filter;
		struct callgate_diff *diff = NULL;
		clock_t start = clock();

		cr_assert_eq(callgate_filter_lift(prog, "random", CALLGATE_ABI_X86_64, &filter, &err), 0,
			     "program %llu: %s", (unsigned long long)i, err.text);
		list_all(filter);
		if (last)
			cr_assert_eq(callgate_filter_diff(last, filter, 0, &diff, &err), 0, "program %llu: %s",
				     (unsigned long long)i, err.text);
		took = (clock() - start) / (CLOCKS_PER_SEC / 1000);
		longest = took > longest ? took : longest;
		cr_expect_leq(took, UNIT_SLOW * SECONDS * 1000, "program %llu: %ld ms", (unsigned long long)i, took);
		known += agree(&from, prog, filter);
		callgate_diff_free(diff);
		callgate_filter_free(last);
		last = filter;
		callgate_prog_free(prog);
	}
	callgate_filter_free(last);
	fprintf(stderr, "%llu programs: %ld ms at most, %ld KiB\n", (unsigned long long)count, longest,
		most_memory() - before);
#ifndef __SANITIZE_ADDRESS__
	cr_expect_leq(most_memory() - before, MEMORY, "%ld KiB", most_memory() - before);
#endif
	cr_assert_gt(known, 500, "%u", known);
}

/* ------------------------------------------------------------------ profiles of many parts */

enum { TEXT = 4 << 20 };

struct many {
	char *text;
	size_t used;
};

static void __attribute__((format(printf, 2, 3))) put(struct many *many, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	many->used += (size_t)vsnprintf(many->text + many->used, TEXT - many->used, format, args);
	va_end(args);
	cr_assert_lt(many->used, TEXT);
}

/* Reads and resolves it; the milliseconds that it took. */
static long resolve_in(const struct many *many, const char *as, uint32_t libseccomp)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	clock_t start = clock();

	target.host = CALLGATE_ABI_X86_64;
	cr_assert_eq(callgate_target_reader(&target, as), 0);
	target.libseccomp = libseccomp;
	cr_assert_eq(callgate_policy_parse(many->text, many->used, "many", &policy, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, NULL, &err), 0, "%s", err.text);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return (clock() - start) / (CLOCKS_PER_SEC / 1000);
}

Test(budget, profiles_of_many_parts_take_bounded_time)
{
	struct many many = { .text = malloc(TEXT) };
	long took;

	/* All on one line, none a call. */
	put(&many,
	    "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"SCMP_ACT_ERRNO\",\"names\":[\"mkdir\"");
	for (unsigned i = 0; i < 60000; i++)
		put(&many, ",\"name%u\"", i);
	put(&many, "]}]}");
	took = resolve_in(&many, "callgate", 0);
	cr_expect_leq(took, UNIT_SLOW * SECONDS * 250, "names: %ld ms", took);

	/* Each another comparison of the same argument, as libseccomp would settle them. */
	many.used = 0;
	put(&many, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[");
	for (unsigned i = 0; i < 8000; i++)
		put(&many,
		    "%s{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":%u,\"op\":"
		    "\"SCMP_CMP_EQ\"}]}",
		    i ? "," : "", i * 7919);
	put(&many, "]}");
	took = resolve_in(&many, "crun", 0x020500);
	cr_expect_leq(took, UNIT_SLOW * SECONDS * 500, "conditions: %ld ms", took);
	free(many.text);
}

/* Conditions count for each name and ABI. */
Test(budget, profiles_of_too_many_conditions_are_refused)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct many many = { .text = malloc(TEXT) };
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	long before = most_memory();

	put(&many, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],"
		   "\"syscalls\":[");
	for (unsigned i = 0; i < 8000; i++)
		put(&many,
		    "%s{\"names\":[\"ioctl\",\"prctl\",\"fcntl\",\"socket\",\"clone\",\"mmap\",\"futex\",\"kill\","
		    "\"read\"],"
		    "\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":5,\"op\":\"SCMP_CMP_GT\"},"
		    "{\"index\":1,\"value\":%u,\"op\":\"SCMP_CMP_EQ\"},{\"index\":2,\"value\":%u,\"op\":\"SCMP_CMP_"
		    "EQ\"}]}",
		    i ? "," : "", i, i * 3);
	put(&many, "]}");
	target.host = CALLGATE_ABI_X86_64;
	cr_assert_eq(callgate_policy_parse(many.text, many.used, "many", &policy, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, NULL, &err), CALLGATE_E_LIMIT);
	cr_log_info("%ld KiB", most_memory() - before);
#ifndef __SANITIZE_ADDRESS__
	cr_expect_leq(most_memory() - before, MEMORY, "%ld KiB", most_memory() - before);
#endif
	callgate_policy_free(policy);
	free(many.text);
}
