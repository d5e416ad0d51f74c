/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filter flags: words and bits of seccomp(2). */
#include "names/words.h"

enum flag_in { FLAG_IN_OCI, FLAG_OF_KERNEL };

/* The last column: whether a profile may ask for it. A listener is asked for by its path, TSYNC_ESRCH is about the way
 * that an error comes back. */
static const struct {
	const char *name;
	uint32_t bit;
	enum flag_in in;
} table[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 1u << 0, FLAG_IN_OCI },
	{ "SECCOMP_FILTER_FLAG_LOG", 1u << 1, FLAG_IN_OCI },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 1u << 2, FLAG_IN_OCI },
	{ "SECCOMP_FILTER_FLAG_NEW_LISTENER", 1u << 3, FLAG_OF_KERNEL },
	{ "SECCOMP_FILTER_FLAG_TSYNC_ESRCH", 1u << 4, FLAG_OF_KERNEL },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1u << 5, FLAG_IN_OCI },
};
enum { FLAGS = sizeof(table) / sizeof(table[0]) };

bool flag_by_oci(struct slice word, uint32_t *out)
{
	for (int i = 0; i < FLAGS; i++) {
		if (table[i].in == FLAG_IN_OCI && slice_is(word, table[i].name)) {
			*out = table[i].bit;
			return true;
		}
	}
	return false;
}

const char *flag_oci(uint32_t bit)
{
	for (int i = 0; i < FLAGS; i++)
		if (table[i].bit == bit)
			return table[i].name;
	return NULL;
}

const char *callgate_flag_name(uint32_t bit)
{
	return flag_oci(bit);
}
