/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A crowd of containers for tests/live/host.tap: as many cgroups with LXC's names, in each some tasks under one filter.
 * They live until standard input ends. crowd CGROUP CONTAINERS TASKS PROGRAM...: container i loads the program i modulo
 * their number. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

static struct sock_fprog read_program(const char *path)
{
	static struct sock_filter words[8][4096];
	static int used;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, words[used], sizeof(words[used]));

	if (n <= 0)
		die(path);
	close(fd);
	return (struct sock_fprog){ .len = (unsigned short)(n / 8), .filter = words[used++] };
}

static void enter(const char *cgroup)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
	close(fd);
}

static void live(const char *cgroup, int tasks, const struct sock_fprog *program, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "crowd-init");
	enter(cgroup);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program))
		die("seccomp");
	for (int i = 1; i < tasks; i++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_NAME, "crowd-task");
			for (;;)
				pause();
		}
	}
	if (write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int count = argc > 4 ? atoi(argv[2]) : 0, tasks = argc > 4 ? atoi(argv[3]) : 0, programs = argc - 4, ready[2];
	struct sock_fprog list[8];
	char path[4096], byte;

	if (count < 1 || tasks < 1 || programs > 8 || pipe2(ready, O_CLOEXEC) < 0)
		return 2;
	for (int i = 0; i < programs; i++)
		list[i] = read_program(argv[4 + i]);
	for (int i = 0; i < count; i++) {
		pid_t child;

		snprintf(path, sizeof(path), "%s/lxc.payload.sim%05d", argv[1], i);
		if (mkdir(path, 0755) < 0)
			die(path);
		child = fork();
		if (child < 0)
			die("fork");
		if (child == 0)
			live(path, tasks, &list[i % programs], ready[1]);
	}
	for (int i = 0; i < count; i++)
		if (read(ready[0], &byte, 1) != 1)
			return 1;
	printf("ready\n");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	signal(SIGTERM, SIG_IGN);
	for (int i = 0; i < count; i++) {
		char file[4200];
		FILE *procs;
		int pid;

		snprintf(path, sizeof(path), "%s/lxc.payload.sim%05d", argv[1], i);
		snprintf(file, sizeof(file), "%s/cgroup.procs", path);
		procs = fopen(file, "re");
		while (procs && fscanf(procs, "%d", &pid) == 1)
			kill(pid, SIGKILL);
		if (procs)
			fclose(procs);
	}
	while (wait(NULL) > 0)
		;
	for (int i = 0, tries = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/lxc.payload.sim%05d", argv[1], i);
		while (rmdir(path) < 0 && tries++ < 200)
			usleep(10000);
	}
	return 0;
}
