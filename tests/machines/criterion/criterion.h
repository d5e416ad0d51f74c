/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much of Criterion's interface as the unit tests of the core use, for machines that Debian has no Criterion for
 * (tests/machines/emulate). */
#ifndef CALLGATE_MACHINES_CRITERION_H
#define CALLGATE_MACHINES_CRITERION_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct unit_options {
	void (*init)(void);
	void (*fini)(void);
	double timeout;
};
struct unit_suite {
	const char *name;
	struct unit_options options;
	struct unit_suite *next;
};
struct unit_test {
	const char *suite, *name;
	void (*run)(void);
	struct unit_options options;
	struct unit_test *next;
};
extern struct unit_suite *unit_suites;
extern struct unit_test *unit_tests;

#define Test(of, called, ...) \
	static void unit_##of##_##called(void); \
	__attribute__((constructor)) static void unit_##of##_##called##_add(void) \
	{ \
		static struct unit_test test = { #of, #called, unit_##of##_##called, { __VA_ARGS__ }, NULL }; \
\
		test.next = unit_tests; \
		unit_tests = &test; \
	} \
	static void unit_##of##_##called(void)
#define TestSuite(called, ...) \
	__attribute__((constructor)) static void called##_suite_add(void) \
	{ \
		static struct unit_suite suite = { #called, { __VA_ARGS__ }, NULL }; \
\
		suite.next = unit_suites; \
		unit_suites = &suite; \
	} \
	struct unit_suite_##called

enum { UNIT_FAILED = 1, UNIT_SKIPPED = 77 };

#define UNIT_SAY(what, ...) (printf("# %s:%d: %s ", __FILE__, __LINE__, what), printf("" __VA_ARGS__), puts(""))
#define UNIT_CHECK(good, what, ...) \
	do { \
		if (!(good)) { \
			UNIT_SAY(what, __VA_ARGS__); \
			fflush(stdout); \
			_exit(UNIT_FAILED); \
		} \
	} while (0)
#define cr_assert(good, ...) UNIT_CHECK(good, #good, __VA_ARGS__)
#define cr_assert_not(bad, ...) UNIT_CHECK(!(bad), "not " #bad, __VA_ARGS__)
#define cr_assert_fail(...) UNIT_CHECK(false, "", __VA_ARGS__)
#define cr_assert_eq(a, b, ...) UNIT_CHECK((a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) UNIT_CHECK((a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) UNIT_CHECK((a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) UNIT_CHECK((a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) UNIT_CHECK((a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) UNIT_CHECK((a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_null(a, ...) UNIT_CHECK((a) == NULL, #a " == NULL", __VA_ARGS__)
#define cr_assert_not_null(a, ...) UNIT_CHECK((a) != NULL, #a " != NULL", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) UNIT_CHECK(strcmp(a, b) == 0, #a " is " #b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...) UNIT_CHECK(!*(a), #a " is empty", __VA_ARGS__)
#define cr_assert_str_not_empty(a, ...) UNIT_CHECK(*(a), #a " is not empty", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...) UNIT_CHECK(memcmp(a, b, size) == 0, #a " == " #b, __VA_ARGS__)
#define cr_expect cr_assert
#define cr_expect_not cr_assert_not
#define cr_expect_fail cr_assert_fail
#define cr_expect_eq cr_assert_eq
#define cr_expect_gt cr_assert_gt
#define cr_expect_leq cr_assert_leq
#define cr_expect_null cr_assert_null
#define cr_expect_not_null cr_assert_not_null
#define cr_expect_str_eq cr_assert_str_eq
#define cr_log_info(...) UNIT_SAY("", __VA_ARGS__)
#define cr_log_error(...) UNIT_SAY("", __VA_ARGS__)
#define cr_skip_test(...) (UNIT_SAY("skipped:", __VA_ARGS__), fflush(stdout), _exit(UNIT_SKIPPED))
#define cr_skip cr_skip_test

#ifdef UNIT_MAIN
#include <sys/wait.h>

struct unit_suite *unit_suites;
struct unit_test *unit_tests;

static void run(const struct unit_test *test)
{
	const struct unit_suite *suite = unit_suites;

	while (suite && strcmp(suite->name, test->suite) != 0)
		suite = suite->next;
	alarm(600);
	if (test->options.init)
		test->options.init();
	else if (suite && suite->options.init)
		suite->options.init();
	test->run();
	if (test->options.fini)
		test->options.fini();
	else if (suite && suite->options.fini)
		suite->options.fini();
	fflush(stdout);
	_exit(0);
}

static bool is_wanted(const char *suite, char *const wanted[])
{
	for (int i = 0; wanted[i]; i++)
		if (strcmp(wanted[i], suite) == 0)
			return true;
	return !wanted[0];
}

/* Each test in a process of its own. Arguments: suites to run, all without one. TAP. */
int main(int argc, char **argv)
{
	unsigned count = 0, failed = 0;

	for (const struct unit_test *test = unit_tests; test; test = test->next) {
		int status = 0;
		pid_t pid;

		if (!is_wanted(test->suite, argv + (argc > 0)))
			continue;
		pid = fork();
		if (pid == 0)
			run(test);
		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			return 99;
		count++;
		if (WIFEXITED(status) && WEXITSTATUS(status) == UNIT_SKIPPED)
			printf("ok %u - %s/%s # SKIP said above\n", count, test->suite, test->name);
		else if (status == 0)
			printf("ok %u - %s/%s\n", count, test->suite, test->name);
		else
			failed++, printf("not ok %u - %s/%s: wait status 0x%x\n", count, test->suite, test->name,
					 (unsigned)status);
		fflush(stdout);
	}
	printf("1..%u\n", count);
	return failed > 0 || count == 0;
}
#endif
#endif
