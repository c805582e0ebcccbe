#!/bin/sh
# A leak traced on an invented country: what an insider exported page by page and an older export are pasted into one
# workbook; the owner delivers imprints and reads, the centre calibrates and traces. Nothing is prepared beforehand.
# Usage: tools/demo.sh KULLA DIR; DIR is made anew. PERSONS and RUNS (of the calibration) may be set.
set -eu
kulla=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
rm -rf "$2"
mkdir -p "$2"
cd "$2"

step() { printf '\n== %s\n' "$*"; }
columns=columns=nid+full_name+employer+period+gross_salary

step "An invented country: 50,000 persons, their payroll and civil register, who read them, and one insider"
"$kulla" exercise make country --persons "${PERSONS:-50000}" --months 6 --seed 7 --registers payroll,civil --reads direct \
    --accounts 200 --read-count 60000 --misdeeds paged_crawl:rate=3000,days=1

step "Owner: imprints of the registers under keys; centre: takes the delivery in"
"$kulla" register keys new owner.key
"$kulla" register keys new centre.key --centre
for register in payroll civil; do
    "$kulla" register imprint "$register" --owner country/owner --key owner.key
    "$kulla" register receive "country/owner/registers/$register/outbox" --centre centre --key centre.key
done

step "The leak: what the insider read, and an export of February, in one workbook"
"$kulla" exercise leak country leak.xlsx --part "payroll@,misdeed=paged_crawl,$columns,where=period:2024-02" \
    --part "payroll@2024-02-20T10:00,$columns,where=period:2024-01,rows=2500"

trace() {
    "$kulla" leak trace leak.xlsx --centre centre --centre-key centre.key --owner-key payroll=owner.key \
        --owner-key civil=owner.key --case 2024/7 --purpose "find the source" --by A.Hoxha --with B.Leka "$@"
}

step "Centre: a first trace, without a calibration: no account is named"
trace --out first.json

step "Centre: how far can an innocent account's reads reach? Leaks that nobody's reads explain, for pieces like these"
"$kulla" leak calibrate payroll --centre centre --centre-key centre.key --like first.json --runs "${RUNS:-100}"

step "Centre: the trace"
trace --out trace.html --out trace.pdf --out trace.json

step "What really happened (country/truth/misdeeds.jsonl)"
sed 's/,"days":.*/}/' country/truth/misdeeds.jsonl
