/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether anybody but root and the caller could change which file a path names or what is in it, links included. */
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
#include "base/private.h"
#include "runtime/hooks.h"

enum { LINKS = 40 };

static int distrust(const char *path, const char *component, const char *why, struct callgate_err *err)
{
	err_set(err, CALLGATE_E_UNTRUSTED,
		"'%s' %s: root loads no profile that others can change ('--profile -' takes it from standard input)",
		component, why);
	err_set_place(err, path, 0, 0);
	return CALLGATE_E_UNTRUSTED;
}

static int cannot_look(const char *path, const char *component, struct callgate_err *err)
{
	return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot open '%s'", component);
}

/* A link's own mode says nothing: who owns it may replace it where the directory is sticky. */
static bool is_foreign(const struct stat *link, const struct fd_owner *also)
{
	return link->st_uid != 0 && link->st_uid != geteuid() && link->st_uid != also->uid;
}

/* One directory on the way, or the file at the end. */
static int check_one(const char *path, const char *component, const struct fd_owner *also, struct callgate_err *err)
{
	int fd = open(component, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	const char *complaint;
	struct stat st;

	if (fd < 0)
		return cannot_look(path, component, err);
	complaint = fstat(fd, &st) < 0 ? "cannot be looked at" : fd_complaint(fd, &st, also);
	fd_close(fd);
	return complaint ? distrust(path, component, complaint, err) : 0;
}

/* at with a link, which ends before rest, taken for what it names: 0 or -1, errno being set. */
static int follow(char at[PATH_MAX], size_t end)
{
	char target[PATH_MAX], next[PATH_MAX], component[PATH_MAX];
	ssize_t size;
	size_t kept = end;
	int written;

	snprintf(component, sizeof(component), "%.*s", (int)end, at);
	size = readlink(component, target, sizeof(target) - 1);
	if (size < 0)
		return -1;
	target[size] = '\0';
	while (kept && component[kept - 1] != '/')
		kept--;
	written =
		snprintf(next, sizeof(next), "%.*s%s%s", target[0] == '/' ? 0 : (int)kept, component, target, at + end);
	if (written < 0 || written >= (int)sizeof(next)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(at, next, (size_t)written + 1);
	return 0;
}

/* Checks what is in front of the next link; *link is where that ends, 0 when there is none left. */
static int check_to_link(const char *path, const char *at, const struct fd_owner *also, size_t *link,
			 struct callgate_err *err)
{
	char component[PATH_MAX];
	struct stat st;
	int r = check_one(path, at[0] == '/' ? "/" : ".", also, err);

	for (size_t end = 0; r == 0 && at[end];) {
		end += strspn(at + end, "/");
		end += strcspn(at + end, "/");
		snprintf(component, sizeof(component), "%.*s", (int)end, at);
		if (lstat(component, &st) < 0)
			return cannot_look(path, component, err);
		if (S_ISLNK(st.st_mode)) {
			*link = end;
			return is_foreign(&st, also) ? distrust(path, component, "is another user's symbolic link", err)
						     : 0;
		}
		r = S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) ? check_one(path, component, also, err) : 0;
	}
	*link = 0;
	return r;
}

/* Who called sudo could do as root whatever he likes. */
static unsigned sudo_id(const char *name)
{
	const char *text = getenv(name);
	char *end;
	unsigned long id = text ? strtoul(text, &end, 10) : 0;

	return text && end != text && !*end && id < UINT_MAX ? (unsigned)id : 0;
}

int callgate_file_check_root(const char *path, struct callgate_err *err)
{
	static const char *const own[] = { "/dev/fd/", "/dev/stdin", "/proc/self/fd/" };
	const struct fd_owner also = { sudo_id("SUDO_UID"), sudo_id("SUDO_GID") };
	char at[PATH_MAX];
	size_t link = 0;
	int r;

	/* In another user namespace the host's files belong to an id that has no name there, whoever may write them. */
	if (geteuid() != 0 || !callgate_is_first_user_namespace() || strcmp(path, "-") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strncmp(path, own[i], strlen(own[i])) == 0)
			return 0;
	if (strlen(path) >= sizeof(at))
		return err_set_errno(err, CALLGATE_E_IO, ENAMETOOLONG, path, "cannot open");
	memcpy(at, path, strlen(path) + 1);
	for (unsigned i = 0; i < LINKS; i++) {
		r = check_to_link(path, at, &also, &link, err);
		if (r < 0 || !link)
			return r;
		if (follow(at, link) < 0)
			return cannot_look(path, path, err);
	}
	errno = ELOOP;
	return cannot_look(path, path, err);
}
