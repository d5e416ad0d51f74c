/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ABIs: one row each. Every word that any format uses for an ABI is in this table and only there. */
#ifndef CALLGATE_NAMES_ABI_H
#define CALLGATE_NAMES_ABI_H

#include "base/source.h"
#include "callgate.h"

/* The bit that marks an x32 number (__X32_SYSCALL_BIT). */
enum { X32_BIT = 0x40000000 };

struct abi {
	const char *name;   /* libseccomp's word: "x86_64" */
	const char *oci;    /* "SCMP_ARCH_X86_64" */
	const char *go;     /* GOARCH, as Docker's guards and archMap hosts use it: "amd64"; NULL: none */
	const char *docker; /* the word in includes/excludes "arches": "amd64", "x86", "x32", "arm64" ... */
	uint32_t audit;     /* AUDIT_ARCH_*: what seccomp_data.arch says */
	uint32_t first_nr;  /* 0x40000000 for x32, else 0 (MIPS numbers carry their own base: 4000, 5000, 6000) */
	uint8_t width;      /* of arguments, in bits: 32 or 64 (x32 is 32 here: rule 6) */
	uint8_t big_endian;
};

const struct abi *abi_of(enum callgate_abi abi);    /* NULL: out of range */
enum callgate_abi abi_by_oci(struct slice word);    /* exact, "SCMP_ARCH_X86"; CALLGATE_ABI_NONE */
enum callgate_abi abi_by_name(struct slice word);   /* libseccomp's word */
enum callgate_abi abi_by_docker(struct slice word); /* guard word */
/* Any of these words, GOARCH, or what uname -m says ("i686", "armv7l"); what people type. */
enum callgate_abi abi_by_word(struct slice word);
/* The ABI that (audit arch, number) belongs to; NONE when no row has that audit arch. x32 by bit 30, 0xffffffff is
 * x86_64. */
enum callgate_abi abi_by_audit(uint32_t audit, uint32_t nr);
/* This machine's native ABI (compile time). */
enum callgate_abi abi_native(void);
/* The 32-bit ABI whose programs this machine's kernel runs beside its own; the native one where there is none. */
enum callgate_abi abi_native_narrow(void);
/* The ABIs that LXC and Docker's archMap add for a host: fills out with at most 3, the host first; returns how many. */
unsigned abi_family(enum callgate_abi host, enum callgate_abi out[3]);
/* The same as LXC has it: some hosts have no other ABI there. 0: LXC does not know the host. */
unsigned abi_family_lxc(enum callgate_abi host, enum callgate_abi out[3]);

#endif
