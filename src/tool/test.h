/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Expectations: files of them, as callgate test reads them. */
#ifndef CALLGATE_TOOL_TEST_H
#define CALLGATE_TOOL_TEST_H

#include "tool/tool.h"

struct expectation {
	struct asked_call call;
	char text[256]; /* the call as it was written */
	char want[40], reason[256];
	enum callgate_action_kind kind;
	enum callgate_abi abi; /* NONE: all that the filter answers for */
	unsigned line;
	bool recorded; /* text is the path of a record: what ran is to be allowed */
	bool negated;  /* "!ALLOW": anything stricter */
	bool has_data; /* "ERRNO(EPERM)": the number counts */
};

/* What follows one "profile:" or "target:" line. */
struct section {
	const char *file; /* of the expectations */
	char profile[4096];
	struct options options;
	struct expectation *list;
	size_t count;
};
struct sections {
	struct section *list;
	size_t count;
};

/* -1 after a message; release in any case. */
int sections_read(const char *file, const struct options *options, struct sections *out);
void sections_release(struct sections *sections);

#endif
