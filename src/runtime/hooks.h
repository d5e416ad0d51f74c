/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hooks: what callgate's own hooks and tool use besides <callgate.h>. Not installed and not exported: it may change
 * with any release. */
#ifndef CALLGATE_RUNTIME_HOOKS_H
#define CALLGATE_RUNTIME_HOOKS_H

#include <sys/stat.h>

#include "callgate.h"
#include "kernel/verify.h"

/* ------------------------------------------------------------------ where a process is */

struct callgate_place {
	char container[160]; /* as callgate_task_container() has it; "": none */
	const char *engine;  /* whose container: "docker"; "oci": the name does not tell; NULL: none */
	char id[65];         /* of an OCI container, whole; "": it is none, or has a name of its own */
	char path[4096];     /* of its cgroup, version 2's, else systemd's own */
};
/* E_NOTFOUND: no such process. */
int callgate_task_place(pid_t pid, struct callgate_place *out);

/* ------------------------------------------------------------------ who is in a container */

/* The cgroups that a container has for itself, held open: they say who is in it when its first process has gone. */
struct callgate_cgroups;

/* named: what its configuration says (linux.cgroupsPath), for a process that has gone already; NULL: nothing.
 * E_NOTFOUND: the process has gone, or shares its cgroups with its parent or with the caller, and named is not there.
 */
int callgate_cgroups_hold(pid_t first, const char *named, struct callgate_cgroups **out,
			  struct callgate_err *err) CALLGATE_MUST_CHECK;
/* Whether nobody is in them or below; a cgroup that has been removed is empty. In doubt: no. */
bool callgate_cgroups_empty(const struct callgate_cgroups *cgroups);
/* Ends everybody in them, whoever is born meanwhile too. E_LIMIT: somebody was still there after two seconds. */
int callgate_cgroups_kill(const struct callgate_cgroups *cgroups, struct callgate_err *err);
struct callgate_cgroups *callgate_cgroups_free(struct callgate_cgroups *cgroups);

/* callgate_tasks_list() keeps silent about those who end while it is made, and about what they have started by then.
 * Here each of them is in the list too: what could be read of him, or just his ids. Of a tree these may be others than
 * its own, whose parents nobody could see any more. */
int callgate_tasks_roll(enum callgate_scope scope, pid_t pid, struct callgate_tasks **out,
			struct callgate_err *err) CALLGATE_MUST_CHECK;
/* The roll of a container by its cgroups, and by the tree of its first process where it has a pid namespace or no
 * cgroups: for many containers, of which a list knows who else is in their pid namespaces. */
