/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Btf: where the running kernel keeps what we read of it, from its own type information (/sys/kernel/btf/vmlinux). */
#ifndef CALLGATE_KERNEL_BTF_H
#define CALLGATE_KERNEL_BTF_H

#include "callgate.h"

/* A member of a structure, through members without a name too; NULL: the function of that name. */
struct btf_query {
	const char *type, *member;
	uint32_t answer; /* the member's offset in bytes, or the function's type id */
};

/* Answers all queries in one pass over the types. E_UNSUPPORTED: the kernel has no such information, or not of this
 * type or member. Nothing in the file is believed: places outside it end the reading (E_FORMAT). */
int btf_ask(struct btf_query *queries, size_t count, struct callgate_err *err);

/* The same of bytes in memory. */
int btf_ask_bytes(const void *bytes, size_t size, struct btf_query *queries, size_t count, struct callgate_err *err);

#endif
