#!/bin/sh
# What the tests need beyond Python: Chromium, a Chinese font, Redis. Installs them on Debian as
# root, elsewhere says what to type. Does nothing when they are there.
set -eu

browser= font= redis=
command -v chromium >/dev/null || browser=missing
[ -n "$(fc-list :lang=zh 2>/dev/null || true)" ] || font=missing
command -v redis-server >/dev/null || redis=missing
[ -n "$browser$font$redis" ] || exit 0

ID= ID_LIKE=
[ ! -r /etc/os-release ] || . /etc/os-release
sudo="sudo "
[ "$(id -u)" -ne 0 ] || sudo=
apt="apt-get install -y --no-install-recommends"

case "$ID" in
debian)
    packages="fontconfig${browser:+ chromium}${font:+ fonts-noto-cjk}${redis:+ redis-server}"
    if [ -z "$sudo" ]; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        exec $apt -qq $packages
    fi
    line="sudo apt-get update && sudo $apt $packages"
    ;;
ubuntu)
    # Ubuntu's chromium package only points to the snap.
    line="${sudo}apt-get update && ${sudo}$apt fontconfig${font:+ fonts-noto-cjk}${redis:+ redis-server}"
    line="$line${browser:+ && ${sudo}snap install chromium}"
    ;;
fedora)
    line="${sudo}dnf install -y fontconfig${browser:+ chromium}${font:+ google-noto-sans-cjk-fonts}${redis:+ redis}"
    ;;
*)
    line=
    ;;
esac

if [ -n "$line" ]; then
    printf 'The tests need a browser, a Chinese font and Redis. Type:\n    %s\n' "$line" >&2
else
    echo "The tests need Chromium (as \`chromium\` on the PATH), fontconfig, a Chinese font and redis-server: install them." >&2
fi
exit 1
