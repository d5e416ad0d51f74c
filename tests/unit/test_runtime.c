/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read of containers besides their bundles: LXC's configuration without LXC, names of pods, state files that
 * nobody needs, links on the way to a profile, recorders that cannot begin. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "callgate.h"
#include "record/recording.h"
#include "runtime/hooks.h"

static char top[] = "/tmp/callgate-unit-XXXXXX";
static const char *where = "/"; /* or top, where a test has made it */

/* In the directory of this test. */
static void run(const char *command)
{
	char text[1024];

	snprintf(text, sizeof(text), "cd '%s' && %s", where, command);
	cr_assert_eq(system(text), 0, "%s", text);
}

static void make_top(void)
{
	where = mkdtemp(top);
	cr_assert_not_null(where);
}

static void remove_top(void)
{
	char command[64];

	where = "/";
	snprintf(command, sizeof(command), "rm -r '%s'", top);
	run(command);
}

/* A file below the directory of this test. */
static const char *put(const char *name, const char *text)
{
	static char path[600];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : top, name[0] == '/' ? "" : "/", name);
	file = fopen(path, "w");
	cr_assert_not_null(file, "%s: %s", path, strerror(errno));
	fputs(text, file);
	cr_assert_eq(fclose(file), 0);
	return path;
}

/* A /run of this test's own. */
static void own_run(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/run", "tmpfs", 0, "mode=755") < 0)
		cr_skip_test("no mount namespace can be made here: %s", strerror(errno));
}

/* ------------------------------------------------------------------ an LXC container's configuration */

TestSuite(lxc_config, .init = make_top, .fini = remove_top);

Test(lxc_config, values_quotes_and_includes)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_lxc_config config;
	char text[2048], main[600];
	uint64_t all;

	run("mkdir d d/sub.conf.d");
	put("d/b.conf", "lxc.init.cmd = /sbin/second\n");
	put("d/a.conf", "lxc.init.cmd = /sbin/first\nlxc.cap.drop = sys_time\n");
	put("d/none.txt", "lxc.arch = never\n");
	put("d/.hidden.conf", "lxc.arch = never\n");
	snprintf(text, sizeof(text),
		 "# lxc.arch = comment\n"
		 "lxc.uts.name = web\n"
		 "not a line of LXC's = 1\n"
		 "lxc.arch\n"
		 "  lxc.arch =  x86_64 \r\n"
		 "lxc.rootfs.path = dir:/srv/web\n"
		 "lxc.no_new_privs = 1\n"
		 "lxc.idmap = u 0 100000 65536\n"
		 "lxc.idmap = g 0 200000 65536\n"
		 "lxc.cap.drop = mknod\n"
		 "lxc.cap.drop =\n"
		 "lxc.cap.drop = 0 sys_boot\n"
		 "lxc.include =\n"
		 "lxc.include = %s/d\n"
		 "lxc.seccomp.profile = '/first'\n"
		 "lxc.seccomp.profile = \"/run/callgate/lxc/web.seccomp\"\n",
		 top);
	snprintf(main, sizeof(main), "%s", put("config", text));
	cr_assert_eq(callgate_lxc_config_read(main, &config, &err), 0, "%s", err.text);
	cr_expect_str_eq(config.arch, "x86_64");
	cr_expect_str_eq(config.rootfs, "/srv/web");
	cr_expect_str_eq(config.init, "/sbin/second", "files of a directory are taken in the order of their names");
	cr_expect_str_eq(config.seccomp, "/run/callgate/lxc/web.seccomp");
	cr_expect_str_eq(config.seccomp_file, main);
	cr_expect_eq(config.seccomp_line, 16);
	cr_expect(config.no_new_privs && config.caps_named);
	cr_expect_eq(config.idmaps, 2);
	cr_expect_eq(config.root_uid, 100000);
	/* A user namespace begins with every capability; chown is number 0. What "drop =" took back is there again. */
	cr_assert_eq(callgate_caps_parse("chown,sys_boot,sys_time", &all, NULL), 0);
	cr_expect_eq(config.caps & all, 0);
	cr_assert_eq(callgate_caps_parse("mknod,net_admin", &all, NULL), 0);
	cr_expect_eq(config.caps & all, all);

	snprintf(main, sizeof(main), "%s",
		 put("kept", "lxc.idmap = u 0 1 1\nlxc.idmap =\nlxc.cap.keep = none\nlxc.cap.keep = chown\n"));
	cr_assert_eq(callgate_lxc_config_read(main, &config, &err), 0, "%s", err.text);
	cr_expect_eq(config.idmaps, 0);
	cr_expect_eq(config.root_uid, -1);
	cr_expect_eq(config.caps & ~UINT64_C(1), 0, "nothing but chown, where the caller has it");
}

