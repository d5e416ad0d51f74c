/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate hook for LXC: a container's lines for the hook in its configuration, written, shown and taken away. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/private.h"
#include "tool/hook.h"
#include "tool/state_record.h"

/* ------------------------------------------------------------------ the configuration */

static bool has_control(const char *text)
{
	while (*text && !iscntrl((unsigned char)*text))
		text++;
	return *text;
}

static int config_path(const struct options *options, const char *name, char *path, size_t size)
{
	const char *lxcpath = options->lxcpath ? options->lxcpath : lxc_default_path();

	/* What the kernel and LXC take, and a terminal does not, is no name that somebody gave in earnest. */
	if (!name[0] || name[0] == '.' || strchr(name, '/') || has_control(name)) {
		report("'%s' is not a valid container name", name);
		return EXIT_CANNOT;
	}
	if (snprintf(path, size, "%s%s/%s/config", lxcpath[0] == '/' ? "" : "./", lxcpath, name) >= (int)size) {
		report("the path of %s's configuration is too long", name);
		return EXIT_CANNOT;
	}
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		report("there is no container lxc:%s in %s", name, lxcpath);
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

static int read_config(const char *path, struct callgate_lxc_file *out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (callgate_lxc_file_read(path, out, &err) == 0)
		return EXIT_YES;
	report_err(&err);
	return EXIT_CANNOT;
}

/* ------------------------------------------------------------------ the lines */

/* LXC hands a hook line to a shell: only words that mean themselves there are written. */
static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

	return word[0] && word[strspn(word, plain)] == '\0';
}

/* The profile, as a word for the hook line and as the file that the hook will read. */
static int plan_profile(const char *profile, struct lxc_plan *plan)
{
	int code = hook_profile(profile, plan->profile, plan->file);

	if (code || is_plain(plan->profile))
		return code;
	report("'%s' cannot be used on a hook line: it has characters that a shell interprets", plan->profile);
	return EXIT_CANNOT;
}

