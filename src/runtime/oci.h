/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OCI: a bundle's config.json with the places that matter here, the state that runtimes give to hooks and keep on disk.
 */
#ifndef CALLGATE_RUNTIME_OCI_H
#define CALLGATE_RUNTIME_OCI_H

#include "base/arena.h"
#include "base/source.h"
#include "policy/json_scan.h"
#include "runtime/hooks.h"

/* A value of the document: [first, last) in the text. last 0: it is not there. */
struct oci_value {
	enum json_kind kind;
	size_t key, first, last;
	bool empty; /* an object or array without members */
};

/* Annotations that mean something to callgate or to a runtime; all others are read over. */
struct oci_pair {
	struct slice key, text;
	struct oci_value value;
};
enum { OCI_PAIRS = 64 };

#define BPF_ANNOTATION "run.oci.seccomp_bpf_data"

struct callgate_bundle {
	struct source source; /* its text is malloc'ed and ours */
	char *name;
	struct arena arena;
	struct oci_value document, linux_object, seccomp, annotations, root_path, create_runtime;
	uint64_t caps; /* process.capabilities.bounding */
	bool no_new_privs;
	bool own_pids;             /* linux.namespaces has a pid namespace without a path */
	struct slice root, cgroup; /* root.path, linux.cgroupsPath; .at NULL: absent */
	struct slice own_file;     /* a mount's source, whose path has podman's id of the container; .at NULL: none */
	struct oci_pair pairs[OCI_PAIRS];
	size_t pair_count;
	bool edited;         /* what it has in linux.seccomp is ours: callgate_bundle_recall() */
	struct slice before; /* and this was there before; .at NULL: nothing */
};

/* Takes the text over (malloc'ed), on failure too. */
int oci_parse(struct source *source, const char *name, struct callgate_bundle **out, struct callgate_err *err);
/* The same of a copy: the text stays the caller's. */
int oci_parse_copy(const char *text, size_t size, const char *name, struct callgate_bundle **out,
		   struct callgate_err *err);
const struct oci_pair *oci_pair(const struct callgate_bundle *bundle, const char *key);

/* One pass over an object of which few members are wanted. */
struct members_reader;
struct member {
	const char *name;
	/* Reads the value that token began and everything in it. */
	int (*read)(struct members_reader *reader, const struct json_token *token);
};
struct members_reader {
	struct json json;
	const struct source *source;
	void *out;
	struct callgate_err *err;
};
/* E_FORMAT with the place of the fault. */
int members_fault(struct members_reader *reader, size_t at, const char *text);
#define members_fault(reader, at, text) ((void)(members_fault)(reader, at, text), CALLGATE_E_FORMAT) /* base/err.h */
int members_skip(struct members_reader *reader, const struct json_token *token, struct oci_value *value);
/*
 * token is the object's opening. A wanted member that is given twice, or that differs from its name only as Go's reader
 * of JSON ignores it (case, long s, Kelvin sign), is refused: runtimes would disagree about it. object may be NULL.
 */
int members_read(struct members_reader *reader, const struct json_token *token, const struct member *fields,
		 struct oci_value *object);
/* The whole text is one object. */
int members_document(struct members_reader *reader, const struct member *fields, struct oci_value *document);

int oci_state_parse(const struct source *source, struct callgate_container *out, struct callgate_err *err);

#endif
