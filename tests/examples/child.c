/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* child: says whether a process can be had. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return printf("no child: %s\n", strerror(errno)) < 0;
	return waitpid(pid, NULL, 0) != pid || printf("a child\n") < 0;
}
