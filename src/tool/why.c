/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate why: what a kernel message about seccomp means and what would change it; what a hook has written down. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/tool.h"
#include "runtime/hooks.h"

enum { OPT_LAST = OPT_VERB, OPT_PROFILE };
enum asked { ASKED_LINES, ASKED_LAST };

struct request {
	enum asked asked;
	const char *profile;
	struct callgate_filter *filter; /* of --profile; NULL: none */
	struct callgate_target target;
};

/* ------------------------------------------------------------------ --last */

static void newest_in(const char *dir_path, char *path, size_t size, struct timespec *newest)
{
	DIR *dir = opendir(dir_path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');
		char file[PATH_MAX];
		struct stat st;

		if (entry->d_name[0] == '.' || !dot || strcmp(dot, ".json") != 0)
			continue;
		if (snprintf(file, sizeof(file), "%s/%s", dir_path, entry->d_name) >= (int)sizeof(file) || stat(file, &st) < 0)
			continue;
		if (st.st_mtim.tv_sec < newest->tv_sec ||
		    (st.st_mtim.tv_sec == newest->tv_sec && st.st_mtim.tv_nsec <= newest->tv_nsec))
			continue;
		*newest = st.st_mtim;
		snprintf(path, size, "%s", file);
	}
	if (dir)
		closedir(dir);
}

static const char *word_of(struct json_object *root, const char *key, const char *otherwise)
{
	struct json_object *value;

	return json_object_object_get_ex(root, key, &value) ? json_object_get_string(value) : otherwise;
}

