/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate hook: writes a container's lines for the hook into its configuration, and takes them away. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/tool.h"
#include "runtime/hooks.h"

enum { OPT_RUNTIME = OPT_VERB, OPT_PROFILE, OPT_UNVERIFIED, OPT_INJECT, OPT_DRY_RUN, OPT_HOOK_CAPS };
enum manner { MANNER_WRITE, MANNER_SHOW };
enum means { MEANS_TEXT, MEANS_INJECT };
enum proof { PROOF_REQUIRED, PROOF_WHERE_POSSIBLE };

/* Our lines stand between these, at the end of the file: behind every include, so that what they set is what counts. */
static const char begin_line[] = "# callgate: begin. Written by 'callgate hook install'; 'callgate hook remove' takes it away.\n";
static const char begin_mark[] = "# callgate: begin";
static const char end_line[] = "# callgate: end\n";

struct hook_options {
	const char *runtime, *profile, *caps, *name;
	enum manner manner;
	enum proof proof;
	enum means means;
};

struct text {
	char *at;
	size_t size;
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

static int read_config(const char *path, struct text *out, mode_t *mode)
{
	FILE *file = fopen(path, "re");
	struct stat st;
	size_t room = 0;

	if (!file || fstat(fileno(file), &st) < 0 || !S_ISREG(st.st_mode)) {
		report("cannot read the container's configuration %s: %s", path, file ? "not a regular file" : strerror(errno));
		if (file)
			fclose(file);
		return EXIT_CANNOT;
	}
	*mode = st.st_mode & 07777;
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

/* Our block: [*first, *last) offsets; both the end when there is none. */
static int find_block(const char *path, const struct text *text, size_t *first, size_t *last)
{
	const char *at = strstr(text->at, begin_mark), *end;

	*first = *last = text->size;
	if (!at)
		return EXIT_YES;
	end = strstr(at, end_line);
	if (!end || strstr(at + 1, begin_mark)) {
		report("%s: the lines between '%s' and '# callgate: end' have been edited; restore or remove them by hand", path,
		       begin_mark);
		return EXIT_CANNOT;
	}
	*first = (size_t)(at - text->at);
	*last = (size_t)(end - text->at) + sizeof(end_line) - 1;
	return EXIT_YES;
}

/* The text without [first, last) and with block behind it. */
static int write_config(const char *path, const struct text *text, size_t first, size_t last, const char *block, mode_t mode)
{
	CALLGATE_CLEANUP(text_cleanup) struct text made = { .at = malloc(text->size + strlen(block) + 2) };
	struct callgate_err err = CALLGATE_ERR_INIT;
	char full[PATH_MAX];

	if (!made.at) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	memcpy(made.at, text->at, first);
	memcpy(made.at + first, text->at + last, text->size - last);
	made.size = first + text->size - last;
	if (made.size && made.at[made.size - 1] != '\n' && block[0])
		made.at[made.size++] = '\n';
	memcpy(made.at + made.size, block, strlen(block));
	made.size += strlen(block);
	/* A link is followed: what it points to is what LXC reads. */
	if (!realpath(path, full)) {
		report("%s: %s", path, strerror(errno));
		return EXIT_CANNOT;
	}
	if (callgate_file_write(full, made.at, made.size, mode, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	return EXIT_YES;
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
		if (callgate_profile_find(profile, path, sizeof(path), &err) < 0) {
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

static void note_losses(const struct callgate_text *text, enum means means)
{
	const struct callgate_loss *loss;

	for (size_t i = 0; (loss = callgate_text_loss_at(text, i)); i++)
		fprintf(stderr, "callgate: note: %s%s: %s where the profile says %s, as %s: %s\n", means == MEANS_INJECT ? "lxc-attach, " : "",
		        callgate_abi_name(loss->abi), loss->text, loss->profile, loss->why, loss->calls);
}

/* What the hook will do at each start is tried now: a profile that it would refuse is refused here. */
static int try_profile(struct options *options, const struct hook_options *hook, const char *word)
{
	enum callgate_lxc_bound bound = hook->means == MEANS_INJECT ? CALLGATE_LXC_NEVER_STRICTER : CALLGATE_LXC_NEVER_LOOSER;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *prog = NULL;
	struct callgate_text *text = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	int code;

	if (callgate_caps_parse(hook->caps, &options->target.caps, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	if (!is_plain(hook->caps)) {
		report("--caps cannot have blanks on a hook line");
		return EXIT_CANNOT;
	}
	code = profile_resolve(options, word, &filter);
	if (code)
		return code;
	if (callgate_lxc_write(filter, &options->target, bound, &text, &err) < 0 ||
	    (hook->means == MEANS_INJECT && callgate_filter_compile(filter, &prog, &err) < 0)) {
		callgate_text_free(text);
		report_err(&err);
		return EXIT_CANNOT;
	}
	note_losses(text, hook->means);
	callgate_text_free(text);
	return EXIT_YES;
}

/* No lxc.hook.version here: it would change how the container's other hooks are called, and ours takes either. */
static int make_block(const struct hook_options *hook, const char *word, char *block, size_t size)
{
	const char *more = hook->means == MEANS_INJECT ? " --inject" : hook->proof == PROOF_REQUIRED ? "" : " --unverified";
	struct callgate_err err = CALLGATE_ERR_INIT;
	char output[PATH_MAX], line[PATH_MAX];

	if (callgate_state_path("lxc", hook->name, output, sizeof(output), &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	*strrchr(output, '.') = '\0';
	if (snprintf(line, sizeof(line), "%s/lxc/hooks/callgate --profile %s --caps %s%s", LIBEXECDIR, word, hook->caps,
	             more) >= (int)sizeof(line) ||
	    snprintf(block, size,
	             "%slxc.seccomp.profile = %s.seccomp\nlxc.seccomp.allow_nesting = 1\n"
	             "lxc.hook.pre-start = %s\nlxc.hook.start-host = %s\n%s",
	             begin_line, output, line, line, end_line) >= (int)size) {
		report("the hook's lines are too long");
		return EXIT_CANNOT;
	}
	return EXIT_YES;
}

/* Docker's default bounding set is a third of LXC's: a container that keeps more does not start. LXC refuses cap.drop (which its
 * common.conf sets) together with cap.keep, so that one is emptied. */
static void note_caps(const struct options *options)
{
	uint64_t caps = options->target.caps, all = 0;
	const char *name;

	callgate_caps_parse("all", &all, NULL);
	if (caps == all)
		return;
	fprintf(stderr, "callgate: note: the container may keep no more capabilities than the profile's rules are chosen for; if its "
	                "configuration does not see to that, add\nlxc.cap.drop =\nlxc.cap.keep =%s", caps ? "" : " none");
	for (unsigned i = 0; i < 64; i++) {
		if (!(caps >> i & 1) || callgate_cap_name(i, &name) < 0)
			continue;
		fputc(' ', stderr);
		for (const char *at = name + strlen("CAP_"); *at; at++)
			fputc(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at, stderr);
	}
	fputc('\n', stderr);
}

/* ------------------------------------------------------------------ the verb */

static int install(struct options *options, const struct hook_options *hook)
{
	CALLGATE_CLEANUP(text_cleanup) struct text text = { 0 };
	char path[PATH_MAX], word[PATH_MAX], block[4 * PATH_MAX];
	size_t first, last;
	mode_t mode;
	int code;

	if (!hook->profile) {
		report("--profile is missing");
		return EXIT_CANNOT;
	}
	code = config_path(options, hook->name, path, sizeof(path));
	if (!code)
		code = read_config(path, &text, &mode);
	if (!code)
		code = find_block(path, &text, &first, &last);
	if (!code)
		code = profile_word(hook->profile, word, sizeof(word));
	if (!code)
		code = try_profile(options, hook, word);
	if (!code)
		code = make_block(hook, word, block, sizeof(block));
	if (code)
		return code;
	note_caps(options);
	if (hook->manner == MANNER_SHOW) {
		fputs(block, stdout);
		return finish_output(EXIT_YES);
	}
	return write_config(path, &text, first, last, block, mode);
}

static int remove_lines(const struct options *options, const struct hook_options *hook)
{
	CALLGATE_CLEANUP(text_cleanup) struct text text = { 0 };
	char path[PATH_MAX];
	size_t first, last;
	mode_t mode;
	int code;

	code = config_path(options, hook->name, path, sizeof(path));
	if (!code)
		code = read_config(path, &text, &mode);
	if (!code)
		code = find_block(path, &text, &first, &last);
	if (code)
		return code;
	if (hook->manner == MANNER_SHOW) {
		fwrite(text.at + first, 1, last - first, stdout);
		return finish_output(EXIT_YES);
	}
	return first == last ? EXIT_YES : write_config(path, &text, first, last, "", mode);
}

static int take_own(void *data, int option, const char *value)
{
	struct hook_options *hook = data;

	switch (option) {
	case OPT_RUNTIME:
		hook->runtime = value;
		break;
	case OPT_PROFILE:
		hook->profile = value;
		break;
	case OPT_HOOK_CAPS:
		hook->caps = value;
		break;
	case OPT_UNVERIFIED:
		hook->proof = PROOF_WHERE_POSSIBLE;
		break;
	case OPT_INJECT:
		hook->means = MEANS_INJECT;
		break;
	case OPT_DRY_RUN:
		hook->manner = MANNER_SHOW;
		break;
	default:
		return -1;
	}
	return 0;
}

static bool is_oci_word(const char *word)
{
	return strcmp(word, "install") == 0 || strcmp(word, "remove") == 0 || strcmp(word, "status") == 0;
}

int verb_hook(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "color", required_argument, NULL, OPT_COLOR },
		{ "runtime", required_argument, NULL, OPT_RUNTIME },
		{ "profile", required_argument, NULL, OPT_PROFILE },
		{ "caps", required_argument, NULL, OPT_HOOK_CAPS },
		{ "unverified", no_argument, NULL, OPT_UNVERIFIED },
		{ "inject", no_argument, NULL, OPT_INJECT },
		{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
		{ "lxcpath", required_argument, NULL, OPT_LXCPATH },
		OPTIONS_END,
	};
	struct hook_options hook = { .caps = "docker" };
	const struct command_line line = { .known = known, .brief = "h", .own = take_own, .data = &hook };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (hook.runtime && hook_is_oci(hook.runtime) && hook.means == MEANS_INJECT) {
		report("--inject is for lxc only; other runtimes get the whole profile anyway");
		return EXIT_CANNOT;
	}
	if (hook.runtime && hook_is_oci(hook.runtime) && argc - optind == 1 && is_oci_word(argv[optind]))
		return hook_oci(&options, argv[optind],
		                &(struct hook_request){ hook.runtime, hook.profile, hook.manner == MANNER_SHOW ? HOOK_SHOW : HOOK_WRITE });
	if (argc - optind != 2 || !hook.runtime || (hook.means == MEANS_INJECT && hook.proof == PROOF_WHERE_POSSIBLE))
		return verb_usage(verb);
	if (strcmp(hook.runtime, "lxc") != 0) {
		report("no hook for runtime '%s'; expected lxc NAME, podman, runc or crun", hook.runtime);
		return EXIT_CANNOT;
	}
	hook.name = argv[optind + 1];
	if (strcmp(argv[optind], "install") == 0)
		return install(&options, &hook);
	if (strcmp(argv[optind], "remove") == 0)
		return remove_lines(&options, &hook);
	return verb_usage(verb);
}
