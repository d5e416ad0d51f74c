/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The peer: json-c reads the file, libseccomp compiles the rules. Only what Docker-style profiles use. */
#include "peer.h"

#include <errno.h>
#include <json.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint32_t action_of(const char *word, struct json_object *rule)
{
	struct json_object *errno_ret;
	uint16_t error = 1;

	if (json_object_object_get_ex(rule, "errnoRet", &errno_ret))
		error = (uint16_t)json_object_get_int(errno_ret);
	if (strcmp(word, "SCMP_ACT_ALLOW") == 0)
		return SCMP_ACT_ALLOW;
	return strcmp(word, "SCMP_ACT_ERRNO") == 0 ? SCMP_ACT_ERRNO(error) : SCMP_ACT_KILL;
}

/* Docker's capabilities, as its manual lists them. */
static bool has_cap(const char *name)
{
	static const char *const docker[] = {
		"CAP_AUDIT_WRITE", "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",    "CAP_FSETID",
		"CAP_KILL",        "CAP_MKNOD",   "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",   "CAP_SETFCAP",
		"CAP_SETGID",      "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT"
	};

	for (size_t i = 0; i < sizeof(docker) / sizeof(docker[0]); i++)
		if (strcmp(docker[i], name) == 0)
			return true;
	return false;
}

/* all: every listed capability is there; else: any. An absent list answers all. */
static bool guard(struct json_object *rule, const char *key, bool all)
{
	struct json_object *object, *list;
	bool result = all;

	if (!json_object_object_get_ex(rule, key, &object))
		return all;
	if (json_object_object_get_ex(object, "caps", &list))
		for (size_t i = 0; i < json_object_array_length(list); i++) {
			bool has = has_cap(json_object_get_string(json_object_array_get_idx(list, i)));

			result = all ? result && has : result || has;
		}
	if (json_object_object_get_ex(object, "arches", &list)) {
		bool host = false;

		for (size_t i = 0; i < json_object_array_length(list); i++)
			host |= strcmp(json_object_get_string(json_object_array_get_idx(list, i)), "amd64") == 0;
		result = all ? result && (host || !json_object_array_length(list)) : result || host;
	}
	return result;
}

static enum scmp_compare op_of(const char *word)
{
	static const struct {
		const char *word;
		enum scmp_compare op;
	} ops[] = { { "NE", SCMP_CMP_NE },
		    { "LT", SCMP_CMP_LT },
		    { "LE", SCMP_CMP_LE },
		    { "EQ", SCMP_CMP_EQ },
		    { "GE", SCMP_CMP_GE },
		    { "GT", SCMP_CMP_GT },
		    { "MASKED_EQ", SCMP_CMP_MASKED_EQ } };

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(word + strlen("SCMP_CMP_"), ops[i].word) == 0)
			return ops[i].op;
	return SCMP_CMP_EQ;
}

static uint64_t number(struct json_object *arg, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(arg, key, &value) ? json_object_get_uint64(value) : 0;
}

static unsigned conditions(struct json_object *rule, struct scmp_arg_cmp out[6])
{
	struct json_object *list, *op;
	unsigned count = 0;

	if (!json_object_object_get_ex(rule, "args", &list) || !json_object_is_type(list, json_type_array))
		return 0;
	for (; count < json_object_array_length(list) && count < 6; count++) {
		struct json_object *arg = json_object_array_get_idx(list, count);

		json_object_object_get_ex(arg, "op", &op);
		out[count] = (struct scmp_arg_cmp){ .arg = (unsigned)number(arg, "index"),
						    .op = op_of(json_object_get_string(op)),
						    .datum_a = number(arg, "value"),
						    .datum_b = number(arg, "valueTwo") };
	}
	return count;
}

static void add_rule(scmp_filter_ctx ctx, struct json_object *rule, uint32_t fallback)
{
	struct json_object *names, *word;
	struct scmp_arg_cmp cmp[6];
	unsigned count;
	uint32_t action;

	if (!guard(rule, "includes", true) || guard(rule, "excludes", false))
		return;
	json_object_object_get_ex(rule, "action", &word);
	action = action_of(json_object_get_string(word), rule);
	if (action == fallback || !json_object_object_get_ex(rule, "names", &names))
		return;
	count = conditions(rule, cmp);
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		int nr = seccomp_syscall_resolve_name(json_object_get_string(json_object_array_get_idx(names, i)));

		if (nr != __NR_SCMP_ERROR)
			seccomp_rule_add_array(ctx, action, nr, count, cmp);
	}
}

static int export_program(scmp_filter_ctx ctx, struct sock_filter **out, size_t *count)
{
	int fd = memfd_create("peer", MFD_CLOEXEC), r = -1;
	off_t size;

	if (fd < 0)
		return -1;
	if (seccomp_export_bpf(ctx, fd) == 0 && (size = lseek(fd, 0, SEEK_END)) > 0) {
		*out = malloc((size_t)size);
		*count = (size_t)size / sizeof(**out);
		r = *out && pread(fd, *out, (size_t)size, 0) == size ? 0 : -1;
	}
	close(fd);
	return r;
}

struct peer_profile {
	struct json_object *root;
};

struct peer_profile *peer_read(const char *path)
{
	struct peer_profile *profile = malloc(sizeof(*profile));

	if (profile)
		profile->root = json_object_from_file(path);
	if (profile && profile->root)
		return profile;
	free(profile);
	return NULL;
}

void peer_release(struct peer_profile *profile)
{
	if (profile)
		json_object_put(profile->root);
	free(profile);
}

int peer_compile_read(const struct peer_profile *profile, int level, struct sock_filter **out, size_t *count)
{
	struct json_object *rules, *word;
	scmp_filter_ctx ctx;
	uint32_t fallback;
	int r;

	json_object_object_get_ex(profile->root, "defaultAction", &word);
	fallback = action_of(json_object_get_string(word), profile->root);
	ctx = seccomp_init(fallback);
	seccomp_arch_add(ctx, SCMP_ARCH_X86);
	seccomp_arch_add(ctx, SCMP_ARCH_X32);
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, (uint32_t)level);
	json_object_object_get_ex(profile->root, "syscalls", &rules);
	for (size_t i = 0; i < json_object_array_length(rules); i++)
		add_rule(ctx, json_object_array_get_idx(rules, i), fallback);
	r = export_program(ctx, out, count);
	seccomp_release(ctx);
	return r;
}

int peer_compile(const char *path, int level, struct sock_filter **out, size_t *count)
{
	struct peer_profile *profile = peer_read(path);
	int r = profile ? peer_compile_read(profile, level, out, count) : -1;

	peer_release(profile);
	return r;
}
