# umbrella.sh <include folder> <compiler> <arguments>...
# rfpp/rfpp.hpp includes every header outside cuda/, eigen/, io/codecs/ and restorer/, and not the slow one that it
# names.
set -u
include=$1 && shift
included=$("$@" -M -x c++ "$include/rfpp/rfpp.hpp") || exit 1
failed=0
for header in $(find "$include/rfpp" -name '*.hpp' -not -path '*/cuda*' -not -path '*/eigen/*' \
  -not -path '*/io/codecs/*' -not -path '*/metrics/frechet.hpp' -not -path '*/restorer*'); do
  grep -qwF -- "$header" <<<"$included" || {
    echo "rfpp/rfpp.hpp does not include ${header#"$include"/}"
    failed=1
  }
done
exit $failed
