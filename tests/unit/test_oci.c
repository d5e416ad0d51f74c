/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.json spliced and read, the state that runtimes give, settings, and what a container's annotation may do. */
#include <criterion/criterion.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "callgate.h"
#include "runtime/choose.h"
#include "runtime/hooks.h"
#include "runtime/oci.h"
#include "runtime/settings.h"

static int parse(const char *text, size_t size, struct callgate_bundle **out, struct callgate_err *err)
{
	return oci_parse_copy(text, size, "config.json", out, err);
}

static char *splice(const char *text, const char *seccomp, const char *bpf)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_splice want = CALLGATE_SPLICE_INIT;
	struct callgate_bundle *bundle;
	char *out;
	size_t size;

	want.seccomp = seccomp;
	want.bpf = bpf;
	cr_assert_eq(parse(text, strlen(text), &bundle, &err), 0, "%s: %s", text, err.text);
	cr_assert_eq(callgate_bundle_splice(bundle, &want, &out, &size, &err), 0, "%s: %s", text, err.text);
	cr_assert_eq(size, strlen(out));
	callgate_bundle_free(bundle);
	return out;
}

/* ------------------------------------------------------------------ splicing */

static const struct {
	const char *before, *seccomp, *bpf, *after;
} splices[] = {
	{ "{}", "{}", NULL, "{\"linux\":{\"seccomp\":{}}}" },
	{ "{ \"a\" : 1 }", "{}", NULL, "{\"linux\":{\"seccomp\":{}}, \"a\" : 1 }" },
	{ "{\"linux\":null}", "{}",
	  "eA==", "{\"annotations\":{\"run.oci.seccomp_bpf_data\":\"eA==\"},\"linux\":{\"seccomp\":{}}}" },
	{ "{\"linux\": { }}", "{}", NULL, "{\"linux\": {\"seccomp\":{} }}" },
	{ "{\"linux\":{\"seccomp\" : {\"x\":[1,{}]} ,\"y\":2}}", "{\"z\":0}", NULL,
	  "{\"linux\":{\"seccomp\" : {\"z\":0} ,\"y\":2}}" },
	{ "{\"linux\":{\"seccomp\":null}}", "{}", NULL, "{\"linux\":{\"seccomp\":{}}}" },
	{ "{}", "{}", "eA==", "{\"linux\":{\"seccomp\":{}},\"annotations\":{\"run.oci.seccomp_bpf_data\":\"eA==\"}}" },
	{ "{\"annotations\":{\"a\":\"b\"}}", NULL,
	  "eA==", "{\"annotations\":{\"run.oci.seccomp_bpf_data\":\"eA==\",\"a\":\"b\"}}" },
	{ "{\"annotations\":{\"run.oci.seccomp_bpf_data\":\"evil\"}}", NULL,
	  "eA==", "{\"annotations\":{\"run.oci.seccomp_bpf_data\":\"eA==\"}}" },
	{ "{\"annotations\":{\"run.oci.seccomp_bpf_data\":\"evil\"}}", NULL, NULL, "{\"annotations\":{}}" },
	{ "{\"annotations\":{\"a\":\"b\" , \"run.oci.seccomp_bpf_data\" : \"evil\" }}", NULL, NULL,
	  "{\"annotations\":{\"a\":\"b\"  }}" },
	{ "{\"annotations\":{ \"run.oci.seccomp_bpf_data\":\"evil\" ,\"a\":\"b\"}}", NULL, NULL,
	  "{\"annotations\":{ \"a\":\"b\"}}" },
	{ "{\"annotations\":null}", NULL, "eA==", "{\"annotations\":{\"run.oci.seccomp_bpf_data\":\"eA==\"}}" },
};

Test(oci, splice)
{
	for (size_t i = 0; i < sizeof(splices) / sizeof(splices[0]); i++) {
		char *out = splice(splices[i].before, splices[i].seccomp, splices[i].bpf);

		cr_assert_str_eq(out, splices[i].after, "%s: got %s", splices[i].before, out);
		free(out);
	}
}

#define ID_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID_B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

Test(oci, id)
{
	static const struct {
		const char *text, *id;
	} rows[] = {
		{ "{\"linux\":{\"cgroupsPath\":\"/libpod_parent/libpod-" ID_A "\"}}", ID_A },
		{ "{\"mounts\":[{\"source\":\"proc\"},{\"destination\":\"/run/.containerenv\",\"source\":\"/run/user/1/"
		  "containers/vfs-containers/" ID_B "/userdata/.containerenv\"},{}]}",
		  ID_B },
		{ "{\"mounts\":[{\"source\":\"/x/" ID_B "/userdata/.containerenv\"}],\"linux\":{\"cgroupsPath\":\"" ID_A
		  "\"}}",
		  ID_A },
		{ "{\"mounts\":[{\"source\":\"/x/" ID_B "/userdata/hosts\"}]}", NULL },
		{ "{\"mounts\":[{\"source\":\"/x/short/userdata/.containerenv\"}]}", NULL },
		{ "{\"mounts\":null}", NULL },
	};
	struct callgate_err err = CALLGATE_ERR_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_bundle *bundle;
		char id[65] = "";

		cr_assert_eq(parse(rows[i].text, strlen(rows[i].text), &bundle, &err), 0, "%s: %s", rows[i].text,
			     err.text);
		cr_assert_eq(callgate_bundle_id(bundle, id) == 0, rows[i].id != NULL, "%s", rows[i].text);
		cr_assert_str_eq(id, rows[i].id ? rows[i].id : "", "%s", rows[i].text);
		callgate_bundle_free(bundle);
	}
}

