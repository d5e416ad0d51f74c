/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regions: the table and the files that add to it, and what a filter does with their calls. */
#include "tool/regions.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct region shipped[] = {
#include "tool/regions_table.h"
};

enum { FILE_LIMIT = 1 << 20, COLUMNS = 4, CALL_SIZE = 96 };

/* ------------------------------------------------------------------ a region's call */

/* "name" or "name(argument=value)". False: neither. */
static bool call_split(const char *call, char *name, char *argument, char *value)
{
	int end = 0;

	*argument = *value = '\0';
	if (strlen(call) >= CALL_SIZE)
		return false;
	if (sscanf(call, "%95[a-z0-9_]%n", name, &end) == 1 && !call[end])
		return true;
	end = 0;
	return sscanf(call, "%95[a-z0-9_](%95[a-z0-9_]=%95[^)])%n", name, argument, value, &end) == 3 && end &&
	       !call[end];
}

/* Which of the call's arguments it is on that ABI: clone's flags come second on s390. -1: none. */
static int argument_at(enum callgate_abi abi, const char *call, const char *argument)
{
	struct callgate_arguments arguments;
	char *rest, *name;
	int at = 0;

	if (callgate_syscall_arguments(abi, call, &arguments) < 0)
		return -1;
	for (rest = arguments.names; (name = strsep(&rest, ",")); at++)
		if (strcmp(name, argument) == 0)
			return at < 6 ? at : -1;
	return -1;
}

/* False: the ABI has no such call. */
static bool question(enum callgate_abi abi, const struct region *region, struct callgate_pattern *pattern, char *call,
		     size_t size)
{
	char name[CALL_SIZE], argument[CALL_SIZE], word[CALL_SIZE], value[64];
	int at;

	*pattern = (struct callgate_pattern){ .abi = abi };
	if (!call_split(region->call, name, argument, word) || callgate_syscall_number(abi, name, &pattern->nr) < 0)
		return false;
	snprintf(call, size, "%s", name);
	if (!*argument)
		return true;
	at = argument_at(abi, name, argument);
	if (at < 0 || callgate_value_parse(abi, name, (unsigned)at, word, &pattern->args[at]) < 0)
		return false;
	pattern->known = 1u << at;
	callgate_value_format(abi, name, (unsigned)at, pattern->args[at], value, sizeof(value));
	snprintf(call, size, "%s(%s%s)", name, at ? "*," : "", value);
	return true;
}

/* ------------------------------------------------------------------ files */

/* Some ABI can ask for it. */
static bool can_be_asked(const struct region *region)
{
	struct callgate_pattern pattern;
	char call[CALL_SIZE * 2];

	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++)
		if (question((enum callgate_abi)abi, region, &pattern, call, sizeof(call)))
			return true;
	return false;
}

static int add(struct regions *regions, const struct region *region)
{
	struct region *grown = reallocarray(regions->list, regions->count + 1, sizeof(*grown));

	if (!grown) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	regions->list = grown;
	regions->list[regions->count++] = *region;
	return EXIT_YES;
}

static int take_line(struct regions *regions, const char *path, unsigned number, char *line)
{
	char *columns[COLUMNS + 1] = { NULL }, *word, *rest = line;
	struct region region;
	unsigned count = 0;

	if (!*line || *line == '#')
		return EXIT_YES;
	while (count <= COLUMNS && (word = strsep(&rest, "\t")))
		columns[count++] = word;
	if (count != COLUMNS) {
		report("%s:%u: expected four columns, separated by tabs: region, call, identifiers or -, reason", path,
		       number);
		return EXIT_CANNOT;
	}
	region = (struct region){ columns[0], columns[1], columns[2], columns[3] };
	if (!can_be_asked(&region)) {
		report("%s:%u: no ABI has the call '%s' with that argument and value", path, number, region.call);
		return EXIT_CANNOT;
	}
	return add(regions, &region);
}

static bool has_control(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t' && text[i] != '\n') || text[i] == 0x7f)
			return true;
	return false;
}

