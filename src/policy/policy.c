/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policy: making an empty one that keeps its own copy of the text, and places in it. */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/private.h"

int policy_new(const struct source *source, struct callgate_policy **out, struct callgate_err *err)
{
	struct callgate_policy *policy;

	policy = calloc(1, sizeof(*policy));
	if (!policy)
		return err_nomem(err);
	policy->source.name = arena_strndup(&policy->arena, source->name, strlen(source->name));
	policy->source.text = arena_strndup(&policy->arena, source->text, source->size);
	policy->source.size = source->size;
	policy->value_last = source->size;
	if (!policy->source.name || !policy->source.text) {
		callgate_policy_free(policy);
		return err_nomem(err);
	}
	*out = policy;
	return 0;
}

struct callgate_policy *callgate_policy_free(struct callgate_policy *policy)
{
	if (policy)
		arena_free(&policy->arena);
	free(policy);
	return NULL;
}

const char *callgate_policy_text(const struct callgate_policy *policy, size_t *size)
{
	*size = policy->source.size;
	return policy->source.text;
}

void policy_line(const struct callgate_policy *policy, struct place at, unsigned *line, unsigned *column)
{
	source_locate(&policy->source, at.offset, line, column);
}
