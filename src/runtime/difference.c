/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Differences between a profile and what a runtime would read: which of them open something, and how they are called.
 */
#include <stdio.h>

#include "runtime/hooks.h"

bool callgate_difference_opens(const struct callgate_difference *row)
{
	return row->change == CALLGATE_UNKNOWN || (row->looser && (row->depends_b || row->b.kind > CALLGATE_ERRNO));
}

char *callgate_difference_call(const struct callgate_difference *row, char *buf, size_t size)
{
	const char *abi = callgate_abi_name(row->witness.abi),
		   *name = callgate_syscall_name(row->witness.abi, row->witness.nr);

	snprintf(buf, size, "%s (number %u) of %s", name ? name : "a call", row->witness.nr,
		 abi ? abi : "a foreign ABI");
	return buf;
}
