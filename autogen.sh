#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes configure from a fresh clone.
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
exec autoreconf --install --warnings=all,no-obsolete
