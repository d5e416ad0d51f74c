/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate hook install for podman, runc and crun: what a start would refuse is refused before, and what changes is
 * told.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tool/hook.h"

/* runc compiles text: a profile that nobody can write for it starts nothing. */
static int try_text(const struct callgate_choice *choice, const char *profile)
{
	struct callgate_target reader = choice->target;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_text *text;

	reader.reader = CALLGATE_AS_RUNC;
	reader.libseccomp = callgate_libseccomp_release();
	if (callgate_oci_write(choice, &reader, 0, &text, &err) < 0) {
		report("%s cannot be written for runc, which compiles profiles itself: %s", profile, err.text);
		return EXIT_CANNOT;
	}
	callgate_text_free(text);
	return EXIT_YES;
}

/* What the hooks do at every start, for the capabilities that engines give by default. */
static int try_start(struct options *options, const char *runtime, const char *path, struct callgate_policy *policy)
{
	struct callgate_choice choice = { .policy = policy };
	int code;

	callgate_caps_parse("docker", &options->target.caps, NULL);
	code = profile_resolve(options, path, &choice.filter);
	if (code)
		return code;
	/* Which of the two podman will start is not known. */
	if (strcmp(runtime, "runc") != 0)
		hook_note_calls("crun", choice.filter, options->target.host);
	if (strcmp(runtime, "crun") != 0) {
		hook_note_calls("runc", choice.filter, options->target.host);
		choice.target = options->target;
		code = try_text(&choice, path);
	}
	callgate_filter_free(choice.filter);
	return code;
}

int oci_try_profile(struct options *options, const char *runtime, const char *profile, char word[PATH_MAX])
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char path[PATH_MAX];
	int code = hook_profile(profile, word, path);

	if (code)
		return code;
	if (callgate_policy_read_trusted(path, &policy, NULL, &err) == CALLGATE_E_UNTRUSTED) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	return try_start(options, runtime, path, policy);
}

void oci_tell_replaced(struct options *options, const char *profile)
{
	static const char own[] = "/usr/share/containers/seccomp.json";
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *old = NULL;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *new = NULL;
	char word[PATH_MAX], path[PATH_MAX];
	const struct callgate_difference *row;
	struct callgate_diff *diff = NULL;
	size_t looser = 0, tighter = 0;

	callgate_caps_parse("docker", &options->target.caps, NULL);
	if (hook_profile(profile, word, path) != EXIT_YES)
		return;
	fputs("callgate: note: for these containers it takes the place of podman's own default profile", stderr);
	if (access(own, R_OK) < 0 || profile_resolve(options, own, &old) != EXIT_YES ||
	    profile_resolve(options, path, &new) != EXIT_YES || callgate_filter_diff(old, new, 0, &diff, NULL) < 0) {
		fputc('\n', stderr);
		return;
	}
	for (size_t i = 0; (row = callgate_diff_at(diff, i)); i++) {
		looser += row->looser;
		tighter += row->tighter;
	}
	callgate_diff_free(diff);
	fprintf(stderr,
		": more permissive in %zu ranges of calls, tighter in %zu ranges; 'callgate diff --caps docker %s %s' "
		"lists them%s\n",
		looser, tighter, own, word,
		looser ? "; 'own = all' in " SYSCONFDIR "/callgate/callgate.conf keeps denied what podman's denies"
		       : "");
}

/* runc takes the flag that makes denials visible from 1.2 on. */
void oci_note_log(const char *runtime)
{
	uint32_t release = strcmp(runtime, "crun") == 0 ? 0 : engine_release(CALLGATE_AS_RUNC);

	if (!release || release >= 0x010200)
		return;
	fprintf(stderr, "callgate: warning: --log: runc %u.%u.%u takes no filter flags (1.2 does, and crun): %s\n",
		release >> 16, release >> 8 & 0xff, release & 0xff,
		strcmp(runtime, "podman") != 0
			? "what it denies is not in the log; 'callgate why --live oci:ID' shows it"
			: "podman's containers start under crun only while this is asked for");
}
