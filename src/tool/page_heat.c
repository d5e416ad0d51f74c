/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The heat map of a page: a row per call, a square per source and ABI, coloured by action, with who decided on hover.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/page.h"

/* One column: an ABI of a source. */
struct column {
	const struct callgate_filter *filter;
	enum callgate_abi abi;
	bool first; /* of its source */
};

struct map {
	struct column *columns;
	size_t count;
	const char **names; /* of all calls that one of the ABIs has, sorted, each once */
	size_t name_count;
};

static void map_release(struct map *map)
{
	free(map->columns);
	free(map->names);
}

static int add_columns(struct map *map, const struct page_source *sources, size_t count)
{
	map->columns = calloc(count * CALLGATE_ABI_COUNT + 1, sizeof(*map->columns));
	for (size_t i = 0; map->columns && i < count; i++) {
		enum callgate_abi abis[CALLGATE_ABI_COUNT];
		unsigned known = callgate_filter_abis(sources[i].filter, abis);

		for (unsigned j = 0; j < known; j++)
			map->columns[map->count++] = (struct column){ sources[i].filter, abis[j], j == 0 };
	}
	return map->columns ? 0 : -1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_names(struct map *map, enum callgate_abi abi)
{
	for (uint32_t nr = 0; page_next_named(abi, &nr); nr++) {
		const char **grown = reallocarray(map->names, map->name_count + 1, sizeof(*grown));

		if (!grown)
			return -1;
		map->names = grown;
		grown[map->name_count++] = callgate_syscall_name(abi, nr);
	}
	return 0;
}

static int collect_names(struct map *map)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->count; i++) {
		bool seen = false;

		for (size_t j = 0; j < i && !seen; j++)
			seen = map->columns[j].abi == map->columns[i].abi;
		if (!seen && add_names(map, map->columns[i].abi) < 0)
			return -1;
	}
	if (map->name_count)
		qsort(map->names, map->name_count, sizeof(*map->names), by_name);
	for (size_t i = 0; i < map->name_count; i++)
		if (!kept || strcmp(map->names[kept - 1], map->names[i]) != 0)
			map->names[kept++] = map->names[i];
	map->name_count = kept;
	return 0;
}

static int print_square(FILE *to, const struct column *column, const char *name)
{
	struct page_decision decision = { 0 };
	uint32_t nr = UINT32_MAX;

	if (name && callgate_syscall_number(column->abi, name, &nr) < 0) {
		fprintf(to, "<i%s>&middot;</i>", column->first ? " class=g" : "");
		return 0;
	}
	if (page_decide(column->filter, column->abi, nr, &decision) < 0)
		return -1;
	fprintf(to, column->first ? "<i class=\"%c g\" title=\"" : "<i class=%c title=\"", decision.letter);
	fprintf(to, "%s: ", callgate_abi_name(column->abi));
	html_text(to, decision.action);
	fputs(", ", to);
	html_text(to, decision.origin);
	fprintf(to, "\">%c</i>", decision.letter);
	page_decision_release(&decision);
	return 0;
}

/* Whether the sources do different things with a call on the same ABI. */
static int is_different(const struct map *map, const char *name, bool *out)
{
	*out = false;
	for (size_t i = 0; i < map->count && !*out; i++) {
		struct page_decision one, other;
		size_t j = i + 1;
		uint32_t nr = UINT32_MAX;

		while (j < map->count && map->columns[j].abi != map->columns[i].abi)
			j++;
		if (j == map->count || (name && callgate_syscall_number(map->columns[i].abi, name, &nr) < 0))
			continue;
		if (page_decide(map->columns[i].filter, map->columns[i].abi, nr, &one) < 0)
			return -1;
		if (page_decide(map->columns[j].filter, map->columns[j].abi, nr, &other) < 0) {
			page_decision_release(&one);
			return -1;
		}
		*out = strcmp(one.action, other.action) != 0;
		page_decision_release(&one);
		page_decision_release(&other);
	}
	return 0;
}

/* name NULL: the numbers that have none, by the highest of them. */
static int print_row(FILE *to, const struct map *map, const char *name)
{
	bool different;
	int r = is_different(map, name, &different);

	fprintf(to, "<li%s><b>%s%s</b>", different ? " class=d" : "", name ? name : "(highest number)",
		different ? " &ne;" : "");
	for (size_t i = 0; i < map->count && r == 0; i++)
		r = print_square(to, &map->columns[i], name);
	fputs("</li>\n", to);
	return r;
}

static void print_key(FILE *to, const struct page_source *sources, size_t count)
{
	fputs("<p>Squares from left to right: ", to);
	for (size_t i = 0; i < count; i++) {
		enum callgate_abi abis[CALLGATE_ABI_COUNT];
		unsigned known = callgate_filter_abis(sources[i].filter, abis);

		if (i)
			fputs("; ", to);
		if (count > 1) {
			fputs("<code>", to);
			html_text(to, sources[i].name);
			fputs("</code> on ", to);
		}
		for (unsigned j = 0; j < known; j++)
			fprintf(to, "%s%s", j ? ", " : "", callgate_abi_name(abis[j]));
	}
	fputs(count > 1 ? ". &ne; marks a call that they answer differently.</p>\n" : ".</p>\n", to);
}

int page_heat(FILE *to, const struct page_source *sources, size_t count)
{
	struct map map = { 0 };
	int r = add_columns(&map, sources, count);

	if (r == 0)
		r = collect_names(&map);
	if (r == 0)
		print_key(to, sources, count);
	fputs("<ul class=\"heat\">\n", to);
	for (size_t i = 0; i < map.name_count && r == 0; i++)
		r = print_row(to, &map, map.names[i]);
	if (r == 0)
		r = print_row(to, &map, NULL);
	fputs("</ul>\n", to);
	map_release(&map);
	return r;
}
