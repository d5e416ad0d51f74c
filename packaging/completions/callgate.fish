# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for fish. Verbs and their options are asked of callgate itself.

function __callgate_profiles
	for file in {/etc,/usr/local/etc,/usr/share,/usr/local/share}/callgate/profiles/*.json
		basename $file .json
	end
end

function __callgate_containers
	for file in /var/lib/lxc/*/config
		echo lxc:(basename (dirname $file))
	end
	for file in /run/callgate/oci/*.json
		echo oci:(basename $file .json | string replace -r '@.*' '')
	end
end

function __callgate_options
	set -l verb (commandline -opc)[2]
	callgate $verb --help 2>/dev/null | grep -o -e '--[a-z][a-z-]*' | sort -u
end

complete -c callgate -n __fish_use_subcommand -f -a '(callgate verbs 2>/dev/null) help'
complete -c callgate -n 'not __fish_use_subcommand' -a '(__callgate_options)'
complete -c callgate -n '__fish_seen_subcommand_from hook; and not __fish_seen_subcommand_from install remove status' -f -a 'install remove status'
complete -c callgate -n '__fish_seen_subcommand_from hook; and __fish_seen_subcommand_from install remove status' -a '(__callgate_containers)'
complete -c callgate -n '__fish_seen_subcommand_from status verify apply why record explain diff exposure; and not __fish_seen_subcommand_from hook' -a '(__callgate_containers)'
complete -c callgate -n '__fish_seen_subcommand_from check explain diff exposure compile convert' -a '(__callgate_profiles)'
complete -c callgate -l profile -x -a '(__callgate_profiles)'
complete -c callgate -l runtime -x -a 'lxc podman runc crun'
complete -c callgate -l caps -x -a 'container docker all none (__callgate_containers)'
complete -c callgate -l method -x -a 'auto tracepoints notify'
complete -c callgate -l phase -x -a 'program runtime'
complete -c callgate -l args -x -a 'few none'
complete -c callgate -l color -x -a 'auto always never'
