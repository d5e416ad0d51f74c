/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An LXC container's configuration with its includes: the keys on which its seccomp filter depends. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/source.h"
#include "runtime/hooks.h"

enum { INCLUDE_DEPTH = 16, FILES = 512 };

struct reading {
	struct callgate_lxc_config *config;
	uint64_t caps; /* that lxc.cap.keep or lxc.cap.drop have named, be it "none" */
	enum { CAPS_ALL, CAPS_KEPT, CAPS_DROPPED } named;
	const char *file;
	unsigned line, files;
	struct callgate_err *err;
};

static int read_path(struct reading *reading, const char *path, unsigned depth);

static int refuse(struct reading *reading, int code, const char *text, const char *value)
{
	err_set(reading->err, code, "%s%s%.100s%s", text, value ? " '" : "", value ? value : "", value ? "'" : "");
	err_set_place(reading->err, reading->file, reading->line, 1);
	return code;
}

/* ------------------------------------------------------------------ values */

/* One word of lxc.cap.keep or lxc.cap.drop: a name in small letters without CAP_, or a number. */
static int take_cap(struct reading *reading, const char *word)
{
	bool plain = word[strspn(word, "abcdefghijklmnopqrstuvwxyz_")] == '\0' && strncmp(word, "cap_", 4) != 0;
	uint64_t cap;
	char *end;
	long number = strtol(word, &end, 0);

	if (isdigit((unsigned char)word[0]) && !*end) {
		if (number > 63)
			return refuse(reading, CALLGATE_E_FORMAT, "no capability has the number", word);
		reading->caps |= (uint64_t)1 << number;
		return 0;
	}
	if (!plain || callgate_caps_parse(word, &cap, NULL) < 0 || !cap || cap & (cap - 1)) /* "all", "docker" */
		return refuse(reading, CALLGATE_E_FORMAT, "unknown capability", word);
	reading->caps |= cap;
	return 0;
}

/* LXC 5 has one list for both: an empty value of either empties it. */
static int take_caps(struct reading *reading, char *value, int named)
{
	char *rest = NULL;
	int r = 0;

	if (!*value) {
		reading->caps = 0;
		reading->named = CAPS_ALL;
		return 0;
	}
	if (reading->named != CAPS_ALL && (int)reading->named != named)
		return refuse(reading, CALLGATE_E_FORMAT,
			      "LXC takes lxc.cap.keep or lxc.cap.drop, not both: 'lxc.cap.drop =' before lxc.cap.keep "
			      "empties the other",
			      NULL);
	reading->named = named;
	for (char *word = strtok_r(value, " \t", &rest); r == 0 && word; word = strtok_r(NULL, " \t", &rest))
		if (named == CAPS_KEPT && strcmp(word, "none") == 0)
			reading->caps = 0;
		else
			r = take_cap(reading, word);
	return r;
}

static int take_drop(struct reading *reading, char *value)
{
	return take_caps(reading, value, CAPS_DROPPED);
}

static int take_keep(struct reading *reading, char *value)
{
	return take_caps(reading, value, CAPS_KEPT);
}

static int take_seccomp(struct reading *reading, char *value)
{
	struct callgate_lxc_config *config = reading->config;

	snprintf(config->seccomp, sizeof(config->seccomp), "%s", value);
	snprintf(config->seccomp_file, sizeof(config->seccomp_file), "%s", reading->file);
	config->seccomp_line = reading->line;
	return 0;
}

static int take_no_new_privs(struct reading *reading, char *value)
{
	reading->config->no_new_privs = strcmp(value, "1") == 0;
	return 0;
}

static int take_idmap(struct reading *reading, char *value)
{
	struct callgate_lxc_config *config = reading->config;
	unsigned long inside, outside;
	char kind;

	config->idmaps = *value ? config->idmaps + 1 : 0;
	if (!*value)
		config->root_uid = -1;
	else if (sscanf(value, " %c %lu %lu", &kind, &inside, &outside) == 3 && kind != 'g' && inside == 0)
		config->root_uid = (int64_t)outside;
	return 0;
}

static int take_init(struct reading *reading, char *value)
{
	snprintf(reading->config->init, sizeof(reading->config->init), "%s", value);
	return 0;
}

/* Behind the storage's type: "dir:/path". */
static int take_rootfs(struct reading *reading, char *value)
{
	const char *colon = value[0] == '/' ? NULL : strchr(value, ':');

	snprintf(reading->config->rootfs, sizeof(reading->config->rootfs), "%s", colon ? colon + 1 : value);
	return 0;
}

static int take_arch(struct reading *reading, char *value)
{
	snprintf(reading->config->arch, sizeof(reading->config->arch), "%s", value);
	return 0;
}

/* An empty value takes back all hooks of a list that were given before. */
static void take_hook(struct reading *reading, const char *value, bool *ours)
{
	if (strstr(value, "hooks/callgate "))
		*ours = true;
	if (*value || !*ours)
		return;
	*ours = false;
	snprintf(reading->config->emptied_file, sizeof(reading->config->emptied_file), "%s", reading->file);
	reading->config->emptied_line = reading->line;
}

static int take_pre_start(struct reading *reading, char *value)
{
	take_hook(reading, value, &reading->config->pre_start);
	return 0;
}

static int take_start_host(struct reading *reading, char *value)
{
	take_hook(reading, value, &reading->config->start_host);
	return 0;
}

/* It only takes an empty value, which is for all lists. */
static int take_hooks(struct reading *reading, char *value)
{
	if (*value)
		return 0;
	take_hook(reading, value, &reading->config->pre_start);
	take_hook(reading, value, &reading->config->start_host);
	return 0;
}

