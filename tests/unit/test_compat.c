/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our libseccomp.so.2 beside the installed one: the same random rules through both. CALLGATE_RANDOM_SETS says how many
 * sets (300), CALLGATE_RANDOM_SEED where they begin (1).
 */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "callgate.h"
#include "compat/interface.h"

#define ALLOW 0x7fff0000u
#define ERRNO(n) (0x00050000u | (n))
#define KILL_PROCESS 0x80000000u
#define LOG 0x7ffc0000u

/* One of the two libraries. */
struct library {
	void *handle;
	scmp_filter_ctx (*init)(uint32_t);
	void (*release)(scmp_filter_ctx);
	int (*arch_add)(scmp_filter_ctx, uint32_t);
	uint32_t (*arch_by_name)(const char *);
	int (*attr_set)(scmp_filter_ctx, enum scmp_filter_attr, uint32_t);
	int (*priority)(scmp_filter_ctx, int, uint8_t);
	int (*rule_add)(scmp_filter_ctx, uint32_t, int, unsigned, const struct scmp_arg_cmp *);
	int (*resolve)(uint32_t, const char *);
	char *(*name)(uint32_t, int);
	int (*export_bpf)(scmp_filter_ctx, int);
};

static bool library_open(const char *path, struct library *out)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return false;
	*out = (struct library){ .handle = handle };
	*(void **)&out->init = dlsym(handle, "seccomp_init");
	*(void **)&out->release = dlsym(handle, "seccomp_release");
	*(void **)&out->arch_add = dlsym(handle, "seccomp_arch_add");
	*(void **)&out->arch_by_name = dlsym(handle, "seccomp_arch_resolve_name");
	*(void **)&out->attr_set = dlsym(handle, "seccomp_attr_set");
	*(void **)&out->priority = dlsym(handle, "seccomp_syscall_priority");
	*(void **)&out->rule_add = dlsym(handle, "seccomp_rule_add_array");
	*(void **)&out->resolve = dlsym(handle, "seccomp_syscall_resolve_name_arch");
	*(void **)&out->name = dlsym(handle, "seccomp_syscall_resolve_num_arch");
	*(void **)&out->export_bpf = dlsym(handle, "seccomp_export_bpf");
	return true;
}

static bool ours_open(struct library *out)
{
	const char *build = getenv("top_builddir");
	char path[4096];

	snprintf(path, sizeof(path), "%s/src/compat/.libs/libseccomp.so.2", build ? build : ".");
	return library_open(path, out);
}

/* The installed one first: a name without '/' would be answered with whatever of that name is loaded. */
static bool both_open(struct library *ours, struct library *theirs)
{
	return library_open("libseccomp.so.2", theirs) && ours_open(ours) && ours->init != theirs->init;
}

/* ------------------------------------------------------------------ random sets */

static uint64_t state;

static unsigned draw(unsigned below)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33) % below;
}

enum { RULES = 8 };
struct set {
	uint32_t fallback;
	bool x86, x32, aarch64;
	unsigned count;
	struct {
		const char *call;
		uint32_t action;
		unsigned count;
		struct scmp_arg_cmp args[3];
		bool taken; /* by both libraries */
	} rules[RULES];
};

static uint64_t draw_value(void)
{
	static const uint64_t values[] = { 0, 1, 2, 3, 0xff, 0x100, 0x7fffffff, 0x80000000, 0xffffffff };
	static const uint64_t uppers[] = { 0, 0, 0, 1, 2, 0xffffffff };

	return values[draw(sizeof(values) / sizeof(values[0]))] | uppers[draw(sizeof(uppers) / sizeof(uppers[0]))]
									  << 32;
}

static void draw_conditions(struct set *set, unsigned rule)
{
	unsigned arg = draw(2);

	set->rules[rule].count = 0;
	for (unsigned left = draw(4); left && arg < 6; left--, arg += 1 + draw(2))
		set->rules[rule].args[set->rules[rule].count++] =
			(struct scmp_arg_cmp){ .arg = arg,
					       .op = (enum scmp_compare)(1 + draw(7)),
					       .datum_a = draw_value(),
					       .datum_b = draw_value() };
}

static struct set draw_set(uint64_t seed)
{
	static const char *const calls[] = { "read",  "write", "ioctl", "socket", "connect",
					     "semop", "umask", "mmap2", "clone" };
	static const uint32_t actions[] = { ALLOW, ERRNO(1), ERRNO(2), KILL_PROCESS, LOG };
	struct set set = { 0 };