Test(oci, what_is_no_json_is_not_put_in)
{
	struct callgate_splice want = CALLGATE_SPLICE_INIT;
	struct callgate_bundle *bundle;
	char *out = NULL;
	size_t size;

	cr_assert_eq(parse("{}", 2, &bundle, NULL), 0);
	want.seccomp = "{1}";
	cr_assert_eq(callgate_bundle_splice(bundle, &want, &out, &size, NULL), CALLGATE_E_FORMAT);
	/* A value that closes its object and goes on is not what it says. */
	want.seccomp = "{}},\"linux2\":{\"x\":{}";
	cr_assert_eq(callgate_bundle_splice(bundle, &want, &out, &size, NULL), CALLGATE_E_MISMATCH);
	cr_assert_null(out);
	callgate_bundle_free(bundle);
}

/* Random documents: whatever stands around the value survives byte for byte. */
static unsigned pick(unsigned *seed, unsigned n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % n;
}

static void space(struct text *text, unsigned *seed)
{
	static const char *const spaces[] = { "", "", "", " ", "\n\t", "  \r\n" };

	text_add(text, "%s", spaces[pick(seed, 6)]);
}

static void value(struct text *text, unsigned *seed, unsigned depth)
{
	static const char *const words[] = {
		"null", "true", "-1.5e3", "\"\\u00e9\\\"\\\\\"", "\"\xc3\xa4{[,]}:\"", "18446744073709551616"
	};
	unsigned count = pick(seed, 4), kind = depth ? pick(seed, 3) : 2;

	if (kind == 2) {
		text_add(text, "%s", words[pick(seed, 6)]);
		return;
	}
	text_add(text, kind ? "{" : "[");
	for (unsigned i = 0; i < count; i++) {
		text_add(text, "%s", i ? "," : "");
		space(text, seed);
		if (kind)
			text_add(text, "\"k%u\":", i);
		value(text, seed, depth - 1);
		space(text, seed);
	}
	text_add(text, kind ? "}" : "]");
}

static void members(struct text *text, unsigned *seed, unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		text_add(text, "\"m%u\"", first + i);
		space(text, seed);
		text_add(text, ":");
		value(text, seed, 3);
		text_add(text, ",");
		space(text, seed);
	}
}

Test(oci, splice_random_documents)
{
	for (unsigned seed = 1; seed <= 3000; seed++) {
		struct text before = { 0 }, after = { 0 };
		unsigned state = seed * 7919;
		char *a, *b, *out, *twice;
		size_t n;

		text_add(&before, "{");
		space(&before, &state);
		members(&before, &state, 0, pick(&state, 4));
		text_add(&before, "\"linux\":");
		space(&before, &state);
		text_add(&before, "{");
		members(&before, &state, 10, pick(&state, 3));
		text_add(&before, "\"seccomp\":");
		text_add_bytes(&after, before.bytes, before.size);
		value(&before, &state, 4);
		text_add(&after, "{\"defaultAction\":\"SCMP_ACT_KILL\"}");
		n = before.size;
		text_add(&before, " }");
		space(&before, &state);
		text_add(&before, ",");
		members(&before, &state, 20, pick(&state, 3));
		text_add(&before, "\"last\":0 }\n");
		text_add_bytes(&after, before.bytes + n, before.size - n);
		cr_assert_eq(text_take(&before, &a, &n, NULL), 0);
		cr_assert_eq(text_take(&after, &b, &n, NULL), 0);
		out = splice(a, "{\"defaultAction\":\"SCMP_ACT_KILL\"}", NULL);
		cr_assert_str_eq(out, b, "seed %u: %s", seed, a);
		twice = splice(out, "{\"defaultAction\":\"SCMP_ACT_KILL\"}", NULL);
		cr_assert_str_eq(twice, b, "seed %u: not the same a second time", seed);
		free(a);
		free(b);
		free(out);
		free(twice);
	}
}

/* ------------------------------------------------------------------ hostile documents */

static const char *const refused[] = {
	"",
	" ",
	"[]",
	"null",
	"1",
	"{",
	"{}x",
	"{}{}",
	"{\"linux\":{}",
	"{\"linux\":{\"seccomp\":",
	"{\"linux\":[]}",
	"{\"linux\":1}",
	"{\"linux\":{},\"linux\":{}}",
	"{\"linux\":{},\"Linux\":{}}",
	"{\"LINUX\":{}}",
	"{\"linux\":{\"seccomp\":{},\"seccomp\":null}}",
	("{\"linux\":{\"\xc5\xbf"
	 "eccomp\":{}}}"),
	"{\"linux\":{\"\\u017feccomp\":{}}}",
	"{\"linux\":{\"Seccomp\":{}}}",
	"{\"l\\u0069nux\":{},\"linux\":{}}",
	"{\"annotations\":[]}",
	"{\"linux\":{\"namespaces\":[{\"type\":\"pid\"},7]}}",
	"{\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"/x\",\"type\":\"pid\"}]}}",
	"{\"annotations\":{\"run.oci.seccomp_bpf_data\":\"a\",\"run.oci.seccomp_bpf_data\":\"b\"}}",
	"{\"annotations\":{\"org.callgate.profile\":1}}",
	"{\"annotations\":[]}",
	"{\"annotations\":{\"a\":}}",
	"{\"process\":{\"capabilities\":{\"bounding\":[1]}}}",
	"{\"process\":{\"capabilities\":{\"bounding\":{}}}}",
	"{\"process\":{\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"}}}",
	"{\"Process\":{}}",
	"{\"proce\xc5\xbfs\":{}}",
	"\xef\xbb\xbf{}",
	"{\"linux\":{\"seccomp\":{}}} // no",
	"{\"a\":\"\xff\"}",
	"{'linux':{}}",
	"{\"linux\":{},}",
};

