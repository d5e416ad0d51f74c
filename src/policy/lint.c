/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint: actions and their errno, guards, listener, names, and whether a profile restricts anything or lets anything
 * run. */
#include "policy/lint.h"

#include <string.h>

#include "names/syscall.h"

enum { KERNEL_FAR_AWAY = 10, SUN_PATH_MAX = 107, FLAG_WAIT_KILLABLE_RECV = 1 << 5 };

static bool permits(enum callgate_action_kind kind)
{
	return kind == CALLGATE_ALLOW || kind == CALLGATE_LOG;
}

/* ------------------------------------------------------------------ verdicts */

static void check_verdict(struct lint *lint, const struct verdict *verdict)
{
	bool word = verdict->said & SAID_ERRNO_WORD, ret = verdict->said & SAID_ERRNO_RET;

	if (!word && !ret)
		return;
	if (verdict->kind != CALLGATE_ERRNO && verdict->kind != CALLGATE_TRACE) {
		struct place at = ret ? verdict->errno_ret_at : verdict->errno_word_at;

		if (report_reader(lint->report, READS_CRUN | READS_PODMAN))
			report_error(lint->report, NOTE_ERRNO, at.offset, "crun rejects an errno with action %s",
				     action_oci(verdict->kind));
		else
			report_warning(lint->report, NOTE_ERRNO, at.offset, "errno is ignored with action %s",
				       action_oci(verdict->kind));
		return;
	}
	if (word && ret && verdict->errno_word != verdict->errno_ret)
		report_warning(lint->report, NOTE_ERRNO, verdict->errno_word_at.offset,
			       "errno %u and errnoRet %u disagree; readers differ in which one they use",
			       verdict->errno_word, verdict->errno_ret);
	if (word && ret && verdict->errno_word != verdict->errno_ret)
		report_attach(lint->report, verdict->errno_ret_at.offset, "errnoRet %u given here", verdict->errno_ret);
	if (verdict->kind != CALLGATE_ERRNO)
		return;
	if (word && !verdict->errno_word)
		report_warning(lint->report, NOTE_ERRNO, verdict->errno_word_at.offset,
			       "errno 0 makes the call do nothing and report success");
	else if (ret && !verdict->errno_ret)
		report_warning(lint->report, NOTE_ERRNO, verdict->errno_ret_at.offset,
			       "errno 0 makes the call do nothing and report success");
}

static void check_redundant(struct lint *lint, const struct rule *rule)
{
	/* Among errors the default action may be one that was not understood. */
	if (lint->report->errors || !action_equal(lint_action(&rule->verdict), lint_action(&lint->policy->fallback)))
		return;
	report_warning(lint->report, NOTE_REDUNDANT, rule->at.offset,
		       "redundant rule: its action is the default action, so runtimes drop it");
}

/* ------------------------------------------------------------------ listener */

static void check_notify(struct lint *lint, const struct rule *rule)
{
	if (rule->verdict.kind != CALLGATE_NOTIFY || lint->policy->dialect == DIALECT_LXC)
		return;
	for (unsigned i = 0; i < rule->name_count; i++)
		if (slice_is(rule->names[i].text, "write"))
			report_unless(lint->report, READS_CRUN | READS_PODMAN, NOTE_LISTENER, rule->names[i].at.offset,
				      "SCMP_ACT_NOTIFY cannot be used for 'write': the runtime needs it to hand over "
				      "the listener");
}

static void check_listener(struct lint *lint)
{
	const struct callgate_policy *policy = lint->policy;

	if (policy->fallback.kind == CALLGATE_NOTIFY)
		report_unless(
			lint->report, READS_CRUN | READS_PODMAN, NOTE_LISTENER, policy->fallback.at.offset,
			"the default action cannot be notify: the first calls are made before there is a listener");
	if (policy->listener_path.size > SUN_PATH_MAX)
		report_error(lint->report, NOTE_LISTENER, policy->listener_at.offset,
			     "listenerPath has %zu bytes; the path of a socket has at most %d",
			     policy->listener_path.size, SUN_PATH_MAX);
	if (policy->dialect == DIALECT_LXC || policy->listener_path.size)
		return;
	for (unsigned i = 0; i < policy->rule_count; i++) {
		if (policy->rules[i].verdict.kind != CALLGATE_NOTIFY || !policy->rules[i].name_count)
			continue;
		/* crun loads it all the same: such calls get ENOSYS. */
		report_unless(lint->report, READS_CRUN, NOTE_LISTENER,
			      policy->listener_at.offset ? policy->listener_at.offset
							 : policy->rules[i].verdict.at.offset,
			      "SCMP_ACT_NOTIFY requires listenerPath, which is %s",
			      policy->listener_at.offset ? "empty" : "missing");
		return;
	}
}

