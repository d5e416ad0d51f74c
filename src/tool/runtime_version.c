/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runtime version: asks the runtime that is installed which release it is. */
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/tool.h"

extern char **environ;

/* What PROGRAM --version prints, its beginning; false: there is no such program, or it failed. */
static bool ask_version(const char *program, char *buf, size_t size)
{
	char *argv[] = { (char *)program, (char *)"--version", NULL };
	posix_spawn_file_actions_t actions;
	size_t used = 0;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	status = posix_spawnp(&pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	while (status == 0 && used < size - 1 && (n = read(fds[0], buf + used, size - 1 - used)) > 0)
		used += (size_t)n;
	close(fds[0]);
	buf[used] = '\0';
	if (status != 0)
		return false;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* "runc version 1.1.5+ds1": the three numbers, what follows is the distribution's. */
static uint32_t find_release(const char *text)
{
	const char *at = strstr(text, " version ");
	uint32_t release = 0;

	if (!at)
		return 0;
	at += strlen(" version ");
	for (int i = 0; i < 3; i++) {
		char *end;
		unsigned long part = strtoul(at, &end, 10);

		if (end == at || part > 255 || (i < 2 && *end != '.'))
			return 0;
		release = release << 8 | (uint32_t)part;
		at = end + 1;
	}
	return release;
}

uint32_t engine_release(enum callgate_reader reader)
{
	static const char *const programs[] = {
		[CALLGATE_AS_DOCKER] = "runc", [CALLGATE_AS_CONTAINERD] = "runc", [CALLGATE_AS_RUNC] = "runc",
		[CALLGATE_AS_PODMAN] = "crun", [CALLGATE_AS_CRUN] = "crun",
	};
	char text[1024];

	if ((size_t)reader >= ARRAY_SIZE(programs) || !programs[reader])
		return 0;
	return ask_version(programs[reader], text, sizeof(text)) ? find_release(text) : 0;
}
