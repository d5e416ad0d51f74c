/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers where nobody has written them down yet: every injection is refused. A new architecture is a file beside
 * this one. */
#include "kernel/regs.h"

#include "base/err.h"

int regs_get(pid_t tid, struct regs *out, struct callgate_err *err)
{
	(void)tid;
	(void)out;
	return err_set(err, CALLGATE_E_UNSUPPORTED, "injection is not there for this architecture");
}

int regs_set(pid_t tid, const struct regs *regs, struct callgate_err *err)
{
	(void)regs;
	return regs_get(tid, NULL, err);
}

enum callgate_abi regs_abi(const struct regs *regs)
{
	(void)regs;
	return CALLGATE_ABI_NONE;
}

uint64_t regs_ip(const struct regs *regs)
{
	return regs->words[0];
}

void regs_set_ip(struct regs *regs, uint64_t address)
{
	regs->words[0] = address;
}

uint64_t regs_sp(const struct regs *regs)
{
	return regs->words[0];
}

unsigned regs_red_zone(const struct regs *regs)
{
	(void)regs;
	return 0;
}

unsigned regs_call_insns(const struct regs *regs, struct regs_insn out[2])
{
	(void)regs;
	(void)out;
	return 0;
}

struct regs_insn regs_break_insn(const struct regs *regs, uint64_t *address)
{
	(void)regs;
	(void)address;
	return (struct regs_insn){ .align = 1 };
}

bool regs_at_break(struct regs *regs, uint64_t address)
{
	(void)regs;
	(void)address;
	return false;
}

void regs_make_call(struct regs *regs, const struct regs_call *call)
{
	(void)regs;
	(void)call;
}

int64_t regs_result(const struct regs *regs)
{
	(void)regs;
	return -1;
}

int regs_cancel_call(pid_t tid, struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_UNSUPPORTED, "process %ld cannot be kept from a call here", (long)tid);
}

bool regs_next_call(const struct regs *regs, struct regs_call *out)
{
	(void)regs;
	(void)out;
	return false;
}

void regs_set_nr(struct regs *regs, uint32_t nr)
{
	(void)regs;
	(void)nr;
}
