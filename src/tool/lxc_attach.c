/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lxc-attach(1) gives processes in a container whose init got the profile by injection, read from the state file.
 */
#include <string.h>

#include "runtime/hooks.h"
#include "tool/state_record.h"

bool attached_read(const char *source, pid_t init, struct attached *out)
{
	struct state_record record;
	bool known;

	*out = (struct attached){ .container = source, .filters = -1 };
	if (strncmp(source, "lxc:", 4) != 0 ||
	    callgate_state_path("lxc", source + 4, out->path, sizeof(out->path), NULL) < 0 ||
	    !state_record_read(out->path, &record))
		return false;
	known = record.attached >= 0 && record.has_init && record.pid == init;
	if (known) {
		out->losses = (size_t)record.attached;
		out->filters = record.init_filters;
	}
	state_record_release(&record);
	return known;
}

bool attached_is(const struct attached *attached, const struct callgate_task *task)
{
	return task->mode == CALLGATE_MODE_FILTER && task->filters >= 0 && task->filters < attached->filters;
}

void attached_report(const struct attached *attached)
{
	fprintf(stderr, "callgate: note: %s: ", attached->container);
	if (attached->tasks)
		fprintf(stderr, "%zu task%s LXC's text only, as lxc-attach gives it", attached->tasks,
			attached->tasks == 1 ? " has" : "s have");
	else
		fputs("processes that lxc-attach brings in get LXC's text only", stderr);
	fprintf(stderr, "; in %zu points it lets through more than the profile: \"attached\" in %s\n", attached->losses,
		attached->path);
}

struct json_object *attached_to_json(const struct attached *attached)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "container", json_object_new_string(attached->container));
	json_object_object_add(object, "state", json_object_new_string(attached->path));
	json_object_object_add(object, "losses", json_object_new_int64((int64_t)attached->losses));
	json_object_object_add(object, "tasks", json_object_new_int64((int64_t)attached->tasks));
	return object;
}
