/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live: the tasks of a process or container, and what they may do together. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/witness_read.h"
#include "runtime/hooks.h"
#include "tool/tool.h"

struct live {
	const struct callgate_tasks *tasks;
	struct callgate_witness *witness;
	bool *joined; /* by stack: it is part of all */
	struct callgate_filter *all;
	char first[65], digest[65]; /* of what the first task means, and of all */
	char one[65];               /* of what one of the stacks means */
	bool differ;                /* from another's */
	int fewest;                 /* filters of a task */
	size_t unseen;              /* tasks that ended before they could be looked at, of which nothing is known */
};

static bool has_runtimes_init(const struct callgate_tasks *tasks)
{
	for (size_t i = 0; i < callgate_tasks_count(tasks); i++)
		if (strncmp(callgate_tasks_at(tasks, i)->command, "runc:[", 6) == 0)
			return true;
	return false;
}

/* What a runtime prepares is not the container's yet: runc's init has threads that end when it executes the program.
 * Whoever calls himself so is waited for a second, and is then looked at as he is. */
int live_tasks(enum callgate_scope scope, pid_t pid, struct callgate_tasks **out, struct callgate_err *err)
{
	enum { TRIES = 50 };
	const struct timespec step = { .tv_nsec = 20000000 };

	for (unsigned i = 1;; i++) {
		int r = callgate_tasks_roll(scope, pid, out, err);

		if (r < 0 || scope != CALLGATE_SCOPE_CONTAINER || i == TRIES || !has_runtimes_init(*out))
			return r;
		callgate_tasks_free(*out);
		nanosleep(&step, NULL);
	}
}

/* Who takes filters of his own as soon as he has started the next looks like all others in a list. More lists meet one
 * who has not yet. */
int live_find_bare(enum callgate_scope scope, pid_t pid, struct callgate_task *out, struct callgate_err *err)
{
	enum { TRIES = 3 };
	int r = 0;

	for (unsigned i = 0; r == 0 && i < TRIES; i++) {
		struct callgate_tasks *tasks;

		r = live_tasks(scope, pid, &tasks, err);
		if (r < 0)
			return r == CALLGATE_E_NOTFOUND ? 0 : r; /* all have ended */
		for (size_t j = 0; r == 0 && j < callgate_tasks_count(tasks); j++) {
			const struct callgate_task *task = callgate_tasks_at(tasks, j);

			r = task->mode == CALLGATE_MODE_NONE && !callgate_task_is_lost(task);
			if (r)
				*out = *task;
		}
		callgate_tasks_free(tasks);
	}
	return r;
}

static int join(struct callgate_filter **all, const struct callgate_filter *more, struct callgate_err *err)
{
	const struct callgate_filter *both[] = { more, *all };
	struct callgate_filter *next;
	int r = callgate_filter_combine(CALLGATE_JOIN, both, *all ? 2 : 1, &next, err);

	if (r < 0)
		return r;
	callgate_filter_free(*all);
	*all = next;
	return 0;
}

/* A thread that calls execve goes by taking its process's id: whoever has that id now is looked at. */
static int join_heir(struct live *live, const struct callgate_task *gone, struct callgate_err *err)
{
	struct callgate_filter *filter = NULL;
	int r = gone->tid == gone->pid ? CALLGATE_E_NOTFOUND : callgate_task_filter(gone->pid, &filter, NULL, err);

	if (r == 0)
		r = join(&live->all, filter, err);
	callgate_filter_free(filter);
	return r == CALLGATE_E_NOTFOUND ? 0 : r;
}

static int note_other(struct live *live, const struct callgate_filter *filter, struct callgate_err *err)
{
	char digest[65];
	int r = callgate_filter_digest(filter, digest, err);

	live->differ |= r == 0 && live->one[0] && strcmp(live->one, digest) != 0;
	if (r == 0)
		memcpy(live->one, digest, sizeof(digest));
	return r;
}

/* Who had no filter may have left others that have none. */
static int join_bare(struct live *live, struct callgate_err *err)
{
	struct callgate_filter *everything = NULL;
	int r = callgate_filter_combine(CALLGATE_MEET, NULL, 0, &everything, err);

	if (r == 0)
		r = note_other(live, everything, err);
	if (r == 0)
		r = join(&live->all, everything, err);
	callgate_filter_free(everything);
	return r;
}

static int join_ended(struct live *live, const struct callgate_task *gone, struct callgate_err *err)
{
	enum callgate_ended ended = callgate_task_ended(gone, live->fewest);
	int r = join_heir(live, gone, err);

	live->unseen += ended == CALLGATE_ENDED_UNSEEN;
	return r < 0 || ended != CALLGATE_ENDED_BARE ? r : join_bare(live, err);
}

