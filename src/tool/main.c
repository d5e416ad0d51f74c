/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callgate, the admin tool: a verb is a row of the table here and a file of its own. */
#include <signal.h>
#include <string.h>

#include "config.h"
#include "tool/tool.h"

static int verb_version(const struct verb *verb, int argc, char **argv);
static int verb_words(const struct verb *verb, int argc, char **argv);

static const struct verb verbs[] = {
	{ "check", verb_check,
	  "[--strict] [-W error|error=ID|no-ID] [--portable] [--for CONSUMER] [--format text|json|sarif|github] "
	  "[TARGET] FILE... | "
	  "--list",
	  "syntax, meaning and findings of profiles" },
	{ "explain", verb_explain, "[--risks] [--group] [TARGET] SOURCE [CALL... | --batch FILE]",
	  "what happens to a call, and who decided" },
	{ "exposure", verb_exposure, "[--regions FILE] [--forbid REGION,...] [TARGET] SOURCE... | --list",
	  "what reviewers ask about first, and is reachable" },
	{ "diff", verb_diff,
	  "[--gate no-looser [--within FILE]] [--target OPTIONS]... [--matrix READERS[:ARCHES[:CAPS]]] [TARGET] A B",
	  "exact difference in meaning of two sources" },
	{ "compile", verb_compile,
	  "[--format bpf|asm|pfc|c|base64] [--backend native|libseccomp] [--weights RECORD] [--stats] "
	  "[-o OUT] [TARGET] FILE",
	  "a profile as a proved program" },
	{ "convert", verb_convert, "--to oci|docker|lxc [--lossy] [-o OUT] [TARGET] FILE",
	  "a profile in another format, with its losses" },
	{ "meet", verb_meet, "[--to oci|docker|lxc] [-o FILE] [TARGET] A B...",
	  "a profile of what all sources permit" },
	{ "join", verb_join, "[--to oci|docker|lxc] [-o FILE] [TARGET] A B...",
	  "a profile of what any source permits" },
	{ "subtract", verb_subtract, "[--to oci|docker|lxc] [-o FILE] [TARGET] A B",
	  "a profile of what A permits and B does not" },
	{ "rebase", verb_rebase, "--from OLD --to NEW [-o FILE] MINE", "a fork of OLD carried onto NEW" },
	{ "test", verb_test, "[--mutate] [--junit FILE] [TARGET] FILE...",
	  "expectations beside a profile: are they met" },
	{ "lock", verb_lock,
	  "[--target OPTIONS]... [--matrix READERS[:ARCHES[:CAPS]]] [-o FILE] [TARGET] PROFILE... | --check FILE",
	  "digests of what profiles mean, to be kept beside them" },
	{ "run", verb_run,
	  "--profile FILE|--allow LIST|--deny LIST|--default ACTION [--at exec|main|load] [--complain] [--then FILE "
	  "--when ready|listen:PORT|file:PATH|delay:SECONDS] [--no-new-privs yes|no] [TARGET] [--] COMMAND...",
	  "one command under a profile" },
	{ "apply", verb_apply,
	  "--profile FILE|--allow LIST|--deny LIST|--default ACTION [--dry-run] [--no-new-privs yes|no] [TARGET] "
	  "pid:N|lxc:NAME|oci:ID",
	  "tighten a live process or container" },
	{ "status", verb_status, "[--format table|tsv|json|openmetrics] [-o FILE] [--watch] [SOURCE... | --all]",
	  "who is confined: containers and units, or tasks" },
	{ "verify", verb_verify, "[--profile FILE] [--at-least] [TARGET] pid:N|lxc:NAME|oci:ID... | --all [--tasks]",
	  "is what runs what the profile says" },
	{ "report", verb_report, "[--against SOURCE] [--regions FILE] [-o FILE.html] [TARGET] [SOURCE...]",
	  "sources, or the whole machine, as one HTML page" },
	{ "record", verb_record,
	  "[--for TIME] [--method auto|tracepoints|notify] [--phase program|runtime] [-o FILE] [--] COMMAND... | "
	  "pid:N|lxc:NAME|oci:ID | --merge RECORD...",
	  "which calls are made, with counts, arguments and denials" },
	{ "learn", verb_learn,
	  "[--base PROFILE] [--within PROFILE] [--args few|none] [--twins] [--at exec|load] [-o FILE] [TARGET] "
	  "RECORD...",
	  "a profile that covers records" },
	{ "covers", verb_covers, "[--unused] [--json] [TARGET] PROFILE RECORD...",
	  "does a profile permit all that was recorded" },
	{ "hook", verb_hook,
	  "install|remove|status lxc:NAME [--profile P] [--caps C] [--inject [--log] | --complain | --unverified] "
	  "[--record] [--accept-looser] [--lxcpath DIR] [--dry-run], or remove --all, or remove|status --runtime lxc "
	  "--all, or status, or "
	  "install|remove|status --runtime podman|runc|crun [--profile P] [--all] [--log] [--complain] [--record] "
	  "[--dry-run]",
	  "makes engines call callgate when containers start" },
	{ "doctor", verb_doctor, "[--node[=ROOT]] [--json]",
	  "what this machine can do, what is installed, known traps" },
	{ "why", verb_why,
	  "[--profile P] [--json] [TARGET] [LINE... | - | lxc:NAME | oci:ID] | --last | --live [--for TIME] [--metrics "
	  "FILE] pid:N|lxc:NAME|oci:ID",
	  "what was denied, or why a start was refused" },
	{ "syscall", verb_syscall, "[--abi A,B] NAME|NUMBER...", "numbers, arguments and age of a system call" },
	{ "version", verb_version, "", "version of callgate" },
	{ "verbs", verb_words, "", "the verbs, one a line (for completion)" },
};

