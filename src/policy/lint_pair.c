/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint: rules for the same call. One hash table over (name, conditions, guards) keeps this linear in the profile. */
#include <stdio.h>
#include <string.h>

#include "names/abi.h"
#include "names/words.h"
#include "policy/lint.h"

enum clash { NO_CLASH, TWICE, DUPLICATE, CONFLICT, BEATEN, BEATEN_SAME };

/* The first rule about a name under the same conditions and guards, in the same LXC family. */
struct entry {
	uint64_t key;
	const struct word *name;
	const struct rule *rule; /* NULL: free */
};

struct pairs {
	struct lint *lint;
	struct entry *entries;
	size_t mask;
	unsigned families; /* bit per LXC family met; bit 0: [all] */
};

/* Findings about one rule and one earlier rule are reported once, however many names they share. */
struct finding {
	enum clash clash;
	const struct rule *rule, *earlier;
	const struct word *name, *earlier_name;
	unsigned names;
};

/* ------------------------------------------------------------------ hashing */

static bool guard_asks(const struct guard *guard)
{
	return guard->cap_count || guard->arch_count || (guard->said & SAID_MIN_KERNEL);
}

static bool lint_guarded(const struct rule *rule)
{
	return guard_asks(&rule->includes) || guard_asks(&rule->excludes);
}

/* The action with its errno; where word and number disagree the word counts, as policy/specialise.c has it. */
struct callgate_action lint_action(const struct verdict *verdict)
{
	struct callgate_action action = { .kind = verdict->kind };

	if (verdict->kind == CALLGATE_ERRNO || verdict->kind == CALLGATE_TRACE)
		action.data = verdict->said & SAID_ERRNO_WORD  ? verdict->errno_word
			      : verdict->said & SAID_ERRNO_RET ? verdict->errno_ret
							       : ERRNO_EPERM;
	return action;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static uint64_t mix_bytes(uint64_t hash, struct slice text)
{
	hash = mix(hash, text.size);
	for (; text.size >= 8; text.at += 8, text.size -= 8) {
		uint64_t chunk;

		memcpy(&chunk, text.at, 8);
		hash = mix(hash, chunk);
	}
	if (text.size) {
		uint64_t chunk = 0;

		for (size_t i = 0; i < text.size; i++)
			chunk = chunk << 8 | (unsigned char)text.at[i];
		hash = mix(hash, chunk);
	}
	return hash;
}

static uint64_t mix_guard(uint64_t hash, const struct guard *guard)
{
	for (unsigned i = 0; i < guard->cap_count; i++)
		hash = mix_bytes(hash, guard->caps[i].text);
	hash = mix(hash, guard->cap_count);
	for (unsigned i = 0; i < guard->arch_count; i++)
		hash = mix_bytes(hash, guard->arches[i].text);
	hash = mix(hash, guard->arch_count);
	return guard->said & SAID_MIN_KERNEL ? mix(hash, guard->min_major * 256u + guard->min_minor + 1u) : hash;
}

/* 0 for a rule without conditions and guards. */
static uint64_t rule_hash(const struct rule *rule)
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < rule->condition_count; i++) {
		const struct condition *condition = &rule->conditions[i];

		hash = mix(hash + 1, condition->index * 8u + (unsigned)condition->op);
		hash = mix(mix(hash, condition->value), condition->value_two);
	}
	return lint_guarded(rule) ? mix_guard(mix_guard(hash + 1, &rule->includes), &rule->excludes) : hash;
}

static bool same_words(const struct word *a, unsigned a_count, const struct word *b, unsigned b_count)
{
	if (a_count != b_count)
		return false;
	for (unsigned i = 0; i < a_count; i++)
		if (a[i].text.size != b[i].text.size || memcmp(a[i].text.at, b[i].text.at, a[i].text.size) != 0)
			return false;
	return true;
}

static bool same_guard(const struct guard *a, const struct guard *b)
{
	return (a->said & SAID_MIN_KERNEL) == (b->said & SAID_MIN_KERNEL) && a->min_major == b->min_major &&
	       a->min_minor == b->min_minor && same_words(a->caps, a->cap_count, b->caps, b->cap_count) &&
	       same_words(a->arches, a->arch_count, b->arches, b->arch_count);
}

