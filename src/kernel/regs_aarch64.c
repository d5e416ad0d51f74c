/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers on aarch64. 32-bit tasks are refused. */
#include "kernel/regs.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/err.h"

/* struct user_pt_regs of the kernel, and the slot behind it where we keep the number of the call. */
enum { X0 = 0, X3 = 3, X8 = 8, SP = 31, PC = 32 /* 33: pstate */, WORDS = 34 };
enum { NR_RESTART_SYSCALL = 128, NR_FUTEX = 98, NR_NANOSLEEP = 101, NR_CLOCK_NANOSLEEP = 115, TIMER_ABSTIME_BIT = 1 };

_Static_assert(WORDS <= sizeof(struct regs) / sizeof(uint64_t), "struct regs is too small");

static int regs_failed(pid_t tid, const char *what, int saved, struct callgate_err *err)
{
	return err_set_errno(err, saved == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_KERNEL, saved, NULL,
			     "cannot %s the registers of process %ld", what, (long)tid);
}

int regs_get(pid_t tid, struct regs *out, struct callgate_err *err)
{
	struct regs regs = { 0 };
	struct iovec vec = { regs.words, sizeof(regs.words) };

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &vec) < 0)
		return regs_failed(tid, "read", errno, err);
	if (vec.iov_len != WORDS * sizeof(uint64_t))
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "process %ld is a 32-bit one, which is not served on aarch64", (long)tid);
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
	return CALLGATE_ABI_AARCH64;
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

struct regs_insn regs_call_insn(const struct regs *regs)
{
	(void)regs;
	return (struct regs_insn){ { 0x01, 0x00, 0x00, 0xd4 }, 4 }; /* svc #0; instructions are little endian always */
}

struct regs_insn regs_break_insn(const struct regs *regs)
{
	(void)regs;
	return (struct regs_insn){ { 0x00, 0x00, 0x20, 0xd4 }, 4 }; /* brk #0 */
}

bool regs_at_break(struct regs *regs, uint64_t address)
{
	return regs->words[PC] == address;
}

/* A stop for a signal or an interrupt has made the kernel forget the call already; behind an exit stop nothing is
 * restarted. */
void regs_make_call(struct regs *regs, const struct regs_call *call)
{
	for (int i = 0; i < 6; i++)
		regs->words[X0 + i] = call->args[i];
	regs->words[X8] = call->nr;
	regs->words[PC] = call->insn;
}

int64_t regs_result(const struct regs *regs)
{
	return (int64_t)regs->words[X0];
}

/* By the time of the stop the kernel has put pc back to the svc and x0 to the first argument where it is going to
 * restart; else x0 is the answer. Either way x8 has the number, but whether there was a call is unknown. */
int64_t regs_interrupted(const struct regs *regs)
{
	(void)regs;
	return -1;
}

bool regs_restart(struct regs *regs)
{
	(void)regs;
	return false;
}

/* A call with a time limit goes on by restart_syscall, which the kernel sets up only when the stop ends where it began.
 * These three are the ones that block so (poll is ppoll here, and that starts anew). */
void regs_keep_restart(struct regs *regs, int64_t blocked)
{
	bool limited = (blocked == NR_FUTEX && regs->words[X3]) || blocked == NR_NANOSLEEP ||
		       (blocked == NR_CLOCK_NANOSLEEP && !(regs->words[X0 + 1] & TIMER_ABSTIME_BIT));

	if (limited && regs->words[X8] == (uint64_t)blocked)
		regs->words[X8] = NR_RESTART_SYSCALL;
}
