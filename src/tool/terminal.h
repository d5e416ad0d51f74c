/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Terminal: what people see there and scripts do not: lines that fit, constants by name. */
#ifndef CALLGATE_TOOL_TERMINAL_H
#define CALLGATE_TOOL_TERMINAL_H

#include "tool/tool.h"

/* Whether standard output is one. */
bool on_terminal(void);
/* COLUMNS, or what the terminal says; 80 where neither is known. */
unsigned terminal_width(void);
/* Words that blanks separate, indented, broken where a line would be too long. */
void terminal_wrap(const char *words, unsigned indent);
/* The same behind a label, as wide as which later lines are indented. */
void terminal_hang(const char *label, const char *words);
/* Conditions as callgate_outcome has them, with constants by name: "a0 == AF_ALG, a1 & SOCK_CLOEXEC == 0x0". */
void print_conditions(FILE *to, const struct callgate_pattern *call, const char *conditions);

/* What somebody else chose as the value of an OpenMetrics label, without the quotes: callgate_escape(), and that once
 * more for the label. */
void print_label(FILE *to, const char *text);

/* A call with its arguments by name, up to the last that is not 0. */
void call_text_named(const struct callgate_call *call, char *buf, size_t size);

#endif
