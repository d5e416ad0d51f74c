/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC reader: version line, policy line, sections; versions 1 and 2. Accepts what LXC 5 reads as it is meant, nothing
 * else. */
#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "policy/foreign.h"
#include "policy/lint.h"
#include "policy/read.h"
#include "policy/read_lxc.h"

/* ------------------------------------------------------------------ the first two lines */

static size_t skip_white(const struct source *source, size_t at)
{
	while (at < source->size && source->text[at] && strchr(" \t\n\v\f\r", source->text[at]))
		at++;
	return at;
}

static size_t skip_digits(const struct source *source, size_t at)
{
	while (at < source->size && source->text[at] >= '0' && source->text[at] <= '9')
		at++;
	return at;
}

static struct slice rest_of_line(const struct source *source, size_t at)
{
	struct slice line = { source->text + at, 0 };

	line_next(source, &at, &line);
	if (line.size && line.at[line.size - 1] == '\r')
		line.size--;
	return line;
}

/* LXC reads a number with scanf: blanks and newlines around it, a sign and zeros before it do no harm, all else does.
 * False: no version, and reported. *at is then unchanged, else the start of the policy line. */
static bool read_version(struct lxc *lxc, size_t *at)
{
	const struct source *source = &lxc->policy->source;
	size_t first = skip_white(source, *at), digits = first, last, next;
	struct slice word, rest;

	if (digits < source->size && (source->text[digits] == '+' || source->text[digits] == '-'))
		digits++;
	last = skip_digits(source, digits);
	word = (struct slice){ source->text + first, last - first };
	if (last == digits) {
		rest = rest_of_line(source, first);
		report_error(&lxc->report, NOTE_SYNTAX, first,
			     "invalid version '%.*s'; LXC text begins with the number 1 or 2", report_width(rest),
			     rest.at);
		return false;
	}
	while (digits + 1 < last && source->text[digits] == '0')
		digits++;
	if (source->text[first] == '-' || last - digits != 1 ||
	    (source->text[digits] != '1' && source->text[digits] != '2')) {
		report_error(&lxc->report, NOTE_SYNTAX, first, "unknown version %.*s; LXC text has versions 1 and 2%s",
			     report_width(word), word.at,
			     skip_white(source, last) == source->size ? ", and a JSON profile is an object" : "");
		return false;
	}
	lxc->policy->lxc_version = source->text[digits] == '1' ? 1 : 2;
	next = skip_white(source, last);
	rest = lxc_trim_right(rest_of_line(source, last));
	if (last < source->size && next == last) {
		report_error(&lxc->report, NOTE_SYNTAX, last, "unexpected '%.*s' after the version number",
			     report_width(rest), rest.at);
		return false;
	}
	if (first != *at || word.size != 1 || rest.size)
		report_warning(&lxc->report, NOTE_SYNTAX, first, "version is not one digit alone on the first line");
	*at = next;
	return true;
}

/* "allowlist" or "denylist"; *rest is what follows it. */
static bool read_style(struct lxc *lxc, struct slice line, struct slice *rest)
{
	static const struct {
		const char *word;
		bool allow;
	} styles[] = { { "denylist", false }, { "allowlist", true }, { "blacklist", false }, { "whitelist", true } };
	struct slice word = lxc_word(line, rest);
	struct near near = near_start(word);

	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		near_offer(&near, styles[i].word);
		if (slice_is(word, styles[i].word)) {
			lxc->policy->lxc_allowlist = styles[i].allow;
			return true;
		}
	}
	report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, line.at),
		     "unknown policy style '%.*s'; expected denylist or allowlist" REPORT_MEANT, report_width(word),
		     word.at, report_meant(near.found));
	return false;
}

static void set_defaults(struct lxc *lxc, size_t at)
{
	bool allow = lxc->policy->lxc_allowlist;

	lxc->policy->fallback =
		(struct verdict){ .kind = allow ? CALLGATE_KILL_THREAD : CALLGATE_ALLOW, .at.offset = (uint32_t)at };
	lxc->rule_default = (struct verdict){ .kind = allow ? CALLGATE_ALLOW : CALLGATE_KILL_THREAD };
}

/* The policy line of version 1: LXC knows one word there and ignores the rest. */
static void read_policy_v1(struct lxc *lxc, struct slice line)
{
	if (slice_is(lxc_trim_right(line), "allowlist"))
		lxc->policy->lxc_allowlist = true;
	else
		report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, line.at),
			     "unknown policy style '%.*s'; version 1 has allowlist only", report_width(line), line.at);
	set_defaults(lxc, lxc_offset(lxc, line.at));
}

