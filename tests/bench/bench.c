/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * make bench: ratios measured side by side. Every round runs each variant once, in turning order, each in a child of
 * its own, on one processor; medians and the quartiles of the round-by-round ratios are printed. The second callgate is
 * the null check: how far its ratio is from 1 is what the method cannot tell. Times are CPU times. Only ratios are
 * worth quoting: absolute times follow the machine.
 */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf/prog.h"
#include "callgate.h"
#include "kernel/witness_read.h"
#include "peer.h"

enum { ROUNDS = 21, WARM = 20, CALLS = 20000 };
enum { OURS, OURS_AGAIN, LINEAR, TREE, VARIANTS };
static const char *const variant_words[VARIANTS] = {
	"callgate",
	"callgate once more",
	"json-c + libseccomp, linear",
	"json-c + libseccomp, tree",
};

enum figure {
	COLD,
	WARMED,
	POLICY,
	UNPROVED,
	PROOF,
	LOAD,
	MACHINE_CODE,
	ALLOWED,
	CHECKED,
	DENIED,
	COMPILE_PROCESS,
	RUN_PROCESS,
	FIGURES
};
static const struct {
	const char *key, *text;
} figures[FIGURES] = {
	[COLD] = { "file_to_program_cold_us", "file to program, cold" },
	[WARMED] = { "file_to_program_warm_us", "file to program, warm" },
	[POLICY] = { "policy_to_program_us", "policy in memory to program, warm (callgate's is proved)" },
	[UNPROVED] = { "policy_to_unproved_us", "the same without callgate's proof" },
	[PROOF] = { "proof_us", "the proof alone; libseccomp makes none" },
	[LOAD] = { "load_us", "seccomp(2)" },
	[MACHINE_CODE] = { "machine_code_bytes", "machine code that the kernel keeps for the filter; 0: not to be seen "
						 "(root, BPF iterators)" },
	[ALLOWED] = { "call_allowed_ns", "an allowed call (getppid), over the same call without a filter" },
	[CHECKED] = { "call_checked_ns", "a call whose argument is looked at (personality), over none" },
	[DENIED] = { "call_denied_ns", "a denied call (keyctl), over none" },
	[COMPILE_PROCESS] = { "compile_process_us", "CPU of a process: file to program in a file" },
	[RUN_PROCESS] = { "run_process_us", "CPU of a process: file to loaded filter, then /bin/true" },
};

struct bench {
	const char *profile, *tool, *peer;
	uint64_t caps;
	double values[FIGURES][VARIANTS][ROUNDS];
	size_t instructions[VARIANTS];
};

/* What a child tells, in shared memory. */
struct sample {
	double values[FIGURES];
	size_t instructions;
	int good;
};

/* Between a child that runs under its filter and who looks at it. */
struct meeting {
	int ready[2], done[2];
};

/* This process's CPU time: who else runs meanwhile does not count. */
static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int copy_program(const struct callgate_prog *prog, struct sock_filter **out, size_t *count)
{
	*count = callgate_prog_count(prog);
	*out = malloc(*count * sizeof(**out));
	if (!*out)
		return CALLGATE_E_NOMEM;
	memcpy(*out, callgate_prog_instructions(prog), *count * sizeof(**out));
	return 0;
}

static int host_of(const struct bench *bench, struct callgate_target *target)
{
	int r = callgate_target_host(target, NULL);

	target->caps = bench->caps;
	return r;
}

static int ours_compile_read(const struct callgate_target *target, const struct callgate_policy *policy,
			     struct callgate_notes *notes, struct sock_filter **out, size_t *count)
{
	struct callgate_filter *filter = NULL;
	struct callgate_prog *prog = NULL;
	int r = callgate_filter_resolve(policy, target, &filter, notes, NULL);

	if (r == 0)
		r = callgate_filter_compile(filter, &prog, NULL);
	if (r == 0)
		r = copy_program(prog, out, count);
	callgate_prog_free(prog);
	callgate_filter_free(filter);
	return r;
}

static int ours(const struct bench *bench, struct sock_filter **out, size_t *count)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_notes *notes = NULL;
	int r = callgate_notes_new(&notes);

	if (r == 0)
		r = host_of(bench, &target);
	if (r == 0)
		r = callgate_policy_read(bench->profile, &policy, notes, NULL);
	if (r == 0)
		r = ours_compile_read(&target, policy, notes, out, count);
	callgate_policy_free(policy);
	callgate_notes_free(notes);
	return r;
}

/* Microseconds of one proof of what has been compiled, -1 where it fails. */
static double proof_us(const struct bench *bench)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_prog *prog = NULL;
	double start;
	int r = host_of(bench, &target);

	if (r == 0)
		r = callgate_policy_read(bench->profile, &policy, NULL, NULL);
	if (r == 0)
		r = callgate_filter_resolve(policy, &target, &filter, NULL, NULL);
	if (r == 0)
		r = callgate_filter_compile(filter, &prog, NULL);
	start = now_us();
	for (int i = 0; i < WARM && r == 0; i++)
		r = prog_prove(prog, filter, NULL);
	start = (now_us() - start) / WARM;
	callgate_prog_free(prog);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return r == 0 ? start : -1;
}