	state = seed * 0x9e3779b97f4a7c15ull;
	set.fallback = actions[draw(5)];
	set.x86 = draw(3) == 0;
	set.x32 = draw(4) == 0;
	set.aarch64 = draw(4) == 0;
	set.count = 1 + draw(RULES);
	for (unsigned i = 0; i < set.count; i++) {
		set.rules[i].call = calls[draw(2) ? draw(9) : 6];
		set.rules[i].action = actions[draw(5)];
		draw_conditions(&set, i);
	}
	return set;
}

static scmp_filter_ctx start(const struct library *library, const struct set *set)
{
	scmp_filter_ctx ctx = library->init(set->fallback);

	cr_assert_not_null(ctx);
	if (set->x86)
		cr_assert_eq(library->arch_add(ctx, library->arch_by_name("x86")), 0);
	if (set->x32)
		cr_assert_eq(library->arch_add(ctx, library->arch_by_name("x32")), 0);
	if (set->aarch64)
		cr_assert_eq(library->arch_add(ctx, library->arch_by_name("aarch64")), 0);
	return ctx;
}

static int add(const struct library *library, scmp_filter_ctx ctx, const struct set *set, unsigned i)
{
	int nr = library->resolve(0, set->rules[i].call);

	return library->rule_add(ctx, set->rules[i].action, nr, set->rules[i].count, set->rules[i].args);
}

static struct callgate_filter *lifted(const struct library *library, scmp_filter_ctx ctx)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	static char bytes[1 << 16];
	struct callgate_filter *filter;
	struct callgate_prog *prog;
	FILE *file = tmpfile();
	size_t size;

	cr_assert_not_null(file);
	cr_assert_eq(library->export_bpf(ctx, fileno(file)), 0);
	rewind(file);
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	cr_assert_eq(callgate_prog_parse(bytes, size, CALLGATE_ABI_X86_64, &prog, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_filter_lift(prog, "", CALLGATE_ABI_X86_64, &filter, &err), 0, "%s", err.text);
	callgate_prog_free(prog);
	return filter;
}

/* ------------------------------------------------------------------ what the rules say */

static bool holds(const struct scmp_arg_cmp *condition, uint64_t value, uint64_t width)
{
	uint64_t datum = condition->datum_a & width;

	value &= width;
	switch (condition->op) {
	case SCMP_CMP_NE:
		return value != datum;
	case SCMP_CMP_LT:
		return value < datum;
	case SCMP_CMP_LE:
		return value <= datum;
	case SCMP_CMP_EQ:
		return value == datum;
	case SCMP_CMP_GE:
		return value >= datum;
	case SCMP_CMP_GT:
		return value > datum;
	case SCMP_CMP_MASKED_EQ:
		return (value & datum) == (condition->datum_b & datum);
	}
	return false;
}

/* Members behind a multiplexer have the selector in place of their first argument. */
static bool is_about(const struct set *set, unsigned i, const struct callgate_call *call, bool *behind)
{
	const char *mux, *name = callgate_syscall_name(call->abi, call->nr);
	uint32_t selector;

	*behind = false;
	if (name && strcmp(name, set->rules[i].call) == 0)
		return true;
	*behind = name && callgate_syscall_mux(call->abi, set->rules[i].call, &mux, &selector) == 0 &&
		  strcmp(mux, name) == 0 && selector == (uint32_t)call->args[0];
	return *behind;
}

static bool matches(const struct set *set, unsigned i, const struct callgate_call *call)
{
	bool narrow = call->abi == CALLGATE_ABI_X86 || call->abi == CALLGATE_ABI_X32, behind;

	if (!set->rules[i].taken || !is_about(set, i, call, &behind))
		return false;
	for (unsigned j = 0; j < set->rules[i].count; j++) {
		const struct scmp_arg_cmp *condition = &set->rules[i].args[j];

		if (!(behind && condition->arg == 0) &&
		    !holds(condition, call->args[condition->arg], narrow ? UINT32_MAX : UINT64_MAX))
			return false;
	}
	return true;
}

static bool same(struct callgate_action a, struct callgate_action b)
{
	return a.kind == b.kind && a.data == b.data;
}

/* Whether some rule that the call matches says so, or, where none does, the default. */
static bool is_said(const struct set *set, const struct callgate_call *call, struct callgate_action action)
{
	bool any = false;

	for (unsigned i = 0; i < set->count; i++) {
		if (!matches(set, i, call))
			continue;
		any = true;
		if (same(callgate_action_from_return(set->rules[i].action), action))
			return true;
	}
	return !any && same(callgate_action_from_return(set->fallback), action);
}

