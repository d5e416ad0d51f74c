/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate syscall: what a name or a number is, on every ABI. */
#include <string.h>

#include "base/private.h"
#include "tool/tool.h"

/* The native family is what people ask for; every ABI when they ask for all. */
static bool is_wanted(const struct options *options, enum callgate_abi abi)
{
	return !options->abi_mask || (options->abi_mask >> abi & 1);
}

static const char *kind_word(char kind)
{
	switch (kind) {
	case 'i':
		return "32-bit";
	case 'l':
		return "word";
	case 'p':
		return "pointer";
	case '6':
		return "64-bit";
	case 'h':
		return "half";
	case 'x':
		return "unused";
	default:
		return "?";
	}
}

static struct json_object *arguments_to_json(const char *kinds, const char *arg_names)
{
	struct json_object *array = json_object_new_array();
	char names[256], *at = names;

	snprintf(names, sizeof(names), "%s", arg_names);
	for (size_t i = 0; kinds[i]; i++) {
		struct json_object *row = json_object_new_object();
		char *name = strsep(&at, ",");

		json_object_object_add(row, "name", json_object_new_string(name ? name : ""));
		json_object_object_add(row, "width", json_object_new_string(kind_word(kinds[i])));
		json_object_array_add(array, row);
	}
	return array;
}

/* Whether the ABI has the arguments otherwise than most. */
static bool differs(const struct callgate_syscall_info *info, enum callgate_abi abi, struct callgate_arguments *out)
{
	return callgate_syscall_arguments(abi, info->name, out) == 0 &&
	       (strcmp(out->kinds, info->arg_kinds) != 0 || strcmp(out->names, info->arg_names) != 0);
}

/* Of the ABIs that have them otherwise than most. */
static struct json_object *own_arguments_to_json(const struct options *options,
						 const struct callgate_syscall_info *info)
{
	struct json_object *object = json_object_new_object();

	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
		struct callgate_arguments own;
		uint32_t nr;

		if (is_wanted(options, (enum callgate_abi)abi) &&
		    callgate_syscall_number((enum callgate_abi)abi, info->name, &nr) == 0 &&
		    differs(info, (enum callgate_abi)abi, &own))
			json_object_object_add(object, callgate_abi_name((enum callgate_abi)abi),
					       arguments_to_json(own.kinds, own.names));
	}
	return object;
}

static struct json_object *numbers_to_json(const struct options *options, const struct callgate_syscall_info *info)
{
	struct json_object *object = json_object_new_object();

	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
		uint32_t nr;

		if (is_wanted(options, (enum callgate_abi)abi) &&
		    callgate_syscall_number((enum callgate_abi)abi, info->name, &nr) == 0)
			json_object_object_add(object, callgate_abi_name((enum callgate_abi)abi),
					       json_object_new_int64(nr));
	}
	return object;
}

static void add_json(const struct options *options, struct json_object *rows, const struct callgate_syscall_info *info)
{
	struct json_object *row = json_object_new_object();
	char kernel[16];

	snprintf(kernel, sizeof(kernel), "%u.%u", info->kernel_major, info->kernel_minor);
	json_object_object_add(row, "name", json_object_new_string(info->name));
	json_object_object_add(row, "kernel", json_object_new_string(kernel));
	json_object_object_add(row, "sets", json_object_new_string(info->sets));
	json_object_object_add(row, "arguments", arguments_to_json(info->arg_kinds, info->arg_names));
	json_object_object_add(row, "numbers", numbers_to_json(options, info));
	json_object_object_add(row, "arguments-by-abi", own_arguments_to_json(options, info));
	json_object_array_add(rows, row);
}

/* "(cl_args: pointer, size: word)" */
static void print_prototype(const char *kinds, const char *names)
{
	char copy[256], *at = copy;

	snprintf(copy, sizeof(copy), "%s", names);
	printf("(");
	for (size_t i = 0; kinds[i]; i++) {
		char *name = strsep(&at, ",");

		printf("%s%s: %s", i ? ", " : "", name ? name : "?", kind_word(kinds[i]));
	}
	printf(")");
}

