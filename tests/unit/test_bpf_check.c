/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* prog_check() and prog_eval() against the kernel itself: each program is offered to seccomp(2) in a child. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/prog.h"
#include "tests/unit/bitmap.h"

#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define NR offsetof(struct seccomp_data, nr)
#define ARG(i) (offsetof(struct seccomp_data, args) + 8 * (i))

struct sample {
	const char *what;
	struct sock_filter insns[12];
	unsigned count;
	bool good;
};

#define COUNT(...) (sizeof((struct sock_filter[]){ __VA_ARGS__ }) / sizeof(struct sock_filter))
#define GOOD(what, ...) \
	{ \
		what, { __VA_ARGS__ }, COUNT(__VA_ARGS__), true \
	}
#define BAD(what, ...) \
	{ \
		what, { __VA_ARGS__ }, COUNT(__VA_ARGS__), false \
	}

static const struct sample samples[] = {
	GOOD("allow", ALLOW),
	GOOD("ret a", BPF_STMT(BPF_LD | BPF_IMM, SECCOMP_RET_ALLOW), BPF_STMT(BPF_RET | BPF_A, 0)),
	BAD("ret x", BPF_STMT(BPF_LDX | BPF_IMM, SECCOMP_RET_ALLOW), BPF_STMT(BPF_RET | BPF_X, 0)),
	BAD("no ret", LOAD(0)),
	BAD("no ret at the end", ALLOW, LOAD(0)),
	GOOD("ret in the middle", ALLOW, LOAD(0), ALLOW),
	GOOD("last word", LOAD(60), ALLOW),
	BAD("outside", LOAD(64), ALLOW),
	BAD("unaligned", LOAD(2), ALLOW),
	BAD("ancillary data", LOAD((uint32_t)SKF_AD_OFF), ALLOW),
	BAD("half word", BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), ALLOW),
	BAD("byte", BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), ALLOW),
	BAD("indirect", BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), ALLOW),
	GOOD("length", BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), ALLOW),
	GOOD("length to x", BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), ALLOW),
	BAD("msh", BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), ALLOW),
	BAD("mod k", BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), ALLOW),
	BAD("mod x", BPF_STMT(BPF_ALU | BPF_MOD | BPF_X, 0), ALLOW),
	BAD("mod zero", BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 0), ALLOW),
	GOOD("div k", BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 3), ALLOW),
	GOOD("div x", BPF_STMT(BPF_LDX | BPF_IMM, 3), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), ALLOW),
	BAD("div zero", BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW),
	GOOD("shift 31", BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 31), ALLOW),
	BAD("shift left 32", BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), ALLOW),
	BAD("shift right 32", BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 32), ALLOW),
	GOOD("shift x", BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 77), ALLOW),
	BAD("memory unwritten", BPF_STMT(BPF_LD | BPF_MEM, 0), ALLOW),
	GOOD("memory written", BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), ALLOW),
	GOOD("memory written by x", BPF_STMT(BPF_STX, 15), BPF_STMT(BPF_LDX | BPF_MEM, 15), ALLOW),
	BAD("memory 16", BPF_STMT(BPF_ST, 16), ALLOW),
	BAD("memory written on one way only", LOAD(0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
	    BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_LD | BPF_MEM, 0), ALLOW),
	GOOD("memory written on both ways", LOAD(0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 2), BPF_STMT(BPF_ST, 0),
	     BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_LD | BPF_MEM, 0), ALLOW),
	GOOD("memory behind a ja nobody falls through", BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_LD | BPF_MEM, 0),
	     ALLOW),
	BAD("memory behind a ret", ALLOW, BPF_STMT(BPF_LD | BPF_MEM, 0), ALLOW),
	GOOD("ja to the last", BPF_STMT(BPF_JMP | BPF_JA, 0), ALLOW),
	BAD("ja past the end", BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW),
	BAD("ja backwards", BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)-1), ALLOW),
	BAD("jt past the end", BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), ALLOW),
	BAD("jf past the end", BPF_JUMP(BPF_JMP | BPF_JSET | BPF_X, 0, 0, 1), ALLOW),
	BAD("jne", BPF_JUMP(BPF_JMP | 0x50 | BPF_K, 0, 0, 0), ALLOW),
	BAD("ja x", BPF_STMT(BPF_JMP | BPF_JA | BPF_X, 0), ALLOW),
	BAD("high bits of code", BPF_STMT(0x100 | BPF_LD | BPF_IMM, 0), ALLOW),
	GOOD("neg", BPF_STMT(BPF_ALU | BPF_NEG, 0), ALLOW),
	BAD("neg x", BPF_STMT(BPF_ALU | BPF_NEG | BPF_X, 0), ALLOW),
	GOOD("tax txa", BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0), ALLOW),
};

