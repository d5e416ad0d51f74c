/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * String: the few memory and string functions that the core calls, for the preload library alone. glibc chooses its own
 * when it is relocated (IFUNC), and a library that does not name it as needed may be relocated before it: calling them
 * crashes then. Plain loops do for what a list or a profile needs.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* In each loop, or compilers see what it does and make it a call of the function that it is in. */
#define A_LOOP_IT_STAYS __asm__ volatile("")

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	while (size--) {
		*t++ = *f++;
		A_LOOP_IT_STAYS;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	for (size_t i = 0; t < f && i < size; i++) {
		t[i] = f[i];
		A_LOOP_IT_STAYS;
	}
	while (t > f && size--) {
		t[size] = f[size];
		A_LOOP_IT_STAYS;
	}
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	unsigned char *t = to;

	while (size--) {
		*t++ = (unsigned char)byte;
		A_LOOP_IT_STAYS;
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size; size--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

void *memchr(const void *at, int byte, size_t size)
{
	const unsigned char *c = at;

	for (; size; size--, c++)
		if (*c == (unsigned char)byte)
			return (void *)c;
	return NULL;
}

size_t strlen(const char *text)
{
	const char *end = text;

	while (*end) {
		end++;
		A_LOOP_IT_STAYS;
	}
	return (size_t)(end - text);
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (; size; size--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, PTRDIFF_MAX);
}

char *strchr(const char *text, int wanted)
{
	for (;; text++) {
		if (*text == (char)wanted)
			return (char *)text;
		if (!*text)
			return NULL;
	}
}

size_t strcspn(const char *text, const char *stops)
{
	size_t size = 0;

	while (text[size] && !strchr(stops, text[size]))
		size++;
	return size;
}
