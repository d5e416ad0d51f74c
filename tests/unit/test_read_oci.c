/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The OCI reader: every field arrives in the policy with its place, in all three shapes of file. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/policy.h"

static struct callgate_policy *parse(const char *text)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	int r = callgate_policy_parse(text, strlen(text), "p.json", &policy, NULL, &err);

	cr_assert_eq(r, 0, "%u:%u %s", err.line, err.column, err.text);
	return policy;
}

/* The place is where this word begins for the nth time. */
static void expect_at(const struct callgate_policy *policy, struct place place, const char *word)
{
	cr_assert_eq(strncmp(policy->source.text + place.offset, word, strlen(word)), 0,
		     "'%.20s' where %s was expected", policy->source.text + place.offset, word);
}

static const char whole[] =
	"{\n"
	" \"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"defaultErrno\": \"ENOSYS\",\n"
	" \"archMap\": [ {\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\", "
	"\"SCMP_ARCH_X32\"]},\n"
	"              {\"architecture\": \"SCMP_ARCH_RISCV64\", \"subArchitectures\": null} ],\n"
	" \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"],\n"
	" \"listenerPath\": \"/run/l\\u002esock\", \"listenerMetadata\": \"m\",\n"
	" \"syscalls\": [\n"
	"  {\"names\": [\"execve\", \"re\\u0061d\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": null, \"comment\": "
	"\"c\"},\n"
	"  {\"name\": \"mount\", \"action\": \"SCMP_ACT_NOTIFY\", \"includes\": {\"caps\": [\"CAP_SYS_ADMIN\"], "
	"\"arches\": [\"amd64\", \"x32\"],\n"
	"   \"minKernel\": \"4.8\"}, \"excludes\": {\"caps\": [\"CAP_BPF\"]}},\n"
	"  {\"names\": [\"clone\"], \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 7, \"args\": [\n"
	"   {\"index\": 0, \"value\": 2114060288, \"valueTwo\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\"},\n"
	"   {\"index\": 5, \"value\": 18446744073709551614, \"op\": \"SCMP_CMP_LE\"} ]}\n"
	" ]\n"
	"}\n";

Test(read_oci, fills_the_profile)
{
	struct callgate_policy *policy = parse(whole);

	cr_assert_eq(policy->dialect, DIALECT_DOCKER);
	cr_assert_eq(policy->fallback.kind, CALLGATE_ERRNO);
	cr_assert_eq(policy->fallback.said, SAID_ERRNO_RET | SAID_ERRNO_WORD);
	cr_assert(policy->fallback.errno_ret == 38 && policy->fallback.errno_word == 38);
	expect_at(policy, policy->fallback.at, "\"SCMP_ACT_ERRNO\"");
	expect_at(policy, policy->fallback.errno_ret_at, "38");
	expect_at(policy, policy->fallback.errno_word_at, "\"ENOSYS\"");
	cr_assert(policy->has_arch_map && !policy->has_architectures && policy->abi_count == 0);
	cr_assert_eq(policy->arch_map_count, 2);
	cr_assert_eq(policy->arch_map[0].abi, CALLGATE_ABI_X86_64);
	cr_assert_eq(policy->arch_map[0].sub_count, 2);
	cr_assert_eq(policy->arch_map[0].sub[1], CALLGATE_ABI_X32);
	expect_at(policy, policy->arch_map[0].sub_words[1].at, "\"SCMP_ARCH_X32\"");
	cr_assert_eq(policy->arch_map[1].abi, CALLGATE_ABI_RISCV64);
	cr_assert_eq(policy->arch_map[1].sub_count, 0);
	cr_assert(policy->has_flags && policy->flags != 0);
	cr_assert(slice_is(policy->listener_path, "/run/l.sock"));
	cr_assert(slice_is(policy->listener_metadata, "m"));
	expect_at(policy, policy->listener_at, "\"/run/l");
	cr_assert(policy->value_first == 0 && policy->value_last == policy->source.size);
	callgate_policy_free(policy);
}

