/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of system calls: against itself, against the installed libseccomp, and against facts about kernels. */
#include <criterion/criterion.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/private.h"
#include "names/abi.h"
#include "names/syscall.h"

enum { DEBIAN_12 = 0x020504, LIBSECCOMP_2_6_0 = 0x020600 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int find(const char *name)
{
	return syscall_find((struct slice){ name, strlen(name) });
}

static bool has_word(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == size && memcmp(list, word, size) == 0)
			return true;
	return false;
}

static uint32_t library_release(void)
{
	const struct scmp_version *version = seccomp_version();

	return version->major << 16 | version->minor << 8 | version->micro;
}

static uint32_t library_arch(int abi)
{
	return seccomp_arch_resolve_name(abi_of((enum callgate_abi)abi)->name);
}

Test(syscalls, are_found_by_name_and_by_number)
{
	static const char *const unknown[] = { "",     "rea",   "readd",
					       "READ", "read ", "open_tree_attr_and_much_more_than_any_call_has" };
	char text[] = { 'r', 'e', 'a', 'd', 'l', 'i', 'n', 'k' };

	for (int id = 0; id < syscall_count(); id++) {
		cr_assert_eq(find(syscall_id_name(id)), id, "%s", syscall_id_name(id));
		for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
			int64_t nr = syscall_nr(id, (enum callgate_abi)abi);

			if (nr == SYSCALL_NONE)
				continue;
			cr_assert_eq(syscall_by_nr((enum callgate_abi)abi, (uint32_t)nr), id, "%s %s",
				     abi_of((enum callgate_abi)abi)->name, syscall_id_name(id));
			cr_assert_leq(nr, syscall_max_nr((enum callgate_abi)abi));
		}
	}
	for (size_t i = 0; i < COUNT(unknown); i++)
		cr_assert_eq(find(unknown[i]), SYSCALL_NONE, "%s", unknown[i]);
	cr_assert_eq(syscall_find((struct slice){ text, 4 }), find("read"), "a slice ends where it ends");
	cr_assert_eq(syscall_find((struct slice){ NULL, 0 }), SYSCALL_NONE);
	cr_assert_eq(syscall_by_nr(CALLGATE_ABI_X86_64, UINT32_MAX), SYSCALL_NONE);
	cr_assert_eq(syscall_by_nr(CALLGATE_ABI_X86_64, 0x40000000), SYSCALL_NONE);
	cr_assert_eq(syscall_by_nr(CALLGATE_ABI_X32, 0), SYSCALL_NONE);
	cr_assert_eq(syscall_by_nr(CALLGATE_ABI_MIPS, 3), SYSCALL_NONE);
	cr_assert_eq(syscall_by_nr(CALLGATE_ABI_ARM, 0xf005), SYSCALL_NONE, "a packed number is not a number");
	cr_assert_eq(syscall_by_nr(CALLGATE_ABI_NONE, 0), SYSCALL_NONE);
	cr_assert_eq(syscall_nr(SYSCALL_NONE, CALLGATE_ABI_X86), SYSCALL_NONE);
	cr_assert_eq(syscall_nr(0, CALLGATE_ABI_COUNT), SYSCALL_NONE);
	cr_assert_null(syscall_id_name(syscall_count()));
	cr_assert_null(syscall_id_name(-1));
}

