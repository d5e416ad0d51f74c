/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As runsc (gVisor): which calls its kernel has a name for. */
#ifndef CALLGATE_FILTER_AS_RUNSC_H
#define CALLGATE_FILTER_AS_RUNSC_H

#include "names/abi.h"

/* Rules for such a call have no effect; nr: its number there, negative where the ABI has none. */
bool runsc_lacks(int64_t nr, enum callgate_abi abi);

#endif
