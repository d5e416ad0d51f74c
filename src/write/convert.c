/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convert: a policy in another format, read back and compared with what it means. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/sized.h"
#include "base/text.h"
#include "filter/diff.h"
#include "write/docker.h"
#include "write/oci.h"
#include "write/text.h"

/* ------------------------------------------------------------------ losses */

static const char *answer(struct callgate_text *text, struct callgate_action action, bool depends, bool opaque)
{
	char word[48], said[80];

	callgate_action_format(action, word, sizeof(word));
	if (opaque)
		strcpy(said, "cannot be decided");
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
	return "these conditions are not expressible in OCI's format, which has one rule for all ABIs";
}

int text_keep_losses(struct callgate_text *text, const struct callgate_diff *diff, struct callgate_err *err)
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

static int compare(struct callgate_text *text, const struct callgate_filter *filter, struct callgate_target target,
		   struct callgate_err *err)
{
	struct callgate_err why = CALLGATE_ERR_INIT;
	struct callgate_diff *diff;
	int r;

	/* What the reader dropped is not in the text, or must not be found again in it. */
	if (target.reader != CALLGATE_AS_CALLGATE)
		target.libseccomp = 0;
	target.reader = CALLGATE_AS_CALLGATE;
	if (!oci_has_tail(filter))
		target.enosys = CALLGATE_ENOSYS_NEVER;
	r = text_read_back(text, "the text written", &target, &why);
	if (r == CALLGATE_E_PROFILE)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "not expressible in JSON: %s", why.text);
	if (r < 0)
		return err_set(err, r, "%s", why.text);
	r = callgate_filter_diff(filter, text->filter, 0, &diff, err);
	if (r < 0)
		return r;
	r = text_keep_losses(text, diff, err);
	callgate_diff_free(diff);
	return r;
}

static bool keeps_guards(const struct callgate_policy *policy, enum callgate_format format)
{
	return format == CALLGATE_FORMAT_DOCKER &&
	       (policy->dialect == DIALECT_OCI || policy->dialect == DIALECT_DOCKER);
}

static int write_json(const struct callgate_policy *policy, const struct callgate_filter *filter,
		      enum callgate_format format, struct callgate_text *text, struct callgate_err *err)
{
	struct text out = { 0 };
	int r;

	if (keeps_guards(policy, format))
		r = docker_write(policy, &out, err);
	else
		r = oci_write(filter, &(struct oci_wish){ .policy = policy, .flags = UINT32_MAX }, &out, err);
	if (r < 0) {
		text_release(&out);
		return r;
	}
	return text_take(&out, &text->bytes, &text->size, err);
}

/* ------------------------------------------------------------------ the whole */

static int write_and_compare(const struct callgate_policy *policy, const struct callgate_target *target,
			     enum callgate_format format, struct callgate_text **out, struct callgate_err *err)
{
	struct callgate_filter *filter;
	int r = callgate_filter_resolve(policy, target, &filter, NULL, err);

	if (r < 0)
		return r;
	r = filter_refuse_unknown(filter, err);
	if (r < 0) {
		callgate_filter_free(filter);
		return r;
	}
	if (format == CALLGATE_FORMAT_LXC) {
		r = callgate_lxc_write(filter, target, CALLGATE_LXC_NEVER_LOOSER, out, err);
	} else {
		*out = text_new();
		r = *out ? write_json(policy, filter, format, *out, err) : err_nomem(err);
		if (r == 0)
			r = compare(*out, filter, *target, err);
	}
	callgate_filter_free(filter);
	return r;
}

int callgate_policy_write(const struct callgate_policy *policy, const struct callgate_target *target,
			  enum callgate_format format, struct callgate_text **out, struct callgate_err *err)
{
	struct callgate_text *text = NULL;
	struct callgate_target known;
	int r;

	REQUIRE(err, policy && target && out && (unsigned)format <= CALLGATE_FORMAT_LXC);
	r = sized_in(&known, sizeof(known), target, err);
	if (r == 0)
		r = write_and_compare(policy, &known, format, &text, err);
	if (r < 0) {
		callgate_text_free(text);
		return r;
	}
	*out = text;
	return 0;
}
