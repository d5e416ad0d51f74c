/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes: raw struct sock_filter in either byte order, and the two formats that only wrap them. */
#include <stdlib.h>

#include "base/err.h"
#include "base/text.h"
#include "bpf/text.h"

enum { INSN_SIZE = 8 };

static uint64_t get(const unsigned char *at, unsigned size, enum prog_order order)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)at[i] << 8 * (order == PROG_BIG_ENDIAN ? size - 1 - i : i);
	return value;
}

static void put(unsigned char *at, uint32_t value, unsigned size, enum prog_order order)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (unsigned char)(value >> 8 * (order == PROG_BIG_ENDIAN ? size - 1 - i : i));
}

int prog_from_bytes(const void *bytes, size_t size, enum prog_order order, struct callgate_prog **out,
		    struct callgate_err *err)
{
	struct callgate_prog *prog = NULL;
	int r;

	if (!size || size % INSN_SIZE)
		return err_set(err, CALLGATE_E_FORMAT, "%zu bytes are not a BPF program: its instructions have %d each",
			       size, INSN_SIZE);
	if (size / INSN_SIZE > PROG_LIMIT)
		return err_set(err, CALLGATE_E_LIMIT, "%zu instructions; the kernel takes %d", size / INSN_SIZE,
			       PROG_LIMIT);
	prog = malloc(sizeof(*prog) + size);
	if (!prog)
		return err_nomem(err);
	*prog = (struct callgate_prog){ .count = (unsigned)(size / INSN_SIZE), .big_endian = order == PROG_BIG_ENDIAN };
	for (unsigned i = 0; i < prog->count; i++) {
		const unsigned char *at = (const unsigned char *)bytes + (size_t)i * INSN_SIZE;

		prog->insns[i] = (struct sock_filter){ (uint16_t)get(at, 2, order), at[2], at[3],
						       (uint32_t)get(at + 4, 4, order) };
	}
	r = prog_check(prog, err);
	if (r)
		callgate_prog_free(prog);
	else
		*out = prog;
	return r;
}

static void add_raw(struct text *text, const struct callgate_prog *prog)
{
	enum prog_order order = prog->big_endian ? PROG_BIG_ENDIAN : PROG_LITTLE_ENDIAN;

	for (unsigned i = 0; i < prog->count; i++) {
		const struct sock_filter *insn = &prog->insns[i];
		unsigned char at[INSN_SIZE] = { [2] = insn->jt, [3] = insn->jf };

		put(at, insn->code, 2, order);
		put(at + 4, insn->k, 4, order);
		text_add_bytes(text, at, sizeof(at));
	}
}

int prog_write_raw(const struct callgate_prog *prog, char **out, size_t *size, struct callgate_err *err)
{
	struct text text = { 0 };

	add_raw(&text, prog);
	return text_take(&text, out, size, err);
}

int prog_write_base64(const struct callgate_prog *prog, char **out, size_t *size, struct callgate_err *err)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct text raw = { 0 }, text = { 0 };

	add_raw(&raw, prog);
	for (size_t i = 0; i < raw.size; i += 3) {
		size_t left = raw.size - i;
		uint32_t group = (uint32_t)(unsigned char)raw.bytes[i] << 16;
		char four[4];

		if (left > 1)
			group |= (uint32_t)(unsigned char)raw.bytes[i + 1] << 8;
		if (left > 2)
			group |= (unsigned char)raw.bytes[i + 2];
		for (unsigned digit = 0; digit < 4; digit++)
			four[digit] = digits[group >> (18 - 6 * digit) & 63];
		if (left < 3)
			four[3] = '=';
		if (left < 2)
			four[2] = '=';
		text_add_bytes(&text, four, sizeof(four));
	}
	text.failed = text.failed || raw.failed;
	text_release(&raw);
	return text_take(&text, out, size, err);
}

int prog_write_c(const struct callgate_prog *prog, char **out, size_t *size, struct callgate_err *err)
{
	struct text text = { 0 };

	text_add(&text, "/* %u instructions of classic BPF for seccomp(2)%s. */\n", prog->count,
		 prog->big_endian ? ", for a big-endian machine" : "");
	text_add(&text, "static const struct sock_filter filter[] = {\n");
	for (unsigned i = 0; i < prog->count; i++)
		text_add(&text, "\t{ 0x%02x, %u, %u, 0x%08x },\n", prog->insns[i].code, prog->insns[i].jt,
			 prog->insns[i].jf, prog->insns[i].k);
	text_add(&text, "};\n");
	return text_take(&text, out, size, err);
}
