/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate verify: does every task of a process or container run under exactly what the profile says? */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/private.h"
#include "kernel/witness_read.h"
#include "tool/host.h"
#include "tool/why.h"

enum { OPT_PROFILE = OPT_VERB, OPT_AT_LEAST, OPT_ALL, OPT_TASKS };
enum accepts { ACCEPT_EXACT, ACCEPT_AT_LEAST };

struct request {
	const char *profile;
	enum accepts accepts;
	bool all, tasks;        /* every container of the machine; with all its tasks */
	char output_digest[65]; /* by record: of what the engine makes of the profile */
	bool several;           /* each row says which source it is of */
};

/* What came of comparing a stack of filters with the profile. */
struct compared {
	bool is_known;
	int result;
	struct callgate_err err;
	enum callgate_verdict verdict;
	bool adapted;               /* it is exactly what the engine makes of the profile */
	struct callgate_diff *diff; /* NULL: not asked for */
};

/* A row that has been given: a look that is taken again does not give it again. */
struct told {
	pid_t tid;
	uint64_t start_time;
	const char *word;
};

struct verification {
	const struct callgate_filter *profile;
	struct callgate_witness *witness; /* where the kernel can, read without stopping anybody */
	struct compared *by_stack;        /* a thousand threads have one stack of filters */
	enum accepts accepts;
	const char *output_digest; /* of what the engine makes of the profile; "": not known */
	long base;                 /* the stack of the container's first process; -1: unknown, or of no matter */
	const char *named;         /* the source, in front of its rows; NULL: there is one only */
	struct json_object *rows;  /* NULL: TSV */
	struct told *told;
	size_t told_count, told_room;
	size_t told_before;     /* by earlier looks: these are sorted */
	size_t adapted, others; /* others: different, by errnos */
	int fewest;             /* filters of a task */
	size_t unseen;          /* tasks that ended in the last look, of which nothing is known */
	pid_t hidden;           /* a task whose filters the kernel does not show to this user; 0: none */
	int code;
};

static bool is_accepted(enum callgate_verdict verdict, enum accepts accepts)
{
	if (verdict == CALLGATE_EXACT)
		return true;
	return accepts == ACCEPT_AT_LEAST && (verdict == CALLGATE_STRICTER || verdict == CALLGATE_DIFFERENT);
}

static void print_weaker(const struct callgate_diff *diff)
{
	enum { SHOWN = 20 };
	size_t count = 0;

	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *row = callgate_diff_at(diff, i);
		struct difference_words said;
		char words[2][32];

		if (!row->looser || count++ >= SHOWN)
			continue;
		difference_words(diff, i, &said);
		callgate_action_format(row->a, words[0], sizeof(words[0]));
		callgate_action_format(row->b, words[1], sizeof(words[1]));
		printf("\t%s\t%s\tprofile %s\tlive %s\n", said.abi, said.witness, words[0], words[1]);
	}
	if (count > SHOWN)
		printf("\t... and %zu more\n", count - SHOWN);
}

static int by_row(const void *a, const void *b)
{
	const struct told *x = a, *y = b;

	if (x->tid != y->tid)
		return x->tid > y->tid ? 1 : -1;
	return x->start_time != y->start_time ? (x->start_time > y->start_time ? 1 : -1) : strcmp(x->word, y->word);
}

/* Out of memory, a row may come twice. */
static bool is_told(struct verification *v, struct told row)
{
	struct told *grown;

	if (v->told_before && bsearch(&row, v->told, v->told_before, sizeof(row), by_row))
		return true;
	if (v->told_count == v->told_room) {
		grown = reallocarray(v->told, 2 * v->told_room + 64, sizeof(*grown));
		if (!grown)
			return false;
		v->told = grown;
		v->told_room = 2 * v->told_room + 64;
	}
	v->told[v->told_count++] = row;
	return false;
}

