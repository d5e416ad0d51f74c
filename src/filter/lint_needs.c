/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint of a filter: calls that runtimes and C libraries make, and that the profile refuses. */
#include "base/note_ids.h"
#include "base/notes.h"
#include "filter/lint.h"
#include "names/abi.h"
#include "policy/policy.h"

struct pair {
	const char *call, *newer;
};

struct pairs {
	const struct pair *of;
	size_t count;
};

/* ------------------------------------------------------------------ the newer call is made */

/* sends_back: ENOSYS makes libraries take the older call. */
static void check_twins(const struct lint *lint, enum callgate_abi abi, struct pairs pairs, bool sends_back)
{
	struct callgate_origin origin = { .line = 0 };
	struct names older = { .count = 0 }, newer = { .count = 0 };
	char old_text[NAMES_TEXT], new_text[NAMES_TEXT];

	for (size_t i = 0; i < pairs.count; i++) {
		struct reply reply = lint_ask(lint, abi, pairs.of[i].newer);

		if (reply.answer != DENIED || lint_ask(lint, abi, pairs.of[i].call).answer != ALLOWED ||
		    (sends_back && answers_enosys(reply)))
			continue;
		if (!newer.count)
			origin = reply.origin;
		names_add(&older, pairs.of[i].call);
		names_add(&newer, pairs.of[i].newer);
	}
	if (newer.count)
		note_at(lint->notes, sends_back ? CALLGATE_WARNING : CALLGATE_NOTE, NOTE_TWIN, &lint->policy->source,
			lint_offset(lint, &origin),
			"%s %s allowed on %s, but %s, which C libraries call instead, %s denied",
			names_text(&older, old_text), names_be(&older), abi_of(abi)->name, names_text(&newer, new_text),
			names_be(&newer));
}

void lint_time64(const struct lint *lint, enum callgate_abi abi)
{
	static const struct pair pairs[] = {
		{ "clock_gettime", "clock_gettime64" },
		{ "clock_settime", "clock_settime64" },
		{ "clock_getres", "clock_getres_time64" },
		{ "clock_nanosleep", "clock_nanosleep_time64" },
		{ "futex", "futex_time64" },
		{ "io_pgetevents", "io_pgetevents_time64" },
		{ "mq_timedreceive", "mq_timedreceive_time64" },
		{ "mq_timedsend", "mq_timedsend_time64" },
		{ "ppoll", "ppoll_time64" },
		{ "pselect6", "pselect6_time64" },
		{ "recvmmsg", "recvmmsg_time64" },
		{ "rt_sigtimedwait", "rt_sigtimedwait_time64" },
		{ "sched_rr_get_interval", "sched_rr_get_interval_time64" },
		{ "semtimedop", "semtimedop_time64" },
		{ "timer_gettime", "timer_gettime64" },
		{ "timer_settime", "timer_settime64" },
		{ "timerfd_gettime", "timerfd_gettime64" },
		{ "timerfd_settime", "timerfd_settime64" },
		{ "utimensat", "utimensat_time64" },
	};

	check_twins(lint, abi, (struct pairs){ pairs, sizeof(pairs) / sizeof(pairs[0]) }, true);
}

/* What glibc's functions of the older name call. */
static void check_successors(const struct lint *lint)
{
	static const struct pair pairs[] = {
		{ "open", "openat" },         { "stat", "newfstatat" },     { "lstat", "newfstatat" },
		{ "fork", "clone" },          { "getdents", "getdents64" }, { "getrlimit", "prlimit64" },
		{ "setrlimit", "prlimit64" },
	};

	check_twins(lint, lint->host, (struct pairs){ pairs, sizeof(pairs) / sizeof(pairs[0]) }, false);
}

/* ------------------------------------------------------------------ the older call is a fallback */

/* Libraries try the newer call and take ENOSYS, nothing else, for "use the older one". */
static void check_fallbacks(const struct lint *lint, enum callgate_severity severity, const char *who,
			    struct pairs pairs)
{
	struct callgate_origin origin = { .line = 0 };
	struct names newer = { .count = 0 };
	char text[NAMES_TEXT], action[32] = "";

	for (size_t i = 0; i < pairs.count; i++) {
		struct reply reply = lint_ask(lint, lint->host, pairs.of[i].newer);

		if (reply.answer != DENIED || reply.action.kind != CALLGATE_ERRNO || answers_enosys(reply) ||
		    !may_pass(lint_ask(lint, lint->host, pairs.of[i].call)))
			continue;
		if (!newer.count) {
			origin = reply.origin;
			callgate_action_format(reply.action, action, sizeof(action));
		}
		names_add(&newer, pairs.of[i].newer);
	}
	if (newer.count)
		note_at(lint->notes, severity, NOTE_FALLBACK, &lint->policy->source, lint_offset(lint, &origin),
			"%s %s %s; %s fall back to the older call on ERRNO(ENOSYS) only", names_text(&newer, text),
			newer.count > 1 ? "get" : "gets", action, who);
}

static void check_libraries(const struct lint *lint)
{
	static const struct pair library[] = {
		{ "clone", "clone3" },
		{ "faccessat", "faccessat2" },
		{ "newfstatat", "statx" },
		{ "fchmodat", "fchmodat2" },
	};
	static const struct pair program[] = {
		{ "openat", "openat2" },     { "execve", "execveat" },          { "mount", "fsopen" },
		{ "mount", "open_tree" },    { "mount", "move_mount" },         { "mount", "mount_setattr" },
		{ "close", "close_range" },  { "preadv", "preadv2" },           { "pwritev", "pwritev2" },
		{ "renameat", "renameat2" }, { "epoll_pwait", "epoll_pwait2" },
	};

	check_fallbacks(lint, CALLGATE_WARNING, "C libraries",
			(struct pairs){ library, sizeof(library) / sizeof(library[0]) });
	check_fallbacks(lint, CALLGATE_NOTE, "programs",
			(struct pairs){ program, sizeof(program) / sizeof(program[0]) });
}

/* ------------------------------------------------------------------ beginning and end */

static void check_start(const struct lint *lint)
{
	struct reply start = lint_ask(lint, lint->host, "execve");

	if (denied_by_rule(start))
		note_at(lint->notes, CALLGATE_WARNING, NOTE_RUNS_NOTHING, &lint->policy->source,
			lint_offset(lint, &start.origin),
			"'execve' is denied: runtimes start a container's program with it, after they have loaded the "
			"filter");
}

static void check_end(const struct lint *lint)
{
	struct reply group = lint_ask(lint, lint->host, "exit_group"), alone = lint_ask(lint, lint->host, "exit");

	if (group.answer == DENIED && alone.answer == DENIED && may_pass(lint_ask(lint, lint->host, "execve")))
		note_at(lint->notes, CALLGATE_WARNING, NOTE_NO_EXIT, &lint->policy->source,
			lint_offset(lint, &group.origin),
			"no program can end under this profile: 'exit_group' and 'exit' are denied");
}

void lint_needs(const struct lint *lint)
{
	check_successors(lint);
	check_libraries(lint);
	check_start(lint);
	check_end(lint);
}
