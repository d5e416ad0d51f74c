/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk of the vocabulary: checks arguments, calls names/. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

/* The oldest libseccomp whose names the table can tell apart. */
enum { OLDEST_RELEASE = 0x020300 };

static struct slice slice_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

const char *callgate_abi_name(enum callgate_abi abi)
{
	const struct abi *row = abi_of(abi);

	return row ? row->name : NULL;
}

int callgate_abi_parse(const char *word, enum callgate_abi *out)
{
	enum callgate_abi abi;

	if (!word || !out)
		return CALLGATE_E_ARG;
	abi = abi_by_word(slice_of(word));
	if (abi == CALLGATE_ABI_NONE)
		return CALLGATE_E_NOTFOUND;
	*out = abi;
	return 0;
}

static int add_caps(struct slice word, uint64_t *caps, struct callgate_err *err)
{
	const char *nearest;
	unsigned cap;

	if (cap_by_name(word, &cap))
		*caps |= (uint64_t)1 << cap;
	else if (slice_is(word, "docker"))
		*caps |= cap_docker14;
	else if (slice_is(word, "all"))
		*caps |= ((uint64_t)1 << cap_count()) - 1;
	else if (!slice_is(word, "none")) {
		int shown = word.size > 64 ? 64 : (int)word.size;

		nearest = cap_nearest(word);
		return err_set(err, CALLGATE_E_NOTFOUND, "no capability is named '%.*s'%s%s%s", shown, word.at,
			       nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	}
	return 0;
}

int callgate_caps_parse(const char *list, uint64_t *out, struct callgate_err *err)
{
	uint64_t caps = 0;

	if (!list || !out)
		return err_set(err, CALLGATE_E_ARG, "no list of capabilities");
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

	if (!out)
		return CALLGATE_E_ARG;
	if (!name)
		return CALLGATE_E_NOTFOUND;
	*out = name;
	return 0;
}

int callgate_reader_parse(const char *word, enum callgate_reader *out)
{
	if (!word || !out)
		return CALLGATE_E_ARG;
	return reader_by_name(slice_of(word), out) ? 0 : CALLGATE_E_NOTFOUND;
}

/* One decimal number up to 255, and where it ends; NULL when there is none. */
static const char *small_number(const char *text, unsigned *out)
{
	unsigned value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (unsigned)(*at - '0');
		if (value > 255)
			return NULL;
	}
	*out = value;
	return at == text ? NULL : at;
}

int callgate_kernel_parse(const char *text, unsigned *major, unsigned *minor)
{
	unsigned first, second;

	if (!text || !major || !minor)
		return CALLGATE_E_ARG;
	text = small_number(text, &first);
	if (!text || *text != '.')
		return CALLGATE_E_NOTFOUND;
	text = small_number(text + 1, &second);
	/* What uname -r says goes on: "6.1.0-13-amd64", "6.18-rc3", "5.4+". */
	if (!text || (*text && !strchr(".-+_", *text)))
		return CALLGATE_E_NOTFOUND;
	*major = first;
	*minor = second;
	return 0;
}

/* "1.1.5": 0x010105. False: not three small numbers. */
static bool three_numbers(const char *text, uint32_t *out)
{
	uint32_t release = 0;

	for (int i = 0; i < 3; i++) {
		unsigned part;

		text = small_number(text, &part);
		if (!text || *text != (i < 2 ? '.' : '\0'))
			return false;
		release = release << 8 | part;
		text++;
	}
	*out = release;
	return true;
}

int callgate_release_parse(const char *text, uint32_t *out)
{
	static const char prefix[] = "libseccomp-";
	uint32_t release;

	if (!text || !out)
		return CALLGATE_E_ARG;
	if (strncmp(text, prefix, sizeof(prefix) - 1) != 0 || !three_numbers(text + sizeof(prefix) - 1, &release) ||
	    release < OLDEST_RELEASE)
		return CALLGATE_E_NOTFOUND;
	*out = release;
	return 0;
}

int callgate_target_reader(struct callgate_target *target, const char *word)
{
	enum callgate_reader reader;
	const char *dash;
	uint32_t release = 0;
	struct slice name;

	if (!target || !word)
		return CALLGATE_E_ARG;
	dash = strchr(word, '-');
	name = (struct slice){ word, dash ? (size_t)(dash - word) : strlen(word) };
	if (!reader_by_name(name, &reader))
		return CALLGATE_E_NOTFOUND;
	if (dash && ((reader != CALLGATE_AS_RUNC && reader != CALLGATE_AS_CRUN) || !three_numbers(dash + 1, &release)))
		return CALLGATE_E_NOTFOUND;
	target->reader = reader;
	target->runtime = release;
	return 0;
}

int callgate_action_format(struct callgate_action action, char *buf, size_t size)
{
	const char *name = action_name(action.kind), *word = NULL;

	if (!name)
		return snprintf(buf, size, "?");
	switch (action.kind) {
	case CALLGATE_ERRNO:
		word = errno_name(action.data);
		break;
	case CALLGATE_TRAP:
		if (action.data == 0)
			return snprintf(buf, size, "%s", name);
		break;
	case CALLGATE_TRACE:
		break;
	default:
		return snprintf(buf, size, "%s", name);
	}
	return word ? snprintf(buf, size, "%s(%s)", name, word) : snprintf(buf, size, "%s(%u)", name, action.data);
}

int callgate_syscall_number(enum callgate_abi abi, const char *name, uint32_t *out)
{
	int64_t nr;

	if (!name || !out || !abi_of(abi))
		return CALLGATE_E_ARG;
	nr = syscall_nr(syscall_find(slice_of(name)), abi);
	if (nr == SYSCALL_NONE)
		return CALLGATE_E_NOTFOUND;
	*out = (uint32_t)nr;
	return 0;
}

const char *callgate_syscall_name(enum callgate_abi abi, uint32_t nr)
{
	return syscall_id_name(syscall_by_nr(abi, nr));
}

const char *callgate_syscall_nearest(const char *name)
{
	return name ? syscall_nearest(slice_of(name)) : NULL;
}

int callgate_syscall_info(const char *name, struct callgate_syscall_info *out)
{
	int id = name && out ? syscall_find(slice_of(name)) : SYSCALL_NONE;

	if (id < 0)
		return name && out ? CALLGATE_E_NOTFOUND : CALLGATE_E_ARG;
	*out = (struct callgate_syscall_info){
		.name = syscall_id_name(id),
		.kernel_major = syscall_first_kernel(id) >> 8,
		.kernel_minor = syscall_first_kernel(id) & 0xff,
		.arg_kinds = syscall_args(id),
		.arg_names = syscall_arg_names(id),
		.sets = syscall_sets(id),
	};
	return 0;
}

int callgate_syscall_mux(enum callgate_abi abi, const char *name, const char **mux, uint32_t *selector)
{
	int id = name ? syscall_find(slice_of(name)) : SYSCALL_NONE, through;

	if (id < 0 || !abi_of(abi) || !syscall_behind_mux(id, abi, &through, selector))
		return CALLGATE_E_NOTFOUND;
	*mux = syscall_id_name(through);
	return 0;
}

const char *callgate_flag_name(uint32_t bit)
{
	return flag_oci(bit);
}

int callgate_abi_by_audit(uint32_t audit, uint32_t nr, enum callgate_abi *out)
{
	enum callgate_abi abi = abi_by_audit(audit, nr);

	if (abi == CALLGATE_ABI_NONE)
		return CALLGATE_E_NOTFOUND;
	*out = abi;
	return 0;
}

struct callgate_action callgate_action_from_word(uint32_t word)
{
	return action_from_word(word);
}
