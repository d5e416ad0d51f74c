/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate explain: what happens to a call, per ABI, and which line decided. */
#include <stdlib.h>
#include <string.h>

#include "tool/terminal.h"

enum { OPT_BATCH = OPT_VERB, OPT_RISKS, OPT_GROUP };

struct request {
	const char *batch;
	bool risks, grouped;
};

/* Where rows go: TSV to stdout, or an array of a document. */
struct sink {
	const struct callgate_filter *filter;
	const struct callgate_prog *prog; /* that it was read from; NULL: none, or several */
	struct json_object *rows;         /* NULL: TSV */
	size_t printed;                   /* outcomes so far */
	bool incomplete;                  /* some of them are not known */
	const char *arch;                 /* of rows without an ABI: its AUDIT_ARCH_ word */
};

/* What nobody reads to its end is not printed to its end; a document is in memory before it is printed. */
enum { PRINT_LIMIT = 1 << 16, DOCUMENT_LIMIT = 1 << 14 };

/* ------------------------------------------------------------------ one pattern */

static void call_format(const struct callgate_pattern *pattern, uint32_t last, char *buf, size_t size)
{
	const char *name = callgate_syscall_name(pattern->abi, pattern->nr);
	size_t used;

	if (pattern->nr != last)
		snprintf(buf, size, "%u-%u", pattern->nr, last);
	else if (name)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%u", pattern->nr);
	used = strlen(buf);
	if (!pattern->known || used + 160 > size)
		return;
	for (unsigned i = 0; i < 6; i++) {
		char value[96] = "*";

		if (pattern->known >> i == 0)
			break;
		if (pattern->known >> i & 1 && name && on_terminal())
			callgate_value_format(pattern->abi, name, i, pattern->args[i], value, sizeof(value));
		else if (pattern->known >> i & 1)
			snprintf(value, sizeof(value), "0x%llx", (unsigned long long)pattern->args[i]);
		if (used < size)
			used += (size_t)snprintf(buf + used, size - used, "%c%s", i ? ',' : '(', value);
	}
	if (used < size)
		snprintf(buf + used, size - used, ")");
}

static void print_origins(const struct callgate_outcome *outcomes, size_t count)
{
	char origin[512], last[512] = "";
	size_t shown = 0;

	for (size_t i = 0; i < count; i++) {
		origin_format(&outcomes[i].origin, origin, sizeof(origin));
		if (strcmp(origin, last) == 0)
			continue;
		printf("%s%s", shown++ ? "; " : "", origin);
		snprintf(last, sizeof(last), "%s", origin);
	}
}

static struct json_object *outcomes_to_json(const struct callgate_outcome *outcomes, size_t count)
{
	struct json_object *array = json_object_new_array();
	char word[32];

	for (size_t i = 0; i < count; i++) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "action",
				       json_object_new_string(outcome_word(&outcomes[i], word, sizeof(word))));
		if (outcomes[i].conditions[0])
			json_object_object_add(row, "conditions", json_object_new_string(outcomes[i].conditions));
		json_object_object_add(row, "origin", origin_to_json(&outcomes[i].origin));
		json_object_array_add(array, row);
	}
	return array;
}

static const char *abi_text(const struct sink *sink, const struct callgate_pattern *pattern)
{
	return sink->arch ? sink->arch : callgate_abi_name(pattern->abi);
}

/* For people: an outcome a line, in columns, with the line that decided behind it. */
static void show_wide(const char *abi, const struct callgate_pattern *pattern, const char *call,
		      const struct callgate_outcome *outcomes, size_t count)
{
	char origin[512], word[32];

	for (size_t i = 0; i < count; i++) {
		origin_format(&outcomes[i].origin, origin, sizeof(origin));
		printf("%-11s %-22s %-14s %s\n", i ? "" : abi, i ? "" : call,
		       outcome_word(&outcomes[i], word, sizeof(word)), origin);
		if (!outcomes[i].conditions[0])
			continue;
		printf("%-11s %-22s   if ", "", "");
		print_conditions(stdout, pattern, outcomes[i].conditions);
		putchar('\n');
	}
}

