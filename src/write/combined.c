/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Combined: a filter that no profile was written for, as a profile. It is written, read back as its reader does, and
 * compared; a name on which the text would permit more is written again, more strictly, until none is left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/sized.h"
#include "base/text.h"
#include "names/syscall.h"
#include "names/words.h"
#include "write/oci.h"
#include "write/text.h"

enum { ROUNDS = 12, ROW_LIMIT = 1 << 16 };

struct writing {
	const struct callgate_filter *filter;
	const struct callgate_writing *how;
	uint8_t *strict; /* enum oci_strict per name */
	struct callgate_text *text;
	struct callgate_err *err;
};

/* ------------------------------------------------------------------ what is wrong with the text */

static int refuse(const struct writing *writing, const struct callgate_difference *row)
{
	const char *name = callgate_syscall_name(row->witness.abi, row->first), *abi = callgate_abi_name(row->abi);
	char a[48], b[48], number[24];

	snprintf(number, sizeof(number), "%u", row->first);
	callgate_action_format(row->a, a, sizeof(a));
	callgate_action_format(row->b, b, sizeof(b));
	return err_set(writing->err, CALLGATE_E_UNSUPPORTED,
		       "the format cannot say this filter: %s on %s would get %s instead of %s", name ? name : number,
		       abi ? abi : "other architectures", b, a);
}

/* One step stricter; false: there is none. */
static bool tighten(const struct writing *writing, int id)
{
	if (id == SYSCALL_NONE || (writing->strict[id] & ~OCI_ENOSYS_SAID) == OCI_STRICT_SAID)
		return false;
	writing->strict[id]++;
	return true;
}

/* The names of a row on which the text permits more. *changed: something can be done. */
static int tighten_row(const struct writing *writing, const struct callgate_difference *row, bool *changed)
{
	bool any = false;

	for (uint32_t nr = row->first; row->abi != CALLGATE_ABI_NONE && nr - row->first < ROW_LIMIT; nr++) {
		any |= tighten(writing, syscall_by_nr(row->abi, nr));
		if (nr == row->last)
			break;
	}
	*changed |= any;
	return any ? 0 : refuse(writing, row);
}

/* Names whose ENOSYS the reader would not add by itself, because the text names higher ones or has another default, get
 * a rule for it. True: some had none. */
static bool say_enosys(const struct writing *writing, const struct callgate_difference *row)
{
	bool any = false;

	if (writing->how->format == CALLGATE_FORMAT_LXC || row->abi == CALLGATE_ABI_NONE || row->depends_a ||
	    row->a.kind != CALLGATE_ERRNO || row->a.data != ERRNO_ENOSYS)
		return false;
	for (uint32_t nr = row->first; nr - row->first < ROW_LIMIT; nr++) {
		int id = syscall_by_nr(row->abi, nr);

		if (id != SYSCALL_NONE && !(writing->strict[id] & OCI_ENOSYS_SAID)) {
			writing->strict[id] |= OCI_ENOSYS_SAID;
			any = true;
		}
		if (nr == row->last)
			break;
	}
	return any;
}

static bool is_wrong(const struct writing *writing, const struct callgate_difference *row)
{
	if (row->change == CALLGATE_UNKNOWN || row->looser)
		return true;
	return writing->how->side == CALLGATE_SIDE_EXACT && row->tighter;
}

/* Compares. *again: names were made stricter, and the text has to be written anew. */
static int compare(struct writing *writing, bool *again)
{
	struct callgate_diff *diff = NULL;
	int r = callgate_filter_diff(writing->filter, writing->text->filter, 0, &diff, writing->err);

	*again = false;
	for (size_t i = 0; r == 0 && i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *row = callgate_diff_at(diff, i);

		if (say_enosys(writing, row)) {
			*again = true;
			continue;
		}
		if (!is_wrong(writing, row))
			continue;
		if (writing->how->side == CALLGATE_SIDE_EXACT || row->change == CALLGATE_UNKNOWN)
			r = refuse(writing, row);
		else
			r = tighten_row(writing, row, again);
	}
	if (r == 0 && !*again)
		r = text_keep_losses(writing->text, diff, writing->err);
	callgate_diff_free(diff);
	return r;
}

/* ------------------------------------------------------------------ the formats */

static int write_once(struct writing *writing, bool *again)
{
	struct callgate_err why = CALLGATE_ERR_INIT;
	struct text out = { 0 };
	int r;

	writing->text = callgate_text_free(writing->text);
	writing->text = text_new();
	if (!writing->text)
		return err_nomem(writing->err);
	r = oci_write(writing->filter, &(struct oci_wish){ .strict = writing->strict, .flags = UINT32_MAX }, &out,
		      writing->err);
	if (r == 0)
		r = text_take(&out, &writing->text->bytes, &writing->text->size, writing->err);
	text_release(&out);
	if (r < 0)
		return r;
	r = text_read_back(writing->text, "the text written", &writing->how->target, &why);
	/* A filter does not know who listens, and of two listeners one would have to be chosen. */
	if (r == CALLGATE_E_PROFILE && strstr(writing->text->bytes, "\"SCMP_ACT_NOTIFY\""))
		return err_set(writing->err, CALLGATE_E_UNSUPPORTED,
			       "the result has SCMP_ACT_NOTIFY, which needs a listenerPath, and the sources' listeners "
			       "are not carried over; give the calls another action first");
	if (r == CALLGATE_E_PROFILE || r == CALLGATE_E_UNSUPPORTED)
		return err_set(writing->err, CALLGATE_E_UNSUPPORTED, "the format cannot say this filter: %s", why.text);
	return r < 0 ? err_set(writing->err, r, "%s", why.text) : compare(writing, again);
}

static int write_json(struct writing *writing)
{
	bool again = true;
	int r = 0;

	for (unsigned i = 0; i < ROUNDS && again && r == 0; i++)
		r = write_once(writing, &again);
	if (r == 0 && again)
		r = err_set(writing->err, CALLGATE_E_UNSUPPORTED,
			    "the format cannot say this filter, nor anything stricter that is near");
	return r;
}

static int write_lxc(struct writing *writing)
{
	bool again;
	int r = callgate_lxc_write(writing->filter, &writing->how->target, CALLGATE_LXC_NEVER_LOOSER, &writing->text,
				   writing->err);

	/* Its losses are listed already. */
	return r < 0 || writing->how->side != CALLGATE_SIDE_EXACT ? r : compare(writing, &again);
}

int callgate_filter_write(const struct callgate_filter *filter, const struct callgate_writing *how,
			  struct callgate_text **out, struct callgate_err *err)
{
	struct callgate_writing known;
	struct writing writing = { .filter = filter, .how = &known, .err = err };
	int r;

	REQUIRE(err, filter && how && out);
	r = sized_in(&known, sizeof(known), how, err);
	if (r < 0)
		return r;
	if ((unsigned)known.format > CALLGATE_FORMAT_LXC)
		return err_set(err, CALLGATE_E_ARG, "unknown format");
	writing.strict = calloc((size_t)syscall_count(), 1);
	if (!writing.strict)
		return err_nomem(err);
	r = known.format == CALLGATE_FORMAT_LXC ? write_lxc(&writing) : write_json(&writing);
	free(writing.strict);
	if (r < 0) {
		callgate_text_free(writing.text);
		return r;
	}
	*out = writing.text;
	return 0;
}
