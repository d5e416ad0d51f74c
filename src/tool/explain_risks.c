/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Risks: the regions that a filter lets a process reach, told while it is explained. */
#include "tool/regions.h"

static void tell(struct json_object *rows, enum reach reach, const char *abi, const char *call, const char *reason)
{
	if (rows) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "abi", json_object_new_string(abi));
		json_object_object_add(row, "call", json_object_new_string(call));
		json_object_object_add(row, "matter", json_object_new_string(reason));
		json_object_object_add(row, "answer",
				       json_object_new_string(reach == REACH_ALLOWED ? "allowed" : "unknown"));
		json_object_array_add(rows, row);
	} else {
		fprintf(stderr, "callgate: note: %s on %s: %s %s\n",
			reach == REACH_ALLOWED ? "allowed" : "cannot tell whether allowed", abi, call, reason);
	}
}

int tell_risks(const struct callgate_filter *filter, struct json_object *rows)
{
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = callgate_filter_abis(filter, abis);
	CALLGATE_CLEANUP(regions_cleanup) struct regions regions;
	int code = regions_read(&regions, NULL);

	for (unsigned i = 0; code == EXIT_YES && i < count; i++) {
		if (!abi_is_open(filter, abis[i]))
			continue;
		if (i && abis[i] == CALLGATE_ABI_X32)
			tell(rows, REACH_ALLOWED, "x32", "the ABI",
			     "has its own numbers for most calls, which filters by number often forget");
		for (size_t j = 0; j < regions.count; j++) {
			struct callgate_pattern pattern;
			char call[192];
			enum reach reach =
				region_reach(filter, abis[i], &regions.list[j], &pattern, call, sizeof(call));

			if (reach != REACH_NONE)
				tell(rows, reach, callgate_abi_name(abis[i]), call, regions.list[j].reason);
		}
	}
	return code;
}
