/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LXC hook, for lxc.hook.pre-start, start-host, clone and destroy. pre-start runs before LXC reads the file
 * that lxc.seccomp.profile names: it writes that file from a profile. start-host runs when init has its filter and
 * waits: lxc-start-host.c. Whatever fails, the container does not start.
 */
#include <getopt.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/private.h"
#include "hooks/lxc-hook.h"
#include "runtime/hooks.h"

int hook_fail(struct hook *hook, const struct callgate_err *err)
{
	say_err(&hook->messages, err);
	return -1;
}

/* ------------------------------------------------------------------ what we are asked to do */

static int take_stage(struct hook *hook, const char *word)
{
	if (word && strcmp(word, "pre-start") == 0)
		hook->stage = STAGE_PRE_START;
	else if (word && strcmp(word, "start-host") == 0)
		hook->stage = STAGE_START_HOST;
	else if (word && strcmp(word, "clone") == 0)
		hook->stage = STAGE_CLONE;
	else {
		say(&hook->messages, LOG_ERR,
		    "this hook is for lxc.hook.pre-start, start-host, clone and destroy, not for '%s'",
		    word ? word : "(none)");
		return -1;
	}
	return 0;
}

static int take_pid(struct hook *hook, const char *word)
{
	char *end = NULL;
	long pid = word ? strtol(word, &end, 10) : 0;

	if (hook->stage != STAGE_START_HOST)
		return 0;
	if (pid <= 0 || pid > INT_MAX || *end) {
		say(&hook->messages, LOG_ERR, "LXC_PID is '%s', which is not a valid PID", word ? word : "");
		return -1;
	}
	hook->pid = (pid_t)pid;
	return 0;
}

/* The file for LXC: beside the state file unless given otherwise. */
static int take_output(struct hook *hook, const char *word)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (word && (word[0] != '/' || strlen(word) >= sizeof(hook->output))) {
		say(&hook->messages, LOG_ERR, "--output '%s' is not an absolute path", word);
		return -1;
	}
	if (word) {
		strcpy(hook->output, word);
		return 0;
	}
	return callgate_state_text_path(hook->name, hook->output, sizeof(hook->output), &err) < 0
		       ? hook_fail(hook, &err)
		       : 0;
}

static int take_profile(struct hook *hook, const char *word)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (!word) {
		say(&hook->messages, LOG_ERR, "no --profile on the hook line");
		return -1;
	}
	if (!strchr(word, '/'))
		return callgate_profile_lookup(word, hook->profile, sizeof(hook->profile), &err) < 0
			       ? hook_fail(hook, &err)
			       : 0;
	if (word[0] != '/') {
		say(&hook->messages, LOG_ERR,
		    "--profile '%s' is no absolute path: the working directory is the container's choice", word);
		return -1;
	}
	if (snprintf(hook->profile, sizeof(hook->profile), "%s", word) >= (int)sizeof(hook->profile)) {
		say(&hook->messages, LOG_ERR, "the profile's path is too long");
		return -1;
	}
	return 0;
}

struct words {
	const char *profile, *caps, *output, *stage, *pid, *source;
};

/* Before the environment is left behind: the values stay where they are. */
static void read_environment(struct hook *hook, struct words *words)
{
	hook->name = getenv("LXC_NAME");
	hook->config = getenv("LXC_CONFIG_FILE");
	*words = (struct words){ .caps = "container",
				 .stage = getenv("LXC_HOOK_TYPE"),
				 .pid = getenv("LXC_PID"),
				 .source = getenv("LXC_SRC_NAME") };
}

