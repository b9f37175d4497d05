#!/bin/bash
# Builds the Containerfile on a minimal Debian in a folder, and runs the server in it. Needs root and buildah.
#
#   check-container.sh DEB BASE
set -euo pipefail

deb=$1 base=$2
here=$(cd "$(dirname "$0")/.." && pwd)
context=$(mktemp -d)
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
containers=()
trap 'rm -rf "$context"; for one in "${containers[@]}"; do buildah rm "$one" >/dev/null; done' EXIT

cp "$deb" "$context/longhaul.deb"
of_base=$(buildah from scratch)
containers+=("$of_base")
buildah add --quiet "$of_base" "$base" / >/dev/null
buildah commit --quiet "$of_base" localhost/longhaul-base >/dev/null
buildah build --quiet --build-arg BASE=localhost/longhaul-base -t localhost/longhaul -f "$here/Containerfile" "$context"
of_image=$(buildah from localhost/longhaul)
containers+=("$of_image")
buildah run --user root "$of_image" -- longhaul token new admin --role admin --file /etc/longhaul/tokens.toml >/dev/null
buildah run --user longhaul "$of_image" -- longhaul serve --config /etc/longhaul/config.toml --listen 127.0.0.1:18182 &
for _ in $(seq 100); do
    if curl --silent --fail http://127.0.0.1:18182/readyz; then
        kill %1
        echo "-- the container works"
        exit 0
    fi
    sleep 0.1
done
echo "!! the server in the container does not answer" >&2
exit 1
