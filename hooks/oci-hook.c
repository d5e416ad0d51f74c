/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * callgate-oci-hook: what engines and runtimes call while a container starts.
 *   precreate      podman: the configuration comes on stdin and goes, with the profile in it, to stdout
 *   createRuntime  the gate: no container starts from a bundle that permits more than its profile
 *   poststart      the proof: what the first process runs under is what the profile says, or the container is killed
 */
#include <getopt.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "hooks/base64.h"
#include "hooks/oci-make.h"
#include "hooks/oci-own.h"
#include "hooks/recorder.h"
#include "hooks/rootless.h"
#include "runtime/hooks.h"

struct hook {
	struct oci_job job;
	struct callgate_container container;
	char id[256]; /* "": not known */
};

static int complain(struct hook *hook, const char *text)
{
	say(&hook->job.messages, LOG_ERR, "%s", text);
	return -1;
}

static int complain_err(struct hook *hook, const struct callgate_err *err)
{
	say_err(&hook->job.messages, err);
	return -1;
}

/* ------------------------------------------------------------------ precreate */

static int write_out(struct hook *hook, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, text, size);

		if (n <= 0)
			return complain(hook, "the engine does not take the configuration");
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A container that the settings leave alone gets its configuration back as it came. */
static const char *pass_through(struct hook *hook)
{
	size_t size;
	const char *text = callgate_bundle_text(hook->job.bundle, &size);

	return write_out(hook, text, size) < 0 ? "failed" : "passed";
}

static const char *precreate(struct hook *hook)
{
	int r = oci_job_read(&hook->job, "-");
	bool is_named = hook->job.bundle && callgate_bundle_id(hook->job.bundle, hook->id) == 0;

	/* A refusal leaves its record in any case; the hooks that come later know the id. */
	if (!is_named)
		snprintf(hook->id, sizeof(hook->id), "precreate");
	if (r == 0 && hook->job.passes)
		return pass_through(hook);
	hook->job.form = OCI_FORM_BOTH;
	/* Who will read it is not known. crun takes the flag; a runc that does not starts nothing, and says so: what
	 * was asked for would be missed by nobody before it is needed. */
	if (r == 0 && oci_job_logs(&hook->job))
		hook->job.flags = SECCOMP_FILTER_FLAG_LOG;
	if (r < 0 || oci_job_make(&hook->job) < 0)
		return "failed";
	/* The state first: once the text is out, the container starts. */
	if (oci_job_state(&hook->job, is_named ? hook->id : NULL, "ready", NULL, 0) < 0 ||
	    write_out(hook, hook->job.text, hook->job.size) < 0)
		return "failed";
	return "ready";
}

/* ------------------------------------------------------------------ a container that is being made */

static int read_container(struct hook *hook)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char config[PATH_MAX + 16];

	if (callgate_container_read("-", &hook->container, &err) < 0)
		return complain_err(hook, &err);
	snprintf(hook->id, sizeof(hook->id), "%s", hook->container.id);
	snprintf(config, sizeof(config), "%s/config.json", hook->container.bundle);
	return oci_job_read(&hook->job, config);
}

/* Whether what is carried permits nothing that the profile does not. */
static int check_narrow(struct hook *hook, const struct callgate_filter *carried, const char *what)
{
	const struct callgate_difference *row;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_diff *diff;
	int r = 0;

	if (callgate_filter_diff(hook->job.choice.filter, carried, 0, &diff, &err) < 0)
		return complain_err(hook, &err);
	for (size_t i = 0; r == 0 && (row = callgate_diff_at(diff, i)); i++) {
		char call[128];

		if (!callgate_difference_opens(row))
			continue;
		say(&hook->job.messages, LOG_ERR, "%s permits what the profile does not: %s", what,
		    callgate_difference_call(row, call, sizeof(call)));
		r = -1;
	}
	callgate_diff_free(diff);
	return r;
}

/* linux.seccomp, as a runtime reads it. */
static int read_text(struct hook *hook, enum callgate_reader reader, struct callgate_filter **out)
{
	struct callgate_target target = hook->job.choice.target;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy;
	size_t size;
	const char *text = callgate_bundle_seccomp(hook->job.bundle, &size);
	int r;

	if (!text)
		return complain(hook, "the bundle has no linux.seccomp: was the container made without callgate?");
	target.reader = reader;
	target.libseccomp = callgate_libseccomp_release();
	if (callgate_policy_parse(text, size, "linux.seccomp", &policy, NULL, &err) < 0)
		return complain_err(hook, &err);
	r = callgate_filter_resolve(policy, &target, out, NULL, &err);
	callgate_policy_free(policy);
	return r < 0 ? complain_err(hook, &err) : 0;
}

