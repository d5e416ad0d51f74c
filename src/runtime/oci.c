/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bundle's config.json: read for what decides a filter. */
#include "runtime/oci.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "names/words.h"
#include "runtime/hooks.h"

/* ------------------------------------------------------------------ reading */

static struct callgate_bundle *bundle_of(struct members_reader *reader)
{
	return reader->out;
}

/* An object, or null, which runtimes take for nothing. */
static int object_or_null(struct members_reader *reader, const struct json_token *token, const struct member *fields,
			  struct oci_value *object)
{
	if (token->kind != JSON_NULL)
		return members_read(reader, token, fields, object);
	return members_skip(reader, token, object);
}

static int read_bounding(struct members_reader *reader, const struct json_token *token)
{
	struct json_token item;

	if (token->kind == JSON_NULL)
		return 0;
	if (token->kind != JSON_ARRAY)
		return members_fault(reader, token->first, "an array of capabilities is expected here");
	while (json_next(&reader->json, &item) == JSON_STRING) {
		unsigned cap;

		/* A name that is not known here is none that includes or excludes can ask for. */
		if (cap_by_name(item.text, &cap))
			bundle_of(reader)->caps |= (uint64_t)1 << cap;
	}
	if (item.kind == JSON_ARRAY_END)
		return 0;
	return item.kind == JSON_BAD ? members_skip(reader, &item, NULL)
				     : members_fault(reader, item.first, "the name of a capability is expected here");
}

static int read_capabilities(struct members_reader *reader, const struct json_token *token)
{
	static const struct member fields[] = { { "bounding", read_bounding }, { NULL, NULL } };

	return object_or_null(reader, token, fields, NULL);
}

static int read_no_new_privs(struct members_reader *reader, const struct json_token *token)
{
	bundle_of(reader)->no_new_privs = token->kind == JSON_TRUE;
	return members_skip(reader, token, NULL);
}

static int read_process(struct members_reader *reader, const struct json_token *token)
{
	static const struct member fields[] = { { "capabilities", read_capabilities },
						{ "noNewPrivileges", read_no_new_privs },
						{ NULL, NULL } };

	return object_or_null(reader, token, fields, NULL);
}

static int read_seccomp(struct members_reader *reader, const struct json_token *token)
{
	return members_skip(reader, token, &bundle_of(reader)->seccomp);
}

static int read_cgroup(struct members_reader *reader, const struct json_token *token)
{
	if (token->kind == JSON_STRING)
		bundle_of(reader)->cgroup = token->text;
	return members_skip(reader, token, NULL);
}

struct namespace
{
	bool is_pids, has_path; /* has_path: it is there already */
};

static int read_type(struct members_reader *reader, const struct json_token *token)
{
	struct namespace *namespace = reader->out;

	namespace->is_pids = token->kind == JSON_STRING && slice_is(token->text, "pid");
	return members_skip(reader, token, NULL);
}

static int read_path(struct members_reader *reader, const struct json_token *token)
{
	struct namespace *namespace = reader->out;

	namespace->has_path = token->kind == JSON_STRING && token->text.size;
	return members_skip(reader, token, NULL);
}

static int read_namespaces(struct members_reader *reader, const struct json_token *token)
{
	static const struct member fields[] = { { "type", read_type }, { "path", read_path }, { NULL, NULL } };
	struct callgate_bundle *bundle = bundle_of(reader);
	struct json_token item;

	if (token->kind != JSON_ARRAY)
		return members_skip(reader, token, NULL);
	while (json_next(&reader->json, &item) == JSON_OBJECT) {
		struct namespace namespace = { .is_pids = false };
		int r;

		reader->out = &namespace;
		r = members_read(reader, &item, fields, NULL);
		reader->out = bundle;
		if (r < 0)
			return r;
		bundle->own_pids |= namespace.is_pids && !namespace.has_path;
	}
	if (item.kind == JSON_ARRAY_END)
		return 0;
	return item.kind == JSON_BAD ? members_skip(reader, &item, NULL)
				     : members_fault(reader, item.first, "a namespace is expected here");
}

static int read_linux(struct members_reader *reader, const struct json_token *token)
{
	static const struct member fields[] = { { "cgroupsPath", read_cgroup },
						{ "namespaces", read_namespaces },
						{ "seccomp", read_seccomp },
						{ NULL, NULL } };

	return object_or_null(reader, token, fields, &bundle_of(reader)->linux_object);
}

static int read_create_runtime(struct members_reader *reader, const struct json_token *token)
{
	return members_skip(reader, token, &bundle_of(reader)->create_runtime);
}

static int read_hooks(struct members_reader *reader, const struct json_token *token)
{
	static const struct member fields[] = { { "createRuntime", read_create_runtime }, { NULL, NULL } };

	return object_or_null(reader, token, fields, NULL);
}

