/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State: what hooks leave behind for people and for status, one JSON file per container. */
#ifndef CALLGATE_RUNTIME_STATE_H
#define CALLGATE_RUNTIME_STATE_H

#include "callgate.h"

int state_path(const char *engine, const char *id, char *path, size_t size, struct callgate_err *err);
/* Atomically; the directory is made when missing and refused when others can write it. */
int state_write_file(const char *path, const void *bytes, size_t size, unsigned mode, struct callgate_err *err);
int state_write(const struct callgate_state *state, struct callgate_err *err);

#endif
