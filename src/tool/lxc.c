/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC: the one file that uses liblxc. It is loaded when a container's name has to be looked up: linked, it and its
 * seven libraries would cost every start of callgate more than most verbs take. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <lxc/lxccontainer.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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

/* ------------------------------------------------------------------ whose monitor it is */

enum { ACCEPTS = 0x10000 }; /* of the flags in /proc/net/unix: __SO_ACCEPTCON */

/* As LXC calls it: a long path by its hash, which is FNV-1a. */
static socklen_t socket_name(const char *name, const char *lxcpath, struct sockaddr_un *out)
{
	enum { ROOM = sizeof(out->sun_path) - 2 };
	char path[PATH_MAX];
	uint64_t hash = 0xcbf29ce484222325u;

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (snprintf(out->sun_path + 1, ROOM, "%s/%s/command", lxcpath, name) >= ROOM) {
		snprintf(path, sizeof(path), "%s/%s", lxcpath, name);
		for (const char *at = path; *at; at++)
			hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
		snprintf(out->sun_path + 1, ROOM, "lxc/%016llx/command", (unsigned long long)hash);
	}
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(out->sun_path + 1));
}

/* Root, ourselves, or who has defined it. */
static bool may_run_it(uid_t uid, const char *name, const char *lxcpath)
{
	char config[PATH_MAX];
	struct stat st;

	return uid == 0 || uid == geteuid() ||
	       (snprintf(config, sizeof(config), "%s/%s/config", lxcpath, name) < (int)sizeof(config) &&
		lstat(config, &st) == 0 && st.st_uid == uid);
}

/* Anybody can make a socket of that name while the container does not run, and answer for it with any process. */
static bool is_its_monitor(const char *name, const char *lxcpath)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	struct ucred peer;
	socklen_t size = socket_name(name, lxcpath, &address), peer_size = sizeof(peer);
	bool is_its = false;

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, size) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) == 0)
		is_its = may_run_it(peer.uid, name, lxcpath);
	if (fd >= 0)
		close(fd);
	return is_its;
}

/* The socket that listens by this name, by its number in the kernel; 0: none. */
static unsigned long listening_socket(const struct sockaddr_un *address)
{
	FILE *file = fopen("/proc/net/unix", "re");
	char line[512], ending[sizeof(address->sun_path) + 8];
	unsigned long found = 0, inode;
	unsigned flags;

	snprintf(ending, sizeof(ending), " @%s\n", address->sun_path + 1);
	while (file && !found && fgets(line, sizeof(line), file)) {
		size_t size = strlen(line);

		if (size > strlen(ending) && strcmp(line + size - strlen(ending), ending) == 0 &&
		    sscanf(line, "%*s %*s %*s %x %*s %*s %lu", &flags, &inode) == 2 && flags & ACCEPTS)
			found = inode;
	}
	if (file)
		fclose(file);
	return found;
}

/* Between our question whose socket it is and liblxc's on it the socket may have become another's. But the monitor is
 * the parent of init, and has that socket: of the process that was answered the kernel says both. */
static bool is_watched(pid_t init, const char *name, const char *lxcpath)
{
	struct sockaddr_un address;
	unsigned long inode;
	uid_t uid = (uid_t)-1;
	bool known;
	pid_t parent = process_parent(init, NULL);

	socket_name(name, lxcpath, &address);
	inode = listening_socket(&address);
	if (parent <= 0 || !inode || process_parent(parent, &uid) < 0 || !may_run_it(uid, name, lxcpath))
		return false;
	return process_has_socket(parent, inode, &known) || (!known && is_its_monitor(name, lxcpath));
}

/* -1: it does not run, or does not exist. */
static pid_t init_of(const struct liblxc *lxc, const char *name, const char *lxcpath)
{
	struct lxc_container *container = lxc->container_new(name, lxcpath);
	pid_t pid = -1;

	if (container && is_its_monitor(name, lxcpath) && container->is_running(container))
		pid = container->init_pid(container);
	if (container)
		lxc->container_put(container);
	return pid > 0 && is_watched(pid, name, lxcpath) ? pid : -1;
}

/* ------------------------------------------------------------------ which container */

/* Another directory in which a container of this name runs, as its monitor's socket is called: "@DIR/NAME/command". Who
 * made that socket is not asked: it is a hint for people, who may copy it into a shell. */
static bool find_elsewhere(const char *name, char *dir, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
	FILE *file = fopen("/proc/net/unix", "re");
	char line[512], ending[300];
	bool found = false;

	snprintf(ending, sizeof(ending), "/%s/command\n", name);
	while (file && !found && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, " @/");
		size_t length = at ? strlen(at + 2) : 0;

		if (length <= strlen(ending) || strcmp(at + 2 + length - strlen(ending), ending) != 0)
			continue;
		found = snprintf(dir, size, "%.*s", (int)(length - strlen(ending)), at + 2) < (int)size &&
			!dir[strspn(dir, plain)];
	}
	if (file)
		fclose(file);
	return found;
}

bool lxc_is_defined(const char *name, const char *lxcpath)
{
	char config[PATH_MAX];

	if (!lxcpath)
		lxcpath = lxc_default_path();
	return snprintf(config, sizeof(config), "%s/%s/config", lxcpath, name) >= (int)sizeof(config) ||
	       access(config, F_OK) == 0 || errno != ENOENT;
}

static void report_not_running(const char *name, const char *lxcpath)
{
	char dir[512];

	if (find_elsewhere(name, dir, sizeof(dir)) && strcmp(dir, lxcpath) != 0)
		report("lxc:%s is not running (looked in %s); one of this name runs in %s: --lxcpath %s", name, lxcpath,
		       dir, dir);
	else if (!lxc_is_defined(name, lxcpath))
		report("lxc:%s is not running, and no container of this name is defined in %s", name, lxcpath);
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
	lxcpath = lxcpath ? lxcpath : lxc_default_path();
	pid = init_of(&lxc, name, lxcpath);
	if (pid <= 0) {
		report_not_running(name, lxcpath);
		return EXIT_CANNOT;
	}
	*out = pid;
	return EXIT_YES;
}

bool lxc_is_running(const char *name, const char *lxcpath)
{
	struct liblxc lxc;

	return load(&lxc) && init_of(&lxc, name, lxcpath ? lxcpath : lxc_default_path()) > 0;
}
