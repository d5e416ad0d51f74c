/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding the file of a command. */
#include "kernel/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

/* A regular file that we may execute; errno says what is wrong, *exists that it is about a file that is there. */
static bool is_command(const char *path, bool *exists)
{
	struct stat st;

	*exists = stat(path, &st) == 0;
	if (!*exists)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EACCES;
		return false;
	}
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

int command_refused(const char *name, int saved, struct callgate_err *err)
{
	if (saved == ENOENT || saved == ENOTDIR)
		return err_set(err, CALLGATE_E_NOTFOUND, "no command '%s'", name);
	return err_set_errno(err, CALLGATE_E_IO, saved, NULL, "cannot execute '%s'", name);
}

/* A name with a slash is a path, any other is looked for in PATH. As for a shell, and other than for execvp(3), there
 * is nothing in a directory of PATH that may not be searched. */
int command_find(const char *name, char path[PATH_MAX], struct callgate_err *err)
{
	const char *dirs = getenv("PATH");
	int saved = ENOENT;
	bool exists;

	if (*name == '\0')
		return command_refused(name, ENOENT, err);
	if (strchr(name, '/')) {
		if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
			return command_refused("...", ENAMETOOLONG, err);
		return is_command(path, &exists) ? 0 : command_refused(name, errno, err);
	}
	if (!dirs)
		dirs = "/bin:/usr/bin";
	for (const char *at = dirs;; at++) {
		int size = (int)strcspn(at, ":");

		if (snprintf(path, PATH_MAX, "%.*s%s%s", size, at, size ? "/" : "", name) < PATH_MAX) {
			if (is_command(path, &exists))
				return 0;
			if (exists)
				saved = EACCES;
		}
		at += size;
		if (*at == '\0')
			return command_refused(name, saved, err);
	}
}
