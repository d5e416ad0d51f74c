/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate doctor: what this machine lets callgate do, and what is installed wrongly; one line per check. */
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/private.h"
#include "config.h"
#include "runtime/hooks.h"
#include "tool/doctor.h"
#include "tool/hook.h"

void finding(struct doctor *doctor, enum health health, const char *name, const char *format, ...)
{
	static const char *const words[] = { [HEALTH_OK] = "ok", [HEALTH_NOTE] = "note", [HEALTH_BAD] = "bad" };
	char raw[1024], text[2 * sizeof(raw)];
	va_list ap;

	va_start(ap, format);
	vsnprintf(raw, sizeof(raw), format, ap);
	va_end(ap);
	/* Users name their containers and files as they like. */
	callgate_escape(raw, text, sizeof(text));
	if (health == HEALTH_BAD)
		doctor->code = EXIT_NO;
	if (doctor->rows) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "check", json_object_new_string(name));
		json_object_object_add(row, "result", json_object_new_string(words[health]));
		json_object_object_add(row, "text", json_object_new_string(text));
		json_object_array_add(doctor->rows, row);
		return;
	}
	printf("%-4s  %-18s  %s\n", words[health], name, text);
}

/* ------------------------------------------------------------------ the kernel */

static void check_kernel(struct doctor *doctor)
{
	static const enum callgate_action_kind wanted[] = { CALLGATE_KILL_PROCESS, CALLGATE_LOG, CALLGATE_NOTIFY };
	struct callgate_kernel kernel = CALLGATE_KERNEL_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char action[64];

	if (callgate_kernel_probe(&kernel, &err) < 0 || !kernel.seccomp) {
		finding(doctor, HEALTH_BAD, "kernel", "no seccomp filters: %s",
			err.text[0] ? err.text : "CONFIG_SECCOMP_FILTER is off");
		return;
	}
	finding(doctor, HEALTH_OK, "kernel", "Linux %u.%u has seccomp filters", kernel.major, kernel.minor);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (kernel.actions >> wanted[i] & 1)
			continue;
		callgate_action_format((struct callgate_action){ .kind = wanted[i] }, action, sizeof(action));
		finding(doctor, HEALTH_NOTE, "kernel", "no action %s: profiles that use it cannot be loaded", action);
	}
	if (kernel.filter_dump)
		finding(doctor, HEALTH_OK, "reading back",
			"filters of live processes can be read (CONFIG_CHECKPOINT_RESTORE)");
	else
		finding(doctor, HEALTH_BAD, "reading back",
			"no CONFIG_CHECKPOINT_RESTORE: live filters cannot be verified, and the hooks let no "
			"container start unless " SYSCONFDIR "/callgate/callgate.conf says 'proof = possible'");
}

static void check_self(struct doctor *doctor)
{
	struct callgate_tasks *tasks;

	if (geteuid() != 0)
		finding(doctor, HEALTH_NOTE, "privilege",
			"not root: other users' containers cannot be inspected; rootless podman has hooks of its own "
			"('callgate hook install --runtime podman', called by this user), and filters are read back "
			"for root only");
	if (callgate_tasks_list(CALLGATE_SCOPE_PROCESS, getpid(), &tasks, NULL) < 0)
		return;
	if (callgate_tasks_at(tasks, 0)->mode != CALLGATE_MODE_NONE)
		finding(doctor, HEALTH_BAD, "caller",
			"this process is under a filter itself, so the kernel lets it read no others");
	callgate_tasks_free(tasks);
}

static void check_libraries(struct doctor *doctor)
{
	uint32_t release = callgate_libseccomp_release();

	finding(doctor, HEALTH_OK, "callgate", "%s", PACKAGE_VERSION);
	finding(doctor, HEALTH_OK, "libseccomp", "%u.%u.%u: the names that LXC, runc and crun know here", release >> 16,
		release >> 8 & 255, release & 255);
}

static void check_cgroups(struct doctor *doctor)
{
	struct statfs root, unified;

	if (statfs("/sys/fs/cgroup", &root) < 0)
		finding(doctor, HEALTH_BAD, "cgroups",
			"/sys/fs/cgroup is not there: a container's processes are found by its pid namespace only");
	else if (root.f_type == CGROUP2_SUPER_MAGIC)
		finding(doctor, HEALTH_OK, "cgroups", "version 2");
	else if (statfs("/sys/fs/cgroup/unified", &unified) == 0 && unified.f_type == CGROUP2_SUPER_MAGIC)
		finding(doctor, HEALTH_NOTE, "cgroups",
			"versions 1 and 2 side by side: crun refuses to start containers unless "
			"/sys/fs/cgroup/unified is unmounted or it runs with --cgroup-manager=disabled");
	else
		finding(doctor, HEALTH_OK, "cgroups", "version 1");
}

/* ------------------------------------------------------------------ what is configured */