static const struct {
	const char *key;
	int (*take)(struct reading *reading, char *value);
} keys[] = {
	{ "lxc.arch", take_arch },
	{ "lxc.cap.drop", take_drop },
	{ "lxc.cap.keep", take_keep },
	{ "lxc.hook", take_hooks },
	{ "lxc.hook.pre-start", take_pre_start },
	{ "lxc.hook.start-host", take_start_host },
	{ "lxc.idmap", take_idmap },
	{ "lxc.init.cmd", take_init },
	{ "lxc.no_new_privs", take_no_new_privs },
	{ "lxc.rootfs.path", take_rootfs },
	{ "lxc.seccomp.profile", take_seccomp },
};

/* ------------------------------------------------------------------ lines and files */

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* One pair of quotes around a value is not part of it. */
static char *unquote(char *text)
{
	size_t size = strlen(text);

	if (size < 2 || (text[0] != '"' && text[0] != '\'') || text[size - 1] != text[0])
		return text;
	text[size - 1] = '\0';
	return text + 1;
}

static int take_line(struct reading *reading, char *line, unsigned depth)
{
	char *at = trim(line), *equal = strchr(at, '='), *value;

	if (strncmp(at, "lxc.", 4) != 0 || !equal)
		return 0;
	*equal = '\0';
	value = unquote(trim(equal + 1));
	at = trim(at);
	if (strcmp(at, "lxc.include") == 0)
		return *value ? read_path(reading, value, depth + 1) : 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(at, keys[i].key) == 0)
			return keys[i].take(reading, value);
	return 0;
}

/* Neither a FIFO that nobody writes nor a device or a file that never ends keeps us. */
static FILE *open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && strcmp(path, "/dev/null") != 0)
		errno = EINVAL;
	else if (st.st_size > SOURCE_LIMIT)
		errno = EFBIG;
	else
		return fdopen(fd, "r");
	fd_close(fd);
	return NULL;
}

static int read_file(struct reading *reading, const char *path, unsigned depth)
{
	struct reading outer = *reading;
	FILE *file = open_file(path);
	char *line = NULL;
	size_t room = 0;
	int r = 0;

	if (!file)
		return err_set_errno(reading->err, CALLGATE_E_IO, errno, path,
				     "cannot read the container's configuration");
	if (reading->files++ >= FILES)
		r = refuse(reading, CALLGATE_E_LIMIT, "too many included files", NULL);
	reading->file = path;
	reading->line = 0;
	while (r == 0 && getline(&line, &room, file) > 0) {
		reading->line++;
		r = take_line(reading, line, depth);
	}
	free(line);
	fclose(file);
	reading->file = outer.file;
	reading->line = outer.line;
	return r;
}

static int is_conf(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return entry->d_name[0] != '.' && size > 5 && strcmp(entry->d_name + size - 5, ".conf") == 0;
}

static int read_directory(struct reading *reading, const char *path, unsigned depth)
{
	struct dirent **list;
	int count = scandir(path, &list, is_conf, alphasort), r = 0;

	if (count < 0)
		return err_set_errno(reading->err, CALLGATE_E_IO, errno, path, "cannot read");
	for (int i = 0; i < count; i++) {
		char file[PATH_MAX];

		if (r == 0 && snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name) < (int)sizeof(file))
			r = read_file(reading, file, depth);
		free(list[i]);
	}
	free(list);
	return r;
}

static int read_path(struct reading *reading, const char *path, unsigned depth)
{
	struct stat st;

	if (depth > INCLUDE_DEPTH)
		return refuse(reading, CALLGATE_E_LIMIT, "includes are nested too deeply", NULL);
	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? read_directory(reading, path, depth) : read_file(reading, path, depth);
	/* LXC takes a directory that is not there for an empty one, when it is written with a slash: its own
	 * userns.conf names one that Debian has not. */
	if (errno == ENOENT && path[0] && path[strlen(path) - 1] == '/')
		return 0;
	return read_file(reading, path, depth);
}

/* ------------------------------------------------------------------ the bounding set */

/* A new user namespace starts with every capability; otherwise init has what its starter has. */
static int starting_caps(const struct callgate_lxc_config *config, uint64_t *out, struct callgate_err *err)
{
	struct callgate_tasks *self;
	FILE *file;
	unsigned last = 63;
	int r;

	if (config->idmaps) {
		file = fopen("/proc/sys/kernel/cap_last_cap", "re");
		if (file && fscanf(file, "%u", &last) != 1)
			last = 63;
		if (file)
			fclose(file);
		*out = last >= 63 ? UINT64_MAX : ((uint64_t)1 << (last + 1)) - 1;
		return 0;
	}
	r = callgate_tasks_list(CALLGATE_SCOPE_PROCESS, getpid(), &self, err);
	if (r < 0)
		return r;
	*out = callgate_tasks_at(self, 0)->caps;
	callgate_tasks_free(self);
	return 0;
}

int callgate_lxc_config_read(const char *path, struct callgate_lxc_config *out, struct callgate_err *err)
{
	struct callgate_lxc_config config = CALLGATE_LXC_CONFIG_INIT;
	struct reading reading = { .config = &config, .file = path, .err = err };
	uint64_t caps = 0;
	int r;

	if (!path || !out)
		return err_missing(err);
	r = read_path(&reading, path, 0);
	if (r == 0)
		r = starting_caps(&config, &caps, err);
	if (r < 0)
		return r;
	config.caps_named = reading.named != CAPS_ALL;
	config.caps = reading.named == CAPS_KEPT ? caps & reading.caps : caps & ~reading.caps;
	*out = config;
	return 0;
}
