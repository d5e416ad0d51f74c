/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OCI writer: call by call, a name that decides the same on every ABI becomes a word in a rule, conditions become args.
 */
#include "write/oci.h"

#include <string.h>

#include "base/err.h"
#include "filter/actions.h"
#include "filter/cover.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

enum { GROUPS = 64, X32_FIRST = 0x40000000 };

/* The names that get one action whatever their arguments are. */
struct group {
	struct callgate_action action;
	struct text names;
};

/* No program of 4096 instructions that compares arguments sensibly comes near. */
enum { RULES_SIZE = 4 << 20 };

struct writer {
	const struct callgate_filter *filter;
	struct group groups[GROUPS];
	unsigned group_count;
	struct text rules; /* conditional ones */
	struct meaning *meaning;
	enum callgate_abi abis[CALLGATE_ABI_COUNT]; /* that the text lists */
	unsigned abi_count;
	const uint8_t *strict; /* per name: enum oci_strict; NULL: none */
	struct callgate_err *err;
};

/* What one name comes to on all ABIs. */
struct decision {
	bool any;
	bool constant;                 /* then action is it; else span has the conditions */
	bool covered;                  /* conditions that nobody has written: add_covered() */
	struct callgate_action action; /* the strictest */
	const struct span *span;
	enum callgate_abi abi; /* that span belongs to */
};

static bool stricter(struct callgate_action a, struct callgate_action b)
{
	return a.kind < b.kind;
}

static const struct span *span_of(const struct callgate_filter *filter, enum callgate_abi abi, uint32_t nr)
{
	const struct filter_arch *arch = filter_arch_of(filter, abi_of(abi)->audit);

	return arch ? &arch->spans[span_at(arch, nr)] : NULL;
}

/* What the reader of the text adds by itself: the answer to numbers beyond the profile, unless the name's is to be
 * said; members' rules on a multiplexer. */
static bool comes_by_itself(const struct writer *writer, int id, const struct span *span)
{
	if (span->node->leaf && span->node->origin.why == CALLGATE_BY_ENOSYS)
		return !writer->strict || !(writer->strict[id] & OCI_ENOSYS_SAID);
	return span->clause_count && span->clauses[0].origin.why == CALLGATE_BY_MUX;
}

static enum oci_strict strictness_of(const struct writer *writer, int id)
{
	return writer->strict ? (enum oci_strict)(writer->strict[id] & ~OCI_ENOSYS_SAID) : OCI_STRICT_NO;
}

static int strictest(const struct writer *writer, const struct node *node, struct callgate_action *out)
{
	struct action_set set;
	int r = action_set_of(writer->filter, node, &set);

	if (r < 0)
		return err_set(writer->err, r, "out of memory");
	/* Of more actions than the set has room for it keeps the strictest. */
	if (set.opaque)
		return err_set(writer->err, CALLGATE_E_UNSUPPORTED, "the filter is not expressible as a profile");
	*out = set.actions[0];
	for (unsigned i = 1; i < set.count; i++)
		if (stricter(set.actions[i], *out))
			*out = set.actions[i];
	return 0;
}

/* One more ABI's answer. Where ABIs disagree the strictest of all becomes the rule. */
static int merge(const struct writer *writer, int id, const struct span *span, enum callgate_abi abi,
		 struct decision *out)
{
	bool by_itself = comes_by_itself(writer, id, span);
	bool constant = span->node->leaf || by_itself, covered = !constant && !span->clause_count;
	struct callgate_action action = writer->filter->fallback->action;
	int r = 0;

	if (!by_itself)
		r = strictest(writer, span->node, &action);
	if (r < 0)
		return r;
	if (!out->any) {
		*out = (struct decision){ true, constant, covered, action, span, abi };
		return 0;
	}
	out->covered |= covered;
	if (constant != out->constant)
		out->constant = true;
	if (stricter(action, out->action))
		out->action = action;
	return 0;
}

/* What a call that an ABI has only behind a multiplexer gets there, when that comes of rules for the members; NULL: not
 * so. */
