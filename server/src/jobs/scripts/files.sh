# $1 destination, $2 point, $3 KiB/s or nothing; then rsync's excludes, --, the sources.
job() {
  dest=${1%/} point=$2 limit=$3
  shift 3
  # Local time comes twice when clocks go back; a point is never moved into another.
  again=1
  while [ -e "$dest/$point" ]; do again=$((again + 1)); point=${point%-again-*}-again-$again; done
  part=$dest/$point.in.progress
  command -v rsync >/dev/null 2>&1 || { echo "rsync: command not found"; return 127; }
  [ -n "$limit" ] && set -- "--bwlimit=$limit" "$@"
  # Names sort by time: the newest whole point comes last. What interrupted runs left behind saves copying it again.
  newest=
  for found in "$dest"/point.*; do
    [ -d "$found" ] && [ ! -L "$found" ] || continue
    case $found in
      *.in.progress) leftover=$found; set -- "--link-dest=$leftover" "$@" ;;
      *) newest=$found ;;
    esac
  done
  [ -n "$newest" ] && set -- "--link-dest=$newest" "$@"
  mkdir -p "$part" || return 11
  rsync -aHR --numeric-ids --no-inc-recursive --no-human-readable --stats --info=progress2 "$@" "$part/"
  code=$?
  case $code in
    0 | 23 | 24 | 25)
      mv "$part" "$dest/$point" || return 11
      note "point=$point"
      for found in "$dest"/point.*.in.progress; do
        [ -d "$found" ] && [ ! -L "$found" ] && rm -rf "$found"
      done
      ;;
  esac
  return $code
}
