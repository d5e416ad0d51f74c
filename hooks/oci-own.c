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

static bool counts(const struct oci_job *job)
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

static int meet(struct oci_job *job, struct callgate_err *err)
{
	struct callgate_filter *own = NULL, *met = NULL;
	int r = read_own(job, &own, err);

	/* The newer one's errno counts where both refuse a call. */
	if (r == 0)
		r = callgate_filter_meet((const struct callgate_filter *[]){ own, job->choice.filter }, 2, &met, err);
	callgate_filter_free(own);
	if (r < 0)
		return r;
	callgate_filter_free(job->choice.filter);
	job->choice.filter = met;
	return 0;
}

void oci_own_note(struct oci_job *job)
{
	const char *name;
	int size;

	if (!counts(job))
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

	if (!counts(job))
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
