/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * callgate: seccomp for containers that can be trusted, because it is proved.
 *
 *   profile text --read--> POLICY --resolve--> FILTER --compile--> PROG --load--> kernel, runtime
 *                                                ^                  |
 *                                                |   proof: equal?  |
 *                                                +------lift--------+<--dump-- live process
 *
 *   policy  what the author wrote, free of dialect; names are still names, conditions still open.
 *   filter  what that means on one target: per ABI, an interval map from syscall numbers to a
 *           decision over the arguments. No names, no open questions.
 *   prog    classic BPF instructions, ready for seccomp(2).
 *
 * Rules for every function here:
 *   - int functions return 0 or a negative enum callgate_code; a call that returns 0 has done what its
 *     name says. Answers come in out-parameters, which are written only on success.
 *   - Pointers must not be NULL unless a function's comment says that they may be. int functions answer CALLGATE_E_ARG
 * to NULL, all others 0, NULL or false. err may always be NULL. notes may always be NULL: findings are then not kept.
 *   - A struct that begins with its size is set up by its _INIT macro and may grow at its end. Caller and library may
 * know different versions of it (as openat2(2) has it): what only the library knows counts as zero, what only the
 * caller knows must be zero (else CALLGATE_E_ARG), and the library writes no more than the caller's size. All other
 * structs are frozen.
 *   - *_free() takes NULL and returns NULL: p = callgate_policy_free(p).
 *   - The library never prints, never exits, keeps no mutable global state but what it has found out about the kernel.
 * Different objects may be used from different threads; one object from one thread at a time.
 */
#ifndef CALLGATE_H
#define CALLGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#define CALLGATE_MUST_CHECK __attribute__((warn_unused_result))
#define CALLGATE_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define CALLGATE_MUST_CHECK
#define CALLGATE_PRINTF(f, a)
#endif

struct callgate_policy; /* opaque, owns all that it points to */
struct callgate_filter; /* opaque, owns all that it points to; keeps no pointer into its policy */
struct callgate_prog;   /* opaque, one flat copy */
struct callgate_notes;  /* opaque, an append-only list of findings */

/* ------------------------------------------------------------------ errors and findings */

/* Frozen: codes are added at the end, never renumbered. */
enum callgate_code {
	CALLGATE_OK = 0,
	CALLGATE_E_NOMEM = -1,       /* out of memory, or past the memory bound of a reader */
	CALLGATE_E_ARG = -2,         /* the caller passed something senseless */
	CALLGATE_E_IO = -3,          /* open, read, write failed: see sys_errno */
	CALLGATE_E_PROFILE = -4,     /* the profile is rejected; the notes say where and why */
	CALLGATE_E_FORMAT = -5,      /* not a format that is read here (the text names it where known) */
	CALLGATE_E_LIMIT = -6,       /* too large or too complex */
	CALLGATE_E_UNSUPPORTED = -7, /* kernel, build or target format cannot do it */
	CALLGATE_E_PERM = -8,        /* no privilege */
	CALLGATE_E_KERNEL = -9,      /* a system call failed: see sys_errno */
	CALLGATE_E_NOTFOUND = -10,   /* no such process, container, file or name */
	CALLGATE_E_MISMATCH = -11,   /* what was made is not what was meant; nothing was loaded */
	CALLGATE_E_UNTRUSTED = -12,  /* owner or mode of a file lets others write it */
};

/* Lives on the caller's stack; frozen. */
struct callgate_err {
	int code;        /* enum callgate_code */
	int sys_errno;   /* 0 when no system call is to blame */
	unsigned line;   /* 1-based; 0: no place */
	unsigned column; /* 1-based, in bytes; 0: no place */
	char file[256];  /* as given by the caller; "" when no file is to blame */
	char text[512];  /* one clause, no newline */
};
#define CALLGATE_ERR_INIT \
	{ \
		.code = CALLGATE_OK \
	}

enum callgate_severity { CALLGATE_NOTE = 0, CALLGATE_WARNING = 1, CALLGATE_ERROR = 2 };

/* One finding. Strings belong to the list. */
struct callgate_note {
	enum callgate_severity severity;
	unsigned id; /* stable: printed as CG-021; listed in callgate-profile(5), never reused */
	const char *file;
	unsigned line, column; /* 1-based, the column in bytes; 0: no place */
	const char *text;
	const char *source_line; /* the line without its newline, printable (others shown as '?'); NULL: none */
	unsigned caret;          /* 0-based offset into source_line */
	unsigned length;         /* bytes of source_line, from caret on, that it is about; at least 1 */
	bool attached;           /* a CALLGATE_NOTE that shows another place of the finding before it */
	unsigned character;      /* the column once more, and the length, in Unicode code points */
	unsigned characters;
};

/* Since: 0.1 */
int callgate_notes_new(struct callgate_notes **out);
struct callgate_notes *callgate_notes_free(struct callgate_notes *notes);
/* How many were kept, and of one severity how many were reported at all (the list is bounded). Since: 0.1 */
size_t callgate_notes_count(const struct callgate_notes *notes);
size_t callgate_notes_total(const struct callgate_notes *notes, enum callgate_severity severity);
/* One kind of finding. Since: 0.1 */
struct callgate_note_kind {
	unsigned id;             /* of callgate_note */
	const char *name;        /* "DUPLICATE_KEY" */
	const char *about, *why; /* what it is about; why it is reported */
};
/* Kinds by index from 0, ids ascending. E_NOTFOUND past the end. Since: 0.1 */
int callgate_note_kind(size_t index, struct callgate_note_kind *out);
/* NULL past the end. Since: 0.1 */
const struct callgate_note *callgate_notes_at(const struct callgate_notes *notes, size_t index);

/* ------------------------------------------------------------------ vocabulary */

