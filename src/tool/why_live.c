/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate why --live: what is denied in a container or a tree of processes, followed as it happens, with counters. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool/terminal.h"
#include "tool/why.h"

enum { GROUPS = 1024, SERIES = 64, STEP_MS = 500 };

/* A group, and how often it has been seen by the recording that is read anew at each step. */
struct followed {
	struct why_group group;
	size_t now;
};

struct live {
	const struct options *options;
	const struct why_request *request;
	const char *source;
	char container[300];                 /* "": in none that is known */
	const struct callgate_filter *tried; /* not enforced: what it would deny is followed too; NULL: none */
	struct callgate_recorder *recorder;
	struct followed *list;
	size_t count;
	size_t left_out; /* calls that found no group */
	struct callgate_record_size size;
};

static void record_cleanup(struct callgate_record **record)
{
	*record = callgate_record_free(*record);
}

/* ------------------------------------------------------------------ groups */

static bool is_same(const struct event *a, const struct event *b)
{
	return a->kind == b->kind && a->abi == b->abi && a->nr == b->nr && a->code == b->code &&
	       a->has_code == b->has_code && strcmp(a->command, b->command) == 0;
}

static void add_event(struct live *live, const struct event *event, uint64_t count)
{
	struct followed *followed = live->list;

	while (followed < live->list + live->count && !is_same(&followed->group.event, event))
		followed++;
	if (followed == live->list + GROUPS) {
		live->left_out += (size_t)count;
		return;
	}
	if (followed == live->list + live->count) {
		*followed = (struct followed){ .group = { .event = *event } };
		memcpy(followed->group.container, live->container, sizeof(live->container));
		live->count++;
	}
	followed->now += (size_t)count;
}

/* The word that a filter answers with. */
static uint32_t word_of(struct callgate_action action)
{
	static const uint32_t words[] = { 0x80000000u, 0,          0x30000,    0x50000,
					  0x7fc00000,  0x7ff00000, 0x7ffc0000, 0x7fff0000 };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (callgate_action_from_return(words[i]).kind == action.kind)
			return words[i] | action.data;
	return 0;
}

static void add_denied(void *data, const struct callgate_recorded *recorded)
{
	struct event event = { .kind = EVENT_RECORD, .abi = recorded->abi, .nr = recorded->nr, .has_nr = true };

	if (recorded->denial == CALLGATE_DENIED_ERRNO) {
		event.has_code = CODE_DATA;
		event.code = word_of((struct callgate_action){ .kind = CALLGATE_ERRNO, .data = recorded->errno_value });
	} else if (recorded->denial == CALLGATE_DENIED_SIGSYS) {
		event.kind = EVENT_TRACED;
	} else {
		return;
	}
	snprintf(event.command, sizeof(event.command), "%s", recorded->program);
	add_event(data, &event, recorded->count);
}

static void add_tried(void *data, const struct callgate_uncovered *uncovered)
{
	struct event event = { .kind = EVENT_WOULD,
			       .abi = uncovered->call.abi,
			       .nr = uncovered->call.nr,
			       .has_nr = true,
			       .has_code = CODE_DATA,
			       .code = word_of(uncovered->action) };

	if (uncovered->denied || uncovered->phase == CALLGATE_PHASE_RUNTIME)
		return;
	snprintf(event.command, sizeof(event.command), "%s", uncovered->program);
	add_event(data, &event, uncovered->count);
}

/* ------------------------------------------------------------------ counters */

/* callgate_NAME{source="..." */
static void print_name(FILE *to, const struct live *live, const char *name)
{
	fprintf(to, "callgate_%s{source=\"", name);
	print_label(to, live->source);
	fputc('"', to);
}

static void print_series(FILE *to, const struct live *live, const struct followed *followed)
{
	const struct event *event = &followed->group.event;
	char number[16], action[64];
	const char *name = event_name(event);

	snprintf(number, sizeof(number), "%u", event->nr);
	event_action(event, action, sizeof(action));
	print_name(to, live, "denials_total");
	fprintf(to, ",abi=\"%s\",call=\"%s\",action=\"%s\",program=\"", callgate_abi_name(event->abi),
		name ? name : number, action);
	print_label(to, event->command);
	fprintf(to, "\",enforced=\"%s\"} %zu\n", event->kind == EVENT_WOULD ? "no" : "yes", followed->group.total);
}

/* Labels are bounded, whatever runs there: what comes after the first series is counted in one. */
static void print_metrics(FILE *to, const struct live *live)
{
	size_t rest = live->left_out;

	fprintf(to, "# TYPE callgate_denials counter\n# HELP callgate_denials Calls that a filter answered in place of "
		    "the kernel; enforced=\"no\": that a profile on trial would have.\n");
	for (size_t i = 0; i < live->count; i++) {
		if (i < SERIES)
			print_series(to, live, &live->list[i]);
		else
			rest += live->list[i].group.total;
	}
	print_name(to, live, "denials_total");
	fprintf(to, ",abi=\"\",call=\"other\",action=\"\",program=\"\",enforced=\"\"} %zu\n", rest);
	fprintf(to, "# TYPE callgate_recorded_calls counter\n"
		    "# HELP callgate_recorded_calls Calls that were followed.\n");
	print_name(to, live, "recorded_calls_total");
	fprintf(to, "} %llu\n", (unsigned long long)live->size.calls);
	fprintf(to,
		"# TYPE callgate_lost_calls counter\n# HELP callgate_lost_calls Calls that could not be followed.\n");
	print_name(to, live, "lost_calls_total");
	fprintf(to, "} %llu\n# EOF\n", (unsigned long long)live->size.lost);
}

