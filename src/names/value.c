/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of arguments by name: the tables. The numbers are those of the kernel's UAPI headers. */
#include "names/value_set.h"

#define SET(low, held, names) \
	{ \
		low, held, sizeof(names) / sizeof((names)[0]), names \
	}

static const struct value_name families_names[] = {
	{ "AF_UNSPEC", 0 },      { "AF_UNIX", 1 },      { "AF_INET", 2 },      { "AF_AX25", 3 },
	{ "AF_IPX", 4 },         { "AF_APPLETALK", 5 }, { "AF_NETROM", 6 },    { "AF_BRIDGE", 7 },
	{ "AF_ATMPVC", 8 },      { "AF_X25", 9 },       { "AF_INET6", 10 },    { "AF_ROSE", 11 },
	{ "AF_DECnet", 12 },     { "AF_NETBEUI", 13 },  { "AF_SECURITY", 14 }, { "AF_KEY", 15 },
	{ "AF_NETLINK", 16 },    { "AF_PACKET", 17 },   { "AF_ASH", 18 },      { "AF_ECONET", 19 },
	{ "AF_ATMSVC", 20 },     { "AF_RDS", 21 },      { "AF_SNA", 22 },      { "AF_IRDA", 23 },
	{ "AF_PPPOX", 24 },      { "AF_WANPIPE", 25 },  { "AF_LLC", 26 },      { "AF_IB", 27 },
	{ "AF_MPLS", 28 },       { "AF_CAN", 29 },      { "AF_TIPC", 30 },     { "AF_BLUETOOTH", 31 },
	{ "AF_IUCV", 32 },       { "AF_RXRPC", 33 },    { "AF_ISDN", 34 },     { "AF_PHONET", 35 },
	{ "AF_IEEE802154", 36 }, { "AF_CAIF", 37 },     { "AF_ALG", 38 },      { "AF_NFC", 39 },
	{ "AF_VSOCK", 40 },      { "AF_KCM", 41 },      { "AF_QIPCRTR", 42 },  { "AF_SMC", 43 },
	{ "AF_XDP", 44 },        { "AF_MCTP", 45 },
};
static const struct value_set families = SET(UINT64_MAX, EVERYWHERE, families_names);

static const struct value_name types_names[] = {
	{ "SOCK_STREAM", 1 },   { "SOCK_DGRAM", 2 },        { "SOCK_RAW", 3 },
	{ "SOCK_RDM", 4 },      { "SOCK_SEQPACKET", 5 },    { "SOCK_DCCP", 6 },
	{ "SOCK_PACKET", 0xa }, { "SOCK_NONBLOCK", 0x800 }, { "SOCK_CLOEXEC", 0x80000 },
};
static const struct value_set types = SET(0xf, ASM_GENERIC, types_names);

static const struct value_name namespaces_names[] = {
	{ "CLONE_NEWTIME", 0x80 },      { "CLONE_VM", 0x100 },          { "CLONE_FS", 0x200 },
	{ "CLONE_FILES", 0x400 },       { "CLONE_SIGHAND", 0x800 },     { "CLONE_THREAD", 0x10000 },
	{ "CLONE_NEWNS", 0x20000 },     { "CLONE_SYSVSEM", 0x40000 },   { "CLONE_NEWCGROUP", 0x2000000 },
	{ "CLONE_NEWUTS", 0x4000000 },  { "CLONE_NEWIPC", 0x8000000 },  { "CLONE_NEWUSER", 0x10000000 },
	{ "CLONE_NEWPID", 0x20000000 }, { "CLONE_NEWNET", 0x40000000 },
};
static const struct value_set namespaces = SET(0, EVERYWHERE, namespaces_names);

