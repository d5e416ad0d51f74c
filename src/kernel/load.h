/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Load: puts a program on the calling thread. Works before main() and without memory. */
#ifndef CALLGATE_KERNEL_LOAD_H
#define CALLGATE_KERNEL_LOAD_H

#include "bpf/prog.h"

/* What loading asks of a program, and what a failed load means, for those who load it into another task. flags: as
 * given to the kernel. tid: seccomp(2)'s positive answer to TSYNC. */
int kernel_load_check(const struct callgate_prog *prog, struct callgate_err *err);
int kernel_load_failed(const struct callgate_prog *prog, int saved, uint32_t flags, struct callgate_err *err);
int kernel_load_diverged(long tid, struct callgate_err *err);

/* no_new_privs for the calling thread, as the choice says. */
int kernel_set_nnp(enum callgate_nnp nnp, struct callgate_err *err);

/* Whether CAP_SYS_ADMIN is effective in the calling thread: then a filter loads without no_new_privs. */
int kernel_has_admin(bool *out, struct callgate_err *err);

#endif