Test(lxc_config, what_cannot_be_read_is_told_by_its_place)
{
	static const struct {
		const char *text;
		int code;
		unsigned line;
		const char *says;
	} rows[] = {
		{ "\nlxc.cap.drop = mknod sys_bot\n", CALLGATE_E_FORMAT, 2, "unknown capability 'sys_bot'" },
		{ "lxc.cap.keep = 64\n", CALLGATE_E_FORMAT, 1, "no capability has the number '64'" },
		{ "lxc.cap.keep = chown\nlxc.cap.drop = mknod\n", CALLGATE_E_FORMAT, 2, "not both" },
		{ "lxc.cap.keep = none\nlxc.cap.drop = mknod\n", CALLGATE_E_FORMAT, 2, "not both" },
		{ "lxc.cap.drop = MKNOD\n", CALLGATE_E_FORMAT, 1, "unknown capability 'MKNOD'" },
		{ "lxc.cap.drop = cap_mknod\n", CALLGATE_E_FORMAT, 1, "unknown capability 'cap_mknod'" },
		{ "lxc.cap.drop = none\n", CALLGATE_E_FORMAT, 1, "unknown capability 'none'" },
		{ "lxc.include = /nowhere/at/all\n", CALLGATE_E_IO, 0, "cannot read" },
	};
	struct callgate_lxc_config config;
	char main[600], text[700];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;

		cr_expect_eq(callgate_lxc_config_read(put("config", rows[i].text), &config, &err), rows[i].code,
			     "row %zu", i);
		cr_expect_not_null(strstr(err.text, rows[i].says), "row %zu: %s", i, err.text);
		cr_expect_eq(err.line, rows[i].line, "row %zu: line %u", i, err.line);
	}
	/* A file that includes itself comes to an end. */
	struct callgate_err err = CALLGATE_ERR_INIT;
	snprintf(main, sizeof(main), "%s/loop", top);
	snprintf(text, sizeof(text), "lxc.arch = x\nlxc.include = %s\n", main);
	put("loop", text);
	cr_expect_eq(callgate_lxc_config_read(main, &config, &err), CALLGATE_E_LIMIT);
	cr_expect_not_null(strstr(err.text, "nested too deeply"), "%s", err.text);
	cr_expect_eq(err.line, 2);
	/* So do very many of them. */
	snprintf(text, sizeof(text), "lxc.include = %s/d\n", top);
	run("mkdir d && cd d && for i in $(seq 600); do : > $i.conf; done");
	cr_expect_eq(callgate_lxc_config_read(put("many", text), &config, &err), CALLGATE_E_LIMIT);
	cr_expect_not_null(strstr(err.text, "too many"), "%s", err.text);
	cr_expect_eq(callgate_lxc_config_read(NULL, &config, &err), CALLGATE_E_ARG);
}

