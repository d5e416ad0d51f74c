/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings: what the admin says in callgate.conf and callgate.conf.d. */
#ifndef CALLGATE_RUNTIME_SETTINGS_H
#define CALLGATE_RUNTIME_SETTINGS_H

#include "base/arena.h"
#include "base/source.h"
#include "runtime/hooks.h"

/* "key = value", and "key.NAME = value" for one engine or runtime. */
struct setting {
	const char *key, *name, *value; /* name NULL: for all */
	const char *at;                 /* the name in its file, while that is read */
	struct setting *next;           /* said earlier */
};
struct callgate_settings {
	struct arena arena;
	struct setting *last;
	enum callgate_selection selection;
	enum callgate_need proof;
	enum callgate_own own;
};

/* Adds what one file says. */
int settings_parse(struct callgate_settings *settings, const struct source *source, struct callgate_err *err);
/* directory: where callgate.conf and callgate.conf.d are. */
int settings_read(const char *directory, struct callgate_settings **out, struct callgate_err *err);
struct callgate_settings *settings_free(struct callgate_settings *settings);

#endif
