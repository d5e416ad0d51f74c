/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probe: what this kernel's seccomp can do. Asks, loads nothing. */
#ifndef CALLGATE_KERNEL_PROBE_H
#define CALLGATE_KERNEL_PROBE_H

#include "callgate.h"

/* Answers are in the struct, also "no seccomp here at all"; the call itself fails only when uname(2) does. */
int kernel_probe(struct callgate_kernel *out, struct callgate_err *err);

#endif