static int check_text(struct hook *hook, enum callgate_reader reader)
{
	struct callgate_filter *filter = NULL;
	int r = read_text(hook, reader, &filter);

	if (r == 0)
		r = check_narrow(hook, filter, "linux.seccomp");
	callgate_filter_free(filter);
	return r;
}

/* The program that crun would believe instead. */
static int read_annotation(struct hook *hook, const char *text, size_t size, struct callgate_filter **out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = NULL;
	size_t length;
	void *bytes = base64_decode(text, size, &length);
	int r;

	if (!bytes)
		return complain(hook, "run.oci.seccomp_bpf_data is not valid base64");
	r = callgate_prog_parse(bytes, length, hook->job.choice.target.host, &prog, &err);
	free(bytes);
	if (r == 0)
		r = callgate_filter_lift(prog, "run.oci.seccomp_bpf_data", hook->job.choice.target.host, out, &err);
	callgate_prog_free(prog);
	return r < 0 ? complain_err(hook, &err) : 0;
}

static int check_annotation(struct hook *hook, const char *text, size_t size)
{
	struct callgate_filter *filter = NULL;
	int r = read_annotation(hook, text, size, &filter);

	if (r == 0)
		r = check_narrow(hook, filter, "run.oci.seccomp_bpf_data");
	callgate_filter_free(filter);
	return r;
}

static const char *create_runtime(struct hook *hook)
{
	const char *bpf;
	size_t size;

	if (read_container(hook) < 0)
		return "failed";
	if (hook->job.passes)
		return "passed";
	if (check_text(hook, CALLGATE_AS_RUNC) < 0)
		return "failed";
	bpf = callgate_bundle_annotation(hook->job.bundle, "run.oci.seccomp_bpf_data", &size);
	if ((bpf ? check_annotation(hook, bpf, size) : check_text(hook, CALLGATE_AS_CRUN)) < 0)
		return "failed";
	if (oci_job_records(&hook->job) &&
	    recorder_start("oci", hook->id, hook->container.pid, &hook->job.messages) < 0)
		return "failed";
	return "ready";
}

/* ------------------------------------------------------------------ poststart */

enum { WAIT_MS = 1000 };

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool has_started(pid_t pid)
{
	char theirs[PATH_MAX], runtimes[PATH_MAX], path[64];
	ssize_t a, b;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	a = readlink(path, theirs, sizeof(theirs));
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)getppid());
	b = readlink(path, runtimes, sizeof(runtimes));
	return a > 0 && b > 0 && (a != b || memcmp(theirs, runtimes, (size_t)a) != 0);
}

static int first_task(pid_t pid, struct callgate_task *out, struct callgate_err *err)
{
	struct callgate_tasks *tasks;
	const struct callgate_task *task;
	int r = callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, err);

	if (r < 0)
		return r;
	/* Other threads of a runtime that has not yet executed the command vanish with it. */
	r = CALLGATE_E_NOTFOUND;
	for (size_t i = 0; (task = callgate_tasks_at(tasks, i)); i++) {
		if (task->tid == pid) {
			*out = *task;
			r = 0;
		}
	}
	callgate_tasks_free(tasks);
	return r;
}

static const char *lacks(const struct hook *hook, const struct callgate_task *task)
{
	if (task->mode != CALLGATE_MODE_FILTER)
		return "the container's first process has no filter";
	if (callgate_bundle_no_new_privs(hook->job.bundle) && !task->no_new_privs)
		return "the configuration asks for no_new_privs, and the container's first process has it not";
	if (task->caps & ~callgate_bundle_caps(hook->job.bundle))
		return "the container keeps capabilities that its configuration does not name";
	return NULL;
}

/* Some runtimes call the hook while the first process still prepares itself. */
static int wait_ready(struct hook *hook, pid_t pid)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_task task = { .pid = 0 };
	const char *missing;
	int r;

	for (long until = now_ms() + WAIT_MS;;) {
		bool started = has_started(pid);

		r = first_task(pid, &task, &err);
		if (r < 0)
			return r;
		missing = lacks(hook, &task);
		if (!missing)
			return 0;
		if (started || now_ms() > until)
			break;
		nanosleep(&step, NULL);
	}
	complain(hook, missing);
	return CALLGATE_E_MISMATCH;
}

static bool means_the_same(const struct callgate_filter *a, const struct callgate_filter *b)
{
	struct callgate_diff *diff;
	bool same;

	if (callgate_filter_diff(a, b, 0, &diff, NULL) < 0)
		return false;
	same = callgate_diff_count(diff) == 0;
	callgate_diff_free(diff);
	return same;
}

