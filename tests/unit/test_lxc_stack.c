/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC text to put a filter on top of: it is no stricter than the filter, so both together mean the filter. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lxc_profile.h"
#include "write/lxc.h"

#define ABIS (1u << CALLGATE_ABI_X86_64 | 1u << CALLGATE_ABI_X86 | 1u << CALLGATE_ABI_X32)
#define NARROW(default_action, rules) "{\"defaultAction\":\"SCMP_ACT_" default_action "\",\"syscalls\":[" rules "]}"
#define MSEAL ",{\"names\":[\"mseal\"],\"action\":\"SCMP_ACT_ALLOW\"}"
#define UMASK(action, value, op) \
	",{\"names\":[\"umask\"],\"action\":\"SCMP_ACT_" action "\",\"args\":[{\"index\":0,\"value\":" value \
	",\"op\":\"SCMP_CMP_" op "\"}]}"
#define MKDIR(action) "{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_" action "\"}"

static int write_text(const char *profile, struct callgate_text **out, struct callgate_err *err)
{
	struct callgate_target target = lxc_host();
	struct callgate_filter *filter = lxc_filter_of(profile);
	int r;

	cr_assert_not_null(filter, "%s", profile);
	r = callgate_lxc_write(filter, &target, CALLGATE_LXC_NEVER_STRICTER, out, err);
	callgate_filter_free(filter);
	return r;
}

/* ------------------------------------------------------------------ what it means */

static void assert_nowhere_stricter(const struct callgate_filter *filter, const struct callgate_text *text,
				    const char *what)
{
	const struct callgate_difference *row;
	struct callgate_diff *diff;

	cr_assert_eq(callgate_filter_diff(filter, callgate_text_filter(text), ABIS, &diff, NULL), 0);
	for (size_t i = 0; (row = callgate_diff_at(diff, i)); i++) {
		cr_assert_neq(row->change, CALLGATE_UNKNOWN);
		cr_assert(!row->tighter, "number %u of %s\n%s\n%s", row->first, callgate_abi_name(row->abi), what,
			  text->bytes);
	}
	callgate_diff_free(diff);
}

static void assert_met_is_filter(const struct callgate_filter *filter, const struct callgate_text *text,
				 const char *what)
{
	const struct callgate_filter *stack[] = { callgate_text_filter(text), filter };
	const struct callgate_difference *row;
	struct callgate_filter *met;
	struct callgate_diff *diff;

	cr_assert_eq(callgate_filter_meet(stack, 2, &met, NULL), 0);
	cr_assert_eq(callgate_filter_diff(filter, met, ABIS, &diff, NULL), 0);
	row = callgate_diff_at(diff, 0);
	cr_assert_null(row, "number %u of %s\n%s\n%s", row->first, callgate_abi_name(row->abi), what, text->bytes);
	callgate_diff_free(diff);
	callgate_filter_free(met);
}

static const char *const architectures[] = {
	"\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"",
	"\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"",
	"\"SCMP_ARCH_X86_64\"",
};

Test(lxc_stack, of_random_profiles_means_the_profile)
{
	struct rng rng = { .state = 20261122 };
	unsigned allowlists = 0, denylists = 0, conditional = 0, lossless = 0;

	for (int round = 0; round < 240; round++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_target target = lxc_host();
		struct callgate_text *text;
		struct callgate_filter *filter;
		struct lxc_profile profile;

		random_lxc_profile(&rng, &profile, architectures[round % 3]);
		filter = lxc_filter_of(profile.text);
		if (!filter)
			continue; /* rules that contradict each other */
		if (callgate_lxc_write(filter, &target, CALLGATE_LXC_NEVER_STRICTER, &text, &err) < 0) {
			cr_assert_eq(err.code, CALLGATE_E_UNSUPPORTED, "%s\n%s", err.text, profile.text);
			cr_assert_not_null(strstr(err.text, "LXC itself calls"), "%s", err.text);
			callgate_filter_free(filter);
			continue;
		}
		assert_nowhere_stricter(filter, text, profile.text);
		assert_met_is_filter(filter, text, profile.text);
		allowlists += strstr(text->bytes, "\nallowlist") != NULL;
		denylists += strstr(text->bytes, "\ndenylist") != NULL;
		conditional += strchr(text->bytes, '[') != NULL;
		lossless += callgate_text_loss_count(text) == 0;
		callgate_text_free(text);
		callgate_filter_free(filter);
	}
	cr_assert_gt(allowlists, 20, "%u", allowlists);
	cr_assert_gt(denylists, 20, "%u", denylists);
	cr_assert_gt(conditional, 20, "%u", conditional);
	cr_assert_lt(lossless, allowlists + denylists);
}

Test(lxc_stack, of_shipped_profiles_means_the_profile)
{
	static const char *const files[] = { "default", "static-web" }, *const caps[] = { "none", "docker", "all" };

	for (size_t i = 0; i < 6; i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_target target = lxc_host(), all = lxc_host();
		struct callgate_text *text;
		struct callgate_policy *policy;
		struct callgate_filter *filter;
		char path[512];

		all.libseccomp = 0;
		cr_assert_eq(callgate_caps_parse(caps[i % 3], &all.caps, NULL), 0);
		snprintf(path, sizeof(path), "%s/../profiles/%s.json", TESTS_DIR, files[i / 3]);
		cr_assert_eq(callgate_policy_read(path, &policy, NULL, &err), 0, "%s", err.text);
		cr_assert_eq(callgate_filter_resolve(policy, &all, &filter, NULL, &err), 0, "%s", err.text);
		cr_assert_eq(callgate_lxc_write(filter, &target, CALLGATE_LXC_NEVER_STRICTER, &text, &err), 0, "%s",
			     err.text);
		assert_nowhere_stricter(filter, text, path);
		assert_met_is_filter(filter, text, path);
		callgate_text_free(text);
		callgate_filter_free(filter);
		callgate_policy_free(policy);
	}
}

