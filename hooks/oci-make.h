/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a bundle and the settings to the configuration that a runtime shall read. */
#ifndef CALLGATE_HOOKS_OCI_MAKE_H
#define CALLGATE_HOOKS_OCI_MAKE_H

#include "hooks/say.h"
#include "runtime/hooks.h"

/* What the runtime behind understands. */
enum oci_form {
	OCI_FORM_TEXT, /* linux.seccomp, in a form that every runtime takes */
	OCI_FORM_BPF,  /* crun: the exact program in an annotation; linux.seccomp kills whoever should not read that */
	OCI_FORM_BOTH, /* not known which runtime it will be */
};

struct oci_job {
	const char *engine, *hook; /* for the settings and the state file */
	enum oci_form form;
	bool complains; /* the profile is tried, and not enforced */
	bool passes;    /* the settings leave this container alone */
	uint32_t flags; /* filter flags that the runtime takes in linux.seccomp */
	struct callgate_settings *settings;
	struct callgate_bundle *bundle;
	struct callgate_choice choice;
	struct callgate_notes *notes;
	char digest[65];
	char text_digest[65]; /* of what a runtime makes of linux.seccomp, where it compiles that; "": it does not */
	const char *verdict;  /* of the proof; NULL: there was none */
	const char *own;      /* the directory of a user's settings; NULL: the host's */
	const char *asked;    /* the profile that the runtime's own option names; NULL: the settings say */
	const char *root;     /* root.path anew; NULL: as it is */
	char *text;           /* the new configuration */
	size_t size;
	struct messages messages;
};

/* 0, or -1 after messages. Fills settings, bundle and choice. */
int oci_job_read(struct oci_job *job, const char *config);
/* Fills text. */
int oci_job_make(struct oci_job *job);
/* Whether the settings or the annotation org.callgate.record ask for a record. */
bool oci_job_records(const struct oci_job *job);
/* Whether the settings or the annotation org.callgate.log ask for visible denials. */
bool oci_job_logs(const struct oci_job *job);
bool oci_job_wants_flags(const struct oci_job *job);
void oci_job_release(struct oci_job *job);
/* id NULL: there is none, and no state file then. output may be NULL. pid 0: none. */
int oci_job_state(struct oci_job *job, const char *id, const char *result, const char *output, pid_t pid);

#endif
