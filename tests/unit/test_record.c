/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records: read, merged, written, learned from, held against profiles. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names/abi.h"
#include "record/record.h"
#include "record/recording.h"

#define ROW(abi, nr, count, rest) "{\"abi\":\"" abi "\",\"nr\":" #nr ",\"count\":" #count rest "}"
#define RECORD(rows) "{\"schema\":\"callgate.record/1\",\"runs\":1,\"lost\":0,\"calls\":[" rows "]}"

static int parse(const char *text, struct callgate_record **out, struct callgate_err *err)
{
	char path[] = "/tmp/callgate-record-XXXXXX";
	int fd = mkstemp(path), r;

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	r = callgate_record_read(path, out, err);
	unlink(path);
	return r;
}

static struct callgate_record *record_of(const char *text)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_record *record = NULL;
	int r = parse(text, &record, &err);

	cr_assert(r == 0, "%s: %s", text, err.text);
	return record;
}

static struct callgate_filter *filter_of(const char *text)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy;
	struct callgate_filter *filter;

	target.host = CALLGATE_ABI_X86_64;
	target.kernel_major = 6;
	cr_assert(callgate_policy_parse(text, strlen(text), "test", &policy, NULL, &err) == 0, "%s", err.text);
	cr_assert(callgate_filter_resolve(policy, &target, &filter, NULL, &err) == 0, "%s", err.text);
	callgate_policy_free(policy);
	return filter;
}

static const struct record_row *row_of(const struct callgate_record *record, uint32_t nr)
{
	for (size_t i = 0; i < record->count; i++)
		if (record->rows[i].nr == nr)
			return &record->rows[i];
	return NULL;
}

Test(record, counts_add_up_when_merged)
{
	struct callgate_record *a = record_of(
		RECORD(ROW("x86_64", 0, 3, "") "," ROW("x86_64", 41, 2, ",\"args\":[{\"count\":2,\"a0\":1}]")));
	struct callgate_record *b = record_of(
		RECORD(ROW("x86_64", 0, 4, "") "," ROW("x86_64", 41, 1, ",\"args\":[{\"count\":1,\"a0\":2}]")));
	struct callgate_record_size size = { 0 };

	cr_assert_eq(callgate_record_merge(a, b, NULL), 0);
	cr_assert_eq(row_of(a, 0)->count, 7);
	cr_assert_eq(row_of(a, 41)->count, 3);
	cr_assert_eq(row_of(a, 41)->combination_count, 2);
	cr_assert_eq(callgate_record_measure(a, &size), 0);
	cr_assert_eq(size.calls, 10);
	cr_assert_eq(size.runs, 2);
	callgate_record_free(a);
	callgate_record_free(b);
}

Test(record, what_is_written_is_read_back)
{
	struct callgate_record *a = record_of(
		RECORD(ROW("x86_64", 41, 5,
			   ",\"denied\":true,\"answer\":\"ERRNO(EACCES)\",\"phase\":\"runtime\",\"first\":12.345,"
			   "\"last\":13.5,"
			   "\"exe\":{\"nginx\":5},\"args\":[{\"count\":5,\"a0\":1,\"a1\":2,\"a2\":18446744073709551615}"
			   "]") "," ROW("x86", 102, 9,
					",\"answer\":\"SIGSYS\",\"args\":[{\"count\":9,\"a0\":{\"least\":1,\"most\":20,"
					"\"any\":31,\"all\":0}}]")));
	struct callgate_record *b;
	char *first, *second;
	size_t first_size, second_size;

	cr_assert_eq(callgate_record_write(a, &first, &first_size, NULL), 0);
	b = record_of(first);
	cr_assert_eq(callgate_record_write(b, &second, &second_size, NULL), 0);
	cr_assert_str_eq(first, second);
	cr_assert_eq(row_of(b, 41)->answer, RECORD_ERRNO);
	cr_assert_eq(row_of(b, 41)->data, 13);
	cr_assert_eq(row_of(b, 41)->phase, CALLGATE_PHASE_RUNTIME);
	cr_assert_eq(row_of(b, 41)->combinations[0].args[2], UINT64_MAX);
	cr_assert_eq(row_of(b, 102)->spread[0].most, 20);
	free(first);
	free(second);
	callgate_record_free(a);
	callgate_record_free(b);
}