/*
 * "clone3(cl_args: pointer, size: word)  since 5.3  process,namespace", then a line per ABI: abi, number, multiplexer.
 */
static void print_info(const struct options *options, const struct callgate_syscall_info *info)
{
	printf("%s", info->name);
	print_prototype(info->arg_kinds, info->arg_names);
	printf("\tsince %u.%u%s\t%s\n", info->kernel_major, info->kernel_minor,
	       info->kernel_major == 2 ? " or before" : "", info->sets);
	for (int i = 0; i < CALLGATE_ABI_COUNT; i++) {
		enum callgate_abi abi = (enum callgate_abi)i;
		struct callgate_arguments arguments;
		bool has_number, has_mux;
		uint32_t nr, selector;
		const char *mux;

		if (!is_wanted(options, abi))
			continue;
		has_number = callgate_syscall_number(abi, info->name, &nr) == 0;
		has_mux = callgate_syscall_mux(abi, info->name, &mux, &selector) == 0;
		if (!has_number && !has_mux)
			continue;
		printf("  %s\t", callgate_abi_name(abi));
		if (has_number)
			printf("%u", nr);
		else
			printf("-");
		if (has_mux)
			printf("\t%s(%u)", mux, selector);
		if (has_number && differs(info, abi, &arguments)) {
			printf("\t");
			print_prototype(arguments.kinds, arguments.names);
		}
		printf("\n");
	}
}

static int show(const struct options *options, struct json_object *rows, const char *name)
{
	struct callgate_syscall_info info;

	if (callgate_syscall_info(name, &info) < 0) {
		const char *nearest = callgate_syscall_nearest(name);

		report("unknown syscall '%s'%s%s%s", name, nearest ? "; did you mean '" : "", nearest ? nearest : "",
		       nearest ? "'?" : "");
		return EXIT_NO;
	}
	if (rows)
		add_json(options, rows, &info);
	else
		print_info(options, &info);
	return EXIT_YES;
}

/* A number means another call on each ABI. */
static int show_number(const struct options *options, struct json_object *rows, uint32_t nr)
{
	int found = EXIT_NO;

	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
		const char *name = callgate_syscall_name((enum callgate_abi)abi, nr);

		if (!name || !is_wanted(options, (enum callgate_abi)abi))
			continue;
		found = EXIT_YES;
		if (rows) {
			struct json_object *row = json_object_new_object();

			json_object_object_add(row, "abi",
					       json_object_new_string(callgate_abi_name((enum callgate_abi)abi)));
			json_object_object_add(row, "number", json_object_new_int64(nr));
			json_object_object_add(row, "name", json_object_new_string(name));
			json_object_array_add(rows, row);
		} else {
			printf("%s\t%u\t%s\n", callgate_abi_name((enum callgate_abi)abi), nr, name);
		}
	}
	if (found == EXIT_NO)
		report("syscall %u exists on none of these ABIs", nr);
	return found;
}

int verb_syscall(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		{ "abi", required_argument, NULL, OPT_ABI },
		OPTIONS_END,
	};
	struct command_line line = { .known = known, .brief = "h" };
	struct json_object *root = NULL, *rows = NULL;
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv), worst = EXIT_YES;

	if (code != PARSED)
		return code;
	if (optind == argc)
		return verb_usage(verb, "no system call is named");
	if (options.json) {
		root = document("syscall");
		rows = json_object_new_array();
		json_object_object_add(root, "calls", rows);
	}
	for (int i = optind; i < argc; i++) {
		uint64_t nr;

		code = number_parse(argv[i], 32, &nr) == 0 ? show_number(&options, rows, (uint32_t)nr)
							   : show(&options, rows, argv[i]);
		if (code > worst)
			worst = code;
	}
	if (root && print_document(root) != 0)
		return EXIT_CANNOT;
	return finish_output(worst);
}