Test(oci, refused)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_bundle *bundle = NULL;

		cr_assert_eq(parse(refused[i], strlen(refused[i]), &bundle, &err), CALLGATE_E_FORMAT, "%s", refused[i]);
		cr_assert_null(bundle);
		cr_assert(err.line >= 1 && err.text[0], "%s", refused[i]);
	}
}

Test(oci, refused_with_nul_and_cut_anywhere)
{
	static const char whole[] =
		"{\"ociVersion\":\"1.0.2\",\"process\":{\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"]},"
		"\"noNewPrivileges\":true},"
		"\"annotations\":{\"org.callgate.profile\":\"x\"},\"linux\":{\"seccomp\":{\"a\":[1,2]}}}";
	struct callgate_bundle *bundle;
	char copy[sizeof(whole)];

	cr_assert_eq(parse(whole, strlen(whole), &bundle, NULL), 0);
	cr_assert_eq(callgate_bundle_caps(bundle), 1u);
	cr_assert(bundle->no_new_privs);
	callgate_bundle_free(bundle);
	for (size_t i = 0; i < strlen(whole); i++) {
		cr_assert_eq(parse(whole, i, &bundle, NULL), CALLGATE_E_FORMAT, "cut at %zu", i);
		memcpy(copy, whole, sizeof(whole));
		copy[i] = '\0';
		cr_assert_eq(parse(copy, strlen(whole), &bundle, NULL), CALLGATE_E_FORMAT, "NUL at %zu", i);
	}
}

/* ------------------------------------------------------------------ state */

static int state(const char *text, struct callgate_container *out)
{
	struct source source = { "state", text, strlen(text) };

	*out = (struct callgate_container)CALLGATE_CONTAINER_INIT;
	return oci_state_parse(&source, out, NULL);
}

Test(oci, state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"{\"id\":\"a\"}",
		"{\"id\":\"../a\",\"bundle\":\"/b\"}",
		"{\"id\":\".a\",\"bundle\":\"/b\"}",
		"{\"id\":\"a\",\"bundle\":\"b\"}",
		"{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":-1}",
		"{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":1e3}",
		"{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":99999999999}",
		"{\"id\":\"a\",\"id\":\"b\",\"bundle\":\"/b\"}",
		"{\"id\":\"a\",\"bundle\":\"/b\",\"PID\":1}",
		"{\"id\":\"a\\u0000b\",\"bundle\":\"/b\"}",
		"{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":\"7\"}",
		"{\"id\":\"a\",\"bundle\":\"/b\",\"pid\":000000000000000000001}",
		"{\"id\":7,\"bundle\":\"/b\"}",
	};
	struct callgate_container got;

	cr_assert_eq(state("{\"ociVersion\":\"1.0.2\",\"id\":\"c1\",\"status\":\"created\",\"pid\":77,\"bundle\":\"/"
			   "b\",\"annotations\":{}}",
			   &got),
		     0);
	cr_assert_str_eq(got.id, "c1");
	cr_assert_str_eq(got.bundle, "/b");
	cr_assert_str_eq(got.status, "created");
	cr_assert_eq(got.pid, 77);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_lt(state(bad[i], &got), 0, "%s", bad[i]);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", path);
}

static char *temporary(void)
{
	static char path[64];

	strcpy(path, "/tmp/callgate-oci-XXXXXX");
	cr_assert_not_null(mkdtemp(path));
	return path;
}

Test(oci, init_pid)
{
	struct callgate_task self = { .pid = 0 };
	struct callgate_tasks *tasks;
	const char *root = temporary();
	char path[128], text[128];
	pid_t pid = 0;

	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, getpid(), &tasks, NULL), 0);
	self = *callgate_tasks_at(tasks, 0);
	callgate_tasks_free(tasks);
	for (int crun = 0; crun < 2; crun++) {
		snprintf(path, sizeof(path), "%s/box%d", root, crun);
		mkdir(path, 0700);
		snprintf(path, sizeof(path), "%s/box%d/%s", root, crun, crun ? "status" : "state.json");
		snprintf(text, sizeof(text),
			 crun ? "{\"pid\":%d,\"process-start-time\":%llu}"
			      : "{\"init_process_pid\":%d,\"init_process_start\":%llu}",
			 (int)getpid(), (unsigned long long)self.start_time);
		put(path, text);
		snprintf(text, sizeof(text), "box%d", crun);
		cr_assert_eq(callgate_oci_init_pid(root, text, &pid, NULL), 0);
		cr_assert_eq(pid, getpid());
		cr_assert_eq(callgate_oci_init_pid(root, "bo", &pid, NULL), CALLGATE_E_NOTFOUND,
			     "box0 has this name and no other");
		/* The pid is there, but it began at another time: another process. */
		snprintf(text, sizeof(text),
			 crun ? "{\"pid\":%d,\"process-start-time\":%llu}"
			      : "{\"init_process_pid\":%d,\"init_process_start\":%llu}",
			 (int)getpid(), (unsigned long long)self.start_time + 1);
		put(path, text);
		snprintf(text, sizeof(text), "box%d", crun);
		cr_assert_eq(callgate_oci_init_pid(root, text, &pid, NULL), CALLGATE_E_NOTFOUND);
	}
	cr_assert_eq(callgate_oci_init_pid(root, "../x", &pid, NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_oci_init_pid(root, "x/../box0", &pid, NULL), CALLGATE_E_NOTFOUND);
	/* The beginning of an id will do while only one has it. */
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/c0ffee%058d", root, i);
		mkdir(path, 0700);
		strcat(path, "/status");
		snprintf(text, sizeof(text), "{\"pid\":%d,\"process-start-time\":%llu}", (int)getpid(),
			 (unsigned long long)self.start_time);
		put(path, text);
		cr_assert_eq(callgate_oci_init_pid(root, "c0ffee", &pid, NULL), i ? CALLGATE_E_NOTFOUND : 0);
	}
	snprintf(text, sizeof(text), "rm -r %s", root);
	cr_assert_eq(system(text), 0);
}