/* The kernel wants a listener with this flag, and there is one only where something is to notify. */
static void check_flags(struct lint *lint)
{
	const struct callgate_policy *policy = lint->policy;
	bool notifies = false;

	if (!(policy->flags & FLAG_WAIT_KILLABLE_RECV) || policy->dialect == DIALECT_LXC)
		return;
	for (unsigned i = 0; i < policy->rule_count; i++)
		notifies |= policy->rules[i].verdict.kind == CALLGATE_NOTIFY;
	if (!notifies)
		report_warning(
			lint->report, NOTE_FLAG_ALONE, policy->fallback.at.offset,
			"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV has no effect without a rule with SCMP_ACT_NOTIFY");
}

/* ------------------------------------------------------------------ guards */

static bool share_word(const struct word *a, unsigned a_count, const struct word *b, unsigned b_count,
		       struct slice *shared)
{
	for (unsigned i = 0; i < a_count; i++) {
		for (unsigned j = 0; j < b_count; j++) {
			if (slice_equal(a[i].text, b[j].text)) {
				*shared = a[i].text;
				return true;
			}
		}
	}
	return false;
}

/* Several architectures are alternatives, so one shared word proves nothing about the others. */
static bool arches_contradict(const struct guard *includes, const struct guard *excludes, struct slice *shared)
{
	if (!includes->arch_count)
		return false;
	for (unsigned i = 0; i < includes->arch_count; i++)
		if (!share_word(&includes->arches[i], 1, excludes->arches, excludes->arch_count, shared))
			return false;
	return true;
}

static void check_kernel(struct lint *lint, const struct guard *guard, const char *effect)
{
	if ((guard->said & SAID_MIN_KERNEL) && guard->min_major >= KERNEL_FAR_AWAY)
		report_warning(lint->report, NOTE_GUARD, guard->min_kernel_at.offset,
			       "minKernel %u.%u is newer than any known kernel; the rule is never %s", guard->min_major,
			       guard->min_minor, effect);
}

static void check_guards(struct lint *lint, const struct rule *rule)
{
	const struct guard *in = &rule->includes, *ex = &rule->excludes;
	struct slice shared;

	/* Real guards name a capability or two; the product of two long lists is not worth a hostile file's time. */
	if (in->cap_count <= 64 && ex->cap_count <= 64 &&
	    share_word(in->caps, in->cap_count, ex->caps, ex->cap_count, &shared))
		report_warning(lint->report, NOTE_NEVER, rule->at.offset,
			       "includes and excludes contradict each other on %.*s; the rule never applies",
			       report_width(shared), shared.at);
	if (in->arch_count <= 64 && ex->arch_count <= 64 && arches_contradict(in, ex, &shared))
		report_warning(lint->report, NOTE_NEVER, rule->at.offset,
			       "includes and excludes contradict each other on %.*s; the rule never applies",
			       report_width(shared), shared.at);
	if ((in->said & ex->said & SAID_MIN_KERNEL) &&
	    in->min_major * 256 + in->min_minor >= ex->min_major * 256 + ex->min_minor)
		report_warning(lint->report, NOTE_NEVER, rule->at.offset,
			       "includes and excludes contradict each other on minKernel; the rule never applies");
	check_kernel(lint, in, "included");
	check_kernel(lint, ex, "excluded");
}

/* ------------------------------------------------------------------ names */

/* The nearest name; of "__NR_read" or "sys_read" the part that counts. */
static const char *name_meant(const struct lint *lint, struct slice name)
{
	static const char *const prefixes[] = { "__NR_", "SYS_", "sys_", "__x64_sys_" };

	if (!report_listens(lint->report))
		return NULL;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t size = strlen(prefixes[i]);

		if (name.size > size && memcmp(name.at, prefixes[i], size) == 0) {
			int id = syscall_find((struct slice){ name.at + size, name.size - size });

			if (id != SYSCALL_NONE)
				return syscall_id_name(id);
		}
	}
	return syscall_nearest(name);
}

