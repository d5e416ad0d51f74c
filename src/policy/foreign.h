/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Foreign: other tools' formats, recognised so that they can be refused by name. For policy/read.c, and for what
 * reads recordings. */
#ifndef CALLGATE_POLICY_FOREIGN_H
#define CALLGATE_POLICY_FOREIGN_H

#include "base/source.h"

/* What this is and the way to what is wanted, as in "a minijail policy; ..."; *at is where that shows. NULL: none of
 * them. */
const char *foreign_text(const struct source *source, size_t *at);
const char *foreign_json(const struct source *source, size_t start, size_t *at); /* an object begins at start */
const char *foreign_binary(const struct source *source, size_t *at);

/* A SeccompProfile object of the Kubernetes security-profiles-operator. */
bool foreign_is_operator(const struct source *source, size_t start);

/* Lines of a text; size excludes the newline. False: no more. */
bool line_next(const struct source *source, size_t *at, struct slice *line);
bool line_starts(struct slice line, const char *word);

#endif
