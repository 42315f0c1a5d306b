# refused.sh <case.cpp> <compiler> <arguments>...
# The case compiles; with RFPP_REFUSED it does not, for one error: the sentence behind its "// expect: ".
set -u
export LC_ALL=C
source=$1 && shift
sentence=$(sed -n 's|^// expect: ||p' "$source")

fail() {
  echo "$source: $1"
  exit 1
}
[[ -n $sentence ]] || fail 'has no line "// expect: <sentence>"'
"$@" -fsyntax-only "$source" || fail 'the accepted variant does not compile'
output=$("$@" -fsyntax-only -DRFPP_REFUSED "$source" 2>&1) && fail 'the refused variant compiles'
echo "$output"
errors=$(grep -E '\berror:' <<<"$output")
grep -qF -- "$sentence" <<<"$errors" || fail "no error says \"$sentence\""
[[ $(wc -l <<<"$errors") == 1 ]] || fail 'other errors follow the sentence'
