/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate hook: makes engines call callgate when a container starts, shows where they do, and undoes it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/hook.h"

enum {
	OPT_RUNTIME = OPT_VERB,
	OPT_PROFILE,
	OPT_UNVERIFIED,
	OPT_INJECT,
	OPT_DRY_RUN,
	OPT_HOOK_CAPS,
	OPT_LOOSER,
	OPT_LOG,
	OPT_COMPLAIN,
	OPT_RECORD,
	OPT_ALL
};

static int take_own(void *data, int option, const char *value)
{
	struct hook_request *request = data;

	switch (option) {
	case OPT_RUNTIME:
		request->runtime = value;
		break;
	case OPT_PROFILE:
		request->profile = value;
		break;
	case OPT_HOOK_CAPS:
		request->caps = value;
		break;
	case OPT_UNVERIFIED:
		request->proof = CALLGATE_PROOF_POSSIBLE;
		break;
	case OPT_INJECT:
		request->manner = CALLGATE_LXC_INJECT;
		break;
	case OPT_LOOSER:
		request->looser = LOOSER_ACCEPTED;
		break;
	case OPT_COMPLAIN:
		request->complain = true;
		break;
	case OPT_RECORD:
		request->record = true;
		break;
	case OPT_LOG:
		request->log = true;
		break;
	case OPT_ALL:
		request->all = true;
		break;
	case OPT_DRY_RUN:
		request->effect = HOOK_SHOW;
		break;
	default:
		return -1;
	}
	return 0;
}

static bool is_hook_word(const char *word)
{
	return strcmp(word, "install") == 0 || strcmp(word, "remove") == 0 || strcmp(word, "status") == 0;
}

/* "lxc:web" names a container as it is named everywhere; "--runtime lxc web" is the same. */
static int take_name(struct hook_request *request, const char *word)
{
	if (strncmp(word, "lxc:", 4) == 0) {
		if (request->runtime && strcmp(request->runtime, "lxc") != 0) {
			report("'%s' is no container of --runtime %s", word, request->runtime);
			return -1;
		}
		request->runtime = "lxc";
		word += 4;
	}
	request->name = word;
	return 0;
}

int hook_profile(const char *profile, char word[4096], char path[4096])
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (!strchr(profile, '/')) {
		if (callgate_profile_lookup(profile, path, 4096, &err) == 0) {
			snprintf(word, 4096, "%s", profile);
			return EXIT_YES;
		}
		report_err(&err);
		if (access(profile, F_OK) == 0)
			fprintf(stderr, "callgate: note: the file of that name in this directory is --profile ./%s\n",
				profile);
		return EXIT_CANNOT;
	}
	if (!realpath(profile, path)) {
		report("%s: %s", profile, strerror(errno));
		return EXIT_CANNOT;
	}
	memcpy(word, path, 4096);
	return EXIT_YES;
}

static int unknown_runtime(const char *name)
{
	static const char *const behind[] = { "docker", "dockerd", "containerd", "ctr", "nerdctl" };

	for (size_t i = 0; i < ARRAY_SIZE(behind); i++)
		if (strcmp(name, behind[i]) == 0) {
			report("%s starts containers by runc: 'callgate hook install --runtime runc', which says what "
			       "to write into the configuration of dockerd and containerd",
			       name);
			return EXIT_CANNOT;
		}
	report("unknown runtime '%s'; there are hooks for lxc, podman, runc and crun", name);
	return EXIT_CANNOT;
}

static int check_together(const struct verb *verb, const struct hook_request *request, const char *word)
{
	bool oci = request->runtime && hook_is_oci(request->runtime), install = strcmp(word, "install") == 0;

	if (!request->runtime)
		return verb_usage(verb, "a container (lxc:NAME) or a runtime (--runtime) is missing");
	if (!oci && strcmp(request->runtime, "lxc") != 0)
		return unknown_runtime(request->runtime);
	if (oci && (request->manner == CALLGATE_LXC_INJECT || request->proof == CALLGATE_PROOF_POSSIBLE ||
		    request->looser == LOOSER_ACCEPTED)) {
		report("--inject, --unverified and --accept-looser are for LXC containers");
		return EXIT_CANNOT;
	}
	if (oci && request->name) {
		report("--runtime %s is installed for the whole host, not for '%s'", request->runtime, request->name);
		return EXIT_CANNOT;
	}
	if (request->manner == CALLGATE_LXC_INJECT && request->proof == CALLGATE_PROOF_POSSIBLE) {
		report("--inject and --unverified exclude each other: that the kernel takes the filter is the proof");
		return EXIT_CANNOT;
	}
	if (request->complain && request->proof == CALLGATE_PROOF_POSSIBLE) {
		report("--complain and --unverified exclude each other: the program that logs is put on the first "
		       "process, which is its proof");
		return EXIT_CANNOT;
	}
	if (!oci && request->all && install) {
		report("--all is for remove and status");
		return EXIT_CANNOT;
	}
	if (!oci && !request->name && !request->all && strcmp(word, "status") != 0)
		return verb_usage(verb, "--runtime lxc needs a container (lxc:NAME); remove takes --all instead");
	return EXIT_YES;
}

/* Where callgate is called, whatever the engine. */
static int show_all(struct options *options, struct hook_request *request)
{
	int lxc = hook_lxc(options, "status", request), oci = hook_oci_status_all();

	return finish_output(lxc > oci ? lxc : oci);
}

/* Wherever callgate is called, as far as the caller put it there. */
static int remove_all(struct options *options, struct hook_request *request)
{
	int lxc = hook_lxc(options, "remove", request), oci = hook_oci_remove_all(options, request);

	return finish_output(lxc > oci ? lxc : oci);
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
		{ "accept-looser", no_argument, NULL, OPT_LOOSER },
		{ "log", no_argument, NULL, OPT_LOG },
		{ "complain", no_argument, NULL, OPT_COMPLAIN },
		{ "record", no_argument, NULL, OPT_RECORD },
		{ "all", no_argument, NULL, OPT_ALL },
		{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
		{ "lxcpath", required_argument, NULL, OPT_LXCPATH },
		OPTIONS_END,
	};
	struct hook_request request = { .caps = "container" };
	const struct command_line line = { .known = known, .brief = "h", .own = take_own, .data = &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (argc - optind < 1 || argc - optind > 2 || !is_hook_word(argv[optind]))
		return verb_usage(verb, argc - optind > 2 ? "one container at a time"
							  : "install, remove or status is expected");
	if (argc - optind == 2 && take_name(&request, argv[optind + 1]) < 0)
		return EXIT_CANNOT;
	if (strcmp(argv[optind], "status") == 0 && !request.runtime && !request.name)
		return show_all(&options, &request);
	if (strcmp(argv[optind], "remove") == 0 && request.all && !request.runtime && !request.name)
		return remove_all(&options, &request);
	code = check_together(verb, &request, argv[optind]);
	if (code)
		return code;
	return hook_is_oci(request.runtime) ? hook_oci(&options, argv[optind], &request)
					    : hook_lxc(&options, argv[optind], &request);
}
