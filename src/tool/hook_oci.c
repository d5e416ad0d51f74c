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
	const char *told; /* what cannot be written for others */
} ways[] = {
	{ "podman", LIBEXECDIR "/oci/hooks.d/callgate-oci-hook", CONF_DIR "/50-callgate-hooks.conf",
	  "[engine]\nhooks_dir = [\"/usr/share/containers/oci/hooks.d\", \"/etc/containers/oci/hooks.d\", \"" PKGDATADIR
	  "/hooks.d\"]\n",
	  NULL },
	{ "runc", BINDIR "/callgate-runc", CONF_DIR "/50-callgate-runtime.conf",
	  "[engine]\nruntime = \"callgate-runc\"\n" SUPPORTS_JSON(
		  "callgate-runc") "[engine.runtimes]\ncallgate-runc = [\"" BINDIR "/callgate-runc\"]\n",
	  "dockerd: { \"default-runtime\": \"callgate-runc\", \"runtimes\": { \"callgate-runc\": { \"path\": \"" BINDIR
	  "/callgate-runc\" } } } in /etc/docker/daemon.json\n"
	  "containerd: BinaryName = \"" BINDIR "/callgate-runc\" in the options of the runtime runc" },
	{ "crun", BINDIR "/callgate-crun", CONF_DIR "/50-callgate-runtime.conf",
	  "[engine]\nruntime = \"callgate-crun\"\n" SUPPORTS_JSON(
		  "callgate-crun") "runtime_supports_nocgroup = [\"crun\", \"crun-wasm\", \"krun\", "
				   "\"callgate-crun\"]\n"
				   "[engine.runtimes]\ncallgate-crun = [\"" BINDIR "/callgate-crun\"]\n",
	  "dockerd: { \"default-runtime\": \"callgate-crun\", \"runtimes\": { \"callgate-crun\": { \"path\": \"" BINDIR
	  "/callgate-crun\" } } } in /etc/docker/daemon.json" },
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

static int put(const char *path, const char *text, enum hook_manner manner)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char whole[2048];

	snprintf(whole, sizeof(whole), "%s%s", mark, text);
	if (manner == HOOK_SHOW) {
		printf("==> %s\n%s", path, whole);
		return EXIT_YES;
	}
	if (callgate_file_write(path, whole, strlen(whole), 0644, &err) == 0)
		return EXIT_YES;
	report_err(&err);
	return EXIT_CANNOT;
}

/* Whether the file is one of ours: 1, another's: 0, none: -1. */
static int is_ours(const char *path)
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

static int take_away(const char *path, enum hook_manner manner)
{
	int ours = is_ours(path);

	if (ours < 0)
		return EXIT_YES;
	if (ours == 0) {
		report("%s was not written by callgate and is left alone", path);
		return EXIT_CANNOT;
	}
	if (manner == HOOK_SHOW) {
		printf("remove %s\n", path);
		return EXIT_YES;
	}
	if (unlink(path) == 0) {
		printf("removed %s\n", path);
		return EXIT_YES;
	}
	report("%s: %s", path, strerror(errno));
	return EXIT_CANNOT;
}

/* A profile that the hook would refuse at every start is refused now. word: the bare name or the full path. */
static int try_profile(struct options *options, const char *runtime, const char *profile, char word[PATH_MAX])
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char path[PATH_MAX];
	int code;

	if (!strchr(profile, '/')) {
		if (callgate_profile_lookup(profile, path, sizeof(path), &err) < 0) {
			report_err(&err);
			return EXIT_CANNOT;
		}
		snprintf(word, PATH_MAX, "%s", profile);
	} else if (!realpath(profile, word)) {
		report("%s: %s", profile, strerror(errno));
		return EXIT_CANNOT;
	} else {
		snprintf(path, sizeof(path), "%s", word);
	}
	if (callgate_policy_read_trusted(path, &policy, NULL, &err) == CALLGATE_E_UNTRUSTED) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	callgate_caps_parse("docker", &options->target.caps, NULL);
	code = profile_resolve(options, profile, &filter);
	if (code)
		return code;
	/* Which of the two podman will start is not known. */
	if (strcmp(runtime, "runc") != 0)
		hook_note_calls("crun", filter, options->target.host);
	if (strcmp(runtime, "crun") != 0)
		hook_note_calls("runc", filter, options->target.host);
	return EXIT_YES;
}

