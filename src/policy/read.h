/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers: a row per dialect. A reader fills a policy from its source, says all findings that the text alone shows, and
 * answers 0, E_PROFILE (some finding was an error), E_NOMEM or E_LIMIT. */
#ifndef CALLGATE_POLICY_READ_H
#define CALLGATE_POLICY_READ_H

#include "policy/policy.h"

/* Tells dialects apart by content and calls the reader; other tools' formats are refused by name. */
int policy_parse(const struct source *source, enum callgate_reader as, struct callgate_policy **out,
		 struct callgate_notes *notes, struct callgate_err *err);

int read_oci(struct callgate_policy *policy, struct callgate_notes *notes,
	     struct callgate_err *err); /* OCI, Docker, config.json */

int read_lxc(struct callgate_policy *policy, struct callgate_notes *notes, struct callgate_err *err);

#endif
