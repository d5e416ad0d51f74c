/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clone: lxc-copy has copied callgate's lines with the configuration; the file that they name becomes the clone's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "hooks/lxc-hook.h"

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

/* The clone's file in place of its model's. */
static int rewrite(struct hook *hook, const char *old, const char *new)
{
	struct callgate_lxc_config config = CALLGATE_LXC_CONFIG_INIT;
	struct callgate_lxc_file file;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *made;
	int r;

	if (callgate_lxc_config_read(hook->config, &config, &err) < 0 ||
	    callgate_lxc_file_read(hook->config, &file, &err) < 0)
		return hook_fail(hook, &err);
	made = replace(file.text, old, new);
	if (!made)
		snprintf(err.text, sizeof(err.text), "out of memory");
	r = made ? callgate_lxc_file_write(&file, made, strlen(made), config.root_uid, &err) : -1;
	free(made);
	callgate_lxc_file_release(&file);
	return r < 0 ? hook_fail(hook, &err) : 0;
}

int lxc_clone(struct hook *hook, const char *source)
{
	char old[PATH_MAX], new[PATH_MAX];

	if (hook->config && access(hook->config, F_OK) == 0 && source && hook->name &&
	    callgate_state_text_path(source, old, sizeof(old), NULL) == 0 &&
	    callgate_state_text_path(hook->name, new, sizeof(new), NULL) == 0)
		return rewrite(hook, old, new);
	say(&hook->messages, LOG_ERR, "LXC does not name the clone's configuration, or whose clone it is");
	return -1;
}
