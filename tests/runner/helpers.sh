# helpers.sh - what the checks of the runner share: to be read by a script that was given the path of ssql.
set -u
ssql=$(realpath "$1") || exit 2
# shellcheck disable=SC2034 # for the scripts
here=$(cd "$(dirname "$0")" && pwd)
unset CI NO_COLOR
work=$(mktemp -d "${TMPDIR:-/tmp}/ssql-runner-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failures=0

fail() {
    echo "FAILED: $1"
    sed 's/^/    /' out
    failures=$((failures + 1))
}

# run STATUS ARGUMENT... : runs `ssql test`, its output in the file `out`, and wants this exit status.
run() {
    wanted=$1
    shift
    "$ssql" test "$@" >out 2>&1
    status=$?
    [ "$status" -eq "$wanted" ] || fail "ssql test $*: exit status $status, not $wanted"
}

# has TEXT: a line of the output holds the text.
has() {
    grep -qF -- "$1" out || fail "the output does not say: $1"
}

# has_not TEXT
has_not() {
    ! grep -qF -- "$1" out || fail "the output says: $1"
}

# last TEXT: the output's last line is the text.
last() {
    [ "$(tail -n 1 out)" = "$1" ] || fail "the last line is not: $1"
}

# same FILE: the file is as the standard input.
same() {
    cat >wanted
    diff -u wanted "$1" >out || fail "$1 is not as wanted"
}

# The end of a script: its exit status.
finish() {
    [ $failures -eq 0 ] && echo "all well"
    exit $((failures > 0))
}
