/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate report: any sources, or the whole machine, as one HTML page that needs neither network nor script. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "config.h"
#include "tool/page.h"

enum { OPT_AGAINST = OPT_VERB, OPT_REGIONS };

struct request {
	const char *against, *regions;
};

/* A page that nobody can send or open is no report: what does not fit is named instead. */
enum { PAGE_BYTES = 960 << 10, ROW_LIMIT = 200, SIDE_BY_SIDE = 4 };

struct page_source *page_add(struct page *page, const char *name)
{
	struct page_source *grown = reallocarray(page->sources, page->count + 1, sizeof(*grown)), *source;

	if (!grown) {
		report("out of memory");
		return NULL;
	}
	page->sources = grown;
	source = &grown[page->count++];
	*source = (struct page_source){ 0 };
	snprintf(source->name, sizeof(source->name), "%s", name);
	return source;
}

static void page_cleanup(struct page *page)
{
	for (size_t i = 0; i < page->count; i++)
		callgate_filter_free(page->sources[i].owned);
	free(page->sources);
	regions_cleanup(&page->regions);
}

/* ------------------------------------------------------------------ head */

/* When it was made; SOURCE_DATE_EPOCH for who wants the same bytes again. */
static void print_time(FILE *to)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t given;
	time_t now = time(NULL);
	char text[64];
	struct tm tm;

	if (epoch && number_parse(epoch, 40, &given) == 0)
		now = (time_t)given;
	if (gmtime_r(&now, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm))
		fprintf(to, "%s", text);
}

static void print_head(FILE *to, const struct page *page, const struct page_host *host)
{
	char title[sizeof(((struct utsname *)NULL)->nodename) + 64] = "callgate report";
	struct utsname name;

	if (host && uname(&name) == 0)
		snprintf(title, sizeof(title), "callgate report: %s", name.nodename);
	html_begin(to, title);
	fputs("<p class=\"soft\">", to);
	print_time(to);
	fprintf(to, ", callgate %s", PACKAGE_VERSION);
	if (host && uname(&name) == 0) {
		fprintf(to, ", Linux ");
		html_text(to, name.release);
	}
	fprintf(to,
		", %zu %s</p>\n<p><a href=\"#filters\">Filters</a> &middot; <a href=\"#exposure\">Exposure</a> "
		"&middot; <a href=\"#differences\">Differences</a> &middot; <a href=\"#calls\">Calls</a></p>\n",
		page->count, page->count == 1 ? "filter" : "filters");
}

/* ------------------------------------------------------------------ filters */

struct tally {
	unsigned named, allowed, conditional;
};

static int count_calls(const struct callgate_filter *filter, enum callgate_abi abi, struct tally *out)
{
	*out = (struct tally){ 0 };
	for (uint32_t nr = 0; page_next_named(abi, &nr); nr++) {
		struct page_decision decision;

		if (page_decide(filter, abi, nr, &decision) < 0)
			return -1;
		out->named++;
		out->allowed += decision.letter == 'A' || decision.letter == 'L';
		out->conditional += decision.letter == 'C';
		page_decision_release(&decision);
	}
	return 0;
}

static int print_filter_row(FILE *to, const struct page *page, size_t index, const struct page_host *host)
{
	const struct page_source *source = &page->sources[index];
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = callgate_filter_abis(source->filter, abis);

	fprintf(to, "<tr id=\"f%zu\">", index + 1);
	cell_number(to, "Filter", index + 1);
	cell(to, host ? "Seen in" : "Source", source->name);
	if (host)
		cell_number(to, "Containers", source->containers);
	cell_begin(to, "Allowed calls");
	for (unsigned i = 0; i < count; i++) {
		struct tally tally;

		if (count_calls(source->filter, abis[i], &tally) < 0)
			return -1;
		fprintf(to, "%s%s&nbsp;%u of %u", i ? ", " : "", callgate_abi_name(abis[i]), tally.allowed,
			tally.named);
		if (tally.conditional)
			fprintf(to, " (%u more by their arguments)", tally.conditional);
	}
	fputs("</td>", to);
	cell_begin(to, "Digest");
	fprintf(to, "<code>%.12s</code></td></tr>\n", source->digest);
	return 0;
}

static int print_filters(FILE *to, const struct page *page, const struct page_host *host)
{
	static const char *const host_heads[] = { "Filter", "Seen in", "Containers", "Allowed calls", "Digest" };
	static const char *const heads[] = { "Filter", "Source", "Allowed calls", "Digest" };
	int r = 0;

	fputs("<h2 id=\"filters\">Filters</h2>\n<p class=\"soft\">Filters with one digest mean the same for every "
	      "call.</p>\n",
	      to);
	if (host)
		table_begin(to, host_heads, ARRAY_SIZE(host_heads));
	else
		table_begin(to, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < page->count && r == 0; i++)
		r = print_filter_row(to, page, i, host);
	table_end(to);
	return r;
}

/* ------------------------------------------------------------------ exposure */

