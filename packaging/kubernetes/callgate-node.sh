#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A Kubernetes node: callgate-node.sh install ROOT puts profiles and the runtime's handler onto the node whose root is mounted at ROOT,
# callgate-node.sh metrics ROOT writes metrics there every minute. What it cannot do it says, and ends with 1; it restarts nothing.
set -eu
command=${1:-} node=${2:-}
here=$(dirname "$0")
profiles=${CALLGATE_PROFILES:-/usr/share/callgate/profiles}
[ -d "$node" ] || { echo "usage: callgate-node.sh install|metrics ROOT" >&2; exit 2; }

# put SOURCE TARGET: whole or not at all; answers whether the file is another one now.
put() {
  cmp -s "$1" "$2" && return 1
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.new"
  chmod 644 "$2.new"
  mv -f "$2.new" "$2"
}

install_node() {
  status=0
  for profile in "$profiles"/*.json; do
    put "$profile" "$node/var/lib/kubelet/seccomp/callgate/${profile##*/}" || :
  done
  if [ ! -x "$node/usr/bin/callgate-runc" ] || ! chroot "$node" /usr/bin/callgate-runc --version >/dev/null 2>&1; then
    echo "callgate-runc does not run on this node: install the package callgate-oci there" >&2
    status=1
  fi
  if [ -d "$node/etc/containerd" ]; then
    put "$here/containerd.toml" "$node/etc/containerd/conf.d/callgate.toml" && echo "restart containerd: /etc/containerd/conf.d/callgate.toml is new"
    if ! grep -Eqs '^[[:space:]]*imports[[:space:]]*=.*/etc/containerd/conf\.d/' "$node/etc/containerd/config.toml"; then
      echo "/etc/containerd/config.toml does not import /etc/containerd/conf.d/*.toml: containerd does not know the handler" >&2
      status=1
    fi
  fi
  if [ -d "$node/etc/crio" ]; then
    put "$here/crio.conf" "$node/etc/crio/crio.conf.d/50-callgate.conf" && echo "reload CRI-O: /etc/crio/crio.conf.d/50-callgate.conf is new"
  fi
  if [ ! -d "$node/etc/containerd" ] && [ ! -d "$node/etc/crio" ]; then
    echo "neither /etc/containerd nor /etc/crio: no runtime gets the handler" >&2
    status=1
  fi
  return $status
}

case $command in
install) install_node ;;
metrics)
  mkdir -p "$node/var/lib/prometheus/node-exporter"
  while :; do
    callgate status --format openmetrics -o "$node/var/lib/prometheus/node-exporter/callgate.prom" || :
    sleep 60
  done
  ;;
*) echo "usage: callgate-node.sh install|metrics ROOT" >&2 && exit 2 ;;
esac
