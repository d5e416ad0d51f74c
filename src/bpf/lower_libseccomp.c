/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lower by libseccomp: the second back end. A filter is said to libseccomp rule by rule, as far as it can be said, and
 * the program that it makes is taken. What cannot be said is refused, with the reason.
 *
 * libseccomp knows one default action, actions for single numbers, and ANDed comparisons of different arguments. It
 * takes numbers of the machine that it was built for and turns them into other ABIs' by name: there a number needs a
 * name that the installed library knows. One context is made per ABI, so that the machine's own numbers need none; they
 * are merged.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "bpf/libseccomp_calls.h"
#include "bpf/lower_libseccomp.h"
#include "filter/filter.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

enum {
	NUMBERS_LIMIT = 4096, /* rules that an interval of numbers may cost */
	RULE_TESTS = 6,
};

struct teller {
	struct libseccomp library;
	const struct callgate_filter *filter;
	struct callgate_action otherwise; /* the default action */
	struct library_calls calls;
	enum callgate_abi abi; /* at hand */
	uint8_t context;       /* of that ABI */
	uint32_t token;
	struct callgate_err *err;
};

#define refuse(teller, ...) err_set((teller)->err, CALLGATE_E_UNSUPPORTED, __VA_ARGS__)

static int call(struct teller *teller, struct library_call call)
{
	call.context = teller->context;
	call.abi = teller->abi;
	return library_call_add(&teller->calls, &call) ? 0 : err_nomem(teller->err);
}

static const char *call_name(const struct teller *teller, uint32_t nr)
{
	const char *name = callgate_syscall_name(teller->abi, nr);

	return name ? name : "a call without a name";
}

/* The number by which libseccomp is told of a call: the machine's own, or for another ABI the one that means its
 * name. */
static int told_number(const struct teller *teller, uint32_t nr, struct callgate_action action, int *out)
{
	const char *name = callgate_syscall_name(teller->abi, nr);
	char text[48], otherwise[48];
	uint32_t selector;
	int known, mux;
	bool muxed;

	*out = (int)nr;
	if (teller->token == teller->library.arch_native())
		return 0;
	if (!name) {
		callgate_action_format(action, text, sizeof(text));
		callgate_action_format(teller->otherwise, otherwise, sizeof(otherwise));
		return refuse(teller, "libseccomp has no word for number %u of %s: it gets %s, unknown numbers %s", nr,
			      abi_of(teller->abi)->name, text, otherwise);
	}
	known = teller->library.syscall_resolve_name_arch(teller->token, name);
	/* A call that is also behind socketcall or ipc has a negative word of its own, whatever its number is. */
	muxed = known < 0 && known != __NR_SCMP_ERROR &&
		syscall_behind_mux(syscall_by_nr(teller->abi, nr), teller->abi, &mux, &selector);
	if ((uint32_t)known != nr && !muxed)
		return refuse(teller, "this libseccomp does not know %s as number %u of %s", name, nr,
			      abi_of(teller->abi)->name);
	*out = teller->library.syscall_resolve_name(name);
	return 0;
}

static int tell_rule(struct teller *teller, uint32_t nr, struct callgate_action action,
		     const struct scmp_arg_cmp *compares, unsigned count)
{
	int told, r;

	if (action_equal(action, teller->otherwise))
		return 0;
	if (action.kind == CALLGATE_TRAP && action.data)
		return refuse(teller, "libseccomp has no TRAP with a number");
	r = told_number(teller, nr, action, &told);
	if (r < 0)
		return r;
	return call(teller, (struct library_call){ .function = LIBRARY_RULE_ADD,
						   .word = action_word(action),
						   .nr = told,
						   .count = count,
						   .compares = compares,
						   .shown_nr = nr });
}

/* One comparison. False: libseccomp has none like it. */
static bool compare_of(const struct teller *teller, const struct test *test, struct scmp_arg_cmp *out)
{
	uint64_t whole = abi_of(teller->abi)->width == 32 ? UINT32_MAX : UINT64_MAX;
	bool all_bits = (test->mask & whole) == whole;

	*out = (struct scmp_arg_cmp){ .arg = test->arg, .datum_a = test->value };
	switch ((enum test_op)test->op) {
	case TEST_EQ:
		out->op = test->negate ? SCMP_CMP_NE : SCMP_CMP_EQ;
		if (all_bits)
			return true;
		out->op = SCMP_CMP_MASKED_EQ;
		out->datum_a = test->mask;
		out->datum_b = test->value;
		return !test->negate;
	case TEST_GT:
		out->op = test->negate ? SCMP_CMP_LE : SCMP_CMP_GT;
		return all_bits;
	case TEST_GE:
		out->op = test->negate ? SCMP_CMP_LT : SCMP_CMP_GE;
		return all_bits;
	}
	return false;
}

