/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel: asked by calls that can only fail. What is found is kept: a filter that is loaded later may hide it. */
#include "compat/kernel.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat/interface.h"

enum { ERRNO_LAST = 4095, DATA = 0xffff };

/* -1: not asked yet. Like libseccomp's, this state belongs to the process and takes no lock. */
static struct {
	int call, tsync, log, spec_allow, new_listener, tsync_esrch, wait_killable;
	int action_log, kill_process, user_notif;
	unsigned level; /* 0: not asked yet */
	int listener;
} known = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, -1 };

void kernel_forget(void)
{
	if (known.listener > 0)
		close(known.listener);
	known.call = known.tsync = known.log = known.spec_allow = known.new_listener = known.tsync_esrch =
		known.wait_killable = -1;
	known.action_log = known.kill_process = known.user_notif = -1;
	known.level = 0;
	known.listener = -1;
}

int kernel_listener(void)
{
	return known.listener;
}

void kernel_set_listener(int fd)
{
	known.listener = fd;
}

/* ------------------------------------------------------------------ questions */

bool kernel_has_call(void)
{
	if (known.call < 0)
		known.call = syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL) < 0 && errno == EINVAL;
	return known.call;
}

static int asks_action(uint32_t action)
{
	return kernel_has_call() && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static int asks_notify(void)
{
	struct seccomp_notif_sizes sizes;

	return kernel_has_call() && syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0;
}

/* A program at address 0 is looked at after the flags. */
static int asks_flag(unsigned flag)
{
	return kernel_has_call() && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

static int *flag_at(unsigned flag)
{
	switch (flag) {
	case SECCOMP_FILTER_FLAG_TSYNC:
		return &known.tsync;
	case SECCOMP_FILTER_FLAG_LOG:
		return &known.log;
	case SECCOMP_FILTER_FLAG_SPEC_ALLOW:
		return &known.spec_allow;
	case SECCOMP_FILTER_FLAG_NEW_LISTENER:
		return &known.new_listener;
	case SECCOMP_FILTER_FLAG_TSYNC_ESRCH:
		return &known.tsync_esrch;
	case FLAG_WAIT_KILLABLE:
		return &known.wait_killable;
	default:
		return NULL;
	}
}

bool kernel_takes_flag(unsigned flag)
{
	int *at = flag_at(flag);

	if (!at)
		return false;
	/* WAIT_KILLABLE means something beside a listener only, and alone is refused. */
	if (*at < 0)
		*at = asks_flag(flag == FLAG_WAIT_KILLABLE ? flag | SECCOMP_FILTER_FLAG_NEW_LISTENER : flag);
	return *at;
}

bool kernel_takes_action(uint32_t action)
{
	switch (action) {
	case SECCOMP_RET_KILL_PROCESS:
		if (known.kill_process < 0)
			known.kill_process = asks_action(action);
		return known.kill_process;
	case SECCOMP_RET_LOG:
		if (known.action_log < 0)
			known.action_log = asks_action(action);
		return known.action_log;
	case SECCOMP_RET_USER_NOTIF:
		if (known.user_notif < 0)
			known.user_notif = asks_notify();
		return known.user_notif;
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_ALLOW:
		return true;
	default:
		return (action & ~(uint32_t)DATA) == SECCOMP_RET_TRACE ||
		       ((action & ~(uint32_t)DATA) == SECCOMP_RET_ERRNO && (action & DATA) < ERRNO_LAST);
	}
}

/* ------------------------------------------------------------------ levels */

unsigned kernel_level(void)
{
	if (known.level)
		return known.level;
	known.level = 1;
	if (!kernel_takes_flag(SECCOMP_FILTER_FLAG_TSYNC))
		return known.level;
	known.level = 2;
	if (!kernel_takes_flag(SECCOMP_FILTER_FLAG_LOG) || !kernel_takes_action(SECCOMP_RET_LOG) ||
	    !kernel_takes_action(SECCOMP_RET_KILL_PROCESS))
		return known.level;
	known.level = 3;
	if (!kernel_takes_flag(SECCOMP_FILTER_FLAG_SPEC_ALLOW))
		return known.level;
	known.level = 4;
	if (!kernel_takes_flag(SECCOMP_FILTER_FLAG_NEW_LISTENER) || !kernel_takes_action(SECCOMP_RET_USER_NOTIF))
		return known.level;
	known.level = 5;
	if (!kernel_takes_flag(SECCOMP_FILTER_FLAG_TSYNC_ESRCH))
		return known.level;
	known.level = kernel_takes_flag(FLAG_WAIT_KILLABLE) ? 7 : 6;
	return known.level;
}

unsigned seccomp_api_get(void)
{
	return kernel_level();
}

int seccomp_api_set(unsigned level)
{
	if (level < 1 || level > 7)
		return -EINVAL;
	known.call = known.tsync = level >= 2;
	known.log = known.action_log = known.kill_process = level >= 3;
	known.spec_allow = level >= 4;
	known.new_listener = known.user_notif = level >= 5;
	known.tsync_esrch = level >= 6;
	known.wait_killable = level >= 7;
	known.level = level;
	return 0;
}

const struct scmp_version *seccomp_version(void)
{
	static const struct scmp_version version = { VERSION_MAJOR, VERSION_MINOR, VERSION_MICRO };

	return &version;
}
