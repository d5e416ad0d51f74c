/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OCI text of a filter: linux.seccomp as the runtime-spec has it, conditions on the target evaluated. */
#ifndef CALLGATE_WRITE_OCI_H
#define CALLGATE_WRITE_OCI_H

#include "base/text.h"
#include "filter/filter.h"
#include "policy/policy.h"

/* How a name is written. */
enum oci_strict {
	OCI_STRICT_NO = 0, /* as exactly as OCI's rules can */
	OCI_STRICT_MEET,   /* the stricter action where ABIs differ */
	OCI_STRICT_NARROW, /* the narrower ABI's conditions, so that on the wider one upper halves are zero */
	OCI_STRICT_YES,    /* one rule without conditions: the strictest of all its answers */
	OCI_STRICT_SAID,   /* denied by a rule of its own, which is not the default's action */
	OCI_STRICT_CLOSED, /* answered by an errno, so that libc tries something else */
};
/* Beside a value of oci_strict: the ENOSYS of a name that a reader does not add by itself is said by a rule. */
enum { OCI_ENOSYS_SAID = 0x80 };

struct oci_wish {
	const struct callgate_policy *policy; /* gives the listener; NULL: none */
	const uint8_t
		*strict; /* an enum oci_strict per row of the table of system calls, OCI_ENOSYS_SAID; NULL: none */
	uint32_t flags;  /* those of SECCOMP_FILTER_FLAG_* that may be written down */
	uint32_t added;  /* those that are written besides */
};

/*
 * Writes what OCI's rules can say of the filter; what they cannot (numbers without a name, another answer on one ABI,
 * ranges) becomes stricter there, or is left out: the caller reads the text back and compares.
 */
int oci_write(const struct callgate_filter *filter, const struct oci_wish *wish, struct text *out,
	      struct callgate_err *err);
/* Whether numbers beyond the profile get ENOSYS somewhere (rule 5). */
bool oci_has_tail(const struct callgate_filter *filter);

#endif
