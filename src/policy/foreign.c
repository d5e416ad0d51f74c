/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Foreign: other tools' formats by name, and the way from there: minijail, kafel, Firecracker, Kubernetes, compose,
 * firejail, nspawn, go-seccomp-bpf, systemd units, raw BPF, AppArmor, configurations of LXC, records. */
#include "policy/foreign.h"

#include <string.h>

#include "names/syscall.h"
#include "policy/json_scan.h"

enum { LINES_LOOKED_AT = 400, KEYS_LOOKED_AT = 16, BPF_WORD = 8, BPF_MAX = 4096 };

bool line_next(const struct source *source, size_t *at, struct slice *line)
{
	const char *newline;

	if (*at >= source->size)
		return false;
	newline = memchr(source->text + *at, '\n', source->size - *at);
	line->at = source->text + *at;
	line->size = newline ? (size_t)(newline - line->at) : source->size - *at;
	*at += line->size + 1;
	return true;
}

bool line_starts(struct slice line, const char *word)
{
	size_t size = strlen(word);

	return line.size >= size && memcmp(line.at, word, size) == 0;
}

/* ------------------------------------------------------------------ text */

static bool word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool blank(struct slice line)
{
	for (size_t i = 0; i < line.size; i++)
		if (line.at[i] != ' ' && line.at[i] != '\t' && line.at[i] != '\r')
			return false;
	return true;
}

/* "read: 1", "{open, openat}: arg1 == 0", "@include ..." */
static bool minijail_line(struct slice line)
{
	size_t i = 0;

	if (line_starts(line, "@include ") || line_starts(line, "@denylist") || line_starts(line, "@default ") ||
	    line_starts(line, "@frequency "))
		return true;
	if (line.size && line.at[0] == '{')
		return memchr(line.at, '}', line.size) != NULL && memchr(line.at, ':', line.size) != NULL;
	while (i < line.size && word_byte(line.at[i]))
		i++;
	return i + 1 < line.size && line.at[i] == ':' && (line.at[i + 1] == ' ' || line.at[i + 1] == '\t') &&
	       syscall_find((struct slice){ line.at, i }) != SYSCALL_NONE;
}

struct text_marks {
	/* Offset + 1 of the line that shows it; 0: none. */
	size_t apparmor, container, nspawn, systemd, kafel, kubernetes, compose, elastic, yaml, firejail, minijail;
	bool seccomp_profile;
};

static bool starts_with_one_of(struct slice line, const char *const *words)
{
	for (; *words; words++)
		if (line_starts(line, *words))
			return true;
	return false;
}

static void mark(size_t *mark, size_t at)
{
	if (!*mark)
		*mark = at + 1;
}

static void look_at_line(struct text_marks *marks, struct slice line, size_t at)
{
	static const char *const nspawn[] = { "[Exec]", "[Files]", NULL };
	static const char *const systemd[] = { "[Unit]",
					       "[Service]",
					       "[Install]",
					       "SystemCallFilter=",
					       "SystemCallArchitectures=",
					       "SystemCallErrorNumber=",
					       NULL };
	static const char *const kafel[] = { "POLICY ", "USE ", "#define ", "#include \"", NULL };
	static const char *const apparmor[] = { "#include <tunables/", "include <tunables/", "abi <abi/", NULL };
	static const char *const firejail[] = { "seccomp.drop ",
						"seccomp.keep ",
						"seccomp ",
						"seccomp\n",
						"caps.drop ",
						"caps.keep ",
						"include /etc/firejail",
						"noblacklist ",
						"private-",
						"protocol ",
						"nonewprivs",
						"noroot",
						NULL };

	if (starts_with_one_of(line, apparmor))
		mark(&marks->apparmor, at);
	if (line_starts(line, "lxc."))
		mark(&marks->container, at);
	if (starts_with_one_of(line, nspawn))
		mark(&marks->nspawn, at);
	if (starts_with_one_of(line, systemd))
		mark(&marks->systemd, at);
	if (starts_with_one_of(line, kafel))
		mark(&marks->kafel, at);
	if (blank(line) || line.at[0] == '#')
		return;
	if (line_starts(line, "apiVersion:"))
		mark(&marks->kubernetes, at);
	else if (line_starts(line, "kind: SeccompProfile"))
		marks->seccomp_profile = true;
	else if (line_starts(line, "services:"))
		mark(&marks->compose, at);
	else if (starts_with_one_of(line, firejail) || slice_is(line, "seccomp"))
		mark(&marks->firejail, at);
	else if (line_starts(line, "seccomp:") || line_starts(line, "default_action:"))
		mark(&marks->elastic, at);
	else if (line_starts(line, "---") || line_starts(line, "%YAML") || line_starts(line, "defaultAction:"))
		mark(&marks->yaml, at);
	else if (minijail_line(line))
		mark(&marks->minijail, at);
}

