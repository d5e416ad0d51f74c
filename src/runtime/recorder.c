/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording a command, a tree of processes or a container: who belongs to it, and by which means its calls are seen. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/hold.h"
#include "kernel/listen.h"
#include "kernel/trace.h"
#include "record/recording.h"
#include "runtime/cgroup_parts.h"
#include "runtime/tree.h"

struct callgate_recorder {
	enum callgate_recorder_method method; /* never AUTO */
	char of[128];
	struct trace trace;
	struct listen listen;
	struct callgate_record *record; /* NOTIFY: grows as we listen */
	bool is_stopped;
	struct callgate_command *command; /* NULL: attached to what ran already */
	struct hold hold;
	int pidfd;
};

static struct callgate_recorder *recorder_new(const struct callgate_recorder_how *how)
{
	struct callgate_recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder)
		return NULL;
	memset(&recorder->trace, -1, sizeof(recorder->trace));
	recorder->listen.fd = recorder->listen.signals = recorder->pidfd = -1;
	recorder->hold = (struct hold){ .go = -1, .trouble = -1, .listener = -1, .shared = (int *)-1 };
	snprintf(recorder->of, sizeof(recorder->of), "%s", how->of ? how->of : "");
	return recorder;
}

struct callgate_recorder *callgate_recorder_free(struct callgate_recorder *recorder)
{
	if (!recorder)
		return NULL;
	trace_release(&recorder->trace);
	listen_release(&recorder->listen);
	hold_release(&recorder->hold);
	callgate_record_free(recorder->record);
	callgate_command_free(recorder->command);
	fd_close(recorder->pidfd);
	free(recorder);
	return NULL;
}

const char *callgate_recorder_method_name(const struct callgate_recorder *recorder)
{
	return recorder && recorder->method == CALLGATE_RECORDER_NOTIFY ? "notify" : "tracepoints";
}

/* ------------------------------------------------------------------ what is running */

/* A pid namespace that we are in ourselves distinguishes nobody. */
static void use_pidns(pid_t pid, struct trace_scope *scope)
{
	struct stat theirs, ours;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/ns/pid", (long)pid);
	if (stat(path, &theirs) < 0 || stat("/proc/self/ns/pid", &ours) < 0 || theirs.st_ino == ours.st_ino)
		return;
	/* As the kernel has it, which is not how stat(2) writes it. */
	scope->pidns_dev = (uint64_t)major(theirs.st_dev) << 20 | minor(theirs.st_dev);
	scope->pidns_ino = theirs.st_ino;
}

static int add_scope(enum callgate_scope scope, pid_t pid, struct pids *pids, struct callgate_err *err)
{
	struct callgate_tasks *tasks;
	int r;

	if (scope == CALLGATE_SCOPE_TREE)
		return tree_pids(pid, pids, err);
	r = callgate_tasks_list(scope, pid, &tasks, err);
	for (size_t i = 0; r == 0 && i < callgate_tasks_count(tasks); i++)
		r = pids_add(pids, callgate_tasks_at(tasks, i)->pid, err);
	if (r == 0)
		pids_sort(pids);
	callgate_tasks_free(r == 0 ? tasks : NULL);
	return r;
}

/* Who is there is looked up once more when tracing has begun: whoever was born in between has a parent that was known,
 * or is found now. */
static int attach(struct callgate_recorder *recorder, enum callgate_scope scope, pid_t pid, enum callgate_phase phase,
		  struct callgate_err *err)
{
	struct trace_scope wanted = { .phase = phase };
	struct pids pids = { 0 };
	int r = add_scope(scope, pid, &pids, err);

	if (scope == CALLGATE_SCOPE_CONTAINER) {
		use_pidns(pid, &wanted);
		cgroup_of_its_own(pid, &wanted.cgroup_level, &wanted.cgroup_id);
	}
	wanted.pids = pids.pids;
	wanted.pid_count = pids.count;
	if (r == 0)
		r = trace_start(&recorder->trace, &wanted, err);
	pids.count = 0;
	if (r == 0)
		r = add_scope(scope, pid, &pids, err);
	if (r == 0)
		r = trace_add_pids(&recorder->trace, pids.pids, pids.count, err);
	pids_free(&pids);
	return r;
}

int callgate_recorder_attach(enum callgate_scope scope, pid_t pid, const struct callgate_recorder_how *how,
			     struct callgate_recorder **out, struct callgate_err *err)
{
	static const struct callgate_recorder_how usual = { 0 };
	struct callgate_recorder *recorder;
	int r;

	if (pid <= 0 || !out || (scope != CALLGATE_SCOPE_TREE && scope != CALLGATE_SCOPE_CONTAINER))
		return err_set(err, CALLGATE_E_ARG,
			       "a tree of processes or a container is recorded, by its first process");
	how = how ? how : &usual;
	if (how->method == CALLGATE_RECORDER_NOTIFY)
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "a process that runs already cannot be recorded by notification");
	recorder = recorder_new(how);
	if (!recorder)
		return err_nomem(err);
	recorder->method = CALLGATE_RECORDER_TRACEPOINTS;
	recorder->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	r = recorder->pidfd < 0 ? err_set_errno(err, CALLGATE_E_NOTFOUND, errno, NULL, "no process %ld", (long)pid)
				: attach(recorder, scope, pid, how->phase, err);
	if (r < 0)
		callgate_recorder_free(recorder);
	else
		*out = recorder;
	return r;
}

