/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SARIF 2.1.0: findings as static analysis tools exchange them. */
#include "tool/sarif.h"

#include <string.h>

#include "config.h"

static struct json_object *object_with(const char *key, struct json_object *value)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, key, value);
	return object;
}

static struct json_object *message(const char *text)
{
	return object_with("text", text_to_json(text));
}

/* ------------------------------------------------------------------ the document */

/* GitHub shows it beside a finding, and refuses rules without. */
static struct json_object *help(const struct callgate_note_kind *kind)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: %s. callgate-profile(5) lists all findings.", kind->about, kind->why);
	return message(text);
}

static struct json_object *rules(void)
{
	struct json_object *array = json_object_new_array();
	struct callgate_note_kind kind;

	for (size_t i = 0; callgate_note_kind(i, &kind) == 0; i++) {
		struct json_object *rule = json_object_new_object();
		char id[16];

		snprintf(id, sizeof(id), "CG-%03u", kind.id);
		json_object_object_add(rule, "id", json_object_new_string(id));
		json_object_object_add(rule, "name", json_object_new_string(kind.name));
		json_object_object_add(rule, "shortDescription", message(kind.about));
		json_object_object_add(rule, "fullDescription", message(kind.why));
		json_object_object_add(rule, "help", help(&kind));
		json_object_array_add(array, rule);
	}
	return array;
}

struct json_object *sarif_document(struct json_object **results)
{
	struct json_object *root = json_object_new_object(), *run = json_object_new_object(),
			   *runs = json_object_new_array();
	struct json_object *driver = json_object_new_object();

	json_object_object_add(driver, "name", json_object_new_string("callgate"));
	json_object_object_add(driver, "semanticVersion", json_object_new_string(PACKAGE_VERSION));
	json_object_object_add(driver, "rules", rules());
	*results = json_object_new_array();
	json_object_object_add(run, "tool", object_with("driver", driver));
	json_object_object_add(run, "columnKind", json_object_new_string("unicodeCodePoints"));
	json_object_object_add(run, "results", *results);
	json_object_array_add(runs, run);
	json_object_object_add(root, "$schema",
			       json_object_new_string("https://json.schemastore.org/sarif-2.1.0.json"));
	json_object_object_add(root, "version", json_object_new_string("2.1.0"));
	json_object_object_add(root, "runs", runs);
	return root;
}

/* ------------------------------------------------------------------ results */

/* A path as a URI reference (RFC 3986): an absolute one as file://, all but unreserved characters escaped. */
static struct json_object *uri(const char *path)
{
	char text[4096 * 3 + 16];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s", path[0] == '/' ? "file://" : "");

	for (; *path && used + 4 < sizeof(text); path++) {
		unsigned char c = (unsigned char)*path;
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			     strchr("-._~/", c);

		used += (size_t)snprintf(text + used, sizeof(text) - used, plain ? "%c" : "%%%02X", c);
	}
	return json_object_new_string(text);
}

/* Column and columns in code points, as columnKind says; columns: how many from column on; 0: unknown. */
static struct json_object *location(const char *path, unsigned line, unsigned column, unsigned columns)
{
	struct json_object *physical = object_with("artifactLocation", object_with("uri", uri(path)));
	struct json_object *region;

	if (line) {
		region = object_with("startLine", json_object_new_int64(line));
		if (column)
			json_object_object_add(region, "startColumn", json_object_new_int64(column));
		if (column && columns)
			json_object_object_add(region, "endColumn", json_object_new_int64(column + columns));
		json_object_object_add(physical, "region", region);
	}
	return object_with("physicalLocation", physical);
}

static struct json_object *note_location(const struct callgate_note *note, const char *path)
{
	return location(file_of(note, path), note->line, note->character, note->characters);
}

static struct json_object *array_of(struct json_object *element)
{
	struct json_object *array = json_object_new_array();

	json_object_array_add(array, element);
	return array;
}

static struct json_object *add_result(struct findings *findings, enum level level, const char *text,
				      struct json_object *where)
{
	static const char *const words[] = { "none", "note", "warning", "error" };
	struct json_object *result = json_object_new_object();

	json_object_object_add(result, "level", json_object_new_string(words[level]));
	json_object_object_add(result, "message", message(text));
	json_object_object_add(result, "locations", array_of(where));
	json_object_array_add(findings->rows, result);
	return result;
}

/* Other places of the finding before. */
static void attach(struct json_object *result, const struct callgate_note *note, const char *path)
{
	struct json_object *related, *where = note_location(note, path);

	if (!json_object_object_get_ex(result, "relatedLocations", &related)) {
		related = json_object_new_array();
		json_object_object_add(result, "relatedLocations", related);
	}
	json_object_object_add(where, "message", message(note->text));
	json_object_array_add(related, where);
}

void sarif_add(struct findings *findings, const char *path, const struct callgate_notes *notes,
	       const struct callgate_err *err)
{
	struct json_object *result = NULL;

	for (size_t i = 0; i < callgate_notes_count(notes); i++) {
		const struct callgate_note *note = callgate_notes_at(notes, i);
		enum level level = level_of(findings->levels, note);
		char id[16];

		if (note->attached) {
			if (result)
				attach(result, note, path);
			continue;
		}
		result = NULL;
		if (level == LEVEL_NONE)
			continue;
		result = add_result(findings, level, note->text, note_location(note, path));
		snprintf(id, sizeof(id), "CG-%03u", note->id);
		json_object_object_add(result, "ruleId", json_object_new_string(id));
	}
	if (err)
		add_result(findings, LEVEL_ERROR, err->text, location(path, err->line, 0, 0));
}
