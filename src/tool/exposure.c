/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate exposure: which regions of calls are reachable under a profile, a program or a container's filters. */
#include <stdlib.h>
#include <string.h>

#include "tool/regions.h"

enum { OPT_REGIONS = OPT_VERB, OPT_FORBID, OPT_LIST };

struct request {
	const char *path;   /* --regions */
	const char *forbid; /* --forbid: "bpf,af_alg" */
	bool list;
	struct regions regions;
	bool forbidden; /* one of them was reachable */
};

/* Where rows go: text, or a list of a document; source is NULL where there is only one. */
struct place {
	const char *source;
	struct json_object *rows;
	size_t count;
};

static bool in_list(const char *list, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == size && memcmp(at, name, size) == 0)
			return true;
	return false;
}

static struct json_object *ids_to_json(const char *ids)
{
	struct json_object *list = json_object_new_array();

	for (const char *at = strcmp(ids, "-") == 0 ? "" : ids; *at; at += strcspn(at, ","), at += *at == ',')
		json_object_array_add(list, json_object_new_string_len(at, (int)strcspn(at, ",")));
	return list;
}

static void show(struct place *place, const struct region *region, const char *abi, const char *call,
		 const char *action)
{
	struct json_object *row;

	place->count++;
	if (!place->rows) {
		printf("%s\t%s\t%s\t%s", region->name, abi, call, action);
		printf(place->source ? "\t%s\n" : "\n", place->source);
		return;
	}
	row = json_object_new_object();
	json_object_object_add(row, "region", json_object_new_string(region->name));
	json_object_object_add(row, "abi", json_object_new_string(abi));
	json_object_object_add(row, "call", json_object_new_string(call));
	json_object_object_add(row, "action", json_object_new_string(action));
	json_object_object_add(row, "ids", ids_to_json(region->ids));
	json_object_object_add(row, "reason", json_object_new_string(region->reason));
	json_object_array_add(place->rows, row);
}

/* What happens to the call, as explain has it: "ALLOW if a0 == 0x8; ERRNO(EPERM) otherwise". */
static void show_reached(struct place *place, const struct callgate_filter *filter, const struct region *region,
			 const struct callgate_pattern *pattern, const char *call)
{
	char *text = NULL;
	size_t size = 0, count;
	FILE *memory = open_memstream(&text, &size);
	struct callgate_outcome *outcomes = outcomes_list(filter, pattern, &count);

	if (memory && outcomes)
		print_outcomes(memory, pattern, outcomes, count);
	if (memory)
		fclose(memory);
	show(place, region, callgate_abi_name(pattern->abi), call, text && *text ? text : "OPAQUE");
	free(outcomes);
	free(text);
}

static void expose(struct request *request, const struct options *options, const struct callgate_filter *filter,
		   struct place *place)
{
	static const struct region x32 = { "x32", "the ABI", "CVE-2014-0038",
					   "has its own numbers for most calls, which filters by number often forget" };
	enum callgate_abi abis[CALLGATE_ABI_COUNT];
	unsigned count = wanted_abis(options, filter, abis);

	for (unsigned i = 0; i < count; i++) {
		if (!abi_is_open(filter, abis[i]))
			continue;
		if (abis[i] == CALLGATE_ABI_X32) {
			show(place, &x32, "x32", "*", "ALLOW");
			request->forbidden |= in_list(request->forbid, x32.name);
		}
		for (size_t j = 0; j < request->regions.count; j++) {
			const struct region *region = &request->regions.list[j];
			struct callgate_pattern pattern;
			char call[192];

			if (region_reach(filter, abis[i], region, &pattern, call, sizeof(call)) == REACH_NONE)
				continue;
			show_reached(place, filter, region, &pattern, call);
			request->forbidden |= in_list(request->forbid, region->name);
		}
	}
}

