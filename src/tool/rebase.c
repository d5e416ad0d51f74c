/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate rebase: a fork of an old default carried onto a new one, as an edit of the fork's text. */
#include <stdlib.h>

#include "base/private.h"
#include "tool/tool.h"

enum { OPT_FROM = OPT_VERB, OPT_TO, SIDES = 3 };

struct request {
	const char *files[SIDES]; /* from, to, mine: the order of a conflict's arrays */
};

static int take_own(void *own, int option, const char *value)
{
	struct request *request = own;

	request->files[option == OPT_FROM ? 0 : 1] = value;
	return 0;
}

/* What each of them does with a call that all treat otherwise, and where. */
static void tell_conflict(void *data, const struct callgate_conflict *conflict)
{
	const struct request *request = data;
	char call[192], action[3][32];

	call_text(&conflict->call, call, sizeof(call));
	for (unsigned i = 0; i < SIDES; i++)
		callgate_action_format(conflict->action[i], action[i], sizeof(action[i]));
	fprintf(stderr, "%s:%u:%u: error: conflict: both sides changed '%s'; %s on %s is %s here\n", request->files[2],
		conflict->line[2], conflict->column[2], conflict->name, call, callgate_abi_name(conflict->call.abi),
		action[2]);
	fprintf(stderr, "%s:%u:%u: note: %s here\n", request->files[1], conflict->line[1], conflict->column[1],
		action[1]);
	fprintf(stderr, "%s:%u:%u: note: %s before, with %s\n", request->files[0], conflict->line[0],
		conflict->column[0], action[0], conflict->target);
}

static int open_all(const struct options *options, const struct request *request,
		    struct callgate_policy *policies[SIDES])
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	for (unsigned i = 0; i < SIDES; i++) {
		CALLGATE_CLEANUP(notes_cleanup) struct callgate_notes *notes = NULL;

		if (callgate_notes_new(&notes) < 0) {
			report("out of memory");
			return EXIT_CANNOT;
		}
		if (profile_open(options, request->files[i], &policies[i], notes, &err) == 0)
			continue;
		report_notes(options, notes, CALLGATE_ERROR, STRICT_NO);
		if (!callgate_notes_total(notes, CALLGATE_ERROR))
			report_err(&err);
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

static int rebase(const struct options *options, struct request *request)
{
	struct callgate_policy *policies[SIDES] = { NULL };
	struct callgate_rebase how = CALLGATE_REBASE_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *text = NULL;
	size_t size = 0;
	int code = open_all(options, request, policies), r;

	if (code == EXIT_YES) {
		how.from = policies[0];
		how.to = policies[1];
		how.mine = policies[2];
		how.conflict = tell_conflict;
		how.data = request;
		r = callgate_policy_rebase(&how, &text, &size, &err);
		if (r < 0)
			report_err(&err);
		code = r == 0 ? write_output(options, text, size) : r == CALLGATE_E_UNSUPPORTED ? EXIT_NO : EXIT_CANNOT;
	}
	free(text);
	for (unsigned i = 0; i < SIDES; i++)
		callgate_policy_free(policies[i]);
	return code;
}

int verb_rebase(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		{ "output", required_argument, NULL, OPT_OUTPUT },
		{ "from", required_argument, NULL, OPT_FROM },
		{ "to", required_argument, NULL, OPT_TO },
		OPTIONS_END,
	};
	struct request request = { 0 };
	struct command_line line = { known, "ho:", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (argc - optind != 1 || !request.files[0] || !request.files[1])
		return verb_usage(verb);
	request.files[2] = argv[optind];
	return rebase(&options, &request);
}
