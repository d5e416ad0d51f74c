/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that people give to containers of podman and Docker. */
#ifndef CALLGATE_RUNTIME_OCI_NAMES_H
#define CALLGATE_RUNTIME_OCI_NAMES_H

#include <stddef.h>

/* How many containers have the name; id: the first one's. */
unsigned oci_name_find(const char *name, char *id, size_t size);

#endif
