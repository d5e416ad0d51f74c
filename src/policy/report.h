/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Report: what readers and lint say about one text. Findings become notes; the first error also fills struct
 * callgate_err. */
#ifndef CALLGATE_POLICY_REPORT_H
#define CALLGATE_POLICY_REPORT_H

#include "base/note_ids.h"
#include "base/notes.h"
#include "base/source.h"

struct report {
	const struct source *source;
	struct callgate_notes *notes; /* may be NULL */
	struct callgate_err *err;     /* may be NULL */
	enum callgate_reader reader;  /* whose reading this is; CALLGATE: callgate's own, the strictest */
	unsigned errors, warnings;
};

/* Readers, as sets. */
enum reader_set {
	READS_CALLGATE = 1 << CALLGATE_AS_CALLGATE,
	READS_DOCKER = 1 << CALLGATE_AS_DOCKER,
	READS_PODMAN = 1 << CALLGATE_AS_PODMAN,
	READS_CONTAINERD = 1 << CALLGATE_AS_CONTAINERD,
	READS_RUNC = 1 << CALLGATE_AS_RUNC,
	READS_CRUN = 1 << CALLGATE_AS_CRUN,
	READS_LXC = 1 << CALLGATE_AS_LXC,
	READS_RUNSC = 1 << CALLGATE_AS_RUNSC,
	READS_BARE = READS_CONTAINERD | READS_RUNC | READS_RUNSC, /* the OCI structure and nothing else, in Go */
	READS_GUARDS = READS_DOCKER | READS_PODMAN,               /* rules with guards, rows of archMap */
	READS_GO = READS_DOCKER | READS_PODMAN | READS_BARE,      /* keys in any case, of two the last counts */
	READS_ANY = READS_GO | READS_CRUN | READS_LXC,
};
bool report_reader(const struct report *report, enum reader_set set);

void report_error(struct report *report, enum note_id id, size_t at, const char *format, ...) CALLGATE_PRINTF(4, 5);
/* An error for whoever looks at the findings, but the policy can be used. */
void report_error_and_go_on(struct report *report, enum note_id id, size_t at, const char *format, ...)
	CALLGATE_PRINTF(4, 5);
void report_warning(struct report *report, enum note_id id, size_t at, const char *format, ...) CALLGATE_PRINTF(4, 5);
/* An error, but a warning when the reader is one of those that accept it. */
void report_unless(struct report *report, enum reader_set accepting, enum note_id id, size_t at, const char *format,
		   ...) CALLGATE_PRINTF(5, 6);
/* Another place of the finding that was reported last. */
void report_attach(struct report *report, size_t at, const char *format, ...) CALLGATE_PRINTF(3, 4);
/* Whether another finding would still be kept: what only serves its text (a nearest word) may be left out otherwise. */
bool report_listens(const struct report *report);
/* Words of a profile in a text are cut to this: "%.*s", report_width(word), word.at. */
int report_width(struct slice word);
/*
 * A suggestion at the end of a text: format "...'" REPORT_MEANT, arguments ..., report_meant(word); word may be NULL.
 */
#define REPORT_MEANT "%s%s%s"
#define report_meant(word) (word) ? "; did you mean '" : "", (word) ? (word) : "", (word) ? "'?" : ""
/* 0, or E_PROFILE when an error was reported. */
int report_result(const struct report *report);

#endif
