/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate hook for a user's rootless podman: hooks and settings of his own, which root's podman never reads. */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/hook.h"

static const char program[] = LIBEXECDIR "/oci/hooks.d/callgate-oci-hook";
static const struct stage {
	const char *file, *name;
} stages[] = { { "50-callgate.json", "precreate" },
	       { "60-callgate-gate.json", "createRuntime" },
	       { "70-callgate-proof.json", "poststart" } };

/* Where a user's files are. */
struct place {
	char own[PATH_MAX - 256];     /* settings and hooks */
	char conf[PATH_MAX];          /* makes podman read the hooks */
	char settings[PATH_MAX];      /* which containers, under which profile */
	char runtime[PATH_MAX - 256]; /* XDG_RUNTIME_DIR: where the records go */
};

/* Paths are written into JSON and TOML as they are. */
static bool is_plain(const char *path)
{
	for (; *path; path++)
		if (iscntrl((unsigned char)*path) || *path == '"' || *path == '\\')
			return false;
	return true;
}

bool user_config(char *path, size_t size)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	bool given = config && config[0] == '/';

	if (!given && !home)
		return false;
	return snprintf(path, size, "%s%s", given ? config : home, given ? "" : "/.config") < (int)size;
}

/* Without links on the way: the hook takes its settings from no path that has one, and many keep ~/.config elsewhere.
 */
static bool find_own(char *own, size_t size)
{
	char named[PATH_MAX], full[PATH_MAX];

	if (!user_config(named, sizeof(named)) || named[0] != '/')
		return false;
	if (!realpath(named, full))
		snprintf(full, sizeof(full), "%s", named); /* it will be made */
	return snprintf(own, size, "%s", full) < (int)size && is_plain(own);
}

static int find_place(struct place *place)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int n;

	if (!find_own(place->own, sizeof(place->own) - 16)) {
		report("neither XDG_CONFIG_HOME nor HOME names a directory");
		return EXIT_CANNOT;
	}
	snprintf(place->conf, sizeof(place->conf), "%s/containers/containers.conf.d/50-callgate.conf", place->own);
	strcat(place->own, "/callgate");
	snprintf(place->settings, sizeof(place->settings), "%s/callgate.conf.d/50-podman.conf", place->own);
	n = snprintf(place->runtime, sizeof(place->runtime), "%s", runtime ? runtime : "");
	if (n >= (int)sizeof(place->runtime) || place->runtime[0] != '/' || !is_plain(place->runtime))
		place->runtime[0] = '\0';
	return EXIT_YES;
}

static void hook_path(const struct place *place, const struct stage *stage, char *path, size_t size)
{
	snprintf(path, size, "%s/hooks.d/%s", place->own, stage->file);
}

/* ------------------------------------------------------------------ install */

/* podman gives hooks no environment but this one. */
static int put_hook(const struct place *place, const struct stage *stage, enum hook_effect effect)
{
	char path[PATH_MAX], text[3 * PATH_MAX];

	hook_path(place, stage, path, sizeof(path));
	snprintf(text, sizeof(text),
		 "{\n  \"version\": \"1.0.0\",\n  \"hook\": {\n    \"path\": \"%s\",\n"
		 "    \"args\": [\"callgate-oci-hook: see 'callgate why --last'\", \"--user\", \"%s\", \"%s\"],\n"
		 "    \"env\": [\"XDG_RUNTIME_DIR=%s\"],\n    \"timeout\": 10\n  },\n"
		 "  \"when\": { \"always\": true },\n  \"stages\": [\"%s\"]\n}\n",
		 program, place->own, stage->name, place->runtime, stage->name);
	return hook_put_plain(path, text, effect);
}

/* The last of all: before it podman reads none of the others. */
static int put_conf(const struct place *place, enum hook_effect effect)
{
	char text[2 * PATH_MAX];

	snprintf(text, sizeof(text),
		 "[engine]\nhooks_dir = [\"/usr/share/containers/oci/hooks.d\", \"/etc/containers/oci/hooks.d\", "
		 "\"%s/hooks.d\"]\n",
		 place->own);
	return hook_put(place->conf, text, effect);
}

