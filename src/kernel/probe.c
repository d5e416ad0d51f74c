/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probing seccomp(2) without loading anything: a NULL program makes known flags EFAULT and unknown ones EINVAL. */
#include "callgate.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sized.h"
#include "names/words.h"

static long seccomp_call(unsigned operation, unsigned flags, void *data)
{
	return syscall(SYS_seccomp, operation, flags, data);
}

static unsigned known_actions(void)
{
	unsigned known = 0;

	for (int kind = CALLGATE_KILL_PROCESS; kind <= CALLGATE_ALLOW; kind++) {
		uint32_t word = action_word((struct callgate_action){ .kind = (enum callgate_action_kind)kind });

		if (seccomp_call(SECCOMP_GET_ACTION_AVAIL, 0, &word) == 0)
			known |= 1u << kind;
	}
	return known;
}

/* Flags that only work together are asked with their partner. */
static uint32_t known_flags(void)
{
	uint32_t known = 0;

	for (unsigned bit = 0; bit < 16; bit++) {
		uint32_t flag = 1u << bit, asked = flag;

		if (flag == SECCOMP_FILTER_FLAG_TSYNC_ESRCH)
			asked |= SECCOMP_FILTER_FLAG_TSYNC;
		if (flag == 1u << 5) /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19 */
			asked |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		if (seccomp_call(SECCOMP_SET_MODE_FILTER, asked, NULL) < 0 && errno == EFAULT)
			known |= flag;
	}
	return known;
}

int callgate_kernel_probe(struct callgate_kernel *out, struct callgate_err *err)
{
	struct utsname name;
	struct callgate_kernel kernel = { .size = sizeof(kernel) };

	REQUIRE(err, out);
	if (uname(&name) < 0)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "uname");
	if (sscanf(name.release, "%u.%u", &kernel.major, &kernel.minor) != 2)
		return err_set(err, CALLGATE_E_KERNEL, "kernel release '%.60s' is not a number", name.release);
	kernel.flags = known_flags();
	kernel.actions = known_actions();
	kernel.seccomp = kernel.actions & 1u << CALLGATE_ALLOW;
	/* The file and PTRACE_SECCOMP_GET_FILTER are built by the same option, CONFIG_CHECKPOINT_RESTORE. */
	kernel.filter_dump = kernel.seccomp && access("/proc/sys/kernel/ns_last_pid", F_OK) == 0;
	return sized_out(out, &kernel, sizeof(kernel), err);
}