static int write_metrics(const struct live *live)
{
	struct options options = *live->options;
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	int code = EXIT_CANNOT;

	if (memory)
		print_metrics(memory, live);
	if (!memory || fclose(memory) != 0) {
		report("out of memory");
	} else {
		options.output = live->request->metrics;
		code = write_output(&options, text, size);
	}
	free(text);
	return code;
}

/* ------------------------------------------------------------------ showing */

/* A group that was explained before has one line. */
static void show_again(const struct why_group *group)
{
	char command[4 * sizeof(group->event.command)];

	callgate_escape(group->event.command, command, sizeof(command));
	group_print_head(group);
	printf(", %zu more, %zu in all", group->count, group->total);
	if (command[0])
		printf(", by %s", command);
	putchar('\n');
}

static void show(const struct live *live, const struct why_group *group, struct json_object *rows)
{
	if (rows)
		json_object_array_add(rows, group_to_json(live->request, group));
	else if (group->total == group->count)
		group_tell(live->request, group);
	else
		show_again(group);
}

/* What is new since the step before: text, or one document in one line. */
static int show_new(struct live *live)
{
	struct json_object *root = live->request->json ? document("why") : NULL;
	struct json_object *rows = root ? json_object_new_array() : NULL;
	bool any = false;

	for (size_t i = 0; i < live->count; i++) {
		struct followed *followed = &live->list[i];

		if (followed->now <= followed->group.total)
			continue;
		followed->group.count = followed->now - followed->group.total;
		followed->group.total = followed->now;
		show(live, &followed->group, rows);
		any = true;
	}
	if (root) {
		json_object_object_add(root, "groups", rows);
		if (any)
			printf("%s\n", json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
										    JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(root);
	}
	return any ? finish_output(EXIT_YES) : EXIT_YES;
}

static int look(struct live *live)
{
	CALLGATE_CLEANUP(record_cleanup) struct callgate_record *record = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	bool covered;
	int code;

	for (size_t i = 0; i < live->count; i++)
		live->list[i].now = 0;
	if (callgate_recorder_read(live->recorder, &record, &err) < 0 ||
	    (live->tried && callgate_record_covered(record, live->tried, add_tried, live, &covered, &err) < 0)) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	callgate_record_each(record, add_denied, live);
	callgate_record_measure(record, &live->size);
	code = show_new(live);
	return code == EXIT_YES && live->request->metrics ? write_metrics(live) : code;
}

/* ------------------------------------------------------------------ the whole */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int follow(struct live *live)
{
	double end = now() + live->request->seconds;
	struct timespec none = { 0 };
	struct callgate_err err = CALLGATE_ERR_INIT;
	bool ended = false, over = false;
	int status, code = EXIT_YES;
	sigset_t watched;

	sigemptyset(&watched);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGHUP);
	sigprocmask(SIG_BLOCK, &watched, NULL);
	while (code == EXIT_YES && !ended && !over) {
		if (callgate_recorder_wait(live->recorder, STEP_MS, &ended, &status, &err) < 0) {
			report_err(&err);
			return EXIT_CANNOT;
		}
		over = sigtimedwait(&watched, NULL, &none) > 0 || (live->request->seconds > 0 && now() >= end);
		code = look(live);
	}
	if (live->left_out)
		report("%zu calls are left out: more than %d different groups", live->left_out, GROUPS);
	if (live->size.lost)
		report("%llu calls were lost", (unsigned long long)live->size.lost);
	return code == EXIT_YES && !live->count ? EXIT_NO : code;
}

/* The profile that is not enforced: one that was named, else that of a container whose hook only tries it. */
static const struct callgate_filter *find_tried(struct live *live, struct callgate_filter **own)
{
	if (live->request->filter)
		return live->request->filter;
	if (live->container[0] && why_complains(live->container))
		*own = why_container_filter(&live->request->target, live->container);
	return *own;
}

static int start(struct live *live, pid_t pid, enum callgate_scope scope)
{
	struct callgate_recorder_how how = { 0 };
	struct callgate_err err = CALLGATE_ERR_INIT;

	how.of = live->source;
	if (strncmp(live->source, "pid:", 4) != 0)
		snprintf(live->container, sizeof(live->container), "%s", live->source);
	else if (callgate_task_container(pid, live->container, sizeof(live->container)) < 0)
		live->container[0] = '\0';
	if (scope == CALLGATE_SCOPE_PROCESS)
		scope = CALLGATE_SCOPE_TREE;
	if (callgate_recorder_attach(scope, pid, &how, &live->recorder, &err) == 0)
		return EXIT_YES;
	report_err(&err);
	return EXIT_CANNOT;
}

int why_live(const struct options *options, struct why_request *request, const char *source)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *own = NULL;
	struct live live = { .options = options, .request = request, .source = source };
	enum callgate_scope scope;
	int code = live_source(options, source, &request->pid, &scope);

	if (code == EXIT_YES)
		code = start(&live, request->pid, scope);
	if (code != EXIT_YES)
		return code;
	live.tried = find_tried(&live, &own);
	live.list = calloc(GROUPS, sizeof(*live.list));
	if (live.list) {
		code = follow(&live);
	} else {
		report("out of memory");
		code = EXIT_CANNOT;
	}
	free(live.list);
	callgate_recorder_free(live.recorder);
	return code;
}