/* ------------------------------------------------------------------ names */

Test(oci, names)
{
	const char *root = temporary();
	struct callgate_oci_names *names;
	char path[256], id[256];

	setenv("XDG_DATA_HOME", root, 1);
	setenv("XDG_RUNTIME_DIR", root, 1);
	snprintf(path, sizeof(path), "mkdir -p %s/containers/storage/vfs-containers %s/containers/overlay-containers",
		 root, root);
	cr_assert_eq(system(path), 0);
	snprintf(path, sizeof(path), "%s/containers/storage/vfs-containers/containers.json", root);
	put(path, "[{\"id\":\"0a\",\"names\":[\"cg-web\",\"cg-both\"]},{\"id\":\"0b\",\"metadata\":{\"a\":[1]},"
		  "\"names\":[\"cg-x\"]},"
		  "{\"id\":\"0c\"}]");
	snprintf(path, sizeof(path), "%s/containers/overlay-containers/volatile-containers.json", root);
	put(path, "[{\"id\":\"0d\",\"names\":[\"cg-both\"]}]");
	cr_assert_eq(callgate_oci_id("cg-web", id, sizeof(id), NULL), 0);
	cr_assert_str_eq(id, "0a");
	cr_assert_eq(callgate_oci_id("cg-x", id, sizeof(id), NULL), 0);
	cr_assert_str_eq(id, "0b");
	cr_assert_eq(callgate_oci_id("cg-both", id, sizeof(id), NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_oci_id("cg", id, sizeof(id), NULL), CALLGATE_E_NOTFOUND);
	names = callgate_oci_names_read();
	cr_assert_not_null(names);
	cr_assert_str_eq(callgate_oci_names_of(names, "0a"), "cg-web", "the first name");
	cr_assert_str_eq(callgate_oci_names_of(names, "0d"), "cg-both");
	cr_assert_null(callgate_oci_names_of(names, "0c"));
	cr_assert_null(callgate_oci_names_of(names, "0"));
	callgate_oci_names_free(names);
	cr_assert_eq(chmod(path, 0666), 0);
	cr_assert_eq(callgate_oci_id("cg-both", id, sizeof(id), NULL), 0, "a list that anybody can write is no list");
	cr_assert_str_eq(id, "0a");
	cr_assert_eq(chmod(path, 0600), 0);
	put(path, "[{\"id\":\"0d\",\"names\":[\"cg-both\"");
	cr_assert_eq(callgate_oci_id("cg-web", id, sizeof(id), NULL), 0, "a broken list is no list");
	snprintf(path, sizeof(path), "rm -r %s", root);
	cr_assert_eq(system(path), 0);
}

Test(profile, nearest_name)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	char path[256];

	cr_assert_eq(callgate_profile_lookup("no-such-profile-at-all", path, sizeof(path), &err), CALLGATE_E_NOTFOUND);
	cr_assert(strstr(err.text, "callgate/profiles or "), "the directories: %s", err.text);
	cr_assert_null(strstr(err.text, "did you mean"));
}

/* ------------------------------------------------------------------ settings */

static int settings_of(const char *text, struct callgate_settings *out, struct callgate_err *err)
{
	struct source source = { "callgate.conf", text, strlen(text) };

	*out = (struct callgate_settings){ .last = NULL };
	return settings_parse(out, &source, err);
}

Test(settings, read)
{
	struct callgate_settings settings;

	cr_assert_eq(settings_of("# rules\n\n profile = web \nprofile.podman=/etc/p.json\nruntime.runc = "
				 "/opt/runc\r\nannotation = never\nproof=possible\nprofile=b",
				 &settings, NULL),
		     0);
	cr_assert_str_eq(callgate_settings_profile(&settings, "podman"), "/etc/p.json");
	cr_assert_str_eq(callgate_settings_profile(&settings, "crun"), "b");
	cr_assert_str_eq(callgate_settings_runtime(&settings, "runc"), "/opt/runc");
	cr_assert_null(callgate_settings_runtime(&settings, "crun"));
	cr_assert_eq(settings.selection, CALLGATE_SELECT_NEVER);
	cr_assert_eq(callgate_settings_proof(&settings), CALLGATE_PROOF_POSSIBLE);
	cr_assert_eq(callgate_settings_own(&settings), CALLGATE_OWN_MEET);
	arena_free(&settings.arena);
	/* What would be so anyway may be said. */
	cr_assert_eq(settings_of("annotation = narrow\nproof = required\nown = meet\nrecord = no\nlog = yes\n",
				 &settings, NULL),
		     0);
	cr_assert_eq(settings.selection, CALLGATE_SELECT_NARROW);
	cr_assert_eq(callgate_settings_proof(&settings), CALLGATE_PROOF_REQUIRED);
	cr_assert_eq(callgate_settings_own(&settings), CALLGATE_OWN_MEET);
	arena_free(&settings.arena);
	cr_assert_eq(settings_of("", &settings, NULL), 0);
	cr_assert_str_eq(callgate_settings_profile(&settings, "crun"), "default");
	cr_assert_eq(settings.selection, CALLGATE_SELECT_NARROW);
}

