/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The peer of the benchmark: the same profile through json-c and libseccomp, as a runtime does it. */
#ifndef CALLGATE_TESTS_BENCH_PEER_H
#define CALLGATE_TESTS_BENCH_PEER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads path, answers its capability conditions for Docker's capabilities, adds its rules for the x86_64 family and
 * exports the program. level: libseccomp's optimisation, 1 linear or 2 binary tree. The program is malloc'ed; 0 or -1.
 */
int peer_compile(const char *path, int level, struct sock_filter **out, size_t *count);

/* The same in two steps: what json-c makes of the file, which peer_release() frees (NULL: not readable), and the
 * program of it. */
struct peer_profile;
struct peer_profile *peer_read(const char *path);
void peer_release(struct peer_profile *profile);
int peer_compile_read(const struct peer_profile *profile, int level, struct sock_filter **out, size_t *count);

#endif