static bool is_ours(int variant)
{
	return variant == OURS || variant == OURS_AGAIN;
}

static int compile(const struct bench *bench, int variant, struct sock_filter **out, size_t *count)
{
	if (is_ours(variant))
		return ours(bench, out, count);
	return peer_compile(bench->profile, variant == LINEAR ? 1 : 2, out, count);
}

/* What has been read already, over and over: microseconds of one time, -1 where it fails. */
static double from_memory(const struct bench *bench, int variant)
{
	struct peer_profile *theirs = is_ours(variant) ? NULL : peer_read(bench->profile);
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_notes *notes = NULL;
	struct sock_filter *insns;
	double start;
	size_t count;
	int r = host_of(bench, &target);

	if (is_ours(variant)
		    ? callgate_notes_new(&notes) < 0 || callgate_policy_read(bench->profile, &policy, notes, NULL) < 0
		    : !theirs)
		return -1;
	start = now_us();
	for (int i = 0; i < WARM && r == 0; i++) {
		r = theirs ? peer_compile_read(theirs, variant == LINEAR ? 1 : 2, &insns, &count)
			   : ours_compile_read(&target, policy, notes, &insns, &count);
		if (r == 0)
			free(insns);
	}
	start = (now_us() - start) / WARM;
	peer_release(theirs);
	callgate_policy_free(policy);
	callgate_notes_free(notes);
	return r == 0 ? start : -1;
}

/* Nanoseconds of one call. */
static double call_ns(long nr, long a0)
{
	double start = now_us();

	for (int i = 0; i < CALLS; i++)
		syscall(nr, a0, 0, 0);
	return (now_us() - start) * 1e3 / CALLS;
}

static void all_calls(double ns[3])
{
	ns[0] = call_ns(SYS_getppid, 0);
	ns[1] = call_ns(SYS_personality, 0xffffffff);
	ns[2] = call_ns(SYS_keyctl, -1);
}

/* In the child, which the filter stays on. */
static void measure(const struct bench *bench, int variant, struct sample *out, const struct meeting *meeting)
{
	struct sock_filter *insns = NULL;
	struct sock_fprog prog;
	double start = now_us(), bare[3], filtered[3];

	if (compile(bench, variant, &insns, &out->instructions))
		_exit(1);
	out->values[COLD] = now_us() - start;
	start = now_us();
	for (int i = 0; i < WARM; i++) {
		struct sock_filter *again = NULL;

		if (compile(bench, variant, &again, &out->instructions))
			_exit(1);
		free(again);
	}
	out->values[WARMED] = (now_us() - start) / WARM;
	out->values[POLICY] = from_memory(bench, variant);
	out->values[PROOF] = is_ours(variant) ? proof_us(bench) : 0;
	out->values[UNPROVED] = out->values[POLICY] - out->values[PROOF];
	if (out->values[POLICY] < 0 || out->values[PROOF] < 0)
		_exit(1);
	prog = (struct sock_fprog){ .len = (unsigned short)out->instructions, .filter = insns };
	all_calls(bare);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(1);
	start = now_us();
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
		_exit(1);
	out->values[LOAD] = now_us() - start;
	all_calls(filtered);
	for (int i = 0; i < 3; i++)
		out->values[ALLOWED + i] = filtered[i] - bare[i];
	out->good = 1;
	if (write(meeting->ready[1], "", 1) == 1 && read(meeting->done[0], &(char){ 0 }, 1) < 0)
		_exit(1);
	_exit(0);
}

/* Of the one filter of a process; 0: not to be seen. */
static double machine_code(pid_t pid)
{
	struct callgate_witness *witness = NULL;
	struct callgate_tasks *tasks = NULL;
	double bytes = 0;

	if (callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, NULL) == 0 &&
	    callgate_witness_read(callgate_tasks_at(tasks, 0), callgate_tasks_count(tasks), CALLGATE_EVIDENCE_ITERATOR,
				  &witness, NULL) == 0)
		bytes = (double)callgate_witness_compiled(witness);
	callgate_witness_free(witness);
	callgate_tasks_free(tasks);
	return bytes;
}

static int in_child(struct bench *bench, int variant, int round)
{
	struct sample *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct meeting meeting;
	pid_t pid;
	int r = -1;

	if (shared == MAP_FAILED || pipe(meeting.ready) < 0 || pipe(meeting.done) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(meeting.ready[0]);
		close(meeting.done[1]);
		measure(bench, variant, shared, &meeting);
	}
	close(meeting.ready[1]);
	close(meeting.done[0]);
	if (pid > 0 && read(meeting.ready[0], &(char){ 0 }, 1) == 1)
		shared->values[MACHINE_CODE] = machine_code(pid);
	close(meeting.ready[0]);
	close(meeting.done[1]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid > 0 && shared->good) {
		for (int f = COLD; f <= DENIED; f++)
			bench->values[f][variant][round] = shared->values[f];
		bench->instructions[variant] = shared->instructions;
		r = 0;
	}
	munmap(shared, sizeof(*shared));
	return r;
}

