/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate verify --all: every container of the machine against what its hook recorded. */
#include <unistd.h>

#include "tool/host.h"

/* What an engine makes of a profile is stricter or has other errnos by its nature. */
static bool is_accepted(enum host_verdict verdict)
{
	return verdict == HOST_EXACT || verdict == HOST_ADAPTED || verdict == HOST_STRICTER ||
	       verdict == HOST_DIFFERENT;
}

static int code_of(enum host_verdict verdict)
{
	if (is_accepted(verdict))
		return EXIT_YES;
	return verdict == HOST_NOT_TOLD ? EXIT_CANNOT : EXIT_NO;
}

static void show_task(struct json_object *rows, const struct host_task *task, enum host_verdict verdict)
{
	char command[4 * sizeof(task->task->command)];
	struct json_object *row;

	if (!rows) {
		printf("\t%d\t%d\t%s\t%s\n", (int)task->task->pid, (int)task->task->tid,
		       callgate_escape(task->task->command, command, sizeof(command)), host_verdict_name(verdict));
		return;
	}
	row = json_object_new_object();
	json_object_object_add(row, "pid", json_object_new_int(task->task->pid));
	json_object_object_add(row, "tid", json_object_new_int(task->task->tid));
	json_object_object_add(row, "command", text_to_json(task->task->command));
	json_object_object_add(row, "verdict", json_object_new_string(host_verdict_name(verdict)));
	json_object_array_add(rows, row);
}

static void show_tasks(struct host_verifier *verifier, const struct host_unit *unit, enum host_rows which,
		       struct json_object *rows)
{
	for (size_t i = 0; i < unit->count; i++) {
		enum host_verdict verdict = host_verify_task(verifier, unit, &unit->tasks[i]);

		if (which == HOST_ROWS_ALL || !is_accepted(verdict))
			show_task(rows, &unit->tasks[i], verdict);
	}
}

static enum host_verdict show(struct host_verifier *verifier, const struct host_unit *unit, enum host_rows which,
			      struct json_object *list)
{
	enum host_verdict verdict = host_verify_unit(verifier, unit);
	const char *profile = unit->record ? unit->record->profile : "-";
	char name[4 * 160];
	struct json_object *one, *tasks;

	if (!list) {
		printf("%s\t%s\t%s\t%zu\n", callgate_escape(host_unit_name(unit), name, sizeof(name)), profile,
		       host_verdict_name(verdict), unit->count);
		show_tasks(verifier, unit, which, NULL);
		return verdict;
	}
	one = json_object_new_object();
	tasks = json_object_new_array();
	json_object_object_add(one, "container", text_to_json(host_unit_name(unit)));
	json_object_object_add(one, "profile", text_to_json(profile));
	json_object_object_add(one, "verdict", json_object_new_string(host_verdict_name(verdict)));
	json_object_object_add(one, "count", json_object_new_int64((int64_t)unit->count));
	show_tasks(verifier, unit, which, tasks);
	json_object_object_add(one, "tasks", tasks);
	json_object_array_add(list, one);
	return verdict;
}

/* A verdict that nobody can give has a reason, and a way out. */
static void note_unknown(const struct host *host)
{
	enum { SHOWN = 8 };
	char name[4 * 160];
	size_t count = 0;

	for (size_t i = 0; i < host->unit_count; i++) {
		if (host_unit_kind(&host->units[i]) != HOST_CONTAINER || host->units[i].record)
			continue;
		if (count == 0)
			fprintf(stderr, "callgate: note: no hook of this user has left a record about");
		if (count++ < SHOWN)
			fprintf(stderr, " %s", callgate_escape(host_unit_name(&host->units[i]), name, sizeof(name)));
	}
	if (count)
		fprintf(stderr, "%s; 'callgate verify --profile P CONTAINER' compares with one that is named\n",
			count > SHOWN ? " ..." : "");
}

static void report_unread(void)
{
	char user[256];

	if (geteuid() == 0)
		report("what is not read is not verified; 'callgate verify lxc:NAME' asks one container by ptrace");
	else
		report("what is not read is not verified, and the kernel shows filters to root only; as root: "
		       "'callgate verify --profile P oci:%s/NAME', for LXC 'lxc:NAME -P DIR'",
		       user_word(geteuid(), user, sizeof(user)));
}

int verify_host(const struct options *options, enum host_rows which)
{
	CALLGATE_CLEANUP(host_cleanup) struct host host;
	CALLGATE_CLEANUP(host_verifier_cleanup) struct host_verifier *verifier = NULL;
	struct json_object *root = NULL, *list = NULL;
	int code = host_read(&host), worst = EXIT_YES;

	if (code != EXIT_YES)
		return code;
	verifier = host_verifier_new(options, &host);
	if (!verifier)
		return EXIT_CANNOT;
	if (options->json) {
		root = document("verify");
		list = json_object_new_array();
		json_object_object_add(root, "containers", list);
	}
	for (size_t i = 0; i < host.unit_count; i++) {
		if (host_unit_kind(&host.units[i]) != HOST_CONTAINER)
			continue;
		code = code_of(show(verifier, &host.units[i], which, list));
		worst = code > worst ? code : worst;
	}
	host_report_unseen(&host);
	fflush(stdout);
	note_unknown(&host);
	if (!host.witness) {
		report_unread();
		worst = EXIT_CANNOT;
	}
	if (root && print_document(root) != 0)
		return EXIT_CANNOT;
	return finish_output(worst);
}
