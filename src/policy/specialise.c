/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Specialise: answers a policy's guards for one target, applies errno defaults and chooses the ABIs, as a reader sees
 * them. */

#include "base/err.h"
#include "names/abi.h"
#include "names/words.h"
#include "policy/policy.h"
#include "policy/traits.h"

static struct callgate_action verdict_action(const struct verdict *verdict, const struct reader_traits *reads)
{
	struct callgate_action action = { .kind = verdict->kind };

	/* TRACE carries the same number as its message (runtime-spec, config-linux.md, "seccomp"). */
	if (verdict->kind != CALLGATE_ERRNO && verdict->kind != CALLGATE_TRACE)
		return action;
	action.data = ERRNO_EPERM;
	if (reads->no_errno)
		return action;
	if (verdict->said & SAID_ERRNO_RET)
		action.data = verdict->errno_ret;
	if ((verdict->said & SAID_ERRNO_WORD) && reads->errno_words)
		action.data = verdict->errno_word;
	return action;
}

/* ------------------------------------------------------------------ guards */

static bool kernel_reached(const struct guard *guard, const struct callgate_target *target)
{
	if (target->kernel_major != guard->min_major)
		return target->kernel_major > guard->min_major;
	return target->kernel_minor >= guard->min_minor;
}

static bool holds_cap(const struct callgate_target *target, const struct word *word)
{
	unsigned cap;

	return cap_by_name(word->text, &cap) && (target->caps >> cap & 1);
}

/* Docker has a word of its own for one host. */
static bool names_host(const struct callgate_target *target, const struct reader_traits *reads, const struct word *word)
{
	if (reads->arch_map == ARCH_MAP_DOCKER && target->host == CALLGATE_ABI_MIPSEL64N32)
		return slice_is(word->text, "mips3l64n32");
	return abi_by_docker(word->text) == target->host;
}

/* Everything that the rule asks for is there. */
static bool included(const struct guard *guard, const struct callgate_target *target, const struct reader_traits *reads)
{
	bool host = guard->arch_count == 0;

	for (unsigned i = 0; i < guard->cap_count; i++)
		if (!holds_cap(target, &guard->caps[i]))
			return false;
	for (unsigned i = 0; i < guard->arch_count; i++)
		host |= names_host(target, reads, &guard->arches[i]);
	if (!host)
		return false;
	return !(guard->said & SAID_MIN_KERNEL) || !reads->min_kernel || kernel_reached(guard, target);
}

/* Anything that the rule refuses is there. */
static bool excluded(const struct guard *guard, const struct callgate_target *target, const struct reader_traits *reads)
{
	for (unsigned i = 0; i < guard->cap_count; i++)
		if (holds_cap(target, &guard->caps[i]))
			return true;
	for (unsigned i = 0; i < guard->arch_count; i++)
		if (names_host(target, reads, &guard->arches[i]))
			return true;
	return (guard->said & SAID_MIN_KERNEL) && reads->min_kernel && kernel_reached(guard, target);
}

/* LXC skips the sections of other machines; what is left holds for all of the host's ABIs. A machine that it does
 * not know skips all lines before the first section, too. */
static bool section_of_host(enum callgate_abi section, enum callgate_abi host, bool in_section)
{
	enum callgate_abi family[3];
	unsigned count = abi_family_lxc(host, family);

	if (!count)
		return section == CALLGATE_ABI_NONE && in_section;

	for (unsigned i = 0; i < count; i++)
		if (family[i] == section)
			return true;
	return section == CALLGATE_ABI_NONE || section == host;
}

static bool applies(const struct callgate_policy *policy, const struct rule *rule, const struct callgate_target *target,
		    const struct reader_traits *reads)
{
	if (rule->single_name && !reads->single_name)
		return false;
	if (policy->dialect == DIALECT_LXC && policy->lxc_version != 1 &&
	    !section_of_host(rule->section, target->host, rule->in_section || !reads->exact))
		return false;
	if (!reads->guards)
		return true;
	return included(&rule->includes, target, reads) && !excluded(&rule->excludes, target, reads);
}

/* ------------------------------------------------------------------ ABIs */