Test(settings, asked_by_the_runtime)
{
	struct callgate_settings settings;

	cr_assert_eq(settings_of("profile.runc = web\ncontainers.runc = annotated\n", &settings, NULL), 0);
	cr_assert(callgate_settings_annotated_only(&settings, "runc"));
	cr_assert_eq(callgate_settings_ask(&settings, "runc", "strict", NULL), 0);
	cr_assert_not(callgate_settings_annotated_only(&settings, "runc"));
	cr_assert_str_eq(callgate_settings_profile(&settings, "runc"), "strict");
	cr_assert_str_eq(callgate_settings_profile(&settings, "crun"), "default");
	cr_assert_neq(callgate_settings_ask(&settings, "runc", "../x", NULL), 0);
	cr_assert_neq(callgate_settings_ask(&settings, "runc", "x\nown = replace", NULL), 0);
	cr_assert_neq(callgate_settings_ask(&settings, "runc", "", NULL), 0);
	cr_assert_eq(callgate_settings_own(&settings), CALLGATE_OWN_MEET);
	arena_free(&settings.arena);
}

Test(settings, refused)
{
	static const char *const bad[] = {
		"profil = x",
		"profile",
		"profile =",
		"profile = a/b",
		"profile = ../x",
		"profile = .x",
		"annotation = maybe",
		"annotation.podman = any",
		"runtime = runc",
		"proof = no",
		"own = keep",
		"own = ALL",
		"[engine]",
		"profile. = x",
		"= x",
		"record = 1",
		"log = maybe",
		"runtime.a = b",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_settings settings;
		char text[64];

		snprintf(text, sizeof(text), "proof = possible\n%s\n", bad[i]);
		cr_assert_eq(settings_of(text, &settings, &err), CALLGATE_E_FORMAT, "%s", bad[i]);
		cr_assert_eq(err.line, 2, "%s: line %u", bad[i], err.line);
		arena_free(&settings.arena);
	}
}

Test(settings, names)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *words;
	} bad[] = {
		{ "profile.podmn = a", 1, 9, "did you mean 'podman'" },
		{ "log = yes\n complain.rnuc = yes\nprofile.x = a\n", 2, 11, "did you mean 'runc'" },
		{ "containers.dokcer = annotated", 1, 12, "runtime.dokcer" },
		{ "record.Podman = yes", 1, 8, "did you mean 'podman'" },
		{ "log.lxc = yes", 1, 5, "none of podman, runc and crun" },
		{ "runtime.youki = /bin/youki\nprofile.youkii = a", 2, 9, "runtime.youkii" },
	};
	struct callgate_settings settings;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;

		cr_assert_eq(settings_of(bad[i].text, &settings, &err), CALLGATE_E_FORMAT, "%s", bad[i].text);
		cr_expect_eq(err.line, bad[i].line, "%s: %u", bad[i].text, err.line);
		cr_expect_eq(err.column, bad[i].column, "%s: %u", bad[i].text, err.column);
		cr_expect_not_null(strstr(err.text, bad[i].words), "%s: %s", bad[i].text, err.text);
		arena_free(&settings.arena);
	}
	/* A wrapper's own name is known by its line, wherever that stands. */
	cr_assert_eq(settings_of("profile.youki = a\nruntime.youki = /bin/youki\n", &settings, NULL), 0);
	cr_expect_str_eq(callgate_settings_profile(&settings, "youki"), "a");
	arena_free(&settings.arena);
	/* Who asks on the command line has no need of one. */
	cr_assert_eq(settings_of("", &settings, NULL), 0);
	cr_assert_eq(callgate_settings_ask(&settings, "youki", "strict", NULL), 0);
	cr_expect_str_eq(callgate_settings_profile(&settings, "youki"), "strict");
	arena_free(&settings.arena);
}

Test(settings, directory)
{
	struct callgate_settings *settings;
	const char *root = temporary();
	char path[128];

	cr_assert_eq(settings_read(root, &settings, NULL), 0);
	cr_assert_str_eq(callgate_settings_profile(settings, "x"), "default");
	settings_free(settings);
	snprintf(path, sizeof(path), "%s/callgate.conf", root);
	put(path, "profile = one\nruntime.youki = /bin/youki\n");
	snprintf(path, sizeof(path), "%s/callgate.conf.d", root);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/callgate.conf.d/20.conf", root);
	put(path, "profile = three\n");
	snprintf(path, sizeof(path), "%s/callgate.conf.d/10.conf", root);
	put(path, "profile = two\nannotation = any\nlog.youki = yes\n");
	snprintf(path, sizeof(path), "%s/callgate.conf.d/30.conf.bak", root);
	put(path, "nonsense\n");
	cr_assert_eq(settings_read(root, &settings, NULL), 0);
	cr_assert_str_eq(callgate_settings_profile(settings, "x"), "three");
	cr_assert_eq(settings->selection, CALLGATE_SELECT_ANY);
	settings_free(settings);
	snprintf(path, sizeof(path), "%s/callgate.conf.d/20.conf", root);
	chmod(path, 0666);
	cr_assert_eq(settings_read(root, &settings, NULL), CALLGATE_E_UNTRUSTED);
	snprintf(path, sizeof(path), "rm -r %s", root);
	cr_assert_eq(system(path), 0);
}

