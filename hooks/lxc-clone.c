/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clone: lxc-copy has copied callgate's lines with the configuration; the file that they name becomes the clone's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "hooks/lxc-hook.h"

/* The file that LXC reads for a container. */
static int text_path(const char *name, char *path, size_t size)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	if (!name || callgate_state_path("lxc", name, path, size - 4, &err) < 0)
		return -1;
	strcpy(strrchr(path, '.'), ".seccomp");
	return 0;
}

/* The text with one path in place of another wherever a line ends with it. */
static char *replace(const char *text, const char *old, const char *new)
{
	size_t size = strlen(text), length = strlen(old), used = 0;
	char *made = malloc(size / (length + 1) * (strlen(new) + 1) + size + strlen(new) + 1);

	if (!made)
		return NULL;
	while (*text) {
		if (strncmp(text, old, length) == 0 && (text[length] == '\n' || !text[length])) {
			used += (size_t)sprintf(made + used, "%s", new);
			text += length;
		} else {
			made[used++] = *text++;
		}
	}
	made[used] = '\0';
	return made;
}

int lxc_clone(struct hook *hook, const char *source)
{
	char old[PATH_MAX], new[PATH_MAX];
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct stat st;
	char *text, *made;
	size_t size;
	int r;

	if (!hook->config || text_path(source, old, sizeof(old)) < 0 || text_path(hook->name, new, sizeof(new)) < 0 ||
	    stat(hook->config, &st) < 0) {
		say(&hook->messages, LOG_ERR, "LXC does not name the clone's configuration, or whose clone it is");
		return -1;
	}
	if (callgate_file_read_trusted(hook->config, &text, &size, &err) < 0)
		return hook_fail(hook, &err);
	made = replace(text, old, new);
	free(text);
	if (!made)
		return -1;
	r = callgate_file_write(hook->config, made, strlen(made), st.st_mode & 07777, &err);
	free(made);
	return r < 0 ? hook_fail(hook, &err) : 0;
}
