/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regions: calls that reviewers ask about first, by what they reach; profiles/regions.tsv and the administrator's. */
#ifndef CALLGATE_TOOL_REGIONS_H
#define CALLGATE_TOOL_REGIONS_H

#include "tool/tool.h"

struct region {
	const char *name;   /* "user_namespaces" */
	const char *call;   /* "clone3", or with one argument "unshare(flags=CLONE_NEWUSER)" */
	const char *ids;    /* "CVE-2022-0185,CVE-2022-0492", or "-" */
	const char *reason; /* what the call does, as the end of a sentence */
};

struct regions {
	struct region *list;
	size_t count;
	char **texts; /* what the rows of files point into */
	size_t text_count;
};

/* The shipped ones, those of /etc/callgate/regions.d, and those of path (NULL: none). An exit code after a message. */
int regions_read(struct regions *regions, const char *path);
void regions_cleanup(struct regions *regions);

enum reach { REACH_NONE, REACH_ALLOWED, REACH_UNKNOWN };
/* What the filter does with a region's call on an ABI. call: the call with its value as the ABI has it, for the reader;
 * pattern: the same as a question. REACH_NONE also where the ABI has no such call. */
enum reach region_reach(const struct callgate_filter *filter, enum callgate_abi abi, const struct region *region,
			struct callgate_pattern *pattern, char *call, size_t size);
/* Whether an ABI of the filter lets anything happen at all. */
bool abi_is_open(const struct callgate_filter *filter, enum callgate_abi abi);

#endif