Test(lxc_config, hooks_count_until_their_list_is_emptied)
{
	static const char ours[] = "lxc.hook.pre-start = /x/lxc/hooks/callgate --profile default\n"
				   "lxc.hook.start-host = /x/lxc/hooks/callgate --profile default\n";
	static const struct {
		const char *behind;
		bool pre_start, start_host;
		unsigned line; /* where it was emptied */
	} rows[] = {
		{ "", true, true, 0 },
		{ "lxc.hook.pre-start = /other\n", true, true, 0 },
		{ "lxc.hook.pre-start =\n", false, true, 3 },
		{ "lxc.hook.mount =\nlxc.hook.start-host =\nlxc.hook.start-host = /other\n", true, false, 4 },
		{ "lxc.hook =\n", false, false, 3 },
		{ "lxc.hook =\nlxc.hook.pre-start = /y/hooks/callgate --profile x\n", true, false, 3 },
	};
	struct callgate_lxc_config config;
	char text[700];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;

		snprintf(text, sizeof(text), "%s%s", ours, rows[i].behind);
		cr_assert_eq(callgate_lxc_config_read(put("config", text), &config, &err), 0, "%s", err.text);
		cr_expect_eq(config.pre_start, rows[i].pre_start, "row %zu", i);
		cr_expect_eq(config.start_host, rows[i].start_host, "row %zu", i);
		cr_expect_eq(config.emptied_line, rows[i].line, "row %zu: line %u", i, config.emptied_line);
	}
}

Test(lxc_config, a_fifo_or_device_keeps_nobody, .timeout = 10)
{
	struct callgate_lxc_file file;
	struct callgate_lxc_config config;
	char text[700], fifo[600], endless[600];

	run("mkfifo fifo");
	snprintf(fifo, sizeof(fifo), "%s/fifo", top);
	snprintf(text, sizeof(text), "lxc.include = %s\n", fifo);
	cr_expect_eq(callgate_lxc_config_read(fifo, &config, NULL), CALLGATE_E_IO);
	cr_expect_eq(callgate_lxc_config_read(put("config", text), &config, NULL), CALLGATE_E_IO);
	cr_expect_eq(callgate_lxc_config_read(put("config", "lxc.include = /dev/zero\n"), &config, NULL),
		     CALLGATE_E_IO);
	cr_expect_eq(callgate_lxc_config_read(put("config", "lxc.include = /dev/null\n"), &config, NULL), 0);
	snprintf(endless, sizeof(endless), "%s", put("endless", ""));
	cr_assert_eq(truncate(endless, (off_t)1 << 40), 0);
	snprintf(text, sizeof(text), "lxc.include = %s\n", endless);
	cr_expect_eq(callgate_lxc_config_read(put("config", text), &config, NULL), CALLGATE_E_IO);
	cr_expect_eq(callgate_lxc_file_read(endless, &file, NULL), CALLGATE_E_LIMIT);
	cr_expect_eq(callgate_lxc_file_read(fifo, &file, NULL), CALLGATE_E_FORMAT);
	cr_expect_eq(callgate_lxc_file_read("/dev/zero", &file, NULL), CALLGATE_E_FORMAT);
}

/* What is written in its place: 0, or the error. */
static int rewrite(const char *path, int64_t root_uid)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_lxc_file file;
	int r = callgate_lxc_file_read(path, &file, &err);

	if (r < 0)
		return r;
	r = callgate_lxc_file_write(&file, "new\n", 4, root_uid, &err);
	callgate_lxc_file_release(&file);
	return r;
}

Test(lxc_config, what_was_changed_since_is_not_written_over)
{
	static const char *const changes[] = { "echo other >config", "echo old >new && mv new config", "rm config",
					       "ln -sf other config", "echo more >>config" };
	char path[600];

	snprintf(path, sizeof(path), "%s/config", top);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_lxc_file file;

		run("umask 022 && rm -f config && echo old >config && echo other >other");
		cr_assert_eq(callgate_lxc_file_read(path, &file, &err), 0, "%s", err.text);
		run(changes[i]);
		cr_expect_eq(callgate_lxc_file_write(&file, "new\n", 4, -1, &err), CALLGATE_E_IO, "%s", changes[i]);
		cr_expect_not_null(strstr(err.text, "changed meanwhile"), "%s", err.text);
		callgate_lxc_file_release(&file);
	}
	run("! grep -q new config other");
}

