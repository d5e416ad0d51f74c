/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State record: what a container's hook has written down last, callgate.state/1, read. */
#ifndef CALLGATE_TOOL_STATE_RECORD_H
#define CALLGATE_TOOL_STATE_RECORD_H

#include "tool/tool.h"

/* A hook that failed early knows little, and older hooks knew less: a text that is not there is "". */
struct state_record {
	struct json_object *root; /* to which the texts belong */
	const char *engine, *id, *hook, *result, *verdict, *time, *profile, *config;
	const char *output; /* the file that the engine reads */
	const char *digest, *output_digest;
	uint64_t caps;
	bool has_pid; /* a hook has seen the first process */
	pid_t pid;    /* of it; 0: not known */
	bool complains;
	bool has_init;    /* and what it looked like */
	int init_filters; /* -1: not known */
	long attached;    /* losses of what is attached later; -1: the record does not count them */
};

/* A record that nobody else can have written. False: it cannot be read, or is none. */
bool state_record_read(const char *path, struct state_record *out);
void state_record_release(struct state_record *record);
/* One of the hook's messages; NULL: there is none at that place. */
const char *state_record_message(const struct state_record *record, size_t index);

#endif
