/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines about seccomp: audit records as the kernel, auditd, ausearch and the journal print them, strace's SIGSYS,
 * errors of runtimes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/why.h"

/* auditd's ENRICHED format has this byte between the kernel's fields and its own. */
enum { ENRICHED = 0x1d };

/* ------------------------------------------------------------------ fields of a record */

static bool is_border(char c)
{
	return c == ' ' || c == '\t' || c == ENRICHED || c == ':';
}

/* The value of "key=" in a line; false: there is none. */
static bool field(const char *line, const char *key, char *buf, size_t size)
{
	static const char ends[] = { ' ', '\t', '\n', ENRICHED, '\0' };
	size_t length = strlen(key);

	for (const char *at = line; (at = strstr(at, key)); at += length) {
		size_t n;

		if ((at != line && !is_border(at[-1])) || at[length] != '=')
			continue;
		at += length + 1;
		n = *at == '"' ? strcspn(++at, "\"") : strcspn(at, ends);
		snprintf(buf, size, "%.*s", (int)n, at);
		return true;
	}
	return false;
}

static bool number(const char *line, const char *key, int base, uint32_t *out)
{
	char text[32], *end;
	unsigned long value;

	if (!field(line, key, text, sizeof(text)))
		return false;
	value = strtoul(text, &end, base);
	if (end == text || *end || value > UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
			*text = '?';
}

/* What the kernel does not print as it is stands in hexadecimal, without quotes. */
static void unhex(const char *line, char *text)
{
	size_t size = strlen(text), n = 0;
	unsigned byte;

	if (!strstr(line, " comm=") || strstr(line, " comm=\"") || size % 2 || strspn(text, "0123456789ABCDEF") != size)
		return;
	for (; n < size / 2 && sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
		text[n] = (char)byte;
	text[n] = '\0';
}

/* ------------------------------------------------------------------ audit records */

static bool is_record(const char *line)
{
	return strstr(line, "type=SECCOMP") || strstr(line, "type=1326") ||
	       (strstr(line, "audit[") && strstr(line, " SECCOMP "));
}

/* ausearch -i and the enriched part have words in place of numbers. */
static bool take_words(const char *line, struct event *out)
{
	static const struct {
		const char *word;
		uint32_t code;
	} codes[] = {
		{ "kill", 0 },           { "kill-thread", 0 },  { "kill-process", 0x80000000u },
		{ "trap", 0x30000 },     { "errno", 0x50000 },  { "user-notif", 0x7fc00000 },
		{ "trace", 0x7ff00000 }, { "log", 0x7ffc0000 }, { "allow", 0x7fff0000 },
	};
	char word[64];

	if (!field(line, "arch", word, sizeof(word)) || callgate_abi_parse(word, &out->abi) < 0)
		return false;
	if (!field(line, "syscall", out->call, sizeof(out->call)))
		return false;
	if (callgate_syscall_number(out->abi, out->call, &out->nr) < 0 &&
	    (out->abi != CALLGATE_ABI_X86_64 || callgate_syscall_number(CALLGATE_ABI_X32, out->call, &out->nr) < 0))
		return number(line, "syscall", 10, &out->nr);
	out->has_nr = true;
	for (size_t i = 0; field(line, "code", word, sizeof(word)) && i < ARRAY_SIZE(codes); i++) {
		if (strcmp(word, codes[i].word) == 0) {
			out->code = codes[i].code;
			out->has_code = CODE_KIND;
		}
	}
	return true;
}

static void take_process(const char *line, struct event *out)
{
	uint32_t value;
	char word[32];

	if (number(line, "pid", 10, &value))
		out->pid = (pid_t)value;
	if (number(line, "sig", 10, &value))
		out->signal = value;
	else if (field(line, "sig", word, sizeof(word)) && strcmp(word, "SIGSYS") == 0)
		out->signal = 31;
	if (field(line, "comm", out->command, sizeof(out->command)))
		unhex(line, out->command);
	if (!field(line, "exe", out->exe, sizeof(out->exe)))
		out->exe[0] = '\0';
	make_printable(out->command);
	make_printable(out->exe);
}

static bool parse_record(const char *line, struct event *out)
{
	const char *stamp;

	if (!is_record(line))
		return false;
	out->kind = EVENT_RECORD;
	if (number(line, "arch", 16, &out->arch) && number(line, "syscall", 10, &out->nr) &&
	    number(line, "code", 0, &out->code)) {
		out->has_nr = true;
		/* The kernel leaves out what stands behind the action, which need not be 0. */
		out->has_code = out->code & SECCOMP_RET_DATA ? CODE_DATA : CODE_KIND;
		if (callgate_abi_by_audit(out->arch, out->nr, &out->abi) < 0)
			out->abi = CALLGATE_ABI_NONE;
	} else if (!take_words(line, out)) {
		return false;
	}
	take_process(line, out);
	stamp = strstr(line, "audit(");
	out->when = stamp ? strtod(stamp + 6, NULL) : 0;
	return true;
}

/* ------------------------------------------------------------------ strace */

/* "[pid 7] --- SIGSYS {si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x7f, si_syscall=__NR_mkdir,
 * si_arch=AUDIT_ARCH_X86_64} ---" */
static bool parse_strace(const char *line, struct event *out)
{
	const char *call = strstr(line, "si_syscall=__NR_"), *arch = strstr(line, "si_arch=AUDIT_ARCH_"),
		   *pid = strstr(line, "[pid ");
	char word[32];
	size_t n;

	if (!strstr(line, "SIGSYS") || !call || !arch)
		return false;
	out->kind = EVENT_TRACED;
	out->signal = 31;
	call += strlen("si_syscall=__NR_");
	n = strcspn(call, ",} ");
	snprintf(out->call, sizeof(out->call), "%.*s", (int)n, call);
	arch += strlen("si_arch=AUDIT_ARCH_");
	n = strcspn(arch, ",} ");
	snprintf(word, sizeof(word), "%.*s", (int)n, arch);
	for (char *at = word; *at; at++)
		*at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
	if (callgate_abi_parse(strcmp(word, "i386") == 0 ? "x86" : word, &out->abi) < 0)
		return false;
	out->has_nr = callgate_syscall_number(out->abi, out->call, &out->nr) == 0;
	if (pid)
		out->pid = (pid_t)strtol(pid + strlen("[pid "), NULL, 10);
	make_printable(out->call);
	return true;
}

/* ------------------------------------------------------------------ runc and crun */

static bool parse_runtime(const char *line, struct event *out)
{
	static const char *const before[] = {
		"error adding seccomp filter rule for syscall ",
		"error adding seccomp rule for syscall ",
		"seccomp_rule_add `",
		"invalid seccomp syscall `",
	};

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		const char *at = strstr(line, before[i]);

		if (!at)
			continue;
		out->kind = EVENT_RUNTIME;
		snprintf(out->text, sizeof(out->text), "%.*s", (int)strcspn(at, "\n\""), at);
		at += strlen(before[i]);
		snprintf(out->call, sizeof(out->call), "%.*s", (int)strcspn(at, ":`\" \n"), at);
		make_printable(out->text);
		make_printable(out->call);
		return out->call[0] != '\0';
	}
	return false;
}

bool event_parse(const char *line, struct event *out)
{
	static const struct event nothing = { .abi = CALLGATE_ABI_NONE };

	*out = nothing;
	if (parse_record(line, out))
		return true;
	*out = nothing;
	if (parse_strace(line, out))
		return true;
	*out = nothing;
	return parse_runtime(line, out);
}

/* ------------------------------------------------------------------ where lines come from */

enum { LINE_BYTES = 8192 }; /* no record of the kernel's is longer; of others the beginning is enough */

void events_each(FILE *from, event_visit *visit, void *data)
{
	char line[LINE_BYTES];
	bool fresh = true;

	while (fgets(line, sizeof(line), from)) {
		struct event event;

		if (fresh && event_parse(line, &event))
			visit(data, &event);
		fresh = strchr(line, '\n') != NULL;
	}
}

/* Each read gives one record: numbers, a semicolon, the text. */
static bool kernel_each(event_visit *visit, void *data)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char line[LINE_BYTES];
	bool any = false;

	while (fd >= 0) {
		ssize_t n = read(fd, line, sizeof(line) - 1);
		struct event event;
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
		if (event_parse(text + 1, &event))
			visit(data, &event);
	}
	if (fd >= 0)
		close(fd);
	return any;
}

bool denials_each(event_visit *visit, void *data)
{
	FILE *file = fopen("/var/log/audit/audit.log", "re");

	if (!file)
		return kernel_each(visit, data);
	events_each(file, visit, data);
	fclose(file);
	return true;
}
