/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OCI reader: linux.seccomp, bare or inside a config.json, and its superset that Docker and containers-common read. */
#include <string.h>

#include "base/err.h"
#include "names/abi.h"
#include "policy/foreign.h"
#include "policy/lint.h"
#include "policy/read.h"
#include "policy/read_oci.h"

/* ------------------------------------------------------------------ architectures */

struct arch_list {
	const char *key;
	enum reader_set accepting; /* who passes over what is wrong here */
	enum callgate_abi *abis;
	unsigned count;
	uint32_t seen;     /* bit per ABI */
	size_t unknown_at; /* the first word that is none; 0: all are */
};

/* 0: the word has not got this prefix. */
static size_t prefix_length(struct slice word, const char *prefix)
{
	size_t size = strlen(prefix);

	return word.size >= size && memcmp(word.at, prefix, size) == 0 ? size : 0;
}

/* "amd64", "SCMP_ARCH_AMD64", "AUDIT_ARCH_X86_64", "x86_64": the ABI that some other vocabulary calls so. */
static const char *arch_meant(struct slice word)
{
	size_t skip = prefix_length(word, "SCMP_ARCH_") + prefix_length(word, "AUDIT_ARCH_");
	struct near near = near_start(word);
	const struct abi *abi;
	char lower[32];

	if (word.size - skip < sizeof(lower)) {
		for (size_t i = skip; i < word.size; i++)
			lower[i - skip] =
				word.at[i] >= 'A' && word.at[i] <= 'Z' ? (char)(word.at[i] | 0x20) : word.at[i];
		abi = abi_of(abi_by_word((struct slice){ lower, word.size - skip }));
		if (abi)
			return abi->oci;
	}
	for (int i = 0; i < CALLGATE_ABI_COUNT; i++)
		near_offer(&near, abi_of((enum callgate_abi)i)->oci);
	return near.found;
}

/* crun takes the words in any case, and without their beginning; podman hands them on to it. */
static enum callgate_abi arch_as(const struct oci *oci, struct slice word)
{
	static const char prefix[] = "SCMP_ARCH_";
	const size_t skip = sizeof(prefix) - 1;
	enum callgate_abi abi = abi_by_oci(word);
	char lower[32];

	if (abi != CALLGATE_ABI_NONE || !report_reader(&oci->report, READS_CRUN | READS_PODMAN))
		return abi;
	if (word.size >= skip && memcmp(word.at, prefix, skip) == 0)
		word = (struct slice){ word.at + skip, word.size - skip };
	if (!word.size || word.size > sizeof(lower))
		return CALLGATE_ABI_NONE;
	for (size_t i = 0; i < word.size; i++)
		lower[i] = word.at[i] >= 'A' && word.at[i] <= 'Z' ? (char)(word.at[i] | 0x20) : word.at[i];
	return abi_by_name((struct slice){ lower, word.size });
}

static void unknown_arch(struct oci *oci, const struct json_token *value, const char *key, enum reader_set accepting)
{
	if (slice_is(value->text, "SCMP_ARCH_NATIVE"))
		report_unless(
			&oci->report, accepting, NOTE_ARCH, value->first,
			"unknown architecture 'SCMP_ARCH_NATIVE' in '%s'; the native one is always included, list "
			"the others",
			key);
	else
		report_unless(&oci->report, accepting, NOTE_ARCH, value->first,
			      "unknown architecture '%.*s' in '%s'" REPORT_MEANT, report_width(value->text),
			      value->text.at, key, report_meant(arch_meant(value->text)));
}

static bool read_arch(struct oci *oci, void *object, const struct json_token *value)
{
	struct arch_list *list = object;
	enum callgate_abi abi = arch_as(oci, value->text);

	if (abi == CALLGATE_ABI_NONE) {
		unknown_arch(oci, value, list->key, list->accepting);
		if (!list->unknown_at)
			list->unknown_at = value->first;
		return true;
	}
	if (list->seen >> abi & 1) {
		report_warning(&oci->report, NOTE_DUPLICATE, value->first, "duplicate architecture %s",
			       abi_of(abi)->oci);
		return true;
	}
	if (list->count && abi_of(abi)->big_endian != abi_of(list->abis[0])->big_endian)
		report_unless(&oci->report, list->accepting, NOTE_ARCH, value->first,
			      "%s and %s have different byte orders and cannot share a filter", abi_of(abi)->oci,
			      abi_of(list->abis[0])->oci);
	list->seen |= (uint32_t)1 << abi;
	list->abis[list->count++] = abi;
	return oci_word(oci, value);
}

