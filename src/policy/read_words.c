/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words reader: --allow, --deny and --default of a command line, in place of a profile. */
#include <string.h>

#include "base/err.h"
#include "base/sized.h"
#include "names/syscall.h"
#include "policy/lint.h"
#include "policy/list.h"
#include "policy/list_item.h"

enum { ITEMS_LIMIT = 1 << 16, WORDS = 3 };
enum { WORD_ALLOW, WORD_DENY, WORD_DEFAULT };

struct words {
	struct callgate_policy *policy;
	struct report report;
	struct arena scratch;
	struct list rules;
	struct slice said[WORDS]; /* .at NULL: not given */
};

/* What an item says, and that there is such a call. False: the error was reported. */
static bool read_item(struct words *words, struct slice text, struct item *item)
{
	if (!item_parse(text, &words->report, item))
		return false;
	if (item->any) {
		report_error(&words->report, NOTE_ACTION, item->name_at.offset,
			     "'*' is not possible in a list; use --default ACTION");
		return false;
	}
	if (syscall_find(item->name) != SYSCALL_NONE)
		return true;
	report_error(&words->report, NOTE_SYSCALL, item->name_at.offset, "unknown syscall '%.*s'" REPORT_MEANT,
		     report_width(item->name), item->name.at,
		     report_meant(report_listens(&words->report) ? syscall_nearest(item->name) : NULL));
	return false;
}

/* Every item is a rule. False: no memory. */
static bool read_items(struct words *words, struct slice part, const struct verdict *verdict)
{
	struct slice text;

	for (size_t at = 0; item_next(part, ',', &at, &text);) {
		struct item item;
		struct rule *rule;

		if (words->rules.count >= ITEMS_LIMIT) {
			report_error(&words->report, NOTE_LIMIT, (size_t)(text.at - words->policy->source.text),
				     "more than %d names", ITEMS_LIMIT);
			return true;
		}
		if (!read_item(words, text, &item))
			continue;
		rule = list_add(&words->scratch, &words->rules, sizeof(*rule));
		if (!rule || !item_rule(&item, &words->policy->arena, verdict, rule))
			return false;
	}
	return true;
}

/* Colons and commas separate alike; neither is special within the other's parts but commas in parentheses. */
static bool read_list(struct words *words, struct slice list, enum callgate_action_kind kind)
{
	struct verdict verdict = { .kind = kind };
	struct slice part;

	if (!list.at)
		return true;
	verdict.at.offset = (uint32_t)(list.at - words->policy->source.text);
	for (size_t at = 0; item_next(list, ':', &at, &part);)
		if (!read_items(words, part, &verdict))
			return false;
	return true;
}

static bool fill(struct words *words)
{
	struct callgate_policy *policy = words->policy;
	bool denies = words->said[WORD_DENY].at && !words->said[WORD_ALLOW].at;

	policy->dialect = DIALECT_WORDS;
	policy->fallback.kind = denies ? CALLGATE_ALLOW : CALLGATE_KILL_PROCESS;
	if (words->said[WORD_DEFAULT].at)
		(void)item_verdict(words->said[WORD_DEFAULT], &words->report, &policy->fallback);
	if (!read_list(words, words->said[WORD_ALLOW], CALLGATE_ALLOW) ||
	    !read_list(words, words->said[WORD_DENY], CALLGATE_KILL_PROCESS))
		return false;
	policy->rule_count = (unsigned)words->rules.count;
	policy->rules = list_take(&policy->arena, &words->rules, sizeof(struct rule));
	if (!policy->rules && policy->rule_count)
		return false;
	return policy_lint(policy, &words->report, &words->scratch);
}

/* The lines that findings quote. *size: how many bytes; at: where the values begin. */
static char *make_text(struct arena *arena, const char *const values[WORDS], size_t at[WORDS], size_t *size)
{
	static const char *const options[WORDS] = { "--allow=", "--deny=", "--default=" };
	size_t room = 1;
	char *text, *end;

	for (int i = 0; i < WORDS; i++)
		room += values[i] ? strlen(options[i]) + strlen(values[i]) + 1 : 0;
	*size = room - 1;
	end = text = room > SOURCE_LIMIT ? NULL : arena_alloc(arena, room);
	for (int i = 0; i < WORDS && text; i++) {
		if (!values[i])
			continue;
		memcpy(end, options[i], strlen(options[i]));
		end += strlen(options[i]);
		at[i] = (size_t)(end - text);
		memcpy(end, values[i], strlen(values[i]));
		end += strlen(values[i]);
		*end++ = '\n';
	}
	return text;
}

static int read_all(const struct callgate_lists *said, struct callgate_policy **out, struct callgate_notes *notes,
		    struct callgate_err *err)
{
	const char *const values[WORDS] = { said->allow, said->deny, said->fallback };
	struct words words = { .report = { .notes = notes, .err = err } };
	struct source source = { .name = "command line" };
	size_t at[WORDS] = { 0 };
	int r;

	source.text = make_text(&words.scratch, values, at, &source.size);
	r = source.text ? policy_new(&source, &words.policy, err) : err_nomem(err);
	if (r == 0) {
		words.report.source = &words.policy->source;
		for (int i = 0; i < WORDS; i++)
			if (values[i])
				words.said[i] = (struct slice){ words.policy->source.text + at[i], strlen(values[i]) };
		r = fill(&words) ? report_result(&words.report) : err_nomem(err);
	}
	arena_free(&words.scratch);
	if (r < 0)
		callgate_policy_free(words.policy);
	else
		*out = words.policy;
	return r;
}

int callgate_policy_lists(const struct callgate_lists *words, struct callgate_policy **out,
			  struct callgate_notes *notes, struct callgate_err *err)
{
	struct callgate_lists known;
	int r;

	REQUIRE(err, words && out);
	r = sized_in(&known, sizeof(known), words, err);
	if (r < 0)
		return r;
	if (!known.allow && !known.deny && !known.fallback)
		return err_set(err, CALLGATE_E_ARG, "no list and no default");
	return read_all(&known, out, notes, err);
}
