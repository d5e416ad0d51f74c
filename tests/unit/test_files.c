/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are no files, that change while they are read, and whose writers an access control list names. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/source.h"
#include "callgate.h"

static char place[64];

static void make_place(void)
{
	strcpy(place, "/tmp/callgate-files-XXXXXX");
	cr_assert_not_null(mkdtemp(place));
}

static const char *in_place(const char *name)
{
	static char path[4][256];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", place, name);
	return path[turn];
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

static void remove_place(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", place);
	cr_assert_eq(system(command), 0);
}

TestSuite(files, .init = make_place, .fini = remove_place);

/* ------------------------------------------------------------------ what is no file */

static void expect_refused(const char *path, const char *word)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct timespec before, after;
	struct source source;

	clock_gettime(CLOCK_MONOTONIC, &before);
	cr_assert_eq(source_read(path, SOURCE_ANYONE, &source, &err), CALLGATE_E_IO, "%s is read", path);
	clock_gettime(CLOCK_MONOTONIC, &after);
	cr_assert_not_null(strstr(err.text, word), "%s: %s", path, err.text);
	cr_assert_str_eq(err.file, path);
	cr_assert_leq(after.tv_sec - before.tv_sec, 1);
}

Test(files, that_are_none_are_refused_by_name_at_once, .timeout = 10)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	cr_assert_eq(mkfifo(in_place("fifo"), 0600), 0);
	expect_refused(in_place("fifo"), "FIFO");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", place);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	expect_refused(in_place("socket"), "socket");
	close(fd);
	expect_refused("/dev/zero", "device");
	expect_refused(place, "directory");
	cr_assert_eq(symlink("loop", in_place("loop")), 0);
	expect_refused(in_place("loop"), strerror(ELOOP));
	cr_assert_eq(symlink("fifo", in_place("link")), 0);
	expect_refused(in_place("link"), "FIFO");
}

static void *write_slowly(void *data)
{
	usleep(50000);
	if (write(*(int *)data, "hello", 5) != 5)
		abort();
	close(*(int *)data);
	return NULL;
}

Test(files, pipes_of_our_own_are_waited_for, .timeout = 10)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct source source;
	pthread_t thread;
	char path[64];
	int pipes[2];

	cr_assert_eq(pipe(pipes), 0);
	cr_assert_eq(pthread_create(&thread, NULL, write_slowly, &pipes[1]), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", pipes[0]);
	cr_assert_eq(source_read(path, SOURCE_ANYONE, &source, &err), 0, "%s", err.text);
	cr_assert_eq(source.size, 5);
	source_release(&source);
	pthread_join(thread, NULL);
}

/* ------------------------------------------------------------------ what changes meanwhile */

enum { HALF = 40000 };

struct writer {
	const char *path;
	bool stop;
	unsigned rounds, slow; /* slow: the machine had it wait between two halves for longer than a reader does */
};

enum { READER_WAITS_NS = 10000000 };

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* In place: first all 'a', then all 'b', and so on, each time from the beginning to the end. */
static void *write_again_and_again(void *data)
{
	struct writer *writer = data;
	char *text = malloc(2 * HALF);
	int fd = open(writer->path, O_WRONLY);

	for (char c = 'a'; !__atomic_load_n(&writer->stop, __ATOMIC_ACQUIRE); c = c == 'a' ? 'b' : 'a') {
		int64_t start = now_ns();

		memset(text, c, 2 * HALF);
		if (pwrite(fd, text, HALF, 0) != HALF || pwrite(fd, text + HALF, HALF, HALF) != HALF)
			abort();
		if (now_ns() - start > READER_WAITS_NS)
			__atomic_add_fetch(&writer->slow, 1, __ATOMIC_RELEASE);
		__atomic_add_fetch(&writer->rounds, 1, __ATOMIC_RELEASE);
		usleep((useconds_t)(rand() % 30000));
	}
	close(fd);
	free(text);
	return NULL;
}

/* Half of one text and half of another, with no write in the time in which the reader looks: only a writer that stood
 * still can do that. Whether it did it says at the end of its round. */
