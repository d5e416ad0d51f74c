/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* List item: reads one element of a list of calls: a name, perhaps conditions on arguments, perhaps an action of its
 * own. */
#include "policy/list_item.h"

#include <string.h>

#include "names/value.h"

enum { ARGUMENTS = 6 };

struct cursor {
	struct report *report;
	struct slice rest;
	bool failed; /* and reported */
};

static size_t offset_of(const struct report *report, const char *at)
{
	return (size_t)(at - report->source->text);
}

static struct place here(const struct cursor *cursor)
{
	return (struct place){ (uint32_t)offset_of(cursor->report, cursor->rest.at) };
}

static void take(struct cursor *cursor, size_t size)
{
	cursor->rest.at += size;
	cursor->rest.size -= size;
}

static void skip_blanks(struct cursor *cursor)
{
	while (cursor->rest.size && (*cursor->rest.at == ' ' || *cursor->rest.at == '\t'))
		take(cursor, 1);
}

/* Takes the word if it is next, with the blanks behind it. */
static bool next_is(struct cursor *cursor, const char *word)
{
	size_t size = strlen(word);

	if (cursor->rest.size < size || memcmp(cursor->rest.at, word, size) != 0)
		return false;
	take(cursor, size);
	skip_blanks(cursor);
	return true;
}

static bool wanted(struct cursor *cursor, const char *what)
{
	struct slice rest = cursor->rest;

	if (rest.size)
		report_error(cursor->report, NOTE_ARGUMENT, offset_of(cursor->report, rest.at),
			     "unexpected '%.*s'; expected %s", report_width(rest), rest.at, what);
	else
		report_error(cursor->report, NOTE_ARGUMENT, offset_of(cursor->report, rest.at),
			     "unexpected end of the item; expected %s", what);
	return false;
}

static bool is_name_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* The name of a value, as AF_ALG, or several joined by '|'. False: none is there; nothing is then taken. */
static bool take_name(struct cursor *cursor, const struct value_set *set, uint64_t *out)
{
	struct slice word = { cursor->rest.at, 0 }, bad;
	const char *near;

	while (word.size < cursor->rest.size && (is_name_byte(word.at[word.size]) || word.at[word.size] == '|'))
		word.size++;
	if (!word.size || digit_of(*word.at) < 10)
		return false;
	if (!value_parse(set, word, out, &bad)) {
		near = value_nearest(set, bad);
		report_error(cursor->report, NOTE_ARGUMENT, offset_of(cursor->report, bad.at),
			     "unknown value '%.*s'" REPORT_MEANT, report_width(bad), bad.at, report_meant(near));
		cursor->failed = true;
		return false;
	}
	take(cursor, word.size);
	skip_blanks(cursor);
	return true;
}

/* Decimal or 0x, up to 2^64 - 1; the blanks behind it go too. */
static bool take_number(struct cursor *cursor, uint64_t *out)
{
	struct cursor start = *cursor;
	uint64_t value = 0;
	unsigned base = 10;
	size_t digits = 0;

	if (cursor->rest.size > 1 && cursor->rest.at[0] == '0' && (cursor->rest.at[1] | 0x20) == 'x') {
		base = 16;
		take(cursor, 2);
	}
	for (; cursor->rest.size && digit_of(*cursor->rest.at) < base; digits++) {
		unsigned digit = digit_of(*cursor->rest.at);

		if (value > (UINT64_MAX - digit) / base) {
			*cursor = start;
			return wanted(cursor, "a number below 2^64");
		}
		value = value * base + digit;
		take(cursor, 1);
	}
	if (!digits) {
		*cursor = start;
		return wanted(cursor, "a number");
	}
	skip_blanks(cursor);
	*out = value;
	return true;
}

/* A number, or a name out of the vocabulary of the call's argument. */
static bool take_value(struct cursor *cursor, struct slice call, unsigned index, uint64_t *out)
{
	const struct value_set *set = value_set_of(call, index, CALLGATE_ABI_NONE);

	if (set && take_name(cursor, set, out))
		return true;
	return !cursor->failed && take_number(cursor, out);
}

