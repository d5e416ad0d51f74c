/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory: what this program's objects have asked for, libraries left out. */
#ifndef CALLGATE_TEST_MEMORY_H
#define CALLGATE_TEST_MEMORY_H

/* How many requests there have been since the program began. */
long memory_requests(void);

#endif
