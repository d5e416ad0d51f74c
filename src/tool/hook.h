/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hook: what the files behind 'callgate hook' share. */
#ifndef CALLGATE_TOOL_HOOK_H
#define CALLGATE_TOOL_HOOK_H

#include "runtime/hooks.h"
#include "tool/tool.h"

enum hook_looser { LOOSER_REFUSED, LOOSER_ACCEPTED };

/* What the command line says. */
struct hook_request {
	const char *runtime;
	const char *name;    /* the LXC container's; NULL: none, or all */
	const char *profile; /* NULL: not given */
	const char *caps;    /* LXC: "container" or a list */
	enum hook_effect { HOOK_WRITE, HOOK_SHOW } effect;
	enum callgate_need proof;
	enum callgate_lxc_manner manner;
	enum hook_looser looser;
	bool log, all, complain, record;
};

/* ------------------------------------------------------------------ hook.c */

/* The profile that hooks are to read, whatever directory they run in: a bare name stays one, a path becomes a full one;
 * path: the file. An exit code. */
int hook_profile(const char *profile, char word[4096], char path[4096]);

/* ------------------------------------------------------------------ hook_lxc.c */

/* word: install, remove or status. An exit code. */
int hook_lxc(struct options *options, const char *word, struct hook_request *request);

/* ------------------------------------------------------------------ hook_lxc_lines.c */

/* Our lines stand between these, at the end of the file: behind every include, so that what they set is what counts. */
#define LXC_LINES_BEGIN "# callgate: begin. Written by 'callgate hook install'; 'callgate hook remove' takes it away.\n"
#define LXC_LINES_END "# callgate: end\n"

/* Lines of a text: offsets [first, last), equal when there are none. */
struct lines {
	size_t first, last;
};

/* Ours; both ends are the text's when there are none. */
int lxc_find_lines(const char *path, const struct callgate_lxc_file *file, struct lines *lines);
/* The text without lines and with block behind it; root_uid: the host's number of the container's root. */
int lxc_write_lines(const struct callgate_lxc_file *file, const struct lines *lines, const char *block,
		    int64_t root_uid);
/* True: the next start will not do what our lines say, and why. */
bool lxc_foresee(const char *path, const struct callgate_lxc_file *file, const struct lines *lines, char *why,
		 size_t size);

/* ------------------------------------------------------------------ hook_lxc_prune.c */

/* Takes away the records and texts of containers that do not run and have no lines of ours. */
void lxc_prune(void);

/* ------------------------------------------------------------------ hook_lxc_check.c */

/* A container's configuration as it stands, and where callgate's lines in it are. */
struct lxc_plan {
	const char *path, *text; /* of the configuration */
	struct lines lines;      /* callgate's */
	uid_t owner;
	struct callgate_lxc_config config;
	char profile[4096]; /* the word for the hook line: a bare name or a full path */
	char file[4096];    /* what it names */
};

/* Only who starts the container may write its configuration; word: what he is to do. */
int lxc_check_owner(const char *path, uid_t owner, const char *word);
/* Everything that the hook would refuse at a start is refused now. Notes say what the profile replaces. */
int lxc_check_install(struct options *options, const struct hook_request *request, const struct lxc_plan *plan);

/* ------------------------------------------------------------------ hook_lxc_propose.c */

/* The profile for such a container; why: one clause. */
const char *lxc_propose(const struct callgate_lxc_config *config, const char **why);
/* The same, and nothing that permits what its present profile denies. */
const char *lxc_propose_tighter(const struct options *options, const struct lxc_plan *plan, const char **why);
/* Whether the container has a profile that is not callgate's; what that means. An exit code. */
bool lxc_replaces(const struct lxc_plan *plan);
int lxc_read_replaced(const struct options *options, const struct lxc_plan *plan, struct callgate_filter **out);

/* ------------------------------------------------------------------ hook_calls.c */

/* Warns of all calls at once that the runtime (lxc, runc, crun) makes after loading and that the filter refuses. */
void hook_note_calls(const char *runtime, const struct callgate_filter *filter, enum callgate_abi abi);

/* ------------------------------------------------------------------ hook_oci.c */

bool hook_is_oci(const char *runtime);
int hook_oci(struct options *options, const char *word, const struct hook_request *request);
/* Of every runtime, as far as the caller's containers are concerned. */
int hook_oci_status_all(void);
int hook_oci_remove_all(struct options *options, const struct hook_request *request);
/* Which containers, under which profile; directory: of the settings, NULL: the host's. */
void hook_show_settings(const char *runtime, const char *directory);

/* Writes a file, or shows it. An exit code, as of the others. */
int hook_put_plain(const char *path, const char *text, enum hook_effect effect);
/* The same with our mark in front. */
int hook_put(const char *path, const char *text, enum hook_effect effect);
/* Whether the file is one of ours: 1, another's: 0, none: -1. */
int hook_is_ours(const char *path);
/* Removes a file, or says that it would. */
int hook_unlink(const char *path, enum hook_effect effect);
/* The same of one of ours; another's is left alone, and one that is not there is fine. */
int hook_take_away(const char *path, enum hook_effect effect);
/* Which containers, under which profile, which is tried before; more: lines behind it. */
int hook_put_settings(struct options *options, const char *path, const struct hook_request *request, const char *more);
void hook_warn_complain(const struct hook_request *request);
void hook_say_installed(const struct hook_request *request);

/* ------------------------------------------------------------------ hook_oci_check.c */

/* A profile that the hook would refuse at every start is refused now. word: the bare name or the full path. */
int oci_try_profile(struct options *options, const char *runtime, const char *profile, char word[4096]);
/* Which profile podman's containers had, and what changes for them. */
void oci_tell_replaced(struct options *options, const char *profile);
/* Of --log: where the runtime that is installed cannot do it. */
void oci_note_log(const char *runtime);

/* ------------------------------------------------------------------ hook_user.c */

/* Where the caller's programs have their configuration: XDG_CONFIG_HOME, else ~/.config. False: neither is known, or
 * the path is longer than size. */
bool user_config(char *path, size_t size);
/* A user's own hooks for his rootless podman. */
int hook_user(struct options *options, const char *word, const struct hook_request *request);
int hook_user_status(void);

#endif