/* The whole text, which the regions then point into. NULL after a message. */
static char *take_text(struct regions *regions, const char *path)
{
	char **grown = reallocarray(regions->texts, regions->text_count + 1, sizeof(*grown));
	char *text = malloc(FILE_LIMIT + 1);
	FILE *file = grown && text ? input_open(path) : NULL;
	size_t size;

	if (grown)
		regions->texts = grown;
	if (!file) {
		if (!grown || !text)
			report("out of memory");
		free(text);
		return NULL;
	}
	size = fread(text, 1, FILE_LIMIT + 1, file);
	if (ferror(file) || size > FILE_LIMIT || has_control(text, size)) {
		report("%s: %s", path,
		       size > FILE_LIMIT ? "larger than 1 MiB" : "has control characters, or cannot be read");
		free(text);
		text = NULL;
	} else {
		text[size] = '\0';
		regions->texts[regions->text_count++] = text;
	}
	fclose(file);
	return text;
}

static int take_file(struct regions *regions, const char *path)
{
	char *rest = take_text(regions, path), *line;
	int code = rest ? EXIT_YES : EXIT_CANNOT;

	for (unsigned number = 1; code == EXIT_YES && (line = strsep(&rest, "\n")); number++)
		code = take_line(regions, path, number, line);
	return code;
}

static int is_table(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".tsv") == 0 && entry->d_name[0] != '.';
}

/* In the order of their names. A directory that is not there has none. */
static int take_directory(struct regions *regions, const char *directory)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, is_table, alphasort), code = EXIT_YES;
	char path[4096];

	if (count < 0 && errno != ENOENT) {
		report("%s: %s", directory, strerror(errno));
		code = EXIT_CANNOT;
	}
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (code == EXIT_YES)
			code = take_file(regions, path);
		free(entries[i]);
	}
	free(entries);
	return code;
}

int regions_read(struct regions *regions, const char *path)
{
	int code = EXIT_YES;

	*regions = (struct regions){ 0 };
	for (size_t i = 0; code == EXIT_YES && i < ARRAY_SIZE(shipped); i++)
		code = add(regions, &shipped[i]);
	if (code == EXIT_YES)
		code = take_directory(regions, SYSCONFDIR "/callgate/regions.d");
	if (code == EXIT_YES && path)
		code = take_file(regions, path);
	return code;
}

void regions_cleanup(struct regions *regions)
{
	for (size_t i = 0; i < regions->text_count; i++)
		free(regions->texts[i]);
	free(regions->texts);
	free(regions->list);
}

/* ------------------------------------------------------------------ questions to a filter */

/* Whether any way through the decision lets the call happen. */
static enum reach reach_of(const struct callgate_filter *filter, const struct callgate_pattern *pattern)
{
	size_t count;
	struct callgate_outcome *outcomes = outcomes_list(filter, pattern, &count);
	enum reach reach = outcomes ? REACH_NONE : REACH_UNKNOWN;

	for (size_t i = 0; i < count; i++) {
		if (outcomes[i].opaque)
			reach = reach == REACH_ALLOWED ? REACH_ALLOWED : REACH_UNKNOWN;
		else if (outcomes[i].action.kind == CALLGATE_ALLOW || outcomes[i].action.kind == CALLGATE_LOG)
			reach = REACH_ALLOWED;
	}
	free(outcomes);
	return reach;
}

enum reach region_reach(const struct callgate_filter *filter, enum callgate_abi abi, const struct region *region,
			struct callgate_pattern *pattern, char *call, size_t size)
{
	return question(abi, region, pattern, call, size) ? reach_of(filter, pattern) : REACH_NONE;
}

bool abi_is_open(const struct callgate_filter *filter, enum callgate_abi abi)
{
	size_t rows = callgate_filter_row_count(filter, abi);

	/* An ABI that the filter does not list gets one answer for all of its numbers. */
	if (!rows)
		return reach_of(filter, &(struct callgate_pattern){ .abi = abi }) != REACH_NONE;
	for (size_t i = 0; i < rows; i++) {
		struct callgate_row row;

		if (callgate_filter_row(filter, abi, i, &row) == 0 &&
		    reach_of(filter, &(struct callgate_pattern){ .abi = abi, .nr = row.first }) != REACH_NONE)
			return true;
	}
	return false;
}
