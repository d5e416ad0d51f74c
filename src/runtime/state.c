/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing state files: json-c for the text, base/fd for a directory that can be trusted and a file that is never half. */
#include "runtime/state.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

static int state_root(char *path, size_t size, struct callgate_err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		runtime = "/run";
	else if (!runtime || runtime[0] != '/')
		return err_set(err, CALLGATE_E_NOTFOUND, "XDG_RUNTIME_DIR is not set: there is no place for state files");
	if (snprintf(path, size, "%s/callgate", runtime) >= (int)size)
		return err_set_errno(err, CALLGATE_E_IO, ENAMETOOLONG, runtime, "no state files");
	return 0;
}

static bool is_plain(const char *word)
{
	return word[0] && word[0] != '.' && !strchr(word, '/') && strlen(word) < 200;
}

int state_path(const char *engine, const char *id, char *path, size_t size, struct callgate_err *err)
{
	char root[PATH_MAX];
	int r;

	if (!is_plain(engine) || !is_plain(id))
		return err_set(err, CALLGATE_E_ARG, "no container's name: it is empty, too long, has a '/' or a dot in front");
	r = state_root(root, sizeof(root), err);
	if (r < 0)
		return r;
	if (snprintf(path, size, "%s/%s/%s.json", root, engine, id) >= (int)size)
		return err_set_errno(err, CALLGATE_E_IO, ENAMETOOLONG, root, "no state files");
	return 0;
}

int state_write_file(const char *path, const void *bytes, size_t size, unsigned mode, struct callgate_err *err)
{
	char dir[PATH_MAX];
	char *slash;
	int r;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return err_set_errno(err, CALLGATE_E_IO, ENAMETOOLONG, path, "cannot write");
	slash = strrchr(dir, '/');
	if (slash && slash != dir) {
		*slash = '\0';
		r = fd_make_dir(dir, 0755, err);
		if (r < 0)
			return r;
	}
	return fd_write_atomic(path, bytes, size, mode, err);
}

static void add_text(struct json_object *root, const char *key, const char *text)
{
	if (text)
		json_object_object_add(root, key, json_object_new_string(text));
}

static void add_time(struct json_object *root)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	if (gmtime_r(&now, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		add_text(root, "time", text);
}

static void add_caps(struct json_object *root, uint64_t caps)
{
	struct json_object *list = json_object_new_array();
	const char *name;

	for (unsigned i = 0; i < 64; i++)
		if (caps >> i & 1 && callgate_cap_name(i, &name) == 0)
			json_object_array_add(list, json_object_new_string(name));
	json_object_object_add(root, "caps", list);
}

static void add_losses(struct json_object *root, const struct callgate_lxc_text *text)
{
	struct json_object *list = json_object_new_array();
	const struct callgate_loss *loss;

	for (size_t i = 0; (loss = callgate_lxc_loss_at(text, i)); i++) {
		struct json_object *object = json_object_new_object();

		add_text(object, "abi", callgate_abi_name(loss->abi));
		add_text(object, "calls", loss->calls);
		add_text(object, "profile", loss->profile);
		add_text(object, "text", loss->text);
		add_text(object, "why", loss->why);
		json_object_array_add(list, object);
	}
	json_object_object_add(root, "losses", list);
}

static struct json_object *document_of(const struct callgate_state *state)
{
	struct json_object *root = json_object_new_object(), *list = json_object_new_array();

	add_text(root, "schema", "callgate.state/1");
	add_text(root, "engine", state->engine);
	add_text(root, "id", state->id);
	add_text(root, "hook", state->hook);
	add_text(root, "result", state->result);
	add_time(root);
	if (state->pid)
		json_object_object_add(root, "pid", json_object_new_int64(state->pid));
	add_text(root, "profile", state->profile);
	add_text(root, "digest", state->digest);
	add_text(root, "output", state->output);
	add_text(root, "output_digest", state->output_digest);
	if (state->caps)
		add_caps(root, *state->caps);
	if (state->text)
		add_losses(root, state->text);
	for (size_t i = 0; i < state->message_count; i++)
		json_object_array_add(list, json_object_new_string(state->messages[i]));
	json_object_object_add(root, "messages", list);
	return root;
}

int state_write(const struct callgate_state *state, struct callgate_err *err)
{
	struct json_object *root;
	char path[PATH_MAX];
	const char *text;
	int r;

	r = state_path(state->engine, state->id, path, sizeof(path), err);
	if (r < 0)
		return r;
	root = document_of(state);
	text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
							    JSON_C_TO_STRING_NOSLASHESCAPE);
	r = text ? state_write_file(path, text, strlen(text), 0644, err) : err_nomem(err);
	json_object_put(root);
	return r;
}