static void read_policy_v2(struct lxc *lxc, struct slice line)
{
	struct slice rest = { NULL, 0 };

	for (size_t i = 0; i + 5 <= line.size; i++)
		if (memcmp(line.at + i, "debug", 5) == 0)
			report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, line.at + i),
				     "'debug' in the policy line is rejected by LXC");
	if (!read_style(lxc, line, &rest)) {
		set_defaults(lxc, lxc_offset(lxc, line.at));
		return;
	}
	set_defaults(lxc, lxc_offset(lxc, line.at));
	if (rest.size && *rest.at == '#')
		report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, rest.at),
			     "comment after the policy style is read as an action by LXC");
	else if (rest.size)
		lxc_action(lxc, rest, &lxc->policy->fallback);
	else if (line.at[line.size - 1] == ' ')
		report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, line.at + line.size - 1),
			     "trailing blank on the policy line is read as an unknown action by LXC");
}

/* ------------------------------------------------------------------ version 1 */

/* One decimal number of the machine's own ABI. LXC stops at the first byte that is none, so nothing may follow. */
static bool number_line(struct lxc *lxc, struct slice line)
{
	static const struct slice int_max = { "2147483647", 10 };
	struct slice rest, word;
	struct rule rule = { .verdict = lxc->rule_default, .section = CALLGATE_ABI_NONE };
	bool number;

	while (line.size && *line.at == ' ')
		line = (struct slice){ line.at + 1, line.size - 1 };
	word = lxc_word(line, &rest);
	number = word.size != 0 && word.size <= int_max.size;
	for (size_t i = 0; number && i < word.size; i++)
		number = word.at[i] >= '0' && word.at[i] <= '9';
	if (number && word.size == int_max.size)
		number = memcmp(word.at, int_max.at, int_max.size) <= 0;
	if (!number || (rest.size && *rest.at != '#')) {
		report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, line.at),
			     line.size ? "'%.*s' is not a syscall number; version 1 has one decimal number per line"
				       : "blank line%.*s; version 1 has one syscall number per line",
			     report_width(line), line.at);
		return true;
	}
	while (word.size > 1 && *word.at == '0')
		word = (struct slice){ word.at + 1, word.size - 1 };
	rule.at.offset = rule.verdict.at.offset = (uint32_t)lxc_offset(lxc, line.at);
	return lxc_add_rule(lxc, &rule, (struct word){ word, rule.at });
}

/* ------------------------------------------------------------------ version 2 */

static const struct {
	const char *lower, *upper;
	enum callgate_abi abi; /* NONE: every one */
} sections[] = {
	{ "[all]", "[ALL]", CALLGATE_ABI_NONE },
	{ "[x86]", "[X86]", CALLGATE_ABI_X86 },
	{ "[x32]", "[X32]", CALLGATE_ABI_X32 },
	{ "[x86_64]", "[X86_64]", CALLGATE_ABI_X86_64 },
	{ "[arm]", "[ARM]", CALLGATE_ABI_ARM },
	{ "[arm64]", "[ARM64]", CALLGATE_ABI_AARCH64 },
	{ "[loongarch64]", "[LOONGARCH64]", CALLGATE_ABI_LOONGARCH64 },
	{ "[mips]", "[MIPS]", CALLGATE_ABI_MIPS },
	{ "[mips64]", "[MIPS64]", CALLGATE_ABI_MIPS64 },
	{ "[mips64n32]", "[MIPS64N32]", CALLGATE_ABI_MIPS64N32 },
	{ "[mipsel]", "[MIPSEL]", CALLGATE_ABI_MIPSEL },
	{ "[mipsel64]", "[MIPSEL64]", CALLGATE_ABI_MIPSEL64 },
	{ "[mipsel64n32]", "[MIPSEL64N32]", CALLGATE_ABI_MIPSEL64N32 },
	{ "[ppc]", "[PPC]", CALLGATE_ABI_PPC },
	{ "[ppc64]", "[PPC64]", CALLGATE_ABI_PPC64 },
	{ "[ppc64le]", "[PPC64LE]", CALLGATE_ABI_PPC64LE },
	{ "[s390]", "[S390]", CALLGATE_ABI_S390 },
	{ "[s390x]", "[S390X]", CALLGATE_ABI_S390X },
};
enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };

/* Whether some host that reads this section has other ABIs beside it. */
static bool has_siblings(enum callgate_abi section)
{
	enum callgate_abi family[3];

	for (int host = 0; host < CALLGATE_ABI_COUNT; host++) {
		unsigned count = abi_family((enum callgate_abi)host, family);

		for (unsigned i = 0; count > 1 && i < count; i++)
			if (family[i] == section)
				return true;
	}
	return false;
}

static const char *section_meant(struct slice line)
{
	struct near near = near_start(line);
	const struct abi *abi = NULL;

	if (line.size > 2 && line.at[line.size - 1] == ']')
		abi = abi_of(abi_by_word((struct slice){ line.at + 1, line.size - 2 }));
	for (int i = 0; i < SECTIONS; i++) {
		if (abi && sections[i].abi != CALLGATE_ABI_NONE && abi_of(sections[i].abi) == abi)
			return sections[i].lower;
		near_offer(&near, sections[i].lower);
	}
	return near.found;
}