static const struct value_name clone_flags_names[] = {
	{ "SIGHUP", 1 },
	{ "SIGINT", 2 },
	{ "SIGQUIT", 3 },
	{ "SIGILL", 4 },
	{ "SIGTRAP", 5 },
	{ "SIGABRT", 6 },
	{ "SIGBUS", 7 },
	{ "SIGFPE", 8 },
	{ "SIGKILL", 9 },
	{ "SIGUSR1", 0xa },
	{ "SIGSEGV", 0xb },
	{ "SIGUSR2", 0xc },
	{ "SIGPIPE", 0xd },
	{ "SIGALRM", 0xe },
	{ "SIGTERM", 0xf },
	{ "SIGSTKFLT", 0x10 },
	{ "SIGCHLD", 0x11 },
	{ "SIGCONT", 0x12 },
	{ "SIGSTOP", 0x13 },
	{ "SIGTSTP", 0x14 },
	{ "SIGTTIN", 0x15 },
	{ "SIGTTOU", 0x16 },
	{ "SIGURG", 0x17 },
	{ "SIGXCPU", 0x18 },
	{ "SIGXFSZ", 0x19 },
	{ "SIGVTALRM", 0x1a },
	{ "SIGPROF", 0x1b },
	{ "SIGWINCH", 0x1c },
	{ "SIGIO", 0x1d },
	{ "SIGPWR", 0x1e },
	{ "SIGSYS", 0x1f },
	{ "CLONE_VM", 0x100 },
	{ "CLONE_FS", 0x200 },
	{ "CLONE_FILES", 0x400 },
	{ "CLONE_SIGHAND", 0x800 },
	{ "CLONE_PIDFD", 0x1000 },
	{ "CLONE_PTRACE", 0x2000 },
	{ "CLONE_VFORK", 0x4000 },
	{ "CLONE_PARENT", 0x8000 },
	{ "CLONE_THREAD", 0x10000 },
	{ "CLONE_NEWNS", 0x20000 },
	{ "CLONE_SYSVSEM", 0x40000 },
	{ "CLONE_SETTLS", 0x80000 },
	{ "CLONE_PARENT_SETTID", 0x100000 },
	{ "CLONE_CHILD_CLEARTID", 0x200000 },
	{ "CLONE_DETACHED", 0x400000 },
	{ "CLONE_UNTRACED", 0x800000 },
	{ "CLONE_CHILD_SETTID", 0x1000000 },
	{ "CLONE_NEWCGROUP", 0x2000000 },
	{ "CLONE_NEWUTS", 0x4000000 },
	{ "CLONE_NEWIPC", 0x8000000 },
	{ "CLONE_NEWUSER", 0x10000000 },
	{ "CLONE_NEWPID", 0x20000000 },
	{ "CLONE_NEWNET", 0x40000000 },
	{ "CLONE_IO", 0x80000000 },
};
static const struct value_set clone_flags = SET(0xff, ASM_GENERIC, clone_flags_names);

static const struct value_name signals_names[] = {
	{ "SIGHUP", 1 },     { "SIGINT", 2 },   { "SIGQUIT", 3 },   { "SIGILL", 4 },   { "SIGTRAP", 5 },
	{ "SIGABRT", 6 },    { "SIGBUS", 7 },   { "SIGFPE", 8 },    { "SIGKILL", 9 },  { "SIGUSR1", 10 },
	{ "SIGSEGV", 11 },   { "SIGUSR2", 12 }, { "SIGPIPE", 13 },  { "SIGALRM", 14 }, { "SIGTERM", 15 },
	{ "SIGSTKFLT", 16 }, { "SIGCHLD", 17 }, { "SIGCONT", 18 },  { "SIGSTOP", 19 }, { "SIGTSTP", 20 },
	{ "SIGTTIN", 21 },   { "SIGTTOU", 22 }, { "SIGURG", 23 },   { "SIGXCPU", 24 }, { "SIGXFSZ", 25 },
	{ "SIGVTALRM", 26 }, { "SIGPROF", 27 }, { "SIGWINCH", 28 }, { "SIGIO", 29 },   { "SIGPWR", 30 },
	{ "SIGSYS", 31 },
};
static const struct value_set signals = SET(UINT64_MAX, ASM_GENERIC, signals_names);

static const struct value_name ioctls_names[] = {
	{ "TCGETS", 0x5401 },        { "TCSETS", 0x5402 },        { "TCSETSW", 0x5403 },
	{ "TCSETSF", 0x5404 },       { "TCSBRK", 0x5409 },        { "TCXONC", 0x540a },
	{ "TCFLSH", 0x540b },        { "TIOCEXCL", 0x540c },      { "TIOCNXCL", 0x540d },
	{ "TIOCSCTTY", 0x540e },     { "TIOCGPGRP", 0x540f },     { "TIOCSPGRP", 0x5410 },
	{ "TIOCOUTQ", 0x5411 },      { "TIOCSTI", 0x5412 },       { "TIOCGWINSZ", 0x5413 },
	{ "TIOCSWINSZ", 0x5414 },    { "TIOCMGET", 0x5415 },      { "TIOCLINUX", 0x541c },
	{ "TIOCCONS", 0x541d },      { "TIOCPKT", 0x5420 },       { "FIONBIO", 0x5421 },
	{ "TIOCNOTTY", 0x5422 },     { "TIOCSETD", 0x5423 },      { "TIOCGETD", 0x5424 },
	{ "TIOCGSID", 0x5429 },      { "TIOCGPTN", 0x80045430 },  { "TIOCSPTLCK", 0x40045431 },
	{ "TIOCGPTPEER", 0x5441 },   { "FIONCLEX", 0x5450 },      { "FIOCLEX", 0x5451 },
	{ "FIOASYNC", 0x5452 },      { "FIONREAD", 0x541b },      { "FIOQSIZE", 0x5460 },
	{ "SIOCGIFNAME", 0x8910 },   { "SIOCGIFCONF", 0x8912 },   { "SIOCGIFFLAGS", 0x8913 },
	{ "SIOCSIFFLAGS", 0x8914 },  { "SIOCGIFADDR", 0x8915 },   { "SIOCSIFADDR", 0x8916 },
	{ "SIOCGIFHWADDR", 0x8927 }, { "SIOCSIFHWADDR", 0x8924 }, { "SIOCGIFINDEX", 0x8933 },
	{ "SIOCETHTOOL", 0x8946 },   { "SIOCADDRT", 0x890b },     { "SIOCDELRT", 0x890c },
};
static const struct value_set ioctls = SET(UINT64_MAX, ASM_GENERIC_IOCTL, ioctls_names);

