/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pfc: a filter as pseudo filter code, as libseccomp's users know it: per architecture and number, the first action
 * that applies. */
#include <stdlib.h>

#include "base/text.h"
#include "bpf/text.h"
#include "filter/filter.h"
#include "names/abi.h"

static void add_action(struct text *text, unsigned indent, const struct node *leaf)
{
	char action[48];

	callgate_action_format(leaf->action, action, sizeof(action));
	if (leaf->opaque)
		text_add(text, "%*s# instruction %u is not expressible as a profile\n", indent, "", leaf->origin.line);
	else
		text_add(text, "%*saction %s;\n", indent, "", action);
}

/* "a0 == 0x1, a1 > 0x2" becomes "$a0 == 0x1 and $a1 > 0x2". */
static void add_conditions(struct text *text, const char *conditions)
{
	for (const char *at = conditions; *at; at++) {
		if (at[0] == 'a' && (at == conditions || at[-1] == ' '))
			text_add(text, "$");
		if (*at == ',')
			text_add(text, " and");
		else
			text_add_bytes(text, at, 1);
	}
}

/* What happens to one number (or, on an architecture that the filter has no map for, to all). */
static void add_outcomes(struct text *text, const struct callgate_filter *filter, enum callgate_abi abi, uint32_t nr,
			 unsigned indent)
{
	struct callgate_pattern pattern = { .abi = abi, .nr = nr };
	struct callgate_outcome *outcomes;
	size_t count = 0;

	if (callgate_filter_outcomes(filter, &pattern, NULL, 0, &count)) {
		text_add(text, "%*s# depends on arguments in more ways than can be listed\n", indent, "");
		return;
	}
	outcomes = calloc(count ? count : 1, sizeof(*outcomes));
	if (!outcomes || callgate_filter_outcomes(filter, &pattern, outcomes, count, &count))
		text->failed = true;
	for (size_t i = 0; i < count && !text->failed; i++) {
		struct node leaf = { .leaf = true, .opaque = outcomes[i].opaque, .action = outcomes[i].action };

		leaf.origin = outcomes[i].origin;
		if (outcomes[i].conditions[0]) {
			text_add(text, "%*sif (", indent, "");
			add_conditions(text, outcomes[i].conditions);
			text_add(text, ")\n");
			add_action(text, indent + 2, &leaf);
		} else {
			add_action(text, indent, &leaf);
		}
	}
	free(outcomes);
}

static void add_span(struct text *text, const struct callgate_filter *filter, const struct filter_arch *arch, size_t i)
{
	uint32_t first = arch->spans[i].first, last = span_last(arch, i);
	enum callgate_abi abi = abi_by_audit(arch->audit, first);
	const char *from = callgate_syscall_name(abi, first), *to = callgate_syscall_name(abi, last);

	if (from && first == last)
		text_add(text, "  # %s\n", from);
	else if (from || to)
		text_add(text, "  # %s .. %s\n", from ? from : "?", to ? to : "?");
	if (first == last)
		text_add(text, "  if ($syscall == %u)\n", first);
	else
		text_add(text, "  if ($syscall >= %u and $syscall <= %u)\n", first, last);
	if (arch->spans[i].node->leaf)
		add_action(text, 4, arch->spans[i].node);
	else if (abi != CALLGATE_ABI_NONE)
		add_outcomes(text, filter, abi, first, 4);
	else
		text_add(text, "    # depends on arguments\n");
}

/* Any ABI that the filter has no map for represents all of them. */
static enum callgate_abi foreign_abi(const struct callgate_filter *filter)
{
	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++)
		if (!filter_arch_of(filter, abi_of((enum callgate_abi)abi)->audit))
			return (enum callgate_abi)abi;
	return CALLGATE_ABI_NONE;
}

int filter_write_pfc(const struct callgate_filter *filter, char **out, size_t *size, struct callgate_err *err)
{
	enum callgate_abi foreign = foreign_abi(filter);
	struct text text = { 0 };

	text_add(&text, "#\n# pseudo filter code: the first action whose conditions hold\n#\n");
	for (size_t i = 0; i < filter->arch_count; i++) {
		const struct filter_arch *arch = &filter->arches[i];
		enum callgate_abi abi = abi_by_audit(arch->audit, 0);

		text_add(&text, "# %s\n",
			 abi == CALLGATE_ABI_NONE ? "an architecture without a name" : abi_of(abi)->name);
		text_add(&text, "if ($arch == 0x%x)\n", arch->audit);
		for (size_t j = 0; j < arch->span_count; j++)
			add_span(&text, filter, arch, j);
	}
	text_add(&text, "# any other architecture\n");
	if (filter->other_arch->leaf)
		add_action(&text, 0, filter->other_arch);
	else if (foreign != CALLGATE_ABI_NONE)
		add_outcomes(&text, filter, foreign, 0, 0);
	return text_take(&text, out, size, err);
}
