/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* record_rate PROCESSES CALLS: each process makes that many calls as fast as it can, getppid(2) and fcntl(2) with 16
 * commands in turn. Prints how many calls a second were made by all, and how many nanoseconds one took. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void work(long calls, long commands)
{
	for (long i = 0; i < calls; i += 2) {
		syscall(SYS_getppid);
		if (commands)
			syscall(SYS_fcntl, -1, 1000 + i / 2 % commands, 0);
		else
			syscall(SYS_getppid);
	}
}

int main(int argc, char **argv)
{
	long processes = argc == 4 ? atol(argv[1]) : 0, calls = argc == 4 ? atol(argv[2]) : 0;
	double begin = now(), took;

	for (long i = 0; i < processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			work(calls, atol(argv[3]));
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	took = now() - begin;
	if (processes < 1 || calls < 2)
		return 2;
	printf("%.0f %.1f\n", (double)(processes * calls) / took, took * 1e9 / (double)(processes * calls));
	return 0;
}