static const struct node *behind_mux(const struct writer *writer, int id, enum callgate_abi abi)
{
	const struct callgate_filter *filter = writer->filter;
	uint64_t args[6] = { 0 };
	const struct span *span;
	uint32_t selector, nr;
	int mux;

	if (!syscall_behind_mux(id, abi, &mux, &selector))
		return NULL;
	nr = (uint32_t)syscall_nr(mux, abi);
	span = span_of(filter, abi, nr);
	if (!span || span->node->leaf || !comes_by_itself(writer, mux, span))
		return NULL;
	args[0] = selector;
	return filter_walk(filter, abi_of(abi)->audit, nr, args);
}

static int decide_name(const struct writer *writer, int id, struct decision *out)
{
	const struct callgate_filter *filter = writer->filter;
	int r = 0;

	*out = (struct decision){ 0 };
	for (unsigned i = 0; i < writer->abi_count && r == 0; i++) {
		int64_t nr = syscall_nr(id, writer->abis[i]);
		const struct span *span = nr < 0 ? NULL : span_of(filter, writer->abis[i], (uint32_t)nr);
		struct span member = { .node = span ? NULL : behind_mux(writer, id, writer->abis[i]) };

		if (span || member.node)
			r = merge(writer, id, span ? span : &member, writer->abis[i], out);
	}
	return r;
}

/* ------------------------------------------------------------------ rules */

static void add_verdict(struct text *text, const char *key, const char *errno_key, struct callgate_action action)
{
	text_add(text, "\"%s\": \"%s\"", key, action_oci(action.kind));
	if (action.kind == CALLGATE_ERRNO || action.kind == CALLGATE_TRACE)
		text_add(text, ", \"%s\": %u", errno_key, action.data);
}

/* False: OCI has no operator for it. */
static bool test_op(const struct test *test, uint64_t all, enum op *op)
{
	if (test->mask != all) {
		*op = OP_MASKED_EQ;
		return test->op == TEST_EQ && !test->negate;
	}
	switch ((enum test_op)test->op) {
	case TEST_EQ:
		*op = test->negate ? OP_NE : OP_EQ;
		break;
	case TEST_GT:
		*op = test->negate ? OP_LE : OP_GT;
		break;
	case TEST_GE:
		*op = test->negate ? OP_LT : OP_GE;
		break;
	}
	return true;
}

/* One index twice would be read as alternatives. */
static bool can_say(const struct test *tests, unsigned count, uint64_t all)
{
	unsigned seen = 0;
	enum op op;

	for (unsigned i = 0; i < count; i++) {
		if (seen >> tests[i].arg & 1 || !test_op(&tests[i], all, &op))
			return false;
		seen |= 1u << tests[i].arg;
	}
	return true;
}

static void add_rule(struct writer *writer, const char *name, const struct clause *clause, uint64_t all)
{
	struct text *text = &writer->rules;

	text_add(text, "%s\t\t{ \"names\": [", text->size ? ",\n" : "");
	text_add_json(text, name);
	text_add(text, "], ");
	add_verdict(text, "action", "errnoRet", clause->action);
	text_add(text, ",\n\t\t  \"args\": [");
	for (unsigned i = 0; i < clause->test_count; i++) {
		const struct test *test = &clause->tests[i];
		enum op op = OP_EQ;

		test_op(test, all, &op);
		text_add(text, "%s{ \"index\": %u, ", i ? ", " : "", test->arg);
		if (op == OP_MASKED_EQ)
			text_add(text, "\"value\": %llu, \"valueTwo\": %llu, ", (unsigned long long)test->mask,
				 (unsigned long long)test->value);
		else
			text_add(text, "\"value\": %llu, ", (unsigned long long)test->value);
		text_add(text, "\"op\": \"%s\" }", op_oci(op));
	}
	text_add(text, "] }");
}

