/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint of a filter: what a profile means on its target that its author may not have meant. Questions to the decisions,
 * so that it does not matter how the profile says it. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "filter/outcomes.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"
#include "policy/policy.h"

enum { OUTCOMES = 32, CLONE_NEWUSER = 0x10000000, AF_ALG = 38, SYS_SOCKET = 1, KERNEL_OLDEST = 0x0206 };

struct lint {
	const struct callgate_policy *policy;
	const struct callgate_filter *filter;
	struct callgate_notes *notes;
	enum callgate_abi host;
};

/* ------------------------------------------------------------------ questions */

enum answer { ABSENT, ALLOWED, DENIED, MIXED };

struct reply {
	enum answer answer;
	struct callgate_action action; /* DENIED: the first one that denies, and where it comes from */
	struct callgate_origin origin;
};

static bool permits(enum callgate_action_kind kind)
{
	return kind == CALLGATE_ALLOW || kind == CALLGATE_LOG;
}

static struct reply ask_pattern(const struct lint *lint, const struct callgate_pattern *pattern)
{
	struct callgate_outcome outcomes[OUTCOMES];
	struct reply reply = { .answer = MIXED };
	size_t count = 0, allowed = 0;

	if (callgate_filter_outcomes(lint->filter, pattern, outcomes, OUTCOMES, &count) < 0 || count > OUTCOMES)
		return reply;
	for (size_t i = 0; i < count; i++) {
		/* What a supervisor or tracer decides is neither allowed nor denied. */
		if (outcomes[i].opaque || outcomes[i].action.kind == CALLGATE_NOTIFY ||
		    outcomes[i].action.kind == CALLGATE_TRACE)
			return reply;
		if (permits(outcomes[i].action.kind)) {
			allowed++;
		} else if (i == allowed) {
			reply.action = outcomes[i].action;
			reply.origin = outcomes[i].origin;
		}
	}
	reply.answer = allowed == count ? ALLOWED : allowed ? MIXED : DENIED;
	return reply;
}

static bool pattern_of(enum callgate_abi abi, const char *call, struct callgate_pattern *out)
{
	int64_t nr = syscall_nr(syscall_find((struct slice){ call, strlen(call) }), abi);

	*out = (struct callgate_pattern){ .abi = abi, .nr = (uint32_t)nr };
	return nr != SYSCALL_NONE;
}

static struct reply ask(const struct lint *lint, enum callgate_abi abi, const char *call)
{
	struct callgate_pattern pattern;

	return pattern_of(abi, call, &pattern) ? ask_pattern(lint, &pattern) : (struct reply){ .answer = ABSENT };
}

/* The same with the first argument given. */
static struct reply ask_first(const struct lint *lint, enum callgate_abi abi, const char *call, uint64_t value)
{
	struct callgate_pattern pattern;

	if (!pattern_of(abi, call, &pattern))
		return (struct reply){ .answer = ABSENT };
	pattern.args[0] = value;
	pattern.known = 1;
	return ask_pattern(lint, &pattern);
}

static bool may_pass(struct reply reply)
{
	return reply.answer == ALLOWED || reply.answer == MIXED;
}

/* The author denies it by a rule; a default need not have been about this call. */
static bool denied_by_rule(struct reply reply)
{
	return reply.answer == DENIED && reply.origin.why == CALLGATE_BY_RULE;
}

/* ------------------------------------------------------------------ saying */

static size_t offset_of(const struct lint *lint, const struct callgate_origin *origin)
{
	const struct source *source = &lint->policy->source;
	const char *at = source->text, *end = at + source->size;

	if (origin->why != CALLGATE_BY_RULE || !origin->line)
		return lint->policy->fallback.at.offset;
	for (unsigned line = 1; line < origin->line && at < end; line++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return lint->policy->fallback.at.offset;
		at++;
	}
	return (size_t)(at - source->text) + origin->column - 1;
}

