/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC reader, one line: `name [action] [[index,value,op,mask]...]`. What LXC itself would ignore or misread is an
 * error. */
#include <string.h>

#include "policy/read_lxc.h"

enum { ERRNO_EACCES = 13, MNT_FORCE_BIT = 1, CONDITIONS_MAX = 6, VALUE_WIDTH = 23 };

size_t lxc_offset(const struct lxc *lxc, const char *at)
{
	return (size_t)(at - lxc->policy->source.text);
}

static struct place place_of(const struct lxc *lxc, const char *at)
{
	return (struct place){ (uint32_t)lxc_offset(lxc, at) };
}

static struct slice skip_blanks(struct slice text)
{
	while (text.size && *text.at == ' ')
		text = (struct slice){ text.at + 1, text.size - 1 };
	return text;
}

struct slice lxc_word(struct slice text, struct slice *rest)
{
	size_t size = 0;

	while (size < text.size && text.at[size] != ' ')
		size++;
	*rest = skip_blanks((struct slice){ text.at + size, text.size - size });
	return (struct slice){ text.at, size };
}

struct slice lxc_trim_right(struct slice text)
{
	while (text.size && text.at[text.size - 1] == ' ')
		text.size--;
	return text;
}

static bool ends_or_comment(struct slice text)
{
	return !text.size || *text.at == '#';
}

/* ------------------------------------------------------------------ actions */

/* Digits only: what is then wrong is its size. */
static bool is_number(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return text.size != 0;
}

/* No leading zeros: which base was meant is not certain. */
static bool errno_number(struct slice word, uint16_t *out)
{
	return !(word.size > 1 && word.at[0] == '0') && errno_by_digits(word, out);
}

static bool errno_action(struct lxc *lxc, struct slice *rest, const char *at, struct verdict *out)
{
	struct slice number;
	uint16_t by_name;

	if (ends_or_comment(*rest)) {
		report_error(&lxc->report, NOTE_ERRNO, lxc_offset(lxc, at), "action errno requires a number");
		return false;
	}
	number = lxc_word(*rest, rest);
	out->errno_ret_at = place_of(lxc, number.at);
	if (errno_number(number, &out->errno_ret)) {
		out->said = SAID_ERRNO_RET;
		return true;
	}
	if (errno_by_name(number, &by_name))
		report_error(&lxc->report, NOTE_ERRNO, lxc_offset(lxc, number.at),
			     "LXC takes errno numbers only; write %u instead of '%.*s'", by_name, report_width(number),
			     number.at);
	else
		report_error(&lxc->report, NOTE_ERRNO, lxc_offset(lxc, number.at),
			     is_number(number) && number.at[0] != '0'
				     ? "errno %.*s is out of range (0 to %d)"
				     : "errno '%.*s' is not a plain decimal number from 0 to %d",
			     report_width(number), number.at, ERRNO_MAX);
	return false;
}

/* LXC itself compares no further: kill_process is its kill. */
static bool begins_with(struct slice word, const char *known)
{
	size_t size = strlen(known);

	return word.size >= size && memcmp(word.at, known, size) == 0;
}

bool lxc_action(struct lxc *lxc, struct slice text, struct verdict *out)
{
	static const struct {
		const char *word;
		enum callgate_action_kind kind;
	} actions[] = { { "kill", CALLGATE_KILL_THREAD },
			{ "errno", CALLGATE_ERRNO },
			{ "allow", CALLGATE_ALLOW },
			{ "trap", CALLGATE_TRAP },
			{ "notify", CALLGATE_NOTIFY } };
	struct slice rest, word = lxc_word(text, &rest);
	struct verdict verdict = { .at = place_of(lxc, word.at) };
	struct near near = near_start(word);
	bool known = false;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]) && !known; i++) {
		known = slice_is(word, actions[i].word) ||
			(report_reader(&lxc->report, READS_LXC) && begins_with(word, actions[i].word));
		verdict.kind = actions[i].kind;
	}
	if (!known) {
		for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
			near_offer(&near, actions[i].word);
		report_error(&lxc->report, NOTE_ACTION, lxc_offset(lxc, word.at),
			     "unknown action '%.*s'; LXC has kill, errno N, allow, trap and notify" REPORT_MEANT,
			     report_width(word), word.at, report_meant(near.found));
		return false;
	}
	if (verdict.kind == CALLGATE_ERRNO && !errno_action(lxc, &rest, word.at, &verdict))
		return false;
	if (!ends_or_comment(rest)) {
		report_error(&lxc->report, NOTE_ACTION, lxc_offset(lxc, rest.at),
			     "trailing '%.*s' after the action is ignored by LXC", report_width(rest), rest.at);
		return false;
	}
	*out = verdict;
	return true;
}

