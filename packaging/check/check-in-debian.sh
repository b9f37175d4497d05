#!/bin/bash
# Installs the package into a minimal Debian in a folder: starts the server as its unit does, imports, kills it, upgrades over
# itself, backs up, restores onto a disk that is full and onto one that is not, removes. Nobody is served without a token. Needs root, mmdebstrap and ogr2ogr; run it in a mount namespace of its own.
#
#   check-in-debian.sh DEB BASE ROOT
#
# BASE is made if it is not there; ROOT is made anew of it.
set -euo pipefail

deb=$1 base=$2 root=$3
server=

say() { echo "-- $*"; }
fail() { echo "!! $*" >&2; exit 1; }
inside() { chroot "$root" "$@"; }

# How systemd runs the service: with its user and umask, and without capabilities. A command follows.
as_service=(chroot "$root" setpriv --reuid=longhaul --regid=longhaul --init-groups --bounding-set=-all --no-new-privs
    sh -c 'umask 0027; exec "$@"' sh)

stop_server() {
    if [ -n "$server" ]; then
        kill -TERM "$server"
        wait "$server" || fail "the server did not stop well"
        server=
    fi
}
trap 'if [ -n "$server" ]; then kill -KILL "$server"; fi' EXIT

# The command of the unit, on a free port; sets $address and $server.
start_server() {
    local unit=$root/lib/systemd/system/longhaul.service log=$root/../server.log command
    command=$(sed -n 's/^ExecStart=//p' "$unit")
    # shellcheck disable=SC2086 # the words of the command
    "${as_service[@]}" $command --listen 127.0.0.1:0 "$@" >"$log" 2>&1 &
    server=$!
    address=
    while [ -z "$address" ]; do
        kill -0 "$server" 2>/dev/null || { cat "$log"; fail "the server did not start"; }
        address=$(sed -n 's/^listening on //p' "$log")
    done
}

import() {
    LONGHAUL_TOKEN=$token inside longhaul import --server "$address" "$@"
}

# Whoever has no token, or a wrong one, gets 401.
refuse_strangers() {
    local said
    for wrong in "" wrong; do
        said=$(LONGHAUL_TOKEN=$wrong inside longhaul repos --server "$address" 2>&1) && fail "a stranger was served"
        [[ $said == *" 401:"* ]] || fail "a stranger got: $said"
    done
}

has_repository() {
    [ "$(LONGHAUL_TOKEN=$token inside longhaul repos --server "$address")" = city ] || fail "the repository is gone"
}

if [ ! -e "$base/complete" ]; then
    say "making a minimal Debian in $base"
    rm -rf "$base"
    # As old as this system, whose C library the program may need.
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
    mmdebstrap --quiet --variant=minbase --include=adduser,git,procps,ca-certificates "$suite" "$base" >/dev/null
    touch "$base/complete"
fi
rm -rf "$root"
cp --archive --reflink=auto "$base" "$root"
mount -t proc proc "$root/proc"
cp "$deb" "$root/longhaul.deb"

say "installing"
said=$(inside dpkg --install /longhaul.deb)
[[ $said == *"longhaul token new"* ]] || fail "it does not say what to do next"
[ "$(inside stat -c '%a %U:%G' /etc/longhaul/config.toml)" = "640 root:longhaul" ] || fail "the mode of the configuration"
[ "$(inside stat -c '%a %U' /var/lib/longhaul)" = "750 longhaul" ] || fail "the mode of the data folder"
for file in man/man1/longhaul.1.gz man/man1/longhaul-serve.1.gz bash-completion/completions/longhaul; do
    [ -s "$root/usr/share/$file" ] || fail "/usr/share/$file is missing"
done
inside bash -n /usr/share/bash-completion/completions/longhaul

say "a server without tokens does not start"
if "${as_service[@]}" longhaul serve --config /etc/longhaul/config.toml --listen 127.0.0.1:0 2>/dev/null; then
    fail "it started without tokens"
fi

say "starting, as the unit does"
token=$(umask 077; inside longhaul token new admin --role admin --file /etc/longhaul/tokens.toml 2>/dev/null)
start_server
printf 'id,WKT\n1,POINT(1 2)\n2,POINT(3 4)\n' >"$root/points.csv"
ogr2ogr -q -f GPKG -nln points -a_srs EPSG:4326 "$root/points.gpkg" "$root/points.csv" -oo GEOM_POSSIBLE_NAMES=WKT
import --repo city /points.gpkg --create >/dev/null
refuse_strangers

say "killing, and starting again"
kill -KILL "$server"
wait "$server" 2>/dev/null || true
server=
start_server
has_repository
refuse_strangers

say "upgrading over itself"
echo '#changed' >>"$root/etc/longhaul/config.toml"
inside dpkg --install /longhaul.deb >/dev/null
grep -q '^#changed' "$root/etc/longhaul/config.toml" || fail "the upgrade changed the configuration"
has_repository

say "backing up, with the command of the unit"
command=$(sed -n 's/^ExecStart=//p' "$root/lib/systemd/system/longhaul-backup.service")
# shellcheck disable=SC2086 # the words of the command
"${as_service[@]}" $command
stop_server
mv "$root/var/lib/longhaul" "$root/var/lib/longhaul.lost"

say "restoring onto a disk that is nearly full"
mkdir "$root/var/lib/longhaul"
mount -t tmpfs -o size=32m,mode=0750 tmpfs "$root/var/lib/longhaul"
inside chown longhaul:longhaul /var/lib/longhaul
"${as_service[@]}" longhaul restore /var/backups/longhaul --config /etc/longhaul/config.toml
start_server
has_repository
said=$(import --repo city /points.gpkg --retry-for 0s 2>&1) && fail "an import was accepted on a full disk"
[[ $said == *" 507:"* ]] || fail "an import on a full disk got: $said"
refuse_strangers
stop_server
umount "$root/var/lib/longhaul"
rmdir "$root/var/lib/longhaul"

say "restoring onto a disk with space"
inside install -d -o longhaul -g longhaul -m 0750 /var/lib/longhaul
"${as_service[@]}" longhaul restore /var/backups/longhaul --config /etc/longhaul/config.toml
start_server
[[ $(LONGHAUL_TOKEN=$token inside longhaul log city --server "$address") == "commit "* ]] || fail "the commit is gone"
stop_server
if inside find /var/lib/longhaul -perm /o=rwx ! -type l | grep .; then
    fail "others may read the data folder"
fi

say "removing"
inside dpkg --purge longhaul >/dev/null 2>&1 || fail "the package cannot be removed"
[ ! -e "$root/usr/bin/longhaul" ] && [ ! -e "$root/etc/longhaul" ] || fail "something is left"
[ -e "$root/var/lib/longhaul/repos/city.git" ] || fail "the data folder is gone"
say "the package works"