/* Version 1 hooks get their facts by environment, version 0 hooks also as three words behind our own. */
static int read_words(struct hook *hook, int argc, char **argv, struct words *words)
{
	static const struct option options[] = {
		{ "profile", required_argument, NULL, 'p' },
		{ "caps", required_argument, NULL, 'c' },
		{ "output", required_argument, NULL, 'o' },
		{ "unverified", no_argument, NULL, 'u' },
		{ "inject", no_argument, NULL, 'i' },
		{ "log", no_argument, NULL, 'l' },
		{ "complain", no_argument, NULL, 'x' },
		{ "record", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'p')
			words->profile = optarg;
		else if (option == 'c')
			words->caps = optarg;
		else if (option == 'o')
			words->output = optarg;
		else if (option == 'u')
			hook->proof = CALLGATE_PROOF_POSSIBLE;
		else if (option == 'i')
			hook->manner = CALLGATE_LXC_INJECT;
		else if (option == 'l')
			hook->flags = SECCOMP_FILTER_FLAG_LOG;
		else if (option == 'x') {
			hook->manner = CALLGATE_LXC_INJECT; /* LXC's text has no LOG */
			hook->complains = true;
		} else if (option == 'r')
			hook->records = true;
		else {
			say(&hook->messages, LOG_ERR,
			    "unknown option; usage: callgate --profile NAME|PATH [--caps container|docker|all|LIST] "
			    "[--output FILE] [--inject [--log] | --complain | --unverified] [--record]");
			return -1;
		}
	}
	if (argc - optind == 3) {
		hook->name = argv[optind];
		words->stage = argv[optind + 2];
	} else if (argc != optind) {
		say(&hook->messages, LOG_ERR, "'%s' is one word too many on the hook line", argv[optind]);
		return -1;
	}
	return 0;
}

/* "container": what the configuration leaves it. start-host compares with what init has. */
static int take_caps(struct hook *hook, const char *word)
{
	struct callgate_lxc_config config = CALLGATE_LXC_CONFIG_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (hook->config) {
		if (callgate_lxc_config_read(hook->config, &config, &err) < 0)
			return hook_fail(hook, &err);
		hook->lxc = config;
	}
	if (strcmp(word, "container") != 0)
		return callgate_caps_parse(word, &hook->caps, &err) < 0 ? hook_fail(hook, &err) : 0;
	if (!hook->config) {
		say(&hook->messages, LOG_ERR,
		    "LXC names no configuration file to look capabilities up in: the hook lines need --caps LIST");
		return -1;
	}
	hook->caps = config.caps;
	return 0;
}

/* A copy whose lines still name the text of the container that it was made from: lxc-copy -e starts it before the
 * configuration that our clone hook wrote is read, and people copy files. They have one text then, if they can. */
static void share_output(struct hook *hook)
{
	static const char ending[] = ".seccomp";
	const char *named = hook->lxc.seccomp, *slash = strrchr(hook->output, '/');
	size_t directory = (size_t)(slash + 1 - hook->output), size = strlen(named);

	if (!hook->lxc.pre_start || strcmp(named, hook->output) == 0 || size <= directory + strlen(ending) ||
	    strncmp(named, hook->output, directory) != 0 || strchr(named + directory, '/') ||
	    strcmp(named + size - strlen(ending), ending) != 0 || size - directory >= sizeof(hook->shares))
		return;
	snprintf(hook->shares, sizeof(hook->shares), "%.*s", (int)(size - directory - strlen(ending)),
		 named + directory);
	strcpy(hook->output, named);
}

static int take_words(struct hook *hook, const struct words *words)
{
	if (!hook->name || !hook->name[0]) {
		say(&hook->messages, LOG_ERR, "LXC_NAME is not set: not started by LXC?");
		return -1;
	}
	if (hook->manner == CALLGATE_LXC_INJECT && hook->proof == CALLGATE_PROOF_POSSIBLE) {
		say(&hook->messages, LOG_ERR,
		    "--inject needs no --unverified: that the kernel took the filter is the proof");
		return -1;
	}
	if (hook->flags && hook->manner == CALLGATE_LXC_TEXT) {
		say(&hook->messages, LOG_ERR,
		    "--log needs --inject: LXC's own format has no way to make denials visible");
		return -1;
	}
	if (take_stage(hook, words->stage) < 0 || take_pid(hook, words->pid) < 0 ||
	    take_output(hook, words->output) < 0 || take_profile(hook, words->profile) < 0)
		return -1;
	if (take_caps(hook, words->caps) < 0)
		return -1;
	if (!words->output && hook->stage != STAGE_CLONE)
		share_output(hook);
	return 0;
}

/* ------------------------------------------------------------------ from the profile to the text */

int hook_resolve(struct hook *hook, const struct callgate_policy *policy, uint64_t caps, struct callgate_notes *notes,
		 struct callgate_filter **out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	hook->target.caps = caps;
	if (callgate_filter_resolve(policy, &hook->target, out, notes, &err) == 0)
		return 0;
	say_notes(&hook->messages, notes);
	return hook_fail(hook, &err);
}