/* ------------------------------------------------------------------ arguments */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return 16;
}

/* A number as strtoull() with base 0 reads it: decimal, 0x, or octal after a 0. */
static bool c_number(struct slice text, uint64_t *out)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (text.size && *text.at == '+')
		text = (struct slice){ text.at + 1, text.size - 1 };
	if (text.size > 2 && text.at[0] == '0' && (text.at[1] | 0x20) == 'x') {
		base = 16;
		text = (struct slice){ text.at + 2, text.size - 2 };
	} else if (text.size > 1 && text.at[0] == '0') {
		base = 8;
	}
	if (!text.size)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		unsigned digit = (unsigned)digit_of(text.at[i]);

		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	*out = value;
	return true;
}

static bool argument_number(struct lxc *lxc, struct slice text, const char *what, uint64_t max, uint64_t *out)
{
	if (text.size > VALUE_WIDTH) {
		report_error(&lxc->report, NOTE_ARGUMENT, lxc_offset(lxc, text.at),
			     "argument %s is longer than the %d digits that LXC reads", what, VALUE_WIDTH);
		return false;
	}
	if (!c_number(text, out) || *out > max) {
		report_error(&lxc->report, NOTE_ARGUMENT, lxc_offset(lxc, text.at),
			     is_number(text) ? "argument %s %.*s is out of range (0 to %llu)"
					     : "argument %s '%.*s' is not a number from 0 to %llu",
			     what, report_width(text), text.at, (unsigned long long)max);
		return false;
	}
	if (text.size > 1 && text.at[0] == '0' && text.at[1] >= '0' && text.at[1] <= '7')
		report_warning(&lxc->report, NOTE_ARGUMENT, lxc_offset(lxc, text.at),
			       "the %s %.*s is octal: %llu in decimal", what, report_width(text), text.at,
			       (unsigned long long)*out);
	return true;
}

struct fields {
	struct slice field[4]; /* index, value, op, mask */
	unsigned count;
};

static bool split_fields(struct lxc *lxc, struct slice body, struct fields *out)
{
	out->count = 0;
	for (size_t first = 0, i = 0; i <= body.size; i++) {
		if (i < body.size && body.at[i] != ',')
			continue;
		if (out->count == 4) {
			report_error(&lxc->report, NOTE_ARGUMENT, lxc_offset(lxc, body.at + first),
				     "fifth field '%.*s' in an argument; expected [index,value,op,mask]",
				     (int)(i - first), body.at + first);
			return false;
		}
		out->field[out->count++] = (struct slice){ body.at + first, i - first };
		first = i + 1;
	}
	if (out->count >= 3)
		return true;
	report_error(&lxc->report, NOTE_ARGUMENT, lxc_offset(lxc, body.at),
		     "argument has too few fields; expected [index,value,op] or [index,value,op,mask]");
	return false;
}

/* The text between the brackets. */
static bool condition(struct lxc *lxc, struct slice body, struct condition *out)
{
	struct fields fields;
	uint64_t index, mask = 0;
	struct slice op;

	if (!split_fields(lxc, body, &fields))
		return false;
	/* Only before the index LXC accepts blanks. */
	if (!argument_number(lxc, skip_blanks(fields.field[0]), "index", 5, &index) ||
	    !argument_number(lxc, fields.field[1], "value", UINT64_MAX, &out->value))
		return false;
	op = fields.field[2];
	if (!op_by_lxc(op, &out->op)) {
		report_error(&lxc->report, NOTE_OPERATOR, lxc_offset(lxc, op.at),
			     "unknown operator '%.*s'; LXC has != < <= == >= > &= and SCMP_CMP_*, without blanks",
			     report_width(op), op.at);
		return false;
	}
	if (fields.count == 4 && !argument_number(lxc, fields.field[3], "mask", UINT64_MAX, &mask))
		return false;
	if ((fields.count == 4) != (out->op == OP_MASKED_EQ)) {
		report_error(&lxc->report, NOTE_MASK, lxc_offset(lxc, op.at),
			     out->op == OP_MASKED_EQ ? "mask is missing; LXC then uses 0"
						     : "mask is ignored by LXC without the operator &=");
		return false;
	}
	out->index = (uint8_t)index;
	if (out->op == OP_MASKED_EQ) {
		out->value_two = out->value;
		out->value = mask;
		out->said = SAID_VALUE_TWO;
	}
	return true;
}