static int read_root_path(struct members_reader *reader, const struct json_token *token)
{
	if (token->kind == JSON_STRING)
		bundle_of(reader)->root = token->text;
	return members_skip(reader, token, &bundle_of(reader)->root_path);
}

static int read_root(struct members_reader *reader, const struct json_token *token)
{
	static const struct member fields[] = { { "path", read_root_path }, { NULL, NULL } };

	return object_or_null(reader, token, fields, NULL);
}

static int read_source(struct members_reader *reader, const struct json_token *token)
{
	if (token->kind == JSON_STRING)
		*(struct slice *)reader->out = token->text;
	return members_skip(reader, token, NULL);
}

static bool ends_with(struct slice text, const char *end)
{
	size_t size = strlen(end);

	return text.size >= size && memcmp(text.at + text.size - size, end, size) == 0;
}

/* podman mounts a file of the container's own directory, which has the id in its path. */
static int read_mounts(struct members_reader *reader, const struct json_token *token)
{
	static const struct member fields[] = { { "source", read_source }, { NULL, NULL } };
	struct callgate_bundle *bundle = bundle_of(reader);
	struct json_token item;

	if (token->kind != JSON_ARRAY)
		return members_skip(reader, token, NULL);
	while (json_next(&reader->json, &item) == JSON_OBJECT) {
		struct slice source = { NULL, 0 };
		int r;

		reader->out = &source;
		r = members_read(reader, &item, fields, NULL);
		reader->out = bundle;
		if (r < 0)
			return r;
		if (ends_with(source, "/userdata/.containerenv"))
			bundle->own_file = source;
	}
	if (item.kind == JSON_ARRAY_END)
		return 0;
	return item.kind == JSON_BAD ? members_skip(reader, &item, NULL)
				     : members_fault(reader, item.first, "a mount is expected here");
}

static bool has_prefix(struct slice key, const char *prefix)
{
	return key.size >= strlen(prefix) && memcmp(key.at, prefix, strlen(prefix)) == 0;
}

static int keep_annotation(struct members_reader *reader, const struct json_token *key, const struct json_token *token)
{
	struct callgate_bundle *bundle = bundle_of(reader);
	struct oci_pair *pair = &bundle->pairs[bundle->pair_count];

	if (!has_prefix(key->text, "org.callgate.") && !has_prefix(key->text, "run.oci.") &&
	    !slice_is(key->text, "io.podman.annotations.seccomp") && !slice_is(key->text, "io.container.manager"))
		return members_skip(reader, token, NULL);
	if (bundle->pair_count == OCI_PAIRS)
		return members_fault(reader, key->first, "too many annotations");
	for (size_t i = 0; i < bundle->pair_count; i++)
		if (slice_equal(bundle->pairs[i].key, key->text))
			return members_fault(reader, key->first,
					     "duplicate annotation; runtimes differ in which one they use");
	if (token->kind != JSON_STRING)
		return members_fault(reader, token->first, "an annotation's value is a string");
	*pair = (struct oci_pair){ .key = key->text, .text = token->text };
	bundle->pair_count++;
	pair->value.key = key->first;
	return members_skip(reader, token, &pair->value);
}

static int read_annotations(struct members_reader *reader, const struct json_token *token)
{
	struct oci_value *object = &bundle_of(reader)->annotations;
	struct json_token key, value;
	bool empty = true;

	if (token->kind != JSON_OBJECT && token->kind != JSON_NULL)
		return members_fault(reader, token->first, "an object is expected here");
	if (token->kind == JSON_NULL)
		return members_skip(reader, token, object);
	while (json_next(&reader->json, &key) == JSON_KEY) {
		int r;

		empty = false;
		json_next(&reader->json, &value);
		r = keep_annotation(reader, &key, &value);
		if (r < 0)
			return r;
	}
	*object = (struct oci_value){ .kind = JSON_OBJECT, .first = token->first, .last = key.last, .empty = empty };
	return key.kind == JSON_OBJECT_END ? 0 : members_skip(reader, &(struct json_token){ .kind = JSON_BAD }, NULL);
}

static int read_bundle(struct callgate_bundle *bundle, struct callgate_err *err)
{
	static const struct member fields[] = {
		{ "annotations", read_annotations },
		{ "hooks", read_hooks },
		{ "linux", read_linux },
		{ "mounts", read_mounts },
		{ "process", read_process },
		{ "root", read_root },
		{ NULL, NULL },
	};
	struct members_reader reader = { .source = &bundle->source, .out = bundle, .err = err };

	json_start(&reader.json, &bundle->source, 0, &bundle->arena);
	return members_document(&reader, fields, &bundle->document);
}

