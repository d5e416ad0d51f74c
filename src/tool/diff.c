/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate diff: where two sources mean different things, with a call that shows it. */
#include <stdlib.h>
#include <string.h>

#include "tool/terminal.h"

enum { OPT_GATE = OPT_VERB, OPT_WITHIN, OPT_TARGET, OPT_MATRIX };

/* One number by name, several as FIRST..LAST. */
static void range_text(const struct callgate_difference *row, char *buf, size_t size)
{
	const char *first = callgate_syscall_name(row->abi, row->first),
		   *last = callgate_syscall_name(row->abi, row->last);
	char numbers[2][16];

	snprintf(numbers[0], sizeof(numbers[0]), "%u", row->first);
	snprintf(numbers[1], sizeof(numbers[1]), "%u", row->last);
	if (row->first == row->last)
		snprintf(buf, size, "%s", first ? first : numbers[0]);
	else
		snprintf(buf, size, "%s..%s", first ? first : numbers[0], last ? last : numbers[1]);
}

static const char *side_word(struct callgate_action action, bool opaque, char *buf, size_t size)
{
	if (opaque)
		return "OPAQUE";
	callgate_action_format(action, buf, size);
	return buf;
}

enum side { SIDE_A, SIDE_B };

static void print_side(FILE *to, const struct callgate_filter *filter, const struct callgate_difference *row,
		       enum side side)
{
	bool depends = side == SIDE_A ? row->depends_a : row->depends_b,
	     opaque = side == SIDE_A ? row->opaque_a : row->opaque_b;
	char word[32];

	if (depends && row->abi != CALLGATE_ABI_NONE)
		print_decision(to, filter, row->abi, row->first);
	else
		fprintf(to, "%s", side_word(side == SIDE_A ? row->a : row->b, opaque, word, sizeof(word)));
}

/* What is compared, and its differences. */
struct compared {
	const struct callgate_filter *a, *b;
	const struct callgate_diff *diff;
};

static void print_row(FILE *to, const struct compared *of, size_t index)
{
	const struct callgate_difference *row = callgate_diff_at(of->diff, index);
	struct difference_words said;
	char range[160];

	range_text(row, range, sizeof(range));
	difference_words(of->diff, index, &said);
	fprintf(to, "%s\t%s\t", said.abi, range);
	print_side(to, of->a, row, SIDE_A);
	putc('\t', to);
	print_side(to, of->b, row, SIDE_B);
	fprintf(to, "\t%s\t%s\n", callgate_change_name(row->change), said.witness);
}

/* Every named call of a row, so that a script need not know numbers. */
static struct json_object *names_to_json(const struct callgate_difference *row)
{
	struct json_object *array = json_object_new_array();

	for (uint32_t nr = row->first; nr - row->first < 4096; nr++) {
		const char *name = callgate_syscall_name(row->abi, nr);

		if (name)
			json_object_array_add(array, json_object_new_string(name));
		if (nr == row->last)
			break;
	}
	return array;
}

struct json_object *differences_to_json(const struct callgate_diff *diff)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *row = callgate_diff_at(diff, i);
		struct json_object *object = json_object_new_object();
		struct difference_words said;
		char word[32];

		difference_words(diff, i, &said);
		json_object_object_add(object, "abi", json_object_new_string(said.abi));
		json_object_object_add(object, "first", json_object_new_int64(row->first));
		json_object_object_add(object, "last", json_object_new_int64(row->last));
		json_object_object_add(object, "names", names_to_json(row));
		json_object_object_add(object, "change", json_object_new_string(callgate_change_name(row->change)));
		json_object_object_add(object, "witness", json_object_new_string(said.witness));
		json_object_object_add(object, "a",
				       json_object_new_string(side_word(row->a, row->opaque_a, word, sizeof(word))));
		json_object_object_add(object, "b",
				       json_object_new_string(side_word(row->b, row->opaque_b, word, sizeof(word))));
		json_object_object_add(object, "conditional",
				       json_object_new_boolean(row->depends_a || row->depends_b));
		json_object_array_add(array, object);
	}
	return array;
}

