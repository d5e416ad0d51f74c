# What `callgate report` writes, in parts: the whole of it is looked at by tests/report.tap.
page=/tmp/report-$$
try() {
  echo "\$ callgate report $*"
  SOURCE_DATE_EPOCH=0 callgate report --arch x86_64 --kernel 6.1 "$@"
  echo "exit $?"
}
try ../verdicts/small.json >$page
head -c 60 $page
grep -A 2 '</h1>' $page
grep -E '<b>(read|lseek|socketcall|mkdir|\(highest number\))</b>' $page
sed -n '/<dl class="lines">/,$p' $page | head -5 | cut -c 1-300
try --against ../verdicts/small.json ../verdicts/deny.json | sed -n '/id="differences"/,/<tr>/p'
try -o $page ../verdicts/small.json | sed "s|-$$||"
head -c 16 $page
try ../bad/nothing-here.json
rm -f $page
