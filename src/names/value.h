/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of arguments by name: one vocabulary per kind of argument, and which argument of which call has which. */
#ifndef CALLGATE_NAMES_VALUE_H
#define CALLGATE_NAMES_VALUE_H

#include "base/source.h"
#include "callgate.h"

struct value_set;

/* The vocabulary of an argument. NULL: it has none, or the ABI has numbers of its own for it (MIPS, PA-RISC and, for
 * ioctl, PowerPC). CALLGATE_ABI_NONE: asm-generic's numbers, as errno names have them. */
const struct value_set *value_set_of(struct slice call, unsigned index, enum callgate_abi abi);
/* Whether its values are made of flags that are ORed. */
bool value_set_is_flags(const struct value_set *set);

/* "AF_ALG", "CLONE_NEWUSER|CLONE_NEWNS|0x11", "-1". set may be NULL: numbers only. False: *bad is the part that is
 * neither a number nor known. */
bool value_parse(const struct value_set *set, struct slice text, uint64_t *out, struct slice *bad);
/* The same way back; bits without a name are in hex, and so is the whole where nothing of it has one. set may be NULL.
 * Returns the length as snprintf() does. */
int value_format(const struct value_set *set, uint64_t value, char *buf, size_t size);
/* The nearest name of the set; NULL: none. */
const char *value_nearest(const struct value_set *set, struct slice text);

#endif
