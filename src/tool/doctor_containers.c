/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What doctor looks at in containers that run: those that were started before callgate was installed for them. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool/doctor.h"
#include "tool/why.h"

enum { CONTAINERS = 1024, NAMED = 8 };

struct seen {
	char names[CONTAINERS][80];
	size_t count;
};

/* Of the caller, as whoever made its user namespace; root's hooks leave users' containers alone, and theirs root's. */
static bool is_callers(pid_t pid)
{
	char path[64];
	uid_t owner = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (ioctl(fd, NS_GET_OWNER_UID, &owner) < 0)
		owner = (uid_t)-1;
	close(fd);
	return owner == geteuid();
}

static void add(struct seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->count; i++)
		if (strcmp(seen->names[i], name) == 0)
			return;
	if (seen->count < CONTAINERS && strlen(name) < sizeof(seen->names[0]))
		strcpy(seen->names[seen->count++], name);
}

/* Every container that some process is in. */
static void find_containers(struct seen *seen)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char name[300];

	while (dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    callgate_task_container((pid_t)atoi(entry->d_name), name, sizeof(name)) == 0 &&
		    is_callers((pid_t)atoi(entry->d_name)))
			add(seen, name);
	if (dir)
		closedir(dir);
}

/* Whether callgate would give it a profile if it were started now. */
static bool is_ours(const char *container, bool all_oci)
{
	char path[PATH_MAX];

	if (strncmp(container, "lxc:", 4) != 0)
		return all_oci;
	snprintf(path, sizeof(path), "%s/%s/config", lxc_default_path(), container + 4);
	return line_has(path, "lxc.hook.start-host", "hooks/callgate ");
}

void check_containers(struct doctor *doctor, bool all_oci)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	char list[NAMED * 84] = "";
	struct why_recorded recorded;
	size_t count = 0;

	if (seen)
		find_containers(seen);
	for (size_t i = 0; seen && i < seen->count; i++) {
		if (!is_ours(seen->names[i], all_oci) || why_record(seen->names[i], &recorded))
			continue;
		if (count++ < NAMED)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), " %s", seen->names[i]);
	}
	free(seen);
	if (count)
		finding(doctor, HEALTH_NOTE, "before install",
			"%zu running without their profile, because they were started before callgate was installed "
			"for them:%s%s; stop and start them",
			count, list, count > NAMED ? " ..." : "");
}
