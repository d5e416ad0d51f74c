/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vector registers. On aarch64 and riscv64 a system call may change those of its caller, so that they are no caller's
 * to lose who makes one; a task that is made to make one, in the middle of anything, has not agreed to that. On x86 no
 * call touches them. */
#include "kernel/regs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "base/err.h"

enum { ROOM = 16384 }; /* of the longest registers that either has: 32 of 256 bytes, and what goes with them */

/* The kernel's notes of registers, and whether what it shows is more than what it keeps for everybody. */
#if defined __aarch64__
enum { SVE = 0x405, STREAMING_SVE = 0x40b };
static const unsigned notes[] = { STREAMING_SVE, SVE };

static bool is_in_use(const unsigned char *bytes)
{
	enum {
		FLAGS = 12,
		SVE_REGISTERS = 1
	}; /* struct user_sve_header; otherwise it is the 128 bits that calls keep */

	return bytes[FLAGS] & SVE_REGISTERS;
}
#elif defined __riscv
enum { VECTOR = 0x901 };
static const unsigned notes[] = { VECTOR };

static bool is_in_use(const unsigned char *bytes)
{
	(void)bytes; /* the kernel refuses to show what is not */
	return true;
}
#else
static const unsigned notes[] = { 0 };

static bool is_in_use(const unsigned char *bytes)
{
	(void)bytes;
	return false;
}
#endif

int regs_wide_save(pid_t tid, struct regs_wide *out, struct callgate_err *err)
{
	unsigned char *bytes;

	*out = (struct regs_wide){ 0 };
	if (!notes[0])
		return 0;
	bytes = calloc(1, ROOM);
	if (!bytes)
		return err_nomem(err);
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		struct iovec vec = { bytes, ROOM };

		if (ptrace(PTRACE_GETREGSET, tid, (void *)(uintptr_t)notes[i], &vec) < 0 || !is_in_use(bytes))
			continue; /* this machine has none, or the task has not used them */
		*out = (struct regs_wide){ .note = notes[i], .bytes = bytes, .size = vec.iov_len };
		return 0;
	}
	free(bytes);
	return 0;
}

int regs_wide_restore(pid_t tid, struct regs_wide *saved, struct callgate_err *err)
{
	struct iovec vec = { saved->bytes, saved->size };
	int r = 0;

	if (saved->bytes && ptrace(PTRACE_SETREGSET, tid, (void *)(uintptr_t)saved->note, &vec) < 0)
		r = err_set(err, CALLGATE_E_KERNEL, "cannot restore the vector registers of process %ld", (long)tid);
	free(saved->bytes);
	saved->bytes = NULL;
	return r;
}
