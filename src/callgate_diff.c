/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Front desk: filters lifted, met and compared. */
#include "base/err.h"
#include "bpf/prog.h"
#include "filter/diff.h"
#include "filter/digest.h"
#include "filter/meet.h"
#include "names/abi.h"

int callgate_filter_lift(const struct callgate_prog *prog, const char *name, enum callgate_abi native,
                         struct callgate_filter **out, struct callgate_err *err)
{
	if (!prog || !out || !abi_of(native))
		return err_set(err, CALLGATE_E_ARG, "no program, or no such ABI");
	return prog_lift(prog, name ? name : "a program", native, out, err);
}

int callgate_filter_meet(const struct callgate_filter *const filters[], size_t count, struct callgate_filter **out,
                         struct callgate_err *err)
{
	if ((!filters && count) || !out)
		return err_set(err, CALLGATE_E_ARG, "no filters");
	return filter_meet(filters, count, out, err);
}

int callgate_filter_diff(const struct callgate_filter *a, const struct callgate_filter *b, uint32_t abis,
                         struct callgate_diff **out, struct callgate_err *err)
{
	if (!a || !b || !out || abis >> CALLGATE_ABI_COUNT)
		return err_set(err, CALLGATE_E_ARG, "two filters are needed");
	return filter_diff(a, b, abis, out, err);
}

size_t callgate_diff_count(const struct callgate_diff *diff)
{
	return diff ? diff->count : 0;
}

const struct callgate_difference *callgate_diff_at(const struct callgate_diff *diff, size_t index)
{
	return diff && index < diff->count ? &diff->rows[index] : NULL;
}

const char *callgate_change_name(enum callgate_change change)
{
	static const char *const names[] = { "tighter", "looser", "other", "unknown" };

	return (unsigned)change < sizeof(names) / sizeof(*names) ? names[change] : NULL;
}

int callgate_filter_digest(const struct callgate_filter *filter, char out[65], struct callgate_err *err)
{
	uint8_t digest[SHA256_SIZE];
	int r;

	if (!filter || !out)
		return err_set(err, CALLGATE_E_ARG, "a required argument is NULL");
	r = filter_digest(filter, digest, err);
	if (r == 0)
		sha256_text(digest, out);
	return r;
}
