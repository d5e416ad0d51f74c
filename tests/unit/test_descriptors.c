/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exhausted descriptors: who lists or counts tasks then gets all of them or an error, never some of them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "callgate.h"
#include "kernel/witness.h"

enum { ENOUGH = 12 /* descriptors at once, for anything that is tried here */ };

/* How many tasks there are, as the work finds it, or an error. */
typedef int count_tasks(pid_t pid);

static int in_scope(enum callgate_scope scope, pid_t pid)
{
	struct callgate_tasks *tasks;
	int r = callgate_tasks_list(scope, pid, &tasks, NULL);

	if (r == 0) {
		r = (int)callgate_tasks_count(tasks);
		callgate_tasks_free(tasks);
	}
	return r;
}

static int process(pid_t pid)
{
	return in_scope(CALLGATE_SCOPE_PROCESS, pid);
}

static int tree(pid_t pid)
{
	return in_scope(CALLGATE_SCOPE_TREE, pid);
}

static int container(pid_t pid)
{
	return in_scope(CALLGATE_SCOPE_CONTAINER, pid);
}

static int threads(pid_t pid)
{
	struct witness_counts counts;
	int r = witness_count(pid, &counts, NULL);

	return r == 0 ? (int)counts.threads : r;
}

static int with_descriptors(count_tasks *work, pid_t pid, rlim_t free_ones)
{
	struct rlimit limit;
	int *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), got;
	pid_t child;

	cr_assert_neq(answer, MAP_FAILED);
	child = fork();
	if (child == 0) {
		int next = dup(0);

		close(next);
		limit = (struct rlimit){ (rlim_t)next + free_ones, (rlim_t)next + free_ones };
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			*answer = work(pid);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	got = *answer;
	munmap(answer, sizeof(*answer));
	return got;
}

static void expect_all_or_an_error(count_tasks *work, const char *name, pid_t pid, int all)
{
	for (rlim_t free_ones = 0; free_ones <= ENOUGH; free_ones++) {
		int got = with_descriptors(work, pid, free_ones);

		if (got >= 0 || free_ones == ENOUGH)
			cr_expect_eq(got, all, "%s with %d descriptors: %d, not %d", name, (int)free_ones, got, all);
		else
			cr_expect(got == CALLGATE_E_IO || got == CALLGATE_E_NOMEM, "%s with %d descriptors: error %d",
				  name, (int)free_ones, got);
	}
}

/* ------------------------------------------------------------------ who is looked at */

static void *wait_for_ever(void *data)
{
	for (;;)
		pause();
	return data;
}

static void be_two_threads(int ready)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the test */
	if (pthread_create(&thread, NULL, wait_for_ever, NULL))
		_exit(1);
	(void)!write(ready, "", 1);
	wait_for_ever(NULL);
}

/* A process of two threads and a child of two threads. */
struct family {
	pid_t first, below;
};

static void be_family(struct family *shared, int ready)
{
	pid_t below = fork();

	if (below > 0)
		shared->below = below;
	be_two_threads(ready);
}

/* In a pid namespace of their own where apart: only what is forked after unshare(2) is in there, so another process
 * does it, which ends when this one does. */
static void be_parent_apart(struct family *shared, int ready)
{
	pid_t first;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	first = unshare(CLONE_NEWPID) == 0 ? fork() : -1;
	if (first == 0)
		be_family(shared, ready);
	shared->first = first;
	(void)!write(ready, "", 1);
	wait_for_ever(NULL);
}

static struct family start(bool apart)
{
	struct family *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		      family;
	int pipes[2];
	char byte;
	pid_t pid;

	cr_assert_neq(shared, MAP_FAILED);
	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0)
		(apart ? be_parent_apart : be_family)(shared, pipes[1]);
	close(pipes[1]);
	for (int i = 0; i < (apart ? 3 : 2); i++)
		cr_assert_eq(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	family = *shared;
	if (!apart)
		family.first = pid;
	munmap(shared, sizeof(*shared));
	return family;
}

static void end(const struct family *family)
{
	kill(family->below, SIGKILL);
	kill(family->first, SIGKILL);
	waitpid(family->first, NULL, 0);
}

Test(descriptors, a_process_and_its_tree_are_whole_without_any)
{
	struct family family = start(false);

	expect_all_or_an_error(process, "process", family.first, 2);
	expect_all_or_an_error(threads, "threads", family.first, 2);
	expect_all_or_an_error(tree, "tree", family.first, 4);
	end(&family);
}

Test(descriptors, a_pid_namespace_is_whole_without_any)
{
	struct family family;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	family = start(true);
	expect_all_or_an_error(container, "container", family.first, 4);
	kill(family.first, SIGKILL);
}

static bool put_into(const char *cgroup, pid_t pid)
{
	char path[128];
	int fd, written;

	if (mkdir(cgroup, 0755) < 0 && errno != EEXIST)
		return false;
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	written = dprintf(fd, "%d", (int)pid);
	close(fd);
	return written > 0;
}

Test(descriptors, a_cgroup_is_whole_without_any)
{
	static const char *const tops[] = { "/sys/fs/cgroup/freezer/lxc.payload.callgate-descriptors",
					    "/sys/fs/cgroup/lxc.payload.callgate-descriptors" };
	struct family family = start(false);
	char inner[128];
	unsigned i = 0;

	while (i < 2 && !put_into(tops[i], family.first))
		i++;
	if (i == 2) {
		end(&family);
		cr_skip_test("needs root and cgroups");
	}
	snprintf(inner, sizeof(inner), "%s/inner", tops[i]);
	cr_assert(put_into(inner, family.below));
	expect_all_or_an_error(container, "container", family.first, 4);
	end(&family);
	for (unsigned tries = 0; tries < 100 && (rmdir(inner) == 0 || errno == EBUSY) && rmdir(tops[i]) < 0; tries++)
		usleep(10000);
}