static int verb_version(const struct verb *verb, int argc, char **argv)
{
	(void)verb;
	(void)argc;
	(void)argv;
	printf("callgate %s\n", PACKAGE_VERSION);
	return finish_output(EXIT_YES);
}

static int verb_words(const struct verb *verb, int argc, char **argv)
{
	(void)verb;
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("%s\n", verbs[i].name);
	return finish_output(EXIT_YES);
}

static int usage(FILE *to, int code)
{
	fprintf(to, "usage: callgate VERB ...\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		fprintf(to, "  %-9s ", verbs[i].name);
		print_wrapped(to, verbs[i].usage, 12, 12);
		fprintf(to, "%12s", "");
		print_wrapped(to, verbs[i].summary, 12, 12);
	}
	fprintf(to, "\nSOURCE: a profile file, a shipped profile's name, - (stdin), bpf:FILE, pid:N,\n"
		    "        lxc:NAME, oci:ID, env:\n"
		    "TARGET: --arch A --abi A,B --caps CAP_X,CAP_Y|container|docker|all|none\n"
		    "        --kernel X.Y --as READER --names libseccomp-X.Y.Z\n"
		    "        --enosys profile|never\n"
		    "CALL:   name, name(0x28,*,3) or a number\n");
	return code;
}

static int unknown_verb(const char *word)
{
	const char *names[ARRAY_SIZE(verbs) + 1] = { NULL }, *near;
	char shown[4 * 64 + 1];

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		names[i] = verbs[i].name;
	near = callgate_nearest_word(word, names);
	callgate_escape(word, shown, sizeof(shown));
	if (near)
		report("unknown verb '%s'; did you mean '%s'?", shown, near);
	else
		report("unknown verb '%s'; 'callgate help' lists them", shown);
	return EXIT_CANNOT;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (argc > 2) /* there is something to work on */
		callgate_prefault();
	/* A reader that goes away is an error of ours to report, not a silent death. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return usage(stderr, EXIT_CANNOT);
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
		return finish_output(usage(stdout, EXIT_YES));
	if (strcmp(word, "--version") == 0)
		word = "version";
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(word, verbs[i].name) == 0)
			return verbs[i].run(&verbs[i], argc - 1, argv + 1);
	return unknown_verb(word);
}
