/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of libseccomp, made: some sets of rules keep it busy for hours, so a child works with a deadline. It hands back
 * the program in a memory file, or which call failed.
 */
#include "bpf/libseccomp_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "names/abi.h"

/* Seconds are the child's own; where others work too they come later. */
enum { PATIENCE = 4 };

bool library_call_add(struct library_calls *calls, const struct library_call *call)
{
	struct library_call copy = *call;

	if (call->count)
		copy.compares =
			arena_grow(&calls->arena, call->compares, call->count, call->count, sizeof(*call->compares));
	if (calls->count == calls->room) {
		unsigned room = calls->room ? calls->room * 2 : 64;
		struct library_call *list = arena_grow(&calls->arena, calls->list, calls->count, room, sizeof(*list));

		if (!list)
			return false;
		calls->list = list;
		calls->room = room;
	}
	if (call->count && !copy.compares)
		return false;
	calls->list[calls->count++] = copy;
	return true;
}

void library_calls_free(struct library_calls *calls)
{
	arena_free(&calls->arena);
	*calls = (struct library_calls)LIBRARY_CALLS_INIT;
}

/* ------------------------------------------------------------------ in the child */

/* What the child says when it gives up. */
struct complaint {
	unsigned at;
	int error;
};

static int rule_add(const struct libseccomp *library, scmp_filter_ctx context, const struct library_call *call)
{
	if (call->function == LIBRARY_RULE_ADD_EXACT)
		return library->rule_add_exact_array(context, call->word, call->nr, call->count, call->compares);
	return library->rule_add_array(context, call->word, call->nr, call->count, call->compares);
}

static int make_call(const struct libseccomp *library, scmp_filter_ctx contexts[CONTEXT_COUNT],
		     const struct library_call *call)
{
	scmp_filter_ctx *context = &contexts[call->context];
	int r = 0;

	switch (call->function) {
	case LIBRARY_API_SET:
		return library->api_set(call->word);
	case LIBRARY_INIT:
		*context = library->init(call->word);
		return *context ? 0 : -EINVAL;
	case LIBRARY_ARCH_ADD:
		r = library->arch_add(*context, call->word);
		return r == -EEXIST ? 0 : r;
	case LIBRARY_ARCH_REMOVE:
		return library->arch_remove(*context, call->word);
	case LIBRARY_ATTR_SET:
		return library->attr_set(*context, (enum scmp_filter_attr)call->word, call->value);
	case LIBRARY_RULE_ADD:
	case LIBRARY_RULE_ADD_EXACT:
		return rule_add(library, *context, call);
	case LIBRARY_MERGE:
		return library->merge(contexts[0], *context);
	}
	return r;
}

static void child_work(const struct libseccomp *library, const struct library_calls *calls, int program_fd,
		       int complaint_fd)
{
	scmp_filter_ctx contexts[CONTEXT_COUNT] = { NULL };
	struct complaint complaint = { 0 };
	int r = 0;

	for (unsigned i = 0; i < calls->count && r >= 0; i++) {
		r = make_call(library, contexts, &calls->list[i]);
		complaint.at = i;
		if (calls->list[i].optional)
			r = 0;
	}
	if (r >= 0) {
		complaint.at = calls->count;
		r = library->export_bpf(contexts[0], program_fd);
	}
	if (r >= 0)
		_exit(0);
	complaint.error = -r;
	_exit(write(complaint_fd, &complaint, sizeof(complaint)) < 0 ? 2 : 1);
}

/* ------------------------------------------------------------------ in the parent */

static long left_of(const struct timespec *start, unsigned seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)seconds * 1000 - (now.tv_sec - start->tv_sec) * 1000 - (now.tv_nsec - start->tv_nsec) / 1000000;
}

/* Waits until the child closes the pipe. False: the deadline has passed. */
static bool read_complaint(int fd, unsigned seconds, struct complaint *out)
{
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		struct complaint got;
		long left = left_of(&start, seconds);
		ssize_t n;

		if (left <= 0)
			return false;
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		n = read(fd, &got, sizeof(got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n == sizeof(got))
			*out = got;
		return true;
	}
}

static int read_program(int fd, struct callgate_prog **out, struct callgate_err *err)
{
	enum prog_order order = abi_of(abi_native())->big_endian ? PROG_BIG_ENDIAN : PROG_LITTLE_ENDIAN;
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
	return r;
}

static int err_late(unsigned seconds, struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_LIMIT, "libseccomp has not finished within %u second%s", seconds,
		       seconds == 1 ? "" : "s");
}

static int answer_of(const struct library_calls *calls, const struct complaint *complaint, int status, unsigned seconds,
		     struct library_failure *failure, struct callgate_err *err)
{
	if (complaint->error) {
		failure->error = complaint->error;
		failure->call = complaint->at < calls->count ? &calls->list[complaint->at] : NULL;
		return err_set_errno(err, CALLGATE_E_UNSUPPORTED, complaint->error, NULL,
				     failure->call ? "libseccomp refuses a call"
						   : "libseccomp cannot write the program");
	}
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
		return err_late(seconds, err);
	if (WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status)))
		return err_set(err, CALLGATE_E_UNSUPPORTED, "libseccomp crashed on this filter (status %#x)",
			       (unsigned)status);
	return 0;
}

/* Writes the child's complaint and its exit status. E_LIMIT: it was killed, having waited too long for so much time. */
static int wait_for_child(pid_t pid, int fd, unsigned seconds, struct complaint *complaint, int *status,
			  struct callgate_err *err)
{
	bool in_time = read_complaint(fd, seconds * PATIENCE, complaint);

	if (!in_time)
		kill(pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return in_time ? 0 : err_late(seconds, err);
}

static pid_t start_child(const struct libseccomp *library, const struct library_calls *calls, const int pipe_fds[2],
			 int program_fd, unsigned seconds)
{
	struct rlimit limit = { seconds, seconds };
	pid_t pid = fork();

	if (pid)
		return pid;
	setrlimit(RLIMIT_CPU, &limit); /* ends it, also should the parent be gone */
	close(pipe_fds[0]);
	child_work(library, calls, program_fd, pipe_fds[1]);
	return 0;
}

static int run(const struct libseccomp *library, const struct library_calls *calls, unsigned seconds, int program_fd,
	       struct library_failure *failure, struct callgate_err *err)
{
	struct complaint complaint = { 0 };
	int pipe_fds[2], status = 0, r, failed;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot make a pipe");
	pid = start_child(library, calls, pipe_fds, program_fd, seconds);
	failed = errno;
	close(pipe_fds[1]);
	if (pid < 0)
		r = err_set_errno(err, CALLGATE_E_KERNEL, failed, NULL, "cannot start libseccomp");
	else
		r = wait_for_child(pid, pipe_fds[0], seconds, &complaint, &status, err);
	close(pipe_fds[0]);
	return r < 0 ? r : answer_of(calls, &complaint, status, seconds, failure, err);
}

int library_calls_make(const struct libseccomp *library, const struct library_calls *calls, unsigned seconds,
		       struct callgate_prog **out, struct library_failure *failure, struct callgate_err *err)
{
	int program_fd = memfd_create("callgate-libseccomp", MFD_CLOEXEC), r;

	*failure = (struct library_failure){ 0 };
	if (program_fd < 0)
		return err_set_errno(err, CALLGATE_E_KERNEL, errno, NULL, "cannot make a memory file");
	r = run(library, calls, seconds, program_fd, failure, err);
	if (r == 0)
		r = read_program(program_fd, out, err);
	fd_close(program_fd);
	return r;
}
