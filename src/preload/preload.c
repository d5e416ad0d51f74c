/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preload: puts a filter on the program that this library was loaded into, before its main(). See callgate-preload(7).
 */
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "filter/log_only.h"
#include "kernel/load.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "policy/list_item.h"

#define LIST_ALLOW "SECCOMP_SYSCALL_ALLOW"
#define LIST_DENY "SECCOMP_SYSCALL_DENY"
#define LIST_ACTION "SECCOMP_DEFAULT_ACTION"

enum { LINE_SIZE = 1024, SHOWN = 400 };

/* What the environment asks for; NULL: not set. */
struct wishes {
	const char *allow, *deny, *action; /* the variables of cloudflare's sandbox */
	const char *profile;
	bool complain; /* CALLGATE_MODE=log */
	bool quiet;
};

/* ------------------------------------------------------------------ saying */

CALLGATE_PRINTF(1, 0)
static void write_line(const char *format, va_list ap)
{
	char line[LINE_SIZE];
	int size = vsnprintf(line, sizeof(line) - 1, format, ap);

	if (size < 0)
		return;
	if (size > LINE_SIZE - 2)
		size = LINE_SIZE - 2;
	line[size++] = '\n';
	/* Nobody to tell when this fails, and a filter that works does not depend on it. */
	if (write(STDERR_FILENO, line, (size_t)size) < 0)
		return;
}

CALLGATE_PRINTF(2, 3)
static void tell(const struct wishes *wishes, const char *format, ...)
{
	va_list ap;

	if (wishes->quiet)
		return;
	va_start(ap, format);
	write_line(format, ap);
	va_end(ap);
}

/* The program does not start: nothing of it has run yet, and nothing of it will. */
CALLGATE_PRINTF(1, 2)
static void __attribute__((noreturn)) die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	write_line(format, ap);
	va_end(ap);
	_exit(1);
}

static void __attribute__((noreturn)) die_of(const struct callgate_err *err)
{
	if (err->line)
		die("callgate: %s:%u:%u: %s", err->file, err->line, err->column, err->text);
	if (err->file[0])
		die("callgate: %s: %s", err->file, err->text);
	die("callgate: %s", err->text);
}

/* ------------------------------------------------------------------ the environment */

static const char *env_value(char *const *env, const char *name)
{
	size_t size = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, size) == 0 && (*env)[size] == '=')
			return *env + size + 1;
	return NULL;
}

/* In place, as unsetenv(3) does: the array may still be the one that the kernel wrote. */
static void env_remove(char **env, const char *name)
{
	size_t size = strlen(name);
	char **to = env;

	for (; *env; env++)
		if (strncmp(*env, name, size) != 0 || (*env)[size] != '=')
			*to++ = *env;
	*to = NULL;
}

static bool is_set(const char *value)
{
	return value && strcmp(value, "1") == 0;
}

static void read_wishes(char *const *env, struct wishes *wishes)
{
	const char *mode = env_value(env, "CALLGATE_MODE");

	wishes->allow = env_value(env, LIST_ALLOW);
	wishes->deny = env_value(env, LIST_DENY);
	wishes->action = env_value(env, LIST_ACTION);
	wishes->profile = env_value(env, "CALLGATE_PROFILE");
	wishes->quiet = is_set(env_value(env, "CALLGATE_QUIET"));
	wishes->complain = mode && strcmp(mode, "log") == 0;
	if (!wishes->profile && !wishes->allow && !wishes->deny)
		return;
	if (mode && !wishes->complain && strcmp(mode, "enforce") != 0)
		die("callgate: CALLGATE_MODE is '%.*s', not log or enforce", SHOWN, mode);
	if (wishes->profile && (wishes->allow || wishes->deny))
		die("callgate: CALLGATE_PROFILE and %s are both set: which one counts?",
		    wishes->allow ? LIST_ALLOW : LIST_DENY);
}

