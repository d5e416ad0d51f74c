/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Losses: where what LXC makes of its text differs from the filter, found by comparing the two exactly, grouped for
 * people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "filter/actions.h"
#include "filter/zip.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"
#include "write/lxc.h"

enum { LOSS_LIMIT = 256, FLAG_TSYNC = 1 /* SECCOMP_FILTER_FLAG_TSYNC */ };

/* A loss under construction. */
struct group {
	enum callgate_abi abi;
	char profile[160], text[160];
	const char *why;
	struct text calls;
};

struct collector {
	const struct callgate_filter *filter;
	const struct callgate_target *target;
	const struct callgate_text *text;
	struct meaning *meaning;
	struct group *groups;
	size_t count;
	struct callgate_err *err;
};

static int format_set(const struct collector *collector, const struct callgate_filter *filter, const struct node *node,
		      char *buf, size_t size)
{
	struct action_set set;
	size_t used = 0;

	if (action_set_of(filter, node, &set) < 0)
		return err_nomem(collector->err);
	buf[0] = '\0';
	for (unsigned i = 0; i < set.count && used < size; i++) {
		if (i)
			used += (size_t)snprintf(buf + used, size - used, " or ");
		if (used < size)
			used += (size_t)callgate_action_format(set.actions[i], buf + used, size - used);
	}
	return 0;
}

/* What is the matter with one call. */
static const char *reason(const struct collector *collector, enum callgate_abi abi, uint32_t nr,
			  const struct node *node)
{
	int id = syscall_by_nr(abi, nr);
	struct action_set set;

	if (id < 0)
		return "LXC's text reaches no number without a name, those get its default";
	if (!syscall_in_release(id, collector->target->libseccomp))
		return "the installed libseccomp does not know the name";
	if (lxc_passes_over(id, abi))
		return "libseccomp tells LXC no number for it on this ABI, as it is a member of a multiplexer";
	if (action_set_of(collector->filter, node, &set) < 0 || set.more || set.count != 1)
		return "not expressible in LXC's text: these conditions, or an action other than its default, on all "
		       "ABIs";
	switch (set.actions[0].kind) {
	case CALLGATE_KILL_PROCESS:
	case CALLGATE_NOTIFY:
	case CALLGATE_TRACE:
	case CALLGATE_LOG:
		return "LXC's text has no word for the action";
	case CALLGATE_TRAP:
		return "LXC's text has no number for TRAP";
	default:
		break;
	}
	if (set.actions[0].kind == CALLGATE_ERRNO && set.actions[0].data > LXC_ERRNO_MAX)
		return "libseccomp does not take this errno from LXC";
	return collector->text->bound == CALLGATE_LXC_NEVER_LOOSER
		       ? "LXC gives one rule to all ABIs, and another one is stricter"
		       : "LXC gives one rule to all ABIs, and another one is looser";
}

static struct group *group_of(struct collector *collector, const struct group *like)
{
	struct group *grown;