static bool take_op(struct cursor *cursor, enum op *out)
{
	static const struct {
		const char *word;
		enum op op;
	} ops[] = {
		{ "==", OP_EQ }, { "!=", OP_NE }, { "<=", OP_LE }, { ">=", OP_GE }, { "<", OP_LT }, { ">", OP_GT }
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (next_is(cursor, ops[i].word)) {
			*out = ops[i].op;
			return true;
		}
	}
	return wanted(cursor, "one of == != < <= > >= &");
}

/* a1 == 5, a1 & 3 == 0 */
static bool take_condition(struct cursor *cursor, struct slice call, struct condition *out)
{
	struct condition condition = { .at = here(cursor) };
	const char *at = cursor->rest.at;

	if (cursor->rest.size < 2 || at[0] != 'a' || at[1] < '0' || at[1] >= '0' + ARGUMENTS)
		return wanted(cursor, "an argument, a0 to a5");
	condition.index = (uint8_t)(at[1] - '0');
	take(cursor, 2);
	skip_blanks(cursor);
	if (next_is(cursor, "&")) {
		if (!take_value(cursor, call, condition.index, &condition.value))
			return false;
		if (!next_is(cursor, "=="))
			return wanted(cursor, "'==' after a mask");
		if (!take_value(cursor, call, condition.index, &condition.value_two))
			return false;
		condition.op = OP_MASKED_EQ;
		condition.said = SAID_VALUE_TWO;
		*out = condition;
		return true;
	}
	if (!take_op(cursor, &condition.op) || !take_value(cursor, call, condition.index, &condition.value))
		return false;
	*out = condition;
	return true;
}

/* The arguments in their order, as in socket(AF_INET,*): equal, or any. Of flags that could mean either "just these" or
 * "these among others", so there it has to be written out. */
static bool take_plain(struct cursor *cursor, struct slice call, unsigned position, struct condition *out)
{
	struct condition condition = { .at = here(cursor), .index = (uint8_t)position, .op = OP_NE };

	if (position >= ARGUMENTS)
		return wanted(cursor, "at most six arguments");
	if (next_is(cursor, "*")) {
		*out = condition;
		return true;
	}
	if (value_set_is_flags(value_set_of(call, position, CALLGATE_ABI_NONE)) && cursor->rest.size &&
	    digit_of(*cursor->rest.at) > 9) {
		report_error(cursor->report, NOTE_ARGUMENT, condition.at.offset,
			     "flags by position are ambiguous; write a%u == VALUE or a%u & FLAG == FLAG", position,
			     position);
		return false;
	}
	if (!take_value(cursor, call, position, &condition.value))
		return false;
	condition.op = OP_EQ;
	*out = condition;
	return true;
}

/* All of them hold. Where an argument is named twice in one rule runtimes take either, so that is not accepted here. */
static bool take_conditions(struct cursor *cursor, struct item *item)
{
	unsigned seen = 0, position = 0;
	bool plain;

	skip_blanks(cursor);
	plain = cursor->rest.size &&
		!(cursor->rest.size > 1 && *cursor->rest.at == 'a' && cursor->rest.at[1] >= '0' &&
		  cursor->rest.at[1] <= '9') &&
		*cursor->rest.at != ')';
	do {
		struct condition condition;

		if (plain ? !take_plain(cursor, item->name, position++, &condition)
			  : !take_condition(cursor, item->name, &condition))
			return false;
		if (plain && condition.op != OP_EQ) /* '*' */
			continue;
		if (seen >> condition.index & 1) {
			report_error(cursor->report, NOTE_ORED, condition.at.offset,
				     "duplicate argument a%u; write one item for each, or one condition",
				     condition.index);
			return false;
		}
		seen |= 1u << condition.index;
		item->conditions[item->condition_count++] = condition;
	} while (next_is(cursor, ","));
	if (!cursor->rest.size || *cursor->rest.at != ')')
		return wanted(cursor, "',' or ')'");
	take(cursor, 1);
	return true;
}