static void read_section(struct lxc *lxc, struct slice line)
{
	size_t at = lxc_offset(lxc, line.at);

	for (int i = 0; i < SECTIONS; i++) {
		if (!slice_is(line, sections[i].lower) && !slice_is(line, sections[i].upper))
			continue;
		lxc->section = sections[i].abi;
		lxc->in_section = true;
		if (lxc->section == CALLGATE_ABI_LOONGARCH64)
			report_unless(&lxc->report, READS_LXC, NOTE_SECTION, at,
				      "section %.*s is newer than LXC 5, which rejects it", report_width(line),
				      line.at);
		if (lxc->cr_here)
			report_error(&lxc->report, NOTE_SECTION, at + line.size,
				     "CR before the newline is read as part of the section by LXC");
		else if (has_siblings(lxc->section))
			report_warning(&lxc->report, NOTE_SECTION, at,
				       "section %.*s does not scope; LXC adds its rules to every ABI of the host",
				       report_width(line), line.at);
		return;
	}
	report_error(&lxc->report, NOTE_SECTION, at, "unknown section '%.*s'" REPORT_MEANT, report_width(line), line.at,
		     report_meant(section_meant(line)));
	lxc->section = CALLGATE_ABI_NONE;
}

static bool rule_line(struct lxc *lxc, struct slice line)
{
	struct slice rest = line;

	while (rest.size && *rest.at == ' ')
		rest = (struct slice){ rest.at + 1, rest.size - 1 };
	/* LXC looks up an empty name here, finds none and goes on. */
	if (!rest.size || line.at[0] == '#' || (*rest.at == '#' && !memchr(rest.at, '[', rest.size)))
		return true;
	if (line.at[0] == '[') {
		read_section(lxc, line);
		return true;
	}
	if (line.at[0] == ' ' || line.at[0] == '\t') {
		report_error(&lxc->report, NOTE_SYNTAX, lxc_offset(lxc, line.at),
			     "blank before the syscall name; LXC rejects or ignores such a line");
		return true;
	}
	return lxc_rule(lxc, line);
}

/* ------------------------------------------------------------------ the whole */

/* NUL and bytes that are not ASCII, before anything is made of them. False: LXC would see another text. */
static bool plain_text(struct lxc *lxc)
{
	const struct source *source = &lxc->policy->source;
	const char *nul = memchr(source->text, 0, source->size);

	if (source->size >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0) {
		report_error(&lxc->report, NOTE_UTF8, 0, "byte order mark before the version is rejected by LXC");
		return false;
	}
	if (!nul)
		return true;
	report_error(&lxc->report, NOTE_UTF8, lxc_offset(lxc, nul), "NUL byte ends the line for LXC");
	return false;
}

static bool read_lines(struct lxc *lxc)
{
	const struct source *source = &lxc->policy->source;
	struct slice line;
	size_t at = 0;

	if (!plain_text(lxc) || !read_version(lxc, &at))
		return false;
	if (!line_next(source, &at, &line)) {
		report_error(&lxc->report, NOTE_MISSING, source->size,
			     "policy line is missing; expected denylist or allowlist (a JSON profile is an object)");
		return false;
	}
	if (line.size && line.at[line.size - 1] == '\r')
		line.size--;
	if (lxc->policy->lxc_version == 1)
		read_policy_v1(lxc, line);
	else
		read_policy_v2(lxc, line);
	while (line_next(source, &at, &line)) {
		lxc->cr_here = line.size && line.at[line.size - 1] == '\r';
		line.size -= lxc->cr_here;
		if (lxc->policy->lxc_version == 1 ? !number_line(lxc, line) : !rule_line(lxc, line))
			return false;
	}
	return true;
}

int read_lxc(struct callgate_policy *policy, struct callgate_notes *notes, struct callgate_err *err)
{
	struct lxc lxc = {
		.policy = policy,
		.report = { .source = &policy->source, .notes = notes, .err = err, .reader = policy->reader },
		.section = CALLGATE_ABI_NONE
	};

	policy->dialect = DIALECT_LXC;
	if (read_lines(&lxc)) {
		policy->rule_count = (unsigned)lxc.rules.count;
		policy->rules = list_take(&policy->arena, &lxc.rules, sizeof(struct rule));
		lxc.out_of_memory |= policy->rule_count && !policy->rules;
		if (!lxc.out_of_memory && !policy_lint(policy, &lxc.report, &lxc.scratch))
			lxc.out_of_memory = true;
	}
	arena_free(&lxc.scratch);
	if (lxc.out_of_memory)
		return err_nomem(err);
	return report_result(&lxc.report);
}
