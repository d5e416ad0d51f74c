/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint of a filter: calls that do what a rule denies. */
#include <string.h>

#include "base/note_ids.h"
#include "base/notes.h"
#include "filter/lint.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "policy/policy.h"

enum { CLONE_NEWUSER = 0x10000000, AF_ALG = 38, AF_VSOCK = 40, SYS_SOCKET = 1, SELECTOR_MAX = 24 };

/* ------------------------------------------------------------------ calls with the same effect */

/* Who may make one of the others has the effect of the first; of one that is `equal`, of each. */
static const struct siblings {
	bool equal;
	const char *calls[6];
} siblings[] = {
	{ true, { "chmod", "fchmodat", "fchmodat2" } },
	{ true, { "chown", "lchown", "fchownat" } },
	{ true, { "mkdir", "mkdirat" } },
	{ true, { "mknod", "mknodat" } },
	{ false, { "unlink", "unlinkat" } },
	{ false, { "rmdir", "unlinkat" } },
	{ true, { "rename", "renameat", "renameat2" } },
	{ true, { "link", "linkat" } },
	{ true, { "symlink", "symlinkat" } },
	{ true, { "open", "openat", "openat2" } },
	{ false, { "creat", "open", "openat", "openat2" } },
	{ false, { "truncate", "ftruncate" } },
	{ true, { "execve", "execveat" } },
	{ false, { "mount", "move_mount" } },
	{ false, { "umount", "umount2" } },
	{ false, { "fork", "vfork", "clone", "clone3" } },
	{ true, { "init_module", "finit_module" } },
	{ true, { "kexec_load", "kexec_file_load" } },
	{ false, { "settimeofday", "clock_settime", "clock_settime64" } },
	{ true, { "adjtimex", "clock_adjtime", "clock_adjtime64" } },
	{ true, { "setxattr", "lsetxattr", "fsetxattr", "setxattrat" } },
	{ true, { "removexattr", "lremovexattr", "fremovexattr", "removexattrat" } },
	{ true, { "utime", "utimes", "futimesat", "utimensat" } },
	{ false, { "process_vm_readv", "ptrace" } },
	{ false, { "process_vm_writev", "ptrace" } },
	{ false, { "kill", "tgkill", "tkill", "pidfd_send_signal", "rt_sigqueueinfo" } },
	{ false, { "accept", "accept4" } },
	{ false, { "dup2", "dup3" } },
	{ false, { "pivot_root", "chroot" } },
	{ false, { "ioperm", "iopl" } },
	{ false, { "sched_setscheduler", "sched_setattr" } },
};

static void check_row(const struct lint *lint, const struct siblings *row)
{
	struct names denied = { .count = 0 }, allowed = { .count = 0 };
	struct callgate_origin origin = { .line = 0 };
	char some[NAMES_TEXT], others[NAMES_TEXT];

	for (unsigned i = 0; i < 6 && row->calls[i]; i++) {
		struct reply reply = lint_ask(lint, lint->host, row->calls[i]);

		if (reply.answer == ALLOWED)
			names_add(&allowed, row->calls[i]);
		/* A newer call that gets ENOSYS sends libraries to the older one: that is meant. */
		if (!denied_by_rule(reply) || (i > 0 && (!row->equal || answers_enosys(reply))))
			continue;
		if (!denied.count)
			origin = reply.origin;
		names_add(&denied, row->calls[i]);
	}
	if (denied.count && allowed.count)
		note_at(lint->notes, CALLGATE_NOTE, NOTE_SIBLING, &lint->policy->source, lint_offset(lint, &origin),
			"%s %s denied, but %s, which can do the same, %s allowed", names_text(&denied, some),
			names_be(&denied), names_text(&allowed, others), names_be(&allowed));
}

/* A rule about clone's flags that clone3, whose flags no filter sees, and unshare get round. */
static void check_namespaces(const struct lint *lint)
{
	static const char *const ways[] = { "clone3", "unshare" };
	bool s390 = lint->host == CALLGATE_ABI_S390 || lint->host == CALLGATE_ABI_S390X;
	struct reply masked = { .answer = ABSENT };

	if (!s390)
		masked = lint_ask_first(lint, lint->host, "clone", CLONE_NEWUSER);
	if (masked.answer != DENIED || !may_pass(lint_ask(lint, lint->host, "clone")))
		return;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct reply way = i ? lint_ask_first(lint, lint->host, ways[i], CLONE_NEWUSER)
				     : lint_ask(lint, lint->host, ways[i]);

		if (may_pass(way))
			note_at(lint->notes, CALLGATE_WARNING, NOTE_SIBLING, &lint->policy->source,
				lint_offset(lint, &masked.origin),
				"'clone(CLONE_NEWUSER)' is denied, but '%s' is allowed and makes user namespaces too",
				ways[i]);
	}
}

