/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A command's way from its execve to the place where it gets its filter. Until then our death is its death (EXITKILL).
 */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/err.h"
#include "kernel/inject.h"
#include "kernel/launch.h"
#include "kernel/maps.h"
#include "kernel/regs.h"
#include "kernel/status.h"
#include "names/abi.h"
#include "names/syscall.h"

enum { OPTIONS = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC };
enum { SYSCALL_STOP = SIGTRAP | 0x80 };
enum { FAMILY = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE };

static int cannot(const char *what, struct callgate_err *err)
{
	return err_set_errno(err, errno == EPERM ? CALLGATE_E_PERM : CALLGATE_E_KERNEL, errno, NULL,
			     "cannot %s the command", what);
}

/* Goes on from any stop that is not the one that is waited for; the command sees signals and stops as without us. */
static int pass(struct callgate_command *command, int stop, int request, struct callgate_err *err)
{
	int event = stop >> 8, signal_number = stop == SYSCALL_STOP ? 0 : stop & 0x7f;

	if (event == PTRACE_EVENT_STOP && signal_number != SIGTRAP)
		request = PTRACE_LISTEN; /* stopped by job control: it stays so */
	if (tracee_ptrace(request, command->pid, 0, (void *)(uintptr_t)(event ? 0 : signal_number)) < 0 &&
	    errno != ESRCH)
		return cannot("resume", err);
	return 0;
}

/* To the next stop, *stop 0 when it ended. */
static int next_stop(struct callgate_command *command, int *stop, struct callgate_err *err)
{
	bool got;
	int status, r = launch_next(command, -1, &got, &status, err);

	if (r < 0)
		return r;
	*stop = 0;
	if (WIFSTOPPED(status)) {
		*stop = status >> 8;
		return 0;
	}
	command->ended = true;
	command->status = status;
	return 0;
}

static int to_exec(struct callgate_command *command, struct tracee *tracee, struct callgate_err *err)
{
	int r, stop;

	for (;;) {
		r = next_stop(command, &stop, err);
		if (r < 0)
			return r;
		if (!stop)
			return CALLGATE_E_NOTFOUND;
		if (stop >> 8 == PTRACE_EVENT_EXEC)
			return tracee_next_call(tracee,
						err); /* out of execve: only now its registers are what it will see */
		r = pass(command, stop, PTRACE_CONT, err);
		if (r < 0)
			return r;
	}
}

/* ------------------------------------------------------------------ to the program's own entry */

static const char early_family[] =
	"a library starts a process, a thread or another program before the program's own entry; use --at exec";

/* Looked for where the kernel takes the call: CLONE_UNTRACED makes children of which no tracer hears, CLONE_PARENT such
 * that are not below the command. Before Linux 5.3 by the registers. */
static bool makes_family(pid_t pid)
{
	static const char *const names[] = { "clone", "clone3", "fork", "vfork" };
	struct tracee_call call = { .entry = true };
	enum callgate_abi abi;
	struct regs regs;
	bool told = tracee_call(pid, &call);

	if (told && !call.entry)
		return false;
	if (!told && (regs_get(pid, &regs, NULL) < 0 || regs_interrupted(&regs) < 0))
		return false;
	if (!told) {
		call.nr = (uint64_t)regs_interrupted(&regs);
		call.arch = abi_of(regs_abi(&regs))->audit;
	}
	abi = abi_by_audit(call.arch, (uint32_t)call.nr);
	for (size_t i = 0; abi != CALLGATE_ABI_NONE && i < sizeof(names) / sizeof(names[0]); i++)
		if (syscall_nr(syscall_find(slice_of(names[i])), abi) == (int64_t)call.nr)
			return true;
	return false;
}

/* At PTRACE_EVENT_EXEC the message is the number that the thread which called execve had: the command's own, which
 * launch_kill() ends, or nobody's any more. */
static bool is_birth(int event)
{
	return event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE;
}

/* A library may not have started anything that would run on without a filter. */
static int has_family(struct callgate_command *command, int event, struct callgate_err *err)
{
	unsigned long other = 0;

	if (is_birth(event) && tracee_ptrace(PTRACE_GETEVENTMSG, command->pid, 0, &other) == 0 && other) {
		kill((pid_t)other, SIGKILL);
		waitpid((pid_t)other, NULL, __WALL);
	}
	return err_set(err, CALLGATE_E_UNSUPPORTED, "%s", early_family);
}

