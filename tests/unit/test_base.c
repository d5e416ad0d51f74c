/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arena, errors, notes, sources, trusted files. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "base/source.h"
#include "base/text.h"

Test(arena, gives_zeroed_memory_and_keeps_its_bound)
{
	struct arena arena = { .limit = 64 * 1024 };
	unsigned char *at = arena_alloc(&arena, 100);

	cr_assert_not_null(at);
	for (int i = 0; i < 100; i++)
		cr_assert_eq(at[i], 0);
	cr_assert_null(arena_alloc(&arena, 128 * 1024));
	cr_assert_null(arena_array(&arena, (size_t)-1 / 2, 4));
	cr_assert_str_eq(arena_strndup(&arena, "abcdef", 3), "abc");
	arena_free(&arena);
}

/* Callers take 0 for success. */
Test(err, is_never_success)
{
	static const int codes[] = { 0, 1, CALLGATE_E_NOMEM, CALLGATE_E_UNTRUSTED };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		int want = codes[i] < 0 ? codes[i] : CALLGATE_E_MISMATCH;
		struct callgate_err err = CALLGATE_ERR_INIT;

		cr_expect_eq(err_set(&err, codes[i], "said"), want);
		cr_expect_eq(err.code, want);
		cr_expect_eq(err_set_errno(&err, codes[i], EPERM, "file", "said"), want);
		cr_expect_eq(err.code, want);
		cr_expect_eq(err_set(NULL, codes[i], "said"), want);
	}
}

Test(source, counts_lines_and_columns)
{
	struct source source = { .name = "x", .text = "ab\ncd\n\nefg", .size = 10 };
	static const unsigned want[][3] = { { 0, 1, 1 }, { 2, 1, 3 }, { 3, 2, 1 },
					    { 6, 3, 1 }, { 7, 4, 1 }, { 99, 4, 4 } };
	unsigned line, column;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		source_locate(&source, want[i][0], &line, &column);
		cr_assert_eq(line, want[i][1], "offset %u: line %u", want[i][0], line);
		cr_assert_eq(column, want[i][2], "offset %u: column %u", want[i][0], column);
	}
}

Test(notes, are_printable_located_and_bounded)
{
	struct source source = { .name = "p.json", .text = "one\n\ttwo \x1b[31m three\nfour", .size = 25 };
	struct callgate_notes *notes;
	const struct callgate_note *note;

	cr_assert_eq(callgate_notes_new(&notes), 0);
	cr_assert_eq(note_at(notes, CALLGATE_ERROR, NOTE_SYNTAX, &source, 9, "odd '%s'", "\x1b]0;\xff"),
		     CALLGATE_E_PROFILE);
	cr_assert_eq(note_at(notes, CALLGATE_WARNING, NOTE_SYNTAX, &source, 1, "earlier"), 0);
	note = callgate_notes_at(notes, 0);
	cr_assert_str_eq(note->text, "odd '\\x1b]0;\\xff'");
	cr_assert_eq(note->line, 2);
	cr_assert_eq(note->column, 6);
	cr_assert_str_eq(note->source_line, " two ?[31m three");
	cr_assert_eq(note->caret, 5);
	cr_assert_eq(callgate_notes_at(notes, 1)->line, 1);
	for (int i = 0; i < 1000; i++)
		note_at(notes, CALLGATE_WARNING, NOTE_SYNTAX, &source, 1, "again");
	note_at(notes, CALLGATE_ERROR, NOTE_SYNTAX, &source, 24, "last");
	cr_assert_leq(callgate_notes_count(notes), NOTES_LIMIT);
	cr_assert_eq(callgate_notes_total(notes, CALLGATE_WARNING), 1001);
	cr_assert_str_eq(callgate_notes_at(notes, callgate_notes_count(notes) - 1)->text, "last");
	callgate_notes_free(notes);
}

static void put(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	cr_assert(fd >= 0 && write(fd, "x", 1) == 1 && fchmod(fd, mode) == 0);
	close(fd);
}

Test(fd, trusts_only_files_that_others_cannot_change)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char dir[] = "/var/tmp/callgate-XXXXXX", path[128], link[128];
	int fd = -1;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	put(path, 0644);
	cr_assert_eq(fd_open_trusted(path, &fd, &err), 0, "%s", err.text);
	close(fd);
	cr_assert_eq(chmod(path, 0666), 0);
	cr_assert_eq(fd_open_trusted(path, &fd, &err), CALLGATE_E_UNTRUSTED);
	cr_assert_not_null(strstr(err.text, "file"));
	cr_assert_eq(chmod(path, 0644), 0);
	cr_assert_eq(chmod(dir, 0777), 0);
	cr_assert_eq(fd_open_trusted(path, &fd, &err), CALLGATE_E_UNTRUSTED);
	cr_assert_eq(chmod(dir, 01777), 0);
	cr_assert_eq(fd_open_trusted(path, &fd, &err), CALLGATE_E_UNTRUSTED);
	cr_assert_eq(chmod(dir, 0755), 0);
	snprintf(link, sizeof(link), "%s/link", dir);
	cr_assert_eq(symlink(path, link), 0);
	cr_assert_eq(fd_open_trusted(link, &fd, &err), CALLGATE_E_UNTRUSTED);
	unlink(link);
	cr_assert_eq(fd_open_trusted(link, &fd, &err), CALLGATE_E_IO);
	cr_assert_eq(mkfifo(link, 0600), 0);
	cr_assert_eq(fd_open_trusted(link, &fd, &err), CALLGATE_E_UNTRUSTED);
	unlink(link);
	unlink(path);
	rmdir(dir);
}

