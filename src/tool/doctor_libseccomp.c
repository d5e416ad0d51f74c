/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * callgate doctor: which programs get which libseccomp.so.2, the distribution's or callgate's (callgate-libseccomp(7)).
 */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/doctor.h"

/* Whether a line of one of the loader's lists is our directory. */
static bool file_names(const char *path, const char *ours)
{
	FILE *file = fopen(path, "r");
	char line[PATH_MAX];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, " \t\n#")] = '\0';
		found = strcmp(line, ours) == 0;
	}
	if (file)
		fclose(file);
	return found;
}

/* The file that makes the loader look into our directory for every program; false: there is none. */
static bool find_loader_line(const char *ours, char *path, size_t size)
{
	DIR *list = opendir("/etc/ld.so.conf.d");
	const struct dirent *entry;
	bool found;

	snprintf(path, size, "/etc/ld.so.conf");
	found = file_names(path, ours);
	if (!list)
		return found;
	while (!found && (entry = readdir(list))) {
		snprintf(path, size, "/etc/ld.so.conf.d/%s", entry->d_name);
		found = entry->d_name[0] != '.' && file_names(path, ours);
	}
	closedir(list);
	return found;
}

/* Whether one of the directories in LD_LIBRARY_PATH is ours. */
static bool environment_names(const char *ours)
{
	const char *at = getenv("LD_LIBRARY_PATH");

	while (at && *at) {
		size_t size = strcspn(at, ":;");

		if (size == strlen(ours) && memcmp(at, ours, size) == 0)
			return true;
		at += size + (at[size] != '\0');
	}
	return false;
}

/* ------------------------------------------------------------------ what runs */

/* Programs that run with one of the libraries, by name, each once. */
struct users {
	char names[400];
	unsigned processes;
};

static bool lists_name(const char *names, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = strstr(names, name); at; at = strstr(at + 1, name))
		if ((at == names || at[-1] == ' ') && (at[size] == '\0' || at[size] == ','))
			return true;
	return false;
}

static void users_add(struct users *users, const char *pid)
{
	size_t used = strlen(users->names);
	char path[64], comm[32] = "", name[4 * sizeof(comm)];
	FILE *file;

	users->processes++;
	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	file = fopen(path, "r");
	if (file && fgets(comm, sizeof(comm), file))
		comm[strcspn(comm, "\n")] = '\0';
	if (file)
		fclose(file);
	callgate_escape(comm, name, sizeof(name));
	if (name[0] && !lists_name(users->names, name))
		snprintf(users->names + used, sizeof(users->names) - used, "%s%s", used ? ", " : "", name);
}

/* Which of the libraries a process has: 0 the distribution's, 1 ours, -1 none. */
static int library_of(const char *pid)
{
	char path[64], line[PATH_MAX + 128];
	int found = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.20s/maps", pid);
	file = fopen(path, "r");
	while (file && found < 0 && fgets(line, sizeof(line), file)) {
		const char *name = strstr(line, "/libseccomp.so.2");

		if (name)
			found = (size_t)(name - line) > sizeof("/callgate") && strncmp(name - 9, "/callgate", 9) == 0;
	}
	if (file)
		fclose(file);
	return found;
}

static void check_running(struct doctor *doctor)
{
	struct users users[2] = { { .processes = 0 } };
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		int library = isdigit((unsigned char)entry->d_name[0]) ? library_of(entry->d_name) : -1;

		if (library >= 0 && atoi(entry->d_name) != getpid())
			users_add(&users[library], entry->d_name);
	}
	if (proc)
		closedir(proc);
	for (int i = 1; i >= 0; i--)
		if (users[i].processes)
			finding(doctor, HEALTH_OK, "libseccomp.so.2", "%u running process%s with %s: %s",
				users[i].processes, users[i].processes == 1 ? "" : "es",
				i ? "callgate's" : "the distribution's", users[i].names);
}

void check_libseccomp(struct doctor *doctor)
{
	static const char ours[] = COMPATDIR, library[] = COMPATDIR "/libseccomp.so.2";
	char path[PATH_MAX];

	if (access(library, R_OK) < 0)
		finding(doctor, HEALTH_NOTE, "libseccomp.so.2",
			"%s is not installed: every program gets the distribution's", library);
	else if (find_loader_line(ours, path, sizeof(path)))
		finding(doctor, HEALTH_OK, "libseccomp.so.2", "every program that starts gets callgate's: %s names %s",
			path, ours);
	else if (environment_names(ours))
		finding(doctor, HEALTH_OK, "libseccomp.so.2",
			"what is started from here gets callgate's, by LD_LIBRARY_PATH; all else the distribution's");
	else
		finding(doctor, HEALTH_OK, "libseccomp.so.2",
			"programs get the distribution's, unless their LD_LIBRARY_PATH names %s", ours);
	check_running(doctor);
}
