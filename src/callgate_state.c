/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk for state files and trusted files: checks arguments, calls rooms. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/source.h"
#include "runtime/state.h"

static int missing(struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_ARG, "a required argument is NULL");
}

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
