/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate hook install for LXC: what a start would refuse is refused before, and what changes for the container is
 * told. */
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/hook.h"

/* ------------------------------------------------------------------ what the configuration says */

/* A line of ours that stands outside of our lines: the hook would run twice. */
static int check_by_hand(const struct lxc_plan *plan)
{
	unsigned line = 1;

	for (const char *at = plan->text; *at; line++) {
		size_t size = strcspn(at, "\n"), offset = (size_t)(at - plan->text);
		const char *program = memmem(at, size, "lxc/hooks/callgate ", 19);
		size_t blanks = strspn(at, " \t");

		if (program && strncmp(at + blanks, "lxc.hook.", 9) == 0 &&
		    (offset < plan->lines.first || offset >= plan->lines.last)) {
			report("%s:%u: a hook line for callgate that was written by hand: remove it", plan->path, line);
			return EXIT_CANNOT;
		}
		at += size + (at[size] == '\n');
	}
	return EXIT_YES;
}

/* Having changed its user id, the first process is not dumpable before it executes a program, and belongs to the user
 * namespace of whoever executed the last one: the host's. */
static bool can_inject(const struct lxc_plan *plan)
{
	return geteuid() == 0 || plan->config.root_uid < 0 || plan->config.root_uid == (int64_t)geteuid();
}

/* --complain as well: LXC's text has no LOG. */
static bool injects(const struct hook_request *request)
{
	return request->manner == CALLGATE_LXC_INJECT || request->complain;
}

int lxc_check_owner(const char *path, uid_t owner, const char *word)
{
	const struct passwd *user;

	if (owner == geteuid())
		return EXIT_YES;
	user = getpwuid(owner);
	report("%s belongs to user %u%s%s%s, who starts the container: %s as that user", path, (unsigned)owner,
	       user ? " (" : "", user ? user->pw_name : "", user ? ")" : "", word);
	return EXIT_CANNOT;
}

static int check_owner(const struct hook_request *request, const struct lxc_plan *plan)
{
	if (lxc_check_owner(plan->path, plan->owner, "install") != EXIT_YES)
		return EXIT_CANNOT;
	if (!can_inject(plan) && injects(request)) {
		report("--inject: the container's root is another user of the host (%lld, by lxc.idmap), and the "
		       "kernel lets only the host's root trace its first process; --unverified starts it with the "
		       "profile as LXC's text, or let root start it",
		       (long long)plan->config.root_uid);
		return EXIT_CANNOT;
	}
	if (geteuid() == 0 || injects(request) || request->proof == CALLGATE_PROOF_POSSIBLE)
		return EXIT_YES;
	if (can_inject(plan))
		report("only root can read filters back: an unprivileged container needs --inject (that the kernel "
		       "takes the filter is the proof) or --unverified");
	else
		report("only root can read filters back: this container needs --unverified (that its first process has "
		       "a filter is checked all the same)");
	return EXIT_CANNOT;
}

/* The hook reads the profile as root does what it trusts. */
static int check_trust(const char *path)
{
	CALLGATE_CLEANUP(policy_cleanup) struct callgate_policy *policy = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (callgate_policy_read_trusted(path, &policy, NULL, &err) == 0)
		return EXIT_YES;
	if (err.code != CALLGATE_E_UNTRUSTED)
		return EXIT_YES; /* what is wrong with it otherwise is said by who reads it next, with all findings */
	report_err(&err);
	return EXIT_CANNOT;
}

static void print_caps(FILE *to, uint64_t caps)
{
	const char *name;

	if (!caps)
		fputs(" none", to);
	for (unsigned i = 0; i < 64; i++) {
		if (!(caps >> i & 1) || callgate_cap_name(i, &name) < 0)
			continue;
		fputc(' ', to);
		for (const char *at = name + strlen("CAP_"); *at; at++)
			fputc(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at, to);
	}
	fputc('\n', to);
}

