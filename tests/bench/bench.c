/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * make bench: ratios measured side by side. Every round runs each variant once, in turning order, each cold figure in a
 * child of its own, on one processor; medians and the quartiles of the round-by-round ratios are printed. Only the
 * peers' ratios are worth quoting: absolute times follow the machine.
 */
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "callgate.h"
#include "peer.h"

enum { ROUNDS = 21, WARM = 20, VARIANTS = 3, FIGURES = 3 };
static const char *const variant_words[VARIANTS] = { "callgate", "json-c + libseccomp, linear",
						     "json-c + libseccomp, tree" };
static const char *const figure_words[FIGURES] = { "file to program, cold", "file to program, warm", "seccomp(2)" };

struct sample {
	double us[FIGURES];
	size_t instructions;
	int good;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ours(const char *path, uint64_t caps, struct sock_filter **out, size_t *count)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_prog *prog = NULL;
	struct callgate_notes *notes = NULL;
	int r = callgate_target_host(&target, NULL);

	target.caps = caps;
	if (r == 0)
		r = callgate_notes_new(&notes);
	if (r == 0)
		r = callgate_policy_read(path, &policy, notes, NULL);
	if (r == 0)
		r = callgate_filter_resolve(policy, &target, &filter, notes, NULL);
	if (r == 0)
		r = callgate_filter_compile(filter, &prog, NULL);
	if (r == 0) {
		*count = callgate_prog_count(prog);
		*out = malloc(*count * sizeof(**out));
		memcpy(*out, callgate_prog_words(prog), *count * sizeof(**out));
	}
	callgate_prog_free(prog);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	callgate_notes_free(notes);
	return r;
}

static int compile(int variant, const char *path, uint64_t caps, struct sock_filter **out, size_t *count)
{
	return variant == 0 ? ours(path, caps, out, count) : peer_compile(path, caps, variant, out, count);
}

static void measure(int variant, const char *path, uint64_t caps, struct sample *out)
{
	struct sock_filter *insns = NULL;
	struct sock_fprog prog;
	double start = now_us();

	if (compile(variant, path, caps, &insns, &out->instructions))
		_exit(1);
	out->us[0] = now_us() - start;
	start = now_us();
	for (int i = 0; i < WARM; i++) {
		struct sock_filter *again = NULL;

		if (compile(variant, path, caps, &again, &out->instructions))
			_exit(1);
		free(again);
	}
	out->us[1] = (now_us() - start) / WARM;
	prog = (struct sock_fprog){ .len = (unsigned short)out->instructions, .filter = insns };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(1);
	start = now_us();
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
		_exit(1);
	out->us[2] = now_us() - start;
	out->good = 1;
	_exit(0);
}

static int run(int variant, const char *path, uint64_t caps, struct sample *out)
{
	struct sample *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = shared == MAP_FAILED ? -1 : fork();

	if (pid == 0)
		measure(variant, path, caps, shared);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (shared != MAP_FAILED) {
		*out = *shared;
		munmap(shared, sizeof(*shared));
	}
	return pid > 0 && out->good ? 0 : -1;
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

static void print_figure(int figure, struct sample samples[VARIANTS][ROUNDS])
{
	printf("%s\n", figure_words[figure]);
	for (int v = 0; v < VARIANTS; v++) {
		double us[ROUNDS], ratio[ROUNDS];

		for (int r = 0; r < ROUNDS; r++) {
			us[r] = samples[v][r].us[figure];
			ratio[r] = us[r] / samples[0][r].us[figure];
		}
		printf("  %-30s %9.1f us", variant_words[v], quantile(us, 2));
		if (v)
			printf("   %7.1f x callgate (%.1f to %.1f)", quantile(ratio, 2), quantile(ratio, 1),
			       quantile(ratio, 3));
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	static struct sample samples[VARIANTS][ROUNDS];
	cpu_set_t one;
	uint64_t caps;

	if (argc != 2 || callgate_caps_parse("docker", &caps, NULL)) {
		fprintf(stderr, "usage: bench PROFILE.json\n");
		return 2;
	}
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	for (int r = 0; r < ROUNDS; r++) {
		for (int v = 0; v < VARIANTS; v++) {
			int variant = (v + r) % VARIANTS;

			if (run(variant, argv[1], caps, &samples[variant][r]) < 0) {
				fprintf(stderr, "bench: %s failed\n", variant_words[variant]);
				return 1;
			}
		}
	}
	printf("%s, Docker's capabilities, x86_64 + x86 + x32; %d rounds, medians (quartiles)\n", argv[1], ROUNDS);
	printf("instructions\n");
	for (int v = 0; v < VARIANTS; v++)
		printf("  %-30s %9zu\n", variant_words[v], samples[v][0].instructions);
	for (int figure = 0; figure < FIGURES; figure++)
		print_figure(figure, samples);
	return 0;
}
