/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * linux.seccomp for a runtime that compiles it itself: written, read back as that runtime reads it, and never looser.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "names/syscall.h"
#include "runtime/hooks.h"
#include "write/oci.h"
#include "write/text.h"

static int refuse(const struct callgate_difference *row, struct callgate_err *err)
{
	char call[128];

	return err_set(err, CALLGATE_E_MISMATCH, "the runtime would permit more than the profile: %s",
		       callgate_difference_call(row, call, sizeof(call)));
}

static bool is_multiplexer(int id)
{
	return strcmp(syscall_id_name(id), "socketcall") == 0 || strcmp(syscall_id_name(id), "ipc") == 0;
}

/* Writing for one runtime; strict: one byte per row of the table of system calls. */
struct writing {
	const struct callgate_choice *choice;
	const struct callgate_target *reader;
	uint32_t flags;
	uint8_t *strict;
	struct callgate_err *err;
};

/* What libseccomp would make of the rules cannot be foreseen: as a rule those for a multiplexer and for its members,
 * which meet on one number. One more multiplexer is closed; false: both are. */
static bool close_multiplexer(struct writing *writing)
{
	for (int id = syscall_count() - 1; id >= 0; id--) /* socketcall, whose members profiles name, comes first */
		if (is_multiplexer(id) && writing->strict[id] != OCI_STRICT_CLOSED) {
			writing->strict[id] = OCI_STRICT_CLOSED;
			return true;
		}
	return false;
}

/* One step stricter; false: there is none. A multiplexer that libseccomp opens for one of its members is closed. */
static bool tighten(const struct writing *writing, int id)
{
	uint8_t most = id != SYSCALL_NONE && is_multiplexer(id) ? OCI_STRICT_CLOSED : OCI_STRICT_YES;

	if (id == SYSCALL_NONE || writing->strict[id] >= most)
		return false;
	writing->strict[id] = most == OCI_STRICT_CLOSED ? most : writing->strict[id] + 1;
	return true;
}

/* What the runtime would read that permits more is written more strictly, or else refused. *again: the text has to be
 * written anew. */
static int find_looser(struct writing *writing, const struct callgate_text *text, bool *again)
{
	const struct callgate_difference *row;
	struct callgate_diff *diff = NULL;
	int r = callgate_filter_diff(writing->choice->filter, text->filter, 0, &diff, writing->err);

	*again = false;
	for (size_t i = 0; r == 0 && (row = callgate_diff_at(diff, i)); i++) {
		int id = row->first == row->last ? syscall_by_nr(row->witness.abi, row->first) : SYSCALL_NONE;

		if (!callgate_difference_opens(row))
			continue;
		if (tighten(writing, id))
			*again = true;
		else
			r = refuse(row, writing->err);
	}
	callgate_diff_free(diff);
	return r;
}

static int write_once(const struct writing *writing, struct callgate_text **out)
{
	struct oci_wish wish = { .policy = writing->choice->policy,
				 .strict = writing->strict,
				 .flags = writing->flags,
				 .added = writing->flags };
	struct callgate_text *text = text_new();
	struct text bytes = { 0 };
	int r;

	if (!text)
		return err_nomem(writing->err);
	r = oci_write(writing->choice->filter, &wish, &bytes, writing->err);
	if (r == 0)
		bytes.size--; /* the line end: this is a value in a document */
	if (r == 0)
		r = text_take(&bytes, &text->bytes, &text->size, writing->err);
	text_release(&bytes);
	if (r == 0)
		r = text_read_back(text, "what is written for the runtime", writing->reader, writing->err);
	if (r < 0)
		callgate_text_free(text);
	else
		*out = text;
	return r;
}

int callgate_oci_write(const struct callgate_choice *choice, const struct callgate_target *reader, uint32_t flags,
		       struct callgate_text **out, struct callgate_err *err)
{
	struct writing writing = { .choice = choice, .reader = reader, .flags = flags, .err = err };
	struct callgate_text *text = NULL;
	bool again = true;
	int r = 0;

	REQUIRE(err, choice && reader && out && choice->filter);
	writing.strict = calloc((size_t)syscall_count(), 1);
	if (!writing.strict)
		return err_nomem(err);
	while (r == 0 && again) {
		text = callgate_text_free(text);
		r = write_once(&writing, &text);
		if (r == 0)
			r = find_looser(&writing, text, &again);
		else if (r == CALLGATE_E_UNSUPPORTED && close_multiplexer(&writing))
			r = 0;
	}
	free(writing.strict);
	if (r < 0)
		callgate_text_free(text);
	else
		*out = text;
	return r;
}
