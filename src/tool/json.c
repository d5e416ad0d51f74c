/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json-c, loaded when the first document is made or read: verbs that print no JSON do not pay for it. These functions
 * take the place of json-c's own of the same names in this program; one that is missing here is a row to add. */
#include <dlfcn.h>
#include <json.h>
#include <stdlib.h>

#include "config.h"
#include "tool/tool.h"

/* Documents cannot be half made: without json-c there is no way on. */
static void *symbol(const char *name)
{
	static void *library;
	void *found;

	if (!library)
		library = dlopen(LIBJSONC_SONAME, RTLD_NOW | RTLD_LOCAL);
	found = library ? dlsym(library, name) : NULL;
	if (!found) {
		report("cannot use json-c: %s", dlerror());
		exit(EXIT_CANNOT);
	}
	return found;
}

/* The library's own function, looked up once. */
#define FORWARD(type, name, parameters, ...) \
	type name parameters \
	{ \
		static __typeof__(name) *function; \
\
		if (!function) \
			function = (__typeof__(name) *)symbol(#name); \
		return function(__VA_ARGS__); \
	}

FORWARD(struct json_object *, json_object_new_object, (void))
FORWARD(struct json_object *, json_object_new_array, (void))
FORWARD(struct json_object *, json_object_new_string, (const char *text), text)
FORWARD(struct json_object *, json_object_new_string_len, (const char *text, const int size), text, size)
FORWARD(struct json_object *, json_object_new_int, (int32_t value), value)
FORWARD(struct json_object *, json_object_new_int64, (int64_t value), value)
FORWARD(struct json_object *, json_object_new_boolean, (json_bool value), value)
FORWARD(struct json_object *, json_object_new_double_s, (double value, const char *text), value, text)
FORWARD(struct json_object *, json_object_get, (struct json_object * object), object)
FORWARD(int, json_object_put, (struct json_object * object), object)
FORWARD(int, json_object_is_type, (const struct json_object *object, enum json_type type), object, type)
FORWARD(int, json_object_object_add, (struct json_object * object, const char *key, struct json_object *value), object,
	key, value)
FORWARD(json_bool, json_object_object_get_ex,
	(const struct json_object *object, const char *key, struct json_object **value), object, key, value)
FORWARD(struct json_object *, json_object_object_get, (const struct json_object *object, const char *key), object, key)
FORWARD(int, json_object_array_add, (struct json_object * object, struct json_object *value), object, value)
FORWARD(size_t, json_object_array_length, (const struct json_object *object), object)
FORWARD(struct json_object *, json_object_array_get_idx, (const struct json_object *object, size_t at), object, at)
FORWARD(const char *, json_object_get_string, (struct json_object * object), object)
FORWARD(json_bool, json_object_get_boolean, (const struct json_object *object), object)
FORWARD(int32_t, json_object_get_int, (const struct json_object *object), object)
FORWARD(int64_t, json_object_get_int64, (const struct json_object *object), object)
FORWARD(const char *, json_object_to_json_string_ext, (struct json_object * object, int flags), object, flags)
FORWARD(struct json_object *, json_object_from_file, (const char *path), path)
FORWARD(struct json_object *, json_tokener_parse, (const char *text), text)
