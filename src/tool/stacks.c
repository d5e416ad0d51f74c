/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stacks of filters beside what an engine was given: the same meaning, or the same filters and more on top. */
#include <string.h>

#include "tool/host.h"

bool same_program(const struct callgate_prog *a, const struct callgate_prog *b)
{
	unsigned count = callgate_prog_count(a);

	return count == callgate_prog_count(b) &&
	       memcmp(callgate_prog_instructions(a), callgate_prog_instructions(b), count * 8UL) == 0;
}

bool stack_means(struct callgate_witness *witness, size_t stack, const char *digest)
{
	const struct callgate_filter *filter;
	char found[65];

	return digest && digest[0] && callgate_witness_filter(witness, stack, &filter, NULL) == 0 &&
	       callgate_filter_digest(filter, found, NULL) == 0 && strcmp(found, digest) == 0;
}

bool stack_is_above(const struct callgate_witness *witness, size_t stack, size_t below)
{
	size_t count = 0, under;
	const struct callgate_prog *const *programs = callgate_witness_stack(witness, stack, &count);
	const struct callgate_prog *const *base = callgate_witness_stack(witness, below, &under);

	if (!programs || !base || !under || under >= count)
		return false;
	for (size_t i = 0; i < under; i++)
		if (!same_program(programs[i], base[i]))
			return false;
	return true;
}
