/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * callgate-runc, callgate-crun: an OCI runtime that puts the profile into the bundle's config.json when a container is
 * created and then becomes the real runtime. Every other command goes straight there.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "hooks/oci-args.h"
#include "hooks/oci-make.h"
#include "hooks/rootless.h"
#include "runtime/hooks.h"

struct wrapper {
	struct oci_job job;
	struct oci_args args;
	char name[64]; /* "runc", "crun": what is behind */
	char real[PATH_MAX];
	char bundle[PATH_MAX], config[PATH_MAX];
	char copy[PATH_MAX]; /* the private bundle; "": the bundle itself was edited */
	char root[PATH_MAX + 256];
	char key[300]; /* what the container is called in our own files */
};

static int complain(struct wrapper *w, const char *text)
{
	say(&w->job.messages, LOG_ERR, "%s", text);
	return -1;
}

static int complain_err(struct wrapper *w, const struct callgate_err *err)
{
	say_err(&w->job.messages, err);
	return -1;
}

/* ------------------------------------------------------------------ the real runtime */

/* callgate-NAME stands before NAME. */
static void take_name(struct wrapper *w, const char *argv0)
{
	static const char prefix[] = "callgate-";
	const char *base = strrchr(argv0, '/');

	base = base ? base + 1 : argv0;
	snprintf(w->name, sizeof(w->name), "%s",
		 strncmp(base, prefix, sizeof(prefix) - 1) == 0 ? base + sizeof(prefix) - 1 : "runc");
}

/* Whoever can write the program decides what runs. */
static bool is_trusted_program(const char *path, const struct stat *self)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return false;
	if (st.st_dev == self->st_dev && st.st_ino == self->st_ino)
		return false;
	return (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool search(struct wrapper *w, const char *path, const struct stat *self)
{
	while (*path) {
		size_t size = strcspn(path, ":");

		if (path[0] == '/' &&
		    snprintf(w->real, sizeof(w->real), "%.*s/%s", (int)size, path, w->name) < (int)sizeof(w->real) &&
		    is_trusted_program(w->real, self))
			return true;
		path += size;
		path += *path == ':';
	}
	return false;
}

static int find_real(struct wrapper *w, const struct callgate_settings *settings)
{
	const char *told = settings ? callgate_settings_runtime(settings, w->name) : NULL, *path = getenv("PATH");
	struct stat self;

	if (stat("/proc/self/exe", &self) < 0)
		return complain(w, "cannot tell which program this is: is /proc mounted?");
	if (told) {
		snprintf(w->real, sizeof(w->real), "%s", told);
		if (is_trusted_program(told, &self))
			return 0;
		say(&w->job.messages, LOG_ERR,
		    "%s is not a program that only root can change, or it is callgate itself", told);
		return -1;
	}
	if (strchr(w->name, '/') ||
	    !search(w, path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", &self)) {
		say(&w->job.messages, LOG_ERR,
		    "no '%s' on PATH: 'runtime.%s = PATH' in " SYSCONFDIR "/callgate/callgate.conf says where it is",
		    w->name, w->name);
		return -1;
	}
	return 0;
}

/* ------------------------------------------------------------------ what the real runtime takes */

/* runc takes flags from 1.2 on. Asking costs as much as a start, so only profiles with such flags do. */
static uint32_t flags_of_runtime(const struct wrapper *w)
{
	char line[256], command[PATH_MAX + 16];
	unsigned major = 0, minor = 0;
	FILE *pipe;

	if (strchr(w->real, '\''))
		return 0;
	snprintf(command, sizeof(command), "'%s' --version", w->real);
	pipe = popen(command, "re");
	if (!pipe)
		return 0;
	if (!fgets(line, sizeof(line), pipe) || sscanf(line, "runc version %u.%u", &major, &minor) != 2)
		major = 0;
	pclose(pipe);
	return major > 1 || (major == 1 && minor >= 2) ? UINT32_MAX : 0;
}

/* ------------------------------------------------------------------ the bundle */

static int find_bundle(struct wrapper *w)
{
	const char *bundle = w->args.bundle ? w->args.bundle : ".";

	if (realpath(bundle, w->bundle) &&
	    snprintf(w->config, sizeof(w->config), "%s/config.json", w->bundle) < (int)sizeof(w->config))
		return 0;
	say(&w->job.messages, LOG_ERR, "%s: no bundle: %s", bundle, strerror(errno));
	return -1;
}

/*
 * Ids are unique below one --root. Those that engines pass name containers of theirs by random ids, and hooks, which
 * are not told the root, know these by the id alone; for any other root its digest goes with the id.
 */
static void choose_key(struct wrapper *w)
{
	static const char *const shared[] = { "/run/", "/var/run/" };
	char place[PATH_MAX];
	uint32_t hash = 0x811c9dc5u; /* FNV-1a */

	w->key[0] = '\0';
	if (!w->args.id)
		return;
	snprintf(w->key, sizeof(w->key), "%s", w->args.id);
	if (!w->args.root)
		return;
	if (!realpath(w->args.root, place))
		snprintf(place, sizeof(place), "%s", w->args.root);
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (strncmp(place, shared[i], strlen(shared[i])) == 0 && strlen(w->args.id) == 64)
			return;
	snprintf(w->copy, sizeof(w->copy), "/run/%s", w->name);
	if (strcmp(place, w->copy) != 0) {
		for (const char *at = place; *at; at++)
			hash = (hash ^ (unsigned char)*at) * 0x01000193u;
		snprintf(w->key, sizeof(w->key), "%.280s@%08x", w->args.id, hash);
	}
	w->copy[0] = '\0';
}

/* ID.json without the ending: where a private bundle stands. */
static int private_place(struct wrapper *w)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (!w->args.id)
		return complain(w, "no container is named");
	if (callgate_state_path("oci", w->key, w->copy, sizeof(w->copy), &err) < 0)
		return complain_err(w, &err);
	strcpy(strrchr(w->copy, '.'), ".d");
	return 0;
}

static bool can_edit(const struct wrapper *w)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *text;
	size_t size;

	if (access(w->bundle, W_OK) < 0 || callgate_file_read_trusted(w->config, &text, &size, &err) < 0)
		return false;
	free(text);
	return true;
}

