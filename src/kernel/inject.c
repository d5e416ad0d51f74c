/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a stopped task load a program: a system call instruction of its own, memory for the program, prctl and
 * seccomp, and everything back as it was. */
#include "kernel/inject.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <time.h>

#include "base/err.h"
#include "kernel/call_insn.h"
#include "kernel/load.h"
#include "kernel/regs.h"
#include "kernel/status.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

/* Missing from some libc headers; numbers of the kernel's interface. */
#ifndef PTRACE_GETSIGMASK
#define PTRACE_GETSIGMASK 0x420a
#define PTRACE_SETSIGMASK 0x420b
#endif
enum { GET_RSEQ_CONFIGURATION = 0x420f };

enum { HEAD = 16 };

struct work {
	struct tracee *tracee;
	struct injection *injection;
	struct regs saved;
	struct regs_wide wide;
	enum callgate_abi abi;
	uint64_t mask;         /* blocked signals */
	struct call_insn insn; /* where the task makes its calls */
	uint64_t memory;       /* where the program is put */
	size_t size;
	unsigned char *image;  /* struct sock_fprog in the task's form, then the instructions */
	unsigned char *before; /* what was there */
	enum { NOT_PLACED, ON_STACK, MAPPED } placed;
};

/* ------------------------------------------------------------------ calls */

static int changed(const struct work *work, struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_MISMATCH, "process %ld makes another call than the one that it was made to make",
		       (long)work->tracee->tid);
}

/* Another thread may have put another instruction in place meanwhile. Past this stop nobody can change number and
 * arguments. */
static int check_entry(const struct work *work, const struct regs_call *wanted, struct callgate_err *err)
{
	struct tracee_call info;
	uint64_t mask = abi_of(work->abi)->width == 32 ? UINT32_MAX : UINT64_MAX;
	struct regs regs;
	int r;

	if (!tracee_call(work->tracee->tid, &info)) {
		r = regs_get(work->tracee->tid, &regs, err);
		return r < 0 ? r : regs_interrupted(&regs) == (int64_t)wanted->nr ? 0 : changed(work, err);
	}
	if (!info.entry || info.arch != abi_of(work->abi)->audit || info.nr != wanted->nr)
		return changed(work, err);
	for (size_t i = 0; i < 6; i++)
		if ((info.args[i] ^ wanted->args[i]) & mask)
			return changed(work, err);
	return 0;
}

/* What the task is about to do instead would get by its filters where these are suspended. */
static void cancel(struct work *work)
{
	struct tracee_call info;

	if (tracee_call(work->tracee->tid, &info) && !info.entry)
		return;
	if (regs_cancel_call(work->tracee->tid, NULL) < 0)
		tracee_filters_hold(work->tracee);
	(void)tracee_next_call(work->tracee, NULL);
}

static int call(struct work *work, const char *name, const uint64_t args[6], int64_t *result, struct callgate_err *err)
{
	struct regs_call wanted = { .insn = work->insn.address, .mode = work->insn.mode };
	struct regs regs = work->saved;
	int64_t nr = syscall_nr(syscall_find(slice_of(name)), work->abi);
	int r;

	if (nr < 0)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "%s has no %s", callgate_abi_name(work->abi), name);
	wanted.nr = (uint32_t)nr;
	memcpy(wanted.args, args, sizeof(wanted.args));
	regs_make_call(&regs, &wanted);
	r = regs_set(work->tracee->tid, &regs, err);
	if (r == 0)
		r = tracee_next_call(work->tracee, err);
	if (r == 0) {
		r = check_entry(work, &wanted, err);
		if (r < 0)
			cancel(work);
	}
	if (r == 0)
		r = tracee_next_call(work->tracee, err);
	if (r == 0)
		r = regs_get(work->tracee->tid, &regs, err);
	if (r == 0)
		*result = regs_result(&regs);
	return r;
}

static int refused(const struct work *work, const char *name, int saved, struct callgate_err *err)
{
	if (work->injection->before != 0 && (saved == EPERM || saved == ENOSYS || saved == EACCES))
		return err_set(err, CALLGATE_E_PERM,
			       "a filter of process %ld answers %s with '%s'; going round it takes " INJECT_AROUND,
			       (long)work->tracee->tid, name, strerror(saved));
	return err_set_errno(err, CALLGATE_E_KERNEL, saved, NULL, "process %ld cannot call %s", (long)work->tracee->tid,
			     name);
}

/* ------------------------------------------------------------------ memory */

