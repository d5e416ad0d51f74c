/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing LXC text. Each name gets the action that all ABIs of the host can bear; conditions are kept where every ABI bears
 * them. Nothing is believed: the finished text is read back as LXC reads it and compared with the filter, exactly.
 */
#include "filter/write_lxc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"
#include "policy/read.h"

enum { ABI_MAX = 3, EPERM_NUMBER = 1, ENOSYS_NUMBER = 38, KEEP_LIMIT = 4096, X32_BIT = 0x40000000 };
#define WORD_32 ((uint64_t)UINT32_MAX)

enum style { STYLE_ALLOWLIST, STYLE_DENYLIST };

struct writer {
	const struct callgate_filter *filter;
	const struct callgate_target *target;
	enum callgate_abi abis[ABI_MAX]; /* that LXC makes the text for, the host first */
	unsigned abi_count;
	enum style style;
	struct callgate_action fallback;
	struct callgate_filter *scratch; /* decisions of the text, and the filter's with KILL_PROCESS as KILL_THREAD */
	const struct node **ceiling;     /* by the id of the filter's nodes: the same in scratch */
	struct meaning *meaning;
	char *text;
	size_t size, room;
	struct callgate_err *err;
};

/* What one name gets. */
struct verdict_of_name {
	enum { NAME_ABSENT, NAME_DEFAULT, NAME_ACTION, NAME_CLAUSES } kind;
	struct callgate_action action;
	const struct clause *clauses; /* of an ABI with this argument width */
	uint8_t word;
	bool *kept;                   /* which of them */
	unsigned clause_count;
};

/* ------------------------------------------------------------------ vocabulary */

/* The nearest action that the text has. What the text cannot say and what is no plain ALLOW becomes a denial. */
static struct callgate_action nearest(struct callgate_action action)
{
	switch (action.kind) {
	case CALLGATE_KILL_PROCESS:
	case CALLGATE_KILL_THREAD:
		return (struct callgate_action){ .kind = CALLGATE_KILL_THREAD };
	case CALLGATE_TRAP:
		return (struct callgate_action){ .kind = CALLGATE_TRAP };
	case CALLGATE_ERRNO:
		if (action.data > LXC_ERRNO_MAX)
			action.data = EPERM_NUMBER;
		return action;
	case CALLGATE_ALLOW:
		return action;
	case CALLGATE_NOTIFY: /* with nobody who listens or traces the kernel answers ENOSYS */
	case CALLGATE_TRACE:
	case CALLGATE_LOG:
		break;
	}
	return (struct callgate_action){ .kind = CALLGATE_ERRNO, .data = ENOSYS_NUMBER };
}

bool lxc_passes_over(int id, enum callgate_abi abi)
{
	uint32_t selector;
	int mux;

	return syscall_behind_mux(id, abi, &mux, &selector);
}

void lxc_range(enum callgate_abi abi, uint32_t *first, uint32_t *last)
{
	*first = abi_of(abi)->first_nr;
	*last = abi == CALLGATE_ABI_X86_64 ? X32_BIT - 1 : UINT32_MAX;
}

/* The number that LXC gives a name on an ABI, or SYSCALL_NONE. */
static int64_t lxc_number(const struct writer *writer, int id, enum callgate_abi abi)
{
	if (!syscall_in_release(id, writer->target->libseccomp) || lxc_passes_over(id, abi))
		return SYSCALL_NONE;
	return syscall_nr(id, abi);
}

/* ------------------------------------------------------------------ decisions */

/* The loosest first: the order does not depend on how a decision is built. */
static void set_add(struct action_set *set, struct callgate_action action)
{
	unsigned at = 0;

	while (at < set->count && (set->actions[at].kind > action.kind ||
				   (set->actions[at].kind == action.kind && set->actions[at].data < action.data)))
		at++;
	if (at < set->count && action_equal(set->actions[at], action))
		return;
	if (set->count == sizeof(set->actions) / sizeof(set->actions[0])) {
		set->more = true; /* the loosest and the strictest are kept whatever comes */
		memmove(&set->actions[1], &set->actions[2], (set->count - 2) * sizeof(set->actions[0]));
		set->count--;
		at -= at > 1;
	}
	memmove(&set->actions[at + 1], &set->actions[at], (set->count - at) * sizeof(set->actions[0]));
	set->actions[at] = action;
	set->count++;
}