static void tell(struct verification *v, const struct callgate_task *task, const char *word,
		 const struct callgate_diff *diff)
{
	char command[4 * sizeof(task->command)];

	if (is_told(v, (struct told){ task->tid, task->start_time, word }))
		return;
	if (v->rows) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "pid", json_object_new_int(task->pid));
		json_object_object_add(row, "tid", json_object_new_int(task->tid));
		json_object_object_add(row, "command", text_to_json(task->command));
		json_object_object_add(row, "verdict", json_object_new_string(word));
		json_object_object_add(row, "differences", differences_to_json(diff));
		json_object_array_add(v->rows, row);
		return;
	}
	if (v->named)
		printf("%s\t", v->named);
	printf("%d\t%d\t%s\t%s\n", (int)task->pid, (int)task->tid,
	       callgate_escape(task->command, command, sizeof(command)), word);
	print_weaker(diff);
}

static void judged(struct verification *v, const struct callgate_task *task, const struct compared *compared)
{
	v->adapted += compared->adapted;
	v->others += !compared->adapted && compared->verdict == CALLGATE_DIFFERENT;
	tell(v, task, compared->adapted ? "adapted" : callgate_verdict_name(compared->verdict), compared->diff);
	if (v->code == EXIT_YES && !is_accepted(compared->verdict, v->accepts))
		v->code = EXIT_NO;
}

/* What there is to show of a verdict: calls that a weaker task lets through, in documents all differences. */
static int differences(const struct verification *v, size_t stack, struct compared *compared)
{
	const struct callgate_filter *live;
	int r;

	if (compared->verdict == CALLGATE_NONE || (!v->rows && compared->verdict != CALLGATE_WEAKER))
		return 0;
	r = callgate_witness_filter(v->witness, stack, &live, &compared->err);
	return r < 0 ? r : callgate_filter_diff(v->profile, live, 0, &compared->diff, &compared->err);
}

static const struct compared *compare(struct verification *v, size_t stack);

/* What a program puts on top of its container's filters permits nothing more, whatever errors it gives. */
static bool is_more_of_the_same(struct verification *v, size_t stack, const struct compared *compared)
{
	const struct compared *base;

	if (v->base < 0 || !stack_is_above(v->witness, stack, (size_t)v->base) ||
	    (compared->result == 0 && compared->verdict != CALLGATE_DIFFERENT))
		return false;
	base = compare(v, (size_t)v->base);
	return base->result == 0 && (base->adapted || base->verdict == CALLGATE_EXACT);
}

static const struct compared *compare(struct verification *v, size_t stack)
{
	struct compared *compared = &v->by_stack[stack];

	if (compared->is_known)
		return compared;
	compared->is_known = true;
	compared->result = callgate_witness_verdict(v->witness, stack, v->profile, &compared->verdict, &compared->err);
	compared->adapted = compared->result == 0 &&
			    (compared->verdict == CALLGATE_STRICTER || compared->verdict == CALLGATE_DIFFERENT) &&
			    stack_means(v->witness, stack, v->output_digest);
	if (is_more_of_the_same(v, stack, compared)) {
		compared->result = 0;
		compared->verdict = CALLGATE_STRICTER;
	}
	if (compared->result == 0)
		compared->result = differences(v, stack, compared);
	return compared;
}

/* Who goes while he is looked at, or takes a filter, may have left others, of whom he is all that can be known. */
static void judge_ended(struct verification *v, const struct callgate_task *task)
{
	enum callgate_ended ended = callgate_task_ended(task, v->fewest);

	v->unseen += ended == CALLGATE_ENDED_UNSEEN;
	if (ended != CALLGATE_ENDED_BARE)
		return;
	tell(v, task, callgate_verdict_name(CALLGATE_NONE), NULL);
	if (v->code == EXIT_YES)
		v->code = EXIT_NO;
}

/*
 * A thread that calls execve goes by taking its process's id, with the filters that it has: whoever has that id now is
 * looked at (once more).
 */
