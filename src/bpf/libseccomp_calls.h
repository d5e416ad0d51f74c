/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of libseccomp: written down one by one before any is made, then made by a child with a deadline. The second
 * back end writes what a filter says, the emulation of readers what runc, crun and LXC call.
 */
#ifndef CALLGATE_BPF_LIBSECCOMP_CALLS_H
#define CALLGATE_BPF_LIBSECCOMP_CALLS_H

#include "base/arena.h"
#include "bpf/libseccomp.h"
#include "bpf/text.h"

enum { CONTEXT_COUNT = CALLGATE_ABI_COUNT };

enum library_function {
	LIBRARY_API_SET,
	LIBRARY_INIT,
	LIBRARY_ARCH_ADD, /* one that is there already is no failure */
	LIBRARY_ARCH_REMOVE,
	LIBRARY_ATTR_SET,
	LIBRARY_RULE_ADD,
	LIBRARY_RULE_ADD_EXACT,
	LIBRARY_MERGE, /* into the first context */
};

struct library_call {
	enum library_function function;
	uint8_t context; /* the first one is exported in the end */
	bool optional;   /* failure does not matter */
	uint32_t word;   /* level, action, architecture's token, attribute */
	uint32_t value;  /* of the attribute */
	int nr;
	unsigned count;
	const struct scmp_arg_cmp *compares;
	/* For messages: what it is about. */
	const char *name;
	uint32_t offset; /* in the profile */
	uint32_t shown_nr;
	enum callgate_abi abi;
};

struct library_calls {
	struct arena arena;
	struct library_call *list;
	unsigned count, room;
};
#define LIBRARY_CALLS_INIT \
	{ \
		.arena = ARENA_INIT \
	}

/* Adds a copy, comparisons too. False: no memory. */
bool library_call_add(struct library_calls *calls, const struct library_call *call);
void library_calls_free(struct library_calls *calls);

/* What libseccomp answered with an error: error is the errno; call NULL: the export. */
struct library_failure {
	const struct library_call *call;
	int error; /* 0: none */
};

/*
 * Makes the calls and exports the first context. E_UNSUPPORTED: libseccomp answered with an error, which is in failure,
 * or has crashed; E_LIMIT: not finished in time.
 */
int library_calls_make(const struct libseccomp *library, const struct library_calls *calls, unsigned seconds,
		       struct callgate_prog **out, struct library_failure *failure, struct callgate_err *err);

#endif
