/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What LXC, runc and crun call themselves between loading a container's filter and executing its command. A profile
 * that refuses one of these can end a start without a reason.
 */
#include <stdio.h>
#include <string.h>

#include "base/note_ids.h"
#include "base/notes.h"
#include "base/private.h"
#include "filter/lint.h"
#include "policy/policy.h"

enum { CALLS = 32 };

/*
 * Seen with strace -ff, x86_64: LXC 5.0.2 (lxc-start -F and -d), runc 1.1.5 and crun 1.8.1 (run, with and without
 * no_new_privs). runc loads the filter first where no_new_privs is unset, and works on as a threaded Go program. Calls
 * whose failure is skipped, such as prctl() for capabilities that are not there, are not listed.
 */
static const struct own_calls {
	const char *runtime;
	const char *calls[CALLS];
} table[] = {
	{ "lxc",
	  { "capget", "close", "dup2", "execve", "fchmod", "fchown", "getuid", "newfstatat", "openat", "read", "sendto",
	    "setgroups", "setsid", "write" } },
	{ "runc", { "capget",  "capset", "chdir",     "close",      "epoll_ctl", "execve",     "fcntl",       "fstat",
		    "fstatfs", "futex",  "getcwd",    "getdents64", "getpid",    "getppid",    "openat",      "prctl",
		    "read",    "setgid", "setgroups", "setuid",     "write",     "newfstatat", "rt_sigreturn" } },
	{ "crun",
	  { "capset", "close", "execve", "prctl", "rt_sigaction", "rt_sigprocmask", "setresgid", "setresuid",
	    "write" } },
};

static bool is_refused(const struct callgate_filter *filter, enum callgate_abi abi, const char *name,
		       struct callgate_origin *origin)
{
	struct callgate_call call = { .abi = abi };
	struct callgate_action action;

	/* On ABIs without the call (dup2, newfstatat on arm64) the C library makes another one. */
	return callgate_syscall_number(abi, name, &call.nr) == 0 &&
	       callgate_filter_decide(filter, &call, &action, origin) == 0 && action.kind <= CALLGATE_ERRNO;
}

/* Their names; origin is of the first one. */
static unsigned refused_calls(const char *engine, const struct callgate_filter *filter, enum callgate_abi abi,
			      const char *names[CALLS], struct callgate_origin *first)
{
	struct callgate_origin origin;
	unsigned count = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].runtime, engine) != 0)
			continue;
		for (size_t k = 0; k < CALLS && table[i].calls[k]; k++)
			if (is_refused(filter, abi, table[i].calls[k], count ? &origin : first))
				names[count++] = table[i].calls[k];
	}
	return count;
}

unsigned callgate_engine_refused(const char *engine, const struct callgate_filter *filter, enum callgate_abi abi,
				 char *text, size_t size)
{
	struct callgate_origin origin;
	const char *names[CALLS];
	unsigned count = refused_calls(engine, filter, abi, names, &origin);
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < count && used + strlen(names[i]) + 3 < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", names[i]);
	return count;
}

void callgate_filter_lint_engine(const struct callgate_policy *policy, const struct callgate_filter *filter,
				 enum callgate_abi abi, const char *engine, struct callgate_notes *notes)
{
	struct lint lint = { policy, filter, notes, abi };
	struct callgate_origin origin = { .line = 0 };
	const char *names[CALLS];
	char text[1024];

	if (!refused_calls(engine, filter, abi, names, &origin))
		return;
	callgate_engine_refused(engine, filter, abi, text, sizeof(text));
	note_at(notes, CALLGATE_WARNING, NOTE_ENGINE, &policy->source, lint_offset(&lint, &origin),
		"%s itself calls %s after it has loaded the filter, and the profile refuses that",
		strcmp(engine, "lxc") == 0 ? "LXC" : engine, text);
}
