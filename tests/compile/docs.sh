# docs.sh <docs folder> <compiler> <arguments>...
# The C++ of every page compiles: blocks that declare go before main, the others one after the other into it; a block
# with a main of its own is a program.
set -eu
docs=$1 && shift
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

# What all pages include is parsed once.
set -- "$@" -DRFPP_COMPILED_KERNELS -Wno-unused -Wno-shadow
common=$folder/common.hpp
printf '#include <cstdio>\n#include "rfpp/rfpp.hpp"\n' >"$common"
"$@" -x c++-header "$common" -o "$common.gch"

for page in "$docs"/*.md; do
  awk -v out="$folder/$(basename "$page" .md)" '
    /^```cpp$/ { inside = 1; block = ""; declares = program = 0; next }
    /^```$/ && inside {
      inside = 0
      if (program) printf "%s", block > (out "_program.cpp")
      else if (declares) before = before block
      else body = body block
    }
    inside {
      block = block $0 "\n"
      if (/^(struct|template|#include|namespace|class|using namespace)/) declares = 1
      if (/int main\(/) program = 1
    }
    END { if (before body != "") printf "using namespace rfpp;\n%s\nint main() {\n%s}\n", before, body > (out ".cpp") }' "$page"
done
for file in "$folder"/*.cpp; do
  [[ $file == *_program.cpp ]] && includes=() || includes=(-include "$common")
  "$@" "${includes[@]}" -fsyntax-only "$file" || { echo "$(basename "$file" .cpp).md does not compile"; exit 1; }
done
