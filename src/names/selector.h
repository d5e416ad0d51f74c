/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Selectors: the arguments that tell what a call is used for: socket's family, ioctl's command, clone's flags. */
#ifndef CALLGATE_NAMES_SELECTOR_H
#define CALLGATE_NAMES_SELECTOR_H

#include "callgate.h"

enum { SELECTORS = 3 }; /* that a call has at most */

/* An argument and the bits of it that count: of a mode only the file type. */
struct selector {
	uint8_t arg;
	uint64_t mask;
};

/* The selectors of a number on an ABI, by ascending argument; returns how many. Pointers are never among them. */
unsigned selectors_of(enum callgate_abi abi, uint32_t nr, struct selector out[SELECTORS]);

#endif
