/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate test: expectations beside a profile, answered by its exact meaning; which lines of the profile none of them
 * would miss. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/private.h"
#include "record/recording.h"
#include "tool/terminal.h"
#include "tool/test.h"
#include "tool/tool.h"

enum { OPT_JUNIT = OPT_VERB, OPT_MUTATE };

struct request {
	const char *junit;
	bool mutate;
};

/* Where an expectation is wrong, and what was found. */
struct result {
	enum callgate_abi abi;
	char got[1024];
};

/* ------------------------------------------------------------------ one expectation */

static bool as_expected(const struct expectation *expectation, const struct callgate_outcome *outcome)
{
	char word[32];

	if (outcome->opaque)
		return false;
	if (expectation->negated)
		return outcome->action.kind < expectation->kind;
	if (!expectation->has_data)
		return outcome->action.kind == expectation->kind;
	callgate_action_format(outcome->action, word, sizeof(word));
	return strcmp(word, expectation->want) == 0;
}

static struct callgate_outcome *ask(const struct callgate_filter *filter, const struct callgate_pattern *pattern,
				    size_t *count)
{
	struct callgate_call call = { .abi = pattern->abi, .nr = pattern->nr };
	struct callgate_outcome *one;

	if (pattern->known != 0x3f)
		return outcomes_list(filter, pattern, count);
	memcpy(call.args, pattern->args, sizeof(call.args));
	one = calloc(1, sizeof(*one));
	*count = 1;
	if (one && callgate_filter_decide(filter, &call, &one->action, &one->origin) < 0)
		one->opaque = true;
	return one;
}

/* "ALLOW if a0 == 1; ERRNO(EPERM) otherwise: profile.json:3:5" */
static void got_text(const struct callgate_pattern *pattern, const struct callgate_outcome *outcomes, size_t count,
		     size_t wrong, struct result *result)
{
	FILE *to = fmemopen(result->got, sizeof(result->got), "w");
	char origin[512];

	if (!to)
		return;
	print_outcomes(to, pattern, outcomes, count);
	origin_format(&outcomes[wrong].origin, origin, sizeof(origin));
	fprintf(to, ": %s", origin);
	fclose(to);
	result->got[sizeof(result->got) - 1] = '\0';
}

/* One ABI: 0 right, 1 wrong. */
static int judge(const struct expectation *expectation, const struct callgate_filter *filter,
		 const struct callgate_pattern *pattern, struct result *result)
{
	size_t count = 0;
	struct callgate_outcome *outcomes = ask(filter, pattern, &count);
	int wrong = !outcomes;

	if (!outcomes)
		snprintf(result->got, sizeof(result->got), "too many conditions to list; give argument values");
	for (size_t i = 0; i < count && !wrong; i++) {
		wrong = !as_expected(expectation, &outcomes[i]);
		if (wrong)
			got_text(pattern, outcomes, count, i, result);
	}
	if (wrong)
		result->abi = pattern->abi;
	free(outcomes);
	return wrong;
}

/* 0 as expected, 1 not, -1 after a message. */
static int expectation_judge(const struct expectation *expectation, const struct options *options,
			     const struct callgate_filter *filter, struct result *result)
{
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = wanted_abis(options, filter, abis), asked = 0;

	*result = (struct result){ .abi = CALLGATE_ABI_NONE };
	if (expectation->abi != CALLGATE_ABI_NONE) {
		abis[0] = expectation->abi;
		count = 1;
	}
	for (unsigned i = 0; i < count; i++) {
		struct callgate_pattern pattern;
		int r = call_on_abi(&expectation->call, abis[i], &pattern);

		if (r < 0)
			return -1;
		if (r > 0)
			continue;
		asked++;
		if (judge(expectation, filter, &pattern, result))
			return 1;
	}
	if (asked)
		return 0;
	snprintf(result->got, sizeof(result->got), "none of these ABIs has this call");
	return 1;
}

/* ------------------------------------------------------------------ one record */

/* The first call of it that is not allowed, and how many there are. */
struct uncovered {
	struct result *result;
	unsigned count;
};

