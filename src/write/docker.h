/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Docker text of a policy: the same questions in Docker's words, nothing answered. */
#ifndef CALLGATE_WRITE_DOCKER_H
#define CALLGATE_WRITE_DOCKER_H

#include "base/text.h"
#include "policy/policy.h"

/* For policies read from OCI, Docker or containers-common JSON. Errno words become numbers and "name" becomes "names",
 * because not every reader of such files knows them. */
int docker_write(const struct callgate_policy *policy, struct text *out, struct callgate_err *err);

#endif
