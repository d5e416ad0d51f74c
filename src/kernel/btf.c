/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading BTF: a header, type records of varying length numbered from 1, and the strings that they name. */
#include "kernel/btf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"
enum { BTF_LIMIT = 64 << 20, NESTED = 8, QUERIES = 32, STRIDE = 64 };

struct btf {
	const unsigned char *types;
	size_t types_size;
	const char *strings;
	size_t strings_size;
	uint32_t *index; /* where the records of types 1, 1 + STRIDE, 1 + 2 * STRIDE ... begin */
	uint32_t count;  /* ids in use are 1 to count */
};

static int malformed(struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_FORMAT, "the kernel's type information has a form that is not known here");
}

/* How many bytes follow a type's common part; -1: an unknown kind. */
static long tail_size(uint32_t info)
{
	long count = BTF_INFO_VLEN(info);

	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return count * (long)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return count * (long)sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return count * (long)sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return count * (long)sizeof(struct btf_var_secinfo);
	case BTF_KIND_ENUM64:
		return count * (long)sizeof(struct btf_enum64);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	default:
		return -1;
	}
}

static const char *string_at(const struct btf *btf, uint32_t offset)
{
	return offset < btf->strings_size ? btf->strings + offset : "";
}

/* Few types are asked for and there are a hundred thousand: the index has every 64th, and the rest is walked. All
 * records up to count were seen to be whole. */
static const unsigned char *type_bytes(const struct btf *btf, uint32_t id)
{
	const unsigned char *at = btf->types + btf->index[(id - 1) / STRIDE];

	for (uint32_t left = (id - 1) % STRIDE; left; left--) {
		struct btf_type type;

		memcpy(&type, at, sizeof(type));
		at += sizeof(type) + (size_t)tail_size(type.info);
	}
	return at;
}

static struct btf_type type_at(const struct btf *btf, uint32_t id)
{
	struct btf_type type = { 0 };

	if (id >= 1 && id <= btf->count)
		memcpy(&type, type_bytes(btf, id), sizeof(type));
	return type;
}

/* The members of an unnamed structure count as those of the one that it is in. */
static bool find_member(const struct btf *btf, uint32_t id, const char *name, unsigned depth, uint32_t *bits)
{
	struct btf_type type = type_at(btf, id);
	const unsigned char *at = type_bytes(btf, id) + sizeof(type);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(type.info); i++) {
		struct btf_member member;
		uint32_t kind, offset;

		memcpy(&member, at + i * sizeof(member), sizeof(member));
		offset = BTF_INFO_KFLAG(type.info) ? BTF_MEMBER_BIT_OFFSET(member.offset) : member.offset;
		if (member.name_off) {
			if (strcmp(string_at(btf, member.name_off), name) != 0)
				continue;
			*bits = offset;
			return true;
		}
		kind = BTF_INFO_KIND(type_at(btf, member.type).info);
		if (depth < NESTED && (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION) &&
		    find_member(btf, member.type, name, depth + 1, bits)) {
			*bits += offset;
			return true;
		}
	}
	return false;
}

/* Which of the queries name this type; the first definition counts. */
static void match(const struct btf *btf, const struct btf_type *type, uint32_t ids[], const struct btf_query *queries,
		  size_t count)
{
	uint32_t kind = BTF_INFO_KIND(type->info);
	const char *name;

	if ((kind != BTF_KIND_STRUCT && kind != BTF_KIND_FUNC) || !type->name_off)
		return;
	name = string_at(btf, type->name_off);
	for (size_t i = 0; i < count; i++)
		if (queries[i].type[0] == name[0] && !ids[i] && (kind == BTF_KIND_FUNC) == !queries[i].member &&
		    strcmp(queries[i].type, name) == 0)
			ids[i] = btf->count;
}

static int index_types(struct btf *btf, uint32_t ids[], const struct btf_query *queries, size_t count,
		       struct callgate_err *err)
{
	size_t room = btf->types_size / sizeof(struct btf_type);

