/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate record: which calls a command, a container or running processes make. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "record/recording.h"
#include "tool/tool.h"

enum { OPT_FOR = OPT_VERB, OPT_MERGE, OPT_METHOD, OPT_PHASE };
enum { STEP_MS = 200 };

struct wanted {
	double seconds; /* 0: until its end */
	bool merge;
	struct callgate_recorder_how how;
};

struct recording {
	const struct options *options;
	const struct wanted *wanted;
	struct callgate_recorder *recorder;
	bool is_command;
	int status;
};

static void record_cleanup(struct callgate_record **record)
{
	*record = callgate_record_free(*record);
}

/* ------------------------------------------------------------------ the document */

static int write_record(const struct options *options, struct callgate_record *record)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t size;
	char *text;
	int code;

	if (callgate_record_write(record, &text, &size, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	code = write_output(options, text, size);
	free(text);
	return code;
}

static void tell(const struct callgate_record *record, const char *method)
{
	struct callgate_record_size size = { 0 };

	callgate_record_measure(record, &size);
	fprintf(stderr, "callgate: %llu calls in %zu rows recorded by %s, %llu denied, %llu lost\n",
		(unsigned long long)size.calls, size.rows, method, (unsigned long long)size.denied,
		(unsigned long long)size.lost);
}

static int finish(const struct recording *recording)
{
	CALLGATE_CLEANUP(record_cleanup) struct callgate_record *record = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (callgate_recorder_read(recording->recorder, &record, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	tell(record, callgate_recorder_method_name(recording->recorder));
	return write_record(recording->options, record);
}

/* ------------------------------------------------------------------ while it runs */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* On a terminal, what there is so far. */
static void show_progress(const struct recording *recording, size_t *rows, double *next)
{
	CALLGATE_CLEANUP(record_cleanup) struct callgate_record *record = NULL;
	struct callgate_record_size size = { 0 };
	double at = now();

	if (at < *next || !isatty(STDERR_FILENO) || callgate_recorder_read(recording->recorder, &record, NULL) < 0)
		return;
	*next = at + 1;
	callgate_record_measure(record, &size);
	fprintf(stderr, "\r\033[K%llu calls, %zu rows (%zu new), %llu denied, %llu lost",
		(unsigned long long)size.calls, size.rows, size.rows - *rows, (unsigned long long)size.denied,
		(unsigned long long)size.lost);
	*rows = size.rows;
}

static void clear_progress(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

/* Ctrl-C and the like end a recording of what runs without us; a command gets its signals itself. */
static bool was_told_to_end(const struct recording *recording, const sigset_t *watched)
{
	struct timespec none = { 0 };

	return !recording->is_command && sigtimedwait(watched, NULL, &none) > 0;
}

static int wait_for_end(struct recording *recording, struct callgate_err *err)
{
	double end = now() + recording->wanted->seconds, next = now() + 1;
	bool ended = false, timed = recording->wanted->seconds > 0;
	sigset_t watched;
	size_t rows = 0;
	int r = 0;

	sigemptyset(&watched);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGHUP);
	if (!recording->is_command)
		sigprocmask(SIG_BLOCK, &watched, NULL);
	while (r == 0 && !ended && !was_told_to_end(recording, &watched) && !(timed && now() >= end)) {
		r = callgate_recorder_wait(recording->recorder, STEP_MS, &ended, &recording->status, err);
		show_progress(recording, &rows, &next);
	}
	clear_progress();
	callgate_recorder_stop(recording->recorder);
	return r;
}

/* The time is over, the command is not: it goes on. */
static int wait_for_command(struct recording *recording, struct callgate_err *err)
{
	bool ended = false;
	int r = 0;

	while (r == 0 && !ended)
		r = callgate_recorder_wait(recording->recorder, -1, &ended, &recording->status, err);
	return r;
}

static int run(struct recording *recording)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	int r = wait_for_end(recording, &err), code = finish(recording);

	if (r == 0 && recording->is_command)
		r = wait_for_command(recording, &err);
	callgate_recorder_free(recording->recorder);
	if (r < 0)
		report_err(&err);
	if (r < 0 || code)
		return EXIT_CALLGATE_FAILED;
	return recording->is_command ? process_end_like(recording->status) : EXIT_YES;
}

static int start_failed(int r, const struct callgate_err *err)
{
	report_err(err);
	if (r == CALLGATE_E_NOTFOUND)
		return EXIT_NOT_FOUND;
	return r == CALLGATE_E_IO ? EXIT_CANNOT_EXEC : EXIT_CALLGATE_FAILED;
}

static int record_command(struct recording *recording, char **argv)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	int r;

	recording->is_command = true;
	signal(SIGPIPE, SIG_DFL); /* the command inherits what we were given */
	r = callgate_recorder_command(argv, &recording->wanted->how, &recording->recorder, &err);
	signal(SIGPIPE, SIG_IGN);
	return r < 0 ? start_failed(r, &err) : run(recording);
}

/* pid:N is the process and what it starts. */
static int record_live(struct recording *recording, const char *source)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum callgate_scope scope;
	pid_t pid;

	if (live_source(recording->options, source, &pid, &scope))
		return EXIT_CALLGATE_FAILED;
	if (scope == CALLGATE_SCOPE_PROCESS)
		scope = CALLGATE_SCOPE_TREE;
	if (callgate_recorder_attach(scope, pid, &recording->wanted->how, &recording->recorder, &err) < 0) {
		report_err(&err);
		return EXIT_CALLGATE_FAILED;
	}
	return run(recording);
}

