/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What LXC, runc and crun call themselves between loading a container's filter and executing its command. A profile
 * that refuses one of these can end a start without a reason.
 */
#include <string.h>

#include "tool/hook.h"

/*
 * Seen with strace -ff, x86_64: LXC 5.0.2 (lxc-start -F and -d), runc 1.1.5 and crun 1.8.1 (run, with and without
 * no_new_privs). runc loads the filter first where no_new_privs is unset, and works on as a threaded Go program. Calls
 * whose failure is skipped, such as prctl() for capabilities that are not there, are not listed.
 */
static const struct own_calls {
	const char *runtime;
	const char *calls[32];
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

static bool is_refused(const struct callgate_filter *filter, enum callgate_abi abi, const char *name)
{
	struct callgate_call call = { .abi = abi };
	struct callgate_action action;

	/* On ABIs without the call (dup2, newfstatat on arm64) the C library makes another one. */
	return callgate_syscall_number(abi, name, &call.nr) == 0 &&
	       callgate_filter_decide(filter, &call, &action, NULL) == 0 && action.kind <= CALLGATE_ERRNO;
}

void hook_note_calls(const char *runtime, const struct callgate_filter *filter, enum callgate_abi abi)
{
	const struct own_calls *own = NULL;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strcmp(table[i].runtime, runtime) == 0)
			own = &table[i];
	for (size_t i = 0; own && i < ARRAY_SIZE(own->calls) && own->calls[i]; i++) {
		if (!is_refused(filter, abi, own->calls[i]))
			continue;
		if (!count++)
			fprintf(stderr, "callgate: warning: the profile refuses what %s itself calls after loading it:",
				strcmp(runtime, "lxc") == 0 ? "LXC" : runtime);
		fprintf(stderr, "%s %s", count > 1 ? "," : "", own->calls[i]);
	}
	if (count)
		fputs("; the container may end at its start without saying why\n", stderr);
}