Test(record, many_values_become_sets_then_hulls)
{
	struct callgate_record *record;
	struct record_event event = { .abi = CALLGATE_ABI_X86_64, .nr = 16, .count = 1, .known = 63 };

	cr_assert_eq(record_new(&record, NULL), 0);
	for (unsigned i = 0; i < 9; i++) {
		event.args[1] = 0x5400 + i % 8;
		event.args[0] = i; /* no selector: does not count */
		cr_assert_eq(record_add_call(record, &event, NULL), 0);
	}
	cr_assert_eq(record->rows[0].combination_count, 8);
	event.args[1] = 0x5410;
	record_add_call(record, &event, NULL);
	cr_assert_not_null(record->rows[0].spread);
	cr_assert_eq(record->rows[0].spread[1].count, 0);
	cr_assert_eq(record->rows[0].spread[1].least, 0x5400);
	cr_assert_eq(record->rows[0].spread[1].most, 0x5410);
	cr_assert_eq(record->rows[0].spread[1].all, 0x5400);
	cr_assert_eq(record->rows[0].count, 10);
	callgate_record_free(record);
}

Test(record, hostile_numbers_are_bounded_and_counted)
{
	struct callgate_record *record;
	struct record_event event = { .abi = CALLGATE_ABI_X86_64, .count = 1 };

	cr_assert_eq(record_new(&record, NULL), 0);
	for (event.nr = 0; event.nr < RECORD_ROWS + 1000; event.nr++)
		cr_assert_eq(record_add(record, &event, NULL), 0);
	cr_assert_eq(record->count, RECORD_ROWS);
	cr_assert_eq(record->lost, 1000);
	callgate_record_free(record);
}

Test(record, bad_documents_are_refused_with_a_place)
{
	static const char *const bad[] = {
		"{}",
		"{\"schema\":\"callgate.record/2\"}",
		"{\"schema\":\"callgate.record/1\",\"calls\":{}}",
		RECORD("{\"nr\":1}"),
		RECORD("{\"abi\":\"x86_64\"}"),
		RECORD(ROW("sparc", 1, 1, "")),
		RECORD(ROW("x86_64", 4294967296, 1, "")),
		RECORD(ROW("x86_64", -1, 1, "")),
		RECORD(ROW("x86_64", 1, 1, ",\"answer\":\"ALLOW\"")),
		RECORD(ROW("x86_64", 1, 1, ",\"args\":[{\"a0\":1,\"a0\":2}]")),
		RECORD(ROW("x86_64", 1, 1, ",\"args\":[{\"a0\":{\"least\":2,\"most\":1}}]")),
		"",
		"\n",
		"hello\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_record *record = NULL;

		cr_assert_eq(parse(bad[i], &record, &err), CALLGATE_E_FORMAT, "%s", bad[i]);
		cr_assert(err.text[0]);
	}
}

Test(record, lines_of_audit)
{
	struct callgate_record *record = record_of("type=SECCOMP msg=audit(1700000000.123:4): auid=0 uid=0 pid=7 "
						   "comm=\"x\" exe=\"/bin/x\" sig=0 arch=c000003e syscall=83 compat=0 "
						   "ip=0x7f code=0x5000d\nnoise\n"
						   "audit: type=1326 audit(1700000001.5:5): pid=7 comm=\"x\" sig=31 "
						   "arch=40000003 syscall=39 code=0x80000000\n");

	cr_assert_eq(row_of(record, 83)->answer, RECORD_ERRNO);
	cr_assert_eq(row_of(record, 83)->data, 13);
	cr_assert_eq(row_of(record, 83)->first, 1700000000123000000u);
	cr_assert_eq(row_of(record, 39)->abi, CALLGATE_ABI_X86);
	cr_assert_eq(row_of(record, 39)->answer, RECORD_SIGSYS);
	cr_assert_str_eq(record->method, "audit");
	callgate_record_free(record);
	/* Calls of no architecture that is known here are counted as lost. */
	record = record_of(
		"type=SECCOMP msg=audit(17000000006.1:4): pid=7 sig=31 arch=c000003e syscall=83 code=0x80000000\n");
	cr_assert_eq(row_of(record, 83)->first, 0, "no such time");
	callgate_record_free(record);
	record = record_of("type=SECCOMP msg=audit(1700000000.1:4): pid=7 sig=31 arch=c000002e syscall=83 code=0x0\n");
	cr_assert_eq(record->lost, 1);
	cr_assert_str_eq(record->method, "audit");
	callgate_record_free(record);
}

