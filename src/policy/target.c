/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Target: what a profile is resolved for. */
#include <sys/utsname.h>

#include "base/err.h"
#include "callgate.h"
#include "names/abi.h"

int callgate_target_host(struct callgate_target *target, struct callgate_err *err)
{
	struct utsname name;
	struct callgate_target host = { .size = sizeof(host), .host = abi_native() };

	if (target->size < sizeof(host))
		return err_set(err, CALLGATE_E_ARG, "target was not set up with CALLGATE_TARGET_INIT");
	if (uname(&name) < 0 || callgate_kernel_parse(name.release, &host.kernel_major, &host.kernel_minor) < 0)
		return err_set(err, CALLGATE_E_KERNEL, "cannot tell the running kernel's version");
	host.size = target->size;
	*target = host;
	return 0;
}
