/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate rebase: a fork of an old default carried onto a new one, as an edit of the fork's text. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/private.h"
#include "tool/terminal.h"
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

/* What each of them does with a call, and where. Two alike: the call is decided, but not by rules that anybody has. */
static void tell_conflict(void *data, const struct callgate_conflict *conflict)
{
	const struct request *request = data;
	char call[256], action[3][32];
	bool all_differ;

	call_text_named(&conflict->call, call, sizeof(call));
	for (unsigned i = 0; i < SIDES; i++)
		callgate_action_format(conflict->action[i], action[i], sizeof(action[i]));
	all_differ = strcmp(action[0], action[1]) != 0 && strcmp(action[0], action[2]) != 0;
	fprintf(stderr, "%s:%u:%u: error: conflict: both sides changed '%s'%s; %s on %s is %s here\n",
		request->files[2], conflict->line[2], conflict->column[2], conflict->name,
		all_differ ? "" : ", and no rule says both changes", call, callgate_abi_name(conflict->call.abi),
		action[2]);
	fprintf(stderr, "%s:%u:%u: note: %s here\n", request->files[1], conflict->line[1], conflict->column[1],
		action[1]);
	fprintf(stderr, "%s:%u:%u: note: %s before, with %s\n", request->files[0], conflict->line[0],
		conflict->column[0], action[0], conflict->target);
}

enum { NAMES = 6, NUMBERS = 1024 };

/*
 * ENOSYS makes libc try an older call. Where the result names newer calls than the profile did, those between that it
 * does not name are no longer newer than it, and get its default action. Told for the native ABI.
 */
static void tell_lost_enosys(const char *file, const struct callgate_filter *mine, const struct callgate_filter *result)
{
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	struct callgate_call call = { 0 };
	struct callgate_action before, after;
	struct callgate_origin by;
	char names[NAMES * 40] = "", action[32] = "";
	unsigned count = 0;

	callgate_filter_abis(mine, abis);
	call.abi = abis[0];
	for (call.nr = 0; call.nr < NUMBERS; call.nr++) {
		const char *name = callgate_syscall_name(call.abi, call.nr);
		size_t used = strlen(names);

		if (!name || callgate_filter_decide(mine, &call, &before, &by) < 0 || by.why != CALLGATE_BY_ENOSYS ||
		    callgate_filter_decide(result, &call, &after, &by) < 0 || by.why != CALLGATE_BY_DEFAULT)
			continue;
		callgate_action_format(after, action, sizeof(action));
		if (count++ < NAMES)
			snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", name);
	}
	if (count)
		fprintf(stderr,
			"%s: note: %u call%s that got ENOSYS, being newer than the profile, will get %s, because the "
			"result names calls that are newer still: %s%s\n",
			file, count, count == 1 ? "" : "s", action, names, count > NAMES ? " ..." : "");
}

static int compare_tails(const struct options *options, const struct request *request,
			 const struct callgate_policy *mine, const char *text, size_t size)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *before = NULL, *after = NULL;
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *result = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	int r = callgate_policy_parse(text, size, "the result", &result, NULL, &err);

	if (r == 0)
		r = callgate_filter_resolve(mine, &options->target, &before, NULL, &err);
	if (r == 0)
		r = callgate_filter_resolve(result, &options->target, &after, NULL, &err);
	if (r < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	tell_lost_enosys(request->files[2], before, after);
	return EXIT_YES;
}

enum { TOGETHER_MIB = 16 }; /* as callgate_policy_rebase() has it, which cannot say so before all are in memory */

static bool too_large(const struct request *request)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char path[4096];
	struct stat st;
	off_t size = 0;

	for (unsigned i = 0; i < SIDES; i++)
		if (profile_path(request->files[i], path, sizeof(path), &err) == 0 && stat(path, &st) == 0 &&
		    S_ISREG(st.st_mode))
			size += st.st_size;
	return size > (off_t)TOGETHER_MIB << 20;
}

/* As every verb that answers for a profile. */
static int check_names(const struct options *options, const struct callgate_policy *policy, struct callgate_err *err)
{
	struct callgate_filter *filter = NULL;
	int r = callgate_filter_resolve(policy, &options->target, &filter, NULL, err);

	if (r == 0)
		r = refuse_dropped(&filter, err);
	callgate_filter_free(filter);
	return r;
}

static int open_all(const struct options *options, const struct request *request,
		    struct callgate_policy *policies[SIDES])
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (too_large(request)) {
		report("the three profiles are larger than %d MiB together", TOGETHER_MIB);
		return EXIT_CANNOT;
	}
	for (unsigned i = 0; i < SIDES; i++) {
		CALLGATE_CLEANUP(notes_cleanup) struct callgate_notes *notes = NULL;

		if (callgate_notes_new(&notes) < 0) {
			report("out of memory");
			return EXIT_CANNOT;
		}
		if (profile_open(options, request->files[i], &policies[i], notes, &err) == 0 &&
		    check_names(options, policies[i], &err) == 0)
			continue;
		report_errors(options, notes);
		if (!callgate_notes_total(notes, CALLGATE_ERROR))
			report_err(&err);
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

static int rebase(const struct options *options, struct request *request)
{
	struct callgate_policy *policies[SIDES] = { NULL };
	struct callgate_rebase how = { 0 };
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
		code = r == 0                        ? compare_tails(options, request, policies[2], text, size)
		       : r == CALLGATE_E_UNSUPPORTED ? EXIT_NO
						     : EXIT_CANNOT;
		if (code == EXIT_YES)
			code = write_output(options, text, size);
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
		return verb_usage(verb, argc - optind != 1  ? "one fork is needed"
					: !request.files[0] ? "--from is missing"
							    : "--to is missing");
	request.files[2] = argv[optind];
	return rebase(&options, &request);
}
