/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that a privileged part reads and writes. A path is walked one component at a time on descriptors, so that what
 * was checked is what is opened. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/rootless.h"
#include "base/source.h"

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

static int untrusted(struct callgate_err *err, const char *path, const char *component, const char *why)
{
	err_set(err, CALLGATE_E_UNTRUSTED, "'%s' %s", component, why);
	err_set_place(err, path, 0, 0);
	return CALLGATE_E_UNTRUSTED;
}

/* ------------------------------------------------------------------ who may write */

struct acl_entry {
	uint16_t tag, permissions;
	uint32_t id;
};
enum {
	ACL_VERSION = 2,
	ACL_ENTRIES = 128,
	ACL_USER = 2,
	ACL_GROUP_OBJ = 4,
	ACL_GROUP = 8,
	ACL_MASK = 16,
	ACL_WRITE = 2
};

/* Linux keeps it little-endian on every machine. */
static unsigned little(const unsigned char *at, unsigned size)
{
	unsigned value = 0;

	while (size--)
		value = value << 8 | at[size];
	return value;
}

static struct acl_entry acl_entry(const unsigned char *at)
{
	return (struct acl_entry){ (uint16_t)little(at, 2), (uint16_t)little(at + 2, 2), little(at + 4, 4) };
}

/* Asking who one is costs a system call, and nearly all is root's. */
static bool is_our_user(unsigned id, const struct fd_owner *also)
{
	return id == 0 || id == also->uid || id == geteuid();
}

static bool is_our_group(unsigned id, const struct fd_owner *also)
{
	return id == 0 || id == also->gid || id == getegid();
}

/* Where there is an access control list, the mode's group bits are only what none of its named entries may exceed.
 * NULL: nobody else may write. *listed: there is a list. */
static const char *acl_complaint(int fd, const struct stat *st, const struct fd_owner *also, bool *listed)
{
	unsigned char text[4 + ACL_ENTRIES * 8];
	long size = syscall(SYS_fgetxattr, fd, "system.posix_acl_access", text, sizeof(text));
	unsigned mask = ACL_WRITE;

	*listed = size >= 0;
	if (size < 0 && (errno == ENODATA || errno == EOPNOTSUPP))
		return NULL;
	if (size < 4 || size % 8 != 4 || little(text, 4) != ACL_VERSION)
		return "has an access control list that cannot be read";
	for (long at = 4; at < size; at += 8)
		if (acl_entry(text + at).tag == ACL_MASK)
			mask = acl_entry(text + at).permissions;
	for (long at = 4; at < size; at += 8) {
		struct acl_entry entry = acl_entry(text + at);

		if (!(entry.permissions & mask & ACL_WRITE))
			continue;
		if (entry.tag == ACL_USER && !is_our_user(entry.id, also))
			return "is writable by another user, by an access control list (setfacl -b takes it away)";
		if ((entry.tag == ACL_GROUP && !is_our_group(entry.id, also)) ||
		    (entry.tag == ACL_GROUP_OBJ && !is_our_group(st->st_gid, also)))
			return "is writable by a foreign group, by an access control list (setfacl -b takes it away)";
	}
	return NULL;
}

const char *fd_complaint(int fd, const struct stat *st, const struct fd_owner *also)
{
	/* In a sticky directory only its owner renames a file, whoever may write there. */
	bool sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) && (st->st_mode & S_IWOTH), listed;
	const char *complaint = acl_complaint(fd, st, also, &listed);

	if (complaint)
		return complaint;
	/* Which files of the host count was decided outside of a rootless engine's user namespace; here their owner has
	 * no number of his own. */
	if (!is_our_user(st->st_uid, also) && !rootless_is_host(st->st_uid))
		return "belongs to neither root nor the caller (chown gives it to one of them)";
	if ((st->st_mode & S_IWOTH) && !sticky)
		return "is writable by everybody (chmod o-w changes that)";
	/* Debian gives each user a private group: only a group other than root's and our own makes a file foreign. */
	if (!listed && !sticky && (st->st_mode & S_IWGRP) && !is_our_group(st->st_gid, also))
		return "is writable by a foreign group (chmod g-w changes that)";
	return NULL;
}

