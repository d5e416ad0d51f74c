/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why, from what the hooks wrote down: the last start, one container's, and the profile that was chosen for it. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/private.h"
#include "tool/state_record.h"
#include "tool/why.h"

static const char *look_in;

void why_look_in(const char *lxcpath)
{
	look_in = lxcpath;
}

/* ------------------------------------------------------------------ --last */

static void newest_in(const char *dir_path, char *path, size_t size, struct timespec *newest)
{
	DIR *dir = opendir(dir_path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');
		char file[PATH_MAX];
		struct stat st;

		if (entry->d_name[0] == '.' || !dot || strcmp(dot, ".json") != 0)
			continue;
		if (snprintf(file, sizeof(file), "%s/%s", dir_path, entry->d_name) >= (int)sizeof(file) ||
		    lstat(file, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (st.st_mtim.tv_sec < newest->tv_sec ||
		    (st.st_mtim.tv_sec == newest->tv_sec && st.st_mtim.tv_nsec <= newest->tv_nsec))
			continue;
		*newest = st.st_mtim;
		snprintf(path, size, "%s", file);
	}
	if (dir)
		closedir(dir);
}

static const char *or_else(const char *text, const char *otherwise)
{
	return text[0] ? text : otherwise;
}

static const char *sentence_of(const char *result)
{
	static const struct {
		const char *result, *sentence;
	} rows[] = {
		{ "ready", "the profile was handed over and has not been verified yet" },
		{ "created", "the profile was handed to the runtime; 'callgate verify' compares what runs with it" },
		{ "verified", "the first process runs under what the profile says" },
		{ "unverified", "it could not be verified; the settings let it run unverified" },
		{ "injected", "the kernel took the profile's own program; it does not show it to this user" },
		{ "finished", "it ended before it could be verified" },
		{ "failed", "it was not started, or was killed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].result, result) == 0)
			return rows[i].sentence;
	return result;
}

/* A start that ended between the two hooks has left "ready" behind: its record says so now. */
static bool has_died(const struct state_record *record)
{
	return strcmp(record->engine, "lxc") == 0 && strcmp(record->result, "ready") == 0 && !record->has_pid &&
	       !lxc_is_running(record->id, look_in);
}

/* Names of containers and profiles are chosen by people, of whom some are no friends. */
static void put(const char *before, const char *text, const char *behind)
{
	size_t size = 4 * strlen(text) + 1;
	char *shown = malloc(size);

	if (shown)
		printf("%s%s%s", before, callgate_escape(text, shown, size), behind);
	free(shown);
}

/* The first process that a hook has seen is there no more. */
static bool has_ended(const struct state_record *record)
{
	return record->pid > 0 && kill(record->pid, 0) < 0 && errno == ESRCH;
}

/* How what was put there compares with the profile, in the words of verify. */
static const char *verdict_sentence(const char *verdict)
{
	static const struct {
		const char *verdict, *sentence;
	} rows[] = {
		{ "exact", "exact, the first process runs under the profile to the letter" },
		{ "adapted",
		  "adapted, the first process runs under what this engine can say of the profile, and nothing "
		  "more is permitted" },
		{ "stricter", "stricter, the first process runs under the profile and filters of its own on top" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].verdict, verdict) == 0)
			return rows[i].sentence;
	return NULL;
}

static void tell_result(const struct state_record *record)
{
	static const char *const live[] = { "verified", "unverified", "injected" };
	const char *result = or_else(record->result, "?"), *hook = record->hook;
	/* No stage follows in which anybody would look. */
	bool made = strcmp(result, "ready") == 0 && (strcmp(hook, "create") == 0 || strcmp(hook, "run") == 0);
	const char *verdict = verdict_sentence(record->verdict);
	bool over = false;

	for (size_t i = 0; i < ARRAY_SIZE(live); i++)
		over |= strcmp(result, live[i]) == 0 && has_ended(record);
	if (has_died(record))
		printf("not started: the profile was handed to LXC, and the start ended before the filter could be "
		       "looked at (lxc-start -l INFO -o FILE says why)\n");
	else
		printf("%s: %s%s\n", result, verdict ? verdict : sentence_of(made ? "created" : result),
		       over ? " (that process has ended since)" : "");
}

static int tell_state(const char *path)
{
	struct state_record record;
	const char *message;
	char id[300];

	if (!state_record_read(path, &record)) {
		report("cannot read %s", path);
		return EXIT_CANNOT;
	}
	/* Behind '@' is what tells ids under several --root apart; nobody types that. */
	snprintf(id, sizeof(id), "%s", or_else(record.id, "?"));
	id[strcspn(id, "@")] = '\0';
	printf("%s:", or_else(record.engine, "?"));
	put("", id, "");
	printf(", %s, %s\n", or_else(record.hook, "?"), or_else(record.time, "?"));
	tell_result(&record);
	put("profile: ", or_else(record.profile, "none was found"), "\n");
	for (size_t i = 0; (message = state_record_message(&record, i)); i++)
		put("", message, "\n");
	put("(", path, ")\n");
	state_record_release(&record);
	return finish_output(EXIT_YES);
}

int why_last(void)
{
	static const char *const engines[] = { "lxc", "oci" };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct timespec newest = { 0 };
	char path[PATH_MAX] = "", dir[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		if (callgate_state_path(engines[i], "x", dir, sizeof(dir), &err) < 0) {
			report_err(&err);
			return EXIT_CANNOT;
		}
		*strrchr(dir, '/') = '\0';
		newest_in(dir, path, sizeof(path), &newest);
	}
	if (path[0])
		return tell_state(path);
	report("no hook has left a record");
	return EXIT_NO;
}

/* Whether a file is the record of a container that was named so: by its whole id, behind which '@' tells several --root
 * apart, or by the beginning of one as engines make them. */
static bool is_record_of(const char *file, const char *engine, const char *id)
{
	enum { WHOLE = 64 };
	size_t size = strlen(id), length = strlen(file) - strlen(".json");
	bool oci = strcmp(engine, "oci") == 0;

	if (oci && memchr(file, '@', length))
		length = strcspn(file, "@");
	if (strncmp(file, id, size) != 0)
		return false;
	return length == size || (oci && length == WHOLE && strspn(id, "0123456789abcdef") == size);
}

/* The state file of "oci:0123456789ab" or "lxc:NAME"; of several that begin so there is none. */
static bool state_path_by_id(const char *container, char *out, size_t size)
{
	struct dirent *entry;
	char engine[8], path[PATH_MAX];
	const char *id = container + 4;
	unsigned found = 0;
	DIR *dir;

	snprintf(engine, sizeof(engine), "%.3s", container);
	if (!id[0] || callgate_state_path(engine, "x", path, sizeof(path), NULL) < 0)
		return false;
	*strrchr(path, '/') = '\0';
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && strcmp(dot, ".json") == 0 && is_record_of(entry->d_name, engine, id) &&
		    snprintf(out, size, "%s/%s", path, entry->d_name) < (int)size)
			found++;
	}
	if (dir)
		closedir(dir);
	return found == 1;
}

/* The id of a container that was given by the name that podman or Docker knows, else as it was given. */
static const char *with_id(const char *container, char *buf, size_t size)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	snprintf(buf, size, "oci:");
	return strncmp(container, "oci:", 4) == 0 && callgate_oci_id(container + 4, buf + 4, size - 4, &err) == 0
		       ? buf
		       : container;
}