static bool add_condition(struct lxc *lxc, struct condition *list, unsigned *count, const struct condition *next)
{
	if (*count == CONDITIONS_MAX) {
		report_error(&lxc->report, NOTE_ARGUMENT, next->at.offset,
			     "more than %d conditions in one rule; LXC ignores the rest", CONDITIONS_MAX);
		return false;
	}
	/* LXC leaves this to libseccomp, which is asked only for calls that the host has. */
	for (unsigned i = 0; i < *count && !report_reader(&lxc->report, READS_LXC); i++) {
		if (list[i].index == next->index) {
			report_error(&lxc->report, NOTE_ARGUMENT, next->at.offset,
				     "argument index %u twice in one rule is rejected by LXC", next->index);
			return false;
		}
	}
	list[(*count)++] = *next;
	return true;
}

/* From the first bracket to the end of the line. */
static bool conditions(struct lxc *lxc, struct slice text, struct rule *rule)
{
	struct condition list[CONDITIONS_MAX];
	unsigned count = 0;

	while (text.size) {
		const char *end = memchr(text.at, ']', text.size);
		struct condition next = { .at = place_of(lxc, text.at) };

		if (*text.at != '[') {
			report_error(&lxc->report, NOTE_ARGUMENT, lxc_offset(lxc, text.at),
				     "unexpected '%.*s' after ']'; expected another [index,value,op]",
				     report_width(text), text.at);
			return false;
		}
		if (!end) {
			report_error(&lxc->report, NOTE_ARGUMENT, lxc_offset(lxc, text.at),
				     "argument is not closed; expected ']'");
			return false;
		}
		if (!condition(lxc, (struct slice){ text.at + 1, (size_t)(end - text.at) - 1 }, &next) ||
		    !add_condition(lxc, list, &count, &next))
			return false;
		text = (struct slice){ end + 1, text.size - (size_t)(end + 1 - text.at) };
		if (text.size && !skip_blanks(text).size) {
			report_error(&lxc->report, NOTE_ARGUMENT, lxc_offset(lxc, text.at),
				     "trailing blank after ']' is rejected by LXC");
			return false;
		}
		text = skip_blanks(text);
	}
	rule->conditions = arena_grow(&lxc->policy->arena, list, count, count, sizeof(*list));
	rule->condition_count = count;
	lxc->out_of_memory |= !rule->conditions;
	return rule->conditions != NULL;
}

/* ------------------------------------------------------------------ rules */

bool lxc_add_rule(struct lxc *lxc, const struct rule *rule, struct word name)
{
	struct rule *kept;
	struct word *word;

	if (lxc->rules.count == LXC_RULES_LIMIT) {
		report_error(&lxc->report, NOTE_LIMIT, rule->at.offset, "more than %d rules in one profile",
			     LXC_RULES_LIMIT);
		return false;
	}
	kept = list_add(&lxc->scratch, &lxc->rules, sizeof(*rule));
	word = arena_alloc(&lxc->policy->arena, sizeof(*word));
	if (!kept || !word) {
		lxc->out_of_memory = true;
		return false;
	}
	*word = name;
	*kept = *rule;
	kept->names = word;
	kept->name_count = 1;
	return true;
}

/* umount2 with MNT_FORCE is answered with EACCES. */
static bool reject_force_umount(struct lxc *lxc, struct slice line)
{
	static const struct condition force = { .index = 1,
						.op = OP_MASKED_EQ,
						.value = MNT_FORCE_BIT,
						.value_two = MNT_FORCE_BIT,
						.said = SAID_VALUE_TWO };
	struct place at = place_of(lxc, line.at);
	struct rule rule = { .verdict = { .kind = CALLGATE_ERRNO,
					  .at = at,
					  .said = SAID_ERRNO_RET,
					  .errno_ret = ERRNO_EACCES,
					  .errno_ret_at = at },
			     .section = lxc->section,
			     .in_section = lxc->in_section,
			     .at = at,
			     .condition_count = 1 };
	struct condition *condition = arena_alloc(&lxc->policy->arena, sizeof(force));

	if (!condition) {
		lxc->out_of_memory = true;
		return false;
	}
	*condition = force;
	condition->at = at;
	rule.conditions = condition;
	return lxc_add_rule(lxc, &rule, (struct word){ SLICE("umount2"), at });
}