static const char *sentence_of(const char *result)
{
	static const struct {
		const char *result, *sentence;
	} rows[] = {
		{ "ready", "the profile was handed over and has not been verified yet" },
		{ "verified", "the first process runs under what the profile says" },
		{ "unverified", "it could not be verified; the settings let it run unverified" },
		{ "finished", "it ended before it could be verified" },
		{ "failed", "it was not started, or was killed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].result, result) == 0)
			return rows[i].sentence;
	return result;
}

static int tell_state(const char *path)
{
	struct json_object *root = json_object_from_file(path), *messages;
	const char *result;

	if (!root) {
		report("cannot read %s", path);
		return EXIT_CANNOT;
	}
	result = word_of(root, "result", "?");
	printf("%s:%s, %s, %s\n", word_of(root, "engine", "?"), word_of(root, "id", "?"), word_of(root, "hook", "?"), word_of(root, "time", "?"));
	printf("%s: %s\n", result, sentence_of(result));
	printf("profile: %s\n", word_of(root, "profile", "none was found"));
	if (json_object_object_get_ex(root, "messages", &messages) && json_object_is_type(messages, json_type_array))
		for (size_t i = 0; i < json_object_array_length(messages); i++)
			printf("%s\n", json_object_get_string(json_object_array_get_idx(messages, i)));
	printf("(%s)\n", path);
	json_object_put(root);
	return finish_output(EXIT_YES);
}

static int tell_last(void)
{
	static const char *const engines[] = { "lxc", "oci" };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct timespec newest = { 0 };
	char path[PATH_MAX] = "", dir[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		if (callgate_state_path(engines[i], "x", dir, sizeof(dir), &err) < 0) {
			report_err(&err);
			return EXIT_CANNOT;
		}
		*strrchr(dir, '/') = '\0';
		newest_in(dir, path, sizeof(path), &newest);
	}
	if (path[0])
		return tell_state(path);
	report("no hook has left a record");
	return EXIT_NO;
}

/* ------------------------------------------------------------------ lines */

/* What a line says. */
struct event {
	uint32_t arch, nr, code;
	unsigned signal;
	pid_t pid;
	char command[64];
};

/* The value of " key=" in a line; false: there is none. */
static bool field(const char *line, const char *key, char *buf, size_t size)
{
	size_t length = strlen(key);

	for (const char *at = line; (at = strstr(at, key)); at += length) {
		size_t n;

		if ((at != line && at[-1] != ' ') || at[length] != '=')
			continue;
		at += length + 1;
		n = *at == '"' ? strcspn(++at, "\"") : strcspn(at, " \n");
		snprintf(buf, size, "%.*s", (int)n, at);
		return true;
	}
	return false;
}

static bool number(const char *line, const char *key, int base, uint32_t *out)
{
	char text[32], *end;
	unsigned long value;

	if (!field(line, key, text, sizeof(text)))
		return false;
	value = strtoul(text, &end, base);
	if (end == text || *end || value > UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

/* What the kernel does not print as it is stands in hexadecimal, without quotes. */
static void unhex(const char *line, char *text)
{
	size_t size = strlen(text), n = 0;
	unsigned byte;

	if (!strstr(line, " comm=") || strstr(line, " comm=\"") || size % 2 || strspn(text, "0123456789ABCDEF") != size)
		return;
	for (; n < size / 2 && sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
		text[n] = (char)byte;
	text[n] = '\0';
}

static bool parse(const char *line, struct event *out)
{
	uint32_t pid = 0, sig = 0;

	*out = (struct event){ .arch = 0 };
	if (!strstr(line, "type=SECCOMP") && !strstr(line, "type=1326"))
		return false;
	if (!number(line, "arch", 16, &out->arch) || !number(line, "syscall", 10, &out->nr) || !number(line, "code", 0, &out->code))
		return false;
	if (number(line, "pid", 10, &pid))
		out->pid = (pid_t)pid;
	if (number(line, "sig", 10, &sig))
		out->signal = sig;
	if (!field(line, "comm", out->command, sizeof(out->command)))
		snprintf(out->command, sizeof(out->command), "?");
	unhex(line, out->command);
	for (char *at = out->command; *at; at++)
		if ((unsigned char)*at < ' ' || (unsigned char)*at >= 0x7f)
			*at = '?';
	return true;
}

/* Which line of the profile decides such calls, and for what. */
static void tell_profile(const struct callgate_filter *filter, const struct callgate_pattern *pattern)
{
	size_t count;
	struct callgate_outcome *outcomes = outcomes_list(filter, pattern, &count);

	if (!outcomes)
		printf("  profile: too many conditions to list\n");
	for (size_t i = 0; i < count; i++) {
		char word[64], place[512];

		origin_format(&outcomes[i].origin, place, sizeof(place));
		printf("  profile: %s%s%s: %s\n", outcome_word(&outcomes[i], word, sizeof(word)), outcomes[i].conditions[0] ? " if " : "",
		       outcomes[i].conditions, place);
	}
	free(outcomes);
}

/* The state file of "oci:0123456789ab" or "lxc:NAME": OCI's ids are longer than what cgroups are called by here. */
static struct json_object *state_of(const char *container)
{
	struct json_object *root = NULL;
	struct dirent *entry;
	char engine[8], path[PATH_MAX];
	const char *id = container + 4;
	DIR *dir;

	snprintf(engine, sizeof(engine), "%.3s", container);
	if (callgate_state_path(engine, "x", path, sizeof(path), NULL) < 0)
		return NULL;
	*strrchr(path, '/') = '\0';
	dir = opendir(path);
	while (dir && !root && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');
		char file[PATH_MAX + 300];

		if (!dot || strcmp(dot, ".json") != 0 || strncmp(entry->d_name, id, strlen(id)) != 0)
			continue;
		if (strcmp(engine, "oci") != 0 && strlen(id) != (size_t)(dot - entry->d_name))
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		root = json_object_from_file(file);
	}
	if (dir)
		closedir(dir);
	return root;
}

/* What the hook resolved for the container, resolved again. */
static void tell_container_profile(const struct callgate_target *host, const char *container, const struct callgate_pattern *pattern)
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	struct json_object *root = state_of(container), *caps;
	struct callgate_target target = *host;
	const char *profile = root ? word_of(root, "profile", NULL) : NULL;
	uint64_t cap;

	target.caps = 0;
	if (root && json_object_object_get_ex(root, "caps", &caps) && json_object_is_type(caps, json_type_array))
		for (size_t i = 0; i < json_object_array_length(caps); i++)
			if (callgate_caps_parse(json_object_get_string(json_object_array_get_idx(caps, i)), &cap, NULL) == 0)
				target.caps |= cap;
	if (profile && callgate_policy_read(profile, &policy, NULL, NULL) == 0 &&
	    callgate_filter_resolve(policy, &target, &filter, NULL, NULL) == 0)
		tell_profile(filter, pattern);
	json_object_put(root);
}

static void tell_change(const struct event *event, const char *name)
{
	enum { ACTION = 0xffff0000u, LOG = 0x7ffc0000u };

	if ((event->code & ACTION) == LOG)
		printf("  nothing was refused: the profile only logs it\n");
	else if (name)
		printf("  the smallest change that lets it pass, if it should: { \"names\": [\"%s\"], \"action\": \"SCMP_ACT_ALLOW\" } before other "
		       "rules for it, with \"args\" as narrow as the program allows\n", name);
	else
		printf("  no call of that number is known: nothing to allow by name\n");
}

static int tell_event(const struct request *request, const struct event *event)
{
	struct callgate_pattern pattern = { .nr = event->nr };
	char container[300], action[64];
	const char *name;

	if (callgate_abi_by_audit(event->arch, event->nr, &pattern.abi) < 0) {
		printf("call %u of an architecture that is not known here (0x%08x)\n", event->nr, event->arch);
		return EXIT_YES;
	}
	name = callgate_syscall_name(pattern.abi, event->nr);
	callgate_action_format(callgate_action_from_word(event->code), action, sizeof(action));
	printf("%s%s%u%s of %s: %s\n", name ? name : "call ", name ? " (" : "", event->nr, name ? ")" : "", callgate_abi_name(pattern.abi), action);
	printf("  by process %d (%s)", (int)event->pid, event->command);
	if (event->pid <= 0 || callgate_task_container(event->pid, container, sizeof(container)) < 0)
		container[0] = '\0';
	printf("%s%s", container[0] ? " of " : "", container);
	printf(event->signal ? ", signal %u\n" : "\n", event->signal);
	if (request->filter)
		tell_profile(request->filter, &pattern);
	else if (container[0])
		tell_container_profile(&request->target, container, &pattern);
	tell_change(event, name);
	return EXIT_YES;
}

static int tell_stream(const struct request *request, FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	int code = EXIT_NO;

	while (getline(&line, &room, file) > 0) {
		struct event event;

		if (parse(line, &event))
			code = tell_event(request, &event);
	}
	free(line);
	if (code != EXIT_YES)
		report("no line about seccomp was found");
	return finish_output(code);
}

static int tell_words(const struct request *request, int count, char **words)
{
	for (int i = 0; i < count; i++) {
		struct event event;

		if (!parse(words[i], &event)) {
			report("not a kernel message about seccomp: %.200s", words[i]);
			return EXIT_CANNOT;
		}
		tell_event(request, &event);
	}
	return finish_output(EXIT_YES);
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
		{ "help", no_argument, NULL, OPT_HELP }, OPTIONS_TARGET, { "last", no_argument, NULL, OPT_LAST },
		{ "profile", required_argument, NULL, OPT_PROFILE }, OPTIONS_END,
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
		return argc == optind ? tell_last() : verb_usage(verb);
	if (request.profile && (code = source_open(&options, request.profile, &filter, &kind)) > 0)
		return code;
	request.filter = filter;
	request.target = options.target;
	if (argc == optind || (argc - optind == 1 && strcmp(argv[optind], "-") == 0))
		return tell_stream(&request, stdin);
	return tell_words(&request, argc - optind, argv + optind);
}
