/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clusters: chains and trees of tests on one field of one argument (many values of an ioctl's command, say), turned
 * into sorted steps and built into the diagram in one go: one by one, each value would copy its whole path. Private to
 * meaning.
 */
#ifndef CALLGATE_FILTER_CLUSTER_H
#define CALLGATE_FILTER_CLUSTER_H

#include "filter/bdd.h"

/* An array that doubles. */
struct vector {
	void *at;
	size_t count, room;
};
/* Room for one more element of this size; NULL: no memory. */
void *vector_push(struct vector *vector, size_t size);
bool vector_push_node(struct vector *vector, const struct node *node);

/* What is remembered of one filter's nodes, by id. */
struct memo {
	const struct callgate_filter *filter;
	size_t count;
	meaning_ref *refs; /* BDD_NONE: not known yet */
	uint32_t *cluster; /* the last cluster that the node was gathered into */
	uint32_t *chain;   /* index + 1 of the chain that starts here, while in that cluster */
	bool *single;      /* tried as a cluster and better done alone */
};

/* Room to work in, kept from one cluster to the next. Start from { 0 }. */
struct cluster {
	struct vector nodes;  /* const struct node * */
	struct vector breaks; /* uint64_t */
	struct vector refs;   /* meaning_ref */
	struct vector chains; /* struct chain */
	struct vector points; /* struct point */
	uint32_t serial;
	size_t gathered; /* nodes put into clusters so far */
};
void cluster_release(struct cluster *cluster);

enum built { BUILT, NOT_HERE, WAITING, FAILED };

/* BUILT: root's reference is in memo (BDD_NONE when the diagram refused). NOT_HERE: root is better built alone.
 * WAITING: nodes that must be known first were pushed on stack. FAILED: no memory. */
enum built cluster_build(struct cluster *cluster, struct bdd *bdd, struct memo *memo, const struct node *root,
			 struct vector *stack);

#endif
