/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a consumer of profiles asks beyond their meaning: check --for kep-6061, lxc, runc or crun. */
#include <stdio.h>
#include <string.h>

#include "tool/check_for.h"
#include "tool/tool.h"

/* Kubernetes' KEP-6061, profiles as OCI artifacts: what a kubelet refuses before it intersects them. */
enum { KEP_ENTRIES = 128, KEP_SIZE = 1 << 20 };

static const char *const consumers[] = { "kep-6061", "lxc", "runc", "crun", NULL };

int consumer_take(const char *word, const char **out)
{
	int consumer;

	if (take_choice(word, consumers, "--for", &consumer) < 0)
		return -1;
	*out = consumers[consumer];
	return 0;
}

/* Line and column of a word of the text; what comes from an escaped one has no place. */
static void find_place(const char *text, const char *word, struct callgate_err *err)
{
	const char *at = strstr(text, word);

	if (!at)
		return;
	err->line = err->column = 1;
	for (const char *c = text; c < at; c++) {
		err->column++;
		if (*c != '\n')
			continue;
		err->line++;
		err->column = 1;
	}
}

static int refuse(const char *text, const char *word, struct callgate_err *err)
{
	err->code = CALLGATE_E_PROFILE;
	find_place(text, word, err);
	return CALLGATE_E_PROFILE;
}

static bool is_notify(struct json_object *object, const char *key)
{
	const char *action = text_member(object, key);

	return action && strcmp(action, "SCMP_ACT_NOTIFY") == 0;
}

static int check_entries(const char *text, struct json_object *root, struct callgate_err *err)
{
	struct json_object *entries = NULL;
	size_t count;

	if (is_notify(root, "defaultAction")) {
		snprintf(err->text, sizeof(err->text),
			 "KEP-6061 takes no SCMP_ACT_NOTIFY: a node has no listener for it");
		return refuse(text, "\"SCMP_ACT_NOTIFY\"", err);
	}
	if (!json_object_object_get_ex(root, "syscalls", &entries))
		return 0;
	count = json_object_array_length(entries);
	if (count > KEP_ENTRIES) {
		snprintf(err->text, sizeof(err->text),
			 "KEP-6061 takes at most %d entries in 'syscalls', not %zu; join names that share an action",
			 KEP_ENTRIES, count);
		return refuse(text, "\"syscalls\"", err);
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_notify(json_object_array_get_idx(entries, i), "action"))
			continue;
		snprintf(err->text, sizeof(err->text),
			 "KEP-6061 takes no SCMP_ACT_NOTIFY: a node has no listener for it");
		return refuse(text, "\"SCMP_ACT_NOTIFY\"", err);
	}
	return 0;
}

static int check_kep_6061(const struct callgate_policy *policy, struct callgate_err *err)
{
	struct json_object *root;
	size_t size;
	const char *text = callgate_policy_text(policy, &size);
	int r;

	if (size > KEP_SIZE) {
		snprintf(err->text, sizeof(err->text), "KEP-6061 takes profiles of at most 1 MiB");
		return refuse(text, "", err);
	}
	root = json_tokener_parse(text);
	if (!json_object_is_type(root, json_type_object) || !json_object_object_get_ex(root, "defaultAction", NULL)) {
		snprintf(err->text, sizeof(err->text),
			 "KEP-6061 takes a profile in JSON by itself, with 'defaultAction' at its top");
		r = refuse(text, "", err);
	} else {
		r = check_entries(text, root, err);
	}
	json_object_put(root);
	return r;
}

int consumer_check(const char *consumer, const struct consumed *of, struct callgate_notes *notes,
		   struct callgate_err *err)
{
	struct callgate_err ignored = CALLGATE_ERR_INIT;
	char path[4096];
	int r;

	if (strcmp(consumer, "kep-6061") != 0) {
		callgate_filter_lint_engine(of->policy, of->filter, of->host, consumer, notes);
		return 0;
	}
	r = check_kep_6061(of->policy, err);
	if (r < 0 && profile_path(of->profile, path, sizeof(path), &ignored) == 0)
		snprintf(err->file, sizeof(err->file), "%.*s", (int)sizeof(err->file) - 1, path);
	return r;
}
