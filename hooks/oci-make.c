/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the wrapper and the precreate hook have in common: the profile of a bundle, put into its configuration. */
#include "hooks/oci-make.h"
#include "hooks/oci-own.h"
#include "runtime/hooks.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* TSYNC: a container's first process has one thread. SPEC_ALLOW: without it the kernel is only more careful. */
static const uint32_t harmless_flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;

static int fail(struct oci_job *job, const struct callgate_err *err)
{
	say_err(&job->messages, err);
	return -1;
}

/* Said at every start: nobody shall take such a container for a confined one. */
static int complain(struct oci_job *job, struct callgate_err *err)
{
	job->complains = callgate_settings_complain(job->settings, job->engine);
	if (!job->complains)
		return 0;
	note_down(&job->messages, "complain: the profile is NOT enforced; what it would deny passes and is logged");
	return callgate_choice_complain(&job->choice, err);
}

static bool is_word(const char *text, size_t size, const char *word)
{
	return size == strlen(word) && memcmp(text, word, size) == 0;
}

/* What a container may ask for beside a profile. */
static bool wishes(const struct oci_job *job, const char *key)
{
	size_t size;
	const char *said = callgate_bundle_annotation(job->bundle, key, &size);

	return said && !is_word(said, size, "no");
}

bool oci_job_records(const struct oci_job *job)
{
	return callgate_settings_record(job->settings, job->engine) || wishes(job, "org.callgate.record");
}

/* Where only containers that ask for a profile get one, nothing else is done for one that does not. */
static int check_wish(struct oci_job *job, const char *key)
{
	size_t size;
	const char *said = callgate_bundle_annotation(job->bundle, key, &size);

	if (!said || is_word(said, size, "no"))
		return 0;
	if (size && !is_word(said, size, "yes")) {
		say(&job->messages, LOG_ERR, "the container's annotation %s is '%.*s', and can be yes or no", key,
		    size < 100 ? (int)size : 100, said);
		return -1;
	}
	if (!callgate_settings_annotated_only(job->settings, job->engine) ||
	    callgate_bundle_annotation(job->bundle, "org.callgate.profile", NULL))
		return 0;
	say(&job->messages, LOG_ERR,
	    "the container has the annotation %s and not org.callgate.profile, without which nothing is done for it",
	    key);
	return -1;
}

/* A misspelt wish is no wish: the container would start without what was asked for, and nobody would notice. */
static int check_wishes(struct oci_job *job)
{
	size_t size;
	const char *key = callgate_bundle_unknown_wish(job->bundle, &size);

	if (!key)
		return check_wish(job, "org.callgate.log") < 0 ? -1 : check_wish(job, "org.callgate.record");
	say(&job->messages, LOG_ERR,
	    "the container has an annotation '%.*s', and there are only org.callgate.profile, .log and .record",
	    size < 100 ? (int)size : 100, key);
	return -1;
}

int oci_job_read(struct oci_job *job, const char *config)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	job->choice = (struct callgate_choice)CALLGATE_CHOICE_INIT;
	if ((job->own ? callgate_settings_read_at(job->own, &job->settings, &err)
		      : callgate_settings_read(&job->settings, &err)) < 0 ||
	    callgate_bundle_read(config, &job->bundle, &err) < 0 || callgate_notes_new(&job->notes) < 0)
		return fail(job, &err);
	if (job->asked && callgate_settings_ask(job->settings, job->engine, job->asked, &err) < 0)
		return fail(job, &err);
	if (check_wishes(job) < 0)
		return -1;
	job->passes = callgate_settings_annotated_only(job->settings, job->engine) &&
		      !callgate_bundle_annotation(job->bundle, "org.callgate.profile", NULL);
	if (job->passes)
		return 0;
	if (callgate_profile_choose(job->settings, job->engine, job->bundle, &job->choice, job->notes, &err) == 0)
		return callgate_filter_digest(job->choice.filter, job->digest, &err) == 0 && complain(job, &err) == 0
			       ? 0
			       : fail(job, &err);
	say_notes(&job->messages, job->notes);
	return fail(job, &err);
}

bool oci_job_logs(const struct oci_job *job)
{
	return callgate_settings_log(job->settings, job->engine) || wishes(job, "org.callgate.log");
}

/* The profile's, and LOG where visible denials are asked for. */
static uint32_t wanted_flags(const struct oci_job *job)
{
	return callgate_filter_flags(job->choice.filter) | (oci_job_logs(job) ? SECCOMP_FILTER_FLAG_LOG : 0);
}

/* Behind the annotation stands a text that no process survives: a runtime that does not read the annotation starts
 * nothing. */
static int make_flags(const struct oci_job *job, char *buf, size_t size)
{
	uint32_t flags = wanted_flags(job);
	size_t used = 0;

	buf[0] = '\0';
	for (uint32_t bit = 1; bit && bit <= flags; bit <<= 1) {
		const char *word = callgate_flag_name(bit);

		if (!(flags & bit))
			continue;
		if (!word || used + strlen(word) + 16 > size)
			return -1;
		used += (size_t)snprintf(buf + used, size - used, "%s\"%s\"", used ? "," : ",\"flags\":[", word);
	}
	if (used)
		snprintf(buf + used, size - used, "]");
	return 0;
}

static int make_bpf(struct oci_job *job, char **out)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = NULL;
	size_t size;
	int r;

	if (callgate_filter_compile(job->choice.filter, &prog, &err) < 0)
		return fail(job, &err);
	r = callgate_prog_write(prog, CALLGATE_PROG_BASE64, out, &size, &err);
	callgate_prog_free(prog);
	if (r < 0)
		return fail(job, &err);
	(*out)[strcspn(*out, "\n")] = '\0';
	return 0;
}

