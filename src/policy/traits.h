/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traits: what the readers of profiles do differently from each other, a row for each. Whoever needs to know asks for a
 * trait, never for a reader. */
#ifndef CALLGATE_POLICY_TRAITS_H
#define CALLGATE_POLICY_TRAITS_H

#include "callgate.h"

/* Which hosts archMap has an effect on. */
enum arch_map_use { ARCH_MAP_NEVER, ARCH_MAP_DOCKER, ARCH_MAP_PODMAN, ARCH_MAP_ALWAYS };

struct reader_traits {
	/* What it takes from a Docker-style file. Programs that read the OCI structure directly drop the rest without a
	 * word. */
	bool guards;      /* includes and excludes */
	bool min_kernel;  /* their minKernel */
	bool errno_words; /* errno and defaultErrno, which beat the numbers */
	bool single_name; /* the old "name" key */
	enum arch_map_use arch_map;
	bool no_errno;    /* errnoRet has no effect: EPERM always */
	bool native_only; /* architectures and flags have no effect, the host's calls are all that it tells apart */

	/* What becomes of it. */
	bool own_rules;       /* rules 2, 4, 5 and 7 of semantics.md; else rules count as libseccomp has them */
	bool in_order;        /* of rules for one call the first that matches decides, whatever it does */
	bool through_library; /* by calls of libseccomp, which can be made here too */
	bool stub;            /* runc puts its own answer to new calls before libseccomp's program */
	bool exact;           /* LXC's calls of libseccomp: one context for each ABI, exact rules, no redundant ones */
};

const struct reader_traits *target_traits(const struct callgate_target *target);

#endif
