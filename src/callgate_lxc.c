/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk for LXC text and proofs of live tasks: checks arguments, calls rooms. */
#include "base/err.h"
#include "bpf/prog.h"
#include "filter/write_lxc.h"
#include "kernel/dump.h"

static int missing(struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_ARG, "a required argument is NULL");
}

/* ------------------------------------------------------------------ LXC text */

int callgate_lxc_write(const struct callgate_filter *filter, const struct callgate_target *target,
		       enum callgate_lxc_bound bound, struct callgate_lxc_text **out, struct callgate_err *err)
{
	struct callgate_target installed;

	if (!filter || !target || !out)
		return missing(err);
	if (target->size < sizeof(installed))
		return err_set(err, CALLGATE_E_ARG, "target was not set up with CALLGATE_TARGET_INIT");
	installed = *target;
	if (!installed.libseccomp)
		installed.libseccomp = callgate_libseccomp_release();
	return lxc_write(filter, &installed, bound, out, err);
}

const char *callgate_lxc_text(const struct callgate_lxc_text *text, size_t *size)
{
	if (size)
		*size = text->size;
	return text->text;
}

size_t callgate_lxc_loss_count(const struct callgate_lxc_text *text)
{
	return text ? text->loss_count : 0;
}

const struct callgate_loss *callgate_lxc_loss_at(const struct callgate_lxc_text *text, size_t index)
{
	return text && index < text->loss_count ? &text->losses[index] : NULL;
}

const struct callgate_filter *callgate_lxc_filter(const struct callgate_lxc_text *text)
{
	return text->filter;
}

struct callgate_lxc_text *callgate_lxc_text_free(struct callgate_lxc_text *text)
{
	return lxc_text_free(text);
}

/* ------------------------------------------------------------------ proofs */

int callgate_task_prove(pid_t tid, const struct callgate_filter *filter, size_t beneath, struct callgate_err *err)
{
	struct callgate_prog **progs;
	size_t count;
	int r;

	if (!filter)
		return missing(err);
	r = callgate_process_dump(tid, &progs, &count, err);
	if (r < 0)
		return r;
	if (count != beneath + 1)
		r = err_set(err, CALLGATE_E_MISMATCH, "process %ld has %zu filters, %zu were expected", (long)tid, count,
			    beneath + 1);
	else
		r = prog_prove(progs[count - 1], filter, err);
	kernel_dump_free(progs, count);
	return r;
}
