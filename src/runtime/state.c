/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing state files: in a directory that can be trusted, and never half. */
#include "callgate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/rootless.h"
#include "base/source.h"
#include "base/text.h"
#include "runtime/hooks.h"
#include "write/lxc.h"

static int state_root(char *path, size_t size, struct callgate_err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0 && !rootless_is_here())
		runtime = "/run";
	else if (!runtime || runtime[0] != '/')
		return err_set(err, CALLGATE_E_NOTFOUND,
			       "XDG_RUNTIME_DIR is not set: there is no place for state files");
	if (snprintf(path, size, "%s/callgate", runtime) >= (int)size)
		return err_set_errno(err, CALLGATE_E_IO, ENAMETOOLONG, runtime, "no state files");
	return 0;
}

static bool is_plain(const char *word)
{
	return word[0] && word[0] != '.' && !strchr(word, '/') && strlen(word) < 200;
}

static int kept_path(const char *engine, const char *id, const char *ending, char *path, size_t size,
		     struct callgate_err *err)
{
	char root[PATH_MAX];
	int r;

	if (!is_plain(engine) || !is_plain(id))
		return err_set(err, CALLGATE_E_ARG,
			       "no container's name: it is empty, too long, has a '/' or a dot in front");
	r = state_root(root, sizeof(root), err);
	if (r < 0)
		return r;
	if (snprintf(path, size, "%s/%s/%s%s", root, engine, id, ending) >= (int)size)
		return err_set_errno(err, CALLGATE_E_IO, ENAMETOOLONG, root, "no state files");
	return 0;
}

int callgate_state_path(const char *engine, const char *id, char *path, size_t size, struct callgate_err *err)
{
	REQUIRE(err, engine && id && path);
	return kept_path(engine, id, ".json", path, size, err);
}

int callgate_state_text_path(const char *id, char *path, size_t size, struct callgate_err *err)
{
	REQUIRE(err, id && path);
	return kept_path("lxc", id, ".seccomp", path, size, err);
}

static int make_parent(const char *path, struct callgate_err *err)
{
	char dir[PATH_MAX];
	char *slash;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return err_set_errno(err, CALLGATE_E_IO, ENAMETOOLONG, path, "cannot write");
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	return fd_make_dir(dir, 0755, err);
}

/* "key": "text", */
static void add_text(struct text *to, const char *key, const char *text)
{
	if (!text)
		return;
	text_add(to, "  \"%s\": ", key);
	text_add_json(to, text);
	text_add(to, ",\n");
}

