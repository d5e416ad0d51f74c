/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every sample of tests/bad/ gets the verdict, the place and the words that its INDEX.tsv asks for. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "callgate.h"

struct expected {
	char file[64], verdict[16], place[16], mentions[64];
};

static const struct callgate_note *find(const struct callgate_notes *notes, const struct expected *expected)
{
	enum callgate_severity severity = strcmp(expected->verdict, "warn") == 0 ? CALLGATE_WARNING : CALLGATE_ERROR;

	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);
		char place[32], words[64], *rest = words, *word;

		snprintf(place, sizeof(place), "%u:%u", note->line, note->column);
		snprintf(words, sizeof(words), "%s", expected->mentions);
		if (note->severity != severity || strcmp(place, expected->place) != 0)
			continue;
		while ((word = strsep(&rest, "|")))
			if (strcasestr(note->text, word))
				return note;
	}
	return NULL;
}

static void check_sample(const struct expected *expected)
{
	const char *got;
	char path[512];
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	struct callgate_notes *notes;
	const struct callgate_note *first;
	int r;

	cr_assert_eq(callgate_notes_new(&notes), 0);
	snprintf(path, sizeof(path), "%s/bad/%s", TESTS_DIR, expected->file);
	r = callgate_policy_read(path, &policy, notes, &err);
	got = r == CALLGATE_E_FORMAT                          ? "format"
	      : r < 0                                         ? "reject"
	      : callgate_notes_total(notes, CALLGATE_ERROR)   ? "reject"
	      : callgate_notes_total(notes, CALLGATE_WARNING) ? "warn"
							      : "accept";
	first = callgate_notes_at(notes, 0);
	cr_expect(strcmp(got, expected->verdict) == 0, "%s: %s, not %s; %s", expected->file, got, expected->verdict,
		  first ? first->text : err.text);
	cr_expect_eq(policy != NULL, r == 0, "%s: a policy exactly on success", expected->file);
	if (strcmp(expected->verdict, "accept") != 0)
		cr_expect_not_null(find(notes, expected), "%s: nothing at %s that mentions '%s'; first: %u:%u %s",
				   expected->file, expected->place, expected->mentions, first ? first->line : 0,
				   first ? first->column : 0, first ? first->text : "");
	if (r < 0) {
		const struct callgate_note *said = NULL;

		for (size_t i = 0; i < callgate_notes_count(notes) && !said; i++)
			if (callgate_notes_at(notes, i)->severity == CALLGATE_ERROR)
				said = callgate_notes_at(notes, i);
		cr_expect(said && err.line == said->line && err.column == said->column && err.text[0],
			  "%s: the error struct is about another place", expected->file);
	}
	for (const char *c = err.text; *c; c++)
		cr_expect(*c >= 0x20 && *c < 0x7f, "%s: raw bytes in the error text", expected->file);
	callgate_policy_free(policy);
	callgate_notes_free(notes);
}

Test(bad, samples_get_their_verdict)
{
	char line[512];
	unsigned count = 0;
	FILE *index = fopen(TESTS_DIR "/bad/INDEX.tsv", "r");

	cr_assert_not_null(index);
	while (fgets(line, sizeof(line), index)) {
		struct expected expected = { .mentions = "" };
		char *rest = line, *fields[5] = { NULL };

		if (line[0] == '#')
			continue;
		for (int i = 0; i < 5; i++)
			fields[i] = strsep(&rest, "\t\n");
		cr_assert_not_null(fields[4], "short row: %s", line);
		snprintf(expected.file, sizeof(expected.file), "%s", fields[0]);
		snprintf(expected.verdict, sizeof(expected.verdict), "%s", fields[1]);
		snprintf(expected.place, sizeof(expected.place), "%s", fields[2]);
		snprintf(expected.mentions, sizeof(expected.mentions), "%s", fields[3]);
		check_sample(&expected);
		count++;
	}
	fclose(index);
	cr_assert_gt(count, 120);
}
