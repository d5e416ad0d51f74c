/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which processes are a container's, when its first process sits in a cgroup that the container has made itself. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/cgroup_parts.h"
#include "runtime/hooks.h"

enum { MEMBERS = 3 };
#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Whether the process now sits there. */
static bool move(const char *dir, pid_t pid)
{
	char path[512];
	FILE *file;
	bool moved;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	file = fopen(path, "w");
	if (!file)
		return false;
	moved = fprintf(file, "%d\n", (int)pid) > 0;
	return fclose(file) == 0 && moved;
}

struct box {
	char dirs[MEMBERS][400]; /* the container's own, one below with a container's name, one below that */
	pid_t pids[MEMBERS];
	unsigned made;
};

static void leave(struct box *box)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		if (box->pids[i] > 0) {
			kill(box->pids[i], SIGKILL);
			waitpid(box->pids[i], NULL, 0);
		}
	}
	while (box->made)
		rmdir(box->dirs[--box->made]);
}

/* One process in each of three cgroups, each below the one before. False: this machine does not let us. */
static bool enter(struct box *box, const char *hierarchy, const char *name)
{
	*box = (struct box){ .made = 0 };
	snprintf(box->dirs[0], sizeof(box->dirs[0]), "%s/%s", hierarchy, name);
	snprintf(box->dirs[1], sizeof(box->dirs[1]), "%s/%s/lxc.payload.forged", hierarchy, name);
	snprintf(box->dirs[2], sizeof(box->dirs[2]), "%s/%s/lxc.payload.forged/" DIGITS, hierarchy, name);
	for (unsigned i = 0; i < MEMBERS; i++) {
		if (mkdir(box->dirs[i], 0755) < 0)
			return false;
		box->made++;
		box->pids[i] = fork();
		if (box->pids[i] == 0) {
			for (;;)
				pause();
		}
		if (!move(box->dirs[i], box->pids[i]))
			return false;
	}
	return true;
}