/* Reads the array into words and ABIs of the same count. */
static bool arch_array(struct oci *oci, struct arch_list *list, const struct word **words,
		       const enum callgate_abi **abis, unsigned *count)
{
	const struct oci_items items = { JSON_STRING, list->key, "an architecture", read_arch };
	enum callgate_abi room[CALLGATE_ABI_COUNT];

	list->abis = room;
	if (!oci_array(oci, &items, list))
		return false;
	*words = oci_take_words(oci, count);
	if (!*count)
		return true;
	*abis = arena_grow(&oci->policy->arena, room, list->count, list->count, sizeof(*room));
	return (*words && *abis) || oci_out_of_memory(oci);
}

static bool both_arch_keys(struct oci *oci, const struct json_token *value)
{
	struct callgate_policy *policy = oci->policy;

	if (policy->abi_count && policy->arch_map_count)
		report_error(&oci->report, NOTE_ARCH, value->first,
			     "both 'architectures' and 'archMap' in one profile");
	return true;
}

static bool read_architectures(struct oci *oci, void *object, const struct json_token *value)
{
	/* runsc does not look at it. */
	struct arch_list list = { .key = "architectures", .accepting = READS_RUNSC };
	struct callgate_policy *policy = oci->policy;

	(void)object;
	policy->has_architectures = true;
	return arch_array(oci, &list, &policy->abi_words, &policy->abis, &policy->abi_count) &&
	       both_arch_keys(oci, value);
}

/* ------------------------------------------------------------------ archMap */

/* Docker and podman pass over rows that they do not know, and look no further than at the host's. */
static bool read_row_architecture(struct oci *oci, void *object, const struct json_token *value)
{
	struct arch_row *row = object;

	row->abi = abi_by_oci(value->text);
	row->architecture = (struct word){ value->text, oci_place(value) };
	if (row->abi == CALLGATE_ABI_NONE)
		unknown_arch(oci, value, "architecture", READS_GUARDS);
	return true;
}

static bool read_row_sub(struct oci *oci, void *object, const struct json_token *value)
{
	struct arch_list list = { .key = "subArchitectures", .accepting = READS_GUARDS };
	struct arch_row *row = object;

	(void)value;
	if (!arch_array(oci, &list, &row->sub_words, &row->sub, &row->sub_count))
		return false;
	row->refusal = NULL;
	if (list.unknown_at)
		row->refusal = oci_refusal(oci, list.unknown_at, "unknown architecture in 'subArchitectures'");
	return !list.unknown_at || row->refusal;
}

enum { ROW_ARCHITECTURE, ROW_SUB, ROW_FIELDS };
static const struct oci_field row_fields[ROW_FIELDS] = {
	[ROW_ARCHITECTURE] = { OCI_KEY("architecture"), JSON_STRING, OPTIONAL, read_row_architecture },
	[ROW_SUB] = { OCI_KEY("subArchitectures"), JSON_ARRAY, NULLABLE, read_row_sub },
};
static const struct oci_schema row_schema = { "a row of archMap", row_fields, ROW_FIELDS, STRICT };

static void check_row(struct oci *oci, const struct list *rows, const struct arch_row *row)
{
	const struct arch_row *earlier = rows->items;

	for (size_t i = 0; i < rows->count; i++)
		if (earlier[i].abi == row->abi)
			report_warning(&oci->report, NOTE_DUPLICATE, row->architecture.at.offset,
				       "duplicate row of archMap for %s", abi_of(row->abi)->oci);
	for (unsigned i = 0; i < row->sub_count; i++)
		if (abi_of(row->sub[i])->big_endian != abi_of(row->abi)->big_endian)
			report_warning(&oci->report, NOTE_ARCH, row->sub_words[i].at.offset,
				       "%s and %s have different byte orders and cannot share a filter",
				       abi_of(row->abi)->oci, abi_of(row->sub[i])->oci);
}

