/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Regs: the registers of a stopped task, as far as injection needs them. One file per architecture implements this:
 * regs_x86.c (x86_64, with i386 tasks), regs_aarch64.c (with 32-bit ARM tasks), regs_riscv64.c,
 * regs_none.c for all others, the last three with regs_untold.c.
 */
#ifndef CALLGATE_KERNEL_REGS_H
#define CALLGATE_KERNEL_REGS_H

#include "callgate.h"

struct regs {
	uint64_t words[40]; /* what the architecture's file makes of it */
};

/* E_UNSUPPORTED: no injection on this architecture, or a task of a kind that it cannot serve. */
int regs_get(pid_t tid, struct regs *out, struct callgate_err *err);
int regs_set(pid_t tid, const struct regs *regs, struct callgate_err *err);

/* Whose system calls the task makes: the 32-bit ABI for 32-bit code. */
enum callgate_abi regs_abi(const struct regs *regs);
uint64_t regs_ip(const struct regs *regs);
void regs_set_ip(struct regs *regs, uint64_t address);
uint64_t regs_sp(const struct regs *regs);
/* How many bytes below the stack pointer belong to the function that runs. */
unsigned regs_red_zone(const struct regs *regs);

struct regs_insn {
	unsigned char bytes[4];
	unsigned size, align;
	unsigned mode; /* of the processor, where this is that instruction: 1 is Thumb */
};
/* The instructions that make a system call, first the one of the mode that the task is in; returns how many: 0, 1 or 2.
 */
unsigned regs_call_insns(const struct regs *regs, struct regs_insn out[2]);
/* The instruction that stops the task at a function that the program gives as *address, which becomes where its first
 * instruction is; and whether it did so there: then ip is put back. */
struct regs_insn regs_break_insn(const struct regs *regs, uint64_t *address);
bool regs_at_break(struct regs *regs, uint64_t address);

/* Makes the task call nr from the instruction at insn, and keeps the kernel from restarting whatever it was in. */
struct regs_call {
	uint64_t insn;
	unsigned mode;
	uint32_t nr;
	uint64_t args[6];
};
void regs_make_call(struct regs *regs, const struct regs_call *call);
int64_t regs_result(const struct regs *regs);
/* In a stop before a call: that call is not made. */
int regs_cancel_call(pid_t tid, struct callgate_err *err);

/* The number of the call that a task was taken out of; SYSCALL_NONE (-1) when it was in none, or when that is unknown.
 */
int64_t regs_interrupted(const struct regs *regs);
/* Whether the kernel answers that call with EINTR instead of restarting it; then makes it be called again. */
bool regs_restart(struct regs *regs);
/* The call that a task is about to make which stands before an instruction that makes one; false where restoring the
 * registers is enough for the kernel to restart it as it meant to (x86). regs_set_nr: makes it another one. */
bool regs_next_call(const struct regs *regs, struct regs_call *out);
void regs_set_nr(struct regs *regs, uint32_t nr);

/* Vector registers, for a task that is stopped outside any call (regs_wide.c). bytes NULL: there are none to restore.
 */
struct regs_wide {
	unsigned note;
	unsigned char *bytes;
	size_t size;
};
int regs_wide_save(pid_t tid, struct regs_wide *out, struct callgate_err *err);
/* Frees them. */
int regs_wide_restore(pid_t tid, struct regs_wide *saved, struct callgate_err *err);

#endif
