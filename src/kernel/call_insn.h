/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Call_insn: the instruction of its own by which a stopped task can be made to make system calls. */
#ifndef CALLGATE_KERNEL_CALL_INSN_H
#define CALLGATE_KERNEL_CALL_INSN_H

#include "kernel/regs.h"

struct call_insn {
	uint64_t address;
	unsigned mode; /* as struct regs_insn has it */
	bool is_next;  /* the task stands before such an instruction: back to what it was in, perhaps */
};

/* A task that was in a call stands behind the instruction that made it, or before it; else its code is searched, the
 * first 16 MiB. E_UNSUPPORTED: there is none. */
int call_insn_find(pid_t tid, const struct regs *regs, struct call_insn *out, struct callgate_err *err);

#endif