static bool read_row(struct oci *oci, void *object, const struct json_token *value)
{
	struct arch_row row = { .abi = CALLGATE_ABI_NONE }, *kept;
	struct list *rows = object;
	uint32_t seen;

	if (!oci_object(oci, &row_schema, &row, &seen))
		return false;
	if (!(seen >> ROW_ARCHITECTURE & 1))
		report_unless(&oci->report, READS_GUARDS, NOTE_MISSING, value->first,
			      "'architecture' is missing in this row of 'archMap'");
	if (row.abi == CALLGATE_ABI_NONE)
		return true;
	if (rows->count == 2 * CALLGATE_ABI_COUNT) {
		report_error(&oci->report, NOTE_LIMIT, value->first,
			     "archMap has more rows than there are architectures");
		return false;
	}
	check_row(oci, rows, &row);
	kept = list_add(&oci->scratch, rows, sizeof(row));
	if (!kept)
		return oci_out_of_memory(oci);
	*kept = row;
	return true;
}

static bool read_arch_map(struct oci *oci, void *object, const struct json_token *value)
{
	static const struct oci_items items = { JSON_OBJECT, "archMap", "a row", read_row, READS_GUARDS };
	struct callgate_policy *policy = oci->policy;
	struct list rows = { 0 };

	(void)object;
	policy->has_arch_map = true;
	oci->docker = true;
	if (!oci_array(oci, &items, &rows))
		return false;
	policy->arch_map_count = (unsigned)rows.count;
	policy->arch_map = list_take(&policy->arena, &rows, sizeof(struct arch_row));
	if (policy->arch_map_count && !policy->arch_map)
		return oci_out_of_memory(oci);
	return both_arch_keys(oci, value);
}

/* ------------------------------------------------------------------ the other keys of the profile */

static bool read_default_action(struct oci *oci, void *object, const struct json_token *value)
{
	(void)object;
	oci_action(oci, value, &oci->policy->fallback);
	return true;
}

static bool read_default_errno_ret(struct oci *oci, void *object, const struct json_token *value)
{
	(void)object;
	return oci_read_errno_ret(oci, &oci->policy->fallback, value, "defaultErrnoRet");
}

static bool read_default_errno(struct oci *oci, void *object, const struct json_token *value)
{
	(void)object;
	return oci_read_errno_word(oci, &oci->policy->fallback, value, "defaultErrno");
}

/* "LOG" or "log" for SECCOMP_FILTER_FLAG_LOG, or a misspelt one. NULL: nothing near. */
static const char *flag_meant(struct slice word)
{
	static const char prefix[] = "SECCOMP_FILTER_FLAG_";
	struct near near = near_start(word);

	for (unsigned bit = 0; bit < 32; bit++) {
		const char *known = flag_oci((uint32_t)1 << bit);

		if (!known)
			continue;
		if (slice_is_nocase(word, known + sizeof(prefix) - 1))
			return known;
		near_offer(&near, known);
	}
	return near.found;
}

static bool read_flag(struct oci *oci, void *object, const struct json_token *value)
{
	uint32_t bit;

	(void)object;
	if (!flag_by_oci(value->text, &bit)) {
		report_unless(&oci->report, READS_RUNSC, NOTE_FLAG, value->first, "unknown flag '%.*s'" REPORT_MEANT,
			      report_width(value->text), value->text.at, report_meant(flag_meant(value->text)));
		return true;
	}
	if (oci->policy->flags & bit)
		report_warning(&oci->report, NOTE_DUPLICATE, value->first, "duplicate flag %s", flag_oci(bit));
	oci->policy->flags |= bit;
	return true;
}

static bool read_flags(struct oci *oci, void *object, const struct json_token *value)
{
	static const struct oci_items items = { JSON_STRING, "flags", "a flag", read_flag };

	(void)object;
	(void)value;
	oci->policy->has_flags = true;
	oci->policy->flags = 0;
	return oci_array(oci, &items, NULL);
}

