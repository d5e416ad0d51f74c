# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes NAME-i386.json of NAME.json: socketcall is opened outright, for 32-bit libc (profiles/README.md says what that costs).
s|"socketcall reaches every socket call of 32-bit x86\. [^\n]*|"socketcall, all of it: 32-bit libc makes its sockets through it. The family lies behind a pointer, so any program, 64-bit ones too, can make every kind of socket this way.",|
/"op": "SCMP_CMP_GT", "value": 1 }\],$/d