static void print_side_wide(const char *label, const struct callgate_filter *filter,
			    const struct callgate_difference *row, enum side side)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (to) {
		print_side(to, filter, row, side);
		if (fclose(to) == 0)
			terminal_hang(label, text);
	}
	free(text);
}

/* For people: what differs, and below it both sides and the call. */
static void print_row_wide(const struct compared *of, size_t index)
{
	const struct callgate_difference *row = callgate_diff_at(of->diff, index);
	char range[160], witness[256];
	struct difference_words said;

	range_text(row, range, sizeof(range));
	difference_words(of->diff, index, &said);
	if (row->abi == CALLGATE_ABI_NONE)
		snprintf(witness, sizeof(witness), "%s", said.witness);
	else
		call_text_named(&row->witness, witness, sizeof(witness));
	printf("%-11s %-24s %s\n", said.abi, range, callgate_change_name(row->change));
	print_side_wide("    A: ", of->a, row, SIDE_A);
	print_side_wide("    B: ", of->b, row, SIDE_B);
	terminal_hang("    as in ", witness);
}

void print_differences(FILE *to, const struct callgate_filter *a, const struct callgate_filter *b,
		       const struct callgate_diff *diff)
{
	const struct compared of = { a, b, diff };

	for (size_t i = 0; i < callgate_diff_count(diff); i++)
		if (to == stdout && on_terminal())
			print_row_wide(&of, i);
		else
			print_row(to, &of, i);
}

/* 1 when something surely differs, 2 when all that was found is unknown. */
static int diff_code(const struct callgate_diff *diff)
{
	int code = EXIT_YES;

	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		if (callgate_diff_at(diff, i)->change != CALLGATE_UNKNOWN)
			return EXIT_NO;
		code = EXIT_CANNOT;
	}
	return code;
}

struct request {
	bool gate;
	const char *within;
	struct targets targets; /* none: the options' own */
};

/* A gate is about every task of a live source: B permits what any of them may do, and where B is measured by a live
 * source its tasks have to agree. */
static int gate_open(const struct options *options, const struct request *request, const char *word, bool is_measured,
		     struct callgate_filter **out)
{
	enum source_kind kind;

	if (request->gate && is_live_source(word))
		return (is_measured ? live_join : live_same)(options, word, out);
	return source_open(options, word, out, &kind);
}

/* What B may come to: A, and what --within permits besides. */
static int allowance(const struct options *options, const struct request *request, struct callgate_filter **a)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *within = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *both;
	int code;

	if (!request->within)
		return EXIT_YES;
	code = gate_open(options, request, request->within, false, &within);
	if (code)
		return code;
	if (callgate_filter_combine(CALLGATE_JOIN, (const struct callgate_filter *const[]){ within, *a }, 2, &both,
				    &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	callgate_filter_free(*a);
	*a = both;
	return EXIT_YES;
}

/* 1 when B permits more somewhere, 2 when it may. */
static int gate_code(const struct callgate_diff *diff)
{
	int code = EXIT_YES;

	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *row = callgate_diff_at(diff, i);

		if (row->looser)
			return EXIT_NO;
		if (row->change == CALLGATE_UNKNOWN)
			code = EXIT_CANNOT;
	}
	return code;
}

static struct json_object *target_to_json(const char *target, int code, const struct callgate_diff *diff)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "target", text_to_json(target));
	json_object_object_add(object, "equal", json_object_new_boolean(callgate_diff_count(diff) == 0));
	json_object_object_add(object, "passes", json_object_new_boolean(code == EXIT_YES));
	json_object_object_add(object, "differences", differences_to_json(diff));
	return object;
}