static bool same_terms(const struct rule *a, const struct rule *b)
{
	if (a->condition_count != b->condition_count)
		return false;
	for (unsigned i = 0; i < a->condition_count; i++) {
		const struct condition *x = &a->conditions[i], *y = &b->conditions[i];

		if (x->index != y->index || x->op != y->op || x->value != y->value || x->value_two != y->value_two)
			return false;
	}
	return same_guard(&a->includes, &b->includes) && same_guard(&a->excludes, &b->excludes);
}

/* LXC adds a section's rules to every ABI of the host, so sections of one family of hosts meet. 0: [all]. */
static unsigned family_of(const struct rule *rule)
{
	enum callgate_abi family[3];

	if (rule->has_only)
		return (unsigned)rule->only + 1;
	if (rule->section == CALLGATE_ABI_NONE)
		return 0;
	for (int host = 0; host < CALLGATE_ABI_COUNT; host++) {
		unsigned count = abi_family((enum callgate_abi)host, family);

		for (unsigned i = 0; count > 1 && i < count; i++)
			if (family[i] == rule->section)
				return (unsigned)host + 1;
	}
	return (unsigned)rule->section + 1;
}

/* The entry of this name under these terms, or the free one where it belongs. */
static struct entry *entry_of(const struct pairs *pairs, const struct word *name, const struct rule *terms,
			      uint64_t hash, unsigned family)
{
	uint64_t key = mix(mix_bytes(hash, name->text), family);

	for (size_t at = (key >> 7) & pairs->mask;; at = (at + 1) & pairs->mask) {
		struct entry *entry = &pairs->entries[at];

		if (!entry->rule) {
			entry->key = key;
			return entry;
		}
		if (entry->key == key && same_words(entry->name, 1, name, 1) && family_of(entry->rule) == family &&
		    (entry->rule == terms || same_terms(entry->rule, terms)))
			return entry;
	}
}

/* ------------------------------------------------------------------ saying */

/* Whose library settles it: of two rules without conditions the first counts. */
static enum reader_set settled(const struct rule *rule)
{
	return rule->condition_count ? 0 : READS_ANY;
}

/* " and 3 more" calls that the same two rules share. */
static void others_text(const struct finding *finding, char *buf, size_t size)
{
	buf[0] = '\0';
	if (finding->names > 1)
		snprintf(buf, size, " and %u more", finding->names - 1);
}

/* Engines write config.json after they have evaluated the conditions that kept such rules apart. */
static const char *conflict_advice(const struct lint *lint)
{
	if (lint->policy->dialect != DIALECT_OCI || !lint->policy->value_first)
		return "";
	return "; an engine's config.json is read with --as crun";
}

static void say(struct lint *lint, const struct finding *finding)
{
	struct slice name = finding->name->text;
	size_t at = finding->rule->at.offset, earlier = finding->earlier_name->at.offset;
	char others[32], here[32], there[32];
	int width = report_width(name);

	others_text(finding, others, sizeof(others));
	callgate_action_format(lint_action(&finding->rule->verdict), here, sizeof(here));
	callgate_action_format(lint_action(&finding->earlier->verdict), there, sizeof(there));
	switch (finding->clash) {
	case NO_CLASH:
		break;
	case TWICE:
		report_warning(lint->report, NOTE_DUPLICATE, finding->name->at.offset,
			       "duplicate name '%.*s' in one rule", width, name.at);
		break;
	case DUPLICATE:
		report_warning(lint->report, NOTE_DUPLICATE, at, "duplicate rule for '%.*s'%s", width, name.at, others);
		report_attach(lint->report, earlier, "first given here");
		break;
	case CONFLICT:
		report_unless(lint->report, settled(finding->rule), NOTE_CONFLICT, at,
			      "conflicting actions for '%.*s'%s: %s, after %s%s", width, name.at, others, here, there,
			      conflict_advice(lint));
		report_attach(lint->report, earlier, "%s given here", there);
		break;
	case BEATEN:
		report_warning(lint->report, NOTE_SHADOWED, at, "rule for '%.*s'%s has no effect", width, name.at,
			       others);
		report_attach(lint->report, earlier, "this rule without conditions decides: %s", there);
		break;
	case BEATEN_SAME:
		report_warning(lint->report, NOTE_SHADOWED, at, "redundant rule for '%.*s'%s", width, name.at, others);
		report_attach(lint->report, earlier, "this rule without conditions has the same action: %s", there);
		break;
	}
}