/* Which containers, under which profile. */
static int put_settings(struct options *options, const struct way *way, const struct hook_request *request)
{
	char path[PATH_MAX], text[PATH_MAX + 256], word[PATH_MAX] = "";
	int code = request->profile ? try_profile(options, way->runtime, request->profile, word) : EXIT_YES;

	if (code)
		return code;
	settings_path(way, path, sizeof(path));
	snprintf(text, sizeof(text), "containers.%s = %s\n%s%s%s%s%s%s", way->runtime,
		 request->all ? "all" : "annotated", request->log ? "log." : "", request->log ? way->runtime : "",
		 request->log ? " = yes\n" : "", word[0] ? "profile." : "", word[0] ? way->runtime : "",
		 word[0] ? " = " : "");
	if (word[0])
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\n", word);
	if (request->complain)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "complain.%s = yes\n", way->runtime);
	if (request->record)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "record.%s = yes\n", way->runtime);
	return put(path, text, request->manner);
}

static int install(struct options *options, const struct way *way, const struct hook_request *request)
{
	char where[PATH_MAX];
	int code = EXIT_YES;

	/* Engines skip a hook whose program is missing, and the container starts unguarded. */
	if (access(way->program, X_OK) < 0) {
		report("%s does not exist; install callgate first", way->program);
		return EXIT_CANNOT;
	}
	if (is_ours(way->conf) == 0) {
		report("%s was not written by callgate and is left alone", way->conf);
		return EXIT_CANNOT;
	}
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
	if (request->complain)
		fprintf(stderr, "callgate: warning: --complain: the profile will NOT be enforced; what it would deny "
				"passes and is logged ('callgate why --live' shows it)\n");
	code = put_settings(options, way, request);
	if (!code)
		code = put(way->conf, way->text, request->manner);
	if (!code && request->manner == HOOK_WRITE)
		printf(request->all ? "from now on every container that %s makes gets the profile '%s'\n"
				    : "from now on containers that %s makes with the annotation "
				      "org.callgate.profile=NAME get that profile, "
				      "which may permit nothing that '%s' does not; --all means every container\n",
		       way->runtime, request->profile ? request->profile : "default");
	fflush(stdout);
	if (!code && strcmp(way->runtime, "podman") == 0)
		fprintf(stderr,
			"callgate: note: for these containers it takes the place of podman's own default profile; "
			"'callgate diff --caps docker /usr/share/containers/seccomp.json %s' shows the difference\n",
			request->profile ? request->profile : "default");
	if (!code && way->told)
		fprintf(stderr, "callgate: note: other engines are configured by hand:\n%s\n", way->told);
	if (!code && way->told && !request->all)
		fputs("callgate: note: docker before 24 cannot give a container an annotation: its containers get the "
		      "profile "
		      "with --all\n",
		      stderr);
	return code ? code : finish_output(EXIT_YES);
}

static int remove_files(const struct way *way, const struct hook_request *request)
{
	char path[PATH_MAX];
	bool is_there = is_ours(way->conf) == 1;
	int code;

	settings_path(way, path, sizeof(path));
	is_there = is_there || is_ours(path) == 1;
	code = take_away(way->conf, request->manner);
	if (!code)
		code = take_away(path, request->manner);
	if (!code && request->manner == HOOK_WRITE) {
		callgate_state_prune("oci", CALLGATE_STALE_ALL);
		if (is_there)
			printf("from now on containers that %s makes get the engine's own profile; running ones keep "
			       "their filters\n",
			       way->runtime);
		else
			printf("%s: nothing to remove\n", way->runtime);
	}
	fflush(stdout);
	if (!code && is_there && way->told)
		fprintf(stderr,
			"callgate: note: dockerd and containerd call %s for as long as their own configuration names "
			"it\n",
			way->program);
	return code ? code : finish_output(EXIT_YES);
}

