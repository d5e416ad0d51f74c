/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that do each other's work, those that a container's runtime makes under its program's profile, and those that
 * follow from others. */
#include <string.h>

#include "record/learn.h"

enum { TWINS = 8 };

/* Each row: calls that do the same job. A libc takes another one of them in another version, on a 32-bit ABI, or when
 * one is refused. */
static const char *const families[][TWINS + 1] = {
	{ "access", "faccessat", "faccessat2" },
	{ "open", "openat", "openat2" },
	{ "stat", "stat64", "fstatat64", "newfstatat", "statx", "lstat", "lstat64" },
	{ "fstat", "fstat64", "newfstatat", "statx" },
	{ "mkdir", "mkdirat" },
	{ "mknod", "mknodat" },
	{ "rmdir", "unlink", "unlinkat" },
	{ "link", "linkat" },
	{ "symlink", "symlinkat" },
	{ "readlink", "readlinkat" },
	{ "rename", "renameat", "renameat2" },
	{ "chmod", "fchmodat", "fchmodat2" },
	{ "chown", "chown32", "fchownat", "lchown", "lchown32" },
	{ "fchown", "fchown32" },
	{ "utime", "utimes", "futimesat", "utimensat", "utimensat_time64" },
	{ "getdents", "getdents64" },
	{ "dup2", "dup3" },
	{ "pipe", "pipe2" },
	{ "eventfd", "eventfd2" },
	{ "signalfd", "signalfd4" },
	{ "inotify_init", "inotify_init1" },
	{ "epoll_create", "epoll_create1" },
	{ "epoll_wait", "epoll_pwait", "epoll_pwait2" },
	{ "poll", "ppoll", "ppoll_time64" },
	{ "select", "_newselect", "pselect6", "pselect6_time64" },
	{ "accept", "accept4" },
	{ "send", "sendto" },
	{ "recv", "recvfrom" },
	{ "sendmmsg", "sendmsg" },
	{ "recvmmsg", "recvmmsg_time64", "recvmsg" },
	{ "fork", "vfork", "clone", "clone3" },
	{ "waitpid", "wait4", "waitid" },
	{ "mmap", "mmap2" },
	{ "lseek", "_llseek" },
	{ "fcntl", "fcntl64" },
	{ "truncate", "truncate64" },
	{ "ftruncate", "ftruncate64" },
	{ "statfs", "statfs64" },
	{ "fstatfs", "fstatfs64" },
	{ "sendfile", "sendfile64" },
	{ "fadvise64", "fadvise64_64" },
	{ "pread64", "preadv", "preadv2" },
	{ "pwrite64", "pwritev", "pwritev2" },
	{ "getrlimit", "ugetrlimit", "prlimit64" },
	{ "setrlimit", "prlimit64" },
	{ "time", "gettimeofday", "clock_gettime", "clock_gettime64" },
	{ "clock_getres", "clock_getres_time64" },
	{ "nanosleep", "clock_nanosleep", "clock_nanosleep_time64" },
	{ "futex", "futex_time64", "futex_waitv" },
	{ "timer_settime", "timer_settime64" },
	{ "timer_gettime", "timer_gettime64" },
	{ "timerfd_settime", "timerfd_settime64" },
	{ "timerfd_gettime", "timerfd_gettime64" },
	{ "rt_sigtimedwait", "rt_sigtimedwait_time64" },
	{ "semop", "semtimedop", "semtimedop_time64" },
	{ "mq_timedsend", "mq_timedsend_time64" },
	{ "mq_timedreceive", "mq_timedreceive_time64" },
	{ "sigaction", "rt_sigaction" },
	{ "sigprocmask", "rt_sigprocmask" },
	{ "sigreturn", "rt_sigreturn" },
	{ "sigsuspend", "rt_sigsuspend" },
	{ "getuid", "getuid32" },
	{ "getgid", "getgid32" },
	{ "geteuid", "geteuid32" },
	{ "getegid", "getegid32" },
	{ "setuid", "setuid32" },
	{ "setgid", "setgid32" },
	{ "setreuid", "setreuid32" },
	{ "setregid", "setregid32" },
	{ "setresuid", "setresuid32" },
	{ "setresgid", "setresgid32" },
	{ "getresuid", "getresuid32" },
	{ "getresgid", "getresgid32" },
	{ "getgroups", "getgroups32" },
	{ "setgroups", "setgroups32" },
	{ "set_thread_area", "arch_prctl" },
};

const char *const *learn_twins(const char *name)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (unsigned j = 0; families[i][j]; j++)
			if (strcmp(families[i][j], name) == 0)
				return families[i];
	return NULL;
}

/* Where a profile is loaded before the program's execve and no_new_privs is not set, identity and capabilities are set
 * after it. */
const char *const *learn_runtime_names(void)
{
	static const char *const names[] = {
		"brk",         "capget",       "capset",         "chdir",        "clone",       "close",
		"close_range", "dup2",         "dup3",           "epoll_ctl",    "epoll_pwait", "execve",
		"exit",        "exit_group",   "faccessat2",     "fchdir",       "fchmod",      "fchown",
		"fcntl",       "fstat",        "fstatfs",        "futex",        "getcwd",      "getdents64",
		"getegid",     "geteuid",      "getgid",         "getpid",       "getppid",     "gettid",
		"getuid",      "ioctl",        "lseek",          "madvise",      "mmap",        "mprotect",
		"munmap",      "nanosleep",    "newfstatat",     "openat",       "prctl",       "read",
		"readlinkat",  "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "sendto",
		"setgid",      "setgroups",    "setresgid",      "setresuid",    "setsid",      "setuid",
		"sigaltstack", "statx",        "tgkill",         "umask",        "write",       NULL,
	};

	return names;
}

/* A call with a time limit that a stop (SIGSTOP, a tracer, a frozen cgroup) interrupted goes on by restart_syscall, and
 * a handler of signals ends by sigreturn. */
const struct learn_consequence *learn_consequences(void)
{
	static const struct learn_consequence rows[] = {
		{ "clock_nanosleep", "restart_syscall" },
		{ "clock_nanosleep_time64", "restart_syscall" },
		{ "futex", "restart_syscall" },
		{ "futex_time64", "restart_syscall" },
		{ "nanosleep", "restart_syscall" },
		{ "poll", "restart_syscall" },
		{ "rt_sigaction", "rt_sigreturn" },
		{ "sigaction", "sigreturn" },
		{ NULL, NULL },
	};

	return rows;
}