static int merge(const struct options *options, char **argv)
{
	CALLGATE_CLEANUP(record_cleanup) struct callgate_record *all = NULL;

	for (; *argv; argv++) {
		CALLGATE_CLEANUP(record_cleanup) struct callgate_record *one = NULL;

		if (record_open(*argv, &one))
			return EXIT_CALLGATE_FAILED;
		if (!all) {
			all = one;
			one = NULL;
		} else if (callgate_record_merge(all, one, NULL) < 0) {
			report("out of memory");
			return EXIT_CALLGATE_FAILED;
		}
	}
	return write_record(options, all) ? EXIT_CALLGATE_FAILED : EXIT_YES;
}

int record_open(const char *path, struct callgate_record **out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (callgate_record_read(path, out, &err) == 0)
		return EXIT_YES;
	report_err(&err);
	return EXIT_CANNOT;
}

/* ------------------------------------------------------------------ the command line */

int take_time(const char *value, double *out)
{
	char *end;
	double seconds = strtod(value, &end);

	if (*end == 'm' && !end[1])
		seconds *= 60;
	else if (*end == 'h' && !end[1])
		seconds *= 3600;
	else if (end == value || (*end && strcmp(end, "s") != 0))
		seconds = 0;
	if (!(seconds > 0 && seconds < 1e9)) {
		report("'%s' is not a time: 90, 90s, 1.5m or 2h", value);
		return -1;
	}
	*out = seconds;
	return 0;
}

static int take_own(void *data, int option, const char *value)
{
	static const char *const methods[] = { "auto", "tracepoints", "notify", NULL }, *const phases[] = { "program",
													    "runtime",
													    NULL };
	struct wanted *wanted = data;
	int word = 0, r = 0;

	switch (option) {
	case OPT_FOR:
		return take_time(value, &wanted->seconds);
	case OPT_MERGE:
		wanted->merge = true;
		return 0;
	case OPT_METHOD:
		r = take_choice(value, methods, "method", &word);
		wanted->how.method = (enum callgate_recorder_method)word;
		return r;
	default:
		r = take_choice(value, phases, "phase", &word);
		wanted->how.phase = (enum callgate_phase)word;
		return r;
	}
}

int verb_record(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "color", required_argument, NULL, OPT_COLOR },
		OPTIONS_LIVE,
		{ "output", required_argument, NULL, OPT_OUTPUT },
		{ "for", required_argument, NULL, OPT_FOR },
		{ "merge", no_argument, NULL, OPT_MERGE },
		{ "method", required_argument, NULL, OPT_METHOD },
		{ "phase", required_argument, NULL, OPT_PHASE },
		OPTIONS_END,
	};
	struct wanted wanted = { 0 };
	struct command_line line = { known, "+ho:", take_own, &wanted };
	struct options options;
	struct recording recording = { .options = &options, .wanted = &wanted };
	int code = options_parse(&options, verb, &line, argc, argv);
	bool is_command = optind > 1 && code == PARSED && strcmp(argv[optind - 1], "--") == 0;

	if (code == EXIT_YES)
		return code;
	if (code != PARSED || optind == argc) {
		verb_usage(verb, code != PARSED ? NULL
				 : wanted.merge ? "no record is named"
						: "no command and no live source is named");
		return EXIT_CALLGATE_FAILED;
	}
	if (wanted.merge)
		return merge(&options, argv + optind);
	wanted.how.of = argv[optind];
	if (is_command || !is_live_source(argv[optind]))
		return record_command(&recording, argv + optind);
	if (argc - optind != 1) {
		verb_usage(verb, "only one live source can be recorded at a time");
		return EXIT_CALLGATE_FAILED;
	}
	return record_live(&recording, argv[optind]);
}
