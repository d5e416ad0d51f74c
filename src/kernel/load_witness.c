/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc says of the threads before and after. The new filter may forbid to look: then a process that has not got
 * it looks, and answers through shared memory. Uses nothing that the preload library has not. */
#include "kernel/load_witness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/words.h"

enum { NAPS = 40000, NAP_NS = 50000 };
enum { SPINS = 1 << 28 }; /* some seconds */
enum { WAIT_ALL = 0x40000000, READ_WRITE = 3 };

enum load_stage { LOAD_WAITS, LOAD_DONE, LOAD_ABANDONED };
enum load_answer { ANSWER_NONE, ANSWER_THERE, ANSWER_LACKS, ANSWER_UNKNOWN };

struct load_shared {
	int stage, answer; /* an enum load_stage, an enum load_answer */
	long thread;       /* that lacks it */
};

static int cannot_tell(struct callgate_err *err)
{
	return err_set_errno(err, CALLGATE_E_IO, errno, "/proc/thread-self/status",
			     "cannot tell whether a filter would be loaded: is /proc mounted?");
}

static int lacks(long thread, struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_MISMATCH,
		       "seccomp(2) answered with success, and thread %ld has no filter more than before: a filter "
		       "beneath, a tracer or a "
		       "supervisor answers in the kernel's place",
		       thread);
}

/* ------------------------------------------------------------------ one thread's status */

static int to_number(const char *digits)
{
	int value = 0;

	while (*digits >= '0' && *digits <= '9' && value < 100000000)
		value = value * 10 + (*digits++ - '0');
	return value;
}

/* The number behind "KEY:" at the start of a line; absent where there is none. */
static int number(const char *text, const char *key, int absent)
{
	size_t size = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, size) != 0 || line[size] != ':')
			continue;
		for (line += size + 1; *line == ' ' || *line == '\t';)
			line++;
		return *line >= '0' && *line <= '9' ? to_number(line) : absent;
	}
	return absent;
}

static bool read_status(int fd, char text[LOAD_TEXT], struct load_seen *out)
{
	enum { FULL = LOAD_TEXT - 1, OVERLAP = 256, PIECES = 128 };
	long size = FULL, at = 0;

	*out = (struct load_seen){ .mode = -1, .filters = -1 };
	/* One piece, but for a process in a thousand groups: all are in one line before these. */
	for (int piece = 0; piece < PIECES && size == FULL; piece++) {
		size = syscall(SYS_pread64, fd, text, (long)FULL, at);
		text[size > 0 ? size : 0] = '\0';
		out->mode = number(text, "Seccomp", out->mode);
		out->filters = number(text, "Seccomp_filters", out->filters);
		out->threads = (unsigned)number(text, "Threads", (int)out->threads);
		out->whole = piece == 0 && size < FULL;
		at += FULL - OVERLAP;
	}
	return out->mode >= 0 && out->threads > 0;
}

/* Since Linux 5.9 the kernel counts; before that only the first filter of a thread shows. */
static bool has_more(const struct load_seen *before, const struct load_seen *after)
{
	return after->mode == SECCOMP_MODE_FILTER &&
	       (before->mode == SECCOMP_MODE_DISABLED || (before->filters >= 0 && after->filters > before->filters));
}

/* ------------------------------------------------------------------ the observer */

/* 1: has it; 0: lacks it; -1: gone or not to be read. */
static int look_at(int dir, const char *name, const struct load_seen *before)
{
	char path[64], text[LOAD_TEXT];
	struct load_seen seen;
	int fd;
	bool good;

	snprintf(path, sizeof(path), "%s/status", name);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	good = read_status(fd, text, &seen);
	close(fd);
	return good ? has_more(before, &seen) : -1;
}

struct entry { /* struct linux_dirent64 */
	uint64_t inode, offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

static int look_at_all(int dir, const struct load_seen *before, struct load_shared *shared)
{
	_Alignas(struct entry) char entries[4096];
	unsigned found = 0;
	long size;

	while ((size = syscall(SYS_getdents64, dir, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < size;) {
			const struct entry *entry = (const struct entry *)(entries + at);
			int has = entry->name[0] == '.' ? -1 : look_at(dir, entry->name, before);

			at += entry->size;
			found += has >= 0;
			if (has == 0) {
				shared->thread = to_number(entry->name);
				return ANSWER_LACKS;
			}
		}
	}
	return size == 0 && found ? ANSWER_THERE : ANSWER_UNKNOWN;
}

static void observe(const struct load_witness *witness, int dir, const char *thread)
{
	struct load_shared *shared = witness->shared;
	const long nap[2] = { 0, NAP_NS };
	int naps = 0, has, answer;

	while (__atomic_load_n(&shared->stage, __ATOMIC_ACQUIRE) == LOAD_WAITS && naps++ < NAPS)
		syscall(SYS_nanosleep, nap, NULL);
	if (__atomic_load_n(&shared->stage, __ATOMIC_ACQUIRE) != LOAD_DONE)
		return;
	if (witness->prog->flags & SECCOMP_FILTER_FLAG_TSYNC) {
		answer = look_at_all(dir, &witness->before, shared);
	} else {
		has = look_at(dir, thread, &witness->before);
		shared->thread = to_number(thread);
		answer = has < 0 ? ANSWER_UNKNOWN : has ? ANSWER_THERE : ANSWER_LACKS;
	}
	__atomic_store_n(&shared->answer, answer, __ATOMIC_RELEASE);
}

/* A grandchild, so that it is nobody's child here and its end shows to nobody. */
static int start_observer(const struct load_witness *witness)
{
	char path[64], thread[32];
	long child, left;
	int dir;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)getpid());
	snprintf(thread, sizeof(thread), "%ld", syscall(SYS_gettid));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	child = syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
	if (child == 0) {
		if (syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L) == 0)
			observe(witness, dir, thread);
		syscall(SYS_exit_group, 0L);
	}
	do
		left = child < 0 ? -1 : syscall(SYS_wait4, child, NULL, (long)WAIT_ALL, NULL);
	while (left < 0 && child > 0 && errno == EINTR);
	close(dir);
	return left == child && child > 0 ? 0 : -1;
}