Test(fd, writes_only_below_directories_that_others_cannot_change)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char dir[] = "/var/tmp/callgate-XXXXXX", path[128], link[128];

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a/b", dir);
	cr_assert_eq(fd_make_dir(path, 0755, &err), 0, "%s", err.text);
	snprintf(link, sizeof(link), "%s/link", dir);
	cr_assert_eq(symlink("a", link), 0);
	snprintf(path, sizeof(path), "%s/link/b", dir);
	cr_assert_eq(fd_make_dir(path, 0755, &err), CALLGATE_E_UNTRUSTED);
	unlink(link);
	snprintf(path, sizeof(path), "%s/a", dir);
	cr_assert_eq(chmod(path, 0777), 0);
	snprintf(path, sizeof(path), "%s/a/b", dir);
	cr_assert_eq(fd_make_dir(path, 0755, &err), CALLGATE_E_UNTRUSTED);
	cr_assert_not_null(strstr(err.text, "'a'"));
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(dir);
}

Test(fd, writes_whole_files_or_none)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct source source;
	char dir[] = "/var/tmp/callgate-XXXXXX", path[128];

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a/b", dir);
	cr_assert_eq(fd_make_dir(path, 0755, &err), 0, "%s", err.text);
	snprintf(path, sizeof(path), "%s/a/b/c", dir);
	cr_assert_eq(fd_write_atomic(path, "first", 5, 0600, &err), 0);
	cr_assert_eq(fd_write_atomic(path, "second", 6, 0600, &err), 0);
	cr_assert_eq(source_read(path, SOURCE_TRUSTED, &source, &err), 0, "%s", err.text);
	cr_assert(source.size == 6 && memcmp(source.text, "second", 6) == 0);
	source_release(&source);
	cr_assert_eq(fd_write_atomic("/nonexistent/x", "", 0, 0600, &err), CALLGATE_E_IO);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(dir);
}

/* ------------------------------------------------------------------ what cannot be */

Test(fd, paths_that_cannot_be_are_refused_by_name)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char endless[PATH_MAX + 8], near[PATH_MAX], dir[] = "/tmp/callgate-fd-XXXXXX", path[64];
	int fd = -1;

	memset(endless, 'a', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	memset(near, 'b', sizeof(near));
	near[sizeof(near) - 1] = '\0';
	cr_assert_eq(fd_open_trusted(endless, &fd, &err), CALLGATE_E_IO);
	cr_assert_eq(err.sys_errno, ENAMETOOLONG);
	cr_assert_eq(fd_make_dir(endless, 0755, &err), CALLGATE_E_IO);
	cr_assert_eq(err.sys_errno, ENAMETOOLONG);
	cr_assert_eq(fd_write_atomic(near, "x", 1, 0644, &err), CALLGATE_E_IO);
	cr_assert_eq(err.sys_errno, ENAMETOOLONG);
	cr_assert_eq(fd_open_trusted("/", &fd, &err), CALLGATE_E_IO);
	cr_assert_eq(err.sys_errno, EISDIR);
	cr_assert_eq(fd_make_dir("/proc/callgate/here", 0755, &err), CALLGATE_E_IO);
	cr_assert_eq(fd_make_dir("/proc/callgate", 0755, &err), CALLGATE_E_IO);
	/* A directory stands where the file should: what was there stays, and nothing is left beside it. */
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	cr_assert_eq(mkdir(path, 0755), 0);
	cr_assert_eq(fd_write_atomic(path, "x", 1, 0644, &err), CALLGATE_E_IO);
	cr_assert_eq(err.sys_errno, EISDIR);
	cr_assert_eq(rmdir(path), 0);
	cr_assert_eq(rmdir(dir), 0, "something was left");
	cr_assert_eq(fd, -1);
}

Test(text, grows_for_what_is_long_and_escapes_for_json)
{
	char word[1000], *out;
	struct text text = { 0 };
	size_t size;

	memset(word, 'x', sizeof(word));
	text_add(&text, "%.*s", (int)sizeof(word), word);
	text_add_json(&text, "a\"b\\c\x01\x7f");
	cr_assert_eq(text_take(&text, &out, &size, NULL), 0);
	cr_assert_eq(size, sizeof(word) + strlen("\"a\\\"b\\\\c\\u0001\\u007f\""));
	cr_assert_str_eq(out + sizeof(word), "\"a\\\"b\\\\c\\u0001\\u007f\"");
	free(out);
}
