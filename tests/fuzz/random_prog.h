/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random programs that the kernel would take, long ones too: jumps of all kinds, arithmetic, scratch memory. For the
 * bound on time. */
#ifndef TESTS_FUZZ_RANDOM_PROG_H
#define TESTS_FUZZ_RANDOM_PROG_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

/* Where random words come from. */
struct random_source {
	uint32_t (*next)(void *data);
	void *data;
};

static inline uint32_t random_below(const struct random_source *from, uint32_t limit)
{
	return from->next(from->data) % limit;
}

static inline uint32_t random_constant(const struct random_source *from)
{
	static const uint32_t often[] = { 0, 1, 2, UINT32_MAX, 0x80000000, 0xc000003e, 0x40000003, 0x40000000 };

	switch (random_below(from, 3)) {
	case 0:
		return random_below(from, 460);
	case 1:
		return often[random_below(from, 8)];
	default:
		return from->next(from->data);
	}
}

static inline uint32_t random_return(const struct random_source *from)
{
	static const uint32_t actions[] = { SECCOMP_RET_ALLOW,        SECCOMP_RET_ERRNO | 1,   SECCOMP_RET_ERRNO | 38,
					    SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
					    SECCOMP_RET_LOG,          SECCOMP_RET_TRACE | 1 };

	return actions[random_below(from, 8)];
}

/* left: instructions behind this one. */
static inline struct sock_filter random_jump(const struct random_source *from, uint32_t left, uint32_t reach)
{
	static const uint16_t ops[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	uint32_t most = left - 1 < reach ? left - 1 : reach;
	uint16_t source = random_below(from, 16) == 0 ? BPF_X : BPF_K;

	return (struct sock_filter){ (uint16_t)(BPF_JMP | ops[random_below(from, 4)] | source),
				     (uint8_t)random_below(from, most + 1), (uint8_t)random_below(from, most + 1),
				     random_constant(from) };
}

static inline struct sock_filter random_alu(const struct random_source *from)
{
	static const uint16_t ops[] = {
		BPF_ADD, BPF_SUB, BPF_MUL, BPF_AND, BPF_OR, BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG
	};
	uint16_t op = ops[random_below(from, 9)];
	uint32_t k = random_constant(from);

	return (struct sock_filter){ (uint16_t)(BPF_ALU | op | BPF_K), 0, 0,
				     op == BPF_LSH || op == BPF_RSH ? k % 32 : k };
}

static inline struct sock_filter random_plain(const struct random_source *from, uint32_t style)
{
	switch (style ? 0 : random_below(from, 6)) {
	case 1:
		return random_alu(from);
	case 2:
		return (struct sock_filter){ BPF_ST, 0, 0, random_below(from, 4) };
	case 3:
		return (struct sock_filter){ BPF_MISC | BPF_TAX, 0, 0, 0 };
	case 4:
		return (struct sock_filter){ BPF_LDX | BPF_IMM, 0, 0, random_constant(from) };
	case 5:
		return (struct sock_filter){ BPF_RET | BPF_K, 0, 0, random_return(from) };
	default:
		return (struct sock_filter){ BPF_LD | BPF_W | BPF_ABS, 0, 0, 4 * random_below(from, 16) };
	}
}

/* count: 1 to BPF_MAXINSNS. style 0 has everything, 1 near jumps, others far ones on loaded words only. */
static inline void random_prog(const struct random_source *from, uint32_t style, struct sock_filter *insns,
			       uint32_t count)
{
	for (uint32_t i = 0; i + 1 < count; i++) {
		uint32_t left = count - 1 - i;

		if (left > 1 && random_below(from, 8) < (style ? 4u : 2u))
			insns[i] = random_jump(from, left, style == 1 ? 8 : 255);
		else
			insns[i] = random_plain(from, style);
	}
	insns[count - 1] = (struct sock_filter){ BPF_RET | BPF_K, 0, 0, random_return(from) };
}

#endif
