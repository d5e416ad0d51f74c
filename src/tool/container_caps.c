/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container has, or will have when it is started: its capabilities, its profile. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/hooks.h"
#include "tool/tool.h"

/* ------------------------------------------------------------------ configured */

static int config_path(const struct options *options, const char *name, char *path, size_t size)
{
	const char *lxcpath = options->lxcpath ? options->lxcpath : lxc_default_path();

	if (name[0] && name[0] != '.' && !strchr(name, '/') &&
	    snprintf(path, size, "%s/%s/config", lxcpath, name) < (int)size && access(path, F_OK) == 0)
		return EXIT_YES;
	report("there is no container lxc:%s in %s", name, lxcpath);
	return EXIT_CANNOT;
}

static int read_configured(const struct options *options, const char *name, char *path, size_t size,
			   struct callgate_lxc_config *out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	int code = config_path(options, name, path, size);

	if (code || callgate_lxc_config_read(path, out, &err) == 0)
		return code;
	report_err(&err);
	return EXIT_CANNOT;
}

/* ------------------------------------------------------------------ capabilities */

static int caps_of_process(struct options *options, const char *source)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_tasks *tasks;
	enum callgate_scope scope;
	pid_t pid;
	int code = live_source(options, source, &pid, &scope);

	if (code)
		return code;
	if (callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	options->target.caps = callgate_tasks_at(tasks, 0)->caps;
	callgate_tasks_free(tasks);
	return EXIT_YES;
}

int caps_look_up(struct options *options, const char *source)
{
	struct callgate_lxc_config config = CALLGATE_LXC_CONFIG_INIT;
	char path[PATH_MAX];
	int code;

	if (strncmp(source, "lxc:", 4) != 0 || lxc_is_running(source + 4, options->lxcpath)) {
		code = caps_of_process(options, source);
	} else {
		code = read_configured(options, source + 4, path, sizeof(path), &config);
		options->target.caps = config.caps;
	}
	options->caps_of_container = false;
	return code;
}

/* ------------------------------------------------------------------ the profile */

/* The word behind an option on the hook's line; false: the line has none. */
static bool word_behind(const char *line, const char *option, char *out, size_t size)
{
	const char *at = strstr(line, option);

	if (at)
		snprintf(out, size, "%.*s", (int)strcspn(at + strlen(option), " \n"), at + strlen(option));
	return at != NULL;
}

/* What our pre-start line in the configuration says. False: there is none. */
static bool read_hook_line(const char *path, char *profile, char *caps, size_t size)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (file && getline(&line, &room, file) > 0) {
		if (strncmp(line, "lxc.hook.pre-start", 18) != 0 || !strstr(line, "hooks/callgate "))
			continue;
		found = word_behind(line, "--profile ", profile, size);
		word_behind(line, "--caps ", caps, size);
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

int lxc_next_filter(const struct options *options, const char *name, struct callgate_filter **out)
{
	struct callgate_lxc_config config = CALLGATE_LXC_CONFIG_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct options next = *options;
	char path[PATH_MAX], profile[PATH_MAX], caps[PATH_MAX] = "container";
	int code = read_configured(options, name, path, sizeof(path), &config);

	if (code)
		return code;
	if (!read_hook_line(path, profile, caps, sizeof(profile))) {
		if (!config.seccomp[0]) {
			report("lxc:%s does not run, and its configuration names no seccomp profile", name);
			return EXIT_CANNOT;
		}
		snprintf(profile, sizeof(profile), "%s", config.seccomp);
		callgate_target_reader(&next.target, "lxc");
		next.target.libseccomp = callgate_libseccomp_release();
	}
	if (!options->has_caps || options->caps_of_container) {
		next.target.caps = config.caps;
		if (strcmp(caps, "container") != 0 && callgate_caps_parse(caps, &next.target.caps, &err) < 0) {
			report_err(&err);
			return EXIT_CANNOT;
		}
	}
	next.caps_of_container = false;
	fprintf(stderr, "callgate: note: lxc:%s does not run; this is what %s gives it when it is started\n", name,
		profile);
	return profile_resolve(&next, profile, out);
}