static const struct value_name prctls_names[] = {
	{ "PR_SET_PDEATHSIG", 1 },
	{ "PR_GET_PDEATHSIG", 2 },
	{ "PR_GET_DUMPABLE", 3 },
	{ "PR_SET_DUMPABLE", 4 },
	{ "PR_GET_UNALIGN", 5 },
	{ "PR_SET_UNALIGN", 6 },
	{ "PR_GET_KEEPCAPS", 7 },
	{ "PR_SET_KEEPCAPS", 8 },
	{ "PR_GET_FPEMU", 9 },
	{ "PR_SET_FPEMU", 10 },
	{ "PR_GET_FPEXC", 11 },
	{ "PR_SET_FPEXC", 12 },
	{ "PR_GET_TIMING", 13 },
	{ "PR_SET_TIMING", 14 },
	{ "PR_SET_NAME", 15 },
	{ "PR_GET_NAME", 16 },
	{ "PR_GET_ENDIAN", 19 },
	{ "PR_SET_ENDIAN", 20 },
	{ "PR_GET_SECCOMP", 21 },
	{ "PR_SET_SECCOMP", 22 },
	{ "PR_CAPBSET_READ", 23 },
	{ "PR_CAPBSET_DROP", 24 },
	{ "PR_GET_TSC", 25 },
	{ "PR_SET_TSC", 26 },
	{ "PR_GET_SECUREBITS", 27 },
	{ "PR_SET_SECUREBITS", 28 },
	{ "PR_SET_TIMERSLACK", 29 },
	{ "PR_GET_TIMERSLACK", 30 },
	{ "PR_TASK_PERF_EVENTS_DISABLE", 31 },
	{ "PR_TASK_PERF_EVENTS_ENABLE", 32 },
	{ "PR_MCE_KILL", 33 },
	{ "PR_MCE_KILL_GET", 34 },
	{ "PR_SET_MM", 35 },
	{ "PR_SET_CHILD_SUBREAPER", 36 },
	{ "PR_GET_CHILD_SUBREAPER", 37 },
	{ "PR_SET_NO_NEW_PRIVS", 38 },
	{ "PR_GET_NO_NEW_PRIVS", 39 },
	{ "PR_GET_TID_ADDRESS", 40 },
	{ "PR_SET_THP_DISABLE", 41 },
	{ "PR_GET_THP_DISABLE", 42 },
	{ "PR_MPX_ENABLE_MANAGEMENT", 43 },
	{ "PR_MPX_DISABLE_MANAGEMENT", 44 },
	{ "PR_SET_FP_MODE", 45 },
	{ "PR_GET_FP_MODE", 46 },
	{ "PR_CAP_AMBIENT", 47 },
	{ "PR_SVE_SET_VL", 50 },
	{ "PR_SVE_GET_VL", 51 },
	{ "PR_GET_SPECULATION_CTRL", 52 },
	{ "PR_SET_SPECULATION_CTRL", 53 },
	{ "PR_PAC_RESET_KEYS", 54 },
	{ "PR_SET_TAGGED_ADDR_CTRL", 55 },
	{ "PR_GET_TAGGED_ADDR_CTRL", 56 },
	{ "PR_SET_IO_FLUSHER", 57 },
	{ "PR_GET_IO_FLUSHER", 58 },
	{ "PR_SET_SYSCALL_USER_DISPATCH", 59 },
	{ "PR_PAC_SET_ENABLED_KEYS", 60 },
	{ "PR_PAC_GET_ENABLED_KEYS", 61 },
	{ "PR_SCHED_CORE", 62 },
	{ "PR_SME_SET_VL", 63 },
	{ "PR_SME_GET_VL", 64 },
	{ "PR_SET_MDWE", 65 },
	{ "PR_GET_MDWE", 66 },
	{ "PR_SET_VMA", 0x53564d41 },
	{ "PR_SET_PTRACER", 0x59616d61 },
};
static const struct value_set prctls = SET(UINT64_MAX, EVERYWHERE, prctls_names);

static const struct value_name arch_prctls_names[] = {
	{ "ARCH_SET_GS", 0x1001 }, { "ARCH_SET_FS", 0x1002 },    { "ARCH_GET_FS", 0x1003 },
	{ "ARCH_GET_GS", 0x1004 }, { "ARCH_GET_CPUID", 0x1011 }, { "ARCH_SET_CPUID", 0x1012 },
};
static const struct value_set arch_prctls = SET(UINT64_MAX, EVERYWHERE, arch_prctls_names);

