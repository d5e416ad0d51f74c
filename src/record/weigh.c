/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weigh: how often calls were made tells a program's search tree which ones to come to first. */
#include <stdlib.h>

#include "base/err.h"
#include "filter/filter.h"
#include "names/abi.h"
#include "record/record.h"

enum { HEAVIEST = UINT8_MAX };

struct weighing {
	const struct callgate_filter *filter;
	uint64_t **counts; /* of each architecture's spans */
	uint64_t most;
};

/* The last span that begins at or before nr. */
static size_t span_of(const struct filter_arch *arch, uint32_t nr)
{
	size_t low = 0, high = arch->span_count;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (arch->spans[middle].first <= nr)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void count(void *data, const struct callgate_recorded *recorded)
{
	struct weighing *weighing = data;
	const struct abi *abi = abi_of(recorded->abi);

	for (size_t i = 0; abi && i < weighing->filter->arch_count; i++) {
		const struct filter_arch *arch = &weighing->filter->arches[i];
		uint64_t *sum;

		if (arch->audit != abi->audit || !arch->span_count)
			continue;
		sum = &weighing->counts[i][span_of(arch, recorded->nr)];
		*sum = recorded->count > UINT64_MAX - *sum ? UINT64_MAX : *sum + recorded->count;
		if (*sum > weighing->most)
			weighing->most = *sum;
	}
}

/* What was made at all weighs something. */
static uint8_t weight_of(uint64_t count, uint64_t most)
{
	double share = most ? (double)count / (double)most * HEAVIEST : 0;

	return share > 1 ? (uint8_t)share : count > 0;
}

static int take_weights(struct callgate_filter *filter, const struct weighing *weighing)
{
	for (size_t i = 0; i < filter->arch_count; i++) {
		struct filter_arch *arch = &filter->arches[i];
		struct span *spans =
			arena_grow(&filter->arena, arch->spans, arch->span_count, arch->span_count, sizeof(*spans));

		if (!spans)
			return -1;
		for (size_t j = 0; j < arch->span_count; j++)
			spans[j].weight = weight_of(weighing->counts[i][j], weighing->most);
		arch->spans = spans;
	}
	return 0;
}

int callgate_filter_weigh(struct callgate_filter *filter, const struct callgate_record *record,
			  struct callgate_err *err)
{
	struct weighing weighing = { .filter = filter };
	int r = 0;

	if (!filter || !record)
		return err_missing(err);
	weighing.counts = calloc(filter->arch_count + 1, sizeof(*weighing.counts));
	for (size_t i = 0; weighing.counts && r == 0 && i < filter->arch_count; i++) {
		weighing.counts[i] = calloc(filter->arches[i].span_count + 1, sizeof(**weighing.counts));
		r = weighing.counts[i] ? 0 : -1;
	}
	if (weighing.counts && r == 0) {
		callgate_record_each(record, count, &weighing);
		r = take_weights(filter, &weighing);
	}
	for (size_t i = 0; weighing.counts && i < filter->arch_count; i++)
		free(weighing.counts[i]);
	if (!weighing.counts || r < 0)
		r = err_nomem(err);
	free(weighing.counts);
	return r;
}
