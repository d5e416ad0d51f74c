/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As runsc (gVisor): its kernel has the table of Linux 4.4 and some calls that came later, and runs on two machines. */
#include "filter/as_runsc.h"

bool runsc_lacks(int64_t nr, enum callgate_abi abi)
{
	enum { SYSCTL = 156 }; /* of x86_64, under a name of its own */

	if (nr >= 424)
		return nr > 441 || nr == 440;
	if (abi == CALLGATE_ABI_X86_64)
		return nr < 0 || nr > 334 || nr == SYSCTL;
	return abi != CALLGATE_ABI_AARCH64 || nr < 0 || nr > 293;
}
