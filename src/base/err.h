/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors: one struct on the caller's stack, filled where the trouble is first understood. */
#ifndef CALLGATE_BASE_ERR_H
#define CALLGATE_BASE_ERR_H

#include "callgate.h"

/* Fills err (may be NULL) and returns code, so that a failing path reads `return err_set(err, CODE, ...)`. */
int err_set(struct callgate_err *err, int code, const char *format, ...) CALLGATE_PRINTF(3, 4);

/* The same for a failed system call on a file or thing: keeps errno's value, appends its words. what may be NULL. */
int err_set_errno(struct callgate_err *err, int code, int sys_errno, const char *what, const char *format, ...)
	CALLGATE_PRINTF(5, 6);

/* Adds a place to an error that is set already. file may be NULL (kept as it is). */
void err_set_place(struct callgate_err *err, const char *file, unsigned line, unsigned column);

int err_nomem(struct callgate_err *err);

/* What is told as an error never answers 0, which callers take for success. A code that is none is an error in here. */
static inline int err_negative(int code)
{
	return code < 0 ? code : CALLGATE_E_MISMATCH;
}

/* Compilers see in every file that the code comes back, so that they know where an error has been left behind. */
#define err_set(err, code, ...) \
	({ \
		const int err_code = err_negative(code); \
\
		(err_set)(err, err_code, __VA_ARGS__); \
		err_code; \
	})
#define err_set_errno(err, code, ...) \
	({ \
		const int err_code = err_negative(code); \
\
		(err_set_errno)(err, err_code, __VA_ARGS__); \
		err_code; \
	})
#define err_nomem(err) ((void)(err_nomem)(err), CALLGATE_E_NOMEM)

/* E_ARG: no process or thread has this number. */
int err_bad_pid(long pid, struct callgate_err *err);

/* E_ARG: the caller left out what a public function cannot do without. */
int err_missing(struct callgate_err *err);
#define err_missing(err) ((void)(err_missing)(err), CALLGATE_E_ARG)
/* How every public function begins: what must not be NULL is not. */
#define REQUIRE(err, present) \
	do { \
		if (!(present)) \
			return err_missing(err); \
	} while (0)

#endif
