/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk for bundles, their containers and the settings: checks arguments, calls rooms. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "runtime/oci.h"
#include "runtime/settings.h"

static int missing(struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_ARG, "a required argument is NULL");
}

/* ------------------------------------------------------------------ settings */

int callgate_settings_read(struct callgate_settings **out, struct callgate_err *err)
{
	return out ? settings_read(SYSCONFDIR "/callgate", out, err) : missing(err);
}

struct callgate_settings *callgate_settings_free(struct callgate_settings *settings)
{
	return settings_free(settings);
}

const char *callgate_settings_profile(const struct callgate_settings *settings, const char *engine)
{
	const char *value = settings_value(settings, "profile", engine);

	return value ? value : "default";
}

const char *callgate_settings_runtime(const struct callgate_settings *settings, const char *name)
{
	return settings_value(settings, "runtime", name);
}

enum callgate_selection callgate_settings_selection(const struct callgate_settings *settings)
{
	return settings->selection;
}

enum callgate_need callgate_settings_proof(const struct callgate_settings *settings)
{
	return settings->proof;
}

/* ------------------------------------------------------------------ bundles */

int callgate_bundle_read(const char *path, struct callgate_bundle **out, struct callgate_err *err)
{
	struct source source;
	int r;

	if (!path || !out)
		return missing(err);
	r = source_read(path, SOURCE_ANYONE, &source, err);
	return r < 0 ? r : oci_parse(&source, source.name, out, err);
}

struct callgate_bundle *callgate_bundle_free(struct callgate_bundle *bundle)
{
	return oci_free(bundle);
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

const char *callgate_bundle_annotation(const struct callgate_bundle *bundle, const char *key, size_t *size)
{
	const struct oci_pair *pair = oci_pair(bundle, key);

	return pair ? give(pair->text, size) : NULL;
}

const char *callgate_bundle_seccomp(const struct callgate_bundle *bundle, size_t *size)
{
	const struct oci_value *value = &bundle->seccomp;

	if (!value->last || value->kind == JSON_NULL)
		return NULL;
	return give((struct slice){ bundle->source.text + value->first, value->last - value->first }, size);
}

int callgate_bundle_id(const struct callgate_bundle *bundle, char out[65])
{
	static const char digits[] = "0123456789abcdef";
	size_t run = 0;

	for (size_t i = 0; i < bundle->cgroup.size; i++) {
		run = memchr(digits, bundle->cgroup.at[i], 16) ? run + 1 : 0;
		if (run == 64) {
			memcpy(out, bundle->cgroup.at + i - 63, 64);
			out[64] = '\0';
			return 0;
		}
	}
	return CALLGATE_E_NOTFOUND;
}

const char *callgate_bundle_root(const struct callgate_bundle *bundle, size_t *size)
{
	return give(bundle->root, size);
}

int callgate_bundle_splice(const struct callgate_bundle *bundle, const struct callgate_splice *splice, char **out, size_t *size,
			   struct callgate_err *err)
{
	if (!bundle || !splice || !out || !size)
		return missing(err);
	if (splice->size < sizeof(*splice))
		return err_set(err, CALLGATE_E_ARG, "splice was not set up with CALLGATE_SPLICE_INIT");
	return oci_splice(bundle, splice, out, size, err);
}

int callgate_bundle_write(const char *path, const void *bytes, size_t size, unsigned mode, struct callgate_err *err)
{
	char dir[PATH_MAX];
	char *slash;
	int r;

	if (!path || (!bytes && size))
		return missing(err);
	if (path[0] != '/' || snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return err_set(err, CALLGATE_E_ARG, "'%.200s' is no absolute path", path);
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	r = fd_make_dir(dir, 0700, err);
	return r < 0 ? r : fd_write_fleeting(path, bytes, size, mode, err);
}

/* ------------------------------------------------------------------ containers */

int callgate_container_read(const char *path, struct callgate_container *out, struct callgate_err *err)
{
	struct source source;
	int r;

	if (!path || !out || out->size < sizeof(*out))
		return missing(err);
	r = source_read(path, SOURCE_ANYONE, &source, err);
	if (r < 0)
		return r;
	r = oci_state_parse(&source, out, err);
	source_release(&source);
	return r;
}

int callgate_oci_init_pid(const char *root, const char *id, pid_t *out, struct callgate_err *err)
{
	return id && out ? oci_init_pid(root, id, out, err) : missing(err);
}