Test(syscalls, have_the_numbers_that_kernels_have)
{
	static const struct {
		enum callgate_abi abi;
		const char *name;
		int64_t nr;
	} facts[] = {
		{ CALLGATE_ABI_X86_64, "read", 0 },
		{ CALLGATE_ABI_X86, "socket", 359 },
		{ CALLGATE_ABI_X86, "accept", SYSCALL_NONE },
		{ CALLGATE_ABI_X32, "read", 0x40000000 },
		{ CALLGATE_ABI_X32, "ioctl", 0x40000202 },
		{ CALLGATE_ABI_ARM, "set_tls", 0xf0005 },
		{ CALLGATE_ABI_AARCH64, "openat", 56 },
		{ CALLGATE_ABI_AARCH64, "open", SYSCALL_NONE },
		{ CALLGATE_ABI_LOONGARCH64, "openat", 56 },
		{ CALLGATE_ABI_LOONGARCH64, "renameat", SYSCALL_NONE },
		{ CALLGATE_ABI_LOONGARCH64, "renameat2", 276 },
		{ CALLGATE_ABI_M68K, "atomic_barrier", 336 },
		{ CALLGATE_ABI_M68K, "futex_requeue", 456 },
		{ CALLGATE_ABI_MIPS, "socket", 4183 },
		{ CALLGATE_ABI_MIPS64, "mseal", 5462 },
		{ CALLGATE_ABI_MIPSEL64N32, "mseal", 6462 },
		{ CALLGATE_ABI_PPC64LE, "recv", 336 },
		{ CALLGATE_ABI_S390, "listns", SYSCALL_NONE },
		{ CALLGATE_ABI_S390X, "listns", 470 },
		{ CALLGATE_ABI_SH, "socket", 340 },
		{ CALLGATE_ABI_SHEB, "clone", 120 },
		{ CALLGATE_ABI_X86_64, "uretprobe", 335 },
		{ CALLGATE_ABI_RISCV64, "riscv_hwprobe", 258 },
	};

	for (size_t i = 0; i < COUNT(facts); i++)
		cr_assert_eq(syscall_nr(find(facts[i].name), facts[i].abi), facts[i].nr, "%s %s",
			     abi_of(facts[i].abi)->name, facts[i].name);
}

/* Calls that kernels have and the library has not: Debian 12's on x32, 2.6.0 on loongarch64. */
static bool library_misses(int id, int abi)
{
	return (library_release() <= DEBIAN_12 && abi == CALLGATE_ABI_X32 && id == find("map_shadow_stack")) ||
	       (library_release() <= LIBSECCOMP_2_6_0 && abi == CALLGATE_ABI_LOONGARCH64 && id == find("memfd_secret"));
}

/* What the library answers to a name is a number, "not here" (-10000 and below), "behind a multiplexer" (-101 .. -224),
 * or -1. */
static void check_number(int id, int abi, int theirs)
{
	const char *name = syscall_id_name(id), *where = abi_of((enum callgate_abi)abi)->name;
	int64_t nr = syscall_nr(id, (enum callgate_abi)abi);
	uint32_t selector = 0;
	int mux = SYSCALL_NONE;
	bool behind = syscall_behind_mux(id, (enum callgate_abi)abi, &mux, &selector);

	if (theirs >= 0) {
		cr_assert_eq((uint32_t)nr, (uint32_t)theirs, "%s %s: %lld, libseccomp has %d", where, name,
			     (long long)nr, theirs);
		cr_assert_not(behind, "%s %s", where, name);
	} else if (theirs <= -10000) {
		cr_assert(nr == SYSCALL_NONE || library_release() > DEBIAN_12 || library_misses(id, abi),
			  "%s %s: libseccomp has none", where, name);
		cr_assert_not(behind, "%s %s", where, name);
	} else if (theirs < -100) {
		const char *through = theirs < -200 ? "ipc" : "socketcall";

		/* The library gives recv and send their pseudo numbers on ABIs without socketcall too. */
		cr_assert_eq(behind, syscall_nr(find(through), (enum callgate_abi)abi) != SYSCALL_NONE, "%s %s", where,
			     name);
		if (!behind)
			return;
		cr_assert_str_eq(syscall_id_name(mux), through);
		cr_assert_eq(selector, (uint32_t)(-theirs % 100), "%s %s: selector %u", where, name, selector);
		cr_assert_eq(syscall_mux_member(mux, selector), id);
	}
}

Test(syscalls, agree_with_libseccomp_name_by_name)
{
	int compared = 0, abis = 0;

	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
		uint32_t arch = library_arch(abi);

		abis += arch != 0;
		for (int id = 0; arch && id < syscall_count(); id++) {
			int theirs = seccomp_syscall_resolve_name_arch(arch, syscall_id_name(id));

			if (theirs == __NR_SCMP_ERROR)
				continue;
			check_number(id, abi, theirs);
			compared++;
		}
	}
	cr_assert_geq(abis, 18, "libseccomp knows %d ABIs", abis);
	cr_assert_geq(compared, 480 * 18, "%d", compared);
}