/* What is wrong with the owner, the mode or the list, or NULL. */
static const char *trust_complaint(int fd, const struct stat *st)
{
	static const struct fd_owner nobody_else = { 0, 0 };

	return fd_complaint(fd, st, &nobody_else);
}

static int open_component(int dir, const char *name, int flags)
{
	int fd;

	do
		fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static bool is_open_to_all(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && (st.st_mode & S_IWOTH);
}

/* In a user namespace root's files and other users' look alike; where everybody can make some, they may be anybody's.
 */
static const char *component_complaint(int dir, int fd, const struct stat *st)
{
	const char *complaint = trust_complaint(fd, st);

	if (complaint || !rootless_is_host(st->st_uid) || !is_open_to_all(dir))
		return complaint;
	return "sits in a directory that everybody can write, and its owner is nobody of this user namespace";
}

/* Opens and checks one component; closes dir. */
static int step(int dir, const char *name, int flags, const char *path, int *out, struct callgate_err *err)
{
	int fd = open_component(dir, name, flags);
	const char *complaint;
	struct stat st;

	if (fd < 0) {
		int saved = errno;

		fd_close(dir);
		if (saved == ELOOP || (saved == ENOTDIR && (flags & O_DIRECTORY)))
			return untrusted(err, path, name, "is a symbolic link or not a directory");
		return err_set_errno(err, CALLGATE_E_IO, saved, path, "cannot open '%s'", name);
	}
	if (fstat(fd, &st) < 0) {
		int saved = errno;

		fd_close(dir);
		fd_close(fd);
		return err_set_errno(err, CALLGATE_E_IO, saved, path, "cannot stat '%s'", name);
	}
	complaint = component_complaint(dir, fd, &st);
	fd_close(dir);
	if (!complaint && !(flags & O_DIRECTORY) && !S_ISREG(st.st_mode))
		complaint = "is not a regular file";
	/* A sticky directory protects what is in it only from others' renames: the file itself must not sit there. */
	if (complaint) {
		fd_close(fd);
		return untrusted(err, path, name, complaint);
	}
	*out = fd;
	return 0;
}

/* Walks to the directory that path's last component is in; copy holds the path cut up, *name points into it. */
static int walk(const char *path, char copy[PATH_MAX], char **name, int *out, struct callgate_err *err)
{
	const char *complaint;
	struct stat st;
	char *at = copy;
	int dir, r;

	if (strlen(path) >= PATH_MAX)
		return err_set_errno(err, CALLGATE_E_IO, ENAMETOOLONG, path, "cannot open");
	memcpy(copy, path, strlen(path) + 1);
	dir = open_component(AT_FDCWD, copy[0] == '/' ? "/" : ".", O_RDONLY | O_DIRECTORY);
	if (dir < 0 || fstat(dir, &st) < 0) {
		fd_close(dir);
		return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot open the first directory");
	}
	complaint = trust_complaint(dir, &st);
	if (complaint) {
		fd_close(dir);
		return untrusted(err, path, copy[0] == '/' ? "/" : ".", complaint);
	}
	for (;;) {
		while (*at == '/')
			at++;
		*name = at;
		at += strcspn(at, "/");
		if (*at == '\0')
			break;
		*at++ = '\0';
		if (strcmp(*name, ".") == 0)
			continue;
		r = step(dir, *name, O_RDONLY | O_DIRECTORY, path, &dir, err);
		if (r < 0)
			return r;
	}
	*out = dir;
	return 0;
}

int fd_open_trusted(const char *path, int *out, struct callgate_err *err)
{
	char copy[PATH_MAX], *name;
	int dir, r = walk(path, copy, &name, &dir, err);

	if (r < 0)
		return r;
	if (*name == '\0') {
		fd_close(dir);
		return err_set_errno(err, CALLGATE_E_IO, EISDIR, path, "cannot read");
	}
	if (is_open_to_all(dir)) {
		fd_close(dir);
		return untrusted(err, path, name, "sits in a directory that everybody can write");
	}
	/* O_NONBLOCK: a FIFO in place of the file must not hang a hook. */
	return step(dir, name, O_RDONLY | O_NONBLOCK, path, out, err);
}

/* A directory to write into: no more trusting than one to read from. */
int fd_check_directory(const char *path, struct callgate_err *err)
{
	char copy[PATH_MAX], *name;
	int dir, r = walk(path, copy, &name, &dir, err);

	if (r < 0)
		return r;
	if (*name)
		r = step(dir, name, O_RDONLY | O_DIRECTORY, path, &dir, err);
	if (r < 0)
		return r;
	if (is_open_to_all(dir))
		r = untrusted(err, path, path, "is writable by everybody");
	fd_close(dir);
	return r;
}

static int write_all(int fd, const char *at, size_t size)
{
	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

enum durability { DURABLE, FLEETING };
#define ANY_GROUP ((gid_t)-1)

/* What is written, and how it shall look. */
struct written {
	struct slice bytes;
	unsigned mode;
	gid_t group;
	enum durability durability;
};

static int fill(int fd, const struct written *what)
{
	struct stat st;

	if (write_all(fd, what->bytes.at, what->bytes.size) < 0 || fchmod(fd, (mode_t)what->mode) < 0)
		return -1;
	if (what->group != ANY_GROUP &&
	    (fstat(fd, &st) < 0 || (st.st_gid != what->group && fchown(fd, (uid_t)-1, what->group) < 0)))
		return -1;
	return what->durability == DURABLE ? fsync(fd) : 0;
}

/* name: in the directory that dir is, or a path with AT_FDCWD. */
static int write_beside(int dir, const char *name, const struct written *what, struct callgate_err *err)
{
	char temp[PATH_MAX];
	int fd, saved;

	if (snprintf(temp, sizeof(temp), "%s.%ld.tmp", name, (long)getpid()) >= (int)sizeof(temp))
		return err_set_errno(err, CALLGATE_E_IO, ENAMETOOLONG, name, "cannot write");
	unlinkat(dir, temp, 0); /* only a process of this very pid can have left it */
	do
		fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)what->mode);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return err_set_errno(err, CALLGATE_E_IO, errno, name, "cannot create a file beside it");
	if (fill(fd, what) < 0) {
		saved = errno;
		fd_close(fd);
		unlinkat(dir, temp, 0);
		return err_set_errno(err, CALLGATE_E_IO, saved, name, "cannot write");
	}
	if (close(fd) < 0 || renameat(dir, temp, dir, name) < 0) {
		saved = errno;
		unlinkat(dir, temp, 0);
		return err_set_errno(err, CALLGATE_E_IO, saved, name, "cannot put it in place");
	}
	return 0;
}

