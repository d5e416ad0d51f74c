/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of selectors. An argument is listed when its values are few in one program and differ in what they permit.
 */
#include "names/selector.h"

#include <string.h>

#include "names/abi.h"
#include "names/syscall.h"

enum { FILE_TYPE = 0170000 }; /* S_IFMT: device nodes are what profiles care for */

struct row {
	const char *name;
	uint32_t mask; /* of every listed argument; 0: all bits that the kernel looks at */
	const char *args;
};

/* By name. */
static const struct row table[] = {
	{ "accept4", 0, "3" },
	{ "arch_prctl", 0, "0" },
	{ "bpf", 0, "0" },
	{ "clone", 0, "0" },
	{ "epoll_ctl", 0, "1" },
	{ "fcntl", 0, "1" },
	{ "fcntl64", 0, "1" },
	{ "fsconfig", 0, "1" },
	{ "futex", 0, "1" },
	{ "getpriority", 0, "0" },
	{ "getrlimit", 0, "0" },
	{ "getsockopt", 0, "12" },
	{ "io_uring_register", 0, "1" },
	{ "ioctl", 0, "1" },
	{ "iopl", 0, "0" },
	{ "ipc", 0, "0" },
	{ "kcmp", 0, "2" },
	{ "keyctl", 0, "0" },
	{ "madvise", 0, "2" },
	{ "membarrier", 0, "0" },
	{ "memfd_create", 0, "1" },
	{ "mknod", FILE_TYPE, "1" },
	{ "mknodat", FILE_TYPE, "2" },
	{ "mmap", 0, "23" },
	{ "mmap2", 0, "23" },
	{ "modify_ldt", 0, "0" },
	{ "mount", 0, "3" },
	{ "mprotect", 0, "2" },
	{ "msgctl", 0, "1" },
	{ "pidfd_open", 0, "1" },
	{ "pkey_mprotect", 0, "2" },
	{ "personality", 0, "0" },
	{ "prctl", 0, "0" },
	{ "prlimit64", 0, "1" },
	{ "ptrace", 0, "0" },
	{ "quotactl", 0, "0" },
	{ "quotactl_fd", 0, "1" },
	{ "reboot", 0, "012" },
	{ "sched_setscheduler", 0, "1" },
	{ "seccomp", 0, "01" },
	{ "semctl", 0, "2" },
	{ "setns", 0, "1" },
	{ "setpriority", 0, "0" },
	{ "setrlimit", 0, "0" },
	{ "setsockopt", 0, "12" },
	{ "shmctl", 0, "1" },
	{ "socket", 0, "012" },
	{ "socketcall", 0, "0" },
	{ "socketpair", 0, "012" },
	{ "syslog", 0, "0" },
	{ "umount2", 0, "1" },
	{ "unshare", 0, "0" },
	{ "userfaultfd", 0, "0" },
};

static const struct row *row_of(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

/* s390 has clone's first two arguments the other way round. */
static unsigned swapped(enum callgate_abi abi, const char *name, unsigned arg)
{
	bool s390 = abi == CALLGATE_ABI_S390 || abi == CALLGATE_ABI_S390X;

	return s390 && strcmp(name, "clone") == 0 ? !arg : arg;
}

/* There mmap(2) takes one pointer to all of its arguments. */
static bool is_old_mmap(enum callgate_abi abi, const char *name)
{
	bool old = abi == CALLGATE_ABI_X86 || abi == CALLGATE_ABI_M68K || abi == CALLGATE_ABI_S390 ||
		   abi == CALLGATE_ABI_S390X;

	return old && strcmp(name, "mmap") == 0;
}

/*
 * As much as a filter sees of an argument; an int's upper half too, which the kernel ignores and a condition may not.
 */
static uint64_t width_of(enum callgate_abi abi)
{
	return abi_of(abi)->width == 32 ? UINT32_MAX : UINT64_MAX;
}

unsigned selectors_of(enum callgate_abi abi, uint32_t nr, struct selector out[SELECTORS])
{
	int id = abi_of(abi) ? syscall_by_nr(abi, nr) : SYSCALL_NONE;
	const struct row *row = id == SYSCALL_NONE ? NULL : row_of(syscall_id_name(id));
	unsigned count = 0;

	for (const char *at = row && !is_old_mmap(abi, row->name) ? row->args : ""; *at; at++) {
		unsigned arg = swapped(abi, row->name, (unsigned)(*at - '0'));

		out[count++] = (struct selector){ (uint8_t)arg, row->mask ? row->mask : width_of(abi) };
	}
	return count;
}