/* Shows what happens to numbers pattern->nr .. last, which share one decision. */
static void show_row(struct sink *sink, const struct callgate_pattern *pattern, uint32_t last,
		     const struct callgate_outcome *outcomes, size_t count)
{
	char call[320];

	if (sink->printed > (sink->rows ? DOCUMENT_LIMIT : PRINT_LIMIT)) {
		sink->incomplete = true;
		return;
	}
	sink->printed += count;
	for (size_t i = 0; i < count; i++)
		sink->incomplete |= outcomes[i].opaque && outcomes[i].origin.why == CALLGATE_BY_LIMIT;
	call_format(pattern, last, call, sizeof(call));
	if (sink->rows) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "abi", json_object_new_string(abi_text(sink, pattern)));
		json_object_object_add(row, "call", json_object_new_string(call));
		json_object_object_add(row, "first", json_object_new_int64(pattern->nr));
		json_object_object_add(row, "last", json_object_new_int64(last));
		json_object_object_add(row, "outcomes", outcomes_to_json(outcomes, count));
		json_object_array_add(sink->rows, row);
	} else if (on_terminal()) {
		show_wide(abi_text(sink, pattern), pattern, call, outcomes, count);
	} else {
		printf("%s\t%s\t", abi_text(sink, pattern), call);
		print_outcomes(stdout, pattern, outcomes, count);
		putchar('\t');
		print_origins(outcomes, count);
		putchar('\n');
	}
}

/* What happens to a pattern; NULL after a message. Where it is not known the one outcome is opaque. */
static struct callgate_outcome *list_or_report(struct sink *sink, const struct callgate_pattern *pattern, size_t *count)
{
	struct callgate_outcome *outcomes = outcomes_list(sink->filter, pattern, count);

	if (!outcomes) {
		outcomes = calloc(1, sizeof(*outcomes));
		if (!outcomes) {
			report("out of memory");
			return NULL;
		}
		*count = 1;
		outcomes->opaque = true;
		outcomes->origin.why = CALLGATE_BY_LIMIT;
	}
	return outcomes;
}

/* Where the filter is opaque and every argument is given, the program itself is run. */
static void run_opaque(const struct sink *sink, const struct callgate_pattern *pattern,
		       struct callgate_outcome *outcomes, size_t count)
{
	const char *name = callgate_syscall_name(pattern->abi, pattern->nr);
	struct callgate_call call = { .abi = pattern->abi, .nr = pattern->nr };
	struct callgate_syscall_info info;
	unsigned wanted = 0x3f;

	if (name && callgate_syscall_info(name, &info) == 0 && *info.arg_kinds)
		wanted = (1u << strlen(info.arg_kinds)) - 1;
	if (!sink->prog || count != 1 || !outcomes[0].opaque || (pattern->known & wanted) != wanted)
		return;
	memcpy(call.args, pattern->args, sizeof(call.args));
	outcomes[0].opaque = callgate_prog_eval(sink->prog, &call, &outcomes[0].action, NULL) < 0;
}

/* The end of the rows: exit code 2 when something in them is not known. */
static int finish_rows(const struct sink *sink, int code)
{
	if (!sink->incomplete || code != EXIT_YES)
		return code;
	report("too complex: not all conditions are listed; give argument values");
	return EXIT_CANNOT;
}

static int explain_pattern(struct sink *sink, const struct callgate_pattern *pattern, uint32_t last)
{
	size_t count;
	struct callgate_outcome *outcomes = list_or_report(sink, pattern, &count);

	if (!outcomes)
		return EXIT_CANNOT;
	run_opaque(sink, pattern, outcomes, count);
	show_row(sink, pattern, last, outcomes, count);
	free(outcomes);
	return EXIT_YES;
}

