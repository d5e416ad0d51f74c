/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What profiles/README.md promises: no findings, and nothing allowed that the ceiling denies, decided exactly. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/meaning.h"
#include "names/abi.h"

static const enum callgate_abi hosts[] = {
	CALLGATE_ABI_X86_64, CALLGATE_ABI_AARCH64, CALLGATE_ABI_S390X, CALLGATE_ABI_RISCV64, CALLGATE_ABI_PPC64LE,
};
enum { CAPS = 41 };

static void shipped(const char *name, char *path, size_t size)
{
	const char *build = getenv("top_builddir");

	snprintf(path, size, "%s/../profiles/%s.json", TESTS_DIR, name);
	if (strstr(name, "-i386")) /* made by make */
		snprintf(path, size, "%s/profiles/%s.json", build ? build : ".", name);
	if (strstr(name, "ceiling"))
		snprintf(path, size, "%s/profiles/%s.json", TESTS_DIR, name);
}

static struct callgate_policy *read_profile(const char *name, struct callgate_notes *notes)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy = NULL;
	char path[4096];

	shipped(name, path, sizeof(path));
	cr_assert_eq(callgate_policy_read(path, &policy, notes, &err), 0, "%s: %s", path, err.text);
	return policy;
}

static struct callgate_filter *resolve_for(const struct callgate_policy *policy, enum callgate_abi host, uint64_t caps,
					   struct callgate_notes *notes)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *filter = NULL;

	target.host = host;
	target.caps = caps;
	target.kernel_major = 6;
	target.kernel_minor = 19;
	cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, notes, &err), 0, "%s", err.text);
	return filter;
}

/* Number of calls' intervals in one architecture at which b lets through what a does not. */
static unsigned looser_in(struct meaning *meaning, const struct callgate_filter *a, const struct callgate_filter *b,
			  uint32_t audit, const char *what)
{
	const struct filter_arch *under = filter_arch_of(a, audit), *over = filter_arch_of(b, audit);
	struct callgate_err err = CALLGATE_ERR_INIT;
	unsigned looser = 0;
	uint32_t nr = 0, last;

	do {
		size_t i = under ? span_at(under, nr) : 0, j = over ? span_at(over, nr) : 0;
		uint32_t last_a = under ? span_last(under, i) : UINT32_MAX,
			 last_b = over ? span_last(over, j) : UINT32_MAX;
		meaning_ref ref_a, ref_b;
		unsigned relation;

		last = last_a < last_b ? last_a : last_b;
		cr_assert_eq(meaning_of(meaning, a, under ? under->spans[i].node : a->other_arch, &ref_a, &err), 0,
			     "%s", err.text);
		cr_assert_eq(meaning_of(meaning, b, over ? over->spans[j].node : b->other_arch, &ref_b, &err), 0, "%s",
			     err.text);
		cr_assert_eq(meaning_relate(meaning, ref_a, ref_b, &relation, &err), 0, "%s", err.text);
		if (relation & (MEANING_LOOSER | MEANING_UNKNOWN)) {
			looser++;
			cr_log_error("%s: audit 0x%x, number %u", what, audit, nr);
		}
		nr = last + 1;
	} while (last != UINT32_MAX);
	return looser;
}

static unsigned looser_than(const struct callgate_filter *a, const struct callgate_filter *b, const char *what)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct meaning *meaning = NULL;
	unsigned looser = 0;

	cr_assert_eq(meaning_new(&meaning, &err), 0);
	for (size_t i = 0; i < a->arch_count; i++)
		looser += looser_in(meaning, a, b, a->arches[i].audit, what);
	for (size_t i = 0; i < b->arch_count; i++)
		if (!filter_arch_of(a, b->arches[i].audit))
			looser += looser_in(meaning, a, b, b->arches[i].audit, what);
	meaning_free(meaning);
	return looser;
}

static unsigned looser_for(const struct callgate_policy *ceiling, const struct callgate_policy *profile,
			   enum callgate_abi host, uint64_t caps, const char *name)
{
	struct callgate_filter *a = resolve_for(ceiling, host, caps, NULL), *b = resolve_for(profile, host, caps, NULL);
	char what[160];
	unsigned looser;

	snprintf(what, sizeof(what), "%s, host %s, caps 0x%llx", name, callgate_abi_name(host),
		 (unsigned long long)caps);
	looser = looser_than(a, b, what);
	callgate_filter_free(a);
	callgate_filter_free(b);
	return looser;
}

