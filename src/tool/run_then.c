/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate run --then: a second, tighter profile on the command and all that it has started, once it says or shows that
 * it is ready. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/hooks.h"
#include "tool/run_then.h"

enum { LOOK_MS = 20, REAP_MS = 1000, KILL_MS = 2000 };

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ when */

static int parse_delay(const char *text, struct when *out)
{
	double seconds;
	char *end;

	errno = 0;
	seconds = strtod(text, &end);
	if (errno || end == text || *end || !(seconds >= 0 && seconds <= 1e6))
		return -1;
	out->delay_ms = (uint64_t)(seconds * 1000);
	return 0;
}

int when_parse(const char *text, struct when *out)
{
	uint64_t port;

	*out = (struct when){ .socket = -1 };
	if (strcmp(text, "ready") == 0) {
		out->kind = WHEN_READY;
		return 0;
	}
	if (strncmp(text, "listen:", 7) == 0 && number_parse(text + 7, 16, &port) == 0 && port > 0 && text[7] != '-') {
		out->kind = WHEN_LISTEN;
		out->port = (unsigned)port;
		return 0;
	}
	if (strncmp(text, "file:", 5) == 0 && text[5]) {
		out->kind = WHEN_FILE;
		out->path = text + 5;
		return 0;
	}
	if (strncmp(text, "delay:", 6) == 0 && parse_delay(text + 6, out) == 0) {
		out->kind = WHEN_DELAY;
		return 0;
	}
	report("unknown condition '%s' in --when; expected ready, listen:PORT, file:PATH or delay:SECONDS", text);
	return -1;
}

/* An address of the abstract kind needs no place in the file system. What we are told goes on to whoever wanted to be
 * told. */
static int open_ready(struct when *when)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *above = getenv("NOTIFY_SOCKET");
	char name[64];
	int on = 1;
	socklen_t size;

	if (above && strlen(above) < sizeof(when->above))
		strcpy(when->above, above);
	when->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(name, sizeof(name), "@callgate-%ld-%llx", (long)getpid(), (unsigned long long)now_ms());
	strcpy(address.sun_path + 1, name + 1);
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	if (when->socket < 0 || bind(when->socket, (struct sockaddr *)&address, size) < 0 ||
	    setsockopt(when->socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    setenv("NOTIFY_SOCKET", name, 1) < 0) {
		report("cannot create the readiness socket: %s", strerror(errno));
		return -1;
	}
	return 0;
}

static int when_open(struct when *when)
{
	/* What the command starts stays below us, daemons too. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
		report("cannot become a child subreaper: %s", strerror(errno));
		return -1;
	}
	when->delay_ms += now_ms();
	return when->kind == WHEN_READY ? open_ready(when) : 0;
}

static void pass_on(const struct when *when, const char *text, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(when->above));

	if (!when->above[0])
		return;
	memcpy(address.sun_path, when->above, strlen(when->above));
	if (when->above[0] == '@')
		address.sun_path[0] = '\0';
	sendto(when->socket, text, size, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, length);
}

/* Only processes of our user or root's count: the name of the socket is no secret. */
static bool is_ready(const struct when *when)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char text[4096];
	struct iovec vec = { text, sizeof(text) - 1 };
	struct msghdr message = {
		.msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	bool ready = false;
	ssize_t size;

	while ((size = recvmsg(when->socket, &message, 0)) >= 0) {
		const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		struct ucred from = { .uid = (uid_t)-1 };

		if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_CREDENTIALS)
			memcpy(&from, CMSG_DATA(head), sizeof(from));
		message.msg_controllen = sizeof(control);
		if (from.uid != 0 && from.uid != getuid())
			continue;
		text[size] = '\0';
		pass_on(when, text, (size_t)size);
		for (const char *line = text; line && !ready; line = strchr(line, '\n')) {
			line += *line == '\n';
			ready = strncmp(line, "READY=1", 7) == 0 && (line[7] == '\n' || line[7] == '\0');
		}
	}
	return ready;
}

/* A line of /proc/PID/net/tcp: slot, local address and port, remote, state (0A: listening) ... inode. */
static bool listens_in(const char *table, pid_t pid, unsigned port)
{
	char path[64], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/net/%s", (long)pid, table);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		unsigned long inode;
		unsigned local, state;

		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %lu", &local, &state, &inode) ==
			    3 &&
		    local == port && state == 0x0a)
			found = process_has_socket(pid, inode, NULL);
	}
	if (file)
		fclose(file);
	return found;
}

static bool listens(unsigned port)
{
	struct callgate_tasks *tasks = NULL;
	bool found = false;

	if (callgate_tasks_list(CALLGATE_SCOPE_TREE, getpid(), &tasks, NULL) < 0)
		return false;
	for (size_t i = 0; i < callgate_tasks_count(tasks) && !found; i++) {
		const struct callgate_task *task = callgate_tasks_at(tasks, i);

		found = task->tid == task->pid &&
			(listens_in("tcp", task->pid, port) || listens_in("tcp6", task->pid, port));
	}
	callgate_tasks_free(tasks);
	return found;
}