static void print_reach(FILE *to, const struct page *page, const struct region *region, char *call, size_t size)
{
	bool any = false;

	for (size_t i = 0; i < page->count; i++) {
		enum callgate_abi abis[CALLGATE_ABI_COUNT];
		unsigned count = callgate_filter_abis(page->sources[i].filter, abis);
		const char *between = ": ";

		for (unsigned j = 0; j < count; j++) {
			struct callgate_pattern pattern;
			char here[192];

			if (!abi_is_open(page->sources[i].filter, abis[j]) ||
			    region_reach(page->sources[i].filter, abis[j], region, &pattern, here, sizeof(here)) ==
				    REACH_NONE)
				continue;
			if (*between == ':')
				fprintf(to, "%sfilter %zu", any ? "; " : "", i + 1);
			fprintf(to, "%s%s", between, callgate_abi_name(abis[j]));
			snprintf(call, size, "%s", here);
			between = ", ";
			any = true;
		}
	}
}

static int print_exposure(FILE *to, const struct page *page)
{
	static const char *const heads[] = { "Region", "Call", "Reachable under", "Why it is looked at",
					     "Known cases" };
	size_t shown = 0;

	fputs("<h2 id=\"exposure\">Exposure</h2>\n<p class=\"soft\">Calls that reviewers ask about first, and that a "
	      "filter permits for some arguments.</p>\n",
	      to);
	table_begin(to, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < page->regions.count; i++) {
		const struct region *region = &page->regions.list[i];
		char call[192], *text = NULL;
		size_t size = 0;
		FILE *memory = open_memstream(&text, &size);

		if (!memory)
			return -1;
		print_reach(memory, page, region, call, sizeof(call));
		if (fclose(memory) != 0)
			return -1;
		if (size) {
			shown++;
			fputs("<tr>", to);
			cell(to, heads[0], region->name);
			cell(to, heads[1], call);
			cell(to, heads[2], text);
			cell(to, heads[3], region->reason);
			cell(to, heads[4], region->ids);
			fputs("</tr>\n", to);
		}
		free(text);
	}
	table_end(to);
	if (!shown)
		fputs("<p>None of them is reachable.</p>\n", to);
	return 0;
}

/* ------------------------------------------------------------------ differences */

/* Rows of diff, which are separated by tabs, as a table. */
static void print_rows(FILE *to, char *rows, const struct page_source *source)
{
	static const char *const heads[] = { "ABI", "Call", "Expected", "Here", "Change", "For example" };
	size_t shown = 0, left = 0;
	char *row;

	table_begin(to, heads, ARRAY_SIZE(heads));
	while ((row = strsep(&rows, "\n"))) {
		char *word;

		if (!*row)
			continue;
		if (shown == ROW_LIMIT) {
			left++;
			continue;
		}
		shown++;
		fputs("<tr>", to);
		for (size_t i = 0; i < ARRAY_SIZE(heads) && (word = strsep(&row, "\t")); i++)
			cell(to, heads[i], word);
		fputs("</tr>\n", to);
	}
	table_end(to);
	if (!left)
		return;
	fprintf(to, "<p>%zu more rows: <code>callgate diff ", left);
	html_text(to, source->reference_name);
	fputs("</code> shows them all.</p>\n", to);
}

static int print_difference(FILE *to, const struct page_source *source, size_t number)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_diff *diff;
	char *text = NULL;
	size_t size = 0;
	FILE *memory;

	fprintf(to, "<h3>Filter %zu, ", number);
	html_text(to, source->name);
	fputs(", compared with ", to);
	html_text(to, source->reference_name);
	fputs("</h3>\n", to);
	if (callgate_filter_diff(source->reference, source->filter, 0, &diff, &err) < 0) {
		fputs("<p>Cannot tell: ", to);
		html_text(to, err.text);
		fputs("</p>\n", to);
		return 0;
	}
	memory = open_memstream(&text, &size);
	if (memory)
		print_differences(memory, source->reference, source->filter, diff);
	callgate_diff_free(diff);
	if (!memory || fclose(memory) != 0)
		return -1;
	if (size)
		print_rows(to, text, source);
	else
		fputs("<p>The same for every call.</p>\n", to);
	free(text);
	return 0;
}

static int print_all_differences(FILE *to, const struct page *page)
{
	bool any = false;
	int r = 0;

	fputs("<h2 id=\"differences\">Differences</h2>\n", to);
	for (size_t i = 0; i < page->count && r == 0; i++) {
		if (!page->sources[i].reference)
			continue;
		any = true;
		r = print_difference(to, &page->sources[i], i + 1);
	}
	if (!any)
		fputs("<p>Nothing to compare with: <code>--against PROFILE</code> names a profile.</p>\n", to);
	return r;
}

/* ------------------------------------------------------------------ calls */

static int print_map(FILE *to, const struct page *page, size_t first, size_t count)
{
	int r;

	fprintf(to, "<h3>Filter %zu", first + 1);
	for (size_t i = 1; i < count; i++)
		fprintf(to, ", %zu", first + i + 1);
	fputs("</h3>\n", to);
	r = page_heat(to, &page->sources[first], count);
	for (size_t i = 0; i < count && r == 0; i++) {
		fprintf(to, "<h3>Filter %zu: which line decides</h3>\n<p>", first + i + 1);
		html_text(to, page->sources[first + i].name);
		fputs("</p>\n", to);
		r = page_lines(to, &page->sources[first + i]);
	}
	return r;
}

