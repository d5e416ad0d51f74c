/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Private: what the tool and hooks call besides <callgate.h>. Not installed and not exported. */
#ifndef CALLGATE_BASE_PRIVATE_H
#define CALLGATE_BASE_PRIVATE_H

#include "callgate.h"

/* Text that others chose (names of commands, containers and files, what an engine says), for a terminal, a row or a
 * log: printable ASCII and well-formed UTF-8 stay; control characters, stray bytes and what turns the direction of
 * writing become \xHH, and a backslash becomes two. Ends whole characters where size is not enough (four times strlen +
 * 1 always is). Returns out. */
char *callgate_escape(const char *text, char *out, size_t size);

/* Did you mean: of some words, the last one followed by NULL, the one that is one or two edits away; NULL: none is. */
const char *callgate_nearest_word(const char *word, const char *const words[]);

/*
 * For programs that run for a few milliseconds, before they do anything else: the memory that a profile takes is made
 * present by one call. Seventy page faults less are a sixth of what 'callgate compile' takes on virtual machines where
 * a fault costs as much as compiling a rule.
 */
void callgate_prefault(void);

/* Whether this is the first user namespace, which maps everybody; what cannot be read counts as that. */
bool callgate_is_first_user_namespace(void);

/* The same filter with LOG in place of every action that does not permit, for trying a profile before it is enforced:
 * nothing is denied, the kernel logs what would have been. */
int callgate_filter_log_only(const struct callgate_filter *filter, struct callgate_filter **out,
			     struct callgate_err *err) CALLGATE_MUST_CHECK;

/* callgate_policy_parse() as that program reads it. */
int callgate_policy_parse_as(const void *text, size_t size, const char *name, enum callgate_reader reader,
			     struct callgate_policy **out, struct callgate_notes *notes,
			     struct callgate_err *err) CALLGATE_MUST_CHECK;

/* Who has answered what a reader makes of a profile. */
struct callgate_answer {
	const char *reader; /* its name */
	bool by_library;    /* the libseccomp that is installed; else callgate's model of it */
	uint32_t release;   /* by_library: its release, 0xMMmmpp */
	char why[160];      /* the model: why not the library */
};
/*
 * callgate_filter_resolve() for a reader through libseccomp (runc, crun, LXC, and who hands profiles on to them): where
 * the release that is asked for is installed, the reader's calls are made of it, in a child with a deadline, and what
 * comes out is lifted. Else, and for other readers, the model answers; E_UNSUPPORTED: it cannot predict.
 */
int callgate_filter_resolve_as(const struct callgate_policy *policy, const struct callgate_target *target,
			       struct callgate_filter **out, struct callgate_answer *answer,
			       struct callgate_notes *notes, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* Calls that an engine (lxc, runc, crun) makes itself after it has loaded a container's filter, and that the filter
 * refuses: their names, separated by commas, as far as size lets (1 KiB is enough). Returns how many. */
unsigned callgate_engine_refused(const char *engine, const struct callgate_filter *filter, enum callgate_abi abi,
				 char *text, size_t size);
/* The same as a finding (CG-306). */
void callgate_filter_lint_engine(const struct callgate_policy *policy, const struct callgate_filter *filter,
				 enum callgate_abi abi, const char *engine, struct callgate_notes *notes);

/* What keeps a profile from being a program, cause, as a finding (CG-212) at the rules that cost most: those of the
 * call with the most conditional rules. */
void callgate_policy_lint_size(const struct callgate_policy *policy, const char *cause, struct callgate_notes *notes);
/* The text that was read; it belongs to the policy. */
const char *callgate_policy_text(const struct callgate_policy *policy, size_t *size);

/* The AUDIT_ARCH_ word of a difference's witness. A row whose ABI is NONE stands for all architectures that neither
 * filter lists; its word says which one the witness is of. 0 past the end. */
uint32_t callgate_diff_arch(const struct callgate_diff *diff, size_t index);
/* callgate_filter_decide() for any AUDIT_ARCH_ word, known or not; the call's own ABI is not looked at. */
int callgate_filter_decide_arch(const struct callgate_filter *filter, uint32_t audit, const struct callgate_call *call,
				struct callgate_action *action, struct callgate_origin *origin);

/* A name of a rule, and where it is (from 1, the column in bytes). */
struct callgate_left_out {
	char name[64];
	unsigned line, column;
};
/* A policy less one name of its rules (index counts them all, in order), to find out what would change. It lives no
 * longer than policy does. E_NOTFOUND: there are no more names. */
int callgate_policy_without(const struct callgate_policy *policy, size_t index, struct callgate_policy **out,
			    struct callgate_left_out *what, struct callgate_err *err) CALLGATE_MUST_CHECK;

/*
 * What the registers of a call hold on one ABI: some calls have an order of their own there, and 32-bit ABIs take a
 * 64-bit value in two registers, some of them in an even and the next one. Kinds as above, and h for half of 64 bits, x
 * for a register that is not used (its name is "-"). What comes after six registers is on the stack. E_NOTFOUND: no
 * such name.
 */
struct callgate_arguments {
	char kinds[8];
	char names[120];
};
int callgate_syscall_arguments(enum callgate_abi abi, const char *name, struct callgate_arguments *out);

/* Where a merge cannot be decided: a call that the old default, the new one and the author's profile treat in three
 * ways; or, where two of the actions are equal, the merge is defined but neither side's rules, nor both together, say
 * it. Arrays are in this order. */
struct callgate_conflict {
	char name[64];
	struct callgate_call call;
	const char *target; /* options for which it is so; belongs to the caller of the function that is called */
	struct callgate_action action[3];
	unsigned line[3], column[3]; /* of what decides the call */
};
typedef void callgate_conflict_visit(void *data, const struct callgate_conflict *conflict);
struct callgate_rebase {
	const struct callgate_policy *from, *to,
		*mine;                     /* the old default, the new one, the author's profile made of the old one */
	callgate_conflict_visit *conflict; /* called for each conflict */
	void *data;
};
/* The author's profile carried onto the new default: a three-way merge of what they mean, exact for every architecture,
 * set of capabilities and kernel that guards ask for. Where only the new default changed, it is as there, where only
 * the author did, as there. The text is the author's with the smallest edits; it has been read back and proved. *out:
 * malloc'ed, NUL-terminated. E_UNSUPPORTED: there are conflicts, or a profile is not OCI's or Docker's JSON.
 * E_MISMATCH: a fault of callgate. */
int callgate_policy_rebase(const struct callgate_rebase *how, char **out, size_t *size,
			   struct callgate_err *err) CALLGATE_MUST_CHECK;

#endif