static void verify_task(struct verification *v, const struct callgate_tasks *tasks, size_t at)
{
	const struct callgate_task *task = callgate_tasks_at(tasks, at);
	struct compared of_heir = { .result = 0 };
	const struct compared *compared = &of_heir;
	struct callgate_task heir = *task;
	size_t stack;

	of_heir.result = callgate_witness_task(v->witness, at, &stack, &of_heir.err);
	if (of_heir.result == 0 && callgate_task_took_filter(task, v->witness, stack)) {
		judge_ended(v, task);
		return;
	}
	if (of_heir.result == 0)
		compared = compare(v, stack);
	if (of_heir.result == CALLGATE_E_NOTFOUND)
		judge_ended(v, task);
	if (of_heir.result == CALLGATE_E_NOTFOUND && task->tid != task->pid) {
		heir.tid = task->pid;
		of_heir.result =
			callgate_task_verify(heir.tid, v->profile, &of_heir.verdict, &of_heir.diff, &of_heir.err);
	}
	if (compared->result == CALLGATE_E_NOTFOUND)
		return;
	if (compared->result < 0) {
		fprintf(stderr, "pid:%d: error: %s\n", (int)heir.tid, compared->err.text);
		v->hidden = compared->result == CALLGATE_E_PERM && geteuid() != 0 ? heir.pid : v->hidden;
		tell(v, &heir, "cannot tell", NULL);
		v->code = EXIT_CANNOT;
		return;
	}
	judged(v, &heir, compared);
	callgate_diff_free(of_heir.diff);
}

/* By record a container is measured by its first process. */
static void find_base(struct verification *v, const struct callgate_tasks *tasks, pid_t first)
{
	size_t stack;

	v->base = -1;
	for (size_t i = 0; v->output_digest && i < callgate_tasks_count(tasks); i++)
		if (callgate_tasks_at(tasks, i)->tid == first &&
		    callgate_witness_task(v->witness, i, &stack, NULL) == 0)
			v->base = (long)stack;
}

static int verify_tasks(struct verification *v, const struct callgate_tasks *tasks, pid_t first,
			struct callgate_err *err)
{
	size_t count = callgate_tasks_count(tasks);
	int r = callgate_witness_read(callgate_tasks_at(tasks, 0), count, CALLGATE_EVIDENCE_ANY, &v->witness, err);

	size_t stacks = r == 0 ? callgate_witness_stacks(v->witness) : 0;

	v->by_stack = calloc(stacks + 1, sizeof(*v->by_stack));
	if (r == 0 && !v->by_stack) {
		*err = (struct callgate_err){ .code = CALLGATE_E_NOMEM, .text = "out of memory" };
		r = CALLGATE_E_NOMEM;
	}
	v->fewest = callgate_witness_fewest(v->witness, count);
	if (r == 0)
		find_base(v, tasks, first);
	for (size_t i = 0; i < count && r == 0; i++)
		verify_task(v, tasks, i);
	for (size_t i = 0; i < stacks && v->by_stack; i++)
		callgate_diff_free(v->by_stack[i].diff);
	free(v->by_stack);
	v->witness = callgate_witness_free(v->witness);
	return r;
}

static int look_for_bare(struct verification *v, enum callgate_scope scope, pid_t first, struct callgate_err *err)
{
	struct callgate_task bare;
	int r = live_find_bare(scope, first, &bare, err);

	if (r > 0)
		judge_ended(v, &bare);
	return r < 0 ? r : 0;
}

/* What one look has found counts, whatever the next one finds: until everybody was seen whom a look has found. */
static int look(struct verification *v, enum callgate_scope scope, pid_t first, struct callgate_err *err)
{
	int r = 0;

	for (int i = 0; r == 0 && (i == 0 || v->unseen) && i < CALLGATE_LOOKS; i++) {
		struct callgate_tasks *tasks = NULL;

		r = live_tasks(scope, first, &tasks, err);
		if (r == CALLGATE_E_NOTFOUND && v->told_count)
			return 0; /* all have ended; those who had before they were seen stay unseen */
		v->unseen = 0;
		if (r == 0)
			r = verify_tasks(v, tasks, first, err);
		callgate_tasks_free(tasks);
		if (v->told_count)
			qsort(v->told, v->told_count, sizeof(*v->told), by_row);
		v->told_before = v->told_count;
	}
	return r == 0 && v->code == EXIT_YES ? look_for_bare(v, scope, first, err) : r;
}

