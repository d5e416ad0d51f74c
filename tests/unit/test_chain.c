/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A chain: each process starts the next and ends, so that whoever was listed has gone when he is looked at. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf/prog.h"
#include "kernel/witness_read.h"
#include "runtime/hooks.h"
#include "runtime/tasks.h"

enum { CHAIN_SECONDS = 30 };
enum fate { RUNS = 0, FREE, CONFINED, LATE /* it ended by itself: this machine is too slow to say anything */ };

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

static void nap_us(long us)
{
	nanosleep(&(struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 }, NULL);
}

static void nap(long ms)
{
	nap_us(1000 * ms);
}

static enum fate fate_of_me(void)
{
	return syscall(SYS_mkdirat, -1, "", 0755) < 0 && errno == 77 ? CONFINED : FREE;
}

static void hand_on(void)
{
	if (fork() > 0)
		_exit(0);
}

/* One link after the other until the chain is stopped; the last one says what it has. */
static _Noreturn void be_links(struct chain *chain, void link(void))
{
	time_t end = time(NULL) + CHAIN_SECONDS;

	while (!chain->stop && time(NULL) < end)
		link();
	chain->fate = chain->stop ? fate_of_me() : LATE;
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
		be_links(chain, hand_on);
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

/* A cgroup of its own for a process and what it starts; false: this machine does not let us. */
static bool confine(pid_t pid, char dir[128])
{
	static const char *const hierarchies[] = { "freezer", "unified", "" };

	for (unsigned i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++) {
		char path[160];
		FILE *file;

		snprintf(dir, 128, "/sys/fs/cgroup/%s/lxc.payload.chain-%d", hierarchies[i], (int)getpid());
		snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
		file = mkdir(dir, 0755) == 0 ? fopen(path, "we") : NULL;
		if (file && fprintf(file, "%d\n", (int)pid) > 0 && fclose(file) == 0)
			return true;
		rmdir(dir);
	}
	return false;
}

/* It starts the chain when it is told by SIGUSR1, so that the links are in its cgroup. */
static pid_t start_container(struct chain **out, void work(struct chain *), unsigned long namespaces)
{
	sigset_t set;
	int signal;
	pid_t pid;

	*out = mmap(NULL, sizeof(**out), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(*out, MAP_FAILED);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = namespaces ? (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0) : fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		sigwait(&set, &signal);
		work(*out);
		sleep(CHAIN_SECONDS);
		_exit(0);
	}
	return pid;
}

static void start_links(struct chain *chain)
{
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0)
		be_links(chain, hand_on);
}

/* What a shell's loop does. */
static void be_busy(struct chain *chain)
{
	while (!chain->stop) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	chain->fate = fate_of_me();
}

/* From a cgroup that is the container's own into one that is not. */
static void move_out(void)
{
	static const char *const files[] = { "/sys/fs/cgroup/freezer/cgroup.procs",
					     "/sys/fs/cgroup/unified/cgroup.procs", "/sys/fs/cgroup/cgroup.procs" };

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *file = fopen(files[i], "we");

		if (file) {
			fputs("0\n", file);
			fclose(file);
		}
	}
}

/* Not in a hurry: one that is listed does live on for a moment, and has gone when he is looked at. */
static void hand_on_later(void)
{
	nap_us(200);
	hand_on();
}

static void start_links_outside(struct chain *chain)
{
	signal(SIGCHLD, SIG_IGN);
	if (fork() > 0)
		return;
	move_out();
	be_links(chain, hand_on_later);
}

static void take_filter(void)
{
	struct callgate_prog *prog = no_mkdirat();
	struct sock_fprog fprog = { .len = (unsigned short)prog->count, .filter = (struct sock_filter *)prog->insns };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog);
	free(prog);
}

/* Each starts the next, takes the very filter then, and lives on for a while: nobody is ever seen to end early, and the
 * one without the filter is always a newcomer. */
static void pretend(void)
{
	nap(2);
	if (fork() == 0)
		return;
	take_filter();
	nap(200);
	_exit(0);
}

static void start_pretenders(struct chain *chain)
{
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0)
		be_links(chain, pretend);
}

/* Applied to a container that does this work; -1: that cannot be tried here. */
static int apply_at_work(void work(struct chain *), unsigned long namespaces, enum fate *fate, struct callgate_err *err)
{
	struct callgate_prog *prog = no_mkdirat();
	struct chain *chain;
	pid_t pid = start_container(&chain, work, namespaces);
	char dir[128];
	int r = 1;

	if (pid > 0 && confine(pid, dir) && can_inject(prog, err)) {
		kill(pid, SIGUSR1);
		nap(50);
		r = callgate_prog_apply(prog, CALLGATE_SCOPE_CONTAINER, pid, NULL, err);
		*fate = stop_chain(chain);
	}
	if (pid > 0)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 100 && rmdir(dir) < 0; i++)
		nap(10);
	free(prog);
	return r;
}

