/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate meet, join and subtract: any sources as one profile, exactly. */
#include <stdlib.h>

#include "tool/tool.h"

enum { OPT_TO = OPT_VERB };

struct request {
	enum callgate_combination op;
	struct callgate_writing how;
};

static int take_own(void *own, int option, const char *value)
{
	struct request *request = own;

	(void)option;
	return take_profile_format(value, &request->how.format);
}

static void text_cleanup(struct callgate_text **text)
{
	*text = callgate_text_free(*text);
}

struct sources {
	struct callgate_filter **filters;
	char **words;
	size_t count;
};

static void sources_cleanup(struct sources *sources)
{
	for (size_t i = 0; sources->filters && i < sources->count; i++)
		callgate_filter_free(sources->filters[i]);
	free(sources->filters);
}

static int open_all(const struct options *options, struct sources *sources)
{
	sources->filters = calloc(sources->count, sizeof(struct callgate_filter *));
	if (!sources->filters) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	for (size_t i = 0; i < sources->count; i++) {
		enum source_kind kind;
		int code = source_open(options, sources->words[i], &sources->filters[i], &kind);

		if (code)
			return code;
	}
	return EXIT_YES;
}

/* The last proof, against each source by itself: what the text's reader gets is no looser (meet, subtract: than
 * the first), no stricter (join). */
static int prove(const struct request *request, const struct sources *sources, const struct callgate_text *text)
{
	size_t count = request->op == CALLGATE_SUBTRACT ? 1 : sources->count;
	struct callgate_err err = CALLGATE_ERR_INIT;

	for (size_t i = 0; i < count; i++) {
		struct callgate_diff *diff;
		const struct callgate_difference *row;
		bool wrong = false;

		if (callgate_filter_diff(sources->filters[i], callgate_text_filter(text), 0, &diff, &err) < 0) {
			report_err(&err);
			return EXIT_CANNOT;
		}
		for (size_t k = 0; (row = callgate_diff_at(diff, k)); k++)
			wrong |= request->op == CALLGATE_JOIN ? row->tighter : row->looser;
		callgate_diff_free(diff);
		if (wrong) {
			report("%s: the result would be %s than this source; nothing was written", sources->words[i],
			       request->op == CALLGATE_JOIN ? "stricter" : "looser");
			return EXIT_NO;
		}
	}
	return EXIT_YES;
}

static int combine(const struct verb *verb, const struct options *options, struct request *request,
		   struct sources *sources)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	CALLGATE_CLEANUP(text_cleanup) struct callgate_text *text = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	const char *bytes;
	char prefix[32];
	size_t size;
	int code = open_all(options, sources), r;

	if (code)
		return code;
	r = callgate_filter_combine(request->op, (const struct callgate_filter *const *)sources->filters,
				    sources->count, &filter, &err);
	request->how.target = options->target;
	request->how.side = request->op == CALLGATE_MEET ? CALLGATE_SIDE_STRICTER : CALLGATE_SIDE_EXACT;
	if (r == 0)
		r = callgate_filter_write(filter, &request->how, &text, &err);
	if (r < 0) {
		report_err(&err);
		return r == CALLGATE_E_UNSUPPORTED ? EXIT_NO : EXIT_CANNOT;
	}
	code = prove(request, sources, text);
	if (code)
		return code;
	snprintf(prefix, sizeof(prefix), "callgate %s", verb->name);
	report_losses(text, prefix, "warning");
	bytes = callgate_text_bytes(text, &size);
	return write_output(options, bytes, size);
}

static int verb_combine(const struct verb *verb, int argc, char **argv, enum callgate_combination op)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		OPTIONS_LIVE,
		{ "output", required_argument, NULL, OPT_OUTPUT },
		{ "to", required_argument, NULL, OPT_TO },
		OPTIONS_END,
	};
	struct request request = { .op = op, .how = CALLGATE_WRITING_INIT };
	struct command_line line = { known, "ho:", take_own, &request };
	CALLGATE_CLEANUP(sources_cleanup) struct sources sources = { 0 };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (argc - optind < 2 || (op == CALLGATE_SUBTRACT && argc - optind != 2))
		return verb_usage(verb, op == CALLGATE_SUBTRACT ? "two sources are needed"
								: "two sources or more are needed");
	sources.words = argv + optind;
	sources.count = (size_t)(argc - optind);
	return combine(verb, &options, &request, &sources);
}

int verb_meet(const struct verb *verb, int argc, char **argv)
{
	return verb_combine(verb, argc, argv, CALLGATE_MEET);
}

int verb_join(const struct verb *verb, int argc, char **argv)
{
	return verb_combine(verb, argc, argv, CALLGATE_JOIN);
}

int verb_subtract(const struct verb *verb, int argc, char **argv)
{
	return verb_combine(verb, argc, argv, CALLGATE_SUBTRACT);
}