static void make_image(struct work *work, uint64_t address)
{
	const struct callgate_prog *prog = work->injection->prog;
	uint16_t count = (uint16_t)prog->count;
	uint64_t filter = address + HEAD;
	uint32_t narrow = (uint32_t)filter;

	memset(work->image, 0, HEAD);
	memcpy(work->image, &count, sizeof(count));
	if (abi_of(work->abi)->width == 32)
		memcpy(work->image + 4, &narrow, sizeof(narrow));
	else
		memcpy(work->image + 8, &filter, sizeof(filter));
	memcpy(work->image + HEAD, prog->insns, prog->count * sizeof(prog->insns[0]));
	work->memory = address;
}

/* Signals that faults make stay open: blocked ones would lose their handlers. */
static uint64_t open_signals(void)
{
	static const int faults[] = { SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS };
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		mask |= (uint64_t)1 << (faults[i] - 1);
	return mask;
}

/* Before it makes its first call: until then, while its memory is read and may keep us waiting, nothing of it has
 * changed. */
static int block_signals(const struct work *work, struct callgate_err *err)
{
	uint64_t all = ~open_signals();

	if (tracee_ptrace(PTRACE_SETSIGMASK, work->tracee->tid, sizeof(all), &all) < 0)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot block the signals of process %ld",
				     (long)work->tracee->tid);
	return 0;
}

/* Fails where the stack has no room: what lies below it is another's or nobody's. */
static bool place_on_stack(struct work *work)
{
	uint64_t top = regs_sp(&work->saved) - regs_red_zone(&work->saved);
	uint64_t address = (top - work->size) & ~(uint64_t)63;

	if (top < work->size || address > top ||
	    tracee_read(work->tracee->tid, address, work->before, work->size, NULL) < 0)
		return false;
	make_image(work, address);
	work->placed = ON_STACK;
	return tracee_write(work->tracee->tid, address, work->image, work->size, NULL) == 0;
}

/* Whether the program itself, once loaded, lets the mapping go. */
static bool lets_unmap(const struct work *work, uint64_t address)
{
	struct prog_data data = { .audit = abi_of(work->abi)->audit,
				  .ip = work->insn.address,
				  .args = { address, work->size } };
	struct callgate_action action;

	data.nr = (uint32_t)syscall_nr(syscall_find(SLICE("munmap")), work->abi);
	action = action_from_word(prog_eval(work->injection->prog, &data, NULL));
	return action.kind == CALLGATE_ALLOW || action.kind == CALLGATE_LOG;
}

static int place_in_mapping(struct work *work, struct callgate_err *err)
{
	uint64_t args[6] = { 0, work->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0 };
	const char *name = abi_of(work->abi)->width == 32 ? "mmap2" : "mmap";
	int64_t address;
	int r;

	r = call(work, name, args, &address, err);
	if (r < 0)
		return r;
	if (address < 0 && address > -4096)
		return refused(work, name, (int)-address, err);
	if (abi_of(work->abi)->width == 32)
		address = (uint32_t)address;
	make_image(work, (uint64_t)address);
	work->placed = MAPPED;
	if (!work->injection->suspended && !lets_unmap(work, work->memory))
		return err_set(err, CALLGATE_E_PERM,
			       "the filter would keep process %ld from giving back the memory that loading takes; "
			       "going round it takes " INJECT_AROUND,
			       (long)work->tracee->tid);
	return tracee_write(work->tracee->tid, work->memory, work->image, work->size, err);
}

static bool prefers_stack(const struct work *work)
{
	const struct injection *injection = work->injection;

	return injection->memory == INJECT_STACK ||
	       (injection->memory == INJECT_MAPPING_OR_STACK && !injection->suspended && !lets_unmap(work, 0));
}

static int place(struct work *work, struct callgate_err *err)
{
	int r;

	work->size = HEAD + work->injection->prog->count * sizeof(work->injection->prog->insns[0]);
	work->image = malloc(2 * work->size);
	if (!work->image)
		return err_nomem(err);
	work->before = work->image + work->size;
	if (prefers_stack(work) && place_on_stack(work))
		return block_signals(work, err);
	if (work->placed == ON_STACK) /* half written at worst: it is put back */
		return err_set(err, CALLGATE_E_KERNEL, "cannot write on the stack of process %ld",
			       (long)work->tracee->tid);
	r = block_signals(work, err);
	return r < 0 ? r : place_in_mapping(work, err);
}

static int unmap(struct work *work, struct callgate_err *err)
{
	const uint64_t args[6] = { work->memory, work->size };
	int64_t result;
	int r = call(work, "munmap", args, &result, err);

	if (r == 0 && result != 0)
		return err_set_errno(err, CALLGATE_E_KERNEL, (int)-result, NULL,
				     "process %ld keeps memory that loading took", (long)work->tracee->tid);
	return r;
}

static int unplace(struct work *work, struct callgate_err *err)
{
	int r = 0;

	if (work->placed == ON_STACK)
		r = tracee_write(work->tracee->tid, work->memory, work->before, work->size, err);
	if (work->placed == MAPPED)
		r = unmap(work, err);
	free(work->image);
	return r;
}

