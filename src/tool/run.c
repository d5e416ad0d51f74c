/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate run: one command under a profile. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/private.h"
#include "tool/run_then.h"
#include "tool/tool.h"

enum { OPT_PROFILE = OPT_VERB, OPT_NNP, OPT_AT, OPT_THEN, OPT_WHEN, OPT_COMPLAIN };

static int take_at(const char *value, enum callgate_at *out)
{
	static const char *const words[] = {
		[CALLGATE_AT_EXEC] = "exec", [CALLGATE_AT_MAIN] = "main", [CALLGATE_AT_LOAD] = "load", NULL
	};
	int word;

	if (take_choice(value, words, "--at", &word) < 0)
		return -1;
	*out = (enum callgate_at)word;
	return 0;
}

/* Starts it and waits for its end. */
static int run_command(const struct callgate_prog *prog, const struct callgate_start *how, char **argv, int *status,
		       struct callgate_err *err)
{
	struct callgate_command *command;
	bool ended;
	int r;

	signal(SIGPIPE, SIG_DFL); /* the command inherits what we were given, not what we chose */
	r = callgate_command_start(prog, how, argv, &command, err);
	if (r < 0)
		return r;
	r = callgate_command_wait(command, -1, &ended, status, err);
	callgate_command_free(command);
	return r;
}

static int exit_code(int r, int status, const struct callgate_err *err)
{
	if (r == 0)
		return process_end_like(status);
	if (err->text[0])
		report_err(err);
	if (r == CALLGATE_E_NOTFOUND)
		return EXIT_NOT_FOUND;
	return r == CALLGATE_E_IO ? EXIT_CANNOT_EXEC : EXIT_CALLGATE_FAILED;
}

struct wanted {
	const char *profile, *then, *when;
	struct callgate_start how;
	bool complain;
};

static int run_phases(const struct options *options, const struct wanted *wanted, char **argv)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *first = NULL;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *second = NULL;
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *now = NULL;
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *then = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct phases phases;
	int status = 0, r;

	if (when_parse(wanted->when, &phases.when) < 0 || profile_resolve(options, wanted->profile, &first) ||
	    profile_resolve(options, wanted->then, &second))
		return EXIT_CALLGATE_FAILED;
	profile_forget(wanted->profile);
	r = callgate_filter_compile(first, &now, &err);
	if (r == 0)
		r = callgate_filter_compile(second, &then, &err);
	if (r == 0) {
		phases = (struct phases){ first, second, now, then, phases.when };
		r = phases_run(&phases, &wanted->how, argv, &status, &err);
	}
	return exit_code(r, status, &err);
}

/* In place of the profile one that denies nothing: the kernel logs what the profile would not permit. */
static int complain(struct callgate_filter **filter, struct callgate_err *err)
{
	struct callgate_filter *logging;
	int r = callgate_filter_log_only(*filter, &logging, err);

	if (r < 0)
		return r;
	callgate_filter_free(*filter);
	*filter = logging;
	fprintf(stderr, "callgate: warning: --complain: the profile is NOT enforced; what it would deny is logged by "
			"the kernel and goes on\n");
	return 0;
}

static int run_profile(const struct options *options, const struct wanted *wanted, char **argv)
{
	const char *profile = wanted->profile;
	const struct callgate_start *how = &wanted->how;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *prog = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	int status = 0, r;

	if (profile_resolve(options, profile, &filter))
		return EXIT_CALLGATE_FAILED;
	profile_forget(profile);
	r = wanted->complain ? complain(&filter, &err) : 0;
	if (r == 0)
		r = callgate_filter_compile(filter, &prog, &err);
	if (r == 0)
		r = run_command(prog, how, argv, &status, &err);
	return exit_code(r, status, &err);
}

static int take_own(void *data, int option, const char *value)
{
	struct wanted *wanted = data;

	switch (option) {
	case OPT_PROFILE:
		wanted->profile = value;
		return 0;
	case OPT_THEN:
		wanted->then = value;
		return 0;
	case OPT_WHEN:
		wanted->when = value;
		return 0;
	case OPT_COMPLAIN:
		wanted->complain = true;
		return 0;
	case OPT_NNP:
		return take_nnp(value, &wanted->how.nnp);
	default:
		return take_at(value, &wanted->how.at);
	}
}

/* What is wrong with the options; NULL: nothing. */
static const char *unfit(const struct wanted *wanted, int words)
{
	if (!words)
		return "no command is named";
	if (!wanted->then != !wanted->when)
		return wanted->then ? "--then needs --when" : "--when needs --then";
	return wanted->complain && wanted->then ? "--complain and --then exclude each other" : NULL;
}

int verb_run(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "color", required_argument, NULL, OPT_COLOR },
		OPTIONS_TARGET,
		OPTIONS_WORDS,
		{ "profile", required_argument, NULL, OPT_PROFILE },
		{ "no-new-privs", required_argument, NULL, OPT_NNP },
		{ "at", required_argument, NULL, OPT_AT },
		{ "then", required_argument, NULL, OPT_THEN },
		{ "when", required_argument, NULL, OPT_WHEN },
		{ "complain", no_argument, NULL, OPT_COMPLAIN },
		OPTIONS_END,
	};
	struct wanted wanted = { .how = CALLGATE_START_INIT };
	struct command_line line = { known, "+h", take_own, &wanted };
	struct options options;
	const char *why = NULL;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code == EXIT_YES)
		return code;
	if (code == PARSED)
		why = unfit(&wanted, argc - optind);
	if (code != PARSED || why) {
		verb_usage(verb, why);
		return EXIT_CALLGATE_FAILED;
	}
	options.loads = true;
	wanted.profile = profile_said(&options, wanted.profile);
	if (!wanted.profile)
		return EXIT_CALLGATE_FAILED;
	return wanted.then ? run_phases(&options, &wanted, argv + optind)
			   : run_profile(&options, &wanted, argv + optind);
}