Test(read_oci, fills_the_rules)
{
	struct callgate_policy *policy = parse(whole);
	const struct rule *rule = policy->rules;
	unsigned line, column;

	cr_assert_eq(policy->rule_count, 3);
	cr_assert_eq(rule[0].name_count, 2);
	cr_assert(slice_is(rule[0].names[0].text, "execve") && slice_is(rule[0].names[1].text, "read"));
	expect_at(policy, rule[0].names[1].at, "\"re\\u0061d\"");
	expect_at(policy, rule[0].at, "{\"names\": [\"execve\"");
	policy_line(policy, rule[0].at, &line, &column);
	cr_assert(line == 8 && column == 3);
	cr_assert_eq(rule[0].verdict.kind, CALLGATE_ALLOW);
	cr_assert_eq(rule[0].verdict.said, 0);
	cr_assert(slice_is(rule[0].comment, "c"));
	cr_assert(rule[0].condition_count == 0 && rule[0].includes.at.offset == 0 &&
		  rule[0].section == CALLGATE_ABI_NONE);

	cr_assert(rule[1].single_name && rule[1].name_count == 1 && slice_is(rule[1].names[0].text, "mount"));
	cr_assert_eq(rule[1].verdict.kind, CALLGATE_NOTIFY);
	cr_assert(rule[1].includes.cap_count == 1 && slice_is(rule[1].includes.caps[0].text, "CAP_SYS_ADMIN"));
	cr_assert(rule[1].includes.arch_count == 2 && slice_is(rule[1].includes.arches[1].text, "x32"));
	cr_assert_eq(rule[1].includes.said, SAID_MIN_KERNEL);
	cr_assert(rule[1].includes.min_major == 4 && rule[1].includes.min_minor == 8);
	expect_at(policy, rule[1].includes.min_kernel_at, "\"4.8\"");
	cr_assert(rule[1].excludes.cap_count == 1 && slice_is(rule[1].excludes.caps[0].text, "CAP_BPF"));
	expect_at(policy, rule[1].excludes.at, "{\"caps\": [\"CAP_BPF\"]");

	cr_assert(rule[2].verdict.kind == CALLGATE_TRACE && rule[2].verdict.errno_ret == 7);
	cr_assert_eq(rule[2].condition_count, 2);
	cr_assert(rule[2].conditions[0].op == OP_MASKED_EQ && rule[2].conditions[0].value == 2114060288u);
	cr_assert_eq(rule[2].conditions[0].said, SAID_VALUE_TWO);
	cr_assert(rule[2].conditions[1].op == OP_LE && rule[2].conditions[1].index == 5);
	cr_assert_eq(rule[2].conditions[1].value, UINT64_MAX - 1);
	expect_at(policy, rule[2].conditions[1].at, "{\"index\": 5");
	callgate_policy_free(policy);
}

Test(read_oci, keeps_its_own_copy)
{
	char *text = strdup("{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\",\"syscalls\":[{\"names\":[\"execve\"],"
			    "\"action\":\"SCMP_ACT_ALLOW\"}]}");
	char name[] = "name.json";
	struct callgate_policy *policy = NULL;

	cr_assert_eq(callgate_policy_parse(text, strlen(text), name, &policy, NULL, NULL), 0);
	memset(text, 'x', strlen(text));
	memset(name, 'x', sizeof(name) - 1);
	cr_assert(slice_is(policy->rules[0].names[0].text, "execve"));
	cr_assert_str_eq(policy->source.name, "name.json");
	cr_assert_eq(policy->dialect, DIALECT_OCI);
	free(text);
	callgate_policy_free(policy);
}

Test(read_oci, finds_the_profile_in_a_config)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.2\",\"annotations\":{\"syscalls\":\"x\",\"Syscalls\":\"y\"},\n"
		"\"linux\":{\"x\":[{\"seccomp\":1}],\"seccomp\": {\"defaultAction\":\"SCMP_ACT_ALLOW\","
		"\"architectures\":[\"SCMP_ARCH_X86\"],\"syscalls\":[{\"names\":[\"bpf\"],\"action\":\"SCMP_ACT_KILL\"}"
		"]} ,"
		"\"y\":0},\"root\":{}}";
	struct callgate_policy *policy = parse(text);

	cr_assert_eq(text[policy->value_first], '{');
	cr_assert_eq(strncmp(text + policy->value_first, "{\"defaultAction\"", 16), 0);
	cr_assert_eq(strncmp(text + policy->value_last, " ,\"y\":0}", 8), 0);
	cr_assert(policy->has_architectures && policy->abi_count == 1 && policy->abis[0] == CALLGATE_ABI_X86);
	cr_assert_eq(policy->rules[0].verdict.kind, CALLGATE_KILL_THREAD);
	callgate_policy_free(policy);
}

