/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers: the programs whose understanding of a profile can be asked for. */
#include "names/words.h"

static const char *const names[] = {
	[CALLGATE_AS_LAW] = "callgate",  [CALLGATE_AS_DOCKER] = "docker",
	[CALLGATE_AS_PODMAN] = "podman", [CALLGATE_AS_CONTAINERD] = "containerd",
	[CALLGATE_AS_RUNC] = "runc",     [CALLGATE_AS_CRUN] = "crun",
	[CALLGATE_AS_LXC] = "lxc",
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
