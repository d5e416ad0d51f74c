/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers: a row per dialect. A reader fills a policy from its source, says all findings that the text alone shows, and
 * answers 0, E_PROFILE (some finding was an error), E_NOMEM or E_LIMIT. */
#ifndef CALLGATE_POLICY_READ_H
#define CALLGATE_POLICY_READ_H

#include "policy/policy.h"

/* Tells dialects apart by content and calls the reader; other tools' formats are refused by name. */
int policy_parse(const struct source *source, enum callgate_reader as, struct callgate_policy **out, struct callgate_notes *notes,
		 struct callgate_err *err);

int read_oci(struct callgate_policy *policy, struct callgate_notes *notes,
	     struct callgate_err *err); /* OCI, Docker, config.json */
/* allow, deny, action: the values of SECCOMP_SYSCALL_ALLOW, SECCOMP_SYSCALL_DENY, SECCOMP_DEFAULT_ACTION; NULL: not
 * set. E_NOTFOUND: neither list is set, so nothing is asked for. An unknown name is an error. */
int policy_from_env(const char *allow, const char *deny, const char *action, struct callgate_policy **out,
		    struct callgate_notes *notes, struct callgate_err *err);

int read_lxc(struct callgate_policy *policy, struct callgate_notes *notes, struct callgate_err *err);

/* policy/read_words.c: as callgate_policy_words(). */
int policy_from_words(const struct callgate_words *words, struct callgate_policy **out, struct callgate_notes *notes,
		      struct callgate_err *err);

#endif
