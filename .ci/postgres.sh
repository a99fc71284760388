#!/usr/bin/env bash
# Start a PostgreSQL server for the tests on a loopback port and print its URL (and nothing else) on standard output:
#
#     export SKELLAGNN_TEST_POSTGRES="$(bash .ci/postgres.sh)"
#     bash .ci/postgres.sh stop
#
# Works as root on a fresh Debian machine (installs the package if it is missing) and as any user where PostgreSQL is
# installed. Run again, it finds the server that it started before, or starts it again.
# SKELLAGNN_POSTGRES_HOME names the folder of the cluster, SKELLAGNN_POSTGRES_PORT the first port to try.
set -euo pipefail

home="${SKELLAGNN_POSTGRES_HOME:-${TMPDIR:-/tmp}/skellagnn-postgres-$(id -un)}"
first_port="${SKELLAGNN_POSTGRES_PORT:-54329}"
data="$home/data"
user=skellagnn

say() { echo "postgres.sh: $*" >&2; }

# The newest server that is installed: Debian keeps them outside of PATH.
find_server() {
  local candidate
  for candidate in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5,5Vr) "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
    if [ -x "$candidate/initdb" ] && [ -x "$candidate/pg_ctl" ]; then
      echo "$candidate"
      return
    fi
  done
}

bin="$(find_server)"
if [ -z "$bin" ]; then
  if [ "$(id -u)" != 0 ]; then
    say "PostgreSQL is not installed, and only root can install it: apt-get install postgresql"
    exit 1
  fi
  say "installing PostgreSQL"
  {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql
  } >&2
  bin="$(find_server)"
  [ -n "$bin" ] || { say "the package postgresql brought no server"; exit 1; }
fi

# The server refuses to run as root.
as_owner() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

running() { as_owner "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1; }

if [ "${1:-start}" = stop ]; then
  if [ -d "$data" ] && running; then
    as_owner "$bin/pg_ctl" -D "$data" -m fast -w stop >&2
  fi
  exit 0
fi

if [ ! -f "$home/password" ] || [ ! -f "$data/PG_VERSION" ]; then
  # Nothing, or what an interrupted run left behind.
  rm -rf -- "$home"
  mkdir -m 700 -p -- "$home"
  password="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
  (umask 077 && printf '%s\n' "$password" >"$home/new-password")
  if [ "$(id -u)" = 0 ]; then chown -R postgres: "$home"; fi
  say "creating a cluster in $data"
  as_owner "$bin/initdb" -D "$data" --username="$user" --pwfile="$home/new-password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >&2
  as_owner mv "$home/new-password" "$home/password"
fi

if ! running; then
  port="$first_port"
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  say "starting a server on 127.0.0.1:$port"
  as_owner "$bin/pg_ctl" -D "$data" -w -t 60 -l "$home/log" \
    -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' -c max_connections=200" start >&2 ||
    { cat "$home/log" >&2; exit 1; }
fi

# The fourth line of postmaster.pid is the port that the server really listens on.
port="$(sed -n 4p "$data/postmaster.pid")"
password="$(cat "$home/password")"
psql() { PGPASSWORD="$password" "$bin/psql" -h 127.0.0.1 -p "$port" -U "$user" -d postgres -v ON_ERROR_STOP=1 -qtA "$@"; }
if [ "$(psql -c "SELECT count(*) FROM pg_database WHERE datname = '$user'")" = 0 ]; then
  psql -c "CREATE DATABASE $user"
fi
echo "postgresql+psycopg://$user:$password@127.0.0.1:$port/$user"
