/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hook's surroundings and voice. */
#include "hooks/say.h"
#include "base/private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

static int keep_one_variable(const char *name)
{
	const char *value = getenv(name);
	char *copy = value ? strdup(value) : NULL;
	static char *none[] = { NULL };
	int r = 0;

	if (value && !copy)
		return -1;
	environ = none;
	if (copy)
		r = setenv(name, copy, 1);
	free(copy);
	return r;
}

int hook_enter(const char *ident)
{
	callgate_prefault();
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	/* A file opened later must not become one of the standard streams. */
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			return -1;
	syscall(SYS_close_range, 3, ~0u, 0); /* since Linux 5.9; before it they are merely unused */
	openlog(ident, LOG_PID, LOG_AUTHPRIV);
	return keep_one_variable("XDG_RUNTIME_DIR");
}

__attribute__((format(printf, 2, 0))) static void format_text(char text[MESSAGE_SIZE], const char *format, va_list ap)
{
	char raw[MESSAGE_SIZE];

	vsnprintf(raw, sizeof(raw), format, ap);
	callgate_escape(raw, text, MESSAGE_SIZE);
}

static void keep(struct messages *messages, const char text[MESSAGE_SIZE])
{
	if (messages->count == MESSAGE_LIMIT)
		return;
	memcpy(messages->text[messages->count], text, MESSAGE_SIZE);
	messages->list[messages->count] = messages->text[messages->count];
	messages->count++;
}

void say(struct messages *messages, int priority, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list ap;

	va_start(ap, format);
	format_text(text, format, ap);
	va_end(ap);
	fprintf(stderr, "callgate: %s\n", text);
	syslog(priority, "%s", text);
	keep(messages, text);
}

void note_down(struct messages *messages, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list ap;

	va_start(ap, format);
	format_text(text, format, ap);
	va_end(ap);
	keep(messages, text);
}

void say_err(struct messages *messages, const struct callgate_err *err)
{
	if (err->file[0] && err->line)
		say(messages, LOG_ERR, "%s:%u: %s", err->file, err->line, err->text);
	else if (err->file[0])
		say(messages, LOG_ERR, "%s: %s", err->file, err->text);
	else
		say(messages, LOG_ERR, "%s", err->text);
}

void say_notes(struct messages *messages, const struct callgate_notes *notes)
{
	size_t said = 0;

	for (size_t i = 0; i < callgate_notes_count(notes) && said < MESSAGE_LIMIT / 2; i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);

		if (note->severity != CALLGATE_ERROR)
			continue;
		say(messages, LOG_ERR, "%s:%u:%u: %s [CG-%03u]", note->file ? note->file : "profile", note->line,
		    note->column, note->text, note->id);
		said++;
	}
}