static int verify_live(const struct options *options, const char *source, const char *profile, struct verification *v)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum callgate_scope scope;
	pid_t pid;
	int r, code = live_source(options, source, &pid, &scope);

	if (code)
		return code;
	r = look(v, scope, pid, &err);
	free(v->told);
	if (r < 0) {
		fprintf(stderr, "%s: error: %s\n", source, err.text);
		return EXIT_CANNOT;
	}
	if (v->adapted && !v->rows) {
		fflush(stdout);
		fprintf(stderr,
			"callgate: note: %s: adapted: exactly what this engine can say of the profile; what it cannot "
			"is denied, or gets another error, and nothing more is permitted\n",
			source);
	}
	if (v->others && v->accepts == ACCEPT_AT_LEAST && !v->rows) {
		fflush(stdout);
		fprintf(stderr,
			"callgate: note: %s: different: some calls get another error than the profile says; nothing "
			"more is permitted\n",
			source);
	}
	if (!v->rows && strncmp(source, "pid:", 4) != 0 && why_complains(source)) {
		fflush(stdout);
		fprintf(stderr,
			"callgate: note: %s: its profile is tried and not enforced (--complain); what it would deny "
			"passes and is logged\n",
			source);
	}
	if (v->hidden) {
		fflush(stdout);
		fprintf(stderr, "callgate: note: as root: callgate verify --profile %s %spid:%d\n", profile,
			strncmp(source, "pid:", 4) == 0 ? "" : "--caps container ", (int)v->hidden);
	}
	if (v->unseen) {
		fflush(stdout);
		callgate_tasks_unseen(v->unseen, &err);
		fprintf(stderr, "%s: error: %s\n", source, err.text);
		return v->code == EXIT_NO ? EXIT_NO : EXIT_CANNOT;
	}
	if (!v->told_count) {
		fprintf(stderr, "%s: error: no task was found\n", source);
		return EXIT_CANNOT;
	}
	return v->code;
}

/* The record is that of the container that runs. LXC's names are unique below one lxcpath only. */
static int check_recorded(const struct options *options, const char *source, const struct why_recorded *recorded)
{
	pid_t pid;

	if (strncmp(source, "lxc:", 4) != 0)
		return EXIT_YES;
	if (lxc_init_pid(source + 4, options->lxcpath, &pid) != EXIT_YES)
		return EXIT_CANNOT;
	if (!recorded->pid || recorded->pid == pid)
		return EXIT_YES;
	report("the record about %s is of another start, or of another container of this name (process %d, not %d); "
	       "--profile says what to compare with",
	       source, (int)recorded->pid, (int)pid);
	return EXIT_CANNOT;
}

static int take_recorded(struct options *options, const char *source, struct request *request, char path[4096])
{
	struct why_recorded recorded;
	enum callgate_scope scope;
	pid_t pid;

	if (why_record(source, &recorded)) {
		/* What the engine cannot say is stricter, or another errno: that is its nature. */
		request->accepts = ACCEPT_AT_LEAST;
		options->target.caps = recorded.caps;
		memcpy(path, recorded.profile, sizeof(recorded.profile));
		memcpy(request->output_digest, recorded.output_digest, sizeof(request->output_digest));
		return check_recorded(options, source, &recorded);
	}
	if (live_source(options, source, &pid, &scope) != EXIT_YES)
		return EXIT_CANNOT;
	report("no hook has left a record about %s; --profile says what to compare with", source);
	why_hint_owner(source);
	return EXIT_CANNOT;
}

