/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate hook for podman, runc and crun: the files that make engines call callgate, written and taken away. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/hook.h"

#define CONF_DIR "/etc/containers/containers.conf.d"
static const char mark[] = "# Written by 'callgate hook install'; 'callgate hook remove' takes it away.\n";

/* podman asks these lists what a runtime can do, by its name: --cgroups=disabled, errors as JSON. */
#define SUPPORTS_JSON(name) \
	"runtime_supports_json = [\"crun\", \"runc\", \"kata\", \"runsc\", \"youki\", \"krun\", \"" name "\"]\n"

/* What stands where for a runtime. */
static const struct way {
	const char *runtime;
	const char *program; /* which must be there */
	const char *conf;
	const char *text;
	bool is_runtime; /* whose other callers are configured by hand */
} ways[] = {
	{ "podman", LIBEXECDIR "/oci/hooks.d/callgate-oci-hook", CONF_DIR "/50-callgate-hooks.conf",
	  "[engine]\nhooks_dir = [\"/usr/share/containers/oci/hooks.d\", \"/etc/containers/oci/hooks.d\", \"" PKGDATADIR
	  "/hooks.d\"]\n",
	  false },
	{ "runc", BINDIR "/callgate-runc", CONF_DIR "/50-callgate-runtime.conf",
	  "[engine]\nruntime = \"callgate-runc\"\n" SUPPORTS_JSON(
		  "callgate-runc") "[engine.runtimes]\ncallgate-runc = [\"" BINDIR "/callgate-runc\"]\n",
	  true },
	{ "crun", BINDIR "/callgate-crun", CONF_DIR "/50-callgate-runtime.conf",
	  "[engine]\nruntime = \"callgate-crun\"\n" SUPPORTS_JSON(
		  "callgate-crun") "runtime_supports_nocgroup = [\"crun\", \"crun-wasm\", \"krun\", "
				   "\"callgate-crun\"]\n"
				   "[engine.runtimes]\ncallgate-crun = [\"" BINDIR "/callgate-crun\"]\n",
	  true },
};

static const struct way *find_way(const char *runtime)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (strcmp(ways[i].runtime, runtime) == 0)
			return &ways[i];
	return NULL;
}

bool hook_is_oci(const char *runtime)
{
	return find_way(runtime) != NULL;
}

static void settings_path(const struct way *way, char *path, size_t size)
{
	snprintf(path, size, "%s/callgate/callgate.conf.d/50-%s.conf", SYSCONFDIR, way->runtime);
}

int hook_put_plain(const char *path, const char *text, enum hook_effect effect)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (effect == HOOK_SHOW) {
		printf("==> %s\n%s", path, text);
		return EXIT_YES;
	}
	if (callgate_file_write(path, text, strlen(text), 0644, &err) == 0)
		return EXIT_YES;
	report_err(&err);
	return EXIT_CANNOT;
}

int hook_put(const char *path, const char *text, enum hook_effect effect)
{
	char whole[3 * PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", mark, text);
	return hook_put_plain(path, whole, effect);
}

int hook_is_ours(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[sizeof(mark) + 1];
	int ours;

	if (!file)
		return -1;
	ours = fgets(line, sizeof(line), file) && strcmp(line, mark) == 0;
	fclose(file);
	return ours;
}

int hook_unlink(const char *path, enum hook_effect effect)
{
	if (effect == HOOK_SHOW)
		printf("remove %s\n", path);
	else if (unlink(path) == 0)
		printf("removed %s\n", path);
	else
		report("%s: %s", path, strerror(errno));
	return effect == HOOK_SHOW || access(path, F_OK) < 0 ? EXIT_YES : EXIT_CANNOT;
}

int hook_take_away(const char *path, enum hook_effect effect)
{
	int ours = hook_is_ours(path);

	if (ours < 0)
		return EXIT_YES;
	if (ours == 0) {
		report("%s was not written by callgate and is left alone", path);
		return EXIT_CANNOT;
	}
	return hook_unlink(path, effect);
}

int hook_put_settings(struct options *options, const char *path, const struct hook_request *request, const char *more)
{
	const char *runtime = request->runtime;
	char text[PATH_MAX + 256], word[PATH_MAX] = "";
	int code = request->profile ? oci_try_profile(options, runtime, request->profile, word) : EXIT_YES;

	if (code)
		return code;
	snprintf(text, sizeof(text), "containers.%s = %s\n%s%s%s%s%s%s", runtime, request->all ? "all" : "annotated",
		 request->log ? "log." : "", request->log ? runtime : "", request->log ? " = yes\n" : "",
		 word[0] ? "profile." : "", word[0] ? runtime : "", word[0] ? " = " : "");
	if (word[0])
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\n", word);
	if (request->complain)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "complain.%s = yes\n", runtime);
	if (request->record)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "record.%s = yes\n", runtime);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", more);
	return hook_put(path, text, request->effect);
}