static void take_uncovered(void *data, const struct callgate_uncovered *uncovered)
{
	struct uncovered *all = data;
	char call[256], action[32], origin[512];

	/* What was denied when it was recorded may stay denied. */
	if (uncovered->denied || all->count++)
		return;
	call_text_named(&uncovered->call, call, sizeof(call));
	callgate_action_format(uncovered->action, action, sizeof(action));
	origin_format(&uncovered->origin, origin, sizeof(origin));
	snprintf(all->result->got, sizeof(all->result->got), "%s is %s: %s", call, action, origin);
	all->result->abi = uncovered->call.abi;
}

/* The same of a record. */
static int record_judge(const struct expectation *expectation, const struct callgate_filter *filter,
			struct result *result)
{
	struct uncovered all = { result, 0 };
	struct callgate_record *record = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	bool covered;
	int r = callgate_record_read(expectation->text, &record, &err);

	*result = (struct result){ .abi = CALLGATE_ABI_NONE };
	if (r == 0)
		r = callgate_record_covered(record, filter, take_uncovered, &all, &covered, &err);
	callgate_record_free(record);
	if (r < 0) {
		report_err(&err);
		return -1;
	}
	return all.count > 0;
}

/* ------------------------------------------------------------------ TAP and JUnit */

struct run {
	const struct options *options;
	FILE *cases; /* of the file at hand, for JUnit; NULL: nobody wants them */
	unsigned count, failed;
	bool quiet; /* mutants are not shown */
};

static void xml_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		default:
			putc((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e ? '?' : *text, to);
		}
	}
}

/* A description: what others wrote must neither steer a terminal nor be a directive (# TODO makes a failure pass). */
static void tap_text(const char *text)
{
	char shown[768 * 4];

	for (callgate_escape(text, shown, sizeof(shown)), text = shown; *text; text++)
		printf(*text == '#' ? "\\#" : "%c", *text);
	putchar('\n');
}

static void tell(struct run *run, const struct section *section, const struct expectation *expectation,
		 const struct result *result, int wrong)
{
	char name[768];

	snprintf(name, sizeof(name), "%s:%u: %s is %s%s%s", section->file, expectation->line, expectation->text,
		 expectation->want, *expectation->reason ? ": " : "", expectation->reason);
	run->count++;
	run->failed += wrong != 0;
	printf("%sok %u - ", wrong ? "not " : "", run->count);
	tap_text(name);
	if (wrong)
		printf("# on %s: %s\n", result->abi == CALLGATE_ABI_NONE ? "no ABI" : callgate_abi_name(result->abi),
		       result->got);
	if (!run->cases)
		return;
	fputs("    <testcase classname=\"", run->cases);
	xml_text(run->cases, section->profile);
	fputs("\" name=\"", run->cases);
	xml_text(run->cases, name);
	fputs(wrong ? "\"><failure message=\"" : "\"/>\n", run->cases);
	if (wrong) {
		xml_text(run->cases, result->got);
		fputs("\"/></testcase>\n", run->cases);
	}
}

/* How many expectations fail; -1 after a message. */
static int run_section(struct run *run, const struct section *section, const struct callgate_filter *filter)
{
	int failed = 0;

	for (size_t i = 0; i < section->count; i++) {
		struct result result = { .abi = CALLGATE_ABI_NONE };
		const struct expectation *row = &section->list[i];
		int wrong = row->recorded ? record_judge(row, filter, &result)
					  : expectation_judge(row, &section->options, filter, &result);

		if (wrong < 0)
			return -1;
		failed += wrong;
		if (!run->quiet)
			tell(run, section, row, &result, wrong);
		else if (failed)
			break;
	}
	return failed;
}

/* ------------------------------------------------------------------ mutants */

static int mutate_section(struct run *run, const struct section *section, unsigned *missed)
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (profile_open(&section->options, section->profile, &policy, NULL, &err) < 0) {
		report("%s: only profiles have lines that can be left out", section->profile);
		return EXIT_CANNOT;
	}
	run->quiet = true;
	for (size_t i = 0;; i++) {
		CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *mutant = NULL;
		CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
		struct callgate_left_out what;
		int failed;

		if (callgate_policy_without(policy, i, &mutant, &what, &err) < 0)
			return EXIT_YES;
		/* What no reader accepts without this name is missed. */
		if (callgate_filter_resolve(mutant, &section->options.target, &filter, NULL, NULL) < 0)
			continue;
		failed = run_section(run, section, filter);
		if (failed < 0)
			return EXIT_CANNOT;
		if (failed == 0) {
			printf("# %s:%u:%u: %s: no expectation would miss this\n", section->profile, what.line,
			       what.column, what.name);
			++*missed;
		}
	}
}

