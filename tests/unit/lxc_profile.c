/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles for the tests of LXC text. */
#include "lxc_profile.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct callgate_target lxc_host(void)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;

	target.host = CALLGATE_ABI_X86_64;
	target.kernel_major = 6;
	target.kernel_minor = 1;
	target.libseccomp = 0x020504;
	return target;
}

struct callgate_filter *lxc_filter_of(const char *profile)
{
	struct callgate_target target = lxc_host();
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *filter = NULL;
	struct callgate_policy *policy;

	target.libseccomp = 0;
	if (callgate_policy_parse(profile, strlen(profile), "test.json", &policy, NULL, &err) < 0)
		return NULL;
	if (callgate_filter_resolve(policy, &target, &filter, NULL, &err) < 0)
		filter = NULL;
	callgate_policy_free(policy);
	return filter;
}

/* ------------------------------------------------------------------ random profiles */

static const char *const some_names[] = { "mkdir",       "chmod",      "umask",      "clone",
					  "personality", "socket",     "bind",       "shmget",
					  "ipc",         "socketcall", "mseal",      "clock_settime64",
					  "ioctl",       "arch_prctl", "modify_ldt", "stat64" };
static const char *const some_actions[] = { "ALLOW", "ALLOW", "ERRNO", "KILL", "KILL_PROCESS", "LOG", "TRAP", "TRACE" };
static const char *const some_ops[] = { "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" };

static void put(struct lxc_profile *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct lxc_profile *buffer, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	buffer->size += (size_t)vsnprintf(buffer->text + buffer->size, sizeof(buffer->text) - buffer->size, format, ap);
	va_end(ap);
	cr_assert_lt(buffer->size, sizeof(buffer->text));
}

#define PICK(rng, list) list[rng_below(rng, sizeof(list) / sizeof(list[0]))]

static void put_rule(struct rng *rng, struct lxc_profile *buffer)
{
	unsigned conditions = rng_below(rng, 3);
	unsigned index = rng_below(rng, 3);

	put(buffer, ",{\"names\":[\"%s\"],\"action\":\"SCMP_ACT_%s\"", PICK(rng, some_names), PICK(rng, some_actions));
	if (conditions)
		put(buffer, ",\"args\":[");
	for (unsigned i = 0; i < conditions; i++, index = (index + rng_below(rng, 2)) % 6)
		put(buffer, "%s{\"index\":%u,\"value\":%llu,\"valueTwo\":%llu,\"op\":\"SCMP_CMP_%s\"}", i ? "," : "",
		    index, (unsigned long long)random_value(rng), (unsigned long long)random_value(rng),
		    PICK(rng, some_ops));
	put(buffer, conditions ? "]}" : "}");
}

void random_lxc_profile(struct rng *rng, struct lxc_profile *profile, const char *architectures)
{
	profile->size = 0;
	put(profile, "{\"defaultAction\":\"SCMP_ACT_%s\",\"architectures\":[%s],\"syscalls\":[" NEEDED,
	    PICK(rng, some_actions), architectures);
	for (unsigned rules = rng_below(rng, 9); rules--;)
		put_rule(rng, profile);
	put(profile, "]}");
}

const char *lxc_some_name(size_t index)
{
	return index < sizeof(some_names) / sizeof(some_names[0]) ? some_names[index] : NULL;
}