/* A bundle that we may not write, or that others may, is left alone: its configuration stands elsewhere and names the
 * same root. */
static int choose_place(struct wrapper *w)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	const char *root;
	size_t size;

	if (can_edit(w))
		return callgate_bundle_recall(w->job.bundle, w->config, &err) < 0 ? complain_err(w, &err) : 0;
	if (private_place(w) < 0)
		return -1;
	root = callgate_bundle_root(w->job.bundle, &size);
	if (!root)
		return complain(w, "the configuration names no root");
	if (root[0] == '/')
		return 0;
	if (snprintf(w->root, sizeof(w->root), "%s/%.*s", w->bundle, (int)size, root) >= (int)sizeof(w->root))
		return complain(w, "the root's path is too long");
	w->job.root = w->root;
	return 0;
}

static int write_config(struct wrapper *w)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct stat st;
	int r = 0;

	if (w->copy[0] && snprintf(w->config, sizeof(w->config), "%s/config.json", w->copy) >= (int)sizeof(w->config))
		return complain(w, "the path of the private bundle is too long");
	if (w->copy[0] || stat(w->config, &st) < 0)
		st.st_mode = 0600;
	if (!w->copy[0])
		r = callgate_bundle_keep(w->job.bundle, w->config, w->job.text, w->job.size, &err);
	if (r == 0)
		r = callgate_bundle_write(w->config, w->job.text, w->job.size, st.st_mode & 0777, &err);
	return r < 0 ? complain_err(w, &err) : 0;
}

/* What is to be recorded and is not must not start: recording begins when the container is there, by a hook in it. */
static int check_recorder(struct wrapper *w)
{
	static const char name[] = "callgate-oci-hook";
	size_t size;
	const char *hooks = callgate_bundle_create_runtime(w->job.bundle, &size);

	if (!oci_job_records(&w->job) || (hooks && memmem(hooks, size, name, sizeof(name) - 1)))
		return 0;
	return complain(w, "the container is to be recorded, and its configuration lacks the createRuntime hook that "
			   "does it: callgate-oci-hook createRuntime (see callgate-hooks(7))");
}

static int edit(struct wrapper *w)
{
	callgate_prefault();
	if (find_bundle(w) < 0 || oci_job_read(&w->job, w->config) < 0 || find_real(w, w->job.settings) < 0)
		return -1;
	if (w->job.passes)
		return 0;
	if (check_recorder(w) < 0 || choose_place(w) < 0)
		return -1;
	w->job.form = strcmp(w->name, "crun") == 0 ? OCI_FORM_BPF : OCI_FORM_TEXT;
	if (w->job.form == OCI_FORM_TEXT && oci_job_wants_flags(&w->job))
		w->job.flags = flags_of_runtime(w);
	if (oci_job_make(&w->job) < 0 || write_config(w) < 0)
		return -1;
	return oci_job_state(&w->job, w->key[0] ? w->key : NULL, "ready", w->config, 0);
}

