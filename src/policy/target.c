/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Target: what a profile is resolved for. */
#include <sys/prctl.h>
#include <sys/utsname.h>

#include "base/err.h"
#include "base/sized.h"
#include "callgate.h"
#include "names/abi.h"

static uint64_t own_bounding_set(void)
{
	uint64_t caps = 0;

	/* The kernel refuses numbers beyond its last capability. */
	for (unsigned cap = 0; cap < 64; cap++) {
		int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (has < 0)
			break;
		caps |= (uint64_t)has << cap;
	}
	return caps;
}

int callgate_target_host(struct callgate_target *target, struct callgate_err *err)
{
	struct callgate_target host = { .host = abi_native() };
	struct utsname name;

	REQUIRE(err, target);
	if (uname(&name) < 0 || callgate_kernel_parse(name.release, &host.kernel_major, &host.kernel_minor) < 0)
		return err_set(err, CALLGATE_E_KERNEL, "cannot tell the running kernel's version");
	host.caps = own_bounding_set();
	return sized_out(target, &host, sizeof(host), err);
}
