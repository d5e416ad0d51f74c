/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LXC text: what is written for a filter, read back as LXC reads it, permits nothing more, and what differs is a loss.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "callgate.h"
#include "filter/digest.h"
#include "lxc_profile.h"
#include "names/abi.h"
#include "random_filter.h"
#include "write/lxc.h"

static int write_text(const char *profile, struct callgate_text **out, struct callgate_err *err)
{
	struct callgate_target target = lxc_host();
	struct callgate_filter *filter = lxc_filter_of(profile);
	int r;

	cr_assert_not_null(filter, "%s", profile);
	r = callgate_lxc_write(filter, &target, CALLGATE_LXC_NEVER_LOOSER, out, err);
	callgate_filter_free(filter);
	return r;
}

/* profile, what the text must hold, what it must not. */
static const struct {
	const char *profile, *holds, *holds_not;
} texts[] = {
	/* The default answers what has no name: the profile's tail, so that libraries fall back. */
	{ PROFILE("ERRNO", NEEDED), "\nallowlist errno 38\n", "\nmkdir allow" },
	{ PROFILE("ERRNO", NEEDED), "\nmkdir errno 1\n", NULL },
	{ PROFILE("KILL_PROCESS", NEEDED), "\nallowlist kill\n", "\nmkdir" },
	{ PROFILE("TRAP", NEEDED), "\nallowlist trap\n", "\nmkdir" },
	/* Everything allowed but one call. */
	{ PROFILE("ALLOW", "{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":77}"),
	  "\ndenylist allow\n", "\nchmod" },
	{ PROFILE("ALLOW", "{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":77}"),
	  "\nmkdir errno 77\n", NULL },
	/* socket(2) of x86 has a number that LXC skips: a denylist would leave it open. */
	{ PROFILE("ALLOW", "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\"}"), "\nallowlist errno 38\n",
	  "denylist" },
	{ PROFILE("ALLOW", "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\"}"), "\nmkdir allow\n",
	  "\nsocket allow" },
	/* What the text has no word for becomes stricter. */
	{ PROFILE("ERRNO", NEEDED ",{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_LOG\"}"), "\nallowlist",
	  "\nmkdir allow" },
	{ PROFILE("ERRNO", NEEDED ",{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"}"), "\nmkdir kill\n",
	  NULL },
	{ PROFILE("ERRNO", NEEDED ",{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_TRACE\"}"), "\nallowlist errno 38\n",
	  "\nmkdir " },
	/* Conditions, in LXC's words. */
	{ PROFILE("ERRNO", NEEDED ",{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
				  "\"value\":2114060288,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}"),
	  "\nclone allow [0,0x0,&=,0x7e020000]\n", "\nclone errno" },
	{ PROFILE("ERRNO",
		  NEEDED ",{\"names\":[\"umask\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":8,"
			 "\"op\":\"SCMP_CMP_LT\"},{\"index\":1,\"value\":3,\"op\":\"SCMP_CMP_NE\"}]}"),
	  "\numask allow [0,0x8,<][1,0x3,!=]\n", NULL },
	{ PROFILE("ALLOW", "{\"names\":[\"umask\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":8,"
			   "\"op\":\"SCMP_CMP_GE\"}]}"),
	  "\numask errno 1 [0,0x8,>=]\n", "allowlist" },
	/* On x86 the value is cut to 0 (rule 6), and so it is in LXC's text: said once, meant the same. */
	{ PROFILE("ERRNO", NEEDED ",{\"names\":[\"umask\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
				  "\"value\":4294967296,\"op\":\"SCMP_CMP_EQ\"}]}"),
	  "\numask allow [0,0x100000000,==]\n", NULL },
	/* A name that libseccomp 2.5.4 does not have. */
	{ PROFILE("ERRNO", NEEDED ",{\"names\":[\"mseal\"],\"action\":\"SCMP_ACT_ALLOW\"}"), "\nallowlist", "mseal" },
};

Test(lxc_text, says_what_lxc_honours)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_text *text = NULL;

		cr_assert_eq(write_text(texts[i].profile, &text, &err), 0, "row %zu: %s", i, err.text);
		cr_assert_not_null(strstr(callgate_text_bytes(text, NULL), texts[i].holds), "row %zu: no '%s' in\n%s",
				   i, texts[i].holds, callgate_text_bytes(text, NULL));
		if (texts[i].holds_not)
			cr_assert_null(strstr(callgate_text_bytes(text, NULL), texts[i].holds_not),
				       "row %zu: '%s' in\n%s", i, texts[i].holds_not, callgate_text_bytes(text, NULL));
		callgate_text_free(text);
	}
}