Test(record, lines_of_strace_and_perf)
{
	struct callgate_record *record;

	if (abi_native() != CALLGATE_ABI_X86_64)
		cr_skip_test("strace's lines are of this machine, and these are x86_64's");
	record = record_of(
		"execve(\"/bin/ls\", [\"ls\", \"a, (b\"], 0x7ffe) = 0\n[pid   12] 10:11:12.5 socket(0x1, 0x2, 0) = 3\n"
		"strace: [ Process PID=12 runs in 32 bit mode. ]\n[pid   12] mkdir(\"x\", 0777) = -1 EPERM\n"
		"[pid   12] <... read resumed>) = 1\n[pid   12] read(0,  <unfinished ...>\n+++ exited with 0 +++\n");
	cr_assert_eq(row_of(record, 59)->count, 1);
	cr_assert_eq(row_of(record, 41)->combinations[0].known, 7);
	cr_assert_eq(row_of(record, 41)->combinations[0].args[1], 2);
	cr_assert_eq(row_of(record, 39)->abi, CALLGATE_ABI_X86);
	cr_assert_eq(row_of(record, 3)->abi, CALLGATE_ABI_X86);
	cr_assert_eq(record->count, 4);
	callgate_record_free(record);
	record = record_of("     0.045 ( 0.003 ms): cat/1234 socket(family: 16, type: 3, protocol: 0) = 3\n");
	cr_assert_eq(row_of(record, 41)->combinations[0].args[0], 16);
	cr_assert_str_eq(record->method, "perf trace");
	callgate_record_free(record);
}

Test(record, profiles_of_other_recorders)
{
	struct callgate_record *record = record_of("{\"kind\":\"SeccompProfile\",\"metadata\":{\"name\":\"x\"},"
						   "\"spec\":{\"defaultAction\":\"SCMP_ACT_ERRNO\","
						   "\"architectures\":[\"SCMP_ARCH_X86_64\"],\"syscalls\":[{\"action\":"
						   "\"SCMP_ACT_ALLOW\",\"names\":[\"read\"]},"
						   "{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[\"socket\"],\"args\":[{"
						   "\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]}]}}");

	cr_assert_eq(record->count, 2);
	cr_assert_eq(row_of(record, 41)->combinations[0].known, 1);
	cr_assert_eq(row_of(record, 41)->combinations[0].args[0], 2);
	callgate_record_free(record);
}

#define PROFILE(rules) \
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"],\"syscalls\":[" rules "]}"
#define ALLOW(names, args) "{\"names\":[" names "],\"action\":\"SCMP_ACT_ALLOW\"" args "}"
#define ARGS(index, value) ",\"args\":[{\"index\":" #index ",\"value\":" #value ",\"op\":\"SCMP_CMP_EQ\"}]"

struct told {
	unsigned count;
	struct callgate_uncovered last;
};

static void take(void *data, const struct callgate_uncovered *uncovered)
{
	struct told *told = data;

	told->count++;
	told->last = *uncovered;
}