Test(syscalls, agree_with_libseccomp_number_by_number)
{
	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
		uint32_t arch = library_arch(abi),
			 first = (uint32_t)syscall_nr(find("restart_syscall"), (enum callgate_abi)abi);

		/* MIPS numbers carry a base that is a multiple of 1000. */
		first = abi == CALLGATE_ABI_X32 ? 0x40000000 : first / 1000 * 1000;
		for (uint32_t nr = first; arch && nr < first + 600; nr++) {
			char *theirs = seccomp_syscall_resolve_num_arch(arch, (int)nr);
			int id = syscall_by_nr((enum callgate_abi)abi, nr);

			if (theirs)
				cr_assert(id != SYSCALL_NONE && strcmp(syscall_id_name(id), theirs) == 0, "%s %u is %s",
					  abi_of((enum callgate_abi)abi)->name, nr, theirs);
			else if (id != SYSCALL_NONE && !library_misses(id, abi))
				cr_assert_not(syscall_in_release(id, DEBIAN_12), "%s", syscall_id_name(id));
			free(theirs);
		}
	}
}

/* --names libseccomp-2.5.4 means exactly the names of Debian 12's library; of a later one it means at least those. */
Test(syscalls, know_the_names_of_libseccomp_2_5_4)
{
	int known = 0;

	for (int id = 0; id < syscall_count(); id++) {
		bool theirs =
			seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, syscall_id_name(id)) != __NR_SCMP_ERROR;

		if (library_release() == DEBIAN_12)
			cr_assert_eq(syscall_in_release(id, DEBIAN_12), theirs, "%s", syscall_id_name(id));
		else
			cr_assert(theirs || !syscall_in_release(id, DEBIAN_12), "%s", syscall_id_name(id));
		known += theirs;
	}
	for (int pseudo = -11000; pseudo < -1; pseudo++) {
		char *theirs = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, pseudo);

		if (theirs && library_release() <= DEBIAN_12)
			cr_assert_neq(find(theirs), SYSCALL_NONE, "%s", theirs);
		free(theirs);
	}
	cr_assert_geq(known, 487);
}

/* As much of classic BPF as libseccomp emits. */
static uint32_t run(const struct sock_filter *program, size_t count, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < count; pc++) {
		const struct sock_filter *at = &program[pc];
		bool yes = false;

		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + at->k, sizeof(a));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= at->k;
			continue;
		case BPF_JMP | BPF_JA:
			pc += at->k;
			continue;
		case BPF_RET | BPF_K:
			return at->k;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == at->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > at->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= at->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = (a & at->k) != 0;
			break;
		default:
			cr_assert_fail("instruction %04x", at->code);
		}
		pc += yes ? at->jt : at->jf;
	}
	cr_assert_fail("no return");
	return 0;
}

/* A filter for one ABI that denies one name (and getpid). */
static size_t deny(uint32_t arch, const char *name, struct sock_filter *program, size_t room)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int fd = memfd_create("deny", MFD_CLOEXEC);
	ssize_t size;

	cr_assert(ctx && fd >= 0);
	if (arch != seccomp_arch_native())
		cr_assert(seccomp_arch_remove(ctx, seccomp_arch_native()) == 0 && seccomp_arch_add(ctx, arch) == 0);
	/* The first rule is one with a number of its own, as in every real profile. */
	cr_assert_eq(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(2), SCMP_SYS(getpid), 0), 0);
	cr_assert_eq(seccomp_syscall_priority(ctx, SCMP_SYS(getpid), 255), 0);
	/* Rules take this machine's numbers, whatever they are for. */
	cr_assert_eq(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(1), seccomp_syscall_resolve_name(name), 0), 0, "%s", name);
	cr_assert_eq(seccomp_export_bpf(ctx, fd), 0);
	size = pread(fd, program, room * sizeof(*program), 0);
	cr_assert(size > 0 && (size_t)size < room * sizeof(*program));
	close(fd);
	seccomp_release(ctx);
	return (size_t)size / sizeof(*program);
}