/* ------------------------------------------------------------------ rootless podman */

/* A user's podman reads profiles itself; root's hooks leave it alone. */
static int user_conf(char *path, size_t size)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = config && config[0] == '/'
			? snprintf(path, size, "%s/containers/containers.conf.d/50-callgate.conf", config)
			: snprintf(path, size, "%s/.config/containers/containers.conf.d/50-callgate.conf",
				   home ? home : "");

	if (n < (int)size && path[0] == '/' && (home || config))
		return EXIT_YES;
	report("neither XDG_CONFIG_HOME nor HOME is set");
	return EXIT_CANNOT;
}

static int install_for_user(struct options *options, const char *path, const struct hook_request *request)
{
	char word[PATH_MAX], full[PATH_MAX], text[PATH_MAX + 64];
	struct callgate_err err = CALLGATE_ERR_INIT;
	int code;

	if (request->complain || request->record) {
		report("--complain and --record are for root's hooks");
		return EXIT_CANNOT;
	}
	if (request->log) {
		report("--log is for root's hooks: podman itself passes no filter flags on");
		return EXIT_CANNOT;
	}
	code = try_profile(options, "podman", request->profile ? request->profile : "default", word);
	if (code)
		return code;
	if (profile_path(word, full, sizeof(full), &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	snprintf(text, sizeof(text), "[containers]\nseccomp_profile = \"%s\"\n", full);
	if (is_ours(path) == 0) {
		report("%s was not written by callgate and is left alone", path);
		return EXIT_CANNOT;
	}
	code = put(path, text, request->manner);
	if (!code && request->manner == HOOK_WRITE)
		printf("%s: from now on containers of this user start under %s, unless --security-opt seccomp= says "
		       "otherwise\n",
		       path, full);
	return code ? code : finish_output(EXIT_YES);
}

static int hook_for_user(struct options *options, const char *word, const struct hook_request *request)
{
	char path[PATH_MAX];
	int code = user_conf(path, sizeof(path));

	if (code)
		return code;
	if (strcmp(request->runtime, "podman") != 0) {
		report("--runtime %s is for root; rootless podman takes --runtime podman", request->runtime);
		return EXIT_CANNOT;
	}
	if (strcmp(word, "install") == 0)
		return install_for_user(options, path, request);
	if (strcmp(word, "remove") == 0) {
		if (is_ours(path) != 1 && access(path, F_OK) < 0)
			printf("podman: nothing to remove\n");
		code = take_away(path, request->manner);
		return code ? code : finish_output(EXIT_YES);
	}
	printf("%s\t%s\n", path, is_ours(path) == 1 ? "installed" : "not installed");
	return finish_output(is_ours(path) == 1 ? EXIT_YES : EXIT_NO);
}

/* ------------------------------------------------------------------ the whole */

static int status(const struct way *way)
{
	bool program = access(way->program, X_OK) == 0, conf = is_ours(way->conf) == 1;

	/* runc and crun share a file: whose it is stands inside. */
	if (conf && strcmp(way->runtime, "podman") != 0) {
		char where[PATH_MAX];

		conf = containers_conf_has("callgate-", way->program, where, sizeof(where));
	}
	printf("%s\t%s\n%s\t%s\n", way->program, program ? "there" : "missing", way->conf,
	       conf ? "installed" : "not installed");
	return finish_output(program && conf ? EXIT_YES : EXIT_NO);
}

int hook_oci(struct options *options, const char *word, const struct hook_request *request)
{
	const struct way *way = find_way(request->runtime);

	if (geteuid() != 0)
		return hook_for_user(options, word, request);
	if (!way) {
		report("unknown runtime '%s'", request->runtime);
		return EXIT_CANNOT;
	}
	if (strcmp(word, "install") == 0)
		return install(options, way, request);
	if (strcmp(word, "remove") == 0)
		return remove_files(way, request);
	return status(way);
}
