/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host, denied: records of seccomp that auditd has written, or the kernel's own log where nobody collects them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/host.h"
#include "tool/why.h"

enum { LINE_BYTES = 8192 };

/* Which unit a process belongs to. */
struct owner {
	pid_t pid;
	size_t unit;
};

struct owners {
	struct owner *list;
	size_t count;
};

static int by_pid(const void *a, const void *b)
{
	const struct owner *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

static bool find_owners(const struct host *host, struct owners *out)
{
	size_t count = callgate_tasks_count(host->list);

	*out = (struct owners){ .list = calloc(count + 1, sizeof(*out->list)) };
	if (!out->list)
		return false;
	for (size_t i = 0; i < host->unit_count; i++)
		for (size_t j = 0; j < host->units[i].count; j++)
			out->list[out->count++] = (struct owner){ host->units[i].tasks[j].task->tid, i };
	if (out->count)
		qsort(out->list, out->count, sizeof(*out->list), by_pid);
	return true;
}

/* What was allowed and logged is no denial. */
static bool is_denial(const struct event *event)
{
	uint32_t action = event->code & SECCOMP_RET_ACTION_FULL;

	return event->kind == EVENT_RECORD && event->has_code != CODE_NONE && action != SECCOMP_RET_LOG &&
	       action != SECCOMP_RET_ALLOW;
}

static void count_line(const struct owners *owners, const char *line, struct host_denials *out)
{
	struct owner key, *owner;
	struct event event;

	if (!event_parse(line, &event) || !is_denial(&event))
		return;
	key = (struct owner){ .pid = event.pid };
	owner = owners->count ? bsearch(&key, owners->list, owners->count, sizeof(key), by_pid) : NULL;
	if (owner)
		out->of_units[owner->unit]++;
	else
		out->others++;
}

/* Each read gives one record: numbers, a semicolon, the text. */
static bool count_kernel_log(const struct owners *owners, struct host_denials *out)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char line[LINE_BYTES];
	bool any = false;

	while (fd >= 0) {
		ssize_t n = read(fd, line, sizeof(line) - 1);
		char *text;

		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* overwritten meanwhile */
		any |= n >= 0 || errno == EAGAIN;
		if (n <= 0)
			break;
		line[n] = '\0';
		text = strchr(line, ';');
		if (!text || !strstr(text, "type=1326"))
			continue;
		text[strcspn(text, "\n")] = '\0';
		count_line(owners, text + 1, out);
	}
	if (fd >= 0)
		close(fd);
	return any;
}

static bool count_audit_log(const struct owners *owners, struct host_denials *out)
{
	FILE *file = fopen("/var/log/audit/audit.log", "re");
	char line[LINE_BYTES];

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strstr(line, "type=SECCOMP") || strstr(line, "type=1326"))
			count_line(owners, line, out);
	}
	if (file)
		fclose(file);
	return file != NULL;
}

bool host_denials_read(const struct host *host, struct host_denials *out)
{
	struct owners owners;
	bool known = false;

	*out = (struct host_denials){ .of_units = calloc(host->unit_count + 1, sizeof(*out->of_units)) };
	if (out->of_units && find_owners(host, &owners)) {
		known = count_audit_log(&owners, out) || count_kernel_log(&owners, out);
		free(owners.list);
	}
	return known;
}

void host_denials_cleanup(struct host_denials *denials)
{
	free(denials->of_units);
}
