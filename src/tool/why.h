/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why: what a line about seccomp says, as read by why_read.c and grouped and explained by why.c. */
#ifndef CALLGATE_TOOL_WHY_H
#define CALLGATE_TOOL_WHY_H

#include "runtime/hooks.h"
#include "tool/tool.h"

/* RECORD: the kernel's own, in one of the forms that it is printed in. TRACED: a SIGSYS that strace or a recording saw.
 * RUNTIME: a container runtime could not load a profile because of a rule. WOULD: the call ran, and a profile that is
 * not enforced would have answered it. */
enum event_kind { EVENT_RECORD, EVENT_TRACED, EVENT_RUNTIME, EVENT_WOULD };
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
	double when;      /* seconds since 1970; 0: not said */
	char command[64]; /* "": not said */
	char exe[256];
	char call[64];  /* the name as the line has it; "": it has a number */
	char text[200]; /* RUNTIME: what the runtime said */
};

/* False: the line says nothing about seccomp. */
bool event_parse(const char *line, struct event *out);
typedef void event_visit(void *data, const struct event *event);
/* Of each line that says something. */
void events_each(FILE *from, event_visit *visit, void *data);
/* Of each record that the system holds: auditd's file, else the kernel's own messages. False: neither may be read. */
bool denials_each(event_visit *visit, void *data);

/* Events that differ only in the process. */
struct why_group {
	struct event event;
	char container[300]; /* "": not known */
	size_t count;
	size_t total; /* with those that were shown before; 0: the same */
};

/* What is asked, of all lines alike. */
struct why_request {
	bool last, live, json;
	const char *profile;
	struct callgate_filter *filter; /* of --profile; NULL: none */
	struct callgate_target target;
	pid_t pid;           /* whose filter decides where no profile is known; 0: nobody's */
	double seconds;      /* live: how long; 0: until the end */
	const char *metrics; /* live: a file for counters; NULL: none */
};

/* ------------------------------------------------------------------ why_tell.c */

/* As text on stdout; what a line did not say is left out. */
void group_tell(const struct why_request *request, const struct why_group *group);
struct json_object *group_to_json(const struct why_request *request, const struct why_group *group);
/* Whether a filter may have answered as the line says. */
bool event_fits(const struct event *event, const struct callgate_filter *filter);
/* "mkdir (83) of x86_64: ERRNO(EPERM)"; the action alone; the call's name, NULL: it has none. */
void group_print_head(const struct why_group *group);
void event_action(const struct event *event, char *buf, size_t size);
const char *event_name(const struct event *event);

/* ------------------------------------------------------------------ why_live.c */

/* Follows what is denied in pid:N, lxc:NAME or oci:ID until it ends, the time is over or a signal comes. An exit
 * code. */
int why_live(const struct options *options, struct why_request *request, const char *source);

/* ------------------------------------------------------------------ why_state.c */

/* What the hooks wrote down last for any container of this user. An exit code. */
int why_last(void);
/* The same for one: "lxc:NAME" or "oci:ID". EXIT_NO: nothing is written down. */
int why_container(const char *container, bool *started);
/* As callgate_task_container() names it: "oci:" and the beginning of the id, whatever name was given. */
const char *why_container_key(const char *container, char *buf, size_t size);
/* Names are unique below one lxcpath only: where lxc:NAME is looked for; NULL: anywhere. */
void why_look_in(const char *lxcpath);
/* Says it where the container is another user's, whose hooks keep their records with him. */
bool why_hint_owner(const char *container);
/* What the hook recorded; false: it has not, or chose no profile. */
struct why_recorded {
	char profile[4096];
	uint64_t caps;
	pid_t pid;              /* of the first process; 0: none yet */
	char output_digest[65]; /* of what the engine makes of the profile; "": that is not known */
};
bool why_record(const char *container, struct why_recorded *out);
/* When the container was started, in seconds since 1970, as its record says; without one nothing is old enough. */
double why_started(const char *container);
/* Whether the hook has put the profile there for trying only. */
bool why_complains(const char *container);
/* The profile that the hook chose for a container, resolved again; NULL: not known. */
struct callgate_filter *why_container_filter(const struct callgate_target *host, const char *container);

#endif
