/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate learn: from records to a profile, which is held against them before it is given out. */
#include <stdlib.h>
#include <string.h>

#include "record/recording.h"
#include "tool/terminal.h"
#include "tool/tool.h"

enum { OPT_BASE = OPT_VERB, OPT_WITHIN, OPT_ARGS, OPT_TWINS, OPT_AT };

struct wanted {
	const char *base, *within;
	struct callgate_learn how;
};

struct left {
	const char *limit;
	unsigned count;
};

static void tell_left_out(void *data, const struct callgate_uncovered *told)
{
	struct left *left = data;
	char call[256], word[64], origin[512];

	call_text_named(&told->call, call, sizeof(call));
	callgate_action_format(told->action, word, sizeof(word));
	origin_format(&told->origin, origin, sizeof(origin));
	fprintf(stderr, "%s: warning: left out: %s %s, recorded %llu time%s: %s does not permit it (%s)\n", origin,
		callgate_abi_name(told->call.abi), call, (unsigned long long)told->count, told->count == 1 ? "" : "s",
		left->limit, word);
	left->count++;
}

static void tell_uncovered(void *data, const struct callgate_uncovered *told)
{
	char call[256], word[64];

	(void)data;
	call_text_named(&told->call, call, sizeof(call));
	callgate_action_format(told->action, word, sizeof(word));
	fprintf(stderr, "callgate: warning: not covered: %s %s, recorded %llu time%s, gets %s\n",
		callgate_abi_name(told->call.abi), call, (unsigned long long)told->count, told->count == 1 ? "" : "s",
		word);
}

int records_open(char **paths, struct callgate_record **out)
{
	struct callgate_record *all = NULL;

	for (; *paths; paths++) {
		struct callgate_record *one = NULL;
		int r = record_open(*paths, &one);

		if (r == 0 && all && callgate_record_merge(all, one, NULL) < 0) {
			report("out of memory");
			r = EXIT_CANNOT;
		}
		if (r) {
			callgate_record_free(one);
			callgate_record_free(all);
			return r;
		}
		if (all)
			callgate_record_free(one);
		else
			all = one;
	}
	*out = all;
	return EXIT_YES;
}

