/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lower by libseccomp: the second back end. A filter is said to libseccomp rule by rule, as far as it can be said, and
 * the program that it makes is taken. What cannot be said is refused, with the reason.
 *
 * libseccomp knows one default action, actions for single numbers, and ANDed comparisons of different arguments. It
 * takes numbers of the machine that it was built for and turns them into other ABIs' by name: there a number needs a
 * name that the installed library knows. One context is made per ABI, so that the machine's own numbers need none; they
 * are merged.
 *
 * Some sets of rules keep libseccomp busy for hours: it works in a child with a deadline. The child hands back the
 * program in a memory file, or one line of text.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "bpf/libseccomp.h"
#include "bpf/lower_libseccomp.h"
#include "bpf/text.h"
#include "filter/filter.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

enum {
	NUMBERS_LIMIT = 4096, /* rules that an interval of numbers may cost */
	RULE_TESTS = 6,
};

/* ------------------------------------------------------------------ in the child */

struct teller {
	struct libseccomp library;
	const struct callgate_filter *filter;
	struct callgate_action otherwise; /* the default action */
	scmp_filter_ctx context;          /* of the ABI at hand */
	enum callgate_abi abi;
	uint32_t token;
	int reason_fd;
};

/* Says why not and ends the child. */
static void refuse(const struct teller *teller, const char *format, ...) CALLGATE_PRINTF(2, 3);
static void refuse(const struct teller *teller, const char *format, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	_exit(write(teller->reason_fd, text, strlen(text)) < 0 ? 2 : 1);
}

static const char *call_name(const struct teller *teller, uint32_t nr)
{
	const char *name = callgate_syscall_name(teller->abi, nr);

	return name ? name : "a call without a name";
}

/* The number by which libseccomp is told of a call: the machine's own, or for another ABI the one that stands for its
 * name. */
static int told_number(const struct teller *teller, uint32_t nr, struct callgate_action action)
{
	const char *name = callgate_syscall_name(teller->abi, nr);
	char text[48], otherwise[48];
	uint32_t selector;
	int known, mux;
	bool muxed;

	if (teller->token == teller->library.arch_native())
		return (int)nr;
	if (!name) {
		callgate_action_format(action, text, sizeof(text));
		callgate_action_format(teller->otherwise, otherwise, sizeof(otherwise));
		refuse(teller, "libseccomp has no word for number %u of %s: it gets %s, unknown numbers %s", nr,
		       abi_of(teller->abi)->name, text, otherwise);
	}
	known = teller->library.syscall_resolve_name_arch(teller->token, name);
	/* A call that is also behind socketcall or ipc has a negative word of its own, whatever its number is. */
	muxed = known < 0 && known != __NR_SCMP_ERROR &&
		syscall_behind_mux(syscall_by_nr(teller->abi, nr), teller->abi, &mux, &selector);
	if ((uint32_t)known != nr && !muxed)
		refuse(teller, "this libseccomp does not know %s as number %u of %s", name, nr,
		       abi_of(teller->abi)->name);
	return teller->library.syscall_resolve_name(name);
}

static void tell_rule(struct teller *teller, uint32_t nr, struct callgate_action action,
		      const struct scmp_arg_cmp *compares, unsigned count)
{
	int r;

	if (action_equal(action, teller->otherwise))
		return;
	if (action.kind == CALLGATE_TRAP && action.data)
		refuse(teller, "libseccomp has no TRAP with a number");
	r = teller->library.rule_add_array(teller->context, action_word(action), told_number(teller, nr, action), count,
					   compares);
	if (r)
		refuse(teller, "libseccomp refuses a rule for %s (%u of %s): %s", call_name(teller, nr), nr,
		       abi_of(teller->abi)->name, strerror(-r));
}

