/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: the JSON scanner ends, and every token lies inside the text, in order. */
#include <stdlib.h>

#include "policy/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source source = { .name = "fuzz", .text = (const char *)data, .size = size };
	struct arena arena = ARENA_INIT;
	struct json_token token;
	struct json json;
	size_t before = 0;

	json_start(&json, &source, 0, &arena);
	while (json_next(&json, &token) > JSON_END) {
		if (token.first < before || token.last <= token.first || token.last > size)
			abort();
		before = token.last;
	}
	if (token.kind == JSON_BAD && (!json.fault.id || json.fault.at > size || !json.fault.text[0]))
		abort();
	arena_free(&arena);
	return 0;
}