Test(lxc_config, is_written_where_only_the_caller_can_write)
{
	char config[600], link[600];

	run("umask 022 && mkdir box && echo old >box/config && chmod 640 box/config && ln -s box/config link");
	snprintf(config, sizeof(config), "%s/box/config", top);
	snprintf(link, sizeof(link), "%s/link", top);
	cr_expect_eq(rewrite(config, -1), 0);
	run("grep -qx new box/config && test $(stat -c %a box/config) = 640 && test $(ls box) = config");
	run("echo old >box/config");
	cr_expect_eq(rewrite(link, -1), 0, "a link of one's own is followed");
	run("grep -qx new box/config && test -L link");
	run("chmod 666 box/config");
	cr_expect_eq(rewrite(config, -1), CALLGATE_E_UNTRUSTED);
	run("chmod 640 box/config && chmod 777 box");
	cr_expect_eq(rewrite(config, -1), CALLGATE_E_UNTRUSTED);
	if (geteuid() != 0)
		return;
	/* As lxc-create leaves it for root's container whose ids are mapped from 100000 on. */
	run("chmod 770 box && chown 100000:100000 box && echo old >box/config && chgrp 5 box/config");
	cr_expect_eq(rewrite(config, 100000), 0);
	run("grep -qx new box/config && test $(stat -c %u:%g:%a box/config) = 0:5:640");
	cr_expect_eq(rewrite(config, -1), CALLGATE_E_UNTRUSTED, "no ids are mapped");
	cr_expect_eq(rewrite(config, 100001), CALLGATE_E_UNTRUSTED, "another container's root");
	run("ln box/config second");
	cr_expect_eq(rewrite(config, 100000), CALLGATE_E_UNTRUSTED, "root's file by a second name");
	run("rm second && chown 100000 box/config");
	cr_expect_eq(rewrite(config, 100000), CALLGATE_E_UNTRUSTED, "what the container's root has written");
	run("chown 0 box/config && chown 100000 .");
	cr_expect_eq(rewrite(config, 100000), CALLGATE_E_UNTRUSTED, "the directory above is his as well");
	run("chown 0 .");
}

/* ------------------------------------------------------------------ names of pods */