int action_set_of(const struct callgate_filter *filter, const struct node *node, struct action_set *out)
{
	const struct node **stack;
	unsigned char *seen;
	size_t depth = 1;

	*out = (struct action_set){ 0 };
	if (node->leaf && !node->opaque) {
		set_add(out, node->action);
		return 0;
	}
	seen = calloc(filter->node_count, 1);
	stack = calloc(filter->node_count + 1, sizeof(*stack)); /* each node is pushed once */
	if (!seen || !stack) {
		free(seen);
		free(stack);
		return CALLGATE_E_NOMEM;
	}
	stack[0] = node;
	seen[node->id] = 1;
	while (depth) {
		const struct node *at = stack[--depth];

		if (at->leaf) {
			out->opaque |= at->opaque;
			if (!at->opaque)
				set_add(out, at->action);
			continue;
		}
		for (int i = 0; i < 2; i++) {
			const struct node *child = i ? at->no : at->yes;

			if (!seen[child->id]) {
				seen[child->id] = 1;
				stack[depth++] = child;
			}
		}
	}
	free(seen);
	free(stack);
	return 0;
}

/* Copies one node of the filter whose children are copied already. */
static int copy_node(struct writer *writer, const struct node *node)
{
	struct callgate_action action = node->action;

	if (node->leaf && node->opaque)
		return err_set(writer->err, CALLGATE_E_UNSUPPORTED, "instruction %u does what no profile can say", node->origin.line);
	if (node->leaf && action.kind == CALLGATE_KILL_PROCESS)
		action.kind = CALLGATE_KILL_THREAD;
	writer->ceiling[node->id] =
		node->leaf ? filter_leaf(writer->scratch, action, (struct callgate_origin){ 0 })
			   : filter_test(writer->scratch, node->test, writer->ceiling[node->yes->id], writer->ceiling[node->no->id]);
	return writer->ceiling[node->id] ? 0 : err_nomem(writer->err);
}

/* The strictness that the text may not go below: the filter's decision, with KILL_PROCESS, which LXC has no word for, as
 * KILL_THREAD. Copied by a stack of our own, as a list of values may be thousands of tests deep. */
static int ceiling_of(struct writer *writer, const struct node *node, const struct node **out)
{
	const struct node **stack;
	size_t depth = 1, room = 2 * (size_t)writer->filter->node_count + 2;
	int r = 0;

	if (!writer->ceiling[node->id]) {
		stack = calloc(room, sizeof(*stack));
		if (!stack)
			return err_nomem(writer->err);
		stack[0] = node;
		while (depth && r == 0) {
			const struct node *at = stack[depth - 1];

			if (!at->leaf && !writer->ceiling[at->yes->id] && depth < room)
				stack[depth++] = at->yes;
			else if (!at->leaf && !writer->ceiling[at->no->id] && depth < room)
				stack[depth++] = at->no;
			else {
				r = copy_node(writer, at);
				depth--;
			}
		}
		free(stack);
	}
	*out = writer->ceiling[node->id];
	return r;
}

static const struct span *span_of(const struct writer *writer, enum callgate_abi abi, uint32_t nr)
{
	const struct filter_arch *arch = filter_arch_of(writer->filter, abi_of(abi)->audit);

	return arch ? &arch->spans[span_at(arch, nr)] : NULL;
}

static const struct node *decision_of(const struct writer *writer, enum callgate_abi abi, uint32_t nr)
{
	const struct span *span = span_of(writer, abi, nr);

	return span ? span->node : writer->filter->other_arch;
}

/* Whether a decision of the text is nowhere looser than one of the filter. */
static int bears(struct writer *writer, const struct node *decision, const struct node *text, bool *out)
{
	const struct node *ceiling;
	meaning_ref mine, theirs;
	unsigned relation;
	int r;

	r = ceiling_of(writer, decision, &ceiling);
	if (r == 0)
		r = meaning_of(writer->meaning, writer->scratch, ceiling, &theirs, writer->err);
	if (r == 0)
		r = meaning_of(writer->meaning, writer->scratch, text, &mine, writer->err);
	if (r == 0)
		r = meaning_relate(writer->meaning, theirs, mine, &relation, writer->err);
	if (r == 0)
		*out = !(relation & (MEANING_LOOSER | MEANING_UNKNOWN));
	return r;
}

