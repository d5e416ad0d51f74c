/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of OCI containers: what a runtime tells its hooks on standard input, and what it keeps below its root
 * directory. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "kernel/status.h"
#include "runtime/hooks.h"
#include "runtime/oci.h"

static int take_string(struct members_reader *reader, const struct json_token *token, char *buf, size_t size)
{
	if (token->kind != JSON_STRING)
		return members_fault(reader, token->first, "a string is expected here");
	if (token->text.size >= size)
		return members_fault(reader, token->first, "too long");
	memcpy(buf, token->text.at, token->text.size);
	buf[token->text.size] = '\0';
	return members_skip(reader, token, NULL);
}

static int take_number(struct members_reader *reader, const struct json_token *token, uint64_t limit, uint64_t *out)
{
	uint64_t value = 0;

	if (token->kind != JSON_NUMBER || token->text.size > 20)
		return members_fault(reader, token->first, "a number is expected here");
	for (size_t i = 0; i < token->text.size; i++) {
		unsigned digit = (unsigned char)token->text.at[i] - '0';

		if (digit > 9 || value > (limit - digit) / 10)
			return members_fault(reader, token->first,
					     "a whole number is expected here, and not such a large one");
		value = value * 10 + digit;
	}
	*out = value;
	return members_skip(reader, token, NULL);
}

/* ------------------------------------------------------------------ a hook's standard input */

static struct callgate_container *container_of(struct members_reader *reader)
{
	return reader->out;
}

static int read_id(struct members_reader *reader, const struct json_token *token)
{
	return take_string(reader, token, container_of(reader)->id, sizeof(container_of(reader)->id));
}

static int read_status(struct members_reader *reader, const struct json_token *token)
{
	return take_string(reader, token, container_of(reader)->status, sizeof(container_of(reader)->status));
}

static int read_bundle_path(struct members_reader *reader, const struct json_token *token)
{
	return take_string(reader, token, container_of(reader)->bundle, sizeof(container_of(reader)->bundle));
}

static int read_pid(struct members_reader *reader, const struct json_token *token)
{
	uint64_t pid;
	int r = take_number(reader, token, INT_MAX, &pid);

	if (r == 0)
		container_of(reader)->pid = (pid_t)pid;
	return r;
}

static int read_object(const struct source *source, const struct member *fields, void *out, struct callgate_err *err)
{
	struct members_reader reader = { .source = source, .out = out, .err = err };
	struct arena arena = ARENA_INIT;
	int r;

	json_start(&reader.json, source, 0, &arena);
	r = members_document(&reader, fields, NULL);
	arena_free(&arena);
	return r;
}

int oci_state_parse(const struct source *source, struct callgate_container *out, struct callgate_err *err)
{
	static const struct member fields[] = {
		{ "id", read_id },         { "pid", read_pid }, { "bundle", read_bundle_path },
		{ "status", read_status }, { NULL, NULL },
	};
	struct callgate_container found = CALLGATE_CONTAINER_INIT;
	int r = read_object(source, fields, &found, err);

	if (r < 0)
		return r;
	if (!found.id[0] || found.id[0] == '.' || strchr(found.id, '/') || found.bundle[0] != '/')
		return err_set(err, CALLGATE_E_FORMAT, "the state names no container, or no bundle by its full path");
	*out = found;
	return 0;
}

/* ------------------------------------------------------------------ a runtime's own files */

struct init {
	uint64_t pid, start;
};

static int read_init_pid(struct members_reader *reader, const struct json_token *token)
{
	return take_number(reader, token, INT_MAX, &((struct init *)reader->out)->pid);
}

static int read_init_start(struct members_reader *reader, const struct json_token *token)
{
	return take_number(reader, token, UINT64_MAX, &((struct init *)reader->out)->start);
}

/* What a runtime writes below ROOT/ID. */
static const struct form {
	const char *file;
	struct member fields[3];
} forms[] = {
	{ "state.json",
	  { { "init_process_pid", read_init_pid }, { "init_process_start", read_init_start }, { NULL, NULL } } },
	{ "status", { { "pid", read_init_pid }, { "process-start-time", read_init_start }, { NULL, NULL } } },
};

/* A pid lives longer than a process: only together with its start time it is a name. */
static int check_start(const struct init *init, const char *id, pid_t *out, struct callgate_err *err)
{
	struct callgate_task task = { .pid = 0 };
	int r;

	if (!init->pid || !init->start)
		return err_set(err, CALLGATE_E_NOTFOUND, "container '%s' has no process", id);
	r = task_read_id((pid_t)init->pid, &task, NULL, err);
	if (r < 0 && r != CALLGATE_E_NOTFOUND)
		return r;
	if (r < 0 || task.start_time != init->start)
		return err_set(err, CALLGATE_E_NOTFOUND, "container '%s' is not running", id);
	*out = (pid_t)init->pid;
	return 0;
}

static int read_form(const struct form *form, const char *dir, const char *id, pid_t *out, struct callgate_err *err)
{
	struct init init = { 0 };
	struct source source;
	char path[PATH_MAX];
	int r;

	if (snprintf(path, sizeof(path), "%s/%s/%s", dir, id, form->file) >= (int)sizeof(path) ||
	    access(path, F_OK) < 0)
		return CALLGATE_E_NOTFOUND;
	r = source_read(path, SOURCE_TRUSTED | SOURCE_FINISHED, &source, err);
	if (r < 0)
		return r;
	r = read_object(&source, form->fields, &init, err);
	source_release(&source);
	return r < 0 ? r : check_start(&init, id, out, err);
}

