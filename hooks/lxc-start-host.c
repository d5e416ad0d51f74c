/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start-host: init has the filter that LXC made of the text, and waits. It is read back from the kernel and proved to
 * be the one that was written; with --inject the profile's own program is put on top of it, and both together are
 * proved.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "hooks/lxc-hook.h"
#include "hooks/recorder.h"
#include "runtime/hooks.h"

/* ------------------------------------------------------------------ what must be as it was at pre-start */

/* lxc-attach reads the file again, so it must still be what the profile says. */
static int check_output(struct hook *hook)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	const char *want;
	char *got;
	size_t want_size, size;
	bool same;

	if (callgate_file_read_trusted(hook->output, &got, &size, &err) < 0)
		return hook_fail(hook, &err);
	want = callgate_text_bytes(hook->text, &want_size);
	same = size == want_size && memcmp(got, want, size) == 0;
	free(got);
	if (same)
		return 0;
	say(&hook->messages, LOG_ERR,
	    "%s is not what the profile says: it or the profile was changed while the container started", hook->output);
	return -1;
}

static void list_caps(uint64_t caps, char *buf, size_t size)
{
	size_t used = 0;
	const char *name;

	buf[0] = '\0';
	for (unsigned i = 0; i < 64 && used + 40 < size; i++)
		if (caps >> i & 1)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
						 callgate_cap_name(i, &name) == 0 ? name : "one without a name");
}

/* "more: CAP_A; fewer: CAP_B", against what the includes and excludes were evaluated for. */
static void caps_difference(const struct hook *hook, uint64_t caps, char *buf, size_t size)
{
	char more[400], fewer[400];

	list_caps(caps & ~hook->caps, more, sizeof(more));
	list_caps(hook->caps & ~caps, fewer, sizeof(fewer));
	snprintf(buf, size, "%s%s%s%s%s", more[0] ? "more: " : "", more, more[0] && fewer[0] ? "; " : "",
		 fewer[0] ? "fewer: " : "", fewer);
}

/* Includes and excludes were evaluated for other capabilities than the container has: fine only where none of them
 * changes for those. */
static int check_caps(struct hook *hook, const struct callgate_policy *policy, uint64_t caps)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *filter;
	char digest[65], difference[900];
	int r;

	if (caps == hook->caps)
		return 0;
	if (hook_resolve(hook, policy, caps, NULL, &filter) < 0)
		return -1;
	r = callgate_filter_digest(filter, digest, &err);
	callgate_filter_free(filter);
	if (r < 0)
		return hook_fail(hook, &err);
	caps_difference(hook, caps, difference, sizeof(difference));
	if (strcmp(digest, hook->digest) == 0) {
		say(&hook->messages, LOG_INFO,
		    "the container's capabilities are others (%s): no rule of the profile asks for them", difference);
		return 0;
	}
	say(&hook->messages, LOG_ERR,
	    "the container's capabilities are not those that the profile's rules were chosen for (%s). Change them "
	    "(lxc.cap.keep) or name them (--caps)",
	    difference);
	return -1;
}

static int first_task(struct hook *hook, pid_t pid, struct callgate_task *out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_tasks *tasks;

	if (callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, &err) < 0)
		return hook_fail(hook, &err);
	*out = *callgate_tasks_at(tasks, 0);
	callgate_tasks_free(tasks);
	return 0;
}

static int check_no_new_privs(struct hook *hook)
{
	if (!hook->lxc.no_new_privs || hook->init.no_new_privs)
		return 0;
	say(&hook->messages, LOG_ERR, "the configuration says lxc.no_new_privs = 1, and init has it not");
	return -1;
}

/* Without a proof there is still the number of filters. The hook runs under what LXC itself runs under; init stands on
 * the same. */
static int check_count(struct hook *hook, const struct callgate_task *self, int more)
{
	if (first_task(hook, hook->pid, &hook->init) < 0)
		return -1;
	if (hook->init.filters < 0 || self->filters < 0 || hook->init.filters == self->filters + more)
		return 0;
	say(&hook->messages, LOG_ERR, "init has %d filters, %d were expected", hook->init.filters,
	    self->filters + more);
	return -1;
}

/* ------------------------------------------------------------------ the text */

