/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cover: any decision as a set of rules in which each argument is compared at most once, exactly. That is all that
 * OCI's text can say of one rule: an argument that is named twice is read as alternatives.
 */
#ifndef CALLGATE_FILTER_COVER_H
#define CALLGATE_FILTER_COVER_H

#include "filter/meaning.h"

enum { COVER_LIMIT = 1024 };

struct cover_rule {
	struct test tests[6]; /* ANDed, by ascending argument; full-width comparisons or (argument & mask) == value */
	unsigned test_count;
	struct callgate_action action;
};

/* Rules of different actions never match the same call. */
struct cover {
	struct cover_rule *rules; /* malloc'ed */
	size_t count, room;
};

/* Every call that none of the rules matches gets fallback. width: 32 or 64, how many bits of an argument count on the
 * ABI (a comparison without a mask looks at so many). E_LIMIT: more than COVER_LIMIT rules. E_UNSUPPORTED: opaque.
 * Release with cover_release(), on failure too. */
int cover_of(const struct meaning *meaning, meaning_ref ref, struct callgate_action fallback, unsigned width,
	     struct cover *out, struct callgate_err *err);
void cover_release(struct cover *cover);

#endif
