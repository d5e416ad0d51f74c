/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prefault: a short process gets the memory that it will use at once. */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/private.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; before, EINVAL, and pages come one by one */
#endif

enum { HEAP = 320 * 1024 }; /* what compiling Docker's default takes */

void callgate_prefault(void)
{
#ifdef M_TOP_PAD
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at;
	char *start;

	/* Setting one of these keeps the others from adapting, so all are set to where they would come. */
	mallopt(M_TOP_PAD, 4096);
	mallopt(M_TRIM_THRESHOLD, 8 << 20);
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	/* One block: the heap may have begun already. What is freed here is what comes next. */
	start = malloc(HEAP);
	at = (uintptr_t)start & ~(page - 1);
	if (start)
		madvise((void *)at, HEAP, MADV_POPULATE_WRITE); /* NOLINT(performance-no-int-to-ptr) */
	free(start);
#endif
}
