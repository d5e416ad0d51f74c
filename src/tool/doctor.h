/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Doctor: a check says what it found, in one line. */
#ifndef CALLGATE_TOOL_DOCTOR_H
#define CALLGATE_TOOL_DOCTOR_H

#include "tool/tool.h"

enum health { HEALTH_OK, HEALTH_NOTE, HEALTH_BAD };
struct doctor {
	struct json_object *rows; /* NULL: lines */
	int code;
};
void finding(struct doctor *doctor, enum health health, const char *name, const char *format, ...)
	CALLGATE_PRINTF(4, 5);
void check_program(struct doctor *doctor, const char *name, const char *path);

/* doctor_engines.c */
void check_oci(struct doctor *doctor);
void check_lxc_includes(struct doctor *doctor);
void check_lxc_lines(struct doctor *doctor);
/* What containers.conf names and what is missing: engines go on without it, so this comes first. */
void check_named_files(struct doctor *doctor);
/* Whether a file has a line that begins with key (blanks before it) and holds word. */
bool line_has(const char *path, const char *key, const char *word);

/* doctor_containers.c; all_oci: every OCI container is to have a profile */
void check_containers(struct doctor *doctor, bool all_oci);

/* doctor_node.c: root is where the node's root is mounted, "" for this one */
void check_node(struct doctor *doctor, const char *root);

/* doctor_libseccomp.c */
void check_libseccomp(struct doctor *doctor);

#endif