/* No lxc.hook.version here: it would change how the container's other hooks are called, and ours takes either. */
static int make_block(const struct hook_request *request, const char *profile, char *block, size_t size)
{
	const char *more = request->complain                           ? " --complain"
			   : request->manner == CALLGATE_LXC_INJECT    ? " --inject"
			   : request->proof == CALLGATE_PROOF_REQUIRED ? ""
								       : " --unverified";
	struct callgate_err err = CALLGATE_ERR_INIT;
	char output[PATH_MAX], line[PATH_MAX], caps[PATH_MAX] = "";

	if (callgate_state_text_path(request->name, output, sizeof(output), &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	if (strcmp(request->caps, "container") != 0)
		snprintf(caps, sizeof(caps), " --caps %s", request->caps);
	if (snprintf(line, sizeof(line), "%s/lxc/hooks/callgate --profile %s%s%s%s%s", LIBEXECDIR, profile, caps, more,
		     request->log ? " --log" : "", request->record ? " --record" : "") >= (int)sizeof(line) ||
	    snprintf(block, size,
		     "" LXC_LINES_BEGIN "lxc.seccomp.profile = %s\nlxc.seccomp.allow_nesting = 1\n"
		     "lxc.hook.pre-start = %s\nlxc.hook.start-host = %s\nlxc.hook.clone = %s\nlxc.hook.destroy = "
		     "%s\n" LXC_LINES_END,
		     output, line, line, line, line) >= (int)size) {
		report("the hook's lines are too long");
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

/* ------------------------------------------------------------------ install */

/* Reads the configuration and finds our lines in it. */
static int open_config(const struct options *options, const char *name, char path[PATH_MAX],
		       struct callgate_lxc_file *file, struct lines *lines)
{
	int code = config_path(options, name, path, PATH_MAX);

	if (!code)
		code = read_config(path, file);
	return code ? code : lxc_find_lines(path, file, lines);
}

/* The word behind "--profile " in our lines; "": there is none. */
static void said_profile(const char *block, char *word, size_t size)
{
	const char *at = strstr(block, "--profile ");
	size_t n = at ? strcspn(at + 10, " \n") : 0;

	snprintf(word, size, "%.*s", (int)n, at ? at + 10 : "");
}

/* Which profile: the one that was named, else the one that is installed already, else the one for such a container. */
static int choose_profile(const struct options *options, struct hook_request *request, struct lxc_plan *plan,
			  char installed[PATH_MAX])
{
	const char *why, *proposed = lxc_propose(&plan->config, &why);
	int code;

	installed[0] = '\0';
	if (plan->lines.first < plan->lines.last)
		said_profile(plan->text + plan->lines.first, installed, PATH_MAX);
	if (!request->profile && installed[0]) {
		fprintf(stderr, "callgate: note: no --profile: %s stays\n", installed);
		request->profile = installed;
	} else if (!request->profile) {
		proposed = lxc_propose_tighter(options, plan, &why);
		fprintf(stderr, "callgate: note: no --profile: %s is taken, because %s\n", proposed, why);
		request->profile = proposed;
	} else if (strncmp(proposed, "system-", 7) == 0 && !strstr(request->profile, "system-container")) {
		fprintf(stderr, "callgate: note: %s: the profile '%s' is made for such containers\n", why, proposed);
	}
	code = plan_profile(request->profile, plan);
	if (code)
		return code;
	if (is_plain(request->caps))
		return EXIT_YES;
	report("--caps cannot have blanks on a hook line");
	return EXIT_CANNOT;
}

static int install(struct options *options, struct hook_request *request)
{
	CALLGATE_CLEANUP(callgate_lxc_file_release) struct callgate_lxc_file file = CALLGATE_LXC_FILE_INIT;
	struct lxc_plan plan = { .config = CALLGATE_LXC_CONFIG_INIT };
	struct callgate_err err = CALLGATE_ERR_INIT;
	char path[PATH_MAX], block[7 * PATH_MAX], installed[PATH_MAX];
	int code = open_config(options, request->name, path, &file, &plan.lines);

	if (code)
		return code;
	if (callgate_lxc_config_read(path, &plan.config, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	plan.path = path;
	plan.text = file.text;
	plan.owner = file.stat.st_uid;
	code = choose_profile(options, request, &plan, installed);
	if (!code)
		code = lxc_check_install(options, request, &plan);
	if (!code)
		code = make_block(request, plan.profile, block, sizeof(block));
	if (code)
		return code;
	if (request->effect == HOOK_SHOW) {
		fputs(block, stdout);
		return finish_output(EXIT_YES);
	}
	if (plan.lines.last - plan.lines.first == strlen(block) &&
	    memcmp(file.text + plan.lines.first, block, strlen(block)) == 0) {
		printf("%s: nothing to change: profile %s is installed\n", path, plan.profile);
		return finish_output(EXIT_YES);
	}
	code = lxc_write_lines(&file, &plan.lines, block, plan.config.root_uid);
	if (code)
		return code;
	printf("%s: %s callgate's lines: profile %s, capabilities: %s%s%s%s\n", path,
	       plan.lines.first < plan.lines.last ? "replaced" : "added", plan.profile, request->caps,
	       request->complain                           ? ", not enforced (--complain)"
	       : request->manner == CALLGATE_LXC_INJECT    ? ", injected"
	       : request->proof == CALLGATE_PROOF_POSSIBLE ? ", unverified"
							   : "",
	       request->log ? ", logged" : "", request->record ? ", recorded" : "");
	if (lxc_is_running(request->name, options->lxcpath))
		printf("lxc:%s is running: it keeps what it has, a reboot inside included, until lxc-stop and "
		       "lxc-start\n",
		       request->name);
	return finish_output(EXIT_YES);
}

/* ------------------------------------------------------------------ remove */

/* What the hooks keep of a container goes with its lines, unless it still runs: lxc-attach reads the text. */
static void forget(const struct options *options, const char *name)
{
	char state[PATH_MAX], text[PATH_MAX];

	if (callgate_state_path("lxc", name, state, sizeof(state), NULL) < 0 ||
	    callgate_state_text_path(name, text, sizeof(text), NULL) < 0)
		return;
	if (lxc_is_running(name, options->lxcpath)) {
		printf("lxc:%s is running: its filter stays until it stops, and lxc-attach reads %s; once it "
		       "has stopped, the next 'callgate hook install' or 'callgate hook remove' takes that file too\n",
		       name, text);
		return;
	}
	unlink(state);
	unlink(text);
}

/* What was left because the container still ran goes now. */
static int nothing_to_remove(const struct options *options, const struct hook_request *request, const char *name,
			     const char *config)
{
	char path[PATH_MAX];

	if (callgate_state_path("lxc", name, path, sizeof(path), NULL) == 0 && access(path, F_OK) == 0 &&
	    !lxc_is_running(name, options->lxcpath)) {
		forget(options, name);
		printf("lxc:%s: removed what callgate's hooks had recorded\n", name);
	} else if (!request->all) {
		printf("%s: nothing to remove\n", config);
	}
	return EXIT_YES;
}

static int remove_lines(const struct options *options, const struct hook_request *request, const char *name)
{
	CALLGATE_CLEANUP(callgate_lxc_file_release) struct callgate_lxc_file file = CALLGATE_LXC_FILE_INIT;
	struct callgate_lxc_config config = CALLGATE_LXC_CONFIG_INIT;
	char path[PATH_MAX];
	struct lines lines;
	int code = open_config(options, name, path, &file, &lines);

	if (code)
		return code;
	if (request->effect == HOOK_SHOW) {
		fwrite(file.text + lines.first, 1, lines.last - lines.first, stdout);
		return finish_output(EXIT_YES);
	}
	if (lines.first == lines.last)
		return nothing_to_remove(options, request, name, path);
	if (lxc_check_owner(path, file.stat.st_uid, "remove") != EXIT_YES)
		return EXIT_CANNOT;
	/* A configuration that cannot be read through loses our lines all the same. */
	(void)!callgate_lxc_config_read(path, &config, NULL);
	code = lxc_write_lines(&file, &lines, "", config.root_uid);
	if (code)
		return code;
	config = (struct callgate_lxc_config)CALLGATE_LXC_CONFIG_INIT;
	if (callgate_lxc_config_read(path, &config, NULL) == 0)
		printf("%s: removed callgate's lines; at its next start the container gets %s\n", path,
		       config.seccomp[0] ? config.seccomp : "no seccomp filter");
	else
		printf("%s: removed callgate's lines\n", path);
	forget(options, name);
	return EXIT_YES;
}

/* ------------------------------------------------------------------ status */

/* Whether a record is of a start with the profile that the lines name. */
static bool is_of_profile(const char *recorded, const char *profile)
{
	char path[PATH_MAX];

	if (!recorded[0] || profile[0] == '/')
		return !recorded[0] || strcmp(recorded, profile) == 0;
	return callgate_profile_lookup(profile, path, sizeof(path), NULL) < 0 || strcmp(recorded, path) == 0;
}

/* A record that says ready, of a container that does not run: the start ended before anybody looked at its filter. */
static const char *last_result(const struct options *options, const char *name, const char *profile, char *word,
			       size_t size)
{
	struct state_record record;
	char path[PATH_MAX];
	bool of_profile;

	if (callgate_state_path("lxc", name, path, sizeof(path), NULL) < 0 || !state_record_read(path, &record))
		return "not started since";
	of_profile = is_of_profile(record.profile, profile);
	snprintf(word, size, "%s",
		 record.complains && strcmp(record.result, "failed") != 0 ? "complain"
		 : record.result[0]                                       ? record.result
									  : "?");
	state_record_release(&record);
	if (!of_profile)
		return "not started since";
	return strcmp(word, "ready") == 0 && !lxc_is_running(name, options->lxcpath) ? "not started" : word;
}

enum { NO_LINES = -1 }; /* no container that was asked about has ours */

/* One line per container that has our lines. EXIT_NO: it has none, or they will not count. */
static int show(const struct options *options, const struct hook_request *request, const char *name)
{
	CALLGATE_CLEANUP(callgate_lxc_file_release) struct callgate_lxc_file file = CALLGATE_LXC_FILE_INIT;
	char path[PATH_MAX], profile[PATH_MAX], shown[4 * PATH_MAX], word[64], why[2 * PATH_MAX];
	struct lines lines;
	int code = open_config(options, name, path, &file, &lines);
	bool fails;

	if (code)
		return code;
	if (lines.first == lines.last) {
		if (request->name)
			printf("lxc:%s\tnot installed\n", name);
		return request->name ? EXIT_NO : NO_LINES;
	}
	said_profile(file.text + lines.first, profile, sizeof(profile));
	fails = lxc_foresee(path, &file, &lines, why, sizeof(why));
	/* Lines may be another user's. */
	printf("lxc:%s\t%s\t%s\t%s\n", name, callgate_escape(profile, shown, sizeof(shown)),
	       fails                           ? "will not count"
	       : file.stat.st_uid != geteuid() ? "another user's"
					       : last_result(options, name, profile, word, sizeof(word)),
	       path);
	fflush(stdout);
	if (fails)
		report("lxc:%s: %s", name, why);
	return fails ? EXIT_NO : EXIT_YES;
}

/* ------------------------------------------------------------------ all containers */

static int has_config(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The worst of what a callback returns for the containers that are defined below the path. */
static int each(const struct options *options, const struct hook_request *request,
		int (*visit)(const struct options *options, const struct hook_request *request, const char *name))
{
	const char *lxcpath = options->lxcpath ? options->lxcpath : lxc_default_path();
	struct dirent **list;
	int count = scandir(lxcpath, &list, has_config, alphasort), worst = NO_LINES;

	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		int code = NO_LINES;

		if (snprintf(path, sizeof(path), "%s/%s/config", lxcpath, list[i]->d_name) < (int)sizeof(path) &&
		    access(path, F_OK) == 0)
			code = visit(options, request, list[i]->d_name);
		if (code > worst)
			worst = code;
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return worst;
}

/* EXIT_NO: nothing is installed, where the caller asked about LXC alone; or lines will not count. */
static int show_all(const struct options *options, const struct hook_request *request)
{
	int code = each(options, request, show);

	if (code != NO_LINES)
		return code;
	printf("lxc\tnot installed\n");
	return request->runtime ? EXIT_NO : EXIT_YES;
}

int hook_lxc(struct options *options, const char *word, struct hook_request *request)
{
	int code;

	if (strcmp(word, "install") == 0)
		code = install(options, request);
	else if (strcmp(word, "remove") == 0)
		code = request->name ? remove_lines(options, request, request->name)
				     : each(options, request, remove_lines);
	else
		code = request->name ? show(options, request, request->name) : show_all(options, request);
	if (strcmp(word, "status") != 0 && request->effect == HOOK_WRITE)
		lxc_prune();
	return finish_output(code == NO_LINES ? EXIT_YES : code);
}