/* ------------------------------------------------------------------ other commands */

static bool is_failure(const char *path)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *text;
	size_t size;
	bool failed;

	if (callgate_file_read_trusted(path, &text, &size, &err) < 0)
		return false;
	failed = strstr(text, "\"result\": \"failed\"") != NULL;
	free(text);
	return failed;
}

/* What we keep of a container goes with it; a failure stays for people. */
static void forget(struct wrapper *w)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char path[PATH_MAX];

	if (!w->args.id || callgate_state_path("oci", w->key, path, sizeof(path), &err) < 0)
		return;
	if (!is_failure(path))
		unlink(path);
	callgate_bundle_forget(path);
}

static int pass(struct wrapper *w)
{
	struct callgate_settings *settings = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	int r;

	/* What runs already must be stopped and taken away even while the settings are broken. */
	if (callgate_settings_read(&settings, &err) < 0)
		syslog(LOG_WARNING, "%s: %s", err.file, err.text);
	r = find_real(w, settings);
	callgate_settings_free(settings);
	if (r == 0 && w->args.command && strcmp(w->args.command, "delete") == 0)
		forget(w);
	return r;
}

/* ------------------------------------------------------------------ the whole */

/* Engines read a runtime's errors from its log file. */
static void log_failure(const struct wrapper *w)
{
	const struct messages *messages = &w->job.messages;
	FILE *file = w->args.log ? fopen(w->args.log, "ae") : NULL;
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;

	if (!file)
		return;
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	for (size_t i = 0; i < messages->count; i++) {
		if (!w->args.json_log) {
			fprintf(file, "time=\"%s\" level=error msg=\"callgate: %s\"\n", stamp, messages->list[i]);
			continue;
		}
		fprintf(file, "{\"level\":\"error\",\"msg\":\"callgate: ");
		for (const char *at = messages->list[i]; *at;
		     at++) /* control characters are no part of a message: say() */
			fprintf(file, *at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
		fprintf(file, "\",\"time\":\"%s\"}\n", stamp);
	}
	fclose(file);
}

static int become(struct wrapper *w, int argc, char **argv)
{
	/* Never the path as it was given: whoever owns a link on the way may have turned it elsewhere since it was
	 * looked at. */
	char **words = calloc((size_t)argc + 3, sizeof(char *)), *bundle = w->copy[0] ? w->copy : w->bundle;
	int n = 0;

	if (!words)
		return complain(w, "out of memory");
	for (int i = 0; i < argc; i++) {
		bool is_own = i >= w->args.own_at && i < w->args.own_at + w->args.own_count;
		bool is_bundle = bundle[0] && w->args.bundle_at && i == w->args.bundle_at;

		if (is_own)
			continue;
		if (is_bundle && argv[i][0] == '-') {
			words[n++] = (char *)"--bundle";
			words[n++] = bundle;
		} else {
			words[n++] = i == 0 ? w->real : is_bundle ? bundle : argv[i];
		}
		if (bundle[0] && !w->args.bundle_at && i == w->args.command_at) {
			words[n++] = (char *)"--bundle";
			words[n++] = bundle;
		}
	}
	oci_job_release(&w->job);
	execv(w->real, words);
	say(&w->job.messages, LOG_ERR, "%s: %s", w->real, strerror(errno));
	free(words);
	return -1;
}

int main(int argc, char **argv)
{
	struct wrapper *w;
	const char *complaint;
	int r;

	w = calloc(1, sizeof(*w));
	if (!w || argc < 1)
		return EXIT_FAILURE;
	openlog("callgate-runtime", LOG_PID, LOG_AUTHPRIV);
	take_name(w, argv[0]);
	w->job.engine = w->name;
	complaint = oci_args_read(argc, argv, &w->args);
	w->job.asked = w->args.profile;
	w->job.hook = w->args.command ? w->args.command : "runtime";
	choose_key(w);
	if (complaint)
		r = complain(w, complaint);
	else if (w->args.command && strcmp(w->args.command, "restore") == 0)
		r = complain(w, "a checkpoint brings back the filters that its processes had, not those of the "
				"profile: restore it with the real runtime, and look at it with 'callgate verify'");
	else if (w->args.command && (strcmp(w->args.command, "create") == 0 || strcmp(w->args.command, "run") == 0) &&
		 !hook_is_of_hosts_root())
		r = edit(w);
	else
		r = pass(w);
	if (r == 0)
		r = become(w, argc, argv);
	log_failure(w);
	if (w->args.id)
		oci_job_state(&w->job, w->key, "failed", NULL, 0);
	return EXIT_FAILURE;
}