/* ------------------------------------------------------------------ conditions */

/* One condition in LXC's words, made from a clause's test. False: LXC has no words for it. */
struct lxc_condition {
	const char *op;
	uint64_t value, mask;
	struct test test; /* what it means where words have 64 bits */
};

static bool condition_of(const struct test *test, uint8_t word, struct lxc_condition *out)
{
	uint64_t full = word == 32 ? WORD_32 : UINT64_MAX;

	*out = (struct lxc_condition){ .value = test->value, .test = *test };
	if (!test->mask) /* LXC cannot tell a mask of 0 from none */
		return false;
	if (test->mask == full) {
		out->test.mask = UINT64_MAX;
		switch ((enum test_op)test->op) {
		case TEST_EQ:
			out->op = test->negate ? "!=" : "==";
			return true;
		case TEST_GT:
			out->op = test->negate ? "<=" : ">";
			return true;
		case TEST_GE:
			out->op = test->negate ? "<" : ">=";
			return true;
		}
	}
	if (test->op != TEST_EQ)
		return false;
	out->op = "&=";
	out->mask = test->mask;
	if (test->negate) { /* of one bit the other value is meant */
		if (test->mask & (test->mask - 1))
			return false;
		out->value = out->test.value = test->value ^ test->mask;
		out->test.negate = 0;
	}
	return true;
}

/* LXC has no words for a clause that asks one argument twice. */
static bool is_expressible(const struct clause *clause, uint8_t word)
{
	struct lxc_condition condition;
	unsigned seen = 0;

	for (unsigned i = 0; i < clause->test_count; i++) {
		const struct test *test = &clause->tests[i];

		if (seen >> test->arg & 1 || !condition_of(test, word, &condition))
			return false;
		seen |= 1u << test->arg;
	}
	return clause->test_count > 0 && clause->test_count <= 6;
}

/* "tests hold: action, else otherwise", as it is understood on an ABI of that word. */
static const struct node *clause_node(struct writer *writer, const struct verdict_of_name *verdict, unsigned index, uint8_t word,
				      const struct node *otherwise)
{
	const struct clause *clause = &verdict->clauses[index];
	const struct node *node = filter_leaf(writer->scratch, nearest(clause->action), (struct callgate_origin){ 0 });

	for (unsigned i = clause->test_count; i-- && node && otherwise;) {
		struct lxc_condition condition;
		struct test test;

		condition_of(&clause->tests[i], verdict->word, &condition);
		test = condition.test;
		if (word == 32) {
			test.mask &= WORD_32;
			test.value &= WORD_32;
		}
		test.negate = 0;
		node = condition.test.negate ? filter_test(writer->scratch, test, otherwise, node)
					     : filter_test(writer->scratch, test, node, otherwise);
	}
	return otherwise ? node : NULL;
}

/* All that a name's kept clauses come to. only: one of them, or -1. */
static const struct node *clauses_node(struct writer *writer, const struct verdict_of_name *verdict, uint8_t word, int only)
{
	const struct node *node = filter_leaf(writer->scratch, writer->fallback, (struct callgate_origin){ 0 });

	for (unsigned i = verdict->clause_count; i-- && node;)
		if (only < 0 ? verdict->kept[i] : (unsigned)only == i)
			node = clause_node(writer, verdict, i, word, node);
	return node;
}

