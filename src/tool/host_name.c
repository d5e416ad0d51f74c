/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host, named: what docker, podman, containerd and CRI-O call the containers whose ids their cgroups have. */
#include <string.h>

#include "tool/host.h"

/* dockerd keeps "/web" in each container's configuration. */
static void docker_name(const char *id, char *out, size_t size)
{
	char path[256];
	struct json_object *root;
	const char *name;

	snprintf(path, sizeof(path), "/var/lib/docker/containers/%s/config.v2.json", id);
	root = json_object_from_file(path);
	name = root ? text_member(root, "Name") : NULL;
	if (name)
		snprintf(out, size, "%s", name[0] == '/' ? name + 1 : name);
	json_object_put(root);
}

/* podman's storage has one list of all containers. */
static void podman_name(struct host_names *names, const char *id, char *out, size_t size)
{
	struct json_object *list;

	if (!names->looked)
		names->podman = json_object_from_file("/var/lib/containers/storage/overlay-containers/containers.json");
	names->looked = true;
	if (!names->podman || !json_object_is_type(names->podman, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(names->podman); i++) {
		struct json_object *one = json_object_array_get_idx(names->podman, i);
		const char *theirs = text_member(one, "id"), *name;

		if (!theirs || strcmp(theirs, id) != 0 || !json_object_object_get_ex(one, "names", &list) ||
		    !json_object_is_type(list, json_type_array) || !json_object_array_length(list))
			continue;
		name = json_object_get_string(json_object_array_get_idx(list, 0));
		snprintf(out, size, "%s", name ? name : "");
		return;
	}
}

/* What a bundle's annotations say: a pod's container, or a name that nerdctl gave. */
static bool bundle_name(const char *path, char *out, size_t size)
{
	static const char *const keys[][3] = {
		{ "io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-name",
		  "io.kubernetes.cri.container-name" },
		{ "io.kubernetes.pod.namespace", "io.kubernetes.pod.name", "io.kubernetes.container.name" },
	};
	struct json_object *root = json_object_from_file(path), *notes;
	const char *name = NULL;

	if (root && json_object_object_get_ex(root, "annotations", &notes)) {
		for (size_t i = 0; i < ARRAY_SIZE(keys) && !name; i++) {
			const char *space = text_member(notes, keys[i][0]), *pod = text_member(notes, keys[i][1]);

			name = text_member(notes, keys[i][2]);
			if (pod)
				snprintf(out, size, "%s/%s/%s", space ? space : "", pod, name ? name : "POD");
			name = name ? name : pod;
		}
		if (!name && (name = text_member(notes, "nerdctl/name")))
			snprintf(out, size, "%s", name);
	}
	json_object_put(root);
	return name != NULL;
}

void host_name(struct host_names *names, const char *engine, const char *id, char *out, size_t size)
{
	static const struct {
		const char *before, *after;
	} places[] = {
		{ "/run/containerd/io.containerd.runtime.v2.task/k8s.io", "config.json" },
		{ "/run/containerd/io.containerd.runtime.v2.task/default", "config.json" },
		{ "/run/containers/storage/overlay-containers", "userdata/config.json" },
	};
	char path[256];

	*out = '\0';
	if (strcmp(engine, "docker") == 0) {
		docker_name(id, out, size);
		return;
	}
	if (strcmp(engine, "podman") == 0) {
		podman_name(names, id, out, size);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", places[i].before, id, places[i].after);
		if (bundle_name(path, out, size))
			return;
	}
}

void host_names_cleanup(struct host_names *names)
{
	json_object_put(names->podman);
}