/* What runtimes that compile the text themselves make of it. They differ by release; any that reads it so will do. */
static bool is_reading(struct hook *hook, const struct callgate_filter *live)
{
	static const struct {
		enum callgate_reader reader;
		uint32_t release;
	} readers[] = { { CALLGATE_AS_RUNC, 0x010105 }, { CALLGATE_AS_RUNC, 0 }, { CALLGATE_AS_CRUN, 0 } };
	bool same = false;

	for (size_t i = 0; !same && i < sizeof(readers) / sizeof(readers[0]); i++) {
		struct callgate_target target = hook->job.choice.target;
		struct callgate_text *text;

		target.reader = readers[i].reader;
		target.runtime = readers[i].release;
		target.libseccomp = callgate_libseccomp_release();
		if (callgate_oci_write(&hook->job.choice, &target, 0, &text, NULL) < 0)
			continue;
		same = means_the_same(callgate_text_filter(text), live);
		callgate_text_free(text);
	}
	/* What is executed later is compared with it. */
	return same && callgate_filter_digest(live, hook->job.text_digest, NULL) == 0;
}

static int prove(struct hook *hook, pid_t pid)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *live = NULL;
	unsigned count = 0;
	int r = wait_ready(hook, pid);

	if (r < 0)
		return r;
	r = callgate_task_filter(pid, &live, &count, &err);
	if (r < 0) {
		if (r != CALLGATE_E_NOTFOUND)
			complain_err(hook, &err);
		return r;
	}
	oci_own_note_default(&hook->job);
	if (means_the_same(hook->job.choice.filter, live))
		hook->job.verdict = "exact";
	else if (is_reading(hook, live))
		hook->job.verdict = "adapted";
	if (hook->job.verdict) {
		callgate_filter_free(live);
		return 0;
	}
	/* The first process may have put a stricter filter of its own on top before we looked. */
	r = check_narrow(hook, live, "the live filter") == 0 ? 0 : CALLGATE_E_MISMATCH;
	if (r == 0) {
		note_down(&hook->job.messages, "the live filter is stricter than the profile");
		hook->job.verdict = "stricter";
	}
	oci_own_note(&hook->job);
	callgate_filter_free(live);
	return r;
}

/* Only the very task: its id may be another's by now. */
static void kill_task(const struct callgate_task *task)
{
	int pidfd = (int)syscall(SYS_pidfd_open, task->pid, 0);
	struct callgate_task now = { 0 };

	if (pidfd < 0)
		return;
	/* The descriptor was had before the start time was read again: both are of the same process. */
	if (first_task(task->pid, &now, NULL) == 0 && now.start_time == task->start_time)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	close(pidfd);
}

/* Whom a proof is about, as it was before the proof. */
struct subject {
	pid_t pid;
	int pidfd;
	struct callgate_cgroups *cgroups; /* NULL: it has none for itself, or had gone already */
	struct callgate_tasks *known;     /* NULL: likewise */
};

static struct subject look_at(const struct hook *hook, pid_t pid)
{
	struct subject subject = { .pid = pid, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0) };
	char named[PATH_MAX];
	size_t size = 0;
	const char *cgroup = hook->job.bundle ? callgate_bundle_cgroup(hook->job.bundle, &size) : NULL;

	snprintf(named, sizeof(named), "%.*s", cgroup && size < sizeof(named) ? (int)size : 0, cgroup ? cgroup : "");
	if (callgate_cgroups_hold(pid, named[0] ? named : NULL, &subject.cgroups, NULL) < 0)
		subject.cgroups = NULL;
	if (callgate_tasks_list(CALLGATE_SCOPE_CONTAINER, pid, &subject.known, NULL) < 0)
		subject.known = NULL;
	return subject;
}

static void kill_listed(const struct subject *subject, const struct callgate_tasks *tasks)
{
	const struct callgate_task *task;

	for (size_t i = 0; (task = callgate_tasks_at(tasks, i)); i++)
		if (task->pid == task->tid && task->pid != getpid() && task->pid != getppid() &&
		    task->pid != subject->pid)
			kill_task(task);
}

/* crun goes on whatever a poststart hook says, so the container is ended here: its first process before all others, so
 * that none of its scripts goes on. */
static void kill_container(struct hook *hook, const struct subject *subject)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_tasks *tasks = NULL;
	int r = callgate_tasks_list(CALLGATE_SCOPE_CONTAINER, subject->pid, &tasks, NULL);

	if (subject->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, subject->pidfd, SIGKILL, NULL, 0);
	if (r == 0)
		kill_listed(subject, tasks);
	kill_listed(subject, subject->known);
	if (subject->cgroups && callgate_cgroups_kill(subject->cgroups, &err) < 0)
		complain_err(hook, &err);
	callgate_tasks_free(tasks);
}

