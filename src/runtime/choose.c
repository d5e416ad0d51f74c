/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which profile a container gets: the admin's choice, which the container's annotation may narrow. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "filter/filter.h"
#include "filter/log_only.h"
#include "policy/policy.h"
#include "runtime/choose.h"
#include "runtime/hooks.h"
#include "runtime/oci.h"
#include "runtime/settings.h"

#define PROFILE_ANNOTATION "org.callgate.profile"

static int locate(const char *profile, char *path, size_t size, struct callgate_err *err)
{
	if (profile[0] != '/')
		return callgate_profile_lookup(profile, path, size, err);
	return snprintf(path, size, "%s", profile) < (int)size
		       ? 0
		       : err_set(err, CALLGATE_E_ARG, "a profile's path is too long");
}

static int open_profile(struct callgate_choice *choice, struct callgate_notes *notes, struct callgate_err *err)
{
	int r = callgate_policy_read_trusted(choice->profile, &choice->policy, notes, err);

	if (r == 0)
		r = callgate_filter_resolve(choice->policy, &choice->target, &choice->filter, notes, err);
	if (r == 0)
		r = filter_refuse_unknown(choice->filter, err);
	return r;
}

static int refuse_opening(const struct callgate_difference *row, struct callgate_err *err)
{
	char call[128];

	if (!row->looser)
		return err_set(err, CALLGATE_E_PERM, "cannot tell whether it permits more than the default profile");
	return err_set(err, CALLGATE_E_PERM, "it permits %s, which the default profile does not",
		       callgate_difference_call(row, call, sizeof(call)));
}

int choose_check_narrow(const struct callgate_filter *wide, const struct callgate_filter *narrow,
			struct callgate_err *err)
{
	const struct callgate_difference *row;
	struct callgate_diff *diff;
	int r = callgate_filter_diff(wide, narrow, 0, &diff, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && (row = callgate_diff_at(diff, i)); i++)
		if (row->looser || row->change == CALLGATE_UNKNOWN)
			r = refuse_opening(row, err);
	callgate_diff_free(diff);
	return r;
}

/* Puts before an error what the container asked for. */
static int blame(const char *name, int r, struct callgate_err *err)
{
	char text[sizeof(err->text)];

	if (!err)
		return r;
	memcpy(text, err->text, sizeof(text));
	return err_set(err, r, "the container asks for the profile '%.100s': %.360s", name, text);
}

static int select_other(const struct callgate_settings *settings, const char *name, struct callgate_choice *choice,
			struct callgate_notes *notes, struct callgate_err *err)
{
	struct callgate_choice other = CALLGATE_CHOICE_INIT;
	int r;

	if (settings->selection == CALLGATE_SELECT_NEVER)
		return err_set(err, CALLGATE_E_PERM, "the configuration does not let containers choose");
	r = callgate_profile_lookup(name, other.profile, sizeof(other.profile), err);
	if (r < 0 || strcmp(other.profile, choice->profile) == 0)
		return r;
	other.target = choice->target;
	r = open_profile(&other, notes, err);
	if (r == 0 && settings->selection == CALLGATE_SELECT_NARROW)
		r = choose_check_narrow(choice->filter, other.filter, err);
	if (r < 0) {
		callgate_choice_release(&other);
		return r;
	}
	callgate_choice_release(choice);
	*choice = other;
	return 0;
}

int callgate_profile_choose(const struct callgate_settings *settings, const char *engine,
			    const struct callgate_bundle *bundle, struct callgate_choice *out,
			    struct callgate_notes *notes, struct callgate_err *err)
{
	struct callgate_choice choice = CALLGATE_CHOICE_INIT;
	const struct oci_pair *pair;
	int r;

	REQUIRE(err, settings && engine && bundle && out);
	choice.target = (struct callgate_target)CALLGATE_TARGET_INIT;
	r = callgate_target_host(&choice.target, err);
	choice.target.caps = bundle->caps;
	if (r == 0)
		r = locate(callgate_settings_profile(settings, engine), choice.profile, sizeof(choice.profile), err);
	if (r == 0)
		r = open_profile(&choice, notes, err);
	pair = oci_pair(bundle, PROFILE_ANNOTATION);
	if (r == 0 && pair) {
		char name[256];

		snprintf(name, sizeof(name), "%.*s", (int)(pair->text.size < sizeof(name) ? pair->text.size : 0),
			 pair->text.at);
		r = select_other(settings, name, &choice, notes, err);
		if (r < 0)
			blame(name, r, err);
	}
	if (r < 0)
		callgate_choice_release(&choice);
	else
		*out = choice;
	return r;
}

/* The policy too: runtimes that compile the text get it from there. Where both should differ, callgate_oci_write()
 * refuses what permits without logging. */
static int log_policy(struct callgate_policy *policy, struct callgate_err *err)
{
	struct rule *rules = arena_alloc(&policy->arena, sizeof(*rules) * policy->rule_count);

	if (!rules && policy->rule_count)
		return err_nomem(err);
	for (unsigned i = 0; i < policy->rule_count; i++) {
		rules[i] = policy->rules[i];
		if (rules[i].verdict.kind == CALLGATE_ALLOW)
			continue;
		rules[i].verdict.kind = CALLGATE_LOG;
		rules[i].verdict.said = 0;
	}
	policy->rules = rules;
	if (policy->fallback.kind == CALLGATE_ALLOW)
		return 0;
	policy->fallback.kind = CALLGATE_LOG;
	policy->fallback.said = 0;
	return 0;
}

int callgate_choice_complain(struct callgate_choice *choice, struct callgate_err *err)
{
	struct callgate_filter *logging;
	int r = filter_log_only(choice->filter, &logging, err);

	if (r < 0)
		return r;
	callgate_filter_free(choice->filter);
	choice->filter = logging;
	return log_policy(choice->policy, err);
}

void callgate_choice_release(struct callgate_choice *choice)
{
	choice->policy = callgate_policy_free(choice->policy);
	choice->filter = callgate_filter_free(choice->filter);
}
