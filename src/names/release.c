/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Releases of kernels, of libseccomp and of runtimes as numbers. */
#include <string.h>

#include "base/err.h"
#include "names/words.h"

/* The oldest libseccomp whose names the table can distinguish. */
enum { OLDEST_RELEASE = 0x020300 };

/* One decimal number up to 255, and where it ends; NULL when there is none. */
static const char *small_number(const char *text, unsigned *out)
{
	unsigned value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (unsigned)(*at - '0');
		if (value > 255)
			return NULL;
	}
	*out = value;
	return at == text ? NULL : at;
}

int callgate_kernel_parse(const char *text, unsigned *major, unsigned *minor)
{
	unsigned first, second;

	REQUIRE(NULL, text && major && minor);
	text = small_number(text, &first);
	if (!text || *text != '.')
		return CALLGATE_E_NOTFOUND;
	text = small_number(text + 1, &second);
	/* What uname -r says goes on: "6.1.0-13-amd64", "6.18-rc3", "5.4+". */
	if (!text || (*text && !strchr(".-+_", *text)))
		return CALLGATE_E_NOTFOUND;
	*major = first;
	*minor = second;
	return 0;
}

bool release_parse(const char *text, uint32_t *out)
{
	uint32_t release = 0;

	for (int i = 0; i < 3; i++) {
		unsigned part;

		text = small_number(text, &part);
		if (!text || *text != (i < 2 ? '.' : '\0'))
			return false;
		release = release << 8 | part;
		text++;
	}
	*out = release;
	return true;
}

int callgate_release_parse(const char *text, uint32_t *out)
{
	static const char prefix[] = "libseccomp-";
	uint32_t release;

	REQUIRE(NULL, text && out);
	if (strncmp(text, prefix, sizeof(prefix) - 1) != 0 || !release_parse(text + sizeof(prefix) - 1, &release) ||
	    release < OLDEST_RELEASE)
		return CALLGATE_E_NOTFOUND;
	*out = release;
	return 0;
}
