/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of an OCI runtime, as far as a wrapper must understand it. */
#ifndef CALLGATE_HOOKS_OCI_ARGS_H
#define CALLGATE_HOOKS_OCI_ARGS_H

#include <stdbool.h>

struct oci_args {
	const char *command; /* NULL: none (--version, --help) */
	int command_at;      /* its index; 0: none */
	const char *id;      /* create, run, delete: the container; NULL: not given */
	const char *bundle;  /* NULL: the working directory */
	int bundle_at;       /* the index of the word that ends in the bundle; 0: not given */
	const char *root;    /* --root, where the runtime keeps its state: ids are unique below it only; NULL: the usual
				place */
	const char
		*profile; /* --callgate-profile, which is ours: what containers of this runtime get; NULL: not given */
	int own_at;       /* the index of that option, whose own_count words the real runtime does not see */
	int own_count;
	const char *log; /* --log, where engines look for errors; NULL: none */
	bool json_log;
};

/*
 * Options before the command are understood word for word, because one that takes a value and is not known would make
 * the value look like the command; so are those of create and run. NULL: none, or unknown.
 */
const char *oci_args_read(int argc, char *const argv[], struct oci_args *out);

#endif