static const struct value_name personalities_names[] = {
	{ "PER_LINUX", 0 },
	{ "PER_SVR4", 0x4100001 },
	{ "PER_BSD", 6 },
	{ "PER_LINUX32", 8 },
	{ "PER_IRIX32", 0x4000009 },
	{ "PER_SOLARIS", 0x400000d },
	{ "PER_HPUX", 0x10 },
	{ "UNAME26", 0x20000 },
	{ "ADDR_NO_RANDOMIZE", 0x40000 },
	{ "FDPIC_FUNCPTRS", 0x80000 },
	{ "MMAP_PAGE_ZERO", 0x100000 },
	{ "ADDR_COMPAT_LAYOUT", 0x200000 },
	{ "READ_IMPLIES_EXEC", 0x400000 },
	{ "ADDR_LIMIT_32BIT", 0x800000 },
	{ "SHORT_INODE", 0x1000000 },
	{ "WHOLE_SECONDS", 0x2000000 },
	{ "STICKY_TIMEOUTS", 0x4000000 },
	{ "ADDR_LIMIT_3GB", 0x8000000 },
};
static const struct value_set personalities = SET(0xff, EVERYWHERE, personalities_names);

static const struct value_name protections_names[] = {
	{ "PROT_NONE", 0 },
	{ "PROT_READ", 1 },
	{ "PROT_WRITE", 2 },
	{ "PROT_EXEC", 4 },
	{ "PROT_GROWSDOWN", 0x1000000 },
	{ "PROT_GROWSUP", 0x2000000 },
};
static const struct value_set protections = SET(0, ASM_GENERIC, protections_names);

static const struct value_name map_flags_names[] = {
	{ "MAP_SHARED", 1 },          { "MAP_PRIVATE", 2 },
	{ "MAP_SHARED_VALIDATE", 3 }, { "MAP_FIXED", 0x10 },
	{ "MAP_ANONYMOUS", 0x20 },    { "MAP_GROWSDOWN", 0x100 },
	{ "MAP_DENYWRITE", 0x800 },   { "MAP_EXECUTABLE", 0x1000 },
	{ "MAP_LOCKED", 0x2000 },     { "MAP_NORESERVE", 0x4000 },
	{ "MAP_POPULATE", 0x8000 },   { "MAP_NONBLOCK", 0x10000 },
	{ "MAP_STACK", 0x20000 },     { "MAP_HUGETLB", 0x40000 },
	{ "MAP_SYNC", 0x80000 },      { "MAP_FIXED_NOREPLACE", 0x100000 },
};
static const struct value_set map_flags = SET(0xf, ASM_GENERIC, map_flags_names);

static const struct value_name keyctls_names[] = {
	{ "KEYCTL_GET_KEYRING_ID", 0 },
	{ "KEYCTL_JOIN_SESSION_KEYRING", 1 },
	{ "KEYCTL_UPDATE", 2 },
	{ "KEYCTL_REVOKE", 3 },
	{ "KEYCTL_CHOWN", 4 },
	{ "KEYCTL_SETPERM", 5 },
	{ "KEYCTL_DESCRIBE", 6 },
	{ "KEYCTL_CLEAR", 7 },
	{ "KEYCTL_LINK", 8 },
	{ "KEYCTL_UNLINK", 9 },
	{ "KEYCTL_SEARCH", 10 },
	{ "KEYCTL_READ", 11 },
	{ "KEYCTL_INSTANTIATE", 12 },
	{ "KEYCTL_NEGATE", 13 },
	{ "KEYCTL_SET_REQKEY_KEYRING", 14 },
	{ "KEYCTL_SET_TIMEOUT", 15 },
	{ "KEYCTL_ASSUME_AUTHORITY", 16 },
	{ "KEYCTL_GET_SECURITY", 17 },
	{ "KEYCTL_SESSION_TO_PARENT", 18 },
	{ "KEYCTL_REJECT", 19 },
	{ "KEYCTL_INSTANTIATE_IOV", 20 },
	{ "KEYCTL_INVALIDATE", 21 },
	{ "KEYCTL_GET_PERSISTENT", 22 },
	{ "KEYCTL_DH_COMPUTE", 23 },
	{ "KEYCTL_PKEY_QUERY", 24 },
	{ "KEYCTL_PKEY_ENCRYPT", 25 },
	{ "KEYCTL_PKEY_DECRYPT", 26 },
	{ "KEYCTL_PKEY_SIGN", 27 },
	{ "KEYCTL_PKEY_VERIFY", 28 },
	{ "KEYCTL_RESTRICT_KEYRING", 29 },
	{ "KEYCTL_MOVE", 30 },
	{ "KEYCTL_CAPABILITIES", 31 },
	{ "KEYCTL_WATCH_KEY", 32 },
};
static const struct value_set keyctls = SET(UINT64_MAX, EVERYWHERE, keyctls_names);

