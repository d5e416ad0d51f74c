/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Syscalls: names and numbers per ABI. The table is src/names/syscalls.tsv (checked in; the head of update-syscalls.c
 * says how to renew it), compiled in; look-ups take no lock, no memory and no library.
 */
#ifndef CALLGATE_NAMES_SYSCALL_H
#define CALLGATE_NAMES_SYSCALL_H

#include "base/source.h"
#include "callgate.h"

enum { SYSCALL_NONE = -1 };

/* A syscall's row, >= 0, the same on every ABI; SYSCALL_NONE for a name unknown to the table. Constant time. */
int syscall_find(struct slice name);
const char *syscall_id_name(int id);
int syscall_count(void);

/* The number on an ABI (x32 numbers include bit 30), or SYSCALL_NONE when the ABI has no such call of its own
 * (members that only exist behind a multiplexer included). */
int64_t syscall_nr(int id, enum callgate_abi abi);

/* Which row has this number; SYSCALL_NONE. */
int syscall_by_nr(enum callgate_abi abi, uint32_t nr);

/* The highest number that the table knows on an ABI (ARM: 983046, its private calls sit at 0xf0000). 0: no such ABI. */
uint32_t syscall_max_nr(enum callgate_abi abi);

/* First mainline kernel with the call on most ABIs, as 0xMMmm (0x0609 is 6.9); 0x0206 means "2.6 or before". */
uint16_t syscall_first_kernel(int id);

/* Whether this libseccomp release (0xMMmmpp; 0: no limit) knows the name. */
bool syscall_in_release(int id, uint32_t release);

/* Multiplexers: on ABIs that have socketcall(2) or ipc(2), member calls are also reached through them.
 * True when id is such a member on abi: *mux is the multiplexer's row, *selector its first argument. libseccomp
 * compares the whole argument (both halves on 64-bit ABIs); the kernel takes an int from it, and of ipc's only the low
 * 16 bits: above them stands a version, which s390 and s390x want to be 0. */
bool syscall_behind_mux(int id, enum callgate_abi abi, int *mux, uint32_t *selector);
/* Walks the members of a multiplexer's row: the member with this selector, or SYSCALL_NONE. ipc has selectors 1..24,
 * socketcall 1..20. */
int syscall_mux_member(int mux, uint32_t selector);

/* Argument kinds, as most ABIs have them (names/arguments.h knows the others): one letter per argument, "" when
 * unknown. i: int or unsigned int (32 bits count), l: long, size_t, off_t ... (register width), p: pointer, 6: 64-bit
 * by value on 64-bit ABIs. At most six letters. */
const char *syscall_args(int id);
/* Comma-separated argument names in the same order, "" when unknown. */
const char *syscall_arg_names(int id);

/* A topic that the call belongs to: "file-system", "network", "process", "privileged" ..., comma separated; "" for
 * none. */
const char *syscall_sets(int id);

/* The nearest known name (Damerau-Levenshtein distance 1 or 2, scaled to the length), NULL for none. */
const char *syscall_nearest(struct slice name);

#endif
