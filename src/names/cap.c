/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities: names and numbers of capabilities(7). */
#include "base/err.h"
#include "names/words.h"
#include <string.h>

static const char *const names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};
enum { CAPS = sizeof(names) / sizeof(names[0]), PREFIX = sizeof("CAP_") - 1 };

#define BIT(n) ((uint64_t)1 << (n))
/* CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP; NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE
 * SETFCAP */
const uint64_t cap_docker14 = BIT(0) | BIT(1) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(10) |
			      BIT(13) | BIT(18) | BIT(27) | BIT(29) | BIT(31);

bool cap_by_name(struct slice word, unsigned *out)
{
	for (unsigned i = 0; i < CAPS; i++) {
		if (slice_is(word, names[i])) {
			*out = i;
			return true;
		}
	}
	return false;
}

const char *cap_name(unsigned cap)
{
	return cap < CAPS ? names[cap] : NULL;
}

unsigned cap_count(void)
{
	return CAPS;
}

const char *cap_nearest(struct slice word)
{
	struct near near = near_start(word);

	for (unsigned i = 0; i < CAPS; i++)
		near_offer(&near, names[i]);
	if (near.found)
		return near.found;
	for (unsigned i = 0; i < CAPS; i++)
		if (slice_is_nocase(word, names[i] + PREFIX))
			return names[i];
	return NULL;
}

/* As people write them: CAP_SYS_ADMIN, or sys_admin as LXC's configuration does. */
static bool cap_by_word(struct slice word, unsigned *out)
{
	if (cap_by_name(word, out))
		return true;
	for (unsigned i = 0; i < CAPS; i++) {
		if (slice_is_nocase(word, names[i]) || slice_is_nocase(word, names[i] + PREFIX)) {
			*out = i;
			return true;
		}
	}
	return false;
}

static int add_caps(struct slice word, uint64_t *caps, struct callgate_err *err)
{
	const char *nearest;
	unsigned cap;

	if (cap_by_word(word, &cap))
		*caps |= (uint64_t)1 << cap;
	else if (slice_is(word, "docker"))
		*caps |= cap_docker14;
	else if (slice_is(word, "all"))
		*caps |= ((uint64_t)1 << cap_count()) - 1;
	else if (!slice_is(word, "none")) {
		int shown = word.size > 64 ? 64 : (int)word.size;

		nearest = cap_nearest(word);
		return err_set(err, CALLGATE_E_NOTFOUND, "unknown capability '%.*s'%s%s%s", shown, word.at,
			       nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	}
	return 0;
}

int callgate_caps_parse(const char *list, uint64_t *out, struct callgate_err *err)
{
	uint64_t caps = 0;

	REQUIRE(err, list && out);
	for (const char *at = list;; at++) {
		size_t size = strcspn(at, ",");
		int r = add_caps((struct slice){ at, size }, &caps, err);

		if (r < 0)
			return r;
		at += size;
		if (!*at)
			break;
	}
	*out = caps;
	return 0;
}

int callgate_cap_name(unsigned cap, const char **out)
{
	const char *name = cap_name(cap);

	REQUIRE(NULL, out);
	if (!name)
		return CALLGATE_E_NOTFOUND;
	*out = name;
	return 0;
}
