/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Differing tasks, found: filters are compared by what they mean where they can be read, by their number elsewhere;
 * where a task comes from is told by its parents. */
#include "tool/status_differ.h"

#include <stdlib.h>
#include <string.h>

struct members {
	const struct callgate_task *tasks;
	size_t count;
	pid_t first;
};

/* ------------------------------------------------------------------ where a task comes from */

static void command_of(pid_t pid, char *out, size_t size)
{
	char path[64], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (file && fgets(text, sizeof(text), file))
		text[strcspn(text, "\n")] = '\0';
	if (file)
		fclose(file);
	callgate_escape(text, out, size);
}

static bool is_member(const struct members *members, pid_t pid)
{
	for (size_t i = 0; i < members->count; i++)
		if (members->tasks[i].pid == pid)
			return true;
	return false;
}

/* As the end of a sentence: who brought the task in. */
static void tell_entry(const struct members *members, const struct callgate_task *task, char *out, size_t size)
{
	char command[4 * 32];
	pid_t pid = task->pid, parent = pid;

	if (task->pid == members->first) {
		snprintf(out, size, "a thread from before they were loaded");
		return;
	}
	for (size_t i = 0; i <= members->count && pid != members->first; i++) {
		parent = process_parent(pid, NULL);
		if (parent <= 0 || !is_member(members, parent))
			break;
		pid = parent;
	}
	if (pid == members->first) {
		snprintf(out, size, "started before they were loaded, or brought in by a process that has ended");
		return;
	}
	command_of(parent, command, sizeof(command));
	snprintf(out, size, "attached: brought into the container by process %d (%.64s)", (int)parent, command);
}

/* ------------------------------------------------------------------ what differs */

struct stack {
	const struct callgate_prog *const *programs; /* NULL: they cannot be read */
	size_t count, place;                         /* place: among the witness's */
};

static void tell(const struct members *members, const struct callgate_task *task, const struct stack *first,
		 const struct stack *theirs, char *out, size_t size)
{
	char entry[160];
	size_t common = 0;

	while (first->programs && theirs->programs && common < first->count && common < theirs->count &&
	       same_program(first->programs[common], theirs->programs[common]))
		common++;
	tell_entry(members, task, entry, sizeof(entry));
	if (!theirs->count)
		snprintf(out, size, "no filter; %s", entry);
	else if (!first->programs || !theirs->programs)
		snprintf(out, size, "%zu filters, the first task has %zu; %s", theirs->count, first->count, entry);
	else if (common == first->count)
		snprintf(out, size, "%zu more %s of its own, on top of the container's", theirs->count - common,
			 theirs->count - common == 1 ? "filter" : "filters");
	else if (common == theirs->count)
		snprintf(out, size, "the first %zu of %zu filters only; %s", common, first->count, entry);
	else
		snprintf(out, size, "other filters; %s", entry);
}

/* False: the task has ended. */
static bool stack_of(const struct callgate_witness *witness, const struct members *members, size_t task,
		     struct stack *out)
{
	int r;

	*out = (struct stack){ .count = members->tasks[task].filters > 0 ? (size_t)members->tasks[task].filters : 0 };
	r = witness ? callgate_witness_task(witness, task, &out->place, NULL) : CALLGATE_E_PERM;
	if (r == 0)
		out->programs = callgate_witness_stack(witness, out->place, &out->count);
	return r != CALLGATE_E_NOTFOUND;
}

/* runc compiles the text anew for each process that is executed later, and its programs are not the same twice. */
static bool means_the_same(struct callgate_witness *witness, const struct stack *a, const struct stack *b)
{
	const struct callgate_filter *one, *other;
	struct callgate_diff *diff;
	bool same;

	if (callgate_witness_filter(witness, a->place, &one, NULL) < 0 ||
	    callgate_witness_filter(witness, b->place, &other, NULL) < 0 ||
	    callgate_filter_diff(one, other, 0, &diff, NULL) < 0)
		return false;
	same = callgate_diff_count(diff) == 0;
	callgate_diff_free(diff);
	return same;
}

static bool is_same(struct callgate_witness *witness, const struct stack *a, const struct stack *b)
{
	if (a->count != b->count)
		return false;
	return !a->programs || !b->programs || a->programs == b->programs || means_the_same(witness, a, b);
}

static int collect(struct callgate_witness *witness, const struct members *members, struct differing_list *out)
{
	struct stack first = { .count = 0 };
	size_t at = 0;

	while (at < members->count && members->tasks[at].tid != members->first)
		at++;
	if (at == members->count || !stack_of(witness, members, at, &first))
		return 0;
	out->filters = first.count;
	out->list = calloc(members->count, sizeof(*out->list));
	if (!out->list)
		return -1;
	for (size_t i = 0; i < members->count; i++) {
		struct stack theirs;

		if (!stack_of(witness, members, i, &theirs) || is_same(witness, &first, &theirs))
			continue;
		out->list[out->count].task = &members->tasks[i];
		tell(members, &members->tasks[i], &first, &theirs, out->list[out->count].why, sizeof(out->list->why));
		out->count++;
	}
	return 0;
}

int differing_find(const char *source, const struct callgate_tasks *tasks, pid_t first, struct differing_list *out)
{
	struct members members = { callgate_tasks_at(tasks, 0), callgate_tasks_count(tasks), first };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_witness *witness = NULL;
	int r;

	*out = (struct differing_list){ .source = source, .tasks = members.count };
	/* Nobody is stopped for a list of tasks. */
	if (callgate_witness_read(members.tasks, members.count, CALLGATE_EVIDENCE_ITERATOR, &witness, &err) ==
	    CALLGATE_E_NOMEM)
		return -1;
	r = collect(witness, &members, out);
	callgate_witness_free(witness);
	return r;
}

void differing_release(struct differing_list *list)
{
	free(list->list);
}

/* ------------------------------------------------------------------ forms of output */

void differing_print(const struct differing_list *list, bool for_people)
{
	char command[4 * sizeof(list->list->task->command)];

	if (!list->count && for_people)
		printf("%s: %zu task%s, the same %zu filter%s everywhere\n", list->source, list->tasks,
		       list->tasks == 1 ? "" : "s", list->filters, list->filters == 1 ? "" : "s");
	for (size_t i = 0; i < list->count; i++)
		fprintf(stderr, "callgate: note: %s: process %d, thread %d (%s) differs: %s\n", list->source,
			(int)list->list[i].task->pid, (int)list->list[i].task->tid,
			callgate_escape(list->list[i].task->command, command, sizeof(command)), list->list[i].why);
}

void differing_to_json(const struct differing_list *list, struct json_object *array)
{
	for (size_t i = 0; i < list->count; i++) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "source", text_to_json(list->source));
		json_object_object_add(row, "pid", json_object_new_int(list->list[i].task->pid));
		json_object_object_add(row, "tid", json_object_new_int(list->list[i].task->tid));
		json_object_object_add(row, "why", text_to_json(list->list[i].why));
		json_object_array_add(array, row);
	}
}
