/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges: a set of syscall numbers as sorted, disjoint intervals. Private to lift. */
#ifndef CALLGATE_BPF_RANGES_H
#define CALLGATE_BPF_RANGES_H

#include "bpf/value.h"

struct range {
	uint32_t first, last;
};

/* A single interval, the commonest set, needs no memory of its own. */
struct ranges {
	uint32_t count, room;
	struct range one;
	struct range *many; /* malloc'ed once there was more than one */
};

enum { RANGES_LIMIT = 1 << 16 };

const struct range *ranges_at(const struct ranges *set);
void ranges_init(struct ranges *set, uint32_t first, uint32_t last);
void ranges_release(struct ranges *set);

/* The words for which a condition holds. budget: how many blocks may be looked at; what was used is taken off.
 * False: no memory, or too scattered. */
bool ranges_of_condition(const struct condition *condition, unsigned *budget, struct ranges *out);
/* How a set stands to those. */
enum answer ranges_answer(const struct ranges *set, const struct ranges *holds);
/* Takes what holds out of set and into *out. */
bool ranges_split(struct ranges *set, const struct ranges *holds, struct ranges *out);

#endif
