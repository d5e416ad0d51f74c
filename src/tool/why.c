/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate why: what lines about seccomp mean, grouped, and what would change it; what a hook has written down. */
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#include "tool/why.h"

enum { OPT_LAST = OPT_VERB, OPT_PROFILE };
enum asked { ASKED_LINES, ASKED_LAST };
enum { GROUPS = 4096 };

struct request {
	enum asked asked;
	const char *profile;
	struct callgate_filter *filter; /* of --profile; NULL: none */
	struct callgate_target target;
	bool json;
};

/* Events that differ only in the process. */
struct group {
	struct event event;
	char container[300]; /* "": not known */
	size_t count;
};

struct groups {
	struct group *list;
	size_t count, left_out; /* left_out: events that found no place */
	const char *only;       /* one container's events; NULL: all */
	size_t ended;           /* with only: events of processes that have ended, whose container is unknown */
};

/* ------------------------------------------------------------------ grouping */

static bool is_same(const struct event *a, const struct event *b)
{
	return a->kind == b->kind && a->abi == b->abi && a->arch == b->arch && a->nr == b->nr && a->code == b->code &&
	       a->has_code == b->has_code && strcmp(a->command, b->command) == 0 && strcmp(a->call, b->call) == 0 &&
	       strcmp(a->text, b->text) == 0;
}

static void add_event(struct groups *groups, const struct event *event)
{
	char container[300] = "";

	if (event->pid > 0 && callgate_task_container(event->pid, container, sizeof(container)) < 0)
		container[0] = '\0';
	if (groups->only && strcmp(container, groups->only) != 0) {
		groups->ended += !container[0];
		return;
	}
	for (size_t i = 0; i < groups->count; i++) {
		struct group *group = &groups->list[i];

		if (is_same(&group->event, event) && strcmp(group->container, container) == 0) {
			group->count++;
			return;
		}
	}
	if (groups->count == GROUPS) {
		groups->left_out++;
		return;
	}
	groups->list[groups->count] = (struct group){ .event = *event, .count = 1 };
	memcpy(groups->list[groups->count++].container, container, sizeof(container));
}

static int by_count(const void *a, const void *b)
{
	const struct group *one = a, *other = b;

	return (one->count < other->count) - (one->count > other->count);
}

static int groups_new(struct groups *groups)
{
	groups->list = calloc(GROUPS, sizeof(*groups->list));
	if (!groups->list)
		report("out of memory");
	return groups->list ? 0 : -1;
}

/* ------------------------------------------------------------------ words */

static const char *name_of(const struct event *event)
{
	const char *name =
		event->has_nr && event->abi != CALLGATE_ABI_NONE ? callgate_syscall_name(event->abi, event->nr) : NULL;

	return name ? name : event->call[0] ? event->call : NULL;
}

/* The action as far as the line says it: ausearch -i leaves out an errno, strace the whole action. */
static void action_words(const struct event *event, char *buf, size_t size)
{
	char *data;

	if (event->has_code == CODE_NONE) {
		snprintf(buf, size, event->kind == EVENT_TRACED ? "trapped or killed (SIGSYS)" : "denied");
		return;
	}
	callgate_action_format(callgate_action_from_word(event->code), buf, (int)size);
	data = strchr(buf, '(');
	if (event->has_code == CODE_KIND && data)
		*data = '\0';
}

static bool is_logged_only(const struct event *event)
{
	enum { ACTION = 0xffff0000u, LOG = 0x7ffc0000u };

	return event->has_code != CODE_NONE && (event->code & ACTION) == LOG;
}

/* Whether every such call passes under the profile. */
static bool lets_pass(const struct callgate_outcome *outcomes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (outcomes[i].opaque || outcomes[i].action.kind < CALLGATE_LOG)
			return false;
	return count > 0;
}

/* Which line of the profile decides such calls, and for what. True: it lets them pass, so it is not what denied one. */
static bool tell_profile(const struct group *group, const struct callgate_filter *filter)
{
	struct callgate_pattern pattern = { .abi = group->event.abi, .nr = group->event.nr };
	size_t count;
	struct callgate_outcome *outcomes = outcomes_list(filter, &pattern, &count);
	bool passes;

	if (!outcomes)
		printf("  profile: too many conditions to list\n");
	for (size_t i = 0; outcomes && i < count; i++) {
		char word[64], place[512];

		origin_format(&outcomes[i].origin, place, sizeof(place));
		printf("  profile: %s%s%s: %s\n", outcome_word(&outcomes[i], word, sizeof(word)),
		       outcomes[i].conditions[0] ? " if " : "", outcomes[i].conditions, place);
	}
	passes = outcomes && lets_pass(outcomes, count) && !is_logged_only(&group->event);
	if (passes)
		printf("  this profile lets the call pass: something else denied it, another filter or an older "
		       "version of the profile\n");
	free(outcomes);
	return passes;
}