static struct callgate_prog *make(const struct sock_filter *insns, unsigned count)
{
	struct callgate_prog *prog;

	cr_assert_eq(prog_new(insns, count, &prog, NULL), 0);
	return prog;
}

/* 0, EINVAL, or whatever else the kernel said. */
static int offer(const struct sock_filter *insns, unsigned count)
{
	struct sock_fprog fprog = { .len = (unsigned short)count, .filter = (struct sock_filter *)insns };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) ? errno : 0;
}

/* Runs work in a child that cannot gain privileges; answers[i] is shared with it. */
static void in_child(int *answers, size_t count, void (*work)(int *answers, size_t count))
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			_exit(1);
		work(answers, count);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status %#x", status);
}

static int *shared_answers(size_t count)
{
	int *answers = mmap(NULL, count * sizeof(*answers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(answers, MAP_FAILED);
	return answers;
}

static void offer_one(int *answers, size_t count)
{
	static const struct sock_filter allow = ALLOW;

	for (size_t i = 0; i < count; i++)
		answers[i] = offer(&allow, 1);
}

/* Where a sandbox around the build keeps seccomp(2) away there is nothing to compare with. */
static void need_seccomp(void)
{
	int *answers = shared_answers(1);

	in_child(answers, 1, offer_one);
	if (answers[0])
		cr_skip_test("no seccomp(2) here: %s", strerror(answers[0]));
}

static void offer_samples(int *answers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		answers[i] = offer(samples[i].insns, samples[i].count);
}

Test(bpf_check, agrees_with_the_kernel_on_samples)
{
	enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };
	int *answers = shared_answers(SAMPLES);

	need_seccomp();
	in_child(answers, SAMPLES, offer_samples);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_prog *prog = make(samples[i].insns, samples[i].count);
		int r = prog_check(prog, &err);

		cr_assert_eq(r, samples[i].good ? 0 : CALLGATE_E_PROFILE, "%s: %d %s", samples[i].what, r, err.text);
		cr_assert_eq(answers[i], samples[i].good ? 0 : EINVAL, "%s: the kernel says %d", samples[i].what,
			     answers[i]);
		callgate_prog_free(prog);
	}
}

enum { CODES = 256 };

/* Every opcode, skipped over by a jump, so that it is checked but not run. */
static unsigned with_code(struct sock_filter insns[4], uint16_t code)
{
	insns[0] = (struct sock_filter)BPF_STMT(BPF_ST, 0);
	insns[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffff, 0, 1);
	insns[2] = (struct sock_filter){ .code = code, .jt = 0, .jf = 0, .k = 0 };
	insns[3] = (struct sock_filter)ALLOW;
	return 4;
}

static void offer_codes(int *answers, size_t count)
{
	struct sock_filter insns[4];

	for (size_t i = 0; i < count; i++)
		answers[i] = offer(insns, with_code(insns, (uint16_t)i));
}

Test(bpf_check, agrees_with_the_kernel_on_every_opcode)
{
	int *answers = shared_answers(CODES), admitted = 0;
	struct sock_filter insns[4];

	need_seccomp();
	in_child(answers, CODES, offer_codes);
	for (unsigned i = 0; i < CODES; i++) {
		struct callgate_prog *prog = make(insns, with_code(insns, (uint16_t)i));

		cr_assert(answers[i] == 0 || answers[i] == EINVAL, "code %#x: %d", i, answers[i]);
		cr_assert_eq(prog_check(prog, NULL) == 0, answers[i] == 0, "code %#x: the kernel says %d", i,
			     answers[i]);
		admitted += answers[i] == 0;
		callgate_prog_free(prog);
	}
	cr_assert_gt(admitted, 30);
}

static void fill(struct sock_filter *insns, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		insns[i] = (struct sock_filter)ALLOW;
}

static void offer_sizes(int *answers, size_t count)
{
	static struct sock_filter insns[PROG_LIMIT + 1];

	fill(insns, PROG_LIMIT + 1);
	for (size_t i = 0; i < count; i++)
		answers[i] = offer(insns, PROG_LIMIT + (unsigned)i);
}

