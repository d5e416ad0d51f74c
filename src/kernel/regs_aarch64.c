/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers on aarch64, of 64-bit tasks and of 32-bit ARM ones. The kernel shows each in the form of its own: struct
 * user_pt_regs, and ARM's 18 words. */
#include "kernel/regs.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/err.h"

/* 64-bit: x0 to x30, sp, pc, pstate. */
enum { X0 = 0, X8 = 8, SP = 31, PC = 32, PSTATE = 33, WORDS = 34 };
/* 32-bit: r0 to r12, sp, lr, pc, cpsr, and r0 as it was before the call. */
enum { R0 = 0, R7 = 7, SP_32 = 13, PC_32 = 15, CPSR = 16, WORDS_32 = 18 };
/* Behind either: which of them it is. */
enum { IS_32 = 39 };

/* What pstate says of the instruction before: whether it was an indirect branch (BTYPE); in cpsr that what follows is
 * done on a condition (the bits of IT). Neither is true of an instruction that we choose. */
enum { BTYPE = 0xc00, THUMB = 0x20 };
#define IT_BITS 0x0600fc00u

_Static_assert((int)WORDS <= (int)IS_32 && IS_32 < sizeof(struct regs) / sizeof(uint64_t), "struct regs is too small");

static int regs_failed(pid_t tid, const char *what, int saved, struct callgate_err *err)
{
	return err_set_errno(err, saved == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_KERNEL, saved, NULL,
			     "cannot %s the registers of process %ld", what, (long)tid);
}

static bool is_32(const struct regs *regs)
{
	return regs->words[IS_32];
}

static bool is_thumb(const struct regs *regs)
{
	return is_32(regs) && regs->words[CPSR] & THUMB;
}

int regs_get(pid_t tid, struct regs *out, struct callgate_err *err)
{
	struct regs regs = { 0 };
	struct iovec vec = { regs.words, WORDS * sizeof(uint64_t) };
	uint32_t narrow[WORDS_32];

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &vec) < 0)
		return regs_failed(tid, "read", errno, err);
	if (vec.iov_len == sizeof(narrow)) {
		memcpy(narrow, regs.words, sizeof(narrow));
		for (int i = 0; i < WORDS_32; i++)
			regs.words[i] = narrow[i];
		regs.words[IS_32] = 1;
	} else if (vec.iov_len != WORDS * sizeof(uint64_t)) {
		return err_set(err, CALLGATE_E_UNSUPPORTED, "process %ld has registers of an unknown kind", (long)tid);
	}
	*out = regs;
	return 0;
}

int regs_set(pid_t tid, const struct regs *regs, struct callgate_err *err)
{
	struct iovec vec = { (void *)regs->words, WORDS * sizeof(uint64_t) };
	uint32_t narrow[WORDS_32];

	if (is_32(regs)) {
		for (int i = 0; i < WORDS_32; i++)
			narrow[i] = (uint32_t)regs->words[i];
		vec = (struct iovec){ narrow, sizeof(narrow) };
	}
	if (ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &vec) < 0)
		return regs_failed(tid, "set", errno, err);
	return 0;
}

enum callgate_abi regs_abi(const struct regs *regs)
{
	return is_32(regs) ? CALLGATE_ABI_ARM : CALLGATE_ABI_AARCH64;
}

uint64_t regs_ip(const struct regs *regs)
{
	return regs->words[is_32(regs) ? PC_32 : PC];
}

void regs_set_ip(struct regs *regs, uint64_t address)
{
	regs->words[is_32(regs) ? PC_32 : PC] = address;
}

uint64_t regs_sp(const struct regs *regs)
{
	return regs->words[is_32(regs) ? SP_32 : SP];
}

unsigned regs_red_zone(const struct regs *regs)
{
	(void)regs;
	return 0;
}

/* svc #0. Instructions are little endian always; of Thumb's this one has 16 bits. A program's 32-bit code may be all of
 * one mode, and the loader's first instruction of the other. */
unsigned regs_call_insns(const struct regs *regs, struct regs_insn out[2])
{
	static const struct regs_insn svc = { { 0x01, 0x00, 0x00, 0xd4 }, 4, 4, 0 },
				      arm = { { 0x00, 0x00, 0x00, 0xef }, 4, 4, 0 },
				      thumb = { { 0x00, 0xdf }, 2, 2, 1 };

	out[0] = !is_32(regs) ? svc : is_thumb(regs) ? thumb : arm;
	if (!is_32(regs))
		return 1;
	out[1] = is_thumb(regs) ? arm : thumb;
	return 2;
}

/* brk #0; of a 32-bit task the undefined instructions that the kernel takes for it. */
struct regs_insn regs_break_insn(const struct regs *regs, uint64_t *address)
{
	bool thumb = is_32(regs) && *address & 1;

	*address &= ~(uint64_t)thumb;
	if (thumb)
		return (struct regs_insn){ { 0x01, 0xde }, 2, 2, 1 };
	if (is_32(regs))
		return (struct regs_insn){ { 0xf0, 0x01, 0xf0, 0xe7 }, 4, 4, 0 };
	return (struct regs_insn){ { 0x00, 0x00, 0x20, 0xd4 }, 4, 4, 0 };
}

bool regs_at_break(struct regs *regs, uint64_t address)
{
	return regs_ip(regs) == address;
}

/* A stop for a signal or an interrupt has made the kernel forget the call already; behind an exit stop nothing is
 * restarted. */
void regs_make_call(struct regs *regs, const struct regs_call *call)
{
	for (int i = 0; i < 6; i++)
		regs->words[X0 + i] = is_32(regs) ? (uint32_t)call->args[i] : call->args[i];
	regs->words[is_32(regs) ? R7 : X8] = call->nr;
	regs_set_ip(regs, call->insn);
	if (is_32(regs)) {
		regs->words[CPSR] &= ~(uint64_t)(IT_BITS | THUMB);
		regs->words[CPSR] |= call->mode ? THUMB : 0;
	} else {
		regs->words[PSTATE] &= ~(uint64_t)BTYPE;
	}
}

int64_t regs_result(const struct regs *regs)
{
	return is_32(regs) ? (int32_t)regs->words[R0] : (int64_t)regs->words[X0];
}

int regs_cancel_call(pid_t tid, struct callgate_err *err)
{
	enum { SYSTEM_CALL = 0x404 }; /* NT_ARM_SYSTEM_CALL */
	int none = -1;
	struct iovec vec = { &none, sizeof(none) };

	if (ptrace(PTRACE_SETREGSET, tid, (void *)SYSTEM_CALL, &vec) < 0)
		return regs_failed(tid, "set", errno, err);
	return 0;
}

bool regs_next_call(const struct regs *regs, struct regs_call *out)
{
	*out = (struct regs_call){ .insn = regs_ip(regs),
				   .mode = is_thumb(regs),
				   .nr = (uint32_t)regs->words[is_32(regs) ? R7 : X8] };
	memcpy(out->args, regs->words + X0, sizeof(out->args));
	return true;
}

void regs_set_nr(struct regs *regs, uint32_t nr)
{
	regs->words[is_32(regs) ? R7 : X8] = nr;
}