/* CALLGATE_RANDOM_SAY: the set as calls. */
static void say_set(const struct set *set, uint64_t seed)
{
	static const char *const ops[] = { "", "!=", "<", "<=", "==", ">=", ">", "&" };

	fprintf(stderr, "seed %llu: default 0x%x, x86_64%s%s%s\n", (unsigned long long)seed, set->fallback,
		set->x86 ? ", x86" : "", set->x32 ? ", x32" : "", set->aarch64 ? ", aarch64" : "");
	for (unsigned i = 0; i < set->count; i++) {
		fprintf(stderr, "  0x%x %s", set->rules[i].action, set->rules[i].call);
		for (unsigned j = 0; j < set->rules[i].count; j++)
			fprintf(stderr, " a%u %s 0x%llx (0x%llx)", set->rules[i].args[j].arg,
				ops[set->rules[i].args[j].op], (unsigned long long)set->rules[i].args[j].datum_a,
				(unsigned long long)set->rules[i].args[j].datum_b);
		fprintf(stderr, "%s\n", set->rules[i].taken ? "" : " (refused)");
	}
}

struct tally {
	unsigned equal, theirs_wrong, stricter, looser, refused, unfinished;
};

/* Of two actions that matching rules say. */
static bool is_looser(struct callgate_action a, struct callgate_action b)
{
	return a.kind > b.kind;
}

static void compare(const struct set *set, uint64_t seed, const struct callgate_filter *ours,
		    const struct callgate_filter *theirs, struct tally *tally)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	bool wrong = false, other = false, looser = false;
	struct callgate_diff *diff;

	cr_assert_eq(callgate_filter_diff(theirs, ours, 0, &diff, &err), 0, "%s", err.text);
	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *at = callgate_diff_at(diff, i);
		char got[2][32];

		callgate_action_format(at->a, got[0], sizeof(got[0]));
		callgate_action_format(at->b, got[1], sizeof(got[1]));
		cr_expect(is_said(set, &at->witness, at->b),
			  "seed %llu: %s(0x%llx, 0x%llx, 0x%llx) on %s gets %s, no rule says so (%s)",
			  (unsigned long long)seed, callgate_syscall_name(at->witness.abi, at->witness.nr),
			  (unsigned long long)at->witness.args[0], (unsigned long long)at->witness.args[1],
			  (unsigned long long)at->witness.args[2], callgate_abi_name(at->witness.abi), got[1], got[0]);
		if (!is_said(set, &at->witness, at->a)) {
			wrong = true;
			continue;
		}
		other = true;
		looser |= is_looser(at->b, at->a);
		if (!getenv("CALLGATE_RANDOM_SAY"))
			continue;
		say_set(set, seed);
		fprintf(stderr, "seed %llu: %s(0x%llx, 0x%llx) on %s: %s, theirs %s\n", (unsigned long long)seed,
			callgate_syscall_name(at->witness.abi, at->witness.nr), (unsigned long long)at->witness.args[0],
			(unsigned long long)at->witness.args[1], callgate_abi_name(at->witness.abi), got[1], got[0]);
	}
	tally->equal += !wrong && !other;
	tally->theirs_wrong += wrong && !other;
	tally->looser += looser;
	tally->stricter += other && !looser;
	callgate_diff_free(diff);
}

/* Some rules keep the installed library busy for hours. */
enum { PATIENCE = 1 };
static sigjmp_buf out_of_time;

static void on_alarm(int signal)
{
	(void)signal;
	siglongjmp(out_of_time, 1);
}

/* False: not in time; then its context is lost. */
static bool add_in_time(const struct library *library, scmp_filter_ctx ctx, const struct set *set, unsigned i, int *r)
{
	if (sigsetjmp(out_of_time, 1))
		return false;
	signal(SIGALRM, on_alarm);
	alarm(PATIENCE);
	*r = add(library, ctx, set, i);
	alarm(0);
	return true;
}