static int expose_source(struct request *request, const struct options *options, const char *source,
			 struct place *place)
{
	CALLGATE_CLEANUP(filter_cleanup) struct callgate_filter *filter = NULL;
	char shown[4 * 256 + 1];
	enum source_kind kind;
	int code = is_live_source(source) ? live_join(options, source, &filter)
					  : source_open(options, source, &filter, &kind);

	if (code == EXIT_YES)
		expose(request, options, filter, place);
	if (code == EXIT_YES && !place->count && !place->rows)
		fprintf(stderr,
			"callgate: note: %s: none of the %zu calls that are asked about is reachable ('callgate "
			"exposure --list' prints them)\n",
			callgate_escape(source, shown, sizeof(shown)), request->regions.count);
	return code;
}

static int expose_all(struct request *request, const struct options *options, char **sources, int count)
{
	struct json_object *root = options->json ? document("exposure") : NULL;
	struct json_object *list = root ? json_object_new_array() : NULL;
	int code = EXIT_YES;

	for (int i = 0; i < count && code == EXIT_YES; i++) {
		struct place place = { count > 1 ? sources[i] : NULL, root ? json_object_new_array() : NULL, 0 };

		if (root) {
			struct json_object *one = json_object_new_object();

			json_object_object_add(one, "source", text_to_json(sources[i]));
			json_object_object_add(one, "reachable", place.rows);
			json_object_array_add(list, one);
		}
		code = expose_source(request, options, sources[i], &place);
	}
	if (root)
		json_object_object_add(root, "sources", list);
	if (code != EXIT_YES) {
		json_object_put(root);
		return code;
	}
	code = root ? print_document(root) : finish_output(EXIT_YES);
	return code == EXIT_YES && request->forbidden ? EXIT_NO : code;
}

/* Every name of --forbid is a region. */
static int check_forbidden(const struct request *request)
{
	char name[64];

	for (const char *at = request->forbid; at && *at; at += strcspn(at, ","), at += *at == ',') {
		bool known = false;

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ","), at);
		for (size_t i = 0; i < request->regions.count && !known; i++)
			known = strcmp(request->regions.list[i].name, name) == 0;
		if (!known && strcmp(name, "x32") != 0) {
			report("--forbid: unknown region '%s'; 'callgate exposure --list' lists them", name);
			return EXIT_CANNOT;
		}
	}
	return EXIT_YES;
}

static int print_list(const struct regions *regions)
{
	for (size_t i = 0; i < regions->count; i++)
		printf("%s\t%s\t%s\t%s\n", regions->list[i].name, regions->list[i].call, regions->list[i].ids,
		       regions->list[i].reason);
	return finish_output(EXIT_YES);
}

static int take_own(void *data, int option, const char *value)
{
	struct request *request = data;

	if (option == OPT_REGIONS)
		request->path = value;
	else if (option == OPT_FORBID)
		request->forbid = value;
	else
		request->list = true;
	return 0;
}

int verb_exposure(const struct verb *verb, int argc, char **argv)
{
	static const struct option known[] = {
		OPTIONS_COMMON,
		OPTIONS_TARGET,
		OPTIONS_LIVE,
		{ "regions", required_argument, NULL, OPT_REGIONS },
		{ "forbid", required_argument, NULL, OPT_FORBID },
		{ "list", no_argument, NULL, OPT_LIST },
		OPTIONS_END,
	};
	struct request request = { 0 };
	struct command_line line = { known, "h", take_own, &request };
	struct options options;
	int code = options_parse(&options, verb, &line, argc, argv);

	if (code != PARSED)
		return code;
	if ((optind == argc) != request.list)
		return verb_usage(verb, request.list ? "--list takes no source" : "no source is named");
	code = regions_read(&request.regions, request.path);
	if (code == EXIT_YES)
		code = check_forbidden(&request);
	if (code == EXIT_YES)
		code = request.list ? print_list(&request.regions)
				    : expose_all(&request, &options, argv + optind, argc - optind);
	regions_cleanup(&request.regions);
	return code;
}
