seccomp.drop ptrace,bpf