/* An ABI is a set of syscall numbers and an argument width. Append only. */
enum callgate_abi {
	CALLGATE_ABI_NONE = -1,
	CALLGATE_ABI_X86 = 0,
	CALLGATE_ABI_X86_64,
	CALLGATE_ABI_X32,
	CALLGATE_ABI_ARM,
	CALLGATE_ABI_AARCH64,
	CALLGATE_ABI_LOONGARCH64,
	CALLGATE_ABI_M68K,
	CALLGATE_ABI_MIPS,
	CALLGATE_ABI_MIPS64,
	CALLGATE_ABI_MIPS64N32,
	CALLGATE_ABI_MIPSEL,
	CALLGATE_ABI_MIPSEL64,
	CALLGATE_ABI_MIPSEL64N32,
	CALLGATE_ABI_PARISC,
	CALLGATE_ABI_PARISC64,
	CALLGATE_ABI_PPC,
	CALLGATE_ABI_PPC64,
	CALLGATE_ABI_PPC64LE,
	CALLGATE_ABI_RISCV64,
	CALLGATE_ABI_S390,
	CALLGATE_ABI_S390X,
	CALLGATE_ABI_SH,
	CALLGATE_ABI_SHEB,
	CALLGATE_ABI_COUNT
};

/* In the kernel's order of precedence, strictest first (seccomp(2), "filter return values"). */
enum callgate_action_kind {
	CALLGATE_KILL_PROCESS = 0,
	CALLGATE_KILL_THREAD,
	CALLGATE_TRAP,
	CALLGATE_ERRNO,
	CALLGATE_NOTIFY,
	CALLGATE_TRACE,
	CALLGATE_LOG,
	CALLGATE_ALLOW,
};

/* data: errno for ERRNO, message for TRACE, si_errno for TRAP, else 0. */
struct callgate_action {
	enum callgate_action_kind kind;
	uint16_t data;
};

/* A reader is a program whose understanding of a profile is asked for (--as). CALLGATE: callgate's own. */
enum callgate_reader {
	CALLGATE_AS_CALLGATE = 0,
	CALLGATE_AS_DOCKER,
	CALLGATE_AS_PODMAN,
	CALLGATE_AS_CONTAINERD,
	CALLGATE_AS_RUNC,
	CALLGATE_AS_CRUN,
	CALLGATE_AS_LXC,
	CALLGATE_AS_RUNSC, /* gVisor's runsc: its own filter inside the sandbox */
};

/* What calls get that are newer than the profile. PROFILE: ENOSYS where the reader has it so; NEVER: the default
 * action.
 */
enum callgate_enosys { CALLGATE_ENOSYS_PROFILE = 0, CALLGATE_ENOSYS_NEVER };

/* What a profile is resolved for: a plain value. CALLGATE_TARGET_INIT, then callgate_target_host(). */
struct callgate_target {
	size_t size;
	enum callgate_abi host; /* the machine's native ABI */
	uint64_t caps;          /* bounding set, bit N is capability N of capabilities(7) */
	unsigned kernel_major, kernel_minor;
	enum callgate_reader reader;
	enum callgate_enosys enosys;
	uint32_t libseccomp; /* 0: every name known here; else 0xMMmmpp: names of that release only */
	uint32_t runtime;    /* release of the reader, or of the runc that it hands on to, 0xMMmmpp; 0: a current one */
};
#define CALLGATE_TARGET_INIT \
	{ \
		.size = sizeof(struct callgate_target) \
	}

/* Sets host and kernel to this machine's and caps to the caller's own bounding set; callgate's own reader, all names.
 * Errors: E_KERNEL (the kernel does not tell its release). Since: 0.1 */
int callgate_target_host(struct callgate_target *target, struct callgate_err *err);

/* Words. Parsers: 0 or CALLGATE_E_NOTFOUND. Names: static strings, NULL for none. Since: 0.1 */
const char *callgate_abi_name(enum callgate_abi abi); /* "x86_64" */
/* The ABI of a number under an AUDIT_ARCH_ word, as audit records and filters have them. Since: 0.1 */
int callgate_abi_by_audit(uint32_t audit, uint32_t nr, enum callgate_abi *out);
int callgate_abi_parse(const char *word, enum callgate_abi *out); /* "x86_64", "amd64", "SCMP_ARCH_X86_64" */
/* An argument's value by name, as the kernel's headers have it ("AF_ALG", "CLONE_NEWUSER|0x11"), or as a number; abi
 * NONE: asm-generic's numbers. E_NOTFOUND: a part is neither. Since: 0.1 */
int callgate_value_parse(enum callgate_abi abi, const char *call, unsigned index, const char *text, uint64_t *out);
/* And back: by name where the argument has a vocabulary on that ABI, else in hex. As snprintf(). Since: 0.1 */
int callgate_value_format(enum callgate_abi abi, const char *call, unsigned index, uint64_t value, char *buf,
			  size_t size);
/* The nearest name; NULL: none. Since: 0.1 */
const char *callgate_value_nearest(enum callgate_abi abi, const char *call, unsigned index, const char *text);
/* Capabilities by name, to a set with bit N for capability N, and back. Since: 0.1 */
int callgate_caps_parse(const char *list, uint64_t *out,
			struct callgate_err *err); /* "CAP_A,CAP_B", docker, all, none */
int callgate_cap_name(unsigned cap, const char **out);
/* Sets reader and runtime from "runc" (runtime 0) or "runc-1.1.5"; runc and crun may have a release. Since: 0.1 */
int callgate_target_reader(struct callgate_target *target, const char *word);
int callgate_kernel_parse(const char *text, unsigned *major, unsigned *minor); /* "6.1" */
int callgate_release_parse(const char *text, uint32_t *out);                   /* "libseccomp-2.5.4" */
/* Writes e.g. ERRNO(EPERM), ALLOW, TRACE(7); returns the length as snprintf does. Since: 0.1 */
int callgate_action_format(struct callgate_action action, char *buf, size_t size);

/* From a filter's return value, as the kernel takes it. Since: 0.1 */
struct callgate_action callgate_action_from_return(uint32_t word);

/* Syscall numbers; an x32 number includes bit 30. E_NOTFOUND: no such name, or none on that ABI. Since: 0.1 */
int callgate_syscall_number(enum callgate_abi abi, const char *name, uint32_t *out);
const char *callgate_syscall_name(enum callgate_abi abi, uint32_t nr); /* NULL: no name known */
const char *callgate_flag_name(uint32_t bit);                          /* "SECCOMP_FILTER_FLAG_LOG"; NULL: none */
const char *callgate_syscall_nearest(const char *name);                /* did you mean; NULL: nothing near */

