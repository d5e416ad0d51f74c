/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traits of the readers of profiles: the table. */
#include "policy/traits.h"

static const struct reader_traits traits[] = {
	[CALLGATE_AS_CALLGATE] = { .guards = true,
				   .min_kernel = true,
				   .errno_words = true,
				   .single_name = true,
				   .arch_map = ARCH_MAP_ALWAYS,
				   .own_rules = true },
	/* Docker and containerd hand the profile to runc. */
	[CALLGATE_AS_DOCKER] = { .guards = true,
				 .min_kernel = true,
				 .single_name = true,
				 .arch_map = ARCH_MAP_DOCKER,
				 .through_library = true,
				 .stub = true },
	[CALLGATE_AS_CONTAINERD] = { .through_library = true, .stub = true },
	[CALLGATE_AS_RUNC] = { .through_library = true, .stub = true },
	/* podman hands it to crun. */
	[CALLGATE_AS_PODMAN] = { .guards = true,
				 .errno_words = true,
				 .single_name = true,
				 .arch_map = ARCH_MAP_PODMAN,
				 .through_library = true },
	[CALLGATE_AS_CRUN] = { .through_library = true },
	[CALLGATE_AS_LXC] = { .through_library = true, .exact = true },
	[CALLGATE_AS_RUNSC] = { .no_errno = true, .native_only = true, .in_order = true },
};

const struct reader_traits *target_traits(const struct callgate_target *target)
{
	return &traits[target->reader];
}
