/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Confine: a profile on the caller itself, all of its threads, in one call. */
#include <linux/seccomp.h>

#include "base/err.h"
#include "bpf/prog.h"
#include "callgate.h"

static int compile_for_self(const char *path, struct callgate_prog **out, struct callgate_notes *notes,
			    struct callgate_err *err)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	int r = callgate_target_host(&target, err);

	if (r == 0)
		r = callgate_policy_read(path, &policy, notes, err);
	if (r == 0)
		r = callgate_filter_resolve(policy, &target, &filter, notes, err);
	if (r == 0)
		r = callgate_filter_compile(filter, out, err);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return r;
}

int callgate_confine_self(const char *path, struct callgate_notes *notes, struct callgate_err *err)
{
	struct callgate_prog *prog;
	int r;

	REQUIRE(err, path);
	r = compile_for_self(path, &prog, notes, err);
	if (r < 0)
		return r;
	prog->flags |= SECCOMP_FILTER_FLAG_TSYNC;
	r = callgate_prog_load(prog, CALLGATE_NNP_AUTO, err);
	callgate_prog_free(prog);
	return r;
}
