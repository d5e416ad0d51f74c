/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of arguments by name: reading and writing by the tables. */
#include <stdio.h>

#include "base/err.h"
#include "names/value_set.h"
#include "names/words.h"

bool value_set_is_flags(const struct value_set *set)
{
	return set && set->low != UINT64_MAX;
}

/* ------------------------------------------------------------------ reading */

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Decimal or 0x, up to 2^64 - 1; -1 is all ones. */
static bool number(struct slice text, uint64_t *out)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (slice_is(text, "-1")) {
		*out = UINT64_MAX;
		return true;
	}
	if (text.size > 2 && text.at[0] == '0' && (text.at[1] | 0x20) == 'x') {
		base = 16;
		text = (struct slice){ text.at + 2, text.size - 2 };
	}
	for (size_t i = 0; i < text.size; i++) {
		unsigned digit = digit_of(text.at[i]);

		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	*out = value;
	return text.size != 0;
}

static bool part_value(const struct value_set *set, struct slice part, uint64_t *out)
{
	if (number(part, out))
		return true;
	for (unsigned i = 0; set && i < set->count; i++) {
		if (slice_is(part, set->names[i].name)) {
			*out = set->names[i].value;
			return true;
		}
	}
	return false;
}

bool value_parse(const struct value_set *set, struct slice text, uint64_t *out, struct slice *bad)
{
	uint64_t value = 0;

	for (size_t first = 0, i = 0; i <= text.size; i++) {
		struct slice part = { text.at + first, i - first };
		uint64_t more;

		if (i < text.size && text.at[i] != '|')
			continue;
		if (!part_value(set, part, &more)) {
			*bad = part;
			return false;
		}
		value |= more;
		first = i + 1;
	}
	*out = value;
	return true;
}

const char *value_nearest(const struct value_set *set, struct slice text)
{
	struct near near = near_start(text);

	for (unsigned i = 0; set && i < set->count; i++)
		near_offer(&near, set->names[i].name);
	return near.found;
}

/* ------------------------------------------------------------------ writing */

struct writer {
	char *buf;
	size_t size, used;
};

static void put(struct writer *to, const char *name, uint64_t value)
{
	size_t left = to->used < to->size ? to->size - to->used : 0;
	char *at = left ? to->buf + to->used : NULL;
	const char *bar = to->used ? "|" : "";

	to->used += (size_t)(name ? snprintf(at, left, "%s%s", bar, name)
				  : snprintf(at, left, "%s0x%llx", bar, (unsigned long long)value));
}

static const char *name_of(const struct value_set *set, uint64_t value)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->names[i].value == value)
			return set->names[i].name;
	return NULL;
}

int value_format(const struct value_set *set, uint64_t value, char *buf, size_t size)
{
	struct writer to = { buf, size, 0 };
	const char *whole = set ? name_of(set, value) : NULL;
	uint64_t rest = value;

	/* All bits set is -1 (personality's question), not a set of flags. */
	if (whole || !set || set->low == UINT64_MAX || value == UINT32_MAX || value == UINT64_MAX) {
		put(&to, whole, value);
		return (int)to.used;
	}
	/* Flags first, then what is one out of a list, as people write it. */
	for (unsigned i = 0; i < set->count; i++) {
		uint64_t flag = set->names[i].value;

		if (flag & ~set->low && (rest & flag) == flag) {
			put(&to, set->names[i].name, 0);
			rest &= ~flag;
		}
	}
	if (rest & set->low && name_of(set, rest & set->low)) {
		put(&to, name_of(set, rest & set->low), 0);
		rest &= ~set->low;
	}
	if (rest || !to.used)
		put(&to, NULL, rest);
	return (int)to.used;
}

/* ------------------------------------------------------------------ callgate.h */

int callgate_value_parse(enum callgate_abi abi, const char *call, unsigned index, const char *text, uint64_t *out)
{
	struct slice bad;

	REQUIRE(NULL, call && text && out);
	return value_parse(value_set_of(slice_of(call), index, abi), slice_of(text), out, &bad) ? 0
												: CALLGATE_E_NOTFOUND;
}

int callgate_value_format(enum callgate_abi abi, const char *call, unsigned index, uint64_t value, char *buf,
			  size_t size)
{
	REQUIRE(NULL, call && (buf || !size));
	return value_format(value_set_of(slice_of(call), index, abi), value, buf, size);
}

const char *callgate_value_nearest(enum callgate_abi abi, const char *call, unsigned index, const char *text)
{
	return call && text ? value_nearest(value_set_of(slice_of(call), index, abi), slice_of(text)) : NULL;
}
