/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate apply: a profile on top of what a live process or container has. */
#include <stdlib.h>

#include "base/private.h"
#include "tool/tool.h"

enum { OPT_PROFILE = OPT_VERB, OPT_NNP, OPT_DRY_RUN };
enum purpose { PURPOSE_APPLY, PURPOSE_DRY_RUN };

struct applied {
	uint64_t *stops; /* nanoseconds, of each process */
	size_t count, refused;
};

static void visit(void *data, pid_t pid, const struct callgate_injected *done, int result,
		  const struct callgate_err *why)
{
	struct applied *applied = data;
	uint64_t *grown;

	if (result < 0) {
		applied->refused++;
		fflush(stdout);
		fprintf(stderr, "pid:%ld: error: %s\n", (long)pid, why->text);
		return;
	}
	grown = realloc(applied->stops, (applied->count + 1) * sizeof(*grown));
	if (grown) {
		applied->stops = grown;
		applied->stops[applied->count++] = done->stopped_ns;
	}
	printf("%ld\t%ld\t%u\t%.3f\t%s\t%s\t%s\n", (long)pid, (long)done->tid, done->threads,
	       (double)done->stopped_ns / 1e6, done->call[0] ? done->call : "-",
	       done->set_no_new_privs ? "no_new_privs" : "-", done->read_back ? "read-back" : "status");
}

static int by_length(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_times(struct applied *applied)
{
	if (!applied->count)
		return;
	qsort(applied->stops, applied->count, sizeof(*applied->stops), by_length);
	fprintf(stderr,
		"%zu process%s confined; one thread of each stood still for %.3f ms (median), %.3f ms (longest)\n",
		applied->count, applied->count == 1 ? "" : "es", (double)applied->stops[applied->count / 2] / 1e6,
		(double)applied->stops[applied->count - 1] / 1e6);
}

/* Who would be touched: a row per process. */
static int dry_run(enum callgate_scope scope, pid_t pid)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_tasks *tasks;
	size_t count;

	if (callgate_tasks_list(scope, pid, &tasks, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	count = callgate_tasks_count(tasks);
	for (size_t i = 0, next; i < count; i = next) {
		const struct callgate_task *task = callgate_tasks_at(tasks, i);
		char command[4 * sizeof(task->command)];

		for (next = i + 1; next < count && callgate_tasks_at(tasks, next)->pid == task->pid; next++)
			;
		printf("%ld\t%zu\t%d\t%s\n", (long)task->pid, next - i, task->filters,
		       callgate_escape(task->command, command, sizeof(command)));
	}
	callgate_tasks_free(tasks);
	return finish_output(EXIT_YES);
}

static int apply_to(const struct callgate_prog *prog, struct callgate_inject *how, enum callgate_scope scope, pid_t pid)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct applied applied = { 0 };
	int r;

	how->visit = visit;
	how->data = &applied;
	r = callgate_prog_apply(prog, scope, pid, how, &err);
	how->data = NULL;

	print_times(&applied);
	if (r < 0 && !applied.refused)
		report_err(&err);
	free(applied.stops);
	if (r == 0)
		return finish_output(EXIT_YES);
	return finish_output(applied.count ? EXIT_NO : EXIT_CANNOT);
}

static int apply_profile(struct options *options, const char *profile, const char *target, struct callgate_inject *how,
			 enum purpose purpose)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *prog = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum callgate_scope scope;
	pid_t pid;

	if ((options->caps_of_container && caps_look_up(options, target)) || profile_resolve(options, profile, &filter))
		return EXIT_CANNOT;
	if (callgate_filter_compile(filter, &prog, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	if (live_source(options, target, &pid, &scope))
		return EXIT_CANNOT;
	return purpose == PURPOSE_DRY_RUN ? dry_run(scope, pid) : apply_to(prog, how, scope, pid);
}

struct request {
	struct callgate_inject how;
	enum purpose purpose;
	const char *profile;
};

static int take_own(void *data, int option, const char *value)
{
	struct request *request = data;

	switch (option) {
	case OPT_PROFILE:
		request->profile = value;
		return 0;
	case OPT_DRY_RUN:
		request->purpose = PURPOSE_DRY_RUN;
		return 0;
	default:
		return take_nnp(value, &request->how.nnp);
	}
}

int verb_apply(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "color", required_argument, NULL, OPT_COLOR },
		OPTIONS_TARGET,
		OPTIONS_WORDS,
		OPTIONS_LIVE,
		{ "profile", required_argument, NULL, OPT_PROFILE },
		{ "no-new-privs", required_argument, NULL, OPT_NNP },
		{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
		OPTIONS_END,
	};
	struct request request = { .how = CALLGATE_INJECT_INIT, .purpose = PURPOSE_APPLY };
	struct command_line line = { known, "h", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);
	const char *profile;

	if (code == EXIT_YES)
		return code;
	if (code != PARSED || optind + 1 != argc)
		return verb_usage(verb, code == PARSED ? "one live source is needed: pid:N, lxc:NAME or oci:ID" : NULL);
	options.loads = true;
	profile = profile_said(&options, request.profile);
	if (!profile)
		return EXIT_CANNOT;
	return apply_profile(&options, profile, argv[optind], &request.how, request.purpose);
}
