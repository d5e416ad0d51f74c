/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second profile of callgate run, and what it waits for. */
#ifndef CALLGATE_TOOL_RUN_THEN_H
#define CALLGATE_TOOL_RUN_THEN_H

#include "tool/tool.h"

struct when {
	enum { WHEN_READY, WHEN_LISTEN, WHEN_FILE, WHEN_DELAY } kind;
	unsigned port;
	const char *path;
	uint64_t delay_ms;
	int socket;      /* READY: where the command tells it; -1 */
	char above[108]; /* NOTIFY_SOCKET as we were given it */
};

struct phases {
	const struct callgate_filter *first, *second;
	const struct callgate_prog *now, *then;
	struct when when;
};

/* ready, listen:PORT, file:PATH, delay:SECONDS; -1 after a message. */
int when_parse(const char *text, struct when *out);

/* Runs argv under now, puts then on it and on all that it has started when the time has come, and waits. Where the
 * second program cannot be put on all of them, they are killed. err->text may be empty: then it has been reported. */
int phases_run(struct phases *phases, const struct callgate_start *how, char **argv, int *status,
	       struct callgate_err *err);

#endif