/* profile, a word of the refusal. */
static const struct {
	const char *profile, *word;
} refusals[] = {
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"],\"syscalls\":[" NEEDED "]}",
	  "closes" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],"
	  "\"syscalls\":[" NEEDED "]}",
	  "x32" },
	{ PROFILE("ERRNO", "{\"names\":[\"read\",\"write\",\"openat\",\"execve\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
	  "sendto" },
	{ PROFILE("ALLOW", "{\"names\":[\"execve\"],\"action\":\"SCMP_ACT_ERRNO\"}"), "execve" },
	{ PROFILE("ALLOW", "{\"names\":[\"setsid\"],\"action\":\"SCMP_ACT_KILL\"}"), "setsid" },
	{ PROFILE("LOG", NEEDED), NULL }, /* it allows what LXC needs, and denies all that would only be logged */
};

Test(lxc_text, is_refused_where_it_would_be_looser_or_useless)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_text *text = NULL;
		int r = write_text(refusals[i].profile, &text, &err);

		cr_assert_eq(r, refusals[i].word ? CALLGATE_E_UNSUPPORTED : 0, "row %zu: %d %s", i, r, err.text);
		if (refusals[i].word)
			cr_assert_not_null(strstr(err.text, refusals[i].word), "row %zu: %s", i, err.text);
		callgate_text_free(text);
	}
}

/* Whether a comma-separated list has the very word. */
static bool has_word(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at++)
		if ((at == list || at[-1] == ' ') && (at[size] == ',' || at[size] == '\0'))
			return true;
	return false;
}

static const struct callgate_loss *loss_with(const struct callgate_text *text, const char *abi, const char *call)
{
	const struct callgate_loss *loss;

	for (size_t i = 0; (loss = callgate_text_loss_at(text, i)); i++)
		if (strcmp(callgate_abi_name(loss->abi), abi) == 0 && has_word(loss->calls, call))
			return loss;
	return NULL;
}

Test(lxc_text, lists_each_difference_as_a_loss)
{
	static const char profile[] =
		PROFILE("ERRNO", NEEDED ",{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"},"
					"{\"names\":[\"socket\",\"mseal\"],\"action\":\"SCMP_ACT_ALLOW\"},"
					"{\"names\":[\"umask\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
					"\"value\":8,\"op\":\"SCMP_CMP_LT\"}]}");
	static const struct {
		const char *abi, *call, *profile, *text;
	} rows[] = {
		{ "x86_64", "mkdir", "KILL_PROCESS", "KILL_THREAD" },
		{ "x86", "mkdir", "KILL_PROCESS", "KILL_THREAD" },
		{ "x86", "socket", "ALLOW", "ERRNO(ENOSYS)" },
		{ "x86_64", "mseal", "ALLOW", "ERRNO(ENOSYS)" },
		{ "x86_64", "umask", "ALLOW or ERRNO(EPERM)", "ALLOW or ERRNO(ENOSYS)" },
		{ "x86_64", "337-423", "ERRNO(EPERM)", "ERRNO(ENOSYS)" },
	};
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_text *text = NULL;

	cr_assert_eq(write_text(profile, &text, &err), 0, "%s", err.text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct callgate_loss *loss = loss_with(text, rows[i].abi, rows[i].call);

		cr_assert_not_null(loss, "row %zu: no loss of %s", i, rows[i].call);
		cr_assert_str_eq(loss->profile, rows[i].profile, "row %zu: %s", i, loss->profile);
		cr_assert_str_eq(loss->text, rows[i].text, "row %zu: %s", i, loss->text);
	}
	cr_assert_null(loss_with(text, "x86_64", "socket"), "allowed on both sides");
	callgate_text_free(text);
}

