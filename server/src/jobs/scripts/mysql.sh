# $1 destination, $2 storage or nothing, $3 point, $4 how many to keep or nothing, $5 defaults file; then the databases, none for
# all.
job() {
  dest=$1 storage=$2 point=$3 keep=$4 defaults=$5
  shift 5
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
  open_point
  code=$?
  case $code in
    0) ;;
    255) return 255 ;;
    *) return 5 ;;
  esac
  [ -n "$storage" ] || printf '%s\n' "$part" >"$dir/part"
  total=$# done=0 bytes=0 names_used=
  for database in "$@"; do
    done=$((done + 1))
    echo "dumping $database ($done of $total)"
    name=$(printf '%s' "$database" | tr -c 'A-Za-z0-9._-' '_')
    case " $names_used " in *" $name "*) name=$name.$done ;; esac
    names_used="$names_used $name"
    file=$part/$name.sql.gz
    dump_one "$database" || { code=$?; drop_point; return $code; }
    # Read back from the storage: proves that the file is whole, not only that it was written.
    there 'gzip -dc -- "$1" | tail -c 400; echo; wc -c <"$1"' "$file" >"$dir/end"
    case $(cat "$dir/end") in
      *'-- Dump completed'*) ;;
      *) echo "the dump of $database lacks its completion line"; drop_point; return 0 ;;
    esac
    bytes=$((bytes + $(tail -n 1 "$dir/end")))
  done
  close_point || return 5
  note "bytes_written=$bytes"
  note "files_written=$total"
  note "complete=yes"
}

# A pipeline's code is that of its first command that failed.
dump_one() {
  { "$dump" "--defaults-extra-file=$defaults" --single-transaction --quick --routines --events --triggers --hex-blob "$1"
    echo $? >"$dir/dump.code"; } | { gzip -c; echo $? >"$dir/gzip.code"; } | there 'cat >"$1"' "$file"
  stored=$?
  code=$(cat "$dir/dump.code" 2>/dev/null || echo 5)
  # A storage that went away also ends the dump, by a broken pipe.
  [ $stored -eq 255 ] && return 255
  [ $stored -eq 0 ] || { echo "storing the dump ended with $stored"; return 5; }
  [ "$code" -eq 0 ] || return "$code"
  packed=$(cat "$dir/gzip.code" 2>/dev/null || echo 1)
  [ "$packed" -eq 0 ] || { echo "gzip ended with $packed"; return 5; }
}