/* ------------------------------------------------------------------ the choice */

static struct callgate_filter *filter_of(const char *text)
{
	struct callgate_target target = CALLGATE_TARGET_INIT;
	struct callgate_policy *policy;
	struct callgate_filter *filter;

	cr_assert_eq(callgate_target_host(&target, NULL), 0);
	cr_assert_eq(callgate_policy_parse(text, strlen(text), "p", &policy, NULL, NULL), 0);
	cr_assert_eq(callgate_filter_resolve(policy, &target, &filter, NULL, NULL), 0);
	callgate_policy_free(policy);
	return filter;
}

Test(choose, only_narrower)
{
	static const struct {
		const char *text;
		int code;
	} rows[] = {
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdirat\"],\"action\":\"SCMP_ACT_"
		  "ERRNO\",\"errnoRet\":77}]}",
		  0 },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdirat\",\"unlinkat\"],"
		  "\"action\":"
		  "\"SCMP_ACT_ERRNO\",\"errnoRet\":77}]}",
		  0 },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdirat\",\"unlinkat\"],"
		  "\"action\":"
		  "\"SCMP_ACT_KILL\"}]}",
		  0 },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"unlinkat\"],\"action\":\"SCMP_ACT_"
		  "ERRNO\",\"errnoRet\":77}]}",
		  CALLGATE_E_PERM },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdirat\"],\"action\":\"SCMP_ACT_"
		  "LOG\"}]}",
		  CALLGATE_E_PERM },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdirat\"],\"action\":\"SCMP_ACT_"
		  "ERRNO\",\"errnoRet\":77,"
		  "\"args\":[{\"index\":1,\"value\":5,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		  CALLGATE_E_PERM },
	};
	struct callgate_filter *wide = filter_of(rows[0].text);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_filter *narrow = filter_of(rows[i].text);
		struct callgate_err err = CALLGATE_ERR_INIT;

		cr_assert_eq(choose_check_narrow(wide, narrow, &err), rows[i].code, "%s: %s", rows[i].text, err.text);
		cr_assert(!rows[i].code || strstr(err.text, "mkdir"), "%s", err.text);
		callgate_filter_free(narrow);
	}
	callgate_filter_free(wide);
}

/* ------------------------------------------------------------------ text for runtimes */

/* The choice has its policy. */
static int text_of_choice(uint64_t caps, struct callgate_text **out, struct callgate_choice *choice,
			  struct callgate_err *err)
{
	struct callgate_target reader;

	choice->target = (struct callgate_target)CALLGATE_TARGET_INIT;
	cr_assert_eq(callgate_target_host(&choice->target, NULL), 0);
	choice->target.caps = caps;
	cr_assert_eq(callgate_filter_resolve(choice->policy, &choice->target, &choice->filter, NULL, NULL), 0);
	reader = choice->target;
	reader.reader = CALLGATE_AS_RUNC;
	reader.libseccomp = 0x020504;
	return callgate_oci_write(choice, &reader, 0, out, err);
}

static int text_of(const char *profile, struct callgate_text **out, struct callgate_choice *choice,
		   struct callgate_err *err)
{
	*choice = (struct callgate_choice)CALLGATE_CHOICE_INIT;
	cr_assert_eq(callgate_policy_parse(profile, strlen(profile), "p", &choice->policy, NULL, NULL), 0, "%s",
		     profile);
	return text_of_choice(0, out, choice, err);
}

Test(oci_text, rules)
{
	static const struct {
		const char *profile, *has, *lacks;
	} rows[] = {
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,\"syscalls\":[{\"names\":[\"read\"],"
		  "\"action\":\"SCMP_ACT_ALLOW\"}]}",
		  "{ \"names\": [\"read\"],\n\t\t  \"action\": \"SCMP_ACT_ALLOW\" }", "write" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":[{\"names\":[\"read\"],"
		  "\"action\":\"SCMP_ACT_ERRNO\","
		  "\"errnoRet\":38},{\"names\":[\"write\"],\"action\":\"SCMP_ACT_ERRNO\"}]}",
		  "\"defaultErrnoRet\": 38", "\"read\"" },
		/* A guard that does not hold leaves nothing. */
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_"
		  "ALLOW\"},{\"names\":[\"bpf\"],"
		  "\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_BPF\"]}}]}",
		  "\"read\"", "\"bpf\"" },
		/* The first of two unconditional rules counts, and beats conditions. */
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":[{\"names\":[\"setns\","
		  "\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		  "{\"names\":[\"setns\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"excludes\":{\"caps\":[\"CAP_"
		  "SYS_ADMIN\"]}}]}",
		  "[\"read\", \"setns\"]", "\"errnoRet\": 1" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_"
		  "LOG\",\"args\":[{\"index\":0,"
		  "\"value\":18446744073709551615,\"valueTwo\":7,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
		  "{ \"index\": 0, \"value\": 7, \"op\": \"SCMP_CMP_EQ\" }", "\"errnoRet\"" },
		/* libseccomp would open socketcall(1) for the conditional rule. */
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],"
		  "\"syscalls\":[{\"names\":[\"socket\"],"
		  "\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		  "[\"socketcall\"],\n\t\t  \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38", "\"ipc\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_text *text;
		struct callgate_choice choice;
		struct callgate_diff *diff;

#if !defined(__x86_64__)
		if (strstr(rows[i].profile, "X86"))
			continue;
#endif
		cr_assert_eq(text_of(rows[i].profile, &text, &choice, &err), 0, "%s: %s", rows[i].profile, err.text);
		cr_assert(strstr(callgate_text_bytes(text, NULL), rows[i].has), "%s", callgate_text_bytes(text, NULL));
		cr_assert_not(strstr(callgate_text_bytes(text, NULL), rows[i].lacks), "%s",
			      callgate_text_bytes(text, NULL));
		cr_assert_eq(callgate_filter_diff(choice.filter, callgate_text_filter(text), 0, &diff, NULL), 0);
		for (size_t j = 0; j < callgate_diff_count(diff); j++)
			cr_assert(callgate_diff_at(diff, j)->b.kind <= CALLGATE_ERRNO, "%s", rows[i].profile);
		callgate_diff_free(diff);
		callgate_text_free(text);
		callgate_choice_release(&choice);
	}
}