/* In the byte order of the ABI: the first argument's halves, and the program's words. */
static void turn(struct sock_filter *program, size_t count, struct seccomp_data *data)
{
	data->args[0] = data->args[0] << 32 | data->args[0] >> 32;
	for (size_t i = 0; program && i < count; i++) {
		program[i].code = __builtin_bswap16(program[i].code);
		program[i].k = __builtin_bswap32(program[i].k);
	}
}

/* One member on one ABI: its selector is guarded, no other one is, and so is its own number. */
static void check_member(int id, int abi, int mux, uint32_t selector)
{
	const struct abi *row = abi_of((enum callgate_abi)abi);
	bool foreign = row->big_endian != abi_of(abi_native())->big_endian;
	struct seccomp_data data = { .arch = row->audit, .nr = (int)syscall_nr(mux, (enum callgate_abi)abi) };
	struct sock_filter program[256];
	size_t count = deny(library_arch(abi), syscall_id_name(id), program, COUNT(program));

	if (foreign)
		turn(program, count, &data);
	for (uint32_t i = 0; i < 40; i++) {
		data.args[0] = i;
		if (foreign)
			turn(NULL, 0, &data);
		cr_assert_eq(run(program, count, &data), i == selector ? SECCOMP_RET_ERRNO | 1 : SECCOMP_RET_ALLOW,
			     "%s %s %u", row->name, syscall_id_name(id), i);
	}
	if (syscall_nr(id, (enum callgate_abi)abi) == SYSCALL_NONE)
		return;
	data.nr = (int)syscall_nr(id, (enum callgate_abi)abi);
	cr_assert_eq(run(program, count, &data), SECCOMP_RET_ERRNO | 1, "%s %s by number", row->name,
		     syscall_id_name(id));
}

/* On which ABIs libseccomp guards the multiplexer as well, asked of the filters that it makes. */
Test(syscalls, are_multiplexed_where_libseccomp_says_so)
{
	int guarded = 0;

	for (int abi = 0; abi < CALLGATE_ABI_COUNT; abi++) {
		for (int id = 0; library_arch(abi) && id < syscall_count(); id++) {
			uint32_t selector;
			int mux;

			/*
			 * This machine's library cannot be asked about calls that this machine does not have a number
			 * for.
			 */
			if (!syscall_behind_mux(id, (enum callgate_abi)abi, &mux, &selector) ||
			    seccomp_syscall_resolve_name(syscall_id_name(id)) <= -10000)
				continue;
			check_member(id, abi, mux, selector);
			guarded++;
		}
	}
	cr_assert_geq(guarded, 8 * (20 + 12), "%d: x86 mips mipsel ppc ppc64 ppc64le s390 s390x", guarded);
}

