/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As runc: what it knows by release, and its stub, which answers ENOSYS for new calls before any rule is asked. */
#ifndef CALLGATE_FILTER_AS_RUNC_H
#define CALLGATE_FILTER_AS_RUNC_H

#include "filter/candidates.h"

/* E_PROFILE, reported: flags and architectures that came later than the release that is asked for. */
int runc_refuse_late(const struct resolution *res, struct callgate_err *err);
/* Whether it has libseccomp make a tree of the rules: more than 32 names, from 1.2.0 on. */
bool runc_wants_tree(const struct active *active, const struct callgate_target *target);
/* Whether there is a stub for this default action. */
bool runc_wants_stub(enum callgate_action_kind fallback);
/* Puts enosys where the stub answers in one architecture's map. */
void runc_add_stub(const struct resolution *res, const struct candidates *all, uint32_t audit,
		   const struct node *enosys, struct span_map *map);

#endif