/* One comparison. False: libseccomp has none like it. */
static bool compare_of(const struct teller *teller, const struct test *test, struct scmp_arg_cmp *out)
{
	uint64_t whole = abi_of(teller->abi)->word == 32 ? UINT32_MAX : UINT64_MAX;
	bool all_bits = (test->mask & whole) == whole;

	*out = (struct scmp_arg_cmp){ .arg = test->arg, .datum_a = test->value };
	switch ((enum test_op)test->op) {
	case TEST_EQ:
		out->op = test->negate ? SCMP_CMP_NE : SCMP_CMP_EQ;
		if (all_bits)
			return true;
		out->op = SCMP_CMP_MASKED_EQ;
		out->datum_a = test->mask;
		out->datum_b = test->value;
		return !test->negate;
	case TEST_GT:
		out->op = test->negate ? SCMP_CMP_LE : SCMP_CMP_GT;
		return all_bits;
	case TEST_GE:
		out->op = test->negate ? SCMP_CMP_LT : SCMP_CMP_GE;
		return all_bits;
	}
	return false;
}

static void tell_tests(struct teller *teller, uint32_t nr, const struct test *tests, unsigned count,
		       struct callgate_action action)
{
	struct scmp_arg_cmp compares[RULE_TESTS];

	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 0; j < i; j++)
			if (tests[j].arg == tests[i].arg)
				refuse(teller, "libseccomp tests argument %u of %s only once in a rule", tests[i].arg,
				       call_name(teller, nr));
		if (!compare_of(teller, &tests[i], &compares[i]))
			refuse(teller, "libseccomp has no such comparison as a rule for %s makes with argument %u",
			       call_name(teller, nr), tests[i].arg);
	}
	tell_rule(teller, nr, action, compares, count);
}

/* Every way through a decision is a rule. A rule tests each argument once: a way is at most six tests deep. */
static void tell_ways(struct teller *teller, uint32_t nr, const struct node *node, struct test *tests, unsigned count)
{
	if (node->leaf) {
		if (!action_equal(node->action, teller->otherwise))
			tell_tests(teller, nr, tests, count, node->action);
		return;
	}
	if (count == RULE_TESTS)
		refuse(teller, "libseccomp compares at most %d arguments in a rule: %s needs more", RULE_TESTS,
		       call_name(teller, nr));
	tests[count] = node->test;
	tell_ways(teller, nr, node->yes, tests, count + 1);
	tests[count].negate = 1;
	tell_ways(teller, nr, node->no, tests, count + 1);
}

/* The author's clauses where they are known and what they leave is the default; else the decision, way by way. */
static void tell_decision(struct teller *teller, const struct span *span, uint32_t nr)
{
	const struct node *fallback = teller->filter->fallback;
	struct test tests[RULE_TESTS];

	if (!span->clauses || span->overlap || !fallback || !action_equal(fallback->action, teller->otherwise)) {
		tell_ways(teller, nr, span->node, tests, 0);
		return;
	}
	for (unsigned i = 0; i < span->clause_count; i++) {
		const struct clause *clause = &span->clauses[i];

		if (clause->test_count > RULE_TESTS)
			refuse(teller, "libseccomp compares at most %d arguments in a rule: %s needs more", RULE_TESTS,
			       call_name(teller, nr));
		if (!action_equal(clause->action, teller->otherwise))
			tell_tests(teller, nr, clause->tests, clause->test_count, clause->action);
	}
}

static void tell_span(struct teller *teller, const struct span *span, uint32_t first, uint32_t last)
{
	bool plain = span->node->leaf && action_equal(span->node->action, teller->otherwise);
	char action[48];

	if (plain)
		return;
	if (last - first >= NUMBERS_LIMIT) {
		callgate_action_format(span->node->action, action, sizeof(action));
		refuse(teller, "libseccomp has no rule for a range of numbers: %u to %u of %s get %s", first, last,
		       abi_of(teller->abi)->name, span->node->leaf ? action : "tests of arguments");
	}
	for (uint64_t nr = first; nr <= last; nr++) {
		if (span->node->leaf)
			tell_rule(teller, (uint32_t)nr, span->node->action, NULL, 0);
		else
			tell_decision(teller, span, (uint32_t)nr);
	}
}