static const struct value_name bpf_commands_names[] = {
	{ "BPF_MAP_CREATE", 0 },
	{ "BPF_MAP_LOOKUP_ELEM", 1 },
	{ "BPF_MAP_UPDATE_ELEM", 2 },
	{ "BPF_MAP_DELETE_ELEM", 3 },
	{ "BPF_MAP_GET_NEXT_KEY", 4 },
	{ "BPF_PROG_LOAD", 5 },
	{ "BPF_OBJ_PIN", 6 },
	{ "BPF_OBJ_GET", 7 },
	{ "BPF_PROG_ATTACH", 8 },
	{ "BPF_PROG_DETACH", 9 },
	{ "BPF_PROG_TEST_RUN", 10 },
	{ "BPF_PROG_GET_NEXT_ID", 11 },
	{ "BPF_MAP_GET_NEXT_ID", 12 },
	{ "BPF_PROG_GET_FD_BY_ID", 13 },
	{ "BPF_MAP_GET_FD_BY_ID", 14 },
	{ "BPF_OBJ_GET_INFO_BY_FD", 15 },
	{ "BPF_PROG_QUERY", 16 },
	{ "BPF_RAW_TRACEPOINT_OPEN", 17 },
	{ "BPF_BTF_LOAD", 18 },
	{ "BPF_BTF_GET_FD_BY_ID", 19 },
	{ "BPF_TASK_FD_QUERY", 20 },
	{ "BPF_MAP_LOOKUP_AND_DELETE_ELEM", 21 },
	{ "BPF_MAP_FREEZE", 22 },
	{ "BPF_BTF_GET_NEXT_ID", 23 },
	{ "BPF_MAP_LOOKUP_BATCH", 24 },
	{ "BPF_MAP_LOOKUP_AND_DELETE_BATCH", 25 },
	{ "BPF_MAP_UPDATE_BATCH", 26 },
	{ "BPF_MAP_DELETE_BATCH", 27 },
	{ "BPF_LINK_CREATE", 28 },
	{ "BPF_LINK_UPDATE", 29 },
	{ "BPF_LINK_GET_FD_BY_ID", 30 },
	{ "BPF_LINK_GET_NEXT_ID", 31 },
	{ "BPF_ENABLE_STATS", 32 },
	{ "BPF_ITER_CREATE", 33 },
	{ "BPF_LINK_DETACH", 34 },
	{ "BPF_PROG_BIND_MAP", 35 },
};
static const struct value_set bpf_commands = SET(UINT64_MAX, EVERYWHERE, bpf_commands_names);

static const struct value_name fcntls_names[] = {
	{ "F_DUPFD", 0 },         { "F_GETFD", 1 },         { "F_SETFD", 2 },
	{ "F_GETFL", 3 },         { "F_SETFL", 4 },         { "F_GETLK", 5 },
	{ "F_SETLK", 6 },         { "F_SETLKW", 7 },        { "F_SETOWN", 8 },
	{ "F_GETOWN", 9 },        { "F_SETSIG", 10 },       { "F_GETSIG", 11 },
	{ "F_SETOWN_EX", 15 },    { "F_GETOWN_EX", 16 },    { "F_OFD_GETLK", 36 },
	{ "F_OFD_SETLK", 37 },    { "F_OFD_SETLKW", 38 },   { "F_SETLEASE", 1024 },
	{ "F_GETLEASE", 1025 },   { "F_NOTIFY", 1026 },     { "F_DUPFD_CLOEXEC", 1030 },
	{ "F_SETPIPE_SZ", 1031 }, { "F_GETPIPE_SZ", 1032 }, { "F_ADD_SEALS", 1033 },
	{ "F_GET_SEALS", 1034 },
};
static const struct value_set fcntls = SET(UINT64_MAX, ASM_GENERIC, fcntls_names);

static const struct value_name ptraces_names[] = {
	{ "PTRACE_TRACEME", 0 },
	{ "PTRACE_PEEKTEXT", 1 },
	{ "PTRACE_PEEKDATA", 2 },
	{ "PTRACE_PEEKUSR", 3 },
	{ "PTRACE_POKETEXT", 4 },
	{ "PTRACE_POKEDATA", 5 },
	{ "PTRACE_POKEUSR", 6 },
	{ "PTRACE_CONT", 7 },
	{ "PTRACE_KILL", 8 },
	{ "PTRACE_SINGLESTEP", 9 },
	{ "PTRACE_ATTACH", 16 },
	{ "PTRACE_DETACH", 17 },
	{ "PTRACE_SYSCALL", 24 },
	{ "PTRACE_SETOPTIONS", 16896 },
	{ "PTRACE_GETEVENTMSG", 16897 },
	{ "PTRACE_GETSIGINFO", 16898 },
	{ "PTRACE_SETSIGINFO", 16899 },
	{ "PTRACE_GETREGSET", 16900 },
	{ "PTRACE_SETREGSET", 16901 },
	{ "PTRACE_SEIZE", 16902 },
	{ "PTRACE_INTERRUPT", 16903 },
	{ "PTRACE_LISTEN", 16904 },
	{ "PTRACE_PEEKSIGINFO", 16905 },
	{ "PTRACE_GETSIGMASK", 16906 },
	{ "PTRACE_SETSIGMASK", 16907 },
	{ "PTRACE_SECCOMP_GET_FILTER", 16908 },
	{ "PTRACE_SECCOMP_GET_METADATA", 16909 },
	{ "PTRACE_GET_SYSCALL_INFO", 16910 },
};
static const struct value_set ptraces = SET(UINT64_MAX, EVERYWHERE, ptraces_names);

