/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A filter put into a bundle's config.json: every other byte stays as it was. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/text.h"
#include "runtime/hooks.h"
#include "runtime/oci.h"

struct edit {
	size_t first, last; /* what goes; last == first: nothing */
	struct text text;   /* what comes */
};
enum { EDITS = 5 };
struct edits {
	struct edit list[EDITS];
	size_t count;
};

static struct text *edit_at(struct edits *edits, size_t first, size_t last)
{
	struct edit *edit = &edits->list[edits->count++];

	*edit = (struct edit){ .first = first, .last = last };
	return &edit->text;
}

/* A member at the front of an object that is there. */
static struct text *insert_member(struct edits *edits, const struct oci_value *object)
{
	return edit_at(edits, object->first + 1, object->first + 1);
}

static void add_seccomp(struct text *text, const char *seccomp)
{
	text_add(text, "\"seccomp\":");
	text_add_bytes(text, seccomp, strlen(seccomp));
}

/* Members that the document lacks go to its front in one edit, so that no two edits meet. */
static void put_seccomp(struct edits *edits, const struct callgate_bundle *bundle, const char *seccomp,
			struct text *front)
{
	struct text *text;

	if (bundle->seccomp.last) {
		text_add_bytes(edit_at(edits, bundle->seccomp.first, bundle->seccomp.last), seccomp, strlen(seccomp));
	} else if (bundle->linux_object.last && bundle->linux_object.kind == JSON_OBJECT) {
		text = insert_member(edits, &bundle->linux_object);
		add_seccomp(text, seccomp);
		text_add(text, "%s", bundle->linux_object.empty ? "" : ",");
	} else {
		text = bundle->linux_object.last ? edit_at(edits, bundle->linux_object.first, bundle->linux_object.last)
						 : front;
		text_add(text, text == front ? "\"linux\":{" : "{");
		add_seccomp(text, seccomp);
		text_add(text, "}");
	}
}

static void put_bpf(struct edits *edits, const struct callgate_bundle *bundle, const char *bpf, struct text *front)
{
	const struct oci_pair *pair = oci_pair(bundle, BPF_ANNOTATION);
	const struct oci_value *object = &bundle->annotations;
	struct text *text;

	if (pair) {
		text_add_json(edit_at(edits, pair->value.first, pair->value.last), bpf);
	} else if (object->last && object->kind == JSON_OBJECT) {
		text = insert_member(edits, object);
		text_add(text, "\"" BPF_ANNOTATION "\":");
		text_add_json(text, bpf);
		text_add(text, "%s", object->empty ? "" : ",");
	} else {
		text = object->last ? edit_at(edits, object->first, object->last) : front;
		if (text == front)
			text_add(text, "%s\"annotations\":", front->size ? "," : "");
		text_add(text, "{\"" BPF_ANNOTATION "\":");
		text_add_json(text, bpf);
		text_add(text, "}");
	}
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The member goes with the comma behind it, or with the one before it when it is the last. */
static void remove_bpf(struct edits *edits, const struct callgate_bundle *bundle)
{
	const struct oci_pair *pair = oci_pair(bundle, BPF_ANNOTATION);
	const char *text = bundle->source.text;
	size_t first, last;

	if (!pair)
		return;
	first = pair->value.key;
	last = pair->value.last;
	while (is_space(text[last]))
		last++;
	if (text[last] == ',') {
		last++;
	} else {
		last = pair->value.last;
		while (is_space(text[first - 1]))
			first--;
		first = text[first - 1] == ',' ? first - 1 : pair->value.key;
	}
	edit_at(edits, first, last);
}

static int by_place(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static int apply(const struct callgate_bundle *bundle, struct edits *edits, char **out, size_t *size,
		 struct callgate_err *err)
{
	struct text text = { 0 };
	size_t at = 0;

	qsort(edits->list, edits->count, sizeof(edits->list[0]), by_place);
	for (size_t i = 0; i < edits->count; i++) {
		struct edit *edit = &edits->list[i];

		text_add_bytes(&text, bundle->source.text + at, edit->first - at);
		text_add_bytes(&text, edit->text.bytes, edit->text.size);
		text.failed |= edit->text.failed;
		at = edit->last;
	}
	text_add_bytes(&text, bundle->source.text + at, bundle->source.size - at);
	return text_take(&text, out, size, err);
}

static bool holds(const struct callgate_bundle *bundle, const struct callgate_splice *splice)
{
	const struct oci_pair *pair = oci_pair(bundle, BPF_ANNOTATION);
	const struct oci_value *seccomp = &bundle->seccomp;

	if (splice->seccomp &&
	    (seccomp->last - seccomp->first != strlen(splice->seccomp) ||
	     memcmp(bundle->source.text + seccomp->first, splice->seccomp, strlen(splice->seccomp)) != 0))
		return false;
	if (splice->root && !slice_is(bundle->root, splice->root))
		return false;
	return splice->bpf ? pair && slice_is(pair->text, splice->bpf) : !pair;
}

/* What was made is read again: what a runtime will find there is what was meant. */
static int check_result(const struct callgate_splice *splice, const char *text, size_t size, struct callgate_err *err)
{
	struct callgate_bundle *bundle;
	bool good;
	int r = oci_parse_copy(text, size, "<spliced>", &bundle, err);

	if (r < 0)
		return r;
	good = holds(bundle, splice);
	callgate_bundle_free(bundle);
	return good ? 0
		    : err_set(err, CALLGATE_E_MISMATCH,
			      "the configuration that was made does not hold what was put in");
}

int callgate_bundle_splice(const struct callgate_bundle *bundle, const struct callgate_splice *splice, char **out,
			   size_t *size, struct callgate_err *err)
{
	struct edits edits = { .count = 0 };
	struct text front = { 0 };
	char *text = NULL;
	size_t length = 0;
	int r;

	REQUIRE(err, bundle && splice && out && size);
	if (splice->seccomp)
		put_seccomp(&edits, bundle, splice->seccomp, &front);
	if (splice->bpf)
		put_bpf(&edits, bundle, splice->bpf, &front);
	else
		remove_bpf(&edits, bundle);
	if (splice->root && bundle->root_path.last)
		text_add_json(edit_at(&edits, bundle->root_path.first, bundle->root_path.last), splice->root);
	if (front.size) {
		text_add(&front, "%s", bundle->document.empty ? "" : ",");
		*insert_member(&edits, &bundle->document) = front;
	}
	r = apply(bundle, &edits, &text, &length, err);
	for (size_t i = 0; i < edits.count; i++)
		text_release(&edits.list[i].text);
	if (r == 0)
		r = check_result(splice, text, length, err);
	if (r == 0) {
		*out = text;
		*size = length;
		return 0;
	}
	free(text);
	return r;
}

int callgate_bundle_write(const char *path, const void *bytes, size_t size, unsigned mode, struct callgate_err *err)
{
	char dir[PATH_MAX];
	char *slash;
	int r;

	REQUIRE(err, path && (bytes || !size));
	if (path[0] != '/' || snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return err_set(err, CALLGATE_E_ARG, "'%.200s' is not an absolute path", path);
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	r = fd_make_dir(dir, 0700, err);
	return r < 0 ? r : fd_write_fleeting(path, bytes, size, mode, err);
}
