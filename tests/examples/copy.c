/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* copy FILE MODE FD: opens FILE (MODE r or w) and writes what it reads to descriptor FD. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char bytes[256];
	ssize_t size;
	int fd;

	if (argc != 4)
		return 2;
	fd = open(argv[1], (argv[2][0] == 'w' ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return 3;
	while ((size = read(fd, bytes, sizeof(bytes))) > 0)
		if (write(atoi(argv[3]), bytes, (size_t)size) != size)
			return 4;
	return size < 0 ? 5 : 0;
}