static bool read_listener_path(struct oci *oci, void *object, const struct json_token *value)
{
	(void)object;
	oci->policy->listener_at = oci_place(value);
	oci->policy->listener_path = value->text;
	/* Empty is absent, but for crun; runc takes any path. */
	if (value->text.size ? value->text.at[0] != '/' : report_reader(&oci->report, READS_CRUN))
		report_unless(&oci->report, READS_BARE, NOTE_LISTENER, value->first,
			      "listenerPath '%.*s' is not an absolute path", report_width(value->text), value->text.at);
	return true;
}

static bool read_listener_metadata(struct oci *oci, void *object, const struct json_token *value)
{
	(void)object;
	oci->metadata_at = value->first;
	oci->policy->listener_metadata = value->text;
	return true;
}

enum { PROFILE_DEFAULT_ACTION, PROFILE_REST };
static const struct oci_field profile_fields[] = {
	[PROFILE_DEFAULT_ACTION] = { OCI_KEY("defaultAction"), JSON_STRING, OPTIONAL, read_default_action },
	[PROFILE_REST] = { OCI_KEY("defaultErrnoRet"), JSON_NUMBER, OPTIONAL, read_default_errno_ret },
	{ OCI_KEY("defaultErrno"), JSON_STRING, NOT_BARE | NOT_DOCKER, read_default_errno },
	{ OCI_KEY("architectures"), JSON_ARRAY, OPTIONAL, read_architectures },
	{ OCI_KEY("archMap"), JSON_ARRAY, NOT_BARE, read_arch_map },
	{ OCI_KEY("flags"), JSON_ARRAY, OPTIONAL, read_flags },
	{ OCI_KEY("listenerPath"), JSON_STRING, OPTIONAL, read_listener_path },
	{ OCI_KEY("listenerMetadata"), JSON_STRING, OPTIONAL, read_listener_metadata },
	{ OCI_KEY("syscalls"), JSON_ARRAY, OPTIONAL, oci_read_syscalls },
};
static const struct oci_schema profile_schema = { "a profile", profile_fields,
						  sizeof(profile_fields) / sizeof(profile_fields[0]), STRICT };

static bool read_profile(struct oci *oci, void *object, const struct json_token *value)
{
	struct callgate_policy *policy = oci->policy;
	uint32_t seen;

	policy->value_first = value->first;
	if (!oci_object(oci, &profile_schema, object, &seen))
		return false;
	policy->value_last = oci->json.at;
	oci_check_errno_ret(oci, &policy->fallback, "defaultErrnoRet");
	if (!(seen >> PROFILE_DEFAULT_ACTION & 1))
		report_error(&oci->report, NOTE_MISSING, value->first, "'defaultAction' is missing");
	if (oci->metadata_at && !policy->listener_path.size)
		report_warning(&oci->report, NOTE_LISTENER, oci->metadata_at,
			       "listenerMetadata is ignored without listenerPath");
	return true;
}

/* ------------------------------------------------------------------ config.json around it */

enum { ONLY_FIELD };
static const struct oci_field linux_fields[] = { [ONLY_FIELD] = { OCI_KEY("seccomp"), JSON_OBJECT, OPTIONAL,
								  read_profile } };
static const struct oci_schema linux_schema = { "linux", linux_fields, 1, ANY_KEYS };

static bool read_linux(struct oci *oci, void *object, const struct json_token *value)
{
	uint32_t seen;

	if (!oci_object(oci, &linux_schema, object, &seen))
		return false;
	if (!(seen >> ONLY_FIELD & 1))
		report_error(&oci->report, NOTE_MISSING, value->first,
			     "linux.seccomp is missing; a container with this config.json runs unconfined");
	return true;
}

static const struct oci_field config_fields[] = { [ONLY_FIELD] = { OCI_KEY("linux"), JSON_OBJECT, OPTIONAL,
								   read_linux } };
static const struct oci_schema config_schema = { "config.json", config_fields, 1, ANY_KEYS };

static bool read_config(struct oci *oci, void *object, const struct json_token *value)
{
	uint32_t seen;

	if (!oci_object(oci, &config_schema, object, &seen))
		return false;
	if (!(seen >> ONLY_FIELD & 1))
		report_error(&oci->report, NOTE_MISSING, value->first,
			     "linux.seccomp is missing; a container with this config.json runs unconfined");
	return true;
}

