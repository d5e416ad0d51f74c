/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate lock: digests of what profiles mean, for each reader and target, in a file that is kept beside them. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tool/tool.h"

enum { OPT_CHECK = OPT_VERB, OPT_TARGET, OPT_MATRIX, LINE = 4096 };

struct request {
	const char *check; /* the lock file; NULL: one is written */
	struct targets targets;
};

static const char heading[] = "# What each profile means, for each target: SHA-256, written by callgate lock.\n"
			      "# callgate lock --check FILE tells which profiles mean something else now.\n";

static int take_own(void *own, int option, const char *value)
{
	struct request *request = own;

	if (option == OPT_CHECK)
		request->check = value;
	else if (option == OPT_TARGET)
		return targets_add(&request->targets, value);
	else
		return targets_matrix(&request->targets, value);
	return 0;
}

/* The target as words that mean the same on every machine: kernel, names and the release of the reader are said. */
static void pinned(const char *words, const struct options *options, char *buf, size_t size)
{
	const struct callgate_target *target = &options->target;
	size_t used = (size_t)snprintf(buf, size, "%s", words);

	if (!strstr(words, "--arch"))
		used += (size_t)snprintf(buf + used, size - used, "%s--arch %s", used ? " " : "",
					 callgate_abi_name(target->host));
	if (!strstr(words, "--kernel"))
		used += (size_t)snprintf(buf + used, size - used, " --kernel %u.%u", target->kernel_major,
					 target->kernel_minor);
	if (!strstr(words, "--names") && target->libseccomp)
		snprintf(buf + used, size - used, " --names libseccomp-%u.%u.%u", target->libseccomp >> 16,
			 target->libseccomp >> 8 & 0xff, target->libseccomp & 0xff);
}

static int digest_of(const struct options *options, const char *profile, char digest[65])
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum source_kind kind;
	int code = source_open(options, profile, &filter, &kind);

	if (code)
		return code;
	if (callgate_filter_digest(filter, digest, &err) == 0)
		return EXIT_YES;
	report_err(&err);
	return EXIT_CANNOT;
}

static void add_row(struct json_object *rows, const char *profile, const char *target, const char *digest)
{
	struct json_object *row = json_object_new_object();

	json_object_object_add(row, "profile", text_to_json(profile));
	json_object_object_add(row, "target", text_to_json(target));
	json_object_object_add(row, "digest", json_object_new_string(digest));
	json_object_array_add(rows, row);
}

/* --check looks for files from the lock file's own directory: a path below it is kept from there, another as a whole.
 */
static const char *kept_path(const struct options *options, const char *profile, char *buf)
{
	const char *slash = options->output ? strrchr(options->output, '/') : NULL;
	char directory[PATH_MAX], name[PATH_MAX];
	size_t size;

	if (!slash || profile[0] == '/' || !strchr(profile, '.') || !realpath(profile, buf))
		return profile;
	snprintf(name, sizeof(name), "%.*s", (int)(slash - options->output + 1), options->output);
	if (!realpath(name, directory))
		return profile;
	size = strlen(directory);
	return strncmp(buf, directory, size) == 0 && buf[size] == '/' ? buf + size + 1 : buf;
}

static int lock_profile(const struct options *options, const struct request *request, const char *profile, FILE *to,
			struct json_object *rows)
{
	for (size_t i = 0; i < request->targets.count; i++) {
		struct options of;
		char digest[65], target[1024], path[PATH_MAX];
		const char *kept = kept_path(options, profile, path);
		int code;

		if (target_words(request->targets.list[i], options, &of) < 0)
			return EXIT_CANNOT;
		code = digest_of(&of, profile, digest);
		if (code)
			return code;
		pinned(request->targets.list[i], &of, target, sizeof(target));
		fprintf(to, "%s\t%s\t%s\n", kept, target, digest);
		add_row(rows, kept, target, digest);
	}
	return EXIT_YES;
}

