/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate why: what lines about seccomp mean, grouped, and what would change it; what a hook has written down. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/private.h"
#include "tool/why.h"

enum { OPT_LAST = OPT_VERB, OPT_PROFILE, OPT_LIVE, OPT_FOR, OPT_METRICS };
enum { GROUPS = 4096 };

struct groups {
	struct why_group *list;
	size_t count, left_out;         /* left_out: events that found no place */
	const char *only;               /* one container's events; NULL: all */
	size_t ended;                   /* with only: events of processes that have ended, whose container is unknown */
	struct groups *strays;          /* takes those of them that may be the container's; NULL: nobody asks */
	double since;                   /* strays: the container was started then */
	struct callgate_filter *filter; /* strays: what it runs under; NULL: not known */
};

/* ------------------------------------------------------------------ grouping */

static bool is_same(const struct event *a, const struct event *b)
{
	return a->kind == b->kind && a->abi == b->abi && a->arch == b->arch && a->nr == b->nr && a->code == b->code &&
	       a->has_code == b->has_code && strcmp(a->command, b->command) == 0 && strcmp(a->call, b->call) == 0 &&
	       strcmp(a->text, b->text) == 0;
}

static double seconds_of(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Whether the process that has this id now is there for longer than the record: ids are given again. */
static bool is_its_process(const struct event *event)
{
	enum { CLOCK_SLIPS = 2 }; /* seconds by which the time may have been set meanwhile */
	struct callgate_tasks *tasks;
	double start;

	if (event->pid <= 0 || callgate_tasks_list(CALLGATE_SCOPE_PROCESS, event->pid, &tasks, NULL) < 0)
		return false;
	start = (double)callgate_tasks_at(tasks, 0)->start_time / (double)sysconf(_SC_CLK_TCK);
	callgate_tasks_free(tasks);
	return event->when == 0 ||
	       event->when + CLOCK_SLIPS > start + seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
}

static void add_to(struct groups *groups, const struct event *event, const char *container);

/* Whose an ended process was is not written anywhere. It may have been the container's when it was denied something
 * after the container's start, and something that the container's profile denies. */
static void add_stray(struct groups *groups, const struct event *event)
{
	groups->ended++;
	if (groups->strays && event->when >= groups->since && (!groups->filter || event_fits(event, groups->filter)))
		add_to(groups->strays, event, "");
}

static void add_event(void *data, const struct event *event)
{
	struct groups *groups = data;
	char container[300] = "";

	if (!is_its_process(event) || callgate_task_container(event->pid, container, sizeof(container)) < 0)
		container[0] = '\0';
	if (groups->only && !container[0])
		add_stray(groups, event);
	if (!groups->only || strcmp(container, groups->only) == 0)
		add_to(groups, event, container);
}

static void add_to(struct groups *groups, const struct event *event, const char *container)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct why_group *group = &groups->list[i];

		if (is_same(&group->event, event) && strcmp(group->container, container) == 0) {
			group->count++;
			return;
		}
	}
	if (groups->count == GROUPS) {
		groups->left_out++;
		return;
	}
	groups->list[groups->count] = (struct why_group){ .event = *event, .count = 1 };
	snprintf(groups->list[groups->count++].container, sizeof(groups->list->container), "%s", container);
}

static int by_count(const void *a, const void *b)
{
	const struct why_group *one = a, *other = b;

	return (one->count < other->count) - (one->count > other->count);
}

static int groups_new(struct groups *groups)
{
	groups->list = calloc(GROUPS, sizeof(*groups->list));
	if (!groups->list)
		report("out of memory");
	return groups->list ? 0 : -1;
}

static struct json_object *groups_to_json(const struct why_request *request, const struct groups *groups)
{
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < groups->count; i++)
		json_object_array_add(rows, group_to_json(request, &groups->list[i]));
	return rows;
}

static void print_groups(const struct why_request *request, struct groups *groups)
{
	qsort(groups->list, groups->count, sizeof(*groups->list), by_count);
	if (groups->left_out)
		report("%zu lines are left out: more than %d different groups", groups->left_out, GROUPS);
	for (size_t i = 0; !request->json && i < groups->count; i++)
		group_tell(request, &groups->list[i]);
}

static int tell_groups(const struct why_request *request, struct groups *groups)
{
	struct why_request of_strays = *request;
	struct json_object *root;
	bool any = groups->count || (groups->strays && groups->strays->count);
	int code = any ? EXIT_YES : EXIT_NO;

	if (!of_strays.filter)
		of_strays.filter = groups->filter;
	print_groups(request, groups);
	if (groups->strays && groups->strays->count) {
		if (!request->json)
			puts("by processes that have ended, of this container or of another one:");
		print_groups(&of_strays, groups->strays);
	}
	if (!request->json)
		return finish_output(code);
	root = document("why");
	json_object_object_add(root, "groups", groups_to_json(request, groups));
	if (groups->strays)
		json_object_object_add(root, "ended", groups_to_json(&of_strays, groups->strays));
	return print_document(root) ? EXIT_CANNOT : finish_output(code);
}

/* ------------------------------------------------------------------ where lines come from */

