/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Record: which calls ran, how often, with which selectors (names/selector.h). Rows are kept by ABI, number, phase and
 * answer; a row keeps the first combinations of argument values apart, and only sets, hulls and bits of them once there
 * are more. All sizes are bounded, whatever the recorded programs do; what does not fit is counted as lost.
 */
#ifndef CALLGATE_RECORD_RECORD_H
#define CALLGATE_RECORD_RECORD_H

#include "record/recording.h"

enum {
	RECORD_ARGS = 6,
	RECORD_COMBINATIONS = 8,
	RECORD_VALUES = 8,
	RECORD_EXES = 8,
	RECORD_EXE_NAMES = 256,
	RECORD_EXE_SIZE = 64
};
enum { RECORD_ROWS = 16384 };
#define RECORD_SECONDS 10000000000u /* since 1970: times are below that */

/* What seccomp did to it. RAN: nothing. ERRNO, with the errno; SIGSYS: TRAP or a KILL; EMULATED: somebody else
 * answered. */
enum record_answer {
	RECORD_RAN = CALLGATE_RAN,
	RECORD_ERRNO = CALLGATE_DENIED_ERRNO,
	RECORD_SIGSYS = CALLGATE_DENIED_SIGSYS,
	RECORD_EMULATED = CALLGATE_EMULATED
};

/* Values of one argument: a few of them, or all between and their bits. */
struct record_values {
	uint8_t count; /* of values; 0: more than RECORD_VALUES */
	uint64_t values[RECORD_VALUES];
	uint64_t least, most;
	uint64_t any, all; /* bits that some value has, that all have */
};

struct record_combination {
	uint64_t count;
	uint64_t args[RECORD_ARGS];
	uint8_t known; /* bit i: args[i] was seen */
};

struct record_exe {
	uint16_t name; /* index into the record's names */
	uint64_t count;
};

struct record_row {
	enum callgate_abi abi;
	uint32_t nr;
	enum callgate_phase phase;
	enum record_answer answer;
	uint16_t data;               /* errno */
	uint64_t count, first, last; /* nanoseconds since the epoch; 0: not known */
	uint8_t known;               /* of spread: bit i: spread[i] says something */
	uint8_t combination_count;
	struct record_combination combinations[RECORD_COMBINATIONS];
	struct record_values *spread; /* NULL: combinations has them all; else six, and combinations none */
	uint8_t exe_count;
	struct record_exe exes[RECORD_EXES];
};

struct callgate_record {
	struct record_row *rows;
	size_t count, room;
	uint32_t *table; /* row + 1, by key; table_size is a power of two */
	size_t table_size;
	char (*exes)[RECORD_EXE_SIZE];
	unsigned exe_count;
	uint64_t lost, runs;
	uint64_t first, last;
	char origin[128]; /* "lxc:web": who was recorded; of several the first */
	char method[32];  /* "tracepoint", "notify", "strace" ... */
};

/* Some calls that are alike. exe NULL or "": not known. */
struct record_event {
	enum callgate_abi abi;
	uint32_t nr;
	enum callgate_phase phase;
	enum record_answer answer;
	uint16_t data;
	uint64_t count, first, last;
	uint64_t args[RECORD_ARGS];
	uint8_t known;
	const char *exe;
};

int record_new(struct callgate_record **out, struct callgate_err *err);
/* E_NOMEM only: past the bound on rows the calls are added to lost. */
int record_add(struct callgate_record *record, const struct record_event *event, struct callgate_err *err);
/* The same for six arguments that were seen whole: keeps the selectors. */
int record_add_call(struct callgate_record *record, const struct record_event *event, struct callgate_err *err);
/* Adds what another row of the same key has. */
int record_add_row(struct callgate_record *record, const struct record_row *row, const struct callgate_record *from,
		   struct callgate_err *err);
const char *record_exe(const struct callgate_record *record, unsigned name);
/* The program that made most of a row's calls; "": not known. */
const char *record_program(const struct callgate_record *record, const struct record_row *row);
/* The index of a name, cut to what fits and printable; RECORD_EXE_NAMES: no room for another. */
unsigned record_exe_index(struct callgate_record *record, const char *name);
/* By ABI, number, phase, answer. */
void record_sort(struct callgate_record *record);
const char *record_phase_name(enum callgate_phase phase);

/* record/values.c */
void record_combine(struct record_row *row, const struct record_combination *combination);
/* Turns combinations into one product of sets. False: no memory. */
bool record_spread(struct record_row *row);
void record_values_add(struct record_values *values, uint64_t value, bool first);
void record_values_join(struct record_values *values, const struct record_values *other, bool first);

#endif
