/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* confined PROFILE: puts a profile's filter onto itself and tries to make a directory. */
#include <callgate.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (argc != 2) {
		fprintf(stderr, "usage: confined PROFILE\n");
		return 2;
	}
	if (callgate_confine_self(argv[1], NULL, &err) < 0) {
		fprintf(stderr, "%s:%u:%u: %s\n", err.file, err.line, err.column, err.text);
		return 1;
	}
	printf("mkdir: %s\n", mkdir("confined.directory", 0700) < 0 ? strerror(errno) : "made");
	return 0;
}
