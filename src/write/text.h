/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text: a profile written in some format, what its reader makes of it, and where that is not the filter. */
#ifndef CALLGATE_WRITE_TEXT_H
#define CALLGATE_WRITE_TEXT_H

#include "base/arena.h"
#include "callgate.h"

struct callgate_text {
	char *bytes; /* malloc'ed, NUL-terminated */
	size_t size;
	enum callgate_lxc_bound bound;  /* on which side of the filter the text may be */
	struct callgate_filter *filter; /* what the text's reader makes of it */
	struct arena arena;             /* holds the losses */
	struct callgate_loss *losses;
	size_t loss_count;
};

/* NULL: out of memory. */
struct callgate_text *text_new(void);

/* Reads the bytes as target's reader does and keeps the result as the text's filter. name: for messages. */
int text_read_back(struct callgate_text *text, const char *name, const struct callgate_target *target,
		   struct callgate_err *err);

/* write/convert.c: fills the losses from the differences of the text's filter against the one that was meant. */
int text_keep_losses(struct callgate_text *text, const struct callgate_diff *diff, struct callgate_err *err);

#endif