static bool is_time(const struct when *when)
{
	switch (when->kind) {
	case WHEN_READY:
		return is_ready(when);
	case WHEN_LISTEN:
		return listens(when->port);
	case WHEN_FILE:
		return access(when->path, F_OK) == 0;
	case WHEN_DELAY:
		return now_ms() >= when->delay_ms;
	}
	return false;
}

/* ------------------------------------------------------------------ then */

static void print_difference(const struct phases *phases)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_diff *diff;

	if (callgate_filter_diff(phases->first, phases->second, 0, &diff, &err) < 0) {
		report_err(&err);
		return;
	}
	fprintf(stderr, "callgate: both profiles are in force, the stricter action of each applies; they differ in:\n");
	print_differences(stderr, phases->first, phases->second, diff);
	callgate_diff_free(diff);
}

/* Without the right to suspend the first filter it must let seccomp(2) pass: then nothing can happen to the command. */
static bool first_lets_load(const struct phases *phases)
{
	struct callgate_target host = CALLGATE_TARGET_INIT;
	struct callgate_call call = { .args = { 1, 1 } }; /* SECCOMP_SET_MODE_FILTER, TSYNC */
	struct callgate_action action;

	if (callgate_target_host(&host, NULL) < 0 || callgate_syscall_number(host.host, "seccomp", &call.nr) < 0)
		return false;
	call.abi = host.host;
	return callgate_filter_decide(phases->first, &call, &action, NULL) == 0 &&
	       (action.kind == CALLGATE_ALLOW || action.kind == CALLGATE_LOG);
}

static int second_phase(const struct phases *phases, struct callgate_err *err)
{
	struct callgate_inject how = CALLGATE_INJECT_INIT;
	int r = callgate_prog_apply(phases->then, CALLGATE_SCOPE_TREE, getpid(), &how, err);

	if (r == CALLGATE_E_PERM && first_lets_load(phases)) {
		how.kind = CALLGATE_INJECT_STARTING;
		r = callgate_prog_apply(phases->then, CALLGATE_SCOPE_TREE, getpid(), &how, err);
	}
	return r;
}

/* Daemons that have ended; the command itself is not theirs to take. */
static void reap(pid_t command)
{
	siginfo_t info = { 0 };

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid && info.si_pid != command) {
		waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

/* Our own children, the newest first: nobody else gets the number of one for whom we have not waited. One who starts
 * the next and ends is hit only at once. False: this kernel has no such list. */
static bool kill_children(void)
{
	char path[64], text[16384];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	while (size > 0) {
		pid_t pid;

		text[size] = '\0';
		while (size > 0 && text[--size] != ' ')
			;
		pid = (pid_t)strtol(text + size, NULL, 10);
		if (pid > 0)
			kill(pid, SIGKILL);
	}
	return true;
}

static void kill_listed(void)
{
	struct callgate_tasks *tasks = NULL;

	if (callgate_tasks_roll(CALLGATE_SCOPE_TREE, getpid(), &tasks, NULL) < 0)
		return;
	for (size_t i = 0; i < callgate_tasks_count(tasks); i++)
		if (!callgate_task_is_lost(callgate_tasks_at(tasks, i)))
			kill(callgate_tasks_at(tasks, i)->pid, SIGKILL);
	callgate_tasks_free(tasks);
}

/* The children of who is killed come to us, and are killed then: until we have none. */
static void kill_all(void)
{
	uint64_t end = now_ms() + KILL_MS;
	pid_t pid;

	for (;;) {
		if (!kill_children())
			kill_listed();
		do
			pid = waitpid(-1, NULL, WNOHANG);
		while (pid > 0);
		if (pid < 0)
			return;
		if (now_ms() > end)
			break;
		sched_yield();
	}
	report("not all that the command has started could be ended");
}

static int wait_through(struct phases *phases, struct callgate_command *command, int *status, struct callgate_err *err)
{
	bool ended = false, done = false;
	int r = 0;

	while (r == 0 && !ended) {
		r = callgate_command_wait(command, done ? REAP_MS : LOOK_MS, &ended, status, err);
		reap(callgate_command_pid(command));
		if (r < 0 || ended || done || !is_time(&phases->when))
			continue;
		r = second_phase(phases, err);
		done = true;
		if (r == 0)
			print_difference(phases);
	}
	if (r < 0)
		kill_all();
	else if (!done)
		fprintf(stderr,
			"callgate: note: the command ended before the condition of --when was met: the second profile "
			"was never in force\n");
	return r;
}

int phases_run(struct phases *phases, const struct callgate_start *how, char **argv, int *status,
	       struct callgate_err *err)
{
	struct callgate_command *command;
	int r;

	if (when_open(&phases->when) < 0)
		return CALLGATE_E_KERNEL;
	r = callgate_command_start(phases->now, how, argv, &command, err);
	if (r == 0) {
		r = wait_through(phases, command, status, err);
		callgate_command_free(command);
	}
	if (phases->when.socket >= 0)
		close(phases->when.socket);
	return r;
}
