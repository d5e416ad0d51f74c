/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process that does with json-c and libseccomp what callgate does: `peer_process compile LEVEL PROFILE OUTPUT` writes
 * the program, `peer_process run LEVEL PROFILE COMMAND` loads it and executes COMMAND.
 */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peer.h"

static int write_program(const char *path, const struct sock_filter *insns, size_t count)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	return fd >= 0 && write(fd, insns, count * sizeof(*insns)) == (ssize_t)(count * sizeof(*insns)) ? 0 : 1;
}

static int run(char **command, struct sock_filter *insns, size_t count)
{
	struct sock_fprog prog = { .len = (unsigned short)count, .filter = insns };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return 1;
	execv(command[0], command);
	return 1;
}

int main(int argc, char **argv)
{
	struct sock_filter *insns;
	size_t count;

	if (argc < 5 || peer_compile(argv[3], atoi(argv[2]), &insns, &count) < 0) {
		fprintf(stderr, "usage: peer_process compile|run LEVEL PROFILE OUTPUT|COMMAND...\n");
		return 2;
	}
	return strcmp(argv[1], "run") == 0 ? run(argv + 4, insns, count) : write_program(argv[4], insns, count);
}