/* Some records against some profiles: how many combinations are not permitted, and the count of the last one. */
Test(record, coverage_is_exact)
{
	static const struct {
		const char *record, *profile;
		unsigned uncovered;
		uint64_t count;
	} rows[] = {
		{ ROW("x86_64", 0, 3, ""), PROFILE(ALLOW("\"read\"", "")), 0, 0 },
		{ ROW("x86_64", 0, 3, ""), PROFILE("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\"}"), 0, 0 },
		{ ROW("x86_64", 0, 3, ""), PROFILE(ALLOW("\"write\"", "")), 1, 3 },
		{ ROW("x86", 3, 3, ""), PROFILE(ALLOW("\"read\"", "")), 1, 3 },
		/* not known: any value */
		{ ROW("x86_64", 41, 5, ""), PROFILE(ALLOW("\"socket\"", ARGS(0, 1))), 1, 5 },
		{ ROW("x86_64", 41, 5, ",\"args\":[{\"count\":5,\"a0\":1}]"), PROFILE(ALLOW("\"socket\"", ARGS(0, 1))),
		  0, 0 },
		{ ROW("x86_64", 41, 5, ",\"args\":[{\"count\":5,\"a0\":1}]"), PROFILE(ALLOW("\"socket\"", ARGS(1, 1))),
		  1, 5 },
		{ ROW("x86_64", 41, 5, ",\"args\":[{\"count\":3,\"a0\":1},{\"count\":2,\"a0\":2}]"),
		  PROFILE(ALLOW("\"socket\"", ARGS(0, 1))), 1, 2 },
		{ ROW("x86_64", 41, 5, ",\"args\":[{\"count\":5,\"a0\":[1,2]}]"),
		  PROFILE(ALLOW("\"socket\"", ARGS(0, 1)) "," ALLOW("\"socket\"", ARGS(0, 2))), 0, 0 },
		{ ROW("x86_64", 16, 5,
		      ",\"args\":[{\"count\":5,\"a1\":{\"least\":16,\"most\":31,\"any\":31,\"all\":16}}]"),
		  PROFILE("{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,\"value\":240,"
			  "\"valueTwo\":16,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}"),
		  0, 0 },
		{ ROW("x86_64", 16, 5,
		      ",\"args\":[{\"count\":5,\"a1\":{\"least\":16,\"most\":31,\"any\":31,\"all\":16}}]"),
		  PROFILE("{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,\"value\":31,"
			  "\"op\":\"SCMP_CMP_LT\"}]}"),
		  1, 5 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_filter *filter = filter_of(rows[i].profile);
		struct callgate_record *record;
		struct told told = { 0 };
		char text[1024];
		bool covered;

		snprintf(text, sizeof(text), "{\"schema\":\"callgate.record/1\",\"calls\":[%s]}", rows[i].record);
		record = record_of(text);
		cr_assert_eq(callgate_record_covered(record, filter, take, &told, &covered, NULL), 0);
		cr_assert_eq(told.count, rows[i].uncovered, "row %zu: %u", i, told.count);
		cr_assert_eq(covered, rows[i].uncovered == 0);
		cr_assert_eq(told.last.count, rows[i].count, "row %zu", i);
		callgate_record_free(record);
		callgate_filter_free(filter);
	}
}

Test(record, unused_is_what_is_permitted_and_was_not_seen)
{
	struct callgate_record *record = record_of(
		RECORD(ROW("x86_64", 0, 3, "") "," ROW("x86_64", 41, 1, ",\"args\":[{\"count\":1,\"a0\":1}]")));
	struct callgate_filter *filter = filter_of(PROFILE(ALLOW("\"read\",\"write\",\"socket\"", "")));
	struct callgate_diff *diff;

	cr_assert_eq(callgate_record_unused(record, filter, &diff, NULL), 0);
	cr_assert_eq(callgate_diff_count(diff), 2);
	cr_assert_eq(callgate_diff_at(diff, 0)->first, 1);
	cr_assert_eq(callgate_diff_at(diff, 1)->first, 41);
	cr_assert_neq(callgate_diff_at(diff, 1)->witness.args[0], 1);
	callgate_diff_free(diff);
	callgate_filter_free(filter);
	callgate_record_free(record);
}

static char *learned(const struct callgate_record *record, const struct callgate_learn *how)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t size;
	char *text;

	cr_assert(callgate_record_learn(record, how, &text, &size, &err) == 0, "%s", err.text);
	return text;
}