/* ------------------------------------------------------------------ loading */

static int set_nnp(struct work *work, struct callgate_err *err)
{
	static const uint64_t args[6] = { PR_SET_NO_NEW_PRIVS, 1 };
	int64_t result;
	int r;

	if (!work->injection->set_nnp)
		return 0;
	r = call(work, "prctl", args, &result, err);
	if (r == 0 && result != 0)
		return refused(work, "prctl", (int)-result, err);
	return r;
}

/* It stands still: the number of its filters is what the call has made of it. A filter of its own may have answered the
 * call. */
static int check_count(const struct work *work, struct callgate_err *err)
{
	const struct injection *injection = work->injection;
	struct callgate_task task;
	int r = task_read_id(work->tracee->tid, &task, NULL, err);

	if (r < 0)
		return r;
	if (task.mode == CALLGATE_MODE_FILTER &&
	    (injection->before < 0 || task.filters < 0 || task.filters > injection->before))
		return 0;
	return err_set(err, CALLGATE_E_MISMATCH, "seccomp(2) answered process %ld with success and loaded nothing",
		       (long)work->tracee->tid);
}

/* A thread that the call cannot take along, by its id; or the number of the call that was left standing, because a
 * filter ended it. */
static int not_loaded(const struct work *work, pid_t result, struct callgate_err *err)
{
	struct callgate_task self, other;

	if (task_read_id(work->tracee->tid, &self, NULL, NULL) == 0 && task_read_id(result, &other, NULL, NULL) == 0 &&
	    other.pid == self.pid)
		return kernel_load_diverged((long)result, err);
	return err_set(err, CALLGATE_E_PERM, "a filter of process %ld answers seccomp with a signal",
		       (long)work->tracee->tid);
}

static int load(struct work *work, struct callgate_err *err)
{
	const struct injection *injection = work->injection;
	const uint64_t args[6] = { SECCOMP_SET_MODE_FILTER, injection->flags, work->memory };
	int64_t result;
	int r;

	r = call(work, "seccomp", args, &result, err);
	if (r < 0)
		return r;
	if (result == 0)
		return check_count(work, err);
	if (result > 0)
		return not_loaded(work, (pid_t)result, err);
	if (injection->before != 0 && (result == -EPERM || result == -ENOSYS))
		return refused(work, "seccomp", (int)-result, err);
	return kernel_load_failed(injection->prog, (int)-result, injection->flags, err);
}

/* The kernel shows filters to a privileged tracer only; to any other it answers EACCES. */
static int read_back(struct work *work, struct callgate_err *err)
{
	const struct callgate_prog *prog = work->injection->prog;
	struct sock_filter *shown;
	long count;
	bool same;

	if (work->injection->before < 0)
		return 0;
	shown = malloc(PROG_LIMIT * sizeof(*shown));
	if (!shown)
		return err_nomem(err);
	count = tracee_ptrace(PTRACE_SECCOMP_GET_FILTER, work->tracee->tid, (uintptr_t)work->injection->before, shown);
	same = count == (long)prog->count && memcmp(shown, prog->insns, prog->count * sizeof(*shown)) == 0;
	free(shown);
	work->injection->read_back = same;
	if (count > 0 && !same)
		return err_set(err, CALLGATE_E_MISMATCH,
			       "process %ld has another filter than the one that it was made to load",
			       (long)work->tracee->tid);
	if (count < 0 && errno == ENOENT)
		return err_set(err, CALLGATE_E_MISMATCH, "process %ld has no filter after loading one",
			       (long)work->tracee->tid);
	return 0;
}

/* ------------------------------------------------------------------ before and after */

/* A restartable sequence (rseq(2)) that is interrupted starts anew at its abort handler. The kernel sees to that when
 * the task goes on where it was, which it does not: so this does what the kernel would have done. */
static void abort_rseq(struct work *work)
{
	struct {
		uint64_t pointer;
		uint32_t size, signature, flags, pad;
	} config = { 0 };
	struct {
		uint32_t version, flags;
		uint64_t start, length, abort;
	} sequence;
	pid_t tid = work->tracee->tid;
	uint64_t current = 0;

	if (tracee_ptrace(GET_RSEQ_CONFIGURATION, tid, sizeof(config), &config) < (long)sizeof(config) ||
	    !config.pointer)
		return;
	if (tracee_read(tid, config.pointer + 8, &current, sizeof(current), NULL) < 0 || !current)
		return;
	if (tracee_read(tid, current, &sequence, sizeof(sequence), NULL) < 0)
		return;
	if (regs_ip(&work->saved) - sequence.start < sequence.length)
		regs_set_ip(&work->saved, sequence.abort);
}

