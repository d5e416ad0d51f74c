/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Escape: text that somebody else chose, in a form that steers no terminal and breaks no row. */
#include <stdio.h>
#include <string.h>

#include "base/private.h"
#include "callgate.h"

/* How many bytes the well-formed UTF-8 sequence at at has; 0: none. *code: what it means. */
static size_t sequence(const unsigned char *at, unsigned *code)
{
	static const struct {
		unsigned char mask, lead;
		unsigned least;
	} forms[] = {
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((at[0] & forms[i].mask) != forms[i].lead)
			continue;
		*code = at[0] & (unsigned char)~forms[i].mask;
		for (size_t j = 1; j <= i + 1; j++) {
			if ((at[j] & 0xc0) != 0x80)
				return 0;
			*code = *code << 6 | (at[j] & 0x3f);
		}
		return *code < forms[i].least || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff) ? 0 : i + 2;
	}
	return 0;
}

/* Controls of the second kind, and what turns the direction of writing or takes no room. */
static bool is_hidden(unsigned code)
{
	return code < 0xa0 || code == 0xad || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffb) || (code & 0xfffe) == 0xfffe || (code >= 0xe0000 && code <= 0xe0fff);
}

char *callgate_escape(const char *text, char *out, size_t size)
{
	const unsigned char *at = (const unsigned char *)(text ? text : "");
	size_t used = 0;

	if (!out || !size)
		return out;
	while (*at) {
		char piece[5];
		unsigned code = 0;
		size_t taken = 1, length;

		if (*at >= 0x80)
			taken = sequence(at, &code);
		if (*at >= 0x80 && taken && !is_hidden(code)) {
			memcpy(piece, at, taken);
			length = taken;
		} else if (*at >= ' ' && *at <= '~' && *at != '\\') {
			piece[0] = (char)*at;
			length = 1;
		} else {
			length = (size_t)snprintf(piece, sizeof(piece), *at == '\\' ? "\\\\" : "\\x%02x", *at);
			taken = 1;
		}
		if (used + length + 1 > size)
			break;
		memcpy(out + used, piece, length);
		used += length;
		at += taken;
	}
	out[used] = '\0';
	return out;
}
