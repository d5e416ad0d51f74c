/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: what a profile means, its program, the program read back and its LXC text agree with each other. */
#include <stdlib.h>
#include <string.h>

#include "bpf/prog.h"
#include "filter/digest.h"
#include "tests/unit/agree.h"
#include "write/lxc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* Not every profile can be compiled: but whoever refuses says why, and no proof ever fails. */
static bool done(int r, const struct callgate_err *err)
{
	demand(r == 0 || (err->code == r && err->text[0]));
	demand(r != CALLGATE_E_MISMATCH && r != CALLGATE_E_ARG && r != CALLGATE_E_NOMEM);
	return r == 0;
}

static void check_program(const struct callgate_filter *filter, enum callgate_abi host)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	uint8_t digest[2][SHA256_SIZE];
	struct callgate_filter *lifted;
	struct callgate_diff *diff;
	struct callgate_prog *prog;

	if (!done(callgate_filter_compile(filter, &prog, &err), &err))
		return;
	demand(prog_agree(prog, filter, &err) == 0);
	demand(callgate_filter_lift(prog, "fuzz", host, &lifted, &err) == 0);
	demand(callgate_filter_diff(filter, lifted, 0, &diff, &err) == 0 && callgate_diff_count(diff) == 0);
	demand(filter_digest(filter, digest[0], &err) == 0 && filter_digest(lifted, digest[1], &err) == 0);
	demand(memcmp(digest[0], digest[1], SHA256_SIZE) == 0);
	callgate_diff_free(diff);
	callgate_filter_free(lifted);
	callgate_prog_free(prog);
}

/* The text is on its side of the filter: lxc_write() says E_MISMATCH otherwise. */
static void check_text(const struct callgate_filter *filter, const struct callgate_target *target)
{
	static const enum callgate_lxc_bound bounds[] = { CALLGATE_LXC_NEVER_LOOSER, CALLGATE_LXC_NEVER_STRICTER };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_text *text;

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		if (done(lxc_write(filter, target, bounds[i], &text, &err), &err))
			callgate_text_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		enum callgate_abi host;
		enum callgate_reader reader;
		uint64_t caps;
	} targets[] = {
		{ CALLGATE_ABI_X86_64, CALLGATE_AS_CALLGATE, 0 },
		{ CALLGATE_ABI_X86_64, CALLGATE_AS_RUNC, ~0ull >> 23 },
		{ CALLGATE_ABI_X86_64, CALLGATE_AS_LXC, 0 },
		{ CALLGATE_ABI_S390X, CALLGATE_AS_CALLGATE, 0 },
		{ CALLGATE_ABI_AARCH64, CALLGATE_AS_CRUN, 1u << 21 },
		{ CALLGATE_ABI_X86_64, CALLGATE_AS_PODMAN, 0 },
	};
	size_t which = size % (sizeof(targets) / sizeof(targets[0]));
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_policy *policy;
	struct callgate_filter *filter;

	target.host = targets[which].host;
	target.reader = targets[which].reader;
	target.caps = targets[which].caps;
	target.kernel_major = 6;
	target.libseccomp = 0x020504;
	if (callgate_policy_parse(data, size, "fuzz", &policy, NULL, &err) < 0)
		return 0;
	if (done(callgate_filter_resolve(policy, &target, &filter, NULL, &err), &err)) {
		check_program(filter, target.host);
		check_text(filter, &target);
		callgate_filter_free(filter);
	}
	callgate_policy_free(policy);
	return 0;
}
