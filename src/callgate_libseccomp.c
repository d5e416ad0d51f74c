/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk for the second back end: libseccomp's program is checked and proved like our own. */
#include "base/err.h"
#include "bpf/lower_libseccomp.h"
#include "callgate.h"
#include "filter/filter.h"

int callgate_filter_compile_libseccomp(const struct callgate_filter *filter, unsigned seconds,
				       struct callgate_prog **out, struct callgate_err *err)
{
	struct callgate_prog *prog = NULL;
	int r;

	if (!filter || !out)
		return err_set(err, CALLGATE_E_ARG, "no filter to compile");
	r = prog_lower_libseccomp(filter, seconds ? seconds : CALLGATE_LIBSECCOMP_SECONDS, &prog, err);
	if (r)
		return r;
	r = prog_prove(prog, filter, err);
	if (r) {
		callgate_prog_free(prog);
		return r;
	}
	*out = prog;
	return 0;
}
