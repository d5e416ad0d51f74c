/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options that verbs share: the target, the form of the output. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool/tool.h"

static int options_init(struct options *options, struct callgate_err *err)
{
	int r;

	*options = (struct options){ .target = CALLGATE_TARGET_INIT, .words = CALLGATE_LISTS_INIT };
	r = callgate_target_host(&options->target, err);
	/* A file is read for a process without capabilities unless --caps says otherwise. */
	options->target.caps = 0;
	return r;
}

int number_parse(const char *text, unsigned bits, uint64_t *out)
{
	uint64_t limit = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
	unsigned long long value;
	char *end;

	if (strcmp(text, "-1") == 0) {
		*out = limit;
		return 0;
	}
	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	value = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	if (errno || *end || value > limit)
		return -1;
	*out = value;
	return 0;
}

#define ABI_WORDS "a name such as x86_64, x86, aarch64 or s390x"

static int take_abis(struct options *options, const char *value)
{
	char list[256], *at = list, *word;

	if (snprintf(list, sizeof(list), "%s", value) >= (int)sizeof(list)) {
		report("the list of ABIs is longer than any");
		return -1;
	}
	while ((word = strsep(&at, ","))) {
		enum callgate_abi abi;

		if (callgate_abi_parse(word, &abi) < 0) {
			report("unknown ABI '%s'; expected " ABI_WORDS, word);
			return -1;
		}
		options->abi_mask |= 1u << abi;
	}
	return 0;
}

static int take_word(int r, const char *what, const char *value, const char *expected)
{
	if (r < 0)
		report("unknown %s '%s'; expected %s", what, value, expected);
	return r < 0 ? -1 : 0;
}

int take_choice(const char *value, const char *const words[], const char *what, int *out)
{
	char known[128] = "";

	for (int i = 0; words[i]; i++) {
		if (strcmp(value, words[i]) == 0) {
			*out = i;
			return 0;
		}
	}
	for (size_t i = 0, at = 0; words[i] && at < sizeof(known); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i ? words[i + 1] ? ", " : " or " : "",
				       words[i]);
	return take_word(-1, what, value, known);
}

static int take_color(struct options *options, const char *value)
{
	static const char *const words[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never", NULL
	};
	int word = options->color, r = take_choice(value, words, "--color", &word);

	options->color = (enum color)word;
	return r;
}

static int take_enosys(struct callgate_target *target, const char *value)
{
	static const char *const words[] = {
		[CALLGATE_ENOSYS_PROFILE] = "profile", [CALLGATE_ENOSYS_NEVER] = "never", NULL
	};
	int word = target->enosys, r = take_choice(value, words, "--enosys", &word);

	target->enosys = (enum callgate_enosys)word;
	return r;
}

/* A reader is the one that is installed here, with the libseccomp that is installed here, unless something else was
 * said. */
static int take_reader(struct options *options, const char *value)
{
	struct callgate_target *target = &options->target;

	options->has_reader = true;
	if (callgate_target_reader(target, value) < 0)
		return take_word(-1, "reader", value,
				 "callgate, docker, podman, containerd, runc, crun, lxc or runsc; of runc and crun a "
				 "release too, as in runc-1.1.5");
	if (!options->has_names)
		target->libseccomp = target->reader == CALLGATE_AS_CALLGATE ? 0 : callgate_libseccomp_release();
	if (!target->runtime)
		target->runtime = engine_release(target->reader);
	return 0;
}

int take_nnp(const char *value, enum callgate_nnp *out)
{
	static const char *const words[] = { "yes", "no", NULL };
	int word;

	if (take_choice(value, words, "--no-new-privs", &word) < 0)
		return -1;
	*out = word == 0 ? CALLGATE_NNP_YES : CALLGATE_NNP_NO;
	return 0;
}

int take_profile_format(const char *value, enum callgate_format *out)
{
	static const char *const words[] = {
		[CALLGATE_FORMAT_OCI] = "oci",
		[CALLGATE_FORMAT_DOCKER] = "docker",
		[CALLGATE_FORMAT_LXC] = "lxc",
		NULL,
	};
	int word;

	if (take_choice(value, words, "format", &word) < 0)
		return -1;
	*out = (enum callgate_format)word;
	return 0;
}

