/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library cannot be held wrong: NULL is answered everywhere, structs of other versions are understood, misspelt
 * denials stop. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sized.h"
#include "callgate.h"
#include "runtime/hooks.h"

static const char profile_text[] =
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_ERRNO\"}]}";
static const char misspelt_text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\n\"syscalls\":[{\"names\":[\"mkdirr\","
				    "\"mkdir\"],\"action\":\"SCMP_ACT_ERRNO\"}]}";

static struct callgate_policy *parse(const char *text)
{
	struct callgate_policy *policy;
	struct callgate_err err;

	cr_assert_eq(callgate_policy_parse(text, strlen(text), "test", &policy, NULL, &err), 0, "%s", err.text);
	return policy;
}

static struct callgate_filter *resolve(const char *text, const char *reader)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy = parse(text);
	struct callgate_filter *filter;
	struct callgate_err err;

	cr_assert_eq(callgate_target_host(&target, &err), 0, "%s", err.text);
	if (reader)
		cr_assert_eq(callgate_target_reader(&target, reader), 0);
	cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, NULL, &err), 0, "%s", err.text);
	callgate_policy_free(policy);
	return filter;
}

/* ------------------------------------------------------------------ NULL */

struct objects {
	alignas(16) char scratch_bytes[8192];
	void *scratch;
	struct callgate_policy *policy;
	struct callgate_filter *filter;
	const struct callgate_filter *filters[1];
	struct callgate_prog *prog;
	struct callgate_text *text;
	struct callgate_diff *diff;
	struct callgate_tasks *tasks;
	struct callgate_builder *builder;
	struct callgate_target target;
	struct callgate_call call;
	struct callgate_pattern pattern;
	struct callgate_lists words;
	struct callgate_build build;
	struct callgate_rule rule;
	char *argv[2];
};

static void make(struct objects *o)
{
	*o = (struct objects){ .target = CALLGATE_TARGET_INIT,
			       .words = CALLGATE_LISTS_INIT,
			       .build = CALLGATE_BUILD_INIT,
			       .rule = CALLGATE_RULE_INIT,
			       .call.abi = CALLGATE_ABI_X86_64,
			       .pattern.abi = CALLGATE_ABI_X86_64,
			       .argv = { (char *)"true", NULL } };
	o->scratch = o->scratch_bytes;
	o->words.allow = "mkdir";
	cr_assert_eq(callgate_target_host(&o->target, NULL), 0);
	o->policy = parse(profile_text);
	o->filter = resolve(profile_text, NULL);
	o->filters[0] = o->filter;
	cr_assert_eq(callgate_filter_compile(o->filter, &o->prog, NULL), 0);
	cr_assert_eq(callgate_policy_write(o->policy, &o->target, CALLGATE_FORMAT_OCI, &o->text, NULL), 0);
	cr_assert_eq(callgate_filter_diff(o->filter, o->filter, 0, &o->diff, NULL), 0);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, getpid(), &o->tasks, NULL), 0);
	cr_assert_eq(callgate_builder_new(&o->build, &o->builder, NULL), 0);
}

static void release(struct objects *o)
{
	callgate_builder_free(o->builder);
	callgate_tasks_free(o->tasks);
	callgate_diff_free(o->diff);
	callgate_text_free(o->text);
	callgate_prog_free(o->prog);
	callgate_filter_free(o->filter);
	callgate_policy_free(o->policy);
}

#define EXPECT_REFUSED(call) cr_expect_eq(call, CALLGATE_E_ARG, "%s", #call)

/* Each pointer that may not be NULL, one at a time, the others good. tests/check-exports.sh sees to it that no function
 * is left out. */
