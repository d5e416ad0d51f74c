/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate convert: a profile in another format, and what that format cannot say. */

#include "tool/tool.h"

enum { OPT_TO = OPT_VERB, OPT_LOSSY };

struct request {
	enum callgate_format format;
	bool to, lossy;
};

static int take_own(void *own, int option, const char *value)
{
	struct request *request = own;

	if (option == OPT_LOSSY) {
		request->lossy = true;
		return 0;
	}
	request->to = true;
	return take_profile_format(value, &request->format);
}

static void text_cleanup(struct callgate_text **text)
{
	*text = callgate_text_free(*text);
}

static int convert(const struct options *options, const char *profile, const struct request *request)
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	CALLGATE_CLEANUP(notes_cleanup) struct callgate_notes *notes = NULL;
	CALLGATE_CLEANUP(text_cleanup) struct callgate_text *text = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	const char *bytes;
	size_t size;
	int r;

	if (callgate_notes_new(&notes) < 0) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	r = profile_open(options, profile, &policy, notes, &err);
	if (r == 0)
		r = callgate_policy_write(policy, &options->target, request->format, &text, &err);
	if (r < 0) {
		report_errors(options, notes);
		if (!callgate_notes_total(notes, CALLGATE_ERROR))
			report_err(&err);
		/* That a format cannot say it is an answer, not a failure. */
		return r == CALLGATE_E_UNSUPPORTED ? EXIT_NO : EXIT_CANNOT;
	}
	report_losses(text, profile, request->lossy ? "warning" : "error");
	if (callgate_text_loss_count(text) && !request->lossy)
		return EXIT_NO;
	bytes = callgate_text_bytes(text, &size);
	return write_output(options, bytes, size);
}

int verb_convert(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		{ "output", required_argument, NULL, OPT_OUTPUT },
		{ "to", required_argument, NULL, OPT_TO },
		{ "lossy", no_argument, NULL, OPT_LOSSY },
		OPTIONS_END,
	};
	struct request request = { .format = CALLGATE_FORMAT_OCI };
	struct command_line line = { known, "ho:", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (argc - optind != 1 || !request.to)
		return verb_usage(verb, request.to ? "one profile is needed" : "--to is missing");
	return convert(&options, argv[optind], &request);
}
