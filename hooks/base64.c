/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64 back to bytes: no blanks, no line ends, padding where it belongs. */
#include "hooks/base64.h"

#include <stdlib.h>
#include <string.h>

static int value_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

void *base64_decode(const char *text, size_t size, size_t *length)
{
	size_t padding = 0, n = 0;
	unsigned char *out;

	if (!size || size % 4)
		return NULL;
	if (text[size - 1] == '=')
		padding = text[size - 2] == '=' ? 2 : 1;
	out = malloc(size / 4 * 3);
	for (size_t i = 0; out && i < size; i += 4) {
		size_t digits = i + 4 == size ? 4 - padding : 4;
		unsigned word = 0;

		for (size_t j = 0; j < 4; j++) {
			int digit = j < digits ? value_of(text[i + j]) : 0;

			if (digit < 0) {
				free(out);
				return NULL;
			}
			word = word << 6 | (unsigned)digit;
		}
		for (size_t j = 0; j + 1 < digits; j++)
			out[n++] = (unsigned char)(word >> (16 - 8 * j));
	}
	*length = n;
	return out;
}
