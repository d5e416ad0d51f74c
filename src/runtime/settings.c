/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading callgate.conf: lines of key = value, comments, and no forgiveness. */
#include "runtime/settings.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "names/words.h"
#include "runtime/hooks.h"

static int at_line(const struct source *source, const char *at, struct callgate_err *err, const char *text)
{
	unsigned line, column;

	source_locate(source, (size_t)(at - source->text), &line, &column);
	err_set(err, CALLGATE_E_FORMAT, "%s", text);
	err_set_place(err, source->name, line, column);
	return CALLGATE_E_FORMAT;
}

/* ------------------------------------------------------------------ keys */

/* Each answers what is wrong with a value, or NULL. */
static const char *check_profile(struct callgate_settings *settings, const char *value)
{
	(void)settings;
	if (value[0] == '/' || (value[0] != '.' && !strchr(value, '/')))
		return NULL;
	return "a profile is a bare name or a full path";
}

static const char *check_runtime(struct callgate_settings *settings, const char *value)
{
	(void)settings;
	return value[0] == '/' ? NULL : "a runtime is a full path";
}

static const char *check_annotation(struct callgate_settings *settings, const char *value)
{
	if (strcmp(value, "narrow") == 0)
		settings->selection = CALLGATE_SELECT_NARROW;
	else if (strcmp(value, "never") == 0)
		settings->selection = CALLGATE_SELECT_NEVER;
	else if (strcmp(value, "any") == 0)
		settings->selection = CALLGATE_SELECT_ANY;
	else
		return "an annotation may do: narrow, never or any";
	return NULL;
}

static const char *check_proof(struct callgate_settings *settings, const char *value)
{
	if (strcmp(value, "required") == 0)
		settings->proof = CALLGATE_PROOF_REQUIRED;
	else if (strcmp(value, "possible") == 0)
		settings->proof = CALLGATE_PROOF_POSSIBLE;
	else
		return "a proof is required or possible";
	return NULL;
}

static const char *check_own(struct callgate_settings *settings, const char *value)
{
	if (strcmp(value, "meet") == 0)
		settings->own = CALLGATE_OWN_MEET;
	else if (strcmp(value, "replace") == 0)
		settings->own = CALLGATE_OWN_REPLACE;
	else if (strcmp(value, "all") == 0)
		settings->own = CALLGATE_OWN_ALL;
	else
		return "own is meet, all or replace";
	return NULL;
}

static const char *check_containers(struct callgate_settings *settings, const char *value)
{
	(void)settings;
	return strcmp(value, "annotated") == 0 || strcmp(value, "all") == 0 ? NULL : "containers are: all or annotated";
}

static const char *check_complain(struct callgate_settings *settings, const char *value)
{
	(void)settings;
	return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0 ? NULL : "complain is yes or no";
}

static const char *check_record(struct callgate_settings *settings, const char *value)
{
	(void)settings;
	return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0 ? NULL : "record is yes or no";
}

static const char *check_log(struct callgate_settings *settings, const char *value)
{
	(void)settings;
	return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0 ? NULL : "log is yes or no";
}

enum naming { WITHOUT_NAME, WITH_NAME };

static const struct key {
	const char *word;
	const char *(*check)(struct callgate_settings *settings, const char *value);
	enum naming naming; /* whether "word.NAME" is a key too */
} keys[] = {
	{ "profile", check_profile, WITH_NAME },
	{ "runtime", check_runtime, WITH_NAME },
	{ "annotation", check_annotation, WITHOUT_NAME },
	{ "proof", check_proof, WITHOUT_NAME },
	{ "containers", check_containers, WITH_NAME },
	{ "log", check_log, WITH_NAME },
	{ "complain", check_complain, WITH_NAME },
	{ "record", check_record, WITH_NAME },
	{ "own", check_own, WITHOUT_NAME },
};

static const struct key *find_key(struct slice word, struct slice *name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t size = strlen(keys[i].word);

		*name = (struct slice){ NULL, 0 };
		if (slice_is(word, keys[i].word))
			return &keys[i];
		if (keys[i].naming == WITH_NAME && word.size > size + 1 && memcmp(word.at, keys[i].word, size) == 0 &&
		    word.at[size] == '.') {
			*name = (struct slice){ word.at + size + 1, word.size - size - 1 };
			return &keys[i];
		}
	}
	return NULL;
}