/* Rules chosen for other capabilities than the container will have: fine only where no rule asks for those. */
static int check_caps(struct options *options, const struct lxc_plan *plan, const struct callgate_filter *filter)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *other = NULL;
	uint64_t caps = options->target.caps;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char a[65], b[65];
	int code;

	if (caps == plan->config.caps)
		return EXIT_YES;
	options->target.caps = plan->config.caps;
	code = profile_resolve(options, plan->file, &other);
	options->target.caps = caps;
	if (code)
		return code;
	if (callgate_filter_digest(filter, a, &err) < 0 || callgate_filter_digest(other, b, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	if (strcmp(a, b) == 0)
		return EXIT_YES;
	report("the container will have other capabilities than --caps says, and rules of the profile depend on them: "
	       "leave --caps out, or write into %s",
	       plan->path);
	fputs("lxc.cap.drop =\nlxc.cap.keep =", stderr);
	print_caps(stderr, caps);
	return EXIT_CANNOT;
}

/* ------------------------------------------------------------------ what the profile replaces */

static void print_calls(const struct callgate_diff *diff)
{
	enum { SHOWN = 8 };
	const struct callgate_difference *row;
	size_t count = 0;

	for (size_t i = 0; (row = callgate_diff_at(diff, i)); i++) {
		struct difference_words said;

		if (!row->looser || count++ >= SHOWN)
			continue;
		difference_words(diff, i, &said);
		fprintf(stderr, "  %s\t%s\n", said.abi, said.witness);
	}
	if (count > SHOWN)
		fprintf(stderr, "  ... and %zu more\n", count - SHOWN);
}

/* Nobody shall be let through by what was installed to confine him. */
static int compare(const struct hook_request *request, const char *before, const struct callgate_filter *old,
		   const struct callgate_filter *new)
{
	const struct callgate_difference *row;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_diff *diff;
	size_t looser = 0, tighter = 0;

	if (callgate_filter_diff(old, new, 0, &diff, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	for (size_t i = 0; (row = callgate_diff_at(diff, i)); i++) {
		looser += row->looser;
		tighter += row->tighter;
	}
	if (!looser)
		fprintf(stderr, "callgate: note: replaces %s: no more permissive, tighter in %zu ranges of calls\n",
			before, tighter);
	else if (request->looser == LOOSER_ACCEPTED)
		fprintf(stderr,
			"callgate: note: replaces %s: more permissive in %zu ranges of calls, tighter in %zu:\n",
			before, looser, tighter);
	else
		report("the profile permits what %s denies (%zu ranges of calls); --accept-looser installs it all the "
		       "same:",
		       before, looser);
	print_calls(diff);
	callgate_diff_free(diff);
	return looser && request->looser == LOOSER_REFUSED ? EXIT_CANNOT : EXIT_YES;
}

static int check_replaced(const struct options *options, const struct hook_request *request,
			  const struct lxc_plan *plan, const struct callgate_filter *new)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *old = NULL;

	if (!lxc_replaces(plan))
		return EXIT_YES;
	if (lxc_read_replaced(options, plan, &old) != EXIT_YES) {
		report("%s:%u: lxc.seccomp.profile = %s cannot be read, so what would be replaced is unknown",
		       plan->config.seccomp_file, plan->config.seccomp_line, plan->config.seccomp);
		return EXIT_CANNOT;
	}
	return compare(request, plan->config.seccomp, old, new);
}

/* ------------------------------------------------------------------ the profile itself */

/* The beginning of a long list of calls; all of it is in the state file. */
static void print_some(FILE *to, const char *calls)
{
	enum { WIDTH = 160 };
	size_t size = strlen(calls), more = 0;

	if (size > WIDTH) {
		for (size = WIDTH; size && calls[size] != ','; size--)
			;
		for (const char *at = calls + size; *at; at++)
			more += *at == ',';
	}
	fprintf(to, "%.*s", (int)size, calls);
	if (more)
		fprintf(to, " and %zu more", more);
	fputc('\n', to);
}

/* How many there are and what helps; all of them are for who looks before he installs. */
static void note_losses(const struct callgate_text *text, const struct hook_request *request,
			const struct lxc_plan *plan)
{
	bool shows = request->effect == HOOK_SHOW;
	const char *where = shows ? "" : " (--dry-run lists them)";
	const struct callgate_loss *loss;
	size_t count = callgate_text_loss_count(text);

	if (!count)
		return;
	if (injects(request))
		fprintf(stderr,
			"callgate: note: what lxc-attach brings in gets LXC's text only, which permits more, in %zu "
			"groups of calls%s",
			count, where);
	else
		fprintf(stderr,
			"callgate: note: LXC's text cannot say all that the profile does: %zu groups of calls are "
			"denied, or denied with another error%s%s",
			count, where, can_inject(plan) ? "; --inject gives the profile exactly" : "");
	fputs(shows ? ":\n" : "\n", stderr);
	for (size_t i = 0; shows && (loss = callgate_text_loss_at(text, i)); i++) {
		fprintf(stderr, "  %s: %s where the profile says %s, as %s: ", callgate_abi_name(loss->abi), loss->text,
			loss->profile, loss->why);
		print_some(stderr, loss->calls);
	}
}

/* The text as the hook will write it, and the program as it will inject it. */
static int check_forms(struct options *options, const struct hook_request *request, const struct lxc_plan *plan,
		       const struct callgate_filter *filter)
{
	enum callgate_lxc_bound bound = injects(request) ? CALLGATE_LXC_NEVER_STRICTER : CALLGATE_LXC_NEVER_LOOSER;
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *prog = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_text *text = NULL;
	int code;

	if (callgate_lxc_write(filter, &options->target, bound, &text, &err) < 0 ||
	    (injects(request) && callgate_filter_compile(filter, &prog, &err) < 0)) {
		callgate_text_free(text);
		report_err(&err);
		return EXIT_CANNOT;
	}
	note_losses(text, request, plan);
	code = check_replaced(options, request, plan, injects(request) ? filter : callgate_text_filter(text));
	callgate_text_free(text);
	return code;
}

/* What is installed denies nothing, and that is what is compared with what it replaces. */
static int take_complaining(struct callgate_filter **filter)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *logging;

	if (callgate_filter_log_only(*filter, &logging, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	callgate_filter_free(*filter);
	*filter = logging;
	return EXIT_YES;
}

int lxc_check_install(struct options *options, const struct hook_request *request, const struct lxc_plan *plan)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	int code;

	if (request->log && (request->manner != CALLGATE_LXC_INJECT || request->complain)) {
		report("--log needs --inject: LXC's own format has no way to make denials visible");
		return EXIT_CANNOT;
	}
	options->target.caps = plan->config.caps;
	if (strcmp(request->caps, "container") != 0 &&
	    callgate_caps_parse(request->caps, &options->target.caps, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	code = check_by_hand(plan);
	if (!code)
		code = check_owner(request, plan);
	if (!code)
		code = check_trust(plan->file);
	if (!code)
		code = profile_resolve(options, plan->file, &filter);
	if (!code)
		code = check_caps(options, plan, filter);
	hook_warn_complain(request);
	if (!code && request->complain)
		code = take_complaining(&filter);
	else if (!code)
		hook_note_calls("lxc", filter, options->target.host);
	return code ? code : check_forms(options, request, plan, filter);
}
