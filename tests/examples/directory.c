/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* directory NAME: makes one and ends with the errno, 0 when it was made. */
#include <errno.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	return argc == 2 && mkdir(argv[1], 0700) == 0 ? 0 : errno;
}