Test(bpf_check, agrees_with_the_kernel_on_size)
{
	int *answers = shared_answers(2);
	static struct sock_filter insns[PROG_LIMIT + 1];
	struct callgate_prog *prog;

	need_seccomp();
	in_child(answers, 2, offer_sizes);
	cr_assert_eq(answers[0], 0);
	cr_assert_eq(answers[1], EINVAL);
	fill(insns, PROG_LIMIT + 1);
	prog = make(insns, PROG_LIMIT);
	cr_assert_eq(prog_check(prog, NULL), 0);
	callgate_prog_free(prog);
	cr_assert_eq(prog_new(insns, PROG_LIMIT + 1, &prog, NULL), CALLGATE_E_LIMIT);
	cr_assert_eq(prog_new(insns, 0, &prog, NULL), CALLGATE_E_LIMIT);
}

Test(bpf_check, says_which_instruction)
{
	static const struct sock_filter insns[] = { LOAD(0), LOAD(66), ALLOW };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = make(insns, 3);

	cr_assert_eq(prog_check(prog, &err), CALLGATE_E_PROFILE);
	cr_assert_eq(err.line, 1);
	cr_assert_str_eq(err.text, "instruction 1: a load that is not aligned");
	callgate_prog_free(prog);
}

/* ------------------------------------------------------------------ prog_eval() against the kernel */

/*
 * Random straight-line arithmetic on the arguments of getppid(2), which ignores them; the program ends in ERRNO with
 * twelve bits of what it computed, so that errno tells.
 */
enum { EVALS = 150, STEPS = 24, TOTAL = STEPS + 9 };

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static struct sock_filter random_step(uint64_t *state, unsigned left)
{
	static const uint16_t alu[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND,
					BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG };
	static const uint16_t jumps[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	uint16_t source = next_random(state) % 2 ? BPF_X : BPF_K;
	uint32_t k = next_random(state) >> (next_random(state) % 31), pick = next_random(state);
	uint16_t op = alu[pick % 10];

	switch (next_random(state) % 8) {
	case 0:
		return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG(0) + 4 * (pick % 12));
	case 1:
		return (struct sock_filter)BPF_STMT(pick % 2 ? BPF_ST : BPF_STX, pick / 2 % 2);
	case 2:
		return (struct sock_filter)BPF_STMT((pick % 2 ? BPF_LD : BPF_LDX) | BPF_MEM, pick / 2 % 2);
	case 3:
		return (struct sock_filter)BPF_STMT(BPF_MISC | (pick % 2 ? BPF_TAX : BPF_TXA), 0);
	case 4:
		if (left < 4)
			break;
		return (struct sock_filter)BPF_JUMP(BPF_JMP | jumps[pick % 4] | source, k, pick % 3, pick / 3 % 3);
	case 5:
		return (struct sock_filter)BPF_STMT(
			pick % 3 ? (pick % 2 ? BPF_LD : BPF_LDX) | BPF_IMM : BPF_LD | BPF_W | BPF_LEN, k);
	}
	if (op == BPF_NEG)
		source = 0;
	if (source == BPF_K && (op == BPF_LSH || op == BPF_RSH))
		k %= 32;
	if (source == BPF_K && op == BPF_DIV && !k)
		k = 1;
	return (struct sock_filter)BPF_STMT(BPF_ALU | op | source, k);
}

static void random_program(unsigned seed, struct sock_filter insns[TOTAL], uint64_t args[6])
{
	uint64_t state = seed * 977 + 5;
	unsigned n = 0;

	for (unsigned i = 0; i < 6; i++)
		args[i] = (uint64_t)next_random(&state) << 32 | next_random(&state) << 1;
	insns[n++] = (struct sock_filter)BPF_STMT(BPF_ST, 0);
	insns[n++] = (struct sock_filter)BPF_STMT(BPF_ST, 1);
	insns[n++] = (struct sock_filter)LOAD(NR);
	insns[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0);
	insns[n++] = (struct sock_filter)ALLOW;
	for (unsigned i = 0; i < STEPS; i++)
		insns[n++] = random_step(&state, STEPS - i);
	insns[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7ff);
	insns[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1); /* errno 0 would not tell */
	insns[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
	insns[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	cr_assert_eq(n, TOTAL);
}

struct offered {
	struct sock_filter insns[TOTAL];
	uint64_t args[6];
};

/* Filters stack: each one gets a child of its own. -1: killed, as a division by zero does. */
static int kernel_answer(const struct offered *offered, int *answer)
{
	int status;
	pid_t pid;

	*answer = -1; /* before the child runs */
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		const uint64_t *args = offered->args;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || offer(offered->insns, TOTAL))
			_exit(1);
		errno = 0;
		syscall(SYS_getppid, args[0], args[1], args[2], args[3], args[4], args[5]);
		*answer = errno;
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		cr_assert_eq(WTERMSIG(status), SIGSYS, "the child was killed by signal %d", WTERMSIG(status));
		return -1;
	}
	cr_assert_eq(WEXITSTATUS(status), 0, "a program that passed prog_check() was not loaded");
	return *answer;
}

