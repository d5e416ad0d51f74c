# What is said of verbs and options that do not exist, or are used in another way.
try() {
  echo "\$ callgate $*"
  callgate "$@" 2>&1 | head -1
}
small=../verdicts/small.json
try explian $small read
try zzzz
try check --strikt $small
try check --nothing-like-it $small
try check --strict=1 $small
try check -x $small
try check --strict -xy $small
try check $small --as
try compile -o
try compile --backend fast $small
try run --at foo -- true
try learn --at main record
try status --format xml
try why --last word
try diff --target '--az x86_64' $small $small