/* Whether a record is of a container that is defined below another lxcpath than the one that was named. What was
 * started by a file of its own (lxc-execute -f) is nowhere. */
static bool is_elsewhere(const char *path, const char *name)
{
	struct state_record record;
	char config[PATH_MAX], ending[300], named[PATH_MAX], own[PATH_MAX];
	size_t size = 0, length = 0;

	if (!look_in || !state_record_read(path, &record))
		return false;
	snprintf(config, sizeof(config), "%s", record.config);
	state_record_release(&record);
	snprintf(ending, sizeof(ending), "/%s/config", name);
	size = strlen(config);
	length = strlen(ending);
	if (size <= length || strcmp(config + size - length, ending) != 0)
		return false;
	config[size - length] = '\0';
	if (!realpath(look_in, named))
		snprintf(named, sizeof(named), "%s", look_in);
	if (!realpath(config, own))
		snprintf(own, sizeof(own), "%s", config);
	return strcmp(named, own) != 0;
}

static bool state_path_of(const char *container, char *out, size_t size)
{
	char named[264];

	if (!state_path_by_id(with_id(container, named, sizeof(named)), out, size))
		return false;
	return strncmp(container, "lxc:", 4) != 0 || !is_elsewhere(out, container + 4);
}

const char *why_container_key(const char *container, char *buf, size_t size)
{
	enum { SHOWN = 4 + 12 };
	char named[264];

	container = with_id(container, named, sizeof(named));
	snprintf(buf, size, "%s", container);
	if (strncmp(buf, "oci:", 4) == 0 && strspn(buf + 4, "0123456789abcdef") > SHOWN - 4)
		buf[SHOWN] = '\0';
	return buf;
}

