/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Agree: a program run against a filter, at every place where either may change its mind. */
#ifndef CALLGATE_TESTS_UNIT_AGREE_H
#define CALLGATE_TESTS_UNIT_AGREE_H

#include "bpf/prog.h"

/* Runs prog against filter at every place where either may change its mind: each interval's ends, each
 * constant of the program and its neighbours, each way through the tests of arguments, on the filter's architectures
 * and some foreign ones. Not a proof (that is prog_prove()), but needs nothing of lift. E_MISMATCH names a call that
 * distinguishes them. */
int prog_agree(const struct callgate_prog *prog, const struct callgate_filter *filter, struct callgate_err *err);

#endif
