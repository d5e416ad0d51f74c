/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Injection into a running process: one thread stands still for some 0.1 ms, the kernel gives the filter to all of them
 * (TSYNC). */
#include "base/sized.h"
#include "kernel/inject.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#include "base/err.h"
#include "kernel/load.h"
#include "kernel/status.h"
#include "kernel/target_thread.h"
#include "kernel/witness.h"
#include "names/syscall.h"

#ifndef PTRACE_O_SUSPEND_SECCOMP
#define PTRACE_O_SUSPEND_SECCOMP (1 << 21)
#endif

enum { ATTEMPTS = 8 };

struct session {
	pid_t pid;
	struct callgate_task one;   /* a thread of the one that is meant; tid 0: whoever has the id */
	bool suspend;               /* its filters, while it stands still */
	struct callgate_prog *prog; /* our own: the tracer may outlive the call */
	struct callgate_inject how;
	struct target_thread target;
	struct injection injection;
	uint64_t stopped_ns;
};

/* no_new_privs where the choice says so, or where the task has no right to load a filter without it. */
static bool wants_nnp(const struct session *session)
{
	if (session->target.no_new_privs || session->how.nnp == CALLGATE_NNP_NO)
		return false;
	return session->how.nnp == CALLGATE_NNP_YES || !session->target.has_admin;
}

/* What the kernel asks of who suspends filters: CAP_SYS_ADMIN in the initial user namespace (whose inode has a number
 * of its own), and no filters. */
static bool may_suspend(void)
{
	enum { INITIAL = 0xeffffffd };
	bool has_admin;
	struct stat st;

	return prctl(PR_GET_SECCOMP) == 0 && kernel_has_admin(&has_admin, NULL) == 0 && has_admin &&
	       stat("/proc/self/ns/user", &st) == 0 && st.st_ino == INITIAL;
}

/* Its own filters may kill a task for calling seccomp(2): without the right to suspend them a running one is not put at
 * risk, and not even stopped. */
static int check_suspending(struct session *session, struct callgate_err *err)
{
	session->suspend = (session->target.has_filters || session->target.threads > 1) && may_suspend();
	if (session->target.has_filters && !session->suspend && session->how.kind == CALLGATE_INJECT_LIVE)
		return err_set(err, CALLGATE_E_PERM,
			       "process %ld has filters that may kill it for calling seccomp; suspending them "
			       "takes " INJECT_AROUND,
			       (long)session->pid);
	return 0;
}

/* E_NOTFOUND: the thread is gone, or another one has its id, so that the process's id may be another's too. */
static int check_process(const struct session *session, struct callgate_err *err)
{
	const struct callgate_task *one = &session->one;
	struct callgate_task now;
	int r = one->tid ? task_read_id(one->tid, &now, NULL, err) : 0;

	if (r == 0 && one->tid && (now.pid != session->pid || now.start_time != one->start_time))
		return err_set(err, CALLGATE_E_NOTFOUND, "process %ld has ended", (long)session->pid);
	return r;
}

/* The thread that stands still is the one that was chosen, of the process that is meant: an id may have been given
 * anew. Behind this nobody else can get them. */
static int check_identity(const struct session *session, struct callgate_err *err)
{
	struct callgate_task task;
	int r = task_read_id(session->target.tid, &task, NULL, err);

	if (r == 0 && (task.pid != session->pid || task.start_time != session->target.start_time))
		return err_set(err, CALLGATE_E_NOTFOUND, "process %ld has ended", (long)session->pid);
	return r < 0 ? r : check_process(session, err);
}

/* From here on it makes no call but ours, so that nothing of its own gets by the filters that it has. */
static int suspend(struct session *session, const struct tracee *tracee, struct callgate_err *err)
{
	if (!session->suspend)
		return 0;
	if (tracee_ptrace(PTRACE_SETOPTIONS, tracee->tid, 0,
			  (void *)(uintptr_t)(tracee->options | PTRACE_O_SUSPEND_SECCOMP)) < 0)
		return err_set_errno(err, CALLGATE_E_PERM, errno, NULL, "cannot suspend the filters of process %ld",
				     (long)session->pid);
	session->injection.suspended = true;
	return 0;
}

static int body(void *data, struct callgate_err *err)
{
	struct session *session = data;
	struct tracee tracee = { .tid = session->target.tid,
				 .deadline_ms = session->how.deadline_ms,
				 .options = PTRACE_O_TRACESYSGOOD };
	uint64_t start;
	int r;

	if (session->how.kind == CALLGATE_INJECT_STARTING)
		tracee.options |= PTRACE_O_EXITKILL;
	r = check_suspending(session, err);
	if (r == 0)
		r = tracee_seize(&tracee, tracee.options, err);
	if (r < 0)
		return r;
	start = tracee_now_ns();
	r = tracee_interrupt(&tracee, err);
	if (r < 0)
		return r; /* the end of this thread lets go of it */
	r = check_identity(session, err);
	if (r == 0)
		r = suspend(session, &tracee, err);
	if (r == 0)
		r = inject_stopped(&tracee, &session->injection, err);
	if (r == CALLGATE_E_MISMATCH && session->how.kind == CALLGATE_INJECT_STARTING)
		return r;                   /* and so ends it */
	(void)tracee_detach(&tracee, NULL); /* if not this, then the end of this thread */
	session->stopped_ns = tracee_now_ns() - start;
	return r;
}