static const struct value_name futexes_names[] = {
	{ "FUTEX_WAIT", 0 },
	{ "FUTEX_WAKE", 1 },
	{ "FUTEX_FD", 2 },
	{ "FUTEX_REQUEUE", 3 },
	{ "FUTEX_CMP_REQUEUE", 4 },
	{ "FUTEX_WAKE_OP", 5 },
	{ "FUTEX_LOCK_PI", 6 },
	{ "FUTEX_UNLOCK_PI", 7 },
	{ "FUTEX_TRYLOCK_PI", 8 },
	{ "FUTEX_WAIT_BITSET", 9 },
	{ "FUTEX_WAKE_BITSET", 0xa },
	{ "FUTEX_WAIT_REQUEUE_PI", 0xb },
	{ "FUTEX_CMP_REQUEUE_PI", 0xc },
	{ "FUTEX_LOCK_PI2", 0xd },
	{ "FUTEX_PRIVATE_FLAG", 0x80 },
	{ "FUTEX_CLOCK_REALTIME", 0x100 },
};
static const struct value_set futexes = SET(0x7f, EVERYWHERE, futexes_names);

static const struct value_name seccomps_names[] = {
	{ "SECCOMP_SET_MODE_STRICT", 0 },
	{ "SECCOMP_SET_MODE_FILTER", 1 },
	{ "SECCOMP_GET_ACTION_AVAIL", 2 },
	{ "SECCOMP_GET_NOTIF_SIZES", 3 },
};
static const struct value_set seccomps = SET(UINT64_MAX, EVERYWHERE, seccomps_names);

static const struct value_name seccomp_flags_names[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 1 },          { "SECCOMP_FILTER_FLAG_LOG", 2 },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 4 },     { "SECCOMP_FILTER_FLAG_NEW_LISTENER", 8 },
	{ "SECCOMP_FILTER_FLAG_TSYNC_ESRCH", 0x10 }, { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0x20 },
};
static const struct value_set seccomp_flags = SET(0, EVERYWHERE, seccomp_flags_names);

static const struct value_name mount_flags_names[] = {
	{ "MS_RDONLY", 1 },
	{ "MS_NOSUID", 2 },
	{ "MS_NODEV", 4 },
	{ "MS_NOEXEC", 8 },
	{ "MS_SYNCHRONOUS", 0x10 },
	{ "MS_REMOUNT", 0x20 },
	{ "MS_MANDLOCK", 0x40 },
	{ "MS_DIRSYNC", 0x80 },
	{ "MS_NOATIME", 0x400 },
	{ "MS_NODIRATIME", 0x800 },
	{ "MS_BIND", 0x1000 },
	{ "MS_MOVE", 0x2000 },
	{ "MS_REC", 0x4000 },
	{ "MS_SILENT", 0x8000 },
	{ "MS_POSIXACL", 0x10000 },
	{ "MS_UNBINDABLE", 0x20000 },
	{ "MS_PRIVATE", 0x40000 },
	{ "MS_SLAVE", 0x80000 },
	{ "MS_SHARED", 0x100000 },
	{ "MS_RELATIME", 0x200000 },
	{ "MS_KERNMOUNT", 0x400000 },
	{ "MS_I_VERSION", 0x800000 },
	{ "MS_STRICTATIME", 0x1000000 },
	{ "MS_LAZYTIME", 0x2000000 },
};
static const struct value_set mount_flags = SET(0, EVERYWHERE, mount_flags_names);

static const struct value_name umount_flags_names[] = {
	{ "MNT_FORCE", 1 },
	{ "MNT_DETACH", 2 },
	{ "MNT_EXPIRE", 4 },
	{ "UMOUNT_NOFOLLOW", 8 },
};
static const struct value_set umount_flags = SET(0, EVERYWHERE, umount_flags_names);

static const struct value_name clocks_names[] = {
	{ "CLOCK_REALTIME", 0 },          { "CLOCK_MONOTONIC", 1 },     { "CLOCK_PROCESS_CPUTIME_ID", 2 },
	{ "CLOCK_THREAD_CPUTIME_ID", 3 }, { "CLOCK_MONOTONIC_RAW", 4 }, { "CLOCK_REALTIME_COARSE", 5 },
	{ "CLOCK_MONOTONIC_COARSE", 6 },  { "CLOCK_BOOTTIME", 7 },      { "CLOCK_REALTIME_ALARM", 8 },
	{ "CLOCK_BOOTTIME_ALARM", 9 },    { "CLOCK_TAI", 11 },
};
static const struct value_set clocks = SET(UINT64_MAX, EVERYWHERE, clocks_names);