/* The filter is inherited by children, so they neither need the variables nor put it on once more. */
static void forget_wishes(char **env)
{
	static const char *const names[] = { LIST_ALLOW,         LIST_DENY,       LIST_ACTION,
					     "CALLGATE_PROFILE", "CALLGATE_MODE", "CALLGATE_QUIET" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		env_remove(env, names[i]);
}

/* ------------------------------------------------------------------ lists: what is said about them, word for word */

static const char *action_words(const struct wishes *wishes, struct callgate_action action, char buf[64])
{
	if (wishes->complain && action.kind != CALLGATE_ALLOW)
		action.kind = CALLGATE_LOG;
	if (action.kind == CALLGATE_ALLOW)
		return "allow";
	if (action.kind == CALLGATE_LOG)
		return "log then allow";
	if (action.kind == CALLGATE_KILL_PROCESS)
		return "kill process";
	callgate_action_format(action, buf, 64);
	return buf;
}

static struct callgate_action item_action(const struct item *item, struct callgate_action listed)
{
	if (!item->has_action)
		return listed;
	return (struct callgate_action){ item->verdict.kind,
					 item->verdict.said & SAID_ERRNO_RET ? item->verdict.errno_ret : 0 };
}

static void tell_item(const struct wishes *wishes, struct slice text, const struct item *item,
		      struct callgate_action listed)
{
	char buf[64];
	int id = syscall_find(item->name), size = text.size > SHOWN ? SHOWN : (int)text.size;

	tell(wishes, "adding %.*s to the process seccomp filter (%s)", size, text.at,
	     action_words(wishes, item_action(item, listed), buf));
	if (id == SYSCALL_NONE)
		die("failed to find the syscall number for %.*s", (int)item->name.size, item->name.at);
	if (syscall_nr(id, abi_native()) == SYSCALL_NONE)
		die("failed to add %.*s to the seccomp filter context", (int)item->name.size, item->name.at);
}

static void parse_or_die(struct slice text, struct report *report, struct item *item)
{
	size_t size = 0;

	while (size < text.size && text.at[size] != '(' && text.at[size] != '=')
		size++;
	if (size > ITEM_NAME_MAX)
		die("syscall name is too long");
	if (!item_parse(text, report, item))
		die_of(report->err);
}

/* Says what is being done and refuses what cloudflare's sandbox refuses, in its order and in its words. */
static void announce(const struct wishes *wishes)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	const char *value = wishes->allow ? wishes->allow : wishes->deny;
	struct slice list = { value, strlen(value) }, text;
	struct source source = { .name = wishes->allow ? LIST_ALLOW : LIST_DENY, .text = value, .size = list.size };
	struct report report = { .source = &source, .err = &err };
	bool logs = wishes->action && strcmp(wishes->action, "log") == 0;
	struct callgate_action allowed = { .kind = CALLGATE_ALLOW };
	struct callgate_action denied = { .kind = logs ? CALLGATE_LOG : CALLGATE_KILL_PROCESS };
	struct callgate_action fallback = wishes->allow ? denied : allowed, listed = wishes->allow ? allowed : denied;
	struct item item;
	char buf[64];

	for (size_t at = 0; item_next(list, ':', &at, &text);)
		if (text.at[0] == '*' && item_parse(text, &report, &item))
			fallback = item_action(&item, fallback);
	tell(wishes, "initializing seccomp with default action (%s)", action_words(wishes, fallback, buf));
	for (size_t at = 0; item_next(list, ':', &at, &text);) {
		parse_or_die(text, &report, &item);
		if (!item.any)
			tell_item(wishes, text, &item, listed);
	}
}

/* ------------------------------------------------------------------ the filter */

static int read_profile(const char *name, struct callgate_policy **out, struct callgate_err *err)
{
	char path[4096];
	int r;

	if (!strchr(name, '/')) {
		r = callgate_profile_find(name, path, sizeof(path), err);
		if (r < 0)
			return r;
		name = path;
	}
	return callgate_policy_read(name, out, NULL, err);
}

static int complain(struct callgate_filter **filter, struct callgate_err *err)
{
	struct callgate_filter *logging;
	int r = filter_log_only(*filter, &logging, err);

	if (r < 0)
		return r;
	callgate_filter_free(*filter);
	*filter = logging;
	return 0;
}

/* Compiled and proved; all memory but the program's is given back while munmap(2) and brk(2) are still allowed. */
static int make_prog(const struct wishes *wishes, struct callgate_prog **out, struct callgate_err *err)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	int r = callgate_target_host(&target, err);

	/* As callgate run reads a profile: no capability counts. */
	target.caps = 0;
	if (r == 0)
		r = wishes->profile
			    ? read_profile(wishes->profile, &policy, err)
			    : callgate_policy_env(wishes->allow, wishes->deny, wishes->action, &policy, NULL, err);
	if (r == 0)
		r = callgate_filter_resolve(policy, &target, &filter, NULL, err);
	if (r == 0 && wishes->complain)
		r = complain(&filter, err);
	if (r == 0)
		r = callgate_filter_compile(filter, out, err);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return r;
}

/* glibc passes main's arguments to constructors, musl passes nothing. Where environ is not set yet, glibc's own
 * constructor has still to run, so that the third argument is there. */
static void __attribute__((constructor)) preload(int argc, char **argv, char **envp)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char **env = environ ? environ : envp;
	struct callgate_prog *prog;
	struct wishes wishes;

	(void)argc;
	(void)argv;
	/* A set-uid program does not take its filter from whoever starts it. */
	if (getauxval(AT_SECURE))
		return;
	read_wishes(env, &wishes);
	if (!wishes.profile && !wishes.allow && !wishes.deny)
		return;
	if (!wishes.profile)
		announce(&wishes);
	if (make_prog(&wishes, &prog, &err) < 0)
		die_of(&err);
	/* Constructors of libraries ran before this one, and may have started threads. */
	prog->flags |= SECCOMP_FILTER_FLAG_TSYNC;
	forget_wishes(env);
	if (callgate_prog_load(prog, CALLGATE_NNP_YES, &err) < 0) {
		if (!wishes.profile)
			die("failed to load the seccomp filter");
		die_of(&err);
	}
	/* The program stays in memory: giving it back could be a call that the filter does not allow. */
}