static int tell(const struct session *session, struct callgate_injected *out, struct callgate_err *err)
{
	const struct target_thread *target = &session->target;
	const char *name =
		target->blocked < 0 ? NULL : syscall_id_name(syscall_by_nr(target->abi, (uint32_t)target->blocked));
	struct callgate_injected told = { .size = sizeof(told),
					  .pid = session->pid,
					  .tid = target->tid,
					  .threads = target->threads,
					  .stopped_ns = session->stopped_ns,
					  .set_no_new_privs = session->injection.set_nnp,
					  .suspended = session->injection.suspended,
					  .read_back = session->injection.read_back };

	if (name)
		strncpy(told.call, name, sizeof(told.call) - 1);
	return sized_out(out, &told, sizeof(told), err);
}

static struct callgate_prog *copy_of(const struct callgate_prog *prog)
{
	size_t size = sizeof(*prog) + prog->count * sizeof(prog->insns[0]);
	struct callgate_prog *copy = malloc(size);

	if (copy)
		memcpy(copy, prog, size);
	return copy;
}

static void release(void *data)
{
	struct session *session = data;

	free(session->prog);
	session->prog = NULL;
}

/* One thread after the other, as long as the chosen one ends before it was of use. */
static int inject_by(struct session *session, const struct callgate_prog *prog, struct callgate_err *err)
{
	int r;

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		r = check_process(session, err);
		if (r == 0)
			r = target_thread_choose(session->pid, &session->target, err);
		if (r < 0)
			return r;
		session->injection = (struct injection){
			.prog = prog,
			.flags = prog->flags | SECCOMP_FILTER_FLAG_TSYNC,
			.set_nnp = wants_nnp(session),
			.before = session->target.has_filters ? session->target.filters : 0,
			.leave = INJECT_RESTART,
			.memory = session->target.threads == 1 ? INJECT_MAPPING_OR_STACK : INJECT_MAPPING,
			.blocked = session->target.blocked,
		};
		session->prog = copy_of(prog);
		if (!session->prog)
			return err_nomem(err);
		session->injection.prog = session->prog;
		r = tracee_in_thread(
			&(struct tracer_job){ body, session, sizeof(*session), session->how.deadline_ms, release },
			err);
		if (r == 0)
			release(session);
		/* One that waits to be started does not try another thread, it fails. */
		if (r != CALLGATE_E_NOTFOUND || session->how.kind == CALLGATE_INJECT_STARTING)
			return r;
	}
	return err_set(err, CALLGATE_E_LIMIT, "the threads of process %ld come and go too fast", (long)session->pid);
}

/* What /proc counts of each, of threads too that were born meanwhile. */
static int every_thread_has_it(const struct session *session, struct callgate_err *err)
{
	struct witness_counts counts;
	int r = witness_count(session->pid, &counts, err);

	if (r == CALLGATE_E_NOTFOUND)
		return err_set(
			err, r,
			"process %ld ended when it had the filter: is its architecture one that the profile lets run?",
			(long)session->pid);
	if (r < 0)
		return r;
	if (counts.unfiltered)
		return err_set(err, CALLGATE_E_MISMATCH, "thread %ld runs without a filter", (long)counts.unfiltered);
	if (session->injection.before >= 0 && counts.fewest >= 0 && counts.fewest <= session->injection.before)
		return err_set(err, CALLGATE_E_MISMATCH, "a thread of process %ld has no filter more than before",
			       (long)session->pid);
	return 0;
}

int inject_process(pid_t pid, const struct callgate_task *one, const struct callgate_prog *prog,
		   const struct callgate_inject *how, struct callgate_injected *out, struct callgate_err *err)
{
	static const struct callgate_inject usual = CALLGATE_INJECT_INIT;
	struct session session = { .pid = pid };
	int r;

	if (one)
		session.one = *one;
	r = sized_in(&session.how, sizeof(session.how), how ? how : &usual, err);
	if (r < 0)
		return r;
	if (!session.how.deadline_ms)
		session.how.deadline_ms = TRACEE_DEADLINE_MS;
	r = kernel_load_check(prog, err);
	if (r == 0)
		r = inject_by(&session, prog, err);
	if (r == 0)
		r = every_thread_has_it(&session, err);
	return r == 0 && out ? tell(&session, out, err) : r;
}

int callgate_process_inject(pid_t pid, const struct callgate_prog *prog, const struct callgate_inject *how,
			    struct callgate_injected *out, struct callgate_err *err)
{
	REQUIRE(err, prog);
	if (pid <= 0)
		return err_bad_pid(pid, err);
	return inject_process(pid, NULL, prog, how, out, err);
}
