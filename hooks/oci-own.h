/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The seccomp profile that a container brings along: docker's and podman's --security-opt seccomp=FILE. */
#ifndef CALLGATE_HOOKS_OCI_OWN_H
#define CALLGATE_HOOKS_OCI_OWN_H

#include "hooks/oci-make.h"

void oci_own_note(struct oci_job *job); /* says so in the state file */
/* The same where podman's own default is not kept. */
void oci_own_note_default(struct oci_job *job);
/* The job's choice becomes what both permit, where it counts. 0, or -1 after messages: both together cannot be put
 * into a configuration. */
int oci_own_meet(struct oci_job *job);

#endif
