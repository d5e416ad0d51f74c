/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: any bytes become a policy that keeps its promises, or a refusal with a place and printable words. */
#include <stdlib.h>
#include <string.h>

#include "base/note_ids.h"
#include "policy/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void check_printable(const char *text)
{
	for (; *text; text++)
		demand(*text >= 0x20 && *text < 0x7f);
}

static void check_notes(const struct callgate_notes *notes)
{
	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);

		demand(note->line && note->column && note->id && note->text[0]);
		check_printable(note->text);
		if (note->source_line) {
			check_printable(note->source_line);
			demand(note->caret <= strlen(note->source_line));
		}
	}
}

/* A policy is read in spite of a name that means nothing in a rule that denies: who compiles it refuses. */
static void check_errors(const struct callgate_notes *notes)
{
	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);

		demand(note->severity != CALLGATE_ERROR || note->id == NOTE_SYSCALL);
	}
}

static void check_rule(const struct callgate_policy *policy, const struct rule *rule)
{
	demand(rule->name_count && rule->at.offset < policy->source.size &&
	       rule->verdict.at.offset < policy->source.size);
	demand(rule->condition_count <= 6);
	for (unsigned i = 0; i < rule->name_count; i++)
		demand(rule->names[i].text.size && rule->names[i].at.offset < policy->source.size);
	for (unsigned i = 0; i < rule->condition_count; i++)
		demand(rule->conditions[i].index < 6 && rule->conditions[i].at.offset < policy->source.size);
	demand(rule->verdict.errno_ret <= 4095 && rule->verdict.errno_word <= 4095);
}

static void check_policy(const struct callgate_policy *policy)
{
	demand(policy->value_first < policy->value_last && policy->value_last <= policy->source.size);
	demand(policy->fallback.at.offset < policy->source.size);
	for (unsigned i = 0; i < policy->rule_count; i++)
		check_rule(policy, &policy->rules[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_notes *notes;
	int r;

	if (callgate_notes_new(&notes) < 0)
		return 0;
	r = callgate_policy_parse(data, size, "fuzz", &policy, notes, &err);
	check_notes(notes);
	check_printable(err.text);
	if (r == 0) {
		check_errors(notes);
		check_policy(policy);
	} else {
		demand(policy == NULL && err.code == r && err.text[0]);
		demand(callgate_notes_total(notes, CALLGATE_ERROR) > 0);
	}
	callgate_policy_free(policy);
	callgate_notes_free(notes);
	return 0;
}
