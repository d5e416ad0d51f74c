/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading /proc/PID/task/TID: status and stat through one directory descriptor. */
#include "kernel/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

/* Status has a line of all supplementary groups: 65,536 of them take 720 KiB. */
enum { STATUS_USUAL = 8192, STATUS_LIMIT = 1 << 20 };

struct text {
	char *at;
	size_t size, used;
	size_t limit; /* of size */
};

static int open_in(int dir, const char *name, int flags, int *out, struct callgate_err *err)
{
	int fd = openat(dir, name, flags | O_RDONLY | O_CLOEXEC), saved = errno;

	if (fd < 0)
		return err_set_errno(err, saved == ENOENT || saved == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_IO,
				     saved, NULL, "cannot open '%s' in /proc", name);
	*out = fd;
	return 0;
}

int proc_open(int dir, const char *name, int *out, struct callgate_err *err)
{
	return open_in(dir, name, O_DIRECTORY, out, err);
}

/* What fits; *used below size: all of it. */
static int fill(int fd, const char *name, struct text *text, struct callgate_err *err)
{
	while (text->used < text->size) {
		ssize_t n = read(fd, text->at + text->used, text->size - text->used);
		int saved = errno;

		if (n < 0 && saved == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, saved == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_IO, saved, NULL,
					     "cannot read '%s' in /proc", name);
		if (n == 0)
			break;
		text->used += (size_t)n;
	}
	return 0;
}

/* Doubles it, as long as it is below the limit; *grown holds it from then on. */
static int grow(const char *name, struct text *text, char **grown, struct callgate_err *err)
{
	size_t size = text->size * 2;
	char *at;

	if (size > text->limit)
		return err_set(err, CALLGATE_E_LIMIT, "'%s' in /proc is longer than %zu bytes", name, text->size - 1);
	at = realloc(*grown, size);
	if (!at)
		return err_nomem(err);
	if (!*grown)
		memcpy(at, text->at, text->used);
	text->at = *grown = at;
	text->size = size;
	return 0;
}

/* Through one descriptor: so the kernel shows one moment, however many calls it takes. The caller frees *grown. */
static int read_text(int dir, const char *name, struct text *text, char **grown, struct callgate_err *err)
{
	int fd, r = open_in(dir, name, 0, &fd, err);

	if (r < 0)
		return r;
	r = fill(fd, name, text, err);
	while (r == 0 && text->used == text->size) {
		r = grow(name, text, grown, err);
		if (r == 0)
			r = fill(fd, name, text, err);
	}
	fd_close(fd);
	if (r == 0)
		text->at[text->used] = '\0';
	return r;
}

int proc_read(int dir, const char *name, char *buf, size_t size, struct callgate_err *err)
{
	struct text text = { .at = buf, .size = size, .limit = size };
	char *none = NULL;

	return read_text(dir, name, &text, &none, err);
}

int process_stat(pid_t pid, struct process_stat *out, struct callgate_err *err)
{
	struct callgate_err why = CALLGATE_ERR_INIT;
	char name[64], text[1024];
	const char *at;
	int r;

	*out = (struct process_stat){ .parent = 0 };
	snprintf(name, sizeof(name), "/proc/%ld/stat", (long)pid);
	r = proc_read(AT_FDCWD, name, text, sizeof(text), &why);
	if (r < 0)
		return why.sys_errno == EACCES || why.sys_errno == EPERM ? 0 : err_set(err, r, "%s", why.text);
	at = strrchr(text, ')'); /* behind the name, which may hold any byte */
	if (at)
		sscanf(at + 1, " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld", &out->state,
		       &out->parent, &out->threads);
	return 0;
}

/* The text behind "Key:" at the start of a line, NULL when the kernel does not say it. */
static const char *field(const char *text, const char *key)
{
	size_t size = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, size) == 0 && line[size] == ':')
			return line + size + 1;
		if (*line == '\0')
			break;
	}
	return NULL;
}

static unsigned long long number(const char *text, const char *key, int base, unsigned long long absent)
{
	const char *at = field(text, key);

	return at ? strtoull(at, NULL, base) : absent;
}

/* stat's command stands in parentheses and may hold any byte: the last ')' ends it. Flags are field 9, the start time
 * is 22. */
