/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate check: is this profile well-formed, and does it say what its author means? */
#include <string.h>
#include <strings.h>

#include "tool/check_for.h"
#include "tool/findings.h"
#include "tool/tool.h"

enum { NOTE_LIMIT = 5 }; /* CG-005 */
enum { OPT_STRICT = OPT_VERB, OPT_PORTABLE, OPT_FORMAT, OPT_LIST, OPT_FOR };

struct request {
	struct levels levels;
	enum findings_form form;
	bool portable, list;
	const char *consumer; /* --for; NULL: nobody in particular */
};

enum verdict { VERDICT_ACCEPT, VERDICT_WARN, VERDICT_REJECT, VERDICT_CANNOT };
static const char *const verdict_words[] = { "accept", "warn", "reject", "cannot tell" };

static bool is_rejection(int r)
{
	return r == CALLGATE_E_PROFILE || r == CALLGATE_E_FORMAT || r == CALLGATE_E_LIMIT ||
	       r == CALLGATE_E_UNSUPPORTED;
}

/* Reads, resolves, compiles: whatever would stop the profile later is reported now. */
static int try_profile(const struct options *options, const char *path, const char *consumer,
		       struct callgate_notes *notes, struct callgate_err *err)
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *prog = NULL;
	int r = profile_open(options, path, &policy, notes, err);

	if (r < 0)
		return r;
	r = resolve_as(options, path, policy, &filter, notes, err);
	if (r == 0)
		r = callgate_filter_lint(policy, filter, &options->target, notes, err);
	if (r == 0)
		r = callgate_filter_compile(filter, &prog, err);
	if (r == CALLGATE_E_LIMIT && !callgate_notes_total(notes, CALLGATE_ERROR))
		callgate_policy_lint_size(policy, err->text, notes);
	if (r == 0 && consumer)
		r = consumer_check(consumer, &(struct consumed){ path, policy, filter, options->target.host }, notes,
				   err);
	return r;
}

static void compare_readers(const struct options *options, const char *text, struct callgate_notes *notes)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	unsigned differing;
	char path[4096];

	if (profile_path(text, path, sizeof(path), &err) < 0)
		return;
	/* Standard input was read to its end. */
	if (strcmp(path, "-") == 0)
		report("--portable cannot be used with standard input; name a file");
	else if (callgate_policy_portable(path, &options->target, &differing, notes, &err) < 0 &&
		 err.code != CALLGATE_E_PROFILE)
		report_err(&err);
}

static enum verdict judge(int r, const struct callgate_notes *notes, const struct levels *levels)
{
	enum verdict verdict = VERDICT_ACCEPT;

	if (r < 0)
		return is_rejection(r) ? VERDICT_REJECT : VERDICT_CANNOT;
	if (callgate_notes_total(notes, CALLGATE_ERROR))
		return VERDICT_REJECT;
	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		enum level level = level_of(levels, callgate_notes_at(notes, i));

		if (level == LEVEL_ERROR)
			return VERDICT_REJECT;
		if (level == LEVEL_WARNING)
			verdict = VERDICT_WARN;
	}
	return verdict;
}

static bool has_note(const struct callgate_notes *notes, unsigned id)
{
	for (size_t i = 0; i < callgate_notes_count(notes); i++)
		if (callgate_notes_at(notes, i)->id == id)
			return true;
	return false;
}

static enum verdict check_one(const struct options *options, const char *path, const struct request *request,
			      struct findings *findings)
{
	CALLGATE_CLEANUP(notes_cleanup) struct callgate_notes *notes = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum verdict verdict;
	int r;

	if (callgate_notes_new(&notes) < 0) {
		report("out of memory");
		return VERDICT_CANNOT;
	}
	r = try_profile(options, path, request->consumer, notes, &err);
	verdict = judge(r, notes, &request->levels);
	/* Also of a profile that is refused: what its readers make of it is why. One that is too complex is so for each
	 * of them, and each would take as long to find out. */
	if (request->portable && r != CALLGATE_E_LIMIT && !has_note(notes, NOTE_LIMIT))
		compare_readers(options, path, notes);
	/* The findings name the cause already. */
	findings_add(findings, path, verdict_words[verdict], notes,
		     r < 0 && !callgate_notes_total(notes, CALLGATE_ERROR) ? &err : NULL);
	return verdict;
}

static int take_own(void *data, int option, const char *value)
{
	struct request *request = data;

	if (option == OPT_STRICT)
		return levels_take(&request->levels, "error");
	if (option == 'W')
		return levels_take(&request->levels, value);
	if (option == OPT_FORMAT)
		return findings_form_parse(value, &request->form);
	if (option == OPT_FOR)
		return consumer_take(value, &request->consumer);
	if (option == OPT_LIST)
		request->list = true;
	else
		request->portable = true;
	return 0;
}

int verb_check(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		{ "strict", no_argument, NULL, OPT_STRICT },
		{ "portable", no_argument, NULL, OPT_PORTABLE },
		{ "format", required_argument, NULL, OPT_FORMAT },
		{ "for", required_argument, NULL, OPT_FOR },
		{ "list", no_argument, NULL, OPT_LIST },
		OPTIONS_END,
	};
	enum verdict worst = VERDICT_ACCEPT;
	struct request request = { .form = FINDINGS_TEXT };
	struct command_line line = { known, "hW:", take_own, &request };
	struct findings findings;
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (request.list == (optind < argc))
		return verb_usage(verb, request.list ? "--list takes no file" : "no profile is named");
	if (request.list)
		return findings_list(&options);
	if (options.json)
		request.form = FINDINGS_JSON;
	findings_start(&findings, &options, &request.levels, request.form);
	for (int i = optind; i < argc; i++) {
		enum verdict verdict = check_one(&options, argv[i], &request, &findings);

		if (verdict > worst)
			worst = verdict;
	}
	if (findings_end(&findings) != EXIT_YES || worst == VERDICT_CANNOT)
		return EXIT_CANNOT;
	return worst == VERDICT_REJECT ? EXIT_NO : EXIT_YES;
}