/* ------------------------------------------------------------------ lines */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct slice trimmed(const char *first, const char *end)
{
	while (first < end && is_blank(*first))
		first++;
	while (end > first && is_blank(end[-1]))
		end--;
	return (struct slice){ first, (size_t)(end - first) };
}

static int take(struct callgate_settings *settings, const struct source *source, struct slice word, struct slice value,
		struct callgate_err *err)
{
	struct setting *setting = arena_alloc(&settings->arena, sizeof(*setting));
	struct slice name;
	const struct key *key = find_key(word, &name);
	const char *complaint;
	char *text;

	if (!key)
		return at_line(source, word.at, err, "unknown key");
	if (!value.size || memchr(value.at, '\0', value.size))
		return at_line(source, word.at, err, "the key has no value");
	text = arena_strndup(&settings->arena, value.at, value.size);
	if (!setting || !text)
		return err_nomem(err);
	complaint = key->check(settings, text);
	if (complaint)
		return at_line(source, value.at, err, complaint);
	*setting = (struct setting){ .key = key->word, .value = text, .next = settings->last };
	if (name.size) {
		setting->at = name.at;
		setting->name = arena_strndup(&settings->arena, name.at, name.size);
		if (!setting->name)
			return err_nomem(err);
	}
	settings->last = setting;
	return 0;
}

static int take_lines(struct callgate_settings *settings, const struct source *source, struct callgate_err *err)
{
	const char *at = source->text, *end = source->text + source->size;
	int r = 0;

	while (r == 0 && at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at)), *equal;
		struct slice line;

		stop = stop ? stop : end;
		line = trimmed(at, stop);
		at = stop + 1;
		if (!line.size || line.at[0] == '#')
			continue;
		equal = memchr(line.at, '=', line.size);
		if (!equal)
			return at_line(source, line.at, err, "a line reads: key = value");
		r = take(settings, source, trimmed(line.at, equal), trimmed(equal + 1, line.at + line.size), err);
	}
	return r;
}

/* ------------------------------------------------------------------ names */

/* What hooks and wrappers ask for. A wrapper of another name, callgate-NAME, is made known by its line runtime.NAME. */
static const char *const engines[] = { "podman", "runc", "crun" };

static bool is_known(const struct callgate_settings *settings, const struct setting *setting)
{
	if (!setting->name || strcmp(setting->key, "runtime") == 0)
		return true;
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(setting->name, engines[i]) == 0)
			return true;
	for (const struct setting *at = settings->last; at; at = at->next)
		if (at->name && strcmp(at->key, "runtime") == 0 && strcmp(at->name, setting->name) == 0)
			return true;
	return false;
}

/* A mistyped name would leave the general line in force without a word. before: what earlier files said. */
static int check_names(const struct callgate_settings *settings, const struct source *source,
		       const struct setting *before, struct callgate_err *err)
{
	const struct setting *unknown = NULL;
	struct near near;
	char text[256];

	for (const struct setting *at = settings->last; at != before; at = at->next)
		if (!is_known(settings, at))
			unknown = at;
	if (!unknown)
		return 0;
	near = near_start(slice_of(unknown->name));
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		near_offer(&near, engines[i]);
	snprintf(text, sizeof(text), "'%.40s' is none of podman, runc and crun, and no line runtime.%.40s%s%s%s",
		 unknown->name, unknown->name, near.found ? " makes it known; did you mean '" : " makes it known",
		 near.found ? near.found : "", near.found ? "'?" : "");
	return at_line(source, unknown->at, err, text);
}

int settings_parse(struct callgate_settings *settings, const struct source *source, struct callgate_err *err)
{
	const struct setting *before = settings->last;
	int r = take_lines(settings, source, err);

	return r < 0 ? r : check_names(settings, source, before, err);
}

/* ------------------------------------------------------------------ files */

static int read_file(struct callgate_settings *settings, const char *path, struct callgate_err *err)
{
	struct source source;
	int r;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = source_read(path, SOURCE_TRUSTED, &source, err);
	if (r < 0)
		return r;
	r = settings_parse(settings, &source, err);
	source_release(&source);
	return r;
}

