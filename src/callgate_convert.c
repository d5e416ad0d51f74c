/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk for profiles written in another format: writes, reads back, compares. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "filter/diff.h"
#include "filter/write_lxc.h"
#include "filter/write_oci.h"
#include "policy/read.h"
#include "policy/write_docker.h"

struct callgate_text {
	char *bytes;
	size_t size;
	struct arena arena;
	struct callgate_loss *losses;
	size_t loss_count;
	struct callgate_lxc_text *lxc; /* then bytes and losses are its */
};

/* ------------------------------------------------------------------ losses */

static const char *answer(struct callgate_text *text, struct callgate_action action, bool depends, bool opaque)
{
	char word[48], said[80];

	callgate_action_format(action, word, sizeof(word));
	if (opaque)
		strcpy(said, "nobody can tell");
	else if (depends)
		snprintf(said, sizeof(said), "%s, by arguments", word);
	else
		strcpy(said, word);
	return arena_strndup(&text->arena, said, strlen(said));
}

static const char *calls_of(struct callgate_text *text, const struct callgate_difference *row)
{
	const char *name = row->first == row->last ? callgate_syscall_name(row->abi, row->first) : NULL;
	char said[64];

	if (name)
		return arena_strndup(&text->arena, name, strlen(name));
	if (row->first == row->last)
		snprintf(said, sizeof(said), "%u", row->first);
	else
		snprintf(said, sizeof(said), "%u-%u", row->first, row->last);
	return arena_strndup(&text->arena, said, strlen(said));
}

static const char *reason(const struct callgate_difference *row)
{
	if (row->abi == CALLGATE_ABI_NONE)
		return "OCI's text says nothing about other architectures";
	if (row->first != row->last || !callgate_syscall_name(row->abi, row->first))
		return "OCI's text reaches no number without a name";
	if (row->a.kind == CALLGATE_TRAP && row->b.kind == CALLGATE_TRAP)
		return "OCI's text has no number for TRAP";
	return "OCI's text cannot say these conditions, or has one rule for all ABIs";
}

static int keep_losses(struct callgate_text *text, const struct callgate_diff *diff, struct callgate_err *err)
{
	text->losses = arena_array(&text->arena, diff->count ? diff->count : 1, sizeof(*text->losses));
	if (!text->losses)
		return err_nomem(err);
	for (size_t i = 0; i < diff->count; i++) {
		const struct callgate_difference *row = &diff->rows[i];
		struct callgate_loss *loss = &text->losses[i];

		*loss = (struct callgate_loss){ .abi = row->abi, .calls = calls_of(text, row), .why = reason(row) };
		loss->profile = answer(text, row->a, row->depends_a, row->opaque_a);
		loss->text = answer(text, row->b, row->depends_b, row->opaque_b);
		if (!loss->calls || !loss->profile || !loss->text)
			return err_nomem(err);
	}
	text->loss_count = diff->count;
	return 0;
}

/* ------------------------------------------------------------------ JSON */

/* The text as our law reads it, for the same target. */
static int read_back(const struct callgate_text *text, const struct callgate_target *target, struct callgate_filter **out,
		     struct callgate_err *err)
{
	struct source source = { .name = "the text written", .text = text->bytes, .size = text->size };
	struct callgate_policy *policy;
	int r = policy_parse(&source, CALLGATE_AS_LAW, &policy, NULL, err);

	if (r < 0)
		return r;
	r = callgate_filter_resolve(policy, target, out, NULL, err);
	callgate_policy_free(policy);
	return r;
}

static int compare(struct callgate_text *text, const struct callgate_filter *filter, struct callgate_target target,
		   struct callgate_err *err)
{
	struct callgate_err why = CALLGATE_ERR_INIT;
	struct callgate_filter *back;
	struct callgate_diff *diff;
	int r;

	/* What the reader dropped is not in the text, or must not be found again in it. */
	if (target.reader != CALLGATE_AS_LAW)
		target.libseccomp = 0;
	target.reader = CALLGATE_AS_LAW;
	if (!oci_has_tail(filter))
		target.enosys = CALLGATE_ENOSYS_NEVER;
	r = read_back(text, &target, &back, &why);
	if (r == CALLGATE_E_PROFILE)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "JSON cannot say this: %s", why.text);
	if (r < 0)
		return err_set(err, r, "%s", why.text);
	r = filter_diff(filter, back, 0, &diff, err);
	callgate_filter_free(back);
	if (r < 0)
		return r;
	r = keep_losses(text, diff, err);
	callgate_diff_free(diff);
	return r;
}

static bool keeps_guards(const struct callgate_policy *policy, enum callgate_format format)
{
	return format == CALLGATE_FORMAT_DOCKER && (policy->dialect == DIALECT_OCI || policy->dialect == DIALECT_DOCKER);
}

static int write_json(const struct callgate_policy *policy, const struct callgate_filter *filter, enum callgate_format format,
		      struct callgate_text *text, struct callgate_err *err)
{
	struct text out = { 0 };
	int r;

	if (keeps_guards(policy, format))
		r = docker_write(policy, &out, err);
	else
		r = oci_write(filter, policy, &out, err);
	if (r < 0) {
		text_release(&out);
		return r;
	}
	return text_take(&out, &text->bytes, &text->size, err);
}

/* ------------------------------------------------------------------ the desk */

int callgate_policy_write(const struct callgate_policy *policy, const struct callgate_target *target, enum callgate_format format,
			  struct callgate_text **out, struct callgate_err *err)
{
	struct callgate_filter *filter;
	struct callgate_text *text;
	int r;

	if (!policy || !target || !out || (unsigned)format > CALLGATE_FORMAT_LXC)
		return err_set(err, CALLGATE_E_ARG, "no policy, target or place for the text, or an unknown format");
	text = calloc(1, sizeof(*text));
	if (!text)
		return err_nomem(err);
	r = callgate_filter_resolve(policy, target, &filter, NULL, err);
	if (r < 0) {
		callgate_text_free(text);
		return r;
	}
	if (format == CALLGATE_FORMAT_LXC)
		r = callgate_lxc_write(filter, target, CALLGATE_LXC_NEVER_LOOSER, &text->lxc, err);
	else
		r = write_json(policy, filter, format, text, err);
	if (r == 0 && format != CALLGATE_FORMAT_LXC)
		r = compare(text, filter, *target, err);
	callgate_filter_free(filter);
	if (r < 0) {
		callgate_text_free(text);
		return r;
	}
	*out = text;
	return 0;
}

const char *callgate_text_bytes(const struct callgate_text *text, size_t *size)
{
	if (text->lxc)
		return callgate_lxc_text(text->lxc, size);
	if (size)
		*size = text->size;
	return text->bytes;
}

size_t callgate_text_loss_count(const struct callgate_text *text)
{
	return text->lxc ? callgate_lxc_loss_count(text->lxc) : text->loss_count;
}

const struct callgate_loss *callgate_text_loss_at(const struct callgate_text *text, size_t index)
{
	if (text->lxc)
		return callgate_lxc_loss_at(text->lxc, index);
	return index < text->loss_count ? &text->losses[index] : NULL;
}

struct callgate_text *callgate_text_free(struct callgate_text *text)
{
	if (!text)
		return NULL;
	callgate_lxc_text_free(text->lxc);
	arena_free(&text->arena);
	free(text->bytes);
	free(text);
	return NULL;
}
