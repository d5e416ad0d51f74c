/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As libseccomp: what it keeps of the rules for one call, in which order, and what it refuses; a model for releases and
 * machines that are not at hand. */
#ifndef CALLGATE_FILTER_AS_LIBRARY_H
#define CALLGATE_FILTER_AS_LIBRARY_H

#include "filter/conditions.h"

/*
 * What is kept of clauses added one after the other: one that has just the first conditions of another, in the order of
 * arguments, is the broader one. Behind a broader clause a narrower one has no effect and is taken out; a broader one
 * with another action behind a narrower is refused (EEXIST): E_PROFILE, and reported.
 */
int library_settle(const struct resolution *res, const struct candidate_list *list, struct rule_clauses *clauses,
		   struct callgate_err *err);

/* E_UNSUPPORTED: some call matches clauses of different actions, and which of the two is tried first is not predicted;
 * or what libseccomp makes of several comparisons of one argument is not. */
int library_refuse_unsure(const struct resolution *res, const struct candidate_list *list,
			  const struct rule_clauses *clauses, struct callgate_err *err);

/* Errnos from 4095 on it takes neither as a default nor in a rule. at: where the text has it. */
int library_refuse_errno(const struct resolution *res, struct callgate_action action, struct place at,
			 struct callgate_err *err);

/* Adds the clauses of one member of a multiplexer. */
int library_add_member(const struct resolution *res, const struct candidate_list *list, struct test selector,
		       uint8_t word, struct rule_clauses *out, struct callgate_err *err);

/* Whether the code for this ABI loads the number at all. */
enum library_load { LIBRARY_LOAD_KEPT, LIBRARY_LOAD_LOST };
int library_load(const struct resolution *res, const struct abi_candidates *space, enum library_load *out,
		 struct callgate_err *err);

/* E_UNSUPPORTED: conditional rules of different actions for a call that the ABI lacks, which may contradict (EEXIST).
 */
int library_refuse_absent(const struct resolution *res, const struct abi_candidates *space, struct callgate_err *err);

/* E_PROFILE: an architecture that the release does not know, or of another byte order than the host's. */
int library_refuse_arches(const struct resolution *res, struct callgate_err *err);

/* The libseccomp of Debian 12 has map_shadow_stack on every ABI but x32. */
bool library_misses(const struct resolution *res, int id, enum callgate_abi abi);

#endif
