/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As runc: its stub is made for each architecture that the profile lists, from the highest number that the profile
 * names there. It tells x32 by bit 30 alone: numbers with bit 31 and without bit 30 are x86_64's to it. */
#include "filter/as_runc.h"

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "names/abi.h"

/* ------------------------------------------------------------------ releases */

enum { WAIT_KILLABLE_RECV = 1 << 5 }; /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV */
enum {
	RUNC_FLAGS = 0x010200,
	RUNC_TREE = 0x010200,
	RUNC_WAIT_KILLABLE = 0x010500,
	RUNC_RISCV64 = 0x01010c,
	RUNC_LOONGARCH64 = 0x010500,
	/* Before, the native architecture got no stub where the profile does not list it (runc#4219). */
	RUNC_NATIVE_STUB = 0x01010f,
};

/* Which runc first knows an architecture; UINT32_MAX: none does. */
static uint32_t runc_knows(enum callgate_abi abi)
{
	switch (abi) {
	case CALLGATE_ABI_RISCV64:
		return RUNC_RISCV64;
	case CALLGATE_ABI_LOONGARCH64:
		return RUNC_LOONGARCH64;
	case CALLGATE_ABI_PARISC:
	case CALLGATE_ABI_PARISC64:
	case CALLGATE_ABI_M68K:
	case CALLGATE_ABI_SH:
	case CALLGATE_ABI_SHEB:
		return UINT32_MAX;
	default:
		return 0;
	}
}

static int refuse_release(const struct resolution *res, enum note_id id, const char *what, const char *which,
			  struct callgate_err *err)
{
	note_at(res->notes, CALLGATE_ERROR, id, &res->policy->source, res->policy->fallback.at.offset,
		"runc %u.%u.%u rejects a profile with %s%s", res->target->runtime >> 16,
		res->target->runtime >> 8 & 0xff, res->target->runtime & 0xff, what, which);
	return err_set(err, CALLGATE_E_PROFILE, "this release of runc rejects a profile with %s%s", what, which);
}

/* Which release it is is known, or it is a current one. */
static uint32_t runc_release(const struct callgate_target *target)
{
	return target->runtime ? target->runtime : UINT32_MAX - 1;
}

bool runc_wants_tree(const struct active *active, const struct callgate_target *target)
{
	unsigned names = 0;

	for (unsigned i = 0; i < active->rule_count; i++)
		names += active->rules[i].rule->name_count;
	return names > 32 && runc_release(target) >= RUNC_TREE;
}

int runc_refuse_late(const struct resolution *res, struct callgate_err *err)
{
	uint32_t runtime = runc_release(res->target);
	const struct active *active = res->active;

	if (res->policy->flags && runtime < RUNC_FLAGS)
		return refuse_release(res, NOTE_FLAG, "flags", "", err);
	if (res->policy->flags & WAIT_KILLABLE_RECV && runtime < RUNC_WAIT_KILLABLE)
		return refuse_release(res, NOTE_FLAG, "the flag ", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", err);
	for (unsigned i = active->native_listed ? 0 : 1; i < active->abi_count; i++)
		if (runtime < runc_knows(active->abis[i]))
			return refuse_release(res, NOTE_ARCH, "the architecture ", abi_of(active->abis[i])->oci, err);
	return 0;
}

/* ------------------------------------------------------------------ the stub */

/* For every default that does not let the call happen. */
bool runc_wants_stub(enum callgate_action_kind fallback)
{
	return fallback != CALLGATE_ALLOW && fallback != CALLGATE_LOG && fallback != CALLGATE_TRACE;
}

/* There is no entry for a highest number of 0. */
static bool has_entry(const struct resolution *res, const struct abi_candidates *space)
{
	bool native = space->abi == res->active->abis[0];

	return space->any && space->highest &&
	       (!native || res->active->native_listed || !res->target->runtime ||
		res->target->runtime >= RUNC_NATIVE_STUB);
}

static const struct node *node_at(const struct span_map *map, uint32_t nr)
{
	size_t at = map->count;

	while (at > 1 && map->spans[at - 1].first > nr)
		at--;
	return map->spans[at - 1].node;
}

/* Puts node over first .. last. */
static void cover(struct span_map *map, uint32_t first, uint32_t last, const struct node *node)
{
	struct span_map old = *map;
	size_t i = 0;

	if (map->failed || !map->count)
		return;
	*map = (struct span_map){ .failed = old.failed };
	for (; i < old.count && old.spans[i].first < first; i++)
		span_map_add(map, &old.spans[i]);
	span_map_add(map, &(struct span){ .first = first, .node = node });
	while (i < old.count && old.spans[i].first <= last)
		i++;
	if (last != UINT32_MAX && (i == old.count || old.spans[i].first != last + 1))
		span_map_add(map, &(struct span){ .first = last + 1, .node = node_at(&old, last) });
	for (; i < old.count; i++)
		span_map_add(map, &old.spans[i]);
	span_map_release(&old);
}

static void cover_x86_64(const struct resolution *res, const struct candidates *all, const struct node *enosys,
			 struct span_map *map)
{
	const struct abi_candidates *lp64 = candidates_of(all, CALLGATE_ABI_X86_64),
				    *x32 = candidates_of(all, CALLGATE_ABI_X32);
	const uint32_t bit_30 = X32_BIT, bit_31 = 2 * bit_30;

	if (lp64 && has_entry(res, lp64)) {
		cover(map, lp64->highest + 1, bit_30 - 1, enosys);
		cover(map, bit_31, bit_31 + bit_30 - 1, enosys);
	}
	if (x32 && has_entry(res, x32)) {
		cover(map, x32->highest + 1, bit_31 - 1, enosys);
		cover(map, bit_31 + bit_30, UINT32_MAX, enosys);
	}
}

void runc_add_stub(const struct resolution *res, const struct candidates *all, uint32_t audit,
		   const struct node *enosys, struct span_map *map)
{
	if (audit == abi_of(CALLGATE_ABI_X86_64)->audit) {
		cover_x86_64(res, all, enosys, map);
		return;
	}
	for (unsigned i = 0; i < all->abi_count; i++) {
		const struct abi_candidates *space = &all->abis[i];

		if (abi_of(space->abi)->audit != audit || !has_entry(res, space))
			continue;
		/* Number 0 of the s390 ABIs, where setup(2) once was, gets ENOSYS too. */
		if (space->abi == CALLGATE_ABI_S390 || space->abi == CALLGATE_ABI_S390X)
			cover(map, 0, 0, enosys);
		cover(map, space->highest + 1, UINT32_MAX, enosys);
	}
}