static int read_profile(struct hook *hook, struct callgate_notes *notes, struct callgate_policy **out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	hook->target = (struct callgate_target)CALLGATE_TARGET_INIT;
	if (callgate_target_host(&hook->target, &err) < 0)
		return hook_fail(hook, &err);
	if (callgate_policy_read_trusted(hook->profile, out, notes, &err) == 0)
		return 0;
	say_notes(&hook->messages, notes);
	return hook_fail(hook, &err);
}

/* The digest stays that of the profile. */
static int complain(struct hook *hook)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *logging;

	if (!hook->complains)
		return 0;
	if (callgate_filter_log_only(hook->filter, &logging, &err) < 0)
		return hook_fail(hook, &err);
	callgate_filter_free(hook->filter);
	hook->filter = logging;
	say(&hook->messages, LOG_WARNING,
	    "complain: the profile is NOT enforced; what it would deny passes and is logged");
	return 0;
}

static int make_text(struct hook *hook, const struct callgate_policy *policy, struct callgate_notes *notes)
{
	enum callgate_lxc_bound bound =
		hook->manner == CALLGATE_LXC_INJECT ? CALLGATE_LXC_NEVER_STRICTER : CALLGATE_LXC_NEVER_LOOSER;
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (hook_resolve(hook, policy, hook->caps, notes, &hook->filter) < 0)
		return -1;
	if (callgate_filter_digest(hook->filter, hook->digest, &err) < 0)
		return hook_fail(hook, &err);
	if (complain(hook) < 0)
		return -1;
	if (callgate_lxc_write(hook->filter, &hook->target, bound, &hook->text, &err) < 0 ||
	    callgate_filter_digest(callgate_text_filter(hook->text), hook->text_digest, &err) < 0)
		return hook_fail(hook, &err);
	return 0;
}

/* ------------------------------------------------------------------ pre-start */

/* Its lxc-attach reads the file that would be written here. */
static int check_namesake(struct hook *hook)
{
	char other[PATH_MAX];

	hook->is_namesake = hook->name && hook->config &&
			    callgate_state_is_namesake(hook->name, hook->config, other, sizeof(other));
	if (!hook->is_namesake)
		return 0;
	say(&hook->messages, LOG_ERR,
	    "a container of this name runs already, from %s, and both would have one file for lxc-attach and one "
	    "record: stop it, or give one another name",
	    other);
	return -1;
}

/* What another running container's lxc-attach reads stays as it is. *same: it says what this container's would. */
static int check_shared(struct hook *hook, const char *text, size_t size, bool *same)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *found, other[PATH_MAX];
	size_t length;

	*same = false;
	if (!hook->shares[0] || callgate_file_read_trusted(hook->output, &found, &length, &err) < 0)
		return 0;
	*same = length == size && memcmp(found, text, size) == 0;
	free(found);
	if (*same || !callgate_state_is_namesake(hook->shares, hook->config, other, sizeof(other)))
		return 0;
	say(&hook->messages, LOG_ERR,
	    "%s:%u names %s, the text of lxc:%s, which runs and has another one: stop it, or 'callgate hook install "
	    "lxc:%s' gives this one its own",
	    hook->lxc.seccomp_file, hook->lxc.seccomp_line, hook->output, hook->shares, hook->name);
	return -1;
}

static int pre_start(struct hook *hook)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	const char *text;
	size_t size;
	bool same;

	if (hook->manner == CALLGATE_LXC_TEXT && hook->proof == CALLGATE_PROOF_REQUIRED && geteuid() != 0) {
		say(&hook->messages, LOG_ERR,
		    "only root can read filters back and prove them: an unprivileged container needs --inject or "
		    "--unverified on both hook lines");
		return -1;
	}
	/* LXC reads the configuration once: after a reboot from inside these lines may have left the file, and count
	 * until the container stops. start-host looks at what init got. */
	if (hook->lxc.pre_start && hook->lxc.seccomp[0] && strcmp(hook->lxc.seccomp, hook->output) != 0) {
		say(&hook->messages, LOG_ERR, "%s:%u says lxc.seccomp.profile = %s, but this hook writes %s",
		    hook->lxc.seccomp_file, hook->lxc.seccomp_line, hook->lxc.seccomp, hook->output);
		return -1;
	}
	text = callgate_text_bytes(hook->text, &size);
	if (check_shared(hook, text, size, &same) < 0)
		return -1;
	/* Every start writes it anew. */
	if (!same && callgate_file_write_fleeting(hook->output, text, size, 0644, &err) < 0)
		return hook_fail(hook, &err);
	return 0;
}

