# headers.sh <include folder> <room> <compiler> <arguments>...
# Every header of a room compiles alone, and the one that stands for the room.
set -u
include=$1 room=$2 && shift 2
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

failed=0
for header in "$include/$room"/*.hpp "$include/$room".hpp; do
  header=${header#"$include"/}
  [[ -e $include/$header && $header != rfpp/cuda.hpp || $room == rfpp/cuda ]] || continue
  echo "#include \"$header\"" >"$folder/alone.cpp"
  if grep -q '^inline namespace RFPP_' "$include/$header"; then
    printf '#ifndef RFPP_ABI\n#error "core/config.hpp is missing"\n#endif\n' >>"$folder/alone.cpp"
  fi
  "$@" "$folder/alone.cpp" || {
    echo "$header does not compile alone"
    failed=1
  }
done
exit $failed