/* The first process has gone. The container has finished only when nobody of it is left: the kernel ends a pid
 * namespace with its first process; without one of its own, the cgroups tell, and where it has none nobody can. */
static const char *judge_absent(struct hook *hook, const struct subject *subject)
{
	if (callgate_bundle_own_pids(hook->job.bundle))
		return "finished";
	if (subject->cgroups && callgate_cgroups_empty(subject->cgroups))
		return "finished";
	complain(hook,
		 subject->cgroups
			 ? "the container's first process has ended before it was looked at, and others of the "
			   "container go on"
			 : "the container's first process has ended before it was looked at; whether others of the "
			   "container go on cannot be told");
	return subject->cgroups ? "failed" : NULL;
}

static const char *judge(struct hook *hook, const struct subject *subject, int proof)
{
	const char *result = proof == 0 ? "verified" : NULL;

	if (proof == CALLGATE_E_NOTFOUND)
		result = judge_absent(hook, subject);
	if (!result && proof != CALLGATE_E_MISMATCH && hook->job.settings &&
	    callgate_settings_proof(hook->job.settings) == CALLGATE_PROOF_POSSIBLE)
		result = "unverified";
	return result ? result : "failed";
}

static const char *poststart(struct hook *hook)
{
	struct subject subject;
	const char *result;
	int r;

	r = read_container(hook);
	if (r == 0 && hook->job.passes)
		return "passed";
	if (hook->container.pid <= 1) {
		complain(hook, "the state names no process of the host");
		return "failed";
	}
	subject = look_at(hook, hook->container.pid);
	r = r < 0 ? CALLGATE_E_MISMATCH : prove(hook, subject.pid);
	result = judge(hook, &subject, r);
	if (strcmp(result, "failed") == 0) {
		say(&hook->job.messages, LOG_ERR, "the container is killed");
		/* Before it: some runtimes end the hook together with the container. */
		oci_job_state(&hook->job, hook->id[0] ? hook->id : NULL, "failed", NULL, subject.pid);
		kill_container(hook, &subject);
	}
	if (subject.pidfd >= 0)
		close(subject.pidfd);
	callgate_cgroups_free(subject.cgroups);
	callgate_tasks_free(subject.known);
	return result;
}

/* ------------------------------------------------------------------ the whole */

static const struct stage {
	const char *name;
	const char *(*run)(struct hook *hook);
} stages[] = { { "precreate", precreate }, { "createRuntime", create_runtime }, { "poststart", poststart } };

static const struct stage *read_words(struct hook *hook, int argc, char **argv)
{
	static const struct option options[] = { { "engine", required_argument, NULL, 'e' },
						 { "user", required_argument, NULL, 'u' },
						 { NULL, 0, NULL, 0 } };
	int option;

	hook->job.engine = "podman";
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'e')
			hook->job.engine = optarg;
		else if (option == 'u' && optarg[0] == '/')
			hook->job.own = optarg;
		else
			return NULL;
	}
	for (size_t i = 0; argc - optind == 1 && i < sizeof(stages) / sizeof(stages[0]); i++)
		if (strcmp(argv[optind], stages[i].name) == 0)
			return &stages[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct hook *hook = hook_enter("callgate-oci") < 0 ? NULL : calloc(1, sizeof(*hook));
	const struct stage *stage;
	const char *result = "failed";
	bool good;

	if (!hook)
		return EXIT_FAILURE;
	hook->container = (struct callgate_container)CALLGATE_CONTAINER_INIT;
	stage = read_words(hook, argc, argv);
	/* With --user a user has installed it for containers of his own. */
	if (stage && !hook->job.own && hook_is_of_hosts_root()) {
		syslog(LOG_INFO,
		       "%s: a rootless engine calls the hook that the host's root has installed: its container is left "
		       "alone",
		       stage->name);
		good = hook_pass_through(strcmp(stage->name, "precreate") == 0 ? HOOK_COPIES : HOOK_SAYS_NOTHING) == 0;
		free(hook);
		return good ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (stage) {
		hook->job.hook = stage->name;
		result = stage->run(hook);
	} else {
		hook->job.hook = "?";
		complain(hook, "usage: callgate-oci-hook [--engine NAME] [--user DIRECTORY] "
			       "precreate|createRuntime|poststart");
	}
	good = strcmp(result, "failed") != 0;
	if (strcmp(result, "passed") != 0 && (!good || strcmp(hook->job.hook, "precreate") != 0))
		good &= oci_job_state(&hook->job, hook->id[0] ? hook->id : NULL, result, NULL, hook->container.pid) ==
			0;
	oci_job_release(&hook->job);
	free(hook);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
