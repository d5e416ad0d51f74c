/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC without liblxc: says so. */
#include "tool/tool.h"

int lxc_init_pid(const char *name, const char *lxcpath, pid_t *out)
{
	(void)lxcpath;
	(void)out;
	report("lxc:%s: this callgate was built without liblxc; name the container's init as pid:N", name);
	return EXIT_CANNOT;
}

const char *lxc_default_path(void)
{
	return "/var/lib/lxc";
}

bool lxc_is_running(const char *name, const char *lxcpath)
{
	(void)name;
	(void)lxcpath;
	return false;
}

bool lxc_is_defined(const char *name, const char *lxcpath)
{
	(void)name;
	(void)lxcpath;
	return true;
}
