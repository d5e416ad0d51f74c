/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plain: comes before everything else in each file of the preload library, so that it calls no checking variant of a
 * libc function that only glibc has. It is loaded into musl programs too. */
#undef _FORTIFY_SOURCE
