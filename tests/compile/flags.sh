# flags.sh <flags.cpp> <compiler> <arguments>...
# The program compiles without a warning, and finds what it should, with the arguments. With -stdlib=libc++, only where
# the compiler has that.
set -eu
source=$1 && shift
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

if [[ " $* " == *" -stdlib=libc++ "* ]] && ! "$1" -stdlib=libc++ -x c++ -fsyntax-only - <<<'#include <vector>'; then
  echo "skipped: no libc++"
  exit 77
fi
"$@" -Werror "$source" -pthread -o "$folder/flags"
"$folder/flags"