static int all_bear(struct writer *writer, int id, const struct verdict_of_name *verdict, int only, bool *out)
{
	*out = true;
	for (unsigned i = 0; i < writer->abi_count && *out; i++) {
		enum callgate_abi abi = writer->abis[i];
		int64_t nr = lxc_number(writer, id, abi);
		const struct node *text;
		int r;

		if (nr < 0)
			continue;
		text = clauses_node(writer, verdict, abi_of(abi)->word, only);
		if (!text)
			return err_nomem(writer->err);
		r = bears(writer, decision_of(writer, abi, (uint32_t)nr), text, out);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ------------------------------------------------------------------ one name */

/* Takes the strictest of two actions; of equal kinds the first, which is the host's. */
static void take_strictest(struct callgate_action action, struct callgate_action *strictest, bool *any)
{
	if (!*any || action.kind < strictest->kind)
		*strictest = action;
	*any = true;
}

/* The strictest action that any ABI gives the name, in the text's words; *same: it is all that they give it. */
static int strictest_of(struct writer *writer, int id, struct callgate_action *out, bool *same, bool *any)
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
			return err_set(writer->err, CALLGATE_E_UNSUPPORTED, "the filter does what no profile can say");
		for (unsigned j = 0; j < set.count; j++) {
			struct callgate_action action = nearest(set.actions[j]);

			*same &= !*any || action_equal(action, *out);
			take_strictest(action, out, any);
		}
		*same &= !set.more;
	}
	return 0;
}

/* The clauses of the first ABI on which the name depends on arguments. */
static void find_clauses(const struct writer *writer, int id, struct verdict_of_name *out)
{
	out->clause_count = 0;
	for (unsigned i = 0; i < writer->abi_count && !out->clause_count; i++) {
		int64_t nr = lxc_number(writer, id, writer->abis[i]);
		const struct span *span = nr < 0 ? NULL : span_of(writer, writer->abis[i], (uint32_t)nr);

		if (!span || span->node->leaf || span->clause_count > KEEP_LIMIT)
			continue;
		out->clauses = span->clauses;
		out->clause_count = span->clause_count;
		out->word = abi_of(writer->abis[i])->word;
	}
}

/* Chooses clauses: in an allowlist those that open no more than every ABI bears, in a denylist all that deny. */
static int keep_clauses(struct writer *writer, int id, struct verdict_of_name *verdict, bool *out)
{
	unsigned kept = 0;
	int r = 0;

	verdict->kept = arena_array(&writer->scratch->arena, verdict->clause_count + 1, sizeof(*verdict->kept));
	if (!verdict->kept)
		return err_nomem(writer->err);
	for (unsigned i = 0; i < verdict->clause_count; i++) {
		struct callgate_action action = nearest(verdict->clauses[i].action);
		bool good = is_expressible(&verdict->clauses[i], verdict->word) && !action_equal(action, writer->fallback) &&
			    (action.kind == CALLGATE_ALLOW) == (writer->style == STYLE_ALLOWLIST);

		if (good && writer->style == STYLE_ALLOWLIST)
			r = all_bear(writer, id, verdict, (int)i, &good);
		if (r < 0)
			return r;
		verdict->kept[i] = good;
		kept += good;
	}
	*out = false;
	return kept ? all_bear(writer, id, verdict, -1, out) : 0;
}

static int decide_name(struct writer *writer, int id, struct verdict_of_name *out)
{
	struct callgate_action strictest = { 0 };
	bool same, any, kept = false;
	int r;

	*out = (struct verdict_of_name){ .kind = NAME_ABSENT };
	r = strictest_of(writer, id, &strictest, &same, &any);
	if (r < 0 || !any)
		return r;
	if (!same) {
		find_clauses(writer, id, out);
		r = keep_clauses(writer, id, out, &kept);
		if (r < 0)
			return r;
	}
	out->action = strictest;
	if (kept)
		out->kind = NAME_CLAUSES;
	else
		out->kind = action_equal(strictest, writer->fallback) ? NAME_DEFAULT : NAME_ACTION;
	return 0;
}

/* ------------------------------------------------------------------ the default action */

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The numbers of an ABI that a name reaches, sorted, each once. */
static int named_numbers(const struct writer *writer, enum callgate_abi abi, uint32_t **out, size_t *count)
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

