#!/usr/bin/env bash
# gpu_script.sh <bench/gpu.sh>
# gpu.sh with programs that stand for those of a machine with a GPU: it runs all steps, keeps what each has said, and
# says which failed.
set -euo pipefail
script=$1
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
mkdir "$folder/bin"
PATH=$folder/bin:$PATH

fail() {
  echo "$1" >&2
  exit 1
}
program() { # program <name>: its text comes from stdin
  cat >"$folder/$1"
  chmod +x "$folder/$1"
}
contains() { grep -qF -- "$2" "$folder/results/$1" || fail "$1 lacks: $2"; }

"$script" >"$folder/said" 2>&1 && fail 'no argument was accepted'
grep -q 'expected tests or bench' "$folder/said" || fail "$(cat "$folder/said")"
"$script" tests "$folder" >"$folder/said" 2>&1 && fail 'a folder without programs was accepted'
grep -q 'bench/gpu_prepare.sh makes them' "$folder/said" || fail "$(cat "$folder/said")"

program test_cuda <<'END'
#!/usr/bin/env bash
case $1 in
  --list-test-names-only) exit 1 ;;  # Catch2 3 has another option
  --list-tests) printf '%s\n' 'one, with a comma' 'one that dies' 'one that hangs' 'every kind, in float' ;;
  'one\, with a comma') echo 'all is well' ;;
  'one that dies') echo 'so far so good'; kill -SEGV $$ ;;
  'one that hangs') echo 'so far'; sleep 1000 ;;
  *) echo "asked for $1" ;;
esac
END
tar -C "$folder" --remove-files -czf "$folder/programs.tar.gz" test_cuda
program rfpp-restore <<<'#!/bin/sh
echo restored "$@"'
program bin/nvidia-smi <<<'#!/bin/sh
echo "A device"'
program bin/compute-sanitizer <<<'#!/bin/sh
echo sanitized "$@"'
timeout=$(command -v timeout)
program bin/timeout <<END
#!/usr/bin/env bash
exec $timeout "\$1" \$((\$2 / 30 + 2)) "\${@:3}"  # so that this test need not wait
END
"$script" tests "$folder" >"$folder/said" 2>&1 && fail 'a test that died went unnoticed'
contains tests/one__with_a_comma.txt 'all is well'
contains tests/one_that_dies.txt 'so far so good'
contains tests/one_that_hangs.txt 'so far'
contains tests/every_kind__in_float.txt 'asked for every kind\, in float'
contains tests/restore_a_photo.txt 'restored data/astronaut_degraded.jpg --device cuda'
contains tests/compute_sanitizer_synccheck.txt 'sanitized --tool synccheck'
summary=$(<"$folder/results/tests/summary.txt")
[[ $summary =~ 'failed (139)'\ +'one that dies' && $summary =~ 'stopped after 90 s'\ +'one that hangs' ]] || fail "$summary"
[[ $(grep -c ' ok ' <<<"$summary") == 8 ]] || fail "$summary"

# Programs that measure, one of which comes to its end or stops half-way: what it has measured is in the table.
program bench_step <<<'#!/bin/sh
echo "{\"seconds\": [1]}"; echo "$@"'
python=$(command -v python3) || exit 0
program bin/python3 <<END
#!/bin/sh
exec $python -S "\$@"  # without PyTorch
END
cp "$(dirname "$script")"/compare_gpu.py "$folder"
ended='echo "{\"degradations\": 256, \"milliseconds\": [8.0]}"'
for last in "$ended" 'exit 3' 'sleep 1000'; do
  program bench_gpu <<END
#!/bin/sh
echo '{"network": "default", "batch": 1, "milliseconds": [4.0], "bytes": 1000000}'
echo '{"network": "default", "batch": 4, "milliseconds": [10.0], "bytes": 1000000}'
$last
END
  if "$script" bench "$folder" >"$folder/said" 2>&1; then
    [[ $last == "$ended" ]] || fail 'a program that died went unnoticed'
    contains bench/networks_and_degradations.txt 'Degraded 512x512 faces a second, preset `code`: 32000.'
    [[ $(grep -c ' ok ' "$folder/results/bench/summary.txt") == 4 ]] || fail "$(<"$folder/results/bench/summary.txt")"
  else
    [[ $last != "$ended" ]] || fail "$(<"$folder/results/bench/summary.txt")"
  fi
  contains bench/networks_and_degradations.txt '| rfpp | default | 4 | 10.00 | 400 | 1.00 | 1 |'
  contains bench/training_steps_of_16.txt '--device cuda --batch 16'
done