/* The conditions as the profile had them. False: not to be said in OCI's words. */
static bool add_clauses(struct writer *writer, const char *name, const struct span *span, uint64_t all)
{
	for (unsigned i = 0; i < span->clause_count; i++)
		if (!can_say(span->clauses[i].tests, span->clauses[i].test_count, all))
			return false;
	for (unsigned i = 0; i < span->clause_count; i++)
		add_rule(writer, name, &span->clauses[i], all);
	return true;
}

static int add_name(struct writer *writer, const char *name, struct callgate_action action)
{
	struct text *names = NULL;

	for (unsigned i = 0; i < writer->group_count && !names; i++)
		if (action_equal(writer->groups[i].action, action))
			names = &writer->groups[i].names;
	if (!names) {
		if (writer->group_count == GROUPS)
			return err_set(writer->err, CALLGATE_E_LIMIT, "more than %d different actions", GROUPS);
		writer->groups[writer->group_count].action = action;
		names = &writer->groups[writer->group_count++].names;
	}
	text_add(names, names->size ? ", " : "");
	text_add_json(names, name);
	return 0;
}

static unsigned name_width(const struct writer *writer, int id)
{
	unsigned widest = 32, narrowest = 64;

	for (unsigned i = 0; i < writer->abi_count; i++) {
		unsigned width = abi_of(writer->abis[i])->width;

		if (syscall_nr(id, writer->abis[i]) < 0)
			continue;
		widest = width > widest ? width : widest;
		narrowest = width < narrowest ? width : narrowest;
	}
	return strictness_of(writer, id) == OCI_STRICT_NARROW ? narrowest : widest;
}

/* What the call comes to: on the first of the widest ABIs, which the others follow when conditions are cut to their
 * width; when they do not, on all together, the stricter action where they differ; or on the narrowest. */
static int meaning_of_name(const struct writer *writer, int id, enum oci_strict strict, meaning_ref *out)
{
	const struct callgate_filter *filter = writer->filter;
	unsigned width = 0;
	meaning_ref ref;
	int r = 0;

	for (unsigned i = 0; i < writer->abi_count && r == 0; i++) {
		int64_t nr = syscall_nr(id, writer->abis[i]);
		const struct span *span = nr < 0 ? NULL : span_of(filter, writer->abis[i], (uint32_t)nr);
		unsigned word = abi_of(writer->abis[i])->width;

		if (!span || (strict == OCI_STRICT_NO && word <= width) ||
		    (strict == OCI_STRICT_NARROW && word > name_width(writer, id)))
			continue;
		r = meaning_of(writer->meaning, filter, span->node, &ref, writer->err);
		if (r == 0 && width && strict != OCI_STRICT_NO)
			r = meaning_meet(writer->meaning, *out, ref, &ref, writer->err);
		*out = ref;
		width = word;
	}
	return r;
}

/* The conditions of a decision that nobody has written. */
static int add_covered(struct writer *writer, int id, enum oci_strict strict, bool *said)
{
	unsigned width = name_width(writer, id);
	struct cover cover = { 0 };
	meaning_ref ref = 0;
	struct callgate_action always;
	int r = meaning_of_name(writer, id, strict, &ref);

	if (r == 0 && meaning_is_constant(writer->meaning, ref, &always)) {
		*said = true;
		return action_equal(always, writer->filter->fallback->action)
			       ? 0
			       : add_name(writer, syscall_id_name(id), always);
	}

	if (r == 0)
		r = cover_of(writer->meaning, ref, writer->filter->fallback->action, width, &cover, writer->err);
	for (size_t i = 0; i < cover.count && r == 0; i++) {
		const struct cover_rule *rule = &cover.rules[i];
		struct clause clause = { rule->tests, rule->test_count, rule->action, { 0 } };

		add_rule(writer, syscall_id_name(id), &clause, width == 32 ? UINT32_MAX : UINT64_MAX);
	}
	cover_release(&cover);
	*said = r == 0;
	return r == CALLGATE_E_LIMIT ? 0 : r;
}

/* An action that is said although it comes to the default's: of a multiplexer whose members' rules must not count. */
static struct callgate_action beside_default(const struct writer *writer, enum oci_strict strict)
{
	struct callgate_action fallback = writer->filter->fallback->action;
	struct callgate_action action = { .kind = CALLGATE_ERRNO, .data = ERRNO_ENOSYS };