/* The strictest action that any number of the ABI without a name gets. */
static int strictest_unnamed(struct writer *writer, enum callgate_abi abi, struct callgate_action *strictest, bool *any)
{
	const struct filter_arch *arch = filter_arch_of(writer->filter, abi_of(abi)->audit);
	uint32_t first, last, *numbers = NULL;
	size_t count = 0, at = 0;
	int r;

	lxc_range(abi, &first, &last);
	r = named_numbers(writer, abi, &numbers, &count);
	for (size_t i = arch ? span_at(arch, first) : 0; r == 0 && arch && i < arch->span_count && arch->spans[i].first <= last; i++) {
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
			take_strictest(nearest(set.actions[j]), strictest, any);
		if (r == 0 && set.opaque)
			r = err_set(writer->err, CALLGATE_E_UNSUPPORTED, "the filter does what no profile can say");
	}
	free(numbers);
	return r;
}

/*
 * The default answers for all numbers that no name reaches: those that are newer than libseccomp, gaps, what LXC passes over.
 * It is what the host's highest numbers get (ENOSYS where the profile says so: libraries then fall back), unless a number
 * without a name is to get something stricter. Only where all of them are allowed is the text a denylist.
 */
static int choose_default(struct writer *writer)
{
	struct callgate_action strictest = { 0 };
	struct action_set tail;
	uint32_t first, last;
	bool any = false;

	lxc_range(writer->abis[0], &first, &last);
	if (action_set_of(writer->filter, decision_of(writer, writer->abis[0], last), &tail) < 0)
		return err_nomem(writer->err);
	writer->fallback = tail.count == 1 && !tail.opaque
				   ? nearest(tail.actions[0])
				   : (struct callgate_action){ .kind = CALLGATE_ERRNO, .data = ENOSYS_NUMBER };
	for (unsigned i = 0; i < writer->abi_count; i++) {
		int r = strictest_unnamed(writer, writer->abis[i], &strictest, &any);

		if (r < 0)
			return r;
	}
	if (any && strictest.kind < writer->fallback.kind)
		writer->fallback = writer->fallback.kind == CALLGATE_ALLOW && strictest.kind == CALLGATE_ERRNO
					   ? (struct callgate_action){ .kind = CALLGATE_ERRNO, .data = ENOSYS_NUMBER }
					   : strictest;
	writer->style = writer->fallback.kind == CALLGATE_ALLOW ? STYLE_DENYLIST : STYLE_ALLOWLIST;
	return 0;
}

/* ------------------------------------------------------------------ text */

