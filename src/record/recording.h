/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording: which calls ran, and what profile covers them, for the tool. Not installed and not exported. */
#ifndef CALLGATE_RECORD_RECORDING_H
#define CALLGATE_RECORD_RECORDING_H

#include "callgate.h"

/* Before or after the recorded container's own program was executed: what comes before is its runtime's share. */
enum callgate_phase { CALLGATE_PHASE_PROGRAM = 0, CALLGATE_PHASE_RUNTIME };

struct callgate_record; /* opaque, owns all that it points to */

/* Reads a record ("-": standard input): callgate.record/1, or what others write, distinguished by content: audit
 * records, output of strace and perf trace, profiles of recorders (OCI's and Docker's JSON, SeccompProfile as JSON).
 * Time is linear in the input, which has 16 MiB at most; rows are bounded, calls beyond that count as lost. E_FORMAT
 * with a place. */
int callgate_record_read(const char *path, struct callgate_record **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
/* Adds other's counts to record. */
int callgate_record_merge(struct callgate_record *record, const struct callgate_record *other,
			  struct callgate_err *err) CALLGATE_MUST_CHECK;
/* As JSON, callgate.record/1, rows in order. *out: malloc'ed, with a NUL behind its *size bytes. */
int callgate_record_write(struct callgate_record *record, char **out, size_t *size,
			  struct callgate_err *err) CALLGATE_MUST_CHECK;
struct callgate_record *callgate_record_free(struct callgate_record *record);

struct callgate_record_size {
	size_t rows;                  /* by ABI, number, phase and answer */
	uint64_t calls, denied, lost; /* denied: of those calls; lost: besides them */
	uint64_t runs;
};
/* How much there is. */
int callgate_record_measure(const struct callgate_record *record, struct callgate_record_size *out);

/* Calls that are alike: of one number, phase and answer, made by one program. */
enum callgate_denial {
	CALLGATE_RAN = 0,
	CALLGATE_DENIED_ERRNO,
	CALLGATE_DENIED_SIGSYS, /* TRAP or a KILL */
	CALLGATE_EMULATED       /* somebody else answered */
};
struct callgate_recorded {
	enum callgate_abi abi;
	uint32_t nr;
	enum callgate_phase phase;
	enum callgate_denial denial;
	uint16_t errno_value; /* of DENIED_ERRNO */
	const char *program;  /* its name as the kernel had it; "": not known */
	uint64_t count;
};
typedef void callgate_recorded_visit(void *data, const struct callgate_recorded *recorded);
void callgate_record_each(const struct callgate_record *record, callgate_recorded_visit *visit, void *data);

/* Calls that were recorded often are come to first by the program that is compiled from the filter. What the filter
 * answers does not change. */
int callgate_filter_weigh(struct callgate_filter *filter, const struct callgate_record *record,
			  struct callgate_err *err) CALLGATE_MUST_CHECK;

/* Some recorded calls that a filter does not let through. */
struct callgate_uncovered {
	struct callgate_call call;     /* one of them: what was not recorded of its arguments is 0 */
	uint64_t count;                /* how many may have been like it */
	struct callgate_action action; /* what it gets */
	struct callgate_origin origin; /* of the filter: who decides */
	enum callgate_phase phase;
	bool denied;         /* seccomp kept them from running when they were recorded */
	const char *program; /* that made most of them; "": not known */
};
typedef void callgate_uncovered_visit(void *data, const struct callgate_uncovered *uncovered);
/* Asks of every recorded combination of arguments whether the filter permits it (ALLOW or LOG), whatever the arguments
 * are that were not recorded; exact. visit is called for each that it may not, once for an ABI, number, phase and
 * combination; none: *covered. E_UNSUPPORTED: the filter is opaque for a recorded call. */
int callgate_record_covered(const struct callgate_record *record, const struct callgate_filter *filter,
			    callgate_uncovered_visit *visit, void *data, bool *covered,
			    struct callgate_err *err) CALLGATE_MUST_CHECK;
/* The other way round: what the filter permits that was not recorded, as the rows of a diff from the filter to one that
 * permits recorded calls only; release with callgate_diff_free(). */
int callgate_record_unused(const struct callgate_record *record, const struct callgate_filter *filter,
			   struct callgate_diff **out, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* What a profile is made of besides the record. */
enum callgate_learn_args {
	CALLGATE_LEARN_ARGS_FEW = 0,
	CALLGATE_LEARN_ARGS_NONE
}; /* FEW: conditions where the values were few */
enum callgate_learn_twins {
	CALLGATE_LEARN_AS_SEEN = 0,
	CALLGATE_LEARN_TWINS
}; /* TWINS: and what libc or another ABI takes for it */
enum callgate_learn_load {
	CALLGATE_LEARN_BEFORE_EXEC = 0,
	CALLGATE_LEARN_AT_EXEC
}; /* when the profile is put on its program */
struct callgate_learn {
	enum callgate_learn_args args;
	enum callgate_learn_twins twins;
	enum callgate_learn_load load;        /* BEFORE_EXEC: with what runtimes call between */
	const struct callgate_filter *within; /* nothing that this one does not permit; NULL: no limit */
	const char *base; /* text of a profile in JSON that is widened by what it does not cover; NULL: a new one */
	size_t base_size;
	const struct callgate_filter *base_filter; /* what base means */
	callgate_uncovered_visit *left_out;        /* called for what within does not permit; NULL: nobody */
	void *data;
};
/* A profile in Docker's JSON that permits what was recorded, grouped by topic with counts. *out: malloc'ed, with a NUL
 * behind it. E_UNSUPPORTED: base cannot be widened so. */
int callgate_record_learn(const struct callgate_record *record, const struct callgate_learn *how, char **out,
			  size_t *size, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* How calls are seen. TRACEPOINTS: counted in the kernel, needs CAP_BPF and CAP_PERFMON, sees denied calls. NOTIFY: by
 * seccomp's user notification, for a command only, needs no rights, sets no_new_privs. AUTO: the first of them that is
 * possible. */
enum callgate_recorder_method { CALLGATE_RECORDER_AUTO = 0, CALLGATE_RECORDER_TRACEPOINTS, CALLGATE_RECORDER_NOTIFY };
struct callgate_recorder_how {
	enum callgate_recorder_method method;
	enum callgate_phase phase; /* that recording begins in, for running processes */
	const char *of;            /* whom the record says it is of; NULL: nobody */
};
struct callgate_recorder; /* opaque: one recording; it ends with its process, whatever happens to that */

/* Records what is running: TREE or CONTAINER, by their first process, and all that they start. */
int callgate_recorder_attach(enum callgate_scope scope, pid_t pid, const struct callgate_recorder_how *how,
			     struct callgate_recorder **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
/* Starts argv (found as execvp(3) does) and records it from its execve on. E_NOTFOUND, E_IO: it cannot be run. Signals
 * are blocked as by callgate_command_start(). */
int callgate_recorder_command(char *const argv[], const struct callgate_recorder_how *how,
			      struct callgate_recorder **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
/* Waits at most so long (-1: without end) for the end of the command (by NOTIFY: and of all that it started), or of the
 * first process. *status as waitpid(2) gives it, of a command. */
int callgate_recorder_wait(struct callgate_recorder *recorder, int timeout_ms, bool *ended, int *status,
			   struct callgate_err *err);
/* Nothing counts any more; a command goes on. */
void callgate_recorder_stop(struct callgate_recorder *recorder);
/* What has been counted so far. */
int callgate_recorder_read(struct callgate_recorder *recorder, struct callgate_record **out,
			   struct callgate_err *err) CALLGATE_MUST_CHECK;
/* "tracepoints", "notify". */
const char *callgate_recorder_method_name(const struct callgate_recorder *recorder);
/* A command that was recorded by NOTIFY and still runs gets ENOSYS for every call from here on. */
struct callgate_recorder *callgate_recorder_free(struct callgate_recorder *recorder);

#endif