Test(record, what_is_learned_covers)
{
	struct callgate_record *record = record_of(RECORD(ROW("x86_64", 0, 3, "") "," ROW(
		"x86_64", 41, 1,
		",\"args\":[{\"count\":1,\"a0\":1,\"a1\":1,\"a2\":0}]") "," ROW("x86_64", 56, 1,
										",\"args\":[{\"count\":1,\"a0\":17}"
										"]") "," ROW("x86", 5, 1,
											     "") "," ROW("x86_64", 83,
													 2,
													 ",\"denied"
													 "\":true,"
													 "\"answer\""
													 ":\"ERRNO("
													 "EPERM)"
													 "\"")));
	struct callgate_learn how = { 0 };
	struct callgate_filter *filter;
	char *text = learned(record, &how);
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64, .nr = 41, .args = { 2 } };
	struct callgate_action action;
	bool covered;

	filter = filter_of(text);
	cr_assert_eq(callgate_record_covered(record, filter, NULL, NULL, &covered, NULL), 0);
	cr_assert(covered, "%s", text);
	cr_assert_not_null(strstr(text, "denied when recorded"));
	cr_assert_eq(callgate_filter_decide(filter, &call, &action, NULL), 0);
	cr_assert_eq(action.kind, CALLGATE_ERRNO);
	free(text);
	callgate_filter_free(filter);
	callgate_record_free(record);
}

static bool permits(const struct callgate_filter *filter, uint32_t nr)
{
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64, .nr = nr };
	struct callgate_action action;

	cr_assert_eq(callgate_filter_decide(filter, &call, &action, NULL), 0);
	return action.kind == CALLGATE_ALLOW;
}

/* Stops and signals come by chance: a profile without restart_syscall(2) fails the poll(2) of who is looked at by a
 * debugger. */
Test(record, what_the_kernel_makes_a_process_call_is_permitted)
{
	enum { RT_SIGRETURN = 15, RESTART_SYSCALL = 219 };
	static const struct {
		uint32_t recorded;
		bool restarts, returns;
	} cases[] = { { 7, true, false },  { 35, true, false }, { 202, true, false }, { 230, true, false },
		      { 13, false, true }, { 0, false, false }, { 232, false, false } };
	struct callgate_learn how = { 0 };

	how.load = CALLGATE_LEARN_AT_EXEC;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		struct callgate_record *record;
		struct callgate_filter *filter;
		char *profile;

		snprintf(text, sizeof(text),
			 "{\"schema\":\"callgate.record/1\",\"calls\":[{\"abi\":\"x86_64\",\"nr\":%u,\"count\":1}]}",
			 cases[i].recorded);
		record = record_of(text);
		profile = learned(record, &how);
		filter = filter_of(profile);
		cr_expect_eq(permits(filter, RESTART_SYSCALL), cases[i].restarts, "%u: %s", cases[i].recorded, profile);
		cr_expect_eq(permits(filter, RT_SIGRETURN), cases[i].returns, "%u: %s", cases[i].recorded, profile);
		callgate_filter_free(filter);
		free(profile);
		callgate_record_free(record);
	}
}

#define NO_NAMESPACES ",\"args\":[{\"index\":0,\"value\":2114060288,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]"

/* The runtime's calls, twins and what follows from others are no reason to exceed the limit. */
Test(record, what_was_not_recorded_stays_within_the_limit_too)
{
	struct callgate_record *record = record_of(RECORD(ROW("x86_64", 2, 3, "") "," ROW("x86_64", 7, 3, "")));
	struct callgate_learn how = { 0 };
	struct callgate_filter *limit, *filter;
	struct callgate_call clone = { .abi = CALLGATE_ABI_X86_64, .nr = 56, .args = { 0x10000000 } };
	struct callgate_diff *diff;
	struct callgate_action action;
	char *text;

	limit = filter_of(PROFILE(ALLOW("\"open\",\"poll\",\"brk\"", "") "," ALLOW("\"clone\"", NO_NAMESPACES)));
	how.within = limit;
	how.twins = CALLGATE_LEARN_TWINS;
	text = learned(record, &how);
	filter = filter_of(text);
	cr_assert_eq(callgate_filter_diff(limit, filter, 0, &diff, NULL), 0);
	for (size_t i = 0; i < callgate_diff_count(diff); i++)
		cr_expect_not(callgate_diff_at(diff, i)->looser, "%s", text);
	cr_expect(permits(filter, 2) && permits(filter, 7) && permits(filter, 12), "open, poll, brk: %s", text);
	cr_expect(permits(filter, 56), "clone without namespaces: %s", text);
	cr_assert_eq(callgate_filter_decide(filter, &clone, &action, NULL), 0);
	cr_expect_eq(action.kind, CALLGATE_ERRNO);
	cr_expect_not(permits(filter, 257), "openat: %s", text);
	callgate_diff_free(diff);
	callgate_filter_free(filter);
	callgate_filter_free(limit);
	callgate_record_free(record);
	free(text);
}