static const char *const hierarchies[] = { "/sys/fs/cgroup/pids", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup" };

Test(cgroup, a_sub_cgroup_of_the_first_process_is_not_the_container, .timeout = 10)
{
	static const char *const names[] = { "libpod-" DIGITS, "lxc.payload.unit", DIGITS, "docker-" DIGITS ".scope" };
	unsigned looked = 0;

	for (unsigned h = 0; !looked && h < sizeof(hierarchies) / sizeof(hierarchies[0]); h++) {
		for (unsigned n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			struct box box;
			struct pids pids = { 0 };
			bool found = false;

			if (enter(&box, hierarchies[h], names[n])) {
				/* The innermost is the first process: it has hidden itself as deep as it could. */
				int r = cgroup_pids(box.pids[MEMBERS - 1], &pids, &found, NULL);

				cr_expect_eq(r, 0);
				cr_expect(found);
				for (unsigned i = 0; i < MEMBERS; i++) {
					bool has = false;

					for (size_t k = 0; k < pids.count; k++)
						has |= pids.pids[k] == box.pids[i];
					cr_expect(has, "%s: the process in %s is missing", names[n], box.dirs[i]);
				}
				looked++;
			}
			pids_free(&pids);
			leave(&box);
		}
	}
	if (!looked)
		cr_skip_test("no cgroup can be made here");
}

/* The first process goes, the others stay; then its number tells nothing, and the configuration's path does. */
Test(cgroup, says_who_is_left_and_ends_them, .timeout = 20)
{
	static const char *const odd[] = { "/", "//libpod-" DIGITS, "/./libpod-" DIGITS, "/x/../libpod-" DIGITS, "a:b",
					   "::" };
	struct callgate_cgroups *held, *named;
	pid_t first = 0;
	struct box box;
	unsigned h = 0;

	for (; h < sizeof(hierarchies) / sizeof(hierarchies[0]); h++) {
		if (enter(&box, hierarchies[h], "libpod-" DIGITS))
			break;
		leave(&box);
	}
	if (h == sizeof(hierarchies) / sizeof(hierarchies[0]))
		cr_skip_test("no cgroup can be made here");
	first = box.pids[MEMBERS - 1];
	cr_assert_eq(callgate_cgroups_hold(first, NULL, &held, NULL), 0);
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
	box.pids[MEMBERS - 1] = 0;
	cr_expect_not(callgate_cgroups_empty(held));
	cr_expect_eq(callgate_cgroups_hold(first, NULL, &named, NULL), CALLGATE_E_NOTFOUND);
	for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		cr_expect_eq(callgate_cgroups_hold(first, odd[i], &named, NULL), CALLGATE_E_NOTFOUND, "%s", odd[i]);
	cr_assert_eq(callgate_cgroups_hold(first, "/libpod-" DIGITS, &named, NULL), 0);
	cr_expect_not(callgate_cgroups_empty(named));
	cr_expect_eq(callgate_cgroups_kill(named, NULL), 0);
	cr_expect(callgate_cgroups_empty(held));
	callgate_cgroups_free(held);
	callgate_cgroups_free(named);
	leave(&box);
}

#define UNITS "unit.slice/unit-one.slice"

/* systemd's three words name a scope in nested slices. */
Test(cgroup, is_found_by_the_words_of_systemd, .timeout = 20)
{
	struct callgate_cgroups *held;
	char outer[2][400];
	unsigned looked = 0;
	struct box box;

	for (unsigned h = 0; !looked && h < sizeof(hierarchies) / sizeof(hierarchies[0]); h++) {
		snprintf(outer[0], sizeof(outer[0]), "%s/unit.slice", hierarchies[h]);
		snprintf(outer[1], sizeof(outer[1]), "%s/" UNITS, hierarchies[h]);
		if (mkdir(outer[0], 0755) < 0 || mkdir(outer[1], 0755) < 0)
			continue;
		if (enter(&box, hierarchies[h], UNITS "/libpod-" DIGITS ".scope")) {
			cr_expect_eq(callgate_cgroups_hold(1 << 30, "unit-one.slice:libpod:none", &held, NULL),
				     CALLGATE_E_NOTFOUND);
			cr_assert_eq(callgate_cgroups_hold(1 << 30, "unit-one.slice:libpod:" DIGITS, &held, NULL), 0);
			cr_expect_not(callgate_cgroups_empty(held));
			cr_expect_eq(callgate_cgroups_kill(held, NULL), 0);
			callgate_cgroups_free(held);
			looked++;
		}
		leave(&box);
		rmdir(outer[1]);
		rmdir(outer[0]);
	}
	if (!looked)
		cr_skip_test("no cgroup can be made here");
}

/* As somebody else would; one of the two files is there. */
static void thaw_by_hand(const char *dir)
{
	static const char *const words[][2] = { { "cgroup.freeze", "0" }, { "freezer.state", "THAWED" } };

	for (unsigned i = 0; i < 2; i++) {
		char path[512];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", dir, words[i][0]);
		file = fopen(path, "r+");
		if (!file)
			continue;
		fputs(words[i][1], file);
		fclose(file);
	}
}

static bool enter_freezable(struct box *box, struct callgate_cgroups **held, struct cgroup_frozen *frozen)
{
	static const char *const freezers[] = { "/sys/fs/cgroup/freezer", "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };

	for (unsigned h = 0; h < sizeof(freezers) / sizeof(freezers[0]); h++) {
		if (enter(box, freezers[h], "libpod-" DIGITS) &&
		    callgate_cgroups_hold(box->pids[0], NULL, held, NULL) == 0) {
			if (cgroup_freeze(*held, frozen))
				return true;
			callgate_cgroups_free(*held);
		}
		leave(box);
	}
	return false;
}

Test(cgroup, that_somebody_thawed_meanwhile_was_not_frozen, .timeout = 20)
{
	struct callgate_cgroups *held;
	struct cgroup_frozen frozen;
	struct box box;

	if (!enter_freezable(&box, &held, &frozen))
		cr_skip_test("no cgroup can be frozen here");
	cr_expect(cgroup_thaw(&frozen));
	cr_assert(cgroup_freeze(held, &frozen));
	thaw_by_hand(box.dirs[0]);
	cr_expect_not(cgroup_thaw(&frozen));
	callgate_cgroups_free(held);
	leave(&box);
}

/* Two callgates, of which one would thaw what the other one has frozen. */
Test(cgroup, is_frozen_by_one_at_a_time, .timeout = 20)
{
	struct callgate_cgroups *held;
	struct cgroup_frozen frozen;
	struct box box;
	int dir;

	if (!enter_freezable(&box, &held, &frozen))
		cr_skip_test("no cgroup can be frozen here");
	dir = open(box.dirs[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_expect_lt(flock(dir, LOCK_EX | LOCK_NB), 0);
	cr_expect(cgroup_thaw(&frozen));
	cr_assert_eq(flock(dir, LOCK_EX | LOCK_NB), 0);
	cr_expect_not(cgroup_freeze(held, &frozen));
	close(dir);
	cr_assert(cgroup_freeze(held, &frozen));
	cr_expect(cgroup_thaw(&frozen));
	callgate_cgroups_free(held);
	leave(&box);
}