	btf->index = malloc((room / STRIDE + 1) * sizeof(*btf->index));
	if (!btf->index)
		return err_nomem(err);
	for (size_t at = 0; at + sizeof(struct btf_type) <= btf->types_size;) {
		struct btf_type type;
		long tail;

		memcpy(&type, btf->types + at, sizeof(type));
		tail = tail_size(type.info);
		if (tail < 0 || (size_t)tail > btf->types_size - at - sizeof(type))
			return malformed(err);
		if (btf->count++ % STRIDE == 0)
			btf->index[(btf->count - 1) / STRIDE] = (uint32_t)at;
		match(btf, &type, ids, queries, count);
		at += sizeof(type) + (size_t)tail;
	}
	return 0;
}

static int answer(const struct btf *btf, const uint32_t ids[], struct btf_query *queries, size_t count,
		  struct callgate_err *err)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t bits = 0;

		if (ids[i] && !queries[i].member) {
			queries[i].answer = ids[i];
			continue;
		}
		if (!ids[i] || !find_member(btf, ids[i], queries[i].member, 0, &bits) || bits % 8)
			return err_set(err, CALLGATE_E_UNSUPPORTED, "this kernel has no %s%s%s", queries[i].type,
				       queries[i].member ? "." : "", queries[i].member ? queries[i].member : "");
		queries[i].answer = bits / 8;
	}
	return 0;
}

int btf_ask_bytes(const void *bytes, size_t size, struct btf_query *queries, size_t count, struct callgate_err *err)
{
	uint32_t ids[QUERIES] = { 0 };
	struct btf_header head;
	struct btf btf = { 0 };
	size_t room;
	int r;

	if (count > QUERIES)
		return err_set(err, CALLGATE_E_ARG, "%zu questions at once", count);
	if (size < sizeof(head))
		return malformed(err);
	memcpy(&head, bytes, sizeof(head));
	if (head.magic != BTF_MAGIC || head.version != BTF_VERSION || head.hdr_len < sizeof(head) ||
	    head.hdr_len > size)
		return malformed(err);
	room = size - head.hdr_len;
	if (head.type_off > room || head.type_len > room - head.type_off || head.str_off > room ||
	    head.str_len > room - head.str_off || head.str_len == 0)
		return malformed(err);
	btf.types = (const unsigned char *)bytes + head.hdr_len + head.type_off;
	btf.types_size = head.type_len;
	btf.strings = (const char *)bytes + head.hdr_len + head.str_off;
	btf.strings_size = head.str_len;
	if (btf.strings[btf.strings_size - 1] != '\0')
		return malformed(err);
	r = index_types(&btf, ids, queries, count, err);
	if (r == 0)
		r = answer(&btf, ids, queries, count, err);
	free(btf.index);
	return r;
}

static int read_whole(int fd, unsigned char *bytes, size_t size)
{
	for (size_t used = 0; used < size;) {
		ssize_t n = read(fd, bytes + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		used += (size_t)n;
	}
	return 0;
}

/* The file comes in pages of 4096 bytes, each by a call of its own; since Linux 6.16 it can be mapped instead. */
static int ask_file(int fd, size_t size, struct btf_query *queries, size_t count, struct callgate_err *err)
{
	void *mapped = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	unsigned char *bytes;
	int r;

	if (mapped != MAP_FAILED) {
		r = btf_ask_bytes(mapped, size, queries, count, err);
		munmap(mapped, size);
		return r;
	}
	bytes = malloc(size);
	if (!bytes)
		return err_nomem(err);
	if (read_whole(fd, bytes, size) < 0)
		r = err_set_errno(err, CALLGATE_E_IO, errno, BTF_PATH, "cannot read");
	else
		r = btf_ask_bytes(bytes, size, queries, count, err);
	free(bytes);
	return r;
}

int btf_ask(struct btf_query *queries, size_t count, struct callgate_err *err)
{
	struct stat st;
	int r, fd = open(BTF_PATH, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > BTF_LIMIT) {
		fd_close(fd);
		return err_set_errno(err, CALLGATE_E_UNSUPPORTED, errno, BTF_PATH,
				     "the kernel's type information is not there");
	}
	r = ask_file(fd, (size_t)st.st_size, queries, count, err);
	fd_close(fd);
	return r;
}
