/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State: what hooks leave behind for people and for status, one JSON file per container. */
#ifndef CALLGATE_RUNTIME_STATE_H
#define CALLGATE_RUNTIME_STATE_H

#include "callgate.h"

#endif
