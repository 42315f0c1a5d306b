# arrows.sh <include folder>
# Headers of a room include only headers of rooms below it, as docs/architecture.md draws them.
set -u
cd "$1/rfpp" || exit 1
# Rooms on one line do not know each other.
levels='core
io
expr
cpu cuda eigen
nn
model
photo
degrade detect metrics
train
restorer'
failed=0
complain() {
  echo "$1"
  failed=1
}
level_of() { grep -nwF -- "$1" <<<"$levels" | cut -d: -f1; }

for header in */*.hpp; do
  room=${header%%/*}
  level=$(level_of "$room")
  [[ -n $level ]] || complain "$header: arrows.sh does not know the room $room"
  for included in $(sed -n 's|^#include "rfpp/\([a-z]*\)/.*|\1|p' "$header" | sort -u); do
    [[ $included != "$room" ]] || continue
    [[ $header/$included != cuda/recorded_network.hpp/model ]] || continue  # the one arrow that points up
    (($(level_of "$included") < level)) || complain "$header includes something of $included, which is not below"
    case $room/$included in
      io/core) ;;
      io/* | expr/io) complain "$header includes something of $included" ;;
      nn/cpu | nn/cuda | nn/eigen | model/cpu | model/cuda | model/eigen)
        complain "$header includes an executor: layers and networks take one as auto& ex" ;;
    esac
  done
done
exit $failed