/* What is known of a call; its arguments as most ABIs have them. Strings are static. */
struct callgate_syscall_info {
	const char *name;
	unsigned kernel_major, kernel_minor; /* first mainline kernel with it; 2.6 means "2.6 or before" */
	const char *arg_kinds; /* a letter per argument: i 32 bits count, l register width, p pointer, 6 64 bits; ""
				  unknown */
	const char *arg_names; /* comma separated, in the same order */
	const char *sets;      /* topics, comma separated: "network", "privileged" ... */
};
/* E_NOTFOUND: no such name. Since: 0.1 */
int callgate_syscall_info(const char *name, struct callgate_syscall_info *out);
/* The multiplexer (socketcall, ipc) that also reaches the call on an ABI, and the value of its first argument.
 * E_NOTFOUND: none. Since: 0.1 */
int callgate_syscall_mux(enum callgate_abi abi, const char *name, const char **mux, uint32_t *selector);

/* ------------------------------------------------------------------ policy: reading profiles */

/*
 * Reads one profile (OCI linux.seccomp, bare or inside a config.json; Docker / containers-common JSON; LXC text),
 * distinguished by content. All findings go to notes, several per run.
 * CALLGATE_E_PROFILE: rejected. CALLGATE_E_FORMAT: not one of these. CALLGATE_E_IO: unreadable.
 * Bounds: 16 MiB of input, 48 MiB of memory; time is linear in the input. Since: 0.1
 */
int callgate_policy_read(const char *path, struct callgate_policy **out, struct callgate_notes *notes,
			 struct callgate_err *err) CALLGATE_MUST_CHECK;
/* The same as that program would read it: what it skips or settles in its own way (a key twice or in another
 * case, two rules for one call) is then a warning. Resolve with this reader as the target's. Since: 0.1 */
int callgate_policy_read_as(const char *path, enum callgate_reader reader, struct callgate_policy **out,
			    struct callgate_notes *notes, struct callgate_err *err) CALLGATE_MUST_CHECK;
/* The same for a privileged reader: the file must belong to root or to the effective uid, not be writable by others,
 * nor sit in a directory that is (sticky directories do not help). Opened once, checked on the descriptor. Since: 0.1
 */
int callgate_policy_read_trusted(const char *path, struct callgate_policy **out, struct callgate_notes *notes,
				 struct callgate_err *err) CALLGATE_MUST_CHECK;
/* callgate_policy_read() of size bytes of text, which are copied and need no NUL behind them. name stands for the file
 * in findings and errors; NULL: "<memory>". Since: 0.1 */
int callgate_policy_parse(const void *text, size_t size, const char *name, struct callgate_policy **out,
			  struct callgate_notes *notes, struct callgate_err *err) CALLGATE_MUST_CHECK;
/* From the values of SECCOMP_SYSCALL_ALLOW, SECCOMP_SYSCALL_DENY and SECCOMP_DEFAULT_ACTION; NULL: not set. The allow
 * list wins; names are separated by colons; only the action "log" counts, everything else kills the process.
 * CALLGATE_E_NOTFOUND: neither list is set. CALLGATE_E_PROFILE: a name is unknown or too long. Since: 0.1 */