/* ------------------------------------------------------------------ ways round the rules */

/* Families that rules for socket() are about. */
static struct reply socket_denied(const struct lint *lint, enum callgate_abi abi)
{
	struct reply reply = lint_ask_first(lint, abi, "socket", AF_ALG);

	return reply.answer == DENIED ? reply : lint_ask_first(lint, abi, "socket", AF_VSOCK);
}

static void check_socketcall(const struct lint *lint, enum callgate_abi abi)
{
	struct reply way = lint_ask_first(lint, abi, "socketcall", SYS_SOCKET);
	struct reply family = socket_denied(lint, abi);

	if (may_pass(way) && family.answer == DENIED && may_pass(lint_ask(lint, abi, "socket")))
		note_at(lint->notes, CALLGATE_WARNING, NOTE_OPENS, &lint->policy->source,
			lint_offset(lint, &family.origin),
			"'socketcall' is allowed on %s and makes sockets of every family: its arguments are in memory, "
			"where the rules for 'socket' do not reach",
			abi_of(abi)->name);
}

static void check_multiplexer(const struct lint *lint, enum callgate_abi abi, const char *multiplexer)
{
	int mux = syscall_find((struct slice){ multiplexer, strlen(multiplexer) });
	struct callgate_origin origin = { .line = 0 };
	struct names denied = { .count = 0 };
	char text[NAMES_TEXT];

	if (mux == SYSCALL_NONE)
		return;
	for (uint32_t selector = 1; selector <= SELECTOR_MAX; selector++) {
		int member = syscall_mux_member(mux, selector);
		struct reply reply;

		if (member == SYSCALL_NONE)
			continue;
		reply = lint_ask(lint, abi, syscall_id_name(member));
		if (!denied_by_rule(reply) || !may_pass(lint_ask_first(lint, abi, multiplexer, selector)))
			continue;
		if (!denied.count)
			origin = reply.origin;
		names_add(&denied, syscall_id_name(member));
	}
	if (denied.count)
		note_at(lint->notes, CALLGATE_WARNING, NOTE_OPENS, &lint->policy->source, lint_offset(lint, &origin),
			"%s %s denied, but '%s' is allowed on %s and makes the same call%s", names_text(&denied, text),
			names_be(&denied), multiplexer, abi_of(abi)->name, denied.count > 1 ? "s" : "");
}

void lint_multiplexers(const struct lint *lint, enum callgate_abi abi)
{
	check_socketcall(lint, abi);
	check_multiplexer(lint, abi, "socketcall");
	check_multiplexer(lint, abi, "ipc");
}

static void check_io_uring(const struct lint *lint)
{
	static const char *const calls[] = { "openat", "openat2",  "connect",   "accept4",  "sendmsg",  "recvmsg",
					     "bind",   "listen",   "unlinkat",  "renameat", "mkdirat",  "symlinkat",
					     "linkat", "setxattr", "fallocate", "madvise",  "ftruncate" };
	struct reply family = socket_denied(lint, lint->host), all = lint_ask(lint, lint->host, "socket");
	struct callgate_origin origin = family.origin;
	struct names reached = { .count = 0 };
	char text[NAMES_TEXT];

	if (!may_pass(lint_ask(lint, lint->host, "io_uring_setup")) ||
	    !may_pass(lint_ask(lint, lint->host, "io_uring_enter")))
		return;
	if (family.answer == DENIED && (may_pass(all) || denied_by_rule(all)))
		names_add(&reached, "socket");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct reply reply = lint_ask(lint, lint->host, calls[i]);

		if (!denied_by_rule(reply))
			continue;
		if (!reached.count)
			origin = reply.origin;
		names_add(&reached, calls[i]);
	}
	if (reached.count)
		note_at(lint->notes, CALLGATE_NOTE, NOTE_OPENS, &lint->policy->source, lint_offset(lint, &origin),
			"rules restrict %s, but io_uring is allowed and does that without system calls that a filter "
			"sees",
			names_text(&reached, text));
}

void lint_around(const struct lint *lint)
{
	for (size_t i = 0; i < sizeof(siblings) / sizeof(siblings[0]); i++)
		check_row(lint, &siblings[i]);
	check_namespaces(lint);
	check_io_uring(lint);
}