static bool odd_name(struct lxc *lxc, struct slice name)
{
	for (size_t i = 0; i < name.size; i++) {
		char c = name.at[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-')
			continue;
		if (c == '\t')
			report_unless(&lxc->report, READS_LXC, NOTE_SYNTAX, lxc_offset(lxc, name.at + i),
				      "tab in a syscall name; LXC separates by blanks only");
		else
			report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, name.at + i),
				     "unexpected '%c' in a syscall name; the separator is a blank", c);
		return true;
	}
	return false;
}

/* What follows the name. */
static bool read_rest(struct lxc *lxc, struct slice rest, struct rule *rule)
{
	const char *bracket = rest.size ? memchr(rest.at, '[', rest.size) : NULL;
	struct slice action = rest;

	if (bracket) {
		const char *comment;

		action = lxc_trim_right((struct slice){ rest.at, (size_t)(bracket - rest.at) });
		comment = action.size ? memchr(action.at, '#', action.size) : NULL;
		if (comment) {
			report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, bracket),
				     "'[' in a comment is read as an argument by LXC");
			return false;
		}
		if (!action.size) {
			report_error(&lxc->report, NOTE_ACTION, lxc_offset(lxc, bracket),
				     "missing action before the arguments");
			return false;
		}
	}
	if (!ends_or_comment(action) && !lxc_action(lxc, action, &rule->verdict))
		return false;
	return !bracket || conditions(lxc, (struct slice){ bracket, rest.size - (size_t)(bracket - rest.at) }, rule);
}

/* LXC reads an action with a carriage return behind it as meant, but not a name or an argument. */
static bool spoilt_by_return(struct lxc *lxc, struct slice line, struct slice rest)
{
	bool harmless = rest.size && *rest.at != '[' && line.at[line.size - 1] != ']';

	if (lxc->cr_said)
		return !harmless;
	lxc->cr_said = !harmless;
	if (!harmless)
		report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, line.at + line.size),
			     "CR before the newline is read as part of the word by LXC (here and on the lines below)");
	return !harmless;
}

static bool read_line(struct lxc *lxc, struct slice name, struct slice rest, struct rule *rule)
{
	return !odd_name(lxc, name) && read_rest(lxc, rest, rule);
}

/* LXC does not look at lines in sections of other machines: what is wrong with one counts where it is for the host. */
static bool read_line_in_section(struct lxc *lxc, struct slice name, struct slice rest, struct rule *rule)
{
	struct report report = lxc->report;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct refusal *refusal;
	bool good;

	lxc->report.notes = NULL;
	lxc->report.err = &err;
	good = read_line(lxc, name, rest, rule);
	lxc->report = report;
	if (good || lxc->out_of_memory)
		return good && read_line(lxc, name, rest, rule);
	refusal = arena_alloc(&lxc->policy->arena, sizeof(*refusal));
	if (refusal)
		*refusal = (struct refusal){ arena_strndup(&lxc->policy->arena, err.text, strlen(err.text)), err.line,
					     err.column };
	lxc->out_of_memory |= !refusal || !refusal->text;
	rule->refusal = refusal;
	return !lxc->out_of_memory;
}

bool lxc_rule(struct lxc *lxc, struct slice line)
{
	struct slice rest, name = lxc_word(line, &rest);
	struct rule rule = { .verdict = lxc->rule_default,
			     .section = lxc->section,
			     .in_section = lxc->in_section,
			     .at = place_of(lxc, line.at) };
	struct slice force = SLICE("reject_force_umount");

	if (lxc->cr_here && spoilt_by_return(lxc, line, rest))
		return true;
	rule.verdict.at = rule.at;
	if (name.size >= force.size && memcmp(name.at, force.at, force.size) == 0) {
		if (name.size == force.size && ends_or_comment(rest) && !memchr(line.at, '[', line.size))
			return reject_force_umount(lxc, line);
		report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, line.at),
			     "reject_force_umount must be alone on its line; LXC ignores what follows it");
		return true;
	}
	if (lxc->section != CALLGATE_ABI_NONE && report_reader(&lxc->report, READS_LXC)) {
		if (!read_line_in_section(lxc, name, rest, &rule))
			return !lxc->out_of_memory;
	} else if (!read_line(lxc, name, rest, &rule)) {
		return !lxc->out_of_memory;
	}
	return lxc_add_rule(lxc, &rule, (struct word){ name, rule.at });
}