Test(read_oci, says_several_findings_in_one_run)
{
	static const char text[] = "{\"defaultAction\":\"ALLOW\",\"syscalls\":[\n"
				   "{\"names\":[\"chmod\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":9999},\n"
				   "{\"names\":[\"chown\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":9,"
				   "\"value\":-1,\"op\":\"EQ\"}]},\n"
				   "{\"names\":[\"fchown\"],\"action\":\"SCMP_ACT_ERRNO\"},\n"
				   "{\"names\":[\"fchown\"],\"action\":\"SCMP_ACT_LOG\"}]}";
	static const unsigned lines[] = { 1, 2, 3, 3, 3, 5 };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_notes *notes;
	size_t found = 0;

	cr_assert_eq(callgate_notes_new(&notes), 0);
	cr_assert_eq(callgate_policy_parse(text, sizeof(text) - 1, "t", &policy, notes, &err), CALLGATE_E_PROFILE);
	cr_assert_null(policy);
	cr_assert(err.line == 1 && err.column == 18 && strcmp(err.file, "t") == 0);
	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);

		if (note->severity != CALLGATE_ERROR)
			continue;
		cr_assert_lt(found, sizeof(lines) / sizeof(lines[0]), "one more: %s", note->text);
		cr_assert_eq(note->line, lines[found], "%s", note->text);
		found++;
		/* The last pair is rules 2 and 3: the other one's place is attached. */
		if (note->line == 5) {
			const struct callgate_note *other = callgate_notes_at(notes, i + 1);

			cr_assert(other && other->attached && other->line == 4, "%s", note->text);
		}
	}
	cr_assert_eq(found, sizeof(lines) / sizeof(lines[0]));
	callgate_notes_free(notes);
}

Test(read_oci, checks_its_arguments)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;

	cr_assert_eq(callgate_policy_parse("{}", 2, NULL, NULL, NULL, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_policy_parse(NULL, 2, NULL, &policy, NULL, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_policy_parse(NULL, 0, NULL, &policy, NULL, &err), CALLGATE_E_PROFILE);
	cr_assert_eq(callgate_policy_read(NULL, &policy, NULL, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_policy_read("/nonexistent", &policy, NULL, &err), CALLGATE_E_IO);
	cr_assert_null(callgate_policy_free(NULL));
	cr_assert_null(policy);
}

/*
 * Sixteen megabytes of something, ended as it should be: answered in time, by a reading or a refusal, never by a crash.
 */
static void check_large(const char *head, const char *item, const char *tail)
{
	size_t size = (size_t)16 << 20, used = strlen(head);
	struct callgate_policy *policy = NULL;
	struct callgate_notes *notes;
	struct timespec before, after;
	char *text = malloc(size);
	double seconds;

	cr_assert_eq(callgate_notes_new(&notes), 0);
	memcpy(text, head, used);
	for (; used + strlen(item) + strlen(tail) <= size; used += strlen(item))
		memcpy(text + used, item, strlen(item));
	memcpy(text + used, tail, strlen(tail));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	if (callgate_policy_parse(text, used + strlen(tail), "large", &policy, notes, NULL) == 0)
		cr_assert_leq(policy->arena.total, (size_t)48 << 20);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	seconds = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	cr_assert_lt(seconds, UNIT_SLOW * 4.0, "%s%s: %.1f s of CPU", head, item, seconds);
	callgate_policy_free(policy);
	callgate_notes_free(notes);
	free(text);
}

Test(read_oci, answers_large_input_in_time, .timeout = 60)
{
	static const char profile[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[";

	check_large("{\"x\":[", "0,", "0]}");
	check_large("{", "\"a\":1,", "\"b\":1}");
	check_large("[", "[", "");
	check_large("{\"x\":\"", "\\n", "\"}");
	check_large("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"SCMP_ACT_LOG\",\"names\":[",
		    "\"a\",", "\"a\"]}]}");
	check_large(profile, "{},", "{}]}");
	check_large(profile, "{\"names\":[\"chmod\"],\"action\":\"SCMP_ACT_LOG\"},", "{}]}");
	check_large(profile, "{\"names\":[\"chmo\"],\"action\":\"SCMP_ACT_KIL\"},", "{}]}");
	check_large("2\ndenylist\n", "chmod errno 1\n", "");
	check_large("2\ndenylist\n", "x [[[[[[\n", "");
	check_large("\n", "\n", "\n");
	check_large("x: ", "x", "");
}
