/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which container a process is in, by the names that engines give to cgroups. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "callgate.h"
#include "kernel/status.h"
#include "runtime/hooks.h"

enum { ID_LENGTH = 64, ID_SHOWN = 12, HIERARCHIES = 16 /* of cgroups; a path has at most 4096 bytes */ };

static size_t hex_length(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

/* Names of scopes and directories, and who gives them. */
static const struct {
	const char *prefix, *engine;
} scopes[] = {
	{ "libpod-", "podman" },
	{ "docker-", "docker" },
	{ "crio-", "cri-o" },
	{ "cri-containerd-", "containerd" },
};

static void take_id(const char *id, const char *engine, struct callgate_place *out)
{
	snprintf(out->container, sizeof(out->container), "oci:%.*s", ID_SHOWN, id);
	snprintf(out->id, sizeof(out->id), "%.*s", ID_LENGTH, id);
	out->engine = engine;
}

/* One component of a cgroup path: "lxc.payload.NAME", "libpod-HEX.scope", "docker-HEX.scope", HEX ... */
static void take_component(const char *component, const char *parent, struct callgate_place *out)
{
	const char *lxc = strncmp(component, "lxc.payload.", 12) == 0 && component[12]       ? component + 12
			  : strcmp(parent, "lxc.payload") == 0 || strcmp(parent, "lxc") == 0 ? component
											     : NULL;

	if (lxc) {
		snprintf(out->container, sizeof(out->container), "lxc:%s", lxc);
		out->id[0] = '\0';
		out->engine = "lxc";
		return;
	}
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		size_t length = strlen(scopes[i].prefix);

		if (strncmp(component, scopes[i].prefix, length) == 0 && hex_length(component + length) == ID_LENGTH) {
			take_id(component + length, scopes[i].engine, out);
			return;
		}
	}
	if (hex_length(component) == ID_LENGTH && component[ID_LENGTH] == '\0')
		take_id(component, strcmp(parent, "docker") == 0 ? "docker" : "oci", out);
}

/* The innermost name wins: containers nest. */
static void take_path(char *path, struct callgate_place *out)
{
	const char *parent = "";
	char *at = path, *component;

	while ((component = strsep(&at, "/"))) {
		if (!*component)
			continue;
		take_component(component, parent, out);
		parent = component;
	}
}

int callgate_task_place(pid_t pid, struct callgate_place *out)
{
	char name[64], text[HIERARCHIES * 4096], *rest = text, *line;
	int r;

	out->container[0] = out->id[0] = out->path[0] = '\0';
	out->engine = NULL;
	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	r = proc_read(AT_FDCWD, name, text, sizeof(text), NULL);
	while (r == 0 && (line = strsep(&rest, "\n"))) {
		char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
		bool unified = strncmp(line, "0::", 3) == 0;

		if (!path)
			continue;
		*path++ = '\0';
		/* Version 2's, unless everything is in its root, else systemd's own hierarchy. */
		if ((unified && (path[1] || !out->path[0])) || (!unified && strcmp(list, ":name=systemd") == 0))
			snprintf(out->path, sizeof(out->path), "%s", path);
		if (!out->container[0])
			take_path(path, out);
	}
	return r;
}

int callgate_task_container(pid_t pid, char *buf, size_t size)
{
	struct callgate_place place;
	int r;

	REQUIRE(NULL, buf);
	r = callgate_task_place(pid, &place);
	if (r == 0 && !place.container[0])
		r = CALLGATE_E_NOTFOUND;
	if (r == 0)
		snprintf(buf, size, "%s", place.container);
	return r;
}