	if (fallback.kind != CALLGATE_ERRNO && strict != OCI_STRICT_CLOSED)
		return (struct callgate_action){ .kind = CALLGATE_KILL_PROCESS };
	if (action_equal(action, fallback))
		action.data = ERRNO_EPERM;
	return action;
}

static int add_call(struct writer *writer, int id)
{
	const char *name = syscall_id_name(id);
	enum oci_strict strict = strictness_of(writer, id);
	struct decision decision;
	bool said = false;
	uint64_t all;
	int r = decide_name(writer, id, &decision);

	if (r < 0 || !decision.any)
		return r;
	if (strict >= OCI_STRICT_SAID)
		return add_name(writer, name, beside_default(writer, strict));
	all = abi_of(decision.abi)->width == 32 ? UINT32_MAX : UINT64_MAX;
	if (decision.covered && strict < OCI_STRICT_YES)
		r = add_covered(writer, id, strict, &said);
	else if (!decision.constant && strict == OCI_STRICT_NO)
		said = add_clauses(writer, name, decision.span, all);
	if (r < 0 || said || action_equal(decision.action, writer->filter->fallback->action))
		return r;
	return add_name(writer, name, decision.action);
}

/* ------------------------------------------------------------------ numbers beyond the profile */

/* The first number of an ABI that is beyond the profile; false: there is none. */
static bool tail_of(const struct callgate_filter *filter, enum callgate_abi abi, uint32_t *first)
{
	const struct filter_arch *arch = filter_arch_of(filter, abi_of(abi)->audit);
	uint32_t top = abi == CALLGATE_ABI_X86_64 ? X32_FIRST - 1 : UINT32_MAX;
	size_t at = arch ? span_at(arch, top) : 0;

	if (!arch || !arch->spans[at].node->leaf || arch->spans[at].node->origin.why != CALLGATE_BY_ENOSYS)
		return false;
	while (at && arch->spans[at - 1].node->leaf && arch->spans[at - 1].node->origin.why == CALLGATE_BY_ENOSYS)
		at--;
	*first = arch->spans[at].first;
	return true;
}

bool oci_has_tail(const struct callgate_filter *filter)
{
	uint32_t first;

	for (unsigned i = 0; i < filter->abi_count; i++)
		if (tail_of(filter, filter->abis[i], &first))
			return true;
	return false;
}

/*
 * The profile may have named a call last that gets the default: it is named again, because the tail begins behind it.
 */
static int bound_tails(struct writer *writer)
{
	const struct callgate_filter *filter = writer->filter;
	int named[CALLGATE_ABI_COUNT], r = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < writer->abi_count && r == 0; i++) {
		struct decision decision;
		uint32_t first;
		int id;

		if (!tail_of(filter, writer->abis[i], &first) || !first)
			continue;
		id = syscall_by_nr(writer->abis[i], first - 1);
		for (unsigned j = 0; j < count; j++)
			id = named[j] == id ? SYSCALL_NONE : id;
		if (id == SYSCALL_NONE)
			continue;
		named[count++] = id;
		r = decide_name(writer, id, &decision);
		if (r == 0 && decision.constant && action_equal(decision.action, filter->fallback->action))
			r = add_name(writer, syscall_id_name(id), filter->fallback->action);
	}
	return r;
}

/* ------------------------------------------------------------------ the whole */

