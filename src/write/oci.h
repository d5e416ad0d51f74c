/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OCI text of a filter: linux.seccomp as the runtime-spec has it, guards answered. */
#ifndef CALLGATE_WRITE_OCI_H
#define CALLGATE_WRITE_OCI_H

#include "base/text.h"
#include "filter/filter.h"
#include "policy/policy.h"

/*
 * Writes what OCI's rules can say of the filter; what they cannot (numbers without a name, another answer on one ABI, ranges)
 * becomes stricter there, or is left out: the caller reads the text back and compares. policy (may be NULL) gives the listener.
 */
int oci_write(const struct callgate_filter *filter, const struct callgate_policy *policy, struct text *out,
	      struct callgate_err *err);
/* Whether numbers beyond the profile get ENOSYS somewhere (law 5). */
bool oci_has_tail(const struct callgate_filter *filter);

#endif
