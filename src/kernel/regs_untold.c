/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where registers do not tell whether a task was in a call: everywhere but on x86. By the time of the stop the kernel
 * has put the program counter back to the instruction and the first argument to where it was, if it is going to
 * restart; else the first argument is the answer. Either way there is a number, but whether there was a call is
 * unknown. */
#include "kernel/regs.h"

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
