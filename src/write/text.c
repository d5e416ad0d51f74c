/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Written profiles: what every format's writer hands out. */
#include "write/text.h"

#include <stdlib.h>

#include "policy/read.h"

struct callgate_text *text_new(void)
{
	return calloc(1, sizeof(struct callgate_text));
}

int text_read_back(struct callgate_text *text, const char *name, const struct callgate_target *target,
		   struct callgate_err *err)
{
	struct source source = { .name = name, .text = text->bytes, .size = text->size };
	struct callgate_policy *policy;
	int r = policy_parse(&source, target->reader, &policy, NULL, err);

	if (r < 0)
		return r;
	text->filter = callgate_filter_free(text->filter);
	r = callgate_filter_resolve(policy, target, &text->filter, NULL, err);
	callgate_policy_free(policy);
	return r;
}

const char *callgate_text_bytes(const struct callgate_text *text, size_t *size)
{
	if (size)
		*size = text ? text->size : 0;
	return text ? text->bytes : NULL;
}

size_t callgate_text_loss_count(const struct callgate_text *text)
{
	return text ? text->loss_count : 0;
}

const struct callgate_loss *callgate_text_loss_at(const struct callgate_text *text, size_t index)
{
	return text && index < text->loss_count ? &text->losses[index] : NULL;
}

const struct callgate_filter *callgate_text_filter(const struct callgate_text *text)
{
	return text ? text->filter : NULL;
}

struct callgate_text *callgate_text_free(struct callgate_text *text)
{
	if (!text)
		return NULL;
	callgate_filter_free(text->filter);
	arena_free(&text->arena);
	free(text->bytes);
	free(text);
	return NULL;
}
