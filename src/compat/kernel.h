/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel: what seccomp(2) can do here, or is to be taken for able to do (seccomp_api_set), asked once. */
#ifndef CALLGATE_COMPAT_KERNEL_H
#define CALLGATE_COMPAT_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

enum { FLAG_WAIT_KILLABLE = 1 << 5 /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19 */ };

/* 1 to 7: each level has all that the ones below it have. */
unsigned kernel_level(void);
void kernel_forget(void);

/* Whether a filter may return this word. */
bool kernel_takes_action(uint32_t action);
bool kernel_takes_flag(unsigned flag);
bool kernel_has_call(void); /* seccomp(2) itself, not only prctl(2) */

/* The listener of the filter that was loaded last with one; -1. */
int kernel_listener(void);
void kernel_set_listener(int fd);

#endif