static int read_stat(int dir, struct callgate_task *task, struct task_detail *detail, struct callgate_err *err)
{
	enum { KERNEL_THREAD = 0x00200000 }; /* PF_KTHREAD */

	char text[1024];
	const char *command;
	char *at;
	int r;

	r = proc_read(dir, "stat", text, sizeof(text), err);
	if (r < 0)
		return r;
	command = strchr(text, '(');
	at = strrchr(text, ')');
	if (!command || !at || at < command || at[1] != ' ')
		return err_set(err, CALLGATE_E_IO, "'stat' in /proc has another form");
	snprintf(task->command, sizeof(task->command), "%.*s", (int)(at - command - 1), command + 1);
	detail->state = at[2];
	task->tid = (pid_t)strtol(text, NULL, 10);
	at += 2;
	for (int i = 3; i < 22 && at; i++) {
		if (i == 9)
			detail->kernel_thread = strtoul(at, NULL, 10) & KERNEL_THREAD;
		at = strchr(at + 1, ' ');
	}
	if (!at)
		return err_set(err, CALLGATE_E_IO, "'stat' in /proc is short");
	task->start_time = strtoull(at, NULL, 10);
	return 0;
}

static int parse_status(const char *text, struct callgate_task *task, struct task_detail *detail,
			struct callgate_err *err)
{
	if (!field(text, "Seccomp"))
		return err_set(err, CALLGATE_E_UNSUPPORTED, "/proc says nothing of seccomp: the kernel has none");
	task->pid = (pid_t)number(text, "Tgid", 10, 0);
	task->tid = (pid_t)number(text, "Pid", 10, 0);
	task->mode = (enum callgate_mode)number(text, "Seccomp", 10, 0);
	/* Said since Linux 5.9. */
	task->filters = (int)number(text, "Seccomp_filters", 10, (unsigned long long)-1);
	task->no_new_privs = number(text, "NoNewPrivs", 10, 0) != 0;
	task->caps = number(text, "CapBnd", 16, 0);
	detail->tracer = (pid_t)number(text, "TracerPid", 10, 0);
	detail->effective = number(text, "CapEff", 16, 0);
	detail->threads = (unsigned)number(text, "Threads", 10, 0);
	return 0;
}

static int read_status(int dir, struct callgate_task *task, struct task_detail *detail, struct callgate_err *err)
{
	struct callgate_err why = CALLGATE_ERR_INIT;
	char usual[STATUS_USUAL], *grown = NULL;
	struct text text = { .at = usual, .size = sizeof(usual), .limit = STATUS_LIMIT };
	int r = read_text(dir, "status", &text, &grown, &why);

	if (r < 0) {
		err_set(err, r, "process %ld: %s", (long)task->tid, why.text);
		if (err)
			err->sys_errno = why.sys_errno;
	} else {
		r = parse_status(text.at, task, detail, err);
	}
	free(grown);
	return r;
}

int task_read(int dir, struct callgate_task *out, struct task_detail *detail, struct callgate_err *err)
{
	struct callgate_task task = { .pid = 0 };
	struct task_detail seen = { 0 };
	int r;

	r = read_stat(dir, &task, &seen, err);
	if (r == 0)
		r = read_status(dir, &task, &seen, err);
	if (r < 0)
		return r;
	if (detail)
		*detail = seen;
	*out = task;
	return 0;
}

int task_read_in(int tasks, const char *name, struct callgate_task *out, struct task_detail *detail,
		 struct callgate_err *err)
{
	int dir, r = proc_open(tasks, name, &dir, err);

	if (r < 0)
		return r;
	r = task_read(dir, out, detail, err);
	fd_close(dir);
	return r;
}

bool state_has_ended(char state)
{
	return state == 'Z' || state == 'X';
}

int task_read_id(pid_t tid, struct callgate_task *out, struct task_detail *detail, struct callgate_err *err)
{
	char path[64];
	int dir, r;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld", (long)tid, (long)tid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		if (errno == ENOENT || errno == ESRCH)
			return err_set(err, CALLGATE_E_NOTFOUND, "no process %ld", (long)tid);
		return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot open");
	}
	r = task_read(dir, out, detail, err);
	fd_close(dir);
	if (r == CALLGATE_E_NOTFOUND)
		return err_set(err, r, "process %ld has ended", (long)tid);
	return r;
}

int task_refuse_tracing(pid_t pid, const struct task_detail *detail, struct callgate_err *err)
{
	if (state_has_ended(detail->state))
		return err_set(err, CALLGATE_E_NOTFOUND, "process %ld has ended and waits for its parent", (long)pid);
	if (detail->kernel_thread)
		return err_set(err, CALLGATE_E_ARG, "process %ld is a thread of the kernel", (long)pid);
	if (detail->tracer)
		return err_set(err, CALLGATE_E_PERM,
			       "process %ld is traced by process %ld already (strace, a debugger), and a process has "
			       "one tracer: end that one, or start without it and attach it to what runs then",
			       (long)pid, (long)detail->tracer);
	return 0;
}
