/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings of check: which count (-W), and how they are printed (text, JSON, SARIF, GitHub's workflow commands). */
#ifndef CALLGATE_TOOL_FINDINGS_H
#define CALLGATE_TOOL_FINDINGS_H

#include "tool/tool.h"

enum level { LEVEL_NONE, LEVEL_NOTE, LEVEL_WARNING, LEVEL_ERROR };

enum { LEVEL_IDS = 400 }; /* ids are below this */
struct levels {
	bool all_errors;
	enum level of[LEVEL_IDS]; /* of warnings: NONE: as it is; NOTE: not shown; ERROR */
};

/* "no-ID", "error", "error=ID"; ID is CG-201, 201 or duplicate. -1 after a message. */
int levels_take(struct levels *levels, const char *word);
enum level level_of(const struct levels *levels, const struct callgate_note *note);

/* The file of a finding by the name that the caller gave it: findings have names made printable. */
const char *file_of(const struct callgate_note *note, const char *path);

enum findings_form { FINDINGS_TEXT, FINDINGS_JSON, FINDINGS_SARIF, FINDINGS_GITHUB };
int findings_form_parse(const char *word, enum findings_form *out);

struct findings {
	const struct options *options;
	const struct levels *levels;
	enum findings_form form;
	struct json_object *root, *rows; /* JSON and SARIF: the document, and what is added to */
};

void findings_start(struct findings *findings, const struct options *options, const struct levels *levels,
		    enum findings_form form);
/* The findings about one file. err may be NULL: what failed without a finding. */
void findings_add(struct findings *findings, const char *path, const char *verdict, const struct callgate_notes *notes,
		  const struct callgate_err *err);
/* Prints documents. An exit code. */
int findings_end(struct findings *findings);
/* Every kind of finding: TSV id, name, what it is about, why it is reported; or a document. An exit code. */
int findings_list(const struct options *options);

#endif
