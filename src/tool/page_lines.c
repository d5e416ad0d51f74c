/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The deciding lines of a page: what a filter does, each call with the line of the profile, or the instruction. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool/page.h"
#include "tool/terminal.h"

bool page_next_named(enum callgate_abi abi, uint32_t *nr)
{
	/* Where names are: everybody's, ARM's own ones, x32's. */
	static const uint32_t places[] = { 0, 0xf0000, 0x40000000 };
	enum { PLACE_SIZE = 8192 };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (uint32_t at = *nr > places[i] ? *nr : places[i]; at < places[i] + PLACE_SIZE; at++)
			if (callgate_syscall_name(abi, at)) {
				*nr = at;
				return true;
			}
	return false;
}

/* ------------------------------------------------------------------ one decision */

static char letter_of(const struct callgate_outcome *outcomes, size_t count)
{
	if (!outcomes || (count == 1 && outcomes[0].opaque))
		return 'O';
	if (count > 1)
		return 'C';
	switch (outcomes[0].action.kind) {
	case CALLGATE_ALLOW:
		return 'A';
	case CALLGATE_LOG:
		return 'L';
	case CALLGATE_ERRNO:
		return outcomes[0].action.data == ENOSYS ? 'N' : 'E';
	case CALLGATE_TRAP:
		return 'T';
	case CALLGATE_TRACE:
		return 'R';
	case CALLGATE_NOTIFY:
		return 'U';
	default:
		return 'K';
	}
}

/* The file without its directory: the page names it in full once. */
static void short_origin(const struct callgate_origin *origin, char *buf, size_t size)
{
	struct callgate_origin shown = *origin;
	const char *slash = origin->file ? strrchr(origin->file, '/') : NULL;

	if (slash)
		shown.file = slash + 1;
	if (origin->why == CALLGATE_BY_PC)
		snprintf(buf, size, "instruction %u", origin->line);
	else
		origin_format(&shown, buf, size);
}

static void print_origins(FILE *to, const struct callgate_outcome *outcomes, size_t count)
{
	char text[512], last[512] = "";

	for (size_t i = 0; i < count; i++) {
		short_origin(&outcomes[i].origin, text, sizeof(text));
		if (strcmp(text, last) == 0)
			continue;
		fprintf(to, "%s%s", *last ? "; " : "", text);
		snprintf(last, sizeof(last), "%s", text);
	}
}

static void print_actions(FILE *to, const struct callgate_pattern *pattern, const struct callgate_outcome *outcomes,
			  size_t count)
{
	char word[32];

	for (size_t i = 0; i < count; i++) {
		fprintf(to, "%s%s", i ? "; " : "", outcome_word(&outcomes[i], word, sizeof(word)));
		if (outcomes[i].conditions[0]) {
			fputs(" if ", to);
			print_conditions(to, pattern, outcomes[i].conditions);
		} else if (count > 1) {
			fputs(" otherwise", to);
		}
	}
}

int page_decide(const struct callgate_filter *filter, enum callgate_abi abi, uint32_t nr, struct page_decision *out)
{
	struct callgate_pattern pattern = { .abi = abi, .nr = nr };
	size_t count, sizes[2];
	struct callgate_outcome *outcomes = outcomes_list(filter, &pattern, &count);
	FILE *action, *origin;
	int r = -1;

	*out = (struct page_decision){ .letter = letter_of(outcomes, count) };
	action = open_memstream(&out->action, &sizes[0]);
	origin = open_memstream(&out->origin, &sizes[1]);
	if (action && origin && outcomes) {
		print_actions(action, &pattern, outcomes, count);
		print_origins(origin, outcomes, count);
	} else if (action && origin) {
		fputs("too many conditions to list", action);
		fputs("several lines", origin);
	}
	if (action && origin)
		r = 0;
	if (action && fclose(action) != 0)
		r = -1;
	if (origin && fclose(origin) != 0)
		r = -1;
	free(outcomes);
	if (r < 0)
		page_decision_release(out);
	return r;
}

void page_decision_release(struct page_decision *decision)
{
	free(decision->action);
	free(decision->origin);
	*decision = (struct page_decision){ 0 };
}

/* ------------------------------------------------------------------ all of them */

struct line {
	struct page_decision decision;
	char call[64];
	uint32_t first; /* its number, so that ranges are in order */
	unsigned abis;  /* bit: place among the filter's */
};

struct lines {
	struct line *list;
	size_t count, room;
};

static void lines_release(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		page_decision_release(&lines->list[i].decision);
	free(lines->list);
}