	for (size_t i = 0; i < collector->count; i++) {
		struct group *at = &collector->groups[i];

		if (at->abi == like->abi && at->why == like->why && strcmp(at->profile, like->profile) == 0 &&
		    strcmp(at->text, like->text) == 0)
			return at;
	}
	if (collector->count == LOSS_LIMIT)
		return &collector->groups[LOSS_LIMIT - 1];
	grown = realloc(collector->groups, (collector->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	collector->groups = grown;
	grown[collector->count] = *like;
	return &grown[collector->count++];
}

static void group_add(struct group *group, uint32_t first, uint32_t last)
{
	const char *name = first == last ? callgate_syscall_name(group->abi, first) : NULL;
	const char *comma = group->calls.size ? ", " : "";

	if (name)
		text_add(&group->calls, "%s%s", comma, name);
	else if (first == last)
		text_add(&group->calls, "%s%u", comma, first);
	else
		text_add(&group->calls, "%s%u-%u", comma, first, last);
}

/* A range of numbers whose two decisions differ. Known calls are named one by one, gaps stay ranges. */
static int add_range(struct collector *collector, enum callgate_abi abi, const struct zip *range)
{
	uint32_t last = range->last;
	struct group like = { .abi = abi };
	int r;

	r = format_set(collector, collector->filter, range->a, like.profile, sizeof(like.profile));
	if (r == 0)
		r = format_set(collector, collector->text->filter, range->b, like.text, sizeof(like.text));
	for (uint64_t at = range->first; at <= last && r == 0;) {
		uint64_t end = at;
		struct group *group;

		if (syscall_by_nr(abi, (uint32_t)at) < 0) {
			/* Behind the highest known number there is only one gap. */
			while (end < last && end < syscall_max_nr(abi) && syscall_by_nr(abi, (uint32_t)end + 1) < 0)
				end++;
			if (end >= syscall_max_nr(abi))
				end = last;
		}
		like.why = reason(collector, abi, (uint32_t)at, range->a);
		group = group_of(collector, &like);
		if (!group)
			return err_nomem(collector->err);
		group_add(group, (uint32_t)at, (uint32_t)end);
		at = end + 1;
	}
	return r;
}

static int same(struct collector *collector, const struct node *theirs, const struct node *mine, bool *out)
{
	meaning_ref a, b;
	int r = meaning_of(collector->meaning, collector->filter, theirs, &a, collector->err);

	if (r == 0)
		r = meaning_of(collector->meaning, collector->text->filter, mine, &b, collector->err);
	if (r == 0)
		*out = a == b;
	return r;
}

static int compare_abi(struct collector *collector, enum callgate_abi abi)
{
	struct zip step = zip_start(collector->filter, collector->text->filter, abi_of(abi)->audit);
	uint32_t first, last;
	int r = 0;

	lxc_range(abi, &first, &last);
	while (r == 0 && zip_next(&step)) {
		struct zip range = step;
		bool equal;

		if (step.last < first || step.first > last)
			continue;
		range.first = step.first > first ? step.first : first;
		range.last = step.last < last ? step.last : last;
		r = same(collector, step.a, step.b, &equal);
		if (r == 0 && !equal)
			r = add_range(collector, abi, &range);
	}
	return r;
}

/* LXC loads without flags. TSYNC would change nothing there: the process has one thread. */
static int add_flags(struct collector *collector)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t flag = 1u << bit;
		struct group like = { .abi = collector->text->filter->abis[0],
				      .text = "no flag",
				      .why = "LXC loads its filter without flags" };
		struct group *group;

		if (!(collector->filter->flags & flag) || flag == FLAG_TSYNC)
			continue;
		snprintf(like.profile, sizeof(like.profile), "%s",
			 flag_oci(flag) ? flag_oci(flag) : "a flag without a name");
		group = group_of(collector, &like);
		if (!group)
			return err_nomem(collector->err);
		text_add(&group->calls, "all");
	}
	return 0;
}

static int keep_groups(const struct collector *collector, struct callgate_text *text)
{
	struct callgate_loss *losses = arena_array(&text->arena, collector->count + 1, sizeof(*losses));
	bool good = losses != NULL;

	for (size_t i = 0; i < collector->count && good; i++) {
		const struct group *group = &collector->groups[i];

		losses[i] = (struct callgate_loss){
			.abi = group->abi,
			.calls = group->calls.failed
					 ? NULL
					 : arena_strndup(&text->arena, group->calls.bytes, group->calls.size),
			.profile = arena_strndup(&text->arena, group->profile, strlen(group->profile)),
			.text = arena_strndup(&text->arena, group->text, strlen(group->text)),
			.why = group->why,
		};
		good = losses[i].calls && losses[i].profile && losses[i].text;
	}
	if (!good)
		return err_nomem(collector->err);
	text->losses = losses;
	text->loss_count = collector->count;
	return 0;
}

int lxc_losses(const struct callgate_filter *filter, const struct callgate_target *target, struct callgate_text *text,
	       struct callgate_err *err)
{
	struct collector collector = { .filter = filter, .target = target, .text = text, .err = err };
	int r = meaning_new(&collector.meaning, err);

	for (unsigned i = 0; i < text->filter->abi_count && r == 0; i++)
		r = compare_abi(&collector, text->filter->abis[i]);
	if (r == 0)
		r = add_flags(&collector);
	if (r == 0)
		r = keep_groups(&collector, text);
	meaning_free(collector.meaning);
	for (size_t i = 0; i < collector.count; i++)
		text_release(&collector.groups[i].calls);
	free(collector.groups);
	return r;
}
