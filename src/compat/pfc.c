/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pfc: a context as pseudo code, for people and for tools that read libseccomp's. */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compat/context.h"

enum { PRIORITY_MOST = 0xffff, PER_GROUP = 4 };

struct pfc {
	FILE *out;
	const struct rules *rules;
};

static void indent(const struct pfc *pfc, unsigned depth)
{
	fprintf(pfc->out, "%*s", (int)depth * 2, "");
}

static void write_action(const struct pfc *pfc, unsigned depth, uint32_t action)
{
	unsigned data = action & SECCOMP_RET_DATA;

	indent(pfc, depth);
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
		fputs("action KILL_PROCESS;\n", pfc->out);
		break;
	case SECCOMP_RET_KILL_THREAD:
		fputs("action KILL;\n", pfc->out);
		break;
	case SECCOMP_RET_TRAP:
		fputs("action TRAP;\n", pfc->out);
		break;
	case SECCOMP_RET_ERRNO:
		fprintf(pfc->out, "action ERRNO(%u);\n", data);
		break;
	case SECCOMP_RET_TRACE:
		fprintf(pfc->out, "action TRACE(%u);\n", data);
		break;
	case SECCOMP_RET_LOG:
		fputs("action LOG;\n", pfc->out);
		break;
	case SECCOMP_RET_ALLOW:
		fputs("action ALLOW;\n", pfc->out);
		break;
	default:
		fprintf(pfc->out, "action 0x%x;\n", action);
	}
}

static void write_test(const struct pfc *pfc, unsigned depth, const struct node *node)
{
	const char *word = !pfc->rules->arch->wide ? "" : node->high ? ".hi32" : ".lo32";

	indent(pfc, depth);
	fprintf(pfc->out, "if ($a%u%s ", node->arg, word);
	if (node->op == SCMP_CMP_MASKED_EQ)
		fprintf(pfc->out, "& 0x%.8x ", node->mask);
	fprintf(pfc->out, "%s %u)\n",
		node->op == SCMP_CMP_GE   ? ">="
		: node->op == SCMP_CMP_GT ? ">"
					  : "==",
		node->datum);
}

static void write_level(const struct pfc *pfc, unsigned depth, int level);

static void write_outcome(const struct pfc *pfc, unsigned depth, const struct node *node, int outcome)
{
	if (node->rule[outcome] == RULE_NONE && node->below[outcome] == NODE_NONE)
		return;
	if (!outcome) {
		indent(pfc, depth);
		fputs("else\n", pfc->out);
	}
	if (node->rule[outcome] != RULE_NONE)
		write_action(pfc, depth + 1, node->action[outcome]);
	else
		write_level(pfc, depth + 1, node->below[outcome]);
}

static void write_level(const struct pfc *pfc, unsigned depth, int level)
{
	for (int at = level; at != NODE_NONE; at = pfc->rules->tree.nodes[at].next) {
		const struct node *node = &pfc->rules->tree.nodes[at];

		write_test(pfc, depth, node);
		write_outcome(pfc, depth, node, 1);
		write_outcome(pfc, depth, node, 0);
	}
}

static unsigned priority_of(const struct call *call)
{
	return (unsigned)call->priority << 16 | (PRIORITY_MOST - call->weight);
}

static void write_call(const struct pfc *pfc, unsigned depth, const struct call *call)
{
	const char *name = arch_call(pfc->rules->arch, call->nr);

	indent(pfc, depth);
	fprintf(pfc->out, "# filter for syscall \"%s\" (%u) [priority: %u]\n", name ? name : "UNKNOWN",
		(unsigned)call->nr, priority_of(call));
	indent(pfc, depth);
	fprintf(pfc->out, "if ($syscall == %u)\n", (unsigned)call->nr);
	if (call->plain != RULE_NONE)
		write_action(pfc, depth + 1, call->action);
	else
		write_level(pfc, depth + 1, call->root);
}

/* ------------------------------------------------------------------ calls in order */