static const struct value_name advices_names[] = {
	{ "MADV_NORMAL", 0 },      { "MADV_RANDOM", 1 },         { "MADV_SEQUENTIAL", 2 },
	{ "MADV_WILLNEED", 3 },    { "MADV_DONTNEED", 4 },       { "MADV_FREE", 8 },
	{ "MADV_REMOVE", 9 },      { "MADV_DONTFORK", 10 },      { "MADV_DOFORK", 11 },
	{ "MADV_MERGEABLE", 12 },  { "MADV_UNMERGEABLE", 13 },   { "MADV_HUGEPAGE", 14 },
	{ "MADV_NOHUGEPAGE", 15 }, { "MADV_DONTDUMP", 16 },      { "MADV_DODUMP", 17 },
	{ "MADV_WIPEONFORK", 18 }, { "MADV_KEEPONFORK", 19 },    { "MADV_COLD", 20 },
	{ "MADV_PAGEOUT", 21 },    { "MADV_POPULATE_READ", 22 }, { "MADV_POPULATE_WRITE", 23 },
	{ "MADV_HWPOISON", 100 },  { "MADV_SOFT_OFFLINE", 101 },
};
static const struct value_set advices = SET(UINT64_MAX, ASM_GENERIC, advices_names);

static const struct value_name socket_calls_names[] = {
	{ "SYS_SOCKET", 1 },    { "SYS_BIND", 2 },        { "SYS_CONNECT", 3 },     { "SYS_LISTEN", 4 },
	{ "SYS_ACCEPT", 5 },    { "SYS_GETSOCKNAME", 6 }, { "SYS_GETPEERNAME", 7 }, { "SYS_SOCKETPAIR", 8 },
	{ "SYS_SEND", 9 },      { "SYS_RECV", 10 },       { "SYS_SENDTO", 11 },     { "SYS_RECVFROM", 12 },
	{ "SYS_SHUTDOWN", 13 }, { "SYS_SETSOCKOPT", 14 }, { "SYS_GETSOCKOPT", 15 }, { "SYS_SENDMSG", 16 },
	{ "SYS_RECVMSG", 17 },  { "SYS_ACCEPT4", 18 },    { "SYS_RECVMMSG", 19 },   { "SYS_SENDMMSG", 20 },
};
static const struct value_set socket_calls = SET(UINT64_MAX, EVERYWHERE, socket_calls_names);

static const struct value_name ipc_calls_names[] = {
	{ "SEMOP", 1 },   { "SEMGET", 2 },  { "SEMCTL", 3 }, { "SEMTIMEDOP", 4 }, { "MSGSND", 11 }, { "MSGRCV", 12 },
	{ "MSGGET", 13 }, { "MSGCTL", 14 }, { "SHMAT", 21 }, { "SHMDT", 22 },     { "SHMGET", 23 }, { "SHMCTL", 24 },
};
static const struct value_set ipc_calls = SET(UINT64_MAX, EVERYWHERE, ipc_calls_names);

static const struct value_name resources_names[] = {
	{ "RLIMIT_CPU", 0 },       { "RLIMIT_FSIZE", 1 }, { "RLIMIT_DATA", 2 },    { "RLIMIT_STACK", 3 },
	{ "RLIMIT_CORE", 4 },      { "RLIMIT_RSS", 5 },   { "RLIMIT_NPROC", 6 },   { "RLIMIT_NOFILE", 7 },
	{ "RLIMIT_MEMLOCK", 8 },   { "RLIMIT_AS", 9 },    { "RLIMIT_LOCKS", 10 },  { "RLIMIT_SIGPENDING", 11 },
	{ "RLIMIT_MSGQUEUE", 12 }, { "RLIMIT_NICE", 13 }, { "RLIMIT_RTPRIO", 14 }, { "RLIMIT_RTTIME", 15 },
};
static const struct value_set resources = SET(UINT64_MAX, ASM_GENERIC, resources_names);

static const struct value_name memfd_flags_names[] = {
	{ "MFD_CLOEXEC", 1 },     { "MFD_ALLOW_SEALING", 2 }, { "MFD_HUGETLB", 4 },
	{ "MFD_NOEXEC_SEAL", 8 }, { "MFD_EXEC", 0x10 },
};
static const struct value_set memfd_flags = SET(0, EVERYWHERE, memfd_flags_names);

static const struct value_name schedulers_names[] = {
	{ "SCHED_NORMAL", 0 }, { "SCHED_FIFO", 1 }, { "SCHED_RR", 2 },
	{ "SCHED_BATCH", 3 },  { "SCHED_IDLE", 5 }, { "SCHED_DEADLINE", 6 },
};
static const struct value_set schedulers = SET(UINT64_MAX, EVERYWHERE, schedulers_names);