Test(lxc_text, loses_flags)
{
	static const char profile[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\"," THREE
		",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_TSYNC\"],\"syscalls\":[]}";
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_text *text = NULL;

	cr_assert_eq(write_text(profile, &text, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_text_loss_count(text), 1);
	cr_assert_str_eq(callgate_text_loss_at(text, 0)->profile, "SECCOMP_FILTER_FLAG_LOG");
	callgate_text_free(text);
}

/* ------------------------------------------------------------------ random profiles */

/* How strict: KILL_PROCESS and KILL_THREAD are one to the text. */
static int strictness(struct callgate_action action)
{
	return action.kind == CALLGATE_KILL_PROCESS ? CALLGATE_KILL_THREAD : (int)action.kind;
}

static void compare_call(struct rng *rng, const struct callgate_filter *filter, const struct callgate_text *text,
			 enum callgate_abi abi, uint32_t nr)
{
	uint32_t audit = abi_of(abi)->audit;
	const struct filter_arch *arch = filter_arch_of(filter, audit);

	for (int i = 0; i < 8; i++) {
		uint64_t args[6];
		const struct node *theirs, *mine;

		random_args(rng, arch->spans[span_at(arch, nr)].node, args);
		theirs = filter_walk(filter, audit, nr, args);
		mine = filter_walk(text->filter, audit, nr, args);
		cr_assert_leq(strictness(mine->action), strictness(theirs->action), "call %u of %s: %s\n%s", nr,
			      callgate_abi_name(abi), callgate_syscall_name(abi, nr), text->bytes);
	}
}

Test(lxc_text, of_random_profiles_is_nowhere_looser)
{
	static const enum callgate_abi abis[] = { CALLGATE_ABI_X86_64, CALLGATE_ABI_X86, CALLGATE_ABI_X32 };
	struct rng rng = { .state = 20261121 };
	unsigned written = 0, conditional = 0;

	for (int round = 0; round < 250; round++) {
		struct lxc_profile buffer = { .size = 0 };
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_text *text;
		struct callgate_filter *filter;
		struct callgate_target target = lxc_host();

		random_lxc_profile(&rng, &buffer, "\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"");
		filter = lxc_filter_of(buffer.text);
		if (!filter)
			continue; /* rules that contradict each other */
		if (callgate_lxc_write(filter, &target, CALLGATE_LXC_NEVER_LOOSER, &text, &err) < 0) {
			cr_assert_eq(err.code, CALLGATE_E_UNSUPPORTED, "%s\n%s", err.text, buffer.text);
			callgate_filter_free(filter);
			continue;
		}
		written++;
		conditional += strstr(text->bytes, "[") != NULL;
		for (size_t i = 0; lxc_some_name(i); i++) {
			for (size_t j = 0; j < 3; j++) {
				uint32_t nr;

				if (callgate_syscall_number(abis[j], lxc_some_name(i), &nr) == 0)
					compare_call(&rng, filter, text, abis[j], nr);
			}
		}
		for (size_t j = 0; j < 3; j++)
			for (uint32_t nr = 300; nr < 1000; nr += 37)
				compare_call(&rng, filter, text, abis[j],
					     nr + (abis[j] == CALLGATE_ABI_X32 ? 0x40000000 : 0));
		callgate_text_free(text);
		callgate_filter_free(filter);
	}
	cr_assert_gt(written, 60, "%u", written);
	cr_assert_gt(conditional, 20, "%u", conditional);
}

/* ------------------------------------------------------------------ digests */

Test(digest, is_of_the_meaning)
{
	static const char *const same[] = {
		PROFILE("ERRNO", "{\"names\":[\"mkdir\",\"rmdir\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
		PROFILE("ERRNO", "{\"names\":[\"rmdir\"],\"action\":\"SCMP_ACT_ALLOW\"},{\"names\":[\"mkdir\"],"
				 "\"action\":\"SCMP_ACT_ALLOW\"}"),
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,\"architectures\":[\"SCMP_ARCH_X32\","
		"\"SCMP_ARCH_X86\"],"
		"\"syscalls\":[{\"names\":[\"mkdir\",\"rmdir\"],\"action\":\"SCMP_ACT_ALLOW\"}]}",
	};
	static const char *const others[] = {
		PROFILE("ERRNO", "{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
		PROFILE("KILL", "{\"names\":[\"mkdir\",\"rmdir\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
		PROFILE("ERRNO", "{\"names\":[\"mkdir\",\"rmdir\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":"
				 "0,\"value\":1,"
				 "\"op\":\"SCMP_CMP_NE\"}]}"),
		("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86\"],"
		 "\"syscalls\":[{\"names\":[\"mkdir\",\"rmdir\"],\"action\":\"SCMP_ACT_ALLOW\"}]}"),
	};
	char first[65], text[65];

	for (size_t i = 0; i < 7; i++) {
		struct callgate_filter *filter = lxc_filter_of(i < 3 ? same[i] : others[i - 3]);

		cr_assert_eq(callgate_filter_digest(filter, i ? text : first, NULL), 0);
		if (i)
			cr_assert_eq(strcmp(first, text) == 0, i < 3, "profile %zu", i);
		callgate_filter_free(filter);
	}
	cr_assert_eq(strlen(first), 64);
}

Test(digest, does_not_depend_on_how_a_decision_is_built)
{
	struct callgate_filter *filter[2];
	uint8_t digest[2][SHA256_SIZE];

	/* a0 == 1 or a1 == 2, asked in either order. */
	for (int i = 0; i < 2; i++) {
		struct test one = { .mask = UINT64_MAX, .value = 1, .arg = 0 },
			    two = { .mask = UINT64_MAX, .value = 2, .arg = 1 };
		struct span_map map = { 0 };
		const struct node *yes, *no;

		cr_assert_eq(filter_new("made", &filter[i], NULL), 0);
		yes = filter_leaf(filter[i], (struct callgate_action){ .kind = CALLGATE_ALLOW },
				  (struct callgate_origin){ .line = (unsigned)i });
		no = filter_leaf(filter[i], (struct callgate_action){ .kind = CALLGATE_KILL_THREAD },
				 (struct callgate_origin){ 0 });
		filter[i]->other_arch = no;
		no = filter_test(filter[i], i ? one : two, yes, no);
		span_map_add(&map, &(struct span){ .node = filter_test(filter[i], i ? two : one, yes, no) });
		cr_assert_eq(filter_add_arch(filter[i], abi_of(CALLGATE_ABI_X86)->audit, &map, NULL), 0);
		cr_assert_eq(filter_digest(filter[i], digest[i], NULL), 0);
	}
	cr_assert_arr_eq(digest[0], digest[1], SHA256_SIZE);
	callgate_filter_free(filter[0]);
	callgate_filter_free(filter[1]);
}
