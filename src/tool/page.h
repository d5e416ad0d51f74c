/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page: the HTML file of callgate report, without script and without anything from elsewhere. */
#ifndef CALLGATE_TOOL_PAGE_H
#define CALLGATE_TOOL_PAGE_H

#include "tool/host.h"
#include "tool/regions.h"

/* One behaviour: a SOURCE of the command line, or what containers of the host have in common. */
struct page_source {
	char name[256];
	const struct callgate_filter *filter;
	struct callgate_filter *owned;           /* NULL: filter belongs to somebody else */
	const struct callgate_filter *reference; /* what it is compared with; NULL: nothing */
	const char *reference_name;
	char digest[65];
	size_t containers; /* of the host that run under it */
};

struct page {
	const struct options *options;
	struct regions regions;
	struct page_source *sources;
	size_t count;
};

/* A new source at the end; NULL after a message. */
struct page_source *page_add(struct page *page, const char *name);

/* ------------------------------------------------------------------ page_html.c */

/* Text that others wrote: nothing in it is markup, nothing steers a terminal. */
void html_text(FILE *to, const char *text);
void html_begin(FILE *to, const char *title);
void html_end(FILE *to);
void table_begin(FILE *to, const char *const heads[], size_t count);
/* The cell opens, under its column's head; whoever calls it closes it by "</td>". */
void cell_begin(FILE *to, const char *head);
void cell(FILE *to, const char *head, const char *text);
void cell_number(FILE *to, const char *head, size_t number);
void table_end(FILE *to);

/* ------------------------------------------------------------------ page_heat.c */

/* Calls by ABIs, coloured by action, the sources side by side; -1: out of memory. */
int page_heat(FILE *to, const struct page_source *sources, size_t count);

/* ------------------------------------------------------------------ page_lines.c */

/* The first number from *nr on that has a name; false: there is none. */
bool page_next_named(enum callgate_abi abi, uint32_t *nr);
/* Which line decides what, as text: each call of each ABI; -1: out of memory. */
int page_lines(FILE *to, const struct page_source *source);
/* The decision on a number: "ERRNO(EPERM) otherwise ..." with constants by name, and the lines that decide; -1: out of
 * memory. Free both. letter: which colour. */
struct page_decision {
	char *action, *origin;
	char letter;
};
int page_decide(const struct callgate_filter *filter, enum callgate_abi abi, uint32_t nr, struct page_decision *out);
void page_decision_release(struct page_decision *decision);

/* ------------------------------------------------------------------ page_host.c */

/* The machine: its containers, and as sources of the page what they run under. */
struct page_host;
/* NULL after a message. */
struct page_host *page_host_read(struct page *page);
struct page_host *page_host_free(struct page_host *host);
void page_host_print(FILE *to, const struct page *page, const struct page_host *host);

#endif