/* One target. target NULL: the options' own, and no heading. */
static int diff_target(const struct options *options, const struct request *request, const char *const words[2],
		       const char *target, struct json_object *rows)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *a = NULL;
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *b = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_diff *diff = NULL;
	int code = gate_open(options, request, words[0], false, &a);

	if (code == EXIT_YES)
		code = gate_open(options, request, words[1], true, &b);
	if (code == EXIT_YES)
		code = allowance(options, request, &a);
	if (code)
		return code;
	if (callgate_filter_diff(a, b, options->abi_mask, &diff, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	code = request->gate ? gate_code(diff) : diff_code(diff);
	if (rows)
		json_object_array_add(rows, target_to_json(target ? target : "", code, diff));
	else if (target && callgate_diff_count(diff))
		printf("# target: %s\n", target);
	if (!rows)
		print_differences(stdout, a, b, diff);
	callgate_diff_free(diff);
	return code;
}

/* What is unknown outweighs a difference, in every target. */
static int diff_targets(const struct options *options, const struct request *request, const char *const words[2],
			struct json_object *rows)
{
	int worst = EXIT_YES;

	if (!request->targets.count)
		return diff_target(options, request, words, NULL, rows);
	answers_gather();
	for (size_t i = 0; i < request->targets.count; i++) {
		struct options of;
		int code = target_words(request->targets.list[i], options, &of) < 0
				   ? EXIT_CANNOT
				   : diff_target(&of, request, words, request->targets.list[i], rows);

		if (code > worst)
			worst = code;
	}
	answers_tell(options);
	return worst;
}

static int diff_sources(const struct options *options, const struct request *request, const char *const words[2])
{
	struct json_object *root, *rows, *first;
	int code;

	if (!options->json)
		return finish_output(diff_targets(options, request, words, NULL));
	root = document("diff");
	rows = json_object_new_array();
	code = diff_targets(options, request, words, rows);
	json_object_object_add(root, "a", text_to_json(words[0]));
	json_object_object_add(root, "b", text_to_json(words[1]));
	first = json_object_array_get_idx(rows, 0);
	if (request->targets.count || !first) {
		json_object_object_add(root, "equal", json_object_new_boolean(code == EXIT_YES && !request->gate));
		json_object_object_add(root, "targets", json_object_get(rows));
	} else {
		json_object_object_add(root, "equal", json_object_get(json_object_object_get(first, "equal")));
		json_object_object_add(root, "differences",
				       json_object_get(json_object_object_get(first, "differences")));
	}
	if (request->gate)
		json_object_object_add(root, "passes", json_object_new_boolean(code == EXIT_YES));
	json_object_put(rows);
	answers_to_json(root);
	return print_document(root) == 0 ? code : EXIT_CANNOT;
}

static int take_own(void *own, int option, const char *value)
{
	struct request *request = own;

	switch (option) {
	case OPT_GATE:
		request->gate = true;
		if (strcmp(value, "no-looser") == 0)
			return 0;
		report("unknown --gate '%s'; expected no-looser", value);
		return -1;
	case OPT_WITHIN:
		request->within = value;
		return 0;
	case OPT_TARGET:
		return targets_add(&request->targets, value);
	default:
		return targets_matrix(&request->targets, value);
	}
}

int verb_diff(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		OPTIONS_LIVE,
		{ "gate", required_argument, NULL, OPT_GATE },
		{ "within", required_argument, NULL, OPT_WITHIN },
		{ "target", required_argument, NULL, OPT_TARGET },
		{ "matrix", required_argument, NULL, OPT_MATRIX },
		OPTIONS_END,
	};
	struct request request = { 0 };
	struct command_line line = { known, "h", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv), first = optind;

	if (code == PARSED && (argc - first != 2 || (request.within && !request.gate)))
		code = verb_usage(verb, argc - first != 2 ? "two sources are needed"
							  : "--within belongs to --gate no-looser");
	if (code == PARSED)
		code = diff_sources(&options, &request, (const char *const[2]){ argv[first], argv[first + 1] });
	targets_cleanup(&request.targets);
	return code;
}
