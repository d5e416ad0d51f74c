/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers: the programs whose understanding of a profile can be asked for. */
#include "base/err.h"
#include "names/words.h"
#include <string.h>

static const char *const names[] = {
	[CALLGATE_AS_CALLGATE] = "callgate", [CALLGATE_AS_DOCKER] = "docker",
	[CALLGATE_AS_PODMAN] = "podman",     [CALLGATE_AS_CONTAINERD] = "containerd",
	[CALLGATE_AS_RUNC] = "runc",         [CALLGATE_AS_CRUN] = "crun",
	[CALLGATE_AS_LXC] = "lxc",           [CALLGATE_AS_RUNSC] = "runsc",
};
enum { READERS = sizeof(names) / sizeof(names[0]) };

const char *reader_name(enum callgate_reader reader)
{
	return (unsigned)reader < READERS ? names[reader] : NULL;
}

bool reader_by_name(struct slice word, enum callgate_reader *out)
{
	for (int i = 0; i < READERS; i++) {
		if (slice_is(word, names[i])) {
			*out = (enum callgate_reader)i;
			return true;
		}
	}
	return false;
}

int callgate_target_reader(struct callgate_target *target, const char *word)
{
	enum callgate_reader reader;
	const char *dash;
	uint32_t release = 0;
	struct slice name;

	REQUIRE(NULL, target && word);
	dash = strchr(word, '-');
	name = (struct slice){ word, dash ? (size_t)(dash - word) : strlen(word) };
	if (!reader_by_name(name, &reader))
		return CALLGATE_E_NOTFOUND;
	if (dash && ((reader != CALLGATE_AS_RUNC && reader != CALLGATE_AS_CRUN) || !release_parse(dash + 1, &release)))
		return CALLGATE_E_NOTFOUND;
	target->reader = reader;
	target->runtime = release;
	return 0;
}
