/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every hook does before it works and how it speaks: engines lose a hook's stderr, so syslog and a state file hear
 * it too. */
#ifndef CALLGATE_HOOKS_SAY_H
#define CALLGATE_HOOKS_SAY_H

#include "base/private.h"
#include <callgate.h>

enum { MESSAGE_LIMIT = 16, MESSAGE_SIZE = 640 };

/* Messages of this run, for the state file. */
struct messages {
	char text[MESSAGE_LIMIT][MESSAGE_SIZE];
	const char *list[MESSAGE_LIMIT];
	size_t count;
};

/* Leaves an inherited environment (XDG_RUNTIME_DIR excepted), descriptors, umask and SIGPIPE behind. */
int hook_enter(const char *ident);

/* To stderr, syslog and the list. priority as of syslog(3). Text of others comes out as callgate_escape() makes it. */
void say(struct messages *messages, int priority, const char *format, ...) CALLGATE_PRINTF(3, 4);
/* To the list alone: what people may want to know who look. */
void note_down(struct messages *messages, const char *format, ...) CALLGATE_PRINTF(2, 3);
/* An error as "file:line: text". */
void say_err(struct messages *messages, const struct callgate_err *err);
/* The errors among notes, the first few. */
void say_notes(struct messages *messages, const struct callgate_notes *notes);

#endif
