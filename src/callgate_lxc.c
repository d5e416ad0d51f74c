/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk for LXC text, state files and proofs of live tasks: checks arguments, calls rooms. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/source.h"
#include "bpf/prog.h"
#include "filter/digest.h"
#include "filter/write_lxc.h"
#include "kernel/dump.h"
#include "runtime/state.h"

static int missing(struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_ARG, "a required argument is NULL");
}

/* ------------------------------------------------------------------ LXC text */

int callgate_lxc_write(const struct callgate_filter *filter, const struct callgate_target *target,
		       struct callgate_lxc_text **out, struct callgate_err *err)
{
	struct callgate_target installed;

	if (!filter || !target || !out)
		return missing(err);
	if (target->size < sizeof(installed))
		return err_set(err, CALLGATE_E_ARG, "target was not set up with CALLGATE_TARGET_INIT");
	installed = *target;
	if (!installed.libseccomp)
		installed.libseccomp = callgate_libseccomp_release();
	return lxc_write(filter, &installed, out, err);
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

int callgate_filter_digest(const struct callgate_filter *filter, char out[65], struct callgate_err *err)
{
	uint8_t digest[SHA256_SIZE];
	int r;

	if (!filter || !out)
		return missing(err);
	r = filter_digest(filter, digest, err);
	if (r == 0)
		sha256_text(digest, out);
	return r;
}

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

/* ------------------------------------------------------------------ files */

int callgate_state_path(const char *engine, const char *id, char *path, size_t size, struct callgate_err *err)
{
	return engine && id && path ? state_path(engine, id, path, size, err) : missing(err);
}

int callgate_state_write(const struct callgate_state *state, struct callgate_err *err)
{
	if (!state || !state->engine || !state->id)
		return missing(err);
	if (state->size < sizeof(*state))
		return err_set(err, CALLGATE_E_ARG, "state was not set up with CALLGATE_STATE_INIT");
	return state_write(state, err);
}

int callgate_file_write(const char *path, const void *bytes, size_t size, unsigned mode, struct callgate_err *err)
{
	if (!path || (!bytes && size))
		return missing(err);
	if (path[0] != '/')
		return err_set(err, CALLGATE_E_ARG, "'%.200s' is no absolute path", path);
	return state_write_file(path, bytes, size, mode, err);
}

int callgate_file_read_trusted(const char *path, char **out, size_t *size, struct callgate_err *err)
{
	struct source source;
	char *text;
	int r;

	if (!path || !out || !size)
		return missing(err);
	r = source_read(path, SOURCE_TRUSTED, &source, err);
	if (r < 0)
		return r;
	text = malloc(source.size + 1);
	if (text) {
		memcpy(text, source.text, source.size);
		text[source.size] = '\0';
		*size = source.size;
		*out = text;
	}
	source_release(&source);
	return text ? 0 : err_nomem(err);
}
