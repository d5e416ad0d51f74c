/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the OCI reader share: the state of a reading, objects read by table, typed values. Private to
 * read_oci*.c. */
#ifndef CALLGATE_POLICY_READ_OCI_H
#define CALLGATE_POLICY_READ_OCI_H

#include "policy/json_scan.h"
#include "policy/list.h"
#include "policy/policy.h"
#include "policy/report.h"

/* No real profile comes near; what a hostile one may make us remember. */
enum { OCI_RULES_LIMIT = 1 << 15, OCI_WORDS_LIMIT = 1 << 17, OCI_UNKNOWN_KEYS_LIMIT = 64 };

struct oci {
	struct callgate_policy *policy;
	struct report report;
	struct json json;
	struct arena scratch; /* lists under construction */
	struct list words, rules;
	size_t word_total;
	bool out_of_memory;
	bool in_rule;                  /* below a rule */
	const struct refusal *refusal; /* of the rule that is being read: oci_rule_error() */
	bool operator;                 /* in the spec of a SeccompProfile object */
	bool docker;                   /* a key was seen that only Docker's and containers-common's readers know */
	size_t metadata_at;            /* of listenerMetadata; 0: absent */
	size_t empty_names_at;         /* of the last empty array of names */
};

/* Reads the whole value; false stops the reading (fault in the text, no memory). Wrong types were refused before. */
typedef bool oci_read(struct oci *oci, void *object, const struct json_token *value);

struct oci_field {
	const char *key;
	size_t size; /* of the key: OCI_KEY("names") gives both */
	enum json_kind kind;
	/* NULLABLE: null is the same as absent, as it is everywhere for engines. CONTENT: no near misses. NOT_...:
	 * readers that do not know this field. */
	enum { OPTIONAL = 0, NULLABLE = 1, CONTENT = 2, NOT_BARE = 4, NOT_DOCKER = 8, NOT_PODMAN = 16 } flags;
	oci_read *read;
};

#define OCI_KEY(word) word, sizeof(word) - 1

struct oci_schema {
	const char *what; /* "a rule" */
	const struct oci_field *fields;
	unsigned count;
	enum { STRICT, ANY_KEYS } unknown; /* ANY_KEYS: a part of config.json that is none of our business */
};

/* Reads the members of an object whose opening brace was just read. *seen: bit N is fields[N], null not counted. */
bool oci_object(struct oci *oci, const struct oci_schema *schema, void *object, uint32_t *seen);
/* Reads the items of an array whose bracket was just read, each of this kind. what: "a name" */
struct oci_items {
	enum json_kind kind;
	const char *key, *what;
	oci_read *read;
	enum reader_set skipping; /* who passes over items of another kind */
};
bool oci_array(struct oci *oci, const struct oci_items *items, void *object);
/* What a key's integer may be, 0..max, and the finding for one that is not. */
struct oci_integer {
	const char *key;
	enum note_id id;
	uint64_t max;
	const char *range; /* in words; NULL: 0 to max */
};
/* False: an error has been reported. */
bool oci_integer(struct oci *oci, const struct json_token *value, const struct oci_integer *kind, uint64_t *out);
/* Adds a word to oci->words. */
bool oci_word(struct oci *oci, const struct json_token *value);
const struct word *oci_take_words(struct oci *oci, unsigned *count);
/* For a policy as another program reads it; NULL: no memory. */
const struct refusal *oci_refusal(struct oci *oci, size_t at, const char *text);
/* An error; but who has guards comes to it only where the rule holds, and refuses the profile then. */
void oci_rule_error(struct oci *oci, enum note_id id, size_t at, const char *format, ...) CALLGATE_PRINTF(4, 5);
bool oci_out_of_memory(struct oci *oci);
struct place oci_place(const struct json_token *value);

/* read_oci_rule.c */
bool oci_read_syscalls(struct oci *oci, void *object, const struct json_token *value);
/* An action word; false: unknown, and reported. */
bool oci_action(struct oci *oci, const struct json_token *value, struct verdict *out);
bool oci_read_errno_ret(struct oci *oci, struct verdict *verdict, const struct json_token *value, const char *key);
/* Once the action is known. */
void oci_check_errno_ret(struct oci *oci, const struct verdict *verdict, const char *key);
bool oci_read_errno_word(struct oci *oci, struct verdict *verdict, const struct json_token *value, const char *key);

#endif