/* ------------------------------------------------------------------ the words of CALL */

static int decide_arch(const struct callgate_filter *filter, uint32_t audit, const struct callgate_pattern *pattern,
		       struct callgate_outcome *outcome)
{
	struct callgate_call call = { .abi = CALLGATE_ABI_NONE, .nr = pattern->nr };

	memcpy(call.args, pattern->args, sizeof(call.args));
	return callgate_filter_decide_arch(filter, audit, &call, &outcome->action, &outcome->origin);
}

/* 0xWORD:NR(ARGUMENTS), as diff shows a call of an architecture that is not listed; arguments that are missing are 0.
 */
static int explain_arch_call(struct sink *sink, const char *text, const char *colon)
{
	struct callgate_outcome outcome = { 0 };
	struct asked_call call;
	struct callgate_pattern pattern;
	char word[64];
	uint64_t audit;

	snprintf(word, sizeof(word), "%.*s", (int)(colon - text), text);
	if (number_parse(word, 32, &audit) < 0) {
		report("'%s': '%s' is not an AUDIT_ARCH_ word", text, word);
		return EXIT_CANNOT;
	}
	if (call_parse(colon + 1, &call) < 0 || call_by_number(&call, &pattern) < 0)
		return EXIT_CANNOT;
	outcome.opaque = decide_arch(sink->filter, (uint32_t)audit, &pattern, &outcome) < 0;
	sink->arch = word;
	show_row(sink, &pattern, pattern.nr, &outcome, 1);
	sink->arch = NULL;
	return EXIT_YES;
}

static int explain_call(const struct options *options, struct sink *sink, const char *text)
{
	const char *colon = strchr(text, ':');
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = wanted_abis(options, sink->filter, abis);
	struct asked_call call;
	int code = EXIT_YES, found = -1;

	if (colon && strncmp(text, "0x", 2) == 0)
		return explain_arch_call(sink, text, colon);
	if (call_parse(text, &call) < 0)
		return EXIT_CANNOT;
	for (unsigned i = 0; i < count && code == EXIT_YES; i++) {
		struct callgate_pattern pattern;
		int r = call_on_abi(&call, abis[i], &pattern);

		if (r < 0)
			return EXIT_CANNOT;
		if (r > 0)
			continue;
		found = 0;
		code = explain_pattern(sink, &pattern, pattern.nr);
	}
	if (found < 0) {
		report("syscall '%s' exists on none of these ABIs", call.name);
		return EXIT_CANNOT;
	}
	return code;
}

/* ------------------------------------------------------------------ the whole filter */

/* Names stop somewhere below 2^16 above an ABI's base: no need to ask 2^32 times. */
enum { NAMES_END = 1 << 16 };

uint32_t named_run(enum callgate_abi abi, uint32_t first, uint32_t last)
{
	uint32_t at = first;

	if (callgate_syscall_name(abi, first))
		return first;
	while (at < last && !callgate_syscall_name(abi, at + 1)) {
		if (at - first > NAMES_END)
			return last;
		at++;
	}
	return at;
}

/* Named numbers get a row each, so that rows can be grepped; what has no name stays a range, and so does what has more
 * outcomes than anybody repeats for hundreds of calls. */
enum { REPEAT_LIMIT = 64 };
static int explain_range(struct sink *sink, enum callgate_abi abi, const struct callgate_row *row)
{
	struct callgate_pattern pattern = { .abi = abi, .nr = row->first };
	size_t count;
	struct callgate_outcome *outcomes = list_or_report(sink, &pattern, &count);

	while (outcomes) {
		bool whole = count > REPEAT_LIMIT || sink->printed > PRINT_LIMIT;
		uint32_t last = whole ? row->last : named_run(abi, pattern.nr, row->last);

		show_row(sink, &pattern, last, outcomes, count);
		if (last == row->last) {
			free(outcomes);
			return EXIT_YES;
		}
		pattern.nr = last + 1;
	}
	return EXIT_CANNOT;
}

