/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs as bytes and as text. Every writer hands over malloc'ed bytes with a NUL behind them. */
#ifndef CALLGATE_BPF_TEXT_H
#define CALLGATE_BPF_TEXT_H

#include "bpf/prog.h"

enum prog_order { PROG_LITTLE_ENDIAN, PROG_BIG_ENDIAN };

/* bpf/bytes.c: struct sock_filter by struct sock_filter, in the target's byte order; base64 of that; a C array. */
int prog_from_bytes(const void *bytes, size_t size, enum prog_order order, struct callgate_prog **out,
		    struct callgate_err *err);
int prog_write_raw(const struct callgate_prog *prog, char **out, size_t *size, struct callgate_err *err);
int prog_write_base64(const struct callgate_prog *prog, char **out, size_t *size, struct callgate_err *err);
int prog_write_c(const struct callgate_prog *prog, char **out, size_t *size, struct callgate_err *err);

/* bpf/disasm.c: a listing with jump targets, and what constants mean where that is certain. */
int prog_write_asm(const struct callgate_prog *prog, char **out, size_t *size, struct callgate_err *err);

/* bpf/pfc.c: what a filter says, as pseudo code. */
int filter_write_pfc(const struct callgate_filter *filter, char **out, size_t *size, struct callgate_err *err);

#endif
