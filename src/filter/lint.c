/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint of a filter: what a profile means on its target that its author may not have meant. Questions to the decisions,
 * so that it does not matter how the profile says it. */
#include "filter/lint.h"

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "policy/policy.h"

enum { KERNEL_OLDEST = 0x0206 };

/* ------------------------------------------------------------------ what the profile does not name */

static void check_newer(const struct lint *lint)
{
	const struct callgate_policy *policy = lint->policy;
	const char *newest = NULL;
	uint16_t kernel = 0;

	if (!lint_permits(policy->fallback.kind))
		return;
	for (unsigned i = 0; i < policy->rule_count; i++) {
		for (unsigned j = 0; j < policy->rules[i].name_count; j++) {
			int id = syscall_find(policy->rules[i].names[j].text);

			if (id == SYSCALL_NONE || syscall_first_kernel(id) <= kernel)
				continue;
			kernel = syscall_first_kernel(id);
			newest = syscall_id_name(id);
		}
	}
	if (kernel > KERNEL_OLDEST)
		note_at(lint->notes, CALLGATE_NOTE, NOTE_NEWER, &policy->source, policy->fallback.at.offset,
			"the default allows every call that is not named, also those newer than '%s' (Linux %u.%u)",
			newest, kernel >> 8, kernel & 0xff);
	else if (newest)
		note_at(lint->notes, CALLGATE_NOTE, NOTE_NEWER, &policy->source, policy->fallback.at.offset,
			"the default allows every call that is not named, also those that newer kernels add");
}

static bool lists_abi(const struct callgate_policy *policy, enum callgate_abi abi)
{
	for (unsigned i = 0; i < policy->abi_count; i++)
		if (policy->abis[i] == abi)
			return true;
	return false;
}

static void check_listed(const struct lint *lint)
{
	const struct callgate_policy *policy = lint->policy;
	size_t at = policy->abi_words[0].at.offset;
	struct names foreign = { .count = 0 };
	enum callgate_abi family[3];
	unsigned count = abi_family(lint->host, family);
	char text[NAMES_TEXT];

	for (unsigned i = 0; i < policy->abi_count; i++) {
		bool own = policy->abis[i] == lint->host;

		for (unsigned j = 0; j < count; j++)
			own |= family[j] == policy->abis[i];
		if (!own)
			names_add(&foreign, abi_of(policy->abis[i])->oci);
	}
	if (!lists_abi(policy, lint->host))
		note_at(lint->notes, CALLGATE_NOTE, NOTE_NATIVE, &policy->source, at,
			"the native ABI %s is not listed; runtimes add it", abi_of(lint->host)->name);
	if (foreign.count)
		note_at(lint->notes, CALLGATE_NOTE, NOTE_ABI, &policy->source, at,
			"listed without effect here: %s; on %s no program makes calls of another architecture",
			names_text(&foreign, text), abi_of(lint->host)->name);
	/* x32 is left out on purpose. */
	for (unsigned i = 0; i < count; i++)
		if (family[i] != lint->host && family[i] != CALLGATE_ABI_X32 && !lists_abi(policy, family[i]))
			note_at(lint->notes, CALLGATE_NOTE, NOTE_ABI, &policy->source, at,
				"'%s' is not listed: the kernel kills programs that make calls of that ABI",
				abi_of(family[i])->oci);
}

/* LXC adds a host's other ABIs whether the text names them or not. */
static void check_unnamed(const struct lint *lint, enum callgate_abi abi)
{
	const struct callgate_policy *policy = lint->policy;

	if (policy->dialect != DIALECT_LXC || abi == lint->host || !lint_permits(policy->fallback.kind))
		return;
	for (unsigned i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].section == abi)
			return;
	note_at(lint->notes, CALLGATE_NOTE, NOTE_ABI, &policy->source, policy->fallback.at.offset,
		"calls of %s are allowed too: LXC adds this ABI and the default to every filter on %s",
		abi_of(abi)->name, abi_of(lint->host)->name);
}

int callgate_filter_lint(const struct callgate_policy *policy, const struct callgate_filter *filter,
			 const struct callgate_target *target, struct callgate_notes *notes, struct callgate_err *err)
{
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	struct lint lint = { policy, filter, notes, CALLGATE_ABI_NONE };
	unsigned count;

	REQUIRE(err, policy && filter && target);
	lint.host = target->host;
	count = callgate_filter_abis(filter, abis);
	lint_around(&lint);
	lint_needs(&lint);
	for (unsigned i = 0; i < count; i++) {
		lint_multiplexers(&lint, abis[i]);
		if (abi_of(abis[i])->width == 32 && abis[i] != CALLGATE_ABI_X32)
			lint_time64(&lint, abis[i]);
		check_unnamed(&lint, abis[i]);
	}
	check_newer(&lint);
	if (policy->abi_count)
		check_listed(&lint);
	return 0;
}