/* ------------------------------------------------------------------ the whole */

/* Injected, the profile is there to the letter; else as LXC's text can say it. */
static const char *verdict_of(const struct hook *hook, const char *result)
{
	if (strcmp(result, "verified") != 0 || hook->complains)
		return NULL;
	return hook->manner == CALLGATE_LXC_INJECT || strcmp(hook->digest, hook->text_digest) == 0 ? "exact"
												   : "adapted";
}

static int write_state(struct hook *hook, const char *result)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_state state = CALLGATE_STATE_INIT;

	state.engine = "lxc";
	state.id = hook->name;
	state.hook = hook->stage == STAGE_PRE_START ? "pre-start" : "start-host";
	state.result = result;
	state.verdict = verdict_of(hook, result);
	state.profile = hook->profile[0] ? hook->profile : NULL;
	state.config = hook->config;
	state.output = hook->output[0] ? hook->output : NULL;
	state.digest = hook->digest[0] ? hook->digest : NULL;
	state.output_digest = hook->text_digest[0] ? hook->text_digest : NULL;
	state.caps = &hook->caps;
	state.text = hook->text;
	state.injected = hook->injected.size ? &hook->injected : NULL;
	state.pid = hook->pid;
	state.complains = hook->complains;
	state.init = hook->init.pid ? &hook->init : NULL;
	state.messages = hook->messages.list;
	state.message_count = hook->messages.count;
	/* The record is the other one's. */
	if (hook->is_namesake)
		return -1;
	if (!hook->name || callgate_state_write(&state, &err) == 0)
		return 0;
	return hook_fail(hook, &err);
}

static const char *work(struct hook *hook, const struct words *words)
{
	static const char *const results[] = {
		[START_FAILED] = "failed",
		[START_VERIFIED] = "verified",
		[START_INJECTED] = "injected",
		[START_UNVERIFIED] = "unverified",
	};
	enum start start = START_FAILED;
	struct callgate_policy *policy = NULL;
	struct callgate_notes *notes = NULL;
	bool good = false;

	if (check_namesake(hook) == 0 && take_words(hook, words) == 0 && callgate_notes_new(&notes) == 0 &&
	    read_profile(hook, notes, &policy) == 0 && make_text(hook, policy, notes) == 0) {
		if (hook->stage == STAGE_PRE_START)
			good = pre_start(hook) == 0;
		else
			start = start_host(hook, policy);
	}
	callgate_policy_free(policy);
	callgate_notes_free(notes);
	return good ? "ready" : results[start];
}

/* What was kept of a container goes with it. */
static int forget(const char *name)
{
	char state[PATH_MAX], text[PATH_MAX];

	if (!name || callgate_state_path("lxc", name, state, sizeof(state), NULL) < 0 ||
	    callgate_state_text_path(name, text, sizeof(text), NULL) < 0)
		return EXIT_SUCCESS; /* nothing was kept under such a name */
	unlink(state);
	unlink(text);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct hook hook = { .proof = CALLGATE_PROOF_REQUIRED };
	const char *result = "failed";
	struct words words;
	bool good;

	read_environment(&hook, &words);
	if (hook_enter("callgate-lxc") == 0 && read_words(&hook, argc, argv, &words) == 0) {
		if (words.stage && strcmp(words.stage, "clone") == 0)
			return lxc_clone(&hook, words.source) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
		if (words.stage && strcmp(words.stage, "destroy") == 0)
			return forget(hook.name);
		result = work(&hook, &words);
	}
	good = write_state(&hook, result) == 0 && strcmp(result, "failed") != 0;
	if (good)
		syslog(LOG_INFO, "lxc:%s: %s (%s)", hook.name, result, hook.profile);
	else
		syslog(LOG_ERR, "lxc:%s: the start is aborted", hook.name ? hook.name : "?");
	callgate_text_free(hook.text);
	callgate_filter_free(hook.filter);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
