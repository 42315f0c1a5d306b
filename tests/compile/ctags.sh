# ctags.sh <include folder> <ctags>
# ctags, as editors run it, lists the classes of every header: those that begin a line, as clang-format leaves them.
set -eu
include=$1 ctags=$2
headers=0 failed=0

# Of `template <...> requires(...) struct Name final : Base {` the name; nested classes defined outside have none here.
names='/^(template ?<|requires|struct|class|union|enum).*[{,:;]/ {
  s/^(.*[>)] )?(enum class|enum|class|struct|union) (alignas\(\w+\) )?(\w+)(<.*>)?( final)?( :| ?\{).*/\4/p }'
while read -r header; do
  expected=$(sed -nE "$names" "$include/$header" | sort -u)
  [[ -n $expected ]] || continue
  headers=$((headers + 1))
  found=$("$ctags" --quiet=yes --options=NONE --language-force=C++ --kinds-C++=csug -x "$include/$header" |
    awk '{ print $1 }' | sort -u)
  missing=$(comm -23 <(echo "$expected") <(echo "$found"))
  if [[ -n $missing ]]; then
    echo "$header: ctags does not list $(tr '\n' ' ' <<<"$missing")"
    failed=1
  fi
done < <(cd "$include" && find rfpp -name '*.hpp' | sort)
echo "$headers headers with classes"
((headers > 150)) || failed=1
exit $failed