static bool take_action(struct cursor *cursor, struct item *item)
{
	struct callgate_action action;
	struct slice word = cursor->rest;

	item->verdict.at = here(cursor);
	if (errno_by_name(word, &action.data))
		action.kind = CALLGATE_ERRNO;
	else if (!word.size || !action_by_name(word, &action)) {
		report_error(cursor->report, NOTE_ACTION, offset_of(cursor->report, word.at),
			     "unknown action '%.*s'; expected one such as ERRNO(EIO), EIO, LOG, KILL_PROCESS",
			     report_width(word), word.at);
		return false;
	}
	if (action.kind == CALLGATE_NOTIFY) {
		report_error(cursor->report, NOTE_LISTENER, offset_of(cursor->report, word.at),
			     "NOTIFY is not possible in a list: it needs a listener");
		return false;
	}
	if (action.kind == CALLGATE_TRAP && action.data) {
		report_error(cursor->report, NOTE_ACTION, offset_of(cursor->report, word.at),
			     "action '%.*s' is not possible in a list", report_width(word), word.at);
		return false;
	}
	item->verdict.kind = action.kind;
	if (action.kind == CALLGATE_ERRNO || action.kind == CALLGATE_TRACE) {
		item->verdict.said = SAID_ERRNO_RET;
		item->verdict.errno_ret = action.data;
		item->verdict.errno_ret_at = item->verdict.at;
	}
	item->has_action = true;
	return true;
}

bool item_parse(struct slice text, struct report *report, struct item *out)
{
	struct cursor cursor = { .report = report, .rest = text };
	struct item item = { .verdict.at = here(&cursor) };
	size_t size = 0;

	while (size < text.size && text.at[size] != '(' && text.at[size] != '=')
		size++;
	item.name = (struct slice){ text.at, size };
	item.name_at = here(&cursor);
	take(&cursor, size);
	item.any = slice_is(item.name, "*");
	if (!item.name.size)
		return wanted(&cursor, "a syscall name");
	if (cursor.rest.size && *cursor.rest.at == '(') {
		take(&cursor, 1);
		if (!take_conditions(&cursor, &item))
			return false;
	}
	if (cursor.rest.size) {
		if (*cursor.rest.at != '=')
			return wanted(&cursor, "'=' or nothing");
		take(&cursor, 1);
		if (!take_action(&cursor, &item))
			return false;
	}
	if (item.any && (item.condition_count || !item.has_action)) {
		report_error(report, NOTE_ACTION, offset_of(report, text.at),
			     "'*' takes an action and no conditions, as in *=EIO");
		return false;
	}
	*out = item;
	return true;
}

bool item_verdict(struct slice text, struct report *report, struct verdict *out)
{
	struct cursor cursor = { .report = report, .rest = text };
	struct item item = { .has_action = false };

	if (!take_action(&cursor, &item))
		return false;
	*out = item.verdict;
	return true;
}

bool item_next(struct slice list, char separator, size_t *at, struct slice *out)
{
	while (*at < list.size) {
		size_t first = *at, last = first;
		int depth = 0;

		for (; last < list.size && (depth > 0 || list.at[last] != separator); last++)
			depth += list.at[last] == '(' ? 1 : list.at[last] == ')' ? -1 : 0;
		*at = last + 1;
		*out = (struct slice){ list.at + first, last - first };
		if (out->size)
			return true;
	}
	return false;
}

bool item_rule(const struct item *item, struct arena *arena, const struct verdict *verdict, struct rule *out)
{
	struct word *name = arena_alloc(arena, sizeof(*name));
	struct rule rule = { .names = name,
			     .name_count = 1,
			     .verdict = item->has_action ? item->verdict : *verdict,
			     .condition_count = item->condition_count,
			     .section = CALLGATE_ABI_NONE,
			     .at = item->name_at };

	if (!name)
		return false;
	*name = (struct word){ item->name, item->name_at };
	if (item->condition_count) {
		rule.conditions = arena_grow(arena, item->conditions, item->condition_count, item->condition_count,
					     sizeof(item->conditions[0]));
		if (!rule.conditions)
			return false;
	}
	*out = rule;
	return true;
}