/* Its CPU time in microseconds, of a process and of whom it waited for. -1: it did not succeed. */
static double process_us(const char *const argv[])
{
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -1;
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + (double)usage.ru_utime.tv_usec +
	       (double)usage.ru_stime.tv_usec;
}

static int processes(struct bench *bench, int variant, int round)
{
	const char *level = variant == TREE ? "2" : "1", *tool = bench->tool, *peer = bench->peer;
	const char *profile = bench->profile;
	const char *const compile_ours[] = { tool, "compile", "--caps", "docker", "-o", "/dev/null", profile, NULL };
	const char *const compile_peer[] = { peer, "compile", level, profile, "/dev/null", NULL };
	const char *const run_ours[] = {
		tool, "run", "--profile", profile, "--caps", "docker", "--", "/bin/true", NULL
	};
	const char *const run_peer[] = { peer, "run", level, profile, "/bin/true", NULL };
	double compiled = process_us(is_ours(variant) ? compile_ours : compile_peer);
	double ran = process_us(is_ours(variant) ? run_ours : run_peer);

	bench->values[COMPILE_PROCESS][variant][round] = compiled;
	bench->values[RUN_PROCESS][variant][round] = ran;
	return compiled < 0 || ran < 0 ? -1 : 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts a copy; at is in quarters. */
static double quantile(const double *values, int at)
{
	double sorted[ROUNDS];

	memcpy(sorted, values, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(*sorted), by_value);
	return sorted[(ROUNDS - 1) * at / 4];
}

/* Round by round, of variant against callgate. */
static void ratios(const struct bench *bench, int figure, int variant, double out[3])
{
	double ratio[ROUNDS];

	for (int r = 0; r < ROUNDS; r++)
		ratio[r] = bench->values[figure][variant][r] / bench->values[figure][OURS][r];
	for (int at = 1; at <= 3; at++)
		out[at - 1] = quantile(ratio, at);
}

static void print_text(const struct bench *bench)
{
	printf("%s, Docker's capabilities, x86_64 + x86 + x32; %d rounds, medians (quartiles)\ninstructions\n",
	       bench->profile, ROUNDS);
	for (int v = 0; v < VARIANTS; v++)
		printf("  %-30s %9zu\n", variant_words[v], bench->instructions[v]);
	for (int f = 0; f < FIGURES; f++) {
		printf("%s\n", figures[f].text);
		for (int v = 0; v < VARIANTS; v++) {
			double ratio[3];

			ratios(bench, f, v, ratio);
			printf("  %-30s %9.1f %s", variant_words[v], quantile(bench->values[f][v], 2),
			       f >= ALLOWED && f <= DENIED ? "ns"
			       : f == MACHINE_CODE         ? "bytes"
							   : "us");
			if (v && (f < ALLOWED || f > DENIED))
				printf("   %7.2f x callgate (%.2f to %.2f)", ratio[1], ratio[0], ratio[2]);
			printf("\n");
		}
	}
}

static void print_json(const struct bench *bench)
{
	struct utsname machine;

	uname(&machine);
	printf("{\"schema\": \"callgate.bench/1\", \"machine\": \"%s %s\", \"time\": %lld, \"rounds\": %d, "
	       "\"figures\": [",
	       machine.machine, machine.release, (long long)time(NULL), ROUNDS);
	for (int f = 0; f < FIGURES; f++)
		for (int v = 0; v < VARIANTS; v++) {
			double ratio[3];

			ratios(bench, f, v, ratio);
			printf("%s\n  {\"figure\": \"%s\", \"variant\": \"%s\", \"median\": %.2f, \"ratio\": %.3f}",
			       f + v ? "," : "", figures[f].key, variant_words[v], quantile(bench->values[f][v], 2),
			       ratio[1]);
		}
	printf("\n], \"instructions\": {");
	for (int v = 0; v < VARIANTS; v++)
		printf("%s\"%s\": %zu", v ? ", " : "", variant_words[v], bench->instructions[v]);
	printf("}}\n");
}

int main(int argc, char **argv)
{
	static struct bench bench;
	bool json = argc == 5 && strcmp(argv[1], "--json") == 0;
	cpu_set_t one;

	if (!json && argc != 4) {
		fprintf(stderr, "usage: bench [--json] PROFILE.json CALLGATE PEER_PROCESS\n");
		return 2;
	}
	bench.profile = argv[argc - 3];
	bench.tool = argv[argc - 2];
	bench.peer = argv[argc - 1];
	if (callgate_caps_parse("docker", &bench.caps, NULL) < 0)
		return 1;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	for (int round = 0; round < ROUNDS; round++)
		for (int v = 0; v < VARIANTS; v++) {
			int variant = (v + round) % VARIANTS;

			if (in_child(&bench, variant, round) < 0 || processes(&bench, variant, round) < 0) {
				fprintf(stderr, "bench: %s failed\n", variant_words[variant]);
				return 1;
			}
		}
	if (json)
		print_json(&bench);
	else
		print_text(&bench);
	return 0;
}
