/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording from a hook: a child that leaves the engine's session and cgroups, and writes what it has from time to
 * time, so that little is missing when the machine goes down. */
#include "hooks/recorder.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "record/recording.h"
#include "runtime/hooks.h"

enum { STEP_MS = 1000, SAVE_EVERY = 60, ERROR_SIZE = 512 };

struct recording {
	char path[PATH_MAX], of[300];
	struct callgate_recorder *recorder;
	struct callgate_record *before; /* of earlier runs; NULL: none */
};

/* ------------------------------------------------------------------ the file */

static int read_before(struct recording *recording, struct callgate_err *err)
{
	char *text;
	size_t size;
	int r;

	if (access(recording->path, F_OK) < 0)
		return 0;
	r = callgate_file_read_trusted(recording->path, &text, &size, err);
	if (r < 0)
		return r;
	free(text);
	return callgate_record_read(recording->path, &recording->before, err);
}

static int save(const struct recording *recording, struct callgate_err *err)
{
	struct callgate_record *record;
	char *text = NULL;
	size_t size;
	int r = callgate_recorder_read(recording->recorder, &record, err);

	if (r < 0)
		return r;
	if (recording->before)
		r = callgate_record_merge(record, recording->before, err);
	if (r == 0)
		r = callgate_record_write(record, &text, &size, err);
	if (r == 0)
		r = callgate_file_write(recording->path, text, size, 0644, err);
	free(text);
	callgate_record_free(record);
	return r;
}

/* ------------------------------------------------------------------ the child */

/* A container's cgroups are removed with it, and its service is ended by its own: we are in neither. */
static void leave_cgroups(void)
{
	static const char *const places[] = {
		"/sys/fs/cgroup/cgroup.procs",
		"/sys/fs/cgroup/unified/cgroup.procs",
		"/sys/fs/cgroup/systemd/cgroup.procs",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		FILE *file = fopen(places[i], "we");

		if (!file)
			continue;
		fputs("0", file);
		fclose(file);
	}
}

static void leave_engine(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	for (int fd = 3; fd < 1024; fd++)
		if (fd != keep)
			close(fd);
	if (chdir("/") < 0)
		syslog(LOG_WARNING, "the recorder stays in the engine's directory");
	leave_cgroups();
}

static int follow(const struct recording *recording, struct callgate_err *err)
{
	const struct timespec none = { .tv_nsec = 0 };
	bool ended = false;
	int status, r = 0;
	sigset_t watched;

	sigemptyset(&watched);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGHUP);
	sigprocmask(SIG_BLOCK, &watched, NULL);
	for (unsigned step = 1; r == 0 && !ended; step++) {
		r = callgate_recorder_wait(recording->recorder, STEP_MS, &ended, &status, err);
		ended |= sigtimedwait(&watched, NULL, &none) > 0;
		if (r == 0 && !ended && step % SAVE_EVERY == 0)
			r = save(recording, err);
	}
	callgate_recorder_stop(recording->recorder);
	return r < 0 ? r : save(recording, err);
}

/* Says by the pipe whether it records: nothing, or why not. */
static void record(struct recording *recording, pid_t pid, int ready)
{
	struct callgate_recorder_how how = { 0 };
	struct callgate_err err = CALLGATE_ERR_INIT;
	int r;

	leave_engine(ready);
	openlog("callgate-recorder", LOG_PID, LOG_AUTHPRIV);
	how.of = recording->of;
	how.phase = CALLGATE_PHASE_RUNTIME;
	r = read_before(recording, &err);
	if (r == 0)
		r = callgate_recorder_attach(CALLGATE_SCOPE_CONTAINER, pid, &how, &recording->recorder, &err);
	if (r < 0 && write(ready, err.text, strlen(err.text)) < 0)
		syslog(LOG_ERR, "%s: %s", recording->of, err.text);
	close(ready);
	if (r < 0)
		return;
	if (follow(recording, &err) < 0)
		syslog(LOG_ERR, "%s: %s", recording->of, err.text);
	else
		syslog(LOG_INFO, "%s: recorded in %s", recording->of, recording->path);
}

/* ------------------------------------------------------------------ the hook */

/* Up to the pipe's end: what went wrong, or nothing. */
static int wait_ready(int ready, const char *of, struct messages *messages)
{
	char text[ERROR_SIZE];
	size_t used = 0;
	ssize_t n;

	while (used + 1 < sizeof(text) && (n = read(ready, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	if (!used)
		return 0;
	say(messages, LOG_ERR, "%s cannot be recorded: %s", of, text);
	return -1;
}

int recorder_start(const char *engine, const char *id, pid_t pid, struct messages *messages)
{
	struct recording recording = { .recorder = NULL };
	int ready[2], status;
	pid_t child;

	snprintf(recording.of, sizeof(recording.of), "%s:%s", engine, id);
	if (snprintf(recording.path, sizeof(recording.path), RECORDS "/%s/%s.json", engine, id) >=
		    (int)sizeof(recording.path) ||
	    strchr(id, '/') || pipe2(ready, O_CLOEXEC) < 0) {
		say(messages, LOG_ERR, "%s cannot be recorded", recording.of);
		return -1;
	}
	child = fork();
	if (child == 0) {
		close(ready[0]);
		if (fork() == 0)
			record(&recording, pid, ready[1]);
		_exit(0);
	}
	close(ready[1]);
	if (child > 0)
		waitpid(child, &status, 0);
	else
		say(messages, LOG_ERR, "%s cannot be recorded: no process for it", recording.of);
	if (child < 0 || wait_ready(ready[0], recording.of, messages) < 0) {
		close(ready[0]);
		return -1;
	}
	close(ready[0]);
	note_down(messages, "recorded in %s", recording.path);
	return 0;
}