Test(syscalls, tell_members_of_multiplexers)
{
	static const struct {
		enum callgate_abi abi;
		const char *name, *mux;
		uint32_t selector;
	} facts[] = {
		{ CALLGATE_ABI_X86, "socket", "socketcall", 1 },
		{ CALLGATE_ABI_S390, "sendmmsg", "socketcall", 20 },
		{ CALLGATE_ABI_PPC64, "shmctl", "ipc", 24 },
		{ CALLGATE_ABI_M68K, "accept4", "socketcall", 18 },
		{ CALLGATE_ABI_SH, "semop", "ipc", 1 },
		{ CALLGATE_ABI_X86_64, "socket", NULL, 0 },
		{ CALLGATE_ABI_ARM, "socket", NULL, 0 },
		{ CALLGATE_ABI_AARCH64, "shmget", NULL, 0 },
		{ CALLGATE_ABI_X86, "open", NULL, 0 },
		{ CALLGATE_ABI_MIPS64, "recv", NULL, 0 },
		{ CALLGATE_ABI_X86, "socketcall", NULL, 0 },
		{ CALLGATE_ABI_S390X, "semtimedop", "ipc", 4 },
		{ CALLGATE_ABI_X86, "semtimedop_time64", NULL, 0 },
	};

	for (size_t i = 0; i < COUNT(facts); i++) {
		uint32_t selector = 99;
		int mux = 99;

		cr_assert_eq(syscall_behind_mux(find(facts[i].name), facts[i].abi, &mux, &selector),
			     facts[i].mux != NULL, "%s", facts[i].name);
		if (facts[i].mux) {
			cr_assert_str_eq(syscall_id_name(mux), facts[i].mux);
			cr_assert_eq(selector, facts[i].selector);
		} else {
			cr_assert(mux == 99 && selector == 99, "written only when there is an answer");
		}
	}
	cr_assert_eq(syscall_mux_member(find("ipc"), 0), SYSCALL_NONE);
	cr_assert_eq(syscall_mux_member(find("ipc"), 5), SYSCALL_NONE);
	cr_assert_eq(syscall_mux_member(find("ipc"), 25), SYSCALL_NONE);
	cr_assert_eq(syscall_mux_member(find("socketcall"), UINT32_MAX), SYSCALL_NONE);
	cr_assert_eq(syscall_mux_member(find("open"), 1), SYSCALL_NONE);
	cr_assert_eq(syscall_mux_member(SYSCALL_NONE, 1), SYSCALL_NONE);
}

Test(syscalls, know_their_first_kernel_and_release)
{
	static const struct {
		const char *name;
		uint16_t kernel;
		uint32_t release, before;
	} facts[] = {
		{ "read", 0x0206, 0x020300, 0 },
		{ "renameat2", 0x030f, 0x020300, 0 },
		{ "clone3", 0x0503, 0x020402, 0x020400 },
		{ "openat2", 0x0506, 0x020500, 0x020402 },
		{ "close_range", 0x0509, 0x020501, 0x020500 },
		{ "landlock_add_rule", 0x050d, 0x020502, 0x020501 },
		{ "futex_waitv", 0x0510, 0x020504, 0x020502 },
		{ "fchmodat2", 0x0606, 0x020504, 0x020502 },
		{ "mseal", 0x060a, 0x020506, 0x020505 },
		{ "setxattrat", 0x060d, 0x020506, 0x020505 },
		{ "riscv_hwprobe", 0x0604, 0x020506, 0x020505 },
		{ "getpagesize", 0x0206, 0x020600, 0x020506 },
		{ "file_getattr", 0x0611, 0x020601, 0x020600 },
		{ "listns", 0x0613, 0x020601, 0x020600 },
	};

	for (size_t i = 0; i < COUNT(facts); i++) {
		int id = find(facts[i].name);

		cr_assert_eq(syscall_first_kernel(id), facts[i].kernel, "%s: %04x", facts[i].name,
			     syscall_first_kernel(id));
		cr_assert(syscall_in_release(id, facts[i].release), "%s", facts[i].name);
		cr_assert(syscall_in_release(id, 0), "%s", facts[i].name);
		cr_assert(!facts[i].before || !syscall_in_release(id, facts[i].before), "%s", facts[i].name);
	}
	cr_assert_not(syscall_in_release(SYSCALL_NONE, 0));
	cr_assert_eq(syscall_first_kernel(SYSCALL_NONE), 0);
	/* Since 5.1 numbers are handed out in order, the same everywhere; 436 close_range and 443 quotactl_fd were
	 * ready late. */
	for (uint32_t nr = 425; nr <= syscall_max_nr(CALLGATE_ABI_X86_64); nr++) {
		int id = syscall_by_nr(CALLGATE_ABI_X86_64, nr), before = syscall_by_nr(CALLGATE_ABI_X86_64, nr - 1);

		if (id != SYSCALL_NONE && before != SYSCALL_NONE && nr != 437 && nr != 444)
			cr_assert_geq(syscall_first_kernel(id), syscall_first_kernel(before), "%s",
				      syscall_id_name(id));
	}
}

