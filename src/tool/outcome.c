/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outcome: decisions and calls as text. */
#include <stdlib.h>
#include <string.h>

#include "tool/terminal.h"

const char *outcome_word(const struct callgate_outcome *outcome, char *buf, size_t size)
{
	if (outcome->opaque)
		return "OPAQUE";
	callgate_action_format(outcome->action, buf, size);
	return buf;
}

void print_outcomes(FILE *to, const struct callgate_pattern *call, const struct callgate_outcome *outcomes,
		    size_t count)
{
	bool named = on_terminal();
	char word[32];

	for (size_t i = 0; i < count; i++) {
		fprintf(to, "%s%s", i ? "; " : "", outcome_word(&outcomes[i], word, sizeof(word)));
		if (outcomes[i].conditions[0] && named) {
			fputs(" if ", to);
			print_conditions(to, call, outcomes[i].conditions);
		} else if (outcomes[i].conditions[0]) {
			fprintf(to, " if %s", outcomes[i].conditions);
		}
		if (!outcomes[i].conditions[0] && count > 1)
			fprintf(to, " otherwise");
	}
}

struct callgate_outcome *outcomes_list(const struct callgate_filter *filter, const struct callgate_pattern *pattern,
				       size_t *count)
{
	struct callgate_outcome *outcomes = NULL;
	size_t room = 16;

	*count = 0;
	for (;;) {
		struct callgate_outcome *grown = reallocarray(outcomes, room, sizeof(*outcomes));
		size_t found = 0;

		if (!grown || callgate_filter_outcomes(filter, pattern, grown, room, &found) < 0) {
			free(grown ? grown : outcomes);
			return NULL;
		}
		outcomes = grown;
		*count = found;
		if (found <= room)
			return outcomes;
		room = found;
		*count = 0;
	}
}

void print_decision(FILE *to, const struct callgate_filter *filter, enum callgate_abi abi, uint32_t nr)
{
	struct callgate_pattern pattern = { .abi = abi, .nr = nr };
	size_t count;
	struct callgate_outcome *outcomes = outcomes_list(filter, &pattern, &count);

	if (outcomes)
		print_outcomes(to, &pattern, outcomes, count);
	else
		fprintf(to, "...");
	free(outcomes);
}

void difference_words(const struct callgate_diff *diff, size_t index, struct difference_words *out)
{
	const struct callgate_difference *row = callgate_diff_at(diff, index);
	const char *abi = callgate_abi_name(row->abi);
	struct callgate_call call = row->witness;

	out->witness[0] = '\0';
	if (abi) {
		snprintf(out->abi, sizeof(out->abi), "%s", abi);
	} else {
		snprintf(out->abi, sizeof(out->abi), "0x%08x", callgate_diff_arch(diff, index));
		snprintf(out->witness, sizeof(out->witness), "%s:", out->abi);
		call.abi = CALLGATE_ABI_NONE;
	}
	call_text(&call, out->witness + strlen(out->witness), sizeof(out->witness) - strlen(out->witness));
}

void call_text(const struct callgate_call *call, char *buf, size_t size)
{
	const char *name = callgate_syscall_name(call->abi, call->nr);
	size_t used, last = 0;

	if (name)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%u", call->nr);
	for (size_t i = 0; i < 6; i++)
		if (call->args[i])
			last = i + 1;
	used = strlen(buf);
	for (size_t i = 0; i < last && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%c0x%llx", i ? ',' : '(',
					 (unsigned long long)call->args[i]);
	if (last && used < size)
		snprintf(buf + used, size - used, ")");
}
