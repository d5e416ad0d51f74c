/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Actions: OCI's words, the words that callgate prints, and the kernel's return values. */
#include "names/words.h"

#include <stdio.h>
#include <string.h>

enum { PREFIX = sizeof("SCMP_ACT_") - 1 };
#define ACTION_MASK 0xffff0000u

static const struct {
	const char *oci; /* the word that is printed is what follows SCMP_ACT_ */
	uint32_t word;   /* SECCOMP_RET_*; spelled here because headers of older kernels lack some */
	bool has_data;
} table[] = {
	[CALLGATE_KILL_PROCESS] = { "SCMP_ACT_KILL_PROCESS", 0x80000000u, false },
	[CALLGATE_KILL_THREAD] = { "SCMP_ACT_KILL_THREAD", 0x00000000u, false },
	[CALLGATE_TRAP] = { "SCMP_ACT_TRAP", 0x00030000u, true },
	[CALLGATE_ERRNO] = { "SCMP_ACT_ERRNO", 0x00050000u, true },
	[CALLGATE_NOTIFY] = { "SCMP_ACT_NOTIFY", 0x7fc00000u, false },
	[CALLGATE_TRACE] = { "SCMP_ACT_TRACE", 0x7ff00000u, true },
	[CALLGATE_LOG] = { "SCMP_ACT_LOG", 0x7ffc0000u, false },
	[CALLGATE_ALLOW] = { "SCMP_ACT_ALLOW", 0x7fff0000u, false },
};
enum { ACTIONS = sizeof(table) / sizeof(table[0]) };

static const char kill_word[] = "SCMP_ACT_KILL"; /* an older word for KILL_THREAD */

bool action_by_oci(struct slice word, enum callgate_action_kind *out)
{
	for (int i = 0; i < ACTIONS; i++) {
		if (slice_is(word, table[i].oci)) {
			*out = (enum callgate_action_kind)i;
			return true;
		}
	}
	if (!slice_is(word, kill_word))
		return false;
	*out = CALLGATE_KILL_THREAD;
	return true;
}

const char *action_oci(enum callgate_action_kind kind)
{
	return (unsigned)kind < ACTIONS ? table[kind].oci : NULL;
}

const char *action_name(enum callgate_action_kind kind)
{
	return (unsigned)kind < ACTIONS ? table[kind].oci + PREFIX : NULL;
}

static bool kind_by_name(struct slice word, enum callgate_action_kind *out)
{
	for (int i = 0; i < ACTIONS; i++) {
		if (slice_is(word, table[i].oci + PREFIX)) {
			*out = (enum callgate_action_kind)i;
			return true;
		}
	}
	if (!slice_is(word, kill_word + PREFIX))
		return false;
	*out = CALLGATE_KILL_THREAD;
	return true;
}

/* Decimal or 0x, the whole slice, within 16 bits. */
static bool parse_data(struct slice text, uint16_t *out)
{
	unsigned base = 10, value = 0;
	size_t i = 0;

	if (text.size > 2 && text.at[0] == '0' && text.at[1] == 'x') {
		base = 16;
		i = 2;
	}
	if (i == text.size)
		return false;
	for (; i < text.size; i++) {
		unsigned char c = (unsigned char)text.at[i];
		unsigned digit = c >= '0' && c <= '9' ? c - '0' + 0u : c >= 'a' && c <= 'f' ? c - 'a' + 10u : 99;

		if (digit >= base)
			return false;
		value = value * base + digit;
		if (value > UINT16_MAX)
			return false;
	}
	*out = (uint16_t)value;
	return true;
}

bool action_by_name(struct slice word, struct callgate_action *out)
{
	const char *open = memchr(word.at, '(', word.size);
	struct callgate_action action = { .kind = CALLGATE_ALLOW };
	struct slice name = word, data;

	if (open)
		name.size = (size_t)(open - word.at);
	if (!kind_by_name(name, &action.kind))
		return false;
	if (!open) {
		action.data = action.kind == CALLGATE_ERRNO ? 1 : 0; /* EPERM, as everywhere where nothing is said */
		*out = action;
		return true;
	}
	if (!table[action.kind].has_data || word.at[word.size - 1] != ')')
		return false;
	data = (struct slice){ open + 1, word.size - name.size - 2 };
	if (!parse_data(data, &action.data) && !(action.kind == CALLGATE_ERRNO && errno_by_name(data, &action.data)))
		return false;
	if (action.kind == CALLGATE_ERRNO && action.data > ERRNO_MAX)
		return false;
	*out = action;
	return true;
}

uint32_t action_word(struct callgate_action action)
{
	if ((unsigned)action.kind >= ACTIONS)
		return table[CALLGATE_KILL_PROCESS].word;
	return table[action.kind].word | (table[action.kind].has_data ? action.data : 0u);
}

struct callgate_action action_from_word(uint32_t word)
{
	struct callgate_action action = { .kind = CALLGATE_KILL_PROCESS };

	for (int i = 0; i < ACTIONS; i++)
		if (table[i].word == (word & ACTION_MASK))
			action.kind = (enum callgate_action_kind)i;
	if (table[action.kind].has_data)
		action.data = (uint16_t)(word & ~ACTION_MASK);
	if (action.kind == CALLGATE_ERRNO && action.data > ERRNO_MAX)
		action.data = ERRNO_MAX;
	return action;
}

bool action_equal(struct callgate_action a, struct callgate_action b)
{
	/* Data that a kind does not have is no difference. */
	return a.kind == b.kind ? a.data == b.data || !table[a.kind].has_data : action_word(a) == action_word(b);
}

const char *action_nearest_oci(struct slice word)
{
	struct near near = near_start(word);

	near_offer(&near, kill_word);
	for (int i = 0; i < ACTIONS; i++)
		near_offer(&near, table[i].oci);
	if (near.found)
		return near.found;
	/* "ALLOW", "errno": the word is right, the prefix is missing. */
	for (int i = 0; i < ACTIONS; i++)
		if (slice_is_nocase(word, table[i].oci + PREFIX))
			return table[i].oci;
	return slice_is_nocase(word, kill_word + PREFIX) ? kill_word : NULL;
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

struct callgate_action callgate_action_from_return(uint32_t word)
{
	return action_from_word(word);
}