/* The text of the base, which is kept as it is. */
static int read_base(const char *path, char **text, size_t *size)
{
	char place[4096];
	struct callgate_err err = CALLGATE_ERR_INIT;
	FILE *file;

	if (profile_path(path, place, sizeof(place), &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	file = input_open(place);
	*text = calloc(1, (16u << 20) + 1);
	if (!file || !*text) {
		report("%s: cannot read", place);
		if (file)
			fclose(file);
		return EXIT_CANNOT;
	}
	*size = fread(*text, 1, 16u << 20, file);
	fclose(file);
	return EXIT_YES;
}

/* What was made, read as every profile is. */
static int read_back(const struct options *options, const char *text, size_t size, struct callgate_filter **out)
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (callgate_policy_parse(text, size, "learned", &policy, NULL, &err) < 0 ||
	    callgate_filter_resolve(policy, &options->target, out, NULL, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

/* A call may be permitted by the limit for arguments that learning does not tell apart. */
static int check_limit(const struct callgate_filter *within, const struct callgate_filter *learned,
		       const struct wanted *wanted)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_diff *diff;
	int code = EXIT_YES;

	if (callgate_filter_diff(within, learned, 0, &diff, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	for (size_t i = 0; i < callgate_diff_count(diff) && code == EXIT_YES; i++) {
		const struct callgate_difference *row = callgate_diff_at(diff, i);
		char call[256];

		if (!row->looser)
			continue;
		call_text_named(&row->witness, call, sizeof(call));
		report("the profile would permit more than %s, %s %s among it: %s", wanted->within,
		       callgate_abi_name(row->witness.abi), call,
		       wanted->how.args == CALLGATE_LEARN_ARGS_NONE
			       ? "give --args few, or leave that call out of the records"
			       : "learn without --within, and give the result and the limit to 'callgate meet'");
		code = EXIT_NO;
	}
	callgate_diff_free(diff);
	return code;
}

/* Whether the profile covers the record; some of it may have been left out on purpose. */
static int prove(const struct callgate_filter *learned, const struct callgate_record *record,
		 const struct wanted *wanted, const struct left *left)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	bool covered;

	if (callgate_record_covered(record, learned,
				    wanted->how.load == CALLGATE_LEARN_AT_EXEC || left->count ? NULL : tell_uncovered,
				    NULL, &covered, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	return covered || wanted->how.load == CALLGATE_LEARN_AT_EXEC ? EXIT_YES : EXIT_NO;
}

static int learn(const struct options *options, struct wanted *wanted, char **paths)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *within = NULL;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *base = NULL;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *learned = NULL;
	struct left left = { .limit = wanted->within };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_record *record = NULL;
	char *base_text = NULL, *text = NULL;
	enum source_kind kind;
	size_t size;
	int code = EXIT_YES, proof;

	if (wanted->within)
		code = source_open(options, wanted->within, &within, &kind);
	if (code == EXIT_YES && wanted->base)
		code = source_open(options, wanted->base, &base, &kind);
	if (code == EXIT_YES && wanted->base)
		code = read_base(wanted->base, &base_text, &wanted->how.base_size);
	if (code == EXIT_YES)
		code = records_open(paths, &record);
	wanted->how.within = within;
	wanted->how.base = base_text;
	wanted->how.base_filter = base;
	wanted->how.left_out = tell_left_out;
	wanted->how.data = &left;
	if (code == EXIT_YES && callgate_record_learn(record, &wanted->how, &text, &size, &err) < 0) {
		report_err(&err);
		code = EXIT_CANNOT;
	}
	if (code == EXIT_YES) {
		code = read_back(options, text, size, &learned);
		if (code == EXIT_YES && within)
			code = check_limit(within, learned, wanted);
	}
	if (code == EXIT_YES) {
		proof = prove(learned, record, wanted, &left);
		code = proof == EXIT_CANNOT ? proof : write_output(options, text, size);
		code = code ? code : proof;
	}
	wanted->how.data = NULL;
	free(text);
	free(base_text);
	callgate_record_free(record);
	return code;
}

static int take_own(void *data, int option, const char *value)
{
	static const char *const loads[] = {
		[CALLGATE_LEARN_BEFORE_EXEC] = "load", [CALLGATE_LEARN_AT_EXEC] = "exec", NULL
	};
	static const char *const args[] = {
		[CALLGATE_LEARN_ARGS_FEW] = "few", [CALLGATE_LEARN_ARGS_NONE] = "none", NULL
	};
	struct wanted *wanted = data;
	int word = 0, r;

	switch (option) {
	case OPT_BASE:
		wanted->base = value;
		return 0;
	case OPT_WITHIN:
		wanted->within = value;
		return 0;
	case OPT_TWINS:
		wanted->how.twins = CALLGATE_LEARN_TWINS;
		return 0;
	case OPT_AT:
		r = take_choice(value, loads, "--at", &word);
		wanted->how.load = (enum callgate_learn_load)word;
		return r;
	default:
		r = take_choice(value, args, "--args", &word);
		wanted->how.args = (enum callgate_learn_args)word;
		return r;
	}
}

int verb_learn(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "color", required_argument, NULL, OPT_COLOR },
		OPTIONS_TARGET,
		{ "output", required_argument, NULL, OPT_OUTPUT },
		{ "base", required_argument, NULL, OPT_BASE },
		{ "within", required_argument, NULL, OPT_WITHIN },
		{ "args", required_argument, NULL, OPT_ARGS },
		{ "twins", no_argument, NULL, OPT_TWINS },
		{ "at", required_argument, NULL, OPT_AT },
		OPTIONS_END,
	};
	struct wanted wanted = { 0 };
	struct command_line line = { known, "ho:", take_own, &wanted };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (optind == argc)
		return verb_usage(verb, "no record is named");
	return learn(&options, &wanted, argv + optind);
}