/* "a, b and c" grows by one name. */
static void add_name(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	if (used + strlen(name) + 8 < size)
		snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

/* ------------------------------------------------------------------ calls with the same effect */

/* Rows of names, ended by NULL: who may make one of these calls has the effect of all. */
static const char *const siblings[][5] = {
	{ "chmod", "fchmodat", "fchmodat2" },
	{ "chown", "fchownat", "lchown" },
	{ "mkdir", "mkdirat" },
	{ "mknod", "mknodat" },
	{ "unlink", "unlinkat" },
	{ "rmdir", "unlinkat" },
	{ "rename", "renameat", "renameat2" },
	{ "link", "linkat" },
	{ "symlink", "symlinkat" },
	{ "open", "openat", "openat2" },
	{ "creat", "open", "openat" },
	{ "execve", "execveat" },
	{ "mount", "move_mount" },
	{ "umount", "umount2" },
	{ "fork", "vfork", "clone", "clone3" },
	{ "init_module", "finit_module" },
	{ "kexec_load", "kexec_file_load" },
	{ "settimeofday", "clock_settime" },
	{ "setxattr", "lsetxattr", "fsetxattr", "setxattrat" },
	{ "process_vm_writev", "ptrace" },
	{ "accept", "accept4" },
	{ "dup2", "dup3" },
	{ "pivot_root", "chroot" },
};

static void check_siblings(const struct lint *lint)
{
	for (size_t i = 0; i < sizeof(siblings) / sizeof(siblings[0]); i++) {
		char others[128] = "";
		unsigned count = 0;
		struct reply first = ask(lint, lint->host, siblings[i][0]);

		if (!denied_by_rule(first))
			continue;
		for (unsigned j = 1; j < 5 && siblings[i][j]; j++) {
			if (ask(lint, lint->host, siblings[i][j]).answer != ALLOWED)
				continue;
			add_name(others, sizeof(others), siblings[i][j]);
			count++;
		}
		if (count)
			note_at(lint->notes, CALLGATE_NOTE, NOTE_SIBLING, &lint->policy->source,
				offset_of(lint, &first.origin),
				"'%s' is denied, and %s with the same effect %s allowed", siblings[i][0], others,
				count > 1 ? "are" : "is");
	}
}

/* A rule about clone's flags that clone3, whose flags no filter sees, and unshare get round. */
static void check_namespaces(const struct lint *lint)
{
	static const char *const ways[] = { "clone3", "unshare" };
	bool s390 = lint->host == CALLGATE_ABI_S390 || lint->host == CALLGATE_ABI_S390X;
	struct reply masked =
		s390 ? (struct reply){ .answer = ABSENT } : ask_first(lint, lint->host, "clone", CLONE_NEWUSER);

	if (masked.answer != DENIED || !may_pass(ask(lint, lint->host, "clone")))
		return;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct reply way =
			i ? ask_first(lint, lint->host, ways[i], CLONE_NEWUSER) : ask(lint, lint->host, ways[i]);

		if (may_pass(way))
			note_at(lint->notes, CALLGATE_WARNING, NOTE_SIBLING, &lint->policy->source,
				offset_of(lint, &masked.origin),
				"clone(CLONE_NEWUSER) is denied, and %s makes a user namespace as well", ways[i]);
	}
}

/* ------------------------------------------------------------------ ways round the rules */

static void check_socketcall(const struct lint *lint, enum callgate_abi abi)
{
	struct reply way = ask_first(lint, abi, "socketcall", SYS_SOCKET);
	struct reply socket = ask_first(lint, abi, "socket", AF_ALG);

	if (may_pass(way) && socket.answer == DENIED && may_pass(ask(lint, abi, "socket")))
		note_at(lint->notes, CALLGATE_WARNING, NOTE_OPENS, &lint->policy->source,
			offset_of(lint, &socket.origin),
			"socketcall is allowed on %s and makes sockets of any family, which the rules for socket "
			"restrict",
			abi_of(abi)->name);
}