/* Whether runtimes, which drop a name that they do not know, would permit more than the rule does. */
static bool restricts(const struct lint *lint, const struct rule *rule)
{
	return rule->verdict.kind < lint->policy->fallback.kind ||
	       (!permits(rule->verdict.kind) && permits(lint->policy->fallback.kind));
}

/* Names of functions inside the kernel, as stack traces and old lists have them. */
static bool is_kernel_function(struct slice name)
{
	static const char *const prefixes[] = { "compat_sys_", "stub_", "__ia32_", "__x32_", "ksys_", "do_sys_" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (name.size > strlen(prefixes[i]) && memcmp(name.at, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* An error that does not stop the reading: callers may decide to drop the name as runtimes do, and say so. */
static void report_unsafe_name(struct lint *lint, const struct rule *rule, const struct word *name, const char *meant)
{
	if (is_kernel_function(name->text))
		report_error_and_go_on(
			lint->report, NOTE_SYSCALL, name->at.offset,
			"unknown syscall '%.*s': this is a function inside the kernel, which no rule can name",
			report_width(name->text), name->text.at);
	else
		report_error_and_go_on(lint->report, NOTE_SYSCALL, name->at.offset,
				       "unknown syscall '%.*s'" REPORT_MEANT, report_width(name->text), name->text.at,
				       report_meant(meant));
	report_attach(lint->report, rule->verdict.at.offset,
		      "this action restricts the call; runtimes drop the name, so that the call would get the default");
}

static void check_names(struct lint *lint, const struct rule *rule)
{
	/* Version 1 of LXC's text has numbers; of the environment unknown names are errors, said by its reader. */
	if ((lint->policy->dialect == DIALECT_LXC && lint->policy->lxc_version == 1) ||
	    lint->policy->dialect == DIALECT_ENV)
		return;
	for (unsigned i = 0; i < rule->name_count; i++) {
		struct slice name = rule->names[i].text;
		const char *meant;

		if (rule->numbers || syscall_find(name) != SYSCALL_NONE)
			continue;
		meant = name_meant(lint, name);
		if (restricts(lint, rule) && !report_reader(lint->report, READS_ANY))
			report_unsafe_name(lint, rule, &rule->names[i], meant);
		else
			report_warning(lint->report, NOTE_SYSCALL, rule->names[i].at.offset,
				       "unknown syscall '%.*s'" REPORT_MEANT, report_width(name), name.at,
				       report_meant(meant));
	}
}

/* ------------------------------------------------------------------ the whole */

static bool starts_programs(const struct rule *rule)
{
	for (unsigned i = 0; i < rule->name_count; i++)
		if (slice_is(rule->names[i].text, "execve") || slice_is(rule->names[i].text, "execveat"))
			return true;
	return false;
}

static void check_whole(struct lint *lint)
{
	const struct callgate_policy *policy = lint->policy;
	enum callgate_action_kind kind = policy->fallback.kind;
	bool restricts = !permits(kind), runs = permits(kind) || kind == CALLGATE_TRACE || kind == CALLGATE_NOTIFY;

	for (unsigned i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		restricts |= !permits(rule->verdict.kind);
		runs |= rule->verdict.kind >= CALLGATE_NOTIFY && starts_programs(rule);
	}
	if (!restricts)
		report_warning(lint->report, NOTE_RESTRICTS_NOTHING, policy->fallback.at.offset,
			       "profile restricts nothing: the default is to allow and no rule denies");
	/* Numbers of LXC's version 1 belong to a machine that is not known yet. */
	if (runs || (policy->dialect == DIALECT_LXC && policy->lxc_version == 1 && policy->rule_count))
		return;
	if (policy->dialect != DIALECT_ENV || !policy->rule_count)
		report_warning(lint->report, NOTE_RUNS_NOTHING, policy->fallback.at.offset,
			       "no program can be started under this profile: no rule allows execve or execveat");
}

bool policy_lint(const struct callgate_policy *policy, struct report *report, struct arena *scratch)
{
	struct lint lint = { .policy = policy, .report = report, .scratch = scratch };

	check_verdict(&lint, &policy->fallback);
	check_listener(&lint);
	check_flags(&lint);
	for (unsigned i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		if (!rule->name_count)
			continue;
		check_redundant(&lint, rule);
		check_names(&lint, rule);
		check_verdict(&lint, &rule->verdict);
		check_notify(&lint, rule);
		lint_conditions(&lint, rule);
		check_guards(&lint, rule);
	}
	if (!lint_pairs(&lint))
		return false;
	if (!report->errors)
		check_whole(&lint);
	return true;
}