int oci_parse(struct source *source, const char *name, struct callgate_bundle **out, struct callgate_err *err)
{
	struct callgate_bundle *bundle = calloc(1, sizeof(*bundle));
	int r;

	if (!bundle) {
		source_release(source);
		return err_nomem(err);
	}
	bundle->source = *source;
	*source = (struct source){ 0 };
	bundle->name = strdup(name);
	bundle->source.name = bundle->name;
	r = bundle->name ? read_bundle(bundle, err) : err_nomem(err);
	if (r < 0)
		callgate_bundle_free(bundle);
	else
		*out = bundle;
	return r;
}

int oci_parse_copy(const char *text, size_t size, const char *name, struct callgate_bundle **out,
		   struct callgate_err *err)
{
	struct source copy = { .text = malloc(size + 1), .size = size };

	if (!copy.text)
		return err_nomem(err);
	memcpy((char *)copy.text, text, size);
	return oci_parse(&copy, name, out, err);
}

struct callgate_bundle *callgate_bundle_free(struct callgate_bundle *bundle)
{
	if (!bundle)
		return NULL;
	arena_free(&bundle->arena);
	source_release(&bundle->source);
	free(bundle->name);
	free(bundle);
	return NULL;
}

const struct oci_pair *oci_pair(const struct callgate_bundle *bundle, const char *key)
{
	for (size_t i = 0; i < bundle->pair_count; i++)
		if (slice_is(bundle->pairs[i].key, key))
			return &bundle->pairs[i];
	return NULL;
}

int callgate_bundle_read(const char *path, struct callgate_bundle **out, struct callgate_err *err)
{
	struct source source;
	int r;

	REQUIRE(err, path && out);
	r = source_read(path, SOURCE_FINISHED, &source, err);
	return r < 0 ? r : oci_parse(&source, source.name, out, err);
}

uint64_t callgate_bundle_caps(const struct callgate_bundle *bundle)
{
	return bundle->caps;
}

bool callgate_bundle_no_new_privs(const struct callgate_bundle *bundle)
{
	return bundle->no_new_privs;
}

static const char *give(struct slice text, size_t *size)
{
	if (size)
		*size = text.size;
	return text.at;
}

const char *callgate_bundle_unknown_wish(const struct callgate_bundle *bundle, size_t *size)
{
	static const char *const known[] = { "org.callgate.profile", "org.callgate.log", "org.callgate.record" };

	for (size_t i = 0; i < bundle->pair_count; i++) {
		struct slice key = bundle->pairs[i].key;
		bool is_known = !has_prefix(key, "org.callgate.");

		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			is_known |= slice_is(key, known[j]);
		if (is_known)
			continue;
		*size = key.size;
		return key.at;
	}
	return NULL;
}

const char *callgate_bundle_annotation(const struct callgate_bundle *bundle, const char *key, size_t *size)
{
	const struct oci_pair *pair = oci_pair(bundle, key);

	return pair ? give(pair->text, size) : NULL;
}

const char *callgate_bundle_text(const struct callgate_bundle *bundle, size_t *size)
{
	*size = bundle->source.size;
	return bundle->source.text;
}

const char *callgate_bundle_seccomp(const struct callgate_bundle *bundle, size_t *size)
{
	const struct oci_value *value = &bundle->seccomp;

	if (!value->last || value->kind == JSON_NULL)
		return NULL;
	return give((struct slice){ bundle->source.text + value->first, value->last - value->first }, size);
}

static int find_id(struct slice path, char out[65])
{
	static const char digits[] = "0123456789abcdef";
	size_t run = 0;

	for (size_t i = 0; i < path.size; i++) {
		run = memchr(digits, path.at[i], 16) ? run + 1 : 0;
		if (run == 64) {
			memcpy(out, path.at + i - 63, 64);
			out[64] = '\0';
			return 0;
		}
	}
	return CALLGATE_E_NOTFOUND;
}

/* A container without a cgroup of its own (--cgroups=disabled) has only the file. */
int callgate_bundle_id(const struct callgate_bundle *bundle, char out[65])
{
	return find_id(bundle->cgroup, out) == 0 ? 0 : find_id(bundle->own_file, out);
}

const char *callgate_bundle_create_runtime(const struct callgate_bundle *bundle, size_t *size)
{
	const struct oci_value *value = &bundle->create_runtime;

	return value->last
		       ? give((struct slice){ bundle->source.text + value->first, value->last - value->first }, size)
		       : NULL;
}

bool callgate_bundle_own_pids(const struct callgate_bundle *bundle)
{
	return bundle->own_pids;
}

const char *callgate_bundle_cgroup(const struct callgate_bundle *bundle, size_t *size)
{
	return give(bundle->cgroup, size);
}

const char *callgate_bundle_root(const struct callgate_bundle *bundle, size_t *size)
{
	return give(bundle->root, size);
}
