/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Meet: the filters of a process, which the kernel runs all, as the one filter that they amount to. */
#ifndef CALLGATE_FILTER_MEET_H
#define CALLGATE_FILTER_MEET_H

#include "filter/filter.h"

#endif