static const struct value_name reboots_names[] = {
	{ "LINUX_REBOOT_CMD_RESTART", 0x1234567 },     { "LINUX_REBOOT_CMD_HALT", 0xcdef0123 },
	{ "LINUX_REBOOT_CMD_CAD_ON", 0x89abcdef },     { "LINUX_REBOOT_CMD_CAD_OFF", 0 },
	{ "LINUX_REBOOT_CMD_POWER_OFF", 0x4321fedc },  { "LINUX_REBOOT_CMD_RESTART2", 0xa1b2c3d4 },
	{ "LINUX_REBOOT_CMD_SW_SUSPEND", 0xd000fce2 }, { "LINUX_REBOOT_CMD_KEXEC", 0x45584543 },
};
static const struct value_set reboots = SET(UINT64_MAX, EVERYWHERE, reboots_names);

static const struct {
	const char *call;
	unsigned index;
	const struct value_set *set;
} arguments[] = {
	{ "socket", 0, &families },
	{ "socket", 1, &types },
	{ "socketpair", 0, &families },
	{ "socketpair", 1, &types },
	{ "unshare", 0, &namespaces },
	{ "setns", 1, &namespaces },
	{ "clone", 0, &clone_flags },
	{ "kill", 1, &signals },
	{ "tkill", 1, &signals },
	{ "tgkill", 2, &signals },
	{ "rt_sigaction", 0, &signals },
	{ "sigaction", 0, &signals },
	{ "signal", 0, &signals },
	{ "rt_sigqueueinfo", 1, &signals },
	{ "rt_tgsigqueueinfo", 2, &signals },
	{ "pidfd_send_signal", 1, &signals },
	{ "ioctl", 1, &ioctls },
	{ "prctl", 0, &prctls },
	{ "arch_prctl", 0, &arch_prctls },
	{ "personality", 0, &personalities },
	{ "mmap", 2, &protections },
	{ "mmap2", 2, &protections },
	{ "mprotect", 2, &protections },
	{ "pkey_mprotect", 2, &protections },
	{ "mmap", 3, &map_flags },
	{ "mmap2", 3, &map_flags },
	{ "keyctl", 0, &keyctls },
	{ "bpf", 0, &bpf_commands },
	{ "fcntl", 1, &fcntls },
	{ "fcntl64", 1, &fcntls },
	{ "ptrace", 0, &ptraces },
	{ "futex", 1, &futexes },
	{ "futex_time64", 1, &futexes },
	{ "seccomp", 0, &seccomps },
	{ "seccomp", 1, &seccomp_flags },
	{ "mount", 3, &mount_flags },
	{ "umount2", 1, &umount_flags },
	{ "clock_gettime", 0, &clocks },
	{ "clock_settime", 0, &clocks },
	{ "clock_adjtime", 0, &clocks },
	{ "clock_getres", 0, &clocks },
	{ "clock_nanosleep", 0, &clocks },
	{ "clock_gettime64", 0, &clocks },
	{ "clock_settime64", 0, &clocks },
	{ "timer_create", 0, &clocks },
	{ "timerfd_create", 0, &clocks },
	{ "madvise", 2, &advices },
	{ "process_madvise", 3, &advices },
	{ "socketcall", 0, &socket_calls },
	{ "ipc", 0, &ipc_calls },
	{ "getrlimit", 0, &resources },
	{ "setrlimit", 0, &resources },
	{ "prlimit64", 1, &resources },
	{ "memfd_create", 1, &memfd_flags },
	{ "sched_setscheduler", 1, &schedulers },
	{ "reboot", 2, &reboots },
};

static bool holds_on(const struct value_set *set, enum callgate_abi abi)
{
	switch (abi) {
	case CALLGATE_ABI_MIPS:
	case CALLGATE_ABI_MIPS64:
	case CALLGATE_ABI_MIPS64N32:
	case CALLGATE_ABI_MIPSEL:
	case CALLGATE_ABI_MIPSEL64:
	case CALLGATE_ABI_MIPSEL64N32:
	case CALLGATE_ABI_PARISC:
	case CALLGATE_ABI_PARISC64:
		return set->held == EVERYWHERE;
	case CALLGATE_ABI_PPC:
	case CALLGATE_ABI_PPC64:
	case CALLGATE_ABI_PPC64LE:
	case CALLGATE_ABI_SH:
	case CALLGATE_ABI_SHEB:
		return set->held != ASM_GENERIC_IOCTL;
	default:
		return true;
	}
}

const struct value_set *value_set_of(struct slice call, unsigned index, enum callgate_abi abi)
{
	/* s390's clone takes the stack first. */
	if ((abi == CALLGATE_ABI_S390 || abi == CALLGATE_ABI_S390X) && index < 2 && slice_is(call, "clone"))
		index = 1 - index;
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		if (arguments[i].index == index && slice_is(call, arguments[i].call))
			return holds_on(arguments[i].set, abi) ? arguments[i].set : NULL;
	return NULL;
}