static void tell_change(const struct event *event, const char *name)
{
	if (is_logged_only(event))
		printf("  nothing was refused: the profile only logs it\n");
	else if (name)
		printf("  the smallest change that lets it pass, if it should: { \"names\": [\"%s\"], \"action\": "
		       "\"SCMP_ACT_ALLOW\" } before other "
		       "rules for it, with \"args\" as narrow as the program allows\n",
		       name);
	else
		printf("  no call of that number is known: nothing to allow by name\n");
}

static void tell_who(const struct group *group)
{
	const struct event *event = &group->event;

	if (event->pid > 0 && group->count == 1)
		printf("  by process %d (%s)", (int)event->pid, event->command[0] ? event->command : "?");
	else if (event->command[0])
		printf("  by %s", event->command);
	else
		return;
	if (group->container[0])
		printf(" of %s", group->container);
	if (event->signal)
		printf(", signal %u", event->signal);
	putchar('\n');
}

static const struct callgate_filter *filter_for(const struct request *request, const struct group *group,
						struct callgate_filter **own)
{
	*own = NULL;
	if (request->filter)
		return request->filter;
	if (group->container[0])
		*own = why_container_filter(&request->target, group->container);
	return *own;
}

static void tell_group(const struct request *request, const struct group *group)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *own = NULL;
	const struct event *event = &group->event;
	const struct callgate_filter *filter;
	const char *name = name_of(event);
	char action[64];

	if (event->kind == EVENT_RUNTIME) {
		printf("%s: the runtime could not load the profile because of its rule for this call\n  it said: %s\n",
		       name, event->text);
		printf("  'callgate check --portable PROFILE' shows which rules runtimes read otherwise or refuse\n");
		return;
	}
	if (event->abi == CALLGATE_ABI_NONE) {
		printf("call %u of an architecture that is not known here (0x%08x)\n", event->nr, event->arch);
		return;
	}
	action_words(event, action, sizeof(action));
	printf("%s", name ? name : "call ");
	if (event->has_nr)
		printf(name ? " (%u)" : "%u", event->nr);
	printf(" of %s: %s", callgate_abi_name(event->abi), action);
	if (group->count > 1)
		printf(", %zu times", group->count);
	putchar('\n');
	tell_who(group);
	filter = event->has_nr ? filter_for(request, group, &own) : NULL;
	if (filter && tell_profile(group, filter))
		return;
	tell_change(event, event->has_nr ? callgate_syscall_name(event->abi, event->nr) : name);
}

/* ------------------------------------------------------------------ JSON */

static void add_text(struct json_object *object, const char *key, const char *text)
{
	if (text && text[0])
		json_object_object_add(object, key, text_to_json(text));
}

static struct json_object *profile_to_json(const struct group *group, const struct callgate_filter *filter)
{
	struct callgate_pattern pattern = { .abi = group->event.abi, .nr = group->event.nr };
	struct json_object *rows = json_object_new_array();
	size_t count;
	struct callgate_outcome *outcomes = outcomes_list(filter, &pattern, &count);

	for (size_t i = 0; outcomes && i < count; i++) {
		struct json_object *row = json_object_new_object();
		char word[64];

		add_text(row, "action", outcome_word(&outcomes[i], word, sizeof(word)));
		add_text(row, "conditions", outcomes[i].conditions);
		json_object_object_add(row, "origin", origin_to_json(&outcomes[i].origin));
		json_object_array_add(rows, row);
	}
	free(outcomes);
	return rows;
}

/* What a line did not say has no member. */
static struct json_object *group_to_json(const struct request *request, const struct group *group)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *own = NULL;
	struct json_object *object = json_object_new_object();
	const struct event *event = &group->event;
	const struct callgate_filter *filter;
	char action[64];

	add_text(object, "abi", event->abi == CALLGATE_ABI_NONE ? NULL : callgate_abi_name(event->abi));
	add_text(object, "call", name_of(event));
	if (event->has_nr)
		json_object_object_add(object, "nr", json_object_new_int64(event->nr));
	if (event->has_code != CODE_NONE) {
		action_words(event, action, sizeof(action));
		add_text(object, "action", action);
	}
	json_object_object_add(object, "count", json_object_new_int64((int64_t)group->count));
	add_text(object, "command", event->command);
	add_text(object, "exe", event->exe);
	add_text(object, "container", group->container);
	add_text(object, "text", event->text);
	if (event->pid > 0 && group->count == 1)
		json_object_object_add(object, "pid", json_object_new_int(event->pid));
	if (event->signal)
		json_object_object_add(object, "signal", json_object_new_int((int)event->signal));
	filter = event->has_nr && event->abi != CALLGATE_ABI_NONE ? filter_for(request, group, &own) : NULL;
	if (filter)
		json_object_object_add(object, "profile", profile_to_json(group, filter));
	return object;
}

