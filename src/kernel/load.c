/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loading a filter into the calling thread: prctl(2) for no_new_privs, seccomp(2) for the program, no second attempt.
 */
#include "kernel/load.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "kernel/load_witness.h"

int kernel_has_admin(bool *out, struct callgate_err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot read the capabilities");
	*out = data[CAP_SYS_ADMIN / 32].effective & 1u << CAP_SYS_ADMIN % 32;
	return 0;
}

int kernel_set_nnp(enum callgate_nnp nnp, struct callgate_err *err)
{
	bool admin = false;
	int r;

	if (nnp == CALLGATE_NNP_NO)
		return 0;
	if (nnp == CALLGATE_NNP_AUTO) {
		r = kernel_has_admin(&admin, err);
		if (r < 0 || admin)
			return r;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot set no_new_privs");
	return 0;
}

int kernel_load_failed(const struct callgate_prog *prog, int saved, uint32_t flags, struct callgate_err *err)
{
	if (saved == EACCES)
		return err_set(err, CALLGATE_E_PERM,
			       "a filter needs no_new_privs or CAP_SYS_ADMIN, and the thread has neither");
	if (saved == ENOSYS)
		return err_set_errno(err, CALLGATE_E_UNSUPPORTED, saved, NULL, "the kernel has no seccomp(2)");
	if (saved == EINVAL)
		return err_set_errno(err, CALLGATE_E_UNSUPPORTED, saved, NULL,
				     "the kernel refuses the program of %u instructions with flags 0x%x", prog->count,
				     (unsigned)flags);
	if (saved == ENOMEM)
		return err_set_errno(err, CALLGATE_E_LIMIT, saved, NULL, "no room for another filter on this thread");
	return err_set_errno(err, CALLGATE_E_KERNEL, saved, NULL, "cannot load the filter");
}

int kernel_load_diverged(long tid, struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_KERNEL, "thread %ld has filters of its own: nothing was loaded", tid);
}

static bool asks_listener(const struct callgate_prog *prog)
{
	for (unsigned i = 0; i < prog->count; i++)
		if (prog->insns[i].code == (BPF_RET | BPF_K) &&
		    (prog->insns[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

int kernel_load_check(const struct callgate_prog *prog, struct callgate_err *err)
{
	if (prog->count == 0 || prog->count > PROG_LIMIT)
		return err_set(err, CALLGATE_E_ARG, "a program has 1 to %d instructions, this one %u", PROG_LIMIT,
			       prog->count);
	if ((prog->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) || asks_listener(prog))
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "the program needs a listener (NOTIFY), and there would be none");
	return 0;
}

int callgate_prog_load(const struct callgate_prog *prog, enum callgate_nnp nnp, struct callgate_err *err)
{
	struct load_witness witness;
	struct sock_fprog program;
	long tid;
	int r;

	REQUIRE(err, prog);
	r = kernel_load_check(prog, err);
	if (r < 0)
		return r;
	program =
		(struct sock_fprog){ .len = (unsigned short)prog->count, .filter = (struct sock_filter *)prog->insns };
	r = kernel_set_nnp(nnp, err);
	if (r == 0)
		r = load_witness_open(&witness, prog, err);
	if (r < 0)
		return r;
	tid = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, prog->flags, &program);
	if (tid == 0)
		return load_witness_check(&witness, err);
	r = tid < 0 ? kernel_load_failed(prog, errno, prog->flags, err) : kernel_load_diverged(tid, err);
	load_witness_abandon(&witness);
	return r;
}
