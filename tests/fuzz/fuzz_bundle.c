/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: any bytes are refused with a place, or spliced so that what was put in is there, once more is the same,
 * and what was there before and is not in the way is still there; a container's state is read or refused. */
#include <stdlib.h>
#include <string.h>

#include "runtime/hooks.h"
#include "runtime/oci.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct callgate_bundle *parse(const void *bytes, size_t size)
{
	struct source source = { .text = malloc(size + 1), .size = size };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_bundle *bundle = NULL;

	if (!source.text)
		return NULL;
	memcpy((char *)source.text, bytes, size);
	if (oci_parse(&source, "fuzz", &bundle, &err) < 0 && (!err.line || !err.text[0]))
		abort();
	return bundle;
}

static char *splice(const struct callgate_bundle *bundle, const char *bpf, size_t *size)
{
	struct callgate_splice want = CALLGATE_SPLICE_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *out = NULL;

	want.seccomp = "{\"defaultAction\":\"SCMP_ACT_KILL\"}";
	want.bpf = bpf;
	/* One annotation more than may stand there is all that can be in the way. */
	if (callgate_bundle_splice(bundle, &want, &out, size, &err) < 0 && bundle->pair_count < OCI_PAIRS)
		abort();
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const programs[] = { NULL, "BgAAAAAA/38=" };
	struct callgate_container container = CALLGATE_CONTAINER_INIT;
	struct source source = { "fuzz", (const char *)data, size };
	struct callgate_bundle *bundle = parse(data, size), *again;

	if (oci_state_parse(&source, &container, NULL) == 0 &&
	    (!container.id[0] || strchr(container.id, '/') || container.pid < 0))
		abort();
	for (size_t i = 0; bundle && i < 2; i++) {
		size_t first, second;
		char *once = splice(bundle, programs[i], &first), *twice;

		if (!once)
			continue;
		again = parse(once, first);
		if (!again || again->caps != bundle->caps || again->no_new_privs != bundle->no_new_privs)
			abort();
		twice = splice(again, programs[i], &second);
		if (!twice || first != second || memcmp(once, twice, first) != 0)
			abort();
		callgate_bundle_free(again);
		free(once);
		free(twice);
	}
	callgate_bundle_free(bundle);
	return 0;
}