static bool takes_nothing(const char *name)
{
	static const char *const names[] = {
		"fork",         "getegid",      "getegid32",  "geteuid",  "geteuid32",       "getgid",
		"getgid32",     "getpgrp",      "getpid",     "getppid",  "gettid",          "getuid",
		"getuid32",     "inotify_init", "munlockall", "pause",    "restart_syscall", "rseq_slice_yield",
		"rt_sigreturn", "sched_yield",  "setsid",     "sgetmask", "sigreturn",       "sync",
		"uprobe",       "uretprobe",    "vfork",      "vhangup",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

Test(syscalls, know_their_arguments_where_people_meet_them)
{
	static const struct {
		const char *name, *args, *names;
	} facts[] = {
		{ "socket", "iii", "domain,type,protocol" },
		{ "openat", "ipii", "dirfd,path,flags,mode" },
		{ "ioctl", "iil", "fd,cmd,arg" },
		{ "clone", "lpppl", "flags,stack,parent_tid,child_tid,tls" },
		{ "personality", "i", "persona" },
		{ "pread64", "ipl6", "fd,buf,count,offset" },
		{ "futex", "piippi", "uaddr,op,val,timeout,uaddr2,val3" },
		{ "sync", "", "" },
	};

	for (size_t i = 0; i < COUNT(facts); i++) {
		cr_assert_str_eq(syscall_args(find(facts[i].name)), facts[i].args);
		cr_assert_str_eq(syscall_arg_names(find(facts[i].name)), facts[i].names);
	}
	for (int id = 0; id < syscall_count(); id++) {
		const char *args = syscall_args(id), *at = syscall_arg_names(id);
		size_t names = *at != '\0';
		bool met = syscall_nr(id, CALLGATE_ABI_X86_64) >= 0 || syscall_nr(id, CALLGATE_ABI_X86) >= 0 ||
			   syscall_nr(id, CALLGATE_ABI_AARCH64) >= 0;

		for (; *at; at++)
			names += *at == ',';
		cr_assert_leq(strlen(args), 6, "%s", syscall_id_name(id));
		cr_assert_eq(strspn(args, "ilp6"), strlen(args), "%s", syscall_id_name(id));
		cr_assert_eq(names, strlen(args), "%s: %s", syscall_id_name(id), syscall_arg_names(id));
		cr_assert(!met || *args || takes_nothing(syscall_id_name(id)) || has_word(syscall_sets(id), "obsolete"),
			  "%s", syscall_id_name(id));
	}
	cr_assert_str_empty(syscall_args(-1));
	cr_assert_str_empty(syscall_arg_names(syscall_count()));
}

Test(syscalls, have_arguments_in_the_order_of_each_abi)
{
	static const struct {
		enum callgate_abi abi;
		const char *name, *kinds, *names;
	} facts[] = {
		{ CALLGATE_ABI_X86_64, "clone", "lpppl", "flags,stack,parent_tid,child_tid,tls" },
		{ CALLGATE_ABI_X32, "clone", "lpppl", "flags,stack,parent_tid,child_tid,tls" },
		{ CALLGATE_ABI_LOONGARCH64, "clone", "lpppl", "flags,stack,parent_tid,child_tid,tls" },
		{ CALLGATE_ABI_AARCH64, "clone", "lpplp", "flags,stack,parent_tid,tls,child_tid" },
		{ CALLGATE_ABI_X86, "clone", "lpplp", "flags,stack,parent_tid,tls,child_tid" },
		{ CALLGATE_ABI_S390, "clone", "plppl", "stack,flags,parent_tid,child_tid,tls" },
		{ CALLGATE_ABI_S390X, "clone", "plppl", "stack,flags,parent_tid,child_tid,tls" },
		{ CALLGATE_ABI_X86_64, "pread64", "ipl6", "fd,buf,count,offset" },
		{ CALLGATE_ABI_X32, "pread64", "ipl6", "fd,buf,count,offset" },
		{ CALLGATE_ABI_X86, "pread64", "iplhh", "fd,buf,count,offset_low,offset_high" },
		{ CALLGATE_ABI_ARM, "pread64", "iplxhh", "fd,buf,count,-,offset_low,offset_high" },
		{ CALLGATE_ABI_MIPS, "pread64", "iplxhh", "fd,buf,count,-,offset_high,offset_low" },
		{ CALLGATE_ABI_PARISC, "pread64", "iplhh", "fd,buf,count,offset_high,offset_low" },
		{ CALLGATE_ABI_SH, "pread64", "iplxhh", "fd,buf,count,-,offset_low,offset_high" },
		{ CALLGATE_ABI_ARM, "arm_sync_file_range", "iihhhh",
		  "fd,flags,offset_low,offset_high,nbytes_low,nbytes_high" },
		{ CALLGATE_ABI_MIPS, "sync_file_range", "ixhhhh",
		  "fd,-,offset_high,offset_low,nbytes_high,nbytes_low" },
		{ CALLGATE_ABI_X86, "fadvise64_64", "ihhhhi", "fd,offset_low,offset_high,len_low,len_high,advice" },
		{ CALLGATE_ABI_PPC, "fadvise64_64", "iihhhh", "fd,advice,offset_high,offset_low,len_high,len_low" },
		{ CALLGATE_ABI_PPC, "fadvise64", "ixhhli", "fd,-,offset_high,offset_low,len,advice" },
		{ CALLGATE_ABI_S390, "fadvise64", "ihhli", "fd,offset_high,offset_low,len,advice" },
		{ CALLGATE_ABI_S390, "fadvise64_64", "p", "args" },
		{ CALLGATE_ABI_MIPSEL, "fadvise64", "ixhhhh", "fd,-,offset_low,offset_high,len_low,len_high" },
		{ CALLGATE_ABI_ARM, "arm_fadvise64_64", "iihhhh", "fd,advice,offset_low,offset_high,len_low,len_high" },
		{ CALLGATE_ABI_PARISC, "fadvise64_64", "ihhhhi", "fd,offset_high,offset_low,len_high,len_low,advice" },
		{ CALLGATE_ABI_SHEB, "fadvise64_64", "ihhhhi", "fd,offset_high,offset_low,len_high,len_low,advice" },
		{ CALLGATE_ABI_S390, "sync_file_range", "ihhhhi",
		  "fd,offset_high,offset_low,nbytes_high,nbytes_low,flags" },
		{ CALLGATE_ABI_PPC, "sync_file_range2", "iihhhh",
		  "fd,flags,offset_high,offset_low,nbytes_high,nbytes_low" },
		{ CALLGATE_ABI_PPC64LE, "sync_file_range2", "ii66", "fd,flags,offset,nbytes" },
		{ CALLGATE_ABI_SH, "sync_file_range2", "iihhhh",
		  "fd,flags,offset_low,offset_high,nbytes_low,nbytes_high" },
		{ CALLGATE_ABI_ARM, "truncate64", "pxhh", "path,-,length_low,length_high" },
		{ CALLGATE_ABI_SH, "truncate64", "phh", "path,length_low,length_high" },
		{ CALLGATE_ABI_S390, "truncate64", "phh", "path,length_high,length_low" },
		{ CALLGATE_ABI_PPC, "ftruncate64", "ixhh", "fd,-,length_high,length_low" },
		{ CALLGATE_ABI_MIPS, "readahead", "ixhhl", "fd,-,offset_high,offset_low,count" },
		{ CALLGATE_ABI_M68K, "readahead", "ihhl", "fd,offset_high,offset_low,count" },
		{ CALLGATE_ABI_MIPSEL64N32, "readahead", "i6l", "fd,offset,count" },
		{ CALLGATE_ABI_ARM, "fallocate", "iihhhh", "fd,mode,offset_low,offset_high,len_low,len_high" },
		{ CALLGATE_ABI_ARM, "fanotify_mark", "iihhip", "fanotify_fd,flags,mask_low,mask_high,dirfd,path" },
		{ CALLGATE_ABI_PPC, "lookup_dcookie", "hhpl", "cookie_high,cookie_low,buf,len" },
		{ CALLGATE_ABI_X86, "preadv2", "lpllli", "fd,iov,iovcnt,pos_l,pos_h,flags" },
		{ CALLGATE_ABI_X86_64, "preadv2", "lpllli", "fd,iov,iovcnt,pos_l,pos_h,flags" },
		{ CALLGATE_ABI_X32, "preadv2", "lpl6i", "fd,iov,iovcnt,offset,flags" },
		{ CALLGATE_ABI_X32, "pwritev", "lpl6", "fd,iov,iovcnt,offset" },
		{ CALLGATE_ABI_X86, "sigsuspend", "iil", "unused1,unused2,mask" },
		{ CALLGATE_ABI_PPC, "sigsuspend", "l", "mask" },
		{ CALLGATE_ABI_ARM, "cacheflush", "ppi", "start,end,flags" },
		{ CALLGATE_ABI_MIPS, "cacheflush", "pii", "addr,nbytes,cache" },
		{ CALLGATE_ABI_X86, "set_thread_area", "p", "u_info" },
		{ CALLGATE_ABI_MIPS64, "set_thread_area", "l", "tp" },
		{ CALLGATE_ABI_S390X, "mmap", "p", "args" },
		{ CALLGATE_ABI_X86_64, "mmap", "plllll", "addr,length,prot,flags,fd,offset" },
	};

	for (size_t i = 0; i < COUNT(facts); i++) {
		struct callgate_arguments got;

		cr_assert_eq(callgate_syscall_arguments(facts[i].abi, facts[i].name, &got), 0);
		cr_expect_str_eq(got.kinds, facts[i].kinds, "%s %s: %s", callgate_abi_name(facts[i].abi), facts[i].name,
				 got.kinds);
		cr_expect_str_eq(got.names, facts[i].names, "%s %s: %s", callgate_abi_name(facts[i].abi), facts[i].name,
				 got.names);
	}
}

Test(syscalls, belong_to_topics_of_a_fixed_list)
{
	static const char topics[] =
		"aio,credentials,debug,event,file-system,io,io-uring,ipc,keyring,memory,module,mount,namespace,"
		"network,obsolete,privileged,process,scheduling,security,signal,sync,system,time";
	char word[32];

	for (int id = 0; id < syscall_count(); id++) {
		const char *at = syscall_sets(id);

		cr_assert_str_not_empty(at, "%s", syscall_id_name(id));
		for (; *at; at += strcspn(at, ","), at += *at == ',') {
			snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, ","), at);
			cr_assert(has_word(topics, word), "%s: %s", syscall_id_name(id), word);
		}
	}
	cr_assert(has_word(syscall_sets(find("finit_module")), "module"));
	cr_assert(has_word(syscall_sets(find("finit_module")), "privileged"));
	cr_assert(has_word(syscall_sets(find("sendmmsg")), "network"));
	cr_assert_str_empty(syscall_sets(-1));
}

Test(syscalls, suggest_the_nearest_name)
{
	static const struct {
		const char *typed, *meant;
	} facts[] = {
		{ "opneat", "openat" },
		{ "sockett", "socket" },
		{ "mprotct", "mprotect" },
		{ "OPENAT", "openat" },
		{ "sys_unshare", "unshare" },
		{ "__NR_clone3", "clone3" },
		{ "process_vm_reedv", "process_vm_readv" },
		{ "xyzzy", NULL },
		{ "", NULL },
		{ "q", NULL },
		{ "completely_else", NULL },
	};
	char huge[5000];

	for (size_t i = 0; i < COUNT(facts); i++) {
		const char *nearest = syscall_nearest((struct slice){ facts[i].typed, strlen(facts[i].typed) });

		if (facts[i].meant)
			cr_assert(nearest && strcmp(nearest, facts[i].meant) == 0, "%s: %s", facts[i].typed,
				  nearest ? nearest : "none");
		else
			cr_assert_null(nearest, "%s: %s", facts[i].typed, nearest);
	}
	memset(huge, 'a', sizeof(huge));
	cr_assert_null(syscall_nearest((struct slice){ huge, sizeof(huge) }));
}