int fd_write_atomic(const char *path, const void *bytes, size_t size, unsigned mode, struct callgate_err *err)
{
	const struct written what = { { bytes, size }, mode, ANY_GROUP, DURABLE };

	return write_beside(AT_FDCWD, path, &what, err);
}

int fd_write_fleeting(const char *path, const void *bytes, size_t size, unsigned mode, struct callgate_err *err)
{
	const struct written what = { { bytes, size }, mode, ANY_GROUP, FLEETING };

	return write_beside(AT_FDCWD, path, &what, err);
}

int fd_write_in(int dir, const char *name, const struct stat *like, struct slice bytes, struct callgate_err *err)
{
	const struct written what = { bytes, like->st_mode & 0777, like->st_gid, DURABLE };

	return write_beside(dir, name, &what, err);
}

int fd_make_dir(const char *path, unsigned mode, struct callgate_err *err)
{
	char copy[PATH_MAX];

	if (strlen(path) >= sizeof(copy))
		return err_set_errno(err, CALLGATE_E_IO, ENAMETOOLONG, path, "cannot make a directory");
	memcpy(copy, path, strlen(path) + 1);
	for (char *at = copy + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, (mode_t)mode) < 0 && errno != EEXIST)
			return err_set_errno(err, CALLGATE_E_IO, errno, copy, "cannot make a directory");
		*at = '/';
	}
	if (mkdir(copy, (mode_t)mode) < 0 && errno != EEXIST)
		return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot make a directory");
	return fd_check_directory(path, err);
}
