/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors: filling struct callgate_err. Works without memory and before main(). */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void err_reset(struct callgate_err *err, int code)
{
	err->code = code;
	err->sys_errno = 0;
	err->line = 0;
	err->column = 0;
	err->file[0] = '\0';
	err->text[0] = '\0';
}

int(err_set)(struct callgate_err *err, int code, const char *format, ...)
{
	va_list ap;

	if (!err)
		return code;
	err_reset(err, code);
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return code;
}

int(err_set_errno)(struct callgate_err *err, int code, int sys_errno, const char *what, const char *format, ...)
{
	va_list ap;
	size_t used;

	if (!err)
		return code;
	err_reset(err, code);
	err->sys_errno = sys_errno;
	if (what)
		snprintf(err->file, sizeof(err->file), "%s", what);
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(sys_errno));
	return code;
}

void err_set_place(struct callgate_err *err, const char *file, unsigned line, unsigned column)
{
	if (!err)
		return;
	if (file)
		snprintf(err->file, sizeof(err->file), "%s", file);
	err->line = line;
	err->column = column;
}

int(err_nomem)(struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_NOMEM, "out of memory");
}

int err_bad_pid(long pid, struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_ARG, "%ld is not a valid PID", pid);
}

int(err_missing)(struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_ARG, "a required argument is NULL");
}
