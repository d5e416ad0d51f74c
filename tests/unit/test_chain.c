/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A chain: each process starts the next and ends, so that whoever was listed has gone when he is looked at. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf/prog.h"
#include "runtime/hooks.h"
#include "runtime/tasks.h"

enum { CHAIN_SECONDS = 8 };
enum fate { RUNS = 0, FREE, CONFINED };

/* What the links share with the test. */
struct chain {
	volatile sig_atomic_t stop;
	volatile enum fate fate; /* of the link that stopped */
};

/* mkdirat answers EBADFD (77), all else is allowed. */
static struct callgate_prog *no_mkdirat(void)
{
	struct callgate_prog *prog;
	struct sock_filter insns[] = { { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
				       { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_mkdirat },
				       { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 77 },
				       { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };

	return prog_new(insns, sizeof(insns) / sizeof(insns[0]), &prog, NULL) == 0 ? prog : NULL;
}

static void nap(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static _Noreturn void be_links(struct chain *chain)
{
	time_t end = time(NULL) + CHAIN_SECONDS;

	while (!chain->stop && time(NULL) < end)
		if (fork() > 0)
			_exit(0);
	chain->fate = syscall(SYS_mkdirat, -1, "", 0755) < 0 && errno == 77 ? CONFINED : FREE;
	_exit(0);
}

/* Its orphans are ours. */
static struct chain *start_chain(pid_t *first)
{
	struct chain *chain = mmap(NULL, sizeof(*chain), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(chain, MAP_FAILED);
	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	signal(SIGCHLD, SIG_IGN);
	*first = fork();
	if (*first == 0)
		be_links(chain);
	nap(20);
	return chain;
}

static enum fate stop_chain(struct chain *chain)
{
	chain->stop = 1;
	for (int i = 0; i < 500 && chain->fate == RUNS; i++)
		nap(10);
	return chain->fate;
}

static bool can_inject(const struct callgate_prog *prog, struct callgate_err *err)
{
	pid_t pid = fork();
	int r;

	if (pid == 0)
		for (;;)
			pause();
	r = callgate_process_inject(pid, prog, NULL, NULL, err);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r == 0;
}

Test(chain, is_in_the_roll, .timeout = 30)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_tasks *roll;
	struct chain *chain;
	int noticed = 0;
	pid_t first;

	chain = start_chain(&first);
	for (int i = 0; i < 20; i++) {
		int r = callgate_tasks_roll(CALLGATE_SCOPE_TREE, getpid(), &roll, &err);

		noticed += r == 0 && callgate_tasks_count(roll) > 0;
		if (r == 0)
			callgate_tasks_free(roll);
	}
	cr_expect_geq(noticed, 19, "in %d of 20 rolls", noticed);
	stop_chain(chain);
}

/* The filter is on the link that is left, or nobody says so. */
Test(chain, is_not_said_to_have_the_filter_when_it_has_not, .timeout = 60)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = no_mkdirat();
	struct chain *chain;
	enum fate fate;
	pid_t first;
	int r;

	if (!can_inject(prog, &err))
		cr_skip_test("%s", err.text);
	for (int i = 0; i < 5; i++) {
		chain = start_chain(&first);
		r = callgate_prog_apply(prog, CALLGATE_SCOPE_TREE, getpid(), NULL, &err);
		fate = stop_chain(chain);
		cr_assert_neq(fate, RUNS);
		cr_expect(r == 0 ? fate == CONFINED : r == CALLGATE_E_LIMIT, "%d (%s), and the chain %s", r, err.text,
			  fate == CONFINED ? "has it" : "has not");
	}
	free(prog);
}
