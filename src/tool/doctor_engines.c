/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What doctor looks at for engines: hook files and the programs that they name, where podman looks, what LXC includes.
 */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/doctor.h"
#include "tool/hook.h"

/* ------------------------------------------------------------------ hook files */

static bool has_stage(struct json_object *root, const char *stage)
{
	struct json_object *stages;

	if (!json_object_object_get_ex(root, "stages", &stages) || !json_object_is_type(stages, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(stages); i++) {
		const char *word = json_object_get_string(json_object_array_get_idx(stages, i));

		if (word && strcmp(word, stage) == 0)
			return true;
	}
	return false;
}

static void check_hook_file(struct doctor *doctor, const char *path, bool shared)
{
	struct json_object *root = json_object_from_file(path), *hook;
	const char *program;

	if (!root || !json_object_is_type(root, json_type_object) || !json_object_object_get_ex(root, "hook", &hook)) {
		finding(doctor, HEALTH_BAD, "hook file", "%s cannot be read as a hook: podman starts no container",
			path);
		json_object_put(root);
		return;
	}
	program = json_object_is_type(hook, json_type_object) ? text_member(hook, "path") : NULL;
	/* podman leaves such a hook out without a word: the container starts unguarded. */
	if (!program || program[0] != '/' || access(program, X_OK) < 0)
		finding(doctor, HEALTH_BAD, "hook file",
			"%s names %s, which is missing or not executable; containers start without it", path,
			program ? program : "no program");
	else if (shared && has_stage(root, "precreate"))
		finding(doctor, HEALTH_BAD, "hook file",
			"%s has the stage precreate in a shared directory: 'podman build' fails, and so may other "
			"engines",
			path);
	else
		finding(doctor, HEALTH_OK, "hook file", "%s", path);
	json_object_put(root);
}

static unsigned check_hook_directory(struct doctor *doctor, const char *path, bool shared)
{
	struct dirent *entry;
	unsigned count = 0;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');
		char file[PATH_MAX];

		if (entry->d_name[0] == '.' || !dot || strcmp(dot, ".json") != 0)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		check_hook_file(doctor, file, shared);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* ------------------------------------------------------------------ where podman looks */

bool line_has(const char *path, const char *key, const char *word)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (file && !found && getline(&line, &room, file) > 0) {
		const char *at = line + strspn(line, " \t");

		found = strncmp(at, key, strlen(key)) == 0 && strstr(at, word);
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

static bool each_file_in(const char *dir_path, const char *ending, bool (*visit)(void *data, const char *path),
			 void *data)
{
	DIR *dir = opendir(dir_path);
	struct dirent *entry;
	bool found = false;
	char path[PATH_MAX];

	while (dir && !found && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] == '.' || !dot || strcmp(dot, ending) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir_path, entry->d_name);
		found = visit(data, path);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* A user's own, which his podman reads behind those of the host. */
static bool each_user_conf(bool (*visit)(void *data, const char *path), void *data)
{
	char base[PATH_MAX], path[PATH_MAX + 64];

	if (geteuid() == 0 || !user_config(base, sizeof(base)))
		return false;
	snprintf(path, sizeof(path), "%s/containers/containers.conf.d", base);
	if (each_file_in(path, ".conf", visit, data))
		return true;
	snprintf(path, sizeof(path), "%s/containers/containers.conf", base);
	return visit(data, path);
}

/* Every containers.conf that podman reads, the last one first. True: visit answered true for the file. */
static bool each_conf(bool (*visit)(void *data, const char *path), void *data)
{
	static const char *const files[] = { "/etc/containers/containers.conf",
					     "/usr/share/containers/containers.conf" };
	bool found =
		each_user_conf(visit, data) || each_file_in("/etc/containers/containers.conf.d", ".conf", visit, data);

	for (size_t i = 0; !found && i < ARRAY_SIZE(files); i++)
		found = visit(data, files[i]);
	return found;
}

struct line_sought {
	const char *key, *word;
	char *where;
	size_t size;
};

static bool has_line(void *data, const char *path)
{
	const struct line_sought *sought = data;

	snprintf(sought->where, sought->size, "%s", path);
	return line_has(path, sought->key, sought->word);
}

bool containers_conf_has(const char *key, const char *word, char *where, size_t size)
{
	struct line_sought sought = { key, word, where, size };

	return each_conf(has_line, &sought);
}

/* What engines do when a runtime, or a directory of hooks, is named in their own configuration and is gone. */
static const struct engine_conf {
	const char *engine, *path;
	const char *directory, *ending; /* of further files; NULL: there are none */
	const char *then;
} engine_confs[] = {
	{ "dockerd", "/etc/docker/daemon.json", NULL, NULL,
	  "containers of this runtime do not start until the line goes" },
	{ "containerd", "/etc/containerd/config.toml", "/etc/containerd/conf.d", ".toml",
	  "containers of this runtime do not start until the line goes" },
	{ "crio", "/etc/crio/crio.conf", "/etc/crio/crio.conf.d", ".conf", "CRI-O does not start with it" },
};

/* NULL: it is one of podman's. */
static const struct engine_conf *engine_of(const char *conf)
{
	for (size_t i = 0; i < ARRAY_SIZE(engine_confs); i++) {
		const char *directory = engine_confs[i].directory;

		if (strcmp(conf, engine_confs[i].path) == 0 ||
		    (directory && strncmp(conf, directory, strlen(directory)) == 0))
			return &engine_confs[i];
	}
	return NULL;
}

static void check_hooks_named(struct doctor *doctor, const char *conf, const char *path)
{
	/* The engines' own two need not be there. */
	static const char *const usual[] = { "/usr/share/containers/oci/hooks.d", "/etc/containers/oci/hooks.d" };
	const struct engine_conf *named = engine_of(conf);

	if (strcmp(path, usual[0]) == 0 || strcmp(path, usual[1]) == 0)
		return;
	if (access(path, F_OK) < 0 && named)
		finding(doctor, HEALTH_BAD, named->engine,
			"%s names the hooks directory %s, which is missing: containers start without these hooks", conf,
			path);
	else if (access(path, F_OK) < 0)
		finding(doctor, HEALTH_BAD, "podman",
			"%s names the hooks directory %s, which is missing: podman starts containers without these "
			"hooks and says nothing; 'callgate hook remove --runtime podman' takes callgate's away",
			conf, path);
	else if (strcmp(path, PKGDATADIR "/hooks.d") != 0 && strstr(path, "callgate"))
		check_hook_directory(doctor, path, false); /* a user's; the installation's are looked at below */
}

static void check_named_path(struct doctor *doctor, const char *conf, const char *path)
{
	const struct engine_conf *named = engine_of(conf);

	if (path[0] != '/')
		return;
	if (strstr(path, "hooks.d"))
		check_hooks_named(doctor, conf, path);
	else if (strstr(path, "callgate") && access(path, F_OK) < 0)
		finding(doctor, HEALTH_BAD, named ? named->engine : "podman", "%s names %s, which is missing%s%s", conf,
			path, named ? ": " : "", named ? named->then : "");
}

/* Every path in double quotes. */
static bool check_conf(void *data, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	while (file && getline(&line, &room, file) > 0) {
		const char *open = line[strspn(line, " \t")] == '#' ? NULL : strchr(line, '"');

		while (open) {
			const char *close = strchr(open + 1, '"');
			char word[PATH_MAX];

			if (!close)
				break;
			snprintf(word, sizeof(word), "%.*s", (int)(close - open - 1), open + 1);
			check_named_path(data, path, word);
			open = strchr(close + 1, '"');
		}
	}
	free(line);
	if (file)
		fclose(file);
	return false;
}

void check_named_files(struct doctor *doctor)
{
	each_conf(check_conf, doctor);
	for (size_t i = 0; i < ARRAY_SIZE(engine_confs); i++) {
		check_conf(doctor, engine_confs[i].path);
		if (engine_confs[i].directory)
			each_file_in(engine_confs[i].directory, engine_confs[i].ending, check_conf, doctor);
	}
}

static bool on_path(const char *name, char *buf, size_t size)
{
	static const char places[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const char *path = getenv("PATH");

	for (const char *at = path ? path : places; *at;) {
		size_t length = strcspn(at, ":");

		if (snprintf(buf, size, "%.*s/%s", (int)length, at, name) < (int)size && access(buf, X_OK) == 0)
			return true;
		at += length;
		at += *at == ':';
	}
	return false;
}

static void check_podman(struct doctor *doctor)
{
	char where[PATH_MAX];

	if (containers_conf_has("hooks_dir", geteuid() == 0 ? PKGDATADIR "/hooks.d" : "/callgate/hooks.d", where,
				sizeof(where)))
		finding(doctor, HEALTH_OK, "podman", "%s names callgate's hooks", where);
	else if (containers_conf_has("runtime", "callgate-", where, sizeof(where)))
		finding(doctor, HEALTH_OK, "podman", "%s names callgate as runtime", where);
	else
		finding(doctor, HEALTH_NOTE, "podman",
			"its containers do not get a profile from callgate: 'callgate hook install --runtime podman' "
			"changes that");
}

void check_oci(struct doctor *doctor)
{
	static const char *const engines[] = { "podman", "runc", "crun", "dockerd", "containerd", "crio" };
	char path[PATH_MAX];
	bool any = false, podman = false;

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		if (!on_path(engines[i], path, sizeof(path)))
			continue;
		finding(doctor, HEALTH_OK, engines[i], "%s", path);
		any = true;
		podman |= i == 0;
	}
	if (!any)
		return;
	check_program(doctor, "oci hook", LIBEXECDIR "/oci/hooks.d/callgate-oci-hook");
	check_program(doctor, "oci runtime", BINDIR "/callgate-runc");
	check_program(doctor, "oci runtime", BINDIR "/callgate-crun");
	check_hook_directory(doctor, "/usr/share/containers/oci/hooks.d", true);
	check_hook_directory(doctor, "/etc/containers/oci/hooks.d", true);
	if (!check_hook_directory(doctor, PKGDATADIR "/hooks.d", false))
		finding(doctor, HEALTH_BAD, "hook file", "none in %s", PKGDATADIR "/hooks.d");
	if (podman)
		check_podman(doctor);
}

/* ------------------------------------------------------------------ LXC */

/* Files there are read by every container, behind its own lines or before them. */
void check_lxc_includes(struct doctor *doctor)
{
	static const char path[] = "/usr/share/lxc/config/common.conf.d";
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.' && line_has(file, "lxc.seccomp.profile", "="))
			finding(doctor, HEALTH_NOTE, "lxc include",
				"%s sets lxc.seccomp.profile for every container: callgate's line must stand behind "
				"the include",
				file);
	}
	if (dir)
		closedir(dir);
}

static void check_lines_of(struct doctor *doctor, const char *lxcpath, const char *name)
{
	CALLGATE_CLEANUP(callgate_lxc_file_release) struct callgate_lxc_file file = CALLGATE_LXC_FILE_INIT;
	char path[PATH_MAX], why[2 * PATH_MAX];
	struct lines lines;

	if (snprintf(path, sizeof(path), "%s/%s/config", lxcpath, name) < (int)sizeof(path) &&
	    callgate_lxc_file_read(path, &file, NULL) == 0 && lxc_find_lines(path, &file, &lines) == EXIT_YES &&
	    lines.first < lines.last && lxc_foresee(path, &file, &lines, why, sizeof(why)))
		finding(doctor, HEALTH_BAD, "lxc container", "lxc:%s: %s", name, why);
}

/* Containers that have callgate's lines, and whose next start will not do what these say. */
void check_lxc_lines(struct doctor *doctor)
{
	const char *lxcpath = lxc_default_path();
	struct dirent *entry;
	DIR *dir = opendir(lxcpath);

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			check_lines_of(doctor, lxcpath, entry->d_name);
	if (dir)
		closedir(dir);
}
