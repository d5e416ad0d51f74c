/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles for the tests of LXC text: what LXC needs, a host, and random ones. */
#ifndef TESTS_LXC_PROFILE_H
#define TESTS_LXC_PROFILE_H

#include "callgate.h"
#include "random_filter.h"

/* What LXC itself needs. */
#define NEEDED \
	"{\"names\":[\"read\",\"write\",\"sendto\",\"openat\",\"setgroups\",\"getuid\",\"execve\",\"close\"," \
	"\"setsid\"," \
	"\"dup2\",\"newfstatat\",\"fchown\",\"fchmod\",\"capget\"],\"action\":\"SCMP_ACT_ALLOW\"}"
#define THREE "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]"
#define PROFILE(default_action, rules) \
	"{\"defaultAction\":\"SCMP_ACT_" default_action "\"," THREE ",\"syscalls\":[" rules "]}"

struct lxc_profile {
	char text[16384];
	size_t size;
};

/* x86_64 with libseccomp 2.5.4. */
struct callgate_target lxc_host(void);
/* NULL: refused. All names are known. */
struct callgate_filter *lxc_filter_of(const char *profile);
/* Any default, what LXC needs, up to eight rules on names that are each special to LXC. architectures: as in JSON. */
void random_lxc_profile(struct rng *rng, struct lxc_profile *profile, const char *architectures);
const char *lxc_some_name(size_t index); /* that such rules are on; NULL past the end */

#endif
