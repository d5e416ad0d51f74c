/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bundle that is edited in its place keeps what linux.seccomp was before, in config.json.callgate: at the next start
 * from the same bundle the profile of that day meets what the container brought along, not what we have written.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sha256.h"
#include "base/text.h"
#include "runtime/hooks.h"
#include "runtime/oci.h"

/* Then two digests, of what is written and of what it is written over where that was ours too (we may die in between),
 * and on the next line the text of before. */
#define FIRST_LINE "callgate.edited/1 "

static int path_of(const char *config, char out[PATH_MAX], struct callgate_err *err)
{
	if (snprintf(out, PATH_MAX, "%s.callgate", config) >= PATH_MAX)
		return err_set(err, CALLGATE_E_ARG, "the path of the bundle is too long");
	return 0;
}

static void digest_of(const struct callgate_bundle *bundle, char out[SHA256_TEXT])
{
	const struct oci_pair *bpf = oci_pair(bundle, BPF_ANNOTATION);
	uint8_t digest[SHA256_SIZE];
	struct sha256 sha;
	size_t size = 0;
	const char *text = callgate_bundle_seccomp(bundle, &size);

	sha256_start(&sha);
	sha256_add_u32(&sha, (uint32_t)size);
	sha256_add(&sha, text, size);
	if (bpf)
		sha256_add(&sha, bpf->text.at, bpf->text.size);
	sha256_finish(&sha, digest);
	sha256_text(digest, out);
}

static int digest_of_text(const char *text, size_t size, char out[SHA256_TEXT], struct callgate_err *err)
{
	struct callgate_bundle *bundle;
	int r = oci_parse_copy(text, size, "<edited>", &bundle, err);

	if (r < 0)
		return r;
	digest_of(bundle, out);
	callgate_bundle_free(bundle);
	return 0;
}

int callgate_bundle_keep(const struct callgate_bundle *bundle, const char *config, const char *text, size_t size,
			 struct callgate_err *err)
{
	char path[PATH_MAX], digest[SHA256_TEXT], over[SHA256_TEXT];
	struct text kept = { 0 };
	size_t own_size = 0, length;
	const char *own = callgate_bundle_brought(bundle, &own_size);
	char *bytes = NULL;
	int r = path_of(config, path, err);

	if (r == 0)
		r = digest_of_text(text, size, digest, err);
	if (r < 0)
		return r;
	digest_of(bundle, over);
	text_add(&kept, FIRST_LINE "%s %s\n", digest, bundle->edited ? over : digest);
	text_add_bytes(&kept, own ? own : "", own_size);
	r = text_take(&kept, &bytes, &length, err);
	if (r == 0)
		r = callgate_bundle_write(path, bytes, length, 0600, err);
	free(bytes);
	return r;
}

int callgate_bundle_recall(struct callgate_bundle *bundle, const char *config, struct callgate_err *err)
{
	const size_t first = sizeof(FIRST_LINE) - 1, length = SHA256_TEXT - 1, second = first + length + 1;
	const size_t at = second + length + 1;
	char path[PATH_MAX], digest[SHA256_TEXT], *text = NULL;
	size_t size;
	int r = path_of(config, path, err);

	if (r < 0 || access(path, F_OK) < 0)
		return r;
	r = callgate_file_read_trusted(path, &text, &size, err);
	if (r < 0)
		return r;
	digest_of(bundle, digest);
	bundle->edited = size >= at && memcmp(text, FIRST_LINE, first) == 0 && text[at - 1] == '\n' &&
			 (memcmp(text + first, digest, length) == 0 || memcmp(text + second, digest, length) == 0);
	if (bundle->edited && size > at) {
		bundle->before.at = arena_strndup(&bundle->arena, text + at, size - at);
		bundle->before.size = size - at;
		r = bundle->before.at ? 0 : err_nomem(err);
	}
	free(text);
	return r;
}

const char *callgate_bundle_brought(const struct callgate_bundle *bundle, size_t *size)
{
	if (!bundle->edited)
		return callgate_bundle_seccomp(bundle, size);
	if (size)
		*size = bundle->before.size;
	return bundle->before.at;
}
