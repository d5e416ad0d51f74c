/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate hook install for LXC: which profile is the one for a container that none was named for. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tool/hook.h"

enum { CAP_SYS_ADMIN = 21 };

/* The program that starts first, as far as its name tells. */
static bool init_is_systemd(const struct callgate_lxc_config *config)
{
	static const char *const places[] = { "/sbin/init", "/usr/sbin/init" };
	char path[PATH_MAX], link[PATH_MAX];

	if (config->init[0])
		return strstr(config->init, "systemd") != NULL;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		ssize_t n = -1;

		if (snprintf(path, sizeof(path), "%s%s", config->rootfs, places[i]) < (int)sizeof(path))
			n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		if (strstr(link, "systemd"))
			return true;
	}
	return false;
}

/* A 32-bit x86 userland on a 64-bit host. */
static bool is_i386(const struct callgate_lxc_config *config)
{
	static const char *const words[] = { "i386", "i486", "i586", "i686", "x86", "linux32" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(config->arch, words[i]) == 0)
			return true;
	return false;
}

const char *lxc_propose(const struct callgate_lxc_config *config, const char **why)
{
	bool systemd = init_is_systemd(config);

	*why = systemd ? "the container's init is systemd" : "the container keeps CAP_SYS_ADMIN";
	if (systemd || (config->caps >> CAP_SYS_ADMIN & 1))
		return is_i386(config) ? "system-container-i386" : "system-container";
	*why = "the container keeps no CAP_SYS_ADMIN";
	return is_i386(config) ? "default-i386" : "default";
}

/* ------------------------------------------------------------------ what it replaces */

bool lxc_replaces(const struct lxc_plan *plan)
{
	return plan->config.seccomp[0] && plan->lines.first == plan->lines.last;
}

int lxc_read_replaced(const struct options *options, const struct lxc_plan *plan, struct callgate_filter **out)
{
	struct options as_lxc = *options;
	enum source_kind kind;

	as_lxc.target.reader = CALLGATE_AS_LXC;
	as_lxc.target.libseccomp = callgate_libseccomp_release();
	return source_open(&as_lxc, plan->config.seccomp, out, &kind);
}

/* Whether a shipped profile would permit what the container's present one denies. */
static bool loosens(const struct options *options, const struct lxc_plan *plan, const char *profile)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *old = NULL;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *new = NULL;
	const struct callgate_difference *row;
	struct options own = *options;
	struct callgate_diff *diff;
	char path[PATH_MAX];
	bool looser = false;

	own.target.caps = plan->config.caps;
	if (!lxc_replaces(plan) || callgate_profile_lookup(profile, path, sizeof(path), NULL) < 0 ||
	    access(plan->config.seccomp, R_OK) < 0 || lxc_read_replaced(&own, plan, &old) != EXIT_YES ||
	    profile_resolve(&own, path, &new) != EXIT_YES || callgate_filter_diff(old, new, 0, &diff, NULL) < 0)
		return false;
	for (size_t i = 0; !looser && (row = callgate_diff_at(diff, i)); i++)
		looser = row->looser;
	callgate_diff_free(diff);
	return looser;
}

const char *lxc_propose_tighter(const struct options *options, const struct lxc_plan *plan, const char **why)
{
	const char *proposed = lxc_propose(&plan->config, why);

	if (strncmp(proposed, "default", 7) != 0 || !loosens(options, plan, proposed))
		return proposed;
	*why = "'default' permits what the container's present profile denies";
	return is_i386(&plan->config) ? "system-container-i386" : "system-container";
}