/* x86_64 and x32 share a map. Where x32 is not answered for, libseccomp treats it as a foreign architecture. */
static void tell_abi(struct teller *teller)
{
	const struct abi *abi = abi_of(teller->abi);
	const struct filter_arch *arch = filter_arch_of(teller->filter, abi->audit);
	uint32_t first = teller->abi == CALLGATE_ABI_X32 ? X32_BIT : 0;
	uint32_t last = teller->abi == CALLGATE_ABI_X86_64 ? X32_BIT - 1 : UINT32_MAX;

	for (size_t i = 0; arch && i < arch->span_count; i++) {
		uint32_t from = arch->spans[i].first, to = span_last(arch, i);

		if (to >= first && from <= last)
			tell_span(teller, &arch->spans[i], from > first ? from : first, to < last ? to : last);
	}
}

static scmp_filter_ctx new_context(const struct teller *teller)
{
	scmp_filter_ctx context = teller->library.init(action_word(teller->otherwise));
	int r = context ? 0 : -ENOMEM;

	if (!r && teller->token != teller->library.arch_native()) {
		r = teller->library.arch_add(context, teller->token);
		if (!r)
			r = teller->library.arch_remove(context, teller->library.arch_native());
	}
	if (!r)
		r = teller->library.attr_set(context, SCMP_FLTATR_ACT_BADARCH,
					     action_word(teller->filter->other_arch->action));
	if (r)
		refuse(teller, "libseccomp cannot start a filter for %s: %s", abi_of(teller->abi)->name, strerror(-r));
	return context;
}

static void child_work(struct teller *teller, int program_fd)
{
	const struct callgate_filter *filter = teller->filter;
	scmp_filter_ctx all = NULL;
	int r;

	teller->library.api_set(
		6); /* compile for any kernel, not for this one; an older library's answer does not matter */
	for (unsigned i = 0; i < filter->abi_count; i++) {
		teller->abi = filter->abis[i];
		teller->token = teller->library.arch_resolve_name(abi_of(teller->abi)->name);
		if (!teller->token)
			refuse(teller, "this libseccomp does not know %s", abi_of(teller->abi)->name);
		teller->context = new_context(teller);
		tell_abi(teller);
		r = all ? teller->library.merge(all, teller->context) : 0;
		if (r)
			refuse(teller, "libseccomp cannot join %s with the others: %s", abi_of(teller->abi)->name,
			       strerror(-r));
		all = all ? all : teller->context;
	}
	r = teller->library.export_bpf(all, program_fd);
	if (r)
		refuse(teller, "libseccomp cannot write the program: %s", strerror(-r));
	_exit(0);
}

/* ------------------------------------------------------------------ in the parent */

/* The default is what numbers beyond all known ones get; it must be one action without conditions. */
static int find_default(const struct callgate_filter *filter, struct callgate_action *out, struct callgate_err *err)
{
	const struct filter_arch *native = filter->arch_count ? &filter->arches[0] : NULL;
	const struct node *node;

	if (!native || !filter->abi_count)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "libseccomp needs the ABIs of a filter");
	node = native->spans[span_at(native, X32_BIT - 1)].node;
	if (!node->leaf || node->opaque)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "libseccomp's default action cannot depend on arguments");
	if (!filter->other_arch->leaf || filter->other_arch->opaque)
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "libseccomp's action for other architectures cannot depend on arguments");
	for (uint32_t i = 0; i < filter->arch_count; i++)
		for (size_t j = 0; j < filter->arches[i].span_count; j++)
			if (filter->arches[i].spans[j].node->opaque)
				return err_set(err, CALLGATE_E_UNSUPPORTED,
					       "the filter is not expressible as a profile");
	*out = node->action;
	return 0;
}