/* No capability, Docker's, each alone, each with and without CAP_SYS_ADMIN's help, all but one, all. */
static unsigned capability_sets(uint64_t out[4 * CAPS + 2])
{
	uint64_t docker, all, admin;
	unsigned count = 0;

	cr_assert_eq(callgate_caps_parse("docker", &docker, NULL), 0);
	cr_assert_eq(callgate_caps_parse("all", &all, NULL), 0);
	cr_assert_eq(callgate_caps_parse("CAP_SYS_ADMIN", &admin, NULL), 0);
	out[count++] = 0;
	out[count++] = all;
	for (unsigned i = 0; i < CAPS; i++) {
		uint64_t one = (uint64_t)1 << i;

		out[count++] = one;
		out[count++] = docker | one; /* docker alone among them */
		out[count++] = admin | one;
		out[count++] = all & ~one;
	}
	return count;
}

static void stays_below(const char *ceiling_name, const char *name, size_t host_count)
{
	struct callgate_policy *ceiling = read_profile(ceiling_name, NULL), *profile = read_profile(name, NULL);
	uint64_t sets[4 * CAPS + 2];
	unsigned count = capability_sets(sets);

	for (size_t i = 0; i < host_count; i++)
		for (unsigned j = 0; j < count; j++)
			cr_assert_eq(looser_for(ceiling, profile, hosts[i], sets[j], name), 0);
	callgate_policy_free(ceiling);
	callgate_policy_free(profile);
}

Test(profiles, default_allows_nothing_that_dockers_denies)
{
	stays_below("ceiling", "default", sizeof(hosts) / sizeof(hosts[0]));
}

Test(profiles, default_i386_allows_nothing_that_dockers_denies)
{
	stays_below("ceiling", "default-i386", sizeof(hosts) / sizeof(hosts[0]));
}

Test(profiles, static_web_allows_nothing_that_default_denies)
{
	stays_below("default", "static-web", sizeof(hosts) / sizeof(hosts[0]));
}

Test(profiles, system_container_allows_nothing_that_lxc_denies)
{
	stays_below("lxc-ceiling", "system-container", 2);
	stays_below("lxc-ceiling", "system-container-i386", 2);
}

/* The comparison itself must be able to fail: the ceiling is looser than what stays below it. */
Test(profiles, the_ceiling_is_looser)
{
	struct callgate_policy *ceiling = read_profile("ceiling", NULL), *profile = read_profile("default", NULL);
	struct callgate_filter *a = resolve_for(profile, CALLGATE_ABI_X86_64, 0, NULL);
	struct callgate_filter *b = resolve_for(ceiling, CALLGATE_ABI_X86_64, 0, NULL);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct meaning *meaning = NULL;
	uint32_t audit = abi_of(CALLGATE_ABI_X86_64)->audit, nr;
	const struct filter_arch *under = filter_arch_of(a, audit), *over = filter_arch_of(b, audit);
	meaning_ref ref_a, ref_b;
	unsigned relation;

	cr_assert_eq(callgate_syscall_number(CALLGATE_ABI_X86_64, "socket", &nr), 0);
	cr_assert_eq(meaning_new(&meaning, &err), 0);
	cr_assert_eq(meaning_of(meaning, a, under->spans[span_at(under, nr)].node, &ref_a, &err), 0);
	cr_assert_eq(meaning_of(meaning, b, over->spans[span_at(over, nr)].node, &ref_b, &err), 0);
	cr_assert_eq(meaning_relate(meaning, ref_a, ref_b, &relation, &err), 0);
	cr_expect(relation & MEANING_LOOSER);
	meaning_free(meaning);
	callgate_filter_free(a);
	callgate_filter_free(b);
	callgate_policy_free(ceiling);
	callgate_policy_free(profile);
}

static void nothing_found(const char *name, size_t host_count)
{
	struct callgate_notes *notes;
	struct callgate_policy *policy;
	uint64_t sets[4 * CAPS + 2];
	unsigned count = capability_sets(sets);

	cr_assert_eq(callgate_notes_new(&notes), 0);
	policy = read_profile(name, notes);
	for (size_t i = 0; i < host_count; i++)
		for (unsigned j = 0; j < count; j++)
			callgate_filter_free(resolve_for(policy, hosts[i], sets[j], notes));
	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);

		cr_expect(note->severity < CALLGATE_WARNING, "%s:%u: %s [CG-%03u]", name, note->line, note->text,
			  note->id);
	}
	callgate_policy_free(policy);
	callgate_notes_free(notes);
}

/* s390x only where a profile is for it; ppc64le always says that socketcall stays closed. */
Test(profiles, shipped_profiles_have_no_findings)
{
	nothing_found("default", 3);
	nothing_found("default-i386", 3);
	nothing_found("static-web", 2);
	nothing_found("system-container", 3);
	nothing_found("system-container-i386", 3);
}
