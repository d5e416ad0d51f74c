/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk: checks arguments and calls rooms. No logic lives here. */
#include "callgate.h"

#include "base/err.h"
#include "policy/read.h"
