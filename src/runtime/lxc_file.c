/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An LXC container's configuration as a file: read without waiting, and written anew in the directory that it was read
 * in. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/source.h"
#include "runtime/hooks.h"

static int cannot_read(const char *path, int errnum, struct callgate_err *err)
{
	return err_set_errno(err, CALLGATE_E_IO, errnum, path, "cannot read the container's configuration");
}

/* A descriptor, or an error. */
static int open_in_directory(struct callgate_lxc_file *file, const char *path, struct callgate_err *err)
{
	char full[PATH_MAX], *slash;
	int fd;

	/* A link is followed: what it points to is what LXC reads. */
	if (!realpath(path, full))
		return cannot_read(path, errno, err);
	slash = strrchr(full, '/');
	if (strlen(slash + 1) >= sizeof(file->name))
		return cannot_read(path, ENAMETOOLONG, err);
	strcpy(file->name, slash + 1);
	*slash = '\0';
	snprintf(file->place, sizeof(file->place), "%s", full[0] ? full : "/");
	file->directory = open(file->place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* O_NONBLOCK: a FIFO in its place must not keep us waiting. */
	fd = file->directory < 0
		     ? -1
		     : openat(file->directory, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? cannot_read(path, errno, err) : fd;
}

static int read_text(struct callgate_lxc_file *file, int fd, const char *path, struct callgate_err *err)
{
	static const struct fd_owner nobody_else = { 0, 0 };
	struct source source;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return cannot_read(path, errno, err);
	if (!S_ISREG(st.st_mode)) {
		err_set(err, CALLGATE_E_FORMAT, "the container's configuration is not a regular file");
		err_set_place(err, path, 0, 0);
		return CALLGATE_E_FORMAT;
	}
	r = source_read_open(fd, path, &source, err);
	if (r < 0)
		return r;
	file->text = malloc(source.size + 1);
	if (file->text) {
		memcpy(file->text, source.text, source.size);
		file->text[source.size] = '\0';
	}
	file->size = source.size;
	file->stat = st;
	file->complaint = fd_complaint(fd, &st, &nobody_else);
	source_release(&source);
	return file->text ? 0 : err_nomem(err);
}

int callgate_lxc_file_read(const char *path, struct callgate_lxc_file *out, struct callgate_err *err)
{
	int fd, r;

	if (!path || !out)
		return err_missing(err);
	*out = (struct callgate_lxc_file)CALLGATE_LXC_FILE_INIT;
	fd = open_in_directory(out, path, err);
	r = fd < 0 ? fd : read_text(out, fd, path, err);
	if (fd >= 0)
		fd_close(fd);
	if (r < 0)
		callgate_lxc_file_release(out);
	return r;
}

void callgate_lxc_file_release(struct callgate_lxc_file *file)
{
	fd_close(file->directory);
	free(file->text);
	*file = (struct callgate_lxc_file)CALLGATE_LXC_FILE_INIT;
}

/* LXC gives the directory of a container that root has made with mapped ids to the container's root, who has no
 * business there. Then the directories above must be root's, and the file too, by no second name. */
static bool is_of_mapped_root(const struct callgate_lxc_file *file, int64_t root_uid)
{
	char above[PATH_MAX];
	struct stat st;

	if (geteuid() != 0 || file->stat.st_uid != 0 || file->stat.st_nlink != 1 || root_uid <= 0 ||
	    fstat(file->directory, &st) < 0 || st.st_uid != (uid_t)root_uid || (st.st_mode & S_IWOTH))
		return false;
	snprintf(above, sizeof(above), "%s", file->place);
	*strrchr(above, '/') = '\0';
	return fd_check_directory(above[0] ? above : "/", NULL) == 0;
}

/* What somebody has written since would be lost. */
static bool has_changed(const struct callgate_lxc_file *file)
{
	const struct stat *was = &file->stat;
	struct stat is;

	return fstatat(file->directory, file->name, &is, AT_SYMLINK_NOFOLLOW) < 0 || is.st_ino != was->st_ino ||
	       is.st_dev != was->st_dev || is.st_size != was->st_size || is.st_mtim.tv_sec != was->st_mtim.tv_sec ||
	       is.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
}

int callgate_lxc_file_write(const struct callgate_lxc_file *file, const char *text, size_t size, int64_t root_uid,
			    struct callgate_err *err)
{
	int r;

	if (!file || file->directory < 0 || (!text && size))
		return err_missing(err);
	if (file->complaint) {
		err_set(err, CALLGATE_E_UNTRUSTED, "'%s' %s", file->name, file->complaint);
		err_set_place(err, file->place, 0, 0);
		return CALLGATE_E_UNTRUSTED;
	}
	r = fd_check_directory(file->place, err);
	if (r == CALLGATE_E_UNTRUSTED && is_of_mapped_root(file, root_uid))
		r = 0;
	if (r < 0)
		return r;
	if (has_changed(file)) {
		err_set(err, CALLGATE_E_IO, "'%s' has been changed meanwhile; nothing is written", file->name);
		err_set_place(err, file->place, 0, 0);
		return CALLGATE_E_IO;
	}
	return fd_write_in(file->directory, file->name, &file->stat, (struct slice){ text, size }, err);
}