/* What would make the page too long is not printed. */
static int print_map_if_it_fits(FILE *to, const struct page *page, size_t first, size_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	int r = memory ? print_map(memory, page, first, count) : -1;

	if (memory && fclose(memory) != 0)
		r = -1;
	fflush(to);
	if (r == 0 && ((size_t)ftell(to) + size <= PAGE_BYTES || first == 0)) {
		fwrite(text, 1, size, to);
	} else if (r == 0) {
		fprintf(to, "<h3>Filter %zu</h3>\n<p>Left out to keep the page small: <code>callgate report -o FILE ",
			first + 1);
		html_text(to, page->sources[first].name);
		fputs("</code> shows its calls.</p>\n", to);
	}
	free(text);
	return r;
}

static int print_calls(FILE *to, const struct page *page, const struct page_host *host)
{
	size_t step = host ? 1 : SIDE_BY_SIDE;
	int r = 0;

	fputs("<h2 id=\"calls\">Calls</h2>\n<p class=\"key\"><i class=A>A</i>allowed<i class=C>C</i>by the "
	      "arguments<i class=L>L</i>allowed and logged<i class=E>E</i>an error<i class=N>N</i>ENOSYS"
	      "<i class=T>T</i>SIGSYS<i class=K>K</i>killed<i class=R>R</i>a tracer<i class=U>U</i>a supervisor"
	      "<i class=O>O</i>cannot be told; a dot: the ABI has no such call. The line that decides is shown on "
	      "hover, and below as text.</p>\n",
	      to);
	for (size_t i = 0; i < page->count && r == 0; i += step)
		r = print_map_if_it_fits(to, page, i, page->count - i < step ? page->count - i : step);
	return r;
}

/* ------------------------------------------------------------------ the verb */

static int print_page(const struct page *page, const struct page_host *host)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	int r = -1, code;

	if (memory) {
		print_head(memory, page, host);
		if (host)
			page_host_print(memory, page, host);
		r = print_filters(memory, page, host);
		if (r == 0)
			r = print_exposure(memory, page);
		if (r == 0)
			r = print_all_differences(memory, page);
		if (r == 0)
			r = print_calls(memory, page, host);
		html_end(memory);
		if (fclose(memory) != 0)
			r = -1;
	}
	if (r < 0)
		report("out of memory");
	code = r < 0 ? EXIT_CANNOT : write_output(page->options, text, size);
	free(text);
	return code;
}

static int open_sources(struct page *page, char **words, int count)
{
	for (int i = 0; i < count; i++) {
		struct page_source *source = page_add(page, words[i]);
		struct callgate_err err = CALLGATE_ERR_INIT;
		enum source_kind kind;
		int code = source ? source_open(page->options, words[i], &source->owned, &kind) : EXIT_CANNOT;

		if (code != EXIT_YES)
			return code;
		source->filter = source->owned;
		if (callgate_filter_digest(source->filter, source->digest, &err) < 0) {
			report_err(&err);
			return EXIT_CANNOT;
		}
	}
	return EXIT_YES;
}

static void refer_all(struct page *page, const char *name, const struct callgate_filter *reference)
{
	for (size_t i = 0; i < page->count; i++) {
		page->sources[i].reference = reference;
		page->sources[i].reference_name = name;
	}
}

static int report_page(const struct options *options, const struct request *request, char **words, int count)
{
	CALLGATE_CLEANUP(page_cleanup) struct page page = { .options = options };
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *reference = NULL;
	struct page_host *host = NULL;
	enum source_kind kind;
	int code = regions_read(&page.regions, request->regions);

	if (code == EXIT_YES && request->against)
		code = source_open(options, request->against, &reference, &kind);
	if (code == EXIT_YES && count)
		code = open_sources(&page, words, count);
	if (code == EXIT_YES && !count) {
		host = page_host_read(&page);
		code = host ? EXIT_YES : EXIT_CANNOT;
	}
	if (code == EXIT_YES && reference)
		refer_all(&page, request->against, reference);
	if (code == EXIT_YES)
		code = print_page(&page, host);
	page_host_free(host);
	return code;
}

static int take_own(void *data, int option, const char *value)
{
	struct request *request = data;

	if (option == OPT_AGAINST)
		request->against = value;
	else
		request->regions = value;
	return 0;
}

int verb_report(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "color", required_argument, NULL, OPT_COLOR },
		OPTIONS_TARGET,
		OPTIONS_LIVE,
		{ "output", required_argument, NULL, OPT_OUTPUT },
		{ "against", required_argument, NULL, OPT_AGAINST },
		{ "regions", required_argument, NULL, OPT_REGIONS },
		OPTIONS_END,
	};
	struct request request = { 0 };
	struct command_line line = { known, "ho:", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	return report_page(&options, &request, argv + optind, argc - optind);
}