static int explain_abi(struct sink *sink, enum callgate_abi abi)
{
	size_t rows = callgate_filter_row_count(sink->filter, abi);
	struct callgate_row row = { .first = 0, .last = UINT32_MAX };
	int code = EXIT_YES;

	if (!rows)
		return explain_pattern(sink, &(struct callgate_pattern){ .abi = abi }, UINT32_MAX);
	for (size_t i = 0; i < rows && code == EXIT_YES; i++)
		code = callgate_filter_row(sink->filter, abi, i, &row) < 0 ? EXIT_CANNOT
									   : explain_range(sink, abi, &row);
	return code;
}

static int explain_all(const struct options *options, struct sink *sink, const struct request *request)
{
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = wanted_abis(options, sink->filter, abis);
	bool grouped = request->grouped || (!sink->rows && on_terminal());
	int code = EXIT_YES;

	for (unsigned i = 0; i < count && code == EXIT_YES; i++)
		code = grouped ? print_grouped(sink->filter, abis[i], sink->rows) : explain_abi(sink, abis[i]);
	return code;
}

/* ------------------------------------------------------------------ --batch */

/* An ABI, or the AUDIT_ARCH_ word of an architecture in hex. */
static bool batch_abi(const char *word, struct callgate_call *call, uint32_t *audit)
{
	uint64_t value = 0;

	call->abi = CALLGATE_ABI_NONE;
	if (callgate_abi_parse(word, &call->abi) == 0)
		return true;
	if (strncmp(word, "0x", 2) != 0 || number_parse(word, 32, &value) < 0)
		return false;
	*audit = (uint32_t)value;
	return true;
}

/* A row is TSV: abi, number or name, a0 .. a5 (missing ones are 0). NULL: understood; else what is wrong. */
static const char *batch_call(char *line, struct callgate_call *call, uint32_t *audit)
{
	char *at = line, *word = strsep(&at, "\t"), *name;

	memset(call, 0, sizeof(*call));
	if (!batch_abi(word, call, audit))
		return "unknown ABI in the first column; columns are separated by tabs";
	word = strsep(&at, "\t");
	if (!word)
		return "no syscall";
	name = word;
	if (call_number(call->abi, word, &call->nr) != 0)
		return "unknown syscall in the second column";
	for (unsigned i = 0; (word = strsep(&at, "\t")); i++) {
		if (i == 6)
			return "more than six arguments";
		if (callgate_value_parse(call->abi, name, i, word, &call->args[i]) < 0)
			return "argument is neither a number nor a known value";
	}
	return NULL;
}

static int batch_line(const struct callgate_filter *filter, char *line, const char *file, unsigned number)
{
	char *copy = strdup(line), word[32] = "OPAQUE";
	struct callgate_action action;
	struct callgate_call call;
	const char *wrong;
	uint32_t audit = 0;
	int r;

	if (!copy) {
		report("out of memory");
		return EXIT_CANNOT;
	}
	wrong = batch_call(copy, &call, &audit);
	free(copy);
	if (wrong) {
		fprintf(stderr, "%s:%u: error: %s\n", file, number, wrong);
		return EXIT_CANNOT;
	}
	if (call.abi == CALLGATE_ABI_NONE)
		r = callgate_filter_decide_arch(filter, audit, &call, &action, NULL);
	else
		r = callgate_filter_decide(filter, &call, &action, NULL);
	if (r == 0)
		callgate_action_format(action, word, sizeof(word));
	printf("%s\t%s\n", line, word);
	return EXIT_YES;
}

