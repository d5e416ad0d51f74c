/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmap: for which calls the kernel runs no filter at all. */
#ifndef CALLGATE_TESTS_UNIT_BITMAP_H
#define CALLGATE_TESTS_UNIT_BITMAP_H

#include "bpf/prog.h"

/* Whether the kernel's allow bitmap (Linux 5.11 and later) answers for this call without running the
 * program: only constant actions on the number and the architecture, ending in ALLOW (seccomp_is_const_allow() of
 * kernel/seccomp.c). */
bool prog_bitmap(const struct callgate_prog *prog, uint32_t audit, uint32_t nr);

#endif