int options_take(struct options *options, int option, const char *value)
{
	struct callgate_target *target = &options->target;
	struct callgate_err err = CALLGATE_ERR_INIT;

	switch (option) {
	case OPT_ARCH:
		return take_word(callgate_abi_parse(value, &target->host), "architecture", value, ABI_WORDS);
	case OPT_ABI:
		return take_abis(options, value);
	case OPT_CAPS:
		options->has_caps = true;
		options->caps_source = is_live_source(value) ? value : NULL;
		options->caps_of_container = strcmp(value, "container") == 0;
		if (options->caps_of_container || options->caps_source)
			return 0;
		if (callgate_caps_parse(value, &target->caps, &err) == 0)
			return 0;
		report_err(&err);
		return -1;
	case OPT_KERNEL:
		return take_word(callgate_kernel_parse(value, &target->kernel_major, &target->kernel_minor),
				 "kernel version", value, "two numbers, as in 6.1");
	case OPT_AS:
		return take_reader(options, value);
	case OPT_NAMES:
		options->has_names = true;
		return take_word(callgate_release_parse(value, &target->libseccomp), "release", value,
				 "libseccomp-X.Y.Z");
	case OPT_ENOSYS:
		return take_enosys(target, value);
	case OPT_JSON:
		options->json = true;
		return 0;
	case OPT_COLOR:
		return take_color(options, value);
	case OPT_OUTPUT:
		options->output = value;
		return 0;
	case OPT_ALLOW:
		options->words.allow = value;
		return 0;
	case OPT_DENY:
		options->words.deny = value;
		return 0;
	case OPT_DEFAULT:
		options->words.fallback = value;
		return 0;
	case OPT_ROOT:
		options->root = value;
		return 0;
	case OPT_LXCPATH:
		options->lxcpath = value;
		return 0;
	default:
		return -1;
	}
}

/* A verb's own option: a long one, or a letter that is not everybody's. */
static bool is_own(int option)
{
	return option >= OPT_VERB || (option != OPT_HELP && option != OPT_OUTPUT && option < OPT_ARCH && option != '?');
}

static bool knows(const struct option *known, int value)
{
	while (known->name && known->val != value)
		known++;
	return known->name != NULL;
}

static const char *nearest_option(const char *word, const struct option *known)
{
	const char *names[64];
	size_t count = 0;

	for (; known->name && count + 1 < ARRAY_SIZE(names); known++)
		names[count++] = known->name;
	names[count] = NULL;
	return callgate_nearest_word(word, names);
}

/* What getopt_long() has refused: the word before the next one; the next one, when letters follow in it. musl counts
 * past the end where a value is missing. */
static const char *refused_word(int argc, char **argv)
{
	const char *next = optind < argc ? argv[optind] : "", *letter = NULL;

	if (next[0] == '-' && next[1] != '-' && optopt > 0 && optopt < 128)
		letter = strchr(next + 1, optopt);
	return letter && letter[1] ? next : argv[(optind > argc ? argc : optind) - 1];
}

int options_refuse(const char *where, const struct option *known, int option, int argc, char **argv)
{
	char name[64], letter[] = { '-', (char)optopt, '\0' }, shown[4 * 64 + 1];
	const char *word = refused_word(argc, argv);
	bool is_long = strncmp(word, "--", 2) == 0;
	const char *near;

	if (is_long)
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	near = is_long && option != ':' ? nearest_option(name, known) : NULL;
	callgate_escape(is_long ? name : letter + 1, shown, sizeof(shown));
	if (option == ':')
		report("%s: option '%s%s' needs a value", where, is_long ? "--" : "-", shown);
	else if (near && strcmp(near, name) == 0)
		report("%s: option '--%s' takes no value", where, shown);
	else
		report("%s: unknown option '%s%s'%s%s%s", where, is_long ? "--" : "-", shown,
		       near ? "; did you mean '--" : "; --help lists them", near ? near : "", near ? "'?" : "");
	return -1;
}

int options_parse(struct options *options, const struct verb *verb, const struct command_line *line, int argc,
		  char **argv)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char brief[32];
	int option;

	if (options_init(options, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	/* -P is what LXC's own tools call it. */
	snprintf(brief, sizeof(brief), "%s:%s%s", *line->brief == '+' ? "+" : "", line->brief + (*line->brief == '+'),
		 knows(line->known, OPT_LXCPATH) ? "P:" : "");
	opterr = 0;
	while ((option = getopt_long(argc, argv, brief, line->known, NULL)) != -1) {
		int r;

		if (option == 'P')
			option = OPT_LXCPATH;
		if (option == OPT_HELP)
			return verb_help(verb, line->known);
		if (option == '?' || option == ':') {
			options_refuse(verb->name, line->known, option, argc, argv);
			return EXIT_CANNOT;
		}
		r = is_own(option) && line->own ? line->own(line->data, option, optarg)
						: options_take(options, option, optarg);
		if (r < 0)
			return EXIT_CANNOT;
	}
	/* Only now: --lxcpath and --root say where to look. */
	return options->caps_source && caps_look_up(options, options->caps_source) ? EXIT_CANNOT : PARSED;
}

int verb_usage(const struct verb *verb, const char *why)
{
	if (why)
		report("%s", why);
	print_wrapped(stderr, verb->usage, (unsigned)fprintf(stderr, "usage: callgate %s", verb->name), 4);
	return EXIT_CANNOT;
}

void print_wrapped(FILE *to, const char *text, unsigned column, unsigned indent)
{
	enum { WIDTH = 79 };

	while (*text) {
		size_t size = strcspn(text, " ");

		if (column > indent && column + 1 + size > WIDTH) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', to);
			column++;
		}
		fprintf(to, "%.*s", (int)size, text);
		column += (unsigned)size;
		text += size;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}