/* Its cgroup is frozen for looks, and runs afterwards: else it would not say what it has. */
Test(chain, in_a_container_is_not_said_to_have_the_filter_when_it_has_not, .timeout = 60)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum fate fate = RUNS;
	int r = apply_at_work(start_links, 0, &fate, &err);

	if (r > 0)
		cr_skip_test("no cgroup can be made here, or nothing injected");
	cr_assert_neq(fate, RUNS);
	cr_expect(fate == LATE || (r == 0 ? fate == CONFINED : r == CALLGATE_E_LIMIT), "%d (%s)", r, err.text);
}

Test(chain, is_not_suspected_in_a_container_that_is_busy, .timeout = 60)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	enum fate fate = RUNS;
	int r = apply_at_work(be_busy, 0, &fate, &err);

	if (r > 0)
		cr_skip_test("no cgroup can be made here, or nothing injected");
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0 && r == CALLGATE_E_LIMIT)
		cr_skip_test("this kernel does not show the filters of frozen tasks");
	cr_expect_eq(r, 0, "%s", err.text);
	cr_expect_eq(fate, CONFINED);
}

/* Several times, because who is not noticed may have been lucky; a round takes 13 seconds on an emulated machine. */
static void never_falsely(void work(struct chain *), unsigned long namespaces)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	for (int i = 0; i < 4; i++) {
		enum fate fate = RUNS;
		int r = apply_at_work(work, namespaces, &fate, &err);

		if (r > 0)
			cr_skip_test("no cgroup or pid namespace can be made here, or nothing injected");
		cr_assert_neq(fate, RUNS);
		cr_assert(fate == LATE || (r == 0 ? fate == CONFINED : r == CALLGATE_E_LIMIT), "%d (%s)", r, err.text);
	}
}

Test(chain, of_a_container_is_looked_for_outside_its_cgroup_too, .timeout = 240)
{
	never_falsely(start_links_outside, CLONE_NEWPID);
}

Test(chain, that_takes_the_filter_itself_link_by_link_has_it_when_that_is_said, .timeout = 240)
{
	never_falsely(start_pretenders, 0);
}

/* What is believed of a task that nobody could look at. */
Test(chain, what_the_roll_says_of_who_has_ended)
{
	struct callgate_task lost = { .pid = 2, .tid = 2, .filters = -1 };
	struct callgate_task bare = { .pid = 2, .tid = 2, .command = "link", .start_time = 1 };
	struct callgate_task one = bare, old = bare;

	one.mode = old.mode = CALLGATE_MODE_FILTER;
	one.filters = 1;
	old.filters = -1;
	cr_expect(callgate_task_is_lost(&lost));
	cr_expect_not(callgate_task_is_lost(&bare));
	cr_expect_not(callgate_task_is_lost(&old));
	cr_expect_eq(callgate_task_ended(&lost, 0), CALLGATE_ENDED_UNSEEN);
	cr_expect_eq(callgate_task_ended(&bare, 0), CALLGATE_ENDED_SEEN);
	cr_expect_eq(callgate_task_ended(&bare, 1), CALLGATE_ENDED_BARE);
	cr_expect_eq(callgate_task_ended(&bare, INT_MAX), CALLGATE_ENDED_BARE);
	cr_expect_eq(callgate_task_ended(&one, 1), CALLGATE_ENDED_SEEN);
	cr_expect_eq(callgate_task_ended(&one, 2), CALLGATE_ENDED_UNSEEN);
	cr_expect_eq(callgate_task_ended(&old, 1), CALLGATE_ENDED_UNSEEN);
}

/* Listed without a filter, seen with one: what it started in between is in no list. */
Test(chain, who_takes_a_filter_after_he_was_listed_is_told_apart, .timeout = 20)
{
	struct callgate_witness *witness;
	struct callgate_tasks *list;
	struct callgate_task bare;
	size_t stack = 0;
	pid_t pid = fork();

	if (pid == 0) {
		take_filter();
		for (;;)
			pause();
	}
	for (int i = 0; i < 500; i++) {
		cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &list, NULL), 0);
		if (callgate_tasks_at(list, 0)->mode == CALLGATE_MODE_FILTER)
			break;
		callgate_tasks_free(list);
		nap(10);
	}
	bare = *callgate_tasks_at(list, 0);
	bare.mode = CALLGATE_MODE_NONE;
	if (callgate_witness_read(&bare, 1, CALLGATE_EVIDENCE_ANY, &witness, NULL) == 0) {
		if (callgate_witness_task(witness, 0, &stack, NULL) == 0) {
			cr_expect(callgate_task_took_filter(&bare, witness, stack));
			cr_expect_not(callgate_task_took_filter(callgate_tasks_at(list, 0), witness, stack));
		}
		callgate_witness_free(witness);
	}
	callgate_tasks_free(list);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
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
/* Without privilege nobody can see that a link has inherited the filter, nor give it to him again. */
static bool is_refusal(int r)
{
	return r == CALLGATE_E_LIMIT || (r == CALLGATE_E_PERM && geteuid() != 0);
}

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
		cr_expect(fate == LATE || (r == 0 ? fate == CONFINED : is_refusal(r)), "%d (%s), and the chain %s", r,
			  err.text, fate == CONFINED ? "has it" : "has not");
	}
	free(prog);
}
