/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Help: VERB --help says what each option does in a line, and shows the verb at work. */
#include <string.h>

#include "tool/tool.h"

/* verb NULL: what the option means wherever no row of the verb's own comes first. An option of one letter has no long
 * name. */
static const struct {
	const char *verb, *option, *value, *text;
} rows[] = {
	{ "check", "format", "FORM", "text, json, sarif or github" },
	{ "check", "W", "LEVEL", "error, error=ID or no-ID: which findings count" },
	{ "check", "for", "CONSUMER", "kep-6061, lxc, runc or crun: what it asks besides" },
	{ "check", "list", NULL, "all findings that there are, with their numbers" },
	{ "compile", "format", "FORM", "bpf, asm, pfc, c or base64" },
	{ "diff", "within", "FILE", "with --gate: what FILE permits, B may permit" },
	{ "doctor", "node", "ROOT", "a Kubernetes node, whose root is mounted at ROOT" },
	{ "exposure", "list", NULL, "the regions that are asked about" },
	{ "hook", "all", NULL, "every container; remove, status: of the runtime" },
	{ "hook", "caps", "LIST", "container (as configured, the default), or names" },
	{ "hook", "complain", NULL, "try the profile: what it would deny is logged" },
	{ "hook", "dry-run", NULL, "show what would be written, and write nothing" },
	{ "hook", "log", NULL, "denials are recorded in the system's log" },
	{ "hook", "profile", "P", "a path, or the name of an installed profile" },
	{ "lock", "check", "FILE", "compare with the digests in FILE" },
	{ "rebase", "to", "NEW", "what it is carried onto" },
	{ "status", "all", NULL, "every task of the machine" },
	{ "status", "format", "FORM", "table, tsv, json or openmetrics" },
	{ "why", "profile", "P", "whose line decides; --live: tried, not loaded" },
	{ "verify", "all", NULL, "every container of the machine" },
	{ "verify", "tasks", NULL, "with --all: a row for each task" },
	{ "verify", "profile", "P", "compare with P; default: what its hook recorded" },
	{ "apply", "dry-run", NULL, "say what would be done, and do nothing" },
	{ "learn", "at", "POINT", "exec or load: what counts as the program's own" },
	{ NULL, "abi", "A,B", "answer for these ABIs only" },
	{ NULL, "accept-looser", NULL, "install what permits more than it replaces" },
	{ NULL, "against", "SOURCE", "show where each source differs from this one" },
	{ NULL, "allow", "LIST", "calls that pass, in place of a profile" },
	{ NULL, "arch", "A", "resolve for this architecture; default: the host's" },
	{ NULL, "args", "HOW", "few or none: conditions on recorded arguments" },
	{ NULL, "as", "READER", "as runc, crun, docker, podman, lxc ... read it" },
	{ NULL, "at", "POINT", "exec, main or load: when the filter comes" },
	{ NULL, "at-least", NULL, "stricter and different are fine too" },
	{ NULL, "backend", "NAME", "native or libseccomp" },
	{ NULL, "base", "PROFILE", "what the learned profile starts from" },
	{ NULL, "batch", "FILE", "calls from a table, - is standard input" },
	{ NULL, "caps", "LIST", "names, docker, all, none, container, lxc:X, oci:X" },
	{ NULL, "color", "WHEN", "auto, always or never" },
	{ NULL, "complain", NULL, "what would be denied is logged and passes" },
	{ NULL, "default", "ACTION", "of calls that are not listed" },
	{ NULL, "deny", "LIST", "calls that are denied, in place of a profile" },
	{ NULL, "enosys", "HOW", "profile or never: ENOSYS for newer calls" },
	{ NULL, "for", "TIME", "stop after 30s, 5m, 1h" },
	{ NULL, "forbid", "LIST", "exit 1 when one of these regions is reachable" },
	{ NULL, "from", "OLD", "what the fork was made of" },
	{ NULL, "gate", "no-looser", "exit 1 only where B permits more than A" },
	{ NULL, "group", NULL, "a row per decision with all its calls" },
	{ NULL, "help", NULL, "this" },
	{ NULL, "inject", NULL, "put the exact program on the first process" },
	{ NULL, "json", NULL, "one JSON document" },
	{ NULL, "junit", "FILE", "results for a CI server too" },
	{ NULL, "kernel", "X.Y", "of the target; default: the running one" },
	{ NULL, "last", NULL, "the newest record of any hook" },
	{ NULL, "live", NULL, "follow what is denied while it happens" },
	{ NULL, "lossy", NULL, "write it although something is lost" },
	{ NULL, "lxcpath", "DIR", "where LXC's containers are defined (-P DIR)" },
	{ NULL, "matrix", "R:A:C", "all of these readers, architectures, capabilities" },
	{ NULL, "merge", NULL, "the words are records, to be made one" },
	{ NULL, "method", "HOW", "auto, tracepoints or notify" },
	{ NULL, "metrics", "FILE", "keep OpenMetrics counters there" },
	{ NULL, "mutate", NULL, "leave out each name: which would no test miss" },
	{ NULL, "names", "RELEASE", "libseccomp-X.Y.Z, whose names the reader knows" },
	{ NULL, "no-new-privs", "WORD", "yes or no" },
	{ NULL, "output", "FILE", "write there, whole or not at all (-o FILE)" },
	{ NULL, "phase", "PHASE", "program or runtime: what a container is at now" },
	{ NULL, "portable", NULL, "where readers differ in what they make of it" },
	{ NULL, "profile", "P", "a path, or the name of an installed profile" },
	{ NULL, "record", NULL, "record containers from their first call on" },
	{ NULL, "regions", "FILE", "regions of your own, as a table" },
	{ NULL, "risks", NULL, "name what reviewers ask about first" },
	{ NULL, "root", "DIR", "where the OCI runtime keeps its state" },
	{ NULL, "runtime", "NAME", "podman, runc, crun or lxc" },
	{ NULL, "stats", NULL, "instructions, paths and the proof" },
	{ NULL, "strict", NULL, "warnings are errors" },
	{ NULL, "target", "OPTIONS", "another target, by the options below" },
	{ NULL, "then", "FILE", "a second, tighter profile" },
	{ NULL, "to", "FORM", "oci, docker or lxc" },
	{ NULL, "twins", NULL, "permit a call's other forms (open, openat) too" },
	{ NULL, "unused", NULL, "what the profile allows and nobody called" },
	{ NULL, "unverified", NULL, "start without reading the filter back" },
	{ NULL, "watch", NULL, "show it again and again" },
	{ NULL, "when", "EVENT", "ready, listen:PORT, file:PATH or delay:SECONDS" },
	{ NULL, "weights", "RECORD", "frequent calls of a record come first" },
	{ NULL, "within", "PROFILE", "nothing that PROFILE does not permit" },
};