Test(record, learning_within_a_limit_and_from_a_base)
{
	static const char base[] = PROFILE(ALLOW("\"read\"", ""));
	struct callgate_record *record =
		record_of(RECORD(ROW("x86_64", 0, 3, "") "," ROW("x86_64", 1, 1, "") "," ROW("x86_64", 2, 4, "")));
	struct callgate_filter *limit = filter_of(PROFILE(ALLOW("\"read\",\"write\"", ""))),
			       *base_filter = filter_of(base);
	struct callgate_learn how = { 0 };
	struct told told = { 0 };
	char *text;

	how.load = CALLGATE_LEARN_AT_EXEC;
	how.within = limit;
	how.left_out = take;
	how.data = &told;
	text = learned(record, &how);
	cr_assert_eq(told.count, 1);
	cr_assert_eq(told.last.call.nr, 2);
	cr_assert_null(strstr(text, "\"open\""));
	free(text);
	how.within = NULL;
	how.base = base;
	how.base_size = sizeof(base) - 1;
	how.base_filter = base_filter;
	text = learned(record, &how);
	cr_assert_eq(strncmp(text, base, sizeof(base) - 3), 0, "%s", text);
	cr_assert_not_null(strstr(text, "\"open\""));
	cr_assert_null(strstr(text + sizeof(base) - 3, "\"read\""));
	free(text);
	callgate_filter_free(limit);
	callgate_filter_free(base_filter);
	callgate_record_free(record);
}

/* How many instructions a call takes, by a program that is proved equal to the filter. */
static unsigned steps_of(const struct callgate_filter *filter, uint32_t nr)
{
	struct callgate_call call = { .abi = CALLGATE_ABI_X86_64, .nr = nr };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_action action;
	struct callgate_prog *prog;
	unsigned steps;

	cr_assert(callgate_filter_compile(filter, &prog, &err) == 0, "%s", err.text);
	cr_assert(callgate_prog_eval(prog, &call, &action, &steps) == 0);
	callgate_prog_free(prog);
	return steps;
}

Test(record, weights_bring_frequent_calls_to_the_front)
{
	/* Every other number, so that each is an interval of its own. */
	struct callgate_record *record = record_of(RECORD(ROW("x86_64", 202, 1000000, "") "," ROW("x86_64", 0, 1, "")));
	char profile[8192] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\"],\"syscalls\":["
		"{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[\"read\"";
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *filter;
	unsigned before, rare;

	for (uint32_t nr = 2; nr <= 300; nr += 2) {
		const char *name = callgate_syscall_name(CALLGATE_ABI_X86_64, nr);

		snprintf(profile + strlen(profile), sizeof(profile) - strlen(profile), ",\"%s\"", name);
	}
	strcat(profile, "]}]}");
	filter = filter_of(profile);
	before = steps_of(filter, 202);
	rare = steps_of(filter, 100);
	cr_assert(callgate_filter_weigh(filter, record, &err) == 0, "%s", err.text);
	cr_expect(steps_of(filter, 202) < before, "%u, before %u", steps_of(filter, 202), before);
	cr_expect(steps_of(filter, 100) >= rare);
	cr_expect(callgate_filter_weigh(filter, NULL, &err) == CALLGATE_E_ARG);
	callgate_filter_free(filter);
	callgate_record_free(record);
}