/* Whether the kernel shows filters to this caller, or may keep them to itself. */
static enum start prove_text(struct hook *hook, const struct callgate_task *self)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (callgate_task_prove(hook->pid, callgate_text_filter(hook->text),
				self->filters > 0 ? (size_t)self->filters : 0, NULL, &err) == 0)
		return START_VERIFIED;
	if (err.code == CALLGATE_E_MISMATCH ||
	    (hook->manner == CALLGATE_LXC_INJECT ? err.code != CALLGATE_E_PERM
						 : hook->proof == CALLGATE_PROOF_REQUIRED)) {
		say_err(&hook->messages, &err);
		return START_FAILED;
	}
	if (check_count(hook, self, 1) < 0)
		return START_FAILED;
	if (hook->manner == CALLGATE_LXC_TEXT)
		say(&hook->messages, LOG_WARNING, "not proved: %s", err.text);
	return START_UNVERIFIED;
}

/* ------------------------------------------------------------------ the profile's own program */

/* outer: init stands on filters that LXC itself runs under, which may deny more. */
static int check_met(struct hook *hook, const struct callgate_filter *met, size_t outer)
{
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = callgate_filter_abis(callgate_text_filter(hook->text), abis);
	struct callgate_err err = CALLGATE_ERR_INIT;
	const struct callgate_difference *first;
	struct callgate_diff *diff;
	uint32_t mask = 0;

	/* LXC's text closes the ABIs of other machines, whatever the profile says of them. */
	while (count)
		mask |= 1u << abis[--count];
	if (callgate_filter_diff(hook->filter, met, mask, &diff, &err) < 0)
		return hook_fail(hook, &err);
	for (size_t i = 0; (first = callgate_diff_at(diff, i)); i++)
		if (!outer || first->looser || first->change == CALLGATE_UNKNOWN)
			break;
	if (first)
		say(&hook->messages, LOG_ERR,
		    "init's filters together are not the profile: another answer to call %u of %s", first->first,
		    callgate_abi_name(first->abi));
	callgate_diff_free(diff);
	return first ? -1 : 0;
}

/* The newest is the profile, and all together are it too. */
static int prove_stack(struct hook *hook, const struct callgate_task *self)
{
	size_t outer = self->filters > 0 ? (size_t)self->filters : 0;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *met;
	int r;

	if (callgate_task_prove(hook->pid, hook->filter, outer + 1, &met, &err) < 0)
		return hook_fail(hook, &err);
	r = check_met(hook, met, outer);
	callgate_filter_free(met);
	return r;
}

/* Until this returns init dies with us; afterwards LXC kills it when we fail. no_new_privs stays as the configuration
 * says. */
static int inject(struct hook *hook)
{
	struct callgate_inject how = CALLGATE_INJECT_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_injected done = CALLGATE_INJECTED_INIT;
	struct callgate_prog *prog;
	int r;

	how.kind = CALLGATE_INJECT_STARTING;
	how.nnp = CALLGATE_NNP_NO;
	if (callgate_filter_compile(hook->filter, &prog, &err) < 0)
		return hook_fail(hook, &err);
	callgate_prog_add_flags(prog, hook->flags);
	r = callgate_process_inject(hook->pid, prog, &how, &done, &err);
	callgate_prog_free(prog);
	if (r < 0)
		return hook_fail(hook, &err);
	hook->injected = done;
	return 0;
}

static enum start confine(struct hook *hook, const struct callgate_policy *policy)
{
	struct callgate_task self;
	enum start start;

	if (check_output(hook) < 0 || first_task(hook, hook->pid, &hook->init) < 0 ||
	    first_task(hook, getpid(), &self) < 0 || check_caps(hook, policy, hook->init.caps) < 0 ||
	    check_no_new_privs(hook) < 0)
		return START_FAILED;
	if (hook->init.mode != CALLGATE_MODE_FILTER) {
		say(&hook->messages, LOG_ERR,
		    "init has no filter: does the configuration say lxc.seccomp.profile = %s?", hook->output);
		return START_FAILED;
	}
	start = prove_text(hook, &self);
	if (hook->manner == CALLGATE_LXC_TEXT || start == START_FAILED)
		return start;
	if (inject(hook) < 0 || check_count(hook, &self, 2) < 0)
		return START_FAILED;
	if (start == START_UNVERIFIED)
		return START_INJECTED;
	return prove_stack(hook, &self) < 0 ? START_FAILED : START_VERIFIED;
}

enum start start_host(struct hook *hook, const struct callgate_policy *policy)
{
	enum start start = confine(hook, policy);

	if (start == START_FAILED || !hook->records)
		return start;
	return recorder_start("lxc", hook->name, hook->pid, &hook->messages) < 0 ? START_FAILED : start;
}