/* ------------------------------------------------------------------ a command */

static int start_traced(struct callgate_recorder *recorder, char *const argv[], struct callgate_err *err)
{
	struct trace_scope scope = { .phase = CALLGATE_PHASE_RUNTIME, .pid_count = 1 };
	int r = hold_start(argv, HOLD_PLAIN, &recorder->hold, err);

	if (r < 0)
		return r;
	recorder->command = recorder->hold.command;
	scope.pids = &recorder->command->pid;
	r = trace_start(&recorder->trace, &scope, err);
	if (r == 0)
		r = hold_let_go(&recorder->hold, err);
	return r < 0 ? r : hold_trouble(&recorder->hold, err);
}

static int start_listening(struct callgate_recorder *recorder, char *const argv[], struct callgate_err *err)
{
	int r = hold_start(argv, HOLD_NOTIFY, &recorder->hold, err);

	if (r < 0)
		return r;
	recorder->command = recorder->hold.command;
	r = record_new(&recorder->record, err);
	if (r == 0)
		r = hold_let_go(&recorder->hold, err);
	if (r < 0)
		return r;
	r = listen_start(&recorder->listen, recorder->hold.listener, recorder->command, err);
	recorder->hold.listener = -1;
	return r;
}

static int start(struct callgate_recorder *recorder, char *const argv[], enum callgate_recorder_method method,
		 struct callgate_err *err)
{
	int r;

	recorder->method = method;
	r = method == CALLGATE_RECORDER_NOTIFY ? start_listening(recorder, argv, err)
					       : start_traced(recorder, argv, err);
	if (r < 0 && recorder->command)
		launch_kill(recorder->command);
	return r;
}

int callgate_recorder_command(char *const argv[], const struct callgate_recorder_how *how,
			      struct callgate_recorder **out, struct callgate_err *err)
{
	static const struct callgate_recorder_how usual = { 0 };
	struct callgate_recorder *recorder;
	int r;

	if (!argv || !argv[0] || !out)
		return err_missing(err);
	how = how ? how : &usual;
	recorder = recorder_new(how);
	if (!recorder)
		return err_nomem(err);
	r = start(recorder, argv, how->method == CALLGATE_RECORDER_NOTIFY ? how->method : CALLGATE_RECORDER_TRACEPOINTS,
		  err);
	if (how->method == CALLGATE_RECORDER_AUTO && (r == CALLGATE_E_PERM || r == CALLGATE_E_UNSUPPORTED)) {
		callgate_recorder_free(recorder);
		recorder = recorder_new(how);
		r = recorder ? start(recorder, argv, CALLGATE_RECORDER_NOTIFY, err) : err_nomem(err);
	}
	if (r < 0)
		callgate_recorder_free(recorder);
	else
		*out = recorder;
	return r;
}

/* ------------------------------------------------------------------ while it runs */

static int wait_listening(struct callgate_recorder *recorder, int timeout_ms, bool *ended, int *status,
			  struct callgate_err *err)
{
	struct callgate_command *command = recorder->command;
	int r = 0;

	if (!command->ended || !recorder->listen.is_over)
		r = listen_step(&recorder->listen, command, timeout_ms, recorder->is_stopped ? NULL : recorder->record,
				err);
	*ended = command->ended && recorder->listen.is_over;
	*status = command->status;
	return r < 0 || !*ended ? r : hold_trouble(&recorder->hold, err);
}

static int wait_attached(struct callgate_recorder *recorder, int timeout_ms, bool *ended, struct callgate_err *err)
{
	struct pollfd polled = { .fd = recorder->pidfd, .events = POLLIN };
	int n = poll(&polled, 1, timeout_ms);

	if (n < 0 && errno != EINTR)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot wait for the process");
	*ended = n > 0;
	return 0;
}

int callgate_recorder_wait(struct callgate_recorder *recorder, int timeout_ms, bool *ended, int *status,
			   struct callgate_err *err)
{
	if (!recorder || !ended || !status)
		return err_missing(err);
	if (recorder->method == CALLGATE_RECORDER_NOTIFY)
		return wait_listening(recorder, timeout_ms, ended, status, err);
	if (recorder->command)
		return callgate_command_wait(recorder->command, timeout_ms, ended, status, err);
	*status = 0;
	return wait_attached(recorder, timeout_ms, ended, err);
}

void callgate_recorder_stop(struct callgate_recorder *recorder)
{
	if (!recorder)
		return;
	recorder->is_stopped = true;
	if (recorder->method == CALLGATE_RECORDER_TRACEPOINTS)
		trace_stop(&recorder->trace);
}

int callgate_recorder_read(struct callgate_recorder *recorder, struct callgate_record **out, struct callgate_err *err)
{
	struct callgate_record *record;
	int r;

	if (!recorder || !out)
		return err_missing(err);
	r = record_new(&record, err);
	if (r < 0)
		return r;
	r = recorder->record ? callgate_record_merge(record, recorder->record, err)
			     : trace_collect(&recorder->trace, record, err);
	if (r < 0) {
		callgate_record_free(record);
		return r;
	}
	record->runs = 1;
	snprintf(record->origin, sizeof(record->origin), "%s", recorder->of);
	snprintf(record->method, sizeof(record->method), "%s", callgate_recorder_method_name(recorder));
	*out = record;
	return 0;
}