static void check_io_uring(const struct lint *lint)
{
	static const char *const calls[] = { "openat",   "openat2", "connect",   "socket", "unlinkat",
					     "renameat", "mkdirat", "symlinkat", "linkat" };
	struct callgate_origin origin = { .line = 0 };
	char reached[160] = "";

	if (!may_pass(ask(lint, lint->host, "io_uring_setup")) || !may_pass(ask(lint, lint->host, "io_uring_enter")))
		return;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct reply reply = ask(lint, lint->host, calls[i]);

		if (!denied_by_rule(reply))
			continue;
		if (!reached[0])
			origin = reply.origin;
		add_name(reached, sizeof(reached), calls[i]);
	}
	if (reached[0])
		note_at(lint->notes, CALLGATE_NOTE, NOTE_OPENS, &lint->policy->source, offset_of(lint, &origin),
			"io_uring is allowed and does %s without system calls that a filter sees", reached);
}

/* ------------------------------------------------------------------ what libraries need */

struct pair {
	const char *call, *newer;
};

static void check_twins(const struct lint *lint, enum callgate_abi abi, const struct pair *pairs, size_t count)
{
	struct callgate_origin origin = { .line = 0 };
	char missing[160] = "";

	for (size_t i = 0; i < count; i++) {
		struct reply newer = ask(lint, abi, pairs[i].newer);

		if (newer.answer != DENIED || ask(lint, abi, pairs[i].call).answer != ALLOWED ||
		    (newer.action.kind == CALLGATE_ERRNO && newer.action.data == ERRNO_ENOSYS))
			continue;
		if (!missing[0])
			origin = newer.origin;
		add_name(missing, sizeof(missing), pairs[i].newer);
	}
	if (missing[0])
		note_at(lint->notes, CALLGATE_WARNING, NOTE_TWIN, &lint->policy->source, offset_of(lint, &origin),
			"%s on %s is denied and its older twin allowed; libraries use the newer call", missing,
			abi_of(abi)->name);
}

static void check_time64(const struct lint *lint, enum callgate_abi abi)
{
	static const struct pair pairs[] = {
		{ "clock_gettime", "clock_gettime64" },
		{ "clock_nanosleep", "clock_nanosleep_time64" },
		{ "futex", "futex_time64" },
		{ "ppoll", "ppoll_time64" },
		{ "pselect6", "pselect6_time64" },
		{ "timerfd_settime", "timerfd_settime64" },
		{ "utimensat", "utimensat_time64" },
		{ "recvmmsg", "recvmmsg_time64" },
		{ "rt_sigtimedwait", "rt_sigtimedwait_time64" },
	};

	check_twins(lint, abi, pairs, sizeof(pairs) / sizeof(pairs[0]));
}

/* The C library tries the newer call and takes ENOSYS, nothing else, for "use the older one". */
static void check_fallbacks(const struct lint *lint)
{
	static const struct pair pairs[] = {
		{ "clone", "clone3" },
		{ "faccessat", "faccessat2" },
		{ "newfstatat", "statx" },
		{ "fchmodat", "fchmodat2" },
	};
	struct callgate_origin origin = { .line = 0 };
	char names[96] = "", action[32] = "";

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct reply newer = ask(lint, lint->host, pairs[i].newer);

		if (newer.answer != DENIED || newer.action.kind != CALLGATE_ERRNO ||
		    newer.action.data == ERRNO_ENOSYS || !may_pass(ask(lint, lint->host, pairs[i].call)))
			continue;
		if (!names[0]) {
			origin = newer.origin;
			callgate_action_format(newer.action, action, sizeof(action));
		}
		add_name(names, sizeof(names), pairs[i].newer);
	}
	if (names[0])
		note_at(lint->notes, CALLGATE_WARNING, NOTE_FALLBACK, &lint->policy->source, offset_of(lint, &origin),
			"%s gets %s; C libraries fall back to the older call on ERRNO(ENOSYS) only", names, action);
}

