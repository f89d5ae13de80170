# $1 destination, $2 point, $3 defaults file; then the databases, none for all.
job() {
  dest=${1%/} point=$2 defaults=$3
  shift 3
  # Local time comes twice when clocks go back; a point is never moved into another.
  again=1
  while [ -e "$dest/$point" ]; do again=$((again + 1)); point=${point%-again-*}-again-$again; done
  part=$dest/$point.in.progress
  dump=$(command -v mariadb-dump || command -v mysqldump) || { echo "mysqldump: command not found"; return 127; }
  client=$(command -v mariadb || command -v mysql) || { echo "mysql: command not found"; return 127; }
  [ -r "$defaults" ] || { echo "cannot read the defaults file $defaults"; return 1; }
  if [ $# -eq 0 ]; then
    databases=$("$client" "--defaults-extra-file=$defaults" -N -B -e "select schema_name from information_schema.schemata \
      where schema_name not in ('information_schema', 'performance_schema', 'sys') order by schema_name")
    code=$?
    # The client answers 1 where the dump tools answer 2.
    [ $code -eq 0 ] || return 2
    set -f
    IFS='
'
    set -- $databases
    unset IFS
    set +f
  fi
  [ $# -gt 0 ] || { echo "there is no database to dump"; return 1; }
  mkdir -p "$part" || return 5
  printf '%s\n' "$part" >"$dir/part"
  total=$# done=0 bytes=0
  for database in "$@"; do
    done=$((done + 1))
    echo "dumping $database ($done of $total)"
    file=$part/$(printf '%s' "$database" | tr -c 'A-Za-z0-9._-' '_').sql.gz
    [ -e "$file" ] && file=${file%.sql.gz}.$done.sql.gz
    # A pipeline's code is the first failing command's.
    { "$dump" "--defaults-extra-file=$defaults" --single-transaction --quick --routines --events --triggers --hex-blob "$database"
      echo $? >"$dir/dump.code"; } | gzip -c >"$file"
    packed=$?
    code=$(cat "$dir/dump.code" 2>/dev/null || echo 5)
    if [ "$code" -ne 0 ]; then rm -rf "$part"; return "$code"; fi
    if [ $packed -ne 0 ]; then echo "gzip ended with $packed"; rm -rf "$part"; return 5; fi
    # Read back from the storage: proves that the file is whole, not only that it was written.
    case $(gzip -dc "$file" | tail -c 400) in
      *'-- Dump completed'*) ;;
      *) echo "the dump of $database lacks its completion line"; rm -rf "$part"; return 0 ;;
    esac
    bytes=$((bytes + $(wc -c <"$file")))
  done
  mv "$part" "$dest/$point" || return 5
  note "point=$point"
  note "bytes_written=$bytes"
  note "files_written=$total"
  note "complete=yes"
}
