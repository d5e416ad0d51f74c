/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State record: what a container's hook has written down last, callgate.state/1, read. */
#include "tool/state_record.h"

#include <stdlib.h>

#include "runtime/hooks.h"

static const char *text_of(struct json_object *root, const char *key)
{
	const char *text = text_member(root, key);

	return text ? text : "";
}

static struct json_object *list_of(struct json_object *root, const char *key)
{
	struct json_object *list;

	return json_object_object_get_ex(root, key, &list) && json_object_is_type(list, json_type_array) ? list : NULL;
}

static uint64_t caps_of(struct json_object *root)
{
	struct json_object *list = list_of(root, "caps");
	uint64_t caps = 0, cap;

	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (callgate_caps_parse(json_object_get_string(json_object_array_get_idx(list, i)), &cap, NULL) == 0)
			caps |= cap;
	return caps;
}

static void take_texts(struct json_object *root, struct state_record *out)
{
	out->engine = text_of(root, "engine");
	out->id = text_of(root, "id");
	out->hook = text_of(root, "hook");
	out->result = text_of(root, "result");
	out->verdict = text_of(root, "verdict");
	out->time = text_of(root, "time");
	out->profile = text_of(root, "profile");
	out->config = text_of(root, "config");
	out->output = text_of(root, "output");
	out->digest = text_of(root, "digest");
	out->output_digest = text_of(root, "output_digest");
}

static void take_processes(struct json_object *root, struct state_record *out)
{
	struct json_object *value, *attached = list_of(root, "attached");

	out->has_pid = json_object_object_get_ex(root, "pid", &value);
	out->pid = out->has_pid ? json_object_get_int(value) : 0;
	out->has_init = json_object_object_get_ex(root, "init", &value);
	out->init_filters = -1;
	if (out->has_init && json_object_object_get_ex(value, "filters", &value))
		out->init_filters = json_object_get_int(value);
	out->attached = attached ? (long)json_object_array_length(attached) : -1;
}

bool state_record_read(const char *path, struct state_record *out)
{
	struct json_object *enforced;
	char *text;
	size_t size;

	*out = (struct state_record){ .root = NULL };
	if (callgate_file_read_trusted(path, &text, &size, NULL) < 0)
		return false;
	out->root = json_tokener_parse(text);
	free(text);
	if (!out->root)
		return false;
	take_texts(out->root, out);
	take_processes(out->root, out);
	out->caps = caps_of(out->root);
	out->complains =
		json_object_object_get_ex(out->root, "enforced", &enforced) && !json_object_get_boolean(enforced);
	return true;
}

void state_record_release(struct state_record *record)
{
	json_object_put(record->root);
	record->root = NULL;
}

const char *state_record_message(const struct state_record *record, size_t index)
{
	struct json_object *list = list_of(record->root, "messages");

	return list && index < json_object_array_length(list)
		       ? json_object_get_string(json_object_array_get_idx(list, index))
		       : NULL;
}