/* ------------------------------------------------------------------ files */

/* One file's cases. */
struct suite {
	const char *file, *cases;
	unsigned tests, failures;
	bool error; /* something could not be read or told: a case more */
};

/* Readers want the counts before the cases. */
static void write_suite(FILE *to, const struct suite *suite)
{
	fputs("  <testsuite name=\"", to);
	xml_text(to, suite->file);
	fprintf(to, "\" tests=\"%u\" failures=\"%u\" errors=\"%d\">\n%s", suite->tests + suite->error, suite->failures,
		suite->error, suite->cases);
	if (suite->error)
		fputs("    <testcase name=\"all of it\"><error message=\"see standard error\"/></testcase>\n", to);
	fputs("  </testsuite>\n", to);
}

static int test_section(struct run *run, const struct section *section, const struct request *request, unsigned *missed)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	enum source_kind kind;
	int code = source_open(&section->options, section->profile, &filter, &kind), failed;

	if (code)
		return code;
	run->quiet = false;
	failed = run_section(run, section, filter);
	if (failed < 0)
		return EXIT_CANNOT;
	/* A mutant of what fails already proves nothing. */
	return request->mutate && failed == 0 ? mutate_section(run, section, missed) : EXIT_YES;
}

static int test_file(struct run *run, const char *file, const struct request *request, unsigned *missed)
{
	struct sections sections = { 0 };
	int code = sections_read(file, run->options, &sections) < 0 ? EXIT_CANNOT : EXIT_YES;

	for (size_t i = 0; i < sections.count && code == EXIT_YES; i++)
		code = test_section(run, &sections.list[i], request, missed);
	sections_release(&sections);
	return code;
}

/* The same, with its testsuite. */
static int test_suite(struct run *run, FILE *junit, const char *file, const struct request *request, unsigned *missed)
{
	unsigned count = run->count, failed = run->failed;
	char *cases = NULL;
	size_t size;
	int code;

	run->cases = open_memstream(&cases, &size);
	if (!run->cases) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	code = test_file(run, file, request, missed);
	if (fclose(run->cases) != 0) {
		report("out of memory");
		code = EXIT_CANNOT;
	} else {
		write_suite(junit, &(struct suite){ file, cases, run->count - count, run->failed - failed,
						    code == EXIT_CANNOT });
	}
	free(cases);
	return code;
}

static int test_files(const struct options *options, const struct request *request, char **files, int count)
{
	struct run run = { .options = options };
	unsigned missed = 0;
	FILE *junit = NULL;
	int code = EXIT_YES;

	if (request->junit) {
		junit = fopen(request->junit, "we");
		if (!junit) {
			report("%s: cannot write: %s", request->junit, strerror(errno));
			return EXIT_CANNOT;
		}
		fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"callgate\">\n", junit);
	}
	printf("TAP version 13\n");
	fflush(stdout); /* before what is said on standard error, with every C library */
	for (int i = 0; i < count && code == EXIT_YES; i++)
		code = junit ? test_suite(&run, junit, files[i], request, &missed)
			     : test_file(&run, files[i], request, &missed);
	if (code == EXIT_YES)
		printf("1..%u\n", run.count);
	else
		printf("Bail out! see the message on standard error\n");
	if (junit) {
		fputs("</testsuites>\n", junit);
		if (fclose(junit) != 0) {
			report("%s: cannot write: %s", request->junit, strerror(errno));
			code = EXIT_CANNOT;
		}
	}
	if (code == EXIT_YES && (run.failed || missed))
		code = EXIT_NO;
	return finish_output(code);
}

static int take_own(void *own, int option, const char *value)
{
	struct request *request = own;

	if (option == OPT_JUNIT)
		request->junit = value;
	else
		request->mutate = true;
	return 0;
}

int verb_test(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "color", required_argument, NULL, OPT_COLOR },
		OPTIONS_TARGET,
		OPTIONS_LIVE,
		{ "junit", required_argument, NULL, OPT_JUNIT },
		{ "mutate", no_argument, NULL, OPT_MUTATE },
		OPTIONS_END,
	};
	struct request request = { 0 };
	struct command_line line = { known, "h", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv), first = optind;

	if (code != PARSED)
		return code;
	return first == argc ? verb_usage(verb, "no file of expectations is named")
			     : test_files(&options, &request, argv + first, argc - first);
}
