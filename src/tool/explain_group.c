/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate explain --group: a whole filter on one screen, the calls of an ABI gathered by what happens to them. */
#include <stdlib.h>
#include <string.h>

#include "tool/terminal.h"

struct group {
	char *decision;
	char *calls; /* separated by blanks */
	size_t calls_size, count;
};

struct groups {
	struct group *list;
	size_t count;
};

static void groups_release(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		free(groups->list[i].decision);
		free(groups->list[i].calls);
	}
	free(groups->list);
}

static char *decision_text(const struct callgate_filter *filter, enum callgate_abi abi, uint32_t nr)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	print_decision(to, filter, abi, nr);
	return fclose(to) == 0 ? text : NULL;
}

/* The group of a decision, made when it is new; takes the text. */
static struct group *group_of(struct groups *groups, char *decision)
{
	struct group *list;

	if (!decision)
		return NULL;
	for (size_t i = 0; i < groups->count; i++) {
		if (strcmp(groups->list[i].decision, decision) == 0) {
			free(decision);
			return &groups->list[i];
		}
	}
	list = realloc(groups->list, (groups->count + 1) * sizeof(*list));
	if (!list) {
		free(decision);
		return NULL;
	}
	groups->list = list;
	list[groups->count] = (struct group){ .decision = decision };
	return &list[groups->count++];
}

static int add_row(struct groups *groups, const struct callgate_filter *filter, enum callgate_abi abi,
		   const struct callgate_row *row)
{
	struct group *group = group_of(groups, decision_text(filter, abi, row->first));
	uint32_t at = row->first;

	if (!group)
		return -1;
	for (;;) {
		uint32_t last = named_run(abi, at, row->last);
		const char *name = callgate_syscall_name(abi, at);
		char text[64], *grown;
		size_t size;

		if (name)
			snprintf(text, sizeof(text), "%s", name);
		else if (at == last)
			snprintf(text, sizeof(text), "%u", at);
		else
			snprintf(text, sizeof(text), "%u-%u", at, last);
		size = strlen(text);
		grown = realloc(group->calls, group->calls_size + size + 2);
		if (!grown)
			return -1;
		group->calls = grown;
		group->calls_size +=
			(size_t)sprintf(grown + group->calls_size, "%s%s", group->count++ ? " " : "", text);
		if (last == row->last)
			return 0;
		at = last + 1;
	}
}

static void print_group(enum callgate_abi abi, const struct group *group)
{
	if (!on_terminal()) {
		printf("%s\t%s\t%s\n", callgate_abi_name(abi), group->decision, group->calls);
		return;
	}
	printf("%s: ", callgate_abi_name(abi));
	if (strlen(group->decision) < terminal_width() - 12) {
		printf("%s\n", group->decision);
	} else {
		putchar('\n');
		terminal_wrap(group->decision, 2);
	}
	terminal_wrap(group->calls, 4);
}

static void print_groups(const struct groups *groups, enum callgate_abi abi, struct json_object *rows)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->list[i];

		if (rows) {
			struct json_object *row = json_object_new_object();

			json_object_object_add(row, "abi", json_object_new_string(callgate_abi_name(abi)));
			json_object_object_add(row, "action", json_object_new_string(group->decision));
			json_object_object_add(row, "calls", json_object_new_string(group->calls));
			json_object_array_add(rows, row);
		} else {
			print_group(abi, group);
		}
	}
}

int print_grouped(const struct callgate_filter *filter, enum callgate_abi abi, struct json_object *rows)
{
	size_t count = callgate_filter_row_count(filter, abi);
	struct callgate_row row = { .first = 0, .last = UINT32_MAX };
	struct groups groups = { 0 };
	int r = count ? 0 : add_row(&groups, filter, abi, &row);

	for (size_t i = 0; i < count && r == 0; i++)
		r = callgate_filter_row(filter, abi, i, &row) < 0 ? -1 : add_row(&groups, filter, abi, &row);
	if (r == 0)
		print_groups(&groups, abi, rows);
	else
		report("out of memory");
	groups_release(&groups);
	return r < 0 ? EXIT_CANNOT : EXIT_YES;
}