Test(names, of_pods_of_containerd_and_crio)
{
	struct callgate_oci_names *names;
	char id[80];

	own_run();
	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_DATA_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	run("mkdir -p /run/containers/storage/overlay-containers/c7/userdata "
	    "/run/containerd/io.containerd.runtime.v2.task && "
	    "cd /run/containerd/io.containerd.runtime.v2.task && mkdir -p k8s.io/c1 k8s.io/c2 moby/c4 default/c3 "
	    "default/c5 default/c6");
	put("/run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/config.json",
	    "{\"process\":{\"args\":[\"a\"]},\"annotations\":{\"io.kubernetes.cri.sandbox-name\":\"web-1\",\"other\":1,"
	    "\"io.kubernetes.cri.sandbox-namespace\":\"shop\",\"io.kubernetes.cri.container-name\":\"nginx\"}}");
	put("/run/containerd/io.containerd.runtime.v2.task/k8s.io/c2/config.json",
	    "{\"annotations\":{\"io.kubernetes.cri.sandbox-name\":\"web-1\",\"io.kubernetes.cri.sandbox-namespace\":"
	    "\"shop\"}}");
	put("/run/containerd/io.containerd.runtime.v2.task/default/c3/config.json",
	    "{\"annotations\":{\"nerdctl/name\":\"box\"}}");
	put("/run/containerd/io.containerd.runtime.v2.task/moby/c4/config.json",
	    "{\"annotations\":{\"nerdctl/name\":\"dockers\"}}");
	put("/run/containerd/io.containerd.runtime.v2.task/default/c5/config.json", "{\"annotations\":null}");
	put("/run/containerd/io.containerd.runtime.v2.task/default/c6/config.json", "no JSON");
	put("/run/containers/storage/overlay-containers/c7/userdata/config.json",
	    "{\"annotations\":{\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.pod.name\":\"db-0\","
	    "\"io.kubernetes.container.name\":\"postgres\"}}");
	/* CRI-O's storage has the same container under another name. */
	put("/run/containers/storage/overlay-containers/volatile-containers.json",
	    "[{\"id\":\"c7\",\"names\":[\"k8s_postgres_db-0_shop\"]}]");
	names = callgate_oci_names_read();
	cr_assert_not_null(names);
	cr_expect_str_eq(callgate_oci_names_of(names, "c1"), "shop/web-1/nginx");
	cr_expect_str_eq(callgate_oci_names_of(names, "c2"), "shop/web-1/POD");
	cr_expect_str_eq(callgate_oci_names_of(names, "c3"), "box");
	cr_expect_null(callgate_oci_names_of(names, "c4"), "Docker names its own");
	cr_expect_null(callgate_oci_names_of(names, "c5"));
	cr_expect_null(callgate_oci_names_of(names, "c6"));
	cr_expect_str_eq(callgate_oci_names_of(names, "c7"), "shop/db-0/postgres", "the pod's name goes first");
	callgate_oci_names_free(names);
	cr_expect_eq(callgate_oci_id("shop/db-0/postgres", id, sizeof(id), NULL), 0);
	cr_expect_str_eq(id, "c7");
}

/* ------------------------------------------------------------------ state files that nobody needs */