static bool stood_still(struct writer *writer, unsigned slow_before)
{
	unsigned rounds = __atomic_load_n(&writer->rounds, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&writer->rounds, __ATOMIC_ACQUIRE) == rounds)
		usleep(1000);
	return __atomic_load_n(&writer->slow, __ATOMIC_ACQUIRE) != slow_before;
}

Test(files, written_in_place_are_read_whole_or_refused, .timeout = 60)
{
	struct writer writer = { .path = in_place("text") };
	char *text = malloc(2 * HALF + 1);
	pthread_t thread;
	int whole = 0;

	memset(text, 'a', 2 * HALF);
	text[2 * HALF] = '\0';
	put(writer.path, text);
	cr_assert_eq(pthread_create(&thread, NULL, write_again_and_again, &writer), 0);
	for (int round = 0; round < 50; round++) {
		unsigned slow = __atomic_load_n(&writer.slow, __ATOMIC_ACQUIRE);
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct source source;
		size_t same = 1;

		if (source_read(writer.path, SOURCE_ANYONE, &source, &err) < 0) {
			cr_assert_eq(err.code, CALLGATE_E_IO, "%s", err.text);
			continue;
		}
		whole++;
		cr_assert_eq(source.size, 2 * HALF);
		while (same < source.size && source.text[same] == source.text[0])
			same++;
		cr_assert(same == source.size || stood_still(&writer, slow),
			  "round %d: half of one text and half of another", round);
		source_release(&source);
	}
	__atomic_store_n(&writer.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	free(text);
	cr_log_info("%d of 50 were read whole", whole);
}

/* ------------------------------------------------------------------ access control lists */

struct entry {
	unsigned tag, permissions, id;
};

static int set_acl(const char *path, const struct entry *entries, size_t count)
{
	unsigned char text[4 + 8 * 8] = { 2 };

	for (size_t i = 0; i < count; i++) {
		unsigned char *at = text + 4 + 8 * i;

		at[0] = (unsigned char)entries[i].tag;
		at[2] = (unsigned char)entries[i].permissions;
		for (unsigned j = 0; j < 4; j++)
			at[4 + j] = (unsigned char)(entries[i].id >> 8 * j);
	}
	return setxattr(path, "system.posix_acl_access", text, 4 + 8 * count, 0);
}

static int open_it(const char *path)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	int fd = -1, r = fd_open_trusted(path, &fd, &err);

	fd_close(fd);
	return r;
}

Test(files, others_named_by_a_list_make_a_file_untrusted)
{
	enum { NONE = -1, USER_OBJ = 1, USER = 2, GROUP_OBJ = 4, GROUP = 8, MASK = 16, OTHER = 32 };
	static const struct {
		const char *what;
		struct entry entry;
		unsigned mask;
		int want;
	} rows[] = {
		{ "another user may write", { USER, 6, 1234 }, 7, CALLGATE_E_UNTRUSTED },
		{ "another user may read", { USER, 4, 1234 }, 7, 0 },
		{ "another user may not write after all: the mask", { USER, 6, 1234 }, 4, 0 },
		{ "another group may write", { GROUP, 2, 1234 }, 6, CALLGATE_E_UNTRUSTED },
		{ "root may write", { USER, 6, 0 }, 7, 0 },
	};
	char directory[256], file[256];

	snprintf(directory, sizeof(directory), "%s", in_place("directory"));
	snprintf(file, sizeof(file), "%s", in_place("directory/file"));
	cr_assert_eq(mkdir(directory, 0755), 0);
	put(file, "x");
	chmod(file, 0644);
	cr_assert_eq(open_it(file), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct entry list[] = { { USER_OBJ, 6, (unsigned)NONE },
					      rows[i].entry,
					      { GROUP_OBJ, 4, (unsigned)NONE },
					      { MASK, rows[i].mask, (unsigned)NONE },
					      { OTHER, 4, (unsigned)NONE } };
		struct entry sorted[5];

		memcpy(sorted, list, sizeof(list));
		if (rows[i].entry.tag == GROUP) {
			sorted[1] = list[2];
			sorted[2] = list[1];
		}
		if (set_acl(file, sorted, 5) < 0) {
			cr_assert_eq(errno, EOPNOTSUPP, "%s", strerror(errno));
			cr_skip_test("no access control lists in /tmp");
		}
		cr_assert_eq(open_it(file), rows[i].want, "a file that %s", rows[i].what);
		cr_assert_eq(removexattr(file, "system.posix_acl_access"), 0);
		chmod(file, 0644);
		sorted[0].permissions = 7;
		cr_assert_eq(set_acl(directory, sorted, 5), 0);
		cr_assert_eq(open_it(file), rows[i].want, "a directory that %s", rows[i].what);
		cr_assert_eq(removexattr(directory, "system.posix_acl_access"), 0);
		chmod(directory, 0755);
	}
}

