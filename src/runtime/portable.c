/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Portability: the same text as each program reads it, compared with our own reading. */
#include <stdlib.h>

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "base/private.h"
#include "base/sized.h"
#include "base/text.h"
#include "filter/diff.h"
#include "names/words.h"
#include "policy/read.h"

enum { READERS = CALLGATE_AS_LXC + 1, SHOWN = 3 };

/* How one program reads the text. */
struct view {
	struct callgate_filter *filter; /* NULL: it refuses the text, or what it does is not predicted; why says so */
	struct callgate_err why;
	bool told; /* in a note on an earlier reader */
};

/* What all that follows needs to know of the text. */
struct portable {
	const struct source *source;
	const struct callgate_target *target;
	struct callgate_notes *notes;
	struct callgate_err *err;
	struct view views[READERS];
	enum callgate_reader base; /* whom the others are compared with: callgate, or the first that accepts the text */
	struct place at;           /* of the default action */
	bool lxc;
};

/* Whose text it is, and who reads it first. False: nobody accepts it. */
static bool find_base(struct portable *portable)
{
	for (int reader = CALLGATE_AS_CALLGATE; reader < READERS; reader++) {
		struct callgate_policy *policy;

		/* Why callgate refuses it is the one that is reported. */
		if (policy_parse(portable->source, (enum callgate_reader)reader, &policy, NULL,
				 reader ? NULL : portable->err) < 0)
			continue;
		portable->base = (enum callgate_reader)reader;
		portable->at = policy->fallback.at;
		portable->lxc = policy->dialect == DIALECT_LXC;
		callgate_policy_free(policy);
		return portable->lxc || reader != CALLGATE_AS_LXC;
	}
	return false;
}

/* Asks whom --as asks, the libseccomp that is installed where it can. */
static void look(struct portable *portable, enum callgate_reader reader)
{
	struct callgate_target as = *portable->target;
	struct callgate_answer answer;
	struct view *out = &portable->views[reader];
	struct callgate_policy *read;

	*out = (struct view){ .why = CALLGATE_ERR_INIT };
	if (policy_parse(portable->source, reader, &read, NULL, &out->why) < 0)
		return;
	as.reader = reader;
	if (!as.libseccomp && reader != CALLGATE_AS_CALLGATE)
		as.libseccomp = callgate_libseccomp_release();
	if (callgate_filter_resolve_as(read, &as, &out->filter, &answer, NULL, &out->why) < 0)
		out->filter = NULL;
	else
		out->why = (struct callgate_err)CALLGATE_ERR_INIT; /* of the library, where the model then answered */
	callgate_policy_free(read);
}

static int differ(const struct callgate_filter *a, const struct callgate_filter *b, struct callgate_diff **out,
		  struct callgate_err *err)
{
	struct callgate_diff *diff;
	int r = callgate_filter_diff(a, b, 0, &diff, err);

	if (r < 0)
		return r;
	if (!callgate_diff_count(diff))
		diff = callgate_diff_free(diff);
	*out = diff;
	return 0;
}

/* "docker, runc": this reader and those after it that read the same. */
static int add_readers(struct portable *portable, struct text *text, enum callgate_reader first)
{
	struct view *views = portable->views;

	text_add(text, "%s", reader_name(first));
	for (int other = (int)first + 1; other < READERS; other++) {
		struct callgate_diff *diff;
		int r;

		if (!views[other].filter || views[other].told)
			continue;
		r = differ(views[first].filter, views[other].filter, &diff, portable->err);
		if (r < 0)
			return r;
		views[other].told = !diff;
		if (!diff)
			text_add(text, ", %s", reader_name((enum callgate_reader)other));
		callgate_diff_free(diff);
	}
	return 0;
}

