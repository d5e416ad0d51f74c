/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate hook for LXC: a container's lines for the hook in its configuration, written, shown and taken away. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/hook.h"

/* Our lines stand between these, at the end of the file: behind every include, so that what they set is what counts. */
static const char begin_line[] =
	"# callgate: begin. Written by 'callgate hook install'; 'callgate hook remove' takes it away.\n";
static const char begin_mark[] = "# callgate: begin";
static const char end_line[] = "# callgate: end\n";

struct text {
	char *at;
	size_t size;
	mode_t mode;
	uid_t owner;
};

static void text_cleanup(struct text *text)
{
	free(text->at);
}

/* ------------------------------------------------------------------ the configuration */

static int config_path(const struct options *options, const char *name, char *path, size_t size)
{
	const char *lxcpath = options->lxcpath ? options->lxcpath : lxc_default_path();

	if (!name[0] || name[0] == '.' || strchr(name, '/')) {
		report("'%s' is not a valid container name", name);
		return EXIT_CANNOT;
	}
	if (snprintf(path, size, "%s%s/%s/config", lxcpath[0] == '/' ? "" : "./", lxcpath, name) >= (int)size) {
		report("the path of %s's configuration is too long", name);
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

static int read_config(const char *path, struct text *out)
{
	FILE *file = fopen(path, "re");
	struct stat st;
	size_t room = 0;

	if (!file || fstat(fileno(file), &st) < 0 || !S_ISREG(st.st_mode)) {
		report("cannot read the container's configuration %s: %s", path,
		       file ? "not a regular file" : strerror(errno));
		if (file)
			fclose(file);
		return EXIT_CANNOT;
	}
	out->mode = st.st_mode & 07777;
	out->owner = st.st_uid;
	for (;;) {
		if (room - out->size < 4096) {
			char *at = realloc(out->at, room = room * 2 + 8192);

			if (!at)
				break;
			out->at = at;
		}
		out->size += fread(out->at + out->size, 1, room - out->size - 1, file);
		if (feof(file) || ferror(file))
			break;
	}
	if (!out->at || !feof(file)) {
		report("cannot read %s", path);
		fclose(file);
		return EXIT_CANNOT;
	}
	fclose(file);
	out->at[out->size] = '\0';
	return EXIT_YES;
}

/* Our block; both its ends are the text's when there is none. */
static int find_block(const char *path, const struct text *text, struct lines *lines)
{
	const char *at = strstr(text->at, begin_mark), *end;

	lines->first = lines->last = text->size;
	if (!at)
		return EXIT_YES;
	end = strstr(at, end_line);
	if (!end || strstr(at + 1, begin_mark)) {
		report("%s: the lines between '%s' and '# callgate: end' have been edited; restore or remove them by "
		       "hand",
		       path, begin_mark);
		return EXIT_CANNOT;
	}
	lines->first = (size_t)(at - text->at);
	lines->last = (size_t)(end - text->at) + sizeof(end_line) - 1;
	return EXIT_YES;
}

/* The text without lines and with block behind it. */
static int write_config(const char *path, const struct text *text, const struct lines *lines, const char *block)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct text made = { 0 };
	char full[PATH_MAX];
	int r;

	/* A link is followed: what it points to is what LXC reads. */
	if (!realpath(path, full)) {
		report("%s: %s", path, strerror(errno));
		return EXIT_CANNOT;
	}
	made.at = malloc(text->size + strlen(block) + 2);
	if (!made.at) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	memcpy(made.at, text->at, lines->first);
	memcpy(made.at + lines->first, text->at + lines->last, text->size - lines->last);
	made.size = lines->first + text->size - lines->last;
	if (made.size && made.at[made.size - 1] != '\n' && block[0])
		made.at[made.size++] = '\n';
	memcpy(made.at + made.size, block, strlen(block));
	made.size += strlen(block);
	r = callgate_file_write(full, made.at, made.size, text->mode, &err);
	free(made.at);
	if (r < 0)
		report_err(&err);
	return r < 0 ? EXIT_CANNOT : EXIT_YES;
}

/* ------------------------------------------------------------------ the lines */

/* LXC hands a hook line to a shell: only words that mean themselves there are written. */
static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

	return word[0] && word[strspn(word, plain)] == '\0';
}

