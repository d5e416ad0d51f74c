/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two halves of the LXC hook share: lxc-hook.c reads the hook line and writes the text, lxc-start-host.c
 * proves. */
#ifndef CALLGATE_HOOKS_LXC_HOOK_H
#define CALLGATE_HOOKS_LXC_HOOK_H

#include <limits.h>

#include "hooks/say.h"
#include "runtime/hooks.h"

enum stage { STAGE_PRE_START, STAGE_START_HOST, STAGE_CLONE };

struct hook {
	enum stage stage;
	enum callgate_lxc_manner manner;
	const char *name, *config;
	char profile[PATH_MAX], output[PATH_MAX];
	char shares[256]; /* the container whose text output is too; "": it is this one's own */
	enum callgate_need proof;
	bool complains;   /* the profile is tried, and not enforced */
	bool records;     /* the container is recorded from its first call on */
	bool is_namesake; /* another container of this name runs, whose record and text are not to be touched */
	uint32_t flags;   /* SECCOMP_FILTER_FLAG_* besides the profile's: --log */
	pid_t pid;
	uint64_t caps;
	struct callgate_lxc_config lxc; /* what the configuration says, where there is one to read */
	struct callgate_target target;
	struct callgate_filter *filter;
	struct callgate_text *text;
	struct callgate_injected injected; /* size 0: not done */
	char digest[65], text_digest[65];
	struct callgate_task init; /* start-host; pid 0: not looked at yet */
	struct messages messages;
};

int hook_fail(struct hook *hook, const struct callgate_err *err); /* says it; -1 */
int hook_resolve(struct hook *hook, const struct callgate_policy *policy, uint64_t caps, struct callgate_notes *notes,
		 struct callgate_filter **out);

/* VERIFIED: the kernel has shown the filters. INJECTED: it has taken the program, and shows none to this caller.
 * UNVERIFIED: the text is believed to be in force, as was asked for. */
enum start { START_FAILED, START_VERIFIED, START_INJECTED, START_UNVERIFIED };
enum start start_host(struct hook *hook, const struct callgate_policy *policy);
/* source: the name of the container that was copied. 0, or -1 after messages. */
int lxc_clone(struct hook *hook, const char *source);

#endif
