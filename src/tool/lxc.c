/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC: the one file that uses liblxc. */
#include <lxc/lxccontainer.h>

#include "tool/tool.h"

const char *lxc_default_path(void)
{
	const char *path = lxc_get_global_config_item("lxc.lxcpath");

	return path ? path : "/var/lib/lxc";
}

int lxc_init_pid(const char *name, const char *lxcpath, pid_t *out)
{
	struct lxc_container *container = lxc_container_new(name, lxcpath);
	pid_t pid = container && container->is_running(container) ? container->init_pid(container) : -1;

	if (container)
		lxc_container_put(container);
	if (pid <= 0) {
		report("lxc:%s is not running (looked in %s)", name, lxcpath ? lxcpath : lxc_default_path());
		return EXIT_CANNOT;
	}
	*out = pid;
	return EXIT_YES;
}

bool lxc_is_running(const char *name, const char *lxcpath)
{
	struct lxc_container *container = lxc_container_new(name, lxcpath);
	bool running = container && container->is_running(container);

	if (container)
		lxc_container_put(container);
	return running;
}