static int put(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int put(struct writer *writer, const char *format, ...)
{
	va_list ap;
	int n;

	if (writer->room - writer->size < 256) {
		size_t room = writer->room * 2 + 16384;
		char *text = realloc(writer->text, room);

		if (!text)
			return err_nomem(writer->err);
		writer->text = text;
		writer->room = room;
	}
	va_start(ap, format);
	n = vsnprintf(writer->text + writer->size, writer->room - writer->size, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= writer->room - writer->size)
		return err_set(writer->err, CALLGATE_E_LIMIT, "a line of LXC text is too long");
	writer->size += (size_t)n;
	return 0;
}

static int put_action(struct writer *writer, struct callgate_action action)
{
	switch (action.kind) {
	case CALLGATE_KILL_THREAD:
		return put(writer, "kill");
	case CALLGATE_TRAP:
		return put(writer, "trap");
	case CALLGATE_ERRNO:
		return put(writer, "errno %u", action.data);
	default:
		return put(writer, "allow");
	}
}

static int put_clause(struct writer *writer, const char *name, const struct clause *clause, uint8_t word)
{
	int r = put(writer, "%s ", name);

	if (r == 0)
		r = put_action(writer, nearest(clause->action));
	for (unsigned i = 0; i < clause->test_count && r == 0; i++) {
		struct lxc_condition condition;

		condition_of(&clause->tests[i], word, &condition);
		r = put(writer, "%s[%u,0x%llx,%s", i ? "" : " ", clause->tests[i].arg, (unsigned long long)condition.value, condition.op);
		if (r == 0 && condition.mask)
			r = put(writer, ",0x%llx", (unsigned long long)condition.mask);
		if (r == 0)
			r = put(writer, "]");
	}
	return r < 0 ? r : put(writer, "\n");
}

static int put_name(struct writer *writer, int id)
{
	struct verdict_of_name verdict;
	int r = decide_name(writer, id, &verdict);

	if (r < 0 || verdict.kind == NAME_ABSENT || verdict.kind == NAME_DEFAULT)
		return r;
	if (verdict.kind == NAME_ACTION) {
		r = put(writer, "%s ", syscall_id_name(id));
		if (r == 0)
			r = put_action(writer, verdict.action);
		return r < 0 ? r : put(writer, "\n");
	}
	for (unsigned i = 0; i < verdict.clause_count && r == 0; i++)
		if (verdict.kept[i])
			r = put_clause(writer, syscall_id_name(id), &verdict.clauses[i], verdict.word);
	return r;
}

static int put_all(struct writer *writer)
{
	int r;

	r = put(writer, "2\n%s ", writer->style == STYLE_DENYLIST ? "denylist" : "allowlist");
	if (r == 0)
		r = put_action(writer, writer->fallback);
	if (r == 0)
		r = put(writer, "\n# Written by callgate for this host's libseccomp: do not edit.\n");
	for (int id = 0; id < syscall_count() && r == 0; id++)
		r = put_name(writer, id);
	return r;
}

/* ------------------------------------------------------------------ checks */

/* Hosts whose ABIs LXC treats as abi_family() says, and which have no multiplexer of their own. */
static int check_host(struct writer *writer)
{
	enum callgate_abi host = writer->target->host;

	if (host != CALLGATE_ABI_X86_64 && host != CALLGATE_ABI_AARCH64 && host != CALLGATE_ABI_ARM)
		return err_set(writer->err, CALLGATE_E_UNSUPPORTED, "LXC text is written for x86_64, aarch64 and arm hosts, not for %s",
			       abi_of(host) ? abi_of(host)->name : "this one");
	writer->abi_count = abi_family(host, writer->abis);
	for (unsigned i = 0; i < writer->abi_count; i++) {
		bool listed = false;

		for (unsigned j = 0; j < writer->filter->abi_count; j++)
			listed |= writer->filter->abis[j] == writer->abis[i];
		if (!listed)
			return err_set(writer->err, CALLGATE_E_UNSUPPORTED,
				       "the profile closes %s by not listing it, and LXC's text always opens it together with %s: the "
				       "container would be looser than the profile. Add \"%s\" to \"architectures\"",
				       abi_of(writer->abis[i])->name, abi_of(host)->name, abi_of(writer->abis[i])->oci);
	}
	return 0;
}

/* What LXC 5 calls in the container between loading the filter and running init, and cannot do without (tried one by one). */
static const char *const needed[] = { "read", "write", "sendto", "openat", "setgroups", "getuid", "execve" };
/* Calls that may fail there, but must not kill. */
static const char *const survived[] = { "close", "setsid", "newfstatat", "fstatat64", "fchown", "fchmod", "capget" };

static int check_needs(const struct writer *writer, const struct callgate_lxc_text *text, const char *name, bool must_pass)
{
	int id = syscall_find((struct slice){ name, strlen(name) });
	int64_t nr = id < 0 ? SYSCALL_NONE : syscall_nr(id, writer->abis[0]);
	const struct filter_arch *arch = filter_arch_of(text->filter, abi_of(writer->abis[0])->audit);
	struct action_set set;
	bool passes = false, lives = false;

	if (nr < 0 || !arch)
		return 0;
	if (action_set_of(text->filter, arch->spans[span_at(arch, (uint32_t)nr)].node, &set) < 0)
		return err_nomem(writer->err);
	for (unsigned i = 0; i < set.count; i++) {
		passes |= set.actions[i].kind == CALLGATE_ALLOW;
		lives |= set.actions[i].kind >= CALLGATE_ERRNO;
	}
	if (must_pass ? passes : lives)
		return 0;
	return err_set(writer->err, CALLGATE_E_UNSUPPORTED,
		       "LXC itself calls %s after it has loaded the filter, and under this profile that %s: no container could start",
		       name, must_pass ? "is denied" : "kills");
}

/* Reads the text as LXC does and compares: the text may nowhere be looser than the filter. */
static int check_text(struct writer *writer, const struct callgate_lxc_text *text)
{
	for (unsigned i = 0; i < writer->abi_count; i++) {
		uint32_t audit = abi_of(writer->abis[i])->audit;
		const struct filter_arch *theirs = filter_arch_of(writer->filter, audit), *mine = filter_arch_of(text->filter, audit);
		uint64_t nr = 0;

		while (theirs && mine && nr <= UINT32_MAX) {
			size_t a = span_at(theirs, (uint32_t)nr), b = span_at(mine, (uint32_t)nr);
			uint32_t last = span_last(theirs, a) < span_last(mine, b) ? span_last(theirs, a) : span_last(mine, b);
			const struct node *ceiling;
			meaning_ref limit, got;
			unsigned relation = 0;
			int r = ceiling_of(writer, theirs->spans[a].node, &ceiling);

			if (r == 0)
				r = meaning_of(writer->meaning, writer->scratch, ceiling, &limit, writer->err);
			if (r == 0)
				r = meaning_of(writer->meaning, text->filter, mine->spans[b].node, &got, writer->err);
			if (r == 0)
				r = meaning_relate(writer->meaning, limit, got, &relation, writer->err);
			if (r < 0)
				return r;
			if (relation & (MEANING_LOOSER | MEANING_UNKNOWN))
				return err_set(writer->err, CALLGATE_E_MISMATCH,
					       "the LXC text would be looser than the profile for call %llu on %s: it is not used",
					       (unsigned long long)nr, abi_of(writer->abis[i])->name);
			nr = (uint64_t)last + 1;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------ the whole */

static int read_back(const struct writer *writer, struct callgate_lxc_text *text)
{
	struct callgate_target target = *writer->target;
	struct source source = { .name = "LXC text", .text = text->text, .size = text->size };
	struct callgate_policy *policy;
	int r;

	target.reader = CALLGATE_AS_LXC;
	r = policy_parse(&source, &policy, NULL, writer->err);
	if (r < 0)
		return err_set(writer->err, CALLGATE_E_MISMATCH, "the LXC text cannot be read back: it is not used");
	r = callgate_filter_resolve(policy, &target, &text->filter, NULL, writer->err);
	callgate_policy_free(policy);
	return r;
}

static int write_and_check(struct writer *writer, struct callgate_lxc_text *text)
{
	int r;

	writer->ceiling = calloc(writer->filter->node_count + 1, sizeof(*writer->ceiling));
	if (!writer->ceiling)
		return err_nomem(writer->err);
	r = check_host(writer);
	if (r == 0)
		r = choose_default(writer);
	if (r == 0)
		r = put_all(writer);
	if (r < 0)
		return r;
	text->text = arena_strndup(&text->arena, writer->text, writer->size);
	text->size = writer->size;
	if (!text->text)
		return err_nomem(writer->err);
	r = read_back(writer, text);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]) && r == 0; i++)
		r = check_needs(writer, text, needed[i], true);
	for (size_t i = 0; i < sizeof(survived) / sizeof(survived[0]) && r == 0; i++)
		r = check_needs(writer, text, survived[i], false);
	return r < 0 ? r : check_text(writer, text);
}

struct callgate_lxc_text *lxc_text_free(struct callgate_lxc_text *text)
{
	if (text) {
		callgate_filter_free(text->filter);
		arena_free(&text->arena);
		free(text);
	}
	return NULL;
}

int lxc_write(const struct callgate_filter *filter, const struct callgate_target *target, struct callgate_lxc_text **out,
	      struct callgate_err *err)
{
	struct writer writer = { .filter = filter, .target = target, .err = err };
	struct callgate_lxc_text *text = calloc(1, sizeof(*text));
	int r;

	if (!text)
		return err_nomem(err);
	r = filter_new("LXC text", &writer.scratch, err);
	if (r == 0)
		r = meaning_new(&writer.meaning, err);
	if (r == 0)
		r = write_and_check(&writer, text);
	if (r == 0)
		r = lxc_losses(filter, target, text, err);
	meaning_free(writer.meaning);
	callgate_filter_free(writer.scratch);
	free(writer.ceiling);
	free(writer.text);
	if (r < 0) {
		lxc_text_free(text);
		return r;
	}
	*out = text;
	return 0;
}
