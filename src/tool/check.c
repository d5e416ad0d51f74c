/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate check: is this profile well-formed, and does it say what its author means? */
#include <string.h>

#include "tool/tool.h"

enum { OPT_STRICT = OPT_VERB, OPT_PORTABLE };

struct request {
	enum strictness strict;
	bool portable;
};

enum verdict { VERDICT_ACCEPT, VERDICT_WARN, VERDICT_REJECT, VERDICT_CANNOT };
static const char *const verdict_words[] = { "accept", "warn", "reject", "cannot tell" };

static bool is_rejection(int r)
{
	return r == CALLGATE_E_PROFILE || r == CALLGATE_E_FORMAT || r == CALLGATE_E_LIMIT || r == CALLGATE_E_UNSUPPORTED;
}

/* Reads, resolves, compiles: whatever would stop the profile later is reported now. */
static int try_profile(const struct options *options, const char *path, struct callgate_notes *notes, struct callgate_err *err)
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *prog = NULL;
	int r = profile_open(options, path, &policy, notes, err);

	if (r < 0)
		return r;
	r = callgate_filter_resolve(policy, &options->target, &filter, notes, err);
	if (r == 0)
		r = callgate_filter_compile(filter, &prog, err);
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
	else if (callgate_policy_portable(path, &options->target, &differing, notes, &err) < 0 && err.code != CALLGATE_E_PROFILE)
		report_err(&err);
}

static enum verdict judge(int r, const struct callgate_notes *notes, enum strictness strict)
{
	if (r < 0)
		return is_rejection(r) ? VERDICT_REJECT : VERDICT_CANNOT;
	if (callgate_notes_said(notes, CALLGATE_ERROR))
		return VERDICT_REJECT;
	if (!callgate_notes_said(notes, CALLGATE_WARNING))
		return VERDICT_ACCEPT;
	return strict == STRICT_YES ? VERDICT_REJECT : VERDICT_WARN;
}

static void add_json(struct json_object *files, const char *path, enum verdict verdict, const struct callgate_notes *notes,
                     const struct callgate_err *err)
{
	struct json_object *row = json_object_new_object();

	json_object_object_add(row, "file", json_object_new_string(path));
	json_object_object_add(row, "verdict", json_object_new_string(verdict_words[verdict]));
	json_object_object_add(row, "findings", notes_to_json(notes));
	if (err->code < 0)
		json_object_object_add(row, "error", json_object_new_string(err->text));
	json_object_array_add(files, row);
}

static enum verdict check_one(const struct options *options, const char *path, const struct request *request,
                              struct json_object *files)
{
	CALLGATE_CLEANUP(notes_cleanup) struct callgate_notes *notes = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum verdict verdict;
	int r;

	if (callgate_notes_new(&notes) < 0) {
		report("out of memory");
		return VERDICT_CANNOT;
	}
	r = try_profile(options, path, notes, &err);
	verdict = judge(r, notes, request->strict);
	/* Also of a profile that is refused: what its readers make of it is why. */
	if (request->portable)
		compare_readers(options, path, notes);
	if (files) {
		add_json(files, path, verdict, notes, &err);
		return verdict;
	}
	report_notes(options, notes, CALLGATE_NOTE, request->strict);
	/* The findings name the cause already. */
	if (r < 0 && !callgate_notes_said(notes, CALLGATE_ERROR))
		report_err(&err);
	return verdict;
}

static int take_own(void *data, int option, const char *value)
{
	struct request *request = data;

	(void)value;
	if (option == OPT_STRICT)
		request->strict = STRICT_YES;
	else
		request->portable = true;
	return 0;
}

int verb_check(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON, OPTIONS_TARGET, { "strict", no_argument, NULL, OPT_STRICT },
		{ "portable", no_argument, NULL, OPT_PORTABLE }, OPTIONS_END,
	};
	enum verdict worst = VERDICT_ACCEPT;
	struct request request = { .strict = STRICT_NO };
	struct command_line line = { known, "h", take_own, &request };
	struct json_object *root = NULL, *files = NULL;
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (optind == argc)
		return verb_usage(verb);
	if (options.json) {
		root = document("check");
		files = json_object_new_array();
		json_object_object_add(root, "files", files);
	}
	for (int i = optind; i < argc; i++) {
		enum verdict verdict = check_one(&options, argv[i], &request, files);

		if (verdict > worst)
			worst = verdict;
	}
	if (root && print_document(root) != 0)
		return EXIT_CANNOT;
	if (worst == VERDICT_CANNOT)
		return EXIT_CANNOT;
	return worst == VERDICT_REJECT ? EXIT_NO : EXIT_YES;
}