static int tell_tests(struct teller *teller, uint32_t nr, const struct test *tests, unsigned count,
		      struct callgate_action action)
{
	struct scmp_arg_cmp compares[RULE_TESTS];

	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 0; j < i; j++)
			if (tests[j].arg == tests[i].arg)
				return refuse(teller, "libseccomp tests argument %u of %s only once in a rule",
					      tests[i].arg, call_name(teller, nr));
		if (!compare_of(teller, &tests[i], &compares[i]))
			return refuse(teller,
				      "libseccomp has no such comparison as a rule for %s makes with argument %u",
				      call_name(teller, nr), tests[i].arg);
	}
	return tell_rule(teller, nr, action, compares, count);
}

static int refuse_many(const struct teller *teller, uint32_t nr)
{
	return refuse(teller, "libseccomp compares at most %d arguments in a rule: %s needs more", RULE_TESTS,
		      call_name(teller, nr));
}

/* Every way through a decision is a rule. A rule tests each argument once: a way is at most six tests deep. */
static int tell_ways(struct teller *teller, uint32_t nr, const struct node *node, struct test *tests, unsigned count)
{
	int r;

	if (node->leaf)
		return action_equal(node->action, teller->otherwise)
			       ? 0
			       : tell_tests(teller, nr, tests, count, node->action);
	if (count == RULE_TESTS)
		return refuse_many(teller, nr);
	tests[count] = node->test;
	r = tell_ways(teller, nr, node->yes, tests, count + 1);
	if (r < 0)
		return r;
	tests[count].negate = 1;
	return tell_ways(teller, nr, node->no, tests, count + 1);
}

/* The author's clauses where they are known and what they leave is the default; else the decision, way by way. */
static int tell_decision(struct teller *teller, const struct span *span, uint32_t nr)
{
	const struct node *fallback = teller->filter->fallback;
	struct test tests[RULE_TESTS];
	int r = 0;

	if (!span->clauses || span->overlap || !fallback || !action_equal(fallback->action, teller->otherwise))
		return tell_ways(teller, nr, span->node, tests, 0);
	for (unsigned i = 0; i < span->clause_count && r == 0; i++) {
		const struct clause *clause = &span->clauses[i];

		if (clause->test_count > RULE_TESTS)
			return refuse_many(teller, nr);
		if (!action_equal(clause->action, teller->otherwise))
			r = tell_tests(teller, nr, clause->tests, clause->test_count, clause->action);
	}
	return r;
}

static int tell_span(struct teller *teller, const struct span *span, uint32_t first, uint32_t last)
{
	bool plain = span->node->leaf && action_equal(span->node->action, teller->otherwise);
	char action[48];
	int r = 0;

	if (plain)
		return 0;
	if (last - first >= NUMBERS_LIMIT) {
		callgate_action_format(span->node->action, action, sizeof(action));
		return refuse(teller, "libseccomp has no rule for a range of numbers: %u to %u of %s get %s", first,
			      last, abi_of(teller->abi)->name, span->node->leaf ? action : "tests of arguments");
	}
	for (uint64_t nr = first; nr <= last && r == 0; nr++) {
		if (span->node->leaf)
			r = tell_rule(teller, (uint32_t)nr, span->node->action, NULL, 0);
		else
			r = tell_decision(teller, span, (uint32_t)nr);
	}
	return r;
}

/* x86_64 and x32 share a map. Where x32 is not answered for, libseccomp treats it as a foreign architecture. */
static int tell_abi(struct teller *teller)
{
	const struct abi *abi = abi_of(teller->abi);
	const struct filter_arch *arch = filter_arch_of(teller->filter, abi->audit);
	uint32_t first = teller->abi == CALLGATE_ABI_X32 ? X32_BIT : 0;
	uint32_t last = teller->abi == CALLGATE_ABI_X86_64 ? X32_BIT - 1 : UINT32_MAX;
	int r = 0;

	for (size_t i = 0; arch && i < arch->span_count && r == 0; i++) {
		uint32_t from = arch->spans[i].first, to = span_last(arch, i);

		if (to >= first && from <= last)
			r = tell_span(teller, &arch->spans[i], from > first ? from : first, to < last ? to : last);
	}
	return r;
}

