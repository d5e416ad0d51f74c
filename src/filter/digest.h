/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digest: a name for what a filter means. Filters of one meaning have one digest, however they were written. */
#ifndef CALLGATE_FILTER_DIGEST_H
#define CALLGATE_FILTER_DIGEST_H

#include "base/sha256.h"
#include "filter/filter.h"

/* SHA-256 of the canonical form. Flags and origins do not count. E_LIMIT: too complex. */
int filter_digest(const struct callgate_filter *filter, uint8_t out[SHA256_SIZE], struct callgate_err *err);

#endif
