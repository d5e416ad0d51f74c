/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate compile: a profile as a program, proved equal to it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/recording.h"
#include "tool/tool.h"

enum { OPT_FORMAT = OPT_VERB, OPT_STATS, OPT_BACKEND, OPT_WEIGHTS };

enum { FORMAT_PFC = -1 }; /* written from the filter, not from the program */

enum backend { BACKEND_NATIVE, BACKEND_LIBSECCOMP };

struct request {
	int format; /* enum callgate_prog_format or FORMAT_PFC */
	enum backend backend;
	bool stats, write;
	const char *weights; /* a record */
};

static int take_format(const char *value, int *out)
{
	static const char *const words[] = { "bpf", "asm", "pfc", "c", "base64", NULL };
	static const int formats[] = { CALLGATE_PROG_RAW, CALLGATE_PROG_ASM, FORMAT_PFC, CALLGATE_PROG_C,
				       CALLGATE_PROG_BASE64 };
	int word;

	if (take_choice(value, words, "format", &word) < 0)
		return -1;
	*out = formats[word];
	return 0;
}

static int take_backend(const char *value, enum backend *out)
{
	static const char *const words[] = { [BACKEND_NATIVE] = "native", [BACKEND_LIBSECCOMP] = "libseccomp", NULL };
	int word;

	if (take_choice(value, words, "back end", &word) < 0)
		return -1;
	*out = (enum backend)word;
	return 0;
}

struct path {
	const struct callgate_prog *prog;
	double steps, calls;
};

static void walk(void *data, const struct callgate_recorded *recorded)
{
	struct path *path = data;
	struct callgate_call call = { .abi = recorded->abi, .nr = recorded->nr };
	struct callgate_action action;
	unsigned steps;

	if (callgate_prog_eval(path->prog, &call, &action, &steps) < 0)
		return;
	path->steps += (double)steps * (double)recorded->count;
	path->calls += (double)recorded->count;
}

/* Instructions that a recorded call takes on average, all arguments 0. */
static double mean_of_record(const struct callgate_prog *prog, const struct callgate_record *record)
{
	struct path path = { .prog = prog };

	callgate_record_each(record, walk, &path);
	return path.calls > 0 ? path.steps / path.calls : 0;
}

/* plain: the program without the weights of the record; both may be NULL. */
static int print_stats(const struct options *options, const struct callgate_prog *prog,
		       const struct callgate_prog *plain, const struct callgate_record *record)
{
	struct callgate_prog_stats stats = { 0 };
	char mean[16], recorded[32] = "", unweighted[32] = "";

	if (callgate_prog_measure(prog, options->target.host, &stats) < 0) {
		report("an error in callgate: the program cannot be measured");
		return EXIT_CANNOT;
	}
	snprintf(mean, sizeof(mean), "%u.%02u", stats.mean_path_x100 / 100, stats.mean_path_x100 % 100);
	if (record) {
		snprintf(recorded, sizeof(recorded), "%.2f", mean_of_record(prog, record));
		snprintf(unweighted, sizeof(unweighted), "%.2f", mean_of_record(plain, record));
	}
	if (options->json) {
		struct json_object *root = document("compile");

		json_object_object_add(root, "instructions", json_object_new_int64(stats.instructions));
		json_object_object_add(root, "longest-path", json_object_new_int64(stats.longest_path));
		json_object_object_add(root, "mean-path", json_object_new_double_s(stats.mean_path_x100 / 100.0, mean));
		if (record) {
			json_object_object_add(root, "recorded-path",
					       json_object_new_double_s(strtod(recorded, NULL), recorded));
			json_object_object_add(root, "unweighted-path",
					       json_object_new_double_s(strtod(unweighted, NULL), unweighted));
		}
		json_object_object_add(root, "proof", json_object_new_string("equal"));
		return print_document(root);
	}
	printf("instructions: %u\nlongest-path: %u\nmean-path: %s\n", stats.instructions, stats.longest_path, mean);
	if (record)
		printf("recorded-path: %s\nunweighted-path: %s\n", recorded, unweighted);
	printf("proof: equal\n");
	return finish_output(EXIT_YES);
}

static int write_program(const struct options *options, const struct callgate_filter *filter,
			 const struct callgate_prog *prog, int format)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char *bytes;
	size_t size;
	int code, r;

	if (format == FORMAT_PFC)
		r = callgate_filter_write_pfc(filter, &bytes, &size, &err);
	else
		r = callgate_prog_write(prog, (enum callgate_prog_format)format, &bytes, &size, &err);
	if (r < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	code = write_output(options, bytes, size);
	free(bytes);
	return code;
}

static int compile_filter(const struct options *options, struct callgate_filter *filter,
			  const struct callgate_record *record, const struct request *request)
{
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *prog = NULL;
	/* What the weights are compared with. */
	CALLGATE_CLEANUP(prog_cleanup) struct callgate_prog *plain = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	int r = record && request->stats ? callgate_filter_compile(filter, &plain, &err) : 0, code = EXIT_YES;

	if (r == 0 && record)
		r = callgate_filter_weigh(filter, record, &err);
	/* Nothing is written or said of a program whose proof failed. */
	if (r == 0 && request->backend == BACKEND_LIBSECCOMP)
		r = callgate_filter_compile_libseccomp(filter, 0, &prog, &err);
	else if (r == 0)
		r = callgate_filter_compile(filter, &prog, &err);
	if (r < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	if (request->write)
		code = write_program(options, filter, prog, request->format);
	if (code == EXIT_YES && request->stats)
		code = print_stats(options, prog, plain, record);
	return code;
}

static int compile_profile(const struct options *options, const char *profile, const struct request *request)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	struct callgate_record *record = NULL;
	struct callgate_err err = CALLGATE_ERR_INIT;
	int code = profile_resolve(options, profile, &filter);

	if (code)
		return code;
	if (request->weights && callgate_record_read(request->weights, &record, &err) < 0) {
		report_err(&err);
		return EXIT_CANNOT;
	}
	code = compile_filter(options, filter, record, request);
	callgate_record_free(record);
	return code;
}

static int take_own(void *data, int option, const char *value)
{
	struct request *request = data;

	if (option == OPT_FORMAT)
		return take_format(value, &request->format);
	if (option == OPT_BACKEND)
		return take_backend(value, &request->backend);
	if (option == OPT_WEIGHTS) {
		request->weights = value;
		return 0;
	}
	request->stats = true;
	return 0;
}

int verb_compile(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		{ "output", required_argument, NULL, OPT_OUTPUT },
		{ "format", required_argument, NULL, OPT_FORMAT },
		{ "stats", no_argument, NULL, OPT_STATS },
		{ "backend", required_argument, NULL, OPT_BACKEND },
		{ "weights", required_argument, NULL, OPT_WEIGHTS },
		OPTIONS_END,
	};
	struct request request = { .format = CALLGATE_PROG_RAW };
	struct command_line line = { known, "ho:", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if (argc - optind != 1)
		return verb_usage(verb, "one profile is needed");
	/* --stats alone is a question, not a wish for 2 KiB of binary on the terminal. */
	request.write = options.output || !request.stats;
	if (request.write && !options.output && request.format == CALLGATE_PROG_RAW && isatty(STDOUT_FILENO)) {
		report("refusing to write raw BPF to a terminal; use -o FILE or --format c");
		return EXIT_CANNOT;
	}
	return compile_profile(&options, argv[optind], &request);
}