static int new_context(struct teller *teller)
{
	uint32_t native = teller->library.arch_native();
	int r = call(teller, (struct library_call){ .function = LIBRARY_INIT, .word = action_word(teller->otherwise) });

	if (r == 0 && teller->token != native)
		r = call(teller, (struct library_call){ .function = LIBRARY_ARCH_ADD, .word = teller->token });
	if (r == 0 && teller->token != native)
		r = call(teller, (struct library_call){ .function = LIBRARY_ARCH_REMOVE, .word = native });
	return r < 0 ? r
		     : call(teller, (struct library_call){ .function = LIBRARY_ATTR_SET,
							   .word = SCMP_FLTATR_ACT_BADARCH,
							   .value = action_word(teller->filter->other_arch->action) });
}

/* Compiled for any kernel, not for this one; an older library's answer does not matter. */
enum { API_LEVEL = 6 };

static int write_calls(struct teller *teller)
{
	const struct callgate_filter *filter = teller->filter;
	int r = call(teller, (struct library_call){ .function = LIBRARY_API_SET, .word = API_LEVEL, .optional = true });

	for (unsigned i = 0; i < filter->abi_count && r == 0; i++) {
		teller->abi = filter->abis[i];
		teller->context = (uint8_t)i;
		teller->token = teller->library.arch_resolve_name(abi_of(teller->abi)->name);
		if (!teller->token)
			return refuse(teller, "this libseccomp does not know %s", abi_of(teller->abi)->name);
		r = new_context(teller);
		if (r == 0)
			r = tell_abi(teller);
		if (r == 0 && i)
			r = call(teller, (struct library_call){ .function = LIBRARY_MERGE });
	}
	return r;
}

static int explain_failure(struct teller *teller, const struct library_failure *failure)
{
	const struct library_call *call = failure->call;
	const char *why = strerror(failure->error);

	if (!call)
		return refuse(teller, "libseccomp cannot write the program: %s", why);
	teller->abi = call->abi;
	if (call->function == LIBRARY_RULE_ADD)
		return refuse(teller, "libseccomp refuses a rule for %s (%u of %s): %s",
			      call_name(teller, call->shown_nr), call->shown_nr, abi_of(call->abi)->name, why);
	if (call->function == LIBRARY_MERGE)
		return refuse(teller, "libseccomp cannot join %s with the others: %s", abi_of(call->abi)->name, why);
	return refuse(teller, "libseccomp cannot start a filter for %s: %s", abi_of(call->abi)->name, why);
}

/* The default is what numbers beyond all known ones get; it must be one action without conditions. */
static int find_default(const struct callgate_filter *filter, struct callgate_action *out, struct callgate_err *err)
{
	const struct filter_arch *native = filter->arch_count ? &filter->arches[0] : NULL;
	const struct node *node;

	if (!native || !filter->abi_count)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "libseccomp needs the ABIs of a filter");
	node = native->spans[span_at(native, X32_BIT - 1)].node;
	if (!node->leaf || node->opaque)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "libseccomp's default action cannot depend on arguments");
	if (!filter->other_arch->leaf || filter->other_arch->opaque)
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "libseccomp's action for other architectures cannot depend on arguments");
	for (uint32_t i = 0; i < filter->arch_count; i++)
		for (size_t j = 0; j < filter->arches[i].span_count; j++)
			if (filter->arches[i].spans[j].node->opaque)
				return err_set(err, CALLGATE_E_UNSUPPORTED,
					       "the filter is not expressible as a profile");
	*out = node->action;
	return 0;
}

int prog_lower_libseccomp(const struct callgate_filter *filter, const struct libseccomp *library, unsigned seconds,
			  struct callgate_prog **out, struct callgate_err *err)
{
	struct teller teller = { .filter = filter, .calls = LIBRARY_CALLS_INIT, .err = err };
	struct library_failure failure = { 0 };
	int r;

	r = find_default(filter, &teller.otherwise, err);
	if (!r && library)
		teller.library = *library;
	else if (!r)
		r = libseccomp_load(&teller.library, err);
	if (!r)
		r = write_calls(&teller);
	if (!r)
		r = library_calls_make(&teller.library, &teller.calls, seconds, out, &failure, err);
	if (failure.error)
		r = explain_failure(&teller, &failure);
	library_calls_free(&teller.calls);
	if (!r)
		(*out)->flags = filter->flags;
	return r;
}

int callgate_filter_compile_libseccomp(const struct callgate_filter *filter, unsigned seconds,
				       struct callgate_prog **out, struct callgate_err *err)
{
	struct callgate_prog *prog = NULL;
	int r;

	REQUIRE(err, filter && out);
	r = filter_refuse_unknown(filter, err);
	if (r == 0)
		r = prog_lower_libseccomp(filter, NULL, seconds ? seconds : CALLGATE_LIBSECCOMP_SECONDS, &prog, err);
	if (r)
		return r;
	r = prog_prove(prog, filter, err);
	if (r) {
		callgate_prog_free(prog);
		return r;
	}
	*out = prog;
	return 0;
}
