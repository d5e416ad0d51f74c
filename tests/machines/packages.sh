# SPDX-License-Identifier: LGPL-2.1-or-later
# Read by boot and emulate: Debian's packages for architecture $arch, by a state of apt beside the machine's own, below $state, and a
# compiler for $triplet.

# Where this machine has Debian from.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | sed -n 's,/debian$,,p' | head -n 1)
packages() { # SUITE
	apt=$state/apt-$arch-$1
	export APT_CONFIG="$apt/apt.conf"
	[ ! -e "$apt/ready" ] || return 0
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
	: > "$apt/status"
	for at in "debian $1" "debian-security $1-security"; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror/$at main"
	done > "$apt/sources"
	cat > "$apt/apt.conf" << END
APT::Architecture "$arch"; APT::Architectures { "$arch"; }; APT::Sandbox::User "root"; Acquire::Languages "none";
Dir::Etc::sourcelist "$apt/sources"; Dir::Etc::sourceparts "$apt/parts"; Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status"; Dir::Cache "$apt/cache";
END
	apt-get -qq update >&2 || echo "# some lists of packages cannot be had" >&2
	touch "$apt/ready"
}

# As packages Debian's cross compilers and gcc-multilib exclude each other, as files they do not. False: there is none, and none is to be had.
compiler() {
	! command -v "$triplet-gcc" > /dev/null || return 0
	compiler=$state/compiler-$arch version=$(gcc -dumpversion)
	if [ ! -e "$compiler/ready" ]; then
		mkdir -p "$compiler/usr/bin"
		(cd "$compiler" && apt-get -qq download "gcc-$version-$triplet" "cpp-$version-$triplet" "libgcc-$version-dev-$arch-cross" &&
			for package in *.deb; do dpkg-deb -x "$package" .; done && ln -sfn "/usr/$triplet" "usr/$triplet" &&
			ln -sf "$triplet-gcc-$version" "usr/bin/$triplet-gcc" && touch ready) >&2 || return 1
	fi
	PATH=$compiler/usr/bin:$PATH
}