/* ------------------------------------------------------------------ which container */

enum match { MATCH_WHOLE, MATCH_BEGINNING };

static bool is_hexadecimal(const char *text)
{
	return text[strspn(text, "0123456789abcdef")] == '\0';
}

/* The only directory below root whose name, an id as engines make them, begins so. "": none, or several. What people
 * have called their containers is not completed: "web" is not "web2". */
static void complete(const char *root, const char *id, char *buf, size_t size)
{
	enum { WHOLE = 64 };
	struct dirent *entry;
	unsigned found = 0;
	DIR *dir = is_hexadecimal(id) ? opendir(root) : NULL;

	buf[0] = '\0';
	while (dir && (entry = readdir(dir))) {
		if (strlen(entry->d_name) != WHOLE || !is_hexadecimal(entry->d_name) ||
		    strncmp(entry->d_name, id, strlen(id)) != 0)
			continue;
		snprintf(buf, size, "%s", entry->d_name);
		found++;
	}
	if (dir)
		closedir(dir);
	if (found != 1)
		buf[0] = '\0';
}

/* What is looked for, and what is found. */
struct wanted {
	const char *id;
	enum match match;
	pid_t pid;
	struct callgate_err *err;
};

static int look_below(const char *root, struct wanted *wanted)
{
	char name[PATH_MAX];
	int r = CALLGATE_E_NOTFOUND;

	if (wanted->match == MATCH_WHOLE)
		snprintf(name, sizeof(name), "%s", wanted->id);
	else
		complete(root, wanted->id, name, sizeof(name));
	for (size_t i = 0; name[0] && r == CALLGATE_E_NOTFOUND && i < sizeof(forms) / sizeof(forms[0]); i++)
		r = read_form(&forms[i], root, name, &wanted->pid, wanted->err);
	return r;
}

/* The directories in a directory that begin so: containerd's namespaces; of docker, depth 2, those of its runtimes. */
static int look_below_each(const char *parent, const char *beginning, unsigned depth, struct wanted *wanted)
{
	DIR *dir = opendir(parent);
	struct dirent *entry;
	char path[PATH_MAX];
	int r = CALLGATE_E_NOTFOUND;

	while (dir && r == CALLGATE_E_NOTFOUND && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, beginning, strlen(beginning)) == 0 &&
		    snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name) < (int)sizeof(path))
			r = depth > 1 ? look_below_each(path, "", depth - 1, wanted) : look_below(path, wanted);
	if (dir)
		closedir(dir);
	return r;
}

static int look_everywhere(struct wanted *wanted)
{
	static const char *const roots[] = { "/run/runc", "/run/crun" };
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX];
	int r = CALLGATE_E_NOTFOUND;

	for (size_t i = 0; r == CALLGATE_E_NOTFOUND && i < sizeof(roots) / sizeof(roots[0]); i++)
		r = look_below(roots[i], wanted);
	if (r == CALLGATE_E_NOTFOUND)
		r = look_below_each("/run/docker", "runtime-", 2, wanted);
	if (r == CALLGATE_E_NOTFOUND)
		r = look_below_each("/run/containerd/runc", "", 1, wanted);
	for (size_t i = 0; runtime && r == CALLGATE_E_NOTFOUND && i < 2; i++)
		if (snprintf(path, sizeof(path), "%s%s", runtime, i ? "/crun" : "/runc") < (int)sizeof(path))
			r = look_below(path, wanted);
	return r;
}

static int look(const char *root, struct wanted *wanted)
{
	return root ? look_below(root, wanted) : look_everywhere(wanted);
}

/* A whole id first, then a name, then the beginning of an id: as engines have it. */
int callgate_oci_init_pid(const char *root, const char *id, pid_t *out, struct callgate_err *err)
{
	struct wanted wanted = { .id = id, .match = MATCH_WHOLE, .err = err };
	char named[256];
	bool is_path;
	int r;

	REQUIRE(err, id && out);
	is_path = strchr(id, '/') != NULL; /* of a pod: NAMESPACE/POD/CONTAINER */
	if (!id[0])
		return err_set(err, CALLGATE_E_ARG, "no container is named");
	if (id[0] == '.')
		return err_set(err, CALLGATE_E_ARG, "a container's name has no dot in front");
	r = is_path ? CALLGATE_E_NOTFOUND : look(root, &wanted);
	if (r == CALLGATE_E_NOTFOUND) {
		int named_r = callgate_oci_id(id, named, sizeof(named), err);

		if (named_r == CALLGATE_E_ARG)
			return named_r;
		err_set(err, r, "no runtime knows a container '%s' (--root DIR says where else to look)", id);
		wanted.match = named_r == 0 ? MATCH_WHOLE : MATCH_BEGINNING;
		wanted.id = named_r == 0 ? named : id;
		if (named_r == 0)
			err_set(err, r, "container '%s' (%.12s) is not running", id, named);
		if (named_r == 0 || !is_path)
			r = look(root, &wanted);
	}
	if (r == 0)
		*out = wanted.pid;
	return r;
}

int callgate_container_read(const char *path, struct callgate_container *out, struct callgate_err *err)
{
	struct source source;
	int r;

	REQUIRE(err, path && out);
	r = source_read(path, SOURCE_FINISHED, &source, err);
	if (r < 0)
		return r;
	r = oci_state_parse(&source, out, err);
	source_release(&source);
	return r;
}