bool why_hint_owner(const char *container)
{
	const struct passwd *user;
	char path[PATH_MAX];
	struct stat st;

	if (oci_is_users(container)) {
		fprintf(stderr,
			"callgate: note: %s is a user's container, whose hooks keep their records with him: 'callgate "
			"why oci:%s' as that user\n",
			container, strchr(container, '/') + 1);
		return true;
	}
	if (strncmp(container, "lxc:", 4) != 0 || !look_in ||
	    snprintf(path, sizeof(path), "%s/%s/config", look_in, container + 4) >= (int)sizeof(path) ||
	    stat(path, &st) < 0 || st.st_uid == geteuid())
		return false;
	user = getpwuid(st.st_uid);
	fprintf(stderr,
		"callgate: note: %s is the container of user %u%s%s%s, where its hooks keep their records: 'callgate "
		"why %s' as that user\n",
		container, (unsigned)st.st_uid, user ? " (" : "", user ? user->pw_name : "", user ? ")" : "",
		container);
	return true;
}

static bool tells_of_failure(const char *path)
{
	struct state_record record;
	bool failed;

	if (!state_record_read(path, &record))
		return false;
	failed = strcmp(record.result, "failed") == 0 || has_died(&record);
	state_record_release(&record);
	return failed;
}

int why_container(const char *container, bool *started)
{
	char path[PATH_MAX];

	*started = false;
	if (state_path_of(container, path, sizeof(path))) {
		*started = !tells_of_failure(path);
		return tell_state(path);
	}
	if (strncmp(container, "lxc:", 4) == 0 && !lxc_is_defined(container + 4, look_in)) {
		report("there is no container %s in %s, and no hook of this user has left a record about one",
		       container, look_in ? look_in : lxc_default_path());
		return EXIT_CANNOT;
	}
	report("no hook of this user has left a record about %s", container);
	if (strncmp(container, "oci:", 4) == 0)
		oci_hint_users(container + 4);
	if (!why_hint_owner(container) && strncmp(container, "lxc:", 4) == 0)
		fprintf(stderr,
			"callgate: note: the first start leaves one, once the container has callgate's lines: "
			"'callgate hook status %s' tells whether it has\n",
			container);
	return EXIT_NO;
}

static bool record_of(const char *container, struct state_record *out)
{
	char path[PATH_MAX];

	return state_path_of(container, path, sizeof(path)) && state_record_read(path, out);
}

bool why_record(const char *container, struct why_recorded *out)
{
	struct state_record record;

	if (!record_of(container, &record))
		return false;
	*out = (struct why_recorded){ .caps = record.caps, .pid = record.pid };
	snprintf(out->profile, sizeof(out->profile), "%s", record.profile);
	snprintf(out->output_digest, sizeof(out->output_digest), "%s", record.output_digest);
	state_record_release(&record);
	return out->profile[0] != '\0';
}

double why_started(const char *container)
{
	enum { BETWEEN = 2 }; /* seconds from the start of the first process to its hook's record, at most */
	struct state_record record;
	struct tm tm = { 0 };
	double when = INFINITY;

	if (!record_of(container, &record))
		return when;
	if (strptime(record.time, "%Y-%m-%dT%H:%M:%SZ", &tm))
		when = (double)timegm(&tm) - BETWEEN;
	state_record_release(&record);
	return when;
}

bool why_complains(const char *container)
{
	struct state_record record;

	if (!record_of(container, &record))
		return false;
	state_record_release(&record);
	return record.complains;
}

/* What the hook resolved for the container, resolved again. */
struct callgate_filter *why_container_filter(const struct callgate_target *host, const char *container)
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_target target = *host;
	struct why_recorded recorded;

	if (!why_record(container, &recorded) || callgate_policy_read(recorded.profile, &policy, NULL, NULL) < 0)
		return NULL;
	target.caps = recorded.caps;
	if (callgate_filter_resolve(policy, &target, &filter, NULL, NULL) < 0)
		return NULL;
	return filter;
}
