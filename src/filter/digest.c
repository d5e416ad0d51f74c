/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The canonical form, hashed as it is walked: architectures in ascending order, without those that are answered as any
 * other; of each the numbers at which the meaning changes; each meaning's diagram in order of first visit, children
 * first.
 */
#include "filter/digest.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/sha256.h"
#include "filter/meaning.h"

/* The first bytes that are hashed: another form gets another number. */
static const char form[] = "callgate.filter/1";
enum { MARK_ACTION = 1, MARK_OPAQUE, MARK_NODE, MARK_ARCH, MARK_SPAN, MARK_OTHER };

/* Which number a reference was given: open addressing. */
struct seen {
	meaning_ref ref;
	uint32_t number; /* 0: free; else number + 1 */
};

struct canon {
	const struct callgate_filter *filter;
	struct meaning *meaning;
	struct sha256 sha;
	struct seen *seen;
	size_t room;
	uint32_t count;
	struct callgate_err *err;
};

static struct seen *slot_of(struct canon *canon, meaning_ref ref)
{
	size_t i = (ref * 0x9e3779b9u) & (canon->room - 1);

	while (canon->seen[i].number && canon->seen[i].ref != ref)
		i = (i + 1) & (canon->room - 1);
	return &canon->seen[i];
}

static int grow(struct canon *canon)
{
	struct seen *old = canon->seen;
	size_t old_room = canon->room;

	canon->room = old_room ? old_room * 2 : 1024;
	canon->seen = calloc(canon->room, sizeof(*canon->seen));
	if (!canon->seen) {
		canon->seen = old;
		canon->room = old_room;
		return err_nomem(canon->err);
	}
	for (size_t i = 0; i < old_room; i++)
		if (old[i].number)
			*slot_of(canon, old[i].ref) = old[i];
	free(old);
	return 0;
}

static int number_of(struct canon *canon, meaning_ref ref, uint32_t *out);

static int hash_node(struct canon *canon, meaning_ref ref)
{
	struct callgate_action action;
	meaning_ref low, high;
	uint32_t below[2];
	unsigned bit, pc;
	int r;

	if (meaning_split(canon->meaning, ref, &bit, &low, &high)) {
		r = number_of(canon, low, &below[0]);
		if (r == 0)
			r = number_of(canon, high, &below[1]);
		if (r < 0)
			return r;
		sha256_add_u32(&canon->sha, MARK_NODE);
		sha256_add_u32(&canon->sha, bit);
		sha256_add_u32(&canon->sha, below[0]);
		sha256_add_u32(&canon->sha, below[1]);
	} else if (meaning_is_constant(canon->meaning, ref, &action)) {
		sha256_add_u32(&canon->sha, MARK_ACTION);
		sha256_add_u32(&canon->sha, (uint32_t)action.kind << 16 | action.data);
	} else {
		pc = 0;
		meaning_is_opaque(canon->meaning, ref, &pc);
		sha256_add_u32(&canon->sha, MARK_OPAQUE);
		sha256_add_u32(&canon->sha, pc);
	}
	return 0;
}

/* Hashes what has not been hashed yet. A diagram is at most 384 bits deep. */
static int number_of(struct canon *canon, meaning_ref ref, uint32_t *out)
{
	struct seen *slot = slot_of(canon, ref);
	int r;

	if (!slot->number) {
		r = hash_node(canon, ref);
		if (r == 0 && canon->count >= canon->room / 2)
			r = grow(canon);
		if (r < 0)
			return r;
		slot = slot_of(canon, ref); /* children may have moved it */
		*slot = (struct seen){ .ref = ref, .number = ++canon->count };
	}
	*out = slot->number - 1;
	return 0;
}

static int hash_decision(struct canon *canon, uint32_t mark, uint32_t first, meaning_ref ref)
{
	uint32_t number;
	int r = number_of(canon, ref, &number);

	sha256_add_u32(&canon->sha, mark);
	sha256_add_u32(&canon->sha, first);
	sha256_add_u32(&canon->sha, number);
	return r;
}

static int hash_arch(struct canon *canon, const struct filter_arch *arch)
{
	meaning_ref last = 0, ref = 0;
	int r = 0;

	sha256_add_u32(&canon->sha, MARK_ARCH);
	sha256_add_u32(&canon->sha, arch->audit);
	for (size_t i = 0; i < arch->span_count && r == 0; i++) {
		r = meaning_of(canon->meaning, canon->filter, arch->spans[i].node, &ref, canon->err);
		if (r == 0 && (i == 0 || ref != last))
			r = hash_decision(canon, MARK_SPAN, arch->spans[i].first, ref);
		last = ref;
	}
	return r;
}

/* Whether every number is answered as on an architecture that is not listed. */
static int is_as_other(struct canon *canon, const struct filter_arch *arch, meaning_ref other, bool *out)
{
	*out = true;
	for (size_t i = 0; i < arch->span_count && *out; i++) {
		meaning_ref ref;
		int r = meaning_of(canon->meaning, canon->filter, arch->spans[i].node, &ref, canon->err);

		if (r < 0)
			return r;
		*out = ref == other;
	}
	return 0;
}

static int by_audit(const void *a, const void *b)
{
	const struct filter_arch *x = *(const struct filter_arch *const *)a, *y = *(const struct filter_arch *const *)b;

	return (x->audit > y->audit) - (x->audit < y->audit);
}

static int hash_filter(struct canon *canon, const struct filter_arch **arches)
{
	const struct callgate_filter *filter = canon->filter;
	meaning_ref other;
	int r;

	for (size_t i = 0; i < filter->arch_count; i++)
		arches[i] = &filter->arches[i];
	qsort(arches, filter->arch_count, sizeof(*arches), by_audit);
	r = meaning_of(canon->meaning, filter, filter->other_arch, &other, canon->err);
	for (size_t i = 0; i < filter->arch_count && r == 0; i++) {
		bool skip;

		r = is_as_other(canon, arches[i], other, &skip);
		if (r == 0 && !skip)
			r = hash_arch(canon, arches[i]);
	}
	return r < 0 ? r : hash_decision(canon, MARK_OTHER, 0, other);
}

int filter_digest(const struct callgate_filter *filter, uint8_t out[SHA256_SIZE], struct callgate_err *err)
{
	const struct filter_arch **arches = calloc(filter->arch_count + 1, sizeof(*arches));
	struct canon canon = { .filter = filter, .err = err };
	int r;

	if (!arches)
		return err_nomem(err);
	r = meaning_new(&canon.meaning, err);
	if (r == 0)
		r = grow(&canon);
	if (r == 0) {
		sha256_start(&canon.sha);
		sha256_add(&canon.sha, form, sizeof(form));
		r = hash_filter(&canon, arches);
	}
	if (r == 0)
		sha256_finish(&canon.sha, out);
	meaning_free(canon.meaning);
	free(canon.seen);
	free(arches);
	return r;
}

int callgate_filter_digest(const struct callgate_filter *filter, char out[65], struct callgate_err *err)
{
	uint8_t digest[SHA256_SIZE];
	int r;

	REQUIRE(err, filter && out);
	r = filter_digest(filter, digest, err);
	if (r == 0)
		sha256_text(digest, out);
	return r;
}