static int tell_groups(const struct request *request, struct groups *groups)
{
	struct json_object *root, *rows;
	int code = groups->count ? EXIT_YES : EXIT_NO;

	qsort(groups->list, groups->count, sizeof(*groups->list), by_count);
	if (groups->left_out)
		report("%zu lines are left out: more than %d different groups", groups->left_out, GROUPS);
	if (!request->json) {
		for (size_t i = 0; i < groups->count; i++)
			tell_group(request, &groups->list[i]);
		return finish_output(code);
	}
	root = document("why");
	rows = json_object_new_array();
	json_object_object_add(root, "groups", rows);
	for (size_t i = 0; i < groups->count; i++)
		json_object_array_add(rows, group_to_json(request, &groups->list[i]));
	return print_document(root) ? EXIT_CANNOT : finish_output(code);
}

/* ------------------------------------------------------------------ where lines come from */

static void take_stream(struct groups *groups, FILE *file)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, file) > 0) {
		struct event event;

		if (event_parse(line, &event))
			add_event(groups, &event);
	}
	free(line);
}

/* auditd's file, else the kernel's own ring of messages. False: neither may be read. */
static bool take_system(struct groups *groups)
{
	FILE *file = fopen("/var/log/audit/audit.log", "re");
	int size;
	char *ring;

	if (!file) {
		size = klogctl(10, NULL, 0);
		ring = size > 0 ? malloc((size_t)size + 1) : NULL;
		size = ring ? klogctl(3, ring, size) : -1;
		file = size > 0 ? fmemopen(ring, (size_t)size, "r") : NULL;
		if (file)
			take_stream(groups, file);
		if (file)
			fclose(file);
		free(ring);
		return size >= 0;
	}
	take_stream(groups, file);
	fclose(file);
	return true;
}

static int tell_stream(const struct request *request)
{
	struct groups groups = { .count = 0 };
	int code;

	if (groups_new(&groups) < 0)
		return EXIT_CANNOT;
	take_stream(&groups, stdin);
	if (!groups.count && !request->json)
		report("no line about seccomp was found");
	code = tell_groups(request, &groups);
	free(groups.list);
	return code;
}

static int tell_words(const struct request *request, int count, char **words)
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
		report("not a line about seccomp: %.200s", words[i]);
		code = EXIT_CANNOT;
	}
	if (code == EXIT_YES)
		code = tell_groups(request, &groups);
	free(groups.list);
	return code;
}

/* A container: what its hooks wrote down, then what was denied in it. */
static int tell_container(const struct request *request, const char *container)
{
	char key[300];
	struct groups groups = { .only = why_container_key(container, key, sizeof(key)) };
	int code = request->json ? EXIT_YES : why_container(container);

	if (groups_new(&groups) < 0)
		return EXIT_CANNOT;
	if (!take_system(&groups))
		fprintf(stderr, "callgate: note: neither /var/log/audit/audit.log nor the kernel's messages can be "
				"read by this user\n");
	else if (!groups.count)
		fprintf(stderr, "callgate: note: the system's log has no denial in a process that runs in %s%s\n",
			container, groups.ended ? "; records of processes that have ended name no container" : "");
	if (groups.count || request->json)
		code = tell_groups(request, &groups);
	free(groups.list);
	return code;
}

/* ------------------------------------------------------------------ the verb */

static int take_own(void *data, int option, const char *value)
{
	struct request *request = data;

	if (option == OPT_LAST)
		request->asked = ASKED_LAST;
	else
		request->profile = value;
	return 0;
}

int verb_why(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		{ "last", no_argument, NULL, OPT_LAST },
		{ "profile", required_argument, NULL, OPT_PROFILE },
		OPTIONS_END,
	};
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	struct request request = { .asked = ASKED_LINES };
	const struct command_line line = { .known = known, .brief = "h", .own = take_own, .data = &request };
	enum source_kind kind;
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (request.asked == ASKED_LAST)
		return argc == optind ? why_last() : verb_usage(verb);
	if (request.profile && (code = source_open(&options, request.profile, &filter, &kind)) > 0)
		return code;
	request.filter = filter;
	request.target = options.target;
	request.json = options.json;
	if (argc == optind || (argc - optind == 1 && strcmp(argv[optind], "-") == 0))
		return tell_stream(&request);
	if (argc - optind == 1 && (strncmp(argv[optind], "lxc:", 4) == 0 || strncmp(argv[optind], "oci:", 4) == 0))
		return tell_container(&request, argv[optind]);
	return tell_words(&request, argc - optind, argv + optind);
}
