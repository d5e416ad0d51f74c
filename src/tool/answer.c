/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answer: a profile for the reader that --as names, and who told what that reader makes of it: the libseccomp that is
 * installed, or callgate's model of it. */
#include <string.h>

#include "tool/tool.h"

enum { ANSWERS = 64, WORD_SIZE = 256 };

/* What has been answered so far, each once. */
static struct told {
	char source[WORD_SIZE];
	struct callgate_answer answer;
} told[ANSWERS];
static size_t told_count;
static bool gathering; /* for answers_tell() */

static void release_format(uint32_t release, char *buf, size_t size)
{
	snprintf(buf, size, "%u.%u.%u", release >> 16 & 0xff, release >> 8 & 0xff, release & 0xff);
}

static void tell(const char *readers, const struct callgate_answer *answer)
{
	char release[16];

	release_format(answer->release, release, sizeof(release));
	if (answer->by_library)
		fprintf(stderr, "callgate: note: --as %s: answered by libseccomp %s, which is installed\n", readers,
			release);
	else
		fprintf(stderr, "callgate: note: --as %s: answered by callgate's model: %s\n", readers, answer->why);
}

static bool is_same_way(const struct callgate_answer *a, const struct callgate_answer *b)
{
	return a->by_library == b->by_library && a->release == b->release && strcmp(a->why, b->why) == 0;
}

/* Answers that are alike are reported once. */
static bool is_alike(const struct told *a, const struct callgate_answer *answer)
{
	return a->answer.reader == answer->reader && is_same_way(&a->answer, answer);
}

static void keep(const struct options *options, const char *source, const struct callgate_answer *answer)
{
	bool again = false;

	for (size_t i = 0; i < told_count; i++) {
		bool alike = is_alike(&told[i], answer);

		if (alike && strcmp(told[i].source, source) == 0)
			return;
		again |= alike;
	}
	if (!again && !options->json && !gathering)
		tell(answer->reader, answer);
	if (told_count == ANSWERS)
		return;
	told[told_count].answer = *answer;
	snprintf(told[told_count++].source, WORD_SIZE, "%s", source);
}

int resolve_as(const struct options *options, const char *source, const struct callgate_policy *policy,
	       struct callgate_filter **out, struct callgate_notes *notes, struct callgate_err *err)
{
	struct callgate_answer answer;
	int r;

	if (options->target.reader == CALLGATE_AS_CALLGATE)
		return callgate_filter_resolve(policy, &options->target, out, notes, err);
	r = callgate_filter_resolve_as(policy, &options->target, out, &answer, notes, err);
	if (options->has_reader)
		keep(options, source, &answer);
	return r;
}

void answers_gather(void)
{
	gathering = true;
}

/* "docker, podman": those from the first on that were answered in the same way. False: an earlier one was too. */
static bool readers_of(size_t first, char *buf, size_t size)
{
	for (size_t i = 0; i < first; i++)
		if (is_same_way(&told[i].answer, &told[first].answer))
			return false;
	buf[0] = '\0';
	for (size_t i = first; i < told_count; i++) {
		bool again = false;

		for (size_t j = first; j < i; j++)
			again |= is_alike(&told[j], &told[i].answer);
		if (!again && is_same_way(&told[i].answer, &told[first].answer))
			snprintf(buf + strlen(buf), size - strlen(buf), "%s%s", buf[0] ? ", " : "",
				 told[i].answer.reader);
	}
	return true;
}

void answers_tell(const struct options *options)
{
	char readers[256];

	for (size_t i = 0; i < told_count && !options->json; i++)
		if (readers_of(i, readers, sizeof(readers)))
			tell(readers, &told[i].answer);
}

void answers_to_json(struct json_object *root)
{
	struct json_object *rows;

	if (!told_count)
		return;
	rows = json_object_new_array();
	for (size_t i = 0; i < told_count; i++) {
		struct json_object *row = json_object_new_object();
		const struct callgate_answer *answer = &told[i].answer;
		char release[16];

		release_format(answer->release, release, sizeof(release));
		json_object_object_add(row, "source", text_to_json(told[i].source));
		json_object_object_add(row, "reader", json_object_new_string(answer->reader));
		json_object_object_add(row, "by", json_object_new_string(answer->by_library ? "libseccomp" : "model"));
		if (answer->by_library)
			json_object_object_add(row, "release", json_object_new_string(release));
		else
			json_object_object_add(row, "why", text_to_json(answer->why));
		json_object_array_add(rows, row);
	}
	json_object_object_add(root, "answered", rows);
}