/* A path is made absolute, a bare name stays one. */
static int profile_word(const char *profile, char *word, size_t size)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char path[PATH_MAX];

	if (!strchr(profile, '/')) {
		if (callgate_profile_lookup(profile, path, sizeof(path), &err) < 0) {
			report_err(&err);
			return EXIT_CANNOT;
		}
		snprintf(path, sizeof(path), "%s", profile);
	} else if (!realpath(profile, path)) {
		report("%s: %s", profile, strerror(errno));
		return EXIT_CANNOT;
	}
	if (!is_plain(path) || snprintf(word, size, "%s", path) >= (int)size) {
		report("'%s' cannot be used on a hook line: it has characters that a shell interprets", path);
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

/* No lxc.hook.version here: it would change how the container's other hooks are called, and ours takes either. */
static int make_block(const struct hook_request *request, const char *profile, char *block, size_t size)
{
	const char *more = request->complain                  ? " --complain"
			   : request->means == MEANS_INJECT   ? " --inject"
			   : request->proof == PROOF_REQUIRED ? ""
							      : " --unverified";
	struct callgate_err err = CALLGATE_ERR_INIT;
	char output[PATH_MAX], line[PATH_MAX], caps[PATH_MAX] = "";

	if (callgate_state_path("lxc", request->name, output, sizeof(output), &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	*strrchr(output, '.') = '\0';
	if (strcmp(request->caps, "container") != 0)
		snprintf(caps, sizeof(caps), " --caps %s", request->caps);
	if (snprintf(line, sizeof(line), "%s/lxc/hooks/callgate --profile %s%s%s%s%s", LIBEXECDIR, profile, caps, more,
		     request->log ? " --log" : "", request->record ? " --record" : "") >= (int)sizeof(line) ||
	    snprintf(
		    block, size,
		    "%slxc.seccomp.profile = %s.seccomp\nlxc.seccomp.allow_nesting = 1\n"
		    "lxc.hook.pre-start = %s\nlxc.hook.start-host = %s\nlxc.hook.clone = %s\nlxc.hook.destroy = %s\n%s",
		    begin_line, output, line, line, line, line, end_line) >= (int)size) {
		report("the hook's lines are too long");
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

/* ------------------------------------------------------------------ install */

/* Reads the configuration and finds our lines in it. */
static int open_config(const struct options *options, const char *name, char path[PATH_MAX], struct text *text,
		       struct lines *lines)
{
	int code = config_path(options, name, path, PATH_MAX);

	if (!code)
		code = read_config(path, text);
	return code ? code : find_block(path, text, lines);
}

/* Which profile: the one that was named, else the one for such a container. */
static int choose_profile(struct hook_request *request, struct lxc_plan *plan)
{
	const char *why, *proposed = lxc_propose(&plan->config, &why);
	int code;

	if (!request->profile) {
		fprintf(stderr, "callgate: note: no --profile: %s is taken, because %s\n", proposed, why);
		request->profile = proposed;
	} else if (strncmp(proposed, "system-", 7) == 0 && !strstr(request->profile, "system-container")) {
		fprintf(stderr, "callgate: note: %s: the profile '%s' is made for such containers\n", why, proposed);
	}
	code = profile_word(request->profile, plan->profile, sizeof(plan->profile));
	if (code)
		return code;
	if (is_plain(request->caps))
		return EXIT_YES;
	report("--caps cannot have blanks on a hook line");
	return EXIT_CANNOT;
}

static int install(struct options *options, struct hook_request *request)
{
	CALLGATE_CLEANUP(text_cleanup) struct text text = { 0 };
	struct lxc_plan plan = { .config = CALLGATE_LXC_CONFIG_INIT };
	struct callgate_err err = CALLGATE_ERR_INIT;
	char path[PATH_MAX], block[7 * PATH_MAX];
	int code = open_config(options, request->name, path, &text, &plan.lines);

	if (code)
		return code;
	if (callgate_lxc_config_read(path, &plan.config, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	plan.path = path;
	plan.text = text.at;
	plan.owner = text.owner;
	code = choose_profile(request, &plan);
	if (!code)
		code = lxc_check_install(options, request, &plan);
	if (!code)
		code = make_block(request, plan.profile, block, sizeof(block));
	if (code)
		return code;
	if (request->manner == HOOK_SHOW) {
		fputs(block, stdout);
		return finish_output(EXIT_YES);
	}
	if (text.size - (plan.lines.last - plan.lines.first) + strlen(block) == text.size &&
	    memcmp(text.at + plan.lines.first, block, strlen(block)) == 0) {
		printf("%s: nothing to change: profile %s is installed\n", path, plan.profile);
		return finish_output(EXIT_YES);
	}
	code = write_config(path, &text, &plan.lines, block);
	if (code)
		return code;
	printf("%s: %s callgate's lines: profile %s, capabilities: %s\n", path,
	       plan.lines.first < plan.lines.last ? "replaced" : "added", plan.profile, request->caps);
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
	char path[PATH_MAX];

	if (callgate_state_path("lxc", name, path, sizeof(path) - 4, NULL) < 0)
		return;
	if (lxc_is_running(name, options->lxcpath)) {
		printf("lxc:%s is running: its filter stays until it stops, and lxc-attach reads %.*s.seccomp\n", name,
		       (int)(strrchr(path, '.') - path), path);
		return;
	}
	unlink(path);
	strcpy(strrchr(path, '.'), ".seccomp");
	unlink(path);
}

static int remove_lines(const struct options *options, const struct hook_request *request, const char *name)
{
	CALLGATE_CLEANUP(text_cleanup) struct text text = { 0 };
	struct callgate_lxc_config config = CALLGATE_LXC_CONFIG_INIT;
	char path[PATH_MAX];
	struct lines lines;
	int code = open_config(options, name, path, &text, &lines);

	if (code)
		return code;
	if (request->manner == HOOK_SHOW) {
		fwrite(text.at + lines.first, 1, lines.last - lines.first, stdout);
		return finish_output(EXIT_YES);
	}
	if (lines.first == lines.last) {
		if (!request->all)
			printf("%s: nothing to remove\n", path);
		return EXIT_YES;
	}
	code = write_config(path, &text, &lines, "");
	if (code)
		return code;
	if (callgate_lxc_config_read(path, &config, NULL) == 0)
		printf("%s: removed callgate's lines; at its next start the container gets %s\n", path,
		       config.seccomp[0] ? config.seccomp : "no seccomp filter");
	forget(options, name);
	return EXIT_YES;
}

/* ------------------------------------------------------------------ status */

/* The word behind "--profile " in our lines. */
static void said_profile(const char *block, char *word, size_t size)
{
	const char *at = strstr(block, "--profile ");
	size_t n = at ? strcspn(at + 10, " \n") : 0;

	snprintf(word, size, "%.*s", (int)n, at ? at + 10 : "");
}

/* A record that says ready, of a container that does not run: the start ended before anybody looked at its filter. */
static const char *last_result(const struct options *options, const char *name, char *word, size_t size)
{
	struct json_object *root, *value;
	char path[PATH_MAX], *text;
	size_t length;

	if (callgate_state_path("lxc", name, path, sizeof(path), NULL) < 0 ||
	    callgate_file_read_trusted(path, &text, &length, NULL) < 0)
		return "not started since";
	root = json_tokener_parse(text);
	free(text);
	snprintf(word, size, "%s",
		 root && json_object_object_get_ex(root, "result", &value) ? json_object_get_string(value) : "?");
	json_object_put(root);
	return strcmp(word, "ready") == 0 && !lxc_is_running(name, options->lxcpath) ? "not started" : word;
}

/* One line per container that has our lines. EXIT_NO: it has none. */
static int show(const struct options *options, const char *name)
{
	CALLGATE_CLEANUP(text_cleanup) struct text text = { 0 };
	char path[PATH_MAX], profile[PATH_MAX], word[64];
	struct lines lines;
	int code = open_config(options, name, path, &text, &lines);

	if (code || lines.first == lines.last)
		return code ? code : EXIT_NO;
	said_profile(text.at + lines.first, profile, sizeof(profile));
	printf("lxc:%s\t%s\t%s\t%s\n", name, profile, last_result(options, name, word, sizeof(word)), path);
	return EXIT_YES;
}

/* ------------------------------------------------------------------ all containers */

static int has_config(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A callback per container that is defined below the path. */
static int each(const struct options *options, const struct hook_request *request,
		int (*visit)(const struct options *options, const struct hook_request *request, const char *name))
{
	const char *lxcpath = options->lxcpath ? options->lxcpath : lxc_default_path();
	struct dirent **list;
	int count = scandir(lxcpath, &list, has_config, alphasort), worst = EXIT_YES;

	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		int code = EXIT_YES;

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

static int show_one(const struct options *options, const struct hook_request *request, const char *name)
{
	(void)request;
	return show(options, name) == EXIT_CANNOT ? EXIT_CANNOT : EXIT_YES;
}

int hook_lxc(struct options *options, const char *word, struct hook_request *request)
{
	int code;

	if (strcmp(word, "install") == 0)
		return install(options, request);
	if (strcmp(word, "remove") == 0)
		code = request->name ? remove_lines(options, request, request->name)
				     : each(options, request, remove_lines);
	else if (!request->name)
		code = each(options, request, show_one);
	else
		code = show(options, request->name);
	if (code == EXIT_NO && request->name && strcmp(word, "status") == 0)
		printf("lxc:%s\tnot installed\n", request->name);
	return finish_output(code);
}
