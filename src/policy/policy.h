/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Policy: what the author wrote, free of dialect. Names are still names, guards still questions; everything knows its
 * place. Plain data: readers fill it, specialise and resolve read it. Nothing here is normalised away: what one reader
 * ignores (errno words, minKernel, a second key) is kept, because another reads it.
 */
#ifndef CALLGATE_POLICY_POLICY_H
#define CALLGATE_POLICY_POLICY_H

#include "base/arena.h"
#include "base/source.h"
#include "callgate.h"
#include "names/words.h"

enum dialect {
	DIALECT_OCI,    /* linux.seccomp, bare or in a config.json */
	DIALECT_DOCKER, /* archMap, includes, excludes ...: Docker's and containers-common's */
	DIALECT_LXC,    /* text, version 1 or 2 */
	DIALECT_ENV,    /* SECCOMP_SYSCALL_ALLOW and friends */
	DIALECT_WORDS,  /* --allow, --deny, --default of the command line */
	DIALECT_CALLS,  /* made by calls (policy/build.c) */
};

struct place {
	uint32_t offset; /* into the source; policy_line() turns it into a line and column */
};

struct word {
	struct slice text; /* decoded (JSON escapes resolved), in the policy's arena */
	struct place at;
};

/* "Absent" and "zero" never meet: what was given is a flag word. */
enum said {
	SAID_ERRNO_RET = 1 << 0,  /* errnoRet / defaultErrnoRet, LXC's errno N */
	SAID_ERRNO_WORD = 1 << 1, /* containers-common's errno / defaultErrno: name or decimal string */
	SAID_VALUE_TWO = 1 << 2,  /* valueTwo, or LXC's mask */
	SAID_MIN_KERNEL = 1 << 3,
};

struct verdict {
	enum callgate_action_kind kind;
	struct place at;
	unsigned said;
	uint16_t errno_ret; /* SAID_ERRNO_RET */
	struct place errno_ret_at;
	uint16_t errno_word; /* SAID_ERRNO_WORD: its number */
	struct place errno_word_at;
};

struct condition {
	uint8_t index; /* 0..5 */
	enum op op;
	uint64_t value;     /* OP_MASKED_EQ: the mask (OCI's value, LXC's fourth field) */
	uint64_t value_two; /* OP_MASKED_EQ: what is expected; else 0 */
	unsigned said;
	struct place at;
};

/* includes or excludes of one rule. */
struct guard {
	const struct word *caps;
	const struct word *arches;
	unsigned cap_count, arch_count;
	unsigned said;
	uint8_t min_major, min_minor; /* SAID_MIN_KERNEL */
	struct place at;              /* of the object; offset 0: absent */
	struct place min_kernel_at;
};

/* What is wrong with a rule, or a row of archMap, that its reader looks at only where it holds. */
struct refusal {
	const char *text;
	unsigned line, column;
};

struct rule {
	const struct word *names; /* at least one */
	unsigned name_count;
	bool single_name; /* said by the old "name" key, which readers of the bare OCI structure do not know */
	struct verdict verdict;
	const struct condition *conditions; /* as written: at most six, unless an argument repeats */
	unsigned condition_count;
	struct guard includes, excludes;
	struct slice comment;
	enum callgate_abi section;     /* LXC: the section it stands in; NONE: [all], before any section, or not LXC */
	bool in_section;               /* LXC: a section was begun before it, [all] too */
	const struct refusal *refusal; /* as LXC, Docker or podman read it; NULL: nothing */
	bool has_only;                 /* for one ABI, whichever the target has (policies made by calls) */
	enum callgate_abi only;        /* has_only */
	const uint32_t
		*numbers; /* has_only: about these numbers and nothing else, one per name; names are for messages */
	uint8_t weight;   /* how much sooner than others the search should come to it */
	struct place at;
};

struct arch_row { /* one row of archMap */
	struct word architecture;
	enum callgate_abi abi;
	const struct word *sub_words;
	const enum callgate_abi *sub;
	unsigned sub_count;
	const struct refusal *refusal; /* as Docker or podman read it; NULL: nothing */
};

struct callgate_policy {
	struct arena arena;
	enum dialect dialect;
	enum callgate_reader reader; /* who reads it; set before the reading */
	struct source source;        /* name and text copied into the arena: notes quote lines after reading */
	struct verdict fallback;     /* defaultAction */
	const struct rule *rules;
	unsigned rule_count;
	const enum callgate_abi *abis; /* architectures, as listed */
	const struct word *abi_words;
	unsigned abi_count;
	const struct arch_row *arch_map;
	unsigned arch_map_count;
	bool has_architectures, has_arch_map; /* an empty list is not an absent one */
	enum callgate_overlap overlap;        /* of rules for one call */
	bool has_unlisted;                    /* else calls of ABIs that are not listed kill the thread (rule 8) */
	struct callgate_action unlisted;
	uint32_t highest_nr; /* of rules by number that lie in reach of a table; 0: none */
	uint32_t flags;      /* SECCOMP_FILTER_FLAG_* bits */
	bool has_flags;
	struct slice listener_path, listener_metadata; /* .at NULL: absent */
	struct place listener_at;
	unsigned lxc_version; /* 1 or 2; LXC only */
	bool lxc_allowlist;   /* LXC only: second line */
	/* Where linux.seccomp sits in a config.json: [first, last) offsets of the value, for splicing. Bare: the whole
	 * text. */
	size_t value_first, value_last;
};

int policy_new(const struct source *source, struct callgate_policy **out, struct callgate_err *err);
/* Place of an offset. */
void policy_line(const struct callgate_policy *policy, struct place at, unsigned *line, unsigned *column);

/* policy/specialise.c: conditions on the target evaluated. Which rules apply on this target, as that reader sees them.
 */
struct active_rule {
	const struct rule *rule;
	struct callgate_action action; /* errno defaults applied */
	bool guarded;                  /* includes or excludes decided that it applies */
};
struct active {
	struct callgate_action fallback;
	const struct active_rule *rules;
	unsigned rule_count;
	enum callgate_abi abis[CALLGATE_ABI_COUNT]; /* native always included, each once */
	unsigned abi_count;
	bool native_listed; /* by the policy itself */
};
/* Memory comes from arena; the policy must outlive it. */
int policy_specialise(const struct callgate_policy *policy, const struct callgate_target *target, struct arena *arena,
		      struct active *out, struct callgate_err *err);

#endif
