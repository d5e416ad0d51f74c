/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make coverage includes it before each file: a process that ends by _exit(2) has run too. */
#ifndef TESTS_DIR /* the unit tests' own children end under filters that forbid to write */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <unistd.h>

void __gcov_dump(void);
void __gcov_reset(void);

/* Reset: a child of vfork(2) shares its parent's counts, which are to be written again. */
#define _exit(status) (__gcov_dump(), __gcov_reset(), _exit(status))
#endif
