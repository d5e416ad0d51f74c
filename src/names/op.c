/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparison operators: OCI's words and LXC's. */
#include "names/words.h"

static const struct {
	const char *oci, *lxc;
} table[] = {
	[OP_NE] = { "SCMP_CMP_NE", "!=" },
	[OP_LT] = { "SCMP_CMP_LT", "<" },
	[OP_LE] = { "SCMP_CMP_LE", "<=" },
	[OP_EQ] = { "SCMP_CMP_EQ", "==" },
	[OP_GE] = { "SCMP_CMP_GE", ">=" },
	[OP_GT] = { "SCMP_CMP_GT", ">" },
	[OP_MASKED_EQ] = { "SCMP_CMP_MASKED_EQ", "&=" },
};
enum { OPS = sizeof(table) / sizeof(table[0]) };

bool op_by_oci(struct slice word, enum op *out)
{
	for (int i = 0; i < OPS; i++) {
		if (slice_is(word, table[i].oci)) {
			*out = (enum op)i;
			return true;
		}
	}
	return false;
}

const char *op_oci(enum op op)
{
	return (unsigned)op < OPS ? table[op].oci : NULL;
}

bool op_by_lxc(struct slice word, enum op *out)
{
	for (int i = 0; i < OPS; i++) {
		if (slice_is(word, table[i].lxc)) {
			*out = (enum op)i;
			return true;
		}
	}
	return op_by_oci(word, out);
}

const char *op_lxc(enum op op)
{
	return (unsigned)op < OPS ? table[op].lxc : NULL;
}