void hook_warn_complain(const struct hook_request *request)
{
	if (request->complain)
		fprintf(stderr, "callgate: warning: --complain: the profile will NOT be enforced; what it would deny "
				"passes and is logged ('callgate why --live' shows it)\n");
}

void hook_say_installed(const struct hook_request *request)
{
	printf(request->all
		       ? "from now on every container that %s makes gets the profile '%s'\n"
		       : "from now on containers that %s makes with the annotation org.callgate.profile=NAME get "
			 "that profile, which may permit nothing that '%s' does not; --all means every container\n",
	       request->runtime, request->profile ? request->profile : "default");
	fflush(stdout);
}

/* dockerd before 24 cannot give a container an annotation: there containers ask by the name of a runtime. */
static void tell_engines(const struct way *way, const struct hook_request *request)
{
	const char *name = strrchr(way->program, '/') + 1;

	fputs("callgate: note: other engines are configured by hand:\n", stderr);
	if (request->all)
		fprintf(stderr,
			"dockerd: { \"default-runtime\": \"%s\", \"runtimes\": { \"%s\": { \"path\": \"%s\" } } } in "
			"/etc/docker/daemon.json\n",
			name, name, way->program);
	else
		fprintf(stderr,
			"dockerd: { \"runtimes\": { \"callgate\": { \"path\": \"%s\", \"runtimeArgs\": "
			"[\"--callgate-profile\", \"%s\"] } } } in /etc/docker/daemon.json; a container asks for it by "
			"'docker run --runtime callgate'\n",
			way->program, request->profile ? request->profile : "default");
	if (strcmp(way->runtime, "runc") == 0)
		fprintf(stderr,
			"containerd: BinaryName = \"%s\" in /etc/containerd/config.toml, under "
			"[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]; ctr run "
			"--runc-binary %s\n",
			way->program, way->program);
}

/* podman would get a profile twice, by its hooks and by its runtime: where these are not the same, nothing starts. */
static int check_other_way(const struct way *way)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (ways[i].is_runtime == way->is_runtime || hook_is_ours(ways[i].conf) != 1)
			continue;
		if (ways[i].is_runtime)
			report("podman gets a profile by its runtime already (%s): take that away first, by 'callgate "
			       "hook remove --runtime runc' (or crun)",
			       ways[i].conf);
		else
			report("podman gets a profile by its hooks already (%s): take them away first, by 'callgate "
			       "hook remove --runtime podman'; dockerd and containerd need only what "
			       "callgate-hooks(7) has for their own configuration",
			       ways[i].conf);
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

static int install(struct options *options, const struct way *way, const struct hook_request *request)
{
	char where[PATH_MAX], settings[PATH_MAX];
	int code;

	/* Engines skip a hook whose program is missing, and the container starts unguarded. */
	if (access(way->program, X_OK) < 0) {
		report("%s does not exist; install callgate first", way->program);
		return EXIT_CANNOT;
	}
	if (hook_is_ours(way->conf) == 0) {
		report("%s was not written by callgate and is left alone", way->conf);
		return EXIT_CANNOT;
	}
	if (check_other_way(way) != EXIT_YES)
		return EXIT_CANNOT;
	if (strcmp(way->runtime, "podman") == 0 && containers_conf_has("hooks_dir", "=", where, sizeof(where)) &&
	    strcmp(where, way->conf) != 0)
		fprintf(stderr,
			"callgate: note: %s sets hooks_dir too; only the file that is read last is used, so one list "
			"must name all directories\n",
			where);
	if (request->record && strcmp(way->runtime, "podman") != 0) {
		report("--record works by podman's hooks: --runtime podman");
		return EXIT_CANNOT;
	}
	hook_warn_complain(request);
	if (request->log)
		oci_note_log(way->runtime);
	settings_path(way, settings, sizeof(settings));
	code = hook_put_settings(options, settings, request, "");
	if (!code)
		code = hook_put(way->conf, way->text, request->effect);
	if (!code && request->effect == HOOK_WRITE)
		hook_say_installed(request);
	if (!code && strcmp(way->runtime, "podman") == 0)
		oci_tell_replaced(options, request->profile ? request->profile : "default");
	if (!code && way->is_runtime)
		tell_engines(way, request);
	return code ? code : finish_output(EXIT_YES);
}

