/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command lines that a wrapper around runc and crun must understand, and those that it must refuse. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "hooks/oci-args.h"

enum { WORDS = 24 };

static const char *read_line(const char *line, char *copy, struct oci_args *out)
{
	char *words[WORDS] = { (char *)"callgate-runc" }, *save;
	int count = 1;

	strcpy(copy, line);
	for (char *word = strtok_r(copy, " ", &save); word && count < WORDS - 1; word = strtok_r(NULL, " ", &save))
		words[count++] = word;
	return oci_args_read(count, words, out);
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

Test(oci_args, understood)
{
	static const struct {
		const char *line, *command, *bundle, *id, *log;
	} rows[] = {
		{ "create --bundle /b box", "create", "/b", "box", NULL },
		{ "run -b /b -d box", "run", "/b", "box", NULL },
		{ "run box", "run", NULL, "box", NULL },
		{ "create box --bundle=/b", "create", "/b", "box", NULL },
		{ "--root /r --log /l --log-format json --systemd-cgroup create --bundle /b --pid-file /p "
		  "--console-socket /c --no-pivot box",
		  "create", "/b", "box", "/l" },
		{ "--root=/r --log=/l --debug=true create --preserve-fds 3 --bundle /b box", "create", "/b", "box",
		  "/l" },
		{ "--callgate-profile web create --bundle /b box", "create", "/b", "box", NULL },
		{ "--callgate-profile=create run -b /b box", "run", "/b", "box", NULL },
		/* A value that looks like a command is none. */
		{ "--root create state box", "state", NULL, NULL, NULL },
		{ "--cgroup-manager run create -b /b box", "create", "/b", "box", NULL },
		{ "create --bundle run box", "create", "run", "box", NULL },
		{ "--log create run -b /b box", "run", "/b", "box", "create" },
		{ "-- create -b /b box", "create", "/b", "box", NULL },
		{ "create -b /b -- -box", "create", "/b", "-box", NULL },
		{ "delete --force box", "delete", NULL, "box", NULL },
		{ "exec --process /p box run -b /x y", "exec", NULL, NULL, NULL },
		{ "--version", NULL, NULL, NULL, NULL },
		{ "", NULL, NULL, NULL, NULL },
	};
	char copy[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oci_args args;
		const char *complaint = read_line(rows[i].line, copy, &args);

		cr_assert_null(complaint, "%s: %s", rows[i].line, complaint);
		cr_assert(same(args.command, rows[i].command), "%s: command %s", rows[i].line, args.command);
		cr_assert(same(args.bundle, rows[i].bundle), "%s: bundle %s", rows[i].line, args.bundle);
		cr_assert(same(args.id, rows[i].id), "%s: id %s", rows[i].line, args.id);
		cr_assert(same(args.log, rows[i].log), "%s: log %s", rows[i].line, args.log);
	}
}

/* Ours alone: the real runtime knows no such option. */
Test(oci_args, profile)
{
	static const struct {
		const char *line, *profile;
		int at, count;
	} rows[] = {
		{ "--callgate-profile web create -b /b box", "web", 1, 2 },
		{ "--root /r --callgate-profile=/p.json --log /l run box", "/p.json", 3, 1 },
		{ "--root --callgate-profile create box", NULL, 0, 0 },
	};
	char copy[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oci_args args;

		cr_assert_null(read_line(rows[i].line, copy, &args), "%s", rows[i].line);
		cr_assert(same(args.profile, rows[i].profile), "%s: %s", rows[i].line, args.profile);
		cr_assert_eq(args.own_at, rows[i].at, "%s: at %d", rows[i].line, args.own_at);
		cr_assert_eq(args.own_count, rows[i].count, "%s: count %d", rows[i].line, args.own_count);
	}
}

/* Whatever could hide a create or another configuration. */
Test(oci_args, refused)
{
	static const char *const rows[] = {
		"--new-option x create -b /b box",
		"-x create",
		"--ro /r create -b /b box",
		"-root /r create box",
		"- create box",
		"create --bundle /a --bundle /b box",
		"create -b /a --bundle=/b box",
		"create -b=/b box",
		"create -b/b box",
		"create -bundle /b box",
		"create --config other.json box",
		"run -f other.json box",
		"create --config=other.json box",
		"create --new-option box",
		"create -b /b box other",
		"--callgate-profile a --callgate-profile b create -b /b box",
		"--callgate-profile",
		"-callgate-profile x create -b /b box",
		"create --callgate-profile x -b /b box",
		"create --bundle",
		"run box -b",
		"--root",
	};
	char copy[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oci_args args;

		cr_assert_not_null(read_line(rows[i], copy, &args), "%s", rows[i]);
	}
}
