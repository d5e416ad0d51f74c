/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments: what the six registers of a call hold on one ABI. The order of some calls is an ABI's own. */
#ifndef CALLGATE_NAMES_ARGUMENTS_H
#define CALLGATE_NAMES_ARGUMENTS_H

#include "base/private.h"

/* The letter of one register, as struct callgate_arguments has it in kinds; '\0' where it holds no argument. */
char argument_kind(int id, enum callgate_abi abi, unsigned index);

#endif
