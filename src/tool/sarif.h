/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SARIF 2.1.0: findings as static analysis tools exchange them. */
#ifndef CALLGATE_TOOL_SARIF_H
#define CALLGATE_TOOL_SARIF_H

#include "tool/findings.h"

/* A document with one run and every kind of finding as a rule; *results is its list of results, without any. */
struct json_object *sarif_document(struct json_object **results);
/* The findings about one file. err may be NULL: what failed without a finding. */
void sarif_add(struct findings *findings, const char *path, const struct callgate_notes *notes,
	       const struct callgate_err *err);

#endif
