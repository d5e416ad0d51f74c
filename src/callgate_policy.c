/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk for policies: checks arguments and calls the policy room. */
#include "base/err.h"
#include "names/words.h"
#include "policy/read.h"

static int read_file(const char *path, enum source_trust trust, enum callgate_reader as, struct callgate_policy **out,
		     struct callgate_notes *notes, struct callgate_err *err)
{
	struct source source;
	int r;

	if (!path || !out)
		return err_set(err, CALLGATE_E_ARG, "no path or no place for the policy");
	r = source_read(path, trust, &source, err);
	if (r < 0)
		return r;
	r = policy_parse(&source, as, out, notes, err);
	source_release(&source);
	return r;
}

int callgate_policy_read(const char *path, struct callgate_policy **out, struct callgate_notes *notes,
			 struct callgate_err *err)
{
	return read_file(path, SOURCE_ANYONE, CALLGATE_AS_LAW, out, notes, err);
}

int callgate_policy_read_as(const char *path, enum callgate_reader reader, struct callgate_policy **out,
			    struct callgate_notes *notes, struct callgate_err *err)
{
	if (!reader_name(reader))
		return err_set(err, CALLGATE_E_ARG, "unknown reader");
	return read_file(path, SOURCE_ANYONE, reader, out, notes, err);
}

int callgate_policy_read_trusted(const char *path, struct callgate_policy **out, struct callgate_notes *notes,
				 struct callgate_err *err)
{
	return read_file(path, SOURCE_TRUSTED, CALLGATE_AS_LAW, out, notes, err);
}

int callgate_policy_parse(const void *text, size_t size, const char *name, struct callgate_policy **out,
			  struct callgate_notes *notes, struct callgate_err *err)
{
	struct source source = { .name = name ? name : "<memory>", .text = text, .size = size };

	if ((!text && size) || !out)
		return err_set(err, CALLGATE_E_ARG, "no text or no place for the policy");
	return policy_parse(&source, CALLGATE_AS_LAW, out, notes, err);
}

int callgate_policy_env(const char *allow, const char *deny, const char *action, struct callgate_policy **out,
			struct callgate_notes *notes, struct callgate_err *err)
{
	if (!out)
		return err_set(err, CALLGATE_E_ARG, "no place for the policy");
	return policy_from_env(allow, deny, action, out, notes, err);
}

int callgate_policy_words(const struct callgate_words *words, struct callgate_policy **out, struct callgate_notes *notes,
			  struct callgate_err *err)
{
	if (!out || !words || (!words->allow && !words->deny && !words->fallback))
		return err_set(err, CALLGATE_E_ARG, "no list and no default, or no place for the policy");
	return policy_from_words(words, out, notes, err);
}