/* Flags that a runtime does not take are left out where the filter means the same without them; the loss is reported.
 */
static void tell_flags(struct oci_job *job, uint32_t wanted)
{
	for (uint32_t bit = 1; bit && bit <= wanted; bit <<= 1)
		if (wanted & bit & ~job->flags & ~harmless_flags)
			say(&job->messages, LOG_WARNING, "%s is left out: this runtime takes no flags",
			    callgate_flag_name(bit));
}

/* Where a runtime's reading is not the profile to the letter, it is stricter or refuses in another way. */
static void tell_losses(struct oci_job *job, const struct callgate_filter *reading)
{
	enum { SHOWN = 4 };
	const struct callgate_difference *row;
	struct callgate_diff *diff;
	char a[64], b[64];

	if (callgate_filter_diff(job->choice.filter, reading, 0, &diff, NULL) < 0)
		return;
	for (size_t i = 0; (row = callgate_diff_at(diff, i)) && i < SHOWN; i++) {
		const char *abi = callgate_abi_name(row->abi), *name = callgate_syscall_name(row->abi, row->first);

		callgate_action_format(row->a, a, sizeof(a));
		callgate_action_format(row->b, b, sizeof(b));
		note_down(&job->messages,
			  "a runtime that compiles the text itself: %s%s%s of %s: %s where the profile says %s",
			  name ? name : "numbers without a name", row->first == row->last ? "" : " and following",
			  row->depends_a || row->depends_b ? " (by arguments)" : "", abi ? abi : "foreign ABIs", b, a);
	}
	if (callgate_diff_count(diff) > SHOWN)
		note_down(&job->messages, "and %zu more such ranges", callgate_diff_count(diff) - SHOWN);
	callgate_diff_free(diff);
}

static int make_text(struct oci_job *job, char **out)
{
	struct callgate_target reader = job->choice.target;
	uint32_t wanted = wanted_flags(job);
	struct callgate_text *text = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;

	reader.reader = CALLGATE_AS_RUNC;
	reader.libseccomp = callgate_libseccomp_release();
	if (callgate_oci_write(&job->choice, &reader, wanted & job->flags, &text, &err) < 0)
		return fail(job, &err);
	tell_flags(job, wanted);
	tell_losses(job, callgate_text_filter(text));
	/* Behind podman's hooks the proof finds out what the runtime made of it. */
	if (job->form == OCI_FORM_TEXT &&
	    callgate_filter_digest(callgate_text_filter(text), job->text_digest, &err) < 0) {
		callgate_text_free(text);
		return fail(job, &err);
	}
	*out = strdup(callgate_text_bytes(text, NULL));
	callgate_text_free(text);
	return *out ? 0 : -1;
}

int oci_job_make(struct oci_job *job)
{
	struct callgate_splice splice = CALLGATE_SPLICE_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *bpf = NULL, *text = NULL;
	char flags[256], deadly[320];
	int r = oci_own_meet(job);

	splice.root = job->root;
	if (r == 0 && job->form != OCI_FORM_TEXT)
		r = make_bpf(job, &bpf);
	if (r == 0 && job->form != OCI_FORM_BPF)
		r = make_text(job, &text);
	if (r == 0 && job->form == OCI_FORM_BPF)
		r = make_flags(job, flags, sizeof(flags));
	if (r == 0) {
		if (job->form == OCI_FORM_BPF)
			snprintf(deadly, sizeof(deadly), "{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\"%s}", flags);
		splice.seccomp = text ? text : deadly;
		splice.bpf = bpf;
		r = callgate_bundle_splice(job->bundle, &splice, &job->text, &job->size, &err);
		if (r < 0)
			fail(job, &err);
	}
	free(bpf);
	free(text);
	return r < 0 ? -1 : 0;
}

bool oci_job_wants_flags(const struct oci_job *job)
{
	return wanted_flags(job) != 0;
}

void oci_job_release(struct oci_job *job)
{
	callgate_choice_release(&job->choice);
	job->bundle = callgate_bundle_free(job->bundle);
	job->settings = callgate_settings_free(job->settings);
	job->notes = callgate_notes_free(job->notes);
	free(job->text);
	job->text = NULL;
}

int oci_job_state(struct oci_job *job, const char *id, const char *result, const char *output, pid_t pid)
{
	struct callgate_state state = CALLGATE_STATE_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	uint64_t caps = job->bundle ? callgate_bundle_caps(job->bundle) : 0;

	if (!id)
		return 0;
	/* A container is being made: the time to look after those that have gone. */
	if (strcmp(result, "ready") == 0)
		callgate_state_prune("oci", CALLGATE_STALE_DAY);
	state.engine = "oci";
	state.id = id;
	state.hook = job->hook;
	state.result = result;
	state.profile = job->choice.profile[0] ? job->choice.profile : NULL;
	state.digest = job->digest[0] ? job->digest : NULL;
	state.verdict = job->verdict;
	state.output = output;
	state.output_digest = job->text_digest[0] ? job->text_digest : NULL;
	state.caps = job->bundle ? &caps : NULL;
	state.pid = pid;
	state.complains = job->complains;
	state.messages = job->messages.list;
	state.message_count = job->messages.count;
	return callgate_state_write(&state, &err) == 0 ? 0 : fail(job, &err);
}