static bool read_spec(struct oci *oci, void *object, const struct json_token *value)
{
	oci->operator= true;
	return read_profile(oci, object, value);
}

static const struct oci_field operator_fields[] = { [ONLY_FIELD] = { OCI_KEY("spec"), JSON_OBJECT, OPTIONAL,
								     read_spec } };
static const struct oci_schema operator_schema = { "a SeccompProfile object", operator_fields, 1, ANY_KEYS };

static bool read_operator(struct oci *oci, const struct json_token *value)
{
	uint32_t seen;

	if (!oci_object(oci, &operator_schema, NULL, &seen))
		return false;
	if (!(seen >> ONLY_FIELD & 1))
		report_error(&oci->report, NOTE_MISSING, value->first,
			     "'spec' is missing in this SeccompProfile object");
	return true;
}

static bool key_among(struct slice key, const char *const *words)
{
	for (; *words; words++)
		if (slice_is_nocase(key, *words))
			return true;
	return false;
}

/* Looks ahead, the opening brace was read: the first key that only one of the two has decides. */
static bool looks_like_config(const struct oci *oci)
{
	static const char *const config[] = { "ociVersion", "process", "root", "mounts", "hostname", "linux", NULL };
	static const char *const profile[] = { "defaultAction", "syscalls", "architectures", "archMap", NULL };
	struct json ahead = oci->json;
	struct json_token token;
	size_t last;

	ahead.arena = NULL;
	while (json_next(&ahead, &token) == JSON_KEY) {
		if (key_among(token.text, profile))
			return false;
		if (key_among(token.text, config))
			return true;
		if (json_next(&ahead, &token) == JSON_BAD || !json_skip(&ahead, &token, &last))
			return false;
	}
	return false;
}

static bool read_document(struct oci *oci)
{
	struct callgate_policy *policy = oci->policy;
	struct json_token token;
	bool bare, operator;

	if (json_next(&oci->json, &token) != JSON_OBJECT) {
		if (token.kind == JSON_BAD)
			report_error(&oci->report, (enum note_id)oci->json.fault.id, oci->json.fault.at, "%s",
				     oci->json.fault.text);
		else
			report_error(&oci->report, NOTE_TYPE, token.first, "a profile must be a JSON object, not %s",
				     json_kind_name(token.kind));
		return false;
	}
	operator= foreign_is_operator(&policy->source, token.first);
	bare = !operator&& !looks_like_config(oci);
	if (operator? !read_operator(oci, &token)
	    : bare  ? !read_profile(oci, NULL, &token)
		    : !read_config(oci, NULL, &token))
		return false;
	if (json_next(&oci->json, &token) == JSON_BAD) {
		report_error(&oci->report, (enum note_id)oci->json.fault.id, oci->json.fault.at, "%s",
			     oci->json.fault.text);
		return false;
	}
	if (bare) {
		policy->value_first = 0;
		policy->value_last = policy->source.size;
	}
	return true;
}

int read_oci(struct callgate_policy *policy, struct callgate_notes *notes, struct callgate_err *err)
{
	struct oci oci = { .policy = policy,
			   .report = {
				   .source = &policy->source, .notes = notes, .err = err, .reader = policy->reader } };
	size_t start = 0;

	if (policy->source.size >= 3 && memcmp(policy->source.text, "\xef\xbb\xbf", 3) == 0) {
		report_unless(&oci.report, READS_CALLGATE | READS_LXC, NOTE_UTF8, 0,
			      "byte order mark is not accepted by every reader");
		start = 3;
	}
	json_start(&oci.json, &policy->source, start, &policy->arena);
	policy->dialect = DIALECT_OCI;
	if (read_document(&oci)) {
		policy->dialect = oci.docker ? DIALECT_DOCKER : DIALECT_OCI;
		if (!policy_lint(policy, &oci.report, &oci.scratch))
			oci.out_of_memory = true;
	}
	arena_free(&oci.scratch);
	if (oci.out_of_memory)
		return err_nomem(err);
	return report_result(&oci.report);
}
