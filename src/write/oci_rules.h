/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OCI text of a policy: conditions on the target evaluated, errnos written out, architectures listed, so that every OCI
 * runtime reads the same rules. */
#ifndef CALLGATE_WRITE_OCI_RULES_H
#define CALLGATE_WRITE_OCI_RULES_H

#include "policy/policy.h"

struct oci_wish {
	uint32_t flags;        /* those of SECCOMP_FILTER_FLAG_* that are written down */
	const char *closed[2]; /* multiplexers that are denied outright, before every other rule; NULL: none */
};

/* target answers the guards. *out: malloc'ed, NUL-terminated.
 * E_UNSUPPORTED: a rule of LXC's that holds for one ABI only, which OCI cannot say. */
int policy_write_oci(const struct callgate_policy *policy, const struct callgate_target *target,
		     const struct oci_wish *wish, char **out, size_t *size, struct callgate_err *err);

#endif
