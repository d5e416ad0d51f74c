/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seccomp profile that a container brings along: what it denies stays denied under the administrator's profile.
 * podman says whether it was chosen by --security-opt seccomp=FILE; what podman's own default denies is not kept, the
 * administrator's profile is in its place. Other engines do not say it, so whatever they bring along counts, podman's
 * annotation included: their users may write annotations of any name.
 */
#include "hooks/oci-own.h"

#include "base/private.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define CHOSEN_ANNOTATION "io.podman.annotations.seccomp"
#define MANAGER_ANNOTATION "io.container.manager"

/* podman calls its hooks itself, and runtimes by conmon; no user of another engine chooses our parent. */
static bool is_called_by_podman(const struct oci_job *job)
{
	char path[64], exe[4096];
	const char *name;
	ssize_t size;

	if (strcmp(job->engine, "podman") == 0)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)getppid());
	size = readlink(path, exe, sizeof(exe) - 1);
	if (size <= 0)
		return false;
	exe[size] = '\0';
	name = strrchr(exe, '/');
	return name && (strcmp(name, "/conmon") == 0 || strcmp(name, "/podman") == 0);
}

static bool is_podmans(const struct oci_job *job)
{
	static const char podman[] = "libpod";
	size_t size;
	const char *manager = callgate_bundle_annotation(job->bundle, MANAGER_ANNOTATION, &size);

	return manager && size == sizeof(podman) - 1 && memcmp(manager, podman, size) == 0 && is_called_by_podman(job);
}

/* The option's value; NULL: podman made the container, and without the option, and its default shall not count. */
static const char *chosen_name(const struct oci_job *job, int *size)
{
	static const char others[] = "the container's own", podmans[] = "podman's own default";
	size_t length;
	const char *name = callgate_bundle_annotation(job->bundle, CHOSEN_ANNOTATION, &length);

	if (!name && is_podmans(job)) {
		*size = (int)sizeof(podmans) - 1;
		return callgate_settings_own(job->settings) == CALLGATE_OWN_ALL ? podmans : NULL;
	}
	*size = name ? (int)(length < 300 ? length : 300) : (int)sizeof(others) - 1;
	return name ? name : others;
}

static bool counts(const struct oci_job *job)
{
	int size;

	return callgate_settings_own(job->settings) != CALLGATE_OWN_REPLACE && chosen_name(job, &size) &&
	       callgate_bundle_brought(job->bundle, NULL);
}

static int read_own_as(const struct oci_job *job, enum callgate_reader reader, struct callgate_filter **out,
		       struct callgate_err *err)
{
	struct callgate_target target = job->choice.target;
	struct callgate_policy *policy;
	struct callgate_origin origin;
	const char *name, *text;
	size_t size = 0;
	int r;

	text = callgate_bundle_brought(job->bundle, &size);
	target.reader = reader;
	if (reader != CALLGATE_AS_CALLGATE)
		target.libseccomp = callgate_libseccomp_release();
	r = callgate_policy_parse_as(text, size, "linux.seccomp", reader, &policy, NULL, err);
	if (r < 0)
		return r;
	r = callgate_filter_resolve(policy, &target, out, NULL, err);
	if (r == 0 && callgate_filter_dropped(*out, &name, &origin)) {
		err->code = r = CALLGATE_E_MISMATCH; /* of the profile and what would be in force */
		snprintf(err->text, sizeof(err->text), "it denies '%s', which is no system call that is known here",
			 name);
		*out = callgate_filter_free(*out);
	}
	callgate_policy_free(policy);
	return r;
}

/* As the runtime would have read it; where either may, what both deny is denied. */
static int read_own_by_runtime(const struct oci_job *job, struct callgate_filter **out, struct callgate_err *err)
{
	struct callgate_filter *runcs = NULL, *cruns = NULL;
	int r;

	if (job->form != OCI_FORM_BOTH)
		return read_own_as(job, job->form == OCI_FORM_TEXT ? CALLGATE_AS_RUNC : CALLGATE_AS_CRUN, out, err);
	r = read_own_as(job, CALLGATE_AS_RUNC, &runcs, err);
	if (r == 0)
		r = read_own_as(job, CALLGATE_AS_CRUN, &cruns, err);
	if (r == 0)
		r = callgate_filter_meet((const struct callgate_filter *[]){ runcs, cruns }, 2, out, err);
	callgate_filter_free(runcs);
	callgate_filter_free(cruns);
	return r;
}

/* Rules that contradict each other are no profile to us, and one to the runtimes: buildah's default has some. */
static int read_own(const struct oci_job *job, struct callgate_filter **out, struct callgate_err *err)
{
	struct callgate_err ours = CALLGATE_ERR_INIT;
	int r = read_own_as(job, CALLGATE_AS_CALLGATE, out, &ours);

	if (r == CALLGATE_E_PROFILE && read_own_by_runtime(job, out, err) == 0)
		return 0;
	if (r < 0)
		*err = ours;
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

void oci_own_note_default(struct oci_job *job)
{
	int size;

	if (!chosen_name(job, &size) && callgate_bundle_brought(job->bundle, NULL))
		note_down(&job->messages, "podman's own default profile does not count: this one is in its place");
}

int oci_own_meet(struct oci_job *job)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	const char *name;
	int size;

	oci_own_note_default(job);
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
	    "the container without it, or write 'own = replace' into %s/callgate.conf",
	    size, name, job->choice.profile, err.text, job->own ? job->own : SYSCONFDIR "/callgate");
	return -1;
}
