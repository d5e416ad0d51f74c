/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Learn: what a learned profile has besides what was seen. */
#ifndef CALLGATE_RECORD_LEARN_H
#define CALLGATE_RECORD_LEARN_H

#include "base/text.h"
#include "callgate.h"

/* record/twins.c: names, ended by NULL. What runc, crun and LXC call between loading a profile and the program. */
const char *const *learn_runtime_names(void);
/* The calls that do the same as this one, on another ABI or when libc is another; NULL: none are known. */
const char *const *learn_twins(const char *name);
/* Calls that the kernel makes a process call because of an earlier one; the last row has no call. */
struct learn_consequence {
	const char *call, *makes;
};
const struct learn_consequence *learn_consequences(void);

/*
 * record/widen.c: the text of a profile with more rules at the end of its syscalls. E_UNSUPPORTED: it has no such list.
 */
int learn_widen(const char *base, size_t size, const struct text *rules, struct text *out, struct callgate_err *err);

#endif
