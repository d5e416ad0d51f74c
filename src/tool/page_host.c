/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine on a page: a row per container and unit, and as sources what they run under, each meaning once. */
#include <stdlib.h>
#include <string.h>

#include "tool/page.h"

enum { SOURCE_NONE = -1, SOURCE_UNREADABLE = -2 };

struct page_host {
	struct host host;
	struct host_verifier *verifier;
	long *sources; /* by stack: the place of its meaning among the page's sources, and 1; 0: not looked at */
};

struct page_host *page_host_free(struct page_host *host)
{
	if (host) {
		host_verifier_free(host->verifier);
		host_cleanup(&host->host);
		free(host->sources);
	}
	free(host);
	return NULL;
}

/* A filter that means exactly what its profile says is shown with the profile's lines; any other with its instructions,
 * and compared with the profile. */
static void choose_lines(struct page_host *host, const struct host_unit *unit, const struct host_task *task,
			 struct page_source *source)
{
	const struct callgate_filter *profile = host_profile(host->verifier, unit);

	if (!profile)
		return;
	if (host_verify_task(host->verifier, unit, task) == HOST_EXACT) {
		source->filter = profile;
		return;
	}
	source->reference = profile;
	source->reference_name = unit->record->profile;
}

/* The source with the meaning of a task's stack, made when it is new. SOURCE_UNREADABLE; SOURCE_NONE after a message.
 */
static long find_source(struct page *page, struct page_host *host, const struct host_unit *unit,
			const struct host_task *task)
{
	const struct callgate_filter *filter;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct page_source *source;
	char digest[65];

	if (callgate_witness_filter(host->host.witness, (size_t)task->stack, &filter, &err) < 0 ||
	    callgate_filter_digest(filter, digest, &err) < 0)
		return SOURCE_UNREADABLE;
	for (size_t i = 0; i < page->count; i++)
		if (strcmp(page->sources[i].digest, digest) == 0)
			return (long)i;
	source = page_add(page, host_unit_name(unit));
	if (!source)
		return SOURCE_NONE;
	source->filter = filter;
	memcpy(source->digest, digest, sizeof(digest));
	choose_lines(host, unit, task, source);
	return (long)page->count - 1;
}

/* Containers come first, so what they run under gets the low numbers. */
static int find_sources(struct page *page, struct page_host *host)
{
	for (size_t i = 0; i < host->host.unit_count; i++) {
		const struct host_unit *unit = &host->host.units[i];
		long last = SOURCE_NONE;

		for (size_t j = 0; j < unit->count; j++) {
			const struct host_task *task = &unit->tasks[j];
			size_t filters = 0;
			long found;

			if (task->stack < 0)
				continue;
			callgate_witness_stack(host->host.witness, (size_t)task->stack, &filters);
			if (!filters)
				continue;
			found = host->sources[task->stack];
			found = found ? (found > 0 ? found - 1 : found) : find_source(page, host, unit, task);
			if (found == SOURCE_NONE)
				return EXIT_CANNOT;
			host->sources[task->stack] = found >= 0 ? found + 1 : found;
			if (found >= 0 && found != last && host_unit_kind(unit) == HOST_CONTAINER)
				page->sources[found].containers++;
			last = found;
		}
	}
	return EXIT_YES;
}

struct page_host *page_host_read(struct page *page)
{
	struct page_host *host = calloc(1, sizeof(*host));
	int code;

	if (!host) {
		report("out of memory");
		return NULL;
	}
	code = host_read(&host->host);
	if (code == EXIT_YES) {
		size_t stacks = host->host.witness ? callgate_witness_stacks(host->host.witness) : 0;

		host->verifier = host_verifier_new(page->options, &host->host);
		host->sources = calloc(stacks + 1, sizeof(*host->sources));
		code = host->verifier && host->sources ? find_sources(page, host) : EXIT_CANNOT;
	}
	return code == EXIT_YES ? host : page_host_free(host);
}

/* ------------------------------------------------------------------ rows */

/* Links to all sources of a unit, each once. */
static void print_links(FILE *to, const struct page_host *host, const struct host_unit *unit)
{
	bool any = false;

	cell_begin(to, "Filters");
	for (size_t i = 0; i < unit->count; i++) {
		long stack = unit->tasks[i].stack, source = stack < 0 ? 0 : host->sources[stack];
		bool seen = source <= 0;

		for (size_t j = 0; j < i && !seen; j++)
			seen = unit->tasks[j].stack >= 0 && host->sources[unit->tasks[j].stack] == source;
		if (seen)
			continue;
		fprintf(to, "%s<a href=\"#f%ld\">%ld</a>", any ? ", " : "", source, source);
		any = true;
	}
	fputs(any ? "</td>" : "-</td>", to);
}

static void print_unit(FILE *to, const struct page_host *host, const struct host_unit *unit)
{
	const char *verdict = host_unit_verdict(host->verifier, unit);
	bool bad = strcmp(verdict, "weaker") == 0 || strcmp(verdict, "none") == 0 || strcmp(verdict, "partly") == 0;

	fputs("<tr>", to);
	cell_begin(to, "Container");
	if (unit->name[0]) {
		html_text(to, unit->name);
		fputs(" <span class=\"soft\">", to);
		html_text(to, host_unit_name(unit));
		fputs("</span></td>", to);
	} else {
		html_text(to, host_unit_name(unit));
		fputs("</td>", to);
	}
	cell(to, "Profile", unit->record && unit->record->profile[0] ? unit->record->profile : "-");
	cell(to, "Last hook", unit->record && unit->record->result[0] ? unit->record->result : "-");
	cell_number(to, "Tasks", unit->count);
	cell_number(to, "Without filter", unit->unconfined);
	print_links(to, host, unit);
	fputs(bad ? "<td data-h=\"Verdict\" class=\"bad\">" : "<td data-h=\"Verdict\">", to);
	html_text(to, verdict);
	fputs(unit->record && host_has_drifted(host->verifier, unit) ? ", profile edited since</td></tr>\n"
								     : "</td></tr>\n",
	      to);
}

static void print_units(FILE *to, const struct page_host *host, enum host_kind from, enum host_kind upto)
{
	static const char *const heads[] = { "Container",      "Profile", "Last hook", "Tasks",
					     "Without filter", "Filters", "Verdict" };

	table_begin(to, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < host->host.unit_count; i++) {
		enum host_kind kind = host_unit_kind(&host->host.units[i]);

		if (kind >= from && kind <= upto)
			print_unit(to, host, &host->host.units[i]);
	}
	table_end(to);
}

void page_host_print(FILE *to, const struct page *page, const struct page_host *host)
{
	size_t containers = 0, bare = 0;

	for (size_t i = 0; i < host->host.unit_count; i++) {
		const struct host_unit *unit = &host->host.units[i];

		containers += host_unit_kind(unit) == HOST_CONTAINER;
		bare += host_unit_kind(unit) == HOST_CONTAINER && unit->unconfined;
	}
	fprintf(to,
		"<h2 id=\"containers\">Containers</h2>\n<p>%zu, %zu of them with tasks that have no filter; %zu "
		"filters that mean different things on the whole machine.</p>\n",
		containers, bare, page->count);
	if (!host->host.witness)
		fputs("<p>Filters were counted, not read: that needs root and a kernel with BPF task iterators.</p>\n",
		      to);
	if (containers)
		print_units(to, host, HOST_CONTAINER, HOST_CONTAINER);
	fputs("<h2 id=\"units\">Units and other tasks</h2>\n", to);
	print_units(to, host, HOST_SERVICE, HOST_REST);
}