static int explain_batch(const struct callgate_filter *filter, const char *file)
{
	FILE *from = input_open(file);
	char line[INPUT_LINE];
	unsigned number = 0;
	int code = EXIT_YES;

	if (!from)
		return EXIT_CANNOT;
	while (code == EXIT_YES) {
		bool more = false;
		const char *wrong = input_line(from, line, &more);

		number++;
		if (wrong) {
			fprintf(stderr, "%s:%u: error: %s\n", file, number, wrong);
			code = EXIT_CANNOT;
		} else if (!more) {
			break;
		} else if (line[0] && line[0] != '#') {
			code = batch_line(filter, line, file, number);
		}
	}
	if (ferror(from)) {
		report("%s: cannot read", file);
		code = EXIT_CANNOT;
	}
	if (from != stdin)
		fclose(from);
	return code;
}

/* ------------------------------------------------------------------ the verb */

static int explain_words(const struct options *options, struct sink *sink, const struct request *request, char **words,
			 int count)
{
	int code = EXIT_YES;

	if (request->batch)
		return explain_batch(sink->filter, request->batch);
	if (count == 1)
		return explain_all(options, sink, request);
	for (int i = 1; i < count && code == EXIT_YES; i++)
		code = explain_call(options, sink, words[i]);
	return code;
}

/* A container that does not run is explained too: what it will run under. */
static int open_source(const struct options *options, const char *word, struct callgate_filter **out,
		       enum source_kind *kind)
{
	if (strncmp(word, "lxc:", 4) != 0 || lxc_is_running(word + 4, options->lxcpath))
		return source_open(options, word, out, kind);
	*kind = SOURCE_PROFILE;
	return lxc_next_filter(options, word + 4, out);
}

static int explain_source(const struct options *options, const struct request *request, char **words, int count)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *prog = NULL;
	struct json_object *root = NULL, *risks = NULL;
	enum source_kind kind;
	struct sink sink = { 0 };
	bool whole = count == 1 && !request->batch;
	int code = open_source(options, words[0], &filter, &kind);

	if (code)
		return code;
	sink.filter = filter;
	if (kind == SOURCE_BPF && !whole) {
		code = program_read(options, words[0] + strlen("bpf:"), &prog);
		if (code)
			return code;
		sink.prog = prog;
	}
	if (options->json) {
		root = document("explain");
		sink.rows = json_object_new_array();
		json_object_object_add(root, "source", json_object_new_string(words[0]));
		json_object_object_add(root, "rows", sink.rows);
		risks = json_object_new_array();
	}
	code = explain_words(options, &sink, request, words, count);
	/* A filter of unknown origin is read by people who look for holes; a profile's author asks for them. */
	if (code == EXIT_YES && whole && (request->risks || kind == SOURCE_BPF || kind == SOURCE_LIVE))
		code = tell_risks(filter, risks);
	if (whole && root)
		json_object_object_add(root, "openings", risks);
	else
		json_object_put(risks);
	if (code) {
		json_object_put(root);
		return code;
	}
	if (root) {
		json_object_object_add(root, "complete", json_object_new_boolean(!sink.incomplete));
		answers_to_json(root);
	}
	code = root ? print_document(root) : finish_output(EXIT_YES);
	return finish_rows(&sink, code);
}

static int take_own(void *data, int option, const char *value)
{
	struct request *request = data;

	if (option == OPT_BATCH)
		request->batch = value;
	else if (option == OPT_RISKS)
		request->risks = true;
	else
		request->grouped = true;
	return 0;
}

int verb_explain(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		OPTIONS_LIVE,
		{ "batch", required_argument, NULL, OPT_BATCH },
		{ "risks", no_argument, NULL, OPT_RISKS },
		{ "openings", no_argument, NULL, OPT_RISKS },
		{ "group", no_argument, NULL, OPT_GROUP },
		OPTIONS_END,
	};
	struct request request = { 0 };
	struct command_line line = { known, "h", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (optind == argc || (request.batch && argc - optind > 1))
		return verb_usage(verb, optind == argc ? "no source is named"
						       : "--batch FILE takes no calls beside those in FILE");
	if (request.batch && options.json)
		return verb_usage(verb, "--batch and --json exclude each other");
	return explain_source(&options, &request, argv + optind, argc - optind);
}