static int to_break(struct callgate_command *command, uint64_t entry, struct regs *regs, struct callgate_err *err)
{
	int r, stop = 0;

	if (tracee_ptrace(PTRACE_SYSCALL, command->pid, 0, NULL) < 0)
		return cannot("resume", err);
	for (;;) {
		r = next_stop(command, &stop, err);
		if (r < 0 || !stop)
			return r;
		if (stop == SYSCALL_STOP && makes_family(command->pid))
			return err_set(err, CALLGATE_E_UNSUPPORTED, "%s", early_family);
		if (stop >> 8 != 0 && stop >> 8 != PTRACE_EVENT_STOP)
			return has_family(command, stop >> 8, err);
		if (stop == SIGTRAP) {
			r = regs_get(command->pid, regs, err);
			if (r < 0 || regs_at_break(regs, entry))
				return r;
		}
		r = pass(command, stop, PTRACE_SYSCALL, err);
		if (r < 0)
			return r;
	}
}

/* The loader hands over at AT_ENTRY, with all libraries initialised. A static program has no loader: all its start-up
 * is its own. */
static int to_entry(struct callgate_command *command, struct callgate_err *err)
{
	unsigned char before[4];
	uint64_t base, entry;
	struct regs_insn brk;
	struct regs regs;
	unsigned word;
	int r;

	r = regs_get(command->pid, &regs, err);
	if (r < 0)
		return r;
	word = abi_of(regs_abi(&regs))->width / 8;
	r = auxv_read(command->pid, AT_BASE, word, &base, err);
	if (r == 0)
		r = auxv_read(command->pid, AT_ENTRY, word, &entry, err);
	if (r < 0)
		return r;
	if (!base || !entry)
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "a static program has no loader to wait for; use --at exec");
	brk = regs_break_insn(&regs, &entry);
	if (tracee_ptrace(PTRACE_SETOPTIONS, command->pid, 0, (void *)(uintptr_t)(OPTIONS | FAMILY)) < 0)
		return cannot("trace", err);
	r = tracee_read(command->pid, entry, before, brk.size, err);
	if (r == 0)
		r = tracee_patch(command->pid, entry, brk.bytes, brk.size, err);
	if (r == 0)
		r = to_break(command, entry, &regs, err);
	if (r < 0 || command->ended)
		return r;
	r = tracee_patch(command->pid, entry, before, brk.size, err);
	return r < 0 ? r : regs_set(command->pid, &regs, err);
}

/* ------------------------------------------------------------------ the filter */

static int confine(struct tracee *tracee, const struct callgate_prog *prog, struct callgate_err *err)
{
	struct injection injection = {
		.prog = prog, .flags = prog->flags, .memory = INJECT_STACK, .leave = INJECT_GO_ON, .blocked = -1
	};
	struct callgate_task task;
	int r = task_read_id(tracee->tid, &task, NULL, err);

	if (r < 0)
		return r;
	injection.before = task.filters < 0 && task.mode == CALLGATE_MODE_NONE ? 0 : task.filters;
	r = inject_stopped(tracee, &injection, err);
	if (r < 0)
		return r;
	/* What the kernel says to everybody; to a privileged caller it has shown the program. */
	r = task_read_id(tracee->tid, &task, NULL, err);
	if (r == 0 &&
	    (task.mode != CALLGATE_MODE_FILTER || (injection.before >= 0 && task.filters != injection.before + 1)))
		return err_set(err, CALLGATE_E_MISMATCH, "the command has no filter after loading one");
	return r;
}

static int trace(struct callgate_command *command, const struct callgate_prog *prog, enum callgate_at at,
		 struct callgate_err *err)
{
	struct tracee tracee = { .tid = command->pid };
	int r = to_exec(command, &tracee, err);

	if (r < 0)
		return r;
	if (at == CALLGATE_AT_MAIN)
		r = to_entry(command, err);
	if (r < 0 || command->ended)
		return r;
	r = confine(&tracee, prog, err);
	return r < 0 ? r : tracee_detach(&tracee, err);
}

int launch_trace(struct callgate_command *command, const struct callgate_prog *prog, enum callgate_at at, int go,
		 struct callgate_err *err)
{
	struct tracee tracee = { .tid = command->pid };
	int r;

	r = tracee_seize(&tracee, OPTIONS, err);
	if (r == CALLGATE_E_NOTFOUND) { /* its report says why */
		launch_kill(command);
		return r;
	}
	if (r == 0 && send(go, "", 1, MSG_NOSIGNAL) != 1 && errno != EPIPE)
		r = cannot("start", err);
	if (r == 0)
		r = trace(command, prog, at, err);
	if (r == CALLGATE_E_NOTFOUND && !command->ended)
		r = err_set(err, CALLGATE_E_KERNEL, "the command was killed before it ran");
	if (r < 0)
		launch_kill(command);
	return r;
}
