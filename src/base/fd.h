/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors and files that a privileged part may trust. */
#ifndef CALLGATE_BASE_FD_H
#define CALLGATE_BASE_FD_H

#include <sys/stat.h>

#include "base/source.h"
#include "callgate.h"

/* Who may write besides root and the effective ids. */
struct fd_owner {
	uid_t uid;
	gid_t gid;
};
/* Why somebody else than these could change what is open, by its owner, mode or access control list; NULL: nobody. A
 * sticky directory is fine. */
const char *fd_complaint(int fd, const struct stat *st, const struct fd_owner *also);

/* Opens a regular file for reading, walking its path directory by directory. Every directory on the way and the file
 * belong to root or to the effective uid and are writable by nobody else (a sticky directory is good enough only as an
 * ancestor whose next component belongs to root or to us). Symbolic links are refused.
 * E_UNTRUSTED names the component. The descriptor is close-on-exec. */
int fd_open_trusted(const char *path, int *out, struct callgate_err *err);

/* Writes a file atomically: temporary name in the same directory (O_EXCL, mode as given), fsync, rename.
 * On failure nothing of the old file has changed and no temporary file is left. */
int fd_write_atomic(const char *path, const void *bytes, size_t size, unsigned mode, struct callgate_err *err);

/* The same without fsync: for files that mean nothing after a crash. */
int fd_write_fleeting(const char *path, const void *bytes, size_t size, unsigned mode, struct callgate_err *err);

/* fd_write_atomic() in a directory that is open, with the rights and the group of a file; without rights to the group
 * it fails (E_IO). */
int fd_write_in(int dir, const char *name, const struct stat *like, struct slice bytes, struct callgate_err *err);

/* A directory to write into, and every one on the way: as fd_open_trusted() has them, and not writable by everybody. */
int fd_check_directory(const char *path, struct callgate_err *err);

/* mkdir -p; then every directory on the way and the last one are checked as fd_open_trusted() does. */
int fd_make_dir(const char *path, unsigned mode, struct callgate_err *err);

/* close() that keeps errno; -1 is fine. Returns -1: fd = fd_close(fd). */
int fd_close(int fd);

#endif