static void try_set(const struct library *ours, const struct library *theirs, uint64_t seed, struct tally *tally)
{
	struct set set = draw_set(seed);
	scmp_filter_ctx mine = start(ours, &set), its = start(theirs, &set);
	struct callgate_filter *a, *b;
	bool refused = false;

	for (unsigned i = 0; i < set.count && !refused; i++) {
		int r = add(ours, mine, &set, i), s;

		if (!add_in_time(theirs, its, &set, i, &s)) {
			tally->unfinished++;
			ours->release(mine);
			return;
		}
		set.rules[i].taken = r == 0 && s == 0;
		refused = r != s;
		if (refused && getenv("CALLGATE_RANDOM_SAY"))
			fprintf(stderr, "seed %llu: rule %u returns %d, theirs %d\n", (unsigned long long)seed, i, r,
				s);
	}
	tally->refused += refused;
	if (!refused) {
		a = lifted(ours, mine);
		b = lifted(theirs, its);
		compare(&set, seed, a, b, tally);
		callgate_filter_free(a);
		callgate_filter_free(b);
	}
	ours->release(mine);
	theirs->release(its);
}

static uint64_t setting(const char *name, uint64_t fallback)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 10) : fallback;
}

Test(compat, random_rules_mean_what_the_installed_library_makes_of_them_or_what_they_say)
{
	uint64_t first = setting("CALLGATE_RANDOM_SEED", 1), count = setting("CALLGATE_RANDOM_SETS", 300);
	struct library ours, theirs;
	struct tally tally = { 0 };

	if (!both_open(&ours, &theirs))
		cr_skip_test("no two libraries to compare");
	for (uint64_t seed = first; seed < first + count; seed++)
		try_set(&ours, &theirs, seed, &tally);
	fprintf(stderr,
		"%u equal, %u where the installed library deviates from the rules, %u where a stricter and %u where a "
		"looser matching rule decides, %u refused by one only, %u that the installed library does not finish\n",
		tally.equal, tally.theirs_wrong, tally.stricter, tally.looser, tally.refused, tally.unfinished);
	cr_assert_eq(tally.looser, 0);
	cr_assert_gt(tally.equal * 4, count * 3, "%u of %llu sets are equal", tally.equal, (unsigned long long)count);
	cr_assert_leq(tally.refused * 100, count, "%u sets that only one library refuses", tally.refused);
}

/* ------------------------------------------------------------------ names and numbers */

Test(compat, names_have_the_numbers_that_the_installed_library_gives_them)
{
	static const char *const arches[] = { "x86",         "x86_64",  "x32",       "arm",    "aarch64",
					      "mips",        "mips64",  "mips64n32", "mipsel", "mipsel64",
					      "mipsel64n32", "parisc",  "parisc64",  "ppc",    "ppc64",
					      "ppc64le",     "riscv64", "s390",      "s390x" };
	struct library ours, theirs;
	unsigned compared = 0;

	if (!both_open(&ours, &theirs))
		cr_skip_test("no two libraries to compare");
	for (size_t i = 0; i < sizeof(arches) / sizeof(arches[0]); i++) {
		uint32_t token = theirs.arch_by_name(arches[i]);

		cr_assert_eq(ours.arch_by_name(arches[i]), token, "%s", arches[i]);
		for (int nr = 0; nr < 6500; nr++) {
			char *name = theirs.name(token, token == 0x4000003e ? nr | 0x40000000 : nr);

			if (!name)
				continue;
			cr_expect_eq(ours.resolve(token, name), theirs.resolve(token, name), "%s on %s: %d, theirs %d",
				     name, arches[i], ours.resolve(token, name), theirs.resolve(token, name));
			compared++;
			free(name);
		}
	}
	cr_assert_gt(compared, 5000);
}

/* ------------------------------------------------------------------ what 2.6 added */

