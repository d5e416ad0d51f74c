/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text: bytes that grow at the end. Start from { 0 }; a failure is remembered and answered by text_take(). */
#ifndef CALLGATE_BASE_TEXT_H
#define CALLGATE_BASE_TEXT_H

#include "callgate.h"

struct text {
	char *bytes;
	size_t size, room;
	bool failed;
};

void text_add(struct text *text, const char *format, ...) CALLGATE_PRINTF(2, 3);
void text_add_bytes(struct text *text, const void *bytes, size_t size);
/* A JSON string, with its quotes. Bytes that are no UTF-8 stay as they are. */
void text_add_json(struct text *text, const char *string);
void text_add_json_bytes(struct text *text, const char *bytes, size_t size);
/* Spaces up to this column of the last line (0-based); at least one where the line is longer than that, none at its
 * start. */
void text_pad(struct text *text, size_t column);
/* Hands over what was written, malloc'ed and with a NUL behind it. The text is empty afterwards, on failure too. */
int text_take(struct text *text, char **out, size_t *size, struct callgate_err *err);
void text_release(struct text *text);

#endif