static int is_conf(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return entry->d_name[0] != '.' && size > 5 && strcmp(entry->d_name + size - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_directory(struct callgate_settings *settings, const char *path, struct callgate_err *err)
{
	struct dirent **list;
	int count = scandir(path, &list, is_conf, by_name), r = 0;

	if (count < 0)
		return errno == ENOENT ? 0 : err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot read");
	for (int i = 0; i < count; i++) {
		char file[PATH_MAX];

		if (r == 0 && snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name) < (int)sizeof(file))
			r = read_file(settings, file, err);
		free(list[i]);
	}
	free(list);
	return r;
}

int settings_read(const char *directory, struct callgate_settings **out, struct callgate_err *err)
{
	struct callgate_settings *settings = calloc(1, sizeof(*settings));
	char path[PATH_MAX];
	int r;

	if (!settings)
		return err_nomem(err);
	snprintf(path, sizeof(path), "%s/callgate.conf", directory);
	r = read_file(settings, path, err);
	if (r == 0) {
		snprintf(path, sizeof(path), "%s/callgate.conf.d", directory);
		r = read_directory(settings, path, err);
	}
	if (r < 0)
		settings_free(settings);
	else
		*out = settings;
	return r;
}

struct callgate_settings *settings_free(struct callgate_settings *settings)
{
	if (settings)
		arena_free(&settings->arena);
	free(settings);
	return NULL;
}

/* NULL: not given. */
static const char *settings_value(const struct callgate_settings *settings, const char *key, const char *name)
{
	const char *general = NULL;

	for (const struct setting *at = settings->last; at; at = at->next) {
		if (strcmp(at->key, key) != 0)
			continue;
		if (at->name && name && strcmp(at->name, name) == 0)
			return at->value;
		if (!at->name && !general)
			general = at->value;
	}
	return general;
}

int callgate_settings_read(struct callgate_settings **out, struct callgate_err *err)
{
	return callgate_settings_read_at(SYSCONFDIR "/callgate", out, err);
}

int callgate_settings_read_at(const char *directory, struct callgate_settings **out, struct callgate_err *err)
{
	return directory && out ? settings_read(directory, out, err) : err_missing(err);
}

int callgate_settings_ask(struct callgate_settings *settings, const char *engine, const char *profile,
			  struct callgate_err *err)
{
	struct source source = { .name = "--callgate-profile" };
	char text[PATH_MAX + 300];
	int size;

	REQUIRE(err, settings && engine && profile);
	size = snprintf(text, sizeof(text), "profile.%s = %s\ncontainers.%s = all\n", engine, profile, engine);
	if (size >= (int)sizeof(text) || strchr(profile, '\n'))
		return err_set(err, CALLGATE_E_ARG, "--callgate-profile names no profile");
	source.text = text;
	source.size = (size_t)size;
	return take_lines(settings, &source, err);
}

struct callgate_settings *callgate_settings_free(struct callgate_settings *settings)
{
	return settings_free(settings);
}

const char *callgate_settings_profile(const struct callgate_settings *settings, const char *engine)
{
	const char *value = settings_value(settings, "profile", engine);

	return value ? value : "default";
}

const char *callgate_settings_runtime(const struct callgate_settings *settings, const char *name)
{
	return settings_value(settings, "runtime", name);
}

bool callgate_settings_annotated_only(const struct callgate_settings *settings, const char *engine)
{
	const char *value = settings_value(settings, "containers", engine);

	return value && strcmp(value, "annotated") == 0;
}

static bool says_yes(const struct callgate_settings *settings, const char *key, const char *engine)
{
	const char *value = settings_value(settings, key, engine);

	return value && strcmp(value, "yes") == 0;
}

bool callgate_settings_log(const struct callgate_settings *settings, const char *engine)
{
	return says_yes(settings, "log", engine);
}

bool callgate_settings_complain(const struct callgate_settings *settings, const char *engine)
{
	return says_yes(settings, "complain", engine);
}

bool callgate_settings_record(const struct callgate_settings *settings, const char *engine)
{
	return says_yes(settings, "record", engine);
}

enum callgate_need callgate_settings_proof(const struct callgate_settings *settings)
{
	return settings->proof;
}

enum callgate_own callgate_settings_own(const struct callgate_settings *settings)
{
	return settings->own;
}