static void check_settings(struct doctor *doctor)
{
	static const char *const engines[] = { "podman", "runc", "crun" };
	struct callgate_settings *settings;
	struct callgate_err err = CALLGATE_ERR_INIT;
	const char *last = "";

	if (callgate_settings_read(&settings, &err) < 0) {
		finding(doctor, HEALTH_BAD, "settings", "%s:%u: %s: no container starts", err.file, err.line, err.text);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		const char *profile = callgate_settings_profile(settings, engines[i]);
		struct callgate_policy *policy = NULL;
		char path[PATH_MAX];
		int r = 0;

		if (strcmp(profile, last) == 0)
			continue;
		last = profile;
		snprintf(path, sizeof(path), "%s", profile);
		if (profile[0] != '/')
			r = callgate_profile_lookup(profile, path, sizeof(path), &err);
		if (r < 0)
			snprintf(path, sizeof(path), "%s", profile);
		if (r == 0)
			r = callgate_policy_read_trusted(path, &policy, NULL, &err);
		if (r == 0)
			finding(doctor, HEALTH_OK, "profile", "%s (%s)", profile, path);
		else
			finding(doctor, HEALTH_BAD, "profile", "%s: %s: no container of %s starts", path, err.text,
				engines[i]);
		callgate_policy_free(policy);
	}
	callgate_settings_free(settings);
}

void check_program(struct doctor *doctor, const char *name, const char *path)
{
	if (access(path, X_OK) == 0)
		finding(doctor, HEALTH_OK, name, "%s", path);
	else
		finding(doctor, HEALTH_BAD, name, "%s is not there or not executable", path);
}

static void check_lxc(struct doctor *doctor)
{
	if (access("/usr/share/lxc", F_OK) < 0 && access("/etc/lxc", F_OK) < 0)
		return;
	check_program(doctor, "lxc hook", LIBEXECDIR "/lxc/hooks/callgate");
	if (access(DATADIR "/lxc/config/callgate.conf", R_OK) < 0)
		finding(doctor, HEALTH_BAD, "lxc include", DATADIR "/lxc/config/callgate.conf is missing");
	else
		finding(doctor, HEALTH_OK, "lxc include", DATADIR "/lxc/config/callgate.conf");
	check_lxc_includes(doctor);
	check_lxc_lines(doctor);
}

/* The same of a user's own hooks. */
static bool means_all_of_user(void)
{
	struct callgate_settings *settings;
	char where[PATH_MAX], own[PATH_MAX];
	bool all;

	if (!user_config(own, sizeof(own) - 16) ||
	    !containers_conf_has("hooks_dir", "/callgate/hooks.d", where, sizeof(where)))
		return false;
	strcat(own, "/callgate");
	if (callgate_settings_read_at(own, &settings, NULL) < 0)
		return false;
	all = !callgate_settings_annotated_only(settings, "podman");
	callgate_settings_free(settings);
	return all;
}

/* Whether an installed hook or runtime gives every container a profile, not only those that ask for one. */
static bool means_all_oci(void)
{
	struct callgate_settings *settings;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char where[PATH_MAX];
	bool all = false;

	if (geteuid() != 0)
		return means_all_of_user();
	if (callgate_settings_read(&settings, &err) < 0)
		return false;
	if (containers_conf_has("hooks_dir", PKGDATADIR "/hooks.d", where, sizeof(where)))
		all = !callgate_settings_annotated_only(settings, "podman");
	if (containers_conf_has("runtime", "\"callgate-runc\"", where, sizeof(where)))
		all |= !callgate_settings_annotated_only(settings, "runc");
	if (containers_conf_has("runtime", "\"callgate-crun\"", where, sizeof(where)))
		all |= !callgate_settings_annotated_only(settings, "crun");
	callgate_settings_free(settings);
	return all;
}

enum { OPT_NODE = OPT_VERB };

static int take_own(void *data, int option, const char *value)
{
	const char **node = data;

	(void)option;
	*node = value ? value : "";
	return 0;
}

int verb_doctor(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = { OPTIONS_COMMON,
					       { "node", optional_argument, NULL, OPT_NODE },
					       OPTIONS_END };
	const char *node = NULL;
	const struct command_line line = { .known = known, .brief = "h", .own = take_own, .data = &node };
	struct doctor doctor = { .code = EXIT_YES };
	struct json_object *root = NULL;
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (argc != optind)
		return verb_usage(verb, "doctor is about this machine and takes no source");
	if (options.json) {
		root = document("doctor");
		doctor.rows = json_object_new_array();
		json_object_object_add(root, "checks", doctor.rows);
	}
	check_named_files(&doctor);
	check_kernel(&doctor);
	check_self(&doctor);
	if (node) {
		check_node(&doctor, node);
		if (root && print_document(root) != 0)
			return EXIT_CANNOT;
		return finish_output(doctor.code);
	}
	check_libraries(&doctor);
	check_libseccomp(&doctor);
	check_cgroups(&doctor);
	check_settings(&doctor);
	check_oci(&doctor);
	check_lxc(&doctor);
	check_containers(&doctor, means_all_oci());
	if (root && print_document(root) != 0)
		return EXIT_CANNOT;
	return finish_output(doctor.code);
}