static int remove_files(const struct way *way, const struct hook_request *request)
{
	char path[PATH_MAX];
	bool is_there = hook_is_ours(way->conf) == 1;
	int code;

	settings_path(way, path, sizeof(path));
	is_there = is_there || hook_is_ours(path) == 1;
	code = hook_take_away(way->conf, request->effect);
	if (!code)
		code = hook_take_away(path, request->effect);
	if (!code && request->effect == HOOK_WRITE) {
		callgate_state_prune("oci", CALLGATE_STALE_ALL);
		if (is_there)
			printf("from now on containers that %s makes get the engine's own profile; running ones keep "
			       "their filters\n",
			       way->runtime);
		else
			printf("%s: nothing to remove\n", way->runtime);
	}
	fflush(stdout);
	if (!code && is_there && way->is_runtime)
		fprintf(stderr,
			"callgate: note: dockerd and containerd call %s for as long as their own configuration names "
			"it\n",
			way->program);
	return code ? code : finish_output(EXIT_YES);
}

/* ------------------------------------------------------------------ the whole */

void hook_show_settings(const char *runtime, const char *directory)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_settings *settings;

	if ((directory ? callgate_settings_read_at(directory, &settings, &err)
		       : callgate_settings_read(&settings, &err)) < 0) {
		fflush(stdout);
		report_err(&err);
		report("no container of %s starts with such settings", runtime);
		return;
	}
	printf("containers\t%s%s\nprofile\t%s\n",
	       callgate_settings_annotated_only(settings, runtime) ? "annotated" : "all",
	       callgate_settings_complain(settings, runtime) ? ", not enforced (complain)" : "",
	       callgate_settings_profile(settings, runtime));
	callgate_settings_free(settings);
}

static bool is_installed(const struct way *way)
{
	char where[PATH_MAX];

	if (hook_is_ours(way->conf) != 1)
		return false;
	/* runc and crun share a file: whose it is stands inside. */
	return !way->is_runtime || containers_conf_has("callgate-", way->program, where, sizeof(where));
}

static int status(const struct way *way)
{
	bool program = access(way->program, X_OK) == 0, conf = is_installed(way);

	printf("%s\t%s\n%s\t%s\n", way->program, program ? "there" : "missing", way->conf,
	       conf ? "installed" : "not installed");
	if (conf)
		hook_show_settings(way->runtime, NULL);
	return finish_output(program && conf ? EXIT_YES : EXIT_NO);
}

int hook_oci_status_all(void)
{
	int code = EXIT_YES;

	if (geteuid() != 0)
		return hook_user_status();
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (is_installed(&ways[i]))
			code |= status(&ways[i]);
		else
			printf("%s\tnot installed\n", ways[i].runtime);
	}
	return code;
}

int hook_oci_remove_all(struct options *options, const struct hook_request *request)
{
	struct hook_request one = *request;
	char settings[PATH_MAX];
	int worst = EXIT_YES;

	if (geteuid() != 0) {
		one.runtime = "podman";
		return hook_user(options, "remove", &one);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		int code = EXIT_YES;

		settings_path(&ways[i], settings, sizeof(settings));
		if (is_installed(&ways[i]) || hook_is_ours(settings) == 1)
			code = remove_files(&ways[i], request);
		worst = code > worst ? code : worst;
	}
	return worst;
}

int hook_oci(struct options *options, const char *word, const struct hook_request *request)
{
	const struct way *way = find_way(request->runtime);
	struct hook_request full = *request;
	char path[PATH_MAX];

	if (!way) /* hook_is_oci() has told the caller that there is one: for who reads this file alone */
		return EXIT_CANNOT;
	/* It is written into files that are read from anywhere. */
	if (request->profile && strchr(request->profile, '/') && realpath(request->profile, path)) {
		full.profile = path;
		request = &full;
	}
	if (geteuid() != 0)
		return hook_user(options, word, request);
	if (strcmp(word, "install") == 0)
		return install(options, way, request);
	if (strcmp(word, "remove") == 0)
		return remove_files(way, request);
	return status(way);
}
