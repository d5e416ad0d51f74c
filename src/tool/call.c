/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Call: the words of CALL on a command line or in a file of expectations: name, name(0x28,*,3) or a number. */
#include <string.h>

#include "tool/tool.h"

int call_parse(const char *text, struct asked_call *out)
{
	size_t length = strcspn(text, "(");
	const char *close = strchr(text, ')');

	*out = (struct asked_call){ 0 };
	if (length >= sizeof(out->name) || strlen(text) - length >= sizeof(out->arguments)) {
		report("call is too long: '%.40s...'", text);
		return -1;
	}
	memcpy(out->name, text, length);
	if (!text[length])
		return 0;
	if (!close || close[1] != '\0') {
		report("'%s': expected ')' after the arguments", text);
		return -1;
	}
	memcpy(out->arguments, text + length + 1, (size_t)(close - text) - length - 1);
	return 0;
}

/* "0x28", "AF_ALG", "*", "-1": what the arguments are on the pattern's ABI. */
static int take_arguments(const struct asked_call *call, struct callgate_pattern *pattern)
{
	const char *abi = callgate_abi_name(pattern->abi);
	char copy[sizeof(call->arguments)], *at = copy, *word;

	strcpy(copy, call->arguments);
	for (unsigned i = 0; *call->arguments && (word = strsep(&at, ",")); i++) {
		const char *nearest;

		word += strspn(word, " ");
		if (i == 6) {
			report("'%s': a call has at most six arguments", call->name);
			return -1;
		}
		if (strcmp(word, "*") == 0)
			continue;
		if (callgate_value_parse(pattern->abi, call->name, i, word, &pattern->args[i]) < 0) {
			nearest = callgate_value_nearest(pattern->abi, call->name, i, word);
			report("'%s': unknown value '%s' of argument %u on %s%s%s%s", call->name, word, i,
			       abi ? abi : "that ABI", nearest ? "; did you mean '" : "; give a number",
			       nearest ? nearest : "", nearest ? "'?" : "");
			return -1;
		}
		pattern->known |= 1u << i;
	}
	return 0;
}

int call_number(enum callgate_abi abi, const char *name, uint32_t *nr)
{
	uint64_t value;

	if (name[0] == '#')
		name++;
	if (number_parse(name, 32, &value) == 0) {
		*nr = (uint32_t)value;
		return 0;
	}
	if (callgate_syscall_number(abi, name, nr) == 0)
		return 0;
	for (int other = 0; other < CALLGATE_ABI_COUNT; other++)
		if (callgate_syscall_number((enum callgate_abi)other, name, nr) == 0)
			return 1;
	return -1;
}

int call_on_abi(const struct asked_call *call, enum callgate_abi abi, struct callgate_pattern *out)
{
	const char *nearest;
	int r;

	*out = (struct callgate_pattern){ .abi = abi };
	r = call_number(abi, call->name, &out->nr);
	if (r >= 0)
		return r == 0 ? take_arguments(call, out) : r;
	nearest = callgate_syscall_nearest(call->name);
	if (nearest)
		report("unknown syscall '%s'; did you mean '%s'?", call->name, nearest);
	else
		report("unknown syscall '%s'", call->name);
	return -1;
}

int call_by_number(const struct asked_call *call, struct callgate_pattern *out)
{
	uint64_t nr;

	*out = (struct callgate_pattern){ .abi = CALLGATE_ABI_NONE };
	if (number_parse(call->name, 32, &nr) < 0) {
		report("'%s': expected a system call number after the AUDIT_ARCH_ word", call->name);
		return -1;
	}
	if (strchr(call->arguments, '*')) {
		report("'%s': expected values of all arguments after the AUDIT_ARCH_ word", call->name);
		return -1;
	}
	out->nr = (uint32_t)nr;
	return take_arguments(call, out);
}

unsigned wanted_abis(const struct options *options, const struct callgate_filter *filter,
		     enum callgate_abi out[CALLGATE_ABI_COUNT])
{
	unsigned count = 0;

	if (!options->abi_mask)
		return callgate_filter_abis(filter, out);
	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++)
		if (options->abi_mask >> abi & 1)
			out[count++] = (enum callgate_abi)abi;
	return count;
}