static void add_call(struct text *text, const struct callgate_difference *row)
{
	const char *abi = callgate_abi_name(row->abi), *name = callgate_syscall_name(row->abi, row->first);
	char a[48], b[48];

	callgate_action_format(row->a, a, sizeof(a));
	callgate_action_format(row->b, b, sizeof(b));
	text_add(text, " %s ", abi ? abi : "other");
	if (name)
		text_add(text, "%s", name);
	else
		text_add(text, "%u", row->first);
	if (row->first != row->last)
		text_add(text, " to %u", row->last);
	text_add(text, " gives %s and not %s", b, a);
	if (row->depends_a || row->depends_b)
		text_add(text, " for some arguments");
}

static int say_differences(struct portable *portable, enum callgate_reader reader, const struct callgate_diff *diff)
{
	struct text text = { 0 };
	size_t size;
	char *bytes;
	int r = add_readers(portable, &text, reader);

	if (portable->base != CALLGATE_AS_CALLGATE)
		text_add(&text, " (to %s)", reader_name(portable->base));
	text_add(&text, ":");
	for (size_t i = 0; i < diff->count && i < SHOWN; i++) {
		text_add(&text, i ? ";" : "");
		add_call(&text, &diff->rows[i]);
	}
	if (diff->count > SHOWN)
		text_add(&text, "; and %zu more differences (callgate diff)", diff->count - SHOWN);
	if (r < 0) {
		text_release(&text);
		return r;
	}
	r = text_take(&text, &bytes, &size, portable->err);
	if (r < 0)
		return r;
	note_at(portable->notes, CALLGATE_NOTE, NOTE_READER, portable->source, portable->at.offset, "%s", bytes);
	free(bytes);
	return 0;
}

static int compare(struct portable *portable, unsigned *differing)
{
	const struct callgate_filter *base = portable->views[portable->base].filter;
	int r = 0;

	for (int reader = CALLGATE_AS_DOCKER; reader < READERS && r == 0; reader++) {
		struct view *view = &portable->views[reader];
		struct callgate_diff *diff = NULL;

		if (view->why.code < 0) {
			note_at(portable->notes, CALLGATE_NOTE, NOTE_READER, portable->source, portable->at.offset,
				"%s: %s", reader_name((enum callgate_reader)reader), view->why.text);
			*differing += 1;
		}
		if (!view->filter)
			continue;
		r = differ(base, view->filter, &diff, portable->err);
		*differing += r == 0 && diff;
		if (diff && !view->told)
			r = say_differences(portable, (enum callgate_reader)reader, diff);
		callgate_diff_free(diff);
	}
	return r;
}

static int look_at_all(struct portable *portable, unsigned *differing)
{
	if (!find_base(portable))
		return CALLGATE_E_PROFILE;
	look(portable, portable->base);
	for (int reader = CALLGATE_AS_DOCKER; reader < READERS; reader++)
		if (portable->lxc == (reader == CALLGATE_AS_LXC) && reader != (int)portable->base)
			look(portable, (enum callgate_reader)reader);
	if (!portable->views[portable->base].filter)
		return err_set(portable->err, portable->views[portable->base].why.code, "%s",
			       portable->views[portable->base].why.text);
	return compare(portable, differing);
}

int callgate_policy_portable(const char *path, const struct callgate_target *target, unsigned *differing,
			     struct callgate_notes *notes, struct callgate_err *err)
{
	struct portable portable = { .notes = notes, .err = err };
	struct callgate_target known;
	unsigned count = 0;
	struct source source;
	int r;

	REQUIRE(err, path && target && differing);
	r = sized_in(&known, sizeof(known), target, err);
	if (r < 0)
		return r;
	portable.target = &known;
	r = source_read(path, SOURCE_ANYONE, &source, err);
	if (r < 0)
		return r;
	portable.source = &source;
	r = look_at_all(&portable, &count);
	for (int reader = 0; reader < READERS; reader++)
		callgate_filter_free(portable.views[reader].filter);
	source_release(&source);
	if (r == 0)
		*differing = count;
	return r;
}