static int by_number(const void *a, const void *b)
{
	unsigned x = (unsigned)(*(const struct call *const *)a)->nr, y = (unsigned)(*(const struct call *const *)b)->nr;

	return x < y ? 1 : x > y ? -1 : 0;
}

static int by_priority(const void *a, const void *b)
{
	unsigned x = priority_of(*(const struct call *const *)a), y = priority_of(*(const struct call *const *)b);

	return x < y ? 1 : x > y ? -1 : by_number(a, b);
}

/* How often groups of calls are halved. */
static unsigned tree_levels(unsigned count)
{
	unsigned levels = 0;

	while (count && (levels == 0 || (unsigned)PER_GROUP << (levels - 1) < count))
		levels++;
	return levels;
}

/* The questions before call at: where a part begins, which half; where its second half begins, the other answer. */
static unsigned write_questions(const struct pfc *pfc, struct call *const *calls, unsigned count, unsigned at,
				unsigned depth)
{
	for (unsigned i = tree_levels(count); i-- > 1;) {
		unsigned part = (unsigned)PER_GROUP << i, half = part / 2;

		if (at % part == 0) {
			if (at + half >= count)
				continue;
			indent(pfc, depth++);
			fprintf(pfc->out, "if ($syscall > %u)\n", (unsigned)calls[at + half]->nr);
		} else if (at % half == 0) {
			indent(pfc, depth - 1);
			fprintf(pfc->out, "else # ($syscall <= %u)\n", (unsigned)calls[at]->nr);
		}
	}
	return depth;
}

static void write_tree(const struct pfc *pfc, struct call *const *calls, unsigned count)
{
	unsigned depth = 1;

	for (unsigned at = 0; at < count; at++) {
		depth = write_questions(pfc, calls, count, at, depth);
		write_call(pfc, depth, calls[at]);
		for (unsigned i = 0; i < tree_levels(count) && depth > 1; i++)
			depth -= (at + 1) % ((unsigned)PER_GROUP * 2 << i) == 0;
	}
}

static int write_arch(const struct pfc *pfc, const struct attributes *attributes)
{
	const struct rules *rules = pfc->rules;
	struct call **calls = malloc((rules->call_count + 1) * sizeof(struct call *));
	unsigned count = 0;

	if (!calls)
		return -ENOMEM;
	for (unsigned i = 0; i < rules->call_count; i++)
		if (rules->calls[i].valid)
			calls[count++] = &rules->calls[i];
	qsort(calls, count, sizeof(struct call *), attributes->optimize == 2 ? by_number : by_priority);
	fprintf(pfc->out, "# filter for arch %s (%u)\nif ($arch == %u)\n", rules->arch->name, arch_audit(rules->arch),
		arch_audit(rules->arch));
	if (attributes->optimize == 2)
		write_tree(pfc, calls, count);
	for (unsigned i = 0; attributes->optimize != 2 && i < count; i++)
		write_call(pfc, 1, calls[i]);
	fputs("  # default action\n", pfc->out);
	write_action(pfc, 1, attributes->act_default);
	free(calls);
	return 0;
}

int pfc_write(const struct context *context, int fd)
{
	int copy = dup(fd), r = 0;
	struct pfc pfc = { .out = copy < 0 ? NULL : fdopen(copy, "a") };

	if (!pfc.out) {
		r = -errno;
		if (copy >= 0)
			close(copy);
		return r;
	}
	fputs("#\n# pseudo filter code start\n#\n", pfc.out);
	for (unsigned i = 0; i < context->filter_count && r == 0; i++) {
		pfc.rules = context->filters[i];
		r = write_arch(&pfc, &context->attributes);
	}
	fputs("# invalid architecture action\n", pfc.out);
	write_action(&pfc, 0, context->attributes.act_badarch);
	fputs("#\n# pseudo filter code end\n#\n", pfc.out);
	if (fclose(pfc.out) != 0 && r == 0)
		r = -errno;
	return r;
}
