/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Widening the text of a profile: everything in it stays as it is, rules come behind the last one. */
#include <string.h>

#include "base/err.h"
#include "base/note_ids.h"
#include "policy/json_scan.h"
#include "record/learn.h"

/* Where the list of rules ends, and whether it is empty. */
struct list {
	size_t end;
	bool found, empty;
	bool starved; /* of memory */
};

static bool find_list(const struct source *source, struct arena *arena, struct list *out)
{
	struct json_token key, value;
	struct json json;
	size_t last;

	json_start(&json, source, 0, arena);
	if (json_next(&json, &key) != JSON_OBJECT)
		return false;
	while (json_next(&json, &key) == JSON_KEY && json_next(&json, &value) != JSON_BAD) {
		size_t first = value.first;

		if (!json_skip(&json, &value, &last))
			break;
		if (!slice_is(key.text, "syscalls") || value.kind != JSON_ARRAY)
			continue;
		out->found = out->empty = true;
		out->end = last - 1;
		for (size_t i = first + 1; i < out->end; i++)
			out->empty &= strchr(" \t\r\n", source->text[i]) != NULL;
	}
	out->starved = json.fault.id == NOTE_LIMIT && !arena->full;
	return key.kind == JSON_OBJECT_END;
}

int learn_widen(const char *base, size_t size, const struct text *rules, struct text *out, struct callgate_err *err)
{
	struct source source = { .name = "base", .text = base, .size = size };
	struct arena arena = ARENA_INIT;
	struct list list = { 0 };
	bool fine = find_list(&source, &arena, &list);

	arena_free(&arena);
	if (list.starved)
		return err_nomem(err);
	if (!fine || !list.found)
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "the base has no list 'syscalls' at its top: only JSON profiles can be widened");
	while (list.end && strchr(" \t\r\n", base[list.end - 1]))
		list.end--; /* a comma belongs behind the last rule */
	text_add_bytes(out, base, list.end);
	if (rules->size) {
		text_add(out, list.empty ? "" : ",");
		text_add_bytes(out, rules->bytes, rules->size);
	}
	text_add(out, "\n\t");
	while (base[list.end] != ']')
		list.end++;
	text_add_bytes(out, base + list.end, size - list.end);
	return 0;
}
