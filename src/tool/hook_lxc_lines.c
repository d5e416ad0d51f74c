/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate's lines in an LXC container's configuration: found, written, and whether what stands around them lets them
 * count. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/hook.h"

static const char begin_mark[] = "# callgate: begin";

int lxc_find_lines(const char *path, const struct callgate_lxc_file *file, struct lines *lines)
{
	const char *at = strstr(file->text, begin_mark), *end;

	lines->first = lines->last = file->size;
	if (!at)
		return EXIT_YES;
	end = strstr(at, LXC_LINES_END);
	if (!end || strstr(at + 1, begin_mark)) {
		report("%s: the lines between '%s' and '# callgate: end' have been edited; restore or remove them by "
		       "hand",
		       path, begin_mark);
		return EXIT_CANNOT;
	}
	lines->first = (size_t)(at - file->text);
	lines->last = (size_t)(end - file->text) + sizeof(LXC_LINES_END) - 1;
	return EXIT_YES;
}

int lxc_write_lines(const struct callgate_lxc_file *file, const struct lines *lines, const char *block,
		    int64_t root_uid)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *made = malloc(file->size + strlen(block) + 2);
	size_t size = lines->first + file->size - lines->last;
	int r;

	if (!made) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	memcpy(made, file->text, lines->first);
	memcpy(made + lines->first, file->text + lines->last, file->size - lines->last);
	if (size && made[size - 1] != '\n' && block[0])
		made[size++] = '\n';
	memcpy(made + size, block, strlen(block));
	size += strlen(block);
	r = callgate_lxc_file_write(file, made, size, root_uid, &err);
	free(made);
	if (r < 0)
		report_err(&err);
	return r < 0 ? EXIT_CANNOT : EXIT_YES;
}

/* ------------------------------------------------------------------ what a start will do with them */

/* The value of a key in our lines; "": it is not there. */
static void value_of(const char *text, const struct lines *lines, const char *key, char *value, size_t size)
{
	const char *at = strstr(text + lines->first, key);
	size_t length = 0;

	if (at && at < text + lines->last) {
		at += strlen(key);
		length = strcspn(at, " \n");
	}
	snprintf(value, size, "%.*s", (int)length, length ? at : "");
}

static bool profile_is_there(const char *word)
{
	char path[PATH_MAX];

	return word[0] == '/' ? access(word, R_OK) == 0 : callgate_profile_lookup(word, path, sizeof(path), NULL) == 0;
}

static bool foresee_config(const struct callgate_lxc_config *config, const char *output, char *why, size_t size)
{
	bool emptied = !config->seccomp[0];

	if (strcmp(config->seccomp, output) != 0)
		snprintf(why, size,
			 "%s:%u: lxc.seccomp.profile is %s%s behind callgate's lines: the container will not start; "
			 "'callgate hook install' writes them to the end again",
			 config->seccomp_file, config->seccomp_line, emptied ? "emptied" : "set to ", config->seccomp);
	else if (!config->pre_start || !config->start_host)
		snprintf(
			why, size,
			"%s:%u: callgate's lxc.hook.%s is emptied behind its lines: %s; 'callgate hook install' writes "
			"them to the end again",
			config->emptied_file, config->emptied_line, config->start_host ? "pre-start" : "start-host",
			config->start_host ? "the container starts only as long as the file of its last start fits"
					   : "the container starts, and nobody compares its filter");
	else
		return false;
	return true;
}

bool lxc_foresee(const char *path, const struct callgate_lxc_file *file, const struct lines *lines, char *why,
		 size_t size)
{
	struct callgate_lxc_config config = CALLGATE_LXC_CONFIG_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char output[PATH_MAX], program[PATH_MAX], profile[PATH_MAX];

	value_of(file->text, lines, "lxc.seccomp.profile = ", output, sizeof(output));
	value_of(file->text, lines, "lxc.hook.pre-start = ", program, sizeof(program));
	value_of(file->text, lines, "--profile ", profile, sizeof(profile));
	if (callgate_lxc_config_read(path, &config, &err) < 0)
		snprintf(why, size, "%s:%u: %s: the container will not start", err.file, err.line, err.text);
	else if (access(program, X_OK) < 0)
		snprintf(why, size, "%s, which callgate's lines call, is missing: the container will not start",
			 program);
	else if (!profile_is_there(profile))
		snprintf(why, size, "the profile %s is missing: the container will not start", profile);
	else
		return foresee_config(&config, output, why, size);
	return true;
}
