/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LXC text of a filter: the nearest that LXC 5 really honours and that never permits what the filter does not, or never
 * forbids what the filter permits. LXC gives every rule to all ABIs of the host, knows no LOG, TRACE or KILL_PROCESS,
 * and leaves out what libseccomp has no number for; so the text is often another than the filter, and every place where
 * it is is listed as a loss.
 */
#ifndef CALLGATE_WRITE_LXC_H
#define CALLGATE_WRITE_LXC_H

#include "filter/filter.h"
#include "filter/meaning.h"
#include "write/text.h"

/* libseccomp takes errno values below 4095 for a rule, though the kernel takes 4095 as well. */
enum { LXC_ERRNO_MAX = 4094 };

/*
 * target: host and libseccomp (the installed release: its names are the ones that LXC resolves) count.
 * E_UNSUPPORTED: LXC's text cannot be as strict as the filter (an ABI that LXC always opens is closed there), or the
 * filter denies what LXC itself needs once it has loaded the text, or the host is none whose ABIs LXC handles.
 */
int lxc_write(const struct callgate_filter *filter, const struct callgate_target *target, enum callgate_lxc_bound bound,
	      struct callgate_text **out, struct callgate_err *err);

/* write/lxc_losses.c: fills text->losses. */
int lxc_losses(const struct callgate_filter *filter, const struct callgate_target *target, struct callgate_text *text,
	       struct callgate_err *err);

/* Whether LXC finds no number for the call on this ABI: libseccomp answers with a pseudo number for what is also
 * reached through a multiplexer. */
bool lxc_passes_over(int id, enum callgate_abi abi);
/* Numbers of one ABI: x86_64 and x32 share an architecture. */
void lxc_range(enum callgate_abi abi, uint32_t *first, uint32_t *last);

#endif