/* ------------------------------------------------------------------ in a user namespace, where root has no number */

enum { CALLER = 1001, STRANGER = 12345 };

static bool write_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool enter_own_namespace(void)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %d 1", CALLER);
	/* Who has changed its ids may not write its maps else. */
	return setgid(CALLER) == 0 && setuid(CALLER) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0 &&
	       unshare(CLONE_NEWUSER) == 0 && write_map("/proc/self/uid_map", map) &&
	       write_map("/proc/self/setgroups", "deny") && write_map("/proc/self/gid_map", map);
}

static int opened(const char *path)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	int fd, r = fd_open_trusted(path, &fd, &err);

	if (r == 0)
		fd_close(fd);
	return r;
}

/* 77: there are no user namespaces; else a bit for each answer that is wrong. */
static void look_from_inside(const char *own, const char *strangers)
{
	if (!enter_own_namespace())
		_exit(77);
	_exit((opened("/etc/passwd") != 0) | (opened(own) != 0) << 1 |
	      (opened(strangers) != CALLGATE_E_UNTRUSTED) << 2);
}

Test(files, a_strangers_file_does_not_count_as_roots_where_both_have_no_number)
{
	char open_to_all[] = "/run/callgate-open-XXXXXX", mine[] = "/tmp/callgate-mine-XXXXXX";
	char own[64], dir[64], strangers[96], command[160];
	int status;
	pid_t pid;

	if (geteuid() != 0 || !mkdtemp(open_to_all))
		cr_skip_test("needs root");
	cr_assert_not_null(mkdtemp(mine));
	snprintf(own, sizeof(own), "%s/file", mine);
	snprintf(dir, sizeof(dir), "%s/dir", open_to_all);
	snprintf(strangers, sizeof(strangers), "%s/file", dir);
	put(own, "x");
	cr_assert_eq(chmod(open_to_all, 01777) || mkdir(dir, 0755), 0);
	put(strangers, "x");
	cr_assert_eq(chown(strangers, STRANGER, STRANGER) || chown(dir, STRANGER, STRANGER), 0);
	cr_assert_eq(chown(own, CALLER, CALLER) || chown(mine, CALLER, CALLER), 0);
	pid = fork();
	if (pid == 0)
		look_from_inside(own, strangers);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	snprintf(command, sizeof(command), "rm -rf %s %s", open_to_all, mine);
	cr_assert_eq(system(command), 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip_test("needs user namespaces");
	cr_assert_eq(status, 0, "%#x", (unsigned)status);
}

/* A start reads what its engine wrote a moment ago: only a text that people may be writing is waited for. */
Test(files, of_a_program_that_has_ended_are_read_at_once, .timeout = 20)
{
	enum { ROUNDS = 20 };
	int64_t taken[2] = { 0 };

	for (int i = 0; i < 2 * ROUNDS; i++) {
		const char *path = in_place("text");
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct source source;
		int64_t start;

		put(path, "{}");
		start = now_ns();
		cr_assert_eq(source_read(path, i % 2 ? SOURCE_FINISHED : SOURCE_ANYONE, &source, &err), 0, "%s",
			     err.text);
		taken[i % 2] += now_ns() - start;
		source_release(&source);
	}
	cr_assert_lt(taken[1], taken[0] / 2, "%lld and %lld ns", (long long)taken[1], (long long)taken[0]);
}
