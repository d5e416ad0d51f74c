/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As LXC: which of its rules reach libseccomp. */
#ifndef CALLGATE_FILTER_AS_LXC_H
#define CALLGATE_FILTER_AS_LXC_H

#include "filter/candidates.h"

/* LXC looks a name up on each of its ABIs and leaves out those where libseccomp answers with a pseudo number, which it
 * does for the members of multiplexers even where they have a number of their own. */
bool lxc_leaves_out(int id, enum callgate_abi abi);
/* E_PROFILE, reported: a rule with the default action, or with an errno that libseccomp does not take, for a call that
 * some ABI of the host has. id: the call's row. */
int lxc_refuse(const struct resolution *res, int id, const struct candidate *like, struct callgate_err *err);

#endif