static int ask_observer(struct load_witness *witness, struct callgate_err *err)
{
	struct load_shared *shared = witness->shared;

	__atomic_store_n(&shared->stage, LOAD_DONE, __ATOMIC_RELEASE);
	for (int i = 0; i < SPINS; i++) {
		int answer = __atomic_load_n(&shared->answer, __ATOMIC_ACQUIRE);

		if (answer == ANSWER_THERE)
			return 0;
		if (answer == ANSWER_LACKS)
			return lacks(shared->thread, err);
		if (answer == ANSWER_UNKNOWN)
			break;
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#endif
	}
	return err_set(err, CALLGATE_E_IO, "cannot tell whether the filter was loaded");
}

/* ------------------------------------------------------------------ whose turn it is */

/* Programs that ask where a call comes from may answer otherwise than we work out. */
static bool asks_ip(const struct callgate_prog *prog)
{
	for (unsigned i = 0; i < prog->count; i++)
		if (prog->insns[i].code == (BPF_LD | BPF_W | BPF_ABS) &&
		    (prog->insns[i].k == 8 || prog->insns[i].k == 12))
			return true;
	return false;
}

static bool lets(const struct callgate_prog *prog, long nr, const uint64_t args[6])
{
	struct prog_data data = { .nr = (uint32_t)nr, .audit = abi_of(abi_native())->audit };

	memcpy(data.args, args, sizeof(data.args));
	return prog_eval(prog, &data, NULL) == SECCOMP_RET_ALLOW;
}

/* Programs that ask for the place of the text answer for this very one only: the buffer is the thread's own and stays
 * where it is. */
static bool may_look(const struct load_witness *witness)
{
	const uint64_t reads[6] = { (uint64_t)witness->status, (uintptr_t)witness->text, LOAD_TEXT - 1, 0 };
	const uint64_t closes[6] = { (uint64_t)witness->status };

	return sizeof(long) == 8 && witness->before.threads == 1 && witness->before.whole && !asks_ip(witness->prog) &&
	       lets(witness->prog, SYS_pread64, reads) && lets(witness->prog, SYS_close, closes);
}

static bool look(struct load_witness *witness, struct load_seen *out)
{
	return read_status(witness->status, witness->text, out);
}

static int counts_enough(struct load_witness *witness, struct callgate_err *err)
{
	if (witness->before.mode != SECCOMP_MODE_FILTER || witness->before.filters >= 0)
		return 0;
	load_witness_abandon(witness);
	return err_set(err, CALLGATE_E_UNSUPPORTED,
		       "this kernel does not count filters: whether another was loaded would be unknown");
}

static int share(struct load_witness *witness, struct callgate_err *err)
{
	long at = syscall(SYS_mmap, 0L, sizeof(*witness->shared), (long)READ_WRITE, (long)(MAP_SHARED | MAP_ANONYMOUS),
			  -1L, 0L);

	if (at == -1)
		return err_nomem(err);
	witness->shared = (struct load_shared *)at;
	if (start_observer(witness) == 0)
		return counts_enough(witness, err);
	load_witness_abandon(witness);
	return cannot_tell(err);
}

int load_witness_open(struct load_witness *witness, const struct callgate_prog *prog, struct callgate_err *err)
{
	bool seen;

	witness->prog = prog;
	witness->shared = NULL;
	witness->status = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
	if (witness->status < 0)
		return cannot_tell(err);
	seen = look(witness, &witness->before);
	if (seen && may_look(witness))
		return counts_enough(witness, err);
	close(witness->status);
	witness->status = -1;
	return seen ? share(witness, err) : cannot_tell(err);
}
int load_witness_check(struct load_witness *witness, struct callgate_err *err)
{
	struct load_seen after;
	int r;

	if (witness->shared)
		return ask_observer(witness, err);
	r = look(witness, &after) ? 0 : cannot_tell(err);
	if (r == 0 && !has_more(&witness->before, &after))
		r = lacks((long)getpid(), err);
	close(witness->status);
	witness->status = -1;
	return r;
}

void load_witness_abandon(struct load_witness *witness)
{
	if (witness->status >= 0)
		close(witness->status);
	if (witness->shared) {
		__atomic_store_n(&witness->shared->stage, LOAD_ABANDONED, __ATOMIC_RELEASE);
		syscall(SYS_munmap, witness->shared, sizeof(*witness->shared));
	}
	witness->status = -1;
	witness->shared = NULL;
}