/* Reads the child's line until it closes the pipe. False: the deadline has passed. */
static bool read_reason(int fd, unsigned seconds, char *text, size_t size)
{
	struct timespec now, start;
	size_t used = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		long left;
		ssize_t n;

		clock_gettime(CLOCK_MONOTONIC, &now);
		left = (long)seconds * 1000 - (now.tv_sec - start.tv_sec) * 1000 -
		       (now.tv_nsec - start.tv_nsec) / 1000000;
		if (left <= 0)
			return false;
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		n = read(fd, text + used, size - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			used += (size_t)n;
		text[used] = '\0';
		if (n <= 0 || used == size - 1)
			return true;
	}
}

static int read_program(int fd, const struct callgate_filter *filter, struct callgate_prog **out,
			struct callgate_err *err)
{
	enum prog_order order = abi_of(filter->abis[0])->big_endian ? PROG_BIG_ENDIAN : PROG_LITTLE_ENDIAN;
	struct stat st;
	void *bytes;
	int r;

	if (fstat(fd, &st))
		return err_set_errno(err, CALLGATE_E_IO, errno, NULL, "cannot read libseccomp's program");
	if (st.st_size <= 0)
		return err_set(err, CALLGATE_E_UNSUPPORTED, "libseccomp ended without a program");
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return err_nomem(err);
	r = prog_from_bytes(bytes, (size_t)st.st_size, order, out, err);
	munmap(bytes, (size_t)st.st_size);
	if (!r)
		(*out)->flags = filter->flags;
	return r;
}

static int run_child(struct teller *teller, const int reason[2], int program_fd, unsigned seconds,
		     struct callgate_err *err)
{
	char text[400] = "";
	bool in_time;
	int status = 0;
	pid_t pid = fork();

	if (pid < 0) {
		int failed = errno;

		close(reason[1]);
		return err_set_errno(err, CALLGATE_E_KERNEL, failed, NULL, "cannot start libseccomp");
	}
	if (pid == 0) {
		struct rlimit limit = { seconds + 1, seconds + 1 };

		setrlimit(RLIMIT_CPU, &limit); /* should the parent be gone */
		close(reason[0]);
		teller->reason_fd = reason[1];
		child_work(teller, program_fd);
	}
	close(reason[1]);
	in_time = read_reason(reason[0], seconds, text, sizeof(text));
	if (!in_time)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!in_time)
		return err_set(err, CALLGATE_E_LIMIT, "libseccomp has not finished within %u second%s", seconds,
			       seconds == 1 ? "" : "s");
	if (text[0])
		return err_set(err, CALLGATE_E_UNSUPPORTED, "%s", text);
	if (WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status)))
		return err_set(err, CALLGATE_E_UNSUPPORTED, "libseccomp crashed on this filter (status %#x)",
			       (unsigned)status);
	return 0;
}

int prog_lower_libseccomp(const struct callgate_filter *filter, unsigned seconds, struct callgate_prog **out,
			  struct callgate_err *err)
{
	struct teller teller = { .filter = filter };
	int reason[2], program_fd, r;

	r = find_default(filter, &teller.otherwise, err);
	if (!r)
		r = libseccomp_load(&teller.library, err);
	if (r)
		return r;
	program_fd = memfd_create("callgate-libseccomp", MFD_CLOEXEC);
	if (program_fd < 0)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot make a memory file");
	if (pipe2(reason, O_CLOEXEC)) {
		r = err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot make a pipe");
	} else {
		r = run_child(&teller, reason, program_fd, seconds, err);
		close(reason[0]);
		if (!r)
			r = read_program(program_fd, filter, out, err);
	}
	fd_close(program_fd);
	return r;
}

int callgate_filter_compile_libseccomp(const struct callgate_filter *filter, unsigned seconds,
				       struct callgate_prog **out, struct callgate_err *err)
{
	struct callgate_prog *prog = NULL;
	int r;

	REQUIRE(err, filter && out);
	r = filter_refuse_unknown(filter, err);
	if (r == 0)
		r = prog_lower_libseccomp(filter, seconds ? seconds : CALLGATE_LIBSECCOMP_SECONDS, &prog, err);
	if (r)
		return r;
	r = prog_prove(prog, filter, err);
	if (r) {
		callgate_prog_free(prog);
		return r;
	}
	*out = prog;
	return 0;
}
