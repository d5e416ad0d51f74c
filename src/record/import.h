/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Import: what other programs wrote down, as a record. Each takes a whole text; lines and members that are not about
 * calls are skipped. */
#ifndef CALLGATE_RECORD_IMPORT_H
#define CALLGATE_RECORD_IMPORT_H

#include "base/source.h"
#include "record/record.h"
#include "record/recording.h"

/* record/read.c: callgate.record/1. E_FORMAT with a place: no such document. */
int record_parse(const struct source *source, struct callgate_record *record, struct callgate_err *err);

/* record/profile.c: profiles that recorders wrote (allowed calls, each counted once): OCI's and Docker's JSON, as the
 * OCI hook for recording by eBPF writes it, and the security-profiles-operator's SeccompProfile as JSON. */
int record_from_profile(const struct source *source, struct callgate_record *record, struct callgate_err *err);

/* record/lines.c: audit records (type=SECCOMP or SYSCALL), output of strace and of perf trace. E_FORMAT: not one line
 * of them. */
int record_from_lines(const struct source *source, struct callgate_record *record, struct callgate_err *err);

#endif