Test(api, null_is_answered_by_every_function)
{
	static struct objects o;

	make(&o);
	EXPECT_REFUSED(callgate_target_host(NULL, NULL));
	EXPECT_REFUSED(callgate_abi_by_audit(0, 0, NULL));
	EXPECT_REFUSED(callgate_abi_parse(NULL, o.scratch));
	EXPECT_REFUSED(callgate_abi_parse("x", NULL));
	EXPECT_REFUSED(callgate_caps_parse(NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_caps_parse("x", NULL, NULL));
	EXPECT_REFUSED(callgate_cap_name(0, NULL));
	EXPECT_REFUSED(callgate_target_reader(NULL, "x"));
	EXPECT_REFUSED(callgate_target_reader(&o.target, NULL));
	EXPECT_REFUSED(callgate_kernel_parse(NULL, o.scratch, o.scratch));
	EXPECT_REFUSED(callgate_kernel_parse("x", NULL, o.scratch));
	EXPECT_REFUSED(callgate_kernel_parse("x", o.scratch, NULL));
	EXPECT_REFUSED(callgate_release_parse(NULL, o.scratch));
	EXPECT_REFUSED(callgate_release_parse("x", NULL));
	EXPECT_REFUSED(callgate_syscall_number(CALLGATE_ABI_X86_64, NULL, o.scratch));
	EXPECT_REFUSED(callgate_syscall_number(CALLGATE_ABI_X86_64, "x", NULL));
	cr_expect_null(callgate_syscall_nearest(NULL));
	EXPECT_REFUSED(callgate_syscall_info(NULL, o.scratch));
	EXPECT_REFUSED(callgate_syscall_info("x", NULL));
	EXPECT_REFUSED(callgate_syscall_mux(CALLGATE_ABI_X86_64, NULL, o.scratch, o.scratch));
	EXPECT_REFUSED(callgate_syscall_mux(CALLGATE_ABI_X86_64, "x", NULL, o.scratch));
	EXPECT_REFUSED(callgate_syscall_mux(CALLGATE_ABI_X86_64, "x", o.scratch, NULL));
	EXPECT_REFUSED(callgate_policy_read(NULL, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_read("x", NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_read_as(NULL, 0, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_read_as("x", 0, NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_read_trusted(NULL, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_read_trusted("x", NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_parse(NULL, 1, NULL, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_parse("x", 1, NULL, NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_env(NULL, NULL, NULL, NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_lists(NULL, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_lists(&o.words, NULL, NULL, NULL));
	cr_expect_null(callgate_policy_free(NULL));
	EXPECT_REFUSED(callgate_builder_new(NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_builder_new(&o.build, NULL, NULL));
	EXPECT_REFUSED(callgate_builder_abi(NULL, CALLGATE_ABI_X86_64, NULL));
	EXPECT_REFUSED(callgate_builder_rule(NULL, &o.rule, NULL));
	EXPECT_REFUSED(callgate_builder_rule(o.builder, NULL, NULL));
	EXPECT_REFUSED(callgate_builder_policy(NULL, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_builder_policy(o.builder, NULL, NULL, NULL));
	cr_expect_null(callgate_builder_free(NULL));
	EXPECT_REFUSED(callgate_profile_find(NULL, o.scratch, 1, NULL));
	EXPECT_REFUSED(callgate_profile_find("x", NULL, 1, NULL));
	EXPECT_REFUSED(callgate_filter_resolve(NULL, &o.target, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_resolve(o.policy, NULL, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_resolve(o.policy, &o.target, NULL, NULL, NULL));
	cr_expect_null(callgate_filter_free(NULL));
	EXPECT_REFUSED(callgate_filter_decide(NULL, &o.call, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_decide(o.filter, NULL, NULL, NULL));
	cr_expect_eq(callgate_filter_abis(NULL, o.scratch), 0);
	cr_expect_eq(callgate_filter_abis(o.filter, NULL), 0);
	cr_expect_eq(callgate_filter_flags(NULL), 0);
	cr_expect_eq(callgate_filter_dropped(NULL, NULL, NULL), 0);
	EXPECT_REFUSED(callgate_filter_accept_dropped(NULL, "x"));
	EXPECT_REFUSED(callgate_filter_accept_dropped(o.filter, NULL));
	cr_expect_eq(callgate_filter_row_count(NULL, CALLGATE_ABI_X86_64), 0);
	EXPECT_REFUSED(callgate_filter_row(NULL, CALLGATE_ABI_X86_64, 0, o.scratch));
	EXPECT_REFUSED(callgate_filter_row(o.filter, CALLGATE_ABI_X86_64, 0, NULL));
	EXPECT_REFUSED(callgate_filter_outcomes(NULL, &o.pattern, o.scratch, 1, o.scratch));
	EXPECT_REFUSED(callgate_filter_outcomes(o.filter, NULL, o.scratch, 1, o.scratch));
	EXPECT_REFUSED(callgate_filter_outcomes(o.filter, &o.pattern, NULL, 1, o.scratch));
	EXPECT_REFUSED(callgate_filter_outcomes(o.filter, &o.pattern, o.scratch, 1, NULL));
	EXPECT_REFUSED(callgate_policy_portable(NULL, &o.target, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_portable("x", NULL, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_portable("x", &o.target, NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_policy_write(NULL, &o.target, 0, o.scratch, NULL));
	EXPECT_REFUSED(callgate_policy_write(o.policy, NULL, 0, o.scratch, NULL));
	EXPECT_REFUSED(callgate_policy_write(o.policy, &o.target, 0, NULL, NULL));
	cr_expect_null(callgate_text_bytes(NULL, NULL));
	cr_expect_eq(callgate_text_loss_count(NULL), 0);
	cr_expect_null(callgate_text_loss_at(NULL, 0));
	cr_expect_null(callgate_text_free(NULL));
	cr_expect_null(callgate_text_filter(NULL));
	EXPECT_REFUSED(callgate_filter_lift(NULL, NULL, CALLGATE_ABI_X86_64, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_lift(o.prog, NULL, CALLGATE_ABI_X86_64, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_meet(NULL, 1, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_meet(o.filters, 1, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_diff(NULL, o.filter, 0, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_diff(o.filter, NULL, 0, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_diff(o.filter, o.filter, 0, NULL, NULL));
	cr_expect_null(callgate_diff_free(NULL));
	cr_expect_eq(callgate_diff_count(NULL), 0);
	cr_expect_null(callgate_diff_at(NULL, 0));
	EXPECT_REFUSED(callgate_filter_compile(NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_compile(o.filter, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_compile_libseccomp(NULL, 0, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_compile_libseccomp(o.filter, 0, NULL, NULL));
	cr_expect_null(callgate_prog_free(NULL));
	cr_expect_null(callgate_prog_instructions(NULL));
	cr_expect_eq(callgate_prog_count(NULL), 0);
	cr_expect_eq(callgate_prog_flags(NULL), 0);
	EXPECT_REFUSED(callgate_prog_parse(NULL, 1, CALLGATE_ABI_X86_64, o.scratch, NULL));
	EXPECT_REFUSED(callgate_prog_parse("x", 1, CALLGATE_ABI_X86_64, NULL, NULL));
	EXPECT_REFUSED(callgate_prog_eval(NULL, &o.call, o.scratch, NULL));
	EXPECT_REFUSED(callgate_prog_eval(o.prog, NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_prog_eval(o.prog, &o.call, NULL, NULL));
	EXPECT_REFUSED(callgate_prog_measure(NULL, CALLGATE_ABI_X86_64, o.scratch));
	EXPECT_REFUSED(callgate_prog_measure(o.prog, CALLGATE_ABI_X86_64, NULL));
	EXPECT_REFUSED(callgate_prog_write(NULL, 0, o.scratch, o.scratch, NULL));
	EXPECT_REFUSED(callgate_prog_write(o.prog, 0, NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_prog_write(o.prog, 0, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_write_pfc(NULL, o.scratch, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_write_pfc(o.filter, NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_write_pfc(o.filter, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_task_filter(getpid(), NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_task_verify(getpid(), NULL, o.scratch, NULL, NULL));
	EXPECT_REFUSED(callgate_task_verify(getpid(), o.filter, NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_task_container(getpid(), NULL, 1));
	EXPECT_REFUSED(callgate_kernel_probe(NULL, NULL));
	EXPECT_REFUSED(callgate_prog_load(NULL, 0, NULL));
	EXPECT_REFUSED(callgate_confine_self(NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_command_start(NULL, NULL, o.argv, o.scratch, NULL));
	EXPECT_REFUSED(callgate_command_start(o.prog, NULL, NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_command_start(o.prog, NULL, o.argv, NULL, NULL));
	cr_expect_eq(callgate_command_pid(NULL), 0);
	EXPECT_REFUSED(callgate_command_wait(NULL, 0, o.scratch, o.scratch, NULL));
	cr_expect_null(callgate_command_free(NULL));
	EXPECT_REFUSED(callgate_process_inject(getpid(), NULL, NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_tasks_list(0, getpid(), NULL, NULL));
	cr_expect_eq(callgate_tasks_count(NULL), 0);
	cr_expect_null(callgate_tasks_at(NULL, 0));
	cr_expect_null(callgate_tasks_free(NULL));
	EXPECT_REFUSED(callgate_task_dump(getpid(), NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_task_dump(getpid(), o.scratch, NULL, NULL));
	cr_expect_null(callgate_task_dump_free(NULL, 1));
	EXPECT_REFUSED(callgate_prog_apply(NULL, 0, getpid(), NULL, NULL));
	EXPECT_REFUSED(callgate_lxc_write(NULL, &o.target, 0, o.scratch, NULL));
	EXPECT_REFUSED(callgate_lxc_write(o.filter, NULL, 0, o.scratch, NULL));
	EXPECT_REFUSED(callgate_lxc_write(o.filter, &o.target, 0, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_digest(NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_digest(o.filter, NULL, NULL));
	EXPECT_REFUSED(callgate_oci_init_pid(NULL, NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_oci_init_pid(NULL, "x", NULL, NULL));
	EXPECT_REFUSED(callgate_command_wait(NULL, 0, o.scratch, o.scratch, NULL));
	cr_expect_eq(callgate_command_pid(NULL), 0);
	EXPECT_REFUSED(callgate_notes_new(NULL));
	cr_expect_eq(callgate_notes_count(NULL), 0);
	cr_expect_eq(callgate_notes_total(NULL, CALLGATE_ERROR), 0);
	cr_expect_null(callgate_notes_at(NULL, 0));
	cr_expect_null(callgate_notes_free(NULL));
	EXPECT_REFUSED(callgate_note_kind(0, NULL));
	EXPECT_REFUSED(callgate_value_parse(CALLGATE_ABI_X86_64, NULL, 0, "x", o.scratch));
	EXPECT_REFUSED(callgate_value_parse(CALLGATE_ABI_X86_64, "socket", 0, NULL, o.scratch));
	EXPECT_REFUSED(callgate_value_parse(CALLGATE_ABI_X86_64, "socket", 0, "x", NULL));
	EXPECT_REFUSED(callgate_value_format(CALLGATE_ABI_X86_64, NULL, 0, 0, o.scratch, 1));
	EXPECT_REFUSED(callgate_value_format(CALLGATE_ABI_X86_64, "socket", 0, 0, NULL, 1));
	cr_expect_null(callgate_value_nearest(CALLGATE_ABI_X86_64, NULL, 0, "x"));
	cr_expect_null(callgate_value_nearest(CALLGATE_ABI_X86_64, "socket", 0, NULL));
	EXPECT_REFUSED(callgate_filter_lint(NULL, o.filter, &o.target, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_lint(o.policy, NULL, &o.target, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_lint(o.policy, o.filter, NULL, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_combine(CALLGATE_MEET, NULL, 1, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_combine(CALLGATE_MEET, o.filters, 1, NULL, NULL));
	EXPECT_REFUSED(callgate_filter_write(NULL, o.scratch, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_write(o.filter, NULL, o.scratch, NULL));
	EXPECT_REFUSED(callgate_filter_write(o.filter, o.scratch, NULL, NULL));
	/* snprintf's way of asking for the length. */
	cr_expect_eq(callgate_action_format((struct callgate_action){ .kind = CALLGATE_ALLOW }, NULL, 0), 5);
	release(&o);
}

/* ------------------------------------------------------------------ sizes */

struct version_1 {
	size_t size;
	uint32_t a;
	uint32_t b;
};
struct version_2 {
	size_t size;
	uint32_t a;
	uint32_t b;
	uint64_t c;
};

Test(api, a_smaller_struct_counts_as_zero_behind_its_end)
{
	struct version_1 given = { sizeof(given), 1, 2 };
	struct version_2 known;

	memset(&known, 0xff, sizeof(known));
	cr_assert_eq(sized_in(&known, sizeof(known), &given, NULL), 0);
	cr_assert(known.size == sizeof(known) && known.a == 1 && known.b == 2 && known.c == 0);
}

Test(api, a_larger_struct_may_not_ask_for_what_is_unknown)
{
	struct version_2 given = { sizeof(given), 1, 2, 0 };
	struct version_1 known;

	cr_assert_eq(sized_in(&known, sizeof(known), &given, NULL), 0);
	cr_assert(known.size == sizeof(known) && known.a == 1 && known.b == 2);
	given.c = 1;
	cr_assert_eq(sized_in(&known, sizeof(known), &given, NULL), CALLGATE_E_ARG);
}

Test(api, no_more_is_written_than_the_callers_size)
{
	struct version_2 known = { sizeof(known), 1, 2, 3 };
	struct {
		struct version_1 given;
		char behind;
	} small = { { sizeof(small.given), 0, 0 }, 'x' };
	struct {
		struct version_2 given;
		uint64_t d;
	} large = { { sizeof(large), 0, 0, 0 }, 7 };

	cr_assert_eq(sized_out(&small.given, &known, sizeof(known), NULL), 0);
	cr_assert(small.given.size == sizeof(small.given) && small.given.b == 2 && small.behind == 'x');
	cr_assert_eq(sized_out(&large, &known, sizeof(known), NULL), 0);
	cr_assert(large.given.size == sizeof(large) && large.given.c == 3 && large.d == 0);
}

Test(api, older_and_newer_callers_of_real_functions)
{
	struct {
		struct callgate_target target;
		uint64_t later;
	} newer = { CALLGATE_TARGET_INIT, 0 };
	struct {
		struct callgate_kernel kernel;
		uint64_t later;
	} kernel = { { .size = sizeof(kernel) }, 7 };
	struct callgate_kernel older = { .size = offsetof(struct callgate_kernel, flags), .flags = 0xabcd };
	struct callgate_policy *policy = parse(profile_text);
	struct callgate_filter *filter;

	newer.target.size = sizeof(newer);
	cr_assert_eq(callgate_target_host(&newer.target, NULL), 0);
	cr_assert_eq(newer.target.size, sizeof(newer));
	cr_assert_eq(callgate_filter_resolve(policy, &newer.target, &filter, NULL, NULL), 0);
	callgate_filter_free(filter);
	newer.later = 1;
	cr_assert_eq(callgate_filter_resolve(policy, &newer.target, &filter, NULL, NULL), CALLGATE_E_ARG);
	newer.target.size = 0;
	cr_assert_eq(callgate_filter_resolve(policy, &newer.target, &filter, NULL, NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_kernel_probe(&older, NULL), 0);
	cr_assert(older.major >= 4 && older.flags == 0xabcd, "written behind the caller's size");
	cr_assert_eq(callgate_kernel_probe(&kernel.kernel, NULL), 0);
	cr_assert(kernel.later == 0);
	callgate_policy_free(policy);
}

Test(api, a_target_begins_as_the_caller)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	unsigned long long bounding = 0;
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");

	cr_assert_not_null(status);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "CapBnd: %llx", &bounding) == 1)
			break;
	fclose(status);
	cr_assert_eq(callgate_target_host(&target, NULL), 0);
	cr_assert_eq(target.caps, bounding);
}

/* ------------------------------------------------------------------ misspelt names in rules that deny */

static void expect_refusal(int r, const struct callgate_err *err)
{
	cr_expect_eq(r, CALLGATE_E_PROFILE);
	cr_expect(strstr(err->text, "mkdirr"), "%s", err->text);
	cr_expect_eq(err->line, 2);
}

Test(api, a_misspelt_denial_is_refused_by_whatever_would_use_the_filter)
{
	struct callgate_filter *filter = resolve(misspelt_text, NULL);
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy = parse(misspelt_text);
	struct callgate_prog *prog = NULL;
	struct callgate_text *text = NULL;
	struct callgate_err err;

	cr_assert_eq(callgate_target_host(&target, NULL), 0);
	expect_refusal(callgate_filter_compile(filter, &prog, &err), &err);
	expect_refusal(callgate_filter_compile_libseccomp(filter, 0, &prog, &err), &err);
	expect_refusal(callgate_lxc_write(filter, &target, CALLGATE_LXC_NEVER_LOOSER, &text, &err), &err);
	for (int format = CALLGATE_FORMAT_OCI; format <= CALLGATE_FORMAT_LXC; format++)
		expect_refusal(callgate_policy_write(policy, &target, (enum callgate_format)format, &text, &err), &err);
	cr_assert(!prog && !text);
	cr_assert_eq(callgate_filter_accept_dropped(filter, "mkdir"), CALLGATE_E_NOTFOUND);
	cr_assert_eq(callgate_filter_accept_dropped(filter, "mkdirr"), 0);
	cr_assert_eq(callgate_filter_dropped(filter, NULL, NULL), 0);
	cr_assert_eq(callgate_filter_compile(filter, &prog, &err), 0, "%s", err.text);
	callgate_prog_free(prog);
	callgate_policy_free(policy);
	callgate_filter_free(filter);
}

Test(api, a_reader_that_drops_names_is_taken_at_its_word)
{
	struct callgate_filter *filter = resolve(misspelt_text, "runc");
	struct callgate_prog *prog;

	cr_assert_eq(callgate_filter_compile(filter, &prog, NULL), 0);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
}

/* ------------------------------------------------------------------ confining oneself */

static int confined_mkdir(const char *path)
{
	struct callgate_err err;
	int r = callgate_confine_self(path, NULL, &err);

	if (r < 0)
		return 100 - r;
	return mkdir("/tmp/callgate-test-never", 0700) == 0 ? 0 : errno;
}

static int in_child(int (*body)(const char *), const char *text)
{
	char path[] = "/tmp/callgate-test-XXXXXX";
	int fd = mkstemp(path), status;
	pid_t pid;

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	pid = fork();
	if (pid == 0)
		_exit(body(path));
	waitpid(pid, &status, 0);
	close(fd);
	unlink(path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(api, confine_self_puts_the_profile_on_the_caller_or_nothing)
{
	static const char by_any_name[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\","
					  "\"mkdirat\"],\"action\":\"SCMP_ACT_ERRNO\"}]}";

	cr_assert_eq(in_child(confined_mkdir, by_any_name), EPERM);
	cr_assert_eq(in_child(confined_mkdir, misspelt_text), 100 - CALLGATE_E_PROFILE);
	cr_assert_eq(in_child(confined_mkdir, "{"), 100 - CALLGATE_E_PROFILE);
}
