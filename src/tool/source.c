/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Source: from a SOURCE word of the command line to a filter. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/hooks.h"
#include "tool/tool.h"

void policy_cleanup(struct callgate_policy **policy)
{
	*policy = callgate_policy_free(*policy);
}

void filter_cleanup(struct callgate_filter **filter)
{
	*filter = callgate_filter_free(*filter);
}

void notes_cleanup(struct callgate_notes **notes)
{
	*notes = callgate_notes_free(*notes);
}

void prog_cleanup(struct callgate_prog **prog)
{
	*prog = callgate_prog_free(*prog);
}

enum { ENV_ALLOW, ENV_DENY, ENV_ACTION };
static const char *const env_names[] = { "SECCOMP_SYSCALL_ALLOW", "SECCOMP_SYSCALL_DENY", "SECCOMP_DEFAULT_ACTION" };

void profile_forget(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(env_names) && strcmp(text, "env:") == 0; i++)
		unsetenv(env_names[i]);
}

const char *profile_said(const struct options *options, const char *profile)
{
	bool words = options->words.allow || options->words.deny || options->words.fallback;

	if (words == (profile != NULL)) {
		report(words ? "--profile cannot be combined with --allow, --deny or --default"
			     : "one of --profile, --allow, --deny or --default is required");
		return NULL;
	}
	return words ? WORDS_SOURCE : profile;
}

/* A word without '/' that is no file here. */
static int look_up_name(const char *text, char *path, size_t size, struct callgate_err *err)
{
	char why[sizeof(err->text)];
	int r;

	if (is_live_source(text) || strncmp(text, "bpf:", 4) == 0) {
		err->code = CALLGATE_E_ARG;
		snprintf(err->text, sizeof(err->text),
			 "'%.100s': a file or the name of a profile is needed here; explain, diff, meet and lock take "
			 "other sources too",
			 text);
		return err->code;
	}
	r = callgate_profile_lookup(text, path, size, err);
	if (r == CALLGATE_E_NOTFOUND && strchr(text, '.')) {
		snprintf(why, sizeof(why), "%s", err->text);
		snprintf(err->text, sizeof(err->text), "no file '%.100s' here, and %.350s", text, why);
	}
	return r;
}

int profile_path(const char *text, char *path, size_t size, struct callgate_err *err)
{
	struct stat st;

	if (strcmp(text, "-") != 0 && !strchr(text, '/') && (stat(text, &st) < 0 || S_ISDIR(st.st_mode)))
		return look_up_name(text, path, size, err);
	if (strlen(text) >= size) {
		err->code = CALLGATE_E_ARG;
		snprintf(err->text, sizeof(err->text), "path '%.64s...' is too long", text);
		return err->code;
	}
	strcpy(path, text);
	return 0;
}

int profile_open(const struct options *options, const char *text, struct callgate_policy **out,
		 struct callgate_notes *notes, struct callgate_err *err)
{
	char path[4096];
	int r;

	if (strcmp(text, "env:") == 0)
		return callgate_policy_env(getenv(env_names[ENV_ALLOW]), getenv(env_names[ENV_DENY]),
					   getenv(env_names[ENV_ACTION]), out, notes, err);
	if (strcmp(text, WORDS_SOURCE) == 0)
		return callgate_policy_lists(&options->words, out, notes, err);
	r = profile_path(text, path, sizeof(path), err);
	if (r == 0)
		r = callgate_policy_read_as(path, options->target.reader, out, notes, err);
	/* Behind the reading, whose messages are the better ones: who could change it then still can. */
	if (r < 0 || !options->loads)
		return r;
	r = callgate_file_check_root(path, err);
	if (r < 0)
		*out = callgate_policy_free(*out);
	return r;
}

int refuse_dropped(struct callgate_filter **filter, struct callgate_err *err)
{
	struct callgate_origin origin;
	const char *name;

	if (!callgate_filter_dropped(*filter, &name, &origin))
		return 0;
	err->code = CALLGATE_E_PROFILE;
	err->line = origin.line;
	err->column = origin.column;
	snprintf(err->file, sizeof(err->file), "%s", origin.file ? origin.file : "");
	snprintf(err->text, sizeof(err->text),
		 "unknown syscall '%s' in a rule that denies: the filter would permit what the profile forbids", name);
	*filter = callgate_filter_free(*filter);
	return err->code;
}

int profile_resolve(const struct options *options, const char *text, struct callgate_filter **out)
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	CALLGATE_CLEANUP(notes_cleanup) struct callgate_notes *notes = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	int r;

	if (options->caps_of_container) {
		report("--caps container: no container is named here; --caps lxc:NAME or --caps oci:ID looks one up");
		return EXIT_CANNOT;
	}
	if (callgate_notes_new(&notes) < 0) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	r = profile_open(options, text, &policy, notes, &err);
	if (r == 0)
		r = resolve_as(options, text, policy, out, notes, &err);
	if (r == 0)
		r = refuse_dropped(out, &err);
	if (r == 0)
		return 0;
	report_errors(options, notes);
	if (!callgate_notes_total(notes, CALLGATE_ERROR))
		report_err(&err);
	return EXIT_CANNOT;
}

enum { PROGRAM_BYTES = 4096 * 8 };

