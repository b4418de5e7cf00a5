# A PostgreSQL of our own, in a folder, reached by its Unix socket only. Sourced, after lib.sh.

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# start_postgres FOLDER: as durable as in production. Sets pg_bin; exports PGHOST and PGUSER. FOLDER is on a disk: /tmp
# may be memory, where nothing is ever durable.
start_postgres() {
  local folder=$1
  install_packages postgresql
  pg_bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)
  mkdir -p "$folder/pg"
  chmod 755 "$folder"
  if [ "$(id -u)" = 0 ]; then chown postgres "$folder/pg"; fi
  (
    cd /
    as_postgres "$pg_bin/initdb" -D "$folder/pg/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8
    as_postgres "$pg_bin/pg_ctl" -D "$folder/pg/data" -l "$folder/pg/log" -w start -o \
      "-c listen_addresses= -c unix_socket_directories=$folder/pg -c fsync=on -c synchronous_commit=on -c shared_buffers=256MB"
  ) >"$folder/initdb.log" 2>&1 || {
    cat "$folder/initdb.log" >&2
    exit 1
  }
  export PGHOST="$folder/pg" PGUSER=postgres
}

# stop_postgres FOLDER: when it runs.
stop_postgres() {
  [ -e "$1/pg/data/postmaster.pid" ] || return 0
  (cd / && as_postgres "$pg_bin/pg_ctl" -D "$1/pg/data" -m fast -w stop) >/dev/null 2>&1 || true
}
