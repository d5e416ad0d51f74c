/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LXC text, names and actions: which number LXC gives a name, and the nearest action that it has. */
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"
#include "write/lxc_decide.h"

bool lxc_passes_over(int id, enum callgate_abi abi)
{
	uint32_t selector;
	int mux;

	return syscall_behind_mux(id, abi, &mux, &selector);
}

void lxc_range(enum callgate_abi abi, uint32_t *first, uint32_t *last)
{
	*first = abi_of(abi)->first_nr;
	*last = abi == CALLGATE_ABI_X86_64 ? X32_BIT - 1 : UINT32_MAX;
}

int64_t lxc_number(const struct lxc_writer *writer, int id, enum callgate_abi abi)
{
	if (!syscall_in_release(id, writer->target->libseccomp) || lxc_passes_over(id, abi))
		return SYSCALL_NONE;
	return syscall_nr(id, abi);
}

const struct span *lxc_span_of(const struct lxc_writer *writer, enum callgate_abi abi, uint32_t nr)
{
	const struct filter_arch *arch = filter_arch_of(writer->filter, abi_of(abi)->audit);

	return arch ? &arch->spans[span_at(arch, nr)] : NULL;
}

/* The word that denies at least as much. */
static struct callgate_action denying_word(struct callgate_action action)
{
	switch (action.kind) {
	case CALLGATE_KILL_PROCESS:
	case CALLGATE_KILL_THREAD:
		return (struct callgate_action){ .kind = CALLGATE_KILL_THREAD };
	case CALLGATE_TRAP:
		return (struct callgate_action){ .kind = CALLGATE_TRAP };
	case CALLGATE_ERRNO:
		if (action.data > LXC_ERRNO_MAX)
			action.data = ERRNO_EPERM;
		return action;
	case CALLGATE_ALLOW:
		return action;
	case CALLGATE_NOTIFY: /* with nobody who listens or traces the kernel answers ENOSYS */
	case CALLGATE_TRACE:
	case CALLGATE_LOG:
		break;
	}
	return (struct callgate_action){ .kind = CALLGATE_ERRNO, .data = ERRNO_ENOSYS };
}

struct callgate_action lxc_nearest(const struct lxc_writer *writer, struct callgate_action action)
{
	bool no_word = action.kind == CALLGATE_NOTIFY || action.kind == CALLGATE_TRACE || action.kind == CALLGATE_LOG;

	if (writer->bound == CALLGATE_LXC_NEVER_STRICTER && no_word)
		return (struct callgate_action){ .kind = CALLGATE_ALLOW };
	return denying_word(action);
}
