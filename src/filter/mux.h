/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Multiplexers: what rules on the members of socketcall(2) and ipc(2) come to on the multiplexer's own number (rule 7).
 */
#ifndef CALLGATE_FILTER_MUX_H
#define CALLGATE_FILTER_MUX_H

#include "filter/conditions.h"

/* Adds the clauses of every member, as callgate means them or as the target's reader has it through libseccomp. */
int mux_clauses(const struct resolution *res, const struct abi_candidates *space, const struct mux_members *mux,
		struct rule_clauses *out, struct callgate_err *err);

#endif
