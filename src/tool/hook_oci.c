/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate hook for podman, runc and crun: the files that make engines call callgate, written and taken away. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/tool.h"
#include "runtime/hooks.h"

#define CONF_DIR "/etc/containers/containers.conf.d"
static const char mark[] = "# Written by 'callgate hook install'; 'callgate hook remove' takes it away.\n";

/* What stands where for a runtime. */
static const struct way {
	const char *runtime;
	const char *program; /* which must be there */
	const char *conf;
	const char *text;
	const char *told; /* what cannot be written for others */
} ways[] = {
	{ "podman", LIBEXECDIR "/oci/hooks.d/callgate-oci-hook", CONF_DIR "/50-callgate-hooks.conf",
	  "[engine]\nhooks_dir = [\"/usr/share/containers/oci/hooks.d\", \"/etc/containers/oci/hooks.d\", \"" PKGDATADIR "/hooks.d\"]\n", NULL },
	{ "runc", BINDIR "/callgate-runc", CONF_DIR "/50-callgate-runtime.conf",
	  "[engine]\nruntime = \"callgate-runc\"\n[engine.runtimes]\ncallgate-runc = [\"" BINDIR "/callgate-runc\"]\n",
	  "dockerd: \"default-runtime\": \"callgate-runc\", \"runtimes\": { \"callgate-runc\": { \"path\": \"" BINDIR
	  "/callgate-runc\" } } in /etc/docker/daemon.json\n"
	  "containerd: BinaryName = \"" BINDIR "/callgate-runc\" in the options of the runtime runc" },
	{ "crun", BINDIR "/callgate-crun", CONF_DIR "/50-callgate-runtime.conf",
	  "[engine]\nruntime = \"callgate-crun\"\n[engine.runtimes]\ncallgate-crun = [\"" BINDIR "/callgate-crun\"]\n",
	  "dockerd: \"default-runtime\": \"callgate-crun\", \"runtimes\": { \"callgate-crun\": { \"path\": \"" BINDIR
	  "/callgate-crun\" } } in /etc/docker/daemon.json" },
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
	if (unlink(path) == 0)
		return EXIT_YES;
	report("%s: %s", path, strerror(errno));
	return EXIT_CANNOT;
}

/* A profile that the hook would refuse at every start is refused now. */
static int put_profile(struct options *options, const struct way *way, const char *profile, enum hook_manner manner)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	char path[PATH_MAX], text[PATH_MAX + 64], full[PATH_MAX];
	struct callgate_err err = CALLGATE_ERR_INIT;
	int code;

	if (!strchr(profile, '/')) {
		if (callgate_profile_find(profile, path, sizeof(path), &err) < 0) {
			report_err(&err);
			return EXIT_CANNOT;
		}
		snprintf(full, sizeof(full), "%s", profile);
	} else if (!realpath(profile, full)) {
		report("%s: %s", profile, strerror(errno));
		return EXIT_CANNOT;
	}
	callgate_caps_parse("docker", &options->target.caps, NULL);
	code = profile_resolve(options, profile, &filter);
	if (code)
		return code;
	settings_path(way, path, sizeof(path));
	snprintf(text, sizeof(text), "profile.%s = %s\n", way->runtime, full);
	return put(path, text, manner);
}

static int install(struct options *options, const struct way *way, const struct hook_request *request)
{
	char where[PATH_MAX];
	int code = EXIT_YES;

	/* Engines pass over a hook whose program is missing, and the container starts unguarded. */
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
		fprintf(stderr, "callgate: note: %s sets hooks_dir too; only the file that is read last is used, so one list must name all directories\n",
		        where);
	if (request->profile)
		code = put_profile(options, way, request->profile, request->manner);
	if (!code)
		code = put(way->conf, way->text, request->manner);
	if (!code && way->told)
		fprintf(stderr, "callgate: note: other engines are configured by hand:\n%s\n", way->told);
	return code ? code : finish_output(EXIT_YES);
}

static int remove_files(const struct way *way, const struct hook_request *request)
{
	char path[PATH_MAX];
	int code = take_away(way->conf, request->manner);

	settings_path(way, path, sizeof(path));
	if (!code)
		code = take_away(path, request->manner);
	return code ? code : finish_output(EXIT_YES);
}

static int status(const struct way *way)
{
	bool program = access(way->program, X_OK) == 0, conf = is_ours(way->conf) == 1;

	/* runc and crun share a file: whose it is stands inside. */
	if (conf && strcmp(way->runtime, "podman") != 0) {
		char where[PATH_MAX];

		conf = containers_conf_has("callgate-", way->program, where, sizeof(where));
	}
	printf("%s\t%s\n%s\t%s\n", way->program, program ? "there" : "missing", way->conf, conf ? "installed" : "not installed");
	return finish_output(program && conf ? EXIT_YES : EXIT_NO);
}

int hook_oci(struct options *options, const char *word, const struct hook_request *request)
{
	const struct way *way = find_way(request->runtime);

	if (strcmp(word, "install") == 0)
		return install(options, way, request);
	if (strcmp(word, "remove") == 0)
		return remove_files(way, request);
	return status(way);
}
