/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * linux.seccomp for a runtime that compiles it itself: written, read back as that runtime reads it, and never looser.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "runtime/hooks.h"
#include "write/oci_rules.h"
#include "write/text.h"

static int refuse(const struct callgate_difference *row, struct callgate_err *err)
{
	const char *abi = callgate_abi_name(row->witness.abi),
		   *name = callgate_syscall_name(row->witness.abi, row->witness.nr);

	return err_set(err, CALLGATE_E_MISMATCH, "the runtime would permit more than the profile: %s (number %u) of %s",
		       name ? name : "a call", row->witness.nr, abi ? abi : "a foreign ABI");
}

/* Whether such calls may pass where they did not; calls that are refused in another way are not permitted (runc answers
 * ENOSYS for numbers that others kill for). */
static bool is_opening(const struct callgate_difference *row)
{
	if (row->change == CALLGATE_UNKNOWN)
		return true;
	return row->looser && (row->depends_b || row->b.kind > CALLGATE_ERRNO);
}

/* A multiplexer that libseccomp opens for one of its members is closed instead; anything else that is looser is
 * refused. */
static int find_looser(const struct callgate_filter *filter, const struct callgate_text *text, struct oci_wish *wish,
		       struct callgate_err *err)
{
	static const char *const multiplexers[] = { "socketcall", "ipc" };
	const struct callgate_difference *row;
	struct callgate_diff *diff;
	int r = callgate_filter_diff(filter, text->filter, 0, &diff, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && (row = callgate_diff_at(diff, i)); i++) {
		const char *name = callgate_syscall_name(row->witness.abi, row->witness.nr);
		bool closable = false;

		if (!is_opening(row))
			continue;
		for (size_t j = 0; name && row->first == row->last && j < 2; j++) {
			if (strcmp(name, multiplexers[j]) == 0 && !wish->closed[j]) {
				wish->closed[j] = multiplexers[j];
				closable = true;
			}
		}
		if (!closable)
			r = refuse(row, err);
	}
	callgate_diff_free(diff);
	return r;
}

static int write_once(const struct callgate_choice *choice, const struct callgate_target *reader,
		      const struct oci_wish *wish, struct callgate_text **out, struct callgate_err *err)
{
	struct callgate_text *text = text_new();
	int r;

	if (!text)
		return err_nomem(err);
	r = policy_write_oci(choice->policy, &choice->target, wish, &text->bytes, &text->size, err);
	if (r == 0)
		r = text_read_back(text, "what is written for the runtime", reader, err);
	if (r < 0)
		callgate_text_free(text);
	else
		*out = text;
	return r;
}

int callgate_oci_write(const struct callgate_choice *choice, const struct callgate_target *reader, uint32_t flags,
		       struct callgate_text **out, struct callgate_err *err)
{
	struct callgate_text *text = NULL;
	struct oci_wish wish = { .flags = flags }, tried;
	int r;

	REQUIRE(err, choice && reader && out && choice->policy && choice->filter);
	do {
		tried = wish;
		text = callgate_text_free(text);
		r = write_once(choice, reader, &wish, &text, err);
		if (r == 0)
			r = find_looser(choice->filter, text, &wish, err);
	} while (r == 0 && (tried.closed[0] != wish.closed[0] || tried.closed[1] != wish.closed[1]));
	if (r < 0)
		callgate_text_free(text);
	else
		*out = text;
	return r;
}
