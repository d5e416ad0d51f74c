/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which container a process is in, by the names that engines give to cgroups. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "callgate.h"

enum { ID_LENGTH = 64, ID_SHOWN = 12 };

static size_t hex_length(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

/* One component of a cgroup path: "lxc.payload.NAME", "libpod-HEX.scope", "docker-HEX.scope", HEX ... True when it
 * names a container. */
static bool component_container(const char *component, const char *parent, char *buf, size_t size)
{
	static const char *const scopes[] = { "libpod-", "docker-", "crio-", "cri-containerd-" };

	if (strncmp(component, "lxc.payload.", 12) == 0 && component[12]) {
		snprintf(buf, size, "lxc:%s", component + 12);
		return true;
	}
	if (strcmp(parent, "lxc.payload") == 0 || strcmp(parent, "lxc") == 0) {
		snprintf(buf, size, "lxc:%s", component);
		return true;
	}
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		size_t length = strlen(scopes[i]);

		if (strncmp(component, scopes[i], length) == 0 && hex_length(component + length) == ID_LENGTH) {
			snprintf(buf, size, "oci:%.*s", ID_SHOWN, component + length);
			return true;
		}
	}
	if (hex_length(component) == ID_LENGTH && component[ID_LENGTH] == '\0') {
		snprintf(buf, size, "oci:%.*s", ID_SHOWN, component);
		return true;
	}
	return false;
}

static bool path_container(char *path, char *buf, size_t size)
{
	const char *parent = "";
	char *at = path, *component;
	bool found = false;

	/* The innermost name wins: containers nest. */
	while ((component = strsep(&at, "/"))) {
		if (!*component)
			continue;
		found |= component_container(component, parent, buf, size);
		parent = component;
	}
	return found;
}

int callgate_task_container(pid_t pid, char *buf, size_t size)
{
	char name[64], line[4096];
	bool found = false;
	FILE *file;

	REQUIRE(NULL, buf);
	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	file = fopen(name, "re");
	if (!file)
		return errno == ENOENT || errno == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_IO;
	while (!found && fgets(line, sizeof(line), file)) {
		char *path = strchr(line, ':');

		path = path ? strchr(path + 1, ':') : NULL;
		if (!path)
			continue;
		path[strcspn(path, "\n")] = '\0';
		found = path_container(path + 1, buf, size);
	}
	fclose(file);
	return found ? 0 : CALLGATE_E_NOTFOUND;
}
