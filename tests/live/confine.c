/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that confine themselves by libseccomp, as its users write them; libseccomp.tap builds this one against
 * <seccomp.h> and runs it with either library. confine allowlist|denylist|arguments|export */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int add_all(scmp_filter_ctx ctx, uint32_t action, const char *const *names)
{
	int r = 0;

	for (; *names && r == 0; names++) {
		int nr = seccomp_syscall_resolve_name(*names);

		if (nr == __NR_SCMP_ERROR) {
			printf("unknown: %s\n", *names);
			continue;
		}
		r = seccomp_rule_add(ctx, action, nr, 0);
	}
	return r;
}

static void report(const char *what, long result)
{
	char line[128];
	int size = snprintf(line, sizeof(line), "%s: %s\n", what, result < 0 ? strerror(errno) : "done");

	if (write(1, line, (size_t)size) < 0)
		_exit(99);
}

/* Reading, writing and leaving; all else kills. */
static int allowlist(void)
{
	static const char *const names[] = { "read", "write", "exit_group", "rt_sigreturn", "no_such_call", NULL };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL);
	int status;

	if (!ctx || add_all(ctx, SCMP_ACT_ALLOW, names) < 0)
		return 1;
	fflush(stdout);
	if (fork() == 0) {
		if (seccomp_load(ctx) < 0)
			_exit(2);
		report("write", 0);
		syscall(SYS_getppid);
		report("still there", 0);
		_exit(3);
	}
	seccomp_release(ctx);
	if (wait(&status) < 0)
		return 4;
	printf("ended by signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return 0;
}

/* What a container must not do, each with an errno of its own, on two architectures. */
static int denylist(void)
{
	static const char *const names[] = {
		"kexec_load", "open_by_handle_at", "init_module", "finit_module", "delete_module", "mkdir", NULL
	};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	if (!ctx || add_all(ctx, SCMP_ACT_ERRNO(EBADFD), names) < 0)
		return 1;
	if (seccomp_arch_native() == SCMP_ARCH_X86_64 && seccomp_arch_add(ctx, SCMP_ARCH_X86) < 0)
		return 2;
	if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(umount2), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 1, 1)) < 0)
		return 3;
	if (seccomp_load(ctx) < 0)
		return 4;
	report("mkdirat", syscall(SYS_mkdirat, AT_FDCWD, "", 0));
#ifdef SYS_mkdir
	report("mkdir", syscall(SYS_mkdir, "", 0));
#endif
	report("umount2 by force", syscall(SYS_umount2, "", 1));
	report("umount2", syscall(SYS_umount2, "", 0));
	seccomp_release(ctx);
	return 0;
}

/* Sockets by family, files for reading only, standard output only. */
static int arguments(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = 0;

	if (!ctx)
		return 1;
	r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EROFS), SCMP_SYS(openat), 1,
			      SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY));
	r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EROFS), SCMP_SYS(openat), 1,
			      SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR));
	r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EFBIG), SCMP_SYS(write), 2, SCMP_A0(SCMP_CMP_EQ, 1),
			      SCMP_A2(SCMP_CMP_GT, 100));
	if (r < 0 || seccomp_load(ctx) < 0)
		return 2;
	report("a local socket", socket(AF_UNIX, SOCK_STREAM, 0));
	report("a network socket", socket(AF_INET, SOCK_STREAM, 0));
	report("reading", open("/dev/null", O_RDONLY));
	report("writing", open("/dev/null", O_WRONLY));
	report("both", open("/dev/null", O_RDWR));
	report("much", syscall(SYS_write, 1, "", 101));
	seccomp_release(ctx);
	return 0;
}

/* The program itself, and attributes as they were set. */
static int export(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	uint32_t nnp = 0, action = 0;
	FILE *file = tmpfile();
	struct stat about;

	if (!ctx || !file || seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0) < 0)
		return 1;
	if (seccomp_attr_get(ctx, SCMP_FLTATR_CTL_NNP, &nnp) < 0 ||
	    seccomp_attr_get(ctx, SCMP_FLTATR_ACT_DEFAULT, &action) < 0)
		return 2;
	printf("nnp %u, default %#x\n", nnp, action);
	printf("same action again: %d\n", seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(read), 0));
	printf("a seventh argument: %d\n",
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, SCMP_CMP(6, SCMP_CMP_EQ, 1)));
	printf("a rule: %d\n", seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(read), 0));
	printf("export: %d\n", seccomp_export_bpf(ctx, fileno(file)));
	printf("whole instructions: %d\n",
	       fstat(fileno(file), &about) == 0 && about.st_size > 0 && about.st_size % 8 == 0);
	seccomp_release(ctx);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(void);
	} kinds[] = {
		{ "allowlist", allowlist }, { "denylist", denylist }, { "arguments", arguments }, { "export", export }
	};

	for (unsigned i = 0; argc == 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i].word) == 0)
			return kinds[i].run();
	return 64;
}