/* Takes the decision. */
static int add_line(struct lines *lines, const struct line *line)
{
	if (lines->count == lines->room) {
		size_t room = lines->room ? lines->room * 2 : 512;
		struct line *grown = reallocarray(lines->list, room, sizeof(*grown));

		if (!grown)
			return -1;
		lines->list = grown;
		lines->room = room;
	}
	lines->list[lines->count++] = *line;
	return 0;
}

/* Numbers first .. last have one decision. */
static int add_run(struct lines *lines, const struct callgate_filter *filter, enum callgate_abi abi, unsigned place,
		   const uint32_t run[2])
{
	struct line line = { .first = run[0], .abis = 1U << place };
	const char *name = callgate_syscall_name(abi, run[0]);

	if (name)
		snprintf(line.call, sizeof(line.call), "%s", name);
	else if (run[0] == run[1])
		snprintf(line.call, sizeof(line.call), "%u", run[0]);
	else
		snprintf(line.call, sizeof(line.call), "%u-%u", run[0], run[1]);
	if (page_decide(filter, abi, run[0], &line.decision) < 0)
		return -1;
	if (add_line(lines, &line) == 0)
		return 0;
	page_decision_release(&line.decision);
	return -1;
}

static int add_abi(struct lines *lines, const struct callgate_filter *filter, enum callgate_abi abi, unsigned place)
{
	size_t rows = callgate_filter_row_count(filter, abi);
	struct callgate_row row = { .first = 0, .last = UINT32_MAX };

	for (size_t i = 0; i < (rows ? rows : 1); i++) {
		if (rows && callgate_filter_row(filter, abi, i, &row) < 0)
			return -1;
		for (uint32_t run[2] = { row.first, 0 };; run[0] = run[1] + 1) {
			run[1] = named_run(abi, run[0], row.last);
			if (add_run(lines, filter, abi, place, run) < 0)
				return -1;
			if (run[1] == row.last)
				break;
		}
	}
	return 0;
}

static int by_decision(const void *a, const void *b)
{
	const struct line *one = a, *other = b;
	bool numbers[] = { one->call[0] >= '0' && one->call[0] <= '9', other->call[0] >= '0' && other->call[0] <= '9' };
	int order = strcmp(one->decision.action, other->decision.action);

	if (order)
		return order;
	if (numbers[0] != numbers[1])
		return numbers[0] ? 1 : -1;
	if (numbers[0] && one->first != other->first)
		return one->first < other->first ? -1 : 1;
	order = strcmp(one->call, other->call);
	return order ? order : strcmp(one->decision.origin, other->decision.origin);
}

static bool is_same(const struct line *one, const struct line *other)
{
	return strcmp(one->decision.action, other->decision.action) == 0 && strcmp(one->call, other->call) == 0 &&
	       strcmp(one->decision.origin, other->decision.origin) == 0;
}

static void print_abis(FILE *to, unsigned mask, const enum callgate_abi *abis, unsigned count)
{
	const char *between = " (";

	if (mask == (1U << count) - 1)
		return;
	for (unsigned i = 0; i < count; i++) {
		if (!(mask >> i & 1))
			continue;
		fprintf(to, "%s%s", between, callgate_abi_name(abis[i]));
		between = ", ";
	}
	putc(')', to);
}

static void print_lines(FILE *to, struct lines *lines, const enum callgate_abi *abis, unsigned count)
{
	const struct line *last = NULL;

	fputs("<dl class=\"lines\">\n", to);
	for (size_t i = 0; i < lines->count; i++) {
		struct line *line = &lines->list[i];

		if (!last || strcmp(last->decision.action, line->decision.action) != 0) {
			fprintf(to, "%s<dt><span class=%c>", last ? "</dd>\n" : "", line->decision.letter);
			html_text(to, line->decision.action);
			fputs("</span></dt><dd>", to);
		}
		last = line;
		for (; i + 1 < lines->count && is_same(line, &lines->list[i + 1]); i++)
			line->abis |= lines->list[i + 1].abis;
		fprintf(to, "<span>%s", line->call);
		print_abis(to, line->abis, abis, count);
		fputs(" <small>", to);
		html_text(to, line->decision.origin);
		fputs("</small></span> ", to);
	}
	fputs(last ? "</dd>\n</dl>\n" : "</dl>\n", to);
}

int page_lines(FILE *to, const struct page_source *source)
{
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = callgate_filter_abis(source->filter, abis);
	struct lines lines = { 0 };
	int r = 0;

	for (unsigned i = 0; i < count && r == 0; i++)
		r = add_abi(&lines, source->filter, abis[i], i);
	if (lines.count)
		qsort(lines.list, lines.count, sizeof(*lines.list), by_decision);
	if (r == 0)
		print_lines(to, &lines, abis, count);
	lines_release(&lines);
	return r;
}
