// SPDX-License-Identifier: LGPL-2.1-or-later
// confined PROFILE: the same in C++.
#include <callgate.h>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	callgate_err err{}; // all zeros, as CALLGATE_ERR_INIT, whose designated initializers C++ has from C++20 on

	if (argc != 2) {
		std::cerr << "usage: confined PROFILE\n";
		return 2;
	}
	if (callgate_confine_self(argv[1], nullptr, &err) < 0) {
		std::cerr << err.file << ':' << err.line << ':' << err.column << ": " << err.text << '\n';
		return 1;
	}
	std::cout << "mkdir: " << (mkdir("confined.directory", 0700) < 0 ? std::strerror(errno) : "made") << '\n';
	return 0;
}
