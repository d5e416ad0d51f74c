/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lxc-attach(1) gives processes in a container whose init got the profile by injection, read from the state file.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/hooks.h"
#include "tool/tool.h"

static int64_t member(struct json_object *state, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(state, key, &value) ? json_object_get_int64(value) : -1;
}

static bool take_state(struct json_object *state, pid_t init, struct attached *out)
{
	struct json_object *attached, *facts;

	if (!json_object_object_get_ex(state, "attached", &attached) ||
	    !json_object_is_type(attached, json_type_array) || !json_object_object_get_ex(state, "init", &facts) ||
	    member(state, "pid") != init)
		return false;
	out->losses = json_object_array_length(attached);
	out->filters = (int)member(facts, "filters");
	return true;
}

bool attached_read(const char *source, pid_t init, struct attached *out)
{
	struct json_object *state;
	char *text = NULL;
	bool known;
	size_t size;

	*out = (struct attached){ .container = source, .filters = -1 };
	if (strncmp(source, "lxc:", 4) != 0 ||
	    callgate_state_path("lxc", source + 4, out->path, sizeof(out->path), NULL) < 0 ||
	    callgate_file_read_trusted(out->path, &text, &size, NULL) < 0)
		return false;
	state = json_tokener_parse(text);
	free(text);
	known = state && take_state(state, init, out);
	json_object_put(state);
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
