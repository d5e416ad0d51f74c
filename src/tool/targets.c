/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Targets: several sets of target options in one run: --target 'OPTIONS', --matrix READERS[:ARCHES[:CAPS]]. */
#include <stdlib.h>
#include <string.h>

#include "tool/tool.h"

int target_words(const char *words, const struct options *base, struct options *out)
{
	static const struct option known[] = { OPTIONS_TARGET, OPTIONS_END };
	char copy[1024], *at = copy, *word, *argv[32] = { (char *)"callgate" };
	int argc = 1, option, r = 0;

	*out = *base;
	if (strlen(words) >= sizeof(copy)) {
		report("a target is at most %zu bytes long", sizeof(copy) - 1);
		return -1;
	}
	strcpy(copy, words);
	while ((word = strsep(&at, " \t")) && argc < (int)ARRAY_SIZE(argv) - 1)
		if (*word)
			argv[argc++] = word;
	optind = opterr = 0;
	while (r == 0 && (option = getopt_long(argc, argv, ":", known, NULL)) != -1)
		r = option == '?' || option == ':' ? options_refuse("a target", known, option, argc, argv)
						   : options_take(out, option, optarg);
	if (r == 0 && optind != argc) {
		report("target '%s': '%s' is no option", words, argv[optind]);
		r = -1;
	}
	/* Options are values: what --as and --caps took of the copy has been read. */
	return r;
}

int targets_add(struct targets *targets, const char *words)
{
	char **list = realloc(targets->list, (targets->count + 1) * sizeof(*list));

	if (!list)
		return -1;
	targets->list = list;
	list[targets->count] = strdup(words);
	return list[targets->count] ? (targets->count++, 0) : -1;
}

/* Every word of a comma-separated list with each of the next dimension; an empty list leaves its option out. */
static int expand(struct targets *targets, const char *const dimensions[3], unsigned at, const char *before)
{
	static const char *const options[] = { "--as", "--arch", "--caps" };
	char copy[256], *rest = copy, *word;

	if (at == 3)
		return targets_add(targets, before);
	if (!dimensions[at] || !*dimensions[at])
		return expand(targets, dimensions, at + 1, before);
	if (strlen(dimensions[at]) >= sizeof(copy))
		return -1;
	strcpy(copy, dimensions[at]);
	while ((word = strsep(&rest, ","))) {
		char words[512];
		bool own = at == 0 && strcmp(word, "callgate") == 0;

		snprintf(words, sizeof(words), "%s%s%s%s%s", before, *before && !own ? " " : "", own ? "" : options[at],
			 own ? "" : " ", own ? "" : word);
		if (expand(targets, dimensions, at + 1, words) < 0)
			return -1;
	}
	return 0;
}

int targets_matrix(struct targets *targets, const char *text)
{
	char copy[512], *at = copy;
	const char *dimensions[3];

	if (strlen(text) >= sizeof(copy)) {
		report("a matrix is at most %zu bytes long", sizeof(copy) - 1);
		return -1;
	}
	strcpy(copy, text);
	for (unsigned i = 0; i < 3; i++)
		dimensions[i] = strsep(&at, ":");
	if (at || expand(targets, dimensions, 0, "") < 0) {
		report("matrix '%s': READER,READER...[:ARCH,ARCH...[:CAPS,CAPS...]]", text);
		return -1;
	}
	return 0;
}

void targets_cleanup(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		free(targets->list[i]);
	free(targets->list);
	*targets = (struct targets){ 0 };
}