static void add_time(struct text *to)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	if (gmtime_r(&now, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		add_text(to, "time", text);
}

static void add_caps(struct text *to, uint64_t caps)
{
	const char *name, *comma = "";

	text_add(to, "\"caps\": [");
	for (unsigned i = 0; i < 64; i++) {
		if (!(caps >> i & 1) || callgate_cap_name(i, &name) < 0)
			continue;
		text_add(to, "%s\"%s\"", comma, name);
		comma = ", ";
	}
	text_add(to, "]");
}

static void add_member(struct text *to, const char *before, const char *key, const char *text)
{
	text_add(to, "%s\"%s\": ", before, key);
	text_add_json(to, text ? text : "");
}

static void add_init(struct text *to, const struct callgate_task *init)
{
	text_add(to, "  \"init\": { \"start_time\": %llu, ", (unsigned long long)init->start_time);
	if (init->filters >= 0)
		text_add(to, "\"filters\": %d, ", init->filters);
	text_add(to, "\"no_new_privs\": %s, ", init->no_new_privs ? "true" : "false");
	add_caps(to, init->caps);
	text_add(to, " },\n");
}

static void add_losses(struct text *to, const char *key, const struct callgate_text *text)
{
	text_add(to, "  \"%s\": [", key);
	for (size_t i = 0; i < text->loss_count; i++) {
		const struct callgate_loss *loss = &text->losses[i];

		add_member(to, i ? ",\n    { " : "\n    { ", "abi", callgate_abi_name(loss->abi));
		add_member(to, ", ", "calls", loss->calls);
		add_member(to, ", ", "profile", loss->profile);
		add_member(to, ", ", "text", loss->text);
		add_member(to, ", ", "why", loss->why);
		text_add(to, " }");
	}
	text_add(to, "],\n");
}

static void add_messages(struct text *to, const struct callgate_state *state)
{
	text_add(to, "  \"messages\": [");
	for (size_t i = 0; i < state->message_count; i++) {
		text_add(to, i ? ",\n    " : "\n    ");
		text_add_json(to, state->messages[i]);
	}
	text_add(to, "]\n");
}

/* What init lacks, and what processes lack that enter the container later and get the text only. */
static void add_text_losses(struct text *to, const struct callgate_text *text)
{
	if (text->bound == CALLGATE_LXC_NEVER_LOOSER) {
		add_losses(to, "losses", text);
		return;
	}
	text_add(to, "  \"losses\": [],\n");
	add_losses(to, "attached", text);
}

static void add_injected(struct text *to, const struct callgate_injected *injected)
{
	text_add(to,
		 "  \"injected\": { \"threads\": %u, \"stopped_us\": %llu, \"suspended\": %s, \"read_back\": %s },\n",
		 injected->threads, (unsigned long long)((injected->stopped_ns + 999) / 1000),
		 injected->suspended ? "true" : "false", injected->read_back ? "true" : "false");
}

static void add_document(struct text *to, const struct callgate_state *state)
{
	text_add(to, "{\n");
	add_text(to, "schema", "callgate.state/1");
	add_text(to, "engine", state->engine);
	add_text(to, "id", state->id);
	add_text(to, "hook", state->hook);
	add_text(to, "result", state->result);
	add_text(to, "verdict", state->verdict);
	add_time(to);
	if (state->pid)
		text_add(to, "  \"pid\": %ld,\n", (long)state->pid);
	add_text(to, "profile", state->profile);
	if (state->complains)
		text_add(to, "  \"enforced\": false,\n");
	add_text(to, "digest", state->digest);
	add_text(to, "config", state->config);
	add_text(to, "output", state->output);
	add_text(to, "output_digest", state->output_digest);
	if (state->caps) {
		text_add(to, "  ");
		add_caps(to, *state->caps);
		text_add(to, ",\n");
	}
	if (state->init)
		add_init(to, state->init);
	if (state->text)
		add_text_losses(to, state->text);
	if (state->injected)
		add_injected(to, state->injected);
	add_messages(to, state);
	text_add(to, "}\n");
}

int callgate_state_write(const struct callgate_state *state, struct callgate_err *err)
{
	struct text text = { 0 };
	char path[PATH_MAX], *bytes;
	size_t size;
	int r;

	REQUIRE(err, state && state->engine && state->id);
	r = callgate_state_path(state->engine, state->id, path, sizeof(path), err);
	if (r < 0)
		return r;
	add_document(&text, state);
	r = text_take(&text, &bytes, &size, err);
	if (r < 0)
		return r;
	/* After a crash the container is gone too: no waiting for the disk. */
	r = make_parent(path, err);
	if (r == 0)
		r = fd_write_fleeting(path, bytes, size, 0644, err);
	free(bytes);
	return r;
}

static int make_place(const char *path, struct callgate_err *err)
{
	if (path[0] != '/')
		return err_set(err, CALLGATE_E_ARG, "'%.200s' is not an absolute path", path);
	return make_parent(path, err);
}

int callgate_file_write(const char *path, const void *bytes, size_t size, unsigned mode, struct callgate_err *err)
{
	int r;

	REQUIRE(err, path && (bytes || !size));
	r = make_place(path, err);
	return r < 0 ? r : fd_write_atomic(path, bytes, size, mode, err);
}

int callgate_file_write_fleeting(const char *path, const void *bytes, size_t size, unsigned mode,
				 struct callgate_err *err)
{
	int r;

	REQUIRE(err, path && (bytes || !size));
	r = make_place(path, err);
	return r < 0 ? r : fd_write_fleeting(path, bytes, size, mode, err);
}

int callgate_file_read_trusted(const char *path, char **out, size_t *size, struct callgate_err *err)
{
	struct source source;
	char *text;
	int r;

	REQUIRE(err, path && out && size);
	r = source_read(path, SOURCE_TRUSTED | SOURCE_FINISHED, &source, err);
	if (r < 0)
		return r;
	text = malloc(source.size + 1);
	if (text) {
		memcpy(text, source.text, source.size);
		text[source.size] = '\0';
		*size = source.size;
		*out = text;
	}
	source_release(&source);
	return text ? 0 : err_nomem(err);
}