int callgate_policy_env(const char *allow, const char *deny, const char *action, struct callgate_policy **out,
			struct callgate_notes *notes, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* What a command line says in place of a profile. Lists have items separated by ',' or ':': a name, conditions behind
 * it, an action of its own behind '=': "openat", "socket(a0==2)", "mkdir=EACCES". Calls of allow pass; those of deny
 * kill the process unless they say another action; all others get fallback, which is ALLOW where there is only a deny
 * list, else KILL_PROCESS. */
struct callgate_lists {
	size_t size;
	const char *allow, *deny, *fallback; /* NULL: not given; at least one is */
};
#define CALLGATE_LISTS_INIT \
	{ \
		.size = sizeof(struct callgate_lists) \
	}
/*
 * Findings are at the columns of "--allow=LIST", "--deny=LIST" and "--default=ACTION", one line for each that was
 * given. Since: 0.1
 */
int callgate_policy_lists(const struct callgate_lists *words, struct callgate_policy **out,
			  struct callgate_notes *notes, struct callgate_err *err) CALLGATE_MUST_CHECK;
/* Since: 0.1 */
struct callgate_policy *callgate_policy_free(struct callgate_policy *policy);

/* ------------------------------------------------------------------ policy: made by calls */

/* How a condition compares, unsigned. MASKED_EQ: (argument & mask) == value; bits of value outside the mask do not
 * count. */
enum callgate_compare {
	CALLGATE_NE = 0,
	CALLGATE_LT,
	CALLGATE_LE,
	CALLGATE_EQ,
	CALLGATE_GE,
	CALLGATE_GT,
	CALLGATE_MASKED_EQ,
};
struct callgate_condition {
	unsigned arg; /* 0 to 5 */
	enum callgate_compare op;
	uint64_t value;
	uint64_t mask; /* MASKED_EQ only */
};

/* What two rules of different actions do that one call matches. */
enum callgate_overlap {
	CALLGATE_OVERLAP_STRICTEST =
		0,              /* a rule without conditions beats those with; else the stricter action decides */
	CALLGATE_OVERLAP_FIRST, /* the rule that was added first decides */
};

struct callgate_build {
	size_t size;
	const char *name;                /* for messages; NULL: "policy". Copied */
	struct callgate_action fallback; /* of calls that no rule matches */
	struct callgate_action unlisted; /* of calls of ABIs that are not listed */
	uint32_t flags;                  /* SECCOMP_FILTER_FLAG_* wanted at load */
	enum callgate_overlap overlap;
};
/* Denies everything with KILL_PROCESS until rules say otherwise; unlisted ABIs kill the thread, as everywhere. */
#define CALLGATE_BUILD_INIT \
	{ \
		.size = sizeof(struct callgate_build), .fallback = { CALLGATE_KILL_PROCESS, 0 }, .unlisted = { \
			CALLGATE_KILL_THREAD, \
			0 \
		} \
	}

/* What happens to one call when all conditions hold. */
struct callgate_rule {
	size_t size;
	const char *call; /* its name, meant on every listed ABI that has it, behind socketcall and ipc too; NULL: by
			     number */
	enum callgate_abi abi; /* the only ABI that the rule is for; NONE (with a name only): all */
	uint32_t nr;           /* call NULL: that number, and nothing else. x32 numbers include bit 30 */
	struct callgate_action action;
	const struct callgate_condition *conditions; /* ANDed, one per argument; copied */
	unsigned condition_count;                    /* 0 to 6 */
	uint8_t weight; /* 0: like all others; the greater, the sooner the program comes to this call */
};
#define CALLGATE_RULE_INIT \
	{ \
		.size = sizeof(struct callgate_rule), .abi = CALLGATE_ABI_NONE \
	}

struct callgate_builder; /* opaque: a policy that is being made */

/* E_ARG: an unknown action or flag, or an errno above 4095. Since: 0.1 */
int callgate_builder_new(const struct callgate_build *how, struct callgate_builder **out,
			 struct callgate_err *err) CALLGATE_MUST_CHECK;
/* Lists an ABI besides the target's own, which is always listed. Twice is once. Since: 0.1 */
int callgate_builder_abi(struct callgate_builder *builder, enum callgate_abi abi,
			 struct callgate_err *err) CALLGATE_MUST_CHECK;
/*
 * Adds a rule, or nothing when it fails. E_NOTFOUND: no system call has that name; the text says the nearest one.
 * E_ARG: an argument or operator that does not exist, two conditions on one argument, a number that is not the ABI's.
 * E_LIMIT: more than 65536 rules. Since: 0.1
 */
int callgate_builder_rule(struct callgate_builder *builder, const struct callgate_rule *rule,
			  struct callgate_err *err) CALLGATE_MUST_CHECK;
/*
 * The policy of the rules so far; the builder may go on. Places are the rules' indexes: line 1 is the rule that was
 * added first. E_PROFILE: rules contradict each other. Numbers beyond the highest rule get the fallback, never ENOSYS.
 * Since: 0.1
 */
int callgate_builder_policy(const struct callgate_builder *builder, struct callgate_policy **out,
			    struct callgate_notes *notes, struct callgate_err *err) CALLGATE_MUST_CHECK;
/* Policies that it has made stay. Since: 0.1 */
struct callgate_builder *callgate_builder_free(struct callgate_builder *builder);

/* Finds a profile by bare name (no '/'): NAME or NAME.json in callgate/profiles below configure's sysconfdir, then
 * among those that callgate ships. E_NOTFOUND names the places that were tried. Since: 0.1 */
int callgate_profile_find(const char *name, char *path, size_t size, struct callgate_err *err);

/* ------------------------------------------------------------------ filter: what it means */

/* Evaluates includes and excludes for the target and applies the semantics (src/filter/semantics.md). The filter keeps
 * no pointer into policy or target. E_PROFILE: rules contradict each other, or the target's reader refuses it.
 * E_UNSUPPORTED: what the target's reader makes of it cannot be predicted. E_LIMIT: too complex. Since: 0.1 */
int callgate_filter_resolve(const struct callgate_policy *policy, const struct callgate_target *target,
			    struct callgate_filter **out, struct callgate_notes *notes,
			    struct callgate_err *err) CALLGATE_MUST_CHECK;
struct callgate_filter *callgate_filter_free(struct callgate_filter *filter);

/* What the filter of a policy means that its author may not have meant: calls with the effect of denied ones, twins
 * that libraries need, ways round the rules. Findings go to notes, and are no errors. Since: 0.1 */
int callgate_filter_lint(const struct callgate_policy *policy, const struct callgate_filter *filter,
			 const struct callgate_target *target, struct callgate_notes *notes, struct callgate_err *err);

/* Why a call gets its action: a rule's place, a default, or a BPF instruction. */
enum callgate_why {
	CALLGATE_BY_RULE = 0, /* file:line:column of the rule */
	CALLGATE_BY_DEFAULT,  /* the profile's default action */
	CALLGATE_BY_ENOSYS,   /* newer than the profile */
	CALLGATE_BY_ABI,      /* an ABI that the profile does not list */
	CALLGATE_BY_MUX,      /* a rule on a member of socketcall or ipc */
	CALLGATE_BY_PC,       /* a BPF instruction; line is its index */
	CALLGATE_BY_LIMIT,    /* unknown: it would take too much work to find out */
};
struct callgate_origin {
	enum callgate_why why;
	const char *file; /* belongs to the filter; NULL for none */
	unsigned line, column;
};

/* One call; every argument word 64 bits, as the kernel hands them to the filter. */
struct callgate_call {
	enum callgate_abi abi;
	uint32_t nr;
	uint64_t args[6];
};

/* What happens to this call, and who says so; action and origin may be NULL. CALLGATE_E_UNSUPPORTED: the filter is
 * opaque there (a lifted program only). Since: 0.1 */
int callgate_filter_decide(const struct callgate_filter *filter, const struct callgate_call *call,
			   struct callgate_action *action, struct callgate_origin *origin);

/* The ABIs that a filter answers for, native first; every other one gets the answer for unlisted ABIs. Of a program's
 * filter, and of a task without one, all ABIs of the machine whose calls may pass are among them. At most
 * CALLGATE_ABI_COUNT; returns how many. Since: 0.1 */
unsigned callgate_filter_abis(const struct callgate_filter *filter, enum callgate_abi out[CALLGATE_ABI_COUNT]);

/* Filter flags (SECCOMP_FILTER_FLAG_*) that the profile asks for at load. Since: 0.1 */
uint32_t callgate_filter_flags(const struct callgate_filter *filter);

/*
 * How many names in rules that deny are no system calls known here (a misspelt name, or one that the release in
 * callgate_target.libseccomp does not know). name, origin (either may be NULL): the first one's; they belong to the
 * filter. Compilers and writers refuse a filter that has any (E_PROFILE, with the place), because it would permit what
 * its profile forbids; a target with a reader that drops such names has none. Since: 0.1
 */
unsigned callgate_filter_dropped(const struct callgate_filter *filter, const char **name,
				 struct callgate_origin *origin);
/* Accepts that a name, and only that one, has no effect. E_NOTFOUND: it is not among the names that were dropped.
 * Since: 0.1 */
int callgate_filter_accept_dropped(struct callgate_filter *filter, const char *name) CALLGATE_MUST_CHECK;

/* Consecutive numbers of one ABI with one decision. */
struct callgate_row {
	uint32_t first, last;
	bool conditional; /* depends on arguments: see callgate_filter_outcomes() */
};
/* Rows of an ABI that the filter answers for, by number; together they are all of its numbers. E_NOTFOUND: past the
 * end. Since: 0.1 */
size_t callgate_filter_row_count(const struct callgate_filter *filter, enum callgate_abi abi);
int callgate_filter_row(const struct callgate_filter *filter, enum callgate_abi abi, size_t index,
			struct callgate_row *out);

/* A call of which some arguments are left open. */
struct callgate_pattern {
	enum callgate_abi abi;
	uint32_t nr;
	uint64_t args[6];
	unsigned known; /* bit i: args[i] is given; else any value */
};
/* What may happen to such calls: in order, the first whose conditions hold counts; the last one has none (""). */
struct callgate_outcome {
	struct callgate_action action;
	struct callgate_origin origin;
	bool opaque;          /* what no profile can say; action means nothing */
	char conditions[384]; /* "a0 & 0x7e020000 == 0, a1 == 0x5401" (ANDed); "" for none */
};
/* Fills at most room; *count is how many there are. E_LIMIT: too many to list. Since: 0.1 */
int callgate_filter_outcomes(const struct callgate_filter *filter, const struct callgate_pattern *pattern,
			     struct callgate_outcome *out, size_t room, size_t *count);
/* How portable is it: the same file as docker, podman, containerd, runc and crun read it (LXC's: as LXC does), each
 * compared exactly with our reading for the target; where callgate refuses the file, with the first of them
 * that does not. Who reads it otherwise or refuses it is said in notes (CG-302), readers that agree in one, with the
 * first calls that differ; *differing: how many readers. They know the names of the libseccomp that is installed,
 * unless the target says which. E_PROFILE: nobody accepts it. Since: 0.1 */
int callgate_policy_portable(const char *path, const struct callgate_target *target, unsigned *differing,
			     struct callgate_notes *notes, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* ------------------------------------------------------------------ profiles written */

enum callgate_format {
	CALLGATE_FORMAT_OCI = 0, /* linux.seccomp, its includes and excludes evaluated for the target */
	CALLGATE_FORMAT_DOCKER,  /* includes and excludes kept (of a profile that has none: as OCI) */
	CALLGATE_FORMAT_LXC,     /* version 2 text, never looser than the profile */
};
/* A profile written in another format, and what that format cannot say. */
struct callgate_text;

/* Calls of one ABI that the text answers otherwise than the profile. Strings belong to the text. */
struct callgate_loss {
	enum callgate_abi abi;
	const char *calls;   /* names, numbers and ranges of numbers, comma separated */
	const char *profile; /* the filter's answer: "ERRNO(EPERM)", "ALLOW or ERRNO(EPERM)" (by arguments) */
	const char *text;    /* the text's */
	const char *why;
};

/*
 * Writes the policy as target's reader has it. The text is read back by callgate (LXC's: as LXC reads it)
 * and compared with the profile for the target, exactly: no loss means that they are equal. Where a profile does not
 * answer ENOSYS to numbers beyond it (LXC's, --enosys never), that is the reading which OCI's text is held to.
 * E_UNSUPPORTED: nothing in that format comes near enough. E_PROFILE: the policy itself is refused (see
 * callgate_filter_resolve). Since: 0.1
 */
int callgate_policy_write(const struct callgate_policy *policy, const struct callgate_target *target,
			  enum callgate_format format, struct callgate_text **out,
			  struct callgate_err *err) CALLGATE_MUST_CHECK;
const char *callgate_text_bytes(const struct callgate_text *text, size_t *size);
size_t callgate_text_loss_count(const struct callgate_text *text);
const struct callgate_loss *callgate_text_loss_at(const struct callgate_text *text,
						  size_t index); /* NULL past the end */
struct callgate_text *callgate_text_free(struct callgate_text *text);
/* How the text may differ from the filter that it is written for. */
enum callgate_side {
	CALLGATE_SIDE_STRICTER = 0, /* no looser; what the format cannot say is stricter */
	CALLGATE_SIDE_EXACT,        /* the same kind of action everywhere; errnos and other data may differ */
};
struct callgate_writing {
	size_t size;
	struct callgate_target target; /* who will read it, and where */
	enum callgate_format format;   /* DOCKER: as OCI, there are no includes or excludes to keep */
	enum callgate_side side;
};
#define CALLGATE_WRITING_INIT \
	{ \
		.size = sizeof(struct callgate_writing), .target = CALLGATE_TARGET_INIT \
	}
/* Writes a filter of any origin as a profile. The text is read back as target's reader does and compared with the
 * filter; what differs is listed as losses. E_UNSUPPORTED: the format cannot say it on that side; the text names a
 * call. Since: 0.1 */
int callgate_filter_write(const struct callgate_filter *filter, const struct callgate_writing *how,
			  struct callgate_text **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
/* What the text's reader makes of it; belongs to the text. Since: 0.1 */
const struct callgate_filter *callgate_text_filter(const struct callgate_text *text);

/* ------------------------------------------------------------------ filters compared and joined */

/* What a program means, exactly, as a filter; where it does what no profile can say, the filter is opaque for those
 * calls. name is for messages; native: the ABI whose architecture comes first. E_PROFILE: the kernel would refuse the
 * program. E_LIMIT: "too complex"; any program is answered within 2 s and 64 MiB. Since: 0.1 */
int callgate_filter_lift(const struct callgate_prog *prog, const char *name, enum callgate_abi native,
			 struct callgate_filter **out, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* What several filters on one process amount to, oldest first: the strictest action counts, of equal kinds the newest
 * filter's data. None at all is ALLOW. E_LIMIT: "too complex". Since: 0.1 */
int callgate_filter_meet(const struct callgate_filter *const filters[], size_t count, struct callgate_filter **out,
			 struct callgate_err *err) CALLGATE_MUST_CHECK;

enum callgate_combination {
	CALLGATE_MEET = 0, /* the strictest action counts: what all of them permit */
	CALLGATE_JOIN,     /* the loosest action counts: what any of them permits */
	CALLGATE_SUBTRACT, /* the first filter, where none of the others permits the call (ALLOW, LOG); elsewhere its
			    * own default action when that denies, else ERRNO(EPERM) */
};
/* Filters of any origin as one, exactly, call by call; strictness is the kernel's precedence of actions, of equal kinds
 * the last filter's data count. None at all: ALLOW, for a join KILL_PROCESS. Keeps no pointer into filters. E_LIMIT:
 * "too complex". Since: 0.1 */
int callgate_filter_combine(enum callgate_combination op, const struct callgate_filter *const filters[], size_t count,
			    struct callgate_filter **out, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* How B compares with A. */
enum callgate_change {
	CALLGATE_TIGHTER = 0, /* never looser, somewhere stricter */
	CALLGATE_LOOSER,      /* never stricter, somewhere looser */
	CALLGATE_OTHER,       /* both, or only errnos and other data differ */
	CALLGATE_UNKNOWN,     /* one of them is opaque here */
};
const char *callgate_change_name(enum callgate_change change); /* "tighter"; NULL for none. Since: 0.1 */

/* Consecutive numbers of one ABI on which the filters differ in one way. */
struct callgate_difference {
	enum callgate_abi abi; /* NONE: an architecture that neither filter answers for by name; see witness.abi */
	uint32_t first, last;
	enum callgate_change change;
	bool looser, tighter;      /* somewhere B permits more; somewhere less (where it is known) */
	bool depends_a, depends_b; /* on arguments: callgate_filter_outcomes() shows how */
	struct callgate_call
		witness; /* a call that they answer differently, with small numbers; its abi NONE: foreign */
	struct callgate_action a, b; /* what it gets */
	bool opaque_a, opaque_b;     /* then a or b means nothing */
};

struct callgate_diff; /* opaque, owns its list */

/* All differences of B against A, exact: an empty list is a proof that they mean the same. abis: bit N is enum
 * callgate_abi N; 0: all of both filters, and every architecture besides. Rows are in order of ABI and number.
 * Since: 0.1 */
int callgate_filter_diff(const struct callgate_filter *a, const struct callgate_filter *b, uint32_t abis,
			 struct callgate_diff **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
struct callgate_diff *callgate_diff_free(struct callgate_diff *diff);
size_t callgate_diff_count(const struct callgate_diff *diff);
const struct callgate_difference *callgate_diff_at(const struct callgate_diff *diff,
						   size_t index); /* NULL past the end */

/* ------------------------------------------------------------------ prog: classic BPF */

struct sock_filter; /* <linux/filter.h> */

/*
 * Compiles, checks the result by the kernel's own rules, and compares it with the filter. CALLGATE_E_LIMIT: more than
 * the kernel's 4096 instructions. CALLGATE_E_UNSUPPORTED: the filter was read from a program that does what no profile
 * can say. CALLGATE_E_MISMATCH: an error in here; nothing may be loaded. Since: 0.1
 */
int callgate_filter_compile(const struct callgate_filter *filter, struct callgate_prog **out,
			    struct callgate_err *err) CALLGATE_MUST_CHECK;
/*
 * The same through libseccomp (of the installed version, in a child that has so many seconds; 0:
 * CALLGATE_LIBSECCOMP_SECONDS). CALLGATE_E_UNSUPPORTED: it cannot say this filter, the text says why: ranges of
 * numbers (--enosys never leaves the usual one out), two tests of one argument in a rule, names that it does not know.
 * CALLGATE_E_LIMIT: not finished in time. CALLGATE_E_MISMATCH: its program does something else than the filter; err
 * tells for which call.
 */
enum { CALLGATE_LIBSECCOMP_SECONDS = 10 };
/* Since: 0.1 */
int callgate_filter_compile_libseccomp(const struct callgate_filter *filter, unsigned seconds,
				       struct callgate_prog **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
struct callgate_prog *callgate_prog_free(struct callgate_prog *prog);

/* The instructions belong to the program. Flags: SECCOMP_FILTER_FLAG_* that the profile wants at load. Since: 0.1 */
const struct sock_filter *callgate_prog_instructions(const struct callgate_prog *prog);
unsigned callgate_prog_count(const struct callgate_prog *prog);
uint32_t callgate_prog_flags(const struct callgate_prog *prog);

/* Raw instructions in the byte order of native. CALLGATE_E_FORMAT: not a multiple of eight bytes. CALLGATE_E_PROFILE:
 * the kernel would refuse it; err->line is the instruction (from 0). Since: 0.1 */
int callgate_prog_parse(const void *bytes, size_t size, enum callgate_abi native, struct callgate_prog **out,
			struct callgate_err *err) CALLGATE_MUST_CHECK;

/* Runs the program for one call, as the kernel would. steps may be NULL: how many instructions that took. Since: 0.1 */
int callgate_prog_eval(const struct callgate_prog *prog, const struct callgate_call *call,
		       struct callgate_action *action, unsigned *steps);

struct callgate_prog_stats {
	unsigned instructions;
	unsigned longest_path;   /* instructions on the longest way through the program */
	unsigned mean_path_x100; /* the same on average over the calls of one ABI, all arguments 0; in hundredths */
};
/* Since: 0.1 */
int callgate_prog_measure(const struct callgate_prog *prog, enum callgate_abi native, struct callgate_prog_stats *out);

enum callgate_prog_format {
	CALLGATE_PROG_RAW = 0, /* in the byte order of the target */
	CALLGATE_PROG_ASM,     /* a listing for people */
	CALLGATE_PROG_C,       /* an array of struct sock_filter */
	CALLGATE_PROG_BASE64,  /* of the raw bytes: crun's annotation run.oci.seccomp_bpf_data */
};
/* *out: malloc'ed, with a NUL behind its *size bytes; release it with free(). Since: 0.1 */
int callgate_prog_write(const struct callgate_prog *prog, enum callgate_prog_format format, char **out, size_t *size,
			struct callgate_err *err);
/* The same for a filter as pseudo code: numbers, conditions and actions by architecture. Since: 0.1 */
int callgate_filter_write_pfc(const struct callgate_filter *filter, char **out, size_t *size, struct callgate_err *err);

/* ------------------------------------------------------------------ verification */

/* What all filters of a live task amount to: dumped, lifted, met. A task without filters allows everything. Since: 0.1
 */
int callgate_task_filter(pid_t tid, struct callgate_filter **out, unsigned *count,
			 struct callgate_err *err) CALLGATE_MUST_CHECK;

/* How what runs compares with the profile. */
enum callgate_verdict {
	CALLGATE_EXACT = 0, /* the same for every call */
	CALLGATE_STRICTER,  /* permits less, nothing more */
	CALLGATE_DIFFERENT, /* permits nothing more; errnos or other data differ */
	CALLGATE_WEAKER,    /* permits what the profile does not */
	CALLGATE_NONE,      /* the task has no filter */
};
const char *callgate_verdict_name(enum callgate_verdict verdict); /* "exact". Since: 0.1 */

/* Judges a live task by the exact meaning of all its filters together. *diff (may be NULL) gets the differences, live
 * against profile, to be released by the caller; for NONE none are listed. E_UNSUPPORTED: a filter is opaque somewhere
 * and nothing else shows that it is weaker: unknown. Errors of callgate_task_dump() besides. Since: 0.1 */
int callgate_task_verify(pid_t tid, const struct callgate_filter *profile, enum callgate_verdict *out,
			 struct callgate_diff **diff, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* ------------------------------------------------------------------ containers */

/* The container that a process is in, by its cgroup: "lxc:NAME", "oci:ID" (12 digits), cut to size bytes with the NUL.
 * E_NOTFOUND: in none that is known. Since: 0.1 */
int callgate_task_container(pid_t pid, char *buf, size_t size);

/* ------------------------------------------------------------------ kernel: loading, running, looking */

/* What this kernel's seccomp can do. */
struct callgate_kernel {
	size_t size;
	unsigned major, minor;
	unsigned actions; /* bit (1 << enum callgate_action_kind) for each that is available */
	uint32_t flags;   /* SECCOMP_FILTER_FLAG_* that are known */
	bool seccomp;     /* filters can be loaded at all */
	bool filter_dump; /* filters can be read back (CONFIG_CHECKPOINT_RESTORE) */
};
#define CALLGATE_KERNEL_INIT \
	{ \
		.size = sizeof(struct callgate_kernel) \
	}
/* Since: 0.1 */
int callgate_kernel_probe(struct callgate_kernel *out, struct callgate_err *err);

/* Who sets no_new_privs. AUTO: it is set unless the caller has CAP_SYS_ADMIN effective. */
enum callgate_nnp { CALLGATE_NNP_AUTO = 0, CALLGATE_NNP_YES, CALLGATE_NNP_NO };

/* Puts the program on the calling thread, with exactly the flags that it wants (TSYNC: on all threads), or fails.
 * What seccomp(2) answers is not believed: /proc must show one filter more on every thread that was to get it. Where
 * the program forbids to look there, a process that ends right afterwards looks. E_PERM: neither no_new_privs nor
 * CAP_SYS_ADMIN. E_UNSUPPORTED: the kernel does not know a flag, or has no seccomp. E_IO: /proc is not there to tell.
 * E_MISMATCH: success was answered and nothing loaded; the thread must be taken for unconfined. Since: 0.1 */
int callgate_prog_load(const struct callgate_prog *prog, enum callgate_nnp nnp,
		       struct callgate_err *err) CALLGATE_MUST_CHECK;

/*
 * Confines the calling process: reads the profile at path, resolves it for this machine and the caller's own capability
 * bounding set, compiles it, and loads it on all threads (TSYNC), with no_new_privs unless the caller has
 * CAP_SYS_ADMIN. On any error nothing is loaded; codes as callgate_policy_read(), callgate_filter_resolve(),
 * callgate_filter_compile() and callgate_prog_load(). Since: 0.1
 */
int callgate_confine_self(const char *path, struct callgate_notes *notes, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* Where a command's filter is put on it. EXEC: at the end of its execve, before the first instruction, so the filter
 * need allow neither execve nor seccomp. MAIN: when loader and libraries have started up and control goes to the
 * program's own entry, so that it need not allow what they do; dynamic programs only, E_UNSUPPORTED for others. LOAD:
 * by the child itself, before its execve, which the filter then has to allow; needs no ptrace. */
enum callgate_at { CALLGATE_AT_EXEC = 0, CALLGATE_AT_MAIN, CALLGATE_AT_LOAD };

struct callgate_start {
	size_t size;
	enum callgate_at at;
	enum callgate_nnp nnp;
};
#define CALLGATE_START_INIT \
	{ \
		.size = sizeof(struct callgate_start) \
	}

struct callgate_command; /* opaque: one started command */

/* Starts argv (found as execvp(3) does) under the program. When it returns 0 the command runs, and the kernel has said
 * that the filter is on it (to a privileged caller it has shown it, word for word). In every other case the command has
 * not run a single instruction (MAIN: none of its own). how NULL: as CALLGATE_START_INIT has it. E_NOTFOUND: there is
 * no such command. E_IO: it cannot be executed. E_PERM: no right to trace it or to load a filter. E_UNSUPPORTED: not in
 * the way that how asks for. E_KERNEL: a system call failed, or it ended before. E_MISMATCH: it is without the filter,
 * and killed. Until callgate_command_free() SIGHUP, SIGINT, SIGQUIT, SIGTERM and SIGCHLD are blocked here. For callers
 * with one thread. Since: 0.1 */
int callgate_command_start(const struct callgate_prog *prog, const struct callgate_start *how, char *const argv[],
			   struct callgate_command **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
pid_t callgate_command_pid(const struct callgate_command *command);
/* Waits, and hands on SIGHUP, SIGINT, SIGQUIT and SIGTERM that a process sent. timeout_ms -1: until it ends. *ended
 * false: the time is over, and *status is not written. *status as waitpid(2) gives it. Since: 0.1 */
int callgate_command_wait(struct callgate_command *command, int timeout_ms, bool *ended, int *status,
			  struct callgate_err *err);
/* Leaves a command that still runs alone. Since: 0.1 */
struct callgate_command *callgate_command_free(struct callgate_command *command);

/* One process of those that a program is put on. result 0: what was done; else why not. */
struct callgate_injected;
typedef void callgate_inject_visit(void *data, pid_t pid, const struct callgate_injected *done, int result,
				   const struct callgate_err *why);
/* Whom a program is put on. LIVE: a process that works and must not be hurt. STARTING: one that waits to be started,
 * and is better dead than unconfined: it is killed if the caller ends before the work is done. */
enum callgate_inject_kind { CALLGATE_INJECT_LIVE = 0, CALLGATE_INJECT_STARTING };

struct callgate_inject {
	size_t size;
	enum callgate_inject_kind kind;
	enum callgate_nnp nnp;        /* of the process; AUTO: set where its rights do not do without */
	unsigned deadline_ms;         /* to stop; 0: 1000 */
	callgate_inject_visit *visit; /* callgate_prog_apply(): called for each process; NULL: nobody */
	void *data;                   /* visit's first argument */
};
#define CALLGATE_INJECT_INIT \
	{ \
		.size = sizeof(struct callgate_inject) \
	}

/* What was done. Later versions add fields at the end. */
struct callgate_injected {
	size_t size;
	pid_t pid, tid;      /* tid: the one thread that was stopped */
	unsigned threads;    /* that have the filter now */
	uint64_t stopped_ns; /* how long */
	bool set_no_new_privs;
	bool suspended; /* the filters that it had were suspended meanwhile */
	bool read_back; /* the kernel showed the very program afterwards */
	char call[24];  /* what the thread waited in, "" for nothing known; it goes on as if nothing had happened */
};
#define CALLGATE_INJECTED_INIT \
	{ \
		.size = sizeof(struct callgate_injected) \
	}

/* Puts the program on all threads of a running process, on top of what it has. One thread stands still for some 0.1 ms,
 * chosen so that the interruption does not show; nothing is left behind in the process. out may be NULL. E_LIMIT: not
 * done in time (frozen, threads that come and go too fast), or no room for it; a thread that waits in memory which
 * others serve (userfaultfd, FUSE) may still be given the filter. E_PERM: not ours to trace, traced already, no right
 * to load, or filters of its own that forbid it. E_KERNEL: a thread has filters of its own. E_ARG: ourselves, a kernel
 * thread. E_NOTFOUND: there is none, or it has ended. E_UNSUPPORTED: strict mode, registers of an ABI that nothing is
 * known of, no call instruction. E_MISMATCH: it made another call, or not every thread has the filter afterwards.
 * Since: 0.1 */
int callgate_process_inject(pid_t pid, const struct callgate_prog *prog, const struct callgate_inject *how,
			    struct callgate_injected *out, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* As /proc/PID/status says Seccomp. */
enum callgate_mode { CALLGATE_MODE_NONE = 0, CALLGATE_MODE_STRICT, CALLGATE_MODE_FILTER };

/* One task (thread), belongs to a list. */
struct callgate_task {
	pid_t pid, tid;
	char command[64];
	enum callgate_mode mode;
	int filters; /* how many; -1: the kernel does not say (before 5.9) */
	bool no_new_privs;
	uint64_t caps;       /* capability bounding set */
	uint64_t start_time; /* clock ticks since boot: with tid a name that is never reused */
};

/* PROCESS: the threads of a process. CONTAINER: every task of the container whose first process is given: its cgroups
 * with all below them, and its pid namespace with all below it. ALL: every task that /proc shows. TREE: the process and
 * its descendants; of the caller only the descendants. */
enum callgate_scope { CALLGATE_SCOPE_PROCESS = 0, CALLGATE_SCOPE_CONTAINER, CALLGATE_SCOPE_ALL, CALLGATE_SCOPE_TREE };
struct callgate_tasks; /* opaque: a list, by pid, the first thread first */
/* pid is not looked at for ALL. Zombies are left out. E_NOTFOUND: no such process. Since: 0.1 */
int callgate_tasks_list(enum callgate_scope scope, pid_t pid, struct callgate_tasks **out, struct callgate_err *err);
size_t callgate_tasks_count(const struct callgate_tasks *tasks);
const struct callgate_task *callgate_tasks_at(const struct callgate_tasks *tasks, size_t index); /* NULL past the end */
struct callgate_tasks *callgate_tasks_free(struct callgate_tasks *tasks);

/* The filters that a live task runs under, the oldest first; none when it has none. The task stands still for some 0.1
 * ms; one that does not stop within a second (frozen) is left alone: E_LIMIT. Needs CAP_SYS_ADMIN in the initial user
 * namespace and a caller without filters: E_PERM. Since: 0.1 */
int callgate_task_dump(pid_t tid, struct callgate_prog ***out, size_t *count,
		       struct callgate_err *err) CALLGATE_MUST_CHECK;
struct callgate_prog **callgate_task_dump_free(struct callgate_prog **progs, size_t count);

/* callgate_process_inject() for a process, or for every process of a container or a tree, again and again until a pass
 * finds none that has not got it: processes that start meanwhile are found or have inherited it. how may be NULL. An
 * error of one process does not keep the others from theirs; the first one is the answer. E_LIMIT: new processes came
 * faster than they could be served, or some ended before anybody looked at them and may have left children that have
 * not got it. Since: 0.1 */
int callgate_prog_apply(const struct callgate_prog *prog, enum callgate_scope scope, pid_t pid,
			const struct callgate_inject *how, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* ------------------------------------------------------------------ LXC */

/* The release of the libseccomp that is installed, as callgate_target.libseccomp wants it: LXC resolves names by it.
 * Since: 0.1 */
uint32_t callgate_libseccomp_release(void);

/* On which side of the filter the text stays where it cannot be it. */
enum callgate_lxc_bound {
	CALLGATE_LXC_NEVER_LOOSER = 0, /* the text is all that confines */
	CALLGATE_LXC_NEVER_STRICTER,   /* the filter itself is put on top of it: together they mean the filter */
};

/*
 * The nearest text that LXC 5 really honours on that side of the filter. NEVER_LOOSER: it permits nothing that the
 * filter does not (KILL_PROCESS becomes KILL_THREAD, which is the strictest that LXC has). NEVER_STRICTER: it denies
 * nothing that the filter does not, and always permits seccomp(2), which a task needs to be given the filter. target:
 * host, and libseccomp (0: the installed one). E_UNSUPPORTED: NEVER_LOOSER, and the filter closes an ABI that LXC's
 * text always opens; the filter denies what LXC itself calls once it is loaded. E_MISMATCH: the text, read back, would
 * be on the wrong side (a fault of callgate; nothing is given out). Since: 0.1
 */
int callgate_lxc_write(const struct callgate_filter *filter, const struct callgate_target *target,
		       enum callgate_lxc_bound bound, struct callgate_text **out,
		       struct callgate_err *err) CALLGATE_MUST_CHECK;

/* Lower-case hex of the SHA-256 of what the filter means: equal for filters that mean the same. Since: 0.1 */
int callgate_filter_digest(const struct callgate_filter *filter, char out[65], struct callgate_err *err);

/* ------------------------------------------------------------------ OCI containers */

/* The first process of a container of runc or crun, whoever called them, by the runtime's own state and the process's
 * start time. root: the runtime's --root; NULL: the usual places. id may be a beginning that only one has. E_NOTFOUND:
 * not running. Since: 0.1 */
int callgate_oci_init_pid(const char *root, const char *id, pid_t *out, struct callgate_err *err);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
