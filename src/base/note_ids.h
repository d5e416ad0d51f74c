/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry of findings: NOTE(number, NAME, "what it is about", "why it is reported"). A number means the same for
 * ever; retired rows stay, new rows go to the end of their hundred. callgate-profile(5) lists them from here. 1-99 form
 * of the text, 100-199 fields and words, 200-299 what rules mean together, 300-399 targets and readers
 */
#ifndef CALLGATE_BASE_NOTE_IDS_H
#define CALLGATE_BASE_NOTE_IDS_H

#define NOTE_IDS(NOTE) \
	NOTE(1, SYNTAX, "not well-formed (RFC 8259, or LXC's line syntax)", \
	     "readers refuse the file, or LXC reads another rule than the one that was meant") \
	NOTE(2, UTF8, "invalid UTF-8, NUL or byte order mark", \
	     "readers differ in where such a text ends and what it says") \
	NOTE(3, DUPLICATE_KEY, "a duplicate key, or one that differs only by case", \
	     "readers differ in which of the two they use") \
	NOTE(4, FORMAT, "another tool's format", \
	     "callgate reads OCI, Docker and LXC profiles; the message says how to get one") \
	NOTE(5, LIMIT, "too long, too deep, too many", "no profile that means something is that large") \
	NOTE(100, UNKNOWN_KEY, "a key that no reader knows", \
	     "the key is ignored, so whatever it was meant to do is not done") \
	NOTE(101, KEY_CASE, "a known key in the wrong case, or a near miss of one", \
	     "Go's readers take keys in any case, crun does not, and a misspelt key is ignored") \
	NOTE(102, TYPE, "the wrong JSON type", "readers refuse the file, or take the key as absent") \
	NOTE(103, MISSING, "a required key is missing or empty", \
	     "readers refuse the file, or use a default that the author did not see") \
	NOTE(104, ACTION, "unknown or forbidden action", "readers refuse the profile") \
	NOTE(105, ERRNO, "errno value or name", \
	     "an errno that is ignored, truncated or 0 gives the caller another answer than the one that was meant") \
	NOTE(106, ARCH, "an unknown architecture, or one that does not fit the others", \
	     "readers refuse the profile, or leave the architecture out") \
	NOTE(107, FLAG, "unknown filter flag", "readers refuse the profile") \
	NOTE(108, OPERATOR, "unknown comparison operator", "readers refuse the profile") \
	NOTE(109, ARGUMENT, "argument index, value or condition", \
	     "readers refuse the condition, or compare another value") \
	NOTE(110, LISTENER, "NOTIFY and its listener", \
	     "without a listener every such call fails, and some calls are made before there can be one") \
	NOTE(111, GUARD, "includes and excludes: capability, architecture, kernel", \
	     "the rule applies on no host, or on others than the ones that were meant") \
	NOTE(112, SECTION, "an LXC section", "LXC adds the rules of a section to every ABI of the host") \
	NOTE(113, SYSCALL, "an unknown syscall name", \
	     "runtimes drop names that they do not know: a rule that denies is then not applied (an error), one that " \
	     "allows neither (a warning)") \
	NOTE(114, NAMES, "name and names, empty names", "readers differ in which of them they use") \
	NOTE(200, REDUNDANT, "a rule with the action of the default", \
	     "runtimes drop such a rule before they look at any other") \
	NOTE(201, DUPLICATE, "a duplicate rule", "one of them is superfluous, or was meant to be another") \
	NOTE(202, SHADOWED, "a rule that another one makes ineffective", \
	     "a rule that decides nothing was meant to decide something") \
	NOTE(203, CONFLICT, "conflicting actions for one call", \
	     "only one of the two can be applied, and readers differ in which") \
	NOTE(204, NEVER, "a condition or rule that never holds", \
	     "the rule is dead, so what it was meant to do is not done") \
	NOTE(205, ALWAYS, "a condition that always holds", "the condition does not restrict the rule") \
	NOTE(206, ORED, "one argument compared twice in a rule", \
	     "runtimes then OR all conditions of the rule, so it matches more than it says") \
	NOTE(207, MASK, "a mask and a value that do not fit", "the comparison is another than the one that was meant") \
	NOTE(208, POINTER, "a pointer argument compared", \
	     "a filter sees the address, not what it points to, and the caller chooses the address") \
	NOTE(209, UPPER_BITS, "upper bits of a 32-bit argument", \
	     "the kernel ignores these bits and the filter does not: the caller chooses them") \
	NOTE(210, RESTRICTS_NOTHING, "a profile that restricts nothing", \
	     "a container with this profile is not confined by it") \
	NOTE(211, RUNS_NOTHING, "a profile under which nothing can run", \
	     "the runtime executes the container's program under the filter") \
	NOTE(212, TOO_LARGE, "a program past the kernel's limit", "the kernel refuses the program") \
	NOTE(213, OVERLAP, "conditional rules of different actions that match one call", \
	     "the stricter action decides; runtimes differ in which one they take") \
	NOTE(214, ARITY, "an argument that the call does not have", \
	     "the register holds whatever the caller left there, so the condition does not restrict the call") \
	NOTE(215, TWIN, "a call is allowed without its twin", \
	     "libraries use the newer call where it exists (*_time64 on 32-bit ABIs) and fail without it") \
	NOTE(216, SIBLING, "a call is denied and one with the same effect is allowed", \
	     "programs get the effect by the other call") \
	NOTE(217, OPENS, "a call is allowed that does what the rules restrict", \
	     "socketcall, ipc and io_uring reach calls past the rules about them") \
	NOTE(218, FLAG_ALONE, "a flag that has no effect without another, or without NOTIFY", \
	     "readers or the kernel refuse the filter, or ignore the flag") \
	NOTE(219, NO_EXIT, "no way for a program to end", \
	     "with neither exit_group nor exit a program is killed when it ends, or runs on") \
	NOTE(220, NEWER, "a default that allows what is newer than the profile", \
	     "calls that a later kernel adds are allowed without anybody having looked at them") \
	NOTE(221, FALLBACK, "an errno that keeps the C library from its fallback", \
	     "glibc and musl fall back to an older call on ENOSYS only; EPERM is an error to the program") \
	NOTE(300, CUT, "a value cut to 32 bits on a 32-bit ABI", "the rest of the value is ignored there") \
	NOTE(301, MUX, "a multiplexed call (socketcall, ipc)", "the arguments of the call are behind a pointer there") \
	NOTE(302, READER, "readers differ", "the same file gives different filters") \
	NOTE(303, LOSS, "what a format cannot express", \
	     "the written profile is not equivalent to the one that was read") \
	NOTE(304, NATIVE, "the native ABI is not listed", \
	     "runtimes add it, so the profile applies to more than it lists") \
	NOTE(305, ABI, "an ABI that is allowed by surprise", \
	     "its calls have other numbers and argument widths than those of the native ABI") \
	NOTE(306, ENGINE, "a call that the engine itself makes and that is denied (--for)", \
	     "the container may end at its start without saying why")

enum note_id {
#define NOTE(number, name, about, why) NOTE_##name = number,
	NOTE_IDS(NOTE)
#undef NOTE
};

#endif
