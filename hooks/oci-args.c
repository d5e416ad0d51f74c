/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which command, which bundle, which container: runc's and crun's options, and nothing guessed. */
#include "hooks/oci-args.h"

#include <stddef.h>
#include <string.h>

enum takes { TAKES_NOTHING, TAKES_VALUE };
enum meaning { MEANS_NOTHING, MEANS_BUNDLE, MEANS_LOG, MEANS_LOG_FORMAT, MEANS_ROOT, MEANS_PROFILE, MEANS_REFUSED };

struct word {
	const char *option;
	enum takes takes;
	enum meaning meaning;
};

static const struct word before[] = {
	{ "--callgate-profile", TAKES_VALUE, MEANS_PROFILE },
	{ "--cgroup-manager", TAKES_VALUE, MEANS_NOTHING },
	{ "--criu", TAKES_VALUE, MEANS_NOTHING },
	{ "--debug", TAKES_NOTHING, MEANS_NOTHING },
	{ "--help", TAKES_NOTHING, MEANS_NOTHING },
	{ "--log", TAKES_VALUE, MEANS_LOG },
	{ "--log-format", TAKES_VALUE, MEANS_LOG_FORMAT },
	{ "--log-level", TAKES_VALUE, MEANS_NOTHING },
	{ "--no-pivot", TAKES_NOTHING, MEANS_NOTHING },
	{ "--root", TAKES_VALUE, MEANS_ROOT },
	{ "--rootless", TAKES_VALUE, MEANS_NOTHING },
	{ "--systemd-cgroup", TAKES_NOTHING, MEANS_NOTHING },
	{ "--usage", TAKES_NOTHING, MEANS_NOTHING },
	{ "--version", TAKES_NOTHING, MEANS_NOTHING },
	{ "-?", TAKES_NOTHING, MEANS_NOTHING },
	{ "-V", TAKES_NOTHING, MEANS_NOTHING },
	{ "-h", TAKES_NOTHING, MEANS_NOTHING },
	{ "-v", TAKES_NOTHING, MEANS_NOTHING },
	{ NULL, TAKES_NOTHING, MEANS_NOTHING },
};

/* Of create and run. --config names another file than the one that is edited. */
static const struct word behind[] = {
	{ "--bundle", TAKES_VALUE, MEANS_BUNDLE },
	{ "--config", TAKES_VALUE, MEANS_REFUSED },
	{ "--console-socket", TAKES_VALUE, MEANS_NOTHING },
	{ "--detach", TAKES_NOTHING, MEANS_NOTHING },
	{ "--help", TAKES_NOTHING, MEANS_NOTHING },
	{ "--keep", TAKES_NOTHING, MEANS_NOTHING },
	{ "--no-mount-fallback", TAKES_NOTHING, MEANS_NOTHING },
	{ "--no-new-keyring", TAKES_NOTHING, MEANS_NOTHING },
	{ "--no-pivot", TAKES_NOTHING, MEANS_NOTHING },
	{ "--no-subreaper", TAKES_NOTHING, MEANS_NOTHING },
	{ "--pid-file", TAKES_VALUE, MEANS_NOTHING },
	{ "--pidfd-socket", TAKES_VALUE, MEANS_NOTHING },
	{ "--preserve-fds", TAKES_VALUE, MEANS_NOTHING },
	{ "-b", TAKES_VALUE, MEANS_BUNDLE },
	{ "-d", TAKES_NOTHING, MEANS_NOTHING },
	{ "-f", TAKES_VALUE, MEANS_REFUSED },
	{ "-h", TAKES_NOTHING, MEANS_NOTHING },
	{ NULL, TAKES_NOTHING, MEANS_NOTHING },
};

static const struct word *find(const struct word *words, const char *text, const char **value)
{
	size_t size = strcspn(text, "=");

	/* "-b=x" is x to one runtime and =x to the other. */
	if (text[0] == '-' && text[1] != '-' && text[size])
		return NULL;
	*value = text[size] ? text + size + 1 : NULL;
	for (; words->option; words++)
		if (strlen(words->option) == size && memcmp(words->option, text, size) == 0)
			return words;
	return NULL;
}

static const char *take(struct oci_args *args, enum meaning meaning, const char *value, int at)
{
	switch (meaning) {
	case MEANS_BUNDLE:
		if (args->bundle)
			return "the bundle is given twice";
		args->bundle = value;
		args->bundle_at = at;
		return NULL;
	case MEANS_LOG:
		args->log = value;
		return NULL;
	case MEANS_LOG_FORMAT:
		args->json_log = strcmp(value, "json") == 0;
		return NULL;
	case MEANS_ROOT:
		args->root = value;
		return NULL;
	case MEANS_PROFILE:
		if (args->profile)
			return "the profile is given twice";
		args->profile = value;
		return NULL;
	case MEANS_REFUSED:
		return "another configuration file than the bundle's config.json is asked for";
	default:
		return NULL;
	}
}

/* One option at *at, which moves over its value. */
static const char *read_option(const struct word *words, int argc, char *const argv[], int *at, struct oci_args *args)
{
	const char *value, *complaint;
	const struct word *word = find(words, argv[*at], &value);
	int first = *at;

	if (!word)
		return "unknown option; the command that follows cannot be determined";
	if (word->takes == TAKES_NOTHING)
		return NULL;
	if (!value) {
		if (*at + 1 >= argc)
			return "an option lacks its value";
		value = argv[++*at];
	}
	complaint = take(args, word->meaning, value, *at);
	if (word->meaning == MEANS_PROFILE) {
		args->own_at = first;
		args->own_count = *at - first + 1;
	}
	return complaint;
}

static bool is_edited(const char *command)
{
	return strcmp(command, "create") == 0 || strcmp(command, "run") == 0;
}

const char *oci_args_read(int argc, char *const argv[], struct oci_args *out)
{
	const char *complaint = NULL;
	int at = 1;

	*out = (struct oci_args){ .command = NULL };
	for (; !complaint && at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--") == 0) {
			at++;
			break;
		}
		complaint = read_option(before, argc, argv, &at, out);
	}
	if (complaint || at >= argc)
		return complaint;
	out->command = argv[at];
	out->command_at = at++;
	if (strcmp(out->command, "delete") == 0)
		out->id = argc > at && argv[argc - 1][0] != '-' ? argv[argc - 1] : NULL;
	if (!is_edited(out->command))
		return NULL;
	for (bool words = false; !complaint && at < argc; at++) {
		if (!words && strcmp(argv[at], "--") == 0)
			words = true;
		else if (!words && argv[at][0] == '-')
			complaint = read_option(behind, argc, argv, &at, out);
		else if (out->id)
			complaint = "more than one container is named";
		else
			out->id = argv[at];
	}
	return complaint;
}
