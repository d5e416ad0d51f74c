/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a vocabulary is made of, for the tables and for who reads and writes by them. */
#ifndef CALLGATE_NAMES_VALUE_SET_H
#define CALLGATE_NAMES_VALUE_SET_H

#include "names/value.h"

struct value_name {
	const char *name;
	uint64_t value;
};

/* Where a vocabulary's numbers hold. MIPS and PA-RISC keep those of IRIX and HP-UX, PowerPC and SuperH have ioctl
 * numbers of their own. */
enum held { EVERYWHERE, ASM_GENERIC, ASM_GENERIC_IOCTL };

struct value_set {
	uint64_t low; /* these bits are one value out of a list, the others are flags */
	enum held held;
	unsigned count;
	const struct value_name *names;
};

#endif