/* What a container is compared with: the profile that was named, for the capabilities that it has; else what its hook
 * recorded. */
static int choose_profile(struct options *options, const char *source, struct request *request, char path[4096])
{
	if (!request->profile)
		return take_recorded(options, source, request, path);
	snprintf(path, 4096, "%s", request->profile);
	if (!options->caps_of_container && (options->has_caps || strncmp(source, "pid:", 4) == 0))
		return EXIT_YES;
	return caps_look_up(options, source);
}

/* One source; into document when that is not NULL. */
static int verify_source(struct options *options, struct request request, const char *source,
			 struct json_object *document)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	struct verification v = { .code = EXIT_YES };
	char profile[4096];
	int code = choose_profile(options, source, &request, profile);

	if (!code)
		code = profile_resolve(options, profile, &filter);
	if (code)
		return code;
	v.accepts = request.accepts;
	v.named = request.several ? source : NULL;
	v.profile = filter;
	v.output_digest = request.profile ? NULL : request.output_digest;
	if (document) {
		v.rows = json_object_new_array();
		json_object_object_add(document, "profile", text_to_json(profile));
		json_object_object_add(document, "source", text_to_json(source));
		json_object_object_add(document, "tasks", v.rows);
	}
	return verify_live(options, source, profile, &v);
}

/* One document for one source as ever; for several a list. */
static int verify_all(struct options *options, struct request request, int count, char **sources)
{
	struct json_object *root = options->json ? document("verify") : NULL, *list = NULL;
	int worst = EXIT_YES;

	if (root && count > 1) {
		list = json_object_new_array();
		json_object_object_add(root, "sources", list);
	}
	request.several = count > 1;
	for (int i = 0; i < count; i++) {
		struct json_object *one = list ? json_object_new_object() : root;
		int code = verify_source(options, request, sources[i], one);

		if (list)
			json_object_array_add(list, one);
		if (code > worst)
			worst = code;
	}
	if (root)
		answers_to_json(root);
	if (root && print_document(root) != 0)
		return EXIT_CANNOT;
	return finish_output(worst);
}

static int take_own(void *data, int option, const char *value)
{
	struct request *request = data;

	if (option == OPT_PROFILE)
		request->profile = value;
	else if (option == OPT_ALL)
		request->all = true;
	else if (option == OPT_TASKS)
		request->tasks = true;
	else
		request->accepts = ACCEPT_AT_LEAST;
	return 0;
}

/* What is wrong with the options; NULL: nothing. */
static const char *unfit(const struct request *request, int words)
{
	if (!request->all && request->tasks)
		return "--tasks belongs to --all";
	if (!request->all)
		return words ? NULL : "no live source is named: pid:N, lxc:NAME, oci:ID or --all";
	if (words)
		return "--all takes no source";
	return request->profile ? "--all and --profile exclude each other: each container has its own" : NULL;
}

int verb_verify(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		OPTIONS_LIVE,
		{ "profile", required_argument, NULL, OPT_PROFILE },
		{ "at-least", no_argument, NULL, OPT_AT_LEAST },
		{ "all", no_argument, NULL, OPT_ALL },
		{ "tasks", no_argument, NULL, OPT_TASKS },
		OPTIONS_END,
	};
	struct request request = { .accepts = ACCEPT_EXACT };
	struct command_line line = { known, "h", take_own, &request };
	struct options options;
	const char *why;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	why = unfit(&request, argc - optind);
	if (why)
		return verb_usage(verb, why);
	if (request.all)
		return verify_host(&options, request.tasks ? HOST_ROWS_ALL : HOST_ROWS_WORSE);
	for (int i = optind; i < argc; i++) {
		if (is_live_source(argv[i]))
			continue;
		report("'%s' is not a live source; 'callgate diff' compares files", argv[i]);
		return EXIT_CANNOT;
	}
	why_look_in(options.lxcpath);
	return verify_all(&options, request, argc - optind, argv + optind);
}
