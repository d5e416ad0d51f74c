/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probe: what this kernel's seccomp can do. Asks, loads nothing. */
#ifndef CALLGATE_KERNEL_PROBE_H
#define CALLGATE_KERNEL_PROBE_H

#include "callgate.h"

#endif