static int enter(struct work *work, struct callgate_err *err)
{
	pid_t tid = work->tracee->tid;
	int r;

	r = regs_get(tid, &work->saved, err);
	if (r == 0 && work->injection->leave == INJECT_RESTART)
		r = regs_wide_save(tid, &work->wide, err);
	if (r < 0)
		return r;
	work->abi = regs_abi(&work->saved);
	if (work->injection->leave == INJECT_RESTART && regs_interrupted(&work->saved) < 0)
		abort_rseq(work);
	if (tracee_ptrace(PTRACE_GETSIGMASK, tid, sizeof(work->mask), &work->mask) < 0)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot read the signal mask of process %ld",
				     (long)tid);
	return call_insn_find(tid, &work->saved, &work->insn, err);
}

/* Calls that the kernel never restarts, though nothing has happened to them. Of ipc's members only the semaphores
 * answer so. */
static bool answers_eintr(const struct work *work)
{
	static const char *const names[] = { "epoll_wait",
					     "epoll_pwait",
					     "epoll_pwait2",
					     "rt_sigtimedwait",
					     "semop",
					     "semtimedop",
					     "rt_sigtimedwait_time64",
					     "semtimedop_time64",
					     "ipc",
					     "io_getevents",
					     "accept",
					     "accept4",
					     "recvfrom",
					     "recvmsg",
					     "read" };
	int64_t nr = regs_interrupted(&work->saved);

	for (size_t i = 0; nr >= 0 && i < sizeof(names) / sizeof(names[0]); i++)
		if (syscall_nr(syscall_find(slice_of(names[i])), work->abi) == nr)
			return true;
	return false;
}

/* Whether a call that was interrupted goes on by restart_syscall(2), with the time that is left: one that has a limit,
 * but for a sleep until a point in time. Where the kernel sets that up only when a stop ends where it began, this does
 * it. */
static bool has_limit(const struct work *work, const struct regs_call *call)
{
	const char *name = syscall_id_name(syscall_by_nr(work->abi, call->nr));
	uint32_t operation = (uint32_t)call->args[1] & FUTEX_CMD_MASK;

	if (!name)
		return false;
	if (strcmp(name, "futex") == 0 || strcmp(name, "futex_time64") == 0)
		return call->args[3] != 0 && (operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET);
	if (strcmp(name, "clock_nanosleep") == 0 || strcmp(name, "clock_nanosleep_time64") == 0)
		return !(call->args[1] & TIMER_ABSTIME);
	return strcmp(name, "nanosleep") == 0 || strcmp(name, "poll") == 0;
}

static void keep_restart(struct work *work)
{
	struct regs_call call;

	if (work->insn.is_next && regs_next_call(&work->saved, &call) && call.nr == work->injection->blocked &&
	    has_limit(work, &call))
		regs_set_nr(&work->saved, (uint32_t)syscall_nr(syscall_find(SLICE("restart_syscall")), work->abi));
}

/* Registers and signals are put back whatever failed before: the task goes on with what it has. */
static int leave(struct work *work, struct callgate_err *err)
{
	pid_t tid = work->tracee->tid;
	int r = 0, set;

	if (work->injection->leave == INJECT_RESTART) {
		r = tracee_back(work->tracee, err);
		if (answers_eintr(work))
			(void)regs_restart(&work->saved);
		keep_restart(work);
	}
	set = regs_wide_restore(tid, &work->wide, r < 0 ? NULL : err);
	r = r < 0 ? r : set;
	set = regs_set(tid, &work->saved, r < 0 ? NULL : err);
	if (set < 0) /* with our registers it would not live */
		set = regs_set(tid, &work->saved, NULL);
	r = r < 0 ? r : set;
	if (tracee_ptrace(PTRACE_SETSIGMASK, tid, sizeof(work->mask), &work->mask) < 0 && r == 0)
		r = err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot restore the signals of process %ld",
				  (long)tid);
	return r;
}

int inject_stopped(struct tracee *tracee, struct injection *injection, struct callgate_err *err)
{
	struct work work = { .tracee = tracee, .injection = injection };
	int r, left;

	r = kernel_load_check(injection->prog, err);
	if (r == 0)
		r = enter(&work, err);
	if (r < 0) {
		(void)regs_wide_restore(tracee->tid, &work.wide, NULL);
		return r;
	}
	r = place(&work, err);
	if (r == 0)
		r = set_nnp(&work, err);
	if (r == 0)
		r = load(&work, err);
	if (r == 0)
		r = read_back(&work, err);
	if (r < 0 && tracee->runs)
		(void)tracee_back(tracee, NULL); /* it did not come where it was sent */
	left = unplace(&work, r < 0 ? NULL : err);
	r = r < 0 ? r : left;
	left = leave(&work, r < 0 ? NULL : err);
	return r < 0 ? r : left;
}