static int check_install(const struct place *place, const struct hook_request *request)
{
	char where[PATH_MAX];

	if (request->record) {
		report("--record is for root's hooks: the kernel shows the calls of others to root only");
		return EXIT_CANNOT;
	}
	if (!place->runtime[0]) {
		report("XDG_RUNTIME_DIR names no directory: there is no place for what the hooks record; log in as "
		       "this user (ssh, machinectl shell), or set it as podman has it");
		return EXIT_CANNOT;
	}
	if (access(program, X_OK) < 0) {
		report("%s does not exist; install callgate first", program);
		return EXIT_CANNOT;
	}
	if (hook_is_ours(place->conf) == 0) {
		report("%s was not written by callgate and is left alone", place->conf);
		return EXIT_CANNOT;
	}
	if (containers_conf_has("hooks_dir", "=", where, sizeof(where)) && strcmp(where, place->conf) != 0 &&
	    strncmp(where, "/etc/", 5) != 0 && strncmp(where, "/usr/", 5) != 0)
		fprintf(stderr,
			"callgate: note: %s sets hooks_dir too; only the file that is read last is used, so one list "
			"must name all directories\n",
			where);
	return EXIT_YES;
}

static int install(struct options *options, const struct place *place, const struct hook_request *request)
{
	int code = check_install(place, request);

	if (code)
		return code;
	hook_warn_complain(request);
	if (request->log)
		oci_note_log(request->runtime);
	/* The kernel shows filters to nobody without privilege: what cannot be read back is no reason to end it. */
	code = hook_put_settings(options, place->settings, request, "proof = possible\n");
	for (size_t i = 0; !code && i < ARRAY_SIZE(stages); i++)
		code = put_hook(place, &stages[i], request->effect);
	if (!code)
		code = put_conf(place, request->effect);
	if (!code && request->effect == HOOK_WRITE) {
		hook_say_installed(request);
		fprintf(stderr, "callgate: note: this is for containers of this user; that they have a filter is "
				"checked at the start, and what it means is not: the kernel shows filters to root "
				"only\n");
	}
	return code ? code : finish_output(EXIT_YES);
}

/* ------------------------------------------------------------------ remove, status */

static int take_hook(const struct place *place, const struct stage *stage, enum hook_effect effect)
{
	char path[PATH_MAX];

	hook_path(place, stage, path, sizeof(path));
	return access(path, F_OK) < 0 ? EXIT_YES : hook_unlink(path, effect);
}

/* Directories that nobody else has put anything into. */
static void remove_empty(const struct place *place)
{
	static const char *const below[] = { "/hooks.d", "/callgate.conf.d", "" };
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
		snprintf(path, sizeof(path), "%s%s", place->own, below[i]);
		(void)rmdir(path);
	}
}

/* What makes podman read the hooks goes first. */
static int take_all(const struct place *place, enum hook_effect effect)
{
	bool is_there = hook_is_ours(place->conf) == 1;
	int code = hook_take_away(place->conf, effect);

	if (!code)
		code = hook_take_away(place->settings, effect);
	for (size_t i = 0; !code && i < ARRAY_SIZE(stages); i++)
		code = take_hook(place, &stages[i], effect);
	if (!code && effect == HOOK_WRITE) {
		remove_empty(place);
		callgate_state_prune("oci", CALLGATE_STALE_ALL);
		printf("%s\n", is_there ? "from now on containers of this user get podman's own profile; running ones "
					  "keep their filters"
					: "podman: nothing to remove");
	}
	return code ? code : finish_output(EXIT_YES);
}

static bool is_installed(const struct place *place)
{
	bool installed = hook_is_ours(place->conf) == 1;
	char path[PATH_MAX];

	for (size_t i = 0; installed && i < ARRAY_SIZE(stages); i++) {
		hook_path(place, &stages[i], path, sizeof(path));
		installed = access(path, R_OK) == 0;
	}
	return installed;
}

static int status(const struct place *place)
{
	bool there = access(program, X_OK) == 0, installed = is_installed(place);

	printf("%s\t%s\n%s\t%s\n", program, there ? "there" : "missing", place->conf,
	       installed ? "installed" : "not installed");
	if (installed)
		hook_show_settings("podman", place->own);
	return finish_output(there && installed ? EXIT_YES : EXIT_NO);
}

int hook_user_status(void)
{
	struct place place;
	int code = find_place(&place);

	if (code)
		return code;
	if (is_installed(&place))
		return status(&place);
	printf("podman\tnot installed\n");
	return EXIT_YES;
}

int hook_user(struct options *options, const char *word, const struct hook_request *request)
{
	struct place place;
	int code = find_place(&place);

	if (code)
		return code;
	if (strcmp(request->runtime, "podman") != 0) {
		report("--runtime %s is for root; rootless podman takes --runtime podman", request->runtime);
		return EXIT_CANNOT;
	}
	if (strcmp(word, "install") == 0)
		return install(options, &place, request);
	return strcmp(word, "remove") == 0 ? take_all(&place, request->effect) : status(&place);
}