static void note(struct lint *lint, struct finding *open, struct finding next)
{
	if (open->clash == next.clash && open->rule == next.rule && open->earlier == next.earlier &&
	    next.clash != TWICE) {
		open->names++;
		return;
	}
	if (open->clash != NO_CLASH)
		say(lint, open);
	*open = next;
}

/* ------------------------------------------------------------------ finding */

static enum clash clash_of(const struct lint *lint, const struct rule *earlier, const struct rule *rule)
{
	if (earlier == rule)
		return TWICE;
	if (action_equal(lint_action(&earlier->verdict), lint_action(&rule->verdict)))
		return DUPLICATE;
	/* libseccomp takes the first of two rules with the same conditions for a conflict with the second; LXC then
	 * gives up. */
	if (lint->policy->dialect == DIALECT_LXC)
		return CONFLICT;
	/* Guarded or conditional rules meet only on some targets or calls: filter/resolve.c answers there. */
	return rule->condition_count || lint_guarded(rule) ? NO_CLASH : CONFLICT;
}

static void check_name(struct pairs *pairs, const struct rule *rule, const struct word *name, uint64_t hash,
		       struct finding *open)
{
	unsigned mine = family_of(rule), left = pairs->families;
	struct entry *entry;

	/* Rules of one family meet those of their own and of [all]; a rule of [all] meets every one. */
	if (mine)
		left &= 1u | 1u << mine;
	for (; left; left &= left - 1) {
		unsigned family = (unsigned)__builtin_ctz(left);
		enum clash clash;

		entry = entry_of(pairs, name, rule, hash, family);
		clash = entry->rule ? clash_of(pairs->lint, entry->rule, rule) : NO_CLASH;
		if (clash != NO_CLASH)
			note(pairs->lint, open, (struct finding){ clash, rule, entry->rule, name, entry->name, 1 });
	}
	entry = entry_of(pairs, name, rule, hash, mine);
	if (!entry->rule) {
		entry->rule = rule;
		entry->name = name;
	}
}

/* A rule with conditions for a call that another rule decides without any. */
static void check_beaten(struct pairs *pairs, const struct rule *rule, struct finding *open)
{
	static const struct rule plain = { .section = CALLGATE_ABI_NONE };

	for (unsigned i = 0; i < rule->name_count; i++) {
		const struct entry *entry = entry_of(pairs, &rule->names[i], &plain, 0, family_of(rule));

		if (!entry->rule)
			continue;
		note(pairs->lint, open,
		     (struct finding){ action_equal(lint_action(&rule->verdict), lint_action(&entry->rule->verdict))
					       ? BEATEN_SAME
					       : BEATEN,
				       rule, entry->rule, &rule->names[i], entry->name, 1 });
	}
}

static bool make_table(struct pairs *pairs)
{
	const struct callgate_policy *policy = pairs->lint->policy;
	size_t names = 0, size = 64;

	for (unsigned i = 0; i < policy->rule_count; i++)
		names += policy->rules[i].name_count;
	while (size < names * 2)
		size *= 2;
	pairs->mask = size - 1;
	pairs->entries = arena_array(pairs->lint->scratch, size, sizeof(*pairs->entries));
	return pairs->entries != NULL;
}

bool lint_pairs(struct lint *lint)
{
	const struct callgate_policy *policy = lint->policy;
	struct pairs pairs = { .lint = lint };
	struct finding open = { .clash = NO_CLASH };

	if (!make_table(&pairs))
		return false;
	for (unsigned i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		uint64_t hash = rule_hash(rule);

		pairs.families |= 1u << family_of(rule);
		for (unsigned j = 0; j < rule->name_count; j++)
			check_name(&pairs, rule, &rule->names[j], hash, &open);
	}
	for (unsigned i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].condition_count)
			check_beaten(&pairs, &policy->rules[i], &open);
	note(lint, &open, (struct finding){ .clash = NO_CLASH });
	return true;
}