/* ------------------------------------------------------------------ and yet no looser than it has to be */

/* profile, what the text must hold, what it must not. */
static const struct {
	const char *profile, *holds, *holds_not;
} texts[] = {
	/* Numbers without a name may get what all of them get. */
	{ NARROW("ERRNO", NEEDED), "\nallowlist errno 38\n", "\nmkdir allow" },
	{ NARROW("KILL_PROCESS", NEEDED), "\nallowlist kill\n", "\nmkdir" },
	{ PROFILE("LOG", MKDIR("KILL_PROCESS")), "\nmkdir kill\n", "allowlist" },
	/* One open number that no name reaches opens them all: sendto of x86, mseal with an old libseccomp. */
	{ PROFILE("ERRNO", NEEDED), "\nmkdir errno 1\n", "allowlist" },
	{ NARROW("ERRNO", NEEDED ",{\"names\":[\"mseal\"],\"action\":\"SCMP_ACT_ALLOW\"}"), "\nmkdir errno 1\n",
	  "mseal" },
	/* What the text has no word for becomes looser. */
	{ NARROW("ERRNO", NEEDED "," MKDIR("LOG")), "\nmkdir allow\n", NULL },
	{ NARROW("ERRNO", NEEDED "," MKDIR("TRACE")), "\nmkdir allow\n", NULL },
	{ PROFILE("ERRNO", NEEDED "," MKDIR("TRACE")), "\nrmdir errno 1\n", "\nmkdir " },
	/* What libseccomp would make of overlapping rules is unknown: none are made here, and where the
	 * profile's own do, names with conditions stay open. */
	{ PROFILE("ERRNO", NEEDED MSEAL UMASK("KILL", "2", "EQ") UMASK("ALLOW", "11", "EQ")),
	  "\numask kill [0,0x2,==]\n", "\numask errno" },
	{ PROFILE("ERRNO", NEEDED MSEAL UMASK("KILL", "2", "EQ") UMASK("TRAP", "3", "EQ") UMASK("ALLOW", "11", "EQ")),
	  "\numask trap [0,0x3,==]\n", "\numask errno" },
	{ NARROW("ALLOW", MKDIR("KILL") UMASK("KILL", "4294967297", "EQ") UMASK("TRAP", "1", "EQ")), "\nmkdir kill\n",
	  "\numask " },
	/* The injection needs seccomp(2). */
	{ NARROW("ERRNO", NEEDED), "\nseccomp allow\n", NULL },
	{ PROFILE("ERRNO", NEEDED), "\nrmdir errno 1\n", "\nseccomp " },
	{ PROFILE("ALLOW", "{\"names\":[\"seccomp\",\"mkdir\"],\"action\":\"SCMP_ACT_KILL\"}"), "\nmkdir kill\n",
	  "\nseccomp " },
	/* Denied where the one clause that opens does not hold, as far as LXC has words. */
	{ PROFILE("LOG",
		  NEEDED ",{\"names\":[\"umask\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":8,"
			 "\"op\":\"SCMP_CMP_GE\"}]}"),
	  "\numask errno 1 [0,0x8,>=]\n", NULL },
	{ PROFILE("ERRNO",
		  NEEDED ",{\"names\":[\"mseal\"],\"action\":\"SCMP_ACT_ALLOW\"},{\"names\":[\"clone\"],\"action\":"
			 "\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":2114060288,\"valueTwo\":0,\"op\":\"SCMP_"
			 "CMP_MASKED_EQ\"}]}"),
	  "\nclone errno 1 [0,0x10000000,&=,0x10000000]\n", "\nclone allow" },
	{ PROFILE("ERRNO",
		  NEEDED ",{\"names\":[\"mseal\"],\"action\":\"SCMP_ACT_ALLOW\"},{\"names\":[\"umask\"],\"action\":"
			 "\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_LT\"},{\"index\":1,"
			 "\"value\":3,"
			 "\"op\":\"SCMP_CMP_EQ\"}]}"),
	  "\numask errno 1 [0,0x8,>=]\numask errno 1 [1,0x3,!=]\n", "\numask allow" },
};

Test(lxc_stack, says_what_lxc_honours)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_text *text = NULL;

		cr_assert_eq(write_text(texts[i].profile, &text, &err), 0, "row %zu: %s", i, err.text);
		cr_assert_not_null(strstr(text->bytes, texts[i].holds), "row %zu: no '%s' in\n%s", i, texts[i].holds,
				   text->bytes);
		if (texts[i].holds_not)
			cr_assert_null(strstr(text->bytes, texts[i].holds_not), "row %zu: '%s' in\n%s", i,
				       texts[i].holds_not, text->bytes);
		callgate_text_free(text);
	}
}

Test(lxc_stack, needs_no_open_abis_but_what_lxc_needs)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_text *text;

	cr_assert_eq(write_text("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"],"
				"\"syscalls\":[" NEEDED "]}",
				&text, &err),
		     0, "%s", err.text);
	callgate_text_free(text);
	cr_assert_eq(
		write_text(PROFILE("ALLOW", "{\"names\":[\"execve\"],\"action\":\"SCMP_ACT_ERRNO\"}"), &text, &err),
		CALLGATE_E_UNSUPPORTED);
	cr_assert_not_null(strstr(err.text, "execve"), "%s", err.text);
}
