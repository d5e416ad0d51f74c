/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry of findings: NOTE(number, NAME, "what it is about"). A number means the same for ever;
 * retired rows stay, new rows go to the end of their hundred. callgate-profile(5) lists them from here.
 *   1-99 form of the text, 100-199 fields and words, 200-299 what rules mean together, 300-399 targets and readers
 */
#ifndef CALLGATE_BASE_NOTE_IDS_H
#define CALLGATE_BASE_NOTE_IDS_H

#define NOTE_IDS(NOTE)                                                                                 \
	NOTE(1, SYNTAX, "not well-formed (RFC 8259, or LXC's line syntax)")                            \
	NOTE(2, UTF8, "invalid UTF-8, NUL or byte order mark")                                         \
	NOTE(3, DUPLICATE_KEY, "a key stands twice, or twice but for its case")                        \
	NOTE(4, FORMAT, "another tool's format")                                                       \
	NOTE(5, LIMIT, "too long, too deep, too many")                                                 \
	NOTE(100, UNKNOWN_KEY, "a key that no reader knows")                                           \
	NOTE(101, KEY_CASE, "a known key in the wrong case, or a near miss of one")                    \
	NOTE(102, TYPE, "the wrong JSON type")                                                         \
	NOTE(103, MISSING, "a required key is missing or empty")                                       \
	NOTE(104, ACTION, "unknown or forbidden action")                                               \
	NOTE(105, ERRNO, "errno value or name")                                                        \
	NOTE(106, ARCH, "unknown or senseless architecture")                                           \
	NOTE(107, FLAG, "unknown filter flag")                                                         \
	NOTE(108, OPERATOR, "unknown comparison operator")                                             \
	NOTE(109, ARGUMENT, "argument index, value or condition")                                      \
	NOTE(110, LISTENER, "NOTIFY and its listener")                                                 \
	NOTE(111, GUARD, "a guard: capability, architecture, kernel")                                  \
	NOTE(112, SECTION, "an LXC section")                                                           \
	NOTE(113, SYSCALL, "a syscall name that cannot be resolved")                                   \
	NOTE(114, NAMES, "name and names, empty names")                                                \
	NOTE(200, REDUNDANT, "a rule that does what the default does")                                 \
	NOTE(201, DUPLICATE, "the same rule twice")                                                    \
	NOTE(202, SHADOWED, "a rule that an earlier or unconditional one beats")                       \
	NOTE(203, CONFLICT, "two rules that contradict each other")                                    \
	NOTE(204, NEVER, "a rule or guard that never holds")                                           \
	NOTE(205, ALWAYS, "a condition that always holds")                                             \
	NOTE(206, ORED, "one argument index twice: runtimes OR the conditions")                        \
	NOTE(207, MASK, "a mask and a value that do not fit")                                          \
	NOTE(208, POINTER, "a pointer argument compared")                                              \
	NOTE(209, UPPER_BITS, "upper bits of a 32-bit argument")                                       \
	NOTE(210, RESTRICTS_NOTHING, "a profile that restricts nothing")                               \
	NOTE(211, RUNS_NOTHING, "a profile under which nothing can run")                               \
	NOTE(212, TOO_LARGE, "a program past the kernel's limit")                                      \
	NOTE(213, OVERLAP, "conditional rules of different actions that match one call")               \
	NOTE(300, CUT, "a value cut to 32 bits on a 32-bit ABI")                                       \
	NOTE(301, MUX, "a multiplexed call (socketcall, ipc)")                                         \
	NOTE(302, READER, "readers differ")                                                            \
	NOTE(303, LOSS, "what a format cannot say")

enum note_id {
#define NOTE(number, name, about) NOTE_##name = number,
	NOTE_IDS(NOTE)
#undef NOTE
};

#endif
