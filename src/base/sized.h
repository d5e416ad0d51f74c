/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sized structs: public structs that begin with their size, so that callers and library may know different versions of
 * them. */
#ifndef CALLGATE_BASE_SIZED_H
#define CALLGATE_BASE_SIZED_H

#include "callgate.h"

/*
 * The caller's struct as this library knows it: what both know is copied, what the caller does not know yet is zero,
 * the size is set to known_size. As openat2(2) has it, E_ARG: the size is none that a caller can have (less than the
 * size itself), or a member that this library does not know is not zero, and with it a wish that would be ignored.
 */
int sized_in(void *known, size_t known_size, const void *given, struct callgate_err *err);
/*
 * The library's struct into the caller's: what both know is copied, what only the caller knows is zero; its size stays.
 */
int sized_out(void *given, const void *known, size_t known_size, struct callgate_err *err);

#endif
