/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asleep: as /proc says it. */
#include "asleep.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void await_asleep(pid_t id)
{
	char path[64], text[256] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)id);
	while (!strstr(text, ") S ")) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t size = read(fd, text, sizeof(text) - 1);

		text[size > 0 ? size : 0] = '\0';
		close(fd);
		usleep(1000);
	}
}