Test(compat, transactions_precompute_and_export_to_memory)
{
	struct library ours;
	int (*begin)(scmp_filter_ctx), (*commit)(scmp_filter_ctx), (*precompute)(scmp_filter_ctx);
	int (*memory)(scmp_filter_ctx, void *, size_t *);
	void (*reject)(scmp_filter_ctx);
	struct sock_filter words[64];
	size_t size = 0, before, room = 1;
	scmp_filter_ctx ctx;

	if (!ours_open(&ours))
		cr_skip_test("our libseccomp.so.2 is not built here");
	*(void **)&begin = dlsym(ours.handle, "seccomp_transaction_start");
	*(void **)&commit = dlsym(ours.handle, "seccomp_transaction_commit");
	*(void **)&reject = dlsym(ours.handle, "seccomp_transaction_reject");
	*(void **)&precompute = dlsym(ours.handle, "seccomp_precompute");
	*(void **)&memory = dlsym(ours.handle, "seccomp_export_bpf_mem");
	ctx = ours.init(ALLOW);
	cr_assert_eq(ours.rule_add(ctx, ERRNO(1), ours.resolve(0, "mkdir"), 0, NULL), 0);
	cr_assert_eq(precompute(ctx), 0);
	cr_assert_eq(memory(ctx, NULL, &size), 0);
	cr_assert_gt(size, 0);
	before = size;
	cr_assert_eq(memory(ctx, words, &room), -ERANGE);
	cr_assert_eq(room, before, "what it takes is said");
	cr_assert_eq(commit(ctx), -EINVAL, "there is no transaction");
	cr_assert_eq(begin(ctx), 0);
	cr_assert_eq(ours.rule_add(ctx, ERRNO(1), ours.resolve(0, "rmdir"), 0, NULL), 0);
	size = sizeof(words);
	cr_assert_eq(memory(ctx, words, &size), 0);
	cr_assert_gt(size, before);
	reject(ctx);
	size = sizeof(words);
	cr_assert_eq(memory(ctx, words, &size), 0);
	cr_assert_eq(size, before);
	cr_assert_eq(begin(ctx), 0);
	cr_assert_eq(ours.rule_add(ctx, ERRNO(1), ours.resolve(0, "rmdir"), 0, NULL), 0);
	cr_assert_eq(commit(ctx), 0);
	cr_assert_eq(memory(ctx, NULL, &size), 0);
	cr_assert_gt(size, before);
	cr_assert_eq(memory(NULL, NULL, &size), -EINVAL);
	ours.release(ctx);
}

/* A rule that is not exact is skipped where the call is lacking, also one that is newer than all pseudo numbers. */
Test(compat, every_call_of_this_machine_can_be_named_for_all_architectures)
{
	static const char *const arches[] = { "x86", "x32", "aarch64", "arm", "mipsel", "mipsel64", "ppc64le" };
	struct library ours;
	scmp_filter_ctx ctx;
	unsigned known = 0;

	if (!ours_open(&ours))
		cr_skip_test("our libseccomp.so.2 is not built here");
	ctx = ours.init(ERRNO(38));
	for (size_t i = 0; i < sizeof(arches) / sizeof(*arches); i++)
		cr_assert_eq(ours.arch_add(ctx, ours.arch_by_name(arches[i])), 0);
	for (uint32_t nr = 0; nr < 600; nr++) {
		const char *name = callgate_syscall_name(CALLGATE_ABI_X86_64, nr);

		if (!name)
			continue;
		known++;
		cr_expect_eq(ours.rule_add(ctx, ALLOW, (int)nr, 0, NULL), 0, "%s", name);
		cr_expect_eq(ours.priority(ctx, (int)nr, 5), 0, "%s", name);
	}
	cr_expect_gt(known, 350, "%u", known);
	callgate_filter_free(lifted(&ours, ctx));
	ours.release(ctx);
}

Test(compat, a_refused_rule_leaves_nothing_behind)
{
	struct scmp_arg_cmp one = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = 1 },
			    two[] = { one, { .arg = 1, .op = SCMP_CMP_EQ, .datum_a = 2 } };
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64, .nr = 41, .args = { 1, 2 } };
	struct callgate_filter *filter;
	struct callgate_action action;
	struct library ours;
	scmp_filter_ctx ctx;

	if (!ours_open(&ours))
		cr_skip_test("our libseccomp.so.2 is not built here");
	ctx = ours.init(ALLOW);
	cr_assert_eq(ours.arch_add(ctx, ours.arch_by_name("x86")), 0);
	cr_assert_eq(ours.rule_add(ctx, ERRNO(1), ours.resolve(0, "socket"), 2, two), 0);
	cr_assert_eq(ours.rule_add(ctx, ERRNO(2), ours.resolve(0, "socket"), 1, &one), -EEXIST);
	cr_assert_eq(ours.rule_add(ctx, ERRNO(2), ours.resolve(0, "socket"), 2, two), -EEXIST);
	filter = lifted(&ours, ctx);
	cr_assert_eq(callgate_filter_decide(filter, &call, &action, NULL), 0);
	cr_assert(action.kind == CALLGATE_ERRNO && action.data == 1);
	call.args[1] = 3;
	cr_assert_eq(callgate_filter_decide(filter, &call, &action, NULL), 0);
	cr_assert_eq(action.kind, CALLGATE_ALLOW);
	callgate_filter_free(filter);
	ours.release(ctx);
}
