/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The admin tool: a verb is a row of the table in main.c and a file of its own. What verbs share is declared here:
 * words of the command line (options.c), messages (report.c), what SOURCE names (source.c).
 */
#ifndef CALLGATE_TOOL_TOOL_H
#define CALLGATE_TOOL_TOOL_H

#include <getopt.h>
#include <json.h>
#include <stdio.h>

#include "base/private.h"
#include "record/recording.h"

#define CALLGATE_CLEANUP(name) __attribute__((cleanup(name)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What every inspection verb answers (callgate(1), EXIT STATUS). */
enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_CANNOT = 2, EXIT_CALLGATE_FAILED = 125 };
/* What run and record answer in place of the command. */
enum { EXIT_CANNOT_EXEC = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* Options that many verbs take. A verb lists those it wants by OPTIONS_COMMON and OPTIONS_TARGET. */
struct options {
	struct callgate_target target;
	unsigned abi_mask; /* --abi: bit per enum callgate_abi; 0: all of the filter's */
	bool json;
	enum color color;
	const char *output;                   /* -o; NULL: stdout */
	const char *root;                     /* --root, for oci:ID */
	const char *lxcpath;                  /* --lxcpath, for lxc:NAME; NULL: LXC's own */
	bool has_reader, has_names, has_caps; /* said on the command line */
	bool caps_of_container;               /* --caps container */
	const char *caps_source;              /* --caps lxc:NAME; NULL: not said so */
	struct callgate_lists words;          /* in place of a profile: WORDS_SOURCE */
	bool loads; /* the profile is put on processes: root takes none that others can change */
};

enum option_id {
	OPT_HELP = 'h',
	OPT_OUTPUT = 'o',
	OPT_ARCH = 256,
	OPT_ABI,
	OPT_CAPS,
	OPT_KERNEL,
	OPT_AS,
	OPT_NAMES,
	OPT_ENOSYS,
	OPT_JSON,
	OPT_COLOR,
	OPT_ROOT,
	OPT_LXCPATH,
	OPT_ALLOW,
	OPT_DENY,
	OPT_DEFAULT,
	OPT_VERB, /* a verb's own options start here */
};

#define OPTIONS_COMMON \
	{ "help", no_argument, NULL, OPT_HELP }, { "color", required_argument, NULL, OPT_COLOR }, \
	{ \
		"json", no_argument, NULL, OPT_JSON \
	}
#define OPTIONS_TARGET \
	{ "arch", required_argument, NULL, OPT_ARCH }, { "abi", required_argument, NULL, OPT_ABI }, \
		{ "caps", required_argument, NULL, OPT_CAPS }, { "kernel", required_argument, NULL, OPT_KERNEL }, \
		{ "as", required_argument, NULL, OPT_AS }, { "names", required_argument, NULL, OPT_NAMES }, \
	{ \
		"enosys", required_argument, NULL, OPT_ENOSYS \
	}
#define OPTIONS_LIVE \
	{ "root", required_argument, NULL, OPT_ROOT }, \
	{ \
		"lxcpath", required_argument, NULL, OPT_LXCPATH \
	}
#define OPTIONS_WORDS \
	{ "allow", required_argument, NULL, OPT_ALLOW }, { "deny", required_argument, NULL, OPT_DENY }, \
	{ \
		"default", required_argument, NULL, OPT_DEFAULT \
	}
#define OPTIONS_END \
	{ \
		NULL, 0, NULL, 0 \
	}

struct verb {
	const char *name;
	int (*run)(const struct verb *verb, int argc, char **argv); /* returns the exit code */
	const char *usage;                                          /* behind the name */
	const char *summary;                                        /* one line */
};

/* ------------------------------------------------------------------ options.c */

/* A verb's own options: own(data, option, value) answers 0, or -1 after a message. NULL: it has none. */
struct command_line {
	const struct option *known; /* shared and own ones */
	const char *brief;          /* getopt's short options: "h", "ho:"; "+h" stops at the first word */
	int (*own)(void *data, int option, const char *value);
	void *data;
};
enum { PARSED = -1 };
/* Fills options from the command line. PARSED: go on, optind is at the first word. Else the verb's exit code: help was
 * given, or a message. */
int options_parse(struct options *options, const struct verb *verb, const struct command_line *line, int argc,
		  char **argv);
/* Takes an option that getopt_long() answered. 0, or -1 after a message. OPT_HELP is the verb's affair: verb_help(). */
int options_take(struct options *options, int option, const char *value);
/* What getopt_long(3), asked with ':' and opterr 0, answered '?' or ':' to: said for where, with the option that was
 * meant. -1. */
int options_refuse(const char *where, const struct option *known, int option, int argc, char **argv);
/* Which of words it is, whose list ends in NULL; what: of what it is one, for the message. -1 after a message. */
int take_choice(const char *value, const char *const words[], const char *what, int *out);
int take_nnp(const char *value, enum callgate_nnp *out);               /* yes or no; -1 after a message */
int take_profile_format(const char *value, enum callgate_format *out); /* oci, docker or lxc; -1 after a message */
/* To stderr; returns EXIT_CANNOT. why: what is wrong; NULL: it has been said. */
int verb_usage(const struct verb *verb, const char *why);
/* The words of a text in lines of less than 80 columns; column: where the first line stands already. */
void print_wrapped(FILE *to, const char *text, unsigned column, unsigned indent);
/* Decimal, or hex behind 0x; -1 is 2^bits - 1; the whole word must be a number. */
int number_parse(const char *text, unsigned bits, uint64_t *out);

/* ------------------------------------------------------------------ help.c */

/* known: the verb's options. To stdout, returns 0. */
int verb_help(const struct verb *verb, const struct option *known);

/* ------------------------------------------------------------------ container_caps.c */

/* The target's capabilities become those that pid:N, lxc:NAME or oci:ID has, or, where an LXC container does not run,
 * will have. An exit code after a message. */
int caps_look_up(struct options *options, const char *source);
/* What an LXC container that does not run will run under when it is started, as its configuration says. An exit code
 * after a message. */
int lxc_next_filter(const struct options *options, const char *name, struct callgate_filter **out);

/* ------------------------------------------------------------------ call.c */

/* What CALL asks for, before an ABI gives its name and the names of its arguments numbers. */
struct asked_call {
	char name[64];
	char arguments[448]; /* as written, without the parentheses */
};
int call_parse(const char *text, struct asked_call *out); /* -1 after a message */
/* The number of a name or numeral on an ABI: 0; 1: this ABI has no such call; -1: none has. */
int call_number(enum callgate_abi abi, const char *name, uint32_t *nr);
/* The same as a pattern; -1 after a message. */
int call_on_abi(const struct asked_call *call, enum callgate_abi abi, struct callgate_pattern *out);
/* On no ABI: a number and the values of arguments. -1 after a message. */
int call_by_number(const struct asked_call *call, struct callgate_pattern *out);
/* --abi, else the filter's own. */
unsigned wanted_abis(const struct options *options, const struct callgate_filter *filter,
		     enum callgate_abi out[CALLGATE_ABI_COUNT]);

/* ------------------------------------------------------------------ targets.c */

/* Sets of target options, as words: "--as docker --arch aarch64". */
struct targets {
	char **list;
	size_t count;
};
/* base with the options of words on top. -1 after a message. Starts getopt anew. */
int target_words(const char *words, const struct options *base, struct options *out);
int targets_add(struct targets *targets, const char *words);
/* Every combination of "READER,READER...[:ARCH,ARCH...[:CAPS,CAPS...]]"; reader callgate is our own. -1 after a
 * message. */
int targets_matrix(struct targets *targets, const char *text);
void targets_cleanup(struct targets *targets);

/* ------------------------------------------------------------------ runtime_version.c */

/* Which runc or crun is installed that this reader is or hands on to, 0xMMmmpp; 0: none, or unknown. */
uint32_t engine_release(enum callgate_reader reader);

/* ------------------------------------------------------------------ lxc_attach.c */

/*
 * An LXC container whose init got the profile itself: what enters it later gets LXC's text, and so has fewer filters.
 */
struct attached {
	const char *container; /* "lxc:NAME" */
	char path[4096];       /* of the state file that lists the losses */
	size_t losses, tasks;  /* tasks: that have the text only, to be counted */
	int filters;           /* of init; -1: not known */
};
/* False: no such container, or nothing is known of it. */
bool attached_read(const char *source, pid_t init, struct attached *out);
bool attached_is(const struct attached *attached, const struct callgate_task *task);
void attached_report(const struct attached *attached);
struct json_object *attached_to_json(const struct attached *attached);

/* ------------------------------------------------------------------ report.c */

void report(const char *format, ...) CALLGATE_PRINTF(1, 2); /* "callgate: error: ..." */
void report_err(const struct callgate_err *err);
bool report_color(const struct options *options);
bool output_color(const struct options *options); /* the same of standard output */
/* One finding with its line and range. */
void report_note(const struct callgate_note *note, enum callgate_severity severity, bool color);
/* The errors among them. */
void report_errors(const struct options *options, const struct callgate_notes *notes);
/* What a text in another format could not say: a line for each on stderr, behind prefix; severity is "warning" or
 * "error". */
void report_losses(const struct callgate_text *text, const char *prefix, const char *severity);
/* What somebody else chose, a task its command, by callgate_escape(): a document is UTF-8. */
struct json_object *text_to_json(const char *text);
/* A member of an object that is a string; NULL: there is none. It belongs to the object. */
const char *text_member(struct json_object *object, const char *key);
struct json_object *origin_to_json(const struct callgate_origin *origin);
struct json_object *document(const char *verb);   /* {"schema": "callgate.VERB/1"} */
int print_document(struct json_object *document); /* prints and releases; EXIT_CANNOT when stdout fails, else 0 */
/* "file:line:column (default)" and the like. */
void origin_format(const struct callgate_origin *origin, char *buf, size_t size);
/* Flushes stdout: 0, or EXIT_CANNOT after a message (a full disk must not look like success). */
int finish_output(int code);
/* Writes to --output atomically, or to stdout. */
int write_output(const struct options *options, const void *bytes, size_t size);

/* ------------------------------------------------------------------ outcome.c */

/* All outcomes of a pattern, malloc'ed; NULL: out of memory, or too many to list (*count is then 0), or several others
 * were, and to find out again would take too long. */
struct callgate_outcome *outcomes_list(const struct callgate_filter *filter, const struct callgate_pattern *pattern,
				       size_t *count);
/* The action as it is written, OPAQUE for what no profile can say. */
const char *outcome_word(const struct callgate_outcome *outcome, char *buf, size_t size);
/* "ALLOW if a0 == 0x8, a1 > 0x1; ERRNO(EPERM) otherwise". */
void print_outcomes(FILE *to, const struct callgate_pattern *call, const struct callgate_outcome *outcomes,
		    size_t count);
/* The same for a call with all its arguments open; "..." when there are too many. */
void print_decision(FILE *to, const struct callgate_filter *filter, enum callgate_abi abi, uint32_t nr);
/* The ABI and the witness of a difference. A row for architectures that are not listed has the AUDIT_ARCH_ word of one
 * as its ABI, and before its witness, which has a number for the name: explain takes both. */
struct difference_words {
	char abi[24], witness[208];
};
void difference_words(const struct callgate_diff *diff, size_t index, struct difference_words *out);
/* "mkdir(0x1,0x2)": name or number, arguments up to the last that is not 0. */
void call_text(const struct callgate_call *call, char *buf, size_t size);

/* ------------------------------------------------------------------ explain.c, explain_group.c */

/* The last number up to which nothing has a name, or first itself when that has one: [first, it] is one row. */
uint32_t named_run(enum callgate_abi abi, uint32_t first, uint32_t last);
/* A row per decision with all calls that it holds for: TSV abi, action, calls; or into rows. An exit code. */
int print_grouped(const struct callgate_filter *filter, enum callgate_abi abi, struct json_object *rows);

/* ------------------------------------------------------------------ explain_risks.c */

/* Names the regions (regions.h) that the filter lets a process reach: into rows, or as notes on stderr when rows is
 * NULL. An exit code after a message. */
int tell_risks(const struct callgate_filter *filter, struct json_object *rows);

/* ------------------------------------------------------------------ diff.c */

void print_differences(FILE *to, const struct callgate_filter *a, const struct callgate_filter *b,
		       const struct callgate_diff *diff);
struct json_object *differences_to_json(const struct callgate_diff *diff);

/* ------------------------------------------------------------------ source.c */

/* The SOURCE that means --allow, --deny and --default. */
#define WORDS_SOURCE "words:"
/* What --profile said, or WORDS_SOURCE; NULL after a message when it is neither or both. */
const char *profile_said(const struct options *options, const char *profile);

/* Opens a file to read, "-" for standard input. NULL: it is none, or cannot be opened, and has been reported. */
FILE *input_open(const char *path);
enum { INPUT_LINE = 4096 };
/* One line of it without its end, which may be CR LF. NULL: understood (*more false at the end of the file); else what
 * is wrong with it. */
const char *input_line(FILE *from, char line[INPUT_LINE], bool *more);

/* Opens what SOURCE names. Errors and findings have been reported when it answers an exit code other than 0.
 * kind tells what it was. */
enum source_kind { SOURCE_PROFILE, SOURCE_BPF, SOURCE_LIVE, SOURCE_ENV };
int source_open(const struct options *options, const char *text, struct callgate_filter **out, enum source_kind *kind);
/* A file of raw BPF, in the byte order of the target. An exit code. */
int program_read(const struct options *options, const char *path, struct callgate_prog **out);
/* The first process of what pid:N, lxc:NAME or oci:ID names, and whether its whole container is meant. */
int live_source(const struct options *options, const char *text, pid_t *pid, enum callgate_scope *scope);
bool is_live_source(const char *text);
/* live.c: the tasks of a live source; those that a runtime only prepares are waited for. */
int live_tasks(enum callgate_scope scope, pid_t pid, struct callgate_tasks **out, struct callgate_err *err);
/* 1: *out had no filter when one of a few rolls was called. E_NOTFOUND is none: all have ended. */
int live_find_bare(enum callgate_scope scope, pid_t pid, struct callgate_task *out, struct callgate_err *err);
/* What any task of a live source may do. An exit code, after a message: EXIT_CANNOT where one task is not known. */
int live_join(const struct options *options, const char *source, struct callgate_filter **out);
/* What each task of a live source may do; EXIT_CANNOT after a message, too, where they may do different things. */
int live_same(const struct options *options, const char *source, struct callgate_filter **out);
/* Says on stderr, of a source that is answered for its first task, that others may do more, or that nobody can tell. */
void live_warn(const char *source, enum callgate_scope scope, pid_t first);
/* A path as it is; a word without '/' that is no file here is a profile's name. */
int profile_path(const char *text, char *path, size_t size, struct callgate_err *err);
/* Profile sources only (check, run, apply ...): the policy too. notes may be NULL: findings are reported here. */
int profile_open(const struct options *options, const char *text, struct callgate_policy **out,
		 struct callgate_notes *notes, struct callgate_err *err);
/* No verb answers for a profile that would permit what it means to forbid (check says the same): frees *filter then,
 * and answers E_PROFILE with the place. */
int refuse_dropped(struct callgate_filter **filter, struct callgate_err *err);
/*
 * Where it was env:, takes the variables out of the environment, so that a command does not see what it is confined by.
 */
void profile_forget(const char *text);
/* A profile that verbs work with: read, resolved, and refused when a name in a rule that denies is unknown. */
int profile_resolve(const struct options *options, const char *text, struct callgate_filter **out);

void policy_cleanup(struct callgate_policy **policy);
void filter_cleanup(struct callgate_filter **filter);
void notes_cleanup(struct callgate_notes **notes);
void prog_cleanup(struct callgate_prog **prog);

/* ------------------------------------------------------------------ answer.c */

/* callgate_filter_resolve() for the target's reader, by libseccomp where that can be asked. Who has answered is told
 * where --as was given: on stderr, or by answers_to_json() in a document. */
int resolve_as(const struct options *options, const char *source, const struct callgate_policy *policy,
	       struct callgate_filter **out, struct callgate_notes *notes, struct callgate_err *err);
/* For verbs with several targets: from now on nothing is told before answers_tell(), which has one line for all readers
 * that were answered in the same way. */
void answers_gather(void);
void answers_tell(const struct options *options);
/* Adds "answered" when something was. */
void answers_to_json(struct json_object *root);

/* ------------------------------------------------------------------ record.c, learn.c */

/* "90", "90s", "1.5m", "2h"; -1 after a message. */
int take_time(const char *value, double *out);

/* An exit code after a message. */
int record_open(const char *path, struct callgate_record **out);
/* Several, merged; paths end in NULL and are at least one. */
int records_open(char **paths, struct callgate_record **out);

/* ------------------------------------------------------------------ lxc.c, or lxc_none.c where liblxc is not there */

/* The host's pid of a running container's init. An exit code after a message. lxcpath NULL: LXC's own. */
int lxc_init_pid(const char *name, const char *lxcpath, pid_t *out);
/* The directory of defined containers. */
const char *lxc_default_path(void);
bool lxc_is_running(const char *name, const char *lxcpath);
/* Whether there is a configuration of this name; what cannot be looked at may be there. */
bool lxc_is_defined(const char *name, const char *lxcpath);

/* ------------------------------------------------------------------ process.c */

/* -1: it is gone. uid (may be NULL): the process's user. */
pid_t process_parent(pid_t pid, uid_t *uid);
/* Whether it has this socket open. known (may be NULL): false where its descriptors cannot be looked at. */
bool process_has_socket(pid_t pid, unsigned long inode, bool *known);
/* Ends as a command ended: with its status, or by the same signal (without a core of our own). */
int process_end_like(int status);

/* ------------------------------------------------------------------ oci.c */

/* The host's pid of a running container's first process: an id, a name, for root "USER/NAME" too. An exit code after a
 * message. */
int oci_init_pid(const struct options *options, const char *id, pid_t *pid);
/* "oci:USER/NAME", and root asks. */
bool oci_is_users(const char *source);
/* Tells root who else has a container of this name, and what to call it. */
void oci_hint_users(const char *name);
/* A user as people call him, by his number where he has no name. */
const char *user_word(uid_t uid, char *buf, size_t size);

/* ------------------------------------------------------------------ doctor_engines.c */

/* Whether some containers.conf has a line that begins with key and holds word; where gets its path. */
bool containers_conf_has(const char *key, const char *word, char *where, size_t size);

/* ------------------------------------------------------------------ verbs */

int verb_apply(const struct verb *verb, int argc, char **argv);
int verb_check(const struct verb *verb, int argc, char **argv);
int verb_convert(const struct verb *verb, int argc, char **argv);
int verb_compile(const struct verb *verb, int argc, char **argv);
int verb_explain(const struct verb *verb, int argc, char **argv);
int verb_exposure(const struct verb *verb, int argc, char **argv);
int verb_lock(const struct verb *verb, int argc, char **argv);
int verb_test(const struct verb *verb, int argc, char **argv);
int verb_rebase(const struct verb *verb, int argc, char **argv);
int verb_meet(const struct verb *verb, int argc, char **argv);
int verb_join(const struct verb *verb, int argc, char **argv);
int verb_subtract(const struct verb *verb, int argc, char **argv);
int verb_diff(const struct verb *verb, int argc, char **argv);
int verb_hook(const struct verb *verb, int argc, char **argv);
int verb_covers(const struct verb *verb, int argc, char **argv);
int verb_learn(const struct verb *verb, int argc, char **argv);
int verb_report(const struct verb *verb, int argc, char **argv);
int verb_record(const struct verb *verb, int argc, char **argv);
int verb_run(const struct verb *verb, int argc, char **argv);
int verb_syscall(const struct verb *verb, int argc, char **argv);
int verb_status(const struct verb *verb, int argc, char **argv);
int verb_doctor(const struct verb *verb, int argc, char **argv);
int verb_why(const struct verb *verb, int argc, char **argv);
int verb_verify(const struct verb *verb, int argc, char **argv);

#endif