static int lock(const struct options *options, const struct request *request, char **profiles, int count)
{
	struct json_object *root = document("lock"), *rows = json_object_new_array();
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	int code = to ? EXIT_YES : EXIT_CANNOT;

	json_object_object_add(root, "locks", rows);
	if (to)
		fputs(heading, to);
	for (int i = 0; i < count && code == EXIT_YES; i++)
		code = lock_profile(options, request, profiles[i], to, rows);
	if (to && fclose(to) != 0)
		code = EXIT_CANNOT;
	if (code == EXIT_YES && options->json)
		code = print_document(json_object_get(root));
	else if (code == EXIT_YES)
		code = write_output(options, text, size);
	json_object_put(root);
	free(text);
	return code;
}

/* ------------------------------------------------------------------ --check */

/* A row of the file: profile, target, digest. 0, or an exit code after a message. *changed: it means something else
 * now. */
static int check_row(const struct options *options, const char *file, char *line, struct json_object *rows,
		     bool *changed)
{
	char *at = line, *profile = strsep(&at, "\t"), *target = strsep(&at, "\t"), *digest = strsep(&at, "\t");
	const char *slash = strrchr(file, '/');
	char path[LINE], now[65];
	struct options of;
	int code;

	if (!digest || at || strlen(digest) != 64) {
		fprintf(stderr,
			"%s: error: this is no lock file: a row is profile, target and digest, separated by tabs\n",
			file);
		return EXIT_CANNOT;
	}
	snprintf(path, sizeof(path), "%.*s%s",
		 profile[0] != '/' && strchr(profile, '.') && slash ? (int)(slash - file + 1) : 0, file, profile);
	if (target_words(target, options, &of) < 0)
		return EXIT_CANNOT;
	code = digest_of(&of, path, now);
	if (code || strcmp(now, digest) == 0)
		return code;
	*changed = true;
	add_row(rows, profile, target, now);
	if (!options->json)
		printf("%s\t%s\t%.12s\t%.12s\n", profile, target, digest, now);
	return EXIT_YES;
}

static int check(const struct options *options, const char *file)
{
	struct json_object *root = document("lock"), *rows = json_object_new_array();
	FILE *from = input_open(file);
	bool changed = false;
	int code = EXIT_YES;
	unsigned checked = 0;
	char line[INPUT_LINE];

	json_object_object_add(root, "changed", rows);
	if (!from)
		code = EXIT_CANNOT;
	for (unsigned number = 1; code == EXIT_YES; number++) {
		bool more = false;
		const char *wrong = input_line(from, line, &more);

		if (wrong) {
			report("%s:%u: %s", file, number, wrong);
			code = EXIT_CANNOT;
		} else if (!more) {
			break;
		} else if (line[0] && line[0] != '#') {
			code = check_row(options, file, line, rows, &changed);
			checked++;
		}
	}
	if (from && ferror(from)) {
		report("%s: cannot read", file);
		code = EXIT_CANNOT;
	}
	if (from && from != stdin)
		fclose(from);
	if (code == EXIT_YES && !checked) {
		report("%s: no digest in this file", file);
		code = EXIT_CANNOT;
	}
	if (code == EXIT_YES)
		code = changed ? EXIT_NO : EXIT_YES;
	if (options->json && code != EXIT_CANNOT && print_document(json_object_get(root)) != 0)
		code = EXIT_CANNOT;
	json_object_put(root);
	return options->json ? code : finish_output(code);
}

int verb_lock(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		{ "output", required_argument, NULL, OPT_OUTPUT },
		{ "check", required_argument, NULL, OPT_CHECK },
		{ "target", required_argument, NULL, OPT_TARGET },
		{ "matrix", required_argument, NULL, OPT_MATRIX },
		OPTIONS_END,
	};
	struct request request = { 0 };
	struct command_line line = { known, "ho:", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv), first = optind;

	if (code == PARSED && !request.targets.count &&
	    targets_matrix(&request.targets, "callgate,docker,podman,containerd") < 0)
		code = EXIT_CANNOT;
	if (code == PARSED && (request.check ? first != argc : first == argc))
		code = verb_usage(verb, request.check ? "--check takes no profile: the lock names them"
						      : "no profile is named");
	if (code == PARSED) {
		answers_gather();
		code = request.check ? check(&options, request.check)
				     : lock(&options, &request, argv + first, argc - first);
		answers_tell(&options);
	}
	targets_cleanup(&request.targets);
	return code;
}
