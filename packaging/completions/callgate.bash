# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for bash. Verbs and their options are asked of callgate itself, so nothing here gets out of date.

_callgate_profiles() {
	local dir file
	for dir in /etc/callgate/profiles /usr/local/etc/callgate/profiles /usr/share/callgate/profiles /usr/local/share/callgate/profiles; do
		for file in "$dir"/*.json "$dir"/*.seccomp; do
			[[ -f $file ]] || continue
			file=${file##*/}
			printf '%s\n' "${file%.*}"
		done
	done
}

# lxc:NAME of every container that is defined, oci:ID of those that a hook has recorded.
_callgate_containers() {
	local path
	for path in /var/lib/lxc/*/config; do
		[[ -f $path ]] || continue
		path=${path%/config}
		printf 'lxc:%s\n' "${path##*/}"
	done
	for path in /run/callgate/oci/*.json; do
		[[ -f $path ]] || continue
		path=${path##*/}
		path=${path%.json}
		printf 'oci:%s\n' "${path%@*}" # behind it: which --root
	done
}

_callgate() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} usage words i
	COMPREPLY=()

	# "lxc:web" is one word to us, and two or three to bash.
	if declare -F _get_comp_words_by_ref > /dev/null; then
		local cur words_ref cword_ref
		_get_comp_words_by_ref -n : -c cur -w words_ref -i cword_ref 2> /dev/null && word=$cur
	fi
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$(callgate verbs 2> /dev/null) help" -- "$word")
		return
	fi
	# Behind "--" stands somebody else's command line.
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			mapfile -t COMPREPLY < <(compgen -c -f -- "$word")
			return
		fi
	done
	case $before in
	--arch | --abi) words="x86_64 x86 x32 aarch64 arm riscv64 s390x s390 ppc64le loongarch64 mips64 mipsel64" ;;
	--caps) words="container docker all none $(_callgate_containers)" ;;
	--as) words="docker podman containerd runc crun lxc runsc" ;;
	--enosys) words="profile never" ;;
	--color) words="auto always never" ;;
	--format) words="text json sarif github table tsv openmetrics bpf asm pfc c base64" ;;
	--backend) words="native libseccomp" ;;
	--to) words="oci docker lxc" ;;
	--gate) words="no-looser" ;;
	--method) words="auto tracepoints notify" ;;
	--phase) words="program runtime" ;;
	--args) words="few none" ;;
	--runtime) words="lxc podman runc crun" ;;
	--at) words="exec main load" ;;
	--no-new-privs) words="yes no" ;;
	--when) words="ready listen: file: delay:" ;;
	--profile | --then) words=$(_callgate_profiles) ;;
	*)
		if [[ $word == -* ]]; then
			usage=$(callgate "$verb" --help 2> /dev/null)
			words="--help --color --json $(grep -o -e '--[a-z][a-z-]*' <<< "$usage")"
			[[ $usage == *TARGET* ]] && words+=" --arch --abi --caps --kernel --as --names --enosys"
		else
			case $verb in
			hook) ((COMP_CWORD == 2)) && words="install remove status" || words=$(_callgate_containers) ;;
			status | verify | apply | why | record) words=$(_callgate_containers) ;;
			explain | diff | exposure) words=$(_callgate_profiles; _callgate_containers) ;;
			*) words=$(_callgate_profiles) ;;
			esac
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	declare -F __ltrim_colon_completions > /dev/null && __ltrim_colon_completions "$word"
	[[ $word == -* || ( $verb == hook && COMP_CWORD -eq 2 ) || $before == --@(arch|abi|args|at|caps|as|enosys|color|backend|method|phase|runtime|to) ]] ||
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
}
complete -o filenames -F _callgate callgate
