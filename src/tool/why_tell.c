/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why, in words and as JSON: a group of denied calls, the line of the profile that decides, and what would change it.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/terminal.h"
#include "tool/why.h"

/* ------------------------------------------------------------------ words */

const char *event_name(const struct event *event)
{
	const char *name =
		event->has_nr && event->abi != CALLGATE_ABI_NONE ? callgate_syscall_name(event->abi, event->nr) : NULL;

	return name ? name : event->call[0] ? event->call : NULL;
}

/* The action as far as the line says it: ausearch -i leaves out an errno, strace the whole action. */
void event_action(const struct event *event, char *buf, size_t size)
{
	char *data;

	if (event->has_code == CODE_NONE) {
		snprintf(buf, size, event->kind == EVENT_TRACED ? "trapped or killed (SIGSYS)" : "denied");
		return;
	}
	callgate_action_format(callgate_action_from_return(event->code), buf, (int)size);
	data = strchr(buf, '(');
	if (event->has_code == CODE_KIND && data)
		*data = '\0';
}

void group_print_head(const struct why_group *group)
{
	const struct event *event = &group->event;
	const char *name = event_name(event);
	char action[64];

	event_action(event, action, sizeof(action));
	printf("%s", name ? name : "call ");
	if (event->has_nr)
		printf(name ? " (%u)" : "%u", event->nr);
	printf(" of %s: %s%s", callgate_abi_name(event->abi), event->kind == EVENT_WOULD ? "ran, would get " : "",
	       action);
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

bool event_fits(const struct event *event, const struct callgate_filter *filter)
{
	struct callgate_pattern pattern = { .abi = event->abi, .nr = event->nr };
	struct callgate_outcome *outcomes;
	bool fits = false;
	size_t count;

	if (event->kind != EVENT_RECORD || !event->has_nr || event->abi == CALLGATE_ABI_NONE)
		return false;
	outcomes = outcomes_list(filter, &pattern, &count);
	for (size_t i = 0; outcomes && i < count; i++)
		fits |= outcomes[i].opaque || (is_logged_only(event) ? outcomes[i].action.kind == CALLGATE_LOG
								     : outcomes[i].action.kind < CALLGATE_LOG);
	fits |= !outcomes; /* too many to list */
	free(outcomes);
	return fits;
}

/* Which line of the profile decides such calls, and for what. True: it lets them pass, so it is not what denied one. */
static bool tell_profile(const struct why_group *group, const struct callgate_filter *filter)
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
		printf("  profile: %s%s", outcome_word(&outcomes[i], word, sizeof(word)),
		       outcomes[i].conditions[0] ? " if " : "");
		print_conditions(stdout, &pattern, outcomes[i].conditions);
		printf(": %s\n", place);
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

static void tell_who(const struct why_group *group)
{
	const struct event *event = &group->event;
	char command[4 * sizeof(event->command)], container[4 * sizeof(group->container)];

	callgate_escape(event->command, command, sizeof(command));
	callgate_escape(group->container, container, sizeof(container));
	if (event->pid > 0 && group->count == 1)
		printf("  by process %d (%s)", (int)event->pid, command[0] ? command : "?");
	else if (command[0])
		printf("  by %s", command);
	else
		return;
	if (container[0])
		printf(" of %s", container);
	if (event->signal)
		printf(", signal %u", event->signal);
	putchar('\n');
}

static const struct callgate_filter *filter_for(const struct why_request *request, const struct why_group *group,
						struct callgate_filter **own)
{
	unsigned filters = 1; /* a process without any decides nothing */

	*own = NULL;
	if (request->filter)
		return request->filter;
	if (group->container[0])
		*own = why_container_filter(&request->target, group->container);
	if (!*own && request->pid && callgate_task_filter(request->pid, own, &filters, NULL) < 0)
		*own = NULL;
	if (*own && request->pid && !filters)
		*own = callgate_filter_free(*own);
	return *own;
}

void group_tell(const struct why_request *request, const struct why_group *group)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *own = NULL;
	const struct event *event = &group->event;
	const struct callgate_filter *filter;
	const char *name = event_name(event);

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
	group_print_head(group);
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

static struct json_object *profile_to_json(const struct why_group *group, const struct callgate_filter *filter)
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
struct json_object *group_to_json(const struct why_request *request, const struct why_group *group)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *own = NULL;
	struct json_object *object = json_object_new_object();
	const struct event *event = &group->event;
	const struct callgate_filter *filter;
	char action[64];

	add_text(object, "abi", event->abi == CALLGATE_ABI_NONE ? NULL : callgate_abi_name(event->abi));
	add_text(object, "call", event_name(event));
	if (event->has_nr)
		json_object_object_add(object, "nr", json_object_new_int64(event->nr));
	if (event->has_code != CODE_NONE) {
		event_action(event, action, sizeof(action));
		add_text(object, "action", action);
	}
	json_object_object_add(object, "count", json_object_new_int64((int64_t)group->count));
	if (group->total)
		json_object_object_add(object, "total", json_object_new_int64((int64_t)group->total));
	if (event->kind == EVENT_WOULD)
		json_object_object_add(object, "ran", json_object_new_boolean(true));
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
