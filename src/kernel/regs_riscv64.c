/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers on riscv64. The kernel restarts calls as aarch64's does: see regs_aarch64.c. */
#include "kernel/regs.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/err.h"

/* struct user_regs_struct of the kernel: pc, then x1 to x31. */
enum { PC = 0, SP = 2, A0 = 10, A7 = 17, WORDS = 32 };

_Static_assert(WORDS <= sizeof(struct regs) / sizeof(uint64_t), "struct regs is too small");

static int regs_failed(pid_t tid, const char *what, int saved, struct callgate_err *err)
{
	return err_set_errno(err, saved == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_KERNEL, saved, NULL,
			     "cannot %s the registers of process %ld", what, (long)tid);
}

int regs_get(pid_t tid, struct regs *out, struct callgate_err *err)
{
	struct regs regs = { 0 };
	struct iovec vec = { regs.words, WORDS * sizeof(uint64_t) };

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &vec) < 0)
		return regs_failed(tid, "read", errno, err);
	if (vec.iov_len != WORDS * sizeof(uint64_t))
		return err_set(err, CALLGATE_E_UNSUPPORTED, "process %ld has registers of an unknown kind", (long)tid);
	*out = regs;
	return 0;
}

int regs_set(pid_t tid, const struct regs *regs, struct callgate_err *err)
{
	struct iovec vec = { (void *)regs->words, WORDS * sizeof(uint64_t) };

	if (ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &vec) < 0)
		return regs_failed(tid, "set", errno, err);
	return 0;
}

enum callgate_abi regs_abi(const struct regs *regs)
{
	(void)regs;
	return CALLGATE_ABI_RISCV64;
}

uint64_t regs_ip(const struct regs *regs)
{
	return regs->words[PC];
}

void regs_set_ip(struct regs *regs, uint64_t address)
{
	regs->words[PC] = address;
}

uint64_t regs_sp(const struct regs *regs)
{
	return regs->words[SP];
}

unsigned regs_red_zone(const struct regs *regs)
{
	(void)regs;
	return 0;
}

/* ecall; beside instructions of 16 bits it may stand at any even address. */
unsigned regs_call_insns(const struct regs *regs, struct regs_insn out[2])
{
	(void)regs;
	out[0] = (struct regs_insn){ { 0x73, 0x00, 0x00, 0x00 }, 4, 2, 0 };
	return 1;
}

/* ebreak */
struct regs_insn regs_break_insn(const struct regs *regs, uint64_t *address)
{
	(void)regs;
	(void)address;
	return (struct regs_insn){ { 0x73, 0x00, 0x10, 0x00 }, 4, 2, 0 };
}

bool regs_at_break(struct regs *regs, uint64_t address)
{
	return regs->words[PC] == address;
}

void regs_make_call(struct regs *regs, const struct regs_call *call)
{
	memcpy(regs->words + A0, call->args, sizeof(call->args));
	regs->words[A7] = call->nr;
	regs->words[PC] = call->insn;
}

int64_t regs_result(const struct regs *regs)
{
	return (int64_t)regs->words[A0];
}

int regs_cancel_call(pid_t tid, struct callgate_err *err)
{
	struct regs regs = { 0 };
	int r = regs_get(tid, &regs, err);

	regs.words[A7] = (uint64_t)-1;
	return r < 0 ? r : regs_set(tid, &regs, err);
}

bool regs_next_call(const struct regs *regs, struct regs_call *out)
{
	*out = (struct regs_call){ .insn = regs->words[PC], .nr = (uint32_t)regs->words[A7] };
	memcpy(out->args, regs->words + A0, sizeof(out->args));
	return true;
}

void regs_set_nr(struct regs *regs, uint32_t nr)
{
	regs->words[A7] = nr;
}
