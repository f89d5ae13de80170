# $1 what /bin/sh is to run. Its lines `TAILBACK key=value` are results.
job() {
  /bin/sh -c "$1"
  code=$?
  tr '\r' '\n' <"$dir/log" | sed -n 's/^TAILBACK \([a-z_]\{1,32\}=[^ ]\{1,200\}\)[ ]*$/\1/p' | tail -n 40 >>"$dir/result.new"
  return $code
}
