/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host: all tasks of a machine by the container or systemd unit that they are in, with what their hooks recorded. */
#ifndef CALLGATE_TOOL_HOST_H
#define CALLGATE_TOOL_HOST_H

#include "kernel/witness_read.h"
#include "runtime/hooks.h"
#include "tool/tool.h"

/* What a container's hook has written down last. */
struct host_record {
	char container[160]; /* "lxc:NAME", "oci:" and the whole id */
	char *profile;       /* "": not known */
	char result[16], digest[65];
	uint64_t caps;
	char *output;           /* the file that the engine reads, of an LXC container, for whatever is attached too */
	char output_digest[65]; /* of what the engine makes of the profile; "": that is not known */
	bool output_touched;    /* since the record was written */
	bool attach_differs;    /* the container's first process was given what the file cannot say */
	pid_t pid;              /* of its first process; 0: not known */
	char *cgroup;        /* of that process, where only this tells which container a process is in; NULL: no need */
	bool shares_cgroup;  /* with who started it */
	ino_t pid_namespace; /* of that process, where the cgroup is shared */
};

/* In place of a number: the task has ended; its filters could not be read. */
enum { STACK_ENDED = -1, STACK_UNKNOWN = -2 };
enum host_kind { HOST_CONTAINER, HOST_SERVICE, HOST_REST };

struct host_task {
	const struct callgate_task *task;
	char unit[160];
	const char *engine; /* "podman"; NULL: it is in no container */
	char id[65];        /* of an OCI container, whole; "": not known */
	enum host_kind kind;
	long stack;    /* of the witness; or STACK_ENDED, STACK_UNKNOWN */
	size_t unseen; /* beside it: tasks of its container that the list has missed, and of which nothing is known */
};

struct host_unit {
	const struct host_task *tasks; /* in a row */
	size_t count;
	size_t unconfined, unknown; /* tasks without a filter; those with filters that could not be read */
	size_t stacks;              /* different filters */
	size_t no_new_privs;
	size_t unseen; /* tasks that ended before they could be looked at, and may have started others */
	const struct host_record *record; /* NULL: none */
	const char *name;                 /* as its engine has it; "": it has none, or it is not known */
};

struct host {
	struct callgate_tasks *list;
	struct callgate_oci_names *names; /* NULL: nobody needs them */
	struct callgate_witness *witness; /* NULL: the caller may not look: /proc alone */
	struct host_task *tasks;
	size_t task_count;
	struct callgate_tasks **rolls; /* with tasks that list has missed */
	size_t roll_count;
	struct host_unit *units; /* containers without a filter first, then containers, services, the rest; by name */
	size_t unit_count;
	struct host_record *records; /* by container */
	size_t record_count;
	bool records_hidden;
	const struct host_record **by_cgroup; /* those that have one, sorted */
	size_t cgroup_count;
};

/* An exit code after a message. */
int host_read(struct host *host);
void host_cleanup(struct host *host);
/* Says on standard error what the caller cannot see, and what it would need. */
void host_report_unseen(const struct host *host);
const char *host_unit_name(const struct host_unit *unit);
enum host_kind host_unit_kind(const struct host_unit *unit);

/* ------------------------------------------------------------------ host_roll.c */

/* The list of a whole machine is silent about who starts the next and ends. Calls the roll of each container
 * (host->tasks are in order, the witness has been read): adds whom the list has missed and who has no filter, and
 * counts whom nobody could look at. An exit code. */
int host_roll(struct host *host);
void host_roll_cleanup(struct host *host);

/* ------------------------------------------------------------------ host_record.c */

/* What the hooks have written down, all of it. An exit code. */
int host_records_read(struct host *host);
void host_records_cleanup(struct host *host);
/* A cgroup names an OCI container by the first digits of its id. NULL: there is none. */
const struct host_record *host_record_of(const struct host *host, const char *unit);
/* The one whose first process is in this cgroup, where pid is too. */
const struct host_record *host_record_in(const struct host *host, const char *cgroup, pid_t pid);
/* 0: it cannot be looked at. */
ino_t host_pid_namespace(pid_t pid);
/* The OCI container whose id is the last component of a cgroup's path, as runtimes name it unless they are told. */
const struct host_record *host_record_named(const struct host *host, const char *cgroup);

/* ------------------------------------------------------------------ host_denials.c */

/* Denied calls that the log of the system holds: of each unit, by its place in host, and of everybody else. */
struct host_denials {
	size_t *of_units;
	size_t others;
};
/* False: the caller may not read the log. */
bool host_denials_read(const struct host *host, struct host_denials *out);
void host_denials_cleanup(struct host_denials *denials);

/* ------------------------------------------------------------------ stacks.c */

bool same_program(const struct callgate_prog *a, const struct callgate_prog *b);
/* Whether all filters of a stack together mean what has this digest; NULL, "": nothing has. */
bool stack_means(struct callgate_witness *witness, size_t stack, const char *digest);
/* Whether a stack is another one with more filters on top, which permit nothing more. */
bool stack_is_above(const struct callgate_witness *witness, size_t stack, size_t below);

/* ------------------------------------------------------------------ host_verify.c */

enum host_verdict {
	HOST_EXACT,
	HOST_ADAPTED, /* exactly what the engine makes of the profile, which permits nothing more */
	HOST_STRICTER,
	HOST_DIFFERENT,
	HOST_NOT_TOLD, /* no record says what it should run under, or what it runs under is unknown */
	HOST_WEAKER,
	HOST_NONE,
};
const char *host_verdict_name(enum host_verdict verdict);

/* Profiles as records name them, resolved once, and each compared once with each stack of filters. */
struct host_verifier;
struct host_verifier *host_verifier_new(const struct options *options, struct host *host); /* NULL after a message */
struct host_verifier *host_verifier_free(struct host_verifier *verifier);
void host_verifier_cleanup(struct host_verifier **verifier);
/* Of one task; of a unit the worst of its tasks'. */
enum host_verdict host_verify_task(struct host_verifier *verifier, const struct host_unit *unit,
				   const struct host_task *task);
enum host_verdict host_verify_unit(struct host_verifier *verifier, const struct host_unit *unit);
/* The same as a word, also of units that no hook has recorded: none of their tasks has a filter, or not all: "partly".
 */
const char *host_unit_verdict(struct host_verifier *verifier, const struct host_unit *unit);
/* What the profile means that the unit's hook has recorded; NULL: none, or it cannot be resolved. Belongs to verifier.
 */
const struct callgate_filter *host_profile(struct host_verifier *verifier, const struct host_unit *unit);
/* Whether the profile's file means something else now than when the container was started. */
bool host_has_drifted(struct host_verifier *verifier, const struct host_unit *unit);
/* Whether what is attached from now on gets another filter than the container was started with. */
bool host_attach_differs(struct host_verifier *verifier, const struct host_unit *unit);

/* ------------------------------------------------------------------ status_host.c, verify_host.c */

enum host_format { HOST_TABLE, HOST_TSV, HOST_JSON, HOST_OPENMETRICS };
/* One row per container and unit. An exit code. */
int status_host(const struct options *options, enum host_format format);
/* Tasks that are worse than their container may be, or every task. */
enum host_rows { HOST_ROWS_WORSE, HOST_ROWS_ALL };
/* One row per container, and one per task that is not what its profile says. Exit code as verify's. */
int verify_host(const struct options *options, enum host_rows which);

#endif
