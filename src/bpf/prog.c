/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prog: making and releasing programs. */
#include "bpf/prog.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int prog_new(const struct sock_filter *insns, unsigned count, struct callgate_prog **out, struct callgate_err *err)
{
	struct callgate_prog *prog;

	if (!count || count > PROG_LIMIT)
		return err_set(err, CALLGATE_E_LIMIT, "a program has 1 to %d instructions, not %u", PROG_LIMIT, count);
	prog = malloc(sizeof(*prog) + count * sizeof(*insns));
	if (!prog)
		return err_nomem(err);
	*prog = (struct callgate_prog){ .count = count, .big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };
	memcpy(prog->insns, insns, count * sizeof(*insns));
	*out = prog;
	return 0;
}

struct callgate_prog *callgate_prog_free(struct callgate_prog *prog)
{
	free(prog);
	return NULL;
}