static void add_head(const struct writer *writer, const struct oci_wish *wish, struct text *out)
{
	const struct callgate_filter *filter = writer->filter;
	const struct callgate_policy *policy = wish->policy;
	uint32_t flags = (filter->flags & wish->flags) | wish->added;
	const char *comma = "";

	text_add(out, "{\n\t");
	add_verdict(out, "defaultAction", "defaultErrnoRet", filter->fallback->action);
	text_add(out, ",\n\t\"architectures\": [");
	for (unsigned i = 0; i < writer->abi_count; i++)
		text_add(out, "%s\"%s\"", i ? ", " : "", abi_of(writer->abis[i])->oci);
	text_add(out, "]");
	if (flags || (filter->has_flags && wish->flags == UINT32_MAX)) {
		text_add(out, ",\n\t\"flags\": [");
		for (uint32_t bit = 1; bit; bit <<= 1) {
			if (!(flags & bit) || !flag_oci(bit))
				continue;
			text_add(out, "%s\"%s\"", comma, flag_oci(bit));
			comma = ", ";
		}
		text_add(out, "]");
	}
	if (policy && policy->listener_path.size) {
		text_add(out, ",\n\t\"listenerPath\": ");
		text_add_json_bytes(out, policy->listener_path.at, policy->listener_path.size);
		if (policy->listener_metadata.size) {
			text_add(out, ",\n\t\"listenerMetadata\": ");
			text_add_json_bytes(out, policy->listener_metadata.at, policy->listener_metadata.size);
		}
	}
}

static void add_rules(struct writer *writer, struct text *out)
{
	const char *comma = "";

	text_add(out, ",\n\t\"syscalls\": [\n");
	for (unsigned i = 0; i < writer->group_count; i++) {
		struct group *group = &writer->groups[i];

		text_add(out, "%s\t\t{ \"names\": [", comma);
		text_add_bytes(out, group->names.bytes, group->names.size);
		text_add(out, "],\n\t\t  ");
		add_verdict(out, "action", "errnoRet", group->action);
		text_add(out, " }");
		comma = ",\n";
	}
	if (writer->rules.size) {
		text_add(out, "%s", comma);
		text_add_bytes(out, writer->rules.bytes, writer->rules.size);
	}
	text_add(out, "\n\t]\n}\n");
}

/* Whether every number of the ABI gets what an ABI gets that is not listed. */
static bool is_closed(const struct callgate_filter *filter, enum callgate_abi abi)
{
	const struct filter_arch *arch = filter_arch_of(filter, abi_of(abi)->audit);

	for (size_t i = 0; arch && i < arch->span_count; i++) {
		const struct node *node = arch->spans[i].node;

		if (arch->spans[i].first == UINT32_MAX && abi == CALLGATE_ABI_X32) /* x86_64's: a skipped call */
			continue;
		if (span_last(arch, i) >= abi_of(abi)->first_nr &&
		    (!node->leaf || node->opaque || node->action.kind != CALLGATE_KILL_THREAD))
			return false;
	}
	return true;
}

static void choose_abis(struct writer *writer)
{
	const struct callgate_filter *filter = writer->filter;

	for (unsigned i = 0; i < filter->abi_count; i++)
		if (i == 0 || !is_closed(filter, filter->abis[i]))
			writer->abis[writer->abi_count++] = filter->abis[i];
}

int oci_write(const struct callgate_filter *filter, const struct oci_wish *wish, struct text *out,
	      struct callgate_err *err)
{
	struct writer writer = { .filter = filter, .strict = wish->strict, .err = err };
	int r;

	if (!filter->fallback || !filter->abi_count)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "a program has no default action to write as a profile");
	choose_abis(&writer);
	r = meaning_new(&writer.meaning, err);
	for (int id = 0; id < syscall_count() && r == 0; id++) {
		r = add_call(&writer, id);
		if (r == 0 && writer.rules.size > RULES_SIZE)
			r = err_set(err, CALLGATE_E_LIMIT, "too complex: the rules would be more than %d MiB of text",
				    RULES_SIZE >> 20);
	}
	if (r == 0)
		r = bound_tails(&writer);
	if (r == 0) {
		add_head(&writer, wish, out);
		add_rules(&writer, out);
		if (writer.rules.failed || out->failed)
			r = err_nomem(err);
	}
	for (unsigned i = 0; i < writer.group_count; i++) {
		if (writer.groups[i].names.failed && r == 0)
			r = err_nomem(err);
		text_release(&writer.groups[i].names);
	}
	text_release(&writer.rules);
	meaning_free(writer.meaning);
	return r;
}
