# $1 destination, $2 storage or nothing, $3 point, $4 how many to keep or nothing, $5 defaults file; then the databases, none for
# all. Lists what would be dumped; makes nothing.
defaults=$5
shift 5
dump=$(command -v mariadb-dump || command -v mysqldump) || { echo "mysqldump: command not found"; echo "tailback-rehearsal 127"; exit 0; }
client=$(command -v mariadb || command -v mysql) || { echo "mysql: command not found"; echo "tailback-rehearsal 127"; exit 0; }
[ -r "$defaults" ] || { echo "cannot read the defaults file $defaults"; echo "tailback-rehearsal 1"; exit 0; }
echo "would dump with $dump; the defaults file can be read"
found=$("$client" "--defaults-extra-file=$defaults" -N -B -e "select schema_name from information_schema.schemata \
  where schema_name not in ('information_schema', 'performance_schema', 'sys') order by schema_name" 2>&1)
code=$?
[ $code -eq 0 ] || { printf '%s\n' "$found"; echo "tailback-rehearsal 2"; exit 0; }
echo "databases this account can see:"
printf '%s\n' "$found" | sed 's/^/  /' | head -n 500
for database in "$@"; do
  printf '%s\n' "$found" | grep -Fqx -e "$database" || { echo "there is no database $database"; code=2; }
done
echo "tailback-rehearsal $code"
