/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Risks: what a filter permits that reviewers ask about first. */
#include <stdlib.h>
#include <string.h>

#include "base/private.h"
#include "tool/tool.h"

enum { CLONE_NEWUSER = 0x10000000, AF_ALG = 38, AF_VSOCK = 40 };

static const struct opening {
	const char *call, *matter;
	uint64_t value;       /* of the argument */
	const char *argument; /* its name: its place is the ABI's affair; NO_ARGUMENT: the call whatever its arguments
				 are */
} openings[] = {
#define NO_ARGUMENT NULL
	{ "ptrace", "reads and writes other processes", 0, NO_ARGUMENT },
	{ "process_vm_writev", "writes other processes' memory", 0, NO_ARGUMENT },
	{ "pidfd_getfd", "takes descriptors of other processes", 0, NO_ARGUMENT },
	{ "bpf", "loads programs into the kernel", 0, NO_ARGUMENT },
	{ "perf_event_open", "measures the kernel and other processes", 0, NO_ARGUMENT },
	{ "io_uring_setup", "does files and sockets without system calls that a filter could see", 0, NO_ARGUMENT },
	{ "userfaultfd", "stops the kernel at a page of one's choice", 0, NO_ARGUMENT },
	{ "unshare", "makes a user namespace", CLONE_NEWUSER, "flags" },
	{ "clone", "makes a user namespace", CLONE_NEWUSER, "flags" },
	{ "clone3", "makes any namespace: its flags are behind a pointer", 0, NO_ARGUMENT },
	{ "setns", "enters other namespaces", 0, NO_ARGUMENT },
	{ "mount", "mounts file systems", 0, NO_ARGUMENT },
	{ "move_mount", "mounts file systems", 0, NO_ARGUMENT },
	{ "fsopen", "mounts file systems", 0, NO_ARGUMENT },
	{ "pivot_root", "changes the root of the mount namespace", 0, NO_ARGUMENT },
	{ "open_by_handle_at", "opens files beneath a mount by number", 0, NO_ARGUMENT },
	{ "keyctl", "reaches keys that no namespace separates", 0, NO_ARGUMENT },
	{ "init_module", "loads kernel modules", 0, NO_ARGUMENT },
	{ "finit_module", "loads kernel modules", 0, NO_ARGUMENT },
	{ "kexec_load", "replaces the kernel", 0, NO_ARGUMENT },
	{ "iopl", "reaches hardware", 0, NO_ARGUMENT },
	{ "modify_ldt", "makes old segments", 0, NO_ARGUMENT },
	{ "socket", "reaches the kernel's crypto sockets (AF_ALG)", AF_ALG, "domain" },
	{ "socket", "reaches the hypervisor's sockets (AF_VSOCK)", AF_VSOCK, "domain" },
	{ "socketcall", "makes sockets of any family on 32-bit ABIs: their arguments are behind a pointer", 1, "call" },
};

enum answer { CLOSED, OPEN, UNKNOWN };

/* Whether any way through the decision lets the call happen. */
static enum answer answer_of(const struct callgate_filter *filter, const struct callgate_pattern *pattern)
{
	size_t count;
	struct callgate_outcome *outcomes = outcomes_list(filter, pattern, &count);
	enum answer answer = outcomes ? CLOSED : UNKNOWN;

	for (size_t i = 0; i < count; i++) {
		if (outcomes[i].opaque)
			answer = answer == OPEN ? OPEN : UNKNOWN;
		else if (outcomes[i].action.kind == CALLGATE_ALLOW || outcomes[i].action.kind == CALLGATE_LOG)
			answer = OPEN;
	}
	free(outcomes);
	return answer;
}

static bool abi_is_open(const struct callgate_filter *filter, enum callgate_abi abi)
{
	size_t rows = callgate_filter_row_count(filter, abi);

	for (size_t i = 0; i < rows; i++) {
		struct callgate_row row;

		if (callgate_filter_row(filter, abi, i, &row) == 0 &&
		    answer_of(filter, &(struct callgate_pattern){ .abi = abi, .nr = row.first }) != CLOSED)
			return true;
	}
	return false;
}

static void tell(struct json_object *rows, enum answer answer, const char *abi, const char *call, const char *matter)
{
	if (rows) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "abi", json_object_new_string(abi));
		json_object_object_add(row, "call", json_object_new_string(call));
		json_object_object_add(row, "matter", json_object_new_string(matter));
		json_object_object_add(row, "answer", json_object_new_string(answer == OPEN ? "allowed" : "unknown"));
		json_object_array_add(rows, row);
	} else {
		fprintf(stderr, "callgate: note: %s on %s: %s %s\n",
			answer == OPEN ? "allowed" : "cannot tell whether allowed", abi, call, matter);
	}
}

/* Which of the call's arguments it is on that ABI: clone's flags come second on s390. */
static unsigned argument_at(enum callgate_abi abi, const struct opening *opening)
{
	struct callgate_arguments arguments;
	unsigned at = 0;
	char *rest, *name;

	if (callgate_syscall_arguments(abi, opening->call, &arguments) < 0)
		return 0;
	for (rest = arguments.names; (name = strsep(&rest, ",")); at++)
		if (strcmp(name, opening->argument) == 0)
			return at < 6 ? at : 0;
	return 0;
}

static void tell_call(const struct callgate_filter *filter, enum callgate_abi abi, const struct opening *opening,
		      struct json_object *rows)
{
	struct callgate_pattern pattern = { .abi = abi };
	char call[96], value[64];
	enum answer answer;

	if (callgate_syscall_number(abi, opening->call, &pattern.nr) < 0)
		return;
	snprintf(call, sizeof(call), "%s", opening->call);
	if (opening->argument) {
		unsigned at = argument_at(abi, opening);

		pattern.args[at] = opening->value;
		pattern.known = 1u << at;
		callgate_value_format(abi, opening->call, at, opening->value, value, sizeof(value));
		snprintf(call, sizeof(call), "%s(%s%s)", opening->call, at ? "*," : "", value);
	}
	answer = answer_of(filter, &pattern);
	if (answer != CLOSED)
		tell(rows, answer, callgate_abi_name(abi), call, opening->matter);
}

void tell_openings(const struct callgate_filter *filter, struct json_object *rows)
{
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = callgate_filter_abis(filter, abis);

	for (unsigned i = 0; i < count; i++) {
		if (!abi_is_open(filter, abis[i]))
			continue;
		if (i && abis[i] == CALLGATE_ABI_X32)
			tell(rows, OPEN, "x32", "the ABI",
			     "has its own numbers for most calls, which filters by number often forget");
		for (size_t j = 0; j < ARRAY_SIZE(openings); j++)
			tell_call(filter, abis[i], &openings[j], rows);
	}
}
