/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kill(2) of these programs. */
#include <signal.h>
#include <stdlib.h>

int __real_kill(pid_t pid, int number);
int __wrap_kill(pid_t pid, int number);

/* -1 is what fork(2) answers when it cannot, and means every process of the machine: the test that asks for it crashes
 * instead. */
int __wrap_kill(pid_t pid, int number)
{
	if (pid == -1)
		abort();
	return __real_kill(pid, number);
}