Test(bpf_eval, computes_as_the_kernel_does)
{
	int *answer = shared_answers(1), killed = 0, distinct = 0, before = 0;

	need_seccomp();
	for (unsigned i = 0; i < EVALS; i++) {
		struct offered offered;
		struct prog_data data = { .nr = SYS_getppid };
		struct callgate_prog *prog;
		struct callgate_err err = CALLGATE_ERR_INIT;
		uint32_t got;
		int want;

		random_program(i, offered.insns, offered.args);
		memcpy(data.args, offered.args, sizeof(data.args));
		prog = make(offered.insns, TOTAL);
		cr_assert_eq(prog_check(prog, &err), 0, "program %u: %s", i, err.text);
		got = prog_eval(prog, &data, NULL);
		want = kernel_answer(&offered, answer);
		if (want < 0)
			cr_assert_eq(got, 0, "program %u: the kernel kills, eval says %#x", i, got);
		else
			cr_assert_eq(got, SECCOMP_RET_ERRNO | (uint32_t)want,
				     "program %u: the kernel says %d, eval %#x", i, want, got);
		killed += want < 0;
		distinct += want != before;
		before = want;
		callgate_prog_free(prog);
	}
	cr_assert_gt(killed, 0);
	cr_assert_gt(distinct, EVALS / 3);
}

Test(bpf_eval, counts_steps_and_reads_both_byte_orders)
{
	static const struct sock_filter insns[] = { LOAD(ARG(2)), BPF_STMT(BPF_RET | BPF_A, 0) };
	struct prog_data data = { .args = { 0, 0, 0x1111111122222222 } };
	struct callgate_prog *prog = make(insns, 2);
	unsigned steps;

	prog->big_endian = false;
	cr_assert_eq(prog_eval(prog, &data, &steps), 0x22222222);
	cr_assert_eq(steps, 2);
	prog->big_endian = true;
	cr_assert_eq(prog_eval(prog, &data, NULL), 0x11111111);
	callgate_prog_free(prog);
}

/* ------------------------------------------------------------------ the allow bitmap */

Test(bpf_eval, knows_what_the_allow_bitmap_takes)
{
	static const struct {
		const char *what;
		struct sock_filter insns[6];
		unsigned count;
		bool cached;
	} rows[] = {
		{ "allow", { ALLOW }, 1, true },
		{ "log", { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG) }, 1, false },
		{ "allow with data", { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW | 1) }, 1, false },
		{ "by number",
		  { LOAD(NR), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1), ALLOW, BPF_STMT(BPF_RET | BPF_K, 0) },
		  4,
		  true },
		{ "by another number",
		  { LOAD(NR), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 8, 0, 1), ALLOW, BPF_STMT(BPF_RET | BPF_K, 0) },
		  4,
		  false },
		{ "under a mask",
		  { LOAD(NR), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 3), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 1),
		    ALLOW, BPF_STMT(BPF_RET | BPF_K, 0) },
		  5,
		  true },
		{ "an argument is loaded", { LOAD(ARG(0)), ALLOW }, 2, false },
		{ "an argument on another way",
		  { LOAD(NR), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 1, 0), LOAD(ARG(0)),
		    BPF_STMT(BPF_JMP | BPF_JA, 0), ALLOW },
		  5,
		  true },
		{ "or", { LOAD(NR), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 0), ALLOW }, 3, false },
		{ "x", { BPF_STMT(BPF_MISC | BPF_TAX, 0), ALLOW }, 2, false },
		{ "ret a", { BPF_STMT(BPF_LD | BPF_IMM, SECCOMP_RET_ALLOW), BPF_STMT(BPF_RET | BPF_A, 0) }, 2, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_prog *prog = make(rows[i].insns, rows[i].count);

		cr_assert_eq(prog_check(prog, NULL), 0, "%s", rows[i].what);
		cr_assert_eq(prog_bitmap(prog, AUDIT_ARCH_X86_64, 7), rows[i].cached, "%s", rows[i].what);
		callgate_prog_free(prog);
	}
}
