/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text: bytes that grow at the end. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* Room for more bytes and a NUL. */
static bool text_need(struct text *text, size_t more)
{
	size_t room = text->room ? text->room : 1024;
	char *bytes;

	if (text->failed || more > SIZE_MAX / 4 - text->size) {
		text->failed = true;
		return false;
	}
	if (text->size + more < text->room)
		return true;
	while (room <= text->size + more)
		room *= 2;
	bytes = realloc(text->bytes, room);
	if (!bytes) {
		text->failed = true;
		return false;
	}
	text->bytes = bytes;
	text->room = room;
	return true;
}

void text_add(struct text *text, const char *format, ...)
{
	va_list ap;
	int size;

	if (!strchr(format, '%')) {
		text_add_bytes(text, format, strlen(format));
		return;
	}
	if (!text_need(text, 128))
		return;
	va_start(ap, format);
	size = vsnprintf(text->bytes + text->size, text->room - text->size, format, ap);
	va_end(ap);
	if (size < 0) {
		text->failed = true;
	} else if ((size_t)size < text->room - text->size) {
		text->size += (size_t)size;
	} else if (text_need(text, (size_t)size)) {
		va_start(ap, format);
		text->size += (size_t)vsnprintf(text->bytes + text->size, text->room - text->size, format, ap);
		va_end(ap);
	}
}

void text_add_bytes(struct text *text, const void *bytes, size_t size)
{
	if (!text_need(text, size) || !size)
		return;
	memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
}

void text_add_json_bytes(struct text *text, const char *bytes, size_t size)
{
	text_add(text, "\"");
	for (size_t at = 0; at < size;) {
		size_t plain = 0;

		while (at + plain < size && (unsigned char)bytes[at + plain] >= 0x20 && bytes[at + plain] != '"' &&
		       bytes[at + plain] != '\\' && bytes[at + plain] != 0x7f)
			plain++;
		text_add_bytes(text, bytes + at, plain);
		at += plain;
		if (at == size)
			break;
		if (bytes[at] == '"' || bytes[at] == '\\')
			text_add(text, "\\%c", bytes[at]);
		else
			text_add(text, "\\u%04x", (unsigned)(unsigned char)bytes[at]);
		at++;
	}
	text_add(text, "\"");
}

void text_add_json(struct text *text, const char *string)
{
	text_add_json_bytes(text, string, strlen(string));
}

void text_pad(struct text *text, size_t column)
{
	size_t at = 0;

	while (at < text->size && text->bytes[text->size - 1 - at] != '\n')
		at++;
	if (at >= column && at > 0)
		text_add(text, " ");
	else
		text_add(text, "%*s", (int)(column - at), "");
}

int text_take(struct text *text, char **out, size_t *size, struct callgate_err *err)
{
	if (!text_need(text, 0)) {
		text_release(text);
		return err_nomem(err);
	}
	text->bytes[text->size] = '\0';
	*out = text->bytes;
	*size = text->size;
	*text = (struct text){ 0 };
	return 0;
}

void text_release(struct text *text)
{
	free(text->bytes);
	*text = (struct text){ 0 };
}