static const struct {
	const char *verb, *example;
} examples[] = {
	{ "check", "callgate check --strict web.json" },
	{ "explain", "callgate explain default 'socket(38,*,*)' --caps docker" },
	{ "exposure", "callgate exposure --caps docker default" },
	{ "diff", "callgate diff old.json new.json --caps docker" },
	{ "compile", "callgate compile --stats -o web.bpf web.json" },
	{ "convert", "callgate convert --to lxc -o web.seccomp web.json" },
	{ "meet", "callgate meet --to oci -o both.json web.json default" },
	{ "join", "callgate join --to oci -o either.json a.json b.json" },
	{ "subtract", "callgate subtract --to oci -o less.json web.json net.json" },
	{ "report", "callgate report -o host.html" },
	{ "rebase", "callgate rebase --from docker-1.json --to docker-2.json mine.json" },
	{ "test", "callgate test web.test" },
	{ "lock", "callgate lock -o profiles.lock web.json" },
	{ "run", "callgate run --profile web.json -- nginx -g 'daemon off;'" },
	{ "apply", "callgate apply --profile web.json pid:4711" },
	{ "status", "callgate status lxc:web" },
	{ "verify", "callgate verify lxc:web oci:db" },
	{ "record", "callgate record -o web.rec -- nginx -t" },
	{ "learn", "callgate learn -o web.json web.rec" },
	{ "covers", "callgate covers web.json web.rec" },
	{ "hook", "callgate hook install lxc:web --profile static-web" },
	{ "doctor", "callgate doctor" },
	{ "why", "dmesg | callgate why" },
	{ "syscall", "callgate syscall openat2" },
};

enum { TEXT_COLUMN = 26 };

static void print_row(const char *dashes, size_t row, bool optional)
{
	const char *value = rows[row].value;
	int column = printf("  %s%s", dashes, rows[row].option);

	if (value)
		column += printf(optional ? "[=%s]" : " %s", value);
	printf("%*s%s\n", column < TEXT_COLUMN ? TEXT_COLUMN - column : 1, "", rows[row].text);
}

static void print_option(const struct verb *verb, const struct option *option)
{
	size_t found = ARRAY_SIZE(rows);

	for (size_t i = 0; found == ARRAY_SIZE(rows) && i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].option, option->name) == 0 &&
		    (!rows[i].verb || strcmp(rows[i].verb, verb->name) == 0))
			found = i;
	/* Else it is another name of an option that has a row. */
	if (found < ARRAY_SIZE(rows))
		print_row("--", found, option->has_arg == optional_argument);
}

int verb_help(const struct verb *verb, const struct option *known)
{
	unsigned column = (unsigned)printf("callgate %s", verb->name);

	print_wrapped(stdout, verb->usage, column, 4);
	print_wrapped(stdout, verb->summary, 0, 0);
	for (; known && known->name; known++)
		print_option(verb, known);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!rows[i].option[1] && strcmp(rows[i].verb, verb->name) == 0)
			print_row("-", i, false);
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		if (strcmp(examples[i].verb, verb->name) == 0)
			printf("Example: %s\n", examples[i].example);
	printf("See callgate(1).\n");
	return finish_output(EXIT_YES);
}