static void put_state(const char *name, const char *result, pid_t pid, time_t age)
{
	char path[128], text[128];
	struct timespec times[2] = { { .tv_sec = time(NULL) - age }, { .tv_sec = time(NULL) - age } };

	snprintf(path, sizeof(path), "/run/callgate/unit/%s.json", name);
	snprintf(text, sizeof(text), "{\n  \"result\": \"%s\",\n  \"pid\": %d\n}\n", result, (int)pid);
	put(path, text);
	cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool is_there(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/run/callgate/unit/%s", name);
	return access(path, F_OK) == 0;
}

Test(state, of_those_that_have_gone_is_taken_away)
{
	enum { DAY = 24 * 60 * 60 };
	pid_t gone;

	own_run();
	gone = fork();
	if (gone == 0)
		_exit(0);
	cr_assert_eq(waitpid(gone, NULL, 0), gone);
	run("mkdir -p /run/callgate/unit/old.d /run/callgate/unit/dir.json");
	put("/run/callgate/unit/old.d/config.json", "{}");
	put_state("old", "verified", gone, 2 * DAY);
	put_state("failed", "failed", gone, 2 * DAY);
	put_state("alive", "verified", getpid(), 2 * DAY);
	put_state("young", "verified", gone, 60);
	put_state("open", "verified", gone, 2 * DAY);
	cr_assert_eq(chmod("/run/callgate/unit/open.json", 0666), 0);
	put("/run/callgate/unit/no-state.txt", "x");
	callgate_state_prune("unit", CALLGATE_STALE_DAY);
	cr_expect_not(is_there("old.json") || is_there("old.d"), "what has gone, and its private bundle");
	cr_expect(is_there("failed.json"), "a failure stays for people");
	cr_expect(is_there("alive.json"), "its process lives");
	cr_expect(is_there("young.json"), "it ended today");
	cr_expect(is_there("open.json"), "others can have written it");
	cr_expect(is_there("no-state.txt") && is_there("dir.json"));
	callgate_state_prune("unit", CALLGATE_STALE_ALL);
	cr_expect_not(is_there("failed.json") || is_there("young.json"));
	cr_expect(is_there("alive.json"), "its process lives");
	callgate_state_prune("../unit", CALLGATE_STALE_ALL);
	cr_expect(is_there("alive.json"));
}

/* ------------------------------------------------------------------ the way to a profile */

Test(trust, ways_that_lead_nowhere, .init = make_top, .fini = remove_top)
{
	char path[5000], link[600];
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	run("ln -s round circle && ln -s circle round && ln -s here relative && : > here && ln -s missing dangling");
	snprintf(link, sizeof(link), "%s/circle", top);
	cr_expect_eq(callgate_file_check_root(link, &err), CALLGATE_E_IO);
	cr_expect_not_null(strstr(err.text, "cannot open"), "%s", err.text);
	cr_expect_str_eq(err.file, link);
	snprintf(link, sizeof(link), "%s/relative", top);
	/* /tmp is sticky, and the directory below it is ours. */
	cr_expect_eq(callgate_file_check_root(link, &err), 0, "%s", err.text);
	snprintf(link, sizeof(link), "%s/dangling", top);
	cr_expect_eq(callgate_file_check_root(link, &err), CALLGATE_E_IO);
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	cr_expect_eq(callgate_file_check_root(path, &err), CALLGATE_E_IO);
	/* A link whose target makes the path too long. */
	memset(path, 'b', 4000);
	path[0] = '/';
	path[4000] = '\0';
	for (unsigned i = 200; i < 4000; i += 200)
		path[i] = '/';
	snprintf(link, sizeof(link), "%s/long", top);
	cr_assert_eq(symlink(path, link), 0);
	snprintf(link, sizeof(link), "%s/long/%0*d", top, 200, 7);
	cr_expect_eq(callgate_file_check_root(link, &err), CALLGATE_E_IO);
	/* What is this process's own is not looked at. */
	cr_expect_eq(callgate_file_check_root("/dev/stdin", &err), 0);
	cr_expect_eq(callgate_file_check_root("-", &err), 0);
}

/* ------------------------------------------------------------------ recorders that cannot begin */

Test(recorder, what_cannot_be_recorded_is_said)
{
	struct callgate_recorder_how how = { 0 };
	struct callgate_recorder *recorder = NULL;
	struct callgate_record *record = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	bool ended;
	int status;
	pid_t gone = fork();

	if (gone == 0)
		_exit(0);
	cr_assert_eq(waitpid(gone, NULL, 0), gone);
	cr_expect_eq(callgate_recorder_attach(CALLGATE_SCOPE_TREE, 0, NULL, &recorder, &err), CALLGATE_E_ARG);
	cr_expect_eq(callgate_recorder_attach(CALLGATE_SCOPE_PROCESS, getpid(), NULL, &recorder, &err), CALLGATE_E_ARG);
	cr_expect_eq(callgate_recorder_attach(CALLGATE_SCOPE_TREE, gone, NULL, &recorder, &err), CALLGATE_E_NOTFOUND);
	how.method = CALLGATE_RECORDER_NOTIFY;
	cr_expect_eq(callgate_recorder_attach(CALLGATE_SCOPE_TREE, getpid(), &how, &recorder, &err),
		     CALLGATE_E_UNSUPPORTED);
	cr_expect_not_null(strstr(err.text, "notification"), "%s", err.text);
	cr_expect_eq(callgate_recorder_command(NULL, NULL, &recorder, &err), CALLGATE_E_ARG);
	cr_expect_eq(callgate_recorder_wait(NULL, 0, &ended, &status, &err), CALLGATE_E_ARG);
	cr_expect_eq(callgate_recorder_read(NULL, &record, &err), CALLGATE_E_ARG);
	callgate_recorder_stop(NULL);
	cr_expect_null(recorder);
	cr_expect_null(callgate_recorder_free(NULL));
}
