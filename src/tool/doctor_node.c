/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate doctor --node: what packaging/kubernetes puts onto a node, below the place where the node's root is mounted.
 */
#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tool/doctor.h"

enum { METRICS_AGE = 300 };

static bool is_there(const char *root, const char *path)
{
	char full[PATH_MAX];

	return snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full) && access(full, R_OK) == 0;
}

static bool any_says(const char *directory, const char *key, const char *word, char *where, size_t size)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		found = snprintf(where, size, "%s/%s", directory, entry->d_name) < (int)size &&
			line_has(where, key, word);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* ------------------------------------------------------------------ profiles of the kubelet */

static int digest_of(const char *path, char digest[65])
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	int r = callgate_target_host(&target, &err);

	if (r == 0)
		r = callgate_policy_read(path, &policy, NULL, &err);
	if (r == 0)
		r = callgate_filter_resolve(policy, &target, &filter, NULL, &err);
	if (r == 0)
		r = callgate_filter_digest(filter, digest, &err);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return r;
}

/* A profile of callgate's with the kubelet means what it means here. */
static void check_kubelet_profile(struct doctor *doctor, const char *path, const char *name)
{
	char shipped[PATH_MAX], bare[NAME_MAX + 1], digests[2][65];

	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(name, "."), name);
	if (digest_of(path, digests[0]) < 0)
		finding(doctor, HEALTH_BAD, "kubelet profile", "%s cannot be read: pods that name it do not start",
			path);
	else if (callgate_profile_find(bare, shipped, sizeof(shipped), NULL) == 0 &&
		 (digest_of(shipped, digests[1]) < 0 || strcmp(digests[0], digests[1]) != 0))
		finding(doctor, HEALTH_BAD, "kubelet profile", "%s means something else than %s", path, shipped);
	else
		finding(doctor, HEALTH_OK, "kubelet profile", "%s", path);
}

static void check_kubelet(struct doctor *doctor, const char *root)
{
	char directory[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	unsigned count = 0;
	struct dirent *entry;
	DIR *dir;

	snprintf(directory, sizeof(directory), "%s/var/lib/kubelet/seccomp/callgate", root);
	dir = opendir(directory);
	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] == '.' || !dot || strcmp(dot, ".json") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		check_kubelet_profile(doctor, path, entry->d_name);
		count++;
	}
	if (dir)
		closedir(dir);
	if (!count)
		finding(doctor, HEALTH_BAD, "kubelet profile",
			"none in %s: localhostProfile: callgate/NAME.json does not start", directory);
}

/* ------------------------------------------------------------------ the handler */

static void check_containerd(struct doctor *doctor, const char *root)
{
	char config[PATH_MAX], directory[PATH_MAX], where[PATH_MAX];

	snprintf(config, sizeof(config), "%s/etc/containerd/config.toml", root);
	snprintf(directory, sizeof(directory), "%s/etc/containerd/conf.d", root);
	if (line_has(config, "BinaryName", "callgate-runc"))
		finding(doctor, HEALTH_OK, "containerd", "%s has the handler callgate-runc", config);
	else if (!any_says(directory, "BinaryName", "callgate-runc", where, sizeof(where)))
		finding(doctor, HEALTH_BAD, "containerd",
			"no runtime with BinaryName = \"/usr/bin/callgate-runc\": pods with runtimeClassName: callgate "
			"do not start");
	else if (!line_has(config, "imports", "/etc/containerd/conf.d/"))
		finding(doctor, HEALTH_BAD, "containerd",
			"%s is not read: %s lacks imports = "
			"[\"/etc/containerd/conf.d/*.toml\"]",
			where, config);
	else
		finding(doctor, HEALTH_OK, "containerd", "%s has the handler callgate-runc", where);
}

static void check_crio(struct doctor *doctor, const char *root)
{
	char directory[PATH_MAX], where[PATH_MAX];

	snprintf(directory, sizeof(directory), "%s/etc/crio/crio.conf.d", root);
	if (any_says(directory, "runtime_path", "callgate-runc", where, sizeof(where)))
		finding(doctor, HEALTH_OK, "cri-o", "%s has the handler callgate-runc", where);
	else
		finding(doctor, HEALTH_BAD, "cri-o",
			"no runtime with runtime_path = \"/usr/bin/callgate-runc\" in %s: pods with runtimeClassName: "
			"callgate do not start",
			directory);
}

static void check_metrics(struct doctor *doctor, const char *root)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/var/lib/prometheus/node-exporter/callgate.prom", root);
	if (stat(path, &st) < 0)
		finding(doctor, HEALTH_NOTE, "metrics", "%s is not there yet", path);
	else if (time(NULL) - st.st_mtime > METRICS_AGE)
		finding(doctor, HEALTH_BAD, "metrics", "%s is older than five minutes: nobody writes it any more",
			path);
	else
		finding(doctor, HEALTH_OK, "metrics", "%s", path);
}

void check_node(struct doctor *doctor, const char *root)
{
	char program[PATH_MAX];

	snprintf(program, sizeof(program), "%s/usr/bin/callgate-runc", root);
	check_program(doctor, "oci runtime", program);
	check_kubelet(doctor, root);
	if (is_there(root, "/etc/containerd"))
		check_containerd(doctor, root);
	if (is_there(root, "/etc/crio"))
		check_crio(doctor, root);
	if (!is_there(root, "/etc/containerd") && !is_there(root, "/etc/crio"))
		finding(doctor, HEALTH_BAD, "runtime", "neither %s/etc/containerd nor %s/etc/crio: this is no node",
			root, root);
	check_metrics(doctor, root);
}
