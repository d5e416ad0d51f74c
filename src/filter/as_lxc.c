/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As LXC: names that it keeps from libseccomp, rules that libseccomp refuses it. */
#include "filter/as_lxc.h"

#include "base/err.h"
#include "base/note_ids.h"
#include "base/notes.h"
#include "filter/as_library.h"
#include "names/syscall.h"
#include "names/words.h"

bool lxc_leaves_out(int id, enum callgate_abi abi)
{
	uint32_t selector;
	int mux;

	return syscall_behind_mux(id, abi, &mux, &selector);
}

/* What no ABI of the host has LXC keeps from libseccomp. */
static bool reaches_some_abi(const struct resolution *res, int id)
{
	for (unsigned i = 0; i < res->active->abi_count; i++)
		if (syscall_nr(id, res->active->abis[i]) >= 0 && !lxc_leaves_out(id, res->active->abis[i]))
			return true;
	return false;
}

int lxc_refuse(const struct resolution *res, int id, const struct candidate *like, struct callgate_err *err)
{
	if (res->lenient || !reaches_some_abi(res, id))
		return 0;
	if (!action_equal(like->rule->action, res->active->fallback))
		return library_refuse_errno(res, like->rule->action, like->name->at, err);
	note_at(res->notes, CALLGATE_ERROR, NOTE_REDUNDANT, &res->policy->source, like->name->at.offset,
		"redundant rule for '%.*s': LXC rejects a rule with the default action", (int)like->name->text.size,
		like->name->text.at);
	return err_set(err, CALLGATE_E_PROFILE, "LXC rejects a rule with the default action");
}
