/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smallest filter that can be told from another one, and how tasks that have such are looked at. */
#ifndef CALLGATE_TEST_FILTERED_H
#define CALLGATE_TEST_FILTERED_H

#include <sys/syscall.h>

#include "bpf/prog.h"
#include "kernel/witness_read.h"

/* What mkdir(3), rmdir(3) and mknod(3) call where an architecture is too young for the calls of these names. */
#ifndef SYS_mkdir
#define SYS_mkdir SYS_mkdirat
#define SYS_rmdir SYS_unlinkat
#define SYS_mknod SYS_mknodat
#endif

/* The call gets word, all others another one, on whatever architecture. The caller frees it. */
struct callgate_prog *answer(unsigned nr, uint32_t word, uint32_t others);
/* The call gets word (SECCOMP_RET_ERRNO | 77), all others are allowed. */
struct callgate_prog *deny(unsigned nr, uint32_t word);

/* The test is skipped where nobody shows filters to this caller. */
struct callgate_witness *look(const struct callgate_task *tasks, size_t count, enum callgate_evidence how);
/* Whether every thread of these tasks has prog among its filters, word for word. E_MISMATCH names a thread that lacks
 * it, *lacking its place in tasks. Where the filters cannot be read: the error of that, which no caller may take for a
 * yes. Tasks that have ended meanwhile lack nothing. */
int witness_have(const struct callgate_task *tasks, size_t count, const struct callgate_prog *prog, size_t *lacking,
		 struct callgate_err *err);

#endif