int callgate_tasks_members(pid_t first, struct callgate_tasks **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
/* Whether only the ids are known: it had gone before it could be read. */
bool callgate_task_is_lost(const struct callgate_task *task);
/*
 * For verbs that only read: what the roll says of a task that had ended when its filters were to be looked at. fewest:
 * how many filters the tasks have at least that were looked at; INT_MAX: none was. SEEN: as many as they, which is all
 * that a container tells that starts and ends programs all the time. It is no proof against somebody who adds filters
 * of his own, and no reason to believe that he has a certain one.
 */
enum callgate_ended { CALLGATE_ENDED_SEEN = 0, CALLGATE_ENDED_BARE /* it had none */, CALLGATE_ENDED_UNSEEN };
enum callgate_ended callgate_task_ended(const struct callgate_task *task, int fewest);
struct callgate_witness;
/* Whether a task that had no filter when it was listed has some in the witness: it may have started others before it
 * took them, which the list does not have. What is known of it is what is known of one that ended. */
bool callgate_task_took_filter(const struct callgate_task *listed, const struct callgate_witness *witness,
			       size_t stack);
int callgate_witness_fewest(const struct callgate_witness *witness, size_t tasks);
/* A source is looked at again while somebody ended unseen; then nobody can tell: E_LIMIT, with how many. */
enum { CALLGATE_LOOKS = 20 };
int callgate_tasks_unseen(size_t unseen, struct callgate_err *err);

/* ------------------------------------------------------------------ visible denials */

/* The program wants these filter flags (SECCOMP_FILTER_FLAG_LOG) besides those of its profile. */
void callgate_prog_add_flags(struct callgate_prog *prog, uint32_t flags);

/* ------------------------------------------------------------------ an LXC container's configuration */

/* What a container's configuration says, with all that it includes, as far as its seccomp filter depends on it. */
struct callgate_lxc_config {
	uint64_t caps;      /* the capability bounding set that its first process will have when the caller starts it */
	bool caps_named;    /* it says lxc.cap.keep or lxc.cap.drop */
	bool no_new_privs;  /* lxc.no_new_privs */
	unsigned idmaps;    /* number of lxc.idmap lines */
	int64_t root_uid;   /* the host's number of the container's root, by lxc.idmap; -1: not mapped */
	char seccomp[4096]; /* lxc.seccomp.profile, the last one; "": none */
	char seccomp_file[4096]; /* which file says so */
	unsigned seccomp_line;
	bool pre_start, start_host; /* callgate's hooks are called there */
	char emptied_file[4096];    /* where a line emptied such a list of hooks last; "": nowhere */
	unsigned emptied_line;
	char init[256];    /* lxc.init.cmd; "": LXC's own choice, /sbin/init */
	char rootfs[4096]; /* lxc.rootfs.path; "": the host's root */
	char arch[32];     /* lxc.arch; "": the host's */
};
#define CALLGATE_LXC_CONFIG_INIT \
	{ \
		.root_uid = -1 \
	}
/* Reads it as LXC 5 does. E_FORMAT, with the place: what LXC would refuse of these keys, includes nested too deeply.
 * E_IO: a file cannot be read. */
int callgate_lxc_config_read(const char *path, struct callgate_lxc_config *out,
			     struct callgate_err *err) CALLGATE_MUST_CHECK;

/* The configuration itself as one file, to be written anew. */
struct callgate_lxc_file {
	int directory;               /* open; -1: none */
	char place[4096], name[256]; /* of the directory, and of the file in it; links are followed */
	char *text;                  /* NUL-terminated */
	size_t size;
	struct stat stat;
	const char *complaint; /* why somebody else could have written it; NULL: nobody could */
};
#define CALLGATE_LXC_FILE_INIT \
	{ \
		.directory = -1 \
	}
/* What is no regular file is E_FORMAT, at once. */
int callgate_lxc_file_read(const char *path, struct callgate_lxc_file *out,
			   struct callgate_err *err) CALLGATE_MUST_CHECK;
void callgate_lxc_file_release(struct callgate_lxc_file *file);
/* Another text in its place, as a whole, with the same rights and group, owned by the caller. E_IO: somebody has
 * changed it since it was read. E_UNTRUSTED: others can write the file, its directory or one above it. LXC gives the
 * directory of a container whose ids are mapped to the container's root: root_uid, for root as the caller, is fine, or
 * -1. */
int callgate_lxc_file_write(const struct callgate_lxc_file *file, const char *text, size_t size, int64_t root_uid,
			    struct callgate_err *err) CALLGATE_MUST_CHECK;

/* ------------------------------------------------------------------ state files and trusted writing */

/* What a part without a terminal has done and found: written as JSON, schema callgate.state/1. NULL strings are left
 * out. */
struct callgate_state {
	const char *engine, *id;   /* "lxc", the container's name */
	const char *hook;          /* which one: "pre-start" */
	const char *result;        /* "ready", "verified", "injected", "unverified", "failed" */
	const char *verdict;       /* of a verified one: "exact", "adapted", "stricter"; NULL: none */
	const char *profile;       /* its path */
	const char *digest;        /* of the profile's meaning on this host */
	const char *config;        /* LXC: the container's configuration */
	const char *output;        /* the file that was written for the engine */
	const char *output_digest; /* of what the engine makes of it */
	const uint64_t *caps;      /* that includes and excludes were evaluated for */
	/* Its losses; those of a NEVER_STRICTER one are what processes lack that enter later. */
	const struct callgate_text *text;
	const char *const *messages;
	size_t message_count;
	pid_t pid;                                /* of the container's first process; 0: none yet */
	bool complains;                           /* the profile is tried, and not enforced */
	const struct callgate_task *init;         /* what was found of it; NULL: not looked at */
	const struct callgate_injected *injected; /* the program that was put on top; NULL: none */
};
#define CALLGATE_STATE_INIT \
	{ \
		.engine = NULL \
	}

/* ENGINE/ID.json below /run/callgate, or $XDG_RUNTIME_DIR/callgate for callers other than root. An id with '/' or a dot
 * in front is E_ARG. */
int callgate_state_path(const char *engine, const char *id, char *path, size_t size, struct callgate_err *err);
/* The text that LXC reads for a container, beside its state file. */
int callgate_state_text_path(const char *id, char *path, size_t size, struct callgate_err *err);
/* Atomically; missing directories are made, and refused when others can write them (E_UNTRUSTED). */
int callgate_state_write(const struct callgate_state *state, struct callgate_err *err);
/* Takes away the state files of containers whose process has gone: those of before yesterday that tell of no failure,
 * or all of them. */
enum callgate_stale { CALLGATE_STALE_DAY = 0, CALLGATE_STALE_ALL };
void callgate_state_prune(const char *engine, enum callgate_stale stale);
/* LXC: whether the container that runs under this name is another one than config defines: names are unique below one
 * lxcpath only. *other: its configuration. */
bool callgate_state_is_namesake(const char *id, const char *config, char *other, size_t size);
/* Takes away the private bundle beside a state file. */
void callgate_bundle_forget(const char *path);
/* Writes a file whole or not at all, in a directory that is made when missing and refused when others can write it. */
int callgate_file_write(const char *path, const void *bytes, size_t size, unsigned mode,
			struct callgate_err *err) CALLGATE_MUST_CHECK;
/* The same for what means nothing after a crash: without waiting for the disk. */
int callgate_file_write_fleeting(const char *path, const void *bytes, size_t size, unsigned mode,
				 struct callgate_err *err) CALLGATE_MUST_CHECK;
/* Reads one that only root or the caller can have written; *out is malloc'ed and ends in a NUL. */
int callgate_file_read_trusted(const char *path, char **out, size_t *size,
			       struct callgate_err *err) CALLGATE_MUST_CHECK;
/* For root: E_UNTRUSTED when somebody else than root, or who called sudo, could change which file path names or what is
 * in it. "-" and descriptors that the caller has opened are the caller's affair, and so is everything when the caller
 * is not root. */
int callgate_file_check_root(const char *path, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* ------------------------------------------------------------------ settings and the choice of a profile */

/* /etc/callgate/callgate.conf and callgate.conf.d/?*.conf (in the order of their names, a later line wins): "key =
 * value". */
struct callgate_settings;

/* Files that are not there are no error; one that others can write is (E_UNTRUSTED), and so are an unknown key or name,
 * a value that cannot be and a directory that cannot be read (E_FORMAT with the place, E_IO). */
int callgate_settings_read(struct callgate_settings **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
/* The same of another directory: a user's, whose rootless engine has hooks of his own. */
int callgate_settings_read_at(const char *directory, struct callgate_settings **out,
			      struct callgate_err *err) CALLGATE_MUST_CHECK;
/* From now on every container of this engine or runtime gets this profile, whatever the files say. */
int callgate_settings_ask(struct callgate_settings *settings, const char *engine, const char *profile,
			  struct callgate_err *err) CALLGATE_MUST_CHECK;
struct callgate_settings *callgate_settings_free(struct callgate_settings *settings);
/* "profile.ENGINE", else "profile", else "default": a bare name or a full path. */
const char *callgate_settings_profile(const struct callgate_settings *settings, const char *engine);
/* "runtime.NAME", else "runtime": the real runtime's full path; NULL: not given. */
const char *callgate_settings_runtime(const struct callgate_settings *settings, const char *name);
/* "annotation": what a container's own org.callgate.profile may do. */
enum callgate_selection {
	CALLGATE_SELECT_NARROW =
		0,             /* choose among installed profiles one that permits nothing that the default does not */
	CALLGATE_SELECT_NEVER, /* nothing: such a container is refused */
	CALLGATE_SELECT_ANY,   /* choose any installed profile */
};
/* "containers.ENGINE", else "containers": annotated, only those that say org.callgate.profile get a profile; all, the
 * default, every one. */
bool callgate_settings_annotated_only(const struct callgate_settings *settings, const char *engine);
/* "log.ENGINE", else "log": yes, denials are made visible in the audit log where the runtime can carry the flag; no is
 * the default. */
bool callgate_settings_log(const struct callgate_settings *settings, const char *engine);
/* "complain.ENGINE", else "complain": yes, profiles are tried: what they would deny passes and is logged. */
bool callgate_settings_complain(const struct callgate_settings *settings, const char *engine);
/* "record.ENGINE", else "record": yes, containers are recorded from their first call on. */
bool callgate_settings_record(const struct callgate_settings *settings, const char *engine);
/* Where hooks keep records: ENGINE/ID.json below it. */
#define RECORDS "/var/lib/callgate/records"
/* "own": what the seccomp profile that a container brings along may do. */
enum callgate_own {
	CALLGATE_OWN_MEET = 0, /* what it denies stays denied */
	CALLGATE_OWN_REPLACE,  /* nothing: the profile is in its place */
	CALLGATE_OWN_ALL,      /* what podman's own default denies stays denied too */
};
enum callgate_own callgate_settings_own(const struct callgate_settings *settings);
/*
 * "proof": whether a container that callgate is not let look at (rootless, nested) may run: "required" or "possible".
 */
enum callgate_need { CALLGATE_PROOF_REQUIRED = 0, CALLGATE_PROOF_POSSIBLE };
enum callgate_need callgate_settings_proof(const struct callgate_settings *settings);
/* TEXT: LXC's text is all that confines a container. INJECT: it is no stricter than the profile, and the profile's own
 * program is put on top of it. */
enum callgate_lxc_manner { CALLGATE_LXC_TEXT = 0, CALLGATE_LXC_INJECT };

/* callgate_profile_find(), whose error names the nearest installed profile too. */
int callgate_profile_lookup(const char *name, char *path, size_t size, struct callgate_err *err);

/* ------------------------------------------------------------------ OCI bundles */

/* A config.json, read as far as it decides the filter. Refused (E_FORMAT): what is not JSON to the letter, and a wanted
 * member that is given twice or only nearly has its name, because runtimes would disagree about it. */
struct callgate_bundle;

/* path "-" is standard input. 16 MiB at most. */
int callgate_bundle_read(const char *path, struct callgate_bundle **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
struct callgate_bundle *callgate_bundle_free(struct callgate_bundle *bundle);
uint64_t callgate_bundle_caps(const struct callgate_bundle *bundle);     /* process.capabilities.bounding */
bool callgate_bundle_no_new_privs(const struct callgate_bundle *bundle); /* process.noNewPrivileges */
/* The container gets a pid namespace of its own: the kernel ends everybody in it together with its first process. */
bool callgate_bundle_own_pids(const struct callgate_bundle *bundle);
/*
 * An annotation of org.callgate.* or run.oci.*, io.podman.annotations.seccomp, io.container.manager; NULL: absent.
 * *size may be asked for; the text is not NUL-terminated.
 */
const char *callgate_bundle_annotation(const struct callgate_bundle *bundle, const char *key, size_t *size);
/* The key of an annotation org.callgate.* that there is not; NULL: none. */
const char *callgate_bundle_unknown_wish(const struct callgate_bundle *bundle, size_t *size);
/* The text of linux.seccomp; NULL: absent, or null. */
const char *callgate_bundle_seccomp(const struct callgate_bundle *bundle, size_t *size);
/* What the container brought along: the same, or what was there before callgate_bundle_keep() when nobody has written
 * since. */
const char *callgate_bundle_brought(const struct callgate_bundle *bundle, size_t *size);
/* Beside config (a path of a directory that others cannot write): what was brought along, and that text is what we
 * write. */
int callgate_bundle_keep(const struct callgate_bundle *bundle, const char *config, const char *text, size_t size,
			 struct callgate_err *err) CALLGATE_MUST_CHECK;
/* The bundle was read from config: looks there for what was kept. Nothing there is no error; E_UNTRUSTED: others wrote
 * it. */
int callgate_bundle_recall(struct callgate_bundle *bundle, const char *config,
			   struct callgate_err *err) CALLGATE_MUST_CHECK;
/* All of it, as it was read. */
const char *callgate_bundle_text(const struct callgate_bundle *bundle, size_t *size);
/*
 * The container's id as engines write it into linux.cgroupsPath (64 hexadecimal digits). E_NOTFOUND: it is not there.
 */
int callgate_bundle_id(const struct callgate_bundle *bundle, char out[65]);
const char *callgate_bundle_root(const struct callgate_bundle *bundle, size_t *size); /* root.path; NULL: absent */
/* hooks.createRuntime, JSON; likewise. */
const char *callgate_bundle_create_runtime(const struct callgate_bundle *bundle, size_t *size);
/* linux.cgroupsPath; likewise. */
const char *callgate_bundle_cgroup(const struct callgate_bundle *bundle, size_t *size);

/* What is to stand in the configuration; everything else stays byte for byte. */
struct callgate_splice {
	const char *seccomp; /* the value of linux.seccomp, JSON; NULL: as it is */
	const char *bpf;  /* run.oci.seccomp_bpf_data, base64; NULL: it is taken out, because crun would believe it */
	const char *root; /* root.path, where there is one; NULL: as it is */
};
#define CALLGATE_SPLICE_INIT \
	{ \
		.seccomp = NULL \
	}
/* *out: malloc'ed, NUL-terminated. The result has been read back: E_MISMATCH when it does not hold what was put in. */
int callgate_bundle_splice(const struct callgate_bundle *bundle, const struct callgate_splice *splice, char **out,
			   size_t *size, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* ------------------------------------------------------------------ names of OCI containers */

/* What podman, Docker, containerd and CRI-O call their containers, as far as the caller may read it; files that others
 * than root and the caller can write are passed over. */
struct callgate_oci_names;
struct callgate_oci_names *callgate_oci_names_read(void); /* NULL: out of memory */
struct callgate_oci_names *callgate_oci_names_free(struct callgate_oci_names *names);
/* By the whole id: "web", of a pod "NAMESPACE/POD/CONTAINER"; NULL: not known. It belongs to names. */
const char *callgate_oci_names_of(const struct callgate_oci_names *names, const char *id);
/* The other way. E_NOTFOUND; E_ARG: several are called so. */
int callgate_oci_id(const char *name, char *id, size_t size, struct callgate_err *err);

/* For root: running containers of users' rootless podman that are called name, or have this id. What they are called is
 * their user's word, whose they are and which processes is the kernel's. of: that user's only; NULL: all users'. count:
 * as many as there is room for. E_LIMIT: too many processes pretend to it. */
struct callgate_users_container {
	uid_t uid;
	pid_t pid; /* the first process */
};
int callgate_oci_users(const char *name, const uid_t *of, struct callgate_users_container *list, size_t room,
		       size_t *count, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* Which profile a container gets, resolved for this host and its capabilities. */
struct callgate_choice {
	struct callgate_policy *policy;
	struct callgate_filter *filter;
	struct callgate_target target;
	char profile[4096]; /* its path */
};
#define CALLGATE_CHOICE_INIT \
	{ \
		.policy = NULL \
	}
/* The settings' default for the engine, or what the annotation org.callgate.profile names as far as the settings let it
 * (E_PERM: they do not; the text names a call that it would open). E_PROFILE besides: a name in a rule that denies is
 * unknown. */
int callgate_profile_choose(const struct callgate_settings *settings, const char *engine,
			    const struct callgate_bundle *bundle, struct callgate_choice *out,
			    struct callgate_notes *notes, struct callgate_err *err) CALLGATE_MUST_CHECK;
void callgate_choice_release(struct callgate_choice *choice);
/* The choice denies nothing from here on: what it would have denied passes and is logged. */
int callgate_choice_complain(struct callgate_choice *choice, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* Of a diff from a profile to what is read instead: whether such calls may pass where they did not, or nobody can tell.
 * Calls that are refused in another way are not permitted (runc answers ENOSYS for numbers that others kill for). */
bool callgate_difference_opens(const struct callgate_difference *row);
/* "mkdir (number 83) of x86_64", the row's witness. Returns buf; 128 bytes are enough. */
char *callgate_difference_call(const struct callgate_difference *row, char *buf, size_t size);

/* linux.seccomp for a runtime that compiles it itself: conditions on the target evaluated, errnos written out.
 * reader: who will read it (its reader, libseccomp and runtime count). flags: what is wanted of those that the runtime
 * takes, the profile's and others. E_UNSUPPORTED: OCI text cannot say it. E_MISMATCH: the runtime would read something
 * that permits more than the profile. */
int callgate_oci_write(const struct callgate_choice *choice, const struct callgate_target *reader, uint32_t flags,
		       struct callgate_text **out, struct callgate_err *err) CALLGATE_MUST_CHECK;

/* What a runtime tells its hooks. */
struct callgate_container {
	pid_t pid; /* 0: none that means anything here */
	char id[256];
	char status[32];
	char bundle[4096];
};
#define CALLGATE_CONTAINER_INIT \
	{ \
		.pid = 0 \
	}
/* From standard input ("-") or a file. E_FORMAT: no such state, or an id with '/' or a dot in front. */
int callgate_container_read(const char *path, struct callgate_container *out,
			    struct callgate_err *err) CALLGATE_MUST_CHECK;
/* Writes a file anew in its directory, without waiting for the disk. E_UNTRUSTED: others can write there. */
int callgate_bundle_write(const char *path, const void *bytes, size_t size, unsigned mode,
			  struct callgate_err *err) CALLGATE_MUST_CHECK;

#endif
