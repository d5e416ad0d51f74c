/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What LXC's hooks have kept of containers that need it no more: those that lost callgate's lines while they ran, or
 * were removed by other means than lxc-destroy. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tool/hook.h"
#include "tool/state_record.h"

/* "DIR/NAME/config": DIR; false: it was started by another file (lxc-execute -f). */
static bool lxcpath_of(const char *config, const char *name, char *lxcpath, size_t size)
{
	size_t length = strlen(config), end = strlen(name) + strlen("//config");

	snprintf(lxcpath, size, "%.*s", (int)(length > end ? length - end : 0), config);
	return length > end && config[length - end] == '/' &&
	       strncmp(config + length - end + 1, name, strlen(name)) == 0 &&
	       strcmp(config + length - strlen("/config"), "/config") == 0;
}

/* Whether the next start writes this text again. What cannot be read is left alone. */
static bool is_named_by(const char *config, const char *output)
{
	struct callgate_lxc_config known = CALLGATE_LXC_CONFIG_INIT;

	if (access(config, F_OK) < 0)
		return errno != ENOENT;
	return callgate_lxc_config_read(config, &known, NULL) < 0 || strcmp(known.seccomp, output) == 0;
}

/* Why a start failed is wanted for a day. */
static bool is_news(const char *path, const char *result)
{
	enum { DAY = 24 * 60 * 60 };
	struct stat st;

	return strcmp(result, "failed") == 0 && stat(path, &st) == 0 && time(NULL) - st.st_mtime < DAY;
}

static bool is_needed(const struct state_record *record, const char *path)
{
	const char *name = record->id, *config = record->config;
	char lxcpath[PATH_MAX];

	if (!name[0] || !config[0] || !record->output[0] || !record->result[0] || is_news(path, record->result))
		return true;
	if (lxc_is_running(name, lxcpath_of(config, name, lxcpath, sizeof(lxcpath)) ? lxcpath : NULL))
		return true;
	return is_named_by(config, record->output);
}

static void look_at(const char *path)
{
	struct state_record record;
	char id[256], text[PATH_MAX];

	if (!state_record_read(path, &record))
		return;
	if (!is_needed(&record, path)) {
		snprintf(id, sizeof(id), "%s", strrchr(path, '/') + 1);
		*strrchr(id, '.') = '\0';
		if (callgate_state_text_path(id, text, sizeof(text), NULL) == 0)
			unlink(text);
		unlink(path);
	}
	state_record_release(&record);
}

void lxc_prune(void)
{
	char directory[PATH_MAX], path[PATH_MAX + 300];
	struct dirent *entry;
	DIR *dir;

	if (callgate_state_path("lxc", "x", directory, sizeof(directory), NULL) < 0)
		return;
	*strrchr(directory, '/') = '\0';
	dir = opendir(directory);
	while (dir && (entry = readdir(dir))) {
		size_t size = strlen(entry->d_name);

		if (size > strlen(".json") && strcmp(entry->d_name + size - strlen(".json"), ".json") == 0 &&
		    snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) < (int)sizeof(path))
			look_at(path);
	}
	if (dir)
		closedir(dir);
}
