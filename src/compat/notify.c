/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notify: what a supervisor does with the listener of a filter. */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat/context.h"
#include "compat/kernel.h"

/* Before Linux 5.10.2 the number of ID_VALID said the wrong direction; such kernels know only that one. */
#define ID_VALID_BEFORE SECCOMP_IOR(2, uint64_t)

/* As the running kernel has them: never smaller than what callers were built with. */
static int notif_sizes(struct seccomp_notif_sizes *sizes)
{
	if (!kernel_has_call())
		return -EOPNOTSUPP;
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, sizes) < 0)
		return -ECANCELED;
	if (sizes->seccomp_notif < sizeof(struct seccomp_notif))
		sizes->seccomp_notif = sizeof(struct seccomp_notif);
	if (sizes->seccomp_notif_resp < sizeof(struct seccomp_notif_resp))
		sizes->seccomp_notif_resp = sizeof(struct seccomp_notif_resp);
	return 0;
}

int seccomp_notify_alloc(struct seccomp_notif **req, struct seccomp_notif_resp **resp)
{
	struct seccomp_notif_sizes sizes;
	int r;

	kernel_level();
	r = notif_sizes(&sizes);
	if (r < 0)
		return r;
	if (req) {
		*req = calloc(1, sizes.seccomp_notif);
		if (!*req)
			return -ENOMEM;
	}
	if (!resp)
		return 0;
	*resp = calloc(1, sizes.seccomp_notif_resp);
	if (*resp)
		return 0;
	if (req) {
		free(*req);
		*req = NULL;
	}
	return -ENOMEM;
}

void seccomp_notify_free(struct seccomp_notif *req, struct seccomp_notif_resp *resp)
{
	free(req);
	free(resp);
}

int seccomp_notify_receive(int fd, struct seccomp_notif *req)
{
	if (!kernel_takes_action(SECCOMP_RET_USER_NOTIF))
		return -EOPNOTSUPP;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, req) < 0 ? -ECANCELED : 0;
}

int seccomp_notify_respond(int fd, struct seccomp_notif_resp *resp)
{
	if (!kernel_takes_action(SECCOMP_RET_USER_NOTIF))
		return -EOPNOTSUPP;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, resp) < 0 ? -ECANCELED : 0;
}

int seccomp_notify_id_valid(int fd, uint64_t id)
{
	int r;

	kernel_level();
	if (!kernel_takes_action(SECCOMP_RET_USER_NOTIF))
		return -EOPNOTSUPP;
	r = ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
	if (r < 0 && errno == EINVAL)
		r = ioctl(fd, ID_VALID_BEFORE, &id);
	return r < 0 ? -ENOENT : 0;
}

/* The descriptor's number in the process that was notified of. */
int seccomp_notify_addfd(int fd, struct seccomp_notif_addfd *addfd)
{
	int r;

	if (!kernel_takes_action(SECCOMP_RET_USER_NOTIF))
		return -EOPNOTSUPP;
	r = ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, addfd);
	return r < 0 ? -ECANCELED : r;
}

int seccomp_notify_fd(const scmp_filter_ctx ctx)
{
	kernel_level();
	return context_of(ctx) ? kernel_listener() : -EINVAL;
}
