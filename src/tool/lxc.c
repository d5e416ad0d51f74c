/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC: the one file that uses liblxc. It is loaded when a container's name has to be looked up: linked, it and its
 * seven libraries would cost every start of callgate more than most verbs take. */
#include <dlfcn.h>
#include <lxc/lxccontainer.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "tool/tool.h"

struct liblxc {
	__typeof__(lxc_get_global_config_item) *get_global_config_item;
	__typeof__(lxc_container_new) *container_new;
	__typeof__(lxc_container_put) *container_put;
};

static const char *loader_reason(void)
{
	const char *reason = dlerror();

	return reason ? reason : "the dynamic loader gives no reason";
}

/* Stays loaded. False: it is not installed. */
static bool load(struct liblxc *lxc)
{
	void *library = dlopen(LIBLXC_SONAME, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return false;
	lxc->get_global_config_item =
		(__typeof__(lxc_get_global_config_item) *)dlsym(library, "lxc_get_global_config_item");
	lxc->container_new = (__typeof__(lxc_container_new) *)dlsym(library, "lxc_container_new");
	lxc->container_put = (__typeof__(lxc_container_put) *)dlsym(library, "lxc_container_put");
	return lxc->get_global_config_item && lxc->container_new && lxc->container_put;
}

const char *lxc_default_path(void)
{
	const char *path = NULL;
	struct liblxc lxc;

	if (load(&lxc))
		path = lxc.get_global_config_item("lxc.lxcpath");
	return path ? path : "/var/lib/lxc";
}

/* -1: it does not run, or does not exist. */
static pid_t init_of(const struct liblxc *lxc, const char *name, const char *lxcpath)
{
	struct lxc_container *container = lxc->container_new(name, lxcpath);
	pid_t pid = container && container->is_running(container) ? container->init_pid(container) : -1;

	if (container)
		lxc->container_put(container);
	return pid;
}

/* Another directory in which a container of this name runs, as its monitor's socket is called: "@DIR/NAME/command". Who
 * made that socket is not asked: it is a hint for people. */
static bool find_elsewhere(const char *name, char *dir, size_t size)
{
	FILE *file = fopen("/proc/net/unix", "re");
	char line[512], ending[300];
	bool found = false;

	snprintf(ending, sizeof(ending), "/%s/command\n", name);
	while (file && !found && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, " @/");
		size_t length = at ? strlen(at + 2) : 0;

		if (length <= strlen(ending) || strcmp(at + 2 + length - strlen(ending), ending) != 0)
			continue;
		found = snprintf(dir, size, "%.*s", (int)(length - strlen(ending)), at + 2) < (int)size;
	}
	if (file)
		fclose(file);
	return found;
}

static void report_not_running(const char *name, const char *lxcpath)
{
	char dir[512];

	if (find_elsewhere(name, dir, sizeof(dir)) && strcmp(dir, lxcpath) != 0)
		report("lxc:%s is not running (looked in %s); one of this name runs in %s: --lxcpath %s", name, lxcpath,
		       dir, dir);
	else
		report("lxc:%s is not running (looked in %s)", name, lxcpath);
}

int lxc_init_pid(const char *name, const char *lxcpath, pid_t *out)
{
	struct liblxc lxc;
	pid_t pid;

	if (!load(&lxc)) {
		report("lxc:%s: cannot load liblxc: %s; name the container's init as pid:N", name, loader_reason());
		return EXIT_CANNOT;
	}
	pid = init_of(&lxc, name, lxcpath);
	if (pid <= 0) {
		report_not_running(name, lxcpath ? lxcpath : lxc_default_path());
		return EXIT_CANNOT;
	}
	*out = pid;
	return EXIT_YES;
}

bool lxc_is_running(const char *name, const char *lxcpath)
{
	struct liblxc lxc;

	return load(&lxc) && init_of(&lxc, name, lxcpath) > 0;
}
