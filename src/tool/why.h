/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why: what a line about seccomp says, as read by why_read.c and grouped and explained by why.c. */
#ifndef CALLGATE_TOOL_WHY_H
#define CALLGATE_TOOL_WHY_H

#include "runtime/hooks.h"
#include "tool/tool.h"

/* RECORD: the kernel's own, in one of the forms that it is printed in. TRACED: strace's SIGSYS. RUNTIME: a container
 * runtime could not load a profile because of a rule. */
enum event_kind { EVENT_RECORD, EVENT_TRACED, EVENT_RUNTIME };
/* What is known of the action: DATA too, the KIND alone (ausearch -i), or nothing (strace). */
enum event_code { CODE_NONE, CODE_KIND, CODE_DATA };

struct event {
	enum event_kind kind;
	uint32_t arch;         /* AUDIT_ARCH_ word; 0: not given */
	enum callgate_abi abi; /* NONE: not known here */
	uint32_t nr;
	bool has_nr;
	enum event_code has_code;
	uint32_t code;
	unsigned signal;
	pid_t pid;        /* 0: not given */
	char command[64]; /* "": not said */
	char exe[256];
	char call[64];  /* the name as the line has it; "": it has a number */
	char text[200]; /* RUNTIME: what the runtime said */
};

/* False: the line says nothing about seccomp. */
bool event_parse(const char *line, struct event *out);

/* ------------------------------------------------------------------ why_state.c */

/* What the hooks wrote down last for any container of this user. An exit code. */
int why_last(void);
/* The same for one: "lxc:NAME" or "oci:ID". EXIT_NO: nothing is written down. */
int why_container(const char *container);
/* As callgate_task_container() names it: "oci:" and the beginning of the id, whatever name was given. */
const char *why_container_key(const char *container, char *buf, size_t size);
/* Profile and capabilities as the hook recorded them; false: it has not. */
bool why_record(const char *container, char *profile, size_t size, uint64_t *caps);
/* The profile that the hook chose for a container, resolved again; NULL: not known. */
struct callgate_filter *why_container_filter(const struct callgate_target *host, const char *container);

#endif