static void check_end(const struct lint *lint)
{
	struct reply group = ask(lint, lint->host, "exit_group"), alone = ask(lint, lint->host, "exit");

	if (group.answer == DENIED && alone.answer == DENIED && may_pass(ask(lint, lint->host, "execve")))
		note_at(lint->notes, CALLGATE_WARNING, NOTE_NO_EXIT, &lint->policy->source,
			offset_of(lint, &group.origin),
			"no program can end under this profile: exit_group and exit are denied");
}

/* ------------------------------------------------------------------ what the profile does not name */

static void check_newer(const struct lint *lint)
{
	const struct callgate_policy *policy = lint->policy;
	const char *newest = NULL;
	uint16_t kernel = 0;

	if (!permits(policy->fallback.kind))
		return;
	for (unsigned i = 0; i < policy->rule_count; i++) {
		for (unsigned j = 0; j < policy->rules[i].name_count; j++) {
			int id = syscall_find(policy->rules[i].names[j].text);

			if (id == SYSCALL_NONE || syscall_first_kernel(id) <= kernel)
				continue;
			kernel = syscall_first_kernel(id);
			newest = syscall_id_name(id);
		}
	}
	if (kernel > KERNEL_OLDEST)
		note_at(lint->notes, CALLGATE_NOTE, NOTE_NEWER, &policy->source, policy->fallback.at.offset,
			"the default allows every call that is not named, also those newer than '%s' (Linux %u.%u)",
			newest, kernel >> 8, kernel & 0xff);
	else if (newest)
		note_at(lint->notes, CALLGATE_NOTE, NOTE_NEWER, &policy->source, policy->fallback.at.offset,
			"the default allows every call that is not named, also those that newer kernels add");
}

static void check_abis(const struct lint *lint)
{
	const struct callgate_policy *policy = lint->policy;
	enum callgate_abi family[3];
	unsigned count = abi_family(lint->host, family);
	bool native = false;
	char foreign[160] = "";

	for (unsigned i = 0; i < policy->abi_count; i++) {
		bool own = false;

		for (unsigned j = 0; j < count; j++)
			own |= family[j] == policy->abis[i];
		native |= policy->abis[i] == lint->host;
		if (!own && policy->abis[i] != lint->host)
			add_name(foreign, sizeof(foreign), abi_of(policy->abis[i])->oci);
	}
	if (policy->abi_count && !native)
		note_at(lint->notes, CALLGATE_NOTE, NOTE_NATIVE, &policy->source, policy->abi_words[0].at.offset,
			"the native ABI %s is not listed; runtimes add it", abi_of(lint->host)->name);
	if (foreign[0])
		note_at(lint->notes, CALLGATE_NOTE, NOTE_ABI, &policy->source, policy->abi_words[0].at.offset,
			"this host has no calls of %s", foreign);
}

int callgate_filter_lint(const struct callgate_policy *policy, const struct callgate_filter *filter,
			 const struct callgate_target *target, struct callgate_notes *notes, struct callgate_err *err)
{
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	struct lint lint = { policy, filter, notes, CALLGATE_ABI_NONE };
	unsigned count;

	REQUIRE(err, policy && filter && target);
	lint.host = target->host;
	count = callgate_filter_abis(filter, abis);
	check_siblings(&lint);
	check_namespaces(&lint);
	check_io_uring(&lint);
	check_fallbacks(&lint);
	check_end(&lint);
	for (unsigned i = 0; i < count; i++) {
		check_socketcall(&lint, abis[i]);
		if (abi_of(abis[i])->width == 32 && abis[i] != CALLGATE_ABI_X32)
			check_time64(&lint, abis[i]);
	}
	check_newer(&lint);
	check_abis(&lint);
	return 0;
}