static int refuse(const struct callgate_policy *policy, const struct refusal *refusal, struct callgate_err *err)
{
	int r = err_set(err, CALLGATE_E_PROFILE, "%s", refusal->text);

	err_set_place(err, policy->source.name, refusal->line, refusal->column);
	return r;
}

static void add_abi(struct active *out, enum callgate_abi abi)
{
	if (out->abi_count && abi == out->abis[0])
		out->native_listed = true;
	for (unsigned i = 0; i < out->abi_count; i++)
		if (out->abis[i] == abi)
			return;
	out->abis[out->abi_count++] = abi;
}

/* containers-common looks archMap up for these hosts only; on others it has no effect. */
static bool podman_maps(enum callgate_abi host)
{
	switch (host) {
	case CALLGATE_ABI_X86_64:
	case CALLGATE_ABI_AARCH64:
	case CALLGATE_ABI_MIPS64:
	case CALLGATE_ABI_MIPS64N32:
	case CALLGATE_ABI_MIPSEL64:
	case CALLGATE_ABI_MIPSEL64N32:
	case CALLGATE_ABI_S390X:
		return true;
	default:
		return false;
	}
}

/* Docker's map from host to row does not reach the rows of these two. */
static bool docker_maps(enum callgate_abi host)
{
	return host != CALLGATE_ABI_LOONGARCH64 && host != CALLGATE_ABI_MIPSEL;
}

static bool maps_host(const struct reader_traits *reads, enum callgate_abi host)
{
	switch (reads->arch_map) {
	case ARCH_MAP_PODMAN:
		return podman_maps(host);
	case ARCH_MAP_DOCKER:
		return docker_maps(host);
	default:
		return reads->arch_map == ARCH_MAP_ALWAYS;
	}
}

static int choose_abis(const struct callgate_policy *policy, const struct callgate_target *target,
		       const struct reader_traits *reads, struct active *out, struct callgate_err *err)
{
	enum callgate_abi family[3];

	add_abi(out, target->host);
	if (policy->dialect == DIALECT_LXC && policy->lxc_version != 1) {
		unsigned count = abi_family_lxc(target->host, family);

		for (unsigned i = 0; i < count; i++)
			add_abi(out, family[i]);
		return 0;
	}
	if (reads->native_only)
		return 0;
	for (unsigned i = 0; i < policy->abi_count; i++)
		add_abi(out, policy->abis[i]);
	for (unsigned i = 0; maps_host(reads, target->host) && i < policy->arch_map_count; i++) {
		const struct arch_row *row = &policy->arch_map[i];

		if (row->abi != target->host)
			continue;
		if (row->refusal)
			return refuse(policy, row->refusal, err);
		add_abi(out, row->abi);
		for (unsigned j = 0; j < row->sub_count; j++)
			add_abi(out, row->sub[j]);
		break; /* a later row for the same host has no effect */
	}
	return 0;
}

static bool is_guarded(const struct rule *rule)
{
	const struct guard *guards[] = { &rule->includes, &rule->excludes };

	for (unsigned i = 0; i < 2; i++)
		if (guards[i]->cap_count || guards[i]->arch_count || (guards[i]->said & SAID_MIN_KERNEL))
			return true;
	return false;
}

int policy_specialise(const struct callgate_policy *policy, const struct callgate_target *target, struct arena *arena,
		      struct active *out, struct callgate_err *err)
{
	const struct reader_traits *reads = target_traits(target);
	struct active_rule *rules = arena_array(arena, policy->rule_count ? policy->rule_count : 1, sizeof(*rules));

	if (!rules)
		return err_nomem(err);
	*out = (struct active){ .fallback = verdict_action(&policy->fallback, reads), .rules = rules };
	for (unsigned i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		if (!applies(policy, rule, target, reads))
			continue;
		if (rule->refusal)
			return refuse(policy, rule->refusal, err);
		rules[out->rule_count++] = (struct active_rule){
			.rule = rule,
			.action = verdict_action(&rule->verdict, reads),
			.guarded = is_guarded(rule),
		};
	}
	return choose_abis(policy, target, reads, out, err);
}
