/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading filters back by PTRACE_SECCOMP_GET_FILTER. A thread of our own is the tracer, as for
 * injection. */
#include "kernel/dump.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "base/err.h"
#include "filter/filter.h"
#include "kernel/status.h"
#include "kernel/tracee.h"
#include "names/abi.h"

#ifndef PTRACE_SECCOMP_GET_METADATA
#define PTRACE_SECCOMP_GET_METADATA 0x420d
#endif

/* linux/ptrace.h and sys/ptrace.h do not go together everywhere. */
struct filter_metadata {
	uint64_t index, flags;
};

struct dump {
	pid_t tid;
	struct callgate_prog **progs;
	size_t count, room;
	struct sock_filter *buffer; /* PROG_LIMIT instructions: one call fetches any filter */
	struct callgate_err *err;
};

static bool caller_is_confined(void)
{
	struct callgate_task self;

	return task_read_id(getpid(), &self, NULL, NULL) == 0 && self.mode != CALLGATE_MODE_NONE;
}

static int filter_refused(struct dump *dump, int saved)
{
	long tid = (long)dump->tid;

	if (saved == EACCES && caller_is_confined())
		return err_set(dump->err, CALLGATE_E_PERM,
			       "the kernel shows no filters to a caller that is under a filter itself");
	if (saved == EACCES)
		return err_set(dump->err, CALLGATE_E_PERM,
			       "reading filters back needs CAP_SYS_ADMIN in the initial user namespace");
	if (saved == EINVAL) /* the task is in filter mode: that was asked first */
		return err_set(dump->err, CALLGATE_E_UNSUPPORTED,
			       "the kernel cannot show filters: it lacks CONFIG_CHECKPOINT_RESTORE");
	if (saved == ESRCH)
		return err_set(dump->err, CALLGATE_E_NOTFOUND, "process %ld has ended", tid);
	return err_set_errno(dump->err, CALLGATE_E_KERNEL, saved, NULL, "cannot read the filters of process %ld", tid);
}

static int keep(struct dump *dump, unsigned count, uint32_t flags)
{
	int r;

	if (dump->count == dump->room) {
		size_t room = dump->room ? dump->room * 2 : 4;
		struct callgate_prog **grown = realloc(dump->progs, room * sizeof(*grown));

		if (!grown)
			return err_nomem(dump->err);
		dump->progs = grown;
		dump->room = room;
	}
	r = prog_new(dump->buffer, count, &dump->progs[dump->count], dump->err);
	if (r < 0)
		return r;
	dump->progs[dump->count++]->flags = flags;
	return 0;
}

static int read_filters(struct dump *dump)
{
	for (;;) {
		struct filter_metadata meta = { .index = dump->count };
		long n = tracee_ptrace(PTRACE_SECCOMP_GET_FILTER, dump->tid, dump->count, dump->buffer);
		int r;

		if (n < 0 && errno == ENOENT && dump->count > 0)
			return 0;
		if (n <= 0 || n > PROG_LIMIT)
			return filter_refused(dump, n < 0 ? errno : EMSGSIZE);
		/* Since Linux 4.16; an older kernel says no flags. */
		if (tracee_ptrace(PTRACE_SECCOMP_GET_METADATA, dump->tid, sizeof(meta), &meta) < 0)
			meta.flags = 0;
		r = keep(dump, (unsigned)n, (uint32_t)meta.flags);
		if (r < 0)
			return r;
	}
}

static int dump_body(void *data, struct callgate_err *err)
{
	struct dump *dump = data;
	struct tracee tracee = { .tid = dump->tid, .deadline_ms = TRACEE_DEADLINE_MS };
	int r;

	dump->err = err;
	r = tracee_seize(&tracee, 0, err);
	if (r == 0)
		r = tracee_interrupt(&tracee, err);
	if (r < 0)
		return r; /* the end of this thread lets go of it */
	r = read_filters(dump);
	(void)tracee_detach(&tracee, NULL);
	return r;
}

struct callgate_prog **kernel_dump_free(struct callgate_prog **progs, size_t count)
{
	if (progs)
		for (size_t i = 0; i < count; i++)
			free(progs[i]);
	free(progs);
	return NULL;
}

int kernel_dump_lift(const struct callgate_prog *const progs[], size_t count, const char *name,
		     struct callgate_filter **out, struct callgate_err *err)
{
	struct callgate_filter **filters = calloc(count ? count : 1, sizeof(struct callgate_filter *)), *met = NULL;
	int r = 0;

	if (!filters)
		return err_nomem(err);
	for (size_t i = 0; i < count && r == 0; i++)
		r = callgate_filter_lift(progs[i], name, abi_native(), &filters[i], err);
	if (r == 0)
		r = callgate_filter_meet((const struct callgate_filter *const *)filters, count, &met, err);
	if (r == 0 && !count)
		r = filter_list_open(met, abi_native(), err);
	if (r == 0)
		*out = met;
	else
		callgate_filter_free(met);
	for (size_t i = 0; i < count; i++)
		callgate_filter_free(filters[i]);
	free(filters);
	return r;
}

static void release(void *data)
{
	struct dump *dump = data;

	free(dump->buffer);
	kernel_dump_free(dump->progs, dump->count);
}

int kernel_dump(pid_t tid, struct callgate_prog ***out, size_t *count, struct callgate_err *err)
{
	struct dump dump = { .tid = tid };
	struct callgate_task task;
	int r;

	r = task_read_id(tid, &task, NULL, err);
	if (r < 0)
		return r;
	if (task.mode == CALLGATE_MODE_STRICT)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "process %ld is in strict mode, which has no filter",
			       (long)tid);
	if (task.mode == CALLGATE_MODE_NONE) {
		*out = NULL;
		*count = 0;
		return 0;
	}
	dump.buffer = malloc(PROG_LIMIT * sizeof(*dump.buffer));
	if (!dump.buffer)
		return err_nomem(err);
	r = tracee_in_thread(&(struct tracer_job){ dump_body, &dump, sizeof(dump), TRACEE_DEADLINE_MS, release }, err);
	if (r < 0)
		return r;
	free(dump.buffer);
	*out = dump.progs;
	*count = dump.count;
	return 0;
}

int callgate_task_dump(pid_t tid, struct callgate_prog ***out, size_t *count, struct callgate_err *err)
{
	REQUIRE(err, out && count);
	if (tid <= 0)
		return err_bad_pid(tid, err);
	return kernel_dump(tid, out, count, err);
}

struct callgate_prog **callgate_task_dump_free(struct callgate_prog **progs, size_t count)
{
	return kernel_dump_free(progs, count);
}