static int tell_stream(const struct why_request *request)
{
	struct groups groups = { .count = 0 };
	int code;

	if (groups_new(&groups) < 0)
		return EXIT_CANNOT;
	events_each(stdin, add_event, &groups);
	if (!groups.count && !request->json)
		report("no line about seccomp was found");
	code = tell_groups(request, &groups);
	free(groups.list);
	return code;
}

static int tell_words(const struct why_request *request, int count, char **words)
{
	struct groups groups = { .count = 0 };
	int code = EXIT_YES;

	if (groups_new(&groups) < 0)
		return EXIT_CANNOT;
	for (int i = 0; i < count && code == EXIT_YES; i++) {
		struct event event;

		if (event_parse(words[i], &event)) {
			add_event(&groups, &event);
			continue;
		}
		report("not a line about seccomp: %.200s%s", words[i],
		       access(words[i], F_OK) == 0 ? "; the lines of a file are read from standard input" : "");
		code = EXIT_CANNOT;
	}
	if (code == EXIT_YES)
		code = tell_groups(request, &groups);
	free(groups.list);
	return code;
}

/* A call that gets an error leaves no trace unless the filter was loaded so. */
static void note_silence(const char *container, const struct groups *groups, bool started)
{
	char shown[4 * 300];

	callgate_escape(container, shown, sizeof(shown));
	fprintf(stderr, "callgate: note: the system's log has no denial in a process that runs in %s%s", shown,
		groups->ended > groups->strays->count ? " (records of processes that have ended name no container)"
						      : "");
	if (started && !groups->strays->count)
		fprintf(stderr,
			"; a call that gets an error is logged only where the hook was installed with --log, and "
			"'callgate why --live %s' shows it as it happens",
			shown);
	fputc('\n', stderr);
}

/* A container: what its hooks wrote down, then what was denied in it. */
static int tell_container(const struct why_request *request, const char *container)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	struct groups strays = { .count = 0 };
	char key[300];
	struct groups groups = { .only = why_container_key(container, key, sizeof(key)), .strays = &strays };
	bool started = false;
	int code = request->json ? EXIT_YES : why_container(container, &started);

	if (groups_new(&groups) < 0 || groups_new(&strays) < 0) {
		free(groups.list);
		return EXIT_CANNOT;
	}
	filter = why_container_filter(&request->target, container);
	groups.filter = filter;
	groups.since = why_started(container);
	if (!denials_each(add_event, &groups))
		fprintf(stderr, "callgate: note: neither /var/log/audit/audit.log nor the kernel's messages can be "
				"read by this user\n");
	else if (!groups.count)
		note_silence(container, &groups, started);
	if (groups.count || strays.count || request->json)
		code = tell_groups(request, &groups);
	free(groups.list);
	free(strays.list);
	return code;
}

/* ------------------------------------------------------------------ the verb */

static int take_own(void *data, int option, const char *value)
{
	struct why_request *request = data;

	switch (option) {
	case OPT_LAST:
		request->last = true;
		return 0;
	case OPT_LIVE:
		request->live = true;
		return 0;
	case OPT_FOR:
		return take_time(value, &request->seconds);
	case OPT_METRICS:
		request->metrics = value;
		return 0;
	default:
		request->profile = value;
		return 0;
	}
}

/* What is wrong with the options; NULL: nothing. */
static const char *unfit(const struct why_request *request, int count, char **words)
{
	if (request->last && request->live)
		return "--last and --live exclude each other";
	if (request->last)
		return count ? "--last takes no word: it tells what a hook recorded last" : NULL;
	if (request->live)
		return count == 1 && is_live_source(words[0])
			       ? NULL
			       : "--live needs one live source: pid:N, lxc:NAME or oci:ID";
	return request->metrics || request->seconds != 0 ? "--for and --metrics belong to --live" : NULL;
}

static int answer(const struct options *options, struct why_request *request, int count, char **words)
{
	if (request->live)
		return why_live(options, request, words[0]);
	if (!count || (count == 1 && strcmp(words[0], "-") == 0))
		return tell_stream(request);
	if (count == 1 && (strncmp(words[0], "lxc:", 4) == 0 || strncmp(words[0], "oci:", 4) == 0))
		return tell_container(request, words[0]);
	return tell_words(request, count, words);
}

int verb_why(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		OPTIONS_LIVE,
		{ "last", no_argument, NULL, OPT_LAST },
		{ "live", no_argument, NULL, OPT_LIVE },
		{ "for", required_argument, NULL, OPT_FOR },
		{ "metrics", required_argument, NULL, OPT_METRICS },
		{ "profile", required_argument, NULL, OPT_PROFILE },
		OPTIONS_END,
	};
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	struct why_request request = { 0 };
	const struct command_line line = { .known = known, .brief = "h", .own = take_own, .data = &request };
	enum source_kind kind;
	struct options options;
	const char *why;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	why = unfit(&request, argc - optind, argv + optind);
	if (why)
		return verb_usage(verb, why);
	if (request.last)
		return why_last();
	if (request.profile && (code = source_open(&options, request.profile, &filter, &kind)) > 0)
		return code;
	why_look_in(options.lxcpath);
	request.filter = filter;
	request.target = options.target;
	request.json = options.json;
	return answer(&options, &request, argc - optind, argv + optind);
}
