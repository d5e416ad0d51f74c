/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Apply: a program on every process of a container, whatever it starts meanwhile. */
#ifndef CALLGATE_RUNTIME_APPLY_H
#define CALLGATE_RUNTIME_APPLY_H

#include "bpf/prog.h"

struct apply {
	const struct callgate_prog *prog;
	enum callgate_scope scope;
	pid_t pid;
	struct callgate_inject how;
};

/* As callgate_prog_apply(). */
int apply_all(const struct apply *apply, struct callgate_err *err);

#endif
