/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command: which file a command's name means. */
#ifndef CALLGATE_KERNEL_COMMAND_H
#define CALLGATE_KERNEL_COMMAND_H

#include <limits.h>

#include "callgate.h"

/* A name with a slash is a path, any other is looked for in PATH. Errors as command_refused(). */
int command_find(const char *name, char path[PATH_MAX], struct callgate_err *err);

/* E_NOTFOUND where errno says that there is no such file, else E_IO. */
int command_refused(const char *name, int saved, struct callgate_err *err);

#endif
