/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LD_PRELOAD: the NOMEM_AT-th request for memory is refused, and with NOMEM_ALWAYS every later one too. glibc only. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static long left = -1;

static int refused(void)
{
	if (left < 0) {
		const char *at = getenv("NOMEM_AT");

		left = at ? atol(at) : 0;
	}
	if (left == 0)
		return 0;
	if (left > 1) {
		left--;
		return 0;
	}
	left = getenv("NOMEM_ALWAYS") ? 1 : 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return refused() ? NULL : __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
	return refused() ? NULL : __libc_calloc(count, size);
}
void *realloc(void *old, size_t size)
{
	return refused() ? NULL : __libc_realloc(old, size);
}