/* Descriptors that somebody has opened for us may be anything that can be read; a name must be that of a regular file,
 * or opening it could wait for whoever holds the other end. */
FILE *input_open(const char *path)
{
	bool is_own = strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/self/fd/", 14) == 0 ||
		      strcmp(path, "/dev/stdin") == 0;
	struct stat st;
	FILE *file = NULL;
	int fd;

	if (strcmp(path, "-") == 0)
		return stdin;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && (S_ISDIR(st.st_mode) || !is_own)) {
		report("%s: this is no regular file", path);
		close(fd);
		return NULL;
	}
	if (fd >= 0 && fcntl(fd, F_SETFL, 0) == 0)
		file = fdopen(fd, "r");
	if (!file) {
		report("%s: cannot open: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return file;
}

const char *input_line(FILE *from, char line[INPUT_LINE], bool *more)
{
	size_t size = 0;
	int c;

	while ((c = getc_unlocked(from)) != EOF && c != '\n') {
		if (size && line[size - 1] == '\r')
			return "control character in the line";
		if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f)
			return c ? "control character in the line" : "NUL byte in the line";
		if (size == INPUT_LINE - 1)
			return "the line is longer than 4095 bytes";
		line[size++] = (char)c;
	}
	if (size && line[size - 1] == '\r')
		size--;
	line[size] = '\0';
	*more = c != EOF || size;
	return NULL;
}

/* A program's bytes: no more than the kernel's limit, and one byte to tell that there were more. */
static int read_file(const char *path, char **out, size_t *size)
{
	FILE *file = input_open(path);
	char *bytes = malloc(PROGRAM_BYTES + 1);

	if (!file) {
		free(bytes);
		return -1;
	}
	if (bytes) {
		*size = fread(bytes, 1, PROGRAM_BYTES + 1, file);
		if (!ferror(file) && *size <= PROGRAM_BYTES) {
			*out = bytes;
			bytes = NULL;
		}
	}
	if (bytes || !*out)
		fprintf(stderr, "%s: error: %s\n", path,
			!bytes || ferror(file) ? strerror(errno)
					       : "program is longer than the kernel's limit of 4096 instructions");
	if (file != stdin)
		fclose(file);
	free(bytes);
	return *out ? 0 : -1;
}

bool is_live_source(const char *text)
{
	return strncmp(text, "pid:", 4) == 0 || strncmp(text, "lxc:", 4) == 0 || strncmp(text, "oci:", 4) == 0;
}

int live_source(const struct options *options, const char *text, pid_t *pid, enum callgate_scope *scope)
{
	uint64_t value;

	*scope = CALLGATE_SCOPE_CONTAINER;
	if (strncmp(text, "lxc:", 4) == 0)
		return lxc_init_pid(text + 4, options->lxcpath, pid);
	if (strncmp(text, "oci:", 4) == 0)
		return oci_init_pid(options, text + 4, pid);
	if (strncmp(text, "pid:", 4) != 0) {
		report("'%s' is not a live source; expected pid:N, lxc:NAME or oci:ID", text);
		return EXIT_CANNOT;
	}
	if (number_parse(text + 4, 31, &value) < 0 || text[4] == '-' || value == 0) {
		report("'%s' is not a valid PID", text);
		return EXIT_CANNOT;
	}
	*scope = CALLGATE_SCOPE_PROCESS;
	*pid = (pid_t)value;
	return EXIT_YES;
}

int program_read(const struct options *options, const char *path, struct callgate_prog **out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *bytes = NULL;
	size_t size = 0;
	int r;

	if (read_file(path, &bytes, &size) < 0)
		return EXIT_CANNOT;
	r = callgate_prog_parse(bytes, size, options->target.host, out, &err);
	free(bytes);
	if (r == 0)
		return EXIT_YES;
	fprintf(stderr, "%s: error: %s\n", path, err.text);
	return EXIT_CANNOT;
}

static int open_program(const struct options *options, const char *path, struct callgate_filter **out)
{
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *prog = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	int code = program_read(options, path, &prog);

	if (code)
		return code;
	if (callgate_filter_lift(prog, path, options->target.host, out, &err) == 0)
		return EXIT_YES;
	fprintf(stderr, "%s: error: %s\n", path, err.text);
	return EXIT_CANNOT;
}

static int open_live(const struct options *options, const char *text, struct callgate_filter **out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum callgate_scope scope;
	pid_t pid;
	int code = live_source(options, text, &pid, &scope);

	if (code)
		return code;
	if (callgate_task_filter(pid, out, NULL, &err) == 0) {
		live_warn(text, scope, pid);
		return 0;
	}
	fprintf(stderr, "%s: error: %s\n", text, err.text);
	return EXIT_CANNOT;
}

int source_open(const struct options *options, const char *text, struct callgate_filter **out, enum source_kind *kind)
{
	if (strncmp(text, "bpf:", 4) == 0) {
		*kind = SOURCE_BPF;
		return open_program(options, text + 4, out);
	}
	if (is_live_source(text)) {
		*kind = SOURCE_LIVE;
		return open_live(options, text, out);
	}
	*kind = strcmp(text, "env:") == 0 ? SOURCE_ENV : SOURCE_PROFILE;
	return profile_resolve(options, text, out);
}