/* Tasks by the thousand have a few stacks of filters. One whose filters are unknown is no task that may be left out. */
static int join_task(struct live *live, size_t at, pid_t first, struct callgate_err *err)
{
	const struct callgate_task *task = callgate_tasks_at(live->tasks, at);
	const struct callgate_filter *filter;
	size_t stack;
	int r = callgate_witness_task(live->witness, at, &stack, err);

	if (r == CALLGATE_E_NOTFOUND)
		return join_ended(live, task, err);
	if (r == 0 && callgate_task_took_filter(task, live->witness, stack))
		r = join_bare(live, err);
	if (r == 0)
		r = callgate_witness_filter(live->witness, stack, &filter, err);
	if (r == 0 && task->tid == first)
		r = callgate_filter_digest(filter, live->first, err);
	if (r || live->joined[stack])
		return r;
	live->joined[stack] = true;
	r = note_other(live, filter, err);
	return r < 0 ? r : join(&live->all, filter, err);
}

static int join_tasks(struct live *live, pid_t first, struct callgate_err *err)
{
	size_t count = callgate_tasks_count(live->tasks);
	int r = callgate_witness_read(callgate_tasks_at(live->tasks, 0), count, CALLGATE_EVIDENCE_ANY, &live->witness,
				      err);

	if (r < 0)
		return r;
	live->joined = calloc(callgate_witness_stacks(live->witness) + 1, sizeof(*live->joined));
	if (!live->joined) {
		*err = (struct callgate_err){ .code = CALLGATE_E_NOMEM, .text = "out of memory" };
		return CALLGATE_E_NOMEM;
	}
	live->fewest = callgate_witness_fewest(live->witness, count);
	for (size_t i = 0; i < count && r == 0; i++)
		r = join_task(live, i, first, err);
	if (r == 0 && !live->all && !live->unseen) {
		*err = (struct callgate_err){ .code = CALLGATE_E_NOTFOUND, .text = "no task was found" };
		return CALLGATE_E_NOTFOUND;
	}
	return r < 0 || !live->all ? r : callgate_filter_digest(live->all, live->digest, err);
}

static void release_look(struct live *live)
{
	live->witness = callgate_witness_free(live->witness);
	free(live->joined);
	live->joined = NULL;
}

static void release(struct live *live)
{
	release_look(live);
	live->all = callgate_filter_free(live->all);
}

static int look_once(enum callgate_scope scope, pid_t first, struct live *live, struct callgate_err *err)
{
	struct callgate_tasks *tasks = NULL;
	struct callgate_task bare;
	int r = live_tasks(scope, first, &tasks, err);

	live->tasks = tasks;
	if (r == 0)
		r = join_tasks(live, first, err);
	live->tasks = callgate_tasks_free(tasks);
	if (r == 0 && live->fewest > 0)
		r = live_find_bare(scope, first, &bare, err);
	return r > 0 ? join_bare(live, err) : r;
}

/* What one look has found counts in the next one too: until everybody was seen whom a look has found. */
static int look(enum callgate_scope scope, pid_t first, struct live *live, struct callgate_err *err)
{
	int r = 0;

	for (int i = 0; r == 0 && (i == 0 || live->unseen) && i < CALLGATE_LOOKS; i++) {
		size_t before = live->unseen;

		release_look(live);
		live->unseen = 0;
		r = look_once(scope, first, live, err);
		if (r == CALLGATE_E_NOTFOUND && before)
			live->unseen = before;
	}
	return live->unseen ? callgate_tasks_unseen(live->unseen, err) : r;
}

/* count: what is made of it, in the middle of the sentence. */
static void note_others(const char *source, const struct live *live, const char *count)
{
	if (live->first[0] && strcmp(live->first, live->digest) != 0)
		fprintf(stderr,
			"callgate: note: %s: some of its tasks may do more than the first one, %s; 'callgate status "
			"%s' names those that differ\n",
			source, count, source);
}

static int open_all(const struct options *options, const char *source, bool same, struct callgate_filter **out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct live live = { .tasks = NULL };
	enum callgate_scope scope;
	pid_t first;
	int r, code = live_source(options, source, &first, &scope);

	*out = NULL;
	if (code)
		return code;
	r = look(scope, first, &live, &err);
	if (r < 0) {
		fprintf(stderr, "%s: error: %s\n", source, err.text);
	} else if (same && live.differ) {
		fprintf(stderr,
			"%s: error: its tasks may do different things, so that nothing can be measured by it; "
			"'callgate status %s' lists them\n",
			source, source);
	} else {
		if (!same)
			note_others(source, &live, "and count too");
		*out = live.all;
		live.all = NULL;
	}
	release(&live);
	return *out ? EXIT_YES : EXIT_CANNOT;
}

int live_join(const struct options *options, const char *source, struct callgate_filter **out)
{
	return open_all(options, source, false, out);
}

int live_same(const struct options *options, const char *source, struct callgate_filter **out)
{
	return open_all(options, source, true, out);
}

void live_warn(const char *source, enum callgate_scope scope, pid_t first)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct live live = { .tasks = NULL };

	if (look(scope, first, &live, &err) == 0)
		note_others(source, &live, "which this is about");
	else
		fprintf(stderr,
			"callgate: note: %s: this is about its first task; whether others may do more cannot be told: "
			"%s\n",
			source, err.text);
	release(&live);
}
