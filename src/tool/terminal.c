/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Terminal: what people see there and scripts do not: lines that fit, constants by name. */
#include "tool/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool on_terminal(void)
{
	return isatty(STDOUT_FILENO);
}

enum { WIDTH_LEAST = 40, WIDTH_USUAL = 80 };

unsigned terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t value;

	if (columns && number_parse(columns, 16, &value) == 0 && value >= WIDTH_LEAST)
		return (unsigned)value;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST)
		return size.ws_col;
	return WIDTH_USUAL;
}

/* How much of a word fits: all of it, or of one that is too long for any line flags up to a '|'. */
static size_t fitting(const char *word, size_t size, size_t room)
{
	size_t fits = 0;

	for (size_t i = 0; size > room && i < room; i++)
		if (word[i] == '|')
			fits = i + 1;
	return fits ? fits : size;
}

void terminal_hang(const char *label, const char *words)
{
	size_t indent = strlen(label), width = terminal_width(), column = indent;
	bool fresh = true;

	fputs(label, stdout);
	while (*words) {
		size_t size = strcspn(words, " ");

		if (!fresh && column + 1 + size > width) {
			printf("\n%*s", (int)indent, "");
			column = indent;
			fresh = true;
		}
		if (fresh)
			size = fitting(words, size, width > indent ? width - indent : 1);
		column += (size_t)printf("%s%.*s", fresh ? "" : " ", (int)size, words);
		words += size;
		fresh = *words && *words != ' ';
		if (fresh) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		}
		words += strspn(words, " ");
	}
	putchar('\n');
}

void terminal_wrap(const char *words, unsigned indent)
{
	char blanks[32];

	snprintf(blanks, sizeof(blanks), "%*s", (int)indent, "");
	terminal_hang(blanks, words);
}

/* ------------------------------------------------------------------ constants by name */

/* "a0 == 0x26", "a1 & 0x3 != 0x1": the argument and where its numbers are. */
struct comparison {
	unsigned argument;
	char mask[32], op[4], value[32];
};

static bool read_comparison(const char *text, struct comparison *out)
{
	out->mask[0] = '\0';
	return sscanf(text, "a%u & %31[0-9a-fx] %3[=!<>] %31[0-9a-fx]", &out->argument, out->mask, out->op,
		      out->value) == 4 ||
	       (out->mask[0] = '\0',
		sscanf(text, "a%u %3[=!<>] %31[0-9a-fx]", &out->argument, out->op, out->value) == 3);
}

static void put_value(FILE *to, const struct callgate_pattern *call, unsigned argument, const char *text)
{
	const char *name = callgate_syscall_name(call->abi, call->nr);
	char words[256];
	uint64_t value;

	if (name && number_parse(text, 64, &value) == 0 &&
	    callgate_value_format(call->abi, name, argument, value, words, sizeof(words)) < (int)sizeof(words))
		fputs(words, to);
	else
		fputs(text, to);
}

void print_conditions(FILE *to, const struct callgate_pattern *call, const char *conditions)
{
	while (*conditions) {
		size_t size = strcspn(conditions, ",");
		struct comparison comparison;
		char one[128];

		snprintf(one, sizeof(one), "%.*s", (int)size, conditions);
		if (size < sizeof(one) && read_comparison(one, &comparison)) {
			fprintf(to, "a%u", comparison.argument);
			if (comparison.mask[0]) {
				fputs(" & ", to);
				put_value(to, call, comparison.argument, comparison.mask);
			}
			fprintf(to, " %s ", comparison.op);
			put_value(to, call, comparison.argument, comparison.value);
		} else {
			fprintf(to, "%.*s", (int)size, conditions);
		}
		conditions += size;
		if (*conditions == ',') {
			fputs(", ", to);
			conditions += 1 + strspn(conditions + 1, " ");
		}
	}
}

void print_label(FILE *to, const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *shown = malloc(size);

	if (shown)
		callgate_escape(text, shown, size);
	for (const char *at = shown; at && *at; at++) {
		if (*at == '"' || *at == '\\')
			putc('\\', to);
		putc(*at, to);
	}
	free(shown);
}

void call_text_named(const struct callgate_call *call, char *buf, size_t size)
{
	const char *name = callgate_syscall_name(call->abi, call->nr);
	size_t used, last = 0;

	if (!name) {
		call_text(call, buf, size);
		return;
	}
	used = (size_t)snprintf(buf, size, "%s", name);
	for (size_t i = 0; i < 6; i++)
		if (call->args[i])
			last = i + 1;
	for (size_t i = 0; i < last && used < size; i++) {
		char value[160];

		callgate_value_format(call->abi, name, (unsigned)i, call->args[i], value, sizeof(value));
		used += (size_t)snprintf(buf + used, size - used, "%c%s", i ? ',' : '(', value);
	}
	if (last && used < size)
		snprintf(buf + used, size - used, ")");
}
