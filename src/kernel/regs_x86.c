/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers on x86_64, of 64-bit and of i386 tasks. PTRACE_GETREGS shows both in the 64-bit form to a 64-bit tracer. */
#include "kernel/regs.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "base/err.h"

enum { CS_32 = 0x23, CS_64 = 0x33 }; /* __USER32_CS, __USER_CS */

_Static_assert(sizeof(struct user_regs_struct) <= sizeof(struct regs), "struct regs is too small");

static struct user_regs_struct *user(struct regs *regs)
{
	return (struct user_regs_struct *)regs->words;
}

static const struct user_regs_struct *user_const(const struct regs *regs)
{
	return (const struct user_regs_struct *)regs->words;
}

int regs_get(pid_t tid, struct regs *out, struct callgate_err *err)
{
	struct regs regs = { 0 };

	if (ptrace(PTRACE_GETREGS, tid, NULL, regs.words) < 0)
		return err_set_errno(err, errno == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_KERNEL, errno, NULL,
				     "cannot read the registers of process %ld", (long)tid);
	if (regs_abi(&regs) == CALLGATE_ABI_NONE)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "process %ld runs in a code segment of its own", (long)tid);
	*out = regs;
	return 0;
}

int regs_set(pid_t tid, const struct regs *regs, struct callgate_err *err)
{
	if (ptrace(PTRACE_SETREGS, tid, NULL, (void *)regs->words) < 0)
		return err_set_errno(err, errno == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_KERNEL, errno, NULL,
				     "cannot set the registers of process %ld", (long)tid);
	return 0;
}

enum callgate_abi regs_abi(const struct regs *regs)
{
	if (user_const(regs)->cs == CS_64)
		return CALLGATE_ABI_X86_64;
	return user_const(regs)->cs == CS_32 ? CALLGATE_ABI_X86 : CALLGATE_ABI_NONE;
}

uint64_t regs_ip(const struct regs *regs)
{
	return user_const(regs)->rip;
}

void regs_set_ip(struct regs *regs, uint64_t address)
{
	user(regs)->rip = address;
}

uint64_t regs_sp(const struct regs *regs)
{
	return user_const(regs)->rsp;
}

unsigned regs_red_zone(const struct regs *regs)
{
	return regs_abi(regs) == CALLGATE_ABI_X86_64 ? 128 : 0;
}

/* syscall; int $0x80, because sysenter comes back elsewhere. */
unsigned regs_call_insns(const struct regs *regs, struct regs_insn out[2])
{
	if (regs_abi(regs) == CALLGATE_ABI_X86_64)
		out[0] = (struct regs_insn){ { 0x0f, 0x05 }, 2, 1, 0 };
	else
		out[0] = (struct regs_insn){ { 0xcd, 0x80 }, 2, 1, 0 };
	return 1;
}

struct regs_insn regs_break_insn(const struct regs *regs, uint64_t *address)
{
	(void)regs;
	(void)address;
	return (struct regs_insn){ { 0xcc }, 1, 1, 0 };
}

bool regs_at_break(struct regs *regs, uint64_t address)
{
	if (user(regs)->rip != address + 1)
		return false;
	user(regs)->rip = address;
	return true;
}

void regs_make_call(struct regs *regs, const struct regs_call *call)
{
	struct user_regs_struct *u = user(regs);
	const uint64_t *a = call->args;

	u->rip = call->insn;
	u->rax = call->nr;
	u->orig_rax = (uint64_t)-1; /* in no call: nothing is restarted */
	if (regs_abi(regs) == CALLGATE_ABI_X86_64) {
		u->rdi = a[0];
		u->rsi = a[1];
		u->rdx = a[2];
		u->r10 = a[3];
		u->r8 = a[4];
		u->r9 = a[5];
		return;
	}
	u->rbx = (uint32_t)a[0];
	u->rcx = (uint32_t)a[1];
	u->rdx = (uint32_t)a[2];
	u->rsi = (uint32_t)a[3];
	u->rdi = (uint32_t)a[4];
	u->rbp = (uint32_t)a[5];
}

int64_t regs_result(const struct regs *regs)
{
	uint64_t rax = user_const(regs)->rax;

	return regs_abi(regs) == CALLGATE_ABI_X86_64 ? (int64_t)rax : (int32_t)rax;
}

int64_t regs_interrupted(const struct regs *regs)
{
	int32_t nr = (int32_t)user_const(regs)->orig_rax;

	return nr < 0 ? -1 : nr;
}

int regs_cancel_call(pid_t tid, struct callgate_err *err)
{
	struct regs regs = { 0 };
	int r = regs_get(tid, &regs, err);

	user(&regs)->orig_rax = (uint64_t)-1;
	return r < 0 ? r : regs_set(tid, &regs, err);
}

/* With this answer, which the kernel gives to pause(2), it makes the call again unless a handler runs; then it is
 * EINTR. */
bool regs_restart(struct regs *regs)
{
	enum { ERESTARTNOHAND = 514 };

	if (regs_interrupted(regs) < 0 || regs_result(regs) != -EINTR)
		return false;
	user(regs)->rax = (uint64_t)-ERESTARTNOHAND;
	return true;
}

/* The kernel looks at rax and orig_rax each time that a task leaves a stop. */
bool regs_next_call(const struct regs *regs, struct regs_call *out)
{
	(void)regs;
	(void)out;
	return false;
}

void regs_set_nr(struct regs *regs, uint32_t nr)
{
	user(regs)->rax = nr;
}
