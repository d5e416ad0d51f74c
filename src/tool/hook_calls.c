/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Install's warning about calls that the engine itself makes. */
#include <string.h>

#include "tool/hook.h"

void hook_note_calls(const char *runtime, const struct callgate_filter *filter, enum callgate_abi abi)
{
	char names[1024];

	if (callgate_engine_refused(runtime, filter, abi, names, sizeof(names)))
		fprintf(stderr,
			"callgate: warning: the profile refuses what %s itself calls after loading it: %s; the "
			"container may end at its start without saying why\n",
			strcmp(runtime, "lxc") == 0 ? "LXC" : runtime, names);
}
