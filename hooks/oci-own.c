/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seccomp profile that a container brings along: what it denies stays denied under the administrator's profile.
 * podman says whether it was chosen by --security-opt seccomp=FILE; what podman's own default denies is not kept, the
 * administrator's profile is in its place. Other engines do not say it, so whatever they bring along counts.
 */
#include "hooks/oci-own.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#define CHOSEN_ANNOTATION "io.podman.annotations.seccomp"
#define MANAGER_ANNOTATION "io.container.manager"

/* The option's value; NULL: podman made the container, and without the option. */
static const char *chosen_name(const struct oci_job *job, int *size)
{
	static const char others[] = "the container's own";
	size_t length;
	const char *name = callgate_bundle_annotation(job->bundle, CHOSEN_ANNOTATION, &length);

	if (!name && callgate_bundle_annotation(job->bundle, MANAGER_ANNOTATION, NULL))
		return NULL;
	*size = name ? (int)(length < 300 ? length : 300) : (int)sizeof(others) - 1;
	return name ? name : others;
}

bool oci_own_counts(const struct oci_job *job)
{
	int size;

	return callgate_settings_own(job->settings) == CALLGATE_OWN_MEET && chosen_name(job, &size) &&
	       callgate_bundle_seccomp(job->bundle, NULL);
}

static int read_own(const struct oci_job *job, struct callgate_filter **out, struct callgate_err *err)
{
	struct callgate_policy *policy;
	struct callgate_origin origin;
	const char *name, *text;
	size_t size;
	int r;

	text = callgate_bundle_seccomp(job->bundle, &size);
	r = callgate_policy_parse(text, size, "linux.seccomp", &policy, NULL, err);
	if (r < 0)
		return r;
	r = callgate_filter_resolve(policy, &job->choice.target, out, NULL, err);
	if (r == 0 && callgate_filter_dropped(*out, &name, &origin)) {
		err->code = r = CALLGATE_E_PROFILE;
		snprintf(err->text, sizeof(err->text), "it denies '%s', which is no system call that is known here",
			 name);
		*out = callgate_filter_free(*out);
	}
	callgate_policy_free(policy);
	return r;
}

/* Which of them is no more permissive than the other needs no new text. */
static int is_same(const struct callgate_filter *a, const struct callgate_filter *b, bool *out,
		   struct callgate_err *err)
{
	char x[65], y[65];
	int r = callgate_filter_digest(a, x, err);

	if (r == 0)
		r = callgate_filter_digest(b, y, err);
	*out = r == 0 && strcmp(x, y) == 0;
	return r;
}

/* The writers take rules: the filter as text, and that read again. */
static int take_met(struct oci_job *job, const struct callgate_filter *met, struct callgate_err *err)
{
	struct callgate_writing how = CALLGATE_WRITING_INIT;
	struct callgate_choice choice = job->choice;
	struct callgate_text *text;
	const char *bytes;
	size_t size;
	int r;

	how.target = job->choice.target;
	r = callgate_filter_write(met, &how, &text, err);
	if (r < 0)
		return r;
	bytes = callgate_text_bytes(text, &size);
	choice.policy = NULL;
	choice.filter = NULL;
	r = callgate_policy_parse(bytes, size, "linux.seccomp", &choice.policy, NULL, err);
	if (r == 0)
		r = callgate_filter_resolve(choice.policy, &choice.target, &choice.filter, NULL, err);
	if (r == 0 && callgate_text_loss_count(text)) {
		const struct callgate_loss *loss = callgate_text_loss_at(text, 0);

		err->code = r = CALLGATE_E_UNSUPPORTED;
		snprintf(err->text, sizeof(err->text), "no profile can say what both permit: %s", loss->calls);
	}
	callgate_text_free(text);
	callgate_choice_release(r == 0 ? &job->choice : &choice);
	if (r == 0)
		job->choice = choice;
	return r;
}

static int meet(struct oci_job *job, struct callgate_err *err)
{
	struct callgate_filter *own = NULL, *met = NULL;
	bool same = false;
	int r = read_own(job, &own, err);

	/* The newer one's errno counts where both refuse a call. */
	if (r == 0)
		r = callgate_filter_meet((const struct callgate_filter *[]){ own, job->choice.filter }, 2, &met, err);
	if (r == 0)
		r = is_same(met, job->choice.filter, &same, err);
	if (r == 0 && !same)
		r = take_met(job, met, err);
	callgate_filter_free(met);
	callgate_filter_free(own);
	return r;
}

void oci_own_note(struct oci_job *job)
{
	const char *name;
	int size;

	if (!oci_own_counts(job))
		return;
	name = chosen_name(job, &size);
	note_down(&job->messages,
		  "the seccomp profile that the container brings along (%.*s) counts too: what it denies stays denied",
		  size, name);
}

int oci_own_meet(struct oci_job *job)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	const char *name;
	int size;

	if (!oci_own_counts(job))
		return 0;
	if (meet(job, &err) == 0) {
		oci_own_note(job);
		return 0;
	}
	name = chosen_name(job, &size);
	/* In one message: engines show only the last. */
	say(&job->messages, LOG_ERR,
	    "the seccomp profile that the container brings along (%.*s) cannot be combined with %.200s: %.200s; start "
	    "the "
	    "container without it, or write 'own = replace' into callgate.conf",
	    size, name, job->choice.profile, err.text);
	return -1;
}
