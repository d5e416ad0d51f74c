/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notes: findings with a stable id and a place. The ids are the rows of base/note_ids.h, never reused. */
#ifndef CALLGATE_BASE_NOTES_H
#define CALLGATE_BASE_NOTES_H

#include "base/source.h"
#include "callgate.h"

/* Says a finding about the byte at offset. notes may be NULL. Keeps the first NOTES_LIMIT, counts the rest.
 * Control characters, invalid UTF-8 and foreign scripts in the text come out as \xNN: pass raw bytes of a
 * profile by %.*s without fear. Returns CALLGATE_E_PROFILE for an error, else 0, for tail calls. */
int note_at(struct callgate_notes *notes, enum callgate_severity severity, unsigned id, const struct source *source,
	    size_t offset, const char *format, ...) CALLGATE_PRINTF(6, 7);

/* Another place of the finding that note_at() was last called for: printed as a note below it, dropped with it. */
void note_attach(struct callgate_notes *notes, const struct source *source, size_t offset, const char *format, ...)
	CALLGATE_PRINTF(4, 5);

enum { NOTES_LIMIT = 200 };

#endif