/* Two profiles whose conditions on sockets are met have some on the upper halves of arguments, which a 32-bit ABI has
 * not: what runc is given permits nothing more there, and sockets all the same. */
Test(oci_text, sockets_of_two_profiles)
{
	static const char own[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_"
		"X86\"],\"syscalls\":["
		"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":22,\"args\":[{\"index\":"
		"0,\"value\":16,\"op\":\"SCMP_CMP_EQ\"},{\"index\":2,\"value\":9,\"op\":\"SCMP_CMP_EQ\"}]}]}";
	struct callgate_choice choice = CALLGATE_CHOICE_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *theirs, *met;
	struct callgate_policy *policy;
	struct callgate_action action;
	struct callgate_target reader;
	struct callgate_text *text;

	choice.target = (struct callgate_target)CALLGATE_TARGET_INIT;
	choice.target.host = CALLGATE_ABI_X86_64;
	cr_assert_eq(callgate_policy_read(TESTS_DIR "/../profiles/default.json", &choice.policy, NULL, &err), 0);
	cr_assert_eq(callgate_filter_resolve(choice.policy, &choice.target, &choice.filter, NULL, &err), 0);
	cr_assert_eq(callgate_policy_parse(own, sizeof(own) - 1, "own", &policy, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_filter_resolve(policy, &choice.target, &theirs, NULL, &err), 0);
	cr_assert_eq(callgate_filter_meet((const struct callgate_filter *[]){ theirs, choice.filter }, 2, &met, &err),
		     0);
	callgate_filter_free(choice.filter);
	choice.filter = met;
	reader = choice.target;
	reader.reader = CALLGATE_AS_RUNC;
	reader.libseccomp = 0x020504;
	cr_assert_eq(callgate_oci_write(&choice, &reader, 0, &text, &err), 0, "%s", err.text);
	for (int narrow = 0; narrow < 2; narrow++) {
		struct callgate_call call = { .abi = narrow ? CALLGATE_ABI_X86 : CALLGATE_ABI_X86_64,
					      .nr = narrow ? 359 : 41,
					      .args = { 2, 1, 0 } };

		cr_assert_eq(callgate_filter_decide(callgate_text_filter(text), &call, &action, NULL), 0);
		cr_assert_eq(action.kind, CALLGATE_ALLOW, "%d: AF_INET", narrow);
		call.args[0] = 16;
		call.args[2] = 9;
		cr_assert_eq(callgate_filter_decide(callgate_text_filter(text), &call, &action, NULL), 0);
		cr_assert_eq(action.kind, CALLGATE_ERRNO, "%d: the audit socket", narrow);
	}
	callgate_text_free(text);
	callgate_filter_free(theirs);
	callgate_policy_free(policy);
	callgate_choice_release(&choice);
}

/* A flag that somebody asks for is written, whether the profile has it or not. */
Test(oci_text, flags_that_are_asked_for)
{
	static const char profile[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],"
				      "\"action\":\"SCMP_ACT_ALLOW\"}]}";
	struct callgate_choice choice = CALLGATE_CHOICE_INIT;
	struct callgate_target reader;
	struct callgate_text *text;

	cr_assert_eq(text_of(profile, &text, &choice, NULL), 0);
	cr_assert_not(strstr(callgate_text_bytes(text, NULL), "flags"));
	callgate_text_free(text);
	reader = choice.target;
	reader.reader = CALLGATE_AS_RUNC;
	cr_assert_eq(callgate_oci_write(&choice, &reader, SECCOMP_FILTER_FLAG_LOG, &text, NULL), 0);
	cr_assert(strstr(callgate_text_bytes(text, NULL), "\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"]"), "%s",
		  callgate_text_bytes(text, NULL));
	callgate_text_free(text);
	callgate_choice_release(&choice);
}

/* What a runtime makes of several rules for a multiplexer may not be foreseeable: it is closed, and the rest is
 * written. */
Test(oci_text, what_is_shipped_can_be_written)
{
	static const char *const files[] = { "default", "static-web", "system-container" };
	static const uint64_t caps[] = { 0, 0xa80425fb, UINT64_MAX >> 23 };

	for (size_t i = 0; i < 3 * sizeof(files) / sizeof(files[0]); i++) {
		struct callgate_choice choice = CALLGATE_CHOICE_INIT;
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_text *text;
		char path[4096];

		snprintf(path, sizeof(path), "%s/../profiles/%s.json", TESTS_DIR, files[i / 3]);
		cr_assert_eq(callgate_policy_read(path, &choice.policy, NULL, &err), 0, "%s", err.text);
		cr_assert_eq(text_of_choice(caps[i % 3], &text, &choice, &err), 0, "%s: %s", files[i / 3], err.text);
		callgate_text_free(text);
		callgate_choice_release(&choice);
	}
}

/* What this libseccomp does not know it would leave out, and the call would pass. */
Test(oci_text, a_denial_that_would_be_lost_is_refused)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_text *text = NULL;
	struct callgate_choice choice;

	cr_assert_eq(text_of("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mseal\"],\"action\":"
			     "\"SCMP_ACT_ERRNO\"}]}",
			     &text, &choice, &err),
		     CALLGATE_E_MISMATCH);
	cr_assert(strstr(err.text, "mseal"), "%s", err.text);
	cr_assert_null(text);
	callgate_choice_release(&choice);
}

/* ------------------------------------------------------------------ a bundle that is edited in its place */

static char config[] = "/tmp/callgate-oci-XXXXXX/config.json";

static void make_place(void)
{
	char *end = strrchr(config, '/');

	*end = '\0';
	cr_assert_not_null(mkdtemp(config));
	*end = '/';
}

static void remove_place(void)
{
	char path[sizeof(config) + 16];

	snprintf(path, sizeof(path), "%s.callgate", config);
	unlink(path);
	unlink(config);
	*strrchr(config, '/') = '\0';
	rmdir(config);
}

/* One start: reads the bundle, expects what was brought along, and writes seccomp and bpf. */
static void edit_once(const char *expected, const char *seccomp, const char *bpf)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_splice want = CALLGATE_SPLICE_INIT;
	struct callgate_bundle *bundle;
	const char *brought;
	size_t size = 0;
	char *text;

	cr_assert_eq(callgate_bundle_read(config, &bundle, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_bundle_recall(bundle, config, &err), 0, "%s", err.text);
	brought = callgate_bundle_brought(bundle, &size);
	cr_assert_eq(!brought, !expected, "%.*s", (int)size, brought ? brought : "");
	if (expected)
		cr_assert(size == strlen(expected) && memcmp(brought, expected, size) == 0, "%.*s", (int)size, brought);
	want.seccomp = seccomp;
	want.bpf = bpf;
	cr_assert_eq(callgate_bundle_splice(bundle, &want, &text, &size, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_bundle_keep(bundle, config, text, size, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_bundle_write(config, text, size, 0600, &err), 0, "%s", err.text);
	free(text);
	callgate_bundle_free(bundle);
}

static void put_config(const char *text)
{
	struct callgate_err err = CALLGATE_ERR_INIT;

	cr_assert_eq(callgate_bundle_write(config, text, strlen(text), 0600, &err), 0, "%s", err.text);
}

Test(oci, the_next_start_meets_what_was_brought_along, .init = make_place, .fini = remove_place)
{
	put_config("{\"linux\":{\"seccomp\":{\"own\":1}}}");
	edit_once("{\"own\":1}", "{\"deadly\":1}", "eA==");
	edit_once("{\"own\":1}", "{\"deadly\":1}", "eQ==");
	edit_once("{\"own\":1}", "{\"other\":1}", NULL);
	/* Written anew by somebody else: that counts. */
	put_config("{\"linux\":{\"seccomp\":{\"own\":2}}}");
	edit_once("{\"own\":2}", "{\"deadly\":1}", "eA==");
	put_config("{\"linux\":{}}");
	edit_once(NULL, "{\"deadly\":1}", "eA==");
	edit_once(NULL, "{\"deadly\":1}", "eA==");
	/* The same text with another program is not ours. */
	put_config("{\"linux\":{\"seccomp\":{\"deadly\":1}},\"annotations\":{\"run.oci.seccomp_bpf_data\":\"eg==\"}}");
	edit_once("{\"deadly\":1}", "{\"deadly\":1}", "eA==");
}

Test(oci, an_edit_that_ended_half_way_is_remembered, .init = make_place, .fini = remove_place)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_bundle *bundle;
	static const char next[] = "{\"linux\":{\"seccomp\":{\"next\":1}}}";

	put_config("{\"linux\":{\"seccomp\":{\"own\":1}}}");
	edit_once("{\"own\":1}", "{\"deadly\":1}", "eA==");
	cr_assert_eq(callgate_bundle_read(config, &bundle, &err), 0);
	cr_assert_eq(callgate_bundle_recall(bundle, config, &err), 0);
	cr_assert_eq(callgate_bundle_keep(bundle, config, next, strlen(next), &err), 0);
	callgate_bundle_free(bundle);
	edit_once("{\"own\":1}", "{\"deadly\":1}", "eA==");
}

Test(oci, what_others_may_have_kept_is_refused, .init = make_place, .fini = remove_place)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_bundle *bundle;
	char path[sizeof(config) + 16];

	put_config("{\"linux\":{}}");
	edit_once(NULL, "{\"deadly\":1}", NULL);
	snprintf(path, sizeof(path), "%s.callgate", config);
	cr_assert_eq(chmod(path, 0666), 0);
	cr_assert_eq(callgate_bundle_read(config, &bundle, &err), 0);
	cr_assert_eq(callgate_bundle_recall(bundle, config, &err), CALLGATE_E_UNTRUSTED);
	callgate_bundle_free(bundle);
}
