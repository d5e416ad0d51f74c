/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdict rows (tests/verdicts) put to everything that can answer them: filter, interpreter, lifted program, kernel. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/prog.h"
#include "filter/filter.h"
#include "names/abi.h"
#include "names/words.h"
#include "tests/unit/agree.h"

/* One block of a file: what is asked, and every way to answer. */
struct block {
	char title[256];
	struct callgate_filter *filter, *lifted;
	struct callgate_prog *prog;
	enum callgate_abi host;
};

static void block_release(struct block *block)
{
	callgate_filter_free(block->filter);
	callgate_filter_free(block->lifted);
	callgate_prog_free(block->prog);
	memset(block, 0, sizeof(*block));
}

static void take_key(struct callgate_target *target, char *pair)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *value = strchr(pair, '=');
	int r = -1;

	cr_assert(value != NULL, "%s", pair);
	*value++ = '\0';
	if (strcmp(pair, "arch") == 0)
		r = callgate_abi_parse(value, &target->host);
	else if (strcmp(pair, "caps") == 0)
		r = callgate_caps_parse(value, &target->caps, &err);
	else if (strcmp(pair, "kernel") == 0)
		r = callgate_kernel_parse(value, &target->kernel_major, &target->kernel_minor);
	else if (strcmp(pair, "as") == 0)
		r = callgate_target_reader(target, value);
	else if (strcmp(pair, "names") == 0)
		r = callgate_release_parse(value, &target->libseccomp);
	else if (strcmp(pair, "enosys") == 0 && strcmp(value, "never") == 0) {
		target->enosys = CALLGATE_ENOSYS_NEVER;
		r = 0;
	}
	cr_assert(r == 0, "%s=%s", pair, value);
}

/* "# profile NAME key=value ..." */
static void block_open(struct block *block, const char *line)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	char copy[256], path[512], *at = copy, *word;

	block_release(block);
	snprintf(block->title, sizeof(block->title), "%s", line);
	snprintf(copy, sizeof(copy), "%s", line + strlen("# profile "));
	cr_assert(callgate_target_host(&target, &err) == 0);
	target.caps = 0;
	snprintf(path, sizeof(path), "%s/verdicts/%s", TESTS_DIR, strsep(&at, " "));
	while ((word = strsep(&at, " ")))
		take_key(&target, word);
	block->host = target.host;
	cr_assert(callgate_policy_read(path, &policy, NULL, &err) == 0, "%s: %s", path, err.text);
	cr_assert(callgate_filter_resolve(policy, &target, &block->filter, NULL, &err) == 0, "%s: %s", line, err.text);
	callgate_policy_free(policy);
	cr_assert(prog_lower(block->filter, &block->prog, &err) == 0, "%s: %s", line, err.text);
	cr_assert(prog_agree(block->prog, block->filter, &err) == 0, "%s: %s", line, err.text);
	cr_assert(prog_prove(block->prog, block->filter, &err) == 0, "%s: %s", line, err.text);
	cr_assert(callgate_filter_lift(block->prog, "lifted", target.host, &block->lifted, &err) == 0, "%s: %s", line,
		  err.text);
}

/* ------------------------------------------------------------------ the kernel */

/*
 * Nothing of what is asked may really happen. So an older filter answers ERRNO(MARK) to every call of the last kind
 * below: of two filters the stricter action counts, of two ERRNOs the newer one's data. MARK seen means: ours is less
 * strict than ERRNO.
 */
enum { MARK = 4000 };

struct answer {
	volatile int done, error;
};

static long call_x86(uint32_t nr, const uint64_t *args)
{
#if defined(__x86_64__)
	register uint64_t r8 __asm__("r8") = 0;
	long ret;

	/* ebp is the sixth argument; the rows leave it 0, and a compiler may need it. */
	__asm__ volatile("push %%rbp; xor %%ebp, %%ebp; int $0x80; pop %%rbp"
			 : "=a"(ret)
			 : "a"((uint64_t)nr), "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(args[3]), "D"(args[4]),
			   "r"(r8)
			 : "memory", "cc");
	return (int)ret;
#else
	(void)nr;
	(void)args;
	return -ENOSYS;
#endif
}

static void ask(const struct callgate_call *call, struct answer *answer)
{
	long ret;

	if (call->abi == CALLGATE_ABI_X86) {
		ret = call_x86(call->nr, call->args);
		answer->error = ret < 0 ? (int)-ret : 0;
	} else {
		ret = syscall((long)(int32_t)call->nr, call->args[0], call->args[1], call->args[2], call->args[3],
			      call->args[4], call->args[5]);
		answer->error = ret < 0 ? errno : 0;
	}
	answer->done = 1;
}

static int load(const struct sock_filter *insns, unsigned count)
{
	struct sock_fprog prog = { .len = (unsigned short)count, .filter = (struct sock_filter *)insns };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

/* The marking filter has to let the loading of ours pass, and nothing else. */
static void child(const struct block *block, const struct callgate_call *call, struct answer *answer)
{
	const struct sock_filter mark[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | MARK),
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || load(mark, 6) < 0)
		answer->done = -1;
	else if (load(block->prog->insns, block->prog->count) < 0)
		answer->done = -2;
	else
		ask(call, answer);
	for (;;) /* no call can end us under these filters; a fault does */
		*(volatile int *)0 = 0;
}