const char *foreign_text(const struct source *source, size_t *at)
{
	struct text_marks marks = { 0 };
	struct slice line;
	size_t next = 0;

	for (int i = 0; i < LINES_LOOKED_AT; i++) {
		size_t start = next;

		if (!line_next(source, &next, &line))
			break;
		look_at_line(&marks, line, start);
	}
	const struct {
		size_t mark;
		const char *what;
	} found[] = {
		{ marks.apparmor, "an AppArmor profile; callgate reads profiles of seccomp" },
		{ marks.container, "the configuration of an LXC container; name the file of its lxc.seccomp.profile" },
		{ marks.nspawn,
		  "a systemd-nspawn settings file; 'callgate explain pid:N' shows what its container runs under" },
		{ marks.systemd,
		  "a systemd unit (SystemCallFilter=); 'callgate explain pid:N' shows what the service runs under" },
		{ marks.kubernetes, marks.seccomp_profile
					    ? "a SeccompProfile of the Kubernetes security-profiles-operator in "
					      "YAML; write it as JSON ('kubectl get -o json')"
					    : "Kubernetes YAML; name the file of its seccompProfile (localhostProfile, "
					      "below /var/lib/kubelet/seccomp)" },
		{ marks.compose, "a compose file; name the file of its security_opt (seccomp:FILE)" },
		{ marks.elastic, "YAML of Elastic's go-seccomp-bpf; callgate reads OCI, Docker and LXC profiles" },
		{ marks.kafel,
		  "a kafel policy; 'callgate explain bpf:FILE' reads the program that is compiled from it" },
		{ marks.yaml, "YAML; profiles are JSON" },
		{ marks.firejail, "a firejail profile; 'callgate explain pid:N' shows what its sandbox runs under" },
		{ marks.minijail,
		  "a minijail policy; 'callgate explain bpf:FILE' reads the program that is compiled from it" },
	};
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		if (found[i].mark) {
			*at = found[i].mark - 1;
			return found[i].what;
		}
	}
	return NULL;
}

/* ------------------------------------------------------------------ JSON */

static bool among(struct slice word, const char *const *words)
{
	for (; *words; words++)
		if (slice_is(word, *words))
			return true;
	return false;
}

/* Keys of a profile, or of a configuration that holds one. */
static const char *const profile_keys[] = { "defaultAction", "syscalls", "linux", "ociVersion", NULL };

/* {"kind": "SeccompProfile", ...}: the operator's object, whose spec is a profile. */
bool foreign_is_operator(const struct source *source, size_t start)
{
	struct json json;
	struct json_token token, value;
	size_t last;

	json_start(&json, source, start, NULL);
	if (json_next(&json, &token) != JSON_OBJECT)
		return false;
	while (json_next(&json, &token) == JSON_KEY) {
		bool kind = slice_is(token.text, "kind");

		if (among(token.text, profile_keys) || json_next(&json, &value) == JSON_BAD)
			return false;
		if (kind)
			return value.kind == JSON_STRING && slice_is(value.text, "SeccompProfile");
		if (!json_skip(&json, &value, &last))
			return false;
	}
	return false;
}

const char *foreign_json(const struct source *source, size_t start, size_t *at)
{
	static const char *const firecracker[] = { "default_action", "filter_action", "mismatch_action", "match_action",
						   NULL };
	struct json json;
	struct json_token token, value;
	size_t last;

	if (foreign_is_operator(source, start))
		return NULL;
	json_start(&json, source, start, NULL);
	if (json_next(&json, &token) != JSON_OBJECT)
		return NULL;
	for (int i = 0; i < KEYS_LOOKED_AT && json_next(&json, &token) == JSON_KEY; i++) {
		struct json inside;

		if (among(token.text, profile_keys) || json_next(&json, &value) == JSON_BAD)
			return NULL;
		*at = token.first;
		if (slice_is(token.text, "apiVersion"))
			return "a Kubernetes object; name the file of its seccompProfile (localhostProfile, below "
			       "/var/lib/kubelet/seccomp)";
		if (slice_is(token.text, "schema") && value.kind == JSON_STRING &&
		    slice_is(value.text, "callgate.record/1"))
			return "a record of what ran; 'callgate learn' makes a profile of it";
		if (slice_is(token.text, "services"))
			return "a compose file; name the file of its security_opt (seccomp:FILE)";
		if (value.kind == JSON_NUMBER && slice_is(token.text, "default_action"))
			return "Docker's list of early 2016, with numbers for actions; Docker no longer reads it";
		inside = json;
		if (value.kind == JSON_OBJECT && json_next(&inside, &token) == JSON_KEY &&
		    among(token.text, firecracker))
			return "a Firecracker (seccompiler) filter; 'callgate explain pid:N' shows what a thread runs "
			       "under";
		if (!json_skip(&json, &value, &last))
			return NULL;
	}
	return NULL;
}

/* ------------------------------------------------------------------ binary */

/* Whether classic BPF knows this opcode; every class that seccomp's programs are made of. */
static bool bpf_code(unsigned code)
{
	switch (code & 7) {
	case 0: /* LD */
	case 1: /* LDX */
		return (code & 0xe0) <= 0xa0;
	case 2: /* ST, STX: no mode */
	case 3:
		return (code & ~7u) == 0;
	case 4: /* ALU: ADD .. XOR */
		return (code & 0xf0) <= 0xa0;
	case 5: /* JMP: JA, JEQ, JGT, JGE, JSET */
		return (code & 0xf0) <= 0x40;
	case 6: /* RET K, X, A */
		return (code & 0xe0) == 0;
	default: /* MISC: TAX, TXA */
		return code == 0x07 || code == 0x87;
	}
}

static bool bpf_words(const unsigned char *text, size_t size, unsigned low)
{
	bool returns = false;

	for (size_t i = 0; i < size; i += BPF_WORD) {
		if (text[i + 1 - low] != 0 || !bpf_code(text[i + low]))
			return false;
		returns |= (text[i + low] & 7) == 6;
	}
	return returns;
}

const char *foreign_binary(const struct source *source, size_t *at)
{
	const unsigned char *text = (const unsigned char *)source->text;

	*at = 0;
	if (source->size >= 4 && memcmp(text,
					"\x7f"
					"ELF",
					4) == 0)
		return "an ELF file, not a profile";
	if (source->size && source->size % BPF_WORD == 0 && source->size <= BPF_WORD * BPF_MAX &&
	    (bpf_words(text, source->size, 0) || bpf_words(text, source->size, 1)))
		return "raw BPF (struct sock_filter words); name it as bpf:FILE";
	return NULL;
}
