/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arch: libseccomp's architecture tokens, and what its numbering of system calls is on each. */
#ifndef CALLGATE_COMPAT_ARCH_H
#define CALLGATE_COMPAT_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "callgate.h"

struct arch {
	uint32_t token;   /* AUDIT_ARCH_*, but for x32, which the kernel has no word for */
	const char *name; /* libseccomp's word */
	enum callgate_abi abi;
	bool wide; /* arguments of 64 bits */
	bool big_endian;
	int socketcall, ipc; /* 0: there is none */
};

const struct arch *arch_native(void);
const struct arch *arch_by_token(uint32_t token); /* 0: the native one; NULL: unknown */
const struct arch *arch_by_name(const char *name);

/* AUDIT_ARCH_* as a filter sees it. */
uint32_t arch_audit(const struct arch *arch);

/* A call's number: real, below -100 a pseudo number where the architecture does not have the call by itself, NR_ERROR
 * unknown. */
int arch_number(const struct arch *arch, const char *call);
/* NULL: no such number there. */
const char *arch_call(const struct arch *arch, int nr);
/* The same call's number on another architecture than the native one. False: it has no name, or none there. */
bool arch_translate(const struct arch *arch, int *nr);

/* A call that socketcall(2) or ipc(2) of the architecture reaches: the multiplexer's number, the first argument that
 * selects it, and the number that it has by itself. */
struct member {
	int mux; /* the pseudo number; 0: it is no member */
	int mux_nr;
	uint32_t selector;
	int direct; /* NR_ERROR: none */
};
struct member arch_member(const struct arch *arch, int nr);

#endif