/* The kernel's verdict as a word, "" for less strict than ERRNO. */
static void kernel_verdict(const struct block *block, const struct callgate_call *call, char *buf, size_t size)
{
	struct answer *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	cr_assert(answer != MAP_FAILED);
	pid = fork();
	cr_assert(pid >= 0);
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		child(block, call, answer);
	}
	cr_assert(waitpid(pid, &status, 0) == pid);
	cr_assert(answer->done >= 0, "a filter could not be loaded (%d)", answer->done);
	if (answer->done && answer->error == MARK)
		buf[0] = '\0';
	else if (answer->done)
		callgate_action_format(
			(struct callgate_action){ .kind = CALLGATE_ERRNO, .data = (uint16_t)answer->error }, buf, size);
	else
		snprintf(buf, size, WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? "SIGSYS" : "?");
	munmap(answer, sizeof(*answer));
}

static bool kernel_can_say(const struct callgate_call *call)
{
	static int state; /* of this process: 1 can, -1 cannot */

	if (call->abi == CALLGATE_ABI_X86 && !state) {
		pid_t pid = fork();
		int status = 0;

		if (pid == 0) {
			uint64_t none[6] = { 0 };

			signal(SIGSEGV, SIG_DFL);              /* a sanitizer would report it */
			_exit(call_x86(20, none) > 0 ? 0 : 1); /* getpid; without IA32 emulation: SIGSEGV */
		}
		waitpid(pid, &status, 0);
		state = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : -1;
	}
	/* glibc's syscall() wants the loading calls' own number for itself. */
	if (call->nr == SYS_seccomp && call->abi == CALLGATE_ABI_X86_64)
		return false;
	if (call->abi == CALLGATE_ABI_X86)
		return state > 0;
	return call->abi == CALLGATE_ABI_X86_64 || call->abi == CALLGATE_ABI_X32;
}

static void check_kernel(const struct block *block, const struct callgate_call *call, const char *want,
			 const char *line)
{
	char got[32], expected[32];
	struct callgate_call cut = *call;

	if (block->host != CALLGATE_ABI_X86_64 || abi_native() != CALLGATE_ABI_X86_64 || !kernel_can_say(call))
		return;
	snprintf(expected, sizeof(expected), "%s", want);
	if (strncmp(want, "KILL", 4) == 0 || strncmp(want, "TRAP", 4) == 0)
		snprintf(expected, sizeof(expected), "SIGSYS");
	else if (strncmp(want, "ERRNO", 5) != 0)
		expected[0] = '\0';
	kernel_verdict(block, &cut, got, sizeof(got));
	cr_expect(strcmp(got, expected) == 0, "the kernel says '%s': %s\n%s", got, line, block->title);
}

/* ------------------------------------------------------------------ rows */

static void take_row(const struct block *block, const char *line)
{
	char copy[256], *at = copy, *word, *list, want[32];
	struct callgate_call call = { 0 };
	struct callgate_action action;
	struct prog_data data = { 0 };
	const struct node *leaf;

	snprintf(copy, sizeof(copy), "%s", line);
	cr_assert(callgate_abi_parse(strsep(&at, "\t"), &call.abi) == 0, "%s", line);
	word = strsep(&at, "\t");
	if (callgate_syscall_number(call.abi, word, &call.nr) < 0) {
		cr_assert(word[0] >= '0' && word[0] <= '9', "%s", line);
		call.nr = (uint32_t)strtoul(word, NULL, 0);
	}
	list = strsep(&at, "\t");
	for (int i = 0; i < 6 && list && *list; i++)
		call.args[i] = strtoull(strsep(&list, ","), NULL, 0);
	cr_assert(at && action_by_name((struct slice){ at, strlen(at) }, &action), "%s", line);
	callgate_action_format(action, want, sizeof(want));

	leaf = filter_walk(block->filter, abi_of(call.abi)->audit, call.nr, call.args);
	cr_expect(action_equal(leaf->action, action), "the filter differs: %s\n%s", line, block->title);
	leaf = filter_walk(block->lifted, abi_of(call.abi)->audit, call.nr, call.args);
	cr_expect(!leaf->opaque && action_equal(leaf->action, action), "the lifted program differs: %s\n%s", line,
		  block->title);
	data.nr = call.nr;
	data.audit = abi_of(call.abi)->audit;
	memcpy(data.args, call.args, sizeof(data.args));
	cr_expect(action_equal(action_from_word(prog_eval(block->prog, &data, NULL)), action),
		  "the program differs: %s\n%s", line, block->title);
	check_kernel(block, &call, want, line);
}

static unsigned take_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct block block = { 0 };
	unsigned rows = 0;
	char line[256];

	cr_assert(file != NULL, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "# profile ", 10) == 0) {
			block_open(&block, line);
		} else if (line[0] && line[0] != '#') {
			take_row(&block, line);
			rows++;
		}
	}
	fclose(file);
	block_release(&block);
	return rows;
}

Test(verdicts, hold_however_they_are_asked, .timeout = 120)
{
	DIR *dir = opendir(TESTS_DIR "/verdicts");
	struct dirent *entry;
	unsigned rows = 0;

	cr_assert(dir != NULL);
	while ((entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);
		char path[512];

		if (length < 4 || strcmp(entry->d_name + length - 4, ".tsv") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/verdicts/%s", TESTS_DIR, entry->d_name);
		rows += take_file(path);
	}
	closedir(dir);
	cr_assert(rows > 100, "only %u rows were found", rows);
}
